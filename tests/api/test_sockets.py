import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from tests.api.venue import START_US, Signer, Venue

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore


@pytest.fixture(params=["/", "/ws"])
def socket(client: TestClient, request: pytest.FixtureRequest) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect(request.param) as socket:
        yield socket


def subscribe(socket: WebSocketTestSession, *streams: str) -> None:
    """Subscribe, and wait until it was taken: a frame that is refused is answered after it."""
    socket.send_json({"method": "SUBSCRIBE", "params": list(streams)})
    settle(socket)


def settle(socket: WebSocketTestSession) -> None:
    socket.send_text("?")
    assert socket.receive_json()["error"]["code"] == 4002


@pytest.mark.parametrize(
    ("frame", "code", "message"),
    [
        ("{", 4002, "Parse error"),
        ("[]", 4002, "Parse error"),
        ('{"method":"SUBSCRIBE"}', 4002, "Parse error"),
        ('{"method":"SUBSCRIBE","params":"x"}', 4002, "Parse error"),
        ('{"method":"PING","params":[]}', 4002, "Parse error"),
        ("[" * 10_000, 4002, "Parse error"),
        ('{"method":"SUBSCRIBE","params":["x.SOL_USDC"]}', 4006, "Invalid stream"),
        ('{"method":"SUBSCRIBE","params":["depth"]}', 4006, "Invalid stream"),
        ('{"method":"SUBSCRIBE","params":["kline.2m.SOL_USDC"]}', 4006, "Invalid stream"),
        ('{"method":"SUBSCRIBE","params":["account.x"]}', 4006, "Invalid stream"),
        ('{"method":"SUBSCRIBE","params":["depth.100ms.SOL_USDC"]}', 4008, "Invalid depth window"),
    ],
)
def test_frame_that_cannot_be_is_answered_and_the_socket_stays(
    socket: WebSocketTestSession, frame: str, code: int, message: str
) -> None:
    socket.send_text(frame)
    assert socket.receive_json() == {"id": None, "error": {"code": code, "message": message}}
    settle(socket)


SILENT = ["depth.NO_USDC", "markPrice.SOL_USDC", "liquidation", "openInterest.SOL_USDC", "trade.BTC_USDC_PERP"]


def test_stream_without_data_is_accepted_silently(socket: WebSocketTestSession) -> None:
    subscribe(socket, *SILENT)


def test_depth_of_rest_and_stream_agree(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    venue.alice.limit(client, "Bid", "100", "1")
    subscribe(socket, "depth.SOL_USDC", "depth.SOL_USDC")
    snapshot = client.get("/api/v1/depth", params={"symbol": "SOL_USDC"}).json()
    venue.alice.limit(client, "Bid", "100", "0.5")
    venue.bob.limit(client, "Ask", "99", "1.5")
    first, second = socket.receive_json(), socket.receive_json()
    assert first["stream"] == "depth.SOL_USDC"
    assert set(first["data"]) == {"e", "E", "s", "a", "b", "U", "u", "T"}
    assert first["data"]["e"] == "depth"
    assert first["data"]["b"] == [["100.00", "1.50"]]
    assert second["data"]["b"] == [["100.00", "0.00"]]
    assert second["data"]["a"] == []
    assert first["data"]["U"] == int(snapshot["lastUpdateId"]) + 1
    assert second["data"]["U"] == first["data"]["u"] + 1
    assert second["data"]["u"] == venue.node.exchange.sequence
    settle(socket)


def test_aggregated_depth_joins_a_window(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    subscribe(socket, "depth.200ms.SOL_USDC")
    start = venue.node.exchange.market(1)
    assert start is not None
    for price in ("100", "101", "101"):
        venue.alice.limit(client, "Bid", price, "1")
    levels: dict[str, str] = {}
    last = start.book_sequence
    while last < venue.node.exchange.sequence:
        message = socket.receive_json()
        assert message["stream"] == "depth.200ms.SOL_USDC"
        assert message["data"]["U"] == last + 1
        last = message["data"]["u"]
        levels |= dict(message["data"]["b"])
    assert levels == {"100.00": "1.00", "101.00": "2.00"}


def test_trade_book_ticker_and_kline_are_told(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    subscribe(socket, "trade.SOL_USDC", "bookTicker.SOL_USDC", "ticker.SOL_USDC", "kline.1m.SOL_USDC")
    maker = venue.alice.limit(client, "Ask", "100.5", "2").json()
    ticker = socket.receive_json()["data"]
    assert (ticker["e"], ticker["a"], ticker["A"], ticker["b"], ticker["B"]) == (
        "bookTicker", "100.50", "2.00", None, None,
    )  # fmt: skip
    assert ticker["u"] == venue.node.exchange.sequence
    taker = venue.bob.limit(client, "Bid", "100.5", "1").json()
    trade = socket.receive_json()["data"]
    assert {name: trade[name] for name in ("e", "p", "q", "b", "a", "t", "m", "T")} == {
        "e": "trade", "p": "100.50", "q": "1.00", "b": taker["id"], "a": maker["id"], "t": 1, "m": False,
        "T": venue.clock.now_us,
    }  # fmt: skip
    assert socket.receive_json()["data"]["A"] == "1.00"
    client.portal.call(venue.tick)  # type: ignore[union-attr]
    messages = {message["stream"]: message["data"] for message in (socket.receive_json(), socket.receive_json())}
    assert set(messages) == {"ticker.SOL_USDC", "kline.1m.SOL_USDC"}
    kline = messages["kline.1m.SOL_USDC"]
    assert set(kline) == {"e", "E", "s", "t", "T", "o", "c", "h", "l", "v", "n", "X"}
    assert (kline["t"], kline["T"], kline["o"], kline["v"], kline["n"], kline["X"]) == (
        "2025-10-09T08:53:00", "2025-10-09T08:54:00", "100.50", "1.00", 1, False,
    )  # fmt: skip
    assert set(messages["ticker.SOL_USDC"]) == {"e", "E", "s", "o", "c", "h", "l", "v", "V", "n"}
    assert messages["ticker.SOL_USDC"]["n"] == 1


def test_unsubscribed_stream_is_silent(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    subscribe(socket, "depth.SOL_USDC")
    socket.send_json({"method": "UNSUBSCRIBE", "params": ["depth.SOL_USDC"]})
    settle(socket)
    venue.alice.limit(client, "Bid", "100", "1")
    settle(socket)


def private(venue: Venue, socket: WebSocketTestSession, *streams: str) -> None:
    socket.send_json(venue.alice.subscription(*streams))
    settle(socket)


def order_events(socket: WebSocketTestSession, count: int) -> list[dict[str, Any]]:
    return [socket.receive_json()["data"] for _ in range(count)]


def test_order_events_come_in_sequence_with_their_letters(
    venue: Venue, client: TestClient, socket: WebSocketTestSession
) -> None:
    private(venue, socket, "account.orderUpdate", "account.rfqUpdate", "account.positionUpdate")
    order = venue.alice.limit(client, "Bid", "100", "3", clientId=9).json()
    venue.bob.limit(client, "Ask", "100", "1")
    venue.alice.send(client, "DELETE", "/api/v1/order", "orderCancel", {"symbol": "SOL_USDC", "orderId": order["id"]})
    accepted, fill, cancelled = order_events(socket, 3)
    assert accepted == {
        "e": "orderAccepted", "E": venue.clock.now_us, "T": venue.clock.now_us, "s": "SOL_USDC", "c": 9, "S": "Bid",
        "o": "LIMIT", "f": "GTC", "q": "3.00", "Q": "300.000000", "p": "100.00", "X": "New", "i": order["id"],
        "t": None, "z": "0.00", "Z": "0.000000", "V": "RejectTaker", "O": "USER", "y": False, "r": False,
    }  # fmt: skip
    assert (fill["e"], fill["X"], fill["l"], fill["L"], fill["m"], fill["t"], fill["z"], fill["Z"]) == (
        "orderFill", "PartiallyFilled", "1.00", "100.00", True, 1, "1.00", "100.000000",
    )  # fmt: skip
    assert (fill["n"], fill["N"]) == ("0.000800000", "SOL")
    assert (cancelled["e"], cancelled["X"], cancelled["z"]) == ("orderCancelled", "Cancelled", "1.00")
    assert "R" not in cancelled


def test_order_that_takes_at_once_is_accepted_then_filled(
    venue: Venue, client: TestClient, socket: WebSocketTestSession
) -> None:
    venue.bob.limit(client, "Ask", "100", "1")
    venue.bob.limit(client, "Ask", "101", "1")
    private(venue, socket, "account.orderUpdate.SOL_USDC")
    venue.alice.order(client, symbol="SOL_USDC", side="Bid", orderType="Market", quoteQuantity="150.5")
    venue.alice.limit(client, "Bid", "101", "5", timeInForce="IOC")
    messages = [socket.receive_json() for _ in range(6)]
    assert {message["stream"] for message in messages} == {"account.orderUpdate.SOL_USDC"}
    events = [message["data"] for message in messages]
    assert [(event["e"], event["X"]) for event in events] == [
        ("orderAccepted", "New"), ("orderFill", "PartiallyFilled"), ("orderFill", "Filled"),
        ("orderAccepted", "New"), ("orderFill", "PartiallyFilled"), ("orderExpired", "Expired"),
    ]  # fmt: skip
    assert (events[0]["o"], "p" in events[0], events[0]["Q"]) == ("MARKET", False, "150.500000")
    assert events[5]["R"] == "ImmediateOrCancel"


def test_order_open_before_the_subscription_is_followed(
    venue: Venue, client: TestClient, socket: WebSocketTestSession
) -> None:
    order = venue.alice.limit(client, "Bid", "100", "3").json()
    private(venue, socket, "account.orderUpdate")
    body = {"symbol": "SOL_USDC", "orderId": order["id"], "quantity": "1"}
    venue.alice.send(client, "PATCH", "/ringfence/v1/order", "orderAmend", body)
    venue.bob.limit(client, "Ask", "100", "1")
    modified, filled = order_events(socket, 2)
    assert (modified["e"], modified["q"], modified["X"]) == ("orderModified", "1.00", "New")
    assert (filled["e"], filled["X"]) == ("orderFill", "Filled")


def test_balances_are_told_as_they_are(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    private(venue, socket, "account.balanceUpdate")
    venue.alice.limit(client, "Bid", "100", "1")
    message = socket.receive_json()
    assert message["stream"] == "account.balanceUpdate"
    data = message["data"]
    assert (data["e"], data["a"], data["A"], data["L"], data["S"]) == (
        "balanceUpdate", "USDC", "999900.000000", "100.000000", "0",
    )  # fmt: skip
    venue.bob.limit(client, "Ask", "100", "1")
    balances = {data["a"]: (data["A"], data["L"]) for data in order_events(socket, 2)}
    assert balances == {"USDC": ("999900.000000", "0.000000"), "SOL": ("1000.999200000", "0.000000000")}


def test_account_stream_tells_nothing_of_others(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    private(venue, socket, "account.orderUpdate", "account.balanceUpdate")
    venue.bob.limit(client, "Bid", "100", "1")
    settle(socket)


def test_unsigned_unsubscribe_of_an_account_stream_is_taken(
    venue: Venue, client: TestClient, socket: WebSocketTestSession
) -> None:
    private(venue, socket, "account.orderUpdate")
    socket.send_json({"method": "UNSUBSCRIBE", "params": ["account.orderUpdate"]})
    settle(socket)
    venue.alice.limit(client, "Bid", "100", "1")
    settle(socket)


def test_account_stream_without_right_signature_is_refused(
    venue: Venue, client: TestClient, socket: WebSocketTestSession
) -> None:
    frame = venue.alice.subscription("account.orderUpdate")
    for signature in (None, [], frame["signature"][:3], [venue.bob.key, *frame["signature"][1:]], ["x"] * 4):
        socket.send_text(json.dumps(frame | {"signature": signature}))
        assert socket.receive_json()["error"]["code"] == 4001
    venue.clock.now_us += 5_001_000
    socket.send_json(frame)
    assert socket.receive_json()["error"] == {"code": 4001, "message": "Request has expired"}


@pytest.fixture
def operator(venue: Venue, tmp_path: Path) -> Iterator[IdentityStore]:
    """The keys of the venue as another process has them."""
    with IdentityStore(sqlite_url(tmp_path / "identity.sqlite")) as keys:
        yield keys


def told_of_revocation(socket: WebSocketTestSession) -> None:
    error = socket.receive_json()["error"]
    assert error["code"] == 4001 and error["message"].startswith("the API key does not work any more")


def test_socket_whose_key_is_revoked_is_told_and_closed_and_others_go_on(
    venue: Venue, client: TestClient, operator: IdentityStore
) -> None:
    with client.websocket_connect("/ws") as alice, client.websocket_connect("/ws") as bob:
        private(venue, alice, "account.orderUpdate", "account.orderUpdate.SOL_USDC", "account.balanceUpdate")
        bob.send_json(venue.bob.subscription("account.orderUpdate"))
        settle(bob)
        operator.revoke(venue.alice.key, START_US)
        told_of_revocation(alice)
        with pytest.raises(WebSocketDisconnect) as caught:
            alice.receive_json()
        assert caught.value.code == 1008
        venue.bob.limit(client, "Bid", "100", "1")
        assert bob.receive_json()["data"]["e"] == "orderAccepted"
        assert {topic.account for topic in venue.gateway.hub._listeners} == {66}
        assert set(venue.gateway.private._trackers) == {66} and not venue.gateway.private._balance_listeners


def test_public_streams_outlive_the_key_of_the_account_streams_beside_them(
    venue: Venue, client: TestClient, operator: IdentityStore
) -> None:
    venue.alice.limit(client, "Bid", "100", "2")
    with client.websocket_connect("/ws") as socket:
        private(venue, socket, "account.orderUpdate", "account.balanceUpdate", "trade.SOL_USDC")
        operator.revoke(venue.alice.key, START_US)
        told_of_revocation(socket)
        venue.bob.limit(client, "Ask", "100", "1")
        assert socket.receive_json()["stream"] == "trade.SOL_USDC"
        socket.send_json(venue.alice.subscription("account.orderUpdate"))
        error = {"code": 4001, "message": "the API key is not known to this venue"}
        assert socket.receive_json()["error"] == error
        settle(socket)


def test_account_stream_stays_by_the_key_that_signed_last(
    venue: Venue, client: TestClient, operator: IdentityStore
) -> None:
    second = Signer(bytes([7] * 32), venue.clock)
    venue.keys.add_key(second.key, 1, 64, "second", START_US)
    with client.websocket_connect("/ws") as socket, client.websocket_connect("/ws") as witness:
        private(venue, socket, "account.orderUpdate")
        private(venue, witness, "account.orderUpdate")
        socket.send_json(second.subscription("account.orderUpdate"))
        settle(socket)
        operator.revoke(venue.alice.key, START_US)
        told_of_revocation(witness)
        second.limit(client, "Bid", "100", "1")
        assert socket.receive_json()["data"]["e"] == "orderAccepted"
        operator.revoke(second.key, START_US)
        told_of_revocation(socket)


def test_slow_reader_is_dropped(venue: Venue, client: TestClient, socket: WebSocketTestSession) -> None:
    subscribe(socket, "depth.SOL_USDC")
    (listener,) = next(iter(venue.gateway.hub._listeners.values()))
    listener._most_messages = 0
    venue.alice.limit(client, "Bid", "100", "1")
    with pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_json()
    assert caught.value.code == 1008
    for _ in range(50):
        if not venue.gateway.hub._listeners:
            break
        client.get("/api/v1/ping")
    assert not venue.gateway.hub._listeners


def test_too_many_streams_are_refused(socket: WebSocketTestSession) -> None:
    socket.send_json({"method": "SUBSCRIBE", "params": [f"trade.X{number}" for number in range(1_001)]})
    assert socket.receive_json()["error"]["code"] == 4009
