"""A node carries out auctions by itself, between other commands, and a log of one replays alike."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from ringfence.node.engine import Engine
from ringfence.node.follower import Follower
from ringfence.node.invariants import broken_invariants
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import BrakePhase, MarketState, Side
from ringfence.schema.events import AuctionBegan, MarketHalted, MarketReopened, Trade
from ringfence.schema.layout import decode_event

from . import scene
from .conftest import SEGMENT_BYTES, START_US

ALICE, BOB = scene.ACCOUNTS[:2]


@pytest.fixture
def clock() -> Callable[[], int]:
    """A clock that moves a second each time it is read."""
    ticks = count(START_US, 1_000_000)
    return lambda: next(ticks)


def order(account: int, side: Side, ticks: int, lots: int = 10) -> c.PlaceOrder:
    return c.PlaceOrder(account=account, market=scene.MARKET, side=side, price_ticks=ticks, quantity_lots=lots)


def told(engine: Engine, *commands: c.Command) -> list[object]:
    return [decode_event(event.tobytes()) for event in engine.submit(scene.records_of(*commands)).events]


def test_engine_carries_out_an_auction_and_a_follower_comes_to_the_same(directory: Path, clock: Callable[[], int]):
    with LocalNode(directory, clock=clock, segment_bytes=SEGMENT_BYTES) as node:
        engine = node.engine
        node.submit(scene.records_of(*scene.opening(), order(ALICE, Side.ASK, 14_000), order(BOB, Side.BID, 14_000)))
        node.submit(scene.records_of(c.SetBrakes(market=scene.MARKET, band_ppm=100_000, auction_ms=2_000)))
        events = told(engine, order(BOB, Side.BID, 12_500, 30), order(ALICE, Side.ASK, 12_000, 100))
        assert [type(event) for event in events if isinstance(event, (MarketHalted, AuctionBegan))] == [
            MarketHalted,
            AuctionBegan,
        ]
        assert told(engine, order(BOB, Side.BID, 13_000, 40)) and engine.uncross() is None
        for _ in range(3):
            engine.tick()
        assert engine.has_work and engine.exchange.uncrossing == [scene.MARKET]
        seen: list[object] = []
        # What it comes to lies outside the band, so the auction is extended once.
        for _ in range(4):
            while (committed := engine.uncross()) is not None:
                seen += [decode_event(event.tobytes()) for event in committed.events]
            engine.tick()
        trades = [event for event in seen if isinstance(event, Trade)]
        assert {trade.price_ticks for trade in trades} == {12_500}
        (reopened,) = [event for event in seen if isinstance(event, MarketReopened)]
        assert (reopened.quantity_lots, reopened.trades) == (70, len(trades))
        row, market = engine.exchange.brakes(scene.MARKET), engine.exchange.market(scene.MARKET)
        assert row is not None and row.phase == BrakePhase.NONE
        assert market is not None and market.state == MarketState.OPEN
        assert list(broken_invariants(engine.exchange.rows())) == []
    follower = Follower(directory)
    for _ in follower.catch_up():
        pass
    with Engine.open(directory) as engine:
        assert (engine.sequence, engine.exchange.state_hash()) == (
            follower.exchange.sequence,
            follower.exchange.state_hash(),
        )
