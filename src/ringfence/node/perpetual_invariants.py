"""What must hold of positions in perpetuals at any moment: they sum to zero, with what CLEARING keeps for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy.typing as npt

from ringfence.schema.enums import FIRST_USER_ACCOUNT, Delisting, HouseAccount, MarketKind, Settling, Side

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]

KEY = ("account", "market")


def perpetual_markets(rows: Rows) -> set[int]:
    """Return the numbers of the markets that are perpetuals."""
    markets = rows["markets"]
    if "market_kind" not in (markets.dtype.names or ()):
        return set()
    return set(markets["market"][markets["market_kind"] == MarketKind.PERPETUAL].tolist())


def broken_perpetuals(rows: Rows, available: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong; ``available`` is atoms by (account, asset)."""
    yield from _sums(rows)
    yield from _clearing(rows, available)
    yield from _orders(rows)
    yield from _order_rules(rows)
    yield from _positions(rows)
    yield from _settlement(rows)
    yield from _delisted(rows)


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _sums(rows: Rows) -> Iterator[str]:
    """Longs are as many as shorts, and what positions cost sums to what was collected and not paid out."""
    net: dict[int, int] = defaultdict(int)
    reference: dict[int, int] = defaultdict(int)
    longs: dict[int, int] = defaultdict(int)
    closing = _markets_that_are(rows, Delisting.CLOSING) | set(rows["waves"]["market"].tolist())
    for account, market, lots, atoms in _columns(rows["positions"], "account", "market", "net_lots", "reference_atoms"):
        net[market] += lots
        reference[market] += atoms
        longs[market] += max(lots, 0)
        takes_over = account == HouseAccount.CLEARING and market in closing
        if lots and account < FIRST_USER_ACCOUNT and not takes_over:
            yield f"account {account} of the house has a position of {lots} lots in market {market}"
    perpetuals = perpetual_markets(rows)
    ruled: set[int] = set()
    for market, clearing, interest in _columns(rows["perpetuals"], "market", "clearing_atoms", "open_interest_lots"):
        ruled.add(market)
        if market not in perpetuals:
            yield f"market {market} has the rules of a perpetual and is none"
        if net[market]:
            yield f"the positions in market {market} sum to {net[market]} lots, not to 0"
        if reference[market] != -clearing:
            yield f"the positions in market {market} cost {reference[market]} atoms in all, not {-clearing}"
        if longs[market] != interest:
            yield f"the open interest of market {market} is {interest} lots, longs come to {longs[market]}"
    for market in sorted(set(net) - ruled):
        yield f"there are positions in market {market}, which has no rules of a perpetual"


def _markets_that_are(rows: Rows, delisting: Delisting) -> set[int]:
    return {market for market, stands in _columns(rows["perpetuals"], "market", "delisting") if stands == delisting}


def _delisted(rows: Rows) -> Iterator[str]:
    """Nobody has a position in what was delisted, once a settlement has ended them."""
    ended = _markets_that_are(rows, Delisting.ENDED)
    for account, market, lots in _columns(rows["positions"], *KEY, "net_lots"):
        if lots and market in ended:
            yield f"account {account} has a position of {lots} lots in market {market}, which was delisted"


def _clearing(rows: Rows, available: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """CLEARING holds what was collected and not paid out, and nothing else."""
    quotes = {market: quote for market, quote in _columns(rows["markets"], "market", "quote_asset")}
    needed: dict[int, int] = defaultdict(int)
    for market, atoms in _columns(rows["perpetuals"], "market", "clearing_atoms"):
        needed[quotes[market]] += atoms
    held = {asset: atoms for (account, asset), atoms in available.items() if account == HouseAccount.CLEARING}
    for asset in sorted({*needed, *held}):
        if held.get(asset, 0) != needed.get(asset, 0):
            yield f"CLEARING has {held.get(asset, 0)} atoms of asset {asset}, markets count {needed.get(asset, 0)}"


def _orders(rows: Rows) -> Iterator[str]:
    """A position counts the lots of its open orders, those that only reduce it apart."""
    perpetuals = perpetual_markets(rows)
    standing: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for account, market, side, lots, reduces in _columns(
        rows["orders"], "account", "market", "side", "remaining_lots", "reduce_only"
    ):
        if market in perpetuals:
            standing[account, market][2 if reduces else side != Side.BID] += lots
        elif reduces:
            yield f"account {account} has an order that only reduces in market {market}, which is no perpetual"
    counted = {
        (account, market): [bid, ask, reduces]
        for account, market, bid, ask, reduces in _columns(
            rows["positions"], "account", "market", "bid_lots", "ask_lots", "reduce_lots"
        )
    }
    for account, market in sorted({*standing, *counted}):
        says, gives = counted.get((account, market), [0, 0, 0]), standing.get((account, market), [0, 0, 0])
        if says != gives:
            yield f"account {account} counts {says} lots of orders in market {market}, its open orders have {gives}"


def _order_rules(rows: Rows) -> Iterator[str]:
    """An order of a perpetual reserves some margin and moves no loan; one that only reduces can still do so."""
    perpetuals = perpetual_markets(rows)
    nets = {(account, market): lots for account, market, lots in _columns(rows["positions"], *KEY, "net_lots")}
    names = ("order", *KEY, "side", "remaining_lots", "reduce_only", "reserved_value", "loan_flags")
    for order, account, market, side, lots, reduces, reserved, flags in _columns(rows["orders"], *names):
        if market not in perpetuals:
            continue
        if reserved <= 0:
            yield f"order {order} in perpetual {market} reserves a value of {reserved}"
        if flags:
            yield f"order {order} in perpetual {market} has the loan flags {flags}"
        net = nets.get((account, market), 0)
        if reduces and (net if side == Side.ASK else -net) < lots:
            yield f"order {order} only reduces by {lots} lots a position of {net}"


def _positions(rows: Rows) -> Iterator[str]:
    """A row has an owner and something in it; what it was entered at has the sign of its lots; it can be reduced."""
    accounts = set(rows["accounts"]["account"].tolist())
    names = ("net_lots", "bid_lots", "ask_lots", "reduce_lots", "reference_atoms", "due_atoms", "entry_atoms")
    for account, market, *amounts in _columns(rows["positions"], *KEY, *names):
        *kept, entry = amounts
        net, reduces = kept[0], kept[3]
        if account not in accounts and not 0 < account < FIRST_USER_ACCOUNT:
            yield f"account {account} has a position in market {market} and does not exist"
        if not any(kept):
            yield f"account {account} has an empty position in market {market}"
        if entry * net < 0 or (entry and not net):
            yield f"account {account} entered {net} lots in market {market} at {entry} atoms"
        if reduces > abs(net):
            yield f"account {account} reduces {reduces} of {net} lots in market {market}"


def _settlement(rows: Rows) -> Iterator[str]:
    """Nothing is due outside a settlement; within one what is due is counted, and no more is paid out.

    What could not be paid is noted, below zero, only while a settlement looks for it.
    """
    settling = int(rows["venue"]["settling"][0])
    deleveraged = set(rows["waves"]["market"].tolist())
    looks = settling in (Settling.COLLECTING, Settling.CONVERTING)
    due: dict[int, int] = defaultdict(int)
    for account, market, atoms in _columns(rows["positions"], *KEY, "due_atoms"):
        if market in deleveraged:
            # There it is what a wave has counted.
            continue
        due[market] += max(atoms, 0)
        if atoms and not settling:
            yield f"account {account} is due {atoms} atoms in market {market}, and settling is {settling}"
        if atoms < 0 and not (looks and account >= FIRST_USER_ACCOUNT):
            yield f"account {account} could not pay {-atoms} atoms in market {market}, which nobody collects"
    names = ("market", "clearing_atoms", "collected_atoms", "short_atoms", "due_atoms", "paid_atoms")
    for market, clearing, collected, short, counted, paid in _columns(rows["perpetuals"], *names):
        if min(clearing, collected, short) < 0:
            yield f"market {market} keeps {clearing} atoms, collected {collected} and is short of {short}"
        if not 0 <= paid <= counted:
            yield f"market {market} paid {paid} atoms of {counted} that were due"
        if looks and due[market] != counted:
            yield f"market {market} counts {counted} atoms as due, its positions {due[market]}"
        if due[market] > counted:
            yield f"market {market} counts {counted} atoms as due, its positions still {due[market]}"
