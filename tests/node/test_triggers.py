"""Triggers whose price was reached place their orders without anybody's command, and the log replays alike."""

import time
from pathlib import Path

import numpy as np
import pytest

from ringfence.node.engine import TRIGGERS_AT_ONCE, Engine
from ringfence.node.follower import Follower
from ringfence.node.invariants import broken_invariants
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import STOP_LOSS, TAKE_PROFIT, Side
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


@pytest.fixture
def waiting(node: LocalNode) -> LocalNode:
    """A node where a stop of alice's waits at 139.90, and an order of bob's with a pair attached is filled in part."""
    node.submit(scene.records_of(*scene.opening()))
    engine = node.engine
    engine.submit(scene.records_of(order(BOB, Side.BID, 14_000, 1), order(CAROL, Side.ASK, 14_000, 1)))
    engine.submit(scene.records_of(stop(ALICE, 13_990)))
    bracket = c.PlaceOrder(
        account=BOB, market=scene.MARKET, side=Side.BID, price_ticks=14_000, quantity_lots=5,
        take_profit_ticks=14_100, stop_loss_ticks=13_900, stop_loss_price_ticks=13_800,
    )  # fmt: skip
    engine.submit(scene.records_of(bracket, order(CAROL, Side.ASK, 14_000, 2)))
    assert [row.quantity_lots for row in engine.exchange.triggers(BOB)] == [2, 2]
    return node


@pytest.mark.parametrize(
    ("place", "column", "value", "sentence"),
    [
        (0, "account", 9_999, "belongs to account 9999 in market 1; one does not exist"),
        (0, "armed", 0, "does not watch its price"),
        (0, "quantity_percent", 50, "is for 1 lots and 50 percent"),
        (0, "price_ticks", 1, "at 13990 places an order at 1"),
        (0, "trigger_ticks", 14_000, "waits for 14000, and the last price is 14000"),
        (0, "due", 1, "is due as 1 and armed as 1"),
        (0, "armed", 99, "has number 99 of 3, which is not its own"),
        (0, "armed", 2, "has number 2 of 3, which is not its own"),
        (1, "parent", 1, "is not one of those of order 1"),
        (1, "quantity_lots", 3, "is for 3 lots, its order has filled 2"),
        (1, "quantity_lots", 3, "are for 3 and 2 lots"),
        (1, "side", 0, "does not close order"),
        (2, "armed", 0, "is for 2 lots, armed 0"),
    ],
)
def test_broken_invariants_name_what_triggers_do_not_keep(
    waiting: LocalNode, place: int, column: str, value: int, sentence: str
) -> None:
    rows = {name: table.copy() for name, table in waiting.exchange.rows().items()}
    assert list(broken_invariants(rows)) == []
    numbers = rows["triggers"]["trigger"].tolist()
    assert [number // TAKE_PROFIT for number in numbers] == [0, 1, STOP_LOSS // TAKE_PROFIT]
    rows["triggers"][column][place] = value
    assert any(sentence in found for found in broken_invariants(rows))


def test_broken_invariants_name_a_trigger_whose_order_is_gone(waiting: LocalNode) -> None:
    waiting.submit(scene.records_of(order(CAROL, Side.ASK, 14_000, 3)))
    rows = {name: table.copy() for name, table in waiting.exchange.rows().items()}
    assert list(broken_invariants(rows)) == [] and len(rows["triggers"]) == 3, "a pair outlives its order"
    for column in ("armed", "quantity_lots"):
        rows["triggers"][column][np.arange(1, 3)] = 0
    parent = rows["triggers"]["parent"][1]
    assert any(f"waits for order {parent}, which is gone" in found for found in broken_invariants(rows))
