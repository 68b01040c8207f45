"""Orders: place, look up, amend, cancel, one or many."""

from ringfence.schema.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from ringfence.views.decimals import AmountError
from ringfence.views.orders import OrderStatus, amended, cancelled, placed

from ..calls import Call, amount_error
from ..errors import ApiError, invalid_request
from ..names import market_type
from ..operations import Family, ListOfAny, Tag
from ..order_entry import body_market, find_open_order, place_order
from ..order_replies import limit_order, open_order, placed_order, rejected
from ..tracker import OrderTracker, TrackedOrder
from ..wire import order as wire
from ..wire.common import CancelOrderTypeEnum

FAMILY = Family(Tag.ORDERS)


@FAMILY.signed("POST", "/api/v1/order", "execute_order", wire.OrderType, "orderExecute", body=wire.OrderExecutePayload)
async def execute_order(call: Call) -> wire.OrderType:
    """Place an order; the reply tells what it matched at once."""
    command = place_order(call, call.body)
    (events,) = await call.gateway.submit([command])
    result = placed(events)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    return placed_order(result, call.market(call.body.symbol), call.body)


@FAMILY.signed(
    "POST",
    "/api/v1/orders",
    "execute_order_batch",
    ListOfAny((wire.LimitOrderResult, wire.MarketOrderResult, wire.OrderError)),
    "orderExecute",
    body=list[wire.OrderExecutePayload],
)
async def execute_order_batch(call: Call) -> list[wire.BatchCommandOrderResult]:
    """Place several orders in one piece; each has a result of its own, in the same order."""
    payloads: list[wire.OrderExecutePayload] = call.body
    limit = call.gateway.settings.batch_orders
    if not 0 < len(payloads) <= limit:
        raise invalid_request(f"a batch has 1 to {limit} orders, this one has {len(payloads)}")
    results: list[wire.BatchCommandOrderResult | None] = [None] * len(payloads)
    commands: dict[int, PlaceOrder] = {}
    for place, payload in enumerate(payloads):
        try:
            commands[place] = place_order(call, payload)
        except ApiError as error:
            results[place] = wire.OrderError(code=error.code, message=error.message)
    if commands:
        answers = await call.gateway.submit(list(commands.values()))
        for place, events in zip(commands, answers, strict=True):
            result = placed(events)
            if result.reject is not None:
                error = rejected(result, call.gateway.catalog)
                results[place] = wire.OrderError(code=error.code, message=error.message)
            else:
                order = placed_order(result, call.market(payloads[place].symbol), payloads[place])
                results[place] = wire.as_result(order)
    return [result for result in results if result is not None]


@FAMILY.signed("GET", "/api/v1/order", "get_order", wire.OrderType, "orderQuery", query=wire.OrderQuery)
async def get_order(call: Call) -> wire.OrderType:
    """Return one open order; finished ones stand in history."""
    market = call.market(call.query.symbol)
    return open_order(find_open_order(call, market, call.query.order_id, call.query.client_id), market)


@FAMILY.signed(
    "GET", "/api/v1/orders", "get_open_orders", list[wire.OrderType], "orderQueryAll", query=wire.OpenOrdersQuery
)
async def get_open_orders(call: Call) -> list[wire.OrderType]:
    """List the open orders, oldest first."""
    market = call.market_or_none(call.query.symbol)
    rows = call.gateway.exchange.open_orders(call.account, market.number if market else 0)
    found = [(row, call.gateway.catalog.market_by_number[row.market]) for row in rows]
    wanted = call.query.market_type
    return [open_order(row, market) for row, market in found if wanted in (None, market_type(market))]


@FAMILY.signed("DELETE", "/api/v1/order", "cancel_order", wire.OrderType, "orderCancel", body=wire.OrderCancelPayload)
async def cancel_order(call: Call) -> wire.OrderType:
    """Cancel one open order and return it as it ended."""
    market = body_market(call, call.body.symbol, "OrderCancelPayload")
    row = find_open_order(call, market, call.body.order_id, call.body.client_id)
    command = CancelOrder(account=call.account, market=market.number, order=row.order)
    (events,) = await call.gateway.submit([command])
    (result,) = cancelled(events)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    tracked = TrackedOrder.from_row(row)
    assert result.closed is not None, "a cancellation that was not refused closes its order"
    tracked.price_ticks = result.closed.price_ticks
    tracked.quantity_lots = result.closed.executed_lots + result.closed.remaining_lots
    tracked.close(result.closed)
    return limit_order(tracked, OrderStatus.CANCELLED, market)


@FAMILY.signed(
    "DELETE",
    "/api/v1/orders",
    "cancel_open_orders",
    list[wire.OrderType],
    "orderCancelAll",
    body=wire.OrderCancelAllPayload,
)
async def cancel_open_orders(call: Call) -> list[wire.OrderType]:
    """Cancel the open orders of a market and return them as they ended."""
    market = body_market(call, call.body.symbol, "OrderCancelAllPayload")
    if call.body.order_type is CancelOrderTypeEnum.CONDITIONAL_ORDER:
        return []
    rows = call.gateway.exchange.open_orders(call.account, market.number)
    tracker = OrderTracker(call.account, rows, follows_new=True, keeps_closed=True)
    command = CancelAllOrders(account=call.account, market=market.number)
    with call.gateway.trackers.following(tracker):
        (events,) = await call.gateway.submit([command])
    results = cancelled(events)
    if results and results[0].reject is not None:
        raise rejected(results[0], call.gateway.catalog)
    return [limit_order(tracker.orders[result.order], OrderStatus.CANCELLED, market) for result in results]


@FAMILY.signed("PATCH", "/ringfence/v1/order", "orderAmend", wire.OrderType, "orderAmend", body=wire.OrderAmendPayload)
async def amend_order(call: Call) -> wire.OrderType:
    """Change price, whole quantity, or both, of an open order; it keeps its place when only the quantity shrinks."""
    body = call.body
    market = body_market(call, body.symbol, "OrderAmendPayload")
    if body.price is None and body.quantity is None:
        raise invalid_request("Must specify `price`, `quantity` or both")
    row = find_open_order(call, market, body.order_id, body.client_id)
    try:
        price_ticks = row.price_ticks if body.price is None else market.parse_price(body.price)
        quantity_lots = row.quantity_lots if body.quantity is None else market.parse_quantity(body.quantity)
    except AmountError as error:
        raise amount_error(error) from None
    command = AmendOrder(
        account=call.account,
        market=market.number,
        order=row.order,
        price_ticks=price_ticks,
        quantity_lots=quantity_lots,
    )
    tracker = OrderTracker(call.account, [row], follows_new=False, keeps_closed=True)
    with call.gateway.trackers.following(tracker):
        (events,) = await call.gateway.submit([command])
    result = amended(events, row)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    tracked, status = tracker.orders[row.order], result.status
    assert status is not None, "an amendment that was not refused has a status"
    return limit_order(tracked, status, market)
