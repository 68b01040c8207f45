"""Call auctions: one price for all that was collected while a market was halted.  docs/rules.md, "Auctions".

The price is where most trades, then where least is left over, then the nearest to the reference.  It is looked for
level by level, a page at a time; then each order of the side that is filled whole is matched again, one a command.
"""

from ..schema.enums import BrakePhase, Side, TriggerBy
from ..schema.fields import MAX_ATOMS
from .admission import known_market
from .amend import emit_amended, take_back
from .attached import grow_attached
from .bounds import best_price
from .brakes import begin_auction, enter_state, forget_scan, move_reference, reference_now, set_phase, stands_still
from .emit import emit
from .jit import cold
from .levels import find_level, half_of, price_key
from .orders import credit_taker, execute
from .records import AUCTION_INDICATED, AUCTION_PRICED, MARKET_REOPENED, ORDER_AMENDED, EventKind, cast
from .triggers import look

LEVELS_PER_PAGE = 32_768
"""Levels that one command looks at for the price of an auction."""


@cold
def is_scanned(s, market):
    """Whether the price of an auction was looked for in the book as it is."""
    row = s.brakes[market]
    if row.scan_sequence != s.markets[market].book_sequence:
        return False
    return row.scan_bid_ticks == 0 or row.scan_ask_ticks == 0 or row.scan_bid_ticks < row.scan_ask_ticks


@cold
def begin_scan(s, market):
    """Look from the best prices on, at what a book is now."""
    row = s.brakes[market]
    row.scan_sequence, row.scan_lots, row.scan_low_ticks, row.scan_high_ticks = s.markets[market].book_sequence, 0, 0, 0
    bid, ask = s.halves[half_of(market, Side.BID)].best, s.halves[half_of(market, Side.ASK)].best
    stand_at(s, row, bid, ask)


@cold
def stand_at(s, row, bid, ask):
    """Remember the levels that a look at a book has come to, with all that they have."""
    # Row 0 is no level, and may say anything.
    row.scan_bid_ticks = s.levels[bid].price_ticks if bid != 0 else 0
    row.scan_bid_lots = s.levels[bid].lots if bid != 0 else 0
    row.scan_ask_ticks = s.levels[ask].price_ticks if ask != 0 else 0
    row.scan_ask_lots = s.levels[ask].lots if ask != 0 else 0


@cold
def scan(s, market, most):
    """Let best bids and best asks meet, as if they traded, over so many levels at most; returns how many."""
    row, looked = s.brakes[market], 0
    if row.scan_sequence != s.markets[market].book_sequence:
        begin_scan(s, market)
    bid = find_level(s, half_of(market, Side.BID), price_key(Side.BID, row.scan_bid_ticks))
    ask = find_level(s, half_of(market, Side.ASK), price_key(Side.ASK, row.scan_ask_ticks))
    while looked < most and not is_scanned(s, market):
        looked += 1
        lots, bid_left, ask_left = min(row.scan_bid_lots, row.scan_ask_lots), row.scan_bid_lots, row.scan_ask_lots
        row.scan_lots = min(row.scan_lots + lots, MAX_ATOMS // 2)
        row.scan_low_ticks, row.scan_high_ticks = row.scan_ask_ticks, row.scan_bid_ticks
        bid = s.levels[bid].worse if bid_left == lots else bid
        ask = s.levels[ask].worse if ask_left == lots else ask
        stand_at(s, row, bid, ask)
        if bid_left != lots:
            row.scan_bid_lots = bid_left - lots
        if ask_left != lots:
            row.scan_ask_lots = ask_left - lots
    return looked


@cold
def beyond(s, market, side, price_ticks):
    """Return the price of the level behind one of a side, 0 if it is the last."""
    level = find_level(s, half_of(market, side), price_key(side, price_ticks))
    following = s.levels[level].worse
    return s.levels[following].price_ticks if following != 0 else 0


@cold
def nearest(s, market, low, high):
    """Return the price in a range that is nearest to the reference of a market, the lowest without one."""
    reference = s.brakes[market].reference_ticks
    if reference == 0:
        reference = reference_now(s, market)
    return min(max(reference, low), high)


@cold
def price_of_auction(s, market):
    """Return (price, lots bid beyond those asked) of an auction whose book was looked at; (0, 0) if nobody meets.

    All prices from ``low`` to ``high`` trade the same.  Between what is left of both sides nothing is left over; else
    it is what the last bid or the first ask has left, up to the next level behind it.
    """
    row = s.brakes[market]
    if row.scan_lots == 0:
        return 0, 0
    low, high, bid, ask = row.scan_low_ticks, row.scan_high_ticks, row.scan_bid_ticks, row.scan_ask_ticks
    even_low, even_high = max(low, bid + 1), min(high, ask - 1) if ask != 0 else high
    if even_low <= even_high:
        return nearest(s, market, even_low, even_high), 0
    is_bid, is_ask = bid >= low, ask != 0 and ask <= high
    takes_bid = is_bid and (not is_ask or row.scan_bid_lots <= row.scan_ask_lots)
    takes_ask = is_ask and (not is_bid or row.scan_ask_lots <= row.scan_bid_lots)
    first, last = max(low, ask), min(high, bid)
    if takes_bid:
        first = max(low, beyond(s, market, Side.BID, bid) + 1)
    if takes_ask:
        following = beyond(s, market, Side.ASK, ask)
        last = min(high, following - 1) if following != 0 else high
    price = nearest(s, market, first, last)
    return price, row.scan_bid_lots if takes_bid and price <= bid else -row.scan_ask_lots


@cold
def indicate(s, market, most):
    """Look for the price of an auction as if it ended now, and tell it when it changed; returns levels looked at."""
    row = s.brakes[market]
    if row.phase != BrakePhase.AUCTION or is_scanned(s, market):
        return 0
    looked = scan(s, market, most)
    if not is_scanned(s, market):
        return looked
    price, imbalance = price_of_auction(s, market)
    if price == row.indicative_ticks and row.scan_lots == row.indicative_lots and imbalance == row.imbalance_lots:
        return looked
    row.indicative_ticks, row.indicative_lots, row.imbalance_lots = price, row.scan_lots, imbalance
    event = cast(s.events, emit(s, EventKind.AUCTION_INDICATED, 0, market), AUCTION_INDICATED)
    event.price_ticks, event.quantity_lots, event.imbalance_lots = price, row.scan_lots, imbalance
    return looked


@cold
def is_outside(s, market_number, price_ticks):
    """Whether a price lies outside the band of a market."""
    market = s.markets[market_number]
    if market.band_high_ticks == 0:
        return False
    return price_ticks < market.band_low_ticks or price_ticks > market.band_high_ticks


@cold
def reopen(s, market):
    """Let a market trade again, from the price of its auction on."""
    row = s.brakes[market]
    state, price = row.reopen_state, s.markets[market].last_price_ticks if row.auction_trades != 0 else 0
    set_phase(s, market, BrakePhase.NONE.value)
    event = cast(s.events, emit(s, EventKind.MARKET_REOPENED, 0, market), MARKET_REOPENED)
    event.quantity_lots, event.trades = row.auction_lots, row.auction_trades
    event.price_ticks = price
    row.auction_ticks, row.auction_lots, row.auction_trades, row.auction_side = 0, 0, 0, 0
    row.until_us, row.extended, row.reopen_state = 0, 0, 0
    forget_scan(row)
    enter_state(s, market, 0, state)
    if row.band_ppm != 0:
        move_reference(s, market, price if price != 0 else reference_now(s, market))
    # What was reached before the halt waited for it to be over.
    if s.markets[market].last_price_ticks != 0:
        look(s, market, TriggerBy.LAST, s.markets[market].last_price_ticks)


@cold
def settle_on_price(s, market):
    """End the look for a price: trade at it, or collect orders once more if it lies outside the band."""
    row = s.brakes[market]
    price, imbalance = price_of_auction(s, market)
    if price == 0:
        reopen(s, market)
        return
    if row.extended == 0 and row.auction_trades == 0 and is_outside(s, market, price):
        begin_auction(s, market, 0, 1, price)
        return
    row.auction_ticks = price
    row.indicative_ticks, row.indicative_lots, row.imbalance_lots = price, row.scan_lots, imbalance
    row.auction_side = Side.ASK.value if imbalance >= 0 else Side.BID.value
    event = cast(s.events, emit(s, EventKind.AUCTION_PRICED, 0, market), AUCTION_PRICED)
    event.price_ticks, event.quantity_lots, event.imbalance_lots = price, row.scan_lots, imbalance
    event.reference_ticks, event.side = row.reference_ticks, row.auction_side


@cold
def first_at(s, market, side, price_ticks):
    """Return the first order of a side that trades at a price, 0 if there is none."""
    level = s.halves[half_of(market, side)].best
    if level == 0 or s.levels[level].key > price_key(side, price_ticks):
        return 0
    return s.levels[level].head


@cold
def match_at(s, slot, price_ticks):
    """Take an order out of the book and match it at the price of the auction; what is left of it queues anew."""
    row, taker, payment = s.orders[slot], s.taker[0], s.payment[0]
    market = s.markets[row.market]
    place = emit_amended(s, row, row, 0)
    # Nothing is asked of a resting order that is filled: what it may lose was reserved when it came.
    payment.needed_atoms, payment.redeem_atoms, payment.borrow_atoms, payment.begins = 0, 0, 0, 0
    payment.reserved_value = row.reserved_value
    present = take_back(s, slot, row.price_ticks, row.quantity_lots)
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[taker.user].fee_tier]
    taker.fee_ppm = max(int(tier.maker_ppm), 0)
    taker.limit_key, taker.auction_ticks = price_key(1 - taker.side, price_ticks), price_ticks
    return finish(s, taker, place, present)


@cold
def finish(s, taker, place, present_atoms):
    """Match an order that was taken out of the book, and do with what it brings what it is to do."""
    rested = execute(s)
    cast(s.events, place, ORDER_AMENDED).rested_lots = rested
    if taker.loan_flags != 0:
        credit_taker(s, taker, present_atoms, rested)
    if taker.attached != 0 and taker.filled_lots != 0:
        grow_attached(s, taker.order, taker.filled_lots)


@cold
def trade_next(s, market):
    """Let the next order of the side that is filled whole trade; returns whether there was one to meet."""
    row = s.brakes[market]
    slot = first_at(s, market, row.auction_side, row.auction_ticks)
    if slot == 0 or first_at(s, market, 1 - row.auction_side, row.auction_ticks) == 0:
        return False
    trades = s.markets[market].trades
    match_at(s, slot, row.auction_ticks)
    row.auction_lots += s.taker[0].filled_lots
    row.auction_trades += s.markets[market].trades - trades
    return True


@cold
def end_round(s, market):
    """Reopen a market, or look for another price where orders that counted were taken away and the rest still meets."""
    bid, ask = best_price(s, market, Side.BID), best_price(s, market, Side.ASK)
    if bid != 0 and ask != 0 and bid >= ask:
        s.brakes[market].auction_ticks = 0
    else:
        reopen(s, market)


@cold
def uncross_market(s, c):
    """Do the next piece of an auction whose time is over: look for its price, trade one order, or reopen."""
    if not known_market(s, c.market):
        return False
    row = s.brakes[c.market]
    if row.phase != BrakePhase.UNCROSSING or stands_still(s, c.market):
        return True
    if row.auction_ticks != 0:
        if not trade_next(s, c.market):
            end_round(s, c.market)
        return True
    scan(s, c.market, LEVELS_PER_PAGE)
    if is_scanned(s, c.market):
        settle_on_price(s, c.market)
    return True
