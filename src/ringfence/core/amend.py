"""Amending orders: in their place when only the quantity shrinks, else out of the book and matched again."""

from ..schema.enums import LoanSource, OrderType, Side, SlippageKind
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import (
    TRADING_FROZEN,
    accepts_orders,
    eligible_to_trade,
    is_spot,
    least_lots,
    not_frozen,
    price_in_range,
    quantity_in_range,
    rows_left,
)
from .attached import grow_attached
from .book import ATTACHED, REDUCES, leave_position, lock_of, sold_asset, take_out, unlock
from .bounds import set_bound, within_band
from .contracts import bears_contract, reserved_for_contract, within_limits
from .emit import emit, refuse
from .jit import cold
from .orders import credit_taker, crosses, execute, funded, own_order, start_taker, value_fits
from .paying import bears_order, carry_out, plan, release
from .records import ORDER_AMENDED, EventKind, cast
from .reserves import LOAN_BITS, scale_reserved


@cold
def amendable(s, row, c):
    """Check what an amendment asks for, as far as it does not depend on keeping the place: steps 1 and 2."""
    market = s.markets[row.market]
    if not not_frozen(s, row.user, TRADING_FROZEN, Reject.TRADING_FROZEN):
        return False
    only_reduces = row.special & REDUCES != 0
    if not ((only_reduces or eligible_to_trade(s, row.user, market, row.side)) and accepts_orders(s, market)):
        return False
    if not price_in_range(s, market, c.price_ticks):
        return False
    executed = row.quantity_lots - row.remaining_lots
    if c.quantity_lots >= least_lots(market, only_reduces) and c.quantity_lots <= executed:
        return refuse(s, Reject.QUANTITY_BELOW_MINIMUM, c.quantity_lots, executed + 1)
    if not quantity_in_range(s, market, c.quantity_lots, only_reduces):
        return False
    if c.price_ticks != row.price_ticks and not within_band(s, row.market, c.price_ticks):
        return False
    if not (value_fits(s, market, c.price_ticks, c.quantity_lots) and whole_value_fits(s, market, row, c, executed)):
        return False
    if row.special & REDUCES != 0 and c.quantity_lots > row.quantity_lots:
        return refuse(s, Reject.INVALID_COMBINATION, 0, 0)
    return True


@cold
def whole_value_fits(s, market, row, c, executed):
    """Check that what was executed and what is still to be, at the new price, stay within MAX_ATOMS together."""
    still = c.price_ticks * (c.quantity_lots - executed) * market.quote_factor
    if row.executed_quote_atoms > MAX_ATOMS - still:
        return refuse(s, Reject.VALUE_TOO_LARGE, 0, MAX_ATOMS)
    return True


@cold
def requeueable(s, slot, c):
    """Check what an order needs that is matched again: step 4."""
    row = s.orders[slot]
    market = s.markets[row.market]
    if not rows_left(s):
        return False
    if row.post_only != 0:
        best = crosses(s, row.market, row.side, c.price_ticks)
        if best != 0:
            return refuse(s, Reject.WOULD_TAKE, c.price_ticks, best)
    left = c.quantity_lots - (row.quantity_lots - row.remaining_lots)
    if not is_spot(market):
        return contract_bears(s, slot, c, left)
    needed = lock_of(market, row.side, c.price_ticks, left)
    present = lock_of(market, row.side, row.price_ticks, row.remaining_lots)
    flags, asset = row.special & LOAN_BITS, sold_asset(market, row.side)
    s.payment[0].reserved_value = 0
    if flags == 0 and s.accounts[row.account].liabilities == 0:
        return funded(s, row.account, asset, needed, present)
    if not plan(s, row.account, asset, needed, present, flags):
        return False
    bought = lock_of(market, 1 - row.side, c.price_ticks, left)
    return bears_order(s, row.account, market, row.side, needed, bought, flags, slot)


@cold
def contract_bears(s, slot, c, left):
    """Check limits and margin of an order on a perpetual that is matched again with so many lots left."""
    row = s.orders[slot]
    change, reduces = left - row.remaining_lots, row.special & REDUCES != 0
    bids = change if row.side == Side.BID else 0
    asks = change if row.side == Side.ASK else 0
    if not within_limits(s, row.account, row.market, bids, asks, reduces):
        return False
    quote = c.price_ticks * left * s.markets[row.market].quote_factor
    reserved, eased = reserved_for_contract(
        s, row.account, row.market, row.side, left, quote, reduces, row.remaining_lots
    )
    return bears_contract(s, row.account, row.market, bids, asks, reserved, eased, slot)


@cold
def emit_amended(s, row, c, kept_place):
    """Append an amendment of an order that still has its former price and quantity, and return its place."""
    place = emit(s, EventKind.ORDER_AMENDED, row.account, row.market)
    event = cast(s.events, place, ORDER_AMENDED)
    event.order = row.id
    event.price_ticks = c.price_ticks
    event.quantity_lots = c.quantity_lots
    event.previous_price_ticks = row.price_ticks
    event.previous_remaining_lots = row.remaining_lots
    event.side = row.side
    event.kept_place = kept_place
    return place


@cold
def shrink(s, slot, c):
    """Lower the quantity of an order in its place: step 3."""
    row = s.orders[slot]
    place = emit_amended(s, row, c, 1)
    less = row.quantity_lots - c.quantity_lots
    release(s, row, less)
    scale_reserved(s, slot, row.remaining_lots - less, row.remaining_lots)
    if not is_spot(s.markets[row.market]):
        leave_position(s, row, less)
    row.quantity_lots -= less
    row.remaining_lots -= less
    s.levels[row.level].lots -= less
    if less != 0:
        s.markets[row.market].book_sequence = s.venue[0].sequence
    cast(s.events, place, ORDER_AMENDED).rested_lots = row.remaining_lots


@cold
def requeue(s, slot, c):
    """Take an order out of the book and match it with its new price and quantity: step 4."""
    row, taker = s.orders[slot], s.taker[0]
    market = s.markets[row.market]
    place = emit_amended(s, row, c, 0)
    present = take_back(s, slot, c.price_ticks, c.quantity_lots)
    if taker.loan_flags != 0:
        carry_out(s, taker.account, sold_asset(market, taker.side), LoanSource.SPOT_MARGIN, taker.order)
    set_bound(s, taker, SlippageKind.NONE, 0)
    rested = execute(s)
    cast(s.events, place, ORDER_AMENDED).rested_lots = rested
    if taker.loan_flags != 0:
        credit_taker(s, taker, present, rested)
    if taker.attached != 0 and taker.filled_lots != 0:
        grow_attached(s, taker.order, taker.filled_lots)


@cold
def take_back(s, slot, price_ticks, quantity_lots):
    """Take an order out of the book as the taker that it is to be; returns the atoms that it had locked."""
    row, taker = s.orders[slot], s.taker[0]
    market, executed = s.markets[row.market], row.quantity_lots - row.remaining_lots
    taker.order, taker.client_id, taker.created_us = row.id, row.client_id, row.created_us
    taker.price_ticks, taker.quantity_lots = price_ticks, quantity_lots
    taker.account, taker.user, taker.market = row.account, row.user, row.market
    taker.side, taker.order_type, taker.time_in_force = row.side, OrderType.LIMIT, row.time_in_force
    taker.post_only, taker.self_trade_prevention, taker.by_quote = row.post_only, row.self_trade_prevention, 0
    taker.earlier_lots, taker.earlier_quote_atoms = executed, row.executed_quote_atoms
    taker.loan_flags, taker.reduce_only = row.special & LOAN_BITS, 1 if row.special & REDUCES != 0 else 0
    taker.attached = 1 if row.special & ATTACHED != 0 else 0
    present = lock_of(market, row.side, row.price_ticks, row.remaining_lots)
    unlock(s, row, row.remaining_lots)
    take_out(s, slot)
    start_taker(s, taker, market, quantity_lots - executed, 0)
    return present


@cold
def amend_order(s, c):
    """Amend an open order; returns whether it was accepted."""
    slot = own_order(s, c.account, c.market, c.order)
    if slot == 0:
        return False
    row = s.orders[slot]
    if not amendable(s, row, c):
        return False
    if c.price_ticks == row.price_ticks and c.quantity_lots <= row.quantity_lots:
        shrink(s, slot, c)
        return True
    if not requeueable(s, slot, c):
        return False
    requeue(s, slot, c)
    return True
