"""A venue whose SOL and USDC are collateral and are lent; SOL is worth 100 USDC."""

from fractions import Fraction
from typing import Any

from starlette.testclient import TestClient
from tests.api.venue import SOL, USDC, Signer, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import HaircutKind

E8 = 10**8
ALICE, BOB = 64, 66
PRICE_UNITS = 100 * E8


def set_up(venue: Venue) -> None:
    """Set margin rules and pools, and give SOL a fresh price."""
    venue.node.command(
        c.SetPricing(asset=SOL, maximum_age_ms=86_400_000, clamp_ppm=10_000, update_cap_ppm=1_000_000),
        *(c.SetPriceSource(price_source=number, name=f"source {number}") for number in (1, 2, 3)),
        *(c.SetPriceWeight(asset=SOL, price_source=number, weight=1) for number in (1, 2, 3)),
        c.SetCollateral(
            asset=USDC, weight_e8=E8, initial_base_e8=E8 // 10, initial_factor_e8=5_000, maintenance_base_e8=E8 // 20
        ),
        c.SetCollateral(
            asset=SOL,
            weight_e8=9 * E8 // 10,
            haircut_kind=HaircutKind.INVERSE_SQRT,
            haircut_penalty_e8=10_000,
            initial_base_e8=E8 // 5,
            maintenance_base_e8=E8 // 10,
        ),
        *(
            c.SetLendingPool(
                asset=asset,
                rate_idle_e8=E8 // 100,
                rate_optimal_e8=8 * E8 // 100,
                rate_full_e8=E8,
                maximum_utilisation_ppm=950_000,
                throttle_threshold_ppm=950_000,
                throttle_bound_ppm=950_000,
                fee_ppm=100_000,
            )
            for asset in (USDC, SOL)
        ),
    )
    assert all(venue.node.exchange.lending_pool(asset) for asset in (USDC, SOL)), "the pools were refused"
    quote(venue, PRICE_UNITS)


def quote(venue: Venue, units: int) -> None:
    """Let all sources say the same price, and a second pass."""
    observed_us = venue.clock.now_us
    sources = (1, 2, 3)
    venue.node.command(
        *(c.Quote(asset=SOL, price_source=number, last_units=units, observed_us=observed_us) for number in sources)
    )
    venue.tick()


def settle(venue: Venue, client: TestClient) -> None:
    """Wait until the gateway has seen everything."""
    while venue.gateway.exchange.sequence < venue.node.exchange.sequence:
        client.get("/api/v1/ping")


def loan(signer: Signer, client: TestClient, side: str, quantity: str, symbol: str) -> Any:
    body = {"quantity": quantity, "side": side, "symbol": symbol}
    return signer.send(client, "POST", "/api/v1/borrowLend", "borrowLendExecute", body)


def lent(signer: Signer, client: TestClient, side: str, quantity: str, symbol: str) -> None:
    """Lend, borrow, redeem or repay, and require that it was done."""
    reply = loan(signer, client, side, quantity, symbol)
    assert (reply.status_code, reply.content) == (200, b""), reply.text


def account(signer: Signer, client: TestClient, **settings: Any) -> Any:
    return signer.send(client, "PATCH", "/api/v1/account", "accountUpdate", settings)


def positions(signer: Signer, client: TestClient) -> dict[str, Any]:
    rows = signer.get(client, "/api/v1/borrowLend/positions", "borrowLendPositionQuery").json()
    return {row["symbol"]: row for row in rows}


def margin(signer: Signer, client: TestClient) -> dict[str, Any]:
    return signer.get(client, "/api/v1/capital/collateral", "collateralQuery").json()


def number(text: str) -> Fraction:
    return Fraction(text)
