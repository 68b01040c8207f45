"""Lending, borrowing and margin on the wire: exact keys, and values that follow from the rules."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.lending import (
    ALICE,
    BOB,
    E8,
    account,
    lent,
    loan,
    margin,
    number,
    positions,
    quote,
    set_up,
    settle,
)
from tests.api.venue import SOL, USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import PoolState

MARKET_KEYS = {
    "state", "assetMarkPrice", "borrowInterestRate", "borrowedQuantity", "fee", "lendInterestRate", "lentQuantity",
    "maxUtilization", "openBorrowLendLimit", "optimalUtilization", "symbol", "timestamp",
    "throttleUtilizationThreshold", "throttleUtilizationBound", "throttleUpdateFraction", "utilization", "stepSize",
}  # fmt: skip
POSITION_KEYS = {
    "cumulativeInterest", "id", "imf", "imfFunction", "netQuantity", "markPrice", "mmf", "mmfFunction",
    "netExposureQuantity", "netExposureNotional", "symbol", "estLiquidationPrice",
}  # fmt: skip
MARGIN_KEYS = {
    "assetsValue", "borrowLiability", "collateral", "imf", "unsettledEquity", "liabilitiesValue", "marginFraction",
    "mmf", "netEquity", "netEquityAvailable", "netEquityLocked", "netExposureFutures", "pnlUnrealized",
}  # fmt: skip
COLLATERAL_KEYS = {
    "symbol", "assetMarkPrice", "totalQuantity", "balanceNotional", "collateralWeight", "collateralValue",
    "openOrderQuantity", "lendQuantity", "availableQuantity",
}  # fmt: skip
MOVEMENT_KEYS = {
    "eventType", "positionId", "positionQuantity", "quantity", "source", "symbol", "timestamp", "spotMarginOrderId",
}  # fmt: skip
PAYMENT_KEYS = {
    "paymentType", "interestRate", "interval", "marketSymbol", "positionId", "quantity", "symbol", "timestamp",
}  # fmt: skip
ROW_KEYS = {
    "positionId", "quantity", "symbol", "source", "cumulativeInterest", "avgInterestRate", "side", "createdAt",
}  # fmt: skip


def pools(client: TestClient) -> dict[str, Any]:
    return {row["symbol"]: row for row in client.get("/api/v1/borrowLend/markets").json()}


def most(venue: Venue, client: TestClient, which: str, instruction: str, **params: Any) -> str:
    reply = venue.alice.get(client, f"/api/v1/account/limits/{which}", instruction, **params).json()
    (quantity,) = (value for name, value in reply.items() if name.startswith("max"))
    return quantity


def code_of(reply: Any) -> str:
    assert reply.status_code in (400, 409), reply.text
    return reply.json()["code"]


def test_venue_without_pools_lists_none(client: TestClient) -> None:
    for path in ("/api/v1/collateral", "/api/v1/borrowLend/markets"):
        assert client.get(path).json() == []
    assert client.get("/api/v1/borrowLend/apy").json() == {"borrowLend": [], "staking": []}


def test_collateral_parameters_tell_margins_and_haircuts(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    settle(venue, client)
    usdc, sol = client.get("/api/v1/collateral").json()
    assert usdc == {
        "symbol": "USDC",
        "imfFunction": {"type": "sqrt", "base": "0.1", "factor": "0.00005"},
        "mmfFunction": {"type": "sqrt", "base": "0.05", "factor": "0"},
        "haircutFunction": {"weight": "1", "kind": {"type": "identity"}},
    }
    assert sol["haircutFunction"] == {
        "weight": "0.9", "kind": {"type": "inverseSqrt", "base": "1", "positiveCurvePenalty": "0.0001"},
    }  # fmt: skip


def test_pools_tell_rates_quantities_and_limits(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    lent(venue.alice, client, "Borrow", "400", "USDC")
    pool = pools(client)["USDC"]
    assert set(pool) == MARKET_KEYS
    # At half of the optimal use: 1 % and half of the 7 % up to the optimal rate; lenders get that on 0.4, less a tenth.
    assert (pool["utilization"], pool["borrowInterestRate"], pool["lendInterestRate"]) == ("0.4", "0.045", "0.0162")
    assert (pool["state"], pool["assetMarkPrice"], pool["stepSize"], pool["fee"]) == ("Open", "1", "0.000001", "0.1")
    assert (pool["optimalUtilization"], pool["maxUtilization"]) == ("0.8", "0.95")
    # The first interest of the debt is owed at once; lenders get it second by second.
    assert number("400") < number(pool["borrowedQuantity"]) < number("400.01")
    assert number("1000") <= number(pool["lentQuantity"]) < number("1000.01")
    assert pool["timestamp"].endswith("Z")
    rates = client.get("/api/v1/borrowLend/apy").json()["borrowLend"]
    assert rates[0] == {"symbol": "USDC", "borrowRate": "0.045", "lendRate": "0.0162"}


def test_lent_funds_leave_capital_and_stand_in_positions(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    assert venue.bob.get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"] == "999000"
    (position,) = positions(venue.bob, client).values()
    assert set(position) == POSITION_KEYS
    assert (position["netQuantity"], position["netExposureQuantity"], position["netExposureNotional"]) == (
        "1000", "0", "0",
    )  # fmt: skip
    assert (position["estLiquidationPrice"], position["cumulativeInterest"], position["id"]) == ("0", "0", "1")
    assert margin(venue.bob, client)["marginFraction"] is None
    lent(venue.bob, client, "Borrow", "1000", "USDC")
    assert positions(venue.bob, client) == {}
    assert venue.bob.get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"] == "1000000"


def test_borrow_by_the_opposite_side_is_repaid_in_full(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    lent(venue.alice, client, "Borrow", "100", "USDC")
    debt = positions(venue.alice, client)["USDC"]["netQuantity"]
    assert number("-100.001") < number(debt) < -100
    assert code_of(loan(venue.bob, client, "Borrow", "0.0000001", "USDC")) == "INVALID_CLIENT_REQUEST"
    lent(venue.alice, client, "Lend", "500", "USDC")
    assert positions(venue.alice, client) == {}
    left = venue.alice.get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"]
    assert number(left) == 1_000_000 + number(debt) + 100


def test_account_summary_adds_up_by_the_rules(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "900000", "USDC")
    lent(venue.alice, client, "Borrow", "100000", "USDC")
    summary = margin(venue.alice, client)
    assert set(summary) == MARGIN_KEYS
    rows = {row["symbol"]: row for row in summary["collateral"]}
    assert all(set(row) == COLLATERAL_KEYS for row in rows.values())
    # 1,000 SOL at 100: 0.9 / (1 + 0.0001 * the root of 100,000, which the core rounds up).
    assert (rows["SOL"]["assetMarkPrice"], rows["SOL"]["balanceNotional"]) == ("100", "99999.999999")
    assert rows["SOL"]["collateralWeight"].startswith("0.87241")
    assert (rows["USDC"]["totalQuantity"], rows["USDC"]["collateralWeight"]) == ("1100000", "1")
    total = sum(number(row["collateralValue"]) for row in rows.values())
    assert number(summary["netEquity"]) == total - number(summary["borrowLiability"])
    assert number(summary["assetsValue"]) == sum(number(row["balanceNotional"]) for row in rows.values())
    free = number(summary["netEquity"]) - number(summary["netEquityLocked"])
    assert number(summary["netEquityAvailable"]) == free
    debt = number(positions(venue.alice, client)["USDC"]["netExposureNotional"])
    assert number(summary["netEquityLocked"]) >= debt * number(summary["imf"]) - number("0.01")
    assert (summary["imf"], summary["mmf"]) == ("0.1", "0.05")
    assert number(summary["marginFraction"]) == pytest.approx(float(number(summary["netEquity"]) / debt))


def test_subaccount_of_another_key_is_refused(venue: Venue, client: TestClient) -> None:
    path = "/api/v1/capital/collateral"
    assert venue.alice.get(client, path, "collateralQuery", subaccountId=0).status_code == 200
    assert code_of(venue.alice.get(client, path, "collateralQuery", subaccountId=3)) == "INVALID_CLIENT_REQUEST"


def test_refusals_name_amounts_in_whole_units(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    reply = loan(venue.alice, client, "Borrow", "5", "USDC")
    assert (code_of(reply), reply.json()["message"]) == (
        "INSUFFICIENT_SUPPLY", "5 of USDC wanted and 0 can be had now",
    )  # fmt: skip
    lent(venue.bob, client, "Lend", "1000", "SOL")
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=USDC, amount_atoms=10**12 - 10**8))
    settle(venue, client)
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=10**12))
    reply = loan(venue.alice, client, "Borrow", "10", "SOL")
    assert code_of(reply) == "INSUFFICIENT_MARGIN"
    needed, there = reply.json()["message"].split(" of margin needed and ")
    # A fifth of 10 SOL; 100 USDC and 10 SOL that count for less than 900 are not worth the debt of 1,000.
    assert needed.startswith("200.0000") and there == "-2.837239 there"
    assert code_of(loan(venue.alice, client, "Lend", "1", "GLXY.US")) == "INVALID_ASSET"
    assert code_of(loan(venue.alice, client, "Lend", "1", "NOPE")) == "INVALID_ASSET"


def test_settings_are_kept_and_auto_lend_lends_at_once(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    assert account(venue.alice, client).content == b""
    reply = account(venue.alice, client, autoLend=True, leverageLimit="5")
    assert (reply.status_code, reply.content) == (200, b"")
    found = venue.alice.get(client, "/api/v1/account", "accountQuery").json()
    settings = ("autoLend", "autoRepayBorrows", "autoBorrowSettlements", "leverageLimit")
    assert [found[name] for name in settings] == [True, False, False, "5"]
    assert {symbol: row["netQuantity"] for symbol, row in positions(venue.alice, client).items()} == {
        "USDC": "1000000", "SOL": "1000",
    }  # fmt: skip
    assert code_of(loan(venue.alice, client, "Borrow", "5", "USDC")) == "PRECONDITION_FAILED"
    assert account(venue.alice, client, autoLend=False, autoRepayBorrows=True).status_code == 200
    found = venue.alice.get(client, "/api/v1/account", "accountQuery").json()
    assert [found[name] for name in settings] == [False, True, False, "5"]
    assert account(venue.alice, client, leverageLimit="0.001").status_code == 400


@pytest.mark.parametrize("symbol", ["USDC", "SOL"])
def test_most_that_can_be_borrowed_is_taken_and_an_atom_more_is_not(
    venue: Venue, client: TestClient, symbol: str
) -> None:
    set_up(venue)
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=USDC, amount_atoms=10**12 - 10**9))
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=10**12 - 10**10))
    lent(venue.bob, client, "Lend", "100000" if symbol == "USDC" else "900", symbol)
    quantity = most(venue, client, "borrow", "maxBorrowQuantity", symbol=symbol)
    assert number(quantity) > 0
    decimals = 6 if symbol == "USDC" else 9
    more = str(Decimal(quantity) + Decimal(10) ** -decimals)
    assert code_of(loan(venue.alice, client, "Borrow", more, symbol)) == "INSUFFICIENT_MARGIN"
    lent(venue.alice, client, "Borrow", quantity, symbol)


def test_most_that_can_be_borrowed_is_bounded_by_the_pool(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    assert most(venue, client, "borrow", "maxBorrowQuantity", symbol="USDC") == "0"
    lent(venue.bob, client, "Lend", "1000", "USDC")
    settle(venue, client)
    assert most(venue, client, "borrow", "maxBorrowQuantity", symbol="USDC") == "950"
    assert most(venue, client, "borrow", "maxBorrowQuantity", symbol="GLXY.US") == "0"
    account(venue.alice, client, autoLend=True)
    assert most(venue, client, "borrow", "maxBorrowQuantity", symbol="USDC") == "0"


def test_most_of_an_order_on_margin_is_taken_and_a_step_more_is_not(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "900000", "USDC")
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=USDC, amount_atoms=10**12 - 10**9))
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=10**12))
    settle(venue, client)
    params = {"symbol": "SOL_USDC", "side": "Bid", "price": "100"}
    plain = most(venue, client, "order", "maxOrderQuantity", **params)
    assert plain == "10"
    quantity = most(venue, client, "order", "maxOrderQuantity", **params, autoBorrow=True)
    assert number(quantity) > 20
    step_more = str(Decimal(quantity) + Decimal("0.01"))
    refused = venue.alice.limit(client, "Bid", "100", step_more, autoBorrow=True)
    assert code_of(refused) == "INSUFFICIENT_MARGIN", refused.text
    assert venue.alice.limit(client, "Bid", "100", quantity, autoBorrow=True).status_code == 200


def test_most_that_can_be_withdrawn_keeps_the_margin(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    assert most(venue, client, "withdrawal", "maxWithdrawalQuantity", symbol="USDC") == "1000000"
    lent(venue.bob, client, "Lend", "900", "SOL")
    lent(venue.alice, client, "Borrow", "800", "SOL")
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=18 * 10**11))
    settle(venue, client)
    quantity = most(venue, client, "withdrawal", "maxWithdrawalQuantity", symbol="USDC")
    assert 0 < number(quantity) < 1_000_000
    atoms = int(number(quantity) * 10**6)
    before = venue.node.exchange.balance(ALICE, USDC)[0]
    venue.node.command(c.RequestWithdrawal(account=ALICE, asset=USDC, amount_atoms=atoms + 1))
    assert venue.node.exchange.balance(ALICE, USDC)[0] == before
    venue.node.command(c.RequestWithdrawal(account=ALICE, asset=USDC, amount_atoms=atoms))
    assert venue.node.exchange.balance(ALICE, USDC)[0] == before - atoms


def test_order_flags_borrow_repay_and_lend(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "500000", "USDC")
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=USDC, amount_atoms=10**12))
    settle(venue, client)
    assert code_of(venue.alice.limit(client, "Bid", "100", "10")) == "INSUFFICIENT_FUNDS"
    venue.bob.limit(client, "Ask", "100", "10")
    bought = venue.alice.limit(client, "Bid", "100", "10", autoBorrow=True).json()
    assert (bought["status"], bought["executedQuoteQuantity"]) == ("Filled", "1000")
    assert number(positions(venue.alice, client)["USDC"]["netQuantity"]) < -1_000
    venue.bob.limit(client, "Bid", "100", "20")
    sold = venue.alice.limit(client, "Ask", "100", "11", autoBorrowRepay=True, autoLend=True).json()
    assert sold["status"] == "Filled"
    assert number(positions(venue.alice, client)["USDC"]["netQuantity"]) > 90
    path = "/wapi/v1/history/borrowLend"
    rows = venue.alice.get(client, path, "borrowHistoryQueryAll", sortDirection="Asc").json()
    assert [(row["eventType"], row["source"]) for row in rows] == [
        ("Borrow", "SpotMargin"), ("BorrowRepay", "AutoBorrowRepay"), ("Lend", "AutoLend"),
    ]  # fmt: skip
    assert all(set(row) == MOVEMENT_KEYS for row in rows)
    assert [row["spotMarginOrderId"] for row in rows] == [bought["id"], sold["id"], sold["id"]]


def test_cancelled_order_of_an_account_that_lends_is_answered(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    account(venue.alice, client, autoLend=True)
    placed = venue.alice.limit(client, "Bid", "90", "10").json()
    assert placed["status"] == "New"
    body = {"symbol": "SOL_USDC", "orderId": placed["id"]}
    ended = venue.alice.send(client, "DELETE", "/api/v1/order", "orderCancel", body)
    assert (ended.status_code, ended.json()["status"]) == (200, "Cancelled")
    venue.alice.limit(client, "Bid", "90", "10")
    ended = venue.alice.send(client, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
    assert [order["status"] for order in ended.json()] == ["Cancelled"]
    assert venue.alice.get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"] == "0"


def test_interest_of_every_hour_adds_up_to_the_position(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    lent(venue.alice, client, "Borrow", "500", "USDC")
    for _ in range(3):
        venue.tick(3_600)
    settle(venue, client)
    for signer, side, given in ((venue.bob, "Lend", 1_000), (venue.alice, "Borrow", 500)):
        reply = signer.get(client, "/wapi/v1/history/interest", "interestHistoryQueryAll", asset="USDC")
        rows = reply.json()
        assert all(set(row) == PAYMENT_KEYS for row in rows)
        (position,) = positions(signer, client).values()
        paid = sum(number(row["quantity"]) for row in rows)
        assert paid == number(position["cumulativeInterest"]) == abs(number(position["netQuantity"])) - given
        hours = [row for row in rows if row["paymentType"] == side]
        assert len(hours) == 3 and {row["interval"] for row in hours} == {3_600_000}
        assert {row["positionId"] for row in rows} == {position["id"]}
        assert reply.headers["X-TOTAL"] == str(len(rows))
        path = "/wapi/v1/history/borrowLend/positions"
        (row,) = signer.get(client, path, "borrowPositionHistoryQueryAll", state="Open").json()
        assert set(row) == ROW_KEYS
        assert (row["side"], row["source"], row["positionId"]) == (side, "Manual", position["id"])
        assert number(row["avgInterestRate"]) > 0
        assert signer.get(client, path, "borrowPositionHistoryQueryAll", state="Closed").json() == []
    fees = venue.alice.get(client, "/wapi/v1/history/interest", "interestHistoryQueryAll", sortDirection="Asc").json()
    assert fees[0]["paymentType"] == "EntryFee"
    # Between an idle 1 % and an optimal 8 % at 0.8: 0.5 of use is 5.375 %.
    assert fees[1]["interestRate"].startswith("0.0537")
    history = client.get("/api/v1/borrowLend/markets/history", params={"interval": "1d", "symbol": "USDC"}).json()
    assert len(history) == 3 and set(history[0]) == {
        "borrowInterestRate", "borrowedQuantity", "lendInterestRate", "lentQuantity", "timestamp", "utilization",
    }  # fmt: skip


def test_redemption_waits_and_can_be_called_off(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    lent(venue.alice, client, "Borrow", "900", "USDC")
    lent(venue.bob, client, "Borrow", "500", "USDC")
    (waiting,) = venue.bob.get(client, "/ringfence/v1/redemptions", "redemptionQuery").json()
    assert (waiting["symbol"], waiting["ahead"]) == ("USDC", "0") and 0 < number(waiting["quantity"]) < 500
    body = {"symbol": "USDC"}
    reply = venue.bob.send(client, "DELETE", "/ringfence/v1/redemption", "redemptionCancel", body)
    assert (reply.status_code, reply.content) == (200, b"")
    assert venue.bob.get(client, "/ringfence/v1/redemptions", "redemptionQuery").json() == []


def test_liquidation_price_is_where_margin_ends(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=USDC, amount_atoms=10**12 - 10**10))
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=10**12))
    lent(venue.bob, client, "Lend", "900", "SOL")
    payload = json.dumps({"quantity": "50", "side": "Borrow", "symbol": "SOL"}).encode()
    path, instruction = "/api/v1/borrowLend/position/liquidationPrice", "borrowLendPositionLiquidationPrice"
    thought = venue.alice.get(client, path, instruction, borrow=base64.b64encode(payload).decode()).json()
    lent(venue.alice, client, "Borrow", "50", "SOL")
    venue.node.command(c.Transfer(account=ALICE, to_account=65, asset=SOL, amount_atoms=50 * 10**9))
    settle(venue, client)
    refused = positions(venue.alice, client)["SOL"]
    assert set(thought) == {"liquidationPrice", "markPrice"} and thought["markPrice"] == "100"
    price = number(refused["estLiquidationPrice"])
    assert price > 100
    quote(venue, int(price * E8))
    settle(venue, client)
    summary = margin(venue.alice, client)
    assert number(summary["marginFraction"]) == pytest.approx(float(number(summary["mmf"])), rel=0.02)
    wrong = venue.alice.get(client, path, instruction, borrow="?")
    assert code_of(wrong) == "INVALID_CLIENT_REQUEST"


def test_stream_tells_balances_that_loans_change(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    settle(venue, client)
    with client.websocket_connect("/ws") as socket:
        socket.send_json(venue.bob.subscription("account.balanceUpdate"))
        socket.send_text("?")
        assert socket.receive_json()["error"]["code"] == 4002
        lent(venue.bob, client, "Lend", "1000", "USDC")
        told = socket.receive_json()["data"]
    assert (told["e"], told["a"], told["A"]) == ("balanceUpdate", "USDC", "999000.000000")


def test_closed_pool_refuses_by_name(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    lent(venue.bob, client, "Lend", "1000", "USDC")
    row = venue.node.exchange.lending_pool(USDC)
    assert row is not None
    venue.node.command(
        c.SetLendingPool(
            asset=USDC, pool_state=PoolState.REPAY_ONLY, rate_optimal_e8=row.rate_optimal_e8, rate_full_e8=E8
        )
    )
    settle(venue, client)
    assert pools(client)["USDC"]["state"] == "RepayOnly"
    assert code_of(loan(venue.alice, client, "Borrow", "1", "USDC")) == "TRADING_PAUSED"
    assert venue.node.exchange.loans(BOB)
