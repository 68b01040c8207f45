"""Orders: what clients send and what they read."""

from typing import Literal

import msgspec

from ringfence.views.orders import OrderStatus

from .common import (
    U16,
    U32,
    CancelOrderTypeEnum,
    Decimal,
    MarketType,
    OrderTypeEnum,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
    TimeMs,
    Wire,
)


class OrderExecutePayload(Wire, frozen=True, kw_only=True):
    """A new order, one that waits for a price, or one with a take-profit and a stop-loss attached.

    ``triggerQuantity`` is a decimal, or whole percent of the position such as ``80%``.
    """

    symbol: str
    side: Side
    order_type: OrderTypeEnum
    price: Decimal | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool | None = None
    client_id: U32 | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    slippage_tolerance: Decimal | None = None
    slippage_tolerance_type: SlippageToleranceType | None = None
    broker_id: U16 | None = None
    reduce_only: bool | None = None
    auto_lend: bool | None = None
    auto_lend_redeem: bool | None = None
    auto_borrow: bool | None = None
    auto_borrow_repay: bool | None = None
    trigger_price: Decimal | None = None
    trigger_by: str | None = None
    trigger_quantity: str | None = None
    stop_loss_trigger_price: Decimal | None = None
    stop_loss_trigger_by: str | None = None
    stop_loss_limit_price: Decimal | None = None
    take_profit_trigger_price: Decimal | None = None
    take_profit_trigger_by: str | None = None
    take_profit_limit_price: Decimal | None = None


class OrderCancelPayload(Wire, frozen=True, kw_only=True):
    """One order, by one of its two ids."""

    symbol: str
    order_id: str | None = None
    client_id: U32 | None = None


class OrderCancelAllPayload(Wire, frozen=True, kw_only=True):
    """The open orders of a market."""

    symbol: str
    order_type: CancelOrderTypeEnum | None = None


class OrderAmendPayload(Wire, frozen=True, kw_only=True):
    """A new price, a new whole quantity, or both, for one open order by one of its two ids."""

    symbol: str
    order_id: str | None = None
    client_id: U32 | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None


class OrderQuery(Wire, frozen=True, kw_only=True):
    """One open order, by one of its two ids."""

    symbol: str
    order_id: str | None = None
    client_id: U32 | None = None


class OpenOrdersQuery(Wire, frozen=True, kw_only=True):
    """Open orders, of one market or of all."""

    symbol: str | None = None
    market_type: MarketType | None = None


class _LiveOrder(Wire, frozen=True, kw_only=True):
    id: str
    client_id: U32 | None
    created_at: TimeMs
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    quantity: Decimal
    self_trade_prevention: SelfTradePrevention
    side: Side
    status: OrderStatus
    symbol: str
    time_in_force: TimeInForce
    reduce_only: bool | None = None
    related_order_id: str | None = None
    stop_loss_limit_price: Decimal | None = None
    stop_loss_trigger_by: str | None = None
    stop_loss_trigger_price: Decimal | None = None
    strategy_id: str | None = None
    take_profit_limit_price: Decimal | None = None
    take_profit_trigger_by: str | None = None
    take_profit_trigger_price: Decimal | None = None
    trigger_by: str | None = None
    trigger_price: Decimal | None = None
    trigger_quantity: str | None = None
    triggered_at: TimeMs | None = None


class LimitOrder(_LiveOrder, frozen=True, kw_only=True, tag_field="orderType", tag="Limit"):
    """A limit order as it stands now."""

    post_only: bool
    price: Decimal


class MarketOrder(_LiveOrder, frozen=True, kw_only=True, tag_field="orderType", tag="Market"):
    """A market order as it ended."""

    quote_quantity: Decimal | None
    slippage_tolerance: Decimal | None = None
    slippage_tolerance_type: SlippageToleranceType | None = None


OrderType = LimitOrder | MarketOrder


class LimitOrderResult(LimitOrder, frozen=True, kw_only=True, tag_field="orderType", tag="Limit"):
    """A limit order of a batch."""

    operation: Literal["Ok"] = "Ok"


class MarketOrderResult(MarketOrder, frozen=True, kw_only=True, tag_field="orderType", tag="Market"):
    """A market order of a batch."""

    operation: Literal["Ok"] = "Ok"


class OrderError(Wire, frozen=True, kw_only=True):
    """An order of a batch that was refused."""

    code: str
    message: str
    operation: Literal["Err"] = "Err"


BatchCommandOrderResult = LimitOrderResult | MarketOrderResult | OrderError


def as_result(order: OrderType) -> LimitOrderResult | MarketOrderResult:
    """Return an order as an element of a batch's reply."""
    kind = LimitOrderResult if isinstance(order, LimitOrder) else MarketOrderResult
    return kind(**msgspec.structs.asdict(order))
