"""The flow that measures margin is one that the core accepts, and its accounts owe what they are said to."""

import numpy as np
import pytest

from ringfence.bench import margin
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
