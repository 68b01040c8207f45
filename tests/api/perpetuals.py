"""A venue with SOL_USDC_PERP, whose price moves as a test says."""

from typing import Any

from starlette.testclient import TestClient
from tests.api import lending
from tests.api.venue import SOL, USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import MarketKind

PERP = "SOL_USDC_PERP"
E8 = 10**8


def set_up(venue: Venue, client: TestClient) -> None:
    """List SOL_USDC_PERP at 100, imf 0.02, mmf 0.0135; fees are 8 and 10 basis points."""
    venue.node.command(
        c.ListMarket(
            base_asset=SOL, quote_asset=USDC, tick_atoms=10_000, lot_atoms=10_000_000, market_kind=MarketKind.PERPETUAL
        ),
        c.SetPerpetual(
            market=3,
            initial_base_e8=2_000_000,
            initial_factor_e8=7_500,
            maintenance_base_e8=1_350_000,
            maintenance_factor_e8=3_750,
            position_limit_lots=10_000_000,
            open_interest_limit_lots=400_000_000,
        ),
    )
    lending.set_up(venue)
    finish(venue)
    lending.settle(venue, client)


def finish(venue: Venue) -> None:
    """Let the settlement that is under way end."""
    while venue.node.exchange.settling:
        venue.node.command(c.ConvertCollateral() if venue.node.exchange.converting else c.ContinueSettlement())


def quote(venue: Venue, client: TestClient, units: int) -> None:
    """Let the price be another, and eleven seconds pass, so that it is settled at the mark."""
    for _ in range(11):
        lending.quote(venue, units)
        finish(venue)
    lending.settle(venue, client)


def order(venue: Venue, client: TestClient, who: str, side: str, quantity: str, price: str = "100", **more: Any) -> Any:
    return getattr(venue, who).limit(client, side, price, quantity, symbol=PERP, **more)


def position(venue: Venue, client: TestClient, who: str = "alice") -> dict[str, Any]:
    (row,) = getattr(venue, who).get(client, "/api/v1/position", "positionQuery").json()
    return row


def open_position(venue: Venue, client: TestClient) -> None:
    """Let alice be long 10 SOL at 100 as the taker, bob short as the maker."""
    assert order(venue, client, "bob", "Ask", "10").status_code == 200
    assert order(venue, client, "alice", "Bid", "10").json()["status"] == "Filled"


def end_hour(venue: Venue, client: TestClient, units: int = 100 * E8) -> None:
    """Let the hour end, and its funding be charged and settled."""
    hour_us = 3_600_000_000
    venue.clock.now_us = (venue.clock.now_us // hour_us + 1) * hour_us - 2_000_000
    quote(venue, client, units)
