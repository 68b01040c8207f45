"""From events and rows to the orders that a client reads."""

from typing import Any

from ringfence.schema.enums import OrderType as CoreOrderType
from ringfence.schema.events import OrderAccepted
from ringfence.schema.tables import OrderRow
from ringfence.views.catalog import Catalog, MarketInfo
from ringfence.views.orders import OrderResult, OrderStatus
from ringfence.views.rejections import rejection
from ringfence.views.triggers import Condition

from .errors import ApiError
from .names import SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE
from .tracker import TrackedOrder
from .trigger_replies import condition_fields
from .wire.order import LimitOrder, MarketOrder, OrderExecutePayload, OrderType


def rejected(result: OrderResult, catalog: Catalog) -> ApiError:
    """Return the answer to a command that the core refused."""
    assert result.reject is not None, "only a refused command is answered with an error"
    found = rejection(result.reject, catalog)
    return ApiError(found.status, found.code, found.message)


def placed_order(
    result: OrderResult, market: MarketInfo, payload: OrderExecutePayload, attached: dict[str, Any]
) -> OrderType:
    """Return a new order after its immediate matching, with the fields of what is attached to it."""
    accepted, status = result.accepted, result.status
    assert accepted is not None and status is not None, "an order that was not refused was accepted"
    tracked = TrackedOrder.from_event(accepted)
    tracked.executed_lots, tracked.executed_quote_atoms = result.executed_lots, result.executed_quote_atoms
    if accepted.order_type == CoreOrderType.LIMIT:
        return limit_order(tracked, status, market, **attached)
    return _market_order(tracked, accepted, status, market, payload, attached)


def open_order(row: OrderRow, market: MarketInfo, condition: Condition | None, attached: dict[str, Any]) -> LimitOrder:
    """Return an order as it stands in the book, with what it waited for before and what is attached to it."""
    tracked = TrackedOrder.from_row(row, condition)
    status = OrderStatus.PARTIALLY_FILLED if tracked.executed_lots else OrderStatus.NEW
    return limit_order(tracked, status, market, **attached)


def limit_order(tracked: TrackedOrder, status: OrderStatus, market: MarketInfo, **attached: Any) -> LimitOrder:
    """Return a limit order with its status."""
    waited: dict[str, Any] = {"created_at": tracked.created_us // 1_000}
    if tracked.condition is not None:
        waited = condition_fields(tracked.condition, market)
    return LimitOrder(
        id=str(tracked.order),
        client_id=tracked.client_id if tracked.client_id >= 0 else None,
        executed_quantity=market.quantity_text(tracked.executed_lots),
        executed_quote_quantity=market.quote_text(tracked.executed_quote_atoms),
        quantity=market.quantity_text(tracked.quantity_lots),
        self_trade_prevention=SELF_TRADE_PREVENTIONS[tracked.self_trade_prevention],
        side=SIDES[tracked.side],
        status=status,
        symbol=market.symbol,
        time_in_force=TIMES_IN_FORCE[tracked.time_in_force],
        post_only=bool(tracked.post_only),
        price=market.price_text(tracked.price_ticks),
        reduce_only=bool(tracked.reduce_only) if market.is_perpetual else None,
        **waited,
        **attached,
    )


def _market_order(
    tracked: TrackedOrder,
    accepted: OrderAccepted,
    status: OrderStatus,
    market: MarketInfo,
    payload: OrderExecutePayload,
    attached: dict[str, Any],
) -> MarketOrder:
    """Return a market order; one sized by quote shows as quantity what it executed."""
    quote_atoms = accepted.quote_atoms or tracked.executed_quote_atoms
    return MarketOrder(
        id=str(tracked.order),
        client_id=tracked.client_id if tracked.client_id >= 0 else None,
        created_at=tracked.created_us // 1_000,
        executed_quantity=market.quantity_text(tracked.executed_lots),
        executed_quote_quantity=market.quote_text(tracked.executed_quote_atoms),
        quantity=market.quantity_text(tracked.quantity_lots or tracked.executed_lots),
        quote_quantity=market.quote_text(quote_atoms),
        self_trade_prevention=SELF_TRADE_PREVENTIONS[tracked.self_trade_prevention],
        side=SIDES[tracked.side],
        status=status,
        symbol=market.symbol,
        time_in_force=TIMES_IN_FORCE[tracked.time_in_force],
        reduce_only=bool(tracked.reduce_only) if market.is_perpetual else None,
        slippage_tolerance=payload.slippage_tolerance,
        slippage_tolerance_type=payload.slippage_tolerance_type,
        **attached,
    )
