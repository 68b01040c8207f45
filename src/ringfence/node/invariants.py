"""What must hold of the venue's money at any moment, looked at in full over the canonical rows.

Plain integers and dictionaries, written from the design and not from the core: it is the other opinion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.node.brake_invariants import braked_markets, broken_brakes
from ringfence.node.case_invariants import broken_cases
from ringfence.node.lending_invariants import broken_lending
from ringfence.node.perpetual_invariants import broken_perpetuals, perpetual_markets
from ringfence.node.share_invariants import broken_shares
from ringfence.node.trigger_invariants import broken_triggers
from ringfence.node.vault_invariants import broken_vaults, locked_shares
from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount, Side

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]
Amounts: TypeAlias = dict[tuple[int, int], int]
"""Atoms by (account, asset)."""


def broken_invariants(rows: Rows) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with the canonical tables of a state."""
    available = _amounts(rows["balances"], "available_atoms")
    locked = _amounts(rows["balances"], "locked_atoms")
    if homeless := list(_owners(rows)):
        yield from homeless  # what follows looks up the markets of orders
        return
    yield from _sums(available, locked)
    yield from _signs(available, locked)
    shares = _amounts(rows["balances"], "loan_shares") if "loan_shares" in _names(rows["balances"]) else {}
    yield from _rows_exist(rows, available, locked, shares)
    yield from _locks(rows, locked)
    yield from _in_transit(rows, available)
    yield from _books(rows)
    if "lending_pools" in rows:
        yield from broken_lending(rows, available, shares)
    if "perpetuals" in rows:
        yield from broken_perpetuals(rows, available)
    if "triggers" in rows:
        yield from broken_triggers(rows)
    if "cases" in rows:
        yield from broken_cases(rows)
    if "brakes" in rows:
        yield from broken_brakes(rows)
    if "vaults" in rows:
        yield from broken_vaults(rows, available, shares)
    if "actions" in rows:
        yield from broken_shares(rows, available)


def _owners(rows: Rows) -> Iterator[str]:
    """An order belongs to an account of a user, in a market that is listed; an account belongs to a user."""
    users, markets = set(rows["users"]["user"].tolist()), set(rows["markets"]["market"].tolist())
    accounts = {account: user for account, user in _columns(rows["accounts"], "account", "user")}
    for account, user in accounts.items():
        if user not in users:
            yield f"account {account} belongs to user {user}, who does not exist"
    for order, account, market in _columns(rows["orders"], "order", "account", "market"):
        if account not in accounts or market not in markets:
            yield f"order {order} belongs to account {account} in market {market}; one does not exist"


def _names(table: npt.NDArray[Any]) -> tuple[str, ...]:
    return table.dtype.names or ()


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _amounts(balances: npt.NDArray[Any], column: str) -> Amounts:
    return {(account, asset): atoms for account, asset, atoms in _columns(balances, "account", "asset", column)}


def _sums(available: Amounts, locked: Amounts) -> Iterator[str]:
    """Every asset sums to zero over all accounts."""
    totals: dict[int, int] = defaultdict(int)
    for amounts in (available, locked):
        for (_, asset), atoms in amounts.items():
            totals[asset] += atoms
    for asset, total in sorted(totals.items()):
        if total:
            yield f"asset {asset} sums to {total} atoms over all accounts, not to 0"


def _signs(available: Amounts, locked: Amounts) -> Iterator[str]:
    """Only CUSTODY and ISSUED are negative, and they are never positive; the house locks nothing."""
    for (account, asset), atoms in available.items():
        if atoms < 0 and account not in (HouseAccount.CUSTODY, HouseAccount.ISSUED):
            yield f"account {account} has {atoms} atoms of asset {asset}"
        if atoms > 0 and account == HouseAccount.CUSTODY:
            yield f"CUSTODY has {atoms} atoms of asset {asset} that nobody brought in"
    for (account, asset), atoms in locked.items():
        if atoms < 0 or (atoms and account < FIRST_USER_ACCOUNT):
            yield f"account {account} has {atoms} atoms of asset {asset} locked"


def _rows_exist(rows: Rows, available: Amounts, locked: Amounts, shares: Amounts) -> Iterator[str]:
    """A balance has an owner, an asset, and something in it."""
    accounts = {*rows["accounts"]["account"].tolist(), *map(int, HouseAccount)}
    assets = set(rows["assets"]["asset"].tolist())
    for key, atoms in available.items():
        if not atoms and not locked[key] and not shares.get(key):
            yield f"account {key[0]} has an empty balance row of asset {key[1]}"
        if key[0] not in accounts or key[1] not in assets:
            yield f"a balance row of account {key[0]} and asset {key[1]}, one of which does not exist"


def _locks(rows: Rows, locked: Amounts) -> Iterator[str]:
    """What is locked is what open orders of spot markets sell, and shares that wait to be redeemed."""
    markets = {
        market: (base, quote, lot, factor)
        for market, base, quote, lot, factor in _columns(
            rows["markets"], "market", "base_asset", "quote_asset", "lot_atoms", "quote_factor"
        )
    }
    perpetuals = perpetual_markets(rows)
    needed: Amounts = defaultdict(int, locked_shares(rows) if "vaults" in rows else {})
    for account, market, side, price, remaining in _columns(
        rows["orders"], "account", "market", "side", "price_ticks", "remaining_lots"
    ):
        if market in perpetuals:
            continue
        base, quote, lot_atoms, quote_factor = markets[market]
        if side == Side.BID:
            needed[account, quote] += price * remaining * quote_factor
        else:
            needed[account, base] += remaining * lot_atoms
    for key in sorted({*needed, *locked}):
        if locked.get(key, 0) != needed.get(key, 0):
            yield (
                f"account {key[0]} has {locked.get(key, 0)} atoms of asset {key[1]} locked, "
                f"its open orders and redemptions need {needed.get(key, 0)}"
            )


def _in_transit(rows: Rows, available: Amounts) -> Iterator[str]:
    """IN_TRANSIT holds the pending withdrawals and nothing else."""
    pending: dict[int, int] = defaultdict(int)
    for asset, amount, fee in _columns(rows["withdrawals"], "asset", "amount_atoms", "fee_atoms"):
        pending[asset] += amount + fee
    held = {asset: atoms for (account, asset), atoms in available.items() if account == HouseAccount.IN_TRANSIT}
    for asset in sorted({*pending, *held}):
        if held.get(asset, 0) != pending.get(asset, 0):
            yield (
                f"IN_TRANSIT has {held.get(asset, 0)} atoms of asset {asset}, "
                f"pending withdrawals come to {pending.get(asset, 0)}"
            )


def _books(rows: Rows) -> Iterator[str]:
    """An open order has something left of what it asked for, and no book is crossed but before an auction."""
    orders, braked = rows["orders"], braked_markets(rows)
    wrong = (orders["remaining_lots"] <= 0) | (orders["remaining_lots"] > orders["quantity_lots"])
    for order in orders["order"][wrong].tolist():
        yield f"order {order} has nothing left, or more than it asked for"
    for market in np.unique(orders["market"]).tolist():
        if market in braked:
            continue
        mine = orders[orders["market"] == market]
        bids = mine["price_ticks"][mine["side"] == Side.BID]
        asks = mine["price_ticks"][mine["side"] == Side.ASK]
        if bids.size and asks.size and bids.max() >= asks.min():
            yield f"market {market} is crossed: bid {bids.max()} and ask {asks.min()}"
