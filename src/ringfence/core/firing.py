"""Placing triggers, and firing the one whose turn it is: its order is placed as any other.

docs/rules.md, "Triggers".
"""

from ..schema.enums import (
    STOP_LOSS,
    TAKE_PROFIT,
    CloseReason,
    MarketKind,
    OrderType,
    Side,
    TriggerDirection,
    TriggerEnd,
)
from ..schema.rejects import Reject
from .admission import is_deleveraging, is_spot, price_in_range, quantity_in_range
from .attached import triggers_left
from .bits import divide_down
from .book import find_order
from .brakes import is_braked
from .cancels import cancel
from .emit import emit, refuse
from .jit import cold
from .orders import combination_fits, kind_fits, may_trade, value_fits
from .paying import flags_of, spendable
from .positions import find_position, reducible
from .records import PLACE_ORDER, TRIGGER_CLOSED, TRIGGER_FIRED, WORDS, EventKind, cast
from .triggers import (
    arm,
    emit_trigger_closed,
    emit_trigger_placed,
    end_trigger,
    find_trigger,
    give_back,
    link_trigger,
    open_trigger,
    reference_price,
    take_away,
    wait_again,
)

PERCENT = 100


@cold
def order_of(s, slot, quantity_lots):
    """Write the order that a trigger will place."""
    row, words = s.triggers[slot], cast(s.fired, 0, WORDS)
    for k in range(16):
        words.word[k] = 0
    order = cast(s.fired, 0, PLACE_ORDER)
    order.sequence, order.time_us, order.account = row.id, s.venue[0].time_us, row.account
    order.market, order.side, order.order_type = row.market, row.side, row.order_type
    order.time_in_force, order.post_only = row.time_in_force, row.post_only
    order.self_trade_prevention, order.slippage_kind = row.self_trade_prevention, row.slippage_kind
    order.client_id, order.price_ticks, order.quantity_lots = row.client_id, row.price_ticks, quantity_lots
    order.slippage, order.loan_flags, order.reduce_only = row.slippage, row.loan_flags, row.reduce_only


@cold
def copy_trigger(s, c, slot):
    """Fill a row from the command that places it."""
    row = s.triggers[slot]
    row.id, row.trigger, row.parent = c.sequence, c.sequence, 0
    row.account, row.market, row.client_id = c.account, c.market, c.client_id
    row.price_ticks, row.quantity_lots, row.slippage = c.price_ticks, c.quantity_lots, c.slippage
    row.trigger_ticks, row.created_us = c.trigger_ticks, c.time_us
    row.side, row.order_type, row.time_in_force = c.side, c.order_type, c.time_in_force
    row.post_only, row.self_trade_prevention = c.post_only, c.self_trade_prevention
    row.slippage_kind, row.loan_flags, row.reduce_only = c.slippage_kind, c.loan_flags, c.reduce_only
    row.trigger_by, row.quantity_percent = c.trigger_by, c.quantity_percent


@cold
def percent_fits(s, market, c):
    """Whether the size of a trigger is given once, and as a percentage only of what there is one of."""
    if (c.quantity_lots == 0) == (c.quantity_percent == 0):
        return False
    return c.quantity_percent == 0 or c.side == Side.ASK or not is_spot(market)


@cold
def trigger_fits(s, c, order):
    """Check the form of a trigger and of the order that it will place: steps 2 and 3 of PlaceTrigger."""
    market = s.markets[order.market]
    if not (percent_fits(s, market, c) and combination_fits(order) and kind_fits(s, market, order)):
        return refuse(s, Reject.INVALID_COMBINATION, 0, 0)
    if order.order_type == OrderType.LIMIT and not price_in_range(s, market, order.price_ticks):
        return False
    reduces = order.reduce_only != 0
    if c.quantity_percent == 0 and not quantity_in_range(s, market, order.quantity_lots, reduces):
        return False
    return price_in_range(s, market, c.trigger_ticks) and value_fits(s, market, order.price_ticks, order.quantity_lots)


@cold
def place_trigger(s, c):
    """Have an order placed when a price is reached; returns whether it was accepted."""
    slot = open_trigger(s)
    copy_trigger(s, c, slot)
    row = s.triggers[slot]
    quantity_lots = c.quantity_lots
    if c.quantity_percent != 0 and 1 <= c.market <= s.venue[0].markets:
        quantity_lots = s.markets[c.market].minimum_quantity_lots
    order_of(s, slot, quantity_lots)
    order = cast(s.fired, 0, PLACE_ORDER)
    if not (may_trade(s, order) and trigger_fits(s, c, order) and triggers_left(s, c.account, 1)):
        give_back(s, slot)
        return False
    price = reference_price(s, c.market, c.trigger_by)
    if price == 0:
        give_back(s, slot)
        return refuse(s, Reject.NO_TRIGGER_PRICE, c.trigger_by, 0)
    row.direction = TriggerDirection.RISES if c.trigger_ticks >= price else TriggerDirection.FALLS
    link_trigger(s, slot)
    emit_trigger_placed(s, slot)
    arm(s, slot)
    return True


@cold
def lots_to_fire(s, slot):
    """Return how many lots the order of a trigger has now."""
    row = s.triggers[slot]
    market = s.markets[row.market]
    if market.market_kind != MarketKind.SPOT:
        if row.quantity_percent == 0:
            return row.quantity_lots
        position = find_position(s, row.account, row.market)
        lots = reducible(s.positions[position], row.side) * row.quantity_percent // PERCENT if position != 0 else 0
        return min(lots, market.maximum_quantity_lots)
    if row.quantity_percent == 0 and (row.parent == 0 or row.side == Side.BID):
        return row.quantity_lots
    # What was bought may have been lent at once, and the order will redeem it.
    flags = flags_of(s.accounts[row.account].account_flags, row.loan_flags)
    held = spendable(s, row.account, market.base_asset, flags)
    if row.quantity_percent != 0:
        lots = divide_down(held, row.quantity_percent, PERCENT) // market.lot_atoms
        return min(lots, market.maximum_quantity_lots)
    return min(row.quantity_lots, held // market.lot_atoms)


@cold
def has_size(s, order):
    """Check that there is anything left to order."""
    least = s.markets[order.market].minimum_quantity_lots
    return order.quantity_lots != 0 or refuse(s, Reject.QUANTITY_BELOW_MINIMUM, 0, least)


@cold
def end_sibling(s, number, parent):
    """End the other trigger of the pair, of which one has fired."""
    slot = find_trigger(s, parent + (TAKE_PROFIT if number - parent == STOP_LOSS else STOP_LOSS))
    if slot != 0:
        end_trigger(s, slot, TriggerEnd.SIBLING)


@cold
def end_rest_of_parent(s, parent):
    """Cancel what still stands of the order whose position is being closed: nothing would close what it brings."""
    slot = find_order(s, parent)
    if slot != 0:
        cancel(s, slot, CloseReason.TRIGGERED.value)


@cold
def emit_failed(s, account, market, number, parent):
    """Append that the order of a trigger was refused, and why."""
    venue = s.venue[0]
    place = emit_trigger_closed(s, account, market, number, parent, TriggerEnd.FAILED)
    event = cast(s.events, place, TRIGGER_CLOSED)
    event.reject, event.field_number, event.asset = venue.reject, venue.reject_field, venue.reject_asset
    event.value, event.limit = venue.reject_value, venue.reject_limit


@cold
def begin_firing(s):
    """Write the order of the trigger that has been due longest; returns whether there is one to place."""
    slot, own = s.venue[0].first_due, s.own[0]
    if slot == 0 or is_deleveraging(s, s.triggers[slot].market):
        return False
    row = s.triggers[slot]
    if is_braked(s, row.market):
        wait_again(s, slot)
        return False
    own.number, own.parent, own.account, own.market = row.id, row.parent, row.account, row.market
    lots = lots_to_fire(s, slot)
    order_of(s, slot, lots)
    order = cast(s.fired, 0, PLACE_ORDER)
    if row.quantity_percent != 0 and not is_spot(s.markets[row.market]):
        order.reduce_only = 1
    event = cast(s.events, emit(s, EventKind.TRIGGER_FIRED, own.account, own.market), TRIGGER_FIRED)
    event.trigger, event.quantity_lots = own.number, lots
    event.price_ticks = reference_price(s, row.market, row.trigger_by)
    take_away(s, slot)
    if not has_size(s, order):
        end_firing(s, False)
        return False
    return True


@cold
def end_firing(s, accepted):
    """Say what became of the order that a trigger placed."""
    own = s.own[0]
    if not accepted:
        emit_failed(s, own.account, own.market, own.number, own.parent)
    elif own.parent != 0:
        end_sibling(s, own.number, own.parent)
        end_rest_of_parent(s, own.parent)
