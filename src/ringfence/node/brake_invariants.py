"""What must hold of brakes at any moment: halts that fit the states of their markets, auctions, raised margins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.schema.enums import ONE_E8, BrakePhase, Delisting, MarketState

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]
SHUT = (MarketState.CLOSED, MarketState.CANCEL_ONLY)


def braked_markets(rows: Rows) -> set[int]:
    """Return the markets whose books may be crossed: they are halted, or in an auction."""
    if "brakes" not in rows:
        return set()
    brakes = rows["brakes"]
    return set(brakes["market"][brakes["phase"] != BrakePhase.NONE].tolist())


def broken_brakes(rows: Rows) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    states = _by_market(rows["markets"], "state")
    perpetuals = {int(row["market"]): row for row in rows["perpetuals"]}
    for row in rows["brakes"]:
        market = int(row["market"])
        if market not in states:
            yield f"market {market} has brakes and does not exist"
            continue
        delisted = market in perpetuals and perpetuals[market]["delisting"] != Delisting.LISTED
        yield from _halted(row, states[market], delisted=bool(delisted))
        yield from _raised(row, perpetuals.get(market))
    braked = braked_markets(rows)
    for market in sorted(market for market, state in states.items() if state == MarketState.AUCTION):
        if market not in braked:
            yield f"market {market} is in an auction that its brakes do not know of"


def _by_market(table: npt.NDArray[Any], column: str) -> dict[int, int]:
    return dict(zip(table["market"].tolist(), table[column].tolist(), strict=True))


def _halted(row: np.void, state: int, *, delisted: bool) -> Iterator[str]:
    """A market that is halted takes no orders that match, and one that is not has nothing left of an auction."""
    market, phase = int(row["market"]), int(row["phase"])
    expected = SHUT if phase == BrakePhase.HALT else (MarketState.AUCTION,)
    if phase != BrakePhase.NONE and state not in expected and not delisted:
        yield f"market {market} is in state {state}, and its brakes in phase {phase}"
    left = ("until_us", "auction_ticks", "auction_lots", "auction_trades", "scan_sequence", "extended")
    if phase == BrakePhase.NONE and any(row[name] for name in left):
        yield f"market {market} is not halted and has something left of an auction"
    if row["auction_ticks"] and phase != BrakePhase.UNCROSSING:
        yield f"market {market} has the price of an auction that is not carried out"
    if phase != BrakePhase.NONE and row["reopen_state"] in (0, MarketState.AUCTION, *SHUT):
        yield f"market {market} is halted and would reopen in state {row['reopen_state']}"


def _raised(row: np.void, perpetual: np.void | None) -> Iterator[str]:
    """A margin is raised only where it rises, by no more than to all of the notional."""
    raised = int(row["raised_base_e8"])
    if raised and (perpetual is None or not 0 < raised <= ONE_E8):
        yield f"market {row['market']} asks for {raised} hundred-millionths of initial margin"
