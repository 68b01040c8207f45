"""I-27, as far as it goes without splits and dividends: a halt freezes liquidations, and not topping up."""

import pytest
from tests.core.perpetual_venue import BID, DOLLAR, SOL, USDC
from tests.core.test_deleveraging import Gapping
from tests.core.test_liquidation import of

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, Session


def closed(dollars: float) -> Gapping:
    """Bob has failed, somebody bids, and then the asset's session closes; an hour passes without a quote."""
    venue = Gapping()
    venue.let(dollars)
    venue.must(c.OpenCases())
    venue.place(venue.carol, BID, dollars, 50_000)
    venue.must(c.SetSession(asset=SOL, session=Session.CLOSED))
    for _ in range(60):
        venue.time_us += 60_000_000
        venue.must(c.Clock())
    return venue


@pytest.mark.parametrize("dollars", [97.9, 95])
def test_i27_halt_freezes_liquidations_at_the_last_index(dollars: float) -> None:
    venue = closed(dollars)
    before = venue.exchange.measure(venue.bob)
    for _ in range(10):
        venue.time_us += 1_000_000
        venue.must(c.Clock())
        told = venue.steps() + venue.deleverage()
        assert not of(v.SliceOrdered, told) and not of(v.WaveBegan, told) and not of(v.CaseClosed, told)
    after = venue.exchange.measure(venue.bob)
    assert (after.equity, after.maintenance) == (before.equity, before.maintenance)
    venue.must(c.SetSession(asset=SOL, session=Session.OPEN))
    venue.let(dollars)
    assert of(v.SliceEnded, venue.steps())


def test_i27_halt_does_not_freeze_topping_up() -> None:
    venue = closed(97.9)
    venue.fund(venue.bob, 500 * DOLLAR)
    told = venue.must(c.TopUp(account=venue.bob, asset=USDC, amount_atoms=500 * DOLLAR))
    (ended,) = of(v.CaseClosed, told)
    assert ended.reason == CaseEnd.TOPPED_UP


def test_i27_nobody_fails_by_a_halt() -> None:
    venue = Gapping()
    venue.let(98.5)
    venue.must(c.SetSession(asset=SOL, session=Session.CLOSED))
    for _ in range(60):
        venue.time_us += 60_000_000
        venue.must(c.Clock())
        assert venue.must_all(c.OpenCases()) == []
    venue.fund(venue.bob, DOLLAR)
    assert venue.exchange.balance(venue.bob, USDC)[0] > 0
