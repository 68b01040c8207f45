"""What must hold of positions in perpetuals at any moment: they sum to zero, with what CLEARING keeps for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy.typing as npt

from ringfence.schema.enums import FIRST_USER_ACCOUNT, Delisting, HouseAccount, MarketKind, Settling, Side

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]


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
    yield from _settlement(rows)


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _sums(rows: Rows) -> Iterator[str]:
    """Longs are as many as shorts, and what positions cost sums to what was collected and not paid out."""
    net: dict[int, int] = defaultdict(int)
    reference: dict[int, int] = defaultdict(int)
    longs: dict[int, int] = defaultdict(int)
    closing = _markets_that_are(rows, Delisting.CLOSING)
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


def _settlement(rows: Rows) -> Iterator[str]:
    """What could not be paid is noted only while a settlement looks for it, and what is delisted has ended."""
    ended, settling = _markets_that_are(rows, Delisting.ENDED), int(rows["venue"]["settling"][0])
    looks = settling in (Settling.COLLECTING, Settling.CONVERTING)
    for account, market, lots, atoms in _columns(rows["positions"], "account", "market", "net_lots", "due_atoms"):
        if atoms < 0 and not (looks and account >= FIRST_USER_ACCOUNT):
            yield f"account {account} could not pay {-atoms} atoms in market {market}, which nobody collects"
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
