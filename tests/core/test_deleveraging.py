"""What the book did not take: one price for everybody, who pays first, and what is left when nobody can."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, USDC, WHOLE_SOL
from tests.core.test_liquidation import Failing, of

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, HouseAccount, MarketState, Parameter


class Gapping(Failing):
    """The same with an empty book; prices jump."""

    def gap(self, dollars: float) -> list:
        """Let the price jump, cases open and end as far as they can; returns what they told."""
        self.let(dollars)
        told = self.steps()
        told += self.deleverage()
        self.let(dollars)
        told += self.steps()
        assert list(broken_invariants(self.exchange.rows())) == []
        return told

    def deleverage(self) -> list:
        told = []
        while self.exchange.deleveraging:
            told += self.must_all(c.Deleverage())
        return told

    def save(self, dollars: int, account: int = HouseAccount.FUND) -> None:
        """Let FUND or SKIN have money."""
        self.fund(HouseAccount.SUSPENSE, dollars * DOLLAR)
        move = {"account": HouseAccount.SUSPENSE, "to_account": account, "asset": USDC}
        self.must(c.MoveHouseFunds(**move, amount_atoms=dollars * DOLLAR))

    def cash(self, account: int) -> int:
        return self.exchange.balance(account, USDC)[0]


def test_account_that_owes_nothing_is_closed_at_the_mark() -> None:
    venue = Gapping()
    told = venue.gap(97.4)
    (taken,), (closed,) = of(v.Deleveraged, told), of(v.CaseClosed, told)
    assert (taken.account, taken.lots, taken.cost_atoms) == (venue.alice, 10_000, 0)
    assert closed.reason == CaseEnd.RESTORED and venue.cash(venue.bob) == 40 * DOLLAR
    venue.settle(97.4)
    assert venue.cash(venue.alice) == 100_260 * DOLLAR


def test_market_that_is_to_reopen_is_waited_for() -> None:
    venue = Gapping()
    venue.must(c.SetBrakes(market=PERP, band_ppm=100_000, halt_ms=1_000, auction_ms=10_000))
    venue.must(c.SetMarketState(market=PERP, state=MarketState.AUCTION))
    told = venue.gap(97.4)
    assert of(v.CaseMoved, told) and not of(v.WaveBegan, told)
    venue.place(venue.carol, BID, 97.4, 10_000)
    venue.time_us += 10_000_000
    venue.let(97.4)
    venue.must(c.UncrossMarket(market=PERP))
    told = venue.steps()
    assert of(v.SliceEnded, told)[0].filled_lots > 0 and venue.deleverage() == []


def test_mark_that_is_not_fresh_begins_no_wave() -> None:
    venue = Gapping()
    venue.let(97.4)
    assert of(v.CaseMoved, venue.steps())
    venue.time_us += 20_000_000
    venue.must(c.Clock())
    # Nothing is deleveraged while a settlement is under way, whatever its marks.
    venue.end_settlement()
    assert venue.steps() == [] and venue.must_all(c.Deleverage()) == []
    venue.let(97.4)
    venue.steps()
    assert of(v.Deleveraged, venue.deleverage())


def test_market_that_an_operator_has_closed_is_not_waited_for() -> None:
    venue = Gapping()
    venue.must(c.SetBrakes(market=PERP, band_ppm=100_000, halt_ms=1_000, auction_ms=10_000))
    for state in (MarketState.AUCTION, MarketState.CLOSED):
        venue.must(c.SetMarketState(market=PERP, state=state))
    assert of(v.Deleveraged, venue.gap(97.4))


def test_what_cannot_be_paid_moves_the_price_for_whoever_has_profit() -> None:
    venue = Gapping()
    told = venue.gap(95)
    (wave,), (taken,), (ended,) = of(v.WaveBegan, told), of(v.Deleveraged, told), of(v.WaveEnded, told)
    assert (wave.gap_atoms, wave.fund_atoms, wave.left_atoms, wave.lots) == (200 * DOLLAR, 0, 200 * DOLLAR, 10_000)
    assert (taken.cost_atoms, taken.profit_atoms) == (200 * DOLLAR, 500 * DOLLAR)
    assert (ended.uncovered_atoms, ended.people) == (0, 1)
    assert of(v.CaseClosed, told)[0].reason == CaseEnd.WRITTEN_OFF
    assert venue.cash(venue.bob) == 0 and venue.exchange.positions(venue.bob) == []
    venue.settle(95)
    assert venue.cash(venue.alice) == 100_300 * DOLLAR


def test_fund_pays_first_and_skin_up_to_its_cap() -> None:
    venue = Gapping()
    venue.save(50)
    venue.save(90, HouseAccount.SKIN)
    venue.must(c.SetParameter(parameter=Parameter.SKIN_CAP, value=60 * DOLLAR))
    told = venue.gap(95)
    (wave,) = of(v.WaveBegan, told)
    assert (wave.fund_atoms, wave.skin_atoms) == (50 * DOLLAR, 60 * DOLLAR)
    assert of(v.Deleveraged, told)[0].cost_atoms == 90 * DOLLAR
    assert venue.cash(HouseAccount.SKIN) == 30 * DOLLAR


def test_own_profit_on_the_other_side_pays_before_anybody() -> None:
    venue = Gapping()
    venue.save(1_000)
    other = venue.must(c.OpenAccount(user=2, sub_account=1))[0].account
    venue.fund(other, 10_000 * DOLLAR)
    venue.trade(venue.carol, other, 100, 1_000)
    told = venue.gap(95)
    (wave,) = of(v.WaveBegan, told)
    own = next(event for event in of(v.Deleveraged, told) if event.account == other)
    assert (own.lots, own.cost_atoms, own.own_case) == (1_000, 50 * DOLLAR, 1)
    assert (wave.own_atoms, wave.fund_atoms, wave.left_atoms) == (50 * DOLLAR, 150 * DOLLAR, 0)


def test_profit_that_does_not_reach_leaves_a_debt_of_the_house_and_no_money_is_touched() -> None:
    venue = Gapping()
    venue.settle(100)
    # Alice ends her profit before it can be taken: carol stands short in her place, at a price near the mark.
    venue.let(96)
    venue.place(venue.carol, ASK, 96, 10_000)
    venue.place(venue.alice, BID, 96, 10_000, time_in_force=1)
    venue.let(95)
    told = venue.steps() + venue.deleverage()
    (ended,) = of(v.WaveEnded, told)
    assert ended.profit_atoms == 100 * DOLLAR and ended.uncovered_atoms == 100 * DOLLAR
    (row,) = venue.exchange.positions(HouseAccount.UNCOVERED)
    assert (row.market, row.reference_atoms) == (PERP, 100 * DOLLAR)
    assert list(broken_invariants(venue.exchange.rows())) == []
    venue.settle(95)
    assert venue.cash(venue.alice) + venue.cash(venue.carol) == 200_300 * DOLLAR


def test_what_others_paid_for_an_estate_is_owed_by_it_before_it_is_sound() -> None:
    venue = Gapping()
    venue.fund(venue.bob, WHOLE_SOL, SOL)
    told = venue.gap(95)
    (wave,), (closed,) = of(v.WaveBegan, told), of(v.CaseClosed, told)
    # His SOL cannot be sold: 95 dollars of the loss of 500 stay unpaid, and FUND takes both over.
    assert wave.gap_atoms == 105 * DOLLAR + 2 and closed.reason == CaseEnd.WRITTEN_OFF
    assert venue.exchange.balances(venue.bob) == [] and venue.exchange.positions(venue.bob) == []
    assert venue.exchange.balance(HouseAccount.FUND, SOL)[0] == WHOLE_SOL
    (owed,) = venue.exchange.positions(HouseAccount.UNCOVERED)
    assert owed.reference_atoms == 95 * DOLLAR - 2
    venue.fund(venue.bob, 10 * DOLLAR)
    assert venue.cash(venue.bob) == 10 * DOLLAR
