import sqlite3
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.venue import SOL, Venue

from ringfence.schema import commands as c

ORDER_KEYS = {
    "id", "createdAt", "executedQuantity", "executedQuoteQuantity", "expiryReason", "orderType", "postOnly", "price",
    "quantity", "quoteQuantity", "selfTradePrevention", "status", "side", "stopLossTriggerPrice", "stopLossLimitPrice",
    "stopLossTriggerBy", "symbol", "takeProfitTriggerPrice", "takeProfitLimitPrice", "takeProfitTriggerBy",
    "timeInForce", "triggerBy", "triggerPrice", "triggerQuantity", "clientId", "systemOrderType", "strategyId",
    "slippageTolerance", "slippageToleranceType",
}  # fmt: skip
FILL_KEYS = {
    "clientId", "fee", "feeSymbol", "isMaker", "orderId", "price", "quantity", "side", "symbol", "systemOrderType",
    "timestamp", "tradeId",
}  # fmt: skip


def test_account_tells_fees_in_basis_points_and_open_orders(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Bid", "100", "1")
    account = venue.alice.get(client, "/api/v1/account", "accountQuery").json()
    assert set(account) == {
        "autoBorrowSettlements", "autoLend", "autoRealizePnl", "autoRepayBorrows", "borrowLimit", "futuresMakerFee",
        "futuresTakerFee", "leverageLimit", "limitOrders", "liquidating", "positionLimit", "spotMakerFee",
        "spotTakerFee", "triggerOrders",
    }  # fmt: skip
    assert (account["spotMakerFee"], account["spotTakerFee"], account["limitOrders"]) == ("8", "10", 1)


def test_capital_tells_available_and_locked(venue: Venue, client: TestClient) -> None:
    venue.alice.limit(client, "Bid", "100", "1.5")
    assert venue.alice.get(client, "/api/v1/capital", "balanceQuery").json() == {
        "USDC": {"available": "999850", "locked": "150", "staked": "0"},
        "SOL": {"available": "1000", "locked": "0", "staked": "0"},
    }


@pytest.mark.parametrize(
    ("params", "quantity"),
    [
        ({"side": "Ask"}, "1000"),
        ({"side": "Bid", "price": "100"}, "10000"),
        ({"side": "Bid", "price": "3"}, "333333.33"),
        ({"side": "Bid"}, "2"),
    ],
)
def test_largest_order_is_what_the_balance_pays(
    venue: Venue, client: TestClient, params: dict[str, str], quantity: str
) -> None:
    venue.bob.limit(client, "Ask", "100", "2")
    path = "/api/v1/account/limits/order"
    reply = venue.alice.get(client, path, "maxOrderQuantity", symbol="SOL_USDC", **params).json()
    assert set(reply) == {
        "autoBorrow", "autoBorrowRepay", "autoLendRedeem", "maxOrderQuantity", "price", "side", "symbol", "reduceOnly",
    }  # fmt: skip
    assert reply["maxOrderQuantity"] == quantity


def test_order_history_holds_open_and_finished_orders(venue: Venue, client: TestClient) -> None:
    first = venue.alice.limit(client, "Ask", "100", "1", clientId=5).json()
    venue.bob.limit(client, "Bid", "100", "1")
    expired = venue.alice.limit(client, "Ask", "100", "1", timeInForce="IOC").json()
    resting = venue.alice.limit(client, "Ask", "105", "1").json()
    reply = venue.alice.get(client, "/wapi/v1/history/orders", "orderHistoryQueryAll", symbol="SOL_USDC")
    orders = reply.json()
    assert [(order["id"], order["status"]) for order in orders] == [
        (resting["id"], "New"), (expired["id"], "Expired"), (first["id"], "Filled"),
    ]  # fmt: skip
    assert set(orders[0]) == ORDER_KEYS
    assert orders[1]["expiryReason"] == "ImmediateOrCancel"
    assert (orders[2]["clientId"], orders[2]["executedQuoteQuantity"]) == (5, "100")
    assert orders[0]["createdAt"] == "2025-10-09T08:53:20"
    headers = {name: reply.headers[name] for name in ("X-PAGE-COUNT", "X-CURRENT-PAGE", "X-PAGE-SIZE", "X-TOTAL")}
    assert list(headers.values()) == ["1", "0", "100", "3"]
    found = venue.alice.get(client, "/wapi/v1/history/orders", "orderHistoryQueryAll", orderId=first["id"]).json()
    assert [order["id"] for order in found] == [first["id"]]
    assert venue.bob.get(client, "/wapi/v1/history/orders", "orderHistoryQueryAll", orderId=first["id"]).json() == []
    oldest = venue.alice.get(
        client, "/wapi/v1/history/orders", "orderHistoryQueryAll", limit=1, offset=1, sortDirection="Asc"
    )
    assert [order["id"] for order in oldest.json()] == [expired["id"]]


def test_fills_are_found_at_once_with_fee_in_what_was_received(venue: Venue, client: TestClient) -> None:
    maker = venue.alice.limit(client, "Ask", "100", "1", clientId=5).json()
    taker = venue.bob.limit(client, "Bid", "100", "1").json()
    path, instruction = "/wapi/v1/history/fills", "fillHistoryQueryAll"
    (bought,) = venue.bob.get(client, path, instruction, symbol="SOL_USDC", fillType="User").json()
    assert set(bought) == FILL_KEYS
    assert (bought["fee"], bought["feeSymbol"], bought["isMaker"], bought["side"]) == ("0.001", "SOL", False, "Bid")
    assert (bought["orderId"], bought["clientId"], bought["tradeId"]) == (taker["id"], None, 1)
    (sold,) = venue.alice.get(client, path, instruction, orderId=maker["id"]).json()
    assert (sold["fee"], sold["feeSymbol"], sold["isMaker"], sold["clientId"]) == ("0.08", "USDC", True, "5")
    time_ms = venue.clock.now_us // 1_000
    for bounds, count in (({"from": time_ms}, 1), ({"from": time_ms + 1}, 0), ({"to": time_ms}, 0)):
        assert len(venue.bob.get(client, path, instruction, **bounds).json()) == count
    for nothing in ({"fillType": "Adl"}, {"marketType": "PERP"}, {"strategyId": "1"}):
        assert venue.bob.get(client, path, instruction, **nothing).json() == []


def test_deposits_are_listed_newest_first(venue: Venue, client: TestClient) -> None:
    deposits = venue.alice.get(client, "/wapi/v1/capital/deposits", "depositQueryAll", limit=10).json()
    assert [(row["symbol"], row["quantity"], row["status"]) for row in deposits] == [
        ("SOL", "1000", "confirmed"), ("USDC", "1000000", "confirmed"),
    ]  # fmt: skip
    assert {"id", "toAddress", "fromAddress", "source", "status", "transactionHash", "symbol", "quantity", "createdAt",
            "fiatAmount", "fiatCurrency", "institutionBic", "platformMemo"} == set(deposits[0])  # fmt: skip
    assert venue.alice.get(client, "/wapi/v1/capital/withdrawals", "withdrawalQueryAll").json() == []


def test_what_an_operator_did_waits_for_history_that_is_behind(venue: Venue, client: TestClient) -> None:
    holder = sqlite3.connect(venue.engine.url.database, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    venue.clock.now_us += 1
    venue.node.command(c.Deposit(account=64, asset=SOL, source=1, number=6, amount_atoms=5 * 10**8))
    while venue.gateway.exchange.sequence < venue.node.exchange.sequence:
        client.get("/api/v1/ping")
    release = threading.Timer(0.3, holder.rollback)
    release.start()
    deposits = venue.alice.get(client, "/wapi/v1/capital/deposits", "depositQueryAll", limit=1).json()
    release.join()
    holder.close()
    assert [(row["symbol"], row["quantity"]) for row in deposits] == [("SOL", "0.5")]


def test_transfer_moves_between_accounts_of_one_user(venue: Venue, client: TestClient) -> None:
    body = {"symbol": "SOL", "quantity": "2.5", "toAccount": 65}
    reply = venue.alice.send(client, "POST", "/ringfence/v1/transfer", "transfer", body)
    assert reply.json()["quantity"] == "2.5"
    assert venue.node.exchange.balance(65, SOL) == (2_500_000_000, 0)
    stranger = venue.alice.send(client, "POST", "/ringfence/v1/transfer", "transfer", body | {"toAccount": 66})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "FORBIDDEN")


def bad_signature(headers: dict[str, str], other: dict[str, str]) -> None:
    headers["X-Signature"] = other["X-Signature"]


def old(headers: dict[str, str], other: dict[str, str]) -> None:
    headers["X-Timestamp"] = str(int(headers["X-Timestamp"]) - 5_001)


def unknown_key(headers: dict[str, str], other: dict[str, str]) -> None:
    headers["X-API-Key"] = "A" * 43 + "="


def no_key(headers: dict[str, str], other: dict[str, str]) -> None:
    del headers["X-API-Key"]


@pytest.mark.parametrize(
    ("spoil", "status", "code", "message"),
    [
        (bad_signature, 400, "INVALID_CLIENT_REQUEST", "Invalid signature"),
        (old, 400, "INVALID_CLIENT_REQUEST", "Request has expired"),
        (unknown_key, 401, "UNAUTHORIZED", "not known"),
        (no_key, 401, "UNAUTHORIZED", "X-API-Key"),
    ],
)
def test_request_that_nobody_may_make_is_refused(
    venue: Venue, client: TestClient, spoil: Any, status: int, code: str, message: str
) -> None:
    headers = venue.alice.headers("balanceQuery")
    spoil(headers, venue.alice.headers("accountQuery"))
    reply = client.get("/api/v1/capital", headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert message in reply.json()["message"]


def test_key_of_bob_does_not_sign_for_alice(venue: Venue, client: TestClient) -> None:
    headers = venue.bob.headers("balanceQuery") | {"X-API-Key": venue.alice.key}
    assert client.get("/api/v1/capital", headers=headers).json()["message"] == "Invalid signature"


def test_body_that_was_changed_after_signing_is_refused(venue: Venue, client: TestClient) -> None:
    headers = venue.alice.headers("orderCancelAll", [{"symbol": "SOL_USDC"}])
    reply = client.request("DELETE", "/api/v1/orders", headers=headers, content=b'{"symbol":"SOL_USDC","x":1}')
    assert reply.json()["message"] == "Invalid signature"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"symbol":' + b"[" * 5_000])
def test_body_that_is_no_order_is_refused(venue: Venue, client: TestClient, body: bytes) -> None:
    headers = venue.alice.headers("orderExecute")
    reply = client.request("POST", "/api/v1/order", headers=headers, content=body)
    assert reply.status_code == 400
    assert reply.text.startswith("parse request payload error: ")


def test_body_over_the_limit_is_refused_unread(venue: Venue, client: TestClient) -> None:
    reply = client.request("POST", "/api/v1/order", headers=venue.alice.headers("x"), content=b"x" * 65_537)
    assert (reply.status_code, reply.json()["code"]) == (413, "INVALID_CLIENT_REQUEST")

    def chunks() -> Any:
        for _ in range(100):
            yield b"x" * 1_000

    assert (
        client.request("POST", "/api/v1/order", headers=venue.alice.headers("x"), content=chunks()).status_code == 413
    )
