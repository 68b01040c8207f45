"""A gateway that opens on a venue with a past knows what its open orders waited for, though the core has forgotten."""

from pathlib import Path

from tests.node import scene

from ringfence.api.opening import open_gateway
from ringfence.api.settings import ApiSettings
from ringfence.app.upkeep import rebuild_history
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import TAKE_PROFIT, OrderType, Side, TriggerBy
from ringfence.schema.events import TriggerFired
from ringfence.schema.layout import decode_event
from ringfence.views.triggers import Condition

ALICE, BOB, CAROL = scene.ACCOUNTS[:3]


def order(account: int, side: Side, ticks: int, lots: int, **more: int) -> c.PlaceOrder:
    return c.PlaceOrder(account=account, market=scene.MARKET, side=side, price_ticks=ticks, quantity_lots=lots, **more)


def test_opened_gateway_knows_what_orders_waited_for(tmp_path: Path) -> None:
    with LocalNode(tmp_path) as node:
        node.submit(scene.records_of(*scene.opening()))
        node.submit(scene.records_of(order(BOB, Side.BID, 14_000, 1), order(CAROL, Side.ASK, 14_000, 1)))
        stop = c.PlaceTrigger(
            account=ALICE, market=scene.MARKET, side=Side.ASK, order_type=OrderType.LIMIT, price_ticks=15_000,
            quantity_percent=50, trigger_ticks=13_990,
        )  # fmt: skip
        pair = {"take_profit_ticks": 14_100, "stop_loss_ticks": 13_900}
        node.submit(scene.records_of(stop, order(BOB, Side.BID, 13_980, 5, **pair)))
        node.submit(scene.records_of(order(CAROL, Side.ASK, 13_980, 3)))
        events = [decode_event(bytes(event)) for event in node.engine.fire_triggers().events]
        fired = next(event for event in events if isinstance(event, TriggerFired))
        (resting,) = node.exchange.open_orders(ALICE)
        assert resting.order == fired.trigger and node.exchange.triggers(ALICE) == []
        waiting = node.exchange.triggers(BOB)
    rebuild_history(tmp_path, lambda _done, _last: None)
    gateway, close = open_gateway(tmp_path, ApiSettings(), lambda: 0)
    known = gateway.conditions.get(resting.order)
    assert known is not None and known.triggered_us == fired.time_us
    assert (known.trigger_ticks, known.trigger_by, known.quantity_percent) == (13_990, TriggerBy.LAST, 50)
    assert known.quantity_lots == fired.quantity_lots == resting.quantity_lots
    assert [row.trigger // TAKE_PROFIT for row in waiting] == [1, 2] and waiting[0].quantity_lots == 3
    assert [gateway.conditions.get(row.trigger) for row in waiting] == [Condition.of_row(row) for row in waiting]
    close()
