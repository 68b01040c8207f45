"""I-9 to I-14: who is liquidated, how little of it, at what price, in what order, and what stands against it."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.auditor.ledger import Entry, Ledger, name_of
from tests.auditor.measure import worth_of
from tests.auditor.runs import OTHER_PERP, RandomVenue
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SECOND_US, SOL, WHOLE_SOL
from tests.core.test_liquidation import Failing, of
from tests.properties.invariants.walking import events_of, looked_at, told

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, MoveCause, PriceState

ROUNDING_VALUE = 64


def test_i09_case_opens_only_below_maintenance_at_live_marks(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        clock_us = 0

        def look(ledger: Ledger, entry: Entry, event: Any) -> None:
            nonlocal met, clock_us
            if name_of(event) == "ClockTicked":
                clock_us = event.time_us
            if name_of(event) != "CaseOpened":
                return
            met += 1
            worth = worth_of(ledger, event.account)
            assert event.equity_value <= event.maintenance_value
            assert worth.equity <= worth.maintenance + worth.slack, (event, worth)
            assert abs(worth.equity - event.equity_value) <= worth.slack, (event, worth)
            assert event.time_us - clock_us <= 5 * SECOND_US, event

        looked_at([venue], look)
    assert met > 50


def test_i09_position_is_sold_only_at_a_fresh_mark(runs: list[RandomVenue]) -> None:
    for venue in runs:
        states: dict[int, int] = {}
        for entry in venue.log:
            for event in entry.events:
                if name_of(event) == "MarkUpdated":
                    states[event.market] = event.price_state
                if name_of(event) == "SliceOrdered" and event.asset == 0:
                    assert states.get(event.market, PriceState.FRESH) == PriceState.FRESH, event


def test_i09_nothing_opens_after_an_outage_before_the_next_second() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.exchange = Exchange.restore(venue.exchange.rows())
    venue.time_us += 6 * SECOND_US
    assert venue.must_all(c.OpenCases()) == []
    venue.let(97.9)
    assert len(of(v.CaseOpened, venue.must(c.OpenCases()))) == 1


def test_i10_slice_reduces_and_never_turns_a_position(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        ledger = Ledger()
        for entry in venue.log:
            for event in told(entry, "SliceOrdered"):
                before = ledger.positions.get((event.account, event.market)) if event.asset == 0 else None
                if before is None:
                    continue
                met += 1
                (ended,) = told(entry, "SliceEnded")
                assert 0 <= ended.filled_lots <= event.quantity_lots <= abs(before.net_lots)
                assert (before.net_lots > 0) == (event.side == 1)
            ledger.apply(entry)
    assert met > 10


@settings(max_examples=40)
@given(mark=st.integers(9_720, 9_795), below=st.integers(0, 150), buffer=st.sampled_from((0, 100_000, 700_000)))
def test_i10_slice_is_the_fewest_lots_that_restore(mark: int, below: int, buffer: int) -> None:
    venue = Failing()
    venue.must(c.SetParameter(parameter=13, value=buffer))
    best = mark - below
    venue.place(venue.carol, BID, best / 100, 10_000)
    venue.let(mark / 100)
    told = venue.must_all(c.OpenCases()) + venue.must_all(c.StepCase())
    if not of(v.SliceOrdered, told):
        return
    (ordered,) = of(v.SliceOrdered, told)
    equity = 300 * DOLLAR + 10_000 * (mark - 10_000) * 100

    def is_restored(lots: int) -> bool:
        fee = -(-lots * best * 100 * ordered.fee_e8 // 10**8)
        maintenance = Fraction((10_000 - lots) * mark * 100, 100)
        left = equity - lots * (mark - best) * 100 - fee
        return left >= maintenance * Fraction(1_000_000 + buffer, 1_000_000)

    lots = ordered.quantity_lots
    assert 1 <= lots <= 10_000
    # Values are rounded against the account, which may be a lot more where it is exactly restored.
    assert lots == 1 or not is_restored(lots - 2 if is_restored(lots - 1) else lots - 1) or lots == 10_000


def test_i11_slice_leaves_nobody_below_nothing(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        for entry in venue.log:
            for ordered, ended in zip(told(entry, "SliceOrdered"), told(entry, "SliceEnded"), strict=True):
                if ordered.equity_value >= 0:
                    met += 1
                    assert ended.equity_value >= -ROUNDING_VALUE, (ordered, ended)
    assert met > 10


def test_i11_what_is_left_after_a_recovery_is_the_owners(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        for entry in venue.log:
            for closed in told(entry, "CaseClosed"):
                if closed.reason == CaseEnd.WRITTEN_OFF:
                    continue
                met += 1
                taken = [event for event in told(entry, "FundsMoved") if event.cause == MoveCause.ESTATE_TAKEN]
                assert taken == [], closed
                assert closed.equity_value >= closed.maintenance_value
    assert met > 10


def test_i12_slice_of_a_position_does_not_lower_the_ratio_of_a_solvent_account(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        for entry in venue.log:
            for ordered, ended in zip(told(entry, "SliceOrdered"), told(entry, "SliceEnded"), strict=True):
                if ordered.equity_value <= 0 or ended.maintenance_value == 0 or ordered.asset:
                    continue
                met += 1
                before = Fraction(ordered.equity_value, ordered.maintenance_value)
                after = Fraction(ended.equity_value + ROUNDING_VALUE, ended.maintenance_value)
                assert after >= before, (ordered, ended)
    assert met > 10


class TwoFail(Failing):
    """Carol has 300 dollars more or less what bob has, and fails beside him."""

    def __init__(self, swapped: bool) -> None:
        super().__init__()
        self.must(c.RequestWithdrawal(account=self.carol, asset=1, amount_atoms=99_700 * DOLLAR))
        self.trade(self.carol, self.alice, 100, 10_000)
        first, second = (self.carol, self.bob) if swapped else (self.bob, self.carol)
        self.fund(first, 100 * DOLLAR)
        self.roles = {first: "richer", second: "poorer"}


@pytest.mark.parametrize("dollars", [97.0, 96.9, 95.0, 90.0])
def test_i13_what_happens_to_somebody_does_not_depend_on_his_number(dollars: float) -> None:
    outcomes = []
    for swapped in (False, True):
        venue = TwoFail(swapped)
        for _ in range(3):
            venue.let(dollars)
            venue.steps()
            while venue.exchange.deleveraging:
                venue.must_all(c.Deleverage())
        venue.settle(dollars)
        found = {role: venue.exchange.measure(account).equity for account, role in venue.roles.items()}
        outcomes.append((found, venue.exchange.measure(venue.alice).equity))
    assert outcomes[0] == outcomes[1]


def test_i13_cases_open_in_the_order_of_a_public_draw() -> None:
    orders = set()
    for seed in range(12):
        venue = TwoFail(swapped=False)
        venue.let(90)
        venue.give(c.Clock(seed=bytes([seed * 7 + 1] * 32)))
        orders.add(tuple(event.account for event in of(v.CaseOpened, venue.must(c.OpenCases()))))
    assert orders == {(venue.bob, venue.carol), (venue.carol, venue.bob)}


def test_i14_slice_raises_no_requirement(runs: list[RandomVenue]) -> None:
    for event in events_of("SliceEnded", runs):
        assert event.maintenance_value >= 0
    for venue in runs:
        for entry in venue.log:
            for ordered, ended in zip(told(entry, "SliceOrdered"), told(entry, "SliceEnded"), strict=True):
                assert ended.maintenance_value <= ordered.maintenance_value + ROUNDING_VALUE, (ordered, ended)


def test_i14_deleveraging_raises_nobodys_requirement(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        ledger = Ledger()
        for entry in venue.log:
            accounts = {event.account for event in told(entry, "Deleveraged")}
            before = {account: worth_of(ledger, account) for account in accounts}
            ledger.apply(entry)
            for account, worth in before.items():
                met += 1
                assert worth_of(ledger, account).maintenance <= worth.maintenance, (entry, account)
    assert met > 10


class Hedged(RandomVenue):
    """Nobody has anything yet."""

    def give_means(self) -> None:
        self.alice, self.bob, self.carol = self.accounts[:3]


def test_i14_lots_that_a_holding_stands_against_are_sold_last() -> None:
    """Bob is short in coins that he holds, and long in others: the others go first, though they need less margin."""
    venue = Hedged(1)
    for account in (venue.alice, venue.carol):
        venue.fund(account, 100_000 * DOLLAR)
    venue.fund(venue.bob, 300 * DOLLAR)
    venue.fund(venue.bob, 100 * WHOLE_SOL, SOL)
    venue.trade(venue.alice, venue.bob, 100, 10_000)
    venue.place(venue.alice, ASK, 100, 10_000, market=OTHER_PERP)
    venue.place(venue.bob, BID, 100, 10_000, market=OTHER_PERP, time_in_force=1)
    venue.other_ticks = 798
    venue.let(100)
    for market, side, dollars in ((PERP, ASK, 100), (OTHER_PERP, BID, 7.98)):
        venue.place(venue.carol, side, dollars, 10_000, market=market)
    told = venue.must(c.OpenCases()) + venue.must(c.StepCase())
    (ordered,) = of(v.SliceOrdered, told)
    assert ordered.market == OTHER_PERP
