"""Collateral of who cannot pay a loss is sold in the book: seen in orders, fills, balances, history and streams."""

from fractions import Fraction
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api import lending
from tests.api.perpetuals import E8, order, position, quote, set_up
from tests.api.venue import SOL, USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.layout import body_fields

ORDERS = ("/wapi/v1/history/orders", "orderHistoryQueryAll")
FILLS = ("/wapi/v1/history/fills", "fillHistoryQueryAll")
SETTLEMENTS = ("/wapi/v1/history/settlement", "settlementHistoryQueryAll")
CONVERSION = "CollateralConversion"


@pytest.fixture
def losing(venue: Venue, client: TestClient) -> TestClient:
    """Alice has 1,000 USDC, 1,000 SOL, and is long 100 SOL at 100; bob bids for SOL, which sells for at least 97 %."""
    set_up(venue, client)
    row = venue.node.exchange.collateral(SOL)
    present = {field.name: getattr(row, field.name) for field in body_fields(c.SetCollateral)}
    venue.node.command(
        c.SetCollateral(**(present | {"conversion_market": 1, "conversion_discount_ppm": 30_000})),
        c.RequestWithdrawal(account=64, asset=USDC, amount_atoms=999_000 * 10**6),
    )
    lending.settle(venue, client)
    assert order(venue, client, "bob", "Ask", "100").status_code == 200
    assert order(venue, client, "alice", "Bid", "100").json()["status"] == "Filled"
    assert venue.bob.limit(client, "Bid", "79.5", "500").status_code == 200
    assert held(venue, client) == (1_000, 1_000)
    return client


def held(venue: Venue, client: TestClient) -> tuple[Fraction, Fraction]:
    """Return what alice has of USDC and SOL."""
    found = venue.alice.get(client, "/api/v1/capital", "balanceQuery").json()
    usdc, sol = (Fraction(found[asset]["available"] if asset in found else 0) for asset in ("USDC", "SOL"))
    return usdc, sol


def rows(venue: Venue, client: TestClient, what: tuple[str, str], who: str = "alice", **query: Any) -> list[Any]:
    reply = getattr(venue, who).get(client, *what, **query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_loss_that_the_balance_does_not_pay_is_paid_by_selling_collateral(venue, losing):
    quote(venue, losing, 80 * E8)
    usdc, sol = held(venue, losing)
    sold = 1_000 - sol
    # 2,000 of price and 10 of fee less the 1,000 that there were; a lot is a hundredth of a SOL.
    assert sold > 0 and 0 <= usdc < Fraction(795, 1_000)
    assert 1_000 + sold * Fraction(795, 10) * Fraction(999, 1_000) - 2_010 == usdc
    row = position(venue, losing)
    assert (row["pnlRealized"], row["pnlUnrealized"]) == ("-2010", "0")


def test_order_that_sold_collateral_stands_in_history_as_the_venues_own(venue, losing):
    quote(venue, losing, 80 * E8)
    (sale,) = [row for row in rows(venue, losing, ORDERS) if row["symbol"] == "SOL_USDC"]
    named = ("systemOrderType", "side", "orderType", "timeInForce", "price", "status", "expiryReason", "clientId")
    assert [sale[name] for name in named] == [CONVERSION, "Ask", "Limit", "IOC", "77.6", "Filled", None, None]
    assert Fraction(sale["executedQuantity"]) == 1_000 - held(venue, losing)[1] == Fraction(sale["quantity"])
    others = [row for row in rows(venue, losing, ORDERS) if row["id"] != sale["id"]]
    assert others and {row["systemOrderType"] for row in others} == {None}
    assert {row["systemOrderType"] for row in rows(venue, losing, ORDERS, "bob")} == {None}


def test_fills_of_conversions_are_found_by_their_type(venue, losing):
    quote(venue, losing, 80 * E8)
    everything = rows(venue, losing, FILLS)
    (sold,) = rows(venue, losing, FILLS, fillType=CONVERSION)
    assert (sold["symbol"], sold["side"], sold["price"], sold["systemOrderType"]) == (
        "SOL_USDC", "Ask", "79.5", CONVERSION,
    )  # fmt: skip
    assert rows(venue, losing, FILLS, fillType="CollateralConversionAndSpotLiquidation") == [sold]
    users = rows(venue, losing, FILLS, fillType="User")
    assert users and sold not in users and [*users, sold] != [] and len(users) + 1 == len(everything)
    assert {row["systemOrderType"] for row in users} == {None}
    for kind in ("BookLiquidation", "Adl", "Backstop", "Liquidation", "AllLiquidation"):
        assert rows(venue, losing, FILLS, fillType=kind) == []
    bought = [row for row in rows(venue, losing, FILLS, "bob", fillType="User") if row["symbol"] == "SOL_USDC"]
    assert [row["price"] for row in bought] == ["79.5"], "who bought it placed his order himself"
    assert rows(venue, losing, FILLS, "bob", fillType=CONVERSION) == []


def test_settlements_with_a_conversion_add_up_to_what_the_balance_changed_by(venue, losing):
    quote(venue, losing, 80 * E8)
    (sold,) = rows(venue, losing, FILLS, fillType=CONVERSION)
    found = rows(venue, losing, SETTLEMENTS)
    gained = Fraction(sold["quantity"]) * Fraction(sold["price"]) - Fraction(sold["fee"])
    assert len(found) >= 2 and sum(Fraction(row["quantity"]) for row in found) == -2_010
    assert held(venue, losing)[0] == 1_000 + gained - 2_010
    received = sum(Fraction(row["quantity"]) for row in rows(venue, losing, SETTLEMENTS, "bob"))
    assert received > Fraction(1_990), "the winner is paid in the same settlement, with what was sold"


def test_streams_tell_the_conversion_and_who_placed_it(venue, losing):
    with losing.websocket_connect("/") as socket:
        socket.send_json(venue.alice.subscription("account.orderUpdate", "account.balanceUpdate"))
        socket.send_json({"method": "PING"})
        socket.receive_json()
        order(venue, losing, "alice", "Bid", "1", "50")
        assert socket.receive_json()["data"]["O"] == "USER"
        quote(venue, losing, 80 * E8)
        told = [socket.receive_json()]
        while told[-1]["stream"] != "account.balanceUpdate" or told[-1]["data"]["a"] != "USDC" or len(told) < 4:
            told.append(socket.receive_json())
        orders = [frame["data"] for frame in told if frame["stream"] == "account.orderUpdate"]
        assert [(one["e"], one["X"], one["O"]) for one in orders] == [
            ("orderAccepted", "New", "COLLATERAL_CONVERSION"), ("orderFill", "Filled", "COLLATERAL_CONVERSION"),
        ]  # fmt: skip
        assert {(one["s"], one["S"], one["o"], one["f"], one["p"]) for one in orders} == {
            ("SOL_USDC", "Ask", "LIMIT", "IOC", "77.60")
        }
        usdc, sol = held(venue, losing)
        last = {frame["data"]["a"]: frame["data"]["A"] for frame in told if "balance" in frame["stream"]}
        assert (Fraction(last["USDC"]), Fraction(last["SOL"])) == (usdc, sol)


def test_book_below_the_bound_buys_nothing_and_the_loss_waits(venue, losing):
    venue.bob.send(losing, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
    assert venue.bob.limit(losing, "Bid", "77.5", "500").status_code == 200
    quote(venue, losing, 80 * E8)
    assert held(venue, losing) == (0, 1_000)
    assert rows(venue, losing, FILLS, fillType=CONVERSION) == []
    assert Fraction(position(venue, losing)["pnlUnrealized"]) == -1_010
    assert venue.bob.limit(losing, "Bid", "77.6", "500").status_code == 200
    quote(venue, losing, 80 * E8)
    assert Fraction(position(venue, losing)["pnlUnrealized"]) == 0
    (sold,) = rows(venue, losing, FILLS, fillType=CONVERSION)
    assert sold["price"] == "77.6"


def test_history_of_a_conversion_is_the_same_for_a_gateway_that_begins_again(venue, losing):
    quote(venue, losing, 80 * E8)
    told = [(what, who) for what in (ORDERS, FILLS, SETTLEMENTS) for who in ("alice", "bob")]
    before = [rows(venue, losing, what, who) for what, who in told]
    with venue.opened_again() as again:
        lending.settle(venue, again)
        assert before == [rows(venue, again, what, who) for what, who in told]
        venue.bob.limit(again, "Bid", "69", "500")
        quote(venue, again, 70 * E8)
        assert len(rows(venue, again, FILLS, fillType=CONVERSION)) == 2
        assert sum(Fraction(row["quantity"]) for row in rows(venue, again, SETTLEMENTS)) == -3_010
