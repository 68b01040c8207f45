"""The rules of a perpetual, its mark, and what the longs pay the shorts each hour.  docs/rules.md, "Perpetuals"."""

from ..schema.enums import FUNDING_BITS, ONE_E10, Delisting, MarketState, PriceState, Side
from ..schema.fields import MAX_PRICE_TICKS
from ..schema.rejects import Reject
from .admission import is_deleveraging, is_spot, known_market, not_deleveraging
from .bits import divide_down, divide_up
from .bounds import best_price, scale_down
from .emit import emit, refuse
from .jit import cold, hot
from .lending import US_PER_HOUR
from .marks import US_PER_S
from .positions import notional
from .records import FUNDING_CHARGED, MARK_UPDATED, PERPETUAL_SET, EventKind, cast
from .valuation import index_ticks, is_live, margin_price

PREMIUM_ONE = 1 << 8
"""Premiums count 2^-8 ticks."""
MOST_INDEX = 1 << 61
PREMIUM_S = 60
"""The time that the average of the premium looks back on."""
PREMIUM_BAND_E10 = 5 * 10**6
HOURS_OF_RATE = 8
"""Rates are for eight hours and charged in eighths (facts of the wire, funding)."""


@cold
def copy_perpetual(source, target):
    """Copy the rules of a perpetual."""
    target.market = source.market
    target.initial_base_e8, target.initial_factor_e8 = source.initial_base_e8, source.initial_factor_e8
    target.maintenance_base_e8 = source.maintenance_base_e8
    target.maintenance_factor_e8 = source.maintenance_factor_e8
    target.position_limit_lots = source.position_limit_lots
    target.open_interest_limit_lots = source.open_interest_limit_lots
    target.interest_rate_e10, target.mark_bound_ppm = source.interest_rate_e10, source.mark_bound_ppm
    target.lowest_funding_e10, target.highest_funding_e10 = source.lowest_funding_e10, source.highest_funding_e10


@cold
def set_perpetual(s, c):
    """Say what margin a perpetual needs, how far it may grow, and how its mark and its funding are made."""
    if not known_market(s, c.market):
        return False
    if is_spot(s.markets[c.market]):
        return refuse(s, Reject.NOT_PERPETUAL, 0, 0)
    if c.lowest_funding_e10 > c.highest_funding_e10:
        return refuse(s, Reject.RANGE_REVERSED, c.lowest_funding_e10, c.highest_funding_e10)
    rules = s.perpetuals[c.market]
    if rules.delisting != Delisting.LISTED:
        return refuse(s, Reject.MARKET_DELISTED, c.market, 0)
    if not not_deleveraging(s, c.market):
        return False
    if rules.market == 0:
        rules.funding_hour = s.venue[0].time_us // US_PER_HOUR
    copy_perpetual(c, rules)
    make_mark(s, c.market)
    copy_perpetual(c, cast(s.events, emit(s, EventKind.PERPETUAL_SET, c.account, c.market), PERPETUAL_SET))
    return True


@hot
def floor_divide(number, divisor):
    """Return floor(number / divisor) for a number of either sign; compiled division goes towards zero."""
    return number // divisor if number >= 0 else -((-number + divisor - 1) // divisor)


@hot
def middle(s, market_number, index):
    """Return the middle of the book, the index where there is none or nobody can trade."""
    bid, ask = best_price(s, market_number, Side.BID), best_price(s, market_number, Side.ASK)
    state = s.markets[market_number].state
    if bid == 0 or ask == 0 or not (state == MarketState.OPEN or state == MarketState.LIMIT_ONLY):
        return index
    return (bid + ask) // 2


@cold
def make_mark(s, market_number):
    """Bring the mark of a perpetual to the present second; returns whether anything of its price changed."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    price_units, state = margin_price(s, market.base_asset)
    if price_units == 0:
        state = PriceState.NONE.value
    changed, was_live = state != rules.price_state, is_live(rules.price_state)
    rules.price_state = state
    if not is_live(state):
        return changed
    index, time_us = index_ticks(s, market, price_units), s.venue[0].time_us
    seconds = min(max((time_us - rules.updated_us) // US_PER_S, 1), PREMIUM_S) if was_live else 1
    bound = scale_down(index, rules.mark_bound_ppm)
    # A book that is further away than the bound says no more than the bound.
    away = max(-bound, min(bound, middle(s, market_number, index) - index))
    rules.premium += floor_divide((away * PREMIUM_ONE - rules.premium) * seconds, PREMIUM_S)
    premium = floor_divide(rules.premium, PREMIUM_ONE)
    mark = min(max(index + max(-bound, min(bound, premium)), 1), MAX_PRICE_TICKS)
    changed = changed or index != rules.index_ticks or mark != rules.mark_ticks
    rules.index_ticks, rules.mark_ticks, rules.updated_us = index, mark, time_us
    rules.premium_sum_e10 += ratio_e10(mark - index, index)
    rules.premium_count += 1
    return changed


@cold
def ratio_e10(difference, index):
    """Return floor(difference * 10^10 / index) of a difference of either sign."""
    if difference >= 0:
        return divide_down(difference, ONE_E10, index)
    return -divide_up(-difference, ONE_E10, index)


@cold
def funding_of_lot(rate_e10, ticks, quote_factor):
    """Return what a lot pays at a rate, in 2^-20 atoms, rounded down."""
    worth = notional(1, ticks, quote_factor)
    if rate_e10 >= 0:
        return divide_down(worth, rate_e10 << FUNDING_BITS, ONE_E10)
    return -divide_up(worth, -rate_e10 << FUNDING_BITS, ONE_E10)


@hot
def within_index(number):
    """Keep a funding index where the difference of two still fits."""
    return min(max(number, -MOST_INDEX), MOST_INDEX)


@cold
def charge_funding(s, market_number):
    """Let an hour of funding be due, if the mark was known for a second of it."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    if rules.premium_count == 0:
        return
    premium = floor_divide(rules.premium_sum_e10, rules.premium_count)
    drawn = max(-PREMIUM_BAND_E10, min(PREMIUM_BAND_E10, rules.interest_rate_e10 - premium))
    rate = floor_divide(premium + drawn, HOURS_OF_RATE)
    rate = min(max(rate, rules.lowest_funding_e10), rules.highest_funding_e10)
    rules.funding_rate_e10 = rate
    paid = funding_of_lot(rate, rules.mark_ticks, market.quote_factor)
    rules.funding_index = within_index(rules.funding_index + within_index(paid))
    rules.premium_sum_e10, rules.premium_count = 0, 0
    event = cast(s.events, emit(s, EventKind.FUNDING_CHARGED, 0, market_number), FUNDING_CHARGED)
    event.funding_rate_e10, event.mark_ticks = rate, rules.mark_ticks
    event.funding_index = rules.funding_index


@cold
def update_perpetuals(s):
    """Bring every perpetual to the present second."""
    hour = s.venue[0].time_us // US_PER_HOUR
    for market in range(1, s.venue[0].markets + 1):
        rules = s.perpetuals[market]
        if rules.market == 0 or rules.delisting != Delisting.LISTED or is_deleveraging(s, market):
            continue
        if make_mark(s, market):
            event = cast(s.events, emit(s, EventKind.MARK_UPDATED, 0, market), MARK_UPDATED)
            event.price_state, event.index_ticks, event.mark_ticks = (
                rules.price_state,
                rules.index_ticks,
                rules.mark_ticks,
            )
        if hour > rules.funding_hour:
            rules.funding_hour = hour
            charge_funding(s, market)
