"""What must hold of vaults at any moment: what was issued is what is held, and what waits is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy.typing as npt

from ringfence.schema.enums import FIRST_USER_ACCOUNT, AccountKind, HouseAccount

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]
Amounts: TypeAlias = Mapping[tuple[int, int], int]


def locked_shares(rows: Rows) -> dict[tuple[int, int], int]:
    """Return what waits to be redeemed, by (account, share)."""
    shares = {vault: share for vault, share in _columns(rows["vaults"], "vault", "share_asset")}
    found: dict[tuple[int, int], int] = defaultdict(int)
    for vault, account, atoms in _columns(rows["vault_redemptions"], "vault", "account", "shares_atoms"):
        found[account, shares[vault]] += atoms
    return found


def broken_vaults(rows: Rows, available: Amounts, loan_shares: Amounts) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong; amounts are by (account, asset)."""
    yield from _issued(rows, available)
    yield from _accounts(rows)
    yield from _holdings(rows, available, loan_shares)
    yield from _queue(rows)


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _issued(rows: Rows, available: Amounts) -> Iterator[str]:
    """Only shares are issued, and none of them came from outside: so there are as many as ISSUED is below zero."""
    shares = set(rows["vaults"]["share_asset"].tolist())
    for (account, asset), atoms in available.items():
        if account == HouseAccount.ISSUED and (asset not in shares or atoms > 0):
            yield f"ISSUED has {atoms} atoms of asset {asset}"
        if account in (HouseAccount.CUSTODY, HouseAccount.IN_TRANSIT) and asset in shares and atoms:
            yield f"account {account} has {atoms} atoms of asset {asset}, which is the share of a vault"


def _accounts(rows: Rows) -> Iterator[str]:
    """A vault is an account that trades, of no other vault, with a share of its own, and does nothing by itself."""
    kinds = {account: rest for account, *rest in _columns(rows["accounts"], "account", "account_kind", "account_flags")}
    for column in ("account", "share_asset"):
        values = rows["vaults"][column].tolist()
        if len(set(values)) != len(values):
            yield f"two vaults have one {column}: {sorted(values)}"
    for vault, account in _columns(rows["vaults"], "vault", "account"):
        kind, flags = kinds.get(account, (AccountKind.HOUSE, 0))
        if kind not in (AccountKind.MAIN, AccountKind.SUB) or flags:
            yield f"vault {vault} is account {account}, of kind {kind} with flags {flags}"


def _holdings(rows: Rows, available: Amounts, loan_shares: Amounts) -> Iterator[str]:
    """A vault holds its quote asset and positions that are paid in it; nothing rests in a book for it."""
    quotes = {account: quote for account, quote in _columns(rows["vaults"], "account", "quote_asset")}
    paid_in = {market: quote for market, quote in _columns(rows["markets"], "market", "quote_asset")}
    for (account, asset), atoms in available.items():
        if account in quotes and (asset != quotes[account] or loan_shares.get((account, asset))):
            yield f"account {account} is a vault and has {atoms} atoms of asset {asset}, or has lent or owes some"
    for account, market in _columns(rows["positions"], "account", "market"):
        if account in quotes and paid_in[market] != quotes[account]:
            yield f"account {account} is a vault and has a position in market {market}, paid in another asset"
    for table in ("orders", "triggers", "withdrawals"):
        for account in sorted(set(rows[table]["account"].tolist()) & set(quotes)):
            yield f"account {account} is a vault and has {table}"


def _queue(rows: Rows) -> Iterator[str]:
    """Whoever waits is a user, waits once, and is not being liquidated."""
    seen: set[tuple[int, int]] = set()
    failing = set(rows["cases"]["account"].tolist())
    for vault, account, atoms in _columns(rows["vault_redemptions"], "vault", "account", "shares_atoms"):
        if account < FIRST_USER_ACCOUNT or (vault, account) in seen or account in failing or atoms <= 0:
            yield f"account {account} waits for {atoms} atoms of vault {vault}, twice or while it is liquidated"
        seen.add((vault, account))
