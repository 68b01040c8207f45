"""A data directory whose log tells of hours that are over, so that there is funding to be looked at."""

from collections.abc import Iterator
from pathlib import Path

from tests.api.venue import ALICE_SEED, BOB_SEED, SOL, USDC, Signer, venue_commands
from tests.node.scene import records_of

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import MarketKind, Side

ALICE, BOB, PERPETUAL = 64, 66, 3
E8, HOUR_US, SECOND_US = 10**8, 3_600_000_000, 1_000_000
HOURS = 3


class PastClock:
    """A clock that is set."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


def perpetual_commands() -> Iterator[c.Command]:
    """Yield what lists SOL_USDC_PERP and prices SOL."""
    yield c.ListMarket(
        base_asset=SOL, quote_asset=USDC, tick_atoms=10_000, lot_atoms=10_000_000, market_kind=MarketKind.PERPETUAL
    )
    yield c.SetPerpetual(market=PERPETUAL, initial_base_e8=E8 // 50, maintenance_base_e8=E8 // 80)
    yield c.SetCollateral(asset=USDC, weight_e8=E8, initial_base_e8=E8 // 10, maintenance_base_e8=E8 // 20)
    yield c.SetPricing(asset=SOL, maximum_age_ms=86_400_000, clamp_ppm=10_000, update_cap_ppm=1_000_000)
    for number in (1, 2, 3):
        yield c.SetPriceSource(price_source=number, name=f"source {number}")
        yield c.SetPriceWeight(asset=SOL, price_source=number, weight=1)


def trade(node: LocalNode, seller: int, buyer: int, price_ticks: int) -> None:
    """Let ten SOL change hands."""
    shared = {"market": PERPETUAL, "price_ticks": price_ticks, "quantity_lots": 1_000}
    node.submit(
        records_of(
            c.PlaceOrder(account=seller, side=Side.ASK, **shared), c.PlaceOrder(account=buyer, side=Side.BID, **shared)
        )
    )


def pass_seconds(node: LocalNode, clock: PastClock, price_units: int, count: int = 13) -> None:
    """Let seconds pass with a price, and what they settle be settled."""
    for _ in range(count):
        clock.now_us += SECOND_US
        quotes = [
            c.Quote(asset=SOL, price_source=number, last_units=price_units, observed_us=clock.now_us)
            for number in (1, 2, 3)
        ]
        node.submit(records_of(*quotes))
        node.engine.tick()
        while node.engine.continue_settlement() is not None:
            pass


def write_past(directory: Path, now_us: int) -> dict[str, dict[str, str]]:
    """Let alice close one position and hold another over three hours; return how she and bob sign."""
    begin_us = (now_us - 60 * SECOND_US) // HOUR_US * HOUR_US - HOURS * HOUR_US
    clock = PastClock(begin_us + HOUR_US // 2)
    with LocalNode(directory, clock=clock) as node:
        node.submit(records_of(*venue_commands(), *perpetual_commands()))
        pass_seconds(node, clock, 100 * E8)
        trade(node, BOB, ALICE, 10_000)
        trade(node, ALICE, BOB, 10_400)
        pass_seconds(node, clock, 100 * E8)
        trade(node, BOB, ALICE, 10_000)
        for hour in range(1, HOURS + 1):
            clock.now_us = begin_us + hour * HOUR_US - 2 * SECOND_US
            pass_seconds(node, clock, 100 * E8)
    with IdentityStore(sqlite_url(directory / "identity.sqlite")) as keys:
        for user, (name, account, seed) in enumerate([("alice", ALICE, ALICE_SEED), ("bob", BOB, BOB_SEED)], 1):
            keys.add_user(name, user, begin_us)
            keys.add_key(Signer(seed).key, user, account, "", begin_us)
    return {name: Signer(seed).pair for name, seed in (("alice", ALICE_SEED), ("bob", BOB_SEED))}
