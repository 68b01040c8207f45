"""Halts and auctions as clients see them: states, refusals, fills and the stream."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api import lending, perpetuals
from tests.api.venue import Venue

from ringfence.schema import commands as c


@pytest.fixture
def halted(venue: Venue, client: TestClient) -> Venue:
    """With a band of ten percent bob would have sold at 89: his ask waits, an auction of ten seconds began."""
    venue.alice.limit(client, "Bid", "100", "1")
    venue.bob.limit(client, "Ask", "100", "1")
    venue.node.command(c.SetBrakes(market=1, band_ppm=100_000, auction_ms=10_000))
    venue.alice.limit(client, "Bid", "89", "2")
    reply = venue.bob.limit(client, "Ask", "85", "3").json()
    assert (reply["status"], reply["executedQuantity"]) == ("New", "0")
    return venue


def state(client: TestClient) -> str:
    return client.get("/api/v1/market", params={"symbol": "SOL_USDC"}).json()["orderBookState"]


def carry_out(venue: Venue, client: TestClient) -> None:
    """Let the auction be over, its extension too, and what meets trade."""
    for _ in range(2):
        venue.tick(10)
        while venue.node.exchange.uncrossing:
            venue.node.command(c.UncrossMarket(market=1))
    lending.settle(venue, client)


def test_market_in_an_auction_takes_limit_orders_that_wait_and_no_others(halted: Venue, client: TestClient) -> None:
    assert state(client) == "PostOnly"
    refused = halted.alice.limit(client, "Bid", "95", "1", timeInForce="IOC")
    assert (refused.status_code, refused.json()["code"]) == (400, "TRADING_PAUSED")
    assert "SOL_USDC" in refused.json()["message"]
    taken = halted.alice.limit(client, "Bid", "95", "1").json()
    assert taken["status"] == "New"
    depth = client.get("/api/v1/depth", params={"symbol": "SOL_USDC"}).json()
    assert depth["bids"] == [["89", "2"], ["95", "1"]] and depth["asks"] == [["85", "3"]]


def test_auction_fills_at_one_price_and_the_market_is_open_again(halted: Venue, client: TestClient) -> None:
    halted.alice.limit(client, "Bid", "95", "1")
    carry_out(halted, client)
    assert state(client) == "Open"
    fills = halted.alice.get(client, "/wapi/v1/history/fills", "fillHistoryQueryAll", limit=2).json()
    assert {fill["price"] for fill in fills} == {"89"} and {fill["quantity"] for fill in fills} == {"1", "2"}
    depth = client.get("/api/v1/depth", params={"symbol": "SOL_USDC"}).json()
    assert depth["bids"] == depth["asks"] == []
    trades = client.get("/api/v1/trades", params={"symbol": "SOL_USDC", "limit": 2}).json()
    assert [trade["price"] for trade in trades] == ["89", "89"]


def test_streams_tell_of_a_halt_and_of_its_auction(halted: Venue, client: TestClient) -> None:
    with client.websocket_connect("/") as socket:
        socket.send_json({"method": "SUBSCRIBE", "params": ["auction.SOL_USDC", "depth.SOL_USDC"]})
        halted.tick()
        message = until(socket, "auction.SOL_USDC")
        told = {name: message[name] for name in ("e", "s", "X", "p", "q", "i", "r", "l", "h", "x")}
        assert told == {
            "e": "auction", "s": "SOL_USDC", "X": "Auction", "p": "89.00", "q": "2.00", "i": "-1.00", "r": "100.00",
            "l": "90.00", "h": "110.00", "x": False,
        }  # fmt: skip
        carry_out(halted, client)
        changed: dict[str, dict[str, str]] = {"a": {}, "b": {}}
        while message["X"] != "Trading":
            frame = socket.receive_json()
            if frame["stream"] == "auction.SOL_USDC":
                message = frame["data"]
            else:
                for side in ("a", "b"):
                    changed[side] |= dict(frame["data"][side])
        assert (message["r"], message["p"], message["x"]) == ("89.00", None, False)
        assert changed == {"a": {"85.00": "1.00"}, "b": {"89.00": "0.00"}}


def test_initial_margin_function_of_a_perpetual_says_what_open_interest_raised_it_to(
    venue: Venue, client: TestClient
) -> None:
    perpetuals.set_up(venue, client)
    perpetuals.open_position(venue, client)
    venue.node.command(c.SetBrakes(market=3, interest_high_lots=4_000))
    venue.tick()
    lending.settle(venue, client)
    market = client.get("/api/v1/market", params={"symbol": perpetuals.PERP}).json()
    # A thousand of four thousand lots: a quarter of the way from 0.02 to 1.
    assert market["imfFunction"]["base"] == "0.265" == perpetuals.position(venue, client)["imfFunction"]["base"]
    assert market["mmfFunction"]["base"] == "0.0135"
    assert float(perpetuals.position(venue, client)["imf"]) == 0.265


def until(socket: Any, stream: str) -> dict[str, Any]:
    while True:
        frame = socket.receive_json()
        if frame.get("stream") == stream:
            return frame["data"]
