"""The part of the flow that makes prices: quotes that mostly agree, clocks, pauses, and what is next to right."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ringfence.schema import commands as c
from ringfence.schema.enums import PRICE_SOURCES, Session
from ringfence.schema.fields import MAX_PRICE_UNITS

from .prices import down, up
from .state import Quote

if TYPE_CHECKING:
    from .flow import Flow

PRICED = range(1, 6)
USUAL_SOURCES = range(1, 7)
SECOND_US = 1_000_000
# One price of cash, one that is usual, one so small that a unit is a third of it, one so large that products take more
# than 64 bits, and one that is neither.
FIRST_PRICES = {1: 10**8, 2: 150 * 10**8, 3: 3, 4: 2**50 - 2**20, 5: 51_234}

# Prices near those at which the markets of the flow trade, so that orders neither give nor take much.
BOOK_PRICES = {1: 10**8, 2: 10 * 10**8, 3: 10 * 10**8, 4: 100 * 2**20, 5: 51_234}


def opening(chooser: random.Random, maximum_age_ms: int = 10_000) -> Iterator[c.Command]:
    """Yield the commands that name sources, and price four assets by five or six of them."""
    for number in USUAL_SOURCES:
        yield c.SetPriceSource(price_source=number, name=f"source {number}", enabled=int(number < 6))
    for asset in PRICED[:4]:
        yield c.SetPricing(asset=asset, maximum_age_ms=maximum_age_ms)
        for number in USUAL_SOURCES[: chooser.choice((4, 5, 6))]:
            yield c.SetPriceWeight(asset=asset, price_source=number, weight=chooser.choice((1, 1, 2, 3, 255)))


def some_asset(flow: Flow) -> int:
    return flow.asset() if flow.chance(0.05) else flow.random.choice((1, 2, 2, 3, 4, 5))


def some_source(flow: Flow, asset: int) -> int:
    """Return a source, mostly one that has a weight for the asset."""
    weighted = [source for of, source in flow.state.quotes if of == asset]
    if weighted and flow.chance(0.93):
        return flow.random.choice(weighted)
    return flow.random.randint(1, PRICE_SOURCES)


def drifting(flow: Flow, asset: int) -> int:
    """Return what the asset is worth now; it wanders, and now and then it jumps."""
    drift = flow.random.choice((-3_000, -700, 0, 0, 0, 650, 2_900))
    if flow.chance(0.01):
        drift = flow.random.choice((-500_000, -90_000, 100_000, 900_000))
    first = flow.first_prices.get(asset, 10**9)
    now = flow.worth.get(asset, first)
    now = min(MAX_PRICE_UNITS, max(1, now + now * drift // 10**6 + flow.random.choice((-1, 0, 0, 1))))
    flow.worth[asset] = first if now > first * 20 or now < first // 20 else now
    return flow.worth[asset]


def seen(flow: Flow, asset: int) -> int:
    """Return a price that a source sees: near what the asset is worth, at the edge of the clamp, or far from it."""
    worth, chosen = drifting(flow, asset), flow.random.random()
    if chosen < 0.75:
        return worth + worth * flow.random.randint(-4_000, 4_000) // 10**6
    others = [row.price_units for (of, _), row in flow.state.quotes.items() if of == asset and row.price_units]
    if chosen < 0.9 and others:
        other, clamp = flow.random.choice(others), flow.state.prices[asset].clamp_ppm
        low, high = down(other, clamp), up(other, clamp)
        return flow.random.choice((other, other, low, low - 1, high, high + 1))
    if chosen < 0.92:
        return flow.random.choice((0, 1, 2, MAX_PRICE_UNITS))
    return flow.random.choice((worth * 100, worth // 100, worth * 2, worth + 1, worth - 1))


def bounded(price: int) -> int:
    return max(0, min(MAX_PRICE_UNITS, price))


def quoted(flow: Flow, asset: int) -> dict[str, int]:
    """Return bid, ask and last: mostly right, else crossed or empty."""
    price = bounded(seen(flow, asset))
    half = flow.random.choice((0, 1, price // 5_000, price // 50))
    bid, ask = bounded(price - half), bounded(price + half + flow.random.choice((0, 0, 1)))
    last = flow.random.choice((0, 0, price, bid, ask, bounded(ask + 1), bounded(bid - 1), bounded(seen(flow, asset))))
    if flow.chance(0.15):
        bid, ask = flow.random.choice(((ask + 1, bid), (ask, bid), (bid, 0), (0, ask), (0, 0), (price + 1, price)))
    return {"bid_units": bounded(bid), "ask_units": bounded(ask), "last_units": last}


def observed(flow: Flow, row: Quote | None) -> int:
    """Return when a quote was observed: mostly now or a little ago, else at a time that is just wrong, or just not."""
    now, last, chosen = flow.time_us, row.observed_us if row else 0, flow.random.random()
    if chosen < 0.65:
        return now
    if chosen < 0.85:
        return now - flow.random.choice((1, 1_000, 100_000, SECOND_US, 9 * SECOND_US, 10 * SECOND_US))
    return flow.random.choice((now + 1, now + SECOND_US, 2**62, last, last - 1, last + 1, (last + now) // 2, 0))


def quote(flow: Flow) -> c.Command:
    asset = some_asset(flow)
    source = some_source(flow, asset)
    at = observed(flow, flow.state.quotes.get((asset, source)))
    return c.Quote(asset=asset, price_source=source, observed_us=max(0, min(2**62, at)), **quoted(flow, asset))


def round_of_quotes(flow: Flow) -> c.Command:
    """Let every source that counts for an asset say something, and a clock follow; return the first."""
    asset = some_asset(flow)
    sources = [source for of, source in flow.state.quotes if of == asset]
    for place, source in enumerate(sources):
        later = c.Quote(asset=asset, price_source=source, observed_us=flow.time_us, **quoted(flow, asset))
        heapq.heappush(flow.later, (flow.state.sequence + place, flow.random.getrandbits(32), later))
    end = flow.state.sequence + len(sources)
    heapq.heappush(flow.later, (end, flow.random.getrandbits(32), c.Clock(seed=flow.random.randbytes(32))))
    return clock(flow)


def clock(flow: Flow) -> c.Command:
    """Return a clock, now and then after so long that quotes are just fresh, just too old, or ages old."""
    if flow.chance(0.15):
        ages = [price.maximum_age_ms * 1_000 for price in flow.state.prices.values()] or [SECOND_US]
        age = flow.random.choice(ages)
        # An age later than a quote or than the last index, to the microsecond, is the last moment at which it counts.
        since = [row.observed_us for row in flow.state.quotes.values() if row.observed_us]
        since += [price.updated_us for price in flow.state.prices.values() if price.updated_us]
        edge = flow.random.choice(since or [flow.time_us]) + age + flow.random.choice((0, 1))
        pauses = (flow.time_us + 3 * SECOND_US, flow.time_us + 86_400 * SECOND_US, edge, edge, edge)
        flow.time_us = max(flow.time_us, flow.random.choice(pauses))
    if flow.chance(0.000_5) and flow.time_us < 2**60:
        flow.time_us += 2**60  # nobody sleeps so long: the cap must bear it
    return c.Clock(seed=flow.random.randbytes(32))


def price_source(flow: Flow) -> c.Command:
    number = flow.random.randint(1, 9)
    name = flow.random.choice(["Exchange", "a", " ", "~" * 16, f"source {number}", "", "a\0b", "new\nline", "\x7f"])
    flow.undo_soon(c.SetPriceSource(price_source=number, name=f"source {number}"))
    return c.SetPriceSource(price_source=number, name=name, enabled=int(flow.chance(0.4)))


def pricing(flow: Flow) -> c.Command:
    asset = flow.random.choice((*PRICED, 0, len(flow.state.assets) + 1))
    flow.undo_soon(c.SetPricing(asset=asset, maximum_age_ms=flow.usual_age_ms))
    return c.SetPricing(
        asset=asset,
        minimum_sources=flow.random.choice((3, 3, 4, 5, 6, 15)),
        maximum_age_ms=flow.random.choice((100, 1_000, 10_000, 60_000, 86_400_000)),
        clamp_ppm=flow.random.choice((0, 1, 3_000, 10_000, 50_000, 500_000)),
        update_cap_ppm=flow.random.choice((1, 100, 2_500, 10_000, 333_333, 1_000_000)),
        closed_haircut_ppm=flow.random.choice((0, 50_000, 999_999)),
    )


def price_weight(flow: Flow) -> c.Command:
    asset = some_asset(flow)
    source = some_source(flow, asset) if flow.chance(0.6) else flow.random.randint(1, PRICE_SOURCES)
    weight = flow.random.choice((0, 0, 1, 1, 2, 5, 100, 255))
    if weight == 0 or flow.chance(0.3):
        flow.undo_soon(c.SetPriceWeight(asset=asset, price_source=source, weight=flow.random.choice((1, 2, 3))))
    return c.SetPriceWeight(asset=asset, price_source=source, weight=weight)


def session(flow: Flow) -> c.Command:
    asset = some_asset(flow)
    flow.undo_soon(c.SetSession(asset=asset, session=Session.OPEN))
    return c.SetSession(asset=asset, session=flow.random.choice((Session.CLOSED, Session.CLOSED, Session.OPEN)))


def prices(flow: Flow) -> c.Command:
    builders: dict[Callable[[Flow], c.Command], int] = {
        quote: 45,
        round_of_quotes: 12,
        clock: 20,
        price_source: 3,
        pricing: 3,
        price_weight: 6,
        session: 3,
    }
    return flow.random.choices(list(builders), list(builders.values()))[0](flow)
