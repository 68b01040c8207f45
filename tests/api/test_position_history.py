"""History of perpetuals over REST: funding of every hour, what settlements moved, and positions that were closed."""

from fractions import Fraction
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api import lending
from tests.api.perpetuals import E8, PERP, end_hour, open_position, order, position, quote, set_up
from tests.api.venue import Signer, Venue

FUNDING = ("/wapi/v1/history/funding", "fundingHistoryQueryAll")
SETTLEMENT = ("/wapi/v1/history/settlement", "settlementHistoryQueryAll")
POSITION = ("/wapi/v1/history/position", "positionHistoryQueryAll")
PAGED = (FUNDING, SETTLEMENT, POSITION)


@pytest.fixture
def perp(venue: Venue, client: TestClient) -> TestClient:
    set_up(venue, client)
    return client


def rows(signer: Signer, client: TestClient, what: tuple[str, str], **query: Any) -> list[dict[str, Any]]:
    reply = signer.get(client, *what, **query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def usdc(venue: Venue, client: TestClient) -> Fraction:
    return Fraction(venue.alice.get(client, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"])


def close_position(venue: Venue, client: TestClient, price: str) -> None:
    assert order(venue, client, "bob", "Bid", "10", price).status_code == 200
    assert order(venue, client, "alice", "Ask", "10", price).json()["status"] == "Filled"


def test_funding_of_an_hour_is_paid_by_the_long_and_received_by_the_short(venue, perp):
    open_position(venue, perp)
    end_hour(venue, perp)
    (paid,), (received,) = rows(venue.alice, perp, FUNDING), rows(venue.bob, perp, FUNDING)
    assert paid == {
        "userId": 1, "subaccountId": None, "symbol": PERP, "quantity": "-0.0125",
        "intervalEndTimestamp": paid["intervalEndTimestamp"], "fundingRate": "0.0000125",
    }  # fmt: skip
    assert paid["intervalEndTimestamp"].endswith(":00:00")
    assert received == paid | {"userId": 2, "quantity": "0.0125"}
    assert Fraction(position(venue, perp)["cumulativeFundingPayment"]) == Fraction(paid["quantity"])


def test_funding_history_filters_pages_and_sorts(venue, perp):
    open_position(venue, perp)
    for _ in range(3):
        end_hour(venue, perp)
    newest = rows(venue.alice, perp, FUNDING)
    ends = [row["intervalEndTimestamp"] for row in newest]
    assert len(newest) == 3 and ends == sorted(ends, reverse=True)
    assert rows(venue.alice, perp, FUNDING, sortDirection="Asc") == newest[::-1]
    assert rows(venue.alice, perp, FUNDING, symbol=PERP, limit=1, offset=1, subaccountId=0) == newest[1:2]
    assert rows(venue.alice, perp, FUNDING, symbol="SOL_USDC") == []
    reply = venue.alice.get(perp, *FUNDING, limit=2)
    assert (reply.headers["X-TOTAL"], reply.headers["X-PAGE-COUNT"]) == ("3", "2")
    refused = venue.alice.get(perp, *FUNDING, subaccountId=3)
    assert refused.status_code == 400 and "subaccountId 3" in refused.json()["message"]


def test_settlements_add_up_to_what_the_balance_changed_by(venue, perp):
    before = usdc(venue, perp)
    open_position(venue, perp)
    for price in (101, 99, 99):
        quote(venue, perp, price * E8)
    end_hour(venue, perp, 103 * E8)
    found = rows(venue.alice, perp, SETTLEMENT)
    assert sum(Fraction(row["quantity"]) for row in found) == usdc(venue, perp) - before != 0
    assert {Fraction(row["quantity"]) > 0 for row in found} == {True, False}
    row = position(venue, perp)
    assert sum(Fraction(one["quantity"]) for one in found) == Fraction(row["pnlRealized"])
    assert {one["positionId"] for one in found} == {row["positionId"]}
    assert found[0].keys() == {
        "quantity", "source", "subaccountId", "timestamp", "userId", "positionId", "engineSequence",
    }  # fmt: skip
    assert [one["engineSequence"] for one in found] == sorted({one["engineSequence"] for one in found}, reverse=True)


def test_settlement_history_filters_pages_and_sorts(venue, perp):
    open_position(venue, perp)
    for price in (101, 99, 102):
        quote(venue, perp, price * E8)
    newest = rows(venue.alice, perp, SETTLEMENT)
    assert len(newest) > 2
    assert rows(venue.alice, perp, SETTLEMENT, sortDirection="Asc", limit=2) == newest[::-1][:2]
    assert rows(venue.alice, perp, SETTLEMENT, offset=1) == newest[1:]
    assert rows(venue.alice, perp, SETTLEMENT, source="RealizePnl") == newest
    assert rows(venue.alice, perp, SETTLEMENT, source="TradingFees") == []
    assert venue.alice.get(perp, *SETTLEMENT, source="Luck").status_code == 400


def test_open_position_in_history_is_the_one_of_the_account(venue, perp):
    open_position(venue, perp)
    quote(venue, perp, 101 * E8)
    order(venue, perp, "bob", "Bid", "4", "101")
    order(venue, perp, "alice", "Ask", "4", "101")
    (row,), now = rows(venue.alice, perp, POSITION, state="Open"), position(venue, perp)
    same = {
        "id": "positionId", "netQuantity": "netQuantity", "netCost": "netCost", "markPrice": "markPrice",
        "entryPrice": "entryPrice", "cumulativePnlRealized": "pnlRealized", "unrealizedPnl": "pnlUnrealized",
        "fundingQuantity": "cumulativeFundingPayment", "imf": "imf", "netExposureQuantity": "netExposureQuantity",
        "netExposureNotional": "netExposureNotional",
    }  # fmt: skip
    assert {name: row[name] for name in same} == {name: now[other] for name, other in same.items()}
    assert (row["closedVolume"], row["closingPrice"], row["fees"], row["state"]) == ("404", "101", "1.404", "Open")
    assert row["closedAt"] is None and row["openedAt"]
    assert (row["interest"], row["liquidated"], row["liquidationFees"], row["accountLeverage"]) == ("0", "0", "0", None)


def test_closed_position_tells_what_it_brought(venue, perp):
    before = usdc(venue, perp)
    open_position(venue, perp)
    end_hour(venue, perp)
    close_position(venue, perp, "104")
    unsettled = rows(venue.alice, perp, POSITION)[0]
    assert unsettled["state"] == "Closed" and Fraction(unsettled["unrealizedPnl"]) != 0
    quote(venue, perp, 100 * E8)
    (row,) = rows(venue.alice, perp, POSITION, state="Closed")
    assert (row["entryPrice"], row["closingPrice"], row["closedVolume"]) == ("100", "104", "1040")
    assert (row["netQuantity"], row["netCost"], row["unrealizedPnl"], row["imf"]) == ("0", "0", "0", "0")
    assert (row["fees"], row["fundingQuantity"]) == ("2.04", "-0.0125")
    brought = Fraction(40) - Fraction(row["fees"]) + Fraction(row["fundingQuantity"])
    assert Fraction(row["cumulativePnlRealized"]) == brought == usdc(venue, perp) - before
    assert row["openedAt"] < row["closedAt"] and row["id"] == unsettled["id"]


def test_position_history_filters_pages_and_sorts(venue, perp):
    for _ in range(2):
        open_position(venue, perp)
        close_position(venue, perp, "100")
        quote(venue, perp, 100 * E8)
    open_position(venue, perp)
    newest = rows(venue.alice, perp, POSITION)
    assert [row["state"] for row in newest] == ["Open", "Closed", "Closed"]
    assert len({row["id"] for row in newest}) == 3
    assert rows(venue.alice, perp, POSITION, sortDirection="Asc") == newest[::-1]
    assert rows(venue.alice, perp, POSITION, limit=1, offset=1) == newest[1:2]
    assert rows(venue.alice, perp, POSITION, symbol=PERP, marketType="PERP", state="Open") == newest[:1]
    assert rows(venue.alice, perp, POSITION, marketType="SPOT") == []
    assert rows(venue.alice, perp, POSITION, symbol="SOL_USDC") == []


@pytest.mark.parametrize("what", PAGED)
def test_history_of_an_account_without_positions_is_empty(venue, perp, what):
    assert rows(venue.alice, perp, what) == []
    assert venue.alice.get(perp, *what, limit=0).status_code == 400
    assert venue.alice.get(perp, what[0], "positionQuery").status_code == 400, "signed for something else"


def test_funding_rates_list_hours_that_have_ended_behind_the_present_one(venue, perp):
    path = f"/api/v1/fundingRates?symbol={PERP}"
    for _ in range(2):
        end_hour(venue, perp)
    reply = perp.get(path)
    found = reply.json()
    ends = [row["intervalEndTimestamp"] for row in found]
    assert len(found) == 3 and ends == sorted(ends, reverse=True) and reply.headers["X-TOTAL"] == "3"
    assert {row["fundingRate"] for row in found} == {"0.0000125"}
    assert perp.get(f"{path}&limit=1").json() == found[:1]
    assert perp.get(f"{path}&limit=2").json() == found[:2]
    assert perp.get(f"{path}&limit=1&offset=1").json() == found[1:2]
    assert perp.get(f"{path}&limit=10000&offset=2").json() == found[2:]
    assert perp.get(f"{path}&offset=3").json() == []
    assert perp.get(f"{path}&limit=10001").status_code == 400
    assert perp.get("/api/v1/fundingRates?symbol=SOL_USDC").status_code == 400


def test_what_a_settlement_borrowed_stands_in_the_history_of_loans(venue, perp):
    lending.lent(venue.bob, perp, "Lend", "500000", "USDC")
    lending.account(venue.alice, perp, autoBorrowSettlements=True)
    open_position(venue, perp)
    # All that alice has is lent, and only half of it can be redeemed.
    lending.lent(venue.alice, perp, "Lend", str(usdc(venue, perp)), "USDC")
    quote(venue, perp, 90 * E8)
    history = ("/wapi/v1/history/borrowLend", "borrowHistoryQueryAll")
    found = rows(venue.alice, perp, history, sources="Reconciliation")
    assert found and {row["eventType"] for row in found} == {"LendRedeem"}
    moved = sum(Fraction(row["quantity"]) for row in found)
    assert moved == -sum(Fraction(row["quantity"]) for row in rows(venue.alice, perp, SETTLEMENT))
