from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.venue import Venue

LIMIT_KEYS = {
    "clientId", "createdAt", "executedQuantity", "executedQuoteQuantity", "id", "orderType", "postOnly", "price",
    "quantity", "reduceOnly", "relatedOrderId", "selfTradePrevention", "side", "status", "stopLossLimitPrice",
    "stopLossTriggerBy", "stopLossTriggerPrice", "strategyId", "symbol", "takeProfitLimitPrice", "takeProfitTriggerBy",
    "takeProfitTriggerPrice", "timeInForce", "triggerBy", "triggerPrice", "triggerQuantity", "triggeredAt",
}  # fmt: skip
MARKET_KEYS = LIMIT_KEYS - {"postOnly", "price"} | {"quoteQuantity", "slippageTolerance", "slippageToleranceType"}


def test_limit_order_that_rests_is_returned_new(venue: Venue, client: TestClient) -> None:
    reply = venue.alice.limit(client, "Bid", "141.25", "2.50", clientId=7, postOnly=True, timeInForce="GTC")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    order = reply.json()
    assert set(order) == LIMIT_KEYS
    assert order["id"] == str(venue.node.exchange.sequence)
    expected = {
        "orderType": "Limit", "side": "Bid", "symbol": "SOL_USDC", "status": "New", "price": "141.25",
        "quantity": "2.5", "executedQuantity": "0", "executedQuoteQuantity": "0", "clientId": 7, "postOnly": True,
        "timeInForce": "GTC", "selfTradePrevention": "RejectTaker", "createdAt": venue.clock.now_us // 1_000,
        "reduceOnly": None,
    }  # fmt: skip
    assert {name: order[name] for name in expected} == expected


def test_limit_order_that_matches_tells_what_it_executed(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Ask", "140", "2")
    order = venue.bob.limit(client, "Bid", "141", "5").json()
    assert (order["status"], order["executedQuantity"], order["executedQuoteQuantity"]) == (
        "PartiallyFilled", "2", "280",
    )  # fmt: skip


def test_limit_order_that_fills_whole_is_filled(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Ask", "140", "2")
    assert venue.bob.limit(client, "Bid", "141", "2").json()["status"] == "Filled"


def test_limit_order_immediate_or_cancel_that_fills_in_part_is_expired(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Ask", "140", "2")
    order = venue.bob.limit(client, "Bid", "141", "5", timeInForce="IOC").json()
    assert (order["status"], order["executedQuantity"]) == ("Expired", "2")


def test_market_order_by_quote_tells_what_it_bought(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Ask", "140", "2")
    reply = venue.bob.order(
        client, symbol="SOL_USDC", side="Bid", orderType="Market", quoteQuantity="141", slippageTolerance="0.5",
        slippageToleranceType="Percent",
    )  # fmt: skip
    order = reply.json()
    assert set(order) == MARKET_KEYS
    assert order["orderType"] == "Market"
    assert (order["status"], order["executedQuantity"], order["quantity"]) == ("Filled", "1", "1")
    assert (order["quoteQuantity"], order["executedQuoteQuantity"], order["timeInForce"]) == ("141", "140", "GTC")
    assert order["slippageTolerance"] == "0.5"


def test_market_order_without_book_is_expired(venue: Venue, client: TestClient) -> None:
    order = venue.bob.order(client, symbol="SOL_USDC", side="Ask", orderType="Market", quantity="1").json()
    assert (order["status"], order["quantity"], order["executedQuantity"]) == ("Expired", "1", "0")


@pytest.mark.parametrize("body_id", [str, int])
def test_cancelled_order_is_returned_cancelled_and_then_not_found(
    venue: Venue, client: TestClient, body_id: type[Any]
) -> None:
    order = venue.alice.limit(client, "Bid", "100", "2").json()
    venue.bob.limit(client, "Ask", "100", "0.5")
    body = {"symbol": "SOL_USDC", "orderId": body_id(order["id"])}
    reply = venue.alice.send(client, "DELETE", "/api/v1/order", "orderCancel", body)
    cancelled = reply.json()
    assert set(cancelled) == LIMIT_KEYS
    assert cancelled["status"] == "Cancelled"
    assert (cancelled["quantity"], cancelled["executedQuantity"]) == ("2", "0.5")
    for reply in (
        venue.alice.send(client, "DELETE", "/api/v1/order", "orderCancel", body),
        venue.alice.get(client, "/api/v1/order", "orderQuery", symbol="SOL_USDC", orderId=order["id"]),
    ):
        assert (reply.status_code, reply.json()) == (404, {"code": "RESOURCE_NOT_FOUND", "message": "Not Found"})


@pytest.mark.parametrize("client_id", [4_294_967_295, "4294967295"])
def test_order_is_found_and_cancelled_by_client_id(venue: Venue, client: TestClient, client_id: int | str) -> None:
    venue.alice.limit(client, "Bid", "100", "2", clientId=4_294_967_295)
    found = venue.alice.get(client, "/api/v1/order", "orderQuery", symbol="SOL_USDC", clientId=client_id).json()
    assert (found["clientId"], found["status"]) == (4_294_967_295, "New")
    body = {"symbol": "SOL_USDC", "clientId": client_id}
    assert venue.alice.send(client, "DELETE", "/api/v1/order", "orderCancel", body).json()["status"] == "Cancelled"


def test_order_of_another_account_is_not_found(venue: Venue, client: TestClient) -> None:
    order = venue.alice.limit(client, "Bid", "100", "2").json()
    reply = venue.bob.get(client, "/api/v1/order", "orderQuery", symbol="SOL_USDC", orderId=order["id"])
    assert reply.status_code == 404
    body = {"symbol": "SOL_USDC", "orderId": order["id"]}
    assert venue.bob.send(client, "DELETE", "/api/v1/order", "orderCancel", body).status_code == 404
    assert len(venue.alice.get(client, "/api/v1/orders", "orderQueryAll").json()) == 1


@pytest.mark.parametrize("ids", [{}, {"orderId": "1", "clientId": 1}])
def test_order_lookup_needs_exactly_one_id(venue: Venue, client: TestClient, ids: dict[str, Any]) -> None:
    reply = venue.alice.get(client, "/api/v1/order", "orderQuery", symbol="SOL_USDC", **ids)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_CLIENT_REQUEST")


def test_open_orders_are_listed_by_market(venue: Venue, client: TestClient) -> None:
    first = venue.bob.limit(client, "Bid", "100", "2").json()
    second = venue.bob.limit(client, "Ask", "30", "3", symbol="GLXY.US_USDC").json()
    assert [order["id"] for order in venue.bob.get(client, "/api/v1/orders", "orderQueryAll").json()] == [
        first["id"], second["id"],
    ]  # fmt: skip
    listed = venue.bob.get(client, "/api/v1/orders", "orderQueryAll", symbol="GLXY.US_USDC").json()
    assert [order["symbol"] for order in listed] == ["GLXY.US_USDC"]
    assert venue.bob.get(client, "/api/v1/orders", "orderQueryAll", marketType="PERP").json() == []


def test_cancel_all_returns_what_it_cancelled(venue: Venue, client: TestClient) -> None:
    ids = [venue.alice.limit(client, "Bid", price, "1").json()["id"] for price in ("100", "101")]
    body = {"symbol": "SOL_USDC"}
    reply = venue.alice.send(client, "DELETE", "/api/v1/orders", "orderCancelAll", body)
    assert [(order["id"], order["status"]) for order in reply.json()] == [(order, "Cancelled") for order in ids]
    assert venue.alice.send(client, "DELETE", "/api/v1/orders", "orderCancelAll", body).json() == []
    conditional = body | {"orderType": "ConditionalOrder"}
    assert venue.alice.send(client, "DELETE", "/api/v1/orders", "orderCancelAll", conditional).json() == []


def test_batch_has_a_result_per_order_in_order(venue: Venue, client: TestClient) -> None:
    good = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"}
    bodies = [good, good | {"price": "100.001"}, good | {"quantity": "1000000"}, good | {"clientId": 3}]
    before = venue.node.exchange.sequence
    frames = len(venue.node.frames)
    results = venue.alice.send(client, "POST", "/api/v1/orders", "orderExecute", bodies).json()
    assert [result["operation"] for result in results] == ["Ok", "Err", "Err", "Ok"]
    assert set(results[0]) == LIMIT_KEYS | {"operation"}
    assert results[1] == {
        "operation": "Err", "code": "INVALID_CLIENT_REQUEST", "message": "Price decimal too long",
    }  # fmt: skip
    assert results[2]["code"] == "INSUFFICIENT_FUNDS"
    assert results[3]["clientId"] == 3
    assert venue.node.exchange.sequence == before + 3
    assert len(venue.node.frames) == frames + 1


@pytest.mark.parametrize("count", [0, 51])
def test_batch_of_wrong_length_is_refused(venue: Venue, client: TestClient, count: int) -> None:
    good = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"}
    reply = venue.alice.send(client, "POST", "/api/v1/orders", "orderExecute", [good] * count)
    assert reply.status_code == 400
    assert venue.node.exchange.open_orders(64) == []


def test_post_only_order_that_crosses_is_refused_with_the_words_clients_look_for(
    venue: Venue, client: TestClient
) -> None:
    venue.alice.limit(client, "Ask", "140", "2")
    reply = venue.bob.limit(client, "Bid", "141", "1", postOnly=True)
    assert (reply.status_code, reply.json()) == (
        400, {"code": "INVALID_ORDER", "message": "Order would immediately match and take"},
    )  # fmt: skip


REFUSED = [
    ({"price": "100.001"}, "INVALID_CLIENT_REQUEST", "Price decimal too long"),
    ({"quantity": "0.001"}, "INVALID_CLIENT_REQUEST", "Quantity decimal too long"),
    ({"price": "-1"}, "INVALID_PRICE", "not greater than zero"),
    ({"price": "1e3"}, "INVALID_CLIENT_REQUEST", "not a decimal number"),
    ({"price": "NaN"}, "INVALID_CLIENT_REQUEST", "not a decimal number"),
    ({"price": "9" * 30}, "INVALID_PRICE", "largest"),
    ({"quantity": "9" * 50}, "INVALID_CLIENT_REQUEST", "50 characters"),
    ({"quantity": "1000000"}, "INSUFFICIENT_FUNDS", "USDC needed"),
    ({"price": None}, "INVALID_CLIENT_REQUEST", "needs `price` and `quantity`"),
    ({"quoteQuantity": "5"}, "INVALID_ORDER", "quoteQuantity"),
    ({"reduceOnly": True}, "INVALID_ORDER", "`reduceOnly`: SOL_USDC is a spot market"),
    ({"triggerPrice": "5"}, "INVALID_CLIENT_REQUEST", "Must specify both `triggerPrice` and `triggerQuantity`"),
    ({"triggerPrice": "5", "triggerQuantity": "2"}, "INVALID_ORDER", "sized by `triggerQuantity`"),
    ({"stopLossLimitPrice": "5"}, "INVALID_CLIENT_REQUEST", "`stopLossTriggerPrice`"),
    ({"postOnly": True, "timeInForce": "IOC"}, "INVALID_ORDER", "GTC"),
    ({"orderType": "Market"}, "INVALID_ORDER", "takes neither `price`"),
    ({"orderType": "Market", "price": None, "quantity": None}, "INVALID_CLIENT_REQUEST", "exactly one of"),
    ({"orderType": "Market", "price": None, "slippageTolerance": "1"}, "INVALID_CLIENT_REQUEST", "go together"),
]


@pytest.mark.parametrize(("change", "code", "message"), REFUSED)
def test_order_that_cannot_be_is_refused_and_reaches_no_book(
    venue: Venue, client: TestClient, change: dict[str, Any], code: str, message: str
) -> None:
    reply = venue.alice.limit(client, "Bid", "100", "1", **change)
    assert reply.status_code == 400
    assert reply.json()["code"] == code
    assert message in reply.json()["message"]
    assert venue.node.exchange.open_orders(64) == []


def test_price_far_from_the_last_is_refused_with_the_words_of_the_wire(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Ask", "100", "1")
    venue.bob.limit(client, "Bid", "100", "1")
    reply = venue.alice.limit(client, "Bid", "201", "1")
    assert reply.json() == {"code": "INVALID_PRICE", "message": "Price is too far from the last active price"}


UNREADABLE = [
    ({"symbol": "NO_USDC"}, 'failed to parse "MarketSymbol": Invalid market symbol'),
    ({"side": "bid"}, 'failed to parse "Side": Expect a valid enumeration value.'),
    ({"clientId": -1}, 'failed to parse "integer(uint32)"'),
    ({"clientId": 2**32}, 'failed to parse "integer(uint32)"'),
    ({"clientId": "x"}, 'failed to parse "integer(uint32)"'),
    ({"postOnly": "maybe"}, 'failed to parse "boolean"'),
    ({"side": None}, 'Type "Side" expects an input value.'),
]


@pytest.mark.parametrize(("change", "message"), UNREADABLE)
def test_order_body_that_cannot_be_read_is_refused_in_plain_text(
    venue: Venue, client: TestClient, change: dict[str, Any], message: str
) -> None:
    reply = venue.alice.limit(client, "Bid", "100", "1", **change)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text.startswith("parse request payload error: ")
    assert message in reply.text
    assert reply.text.endswith('(occurred while parsing "OrderExecutePayload")')


TOLERATED = [
    {"reduceOnly": False, "autoBorrow": False, "postOnly": False},
    {"reduceOnly": None, "triggerPrice": None, "clientId": None},
    {"triggeredBy": "LastPrice", "brokerId": 1400, "somethingNew": 1.50},
    {"selfTradePrevention": "Allow"},
    {"price": 100, "quantity": 1.50},
    {"price": 100.25},
    {"clientId": "12"},
]


@pytest.mark.parametrize("change", TOLERATED)
def test_order_with_what_clients_send_along_is_taken(venue: Venue, client: TestClient, change: dict[str, Any]) -> None:
    reply = venue.alice.limit(client, "Bid", "100", "1", **change)
    assert (reply.status_code, reply.json()["status"]) == (200, "New")


def test_amended_order_keeps_its_id_and_tells_its_whole_execution(venue: Venue, client: TestClient) -> None:
    order = venue.alice.limit(client, "Bid", "100", "3").json()
    venue.bob.limit(client, "Ask", "100", "1")
    venue.bob.limit(client, "Ask", "101", "1")
    body = {"symbol": "SOL_USDC", "orderId": order["id"], "price": "101", "quantity": "4"}
    amended = venue.alice.send(client, "PATCH", "/ringfence/v1/order", "orderAmend", body).json()
    assert (amended["id"], amended["price"], amended["quantity"]) == (order["id"], "101", "4")
    assert (amended["status"], amended["executedQuantity"], amended["executedQuoteQuantity"]) == (
        "PartiallyFilled", "2", "201",
    )  # fmt: skip
    body = {"symbol": "SOL_USDC", "orderId": order["id"]}
    assert venue.alice.send(client, "PATCH", "/ringfence/v1/order", "orderAmend", body).status_code == 400


def test_node_that_is_away_is_said_and_nothing_is_submitted(venue: Venue, client: TestClient) -> None:
    venue.node.is_up = False
    client.portal.call(venue.node.cut)  # type: ignore[union-attr]
    for _ in range(100):
        if client.get("/api/v1/status").json()["status"] == "Maintenance":
            break
    reply = venue.alice.limit(client, "Bid", "100", "1")
    assert (reply.status_code, reply.json()["code"]) == (503, "MAINTENANCE")
    assert "nothing was submitted" in reply.json()["message"]
    venue.node.is_up = True


def test_node_that_does_not_answer_leaves_the_state_unknown(venue: Venue, client: TestClient) -> None:
    venue.node.answers = False
    reply = venue.alice.limit(client, "Bid", "100", "1")
    assert (reply.status_code, reply.json()["code"]) == (503, "TIMEOUT")
    assert "Unknown error, please check your request or try again later." in reply.json()["message"]


def test_gateway_catches_up_after_its_link_was_cut(venue: Venue, client: TestClient) -> None:
    venue.node.is_up = False
    client.portal.call(venue.node.cut)  # type: ignore[union-attr]
    for _ in range(100):
        if client.get("/api/v1/status").json()["status"] == "Maintenance":
            break
    venue.node.commit(placed_by_another_gateway())
    venue.node.is_up = True
    for _ in range(2_000):
        if client.get("/api/v1/status").json()["status"] == "Ok":
            break
    assert [order["price"] for order in venue.alice.get(client, "/api/v1/orders", "orderQueryAll").json()] == ["99"]
    assert venue.alice.limit(client, "Bid", "100", "1").json()["status"] == "New"


def placed_by_another_gateway() -> bytes:
    from ringfence.schema.commands import PlaceOrder
    from ringfence.schema.layout import encode

    return encode(PlaceOrder(account=64, market=1, side=0, price_ticks=9_900, quantity_lots=100))
