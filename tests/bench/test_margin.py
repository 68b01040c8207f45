"""The flow that measures margin is one that the core accepts, and its accounts owe what they are said to."""

import numpy as np
import pytest

from ringfence.bench import margin, positions
from ringfence.node.invariants import broken_invariants
from ringfence.schema.enums import FIRST_USER_ACCOUNT
from ringfence.schema.events import OrderAccepted, OrderClosed
from ringfence.schema.layout import EVENT_HEADER, tag_of


@pytest.mark.parametrize("owing", [True, False])
def test_orders_of_the_flow_are_accepted_and_cancelled(owing: bool) -> None:
    exchange = margin.venue(50, owing=owing)
    assert list(broken_invariants(exchange.rows())) == []
    measure = exchange.measure(FIRST_USER_ACCOUNT)
    assert (measure.liabilities > 0, measure.initial > 0, measure.free > 0) == (owing, owing, True)
    kinds = exchange.apply(margin.orders(50, 1, 0)[:1_000]).view(EVENT_HEADER)["kind"]
    assert np.array_equal(kinds[::2], np.full(500, tag_of(OrderAccepted)))
    assert np.array_equal(kinds[1::2], np.full(500, tag_of(OrderClosed)))


def test_orders_on_perpetuals_are_accepted_and_cancelled() -> None:
    exchange = positions.venue(50, 2)
    assert list(broken_invariants(exchange.rows())) == []
    for account in range(FIRST_USER_ACCOUNT, FIRST_USER_ACCOUNT + 50):
        measure = exchange.measure(account)
        assert measure.equity > measure.maintenance > 0
        assert len(exchange.positions(account)) == 2
        assert len(exchange.balances(account)) == 6
    kinds = exchange.apply(margin.orders(50, 1, 0, on_perpetuals=True)[:1_000]).view(EVENT_HEADER)["kind"]
    assert np.array_equal(kinds[::2], np.full(500, tag_of(OrderAccepted)))
    assert np.array_equal(kinds[1::2], np.full(500, tag_of(OrderClosed)))


def test_marks_of_the_venue_move_with_its_quotes() -> None:
    exchange = positions.venue(10, 2)
    positions.move_marks(exchange, -10_000, [3])
    marks = [row.mark_ticks for row in map(exchange.perpetual, range(2, 8)) if row is not None]
    assert marks == [10_000, 9_900, 10_000, 10_000, 10_000, 10_000]


def test_tick_that_is_measured_has_accounts_near_the_edge() -> None:
    exchange = positions.venue(2_000, 2, positions.EDGE_RATIO)
    assert exchange.unsafe_accounts().tolist() == []
    found = margin.tick(exchange, 2_000, 20)
    assert 20 <= found["measured"] < 200
    assert 0 <= found["unsafe"] <= found["measured"]


def test_settlement_that_is_measured_pays_all_profit(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = positions.venue(5_000, 6)
    monkeypatch.setattr(positions, "venue", lambda accounts, held: kept)
    settled = positions.settle(5_000, 6)
    assert settled.pages == 8  # 30,000 positions, collected and paid by pages of 8,192
    assert settled.longest_ms <= settled.total_ms
    assert settled.longest_look_ms > 0
    assert kept._s.watch[0].changed == 0
    rows = kept.rows()
    assert list(broken_invariants(rows)) == []
    assert rows["perpetuals"]["paid_atoms"].min() > 0
    assert rows["perpetuals"]["short_atoms"].max() == 0
