"""Price bounds of an order: the limit band at the door, and how far a taker may reach from the best price."""

from ..schema.enums import CloseReason, Side, SlippageKind
from ..schema.rejects import Reject
from .emit import refuse
from .jit import cold, hot
from .levels import NEVER, half_of, price_key

PPM = 1_000_000
HIGHEST = NEVER - 1
BEYOND_BAND = -5
"""Why a taker stops that would trade outside the band of its market: beside the reasons of CloseReason."""


@hot
def scale_down(amount, ppm):
    """Return floor(amount * ppm / 10^6), exact in 64 bits while the result stays below 2^62 and ppm below 2^40."""
    return amount // PPM * ppm + amount % PPM * ppm // PPM


@hot
def scale_up(amount, ppm):
    """Return ceil(amount * ppm / 10^6), within the same bounds."""
    return amount // PPM * ppm + (amount % PPM * ppm + PPM - 1) // PPM


@hot
def best_price(s, market, side):
    """Return the best price of a side of a market, 0 if it is empty."""
    level = s.halves[half_of(market, side)].best
    return s.levels[level].price_ticks if level != 0 else 0


@hot
def active_price(s, market_number):
    """Return what the limit band hangs on: the median of bid, ask and last, or what stands in for it, 0 for none."""
    bid = best_price(s, market_number, Side.BID)
    ask = best_price(s, market_number, Side.ASK)
    last = s.markets[market_number].last_price_ticks
    if bid != 0 and ask != 0:
        if last != 0:
            return max(min(bid, ask), min(max(bid, ask), last))
        return (bid + ask) // 2
    return last


@hot
def within_band(s, market_number, price_ticks):
    """Check a limit price against the band around the active price."""
    market = s.markets[market_number]
    if market.limit_maximum_ppm == 0 and market.limit_minimum_ppm == 0:
        return True
    active = active_price(s, market_number)
    if active == 0:
        return True
    upper = scale_down(active, market.limit_maximum_ppm)
    if market.limit_maximum_ppm != 0 and price_ticks > upper:
        return refuse(s, Reject.PRICE_OUT_OF_BAND, price_ticks, upper)
    lower = scale_up(active, market.limit_minimum_ppm)
    if price_ticks < lower:
        return refuse(s, Reject.PRICE_OUT_OF_BAND, price_ticks, lower)
    return True


@hot
def impact_bound(market, side, best_ticks):
    """Return the last price the impact band lets a taker reach, where there is such a band."""
    if side == Side.BID:
        return scale_down(best_ticks, market.impact_maximum_ppm)
    return scale_up(best_ticks, market.impact_minimum_ppm)


@cold
def slippage_bound(side, best_ticks, kind, slippage):
    """Return the last price that a market order's own tolerance lets it reach."""
    if kind == SlippageKind.TICKS:
        return best_ticks + slippage if side == Side.BID else max(best_ticks - slippage, 1)
    if side == Side.BID:
        return scale_down(best_ticks, PPM + slippage)
    return max(scale_up(best_ticks, max(PPM - slippage, 0)), 1)


@cold
def set_bound(s, taker, kind, slippage):
    """Set the taker's bound: the tighter of impact band and slippage, both from the best opposite price."""
    market = s.markets[taker.market]
    best = best_price(s, taker.market, 1 - taker.side)
    taker.bound_key = NEVER
    if best == 0:
        return
    if (market.impact_maximum_ppm if taker.side == Side.BID else market.impact_minimum_ppm) != 0:
        taker.bound_key = price_key(1 - taker.side, min(impact_bound(market, taker.side, best), HIGHEST))
        taker.bound_reason = CloseReason.PRICE_IMPACT
    if kind != SlippageKind.NONE:
        key = price_key(1 - taker.side, min(slippage_bound(taker.side, best, kind, slippage), HIGHEST))
        if key < taker.bound_key:
            taker.bound_key = key
            taker.bound_reason = CloseReason.SLIPPAGE_TOLERANCE_EXCEEDED
    tighten_to_band(market, taker)


@cold
def tighten_to_band(market, taker):
    """Let a taker reach no further than the band of its market, if there is one and it is nearer than its bound."""
    if market.band_high_ticks == 0:
        return
    ticks = market.band_high_ticks if taker.side == Side.BID else market.band_low_ticks
    key = price_key(1 - taker.side, ticks)
    if key < taker.bound_key:
        taker.bound_key, taker.bound_reason = key, BEYOND_BAND
