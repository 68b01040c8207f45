"""The commands of triggers (rules 2): one places a trigger, the other the order of the trigger that is due first."""

from typing import Any

from ringfence.schema.commands import PlaceOrder
from ringfence.schema.enums import BrakePhase, CloseReason, OrderType, TriggerEnd
from ringfence.schema.rejects import Reject

from . import book, orders, paying, positions, triggers
from .state import ASK, BID, Market, Refused, State, Trigger

ORDER = (
    "account",
    "market",
    "client_id",
    "price_ticks",
    "slippage",
    "side",
    "order_type",
    "time_in_force",
    "post_only",
    "self_trade_prevention",
    "slippage_kind",
    "loan_flags",
    "reduce_only",
)


def order_of(source: Any, quantity_lots: int, **others: int) -> PlaceOrder:
    """Return the order that a trigger, or the command that places it, stands for; ``others`` count instead."""
    return PlaceOrder(quantity_lots=quantity_lots, **{name: getattr(source, name) for name in ORDER} | others)


def place_trigger(state: State, command: Any, emit: Any) -> None:
    _, market = orders.may_place(state, command)
    quantity = market.minimum_quantity_lots if command.quantity_percent else command.quantity_lots
    order = order_of(command, quantity)
    orders.combines(market, order)
    sized_once = bool(command.quantity_lots) != bool(command.quantity_percent)
    if not sized_once or (command.quantity_percent and command.side == BID and not market.is_perpetual):
        raise Refused(Reject.INVALID_COMBINATION)
    in_range(market, command, order)
    triggers.room_for(state, command.account, 1)
    price = triggers.reference_price(state, market, command.trigger_by)
    if not price:
        raise Refused(Reject.NO_TRIGGER_PRICE, value=command.trigger_by)
    trigger = Trigger(
        trigger=state.sequence,
        parent=0,
        quantity_lots=command.quantity_lots,
        trigger_ticks=command.trigger_ticks,
        created_us=state.time_us,
        trigger_by=command.trigger_by,
        direction=triggers.RISES if command.trigger_ticks >= price else triggers.FALLS,
        quantity_percent=command.quantity_percent,
        **{name: getattr(command, name) for name in ORDER},
    )
    triggers.put(state, trigger, emit)
    triggers.arm(state, trigger)


def in_range(market: Market, command: Any, order: PlaceOrder) -> None:
    is_limit = order.order_type == OrderType.LIMIT
    if is_limit:
        orders.price_in_range(market, order.price_ticks)
    if not command.quantity_percent:
        orders.quantity_in_range(market, order.quantity_lots, 0, reduces=market.is_perpetual and order.reduce_only)
    orders.price_in_range(market, command.trigger_ticks)
    orders.value_in_range(market, order.price_ticks if is_limit else 0, order.quantity_lots)


def fire_trigger(state: State, command: Any, emit: Any) -> None:
    """Place the order of the trigger that was reached first, in the name of its account."""
    due = [trigger for trigger in state.triggers.values() if trigger.due]
    if not due:
        return
    trigger = min(due, key=lambda row: row.due)
    if any(wave.market == trigger.market for wave in state.waves.values()):
        return
    brakes = state.markets[trigger.market].brakes
    if brakes and brakes.phase != BrakePhase.NONE:
        trigger.armed, trigger.due = triggers.count(state), 0
        return
    del state.triggers[trigger.trigger]
    told: list[str] = []

    def emit_own(kind: str, account: int = trigger.account, market: int = trigger.market, **body: Any) -> None:
        told.append(kind)
        emit(kind, account=account, market=market, **body)

    market, order = state.markets[trigger.market], order_now(state, trigger)
    price = triggers.reference_price(state, market, trigger.trigger_by)
    emit_own("TriggerFired", trigger=trigger.trigger, quantity_lots=order.quantity_lots, price_ticks=price)
    try:
        if order.quantity_lots == 0:
            raise Refused(Reject.QUANTITY_BELOW_MINIMUM, limit=market.minimum_quantity_lots)
        orders.place(state, order, trigger.trigger, emit_own)
    except Refused as refused:
        assert told == ["TriggerFired"], "an order was refused after its first event"
        triggers.tell_end(trigger, TriggerEnd.FAILED, emit_own, refused.body)
        return
    for sibling in triggers.attached_rows(state, trigger.parent) if trigger.parent else ():
        triggers.end(state, sibling, TriggerEnd.SIBLING, emit_own)
    if parent := state.orders.get(trigger.parent):
        book.close(state, state.markets[parent.market], parent, CloseReason.TRIGGERED, emit)


def order_now(state: State, trigger: Trigger) -> PlaceOrder:
    """Return the order of a trigger with the quantity that it has now."""
    market, percent, quantity = state.markets[trigger.market], trigger.quantity_percent, trigger.quantity_lots
    flags = paying.flags_of(state, trigger.account, trigger.loan_flags)
    base = paying.spendable(state, trigger.account, market.base_asset, flags)
    if percent and market.is_perpetual:
        position = positions.seen(state, trigger.account, market)
        quantity = min(positions.to_reduce(position, trigger.side) * percent // 100, market.maximum_quantity_lots)
    elif percent:
        quantity = min(base * percent // 100 // market.lot_atoms, market.maximum_quantity_lots)
    elif trigger.parent and trigger.side == ASK and not market.is_perpetual:
        quantity = min(quantity, base // market.lot_atoms)
    reduces = 1 if percent and market.is_perpetual else trigger.reduce_only
    return order_of(trigger, quantity, reduce_only=reduces)
