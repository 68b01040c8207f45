"""A standing top-up: fenced money goes into the estate by itself, but only if that ends the liquidation."""

from tests.core.perpetual_venue import BID, DOLLAR, SOL, USDC
from tests.core.test_liquidation import Failing, of

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd
from ringfence.schema.rejects import Reject


def failing(most_dollars: int, fenced_dollars: int) -> Failing:
    """Bob fails, and has said how much may go in by itself; then money for him arrives."""
    venue = Failing()
    venue.must(c.SetStandingTopUp(account=venue.bob, asset=USDC, amount_atoms=most_dollars * DOLLAR))
    venue.place(venue.carol, BID, 97.9, 50_000)
    venue.let(97.9)
    venue.must(c.OpenCases())
    if fenced_dollars:
        venue.fund(venue.bob, fenced_dollars * DOLLAR)
    # After a restart it is what it was.
    venue.exchange = Exchange.restore(venue.exchange.rows())
    return venue


def test_standing_top_up_ends_the_case_before_anything_is_sold() -> None:
    venue = failing(100, 500)
    told = venue.steps()
    (topped,), (closed,), (left,) = of(v.ToppedUp, told), of(v.CaseClosed, told), of(v.StandingTopUpSet, told)
    assert closed.reason == CaseEnd.TOPPED_UP and of(v.SliceOrdered, told) == []
    assert topped.amount_atoms == topped.needed_atoms
    assert left.amount_atoms == 100 * DOLLAR - topped.amount_atoms
    assert venue.exchange.standing_top_up(venue.bob) == (USDC, left.amount_atoms)
    assert venue.exchange.balance(venue.fenced, USDC) == (500 * DOLLAR - topped.amount_atoms, 0)
    measure = venue.exchange.measure(venue.bob)
    assert measure.equity - measure.maintenance * 11 // 10 in (0, 1)


def test_standing_top_up_that_would_not_end_it_leaves_everything_alone() -> None:
    for most, fenced in ((10, 500), (100, 10), (100, 0)):
        venue = failing(most, fenced)
        told = venue.steps()
        assert of(v.ToppedUp, told) == [] and of(v.SliceEnded, told)
        assert venue.exchange.balance(venue.fenced, USDC) == (fenced * DOLLAR, 0)
        assert venue.exchange.standing_top_up(venue.bob) == (USDC, most * DOLLAR)


def test_standing_top_up_is_taken_back_by_zero() -> None:
    venue = Failing()
    for dollars in (100, 0):
        (told,) = venue.must(c.SetStandingTopUp(account=venue.bob, asset=USDC, amount_atoms=dollars * DOLLAR))
    assert (told.amount_atoms, told.asset) == (0, 0)
    assert len(venue.exchange.rows()["standing_top_ups"]) == 0


def test_standing_top_up_of_a_fenced_account_or_an_unknown_asset_is_refused() -> None:
    venue = Failing()
    for account, asset, reject in (
        (venue.fenced, USDC, Reject.ACCOUNT_CANNOT_TRADE),
        (venue.bob, SOL + 7, Reject.UNKNOWN_ASSET),
        (9_999, USDC, Reject.UNKNOWN_ACCOUNT),
    ):
        (refused,) = venue.give(c.SetStandingTopUp(account=account, asset=asset, amount_atoms=1))
        assert refused.reject == reject
