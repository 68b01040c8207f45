"""Messages about orders: of one that was placed, and of one that waits for a price."""

from collections.abc import Sequence
from typing import Any

from ringfence.schema.enums import OrderType, SelfTradePrevention, Side, TimeInForce
from ringfence.schema.events import Deleveraged, EstateClosed, Event
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.tables import TriggerRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.history.estates import closing_of
from ringfence.views.orders import Fill, OrderOrigin, OrderStatus
from ringfence.views.triggers import Condition

from ..names import ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE
from ..tracker import TrackedOrder
from ..trigger_entry import TRIGGERED_BY_NAMES
from ..trigger_replies import trigger_quantity
from ..wire.stream import UNSET, OrderData


def order_data(
    name: str,
    event: Event,
    tracked: TrackedOrder,
    attached: Sequence[TriggerRow | None],
    status: OrderStatus,
    market: MarketInfo,
    now_us: int,
    fill: Fill | None = None,
    reason: str | None = None,
) -> OrderData:
    """Return the message of one event of an order, after the order has taken it in."""
    is_limit = tracked.order_type == OrderType.LIMIT
    fee_asset = market.fee_asset(fill.side) if fill is not None else market.quote
    return OrderData(
        event=name,
        event_us=now_us,
        symbol=market.symbol,
        client_id=tracked.client_id if tracked.client_id >= 0 else UNSET,
        side=SIDES[tracked.side],
        order_type=ORDER_TYPES[tracked.order_type].upper(),
        time_in_force=TIMES_IN_FORCE[tracked.time_in_force],
        quantity=market.quantity_padded(tracked.quantity_lots or tracked.executed_lots),
        quote_quantity=_quote_quantity(tracked, market),
        price=market.price_padded(tracked.price_ticks) if is_limit else UNSET,
        status=status,
        expiry_reason=reason or UNSET,
        order=str(tracked.order),
        trade=fill.trade if fill else None,
        fill_quantity=market.quantity_padded(fill.quantity_lots) if fill else UNSET,
        fill_price=market.price_padded(fill.price_ticks) if fill else UNSET,
        is_maker=fill.is_maker if fill else UNSET,
        fee=fee_asset.padded(fill.fee_atoms) if fill else UNSET,
        fee_symbol=fee_asset.symbol if fill else UNSET,
        executed_quantity=market.quantity_padded(tracked.executed_lots),
        executed_quote_quantity=market.quote_padded(tracked.executed_quote_atoms),
        self_trade_prevention=SELF_TRADE_PREVENTIONS[tracked.self_trade_prevention],
        engine_us=event.time_us,
        origin=tracked.origin,
        post_only=bool(tracked.post_only) if is_limit else UNSET,
        reduce_only=bool(tracked.reduce_only),
        **_condition_letters(tracked.condition, market),
        **_attached_letters(attached, market),
    )


def trigger_data(
    name: str,
    event: Event,
    row: TriggerRow,
    condition: Condition | None,
    status: OrderStatus,
    market: MarketInfo,
    now_us: int,
    reason: str | None = None,
) -> OrderData:
    """Return the message of a conditional order, which has no quantity before it fires."""
    is_limit = row.order_type == OrderType.LIMIT
    return OrderData(
        event=name,
        event_us=now_us,
        symbol=market.symbol,
        client_id=row.client_id if row.client_id >= 0 else UNSET,
        side=SIDES[row.side],
        order_type=ORDER_TYPES[row.order_type].upper(),
        time_in_force=TIMES_IN_FORCE[row.time_in_force],
        quantity="0",
        quote_quantity="0",
        price=market.price_padded(row.price_ticks) if is_limit else UNSET,
        status=status,
        expiry_reason=reason or UNSET,
        order=str(row.trigger),
        executed_quantity="0",
        executed_quote_quantity="0",
        self_trade_prevention=SELF_TRADE_PREVENTIONS[row.self_trade_prevention],
        engine_us=event.time_us,
        post_only=bool(row.post_only) if is_limit else UNSET,
        reduce_only=bool(row.reduce_only),
        **_condition_letters(condition or Condition.of_row(row), market),
    )


def closing_data(event: EstateClosed | Deleveraged, market: MarketInfo, now_us: int) -> OrderData:
    """Return the message of lots that a deleveraging closed: a fill without a trade, at the price that was really had.

    No order stands behind it: its number is that of the command.
    """
    closing = closing_of(event, market.row.quote_factor)
    quantity, quote = market.quantity_padded(abs(closing.lots)), market.quote_padded(closing.quote_atoms)
    price = market.price_padded(closing.price_ticks)
    return OrderData(
        event="orderFill",
        event_us=now_us,
        symbol=market.symbol,
        side=SIDES[Side.BID if closing.lots > 0 else Side.ASK],
        order_type=ORDER_TYPES[OrderType.LIMIT].upper(),
        time_in_force=TIMES_IN_FORCE[TimeInForce.IOC],
        quantity=quantity,
        quote_quantity=quote,
        price=price,
        status=OrderStatus.FILLED,
        order=str(event.sequence),
        fill_quantity=quantity,
        fill_price=price,
        is_maker=isinstance(event, Deleveraged),
        fee="0",
        fee_symbol=market.quote.symbol,
        executed_quantity=quantity,
        executed_quote_quantity=quote,
        self_trade_prevention=SELF_TRADE_PREVENTIONS[SelfTradePrevention.REJECT_MAKER],
        engine_us=event.time_us,
        origin=OrderOrigin.DELEVERAGING,
        post_only=False,
        reduce_only=True,
    )


def _condition_letters(condition: Condition | None, market: MarketInfo) -> dict[str, Any]:
    """Return what an order waits or waited for, and what it is attached to."""
    if condition is None:
        return {}
    return {
        "trigger_price": market.price_padded(condition.trigger_ticks),
        "trigger_by": TRIGGERED_BY_NAMES[condition.trigger_by],
        "trigger_quantity": trigger_quantity(condition, market),
        "related_order": str(condition.parent) if condition.parent else UNSET,
    }


def _attached_letters(attached: Sequence[TriggerRow | None], market: MarketInfo) -> dict[str, Any]:
    letters: dict[str, Any] = {}
    for prefix, row in zip(("take_profit", "stop_loss"), attached, strict=False):
        if row is None:
            continue
        letters[f"{prefix}_trigger"] = market.price_padded(row.trigger_ticks)
        letters[f"{prefix}_by"] = TRIGGERED_BY_NAMES[row.trigger_by]
        if row.order_type == OrderType.LIMIT:
            letters[f"{prefix}_limit"] = market.price_padded(row.price_ticks)
    return letters


def _quote_quantity(tracked: TrackedOrder, market: MarketInfo) -> str:
    """Return what the order is worth in quote: at its limit price, or what it was sized by, or what it executed."""
    if tracked.price_ticks:
        atoms = min(tracked.price_ticks * tracked.quantity_lots * market.row.quote_factor, MAX_ATOMS)
    else:
        atoms = tracked.quote_atoms or tracked.executed_quote_atoms
    return market.quote_padded(atoms)
