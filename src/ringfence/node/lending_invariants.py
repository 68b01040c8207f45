"""What must hold of lending pools at any moment: they are what accounts have lent and owe, and POOL holds the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy.typing as npt

from ringfence.schema.enums import FIRST_USER_ACCOUNT, INDEX_BITS, AccountKind, HouseAccount
from ringfence.schema.fields import MAX_LOAN_INDEX, MAX_VALUE

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]
Amounts: TypeAlias = Mapping[tuple[int, int], int]
"""Atoms, or shares, by (account, asset)."""
LOWEST_INDEX = 1 << INDEX_BITS


def broken_lending(rows: Rows, available: Amounts, shares: Amounts) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    yield from _pools(rows, available, shares)
    yield from _parts(rows)
    yield from _redemptions(rows, shares)
    yield from _lenders(rows, shares)
    yield from _reserved(rows)


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _pools(rows: Rows, available: Amounts, shares: Amounts) -> Iterator[str]:
    """A pool owes its lenders what they lent, is owed what borrowers owe, and POOL holds the difference."""
    lent: dict[int, int] = defaultdict(int)
    owed: dict[int, int] = defaultdict(int)
    for (account, asset), number in shares.items():
        (lent if number > 0 else owed)[asset] += abs(number)
        owes, lends = account == HouseAccount.UNCOVERED and number < 0, account == HouseAccount.FUND and number > 0
        if number and account < FIRST_USER_ACCOUNT and not (owes or lends):
            yield f"account {account} of the house has {number} shares of the pool of asset {asset}"
    names = (
        "asset",
        "lent_shares",
        "debt_shares",
        "lent_index",
        "debt_index",
        "reserve_atoms",
        "rounding_atoms",
        "pending_atoms",
    )
    pools = {asset: rest for asset, *rest in _columns(rows["lending_pools"], *names)}
    held = {asset: atoms for (account, asset), atoms in available.items() if account == HouseAccount.POOL}
    for asset in sorted({*lent, *owed, *held} - set(pools)):
        if lent.get(asset) or owed.get(asset) or held.get(asset):
            yield f"asset {asset} is lent or owed and has no pool"
    for asset, (lent_shares, debt_shares, lent_index, debt_index, reserve, rounding, pending) in pools.items():
        if (lent_shares, debt_shares) != (lent.get(asset, 0), owed.get(asset, 0)):
            yield f"the pool of asset {asset} counts {lent_shares} and {debt_shares} shares, accounts have others"
        total = -(-lent_shares * lent_index >> INDEX_BITS) - (debt_shares * debt_index >> INDEX_BITS)
        if held.get(asset, 0) != total + reserve + rounding + pending:
            due = total + reserve + rounding + pending
            yield f"POOL has {held.get(asset, 0)} atoms of asset {asset}, the pool should hold {due}"


def _redemptions(rows: Rows, shares: Amounts) -> Iterator[str]:
    """Whoever waits has lent something, waits for something, waits once, and since a command of the log."""
    seen: set[tuple[int, int]] = set()
    sequence = int(rows["venue"]["sequence"][0])
    names = ("redemption", "account", "asset", "queued_atoms")
    for redemption, account, asset, atoms in _columns(rows["redemptions"], *names):
        if not 0 < redemption <= sequence:
            yield f"account {account} waits for asset {asset} since command {redemption}, of {sequence}"
        if atoms <= 0 or shares.get((account, asset), 0) <= 0 or (account, asset) in seen:
            yield f"account {account} waits for {atoms} atoms of asset {asset} that it has not lent, or twice"
        seen.add((account, asset))


def _parts(rows: Rows) -> Iterator[str]:
    """No part of a pool is below zero, an index only grows, and what is lent has rules of collateral."""
    pledged = set(rows["collaterals"]["asset"].tolist())
    for asset, reserve, rounding, pending in _columns(
        rows["lending_pools"], "asset", "reserve_atoms", "rounding_atoms", "pending_atoms"
    ):
        if min(reserve, rounding, pending) < 0:
            yield f"the pool of asset {asset} has {reserve} in reserve, {rounding} of roundings, {pending} pending"
        if asset not in pledged:
            yield f"asset {asset} has a pool and no rules of collateral"
    for asset, *indices in _columns(rows["lending_pools"], "asset", "lent_index", "debt_index"):
        if not all(LOWEST_INDEX <= index <= MAX_LOAN_INDEX for index in indices):
            yield f"the pool of asset {asset} has the indices {indices}, below one or above the highest"


def _lenders(rows: Rows, shares: Amounts) -> Iterator[str]:
    """A fenced account neither lends nor owes."""
    accounts = rows["accounts"]
    fenced = set(accounts["account"][accounts["account_kind"] == AccountKind.FENCED].tolist())
    for (account, asset), number in shares.items():
        if number and account in fenced:
            yield f"account {account} is fenced and has {number} shares of the pool of asset {asset}"


def _reserved(rows: Rows) -> Iterator[str]:
    """What an order reserves of the margin is a value."""
    orders = rows["orders"]
    wrong = (orders["reserved_value"] < 0) | (orders["reserved_value"] > MAX_VALUE)
    for order, value in _columns(orders[wrong], "order", "reserved_value"):
        yield f"order {order} reserves a value of {value}"
