"""Conditional orders as a client reads them."""

from typing import Any

from ringfence.schema.enums import OrderType, SlippageKind
from ringfence.schema.tables import TriggerRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.orders import OrderStatus
from ringfence.views.triggers import Condition, attached_numbers

from .names import SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE
from .state import VenueState
from .trigger_entry import TRIGGERED_BY_NAMES
from .wire import order as wire
from .wire.common import SlippageToleranceType


def trigger_quantity(waits: TriggerRow | Condition, market: MarketInfo) -> str:
    """Return the size of a trigger: a decimal, or the percentage of a position."""
    return f"{waits.quantity_percent}%" if waits.quantity_percent else market.quantity_text(waits.quantity_lots)


def condition_fields(condition: Condition, market: MarketInfo) -> dict[str, Any]:
    """Return what an order waits or waited for; its own time is that when it began to wait."""
    return {
        "created_at": condition.created_us // 1_000,
        "related_order_id": str(condition.parent) if condition.parent else None,
        "trigger_by": TRIGGERED_BY_NAMES[condition.trigger_by],
        "trigger_price": market.price_text(condition.trigger_ticks),
        "trigger_quantity": trigger_quantity(condition, market),
        "triggered_at": condition.triggered_us // 1_000 if condition.triggered_us else None,
    }


def trigger_order(
    row: TriggerRow, market: MarketInfo, status: OrderStatus = OrderStatus.TRIGGER_PENDING
) -> wire.OrderType:
    """Return a conditional order with its status; it has a quantity only once its order is placed."""
    shared: dict[str, Any] = {
        "id": str(row.trigger),
        "client_id": row.client_id if row.client_id >= 0 else None,
        "executed_quantity": "0",
        "executed_quote_quantity": "0",
        "quantity": "0",
        "self_trade_prevention": SELF_TRADE_PREVENTIONS[row.self_trade_prevention],
        "side": SIDES[row.side],
        "status": status,
        "symbol": market.symbol,
        "time_in_force": TIMES_IN_FORCE[row.time_in_force],
        "reduce_only": bool(row.reduce_only) if market.is_perpetual else None,
    } | condition_fields(Condition.of_row(row), market)
    if row.order_type == OrderType.LIMIT:
        return wire.LimitOrder(**shared, post_only=bool(row.post_only), price=market.price_text(row.price_ticks))
    return wire.MarketOrder(**shared, quote_quantity="0", **_slippage(row))


def attached_to(exchange: VenueState, order: int, market: MarketInfo) -> dict[str, Any]:
    """Return the take-profit and stop-loss fields of an order from what still waits for it."""
    fields: dict[str, Any] = {}
    for prefix, number in zip(("take_profit", "stop_loss"), attached_numbers(order), strict=False):
        row = exchange.trigger(number)
        if row is not None:
            fields[f"{prefix}_trigger_price"] = market.price_text(row.trigger_ticks)
            fields[f"{prefix}_trigger_by"] = TRIGGERED_BY_NAMES[row.trigger_by]
            is_limit = row.order_type == OrderType.LIMIT
            fields[f"{prefix}_limit_price"] = market.price_text(row.price_ticks) if is_limit else None
    return fields


def _slippage(row: TriggerRow) -> dict[str, Any]:
    if row.slippage_kind == SlippageKind.NONE:
        return {}
    if row.slippage_kind == SlippageKind.TICKS:
        return {"slippage_tolerance": str(row.slippage), "slippage_tolerance_type": SlippageToleranceType.TICK_SIZE}
    percent, rest = divmod(row.slippage, 10_000)
    text = f"{percent}.{rest:04}".rstrip("0").rstrip(".")
    return {"slippage_tolerance": text, "slippage_tolerance_type": SlippageToleranceType.PERCENT}
