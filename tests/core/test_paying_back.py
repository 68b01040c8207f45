"""What an estate that recovers gives back to whoever paid for it: never what it needs to stay sound."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, SOL, WHOLE_SOL
from tests.core.test_deleveraging import Gapping
from tests.core.test_liquidation import of

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, MoveCause


def test_estate_that_pays_back_stays_sound() -> None:
    venue = Gapping()
    market = venue.quote_in("EURC", 6, 10**4)
    asset = venue.exchange.assets_listed
    for account, amount in ((venue.bob, 200), (venue.carol, 1_000)):
        venue.fund(account, amount * DOLLAR, asset)
    venue.place(venue.carol, ASK, 100, 1_000, market=market)
    venue.place(venue.bob, BID, 100, 1_000, market=market, time_in_force=1)
    # Both contracts lose: 500 dollars here and 50 there, of 500 in all; somebody else pays 45 of them in a wave here.
    venue.let(95)
    venue.steps()
    (closed,) = of(v.EstateClosed, venue.must(c.Deleverage()))
    assert closed.gap_atoms == 45_454_548
    # The other contract recovers before it is closed; what others paid is owed before the estate is sound again.
    venue.let(99)
    assert of(v.CaseClosed, venue.steps()) == []
    told = []
    for _ in range(40):
        told += venue.deleverage()
        venue.let(99)
        told += venue.steps()
    (ended,) = of(v.CaseClosed, told)
    assert ended.reason == CaseEnd.WRITTEN_OFF and ended.equity_value >= ended.maintenance_value
    paid_back = [one.amount_atoms for one in of(v.FundsMoved, told) if one.cause == MoveCause.ESTATE_TAKEN]
    assert sum(paid_back) > 0


def test_estate_pays_back_all_that_others_paid_out_of_one_asset_after_the_other() -> None:
    venue = Gapping()
    market = venue.quote_in("EURC", 6, 10**4)
    asset = venue.exchange.assets_listed
    venue.fund(venue.bob, WHOLE_SOL // 10, SOL)
    for account, amount in ((venue.bob, 200), (venue.carol, 1_000)):
        venue.fund(account, amount * DOLLAR, asset)
    venue.place(venue.carol, ASK, 100, 1_000, market=market)
    venue.place(venue.bob, BID, 100, 1_000, market=market, time_in_force=1)
    venue.let(94.5)
    venue.steps()
    (closed,) = of(v.EstateClosed, venue.must(c.Deleverage()))
    # What stands in the other contract recovers: a tenth of a SOL is worth 12 dollars, the rest comes out of euros.
    venue.let(120)
    told = venue.steps()
    (ended,) = of(v.CaseClosed, told)
    paid = {one.asset: one.amount_atoms for one in of(v.FundsMoved, told)}
    assert paid == {SOL: WHOLE_SOL // 10, asset: closed.gap_atoms - 12 * DOLLAR - 1}
    assert ended.reason == CaseEnd.WRITTEN_OFF and ended.equity_value > ended.maintenance_value > 0
