"""Triggers whose price was reached place their orders without anybody's command, and the log replays alike."""

import time
from pathlib import Path

from ringfence.node.engine import TRIGGERS_AT_ONCE, Engine
from ringfence.node.follower import Follower
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import Side
from ringfence.schema.events import OrderAccepted, TriggerFired
from ringfence.schema.layout import decode_event

from . import scene

ALICE, BOB, CAROL = scene.ACCOUNTS[:3]


def order(account: int, side: Side, ticks: int, lots: int) -> c.PlaceOrder:
    return c.PlaceOrder(account=account, market=scene.MARKET, side=side, price_ticks=ticks, quantity_lots=lots)


def stop(account: int, trigger_ticks: int) -> c.PlaceTrigger:
    return c.PlaceTrigger(
        account=account, market=scene.MARKET, side=Side.ASK, quantity_lots=1, trigger_ticks=trigger_ticks
    )


def fall(engine: Engine, stops: int) -> None:
    """Let the price fall below so many of alice's stops, with bids left for them to sell to."""
    engine.submit(scene.records_of(order(BOB, Side.BID, 14_000, 1), order(CAROL, Side.ASK, 14_000, 1)))
    engine.submit(scene.records_of(*[stop(ALICE, 13_990 - number) for number in range(stops)]))
    assert engine.exchange.triggers_due == 0
    bids = order(BOB, Side.BID, 13_900, 1_000), order(CAROL, Side.ASK, 13_900, 1)
    engine.submit(scene.records_of(*bids))
    assert engine.exchange.triggers_due == stops


def test_triggers_that_are_due_fire_a_few_at_a_time_highest_first(node: LocalNode) -> None:
    node.submit(scene.records_of(*scene.opening()))
    fall(node.engine, TRIGGERS_AT_ONCE + 2)
    fired: list[int] = []
    batches = 0
    while (done := node.engine.fire_triggers()) is not None:
        events = [decode_event(bytes(event)) for event in done.events]
        fired += [event.trigger for event in events if isinstance(event, TriggerFired)]
        assert len([event for event in events if isinstance(event, OrderAccepted)]) <= TRIGGERS_AT_ONCE
        batches += 1
    assert batches == 2 and len(fired) == TRIGGERS_AT_ONCE + 2 and fired == sorted(fired)
    assert node.engine.fire_triggers() is None and node.exchange.triggers(ALICE) == []


def test_triggers_that_fired_replay_to_the_same_state(directory: Path) -> None:
    with LocalNode(directory) as node:
        node.submit(scene.records_of(*scene.opening()))
        fall(node.engine, 3)
        # Whatever comes next finds them fired.
        node.submit(scene.records_of(order(BOB, Side.BID, 13_000, 1)))
        assert node.exchange.triggers_due == 0 and node.exchange.triggers(ALICE) == []
        expected, sequence = node.exchange.state_hash(), node.engine.sequence
        follower = Follower(directory)
        for _ in follower.catch_up(sequence):
            pass
        assert follower.exchange.state_hash() == expected


def test_server_fires_triggers_at_once(directory: Path) -> None:
    with LocalNode(directory) as node:
        node.submit(scene.records_of(*scene.opening()))
        fall(node.engine, TRIGGERS_AT_ONCE + 1)
    with scene.NodeProcess(directory) as process:
        time.sleep(0.5)
        assert process.stop() == 0
    follower = Follower(directory)
    for _ in follower.catch_up():
        pass
    assert follower.exchange.triggers_due == 0 and follower.exchange.triggers(ALICE) == []
