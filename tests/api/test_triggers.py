"""Conditional orders over REST and on the stream: stops, take-profits, and what is attached to an order."""

from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from tests.api import perpetuals
from tests.api.perpetuals import PERP
from tests.api.test_sockets import order_events, private, socket  # noqa: F401  (a fixture)
from tests.api.venue import Venue

from ringfence.schema import commands as c

SYMBOL = "SOL_USDC"


def trade(venue: Venue, client: TestClient, price: str) -> None:
    """Let bob trade with himself at most: a bid of alice's friend meets an ask of his."""
    venue.bob.limit(client, "Ask", price, "1")
    venue.alice.limit(client, "Bid", price, "1")


def trigger(venue: Venue, client: TestClient, **more: Any) -> Any:
    body = {"symbol": SYMBOL, "side": "Ask", "orderType": "Market", "triggerPrice": "90", "triggerQuantity": "2"}
    return venue.alice.order(client, **body | more)


def orders(venue: Venue, client: TestClient) -> list[dict[str, Any]]:
    return venue.alice.get(client, "/api/v1/orders", "orderQueryAll", symbol=SYMBOL).json()


def delete(venue: Venue, client: TestClient, path: str, **body: Any) -> Any:
    instruction = "orderCancelAll" if path.endswith("s") else "orderCancel"
    return venue.alice.send(client, "DELETE", path, instruction, {"symbol": SYMBOL, **body})


def test_stop_waits_and_is_shown_until_it_is_placed_under_its_id(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client, clientId=7).json()
    assert (pending["status"], pending["quantity"], pending["triggerPrice"], pending["triggerQuantity"]) == (
        "TriggerPending", "0", "90", "2",
    )  # fmt: skip
    assert (pending["triggerBy"], pending["orderType"], pending["clientId"]) == ("LastPrice", "Market", 7)
    assert orders(venue, client) == [pending]
    one = venue.alice.get(client, "/api/v1/order", "orderQuery", symbol=SYMBOL, clientId=7).json()
    assert one == pending
    account = venue.alice.get(client, "/api/v1/account", "accountQuery").json()
    assert account["triggerOrders"] == 1
    venue.bob.limit(client, "Bid", "89", "5")
    trade_at = venue.alice.limit(client, "Ask", "89", "1").json()
    assert trade_at["status"] == "Filled" and venue.node.exchange.triggers_due == 1
    venue.node.command(c.FireTrigger())
    filled = venue.alice.get(client, "/wapi/v1/history/fills", "fillHistoryQueryAll", orderId=pending["id"]).json()
    assert [(fill["orderId"], fill["quantity"]) for fill in filled] == [(pending["id"], "2")]
    assert orders(venue, client) == []


def test_limit_stop_has_its_price_and_rests_when_it_fires(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client, orderType="Limit", price="95", triggerPrice="110", side="Ask").json()
    assert (pending["price"], pending["postOnly"]) == ("95", False)
    trade(venue, client, "110")
    venue.node.command(c.FireTrigger())
    (order,) = orders(venue, client)
    assert (order["id"], order["status"], order["quantity"]) == (pending["id"], "New", "2")


def test_attached_pair_is_shown_with_its_order_and_by_itself(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    attached = {
        "takeProfitTriggerPrice": "120", "takeProfitLimitPrice": "119", "stopLossTriggerPrice": "80",
        "stopLossTriggerBy": "LastPrice",
    }  # fmt: skip
    order = venue.alice.limit(client, "Bid", "99", "3", **attached).json()
    assert {name: order[name] for name in attached} == attached
    shown, profit, loss = orders(venue, client)
    assert {name: shown[name] for name in attached} == attached
    assert (profit["relatedOrderId"], profit["side"], profit["price"]) == (order["id"], "Ask", "119")
    assert (loss["relatedOrderId"], loss["orderType"], loss["triggerQuantity"]) == (order["id"], "Market", "0")
    venue.bob.limit(client, "Ask", "99", "1")
    assert [found["triggerQuantity"] for found in orders(venue, client)[1:]] == ["1", "1"]


def test_cancellation_by_kind_ends_what_it_names(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    resting = venue.alice.limit(client, "Bid", "50", "1").json()
    waiting = [trigger(venue, client).json(), trigger(venue, client).json()]
    ended = delete(venue, client, "/api/v1/orders", orderType="ConditionalOrder").json()
    assert [order["id"] for order in ended] == [order["id"] for order in waiting]
    assert {order["status"] for order in ended} == {"Cancelled"}
    assert [order["id"] for order in orders(venue, client)] == [resting["id"]]
    again = trigger(venue, client).json()
    ended = delete(venue, client, "/api/v1/orders", orderType="RestingLimitOrder").json()
    assert [order["id"] for order in ended] == [resting["id"]]
    one = delete(venue, client, "/api/v1/order", orderId=again["id"]).json()
    assert (one["status"], one["triggerPrice"]) == ("Cancelled", "90")
    assert delete(venue, client, "/api/v1/order", orderId=again["id"]).status_code == 404


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"triggerQuantity": None}, "Must specify both `triggerPrice` and `triggerQuantity` or neither"),
        ({"quantity": "1"}, "sized by `triggerQuantity`, 2: leave `quantity` out"),
        ({"quantity": "1", "triggerQuantity": "80%"}, "sized by `triggerQuantity`, 80%"),
        ({"quoteQuantity": "100"}, "not by `quoteQuantity`"),
        ({"triggerQuantity": "0%"}, "whole percent"),
        ({"triggerQuantity": "101%"}, "whole percent"),
        ({"triggerQuantity": "1.5%"}, "whole percent"),
        ({"triggerQuantity": "50%", "side": "Bid"}, "Invalid order"),
        ({"triggerBy": "Bid"}, "LastPrice, MarkPrice or IndexPrice"),
        ({"triggerBy": "MarkPrice"}, "no price of this kind"),
        ({"triggerPrice": "90.001"}, "decimal"),
        ({"orderType": "Limit"}, "needs `price`"),
        ({"stopLossTriggerPrice": "80"}, "nothing can be attached"),
        ({"triggerPrice": None, "triggerQuantity": None, "quantity": "1", "triggerBy": "LastPrice"}, "goes with"),
    ],
)
def test_conditional_order_that_makes_no_sense_is_refused_by_name(
    venue: Venue, client: TestClient, more: dict[str, Any], message: str
) -> None:
    trade(venue, client, "100")
    body = {"symbol": SYMBOL, "side": "Ask", "orderType": "Market", "triggerPrice": "90", "triggerQuantity": "2"}
    given = {name: value for name, value in (body | more).items() if value is not None}
    reply = venue.alice.order(client, **given)
    assert reply.status_code == 400 and message in reply.text, reply.text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"takeProfitTriggerPrice": "98"}, "trigger 98 is on the wrong side of 99"),
        ({"stopLossTriggerPrice": "100"}, "trigger 100 is on the wrong side of 99"),
        ({"stopLossLimitPrice": "80"}, "`stopLossLimitPrice` and `stopLossTriggerBy` go with `stopLossTriggerPrice`"),
    ],
)
def test_attached_price_on_the_wrong_side_is_refused(
    venue: Venue, client: TestClient, more: dict[str, Any], message: str
) -> None:
    reply = venue.alice.limit(client, "Bid", "99", "1", **more)
    assert reply.status_code == 400 and message in reply.text, reply.text


def test_stream_tells_of_a_trigger_from_its_placing_to_its_end(
    venue: Venue,
    client: TestClient,
    socket: WebSocketTestSession,  # noqa: F811
) -> None:
    trade(venue, client, "100")
    private(venue, socket, "account.orderUpdate")
    first = trigger(venue, client).json()
    delete(venue, client, "/api/v1/order", orderId=first["id"])
    second = trigger(venue, client, triggerPrice="110", orderType="Limit", price="111").json()
    venue.bob.limit(client, "Ask", "110", "1")
    venue.bob.limit(client, "Bid", "110", "1", selfTradePrevention="RejectTaker")
    placed, cancelled, again = order_events(socket, 3)
    assert (placed["e"], placed["X"], placed["P"], placed["Y"], placed["q"]) == (
        "triggerPlaced", "TriggerPending", "90.00", "2", "0",
    )  # fmt: skip
    assert (cancelled["e"], cancelled["X"], cancelled["i"]) == ("orderCancelled", "Cancelled", first["id"])
    assert (again["i"], again["p"]) == (second["id"], "111.00")


def test_stream_tells_of_a_trigger_that_fires_and_of_one_that_fails(
    venue: Venue,
    client: TestClient,
    socket: WebSocketTestSession,  # noqa: F811
) -> None:
    trade(venue, client, "100")
    private(venue, socket, "account.orderUpdate")
    good = trigger(venue, client, orderType="Limit", price="200", triggerPrice="100").json()
    bad = trigger(venue, client, orderType="Limit", price="200", triggerPrice="100", triggerQuantity="2000000").json()
    venue.node.command(c.FireTrigger(), c.FireTrigger())
    events = order_events(socket, 4)
    assert [(event["e"], event["X"], event["i"]) for event in events] == [
        ("triggerPlaced", "TriggerPending", good["id"]),
        ("triggerPlaced", "TriggerPending", bad["id"]),
        ("orderAccepted", "New", good["id"]),
        ("triggerFailed", "TriggerFailed", bad["id"]),
    ]
    assert events[-1]["R"] == "InsufficientFunds"


ATTACHED = {
    "takeProfitTriggerPrice": "120", "takeProfitLimitPrice": "119", "takeProfitTriggerBy": "LastPrice",
    "stopLossTriggerPrice": "80", "stopLossLimitPrice": None, "stopLossTriggerBy": "LastPrice",
}  # fmt: skip


def history(venue: Venue, client: TestClient, **query: Any) -> list[dict[str, Any]]:
    return venue.alice.get(client, "/wapi/v1/history/orders", "orderHistoryQueryAll", symbol=SYMBOL, **query).json()


def bracket(venue: Venue, client: TestClient, price: str = "99", quantity: str = "3") -> Any:
    """Place a bid of alice's with a take-profit at 120 and a stop-loss at 80."""
    given = {name: value for name, value in ATTACHED.items() if value is not None}
    return venue.alice.limit(client, "Bid", price, quantity, **given)


def test_quantity_that_says_the_same_once_more_is_taken(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client, quantity="2.00").json()
    assert (pending["quantity"], pending["triggerQuantity"]) == ("0", "2")


def test_order_that_waited_says_so_until_it_ends(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    waiting = {"orderType": "Limit", "price": "130", "triggerPrice": "110", "clientId": 5}
    pending = trigger(venue, client, **waiting).json()
    venue.clock.now_us += 5_000_000
    trade(venue, client, "110")
    venue.node.command(c.FireTrigger())
    one = venue.alice.get(client, "/api/v1/order", "orderQuery", symbol=SYMBOL, clientId=5).json()
    conditions = {"triggerPrice": "110", "triggerBy": "LastPrice", "triggerQuantity": "2"}
    assert {name: one[name] for name in conditions} == conditions
    assert (one["id"], one["status"], one["quantity"]) == (pending["id"], "New", "2")
    assert (one["createdAt"], one["triggeredAt"]) == (pending["createdAt"], pending["createdAt"] + 5_000)
    assert pending["triggeredAt"] is None
    ended = delete(venue, client, "/api/v1/order", clientId=5).json()
    assert ended == one | {"status": "Cancelled"}
    assert venue.gateway.conditions.get(int(one["id"])) is None


def test_client_id_of_several_means_the_newest_whether_it_waits_or_not(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    first = trigger(venue, client, clientId=5).json()
    second = venue.alice.limit(client, "Bid", "50", "1", clientId=5).json()
    third = trigger(venue, client, clientId=5).json()
    for order in (third, second, first):
        assert delete(venue, client, "/api/v1/order", clientId=5).json()["id"] == order["id"]
    assert delete(venue, client, "/api/v1/order", clientId=5).status_code == 404


def test_amendment_of_an_order_that_waits_is_refused(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client).json()
    body = {"symbol": SYMBOL, "orderId": pending["id"], "quantity": "1"}
    reply = venue.alice.send(client, "PATCH", "/ringfence/v1/order", "orderAmend", body)
    assert reply.status_code == 400 and "waits for its price" in reply.json()["message"]


def test_trigger_of_somebody_else_is_not_found(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client).json()
    body = {"symbol": SYMBOL, "orderId": pending["id"]}
    assert venue.bob.send(client, "DELETE", "/api/v1/order", "orderCancel", body).status_code == 404
    assert venue.bob.get(client, "/api/v1/order", "orderQuery", **body).status_code == 404
    assert [order["id"] for order in orders(venue, client)] == [pending["id"]]


def test_history_has_an_order_from_when_it_waits(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    pending = trigger(venue, client, orderType="Limit", price="88").json()
    (row,) = history(venue, client, orderId=pending["id"])
    conditions = {"triggerPrice": "90", "triggerBy": "LastPrice", "triggerQuantity": "2"}
    assert {name: row[name] for name in conditions} == conditions
    assert (row["status"], row["quantity"], row["price"], row["executedQuantity"]) == (
        "TriggerPending", None, "88", "0",
    )  # fmt: skip
    venue.bob.limit(client, "Bid", "89", "2")
    venue.alice.limit(client, "Ask", "89", "1")
    venue.node.command(c.FireTrigger())
    (row,) = history(venue, client, orderId=pending["id"])
    assert (row["status"], row["quantity"], row["executedQuantity"]) == ("PartiallyFilled", "2", "1")
    assert {name: row[name] for name in conditions} == conditions
    delete(venue, client, "/api/v1/order", orderId=pending["id"])
    (row,) = history(venue, client, orderId=pending["id"])
    assert (row["status"], row["executedQuantity"], row["expiryReason"]) == ("Cancelled", "1", None)


def test_history_tells_how_an_order_ended_that_was_never_placed(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    failed = trigger(venue, client, triggerPrice="100", triggerQuantity="2000000").json()
    cancelled = trigger(venue, client).json()
    venue.node.command(c.FireTrigger())
    delete(venue, client, "/api/v1/order", orderId=cancelled["id"])
    newest, second, *_ = history(venue, client)
    assert (newest["id"], newest["status"], newest["expiryReason"]) == (cancelled["id"], "Cancelled", None)
    assert (second["id"], second["status"], second["expiryReason"]) == (
        failed["id"], "TriggerFailed", "InsufficientFunds",
    )  # fmt: skip
    assert (second["quantity"], second["triggerQuantity"]) == (None, "2000000")


def test_history_shows_what_is_attached_beside_its_order(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100")
    order = bracket(venue, client).json()
    venue.bob.limit(client, "Ask", "99", "1")
    venue.clock.now_us += 1_000_000
    later = venue.alice.limit(client, "Bid", "50", "1").json()
    rows = history(venue, client)[:4]
    profit, loss = (str(int(order["id"]) + offset) for offset in (2**60, 2**61))
    assert [row["id"] for row in rows] == [later["id"], loss, profit, order["id"]]
    shown = next(row for row in rows if row["id"] == order["id"])
    assert {name: shown[name] for name in ATTACHED} == ATTACHED
    for number, price, kind in ((profit, "120", "Limit"), (loss, "80", "Market")):
        row = next(row for row in rows if row["id"] == number)
        assert (row["status"], row["triggerPrice"], row["orderType"], row["triggerQuantity"]) == (
            "TriggerPending", price, kind, "1",
        )  # fmt: skip
        assert row["takeProfitTriggerPrice"] is None
    trade(venue, client, "120")
    venue.node.command(c.FireTrigger())
    statuses = {row["id"]: row["status"] for row in history(venue, client)}
    assert (statuses[profit], statuses[loss]) == ("New", "Cancelled")
    (resting,) = [row for row in orders(venue, client) if row["id"] == profit]
    assert (resting["relatedOrderId"], resting["triggerPrice"], resting["quantity"]) == (order["id"], "120", "1")


def test_stream_names_what_is_attached_and_what_it_is_attached_to(
    venue: Venue,
    client: TestClient,
    socket: WebSocketTestSession,  # noqa: F811
) -> None:
    trade(venue, client, "100")
    private(venue, socket, "account.orderUpdate")
    order = bracket(venue, client).json()
    accepted, profit, loss = order_events(socket, 3)
    letters = {"a": "120.00", "j": "119.00", "d": "LastPrice", "b": "80.00", "g": "LastPrice"}
    assert {letter: accepted[letter] for letter in letters} == letters and "k" not in accepted
    for event, price, kind in ((profit, "120.00", "LIMIT"), (loss, "80.00", "MARKET")):
        assert (event["e"], event["X"], event["I"], event["P"], event["o"], event["Y"]) == (
            "triggerPlaced", "TriggerPending", order["id"], price, kind, "0",
        )  # fmt: skip
        assert event["S"] == "Ask" and "a" not in event
    venue.bob.limit(client, "Ask", "99", "2")
    (fill,) = order_events(socket, 1)
    assert (fill["e"], fill["a"], fill["b"]) == ("orderFill", "120.00", "80.00")
    venue.bob.limit(client, "Ask", "120", "1")
    venue.alice.limit(client, "Bid", "120", "1")
    order_events(socket, 2)
    venue.node.command(c.FireTrigger())
    fired, ended = order_events(socket, 2)
    assert (fired["e"], fired["i"], fired["I"], fired["P"], fired["Y"], fired["q"]) == (
        "orderAccepted", profit["i"], order["id"], "120.00", "2", "2.00",
    )  # fmt: skip
    assert (ended["e"], ended["X"], ended["i"], ended["I"], ended["Y"]) == (
        "orderCancelled", "Cancelled", loss["i"], order["id"], "2",
    )  # fmt: skip
    delete(venue, client, "/api/v1/order", orderId=order["id"])
    (cancelled,) = order_events(socket, 1)
    assert (cancelled["i"], "a" in cancelled) == (order["id"], False)


def test_order_that_never_fills_ends_with_what_is_attached(
    venue: Venue,
    client: TestClient,
    socket: WebSocketTestSession,  # noqa: F811
) -> None:
    private(venue, socket, "account.orderUpdate")
    order = bracket(venue, client).json()
    order_events(socket, 3)
    ended = delete(venue, client, "/api/v1/order", orderId=order["id"]).json()
    assert {name: ended[name] for name in ATTACHED} == ATTACHED
    events = order_events(socket, 3)
    assert [(event["e"], event.get("I")) for event in events] == [
        ("orderCancelled", None), ("orderCancelled", order["id"]), ("orderCancelled", order["id"]),
    ]  # fmt: skip
    assert orders(venue, client) == []
    bracket(venue, client)
    assert [order["status"] for order in delete(venue, client, "/api/v1/orders").json()] == ["Cancelled"] * 3


@pytest.fixture
def perp(venue: Venue, client: TestClient) -> TestClient:
    """A client of a venue with SOL_USDC_PERP at 100, where alice is long 10."""
    perpetuals.set_up(venue, client)
    perpetuals.open_position(venue, client)
    return client


def test_percentage_of_a_position_is_ordered_when_it_fires(venue: Venue, perp: TestClient) -> None:
    body = {"symbol": PERP, "triggerPrice": "101", "triggerQuantity": "80%", "triggerBy": "MarkPrice"}
    pending = trigger(venue, perp, **body).json()
    assert (pending["triggerQuantity"], pending["triggerBy"], pending["reduceOnly"]) == ("80%", "MarkPrice", False)
    perpetuals.order(venue, perp, "bob", "Bid", "10", "100")
    perpetuals.quote(venue, perp, 102 * perpetuals.E8)
    assert venue.node.exchange.triggers_due == 1
    venue.node.command(c.FireTrigger())
    query = {"symbol": PERP, "orderId": pending["id"]}
    (row,) = venue.alice.get(perp, "/wapi/v1/history/orders", "orderHistoryQueryAll", **query).json()
    assert (row["status"], row["quantity"], row["triggerQuantity"]) == ("Filled", "8", "80%")
    assert perpetuals.position(venue, perp)["netQuantity"] == "2"


def test_stop_without_a_position_fails_by_that_name(
    venue: Venue,
    perp: TestClient,
    socket: WebSocketTestSession,  # noqa: F811
) -> None:
    private(venue, socket, f"account.orderUpdate.{PERP}")
    pending = trigger(venue, perp, symbol=PERP, triggerPrice="100", triggerQuantity="100%").json()
    perpetuals.order(venue, perp, "bob", "Bid", "10", "100")
    perpetuals.order(venue, perp, "alice", "Ask", "10", "100")
    venue.node.command(c.FireTrigger())
    events = order_events(socket, 4)
    assert (events[-1]["e"], events[-1]["i"], events[-1]["R"], events[-1]["Y"]) == (
        "triggerFailed", pending["id"], "StopWithoutPosition", "100%",
    )  # fmt: skip
    query = {"symbol": PERP, "orderId": pending["id"]}
    (row,) = venue.alice.get(perp, "/wapi/v1/history/orders", "orderHistoryQueryAll", **query).json()
    assert (row["status"], row["expiryReason"]) == ("TriggerFailed", "StopWithoutPosition")


def test_stop_loss_closes_what_its_order_opened_and_ends_the_take_profit(venue: Venue, perp: TestClient) -> None:
    perpetuals.order(venue, perp, "bob", "Bid", "20", "95")
    more = {"takeProfitTriggerPrice": "120", "stopLossTriggerPrice": "96", "stopLossTriggerBy": "MarkPrice"}
    perpetuals.order(venue, perp, "bob", "Ask", "5", "100")
    order = perpetuals.order(venue, perp, "alice", "Bid", "5", "100", **more).json()
    assert order["status"] == "Filled" and order["stopLossTriggerPrice"] == "96"
    waiting = venue.alice.get(perp, "/api/v1/orders", "orderQueryAll", symbol=PERP).json()
    assert [(row["triggerPrice"], row["reduceOnly"], row["triggerQuantity"]) for row in waiting] == [
        ("120", True, "5"), ("96", True, "5"),
    ]  # fmt: skip
    assert venue.alice.get(perp, "/api/v1/account", "accountQuery").json()["triggerOrders"] == 2
    perpetuals.quote(venue, perp, 95 * perpetuals.E8)
    venue.node.command(c.FireTrigger())
    assert perpetuals.position(venue, perp)["netQuantity"] == "10"
    assert venue.alice.get(perp, "/api/v1/orders", "orderQueryAll", symbol=PERP).json() == []
