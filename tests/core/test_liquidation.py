"""What a case does: it opens below maintenance, orders as little as restores the estate, and closes."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SOURCES, SPOT, USDC, WHOLE_SOL, PerpetualVenue
from tests.reference.cases import rank

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import INDEX_BITS, CaseCause, CaseEnd, CloseReason, HouseAccount, Session
from ringfence.schema.rejects import Reject


class Failing(PerpetualVenue):
    """Bob is long a hundred SOL at 100 dollars with 300 dollars; alice is short, and carol stands by with money."""

    def __init__(self) -> None:
        super().__init__(3)
        self.alice, self.bob, self.carol = self.accounts
        self.fenced = self.bob + 1
        for account, dollars in ((self.alice, 100_000), (self.bob, 300), (self.carol, 100_000)):
            self.fund(account, dollars * DOLLAR)
        self.trade(self.bob, self.alice, 100, 10_000)

    def steps(self, most: int = 100) -> list[Any]:
        """Let cases open and take their steps until none can before the next Clock; returns what they told."""
        told = self.must_all(c.OpenCases())
        while self.exchange.cases_due and most:
            told += self.must_all(c.StepCase())
            most -= 1
        return told

    def must_all(self, command: c.Command) -> list[Any]:
        events = self.give(command)
        assert not events or not isinstance(events[0], v.Rejected), (command, Reject(events[0].reject).name, events[0])
        return events


def of(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_account_below_maintenance_gets_a_case_and_its_orders_end() -> None:
    venue = Failing()
    order = venue.place(venue.bob, ASK, 110, 10)
    venue.let(97.9)
    told = venue.must(c.OpenCases())
    (opened,) = of(v.CaseOpened, told)
    assert (opened.account, opened.cause, opened.case) == (venue.bob, CaseCause.MARK, 1)
    assert (opened.equity_value, opened.maintenance_value) == (90 * DOLLAR - 1, 97_900_001)
    (closed,) = of(v.OrderClosed, told)
    assert (closed.order, closed.reason) == (order, CloseReason.LIQUIDATION)
    assert venue.exchange.case(venue.bob).case == 1


@pytest.mark.parametrize("failing", [2, 3, 4, 7, 8])
def test_cases_open_in_the_order_that_the_seed_gives(failing: int) -> None:
    for seed in range(5):
        venue = Failing()
        venue.fund(venue.alice, 1_000_000 * DOLLAR)
        others = [venue.must(c.OpenUser())[0].account for _ in range(failing - 1)]
        for account in others:
            venue.fund(account, 300 * DOLLAR)
            venue.trade(account, venue.alice, 100, 10_000)
        venue.time_us += 1_000_000
        for source in SOURCES:
            quote = {"last_units": 97 * 10**8, "observed_us": venue.time_us}
            venue.must(c.Quote(asset=SOL, price_source=source, **quote))
        venue.must(c.Clock(seed=bytes([seed] * 32)))
        opened = [event.account for event in of(v.CaseOpened, venue.must(c.OpenCases()))]
        state = SimpleNamespace(seed=bytes([seed] * 32))
        assert opened == sorted([venue.bob, *others], key=lambda account: rank(state, account))


def test_account_above_maintenance_gets_none() -> None:
    venue = Failing()
    venue.let(98.1)
    assert venue.must_all(c.OpenCases()) == []


def test_slice_is_the_smallest_that_restores_the_account() -> None:
    venue = Failing()
    venue.place(venue.carol, BID, 97.9, 50_000)
    venue.let(97.9)
    told = venue.steps()
    (ordered,), (ended,), (closed,) = of(v.SliceOrdered, told), of(v.SliceEnded, told), of(v.CaseClosed, told)
    assert closed.reason == CaseEnd.RESTORED
    position = venue.exchange.position(venue.bob, PERP)
    measure = venue.exchange.measure(venue.bob)
    assert position.net_lots == 10_000 - ended.filled_lots and ended.filled_lots == ordered.quantity_lots
    needed = measure.maintenance * 11 // 10
    assert needed <= measure.equity < needed + 2 * DOLLAR
    assert ended.fee_atoms > 0
    (fund,) = venue.exchange.positions(HouseAccount.FUND)
    assert fund.reference_atoms == -ended.fee_atoms


def test_mark_that_is_not_fresh_sells_nothing() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.must(c.OpenCases())
    venue.place(venue.carol, BID, 97.9, 50_000)
    venue.time_us += 20_000_000
    venue.must(c.Clock())
    assert venue.steps() == []
    venue.let(97.9)
    assert of(v.SliceEnded, venue.steps())


def test_later_deposit_is_fenced_and_withdrawn() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.must(c.OpenCases())
    before = venue.exchange.measure(venue.bob)
    venue.fund(venue.bob, 500 * DOLLAR)
    assert venue.exchange.balance(venue.fenced, USDC) == (500 * DOLLAR, 0)
    assert venue.exchange.measure(venue.bob) == before
    venue.must(c.RequestWithdrawal(account=venue.fenced, asset=USDC, amount_atoms=500 * DOLLAR))


def test_deposit_before_anybody_looked_opens_the_case_first() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.number += 1
    deposit = {"account": venue.bob, "asset": USDC, "source": 1, "number": venue.number}
    told = venue.must(c.Deposit(**deposit, amount_atoms=DOLLAR))
    kinds = [type(event).__name__ for event in told]
    assert kinds.index("CaseOpened") < kinds.index("FundsMoved") < kinds.index("CreditFenced")
    (opened,), (fenced,) = of(v.CaseOpened, told), of(v.CreditFenced, told)
    assert opened.cause == CaseCause.CREDIT and (fenced.case, fenced.fenced_account) == (1, venue.fenced)


def test_credit_with_a_stale_mark_is_fenced_and_opens_nothing() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.time_us += 20_000_000
    venue.must(c.Clock())
    venue.fund(venue.bob, DOLLAR)
    assert venue.exchange.balance(venue.fenced, USDC) == (DOLLAR, 0) and venue.exchange.case(venue.bob) is None
    assert venue.must_all(c.OpenCases()) == []


def test_top_up_too_small_is_refused_with_what_would_be_enough() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.must(c.OpenCases())
    venue.fund(venue.bob, 500 * DOLLAR)
    top_up = {"account": venue.bob, "asset": USDC}
    (refused,) = venue.give(c.TopUp(**top_up, amount_atoms=DOLLAR))
    assert (refused.reject, refused.value) == (Reject.TOP_UP_TOO_SMALL, DOLLAR)
    (refused_again,) = venue.give(c.TopUp(**top_up, amount_atoms=refused.limit - 1))
    assert refused_again.limit == refused.limit
    told = venue.must(c.TopUp(**top_up, amount_atoms=refused.limit))
    assert of(v.CaseClosed, told)[0].reason == CaseEnd.TOPPED_UP
    assert venue.exchange.balance(venue.fenced, USDC)[0] == 500 * DOLLAR - refused.limit
    measure = venue.exchange.measure(venue.bob)
    assert measure.equity - measure.maintenance * 11 // 10 in (0, 1)


def test_debt_is_repaid_by_selling_collateral() -> None:
    venue = PerpetualVenue(2)
    alice, bob = venue.accounts
    venue.must(
        c.SetCollateral(
            asset=SOL,
            weight_e8=9 * 10**7,
            initial_base_e8=10**7,
            maintenance_base_e8=5 * 10**6,
            conversion_market=SPOT,
            conversion_discount_ppm=30_000,
        )
    )
    venue.fund(alice, 100_000 * DOLLAR)
    venue.must(c.Lend(account=alice, asset=USDC, amount_atoms=50_000 * DOLLAR))
    venue.fund(bob, 10 * WHOLE_SOL, SOL)
    venue.must(c.Borrow(account=bob, asset=USDC, amount_atoms=600 * DOLLAR))
    venue.must(c.RequestWithdrawal(account=bob, asset=USDC, amount_atoms=600 * DOLLAR))
    venue.place(alice, BID, 68, 10_000, market=SPOT)
    venue.let(68)
    told = venue.must(c.OpenCases())
    assert len(of(v.CaseOpened, told)) == 1
    while venue.exchange.cases_due:
        told += venue.give(c.StepCase())
    assert of(v.CaseClosed, told)[0].reason == CaseEnd.RESTORED, told
    measure = venue.exchange.measure(bob)
    assert measure.maintenance * 11 // 10 <= measure.equity
    assert venue.exchange.balance(HouseAccount.FUND, USDC)[0] > 0


def test_debt_while_its_market_is_closed_counts_at_a_price_rounded_up() -> None:
    venue = Failing()
    venue.must(c.SetPricing(asset=SOL, update_cap_ppm=1_000_000, closed_haircut_ppm=123_456))
    venue.fund(venue.carol, 10_000 * WHOLE_SOL, SOL)
    venue.must(c.Lend(account=venue.carol, asset=SOL, amount_atoms=10_000 * WHOLE_SOL))
    venue.let(100.00000001)
    venue.must(c.Borrow(account=venue.alice, asset=SOL, amount_atoms=500 * WHOLE_SOL))
    venue.must(c.SetSession(asset=SOL, session=Session.CLOSED))
    venue.let(100.00000001)
    ((_, shares),) = venue.exchange.loans(venue.alice)
    assert venue.exchange.lending_pool(SOL).debt_index == 1 << INDEX_BITS, "no hour has passed"
    price_units = -(-10_000_000_001 * 1_123_456 // 10**6)
    assert venue.exchange.measure(venue.alice).liabilities == -(shares * price_units // 10**11)
