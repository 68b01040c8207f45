"""The rights of holders on the wire: what comes, what they have, and the lines of their dividend statements."""

from typing import Any

from starlette.testclient import TestClient
from tests.api.lending import settle
from tests.api.venue import GLXY, USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, MarketState

BOB, SHARE_MARKET = 66, 2
SECOND_US = 1_000_000


def arm(venue: Venue) -> int:
    """Let 37 cents a share be announced, with ex, record and payment in a second; returns that instant."""
    soon = venue.clock.now_us + SECOND_US
    what = {"action_kind": 1, "asset": GLXY, "pay_asset": USDC, "rate_units": 37_000_000}
    venue.node.command(
        c.SetAction(action=1, version=1, **what, ex_us=soon, record_us=soon, payable_us=soon),
        c.Deposit(account=HouseAccount.SUSPENSE, asset=USDC, source=5, number=1, amount_atoms=10**12),
        c.FundAction(action=1, amount_atoms=10**12),
    )
    return soon


def go_on(venue: Venue, *commands: c.Command) -> None:
    """Let a second pass and all that is under way be done."""
    venue.clock.now_us += SECOND_US
    venue.node.command(c.Clock(), *commands)
    while venue.node.exchange.actions_move:
        venue.node.command(c.ContinueActions())


def holdings(venue: Venue, client: TestClient) -> Any:
    return venue.bob.get(client, "/rights/v1/holdings", "rightsHoldingsQuery").json()


def test_dividend_from_announcement_to_statement(venue: Venue, client: TestClient) -> None:
    assert client.get("/rights/v1/actions").json() == []
    soon = arm(venue)
    settle(venue, client)
    (action,) = client.get("/rights/v1/actions?asset=GLXY.US").json()
    assert action == {
        "id": 1, "version": 1, "event": "DVCA", "phase": "Armed", "symbol": "GLXY.US", "currency": "USDC",
        "rate": "0.37",
        "exTimestamp": soon // 1_000, "recordTimestamp": soon // 1_000,
        "payableTimestamp": soon // 1_000,
    }  # fmt: skip
    held = venue.node.exchange.balance(BOB, GLXY)[0]
    gross = held * 37 // 100
    net = gross - -(-gross * 3 // 10)
    go_on(venue)
    settle(venue, client)
    (holding,) = holdings(venue, client)
    (right,) = holding["rights"]
    assert right == {
        "action": 1, "recorded": holding["held"], "entitled": holding["held"], "dueBills": "0",
        "expected": text(net),
    }  # fmt: skip
    go_on(venue, c.PayAction(action=1, version=1))
    settle(venue, client)
    reply = venue.bob.get(client, "/rights/v1/dividends", "rightsDividendsQueryAll", asset="GLXY.US")
    (line,) = reply.json()
    assert {name: line[name] for name in ("kind", "gross", "rate", "tax", "net", "entitled", "left")} == {
        "kind": "Paid", "gross": text(gross), "rate": "0.3", "tax": text(gross - net), "net": text(net),
        "entitled": holding["held"], "left": "0",
    }  # fmt: skip
    assert reply.headers["X-TOTAL"] == "1"


def test_split_changes_what_is_shown_and_a_former_symbol_is_still_known(venue: Venue, client: TestClient) -> None:
    (before,) = holdings(venue, client)
    venue.node.command(
        c.SetMarketState(market=SHARE_MARKET, state=MarketState.CLOSED),
        c.SplitShare(asset=GLXY, new_shares=2, old_shares=1),
        c.RenameAsset(asset=GLXY, symbol="GLX.US", name="Galaxy", alias_us=venue.clock.now_us + SECOND_US),
    )
    settle(venue, client)
    (after,) = holdings(venue, client)
    assert after["symbol"] == "GLX.US" and float(after["held"]) == 2 * float(before["held"])
    assert client.get("/api/v1/market?symbol=GLXY.US_USDC").json()["symbol"] == "GLX.US_USDC"
    venue.clock.now_us += 2 * SECOND_US
    venue.node.command(c.Clock())
    settle(venue, client)
    assert client.get("/api/v1/market?symbol=GLXY.US_USDC").status_code == 400


def text(atoms: int) -> str:
    return f"{atoms // 10**6}.{atoms % 10**6:06d}".rstrip("0").rstrip(".")
