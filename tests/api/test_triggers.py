"""Conditional orders over REST and on the stream: stops, take-profits, and what is attached to an order."""

from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
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
        ({"quantity": "1"}, "sized by `triggerQuantity`"),
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
