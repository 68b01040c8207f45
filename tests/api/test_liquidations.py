"""A liquidation as its people see it: account, orders, fills, positions, money that is fenced, and streams."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api import lending
from tests.api.perpetuals import E8, PERP, finish, order, set_up
from tests.api.venue import ALICE_SEED, SOL, START_US, USDC, Signer, Venue

from ringfence.schema import commands as c

ORDERS = ("/wapi/v1/history/orders", "orderHistoryQueryAll")
FILLS = ("/wapi/v1/history/fills", "fillHistoryQueryAll")
SETTLEMENTS = ("/wapi/v1/history/settlement", "settlementHistoryQueryAll")
POSITIONS = ("/wapi/v1/history/position", "positionHistoryQueryAll")
OUTLOOK = ("/ringfence/v1/deposit-outlook", "depositOutlookQuery")
FENCED = ("/ringfence/v1/fenced", "fencedQuery")
ON_BOOK, ON_ADL = "LiquidatePositionOnBook", "LiquidatePositionOnAdl"
ALICE, ALICE_FENCED = 64, 65


@pytest.fixture
def failing(venue: Venue, client: TestClient) -> TestClient:
    """Alice has 308 USDC and nothing else, and is long 100 SOL at 100 as a maker, for a fee of 8; bob is short."""
    set_up(venue, client)
    venue.node.command(
        c.RequestWithdrawal(account=ALICE, asset=USDC, amount_atoms=(10**6 - 308) * 10**6),
        c.RequestWithdrawal(account=ALICE, asset=SOL, amount_atoms=10**12),
    )
    lending.settle(venue, client)
    assert order(venue, client, "alice", "Bid", "100").status_code == 200
    assert order(venue, client, "bob", "Ask", "100").json()["status"] == "Filled"
    return client


def fall(venue: Venue, client: TestClient, units: int) -> None:
    """Let the price be another at once, before a settlement can be due."""
    lending.quote(venue, units)
    lending.settle(venue, client)


def liquidate(venue: Venue, client: TestClient) -> None:
    """Let cases open and go on until they wait for the next Clock."""
    exchange = venue.node.exchange
    venue.node.command(c.OpenCases())
    while exchange.cases_due or exchange.deleveraging:
        venue.node.command(c.StepCase() if exchange.cases_due else c.Deleverage())
    lending.settle(venue, client)


def end(venue: Venue, client: TestClient, units: int) -> None:
    """Let the cases that have waited for a Clock end."""
    liquidate(venue, client)
    fall(venue, client, units)
    liquidate(venue, client)


def rows(venue: Venue, client: TestClient, what: tuple[str, str], who: str = "alice", **query: Any) -> Any:
    reply = getattr(venue, who).get(client, *what, **query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def deposit(venue: Venue, client: TestClient, usdc: int, account: int = ALICE) -> None:
    venue.node.command(c.Deposit(account=account, asset=USDC, source=2, number=1, amount_atoms=usdc * 10**6))
    lending.settle(venue, client)


def take(socket: Any, least: int) -> Sequence[dict[str, Any]]:
    return [socket.receive_json() for _ in range(least)]


def test_account_says_that_it_is_liquidated_and_its_orders_end_so(venue, failing):
    assert order(venue, failing, "alice", "Ask", "10", "120").status_code == 200
    stop = {"triggerPrice": "50", "triggerQuantity": "10", "reduceOnly": True}
    assert venue.alice.order(failing, symbol=PERP, side="Ask", orderType="Market", **stop).status_code == 200
    assert rows(venue, failing, ("/api/v1/account", "accountQuery"))["liquidating"] is False
    fall(venue, failing, 981 * E8 // 10)
    venue.node.command(c.OpenCases())
    lending.settle(venue, failing)
    assert rows(venue, failing, ("/api/v1/account", "accountQuery"))["liquidating"] is True
    assert rows(venue, failing, ("/api/v1/account", "accountQuery"), "bob")["liquidating"] is False
    ended = [row for row in rows(venue, failing, ORDERS) if row["status"] == "Expired"]
    assert len(ended) == 2 and {row["expiryReason"] for row in ended} == {"Liquidation"}
    refused = order(venue, failing, "alice", "Bid", "1", "90")
    assert refused.json()["code"] == "ACCOUNT_LIQUIDATING"
    limit = ("/api/v1/account/limits/order", "maxOrderQuantity")
    asked = {"symbol": PERP, "price": "90"}
    assert rows(venue, failing, limit, side="Bid", **asked)["maxOrderQuantity"] == "0"
    most = rows(venue, failing, ("/api/v1/account/limits/borrow", "maxBorrowQuantity"), symbol="SOL")
    assert most["maxBorrowQuantity"] == "0"
    most = rows(venue, failing, ("/api/v1/account/limits/withdrawal", "maxWithdrawalQuantity"), symbol="USDC")
    assert most["maxWithdrawalQuantity"] == "0"


def test_slices_stand_in_history_as_the_venues_own(venue, failing):
    assert order(venue, failing, "bob", "Bid", "500", "98").status_code == 200
    fall(venue, failing, 98 * E8)
    liquidate(venue, failing)
    (slice_,) = [row for row in rows(venue, failing, ORDERS) if row["systemOrderType"] is not None]
    named = ("systemOrderType", "side", "timeInForce", "status", "clientId")
    assert [slice_[name] for name in named] == [ON_BOOK, "Ask", "IOC", "Filled", None]
    (fill,) = rows(venue, failing, FILLS, fillType="BookLiquidation")
    assert (fill["systemOrderType"], fill["price"], fill["orderId"]) == (ON_BOOK, "98", slice_["id"])
    assert rows(venue, failing, FILLS, fillType="Liquidation") == [fill]
    assert rows(venue, failing, FILLS, fillType="AllLiquidation") == [fill]
    for kind in ("Adl", "Backstop", "CollateralConversion", "CollateralConversionAndSpotLiquidation"):
        assert rows(venue, failing, FILLS, fillType=kind) == []
    assert fill not in rows(venue, failing, FILLS, fillType="User")
    assert rows(venue, failing, FILLS, "bob", fillType="AllLiquidation") == []
    (position,) = rows(venue, failing, POSITIONS)
    assert position["liquidated"] == fill["quantity"] and Fraction(position["fees"]) == 8
    assert Fraction(position["liquidationFees"]) > 0 and position["state"] == "Open"
    assert rows(venue, failing, ("/api/v1/account", "accountQuery"))["liquidating"] is False


def test_deleveraged_person_sees_a_fill_at_the_price_that_he_got(venue, failing):
    fall(venue, failing, 95 * E8)
    end(venue, failing, 95 * E8)
    (fill,) = rows(venue, failing, FILLS, "bob", fillType="Adl")
    # Alice lost 500 and had 300: 200 of the 10,000 that bob sold at 100 he need not get back cheaper than at 97.
    named = ("systemOrderType", "side", "quantity", "price", "fee", "isMaker", "tradeId", "clientId")
    assert [fill[name] for name in named] == [ON_ADL, "Bid", "100", "97", "0", True, None, None]
    (estate,) = rows(venue, failing, FILLS, fillType="Adl")
    assert [estate[name] for name in named] == [ON_ADL, "Ask", "100", "97", "0", False, None, None]
    assert estate["orderId"] == fill["orderId"]
    (position,) = rows(venue, failing, POSITIONS, "bob")
    assert (position["state"], position["closingPrice"], position["liquidated"]) == ("Closed", "97", "0")
    (lost,) = rows(venue, failing, POSITIONS)
    assert (lost["state"], lost["liquidated"]) == ("Closed", "100")
    assert sum(Fraction(row["quantity"]) for row in rows(venue, failing, SETTLEMENTS)) == -308
    assert rows(venue, failing, ("/api/v1/capital", "balanceQuery")) == {}


def test_deposit_outlook_says_what_a_deposit_then_does(venue, failing):
    first = rows(venue, failing, OUTLOOK)
    assert (first["goesTo"], first["reason"], first["account"], first["case"]) == ("account", "Safe", ALICE, None)
    assert first["equity"] == "299.999999", "what is owed is rounded up"
    fall(venue, failing, 98 * E8)
    unsafe = rows(venue, failing, OUTLOOK)
    assert (unsafe["goesTo"], unsafe["reason"], unsafe["account"]) == ("fenced", "Unsafe", ALICE_FENCED)
    assert "its liquidation begins" in unsafe["sentence"] and "99.999999" in unsafe["sentence"]
    deposit(venue, failing, 50)
    assert rows(venue, failing, FENCED) == {
        "account": ALICE_FENCED, "balances": {"USDC": {"available": "50", "locked": "0", "staked": "0"}}
    }  # fmt: skip
    case = rows(venue, failing, OUTLOOK)
    assert (case["goesTo"], case["reason"], case["case"]) == ("fenced", "Case", 1)
    assert rows(venue, failing, OUTLOOK, subaccountId=0) == case
    assert venue.alice.get(failing, *OUTLOOK, subaccountId=3).status_code == 400


def test_price_that_is_not_fresh_fences_and_says_so(venue, failing):
    venue.node.command(c.SetPricing(asset=SOL, maximum_age_ms=5_000, update_cap_ppm=1_000_000))
    fall(venue, failing, 98 * E8)
    venue.clock.now_us += 20_000_000
    venue.node.command(c.Clock())
    finish(venue)
    lending.settle(venue, failing)
    doubt = rows(venue, failing, OUTLOOK)
    assert (doubt["goesTo"], doubt["reason"], doubt["case"]) == ("fenced", "InDoubt", None)
    deposit(venue, failing, 50)
    assert rows(venue, failing, FENCED)["balances"]["USDC"]["available"] == "50"
    assert rows(venue, failing, ("/api/v1/account", "accountQuery"))["liquidating"] is False


def test_fenced_money_is_moved_by_the_main_accounts_key_and_works_with_a_key_of_its_own(venue, failing):
    fall(venue, failing, 98 * E8)
    deposit(venue, failing, 50)
    other = Signer(bytes(range(64, 96)), venue.clock)
    venue.keys.add_key(other.key, 1, ALICE_FENCED, "fenced", START_US)
    venue.gateway.keys.reload_if_changed()
    (row,) = other.get(failing, "/wapi/v1/capital/deposits", "depositQueryAll").json()
    assert (row["quantity"], row["symbol"]) == ("50", "USDC")
    assert other.get(failing, "/api/v1/capital", "balanceQuery").json()["USDC"]["available"] == "50"
    assert other.get(failing, *OUTLOOK).json()["reason"] == "FencedAccount"
    body = {"symbol": "USDC", "quantity": "20", "toAccount": ALICE, "fromAccount": ALICE_FENCED}
    refused = venue.alice.send(failing, "POST", "/ringfence/v1/transfer", "transfer", body)
    assert refused.json()["code"] == "ACCOUNT_LIQUIDATING", "an estate gets nothing but a top-up"
    theirs = body | {"fromAccount": 66}
    assert venue.alice.send(failing, "POST", "/ringfence/v1/transfer", "transfer", theirs).status_code == 403
    assert order(venue, failing, "bob", "Bid", "500", "98").status_code == 200
    liquidate(venue, failing)
    moved = venue.alice.send(failing, "POST", "/ringfence/v1/transfer", "transfer", body).json()
    assert (moved["account"], moved["toAccount"], moved["quantity"]) == (ALICE_FENCED, ALICE, "20")
    back = {"symbol": "USDC", "quantity": "30", "toAccount": ALICE}
    moved = other.send(failing, "POST", "/ringfence/v1/transfer", "transfer", back).json()
    assert moved["account"] == ALICE_FENCED and rows(venue, failing, FENCED)["balances"] == {}


def test_transfer_to_an_unsafe_account_is_told_where_it_went(venue, failing):
    opened = venue.node.exchange.next_account
    venue.node.command(c.OpenAccount(user=1, sub_account=1))
    deposit(venue, failing, 50, opened)
    sub = Signer(bytes(range(96, 128)), venue.clock)
    venue.keys.add_key(sub.key, 1, opened, "sub", START_US)
    venue.gateway.keys.reload_if_changed()
    fall(venue, failing, 98 * E8)
    body = {"symbol": "USDC", "quantity": "20", "toAccount": ALICE}
    moved = sub.send(failing, "POST", "/ringfence/v1/transfer", "transfer", body).json()
    assert (moved["account"], moved["toAccount"]) == (opened, ALICE_FENCED)
    assert sub.get(failing, *FENCED).json()["code"] == "FORBIDDEN"


def test_streams_tell_a_liquidation_in_the_book(venue, failing):
    assert order(venue, failing, "bob", "Bid", "500", "98").status_code == 200
    with failing.websocket_connect("/") as socket, failing.websocket_connect("/") as public:
        socket.send_json(venue.alice.subscription("account.orderUpdate", "account.positionUpdate"))
        public.send_json({"method": "SUBSCRIBE", "params": ["liquidation", f"liquidation.{PERP}"]})
        for one in (socket, public):
            one.send_json({"method": "PING"})
        take(socket, 2)
        take(public, 1)
        fall(venue, failing, 98 * E8)
        liquidate(venue, failing)
        told = take(socket, 3)
        orders = [frame["data"] for frame in told if frame["stream"] == "account.orderUpdate"]
        assert [(one["e"], one["X"], one["O"]) for one in orders] == [
            ("orderAccepted", "New", "LIQUIDATION_AUTOCLOSE"), ("orderFill", "Filled", "LIQUIDATION_AUTOCLOSE"),
        ]  # fmt: skip
        (position,) = [frame["data"] for frame in told if frame["stream"] == "account.positionUpdate"]
        assert position["e"] == "positionAdjusted"
        both = take(public, 2)
        assert {frame["stream"] for frame in both} == {"liquidation", f"liquidation.{PERP}"}
        data = both[0]["data"]
        assert data == both[1]["data"]
        assert (data["e"], data["s"], data["S"], data["p"]) == ("liquidation", PERP, "Ask", "98.00")
        assert data["q"] == orders[1]["l"] and data["T"] == orders[1]["T"]


def test_streams_tell_both_sides_of_a_deleveraging(venue, failing):
    with failing.websocket_connect("/") as alice, failing.websocket_connect("/") as bob:
        alice.send_json(venue.alice.subscription("account.orderUpdate", "account.positionUpdate", "liquidation"))
        bob.send_json(venue.bob.subscription("account.orderUpdate", "account.positionUpdate", "liquidation"))
        for one in (alice, bob):
            one.send_json({"method": "PING"})
            take(one, 2)
        fall(venue, failing, 95 * E8)
        end(venue, failing, 95 * E8)
        for socket, side, price_is_maker, realized in ((alice, "Ask", False, "-308"), (bob, "Bid", True, "290")):
            told = {frame["stream"]: frame["data"] for frame in take(socket, 3)}
            fill = told["account.orderUpdate"]
            named = ("e", "X", "O", "S", "l", "L", "m", "n", "t")
            assert [fill[name] for name in named] == [
                "orderFill", "Filled", "ADL_AUTOCLOSE", side, "100.00", "97.00", price_is_maker, "0", None,
            ]  # fmt: skip
            position = told["account.positionUpdate"]
            assert position["e"] == "positionClosed"
            assert Fraction(position["p"]) + Fraction(position["P"]) == Fraction(realized)
            public = told["liquidation"]
            assert (public["S"], public["q"], public["p"]) == ("Ask", "100.00", "95.00")


def test_balances_of_a_fenced_credit_are_told(venue, failing):
    other = Signer(ALICE_SEED[::-1], venue.clock)
    venue.keys.add_key(other.key, 1, ALICE_FENCED, "fenced", START_US)
    venue.gateway.keys.reload_if_changed()
    with failing.websocket_connect("/") as socket:
        socket.send_json(other.subscription("account.balanceUpdate"))
        socket.send_json({"method": "PING"})
        take(socket, 1)
        fall(venue, failing, 98 * E8)
        deposit(venue, failing, 50)
        (told,) = take(socket, 1)
        assert (told["data"]["a"], told["data"]["A"]) == ("USDC", "50.000000")


def test_history_of_a_liquidation_is_the_same_for_a_gateway_that_begins_again(venue, failing):
    fall(venue, failing, 95 * E8)
    end(venue, failing, 95 * E8)
    asked = [(what, who) for what in (ORDERS, FILLS, SETTLEMENTS, POSITIONS) for who in ("alice", "bob")]
    before = [rows(venue, failing, what, who) for what, who in asked]
    with venue.opened_again() as again:
        lending.settle(venue, again)
        assert before == [rows(venue, again, what, who) for what, who in asked]
