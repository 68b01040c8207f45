"""What nobody paid: it is said, nobody takes new risk where it is, and FUND pays or buys it in when it can."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue
from tests.core.test_deleveraging import Gapping
from tests.core.test_liquidation import of

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, HouseAccount, LoanCause, MoveCause, Parameter
from ringfence.schema.rejects import Reject

FUND, UNCOVERED = int(HouseAccount.FUND), int(HouseAccount.UNCOVERED)


class Owing(PerpetualVenue):
    """Bob borrows against what he has, and nobody takes it when its price jumps."""

    def __init__(self) -> None:
        super().__init__(3)
        self.alice, self.bob, self.carol = self.accounts
        rules = {"initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
        sale = {"conversion_market": SPOT, "conversion_discount_ppm": 30_000}
        self.must(c.SetCollateral(asset=SOL, weight_e8=9 * 10**7, **rules, **sale))
        self.fund(self.alice, 100_000 * DOLLAR)
        self.fund(self.alice, 1_000 * WHOLE_SOL, SOL)
        self.fund(self.carol, 100_000 * DOLLAR)
        self.fund(self.carol, 100 * WHOLE_SOL, SOL)
        for asset, atoms in ((USDC, 50_000 * DOLLAR), (SOL, 500 * WHOLE_SOL)):
            self.must(c.Lend(account=self.alice, asset=asset, amount_atoms=atoms))

    def fail_with_dollars_owed(self) -> list:
        """Bob has ten SOL and owes 600 dollars when a SOL is worth 50."""
        self.fund(self.bob, 10 * WHOLE_SOL, SOL)
        self.borrow_and_leave(USDC, 600 * DOLLAR)
        return self.fall(50)

    def fail_with_sol_owed(self) -> list:
        """Bob has 1,500 dollars and owes ten SOL when one is worth 200."""
        self.fund(self.bob, 1_500 * DOLLAR)
        self.borrow_and_leave(SOL, 10 * WHOLE_SOL)
        return self.fall(200)

    def borrow_and_leave(self, asset: int, atoms: int) -> None:
        self.must(c.Borrow(account=self.bob, asset=asset, amount_atoms=atoms))
        self.must(c.RequestWithdrawal(account=self.bob, asset=asset, amount_atoms=atoms))
        self.must(c.SettleWithdrawal(withdrawal=self.exchange.sequence))

    def fall(self, dollars: float) -> list:
        self.let(dollars)
        told = self.must(c.OpenCases())
        for _ in range(5):
            while self.exchange.cases_due:
                told += self.give(c.StepCase())
            self.let(dollars)
        assert of(v.CaseClosed, told)[0].reason == CaseEnd.WRITTEN_OFF
        return told

    def cover(self) -> list:
        told = self.give(c.CoverDebts())
        assert list(broken_invariants(self.exchange.rows())) == []
        restored = Exchange.restore(self.exchange.rows())
        assert restored.state_hash() == self.exchange.state_hash()
        return told

    def refusal(self, command: c.Command) -> tuple[int, int]:
        (refused,) = self.give(command)
        return refused.reject, refused.value


def test_what_nobody_pays_is_told_and_its_pool_takes_nothing_new() -> None:
    venue = Owing()
    (owes,) = of(v.UncoveredOwes, venue.fail_with_dollars_owed())
    assert (owes.account, owes.asset, owes.market) == (UNCOVERED, USDC, 0) and owes.owed_atoms >= 600 * DOLLAR
    for account, command in ((venue.carol, c.Lend), (venue.alice, c.Lend), (venue.carol, c.Borrow)):
        refused = venue.refusal(command(account=account, asset=USDC, amount_atoms=DOLLAR))
        assert refused[0] == Reject.LENDING_POOL_REPAY_ONLY
    venue.must(c.Redeem(account=venue.alice, asset=USDC, amount_atoms=DOLLAR))
    assert venue.exchange.uncovered
    # The same after a restart.
    venue.exchange = Exchange.restore(venue.exchange.rows())
    assert (
        venue.refusal(c.Lend(account=venue.carol, asset=USDC, amount_atoms=DOLLAR))[0] == Reject.LENDING_POOL_REPAY_ONLY
    )


def test_fund_sells_what_it_has_for_what_is_owed() -> None:
    venue = Owing()
    venue.fail_with_dollars_owed()
    assert venue.cover() == []
    venue.place(venue.carol, BID, 49, 400, market=SPOT)
    told = venue.cover()
    (ordered,), (trade,) = of(v.FundOrdered, told), of(v.Trade, told)
    assert (ordered.account, ordered.side, ordered.asset, ordered.reject) == (FUND, ASK, USDC, 0)
    assert (trade.quantity_lots, trade.taker_fee_atoms) == (400, 0)
    (repaid,) = (loan for loan in of(v.LoanMoved, told) if loan.account == UNCOVERED)
    assert (repaid.cause, repaid.amount_atoms) == (LoanCause.REPAY, 4 * 49 * DOLLAR)
    assert [one.cause for one in of(v.FundsMoved, told)] == [MoveCause.GAP_PAID]
    (owes,) = of(v.UncoveredOwes, told)
    assert 404 * DOLLAR <= owes.owed_atoms < 405 * DOLLAR


def test_fund_buys_in_what_is_owed_within_the_band() -> None:
    venue = Owing()
    venue.fail_with_sol_owed()
    venue.place(venue.carol, ASK, 230, 1_000, market=SPOT)
    assert venue.cover() == []
    venue.place(venue.carol, ASK, 201, 300, market=SPOT)
    told = venue.cover()
    (ordered,), (trade,) = of(v.FundOrdered, told), of(v.Trade, told)
    # 1,500 dollars and what is left of nothing else: all of it is offered, up to five percent above the mark.
    assert (ordered.side, ordered.asset, trade.quantity_lots) == (BID, SOL, 300)
    assert of(v.UncoveredOwes, told)[-1].owed_atoms < 71 * WHOLE_SOL // 10


def test_pool_is_open_again_when_everything_is_covered() -> None:
    venue = Owing()
    venue.fail_with_dollars_owed()
    venue.fund(HouseAccount.SUSPENSE, 700 * DOLLAR)
    give = {"account": HouseAccount.SUSPENSE, "to_account": FUND, "asset": USDC}
    venue.must(c.MoveHouseFunds(**give, amount_atoms=700 * DOLLAR))
    assert of(v.UncoveredOwes, venue.cover())[-1].owed_atoms == 0
    assert not venue.exchange.uncovered
    venue.must(c.Lend(account=venue.carol, asset=USDC, amount_atoms=DOLLAR))
    assert venue.cover() == []


def test_skin_pays_after_fund_up_to_its_cap() -> None:
    venue = Owing()
    venue.must(c.SetParameter(parameter=Parameter.SKIN_CAP, value=100 * DOLLAR))
    venue.fail_with_dollars_owed()
    venue.fund(HouseAccount.SUSPENSE, 750 * DOLLAR)
    for house, dollars in ((FUND, 50), (HouseAccount.SKIN, 700)):
        give = {"account": HouseAccount.SUSPENSE, "to_account": house, "asset": USDC}
        venue.must(c.MoveHouseFunds(**give, amount_atoms=dollars * DOLLAR))
    told = venue.cover()
    paid = [(one.account, one.amount_atoms) for one in of(v.FundsMoved, told)]
    assert paid == [(FUND, 50 * DOLLAR), (HouseAccount.SKIN, 100 * DOLLAR)]
    assert of(v.FundsMoved, venue.cover()) == []
    venue.time_us += 86_400 * 1_000_000
    venue.let(50)
    assert [one.amount_atoms for one in of(v.FundsMoved, venue.cover())] == [100 * DOLLAR]


def test_fund_redeems_what_failed_accounts_had_lent() -> None:
    venue = Owing()
    venue.must(c.Redeem(account=venue.alice, asset=SOL, amount_atoms=500 * WHOLE_SOL))
    venue.fund(venue.bob, 10 * WHOLE_SOL, SOL)
    venue.must(c.Lend(account=venue.bob, asset=SOL, amount_atoms=10 * WHOLE_SOL))
    venue.must(c.Borrow(account=venue.carol, asset=SOL, amount_atoms=8 * WHOLE_SOL))
    venue.borrow_and_leave(USDC, 600 * DOLLAR)
    assert of(v.ClaimTaken, venue.fall(50))
    venue.cover()
    assert dict(venue.exchange.loans(FUND))[SOL] > 0
    venue.must(c.Repay(account=venue.carol, asset=SOL, amount_atoms=9 * WHOLE_SOL))
    (redeemed,) = of(v.LoanMoved, venue.cover())
    assert (redeemed.account, redeemed.cause, redeemed.loan_shares) == (FUND, LoanCause.REDEEM, 0)


def test_market_with_a_loss_that_nobody_paid_takes_less_risk_only() -> None:
    venue = Gapping()
    market = venue.quote_in("EURC", 6, 10**4)
    asset = venue.exchange.assets_listed
    # Alice wins in the one contract as much as she loses in the other: no profit of hers can be closed for bob.
    venue.fund(venue.alice, 100_000 * DOLLAR, asset)
    venue.fund(venue.carol, 100_000 * DOLLAR, asset)
    venue.place(venue.carol, ASK, 100, 10_000, market=market)
    venue.place(venue.alice, BID, 100, 10_000, market=market, time_in_force=1)
    told = venue.gap(95)
    owed = of(v.UncoveredOwes, told)
    assert owed and owed[-1].market == PERP and owed[-1].owed_atoms > 0
    more = venue.order(venue.carol, ASK, 95, 10)
    (refused,) = venue.give(more)
    assert (refused.reject, refused.value) == (Reject.MARKET_IN_RESOLUTION, owed[-1].owed_atoms)
    venue.save(1_000)
    assert of(v.UncoveredOwes, venue.must(c.CoverDebts()))[-1].owed_atoms == 0
    venue.must(more)
