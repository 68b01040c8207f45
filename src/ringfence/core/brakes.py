"""Brakes: bands that a market may trade in, the halt beyond them, and margin that rises with open interest.

docs/rules.md, "Brakes".  The auction by which a market reopens is in ``auctions``.
"""

from ..schema.enums import ONE_E8 as E8
from ..schema.enums import BrakePhase, Delisting, MarketState, TriggerBy
from ..schema.fields import MAX_PRICE_TICKS, MAX_SEQUENCE
from ..schema.rejects import Reject
from .admission import is_deleveraging, is_spot, known_market
from .bits import divide_up
from .bounds import PPM, best_price, scale_down, scale_up
from .emit import emit, refuse, refuse_field
from .jit import cold, hot
from .records import (
    AUCTION_BEGAN,
    BAND_MOVED,
    BRAKES_SET,
    INITIAL_MARGIN_RAISED,
    MARKET_HALTED,
    MARKET_STATE_SET,
    EventKind,
    cast,
)
from .triggers import reference_price

US_PER_MS = 1_000
INTEREST_FIELD = 7
"""The place of ``interest_high_lots`` in SetBrakes."""


@hot
def is_braked(s, market):
    """Whether a market is halted by its brakes, or in an auction: its book may be crossed."""
    return s.brakes[market].phase != BrakePhase.NONE


@hot
def will_reopen(s, market):
    """Whether a market is halted for a while, or in an auction: it will trade again without anybody's doing."""
    return is_braked(s, market) and s.brakes[market].until_us != MAX_SEQUENCE


@cold
def set_phase(s, market, phase):
    """Let the brakes of a market do something else, and keep count of auctions that are carried out."""
    row = s.brakes[market]
    s.venue[0].uncrossing += (1 if phase == BrakePhase.UNCROSSING else 0) - (
        1 if row.phase == BrakePhase.UNCROSSING else 0
    )
    row.phase = phase


@cold
def set_band(s, market_number):
    """Let a market know between which prices it may trade; returns whether that is news."""
    market, row = s.markets[market_number], s.brakes[market_number]
    low, high = 0, 0
    if row.band_ppm != 0 and row.reference_ticks != 0:
        low = scale_up(row.reference_ticks, PPM - row.band_ppm)
        high = min(scale_down(row.reference_ticks, PPM + row.band_ppm), MAX_PRICE_TICKS)
    changed = low != market.band_low_ticks or high != market.band_high_ticks
    market.band_low_ticks, market.band_high_ticks = low, high
    return changed


@cold
def reference_now(s, market_number):
    """Return the mark of a market, its last price where no mark is good, 0 for none."""
    mark = reference_price(s, market_number, TriggerBy.MARK)
    return mark if mark != 0 else s.markets[market_number].last_price_ticks


@cold
def move_reference(s, market_number, ticks):
    """Let a band hang on another price from now on, for the time of its window."""
    row, market = s.brakes[market_number], s.markets[market_number]
    row.reference_ticks, row.reference_us = ticks, s.venue[0].time_us
    if set_band(s, market_number):
        event = cast(s.events, emit(s, EventKind.BAND_MOVED, 0, market_number), BAND_MOVED)
        event.reference_ticks = ticks
        event.low_ticks, event.high_ticks = market.band_low_ticks, market.band_high_ticks


@cold
def copy_brakes(source, target):
    """Copy the settings of brakes."""
    target.band_ppm, target.window_ms = source.band_ppm, source.window_ms
    target.halt_ms, target.auction_ms = source.halt_ms, source.auction_ms
    target.interest_low_lots, target.interest_high_lots = source.interest_low_lots, source.interest_high_lots
    target.stale_ppm, target.far_ppm, target.stale_age_ms = source.stale_ppm, source.far_ppm, source.stale_age_ms


@cold
def interest_in_order(s, c):
    """Check from where to where open interest raises the margin, and that there is any."""
    if c.interest_high_lots != 0 and is_spot(s.markets[c.market]):
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, INTEREST_FIELD)
    if c.interest_low_lots >= c.interest_high_lots and c.interest_low_lots | c.interest_high_lots != 0:
        return refuse(s, Reject.RANGE_REVERSED, c.interest_low_lots, c.interest_high_lots)
    return True


@cold
def set_brakes(s, c):
    """Set the brakes of a market; a band hangs on the price of now at once."""
    if not (known_market(s, c.market) and interest_in_order(s, c)):
        return False
    row = s.brakes[c.market]
    row.market = c.market
    copy_brakes(c, row)
    copy_brakes(c, cast(s.events, emit(s, EventKind.BRAKES_SET, c.account, c.market), BRAKES_SET))
    move_reference(s, c.market, reference_now(s, c.market) if c.band_ppm != 0 else 0)
    return True


@cold
def enter_state(s, market, account, state):
    """Let a market accept something else, and say so."""
    s.markets[market].state = state
    event = cast(s.events, emit(s, EventKind.MARKET_STATE_SET, account, market), MARKET_STATE_SET)
    event.state = state


@cold
def forget_scan(row):
    """Let the price of an auction be looked for anew."""
    row.scan_sequence, row.scan_lots, row.scan_low_ticks, row.scan_high_ticks = 0, 0, 0, 0
    row.scan_bid_ticks, row.scan_bid_lots, row.scan_ask_ticks, row.scan_ask_lots = 0, 0, 0, 0
    row.indicative_ticks, row.indicative_lots, row.imbalance_lots = 0, 0, 0


@cold
def begin_auction(s, market, account, extended, price_ticks):
    """Collect orders in a market without matching them, until the time of its auction is over."""
    row = s.brakes[market]
    set_phase(s, market, BrakePhase.AUCTION.value)
    row.until_us, row.extended = s.venue[0].time_us + row.auction_ms * US_PER_MS, extended
    row.auction_ticks, row.auction_side = 0, 0
    forget_scan(row)
    if s.markets[market].state != MarketState.AUCTION:
        enter_state(s, market, account, MarketState.AUCTION.value)
    event = cast(s.events, emit(s, EventKind.AUCTION_BEGAN, account, market), AUCTION_BEGAN)
    event.until_us, event.extended = row.until_us, extended
    event.reference_ticks, event.price_ticks = row.reference_ticks, price_ticks


@cold
def halt(s, taker):
    """Halt a market where an order would have traded outside the band, after what it traded within."""
    market, row = s.markets[taker.market], s.brakes[taker.market]
    row.reopen_state = market.state
    row.auction_lots, row.auction_trades = 0, 0
    row.until_us = s.venue[0].time_us + (row.halt_ms if row.halt_ms != 0 else row.auction_ms) * US_PER_MS
    event = cast(s.events, emit(s, EventKind.MARKET_HALTED, taker.account, taker.market), MARKET_HALTED)
    event.order, event.price_ticks = taker.order, best_price(s, taker.market, 1 - taker.side)
    event.reference_ticks, event.until_us = row.reference_ticks, row.until_us
    event.low_ticks, event.high_ticks = market.band_low_ticks, market.band_high_ticks
    if row.halt_ms == 0:
        begin_auction(s, taker.market, 0, 0, 0)
        return
    set_phase(s, taker.market, BrakePhase.HALT.value)
    enter_state(s, taker.market, 0, MarketState.CANCEL_ONLY.value)


@cold
def set_state_of_auction(s, c):
    """Let the operator begin an auction, or keep a market shut that only an auction may open."""
    row, market = s.brakes[c.market], s.markets[c.market]
    if c.state == MarketState.AUCTION:
        if row.market == 0:
            return refuse(s, Reject.NO_BRAKES, 0, 0)
        if row.phase == BrakePhase.NONE:
            shut = market.state == MarketState.CLOSED or market.state == MarketState.CANCEL_ONLY
            row.reopen_state = MarketState.OPEN.value if shut else market.state
            row.auction_lots, row.auction_trades = 0, 0
        begin_auction(s, c.market, c.account, 0, 0)
        return True
    if c.state != MarketState.CLOSED and c.state != MarketState.CANCEL_ONLY:
        return refuse(s, Reject.REOPENS_BY_AUCTION, 0, 0)
    set_phase(s, c.market, BrakePhase.HALT.value)
    row.until_us = MAX_SEQUENCE
    enter_state(s, c.market, c.account, c.state)
    return True


@cold
def raise_margin(s, market):
    """Let the initial margin of a perpetual rise with what is open of it."""
    row, rules, raised = s.brakes[market], s.perpetuals[market], 0
    low, high, base = row.interest_low_lots, row.interest_high_lots, rules.initial_base_e8
    if high != 0 and rules.open_interest_lots > low and base < E8:
        raised = base + divide_up(E8 - base, min(rules.open_interest_lots, high) - low, high - low)
    if raised == row.raised_base_e8:
        return
    row.raised_base_e8, rules.raised_base_e8 = raised, raised
    event = cast(s.events, emit(s, EventKind.INITIAL_MARGIN_RAISED, 0, market), INITIAL_MARGIN_RAISED)
    event.raised_base_e8, event.open_interest_lots = raised, rules.open_interest_lots


@cold
def stands_still(s, market):
    """Whether a market is delisted, or being deleveraged, or its share was just split: its brakes do nothing."""
    frozen = s.prices[s.markets[market].base_asset].frozen_units != 0
    return frozen or s.perpetuals[market].delisting != Delisting.LISTED or is_deleveraging(s, market)


@cold
def go_on(s, market):
    """Let the time of a window, a halt or an auction be over when it is."""
    row, time_us = s.brakes[market], s.venue[0].time_us
    if row.phase == BrakePhase.NONE:
        is_over = row.reference_ticks == 0 or time_us >= row.reference_us + row.window_ms * US_PER_MS
        if row.band_ppm != 0 and is_over:
            move_reference(s, market, reference_now(s, market))
    elif row.phase == BrakePhase.HALT and time_us >= row.until_us:
        begin_auction(s, market, 0, 0, 0)
    elif row.phase == BrakePhase.AUCTION and time_us >= row.until_us:
        set_phase(s, market, BrakePhase.UNCROSSING.value)
