"""A perpetual that is delisted: what its traders read of it over REST, in history and on streams."""

from fractions import Fraction
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api import lending
from tests.api.perpetuals import E8, PERP, end_hour, open_position, order, position, quote, set_up
from tests.api.test_perpetuals import private
from tests.api.venue import Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import Delisting, HouseAccount

ORDERS = ("/wapi/v1/history/orders", "orderHistoryQueryAll")
POSITIONS = ("/wapi/v1/history/position", "positionHistoryQueryAll")
SETTLEMENTS = ("/wapi/v1/history/settlement", "settlementHistoryQueryAll")


@pytest.fixture
def perp(venue: Venue, client: TestClient) -> TestClient:
    set_up(venue, client)
    return client


def rows(venue: Venue, client: TestClient, what: tuple[str, str], who: str = "alice", **query: Any) -> list[Any]:
    reply = getattr(venue, who).get(client, *what, **query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def usdc(venue: Venue, client: TestClient, who: str = "alice") -> Fraction:
    return Fraction(getattr(venue, who).get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"])


def delist(venue: Venue, client: TestClient) -> None:
    venue.node.command(c.DelistPerpetual(market=3))
    assert venue.node.exchange.perpetual(3).delisting == Delisting.ANNOUNCED
    lending.settle(venue, client)


def test_delisted_market_stays_listed_as_closed_with_its_final_mark(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 104 * E8)
    delist(venue, perp)
    quote(venue, perp, 90 * E8)
    market = perp.get(f"/api/v1/market?symbol={PERP}").json()
    assert (market["orderBookState"], market["marketType"]) == ("Closed", "PERP")
    assert PERP in [row["symbol"] for row in perp.get("/api/v1/markets").json()]
    (mark,) = perp.get(f"/api/v1/markPrices?symbol={PERP}").json()
    assert (mark["markPrice"], mark["indexPrice"], mark["fundingRate"]) == ("104", "104", "0")
    assert perp.get(f"/api/v1/openInterest?symbol={PERP}").json()[0]["openInterest"] == "0"
    assert perp.get(f"/api/v1/fundingRates?symbol={PERP}").json()[0]["fundingRate"] == "0"
    assert len(perp.get(f"/api/v1/trades?symbol={PERP}").json()) == 1
    refused = order(venue, perp, "alice", "Bid", "1")
    assert refused.status_code == 400 and PERP in refused.json()["message"], refused.text


def test_position_of_a_delisted_perpetual_is_closed_at_the_final_mark(venue, perp):
    before = {who: usdc(venue, perp, who) for who in ("alice", "bob")}
    open_position(venue, perp)
    end_hour(venue, perp)
    quote(venue, perp, 104 * E8)
    delist(venue, perp)
    assert position(venue, perp)["netQuantity"] == "10", "nothing ends before the next settlement"
    quote(venue, perp, 90 * E8)
    for who, profit in (("alice", 40), ("bob", -40)):
        assert rows(venue, perp, ("/api/v1/position", "positionQuery"), who) == []
        (row,) = rows(venue, perp, POSITIONS, who)
        assert (row["state"], row["netQuantity"], row["unrealizedPnl"], row["imf"]) == ("Closed", "0", "0", "0")
        assert (row["entryPrice"], row["closingPrice"], row["closedVolume"]) == ("100", "104", "1040")
        brought = profit - Fraction(row["fees"]) + Fraction(row["fundingQuantity"])
        assert Fraction(row["cumulativePnlRealized"]) == brought == usdc(venue, perp, who) - before[who]
        settled = sum(Fraction(one["quantity"]) for one in rows(venue, perp, SETTLEMENTS, who))
        assert settled == brought and row["closedAt"] is not None
    assert venue.node.exchange.positions(HouseAccount.CLEARING) == []
    assert venue.writer.failure is None


def test_orders_and_waiting_orders_of_a_delisted_perpetual_expire(venue, perp):
    open_position(venue, perp)
    resting = order(venue, perp, "alice", "Bid", "2", "90").json()["id"]
    attached = {"takeProfitTriggerPrice": "120", "stopLossTriggerPrice": "50"}
    parent = order(venue, perp, "alice", "Bid", "1", "91", **attached).json()["id"]
    waits = {"symbol": PERP, "side": "Ask", "orderType": "Market", "triggerPrice": "80", "triggerQuantity": "3"}
    stop = venue.alice.order(perp, **waits).json()["id"]
    with perp.websocket_connect("/") as socket:
        private(socket, venue.alice, "account.orderUpdate")
        delist(venue, perp)
        quote(venue, perp, 100 * E8)
        told = [socket.receive_json()["data"] for _ in range(5)]
    assert {(one["e"], one["X"], one.get("R"), one["O"]) for one in told if one["i"] in (resting, parent, stop)} == {
        ("orderExpired", "Expired", "Unknown", "USER")
    }
    assert {one["i"] for one in told} > {resting, parent, stop}
    assert rows(venue, perp, ("/api/v1/orders", "orderQueryAll")) == []
    found = {row["id"]: row for row in rows(venue, perp, ORDERS)}
    for number in (resting, parent, stop):
        row = found[number]
        assert (row["status"], row["expiryReason"], row["systemOrderType"]) == ("Expired", "Unknown", "OrderBookClosed")
    filled = [row for row in found.values() if row["status"] == "Filled"]
    assert [row["systemOrderType"] for row in filled] == [None]


def test_position_stream_tells_the_end_and_what_it_brought(venue, perp):
    before = usdc(venue, perp)
    open_position(venue, perp)
    quote(venue, perp, 104 * E8)
    delist(venue, perp)
    with perp.websocket_connect("/") as socket:
        private(socket, venue.bob, "account.orderUpdate")
        socket.send_json(venue.alice.subscription("account.positionUpdate"))
        standing = socket.receive_json()["data"]
        assert (standing["q"], standing["M"]) == ("10", "104")
        quote(venue, perp, 90 * E8)
        closed = socket.receive_json()["data"]
    assert (closed["e"], closed["q"], closed["Q"], closed["i"]) == ("positionClosed", "0", "0", standing["i"])
    assert Fraction(closed["p"]) == usdc(venue, perp) - before == 39
    assert closed["P"] == "0"


def test_mark_price_stream_goes_on_with_the_final_mark(venue, perp):
    delist(venue, perp)
    quote(venue, perp, 100 * E8)
    with perp.websocket_connect("/") as socket:
        socket.send_json({"method": "SUBSCRIBE", "params": [f"markPrice.{PERP}"]})
        socket.send_json({"method": "PING"})
        socket.receive_json()
        lending.quote(venue, 70 * E8)
        data = socket.receive_json()["data"]
    assert (data["p"], data["i"], data["f"]) == ("100.00", "100.00", "0")


def test_gateway_that_begins_again_between_announcement_and_end_tells_the_same(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 104 * E8)
    delist(venue, perp)
    with venue.opened_again() as again:
        lending.settle(venue, again)
        quote(venue, again, 90 * E8)
        (row,) = rows(venue, again, POSITIONS)
        assert (row["state"], row["closingPrice"], row["cumulativePnlRealized"]) == ("Closed", "104", "39")
        assert venue.writer.failure is None
