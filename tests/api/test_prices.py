"""The page of prices says everything that the core made an index and a mark of."""

from typing import Any

from starlette.testclient import TestClient
from tests.api.venue import SOL, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import Session

PATH = "/ringfence/v1/prices"


def price_of(venue: Venue, client: TestClient, asset: str = "SOL") -> dict[str, Any]:
    while venue.gateway.exchange.sequence < venue.node.exchange.sequence:
        client.get("/api/v1/ping")
    (found,) = client.get(PATH, params={"asset": asset}).json()
    return found


def set_up(venue: Venue) -> None:
    venue.node.command(
        c.SetPricing(asset=SOL, closed_haircut_ppm=150_000),
        *(c.SetPriceSource(price_source=number, name=f"source {number}") for number in (1, 2, 3)),
        *(c.SetPriceWeight(asset=SOL, price_source=number, weight=10 * number) for number in (1, 2, 3)),
    )


def quote(venue: Venue, source: int, last: int) -> None:
    observed_us = venue.clock.now_us
    venue.node.command(c.Quote(asset=SOL, price_source=source, last_units=last, observed_us=observed_us))


def test_no_asset_is_priced_at_first(venue: Venue, client: TestClient) -> None:
    assert client.get(PATH).json() == []
    assert client.get(PATH, params={"asset": "SOL"}).json() == []
    refused = client.get(PATH, params={"asset": "NONE"})
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_ASSET")


def test_a_priced_asset_without_quotes_has_no_price(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    found = price_of(venue, client)
    assert (found["asset"], found["state"], found["session"], found["markPrice"]) == ("SOL", "None", "Open", None)
    assert (found["clamp"], found["updateCap"], found["closedHaircut"]) == ("0.01", "0.0025", "0.15")
    assert [(row["source"], row["weight"], row["price"], row["ageMs"]) for row in found["sources"]] == [
        ("source 1", 10, None, None), ("source 2", 20, None, None), ("source 3", 30, None, None),
    ]  # fmt: skip


def test_index_mark_and_sources_are_told_with_what_was_clamped(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    for source, last in ((1, 20_000_000_000), (2, 14_000_000_000), (3, 14_000_000_001)):
        quote(venue, source, last)
    venue.tick()
    found = price_of(venue, client)
    # The median is 140.00000001; source 1 is brought down to one per cent above it.
    assert (found["state"], found["indexPrice"], found["markPrice"]) == ("Fresh", "140.23333334", "140.23333334")
    assert found["updatedAt"] == venue.clock.now_us // 1_000
    assert [(row["used"], row["clamped"], row["price"], row["ageMs"]) for row in found["sources"]] == [
        (True, True, "200", 1_000), (True, False, "140", 1_000), (True, False, "140.00000001", 1_000),
    ]  # fmt: skip


def test_a_closed_trading_session_and_a_stale_price_are_told(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    for source in (1, 2, 3):
        quote(venue, source, 14_000_000_000)
    venue.tick()
    venue.node.command(c.SetSession(asset=SOL, session=Session.CLOSED))
    venue.tick()
    found = price_of(venue, client)
    assert (found["state"], found["session"], found["markPrice"], found["ageMs"]) == ("Closed", "Closed", "140", 1_000)
    venue.node.command(c.SetSession(asset=SOL, session=Session.OPEN))
    venue.tick(60)
    assert price_of(venue, client)["state"] == "Stale"


def test_history_and_streams_pass_over_prices(venue: Venue, client: TestClient) -> None:
    streams = ("trade.SOL_USDC", "depth.SOL_USDC", "account.orderUpdate", "account.balanceUpdate")
    with client.websocket_connect("/ws") as socket:
        socket.send_json(venue.alice.subscription(*streams))
        socket.send_text("?")
        assert socket.receive_json()["error"]["code"] == 4002
        set_up(venue)
        for source in (1, 2, 3):
            quote(venue, source, 14_000_000_000)
        venue.tick()
        assert price_of(venue, client)["state"] == "Fresh"
        assert venue.writer.wait_for(venue.node.exchange.sequence, 5)
        socket.send_text("?")
        assert socket.receive_json()["error"]["code"] == 4002
