"""Liquidations in public: cases, the funds, deleveragings, and topping up an estate from fenced money."""

from decimal import Decimal

import pytest
from starlette.testclient import TestClient
from tests.api import lending
from tests.api.perpetuals import E8, order, set_up
from tests.api.venue import SOL, USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount

ALICE, FENCED = 64, 65
CASES = "/ringfence/v1/cases"


@pytest.fixture
def failing(venue: Venue, client: TestClient) -> TestClient:
    """Alice has 250 USDC and is long 100 SOL at 100; the price falls to 98, and nobody bids."""
    set_up(venue, client)
    free = venue.node.exchange.balance(ALICE, USDC)[0] - 250 * 10**6
    sol = venue.node.exchange.balance(ALICE, SOL)[0]
    venue.node.command(
        c.RequestWithdrawal(account=ALICE, asset=USDC, amount_atoms=free),
        c.RequestWithdrawal(account=ALICE, asset=SOL, amount_atoms=sol),
    )
    lending.settle(venue, client)
    assert order(venue, client, "bob", "Ask", "100").status_code == 200
    assert order(venue, client, "alice", "Bid", "100").json()["status"] == "Filled"
    lending.quote(venue, 98 * E8)
    venue.node.command(c.OpenCases())
    lending.settle(venue, client)
    return client


def top_up(venue: Venue, client: TestClient, quantity: str, who: str = "alice") -> object:
    body = {"symbol": "USDC", "quantity": quantity}
    return getattr(venue, who).send(client, "POST", "/ringfence/v1/topup", "topUp", body)


def deposit(venue: Venue, client: TestClient, dollars: int) -> None:
    venue.node.command(c.Deposit(account=ALICE, asset=USDC, source=2, number=1, amount_atoms=dollars * 10**6))
    lending.settle(venue, client)


def test_case_is_told_in_public_and_to_its_owner(venue: Venue, failing: TestClient) -> None:
    (mine,) = venue.alice.get(failing, "/ringfence/v1/account/cases", "caseQueryAll").json()
    (public,) = failing.get(CASES).json()
    assert mine == public
    assert (mine["case"], mine["account"], mine["status"], mine["step"]) == (1, ALICE, "Open", "Book")
    assert (mine["cause"], mine["reason"], mine["orders"], mine["closedAt"]) == ("Mark", None, 0, None)
    assert (mine["equity"], mine["maintenance"]) == ("39.999999", "132.300001")
    assert failing.get(CASES, params={"status": "Closed"}).json() == []
    assert venue.bob.get(failing, "/ringfence/v1/account/cases", "caseQueryAll").json() == []


def test_top_up_is_refused_with_the_amount_that_would_do_and_taken_then(venue: Venue, failing: TestClient) -> None:
    deposit(venue, failing, 500)
    assert venue.node.exchange.balance(FENCED, USDC)[0] == 500 * 10**6
    refused = top_up(venue, failing, "1")
    assert refused.status_code == 400
    assert refused.json()["code"] == "INSUFFICIENT_MARGIN"
    sentence = refused.json()["message"]
    assert sentence.startswith("1 USDC would not end the case: it takes ")
    needed = sentence.rsplit(" ", 1)[1]
    reply = top_up(venue, failing, needed).json()
    assert (reply["case"], reply["quantity"], reply["needed"]) == (1, needed, needed)
    lending.settle(venue, failing)
    (closed,) = failing.get(CASES, params={"status": "Closed"}).json()
    assert (closed["reason"], closed["status"]) == ("ToppedUp", "Closed")


def test_top_up_without_a_case_is_refused(venue: Venue, failing: TestClient) -> None:
    refused = top_up(venue, failing, "1", who="bob")
    assert refused.status_code == 409 and "is not being liquidated" in refused.json()["message"]


def test_fund_is_told_with_its_movements(venue: Venue, failing: TestClient) -> None:
    venue.node.command(
        c.Deposit(account=HouseAccount.SUSPENSE, asset=USDC, source=3, number=1, amount_atoms=10 * 10**6),
        c.MoveHouseFunds(
            account=HouseAccount.SUSPENSE, to_account=HouseAccount.FUND, asset=USDC, amount_atoms=10 * 10**6
        ),
    )
    lending.settle(venue, failing)
    fund = failing.get("/ringfence/v1/fund").json()
    (usdc,) = [one for one in fund["assets"] if one["symbol"] == "USDC"]
    assert (usdc["fund"], usdc["skin"], usdc["owed"], usdc["unsettled"]) == ("10", "0", "0", "0")
    assert (fund["skinCap"], fund["policy"], fund["liquidationFee"]) == ("0", "ProRata", "0.005")
    (moved,) = failing.get("/ringfence/v1/fund/movements").json()
    assert (moved["account"], moved["quantity"], moved["cause"], moved["settled"]) == ("FUND", "10", "HOUSE", True)


def test_waves_are_none_as_long_as_nobody_is_deleveraged(failing: TestClient) -> None:
    assert failing.get("/ringfence/v1/waves").json() == []


def test_receipt_is_refused_where_there_are_no_checkpoints(failing: TestClient) -> None:
    reply = failing.get("/ringfence/v1/receipt", params={"case": 1})
    assert reply.status_code == 503


def stand_by(venue: Venue, client: TestClient, quantity: str) -> dict:
    body = {"symbol": "USDC", "quantity": quantity}
    reply = venue.alice.send(client, "PUT", "/ringfence/v1/topup", "standingTopUp", body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_standing_top_up_is_told_ends_the_case_and_is_taken_back(venue: Venue, failing: TestClient) -> None:
    assert stand_by(venue, failing, "200") == {"account": ALICE, "symbol": "USDC", "quantity": "200"}
    deposit(venue, failing, 500)
    venue.node.command(c.StepCase())
    lending.settle(venue, failing)
    (closed,) = failing.get(CASES, params={"status": "Closed"}).json()
    assert (closed["reason"], closed["orders"]) == ("ToppedUp", 0)
    left = venue.alice.get(failing, "/ringfence/v1/topup", "standingTopUpQuery").json()
    used = venue.node.exchange.balance(FENCED, USDC)[0]
    assert 0 < Decimal(left["quantity"]) < 200 and (Decimal(left["quantity"]) + 300) * 10**6 == used
    for _ in range(2):
        reply = venue.alice.send(failing, "DELETE", "/ringfence/v1/topup", "standingTopUpCancel", {})
        assert reply.json() == {"account": ALICE, "symbol": None, "quantity": "0"}


def test_what_nobody_paid_is_told_with_the_fund(venue: Venue, failing: TestClient) -> None:
    assert failing.get("/ringfence/v1/fund").json()["resolution"] == []
