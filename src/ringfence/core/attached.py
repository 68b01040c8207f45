"""What is attached to an order: a take-profit and a stop-loss that close what it fills.  docs/rules.md, "Triggers"."""

from ..schema.enums import STOP_LOSS, TAKE_PROFIT, OrderType, Parameter, Side, TriggerDirection, TriggerEnd
from ..schema.rejects import Reject
from .admission import is_spot, price_in_range
from .book import ATTACHED, find_order
from .emit import refuse
from .jit import cold, hot
from .state import TRIGGERS
from .triggers import arm, emit_trigger_placed, end_trigger, find_trigger, link_trigger, open_trigger


@hot
def attaches(c):
    """Whether anything is attached to a new order."""
    return c.take_profit_ticks | c.take_profit_price_ticks | c.stop_loss_ticks | c.stop_loss_price_ticks != 0


@cold
def triggers_left(s, account, more):
    """Check that there is room for so many triggers more."""
    after, most = s.account_triggers[account].count + more, s.parameters[Parameter.TRIGGERS_PER_ACCOUNT]
    if after > most:
        return refuse(s, Reject.TRIGGERS_LIMIT, after, most)
    after, capacity = s.pools[TRIGGERS].rows + more, s.parameters[Parameter.TRIGGERS]
    return after <= capacity or refuse(s, Reject.VENUE_FULL, after, capacity)


@cold
def attached_price_fits(s, market, trigger_ticks, price_ticks):
    """Check that an attached trigger, if it is given, and its price are within the market's range."""
    if trigger_ticks == 0:
        return True
    if not price_in_range(s, market, trigger_ticks):
        return False
    return price_ticks == 0 or price_in_range(s, market, price_ticks)


@cold
def is_above(s, higher, lower, side):
    """Check that one price is above another for a bid, below it for an ask."""
    fits = higher > lower if side == Side.BID else higher < lower
    return fits or refuse(s, Reject.WRONG_SIDE_TRIGGER, higher, lower)


@cold
def on_their_sides(s, c):
    """Check that the take-profit is where the order gains, and the stop-loss where it loses."""
    limit = c.order_type == OrderType.LIMIT
    if limit and c.take_profit_ticks != 0 and not is_above(s, c.take_profit_ticks, c.price_ticks, c.side):
        return False
    if limit and c.stop_loss_ticks != 0 and not is_above(s, c.stop_loss_ticks, c.price_ticks, 1 - c.side):
        return False
    both = c.take_profit_ticks != 0 and c.stop_loss_ticks != 0
    return not both or is_above(s, c.take_profit_ticks, c.stop_loss_ticks, c.side)


@cold
def attachable(s, c):
    """Check what is attached to a new order."""
    market = s.markets[c.market]
    lonely = (c.take_profit_ticks == 0 and c.take_profit_price_ticks != 0) or (
        c.stop_loss_ticks == 0 and c.stop_loss_price_ticks != 0
    )
    if lonely or c.reduce_only != 0:
        return refuse(s, Reject.INVALID_COMBINATION, 0, 0)
    if not attached_price_fits(s, market, c.take_profit_ticks, c.take_profit_price_ticks):
        return False
    if not attached_price_fits(s, market, c.stop_loss_ticks, c.stop_loss_price_ticks):
        return False
    if not on_their_sides(s, c):
        return False
    more = (1 if c.take_profit_ticks != 0 else 0) + (1 if c.stop_loss_ticks != 0 else 0)
    return triggers_left(s, c.account, more)


@cold
def attach_one(s, c, taker, number, trigger_ticks, price_ticks, trigger_by, direction):
    """Open one of the triggers of an order."""
    slot = open_trigger(s)
    row = s.triggers[slot]
    row.id, row.trigger, row.parent = number, number, taker.order
    row.account, row.market, row.client_id = taker.account, taker.market, -1
    row.price_ticks, row.quantity_lots, row.slippage = price_ticks, taker.filled_lots, 0
    row.trigger_ticks, row.created_us = trigger_ticks, s.venue[0].time_us
    row.side, row.order_type = 1 - taker.side, OrderType.LIMIT if price_ticks != 0 else OrderType.MARKET
    row.time_in_force, row.post_only, row.slippage_kind, row.quantity_percent = 0, 0, 0, 0
    row.self_trade_prevention, row.loan_flags = taker.self_trade_prevention, c.loan_flags
    row.reduce_only = 0 if is_spot(s.markets[taker.market]) else 1
    row.trigger_by, row.direction = trigger_by, direction
    link_trigger(s, slot)
    emit_trigger_placed(s, slot)


@cold
def attach(s, c, taker):
    """Open the triggers of an order that was accepted, unless it ended without a fill."""
    number = taker.order
    slot = find_order(s, number)
    if slot == 0 and taker.filled_lots == 0:
        return
    gains = TriggerDirection.RISES if taker.side == Side.BID else TriggerDirection.FALLS
    if c.take_profit_ticks != 0:
        attach_one(
            s, c, taker, number + TAKE_PROFIT, c.take_profit_ticks, c.take_profit_price_ticks, c.take_profit_by, gains
        )
    if c.stop_loss_ticks != 0:
        attach_one(
            s, c, taker, number + STOP_LOSS, c.stop_loss_ticks, c.stop_loss_price_ticks, c.stop_loss_by, 1 - gains
        )
    if slot != 0:
        s.orders[slot].special |= ATTACHED
    if taker.filled_lots != 0:
        grow_one(s, number + TAKE_PROFIT, 0)
        grow_one(s, number + STOP_LOSS, 0)


@cold
def grow_one(s, number, lots):
    """Let a trigger close so many lots more, and watch its price if it does not yet."""
    slot = find_trigger(s, number)
    if slot != 0:
        s.triggers[slot].quantity_lots += lots
        if s.triggers[slot].armed == 0:
            arm(s, slot)


@cold
def grow_attached(s, order, lots):
    """Let what is attached to an order follow a fill of it."""
    grow_one(s, order + TAKE_PROFIT, lots)
    grow_one(s, order + STOP_LOSS, lots)


@cold
def end_one(s, number):
    """End a trigger whose parent left without a fill."""
    slot = find_trigger(s, number)
    if slot != 0:
        end_trigger(s, slot, TriggerEnd.PARENT)


@cold
def end_attached(s, order):
    """End what is attached to an order that left without a fill."""
    end_one(s, order + TAKE_PROFIT)
    end_one(s, order + STOP_LOSS)
