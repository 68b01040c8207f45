"""The part of the flow that gives markets brakes, begins auctions, and lets them be carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.schema import commands as c
from ringfence.schema.enums import BrakePhase, MarketState

if TYPE_CHECKING:
    from .flow import Flow


STYLES = 6


def drawn(flow: Flow) -> c.Command | None:
    """Return what is to be done about brakes now, mostly nothing; under the first rules there are none."""
    takes_part = flow.seed // STYLES % 3 == 2  # a third of the seeds of each style
    if not takes_part or flow.state.rules < 2 or not flow.state.markets:
        return None
    due = [number for number, row in flow.state.brakes.items() if row.phase == BrakePhase.UNCROSSING]
    if due and flow.chance(0.3):
        return c.UncrossMarket(market=flow.random.choice(due))
    chosen = flow.random.random()
    if chosen < 0.01:
        return settings(flow)
    if chosen < 0.018:
        return c.SetMarketState(market=flow.market(), state=MarketState.AUCTION)
    if chosen < 0.0185:
        return c.UncrossMarket(market=flow.market())
    return None


def settings(flow: Flow) -> c.Command:
    """Return brakes for a market: narrow bands and short times, so that they take hold; now and then none."""
    choose, number = flow.random.choice, flow.market()
    market = flow.state.markets.get(number)
    low = choose((0, 0, 5, 100))
    interest = {"interest_low_lots": low, "interest_high_lots": low + choose((0, 1, 50, 10_000))}
    if market is None or (not market.is_perpetual and flow.chance(0.9)):
        interest = {}
    return c.SetBrakes(
        market=number,
        band_ppm=choose((0, 1, 4_000, 10_000, 100_000, 999_999)),
        window_ms=choose((1_000, 5_000, 300_000)),
        halt_ms=choose((0, 1_000, 3_000)),
        auction_ms=choose((1_000, 2_000, 5_000)),
        stale_ppm=choose((0, 0, 1_000, 20_000, 10**7)),
        far_ppm=choose((0, 0, 10_000, 100_000, 2_000_000)),
        stale_age_ms=choose((0, 2_000, 60_000)),
        **interest,
    )
