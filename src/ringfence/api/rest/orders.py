"""Orders: place, look up, amend, cancel, one or many."""

from collections.abc import Sequence

from ringfence.schema.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder, PlaceTrigger
from ringfence.schema.enums import Cancels
from ringfence.schema.events import Event, TriggerPlaced
from ringfence.schema.tables import OrderRow, TriggerRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import AmountError
from ringfence.views.orders import OrderStatus, amended, cancelled, ended_triggers, placed
from ringfence.views.triggers import placed_trigger

from ..calls import Call, amount_error
from ..errors import ApiError, invalid_order, invalid_request
from ..names import market_type
from ..operations import Family, ListOfAny, Tag
from ..order_entry import body_market, find_open_order, place_order
from ..order_replies import limit_order, open_order, placed_order, rejected
from ..tracker import OrderTracker, TrackedOrder
from ..trigger_replies import attached_to, trigger_order
from ..wire import order as wire
from ..wire.common import CancelOrderTypeEnum

FAMILY = Family(Tag.ORDERS)
CANCELS = {
    None: Cancels.ALL,
    CancelOrderTypeEnum.RESTING_LIMIT_ORDER: Cancels.ORDERS,
    CancelOrderTypeEnum.CONDITIONAL_ORDER: Cancels.TRIGGERS,
}


@FAMILY.signed("POST", "/api/v1/order", "execute_order", wire.OrderType, "orderExecute", body=wire.OrderExecutePayload)
async def execute_order(call: Call) -> wire.OrderType:
    """Place an order; the reply tells what it matched at once."""
    command = place_order(call, call.body)
    (events,) = await call.gateway.submit([command])
    return _placed(call, call.body, events)


def _placed(call: Call, payload: wire.OrderExecutePayload, events: Sequence[Event]) -> wire.OrderType:
    """Return what became of a new order, or of one that waits for a price; raises ``ApiError`` if it was refused."""
    market, exchange = call.market(payload.symbol), call.gateway.exchange
    if isinstance(events[0], TriggerPlaced):
        return trigger_order(placed_trigger(events[0]), market)
    result = placed(events)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    return placed_order(result, market, payload, attached_to(exchange, result.order, market))


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
    commands: dict[int, PlaceOrder | PlaceTrigger] = {}
    for place, payload in enumerate(payloads):
        try:
            commands[place] = place_order(call, payload)
        except ApiError as error:
            results[place] = wire.OrderError(code=error.code, message=error.message)
    if commands:
        answers = await call.gateway.submit(list(commands.values()))
        for place, events in zip(commands, answers, strict=True):
            try:
                results[place] = wire.as_result(_placed(call, payloads[place], events))
            except ApiError as error:
                results[place] = wire.OrderError(code=error.code, message=error.message)
    return [result for result in results if result is not None]


@FAMILY.signed("GET", "/api/v1/order", "get_order", wire.OrderType, "orderQuery", query=wire.OrderQuery)
async def get_order(call: Call) -> wire.OrderType:
    """Return one open order, also one that waits for its price; finished ones stand in history."""
    market = call.market(call.query.symbol)
    return _as_it_is(call, find_open_order(call, market, call.query.order_id, call.query.client_id))


def _as_it_is(call: Call, row: OrderRow | TriggerRow) -> wire.OrderType:
    gateway = call.gateway
    market = gateway.catalog.market_by_number[row.market]
    if isinstance(row, TriggerRow):
        return trigger_order(row, market)
    attached = attached_to(gateway.exchange, row.order, market)
    return open_order(row, market, gateway.conditions.get(row.order), attached)


@FAMILY.signed(
    "GET", "/api/v1/orders", "get_open_orders", list[wire.OrderType], "orderQueryAll", query=wire.OpenOrdersQuery
)
async def get_open_orders(call: Call) -> list[wire.OrderType]:
    """List the open orders, oldest first, then those that wait for a price."""
    market, exchange = call.market_or_none(call.query.symbol), call.gateway.exchange
    number, markets = market.number if market else 0, call.gateway.catalog.market_by_number
    rows = [*exchange.open_orders(call.account, number), *exchange.triggers(call.account, number)]
    wanted = call.query.market_type
    return [_as_it_is(call, row) for row in rows if wanted in (None, market_type(markets[row.market]))]


@FAMILY.signed("DELETE", "/api/v1/order", "cancel_order", wire.OrderType, "orderCancel", body=wire.OrderCancelPayload)
async def cancel_order(call: Call) -> wire.OrderType:
    """Cancel one open order, or one that waits for its price, and return it as it ended."""
    market = body_market(call, call.body.symbol, "OrderCancelPayload")
    row = find_open_order(call, market, call.body.order_id, call.body.client_id)
    if isinstance(row, TriggerRow):
        return await _cancel_trigger(call, market, row)
    attached = attached_to(call.gateway.exchange, row.order, market)
    tracked = TrackedOrder.from_row(row, call.gateway.conditions.get(row.order))
    command = CancelOrder(account=call.account, market=market.number, order=row.order)
    (events,) = await call.gateway.submit([command])
    (result,) = cancelled(events)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    assert result.closed is not None, "a cancellation that was not refused closes its order"
    tracked.price_ticks = result.closed.price_ticks
    tracked.quantity_lots = result.closed.executed_lots + result.closed.remaining_lots
    tracked.close(result.closed)
    return limit_order(tracked, OrderStatus.CANCELLED, market, **attached)


async def _cancel_trigger(call: Call, market: MarketInfo, row: TriggerRow) -> wire.OrderType:
    """Cancel a trigger; it may have placed its order by then, which has its number and is cancelled instead."""
    conditions = call.gateway.conditions
    tracker = OrderTracker(call.account, [], conditions, follows_new=True, keeps_closed=True)
    command = CancelOrder(account=call.account, market=market.number, order=row.trigger)
    with call.gateway.trackers.following(tracker):
        (events,) = await call.gateway.submit([command])
    results = cancelled(events)
    if results and results[0].reject is not None:
        raise rejected(results[0], call.gateway.catalog)
    if not results:
        return trigger_order(row, market, OrderStatus.CANCELLED)
    return limit_order(tracker.orders[row.trigger], OrderStatus.CANCELLED, market)


@FAMILY.signed(
    "DELETE",
    "/api/v1/orders",
    "cancel_open_orders",
    list[wire.OrderType],
    "orderCancelAll",
    body=wire.OrderCancelAllPayload,
)
async def cancel_open_orders(call: Call) -> list[wire.OrderType]:
    """Cancel the open orders of a market, those that wait for a price, or both, and return them as they ended."""
    market, exchange = body_market(call, call.body.symbol, "OrderCancelAllPayload"), call.gateway.exchange
    rows = exchange.open_orders(call.account, market.number)
    triggers = {row.trigger: row for row in exchange.triggers(call.account, market.number)}
    conditions = call.gateway.conditions
    attached = {row.order: attached_to(exchange, row.order, market) for row in rows}
    tracker = OrderTracker(call.account, rows, conditions, follows_new=True, keeps_closed=True)
    cancels = CANCELS[call.body.order_type]
    command = CancelAllOrders(account=call.account, market=market.number, cancels=cancels)
    with call.gateway.trackers.following(tracker):
        (events,) = await call.gateway.submit([command])
    results = cancelled(events)
    if results and results[0].reject is not None:
        raise rejected(results[0], call.gateway.catalog)
    orders = [
        limit_order(tracker.orders[result.order], OrderStatus.CANCELLED, market, **attached.get(result.order, {}))
        for result in results
    ]
    ended = [triggers[number] for number in ended_triggers(events) if number in triggers]
    return [*orders, *(trigger_order(row, market, OrderStatus.CANCELLED) for row in ended)]


@FAMILY.signed("PATCH", "/ringfence/v1/order", "orderAmend", wire.OrderType, "orderAmend", body=wire.OrderAmendPayload)
async def amend_order(call: Call) -> wire.OrderType:
    """Change price, whole quantity, or both, of an open order; it keeps its place when only the quantity shrinks."""
    body = call.body
    market = body_market(call, body.symbol, "OrderAmendPayload")
    if body.price is None and body.quantity is None:
        raise invalid_request("Must specify `price`, `quantity` or both")
    row = find_open_order(call, market, body.order_id, body.client_id)
    if isinstance(row, TriggerRow):
        raise invalid_order(f"order {row.trigger} waits for its price: cancel it and place another")
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
    conditions = call.gateway.conditions
    tracker = OrderTracker(call.account, [row], conditions, follows_new=False, keeps_closed=True)
    with call.gateway.trackers.following(tracker):
        (events,) = await call.gateway.submit([command])
    result = amended(events, row)
    if result.reject is not None:
        raise rejected(result, call.gateway.catalog)
    tracked, status = tracker.orders[row.order], result.status
    assert status is not None, "an amendment that was not refused has a status"
    return limit_order(tracked, status, market, **attached_to(call.gateway.exchange, row.order, market))
