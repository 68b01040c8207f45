"""Perpetuals over REST: what is listed, orders and positions in them, and what an account may still do."""

from fractions import Fraction

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from tests.api import lending
from tests.api.perpetuals import E8, PERP, end_hour, open_position, order, position, quote, set_up
from tests.api.venue import Signer, Venue


@pytest.fixture
def perp(venue: Venue, client: TestClient) -> TestClient:
    set_up(venue, client)
    return client


def test_markets_list_a_perpetual_with_margin_and_funding(perp):
    market = perp.get(f"/api/v1/market?symbol={PERP}").json()
    assert (market["marketType"], market["baseSymbol"], market["quoteSymbol"]) == ("PERP", "SOL", "USDC")
    assert market["imfFunction"] == {"type": "sqrt", "base": "0.02", "factor": "0.000075"}
    assert market["mmfFunction"] == {"type": "sqrt", "base": "0.0135", "factor": "0.0000375"}
    assert (market["fundingInterval"], market["openInterestLimit"]) == (3_600_000, "4000000")
    assert (market["fundingRateLowerBound"], market["fundingRateUpperBound"]) == ("-100", "100")
    assert market["positionLimitWeight"] == "1"
    spot = perp.get("/api/v1/market?symbol=SOL_USDC").json()
    assert (spot["imfFunction"], spot["fundingInterval"], spot["openInterestLimit"]) == (None, None, "0")
    for kind, symbols in (("PERP", [PERP]), ("SPOT", ["SOL_USDC", "GLXY.US_USDC"]), ("DATED", [])):
        assert [row["symbol"] for row in perp.get(f"/api/v1/markets?marketType={kind}").json()] == symbols


def test_mark_prices_tell_mark_index_and_coming_funding(perp):
    (row,) = perp.get("/api/v1/markPrices").json()
    hour_ms = 3_600_000
    assert row["nextFundingTimestamp"] % hour_ms == 0
    assert {name: row[name] for name in ("symbol", "markPrice", "indexPrice", "fundingRate")} == {
        "symbol": PERP, "markPrice": "100", "indexPrice": "100", "fundingRate": "0.0000125",
    }  # fmt: skip
    assert perp.get(f"/api/v1/markPrices?symbol={PERP}").json() == [row]
    refused = perp.get("/api/v1/markPrices?symbol=SOL_USDC")
    assert (refused.status_code, refused.json()["message"]) == (400, "Symbol not found")
    assert perp.get("/api/v1/markPrices?marketType=SPOT").json() == []


def test_funding_rates_begin_with_the_estimate_of_this_hour(perp):
    (row, *_) = perp.get(f"/api/v1/fundingRates?symbol={PERP}").json()
    assert (row["symbol"], row["fundingRate"]) == (PERP, "0.0000125")
    assert row["intervalEndTimestamp"].endswith(":00:00") and "Z" not in row["intervalEndTimestamp"]


def test_position_opens_with_entry_price_fee_and_margin(venue, perp):
    open_position(venue, perp)
    row = position(venue, perp)
    assert row.keys() == {
        "breakEvenPrice", "entryPrice", "estLiquidationPrice", "imf", "imfFunction", "markPrice", "mmf", "mmfFunction",
        "netCost", "netQuantity", "netExposureQuantity", "netExposureNotional", "pnlRealized", "pnlUnrealized",
        "cumulativeFundingPayment", "subaccountId", "symbol", "userId", "positionId", "cumulativeInterest",
    }  # fmt: skip
    assert (row["entryPrice"], row["netCost"], row["netQuantity"]) == ("100", "1000", "10")
    assert row["breakEvenPrice"] == "100.1"
    assert (row["pnlRealized"], row["pnlUnrealized"], row["cumulativeFundingPayment"]) == ("0", "-1", "0")
    assert (row["imf"], row["mmf"], row["estLiquidationPrice"]) == ("0.02", "0.0135", "0")
    assert (row["subaccountId"], row["userId"]) == (None, 1)
    short = position(venue, perp, "bob")
    assert (short["netQuantity"], short["netCost"], short["entryPrice"], short["breakEvenPrice"]) == (
        "-10", "-1000", "100", "99.92",
    )  # fmt: skip
    assert Fraction(short["estLiquidationPrice"]) > 100_000
    (interest,) = perp.get(f"/api/v1/openInterest?symbol={PERP}").json()
    assert (interest["symbol"], interest["openInterest"]) == (PERP, "10")


def test_position_after_a_settlement_shows_what_was_moved(venue, perp):
    open_position(venue, perp)
    before = Fraction(venue.alice.get(perp, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"])
    quote(venue, perp, 101 * E8)
    after = Fraction(venue.alice.get(perp, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"])
    row = position(venue, perp)
    assert Fraction(row["pnlRealized"]) == after - before != 0
    total = Fraction(row["pnlRealized"]) + Fraction(row["pnlUnrealized"])
    fee = 1
    assert total == Fraction(row["markPrice"]) * 10 - 1000 - fee
    assert row["entryPrice"] == "100"


def test_position_of_a_symbol_without_one_is_not_found(venue, perp):
    reply = venue.alice.get(perp, "/api/v1/position", "positionQuery", symbol=PERP)
    assert reply.status_code == 404
    assert venue.alice.get(perp, "/api/v1/position", "positionQuery").json() == []
    open_position(venue, perp)
    (row,) = venue.alice.get(perp, "/api/v1/position", "positionQuery", symbol=PERP).json()
    assert row == position(venue, perp)
    assert venue.alice.get(perp, "/api/v1/position", "positionQuery", marketType="SPOT").json() == []


def test_reduce_only_order_takes_no_more_than_the_position(venue, perp):
    open_position(venue, perp)
    resting = order(venue, perp, "alice", "Ask", "15", "110", reduceOnly=True).json()
    assert (resting["reduceOnly"], resting["quantity"]) == (True, "10")
    (listed,) = venue.alice.get(perp, "/api/v1/orders", "orderQueryAll", marketType="PERP").json()
    assert listed == resting
    assert venue.alice.get(perp, "/api/v1/orders", "orderQueryAll", marketType="SPOT").json() == []
    refused = order(venue, perp, "alice", "Ask", "1", "111", reduceOnly=True)
    assert (refused.status_code, refused.json()) == (
        400, {"code": "INVALID_ORDER", "message": f"10 to reduce in {PERP}, and 10 are being reduced"},
    )  # fmt: skip


def test_reduce_only_order_closes_when_the_position_is_gone(venue, perp):
    open_position(venue, perp)
    order(venue, perp, "alice", "Ask", "10", "110", reduceOnly=True)
    order(venue, perp, "bob", "Bid", "10", "100")
    closing = venue.alice.order(perp, symbol=PERP, side="Ask", orderType="Market", quantity="10").json()
    assert (closing["status"], closing["reduceOnly"]) == ("Filled", False)
    assert venue.alice.get(perp, "/api/v1/orders", "orderQueryAll").json() == []
    (first, *_) = [
        row
        for row in venue.alice.get(perp, "/wapi/v1/history/orders", "orderHistoryQueryAll", symbol=PERP).json()
        if row["status"] == "Expired"
    ]
    assert first["expiryReason"] == "ReduceOnlyNotReduced"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"symbol": PERP, "autoBorrow": True}, "`autoBorrow`: SOL_USDC_PERP is a perpetual, whose"),
        ({"symbol": "SOL_USDC", "reduceOnly": True}, "`reduceOnly`: SOL_USDC is a spot market"),
    ],
)  # fmt: skip
def test_order_with_a_field_of_another_kind_of_market_is_refused(venue, perp, fields, sentence):
    reply = venue.alice.limit(perp, "Bid", "100", "1", **fields)
    assert reply.status_code == 400 and reply.json()["code"] == "INVALID_ORDER"
    assert sentence in reply.json()["message"]


def test_market_order_by_quote_on_a_perpetual_is_refused(venue, perp):
    reply = venue.alice.order(perp, symbol=PERP, side="Bid", orderType="Market", quoteQuantity="100")
    assert reply.status_code == 400 and "sized by `quantity`" in reply.json()["message"]


def test_fills_on_a_perpetual_pay_their_fee_in_the_quote_asset(venue, perp):
    open_position(venue, perp)
    (fill,) = venue.alice.get(perp, "/wapi/v1/history/fills", "fillHistoryQueryAll", marketType="PERP").json()
    assert (fill["symbol"], fill["side"], fill["fee"], fill["feeSymbol"]) == (PERP, "Bid", "1", "USDC")
    assert venue.alice.get(perp, "/wapi/v1/history/fills", "fillHistoryQueryAll", marketType="SPOT").json() == []


def test_collateral_counts_positions_and_their_orders(venue, perp):
    open_position(venue, perp)
    order(venue, perp, "alice", "Bid", "5", "90")
    account = lending.margin(venue.alice, perp)
    # Values are rounded against the account, by up to two millionths each.
    for name, expected in (("netExposureFutures", 1500), ("pnlUnrealized", -1), ("liabilitiesValue", 1)):
        assert abs(Fraction(account[name]) - expected) <= Fraction(2, 10**6), name
    assert account["borrowLiability"] == "0"
    # 1500 at 2 %, and what the resting order may cost in fees.
    assert 30 <= Fraction(account["netEquityLocked"]) < 31
    equity = Fraction(account["netEquity"])
    assert abs(Fraction(account["marginFraction"]) - equity / 1500) < Fraction(1, 10**5)
    assert Fraction(account["imf"]) == Fraction(2, 100)


@pytest.mark.parametrize(("side", "price"), [("Bid", "100"), ("Ask", "100"), ("Bid", "130"), ("Ask", "60")])
def test_max_order_quantity_is_the_largest_that_the_core_takes(venue, perp, side, price):
    open_position(venue, perp)
    query = {"symbol": PERP, "side": side, "price": price}
    found = venue.alice.get(perp, "/api/v1/account/limits/order", "maxOrderQuantity", **query).json()
    most = Fraction(found["maxOrderQuantity"])
    assert most > 0
    one_more = order(venue, perp, "alice", side, f"{float(most + Fraction(1, 100)):.2f}", price)
    assert one_more.status_code == 400, one_more.text
    assert one_more.json()["code"] in ("INSUFFICIENT_MARGIN", "POSITION_LIMIT")
    assert order(venue, perp, "alice", side, found["maxOrderQuantity"], price).status_code == 200


def test_max_order_quantity_that_only_reduces_is_the_position(venue, perp):
    open_position(venue, perp)
    query = {"symbol": PERP, "side": "Ask", "price": "105", "reduceOnly": True}
    found = venue.alice.get(perp, "/api/v1/account/limits/order", "maxOrderQuantity", **query).json()
    assert (found["maxOrderQuantity"], found["reduceOnly"]) == ("10", True)
    query["side"] = "Bid"
    found = venue.alice.get(perp, "/api/v1/account/limits/order", "maxOrderQuantity", **query).json()
    assert found["maxOrderQuantity"] == "0"


def test_account_shows_the_fees_of_futures(venue, perp):
    row = venue.alice.get(perp, "/api/v1/account", "accountQuery").json()
    assert (row["futuresMakerFee"], row["futuresTakerFee"], row["autoRealizePnl"]) == ("8", "10", True)


def test_mark_price_stream_speaks_each_second(venue, perp):
    with perp.websocket_connect("/") as socket:
        socket.send_json({"method": "SUBSCRIBE", "params": [f"markPrice.{PERP}", f"openInterest.{PERP}"]})
        socket.send_json({"method": "PING"})
        socket.receive_json()
        lending.quote(venue, 100 * E8)
        found = socket.receive_json()
        assert found["stream"] == f"markPrice.{PERP}"
        data = found["data"]
        assert (data["e"], data["s"], data["p"], data["i"], data["f"]) == (
            "markPrice", PERP, "100.00", "100.00", "0.0000125",
        )  # fmt: skip
        assert data["n"] % 3_600_000 == 0 and data["T"] == venue.clock.now_us


def test_position_stream_tells_opening_adjusting_and_closing(venue, perp):
    with perp.websocket_connect("/") as socket:
        socket.send_json(venue.alice.subscription("account.positionUpdate"))
        socket.send_json({"method": "PING"})
        socket.receive_json()
        open_position(venue, perp)
        opened = socket.receive_json()["data"]
        assert (opened["e"], opened["s"], opened["q"], opened["B"], opened["b"]) == (
            "positionOpened", PERP, "10", "100", "100.1",
        )  # fmt: skip
        order(venue, perp, "bob", "Bid", "10", "100")
        order(venue, perp, "alice", "Ask", "4", "100")
        adjusted = socket.receive_json()["data"]
        assert (adjusted["e"], adjusted["q"], adjusted["i"]) == ("positionAdjusted", "6", opened["i"])
        with perp.websocket_connect("/") as second:
            second.send_json(venue.alice.subscription(f"account.positionUpdate.{PERP}"))
            standing = second.receive_json()["data"]
            assert "e" not in standing and standing["q"] == "6"
        order(venue, perp, "alice", "Ask", "6", "100")
        closed = socket.receive_json()["data"]
        assert (closed["e"], closed["q"], closed["Q"], closed["i"]) == ("positionClosed", "0", "0", opened["i"])


def private(socket: WebSocketTestSession, signer: Signer, *streams: str) -> None:
    """Subscribe, and wait until that was taken; only frames that are refused are answered."""
    socket.send_json(signer.subscription(*streams))
    silent(socket)


def silent(socket: WebSocketTestSession) -> None:
    """Require that nothing else comes before the answer to a frame that is refused."""
    socket.send_json({"method": "PING"})
    assert socket.receive_json()["error"]["code"] == 4002


def test_balance_stream_tells_what_a_settlement_moved(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 100 * E8)
    with perp.websocket_connect("/") as alice, perp.websocket_connect("/") as bob:
        private(alice, venue.alice, "account.balanceUpdate")
        private(bob, venue.bob, "account.balanceUpdate")
        quote(venue, perp, 101 * E8)
        for socket, signer, rises in ((alice, venue.alice, True), (bob, venue.bob, False)):
            told = [socket.receive_json()["data"]]
            before = Fraction(told[0]["A"])
            now = Fraction(signer.get(perp, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"])
            assert (told[0]["e"], told[0]["a"], before, told[0]["L"]) == ("balanceUpdate", "USDC", now, "0.000000")
            assert (now > 1_000_000) == rises
            silent(socket)


def test_balance_stream_tells_what_a_settlement_redeemed(venue, perp):
    lending.lent(venue.alice, perp, "Lend", "1000000", "USDC")
    open_position(venue, perp)
    quote(venue, perp, 100 * E8)
    with perp.websocket_connect("/") as socket:
        private(socket, venue.alice, "account.balanceUpdate")
        quote(venue, perp, 99 * E8)
        data = socket.receive_json()["data"]
        assert (data["a"], data["A"], data["L"]) == ("USDC", "0.000000", "0.000000"), "what was redeemed was paid"
        silent(socket)


def test_account_streams_are_silent_when_a_settlement_moved_nothing(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 100 * E8)
    with perp.websocket_connect("/") as socket:
        private(socket, venue.alice, "account.balanceUpdate")
        socket.send_json(venue.alice.subscription("account.positionUpdate"))
        assert "e" not in socket.receive_json()["data"]
        quote(venue, perp, 100 * E8)
        silent(socket)


def test_position_stream_tells_what_a_settlement_moved(venue, perp):
    open_position(venue, perp)
    with perp.websocket_connect("/") as socket:
        socket.send_json(venue.alice.subscription("account.positionUpdate"))
        assert "e" not in socket.receive_json()["data"]
        quote(venue, perp, 101 * E8)
        data, row = socket.receive_json()["data"], position(venue, perp)
        assert (data["e"], data["q"], data["p"]) == ("positionAdjusted", "10", row["pnlRealized"])
        assert Fraction(data["p"]) != 0
        silent(socket)


def test_position_stream_tells_the_funding_of_an_hour(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 100 * E8)
    with perp.websocket_connect("/") as socket:
        socket.send_json(venue.alice.subscription(f"account.positionUpdate.{PERP}"))
        before = socket.receive_json()["data"]
        end_hour(venue, perp)
        data = socket.receive_json()["data"]
        assert data["e"] == "positionAdjusted"
        assert Fraction(data["p"]) + Fraction(data["P"]) - Fraction(before["p"]) == Fraction("-0.0125")
        silent(socket)


def test_positions_that_stand_are_told_to_the_new_listener_only(venue, perp):
    open_position(venue, perp)
    with perp.websocket_connect("/") as first, perp.websocket_connect("/") as second:
        for socket in (first, second):
            socket.send_json(venue.alice.subscription("account.positionUpdate"))
            standing = socket.receive_json()
            assert standing["stream"] == "account.positionUpdate" and standing["data"]["q"] == "10"
            assert "e" not in standing["data"]
        silent(first)
        silent(second)
        order(venue, perp, "alice", "Bid", "1", "90")
        for socket in (first, second):
            assert socket.receive_json()["data"]["e"] == "positionAdjusted"
