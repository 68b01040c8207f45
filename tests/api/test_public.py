from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.venue import START_US, Venue


def trade(venue: Venue, client: TestClient, price: str, quantity: str) -> None:
    venue.alice.limit(client, "Ask", price, quantity)
    venue.bob.limit(client, "Bid", price, quantity)


def test_status_ping_and_time_answer_as_the_wire(venue: Venue, client: TestClient) -> None:
    assert client.get("/api/v1/status").json() == {"message": None, "status": "Ok"}
    for path, text in (("ping", "pong"), ("time", str(START_US // 1_000))):
        reply = client.get(f"/api/v1/{path}")
        assert (reply.text, reply.headers["content-type"]) == (text, "text/plain; charset=utf-8")


def test_markets_have_the_keys_and_filters_of_the_wire(venue: Venue, client: TestClient) -> None:
    markets = client.get("/api/v1/markets").json()
    assert [market["symbol"] for market in markets] == ["SOL_USDC", "GLXY.US_USDC"]
    sol, galaxy = markets
    assert set(sol) == {
        "symbol", "baseSymbol", "quoteSymbol", "marketType", "filters", "imfFunction", "mmfFunction", "fundingInterval",
        "fundingRateUpperBound", "fundingRateLowerBound", "openInterestLimit", "orderBookState", "createdAt", "visible",
        "positionLimitWeight", "rwaMarketType",
    }  # fmt: skip
    assert (sol["baseSymbol"], sol["quoteSymbol"], sol["marketType"], sol["orderBookState"], sol["visible"]) == (
        "SOL", "USDC", "SPOT", "Open", True,
    )  # fmt: skip
    price, quantity = sol["filters"]["price"], sol["filters"]["quantity"]
    assert set(price) == {
        "minPrice", "maxPrice", "tickSize", "maxMultiplier", "minMultiplier", "maxImpactMultiplier",
        "minImpactMultiplier", "meanMarkPriceBand", "meanPremiumBand", "borrowEntryFeeMaxMultiplier",
        "borrowEntryFeeMinMultiplier", "maxPriceUpdateMultiplier", "minPriceUpdateMultiplier", "discoveryBoundBand",
    }  # fmt: skip
    assert (price["tickSize"], price["minPrice"], price["maxMultiplier"], price["minMultiplier"]) == (
        "0.01", "0.01", "2", "0.25",
    )  # fmt: skip
    assert set(quantity) == {"minQuantity", "maxQuantity", "stepSize"}
    assert quantity["stepSize"] == "0.01"
    assert datetime.fromisoformat(sol["createdAt"]).tzinfo is None
    assert (sol["rwaMarketType"], galaxy["rwaMarketType"]) == (None, "STOCK")
    assert client.get("/api/v1/market", params={"symbol": "SOL_USDC"}).json() == sol
    assert client.get("/api/v1/markets", params={"marketType": "PERP"}).json() == []
    assert len(client.get("/api/v1/markets?marketType=PERP&marketType=SPOT").json()) == 2


def test_assets_and_securities_are_listed(venue: Venue, client: TestClient) -> None:
    assets = client.get("/api/v1/assets").json()
    assert assets[0] == {"symbol": "USDC", "displayName": "USD Coin", "coingeckoId": None, "tokens": []}
    assert client.get("/api/v1/securities").json() == [
        {"asset": "GLXY.US", "name": "Galaxy Digital", "cusip": "36317J209", "sessions": []}
    ]


def test_depth_ascends_on_both_sides(venue: Venue, client: TestClient) -> None:
    for side, price in (("Bid", "100"), ("Bid", "101.5"), ("Ask", "103"), ("Ask", "102")):
        venue.alice.limit(client, side, price, "1")
    depth = client.get("/api/v1/depth", params={"symbol": "SOL_USDC", "limit": "5"}).json()
    assert depth == {
        "bids": [["100", "1"], ["101.5", "1"]],
        "asks": [["102", "1"], ["103", "1"]],
        "lastUpdateId": str(venue.node.exchange.sequence),
        "timestamp": START_US,
    }


def test_depth_without_orders_is_empty(venue: Venue, client: TestClient) -> None:
    depth = client.get("/api/v1/depth", params={"symbol": "SOL_USDC"}).json()
    assert (depth["bids"], depth["asks"]) == ([], [])


def test_ticker_without_trades_is_no_content(venue: Venue, client: TestClient) -> None:
    assert client.get("/api/v1/ticker", params={"symbol": "SOL_USDC"}).status_code == 204
    assert client.get("/api/v1/tickers").json() == []


def test_ticker_and_trades_follow_the_market(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100", "2")
    trade(venue, client, "99.5", "1")
    ticker = client.get("/api/v1/ticker", params={"symbol": "SOL_USDC"}).json()
    assert ticker == {
        "symbol": "SOL_USDC", "firstPrice": "100", "lastPrice": "99.5", "priceChange": "-0.5",
        "priceChangePercent": "-0.005", "high": "100", "low": "99.5", "volume": "3", "quoteVolume": "299.5",
        "trades": "2",
    }  # fmt: skip
    assert client.get("/api/v1/tickers", params={"interval": "1w"}).json() == [ticker]
    trades = client.get("/api/v1/trades", params={"symbol": "SOL_USDC", "limit": "1"}).json()
    assert trades == [
        {
            "id": 2, "price": "99.5", "quantity": "1", "quoteQuantity": "99.5", "timestamp": START_US // 1_000,
            "isBuyerMaker": False,
        }
    ]  # fmt: skip
    venue.writer.wait_for(venue.node.exchange.sequence, 5)
    params = {"symbol": "SOL_USDC", "limit": "1", "offset": "1"}
    assert client.get("/api/v1/trades/history", params=params).json()[0]["id"] == 1


def test_klines_have_empty_buckets_without_prices(venue: Venue, client: TestClient) -> None:
    trade(venue, client, "100", "2")
    client.portal.call(venue.tick, 180)  # type: ignore[union-attr]
    trade(venue, client, "101", "1")
    venue.writer.wait_for(venue.node.exchange.sequence, 5)
    start = START_US // 1_000_000
    params = {"symbol": "SOL_USDC", "interval": "1m", "startTime": start - 60, "endTime": start + 600}
    rows = client.get("/api/v1/klines", params=params).json()
    assert set(rows[0]) == {"start", "end", "open", "high", "low", "close", "volume", "quoteVolume", "trades"}
    assert [(row["open"], row["volume"], row["trades"]) for row in rows] == [
        ("100", "2", "1"), (None, "0", "0"), (None, "0", "0"), ("101", "1", "1"),
    ]  # fmt: skip
    assert [row["quoteVolume"] for row in rows] == ["200", "0", "0", "101"]
    begin, end = (datetime.fromisoformat(rows[0][name]) for name in ("start", "end"))
    assert (end - begin).seconds == 60


REFUSED = [
    (
        "/api/v1/depth?symbol=SOL_USDC&limit=3",
        "text",
        'failed to parse parameter `limit`: failed to parse "DepthLimit": Expect a valid enumeration value.',
    ),
    (
        "/api/v1/depth",
        "text",
        'failed to parse parameter `symbol`: Type "string" expects an input value.',
    ),
    ("/api/v1/depth?symbol=NO_USDC", "json", "Invalid market symbol"),
    ("/api/v1/market?symbol=sol_usdc", "json", "Invalid market symbol"),
    ("/api/v1/trades?symbol=SOL_USDC&limit=-1", "text", "failed to parse parameter `limit`"),
    ("/api/v1/trades?symbol=SOL_USDC&limit=1001", "text", "failed to parse parameter `limit`"),
    ("/api/v1/klines?symbol=SOL_USDC&interval=2m&startTime=0", "text", "failed to parse parameter `interval`"),
    ("/api/v1/klines?symbol=SOL_USDC&interval=1m&startTime=x", "text", "failed to parse parameter `startTime`"),
    ("/api/v1/klines?symbol=SOL_USDC&interval=1m&startTime=5&endTime=4", "json", "before startTime"),
    ("/api/v1/klines?symbol=SOL_USDC&interval=1m&startTime=5&priceType=Mark", "json", "Last price only"),
    ("/api/v1/tickers?interval=2d", "text", "failed to parse parameter `interval`"),
]


@pytest.mark.parametrize(("path", "form", "message"), REFUSED)
def test_query_that_cannot_be_is_refused(client: TestClient, path: str, form: str, message: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 400
    if form == "text":
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.text.startswith(message)
    else:
        assert set(reply.json()) == {"code", "message"}
        assert message in reply.json()["message"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/strategies", "/x", "/api/v1/order/"])
def test_path_that_is_not_served_is_not_found_in_plain_text(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.text) == (404, "404 not found")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_method_that_is_not_served_is_told_what_is(client: TestClient) -> None:
    reply = client.put("/api/v1/order")
    assert (reply.status_code, ", ".join(sorted(reply.headers["allow"].split(", ")))) == (
        405,
        "DELETE, GET, HEAD, POST",
    )


def test_page_shows_the_markets(client: TestClient) -> None:
    reply = client.get("/")
    assert reply.status_code == 200
    assert "SOL_USDC" in reply.text
    assert '<a href="/openapi.json">' in reply.text


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    return [found for part in value for found in references(part)] if isinstance(value, list) else []


def test_document_describes_every_operation_and_all_it_refers_to(client: TestClient) -> None:
    from ringfence.api.rest import OPERATIONS

    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    declared = {(operation.path, operation.method.lower()) for operation in OPERATIONS}
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == declared
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    assert {ref.removeprefix("#/components/schemas/") for ref in references(document)} <= set(
        document["components"]["schemas"]
    )
    order = document["paths"]["/api/v1/order"]["post"]
    assert order["x-instruction"] == "orderExecute"
    own = [operation for operation in OPERATIONS if operation.path.startswith("/ringfence/")]
    assert own and all(operation.instruction in ("", operation.name) for operation in own)
