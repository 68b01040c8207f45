"""What the brakes do at each Clock: time that is over, indicative prices, and orders that were forgotten.

docs/rules.md, "Brakes".  Bounded by what one Clock may look at; what it did not come to is first at the next.
"""

from ..schema.enums import BrakePhase, CloseReason, Side, TriggerBy
from .auctions import indicate
from .bits import highest_bit
from .bounds import PPM, scale_down, scale_up
from .brakes import US_PER_MS, go_on, raise_margin, stands_still
from .cancels import cancel
from .jit import cold
from .levels import STEP, half_of
from .triggers import reference_price

MARKETS_PER_CLOCK = 1_024
ORDERS_PER_CLOCK = 1_000
"""Resting orders that one Clock looks at, whether they are to be retired; all markets together."""
LEVELS_PER_CLOCK = 65_536
"""Levels that one Clock looks at for indicative prices; all markets together."""
EVENTS_PER_MARKET = 4
"""At most: a margin that was raised, a state, an auction that began, and its price or a band that moved."""
EVENTS_PER_ORDER = 5
"""At most: its end, what is attached to it, and a repayment and a loan of what it locked."""
EVENTS_OF_BRAKES = EVENTS_PER_MARKET * MARKETS_PER_CLOCK + EVENTS_PER_ORDER * ORDERS_PER_CLOCK


@cold
def worst_level(s, h):
    """Return the level furthest behind on side ``h``, 0 if it is empty."""
    half = s.halves[h]
    node, shift = half.root, half.shift
    if node == 0:
        return 0
    while shift > 0:
        node = s.nodes[node].kids[highest_bit(s.nodes[node].mask)]
        shift -= STEP
    return s.nodes[node].kids[highest_bit(s.nodes[node].mask)]


@cold
def retire_level(s, level, oldest_us, most):
    """Retire the orders of a price that came before a time, of so many at most; returns how many it looked at."""
    slot, looked = s.levels[level].head, 0
    while slot != 0 and looked < most:
        following = s.orders[slot].next
        looked += 1
        if s.orders[slot].created_us <= oldest_us:
            cancel(s, slot, CloseReason.STALE.value)
        slot = following
    return looked


@cold
def retire_better(s, market, side, bound_ticks, oldest_us, most):
    """Retire orders that are better than a bound, from the best on: whoever comes would pick them off."""
    looked, level = 0, s.halves[half_of(market, side)].best
    while level != 0 and looked < most:
        price, following = s.levels[level].price_ticks, s.levels[level].worse
        if price <= bound_ticks if side == Side.BID else price >= bound_ticks:
            break
        looked += retire_level(s, level, oldest_us, most - looked)
        level = following
    return looked


@cold
def retire_worse(s, market, side, bound_ticks, oldest_us, most):
    """Retire orders that are worse than a bound, from the worst on: nobody will ever reach them."""
    looked, level = 0, worst_level(s, half_of(market, side))
    while level != 0 and looked < most:
        price, following = s.levels[level].price_ticks, s.levels[level].better
        if price >= bound_ticks if side == Side.BID else price <= bound_ticks:
            break
        looked += retire_level(s, level, oldest_us, most - looked)
        level = following
    return looked


@cold
def retire(s, market, most):
    """Retire old orders of a market that are far from the mark, of so many at most; returns how many it looked at."""
    row, looked = s.brakes[market], 0
    mark = reference_price(s, market, TriggerBy.MARK)
    if mark == 0:
        return 0
    oldest_us = s.venue[0].time_us - row.stale_age_ms * US_PER_MS
    if row.stale_ppm != 0:
        low, high = scale_up(mark, max(PPM - row.stale_ppm, 0)), scale_down(mark, PPM + row.stale_ppm)
        looked += retire_better(s, market, Side.BID, high, oldest_us, most)
        looked += retire_better(s, market, Side.ASK, low, oldest_us, most - looked)
    if row.far_ppm != 0:
        low, high = scale_up(mark, max(PPM - row.far_ppm, 0)), scale_down(mark, PPM + row.far_ppm)
        looked += retire_worse(s, market, Side.BID, low, oldest_us, most - looked)
        looked += retire_worse(s, market, Side.ASK, high, oldest_us, most - looked)
    return looked


@cold
def update_brakes(s):
    """Look at the brakes of all markets that have some, of so many a Clock."""
    venue, looked, orders, levels = s.venue[0], 0, ORDERS_PER_CLOCK, LEVELS_PER_CLOCK
    market = venue.brakes_market
    for _ in range(venue.markets):
        market = market % venue.markets + 1
        if s.brakes[market].market == 0 or stands_still(s, market):
            continue
        raise_margin(s, market)
        go_on(s, market)
        levels -= indicate(s, market, levels)
        if s.brakes[market].phase == BrakePhase.NONE:
            orders -= retire(s, market, orders)
        looked += 1
        venue.brakes_market = market
        if looked == MARKETS_PER_CLOCK:
            return
