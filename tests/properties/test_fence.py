"""No later money pays for an earlier loss, wherever it arrives: a state machine, and every place in one bankruptcy."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.auditor.auditor import FIGURES, Auditor
from tests.auditor.runs import JournalledVenue
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SECOND_US, SOL, SPOT, USDC, WHOLE_SOL

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import HouseAccount, Parameter
from ringfence.schema.rejects import Reject

AMOUNTS = st.sampled_from((1, DOLLAR, 40 * DOLLAR, 150 * DOLLAR, 600 * DOLLAR))


class FenceVenue(JournalledVenue):
    """Bob is long with 300 dollars, dave owes dollars against coins; alice is short, carol has money and nothing else.

    Bob and dave have sub-accounts that are sound, and withdrawals of before that may come back.
    """

    def __init__(self) -> None:
        super().__init__(4)
        self.alice, self.bob, self.carol, self.dave = self.accounts
        sale = {"conversion_market": SPOT, "conversion_discount_ppm": 30_000}
        margin = {"weight_e8": 9 * 10**7, "initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
        self.must(c.SetCollateral(asset=SOL, **margin, **sale))
        for account, dollars in ((self.alice, 100_000), (self.bob, 340), (self.carol, 100_000), (self.dave, 10)):
            self.fund(account, dollars * DOLLAR)
        self.bobs, self.daves = (self.must(c.OpenAccount(user=n, sub_account=1))[0].account for n in (2, 4))
        for account in (self.bobs, self.daves):
            self.fund(account, 1_000 * DOLLAR)
        self.house_funds()
        self.must(c.Lend(account=self.carol, asset=USDC, amount_atoms=50_000 * DOLLAR))
        self.fund(self.dave, 10 * WHOLE_SOL, SOL)
        self.must(c.Borrow(account=self.dave, asset=USDC, amount_atoms=600 * DOLLAR))
        self.trade(self.bob, self.alice, 100, 10_000)
        self.withdrawals = [
            self.must(c.RequestWithdrawal(account=account, asset=USDC, amount_atoms=dollars * DOLLAR))[0].reference
            for account, dollars in ((self.bob, 40), (self.dave, 600))
        ]

    def house_funds(self) -> None:
        self.fund(HouseAccount.SUSPENSE, 100_000 * DOLLAR)
        gift = {"account": HouseAccount.SUSPENSE, "to_account": HouseAccount.COMPENSATION, "asset": USDC}
        self.must(c.MoveHouseFunds(**gift, amount_atoms=50_000 * DOLLAR))

    def bring(self, how: str, account: int, atoms: int) -> list[Any]:
        """Bring money from outside to an account."""
        if how == "deposit":
            self.number += 1
            return self.give(c.Deposit(account=account, asset=USDC, source=1, number=self.number, amount_atoms=atoms))
        if how == "transfer":
            source = self.bobs if account == self.bob else self.daves
            return self.give(c.Transfer(account=source, to_account=account, asset=USDC, amount_atoms=atoms))
        source = HouseAccount.SUSPENSE if how == "reward" else HouseAccount.COMPENSATION
        return self.give(c.MoveHouseFunds(account=source, to_account=account, asset=USDC, amount_atoms=atoms))

    def cash(self, account: int) -> int:
        return self.exchange.balance(account, USDC)[0]


HOWS = ("deposit", "transfer", "reward", "refund")


class Fence(RuleBasedStateMachine):
    """Credits of every kind, marks, silence, steps of cases, top-ups and write-offs, in any order."""

    @initialize(fund=st.sampled_from((0, 50, 5_000)), skin_cap=st.sampled_from((0, 60 * DOLLAR)))
    def open(self, fund: int, skin_cap: int) -> None:
        self.venue, self.auditor, self.read = FenceVenue(), Auditor(), 0
        self.venue.must(c.SetParameter(parameter=Parameter.SKIN_CAP, value=skin_cap))
        for to_account in (HouseAccount.FUND, HouseAccount.SKIN) if fund else ():
            gift = {"account": HouseAccount.SUSPENSE, "asset": USDC, "amount_atoms": fund * DOLLAR}
            self.venue.must(c.MoveHouseFunds(to_account=to_account, **gift))
        self.fenced: Counter[int] = Counter()
        self.dollars = 100.0

    def failing(self, which: bool) -> int:
        return self.venue.bob if which else self.venue.dave

    @rule(how=st.sampled_from(HOWS), which=st.booleans(), atoms=AMOUNTS)
    def money_arrives(self, how: str, which: bool, atoms: int) -> None:
        account = self.failing(which)
        estate = self.venue.cash(account)
        had_case = self.venue.exchange.case(account) is not None
        told = self.venue.bring(how, account, atoms)
        fenced = sum(event.amount_atoms for event in told if isinstance(event, v.CreditFenced))
        self.fenced[account + 1] += fenced
        assert fenced in (0, atoms)
        if had_case or any(isinstance(event, v.CaseOpened) for event in told):
            assert isinstance(told[0], v.Rejected) or fenced == atoms
            assert isinstance(told[0], v.Rejected) or self.venue.cash(account) == estate

    @rule(which=st.integers(0, 1), returns=st.booleans())
    def withdrawal_ends(self, which: int, returns: bool) -> None:
        """What comes back has an earlier cause, and is the estate's."""
        withdrawal, account = self.venue.withdrawals[which], self.failing(not which)
        before = self.venue.cash(account)
        end = c.ReturnWithdrawal if returns else c.SettleWithdrawal
        told = self.venue.give(end(withdrawal=withdrawal))
        came = sum(event.amount_atoms for event in told if isinstance(event, v.FundsMoved)) if returns else 0
        assert self.venue.cash(account) == before + came

    @rule(which=st.booleans(), atoms=AMOUNTS)
    def owner_withdraws_fenced_money(self, which: bool, atoms: int) -> None:
        fenced = self.failing(which) + 1
        told = self.venue.give(c.RequestWithdrawal(account=fenced, asset=USDC, amount_atoms=atoms))
        self.fenced[fenced] -= 0 if isinstance(told[0], v.Rejected) else atoms

    @rule(which=st.booleans(), is_enough=st.booleans(), atoms=AMOUNTS)
    def owner_tops_up(self, which: bool, is_enough: bool, atoms: int) -> None:
        account = self.failing(which)
        told = self.venue.give(c.TopUp(account=account, asset=USDC, amount_atoms=atoms))
        if is_enough and isinstance(told[0], v.Rejected) and told[0].reject == Reject.TOP_UP_TOO_SMALL:
            atoms = told[0].limit
            told = self.venue.give(c.TopUp(account=account, asset=USDC, amount_atoms=atoms))
        if not isinstance(told[0], v.Rejected):
            self.fenced[account + 1] -= atoms
            assert self.venue.exchange.case(account) is None

    @rule(by=st.sampled_from((-0.3, -0.05, -0.03, -0.01, 0.01, 0.03, 0.3)), seconds=st.sampled_from((1, 1, 3, 10)))
    def marks_move(self, by: float, seconds: int) -> None:
        self.dollars = min(300.0, max(5.0, self.dollars * (1 + by)))
        self.venue.let(round(self.dollars, 2), seconds)

    @rule()
    def sources_fall_silent(self) -> None:
        self.venue.time_us += 20 * SECOND_US
        self.venue.must(c.Clock())

    @rule()
    def node_is_late(self) -> None:
        self.venue.time_us += 6 * SECOND_US

    @rule(away=st.sampled_from((-0.05, -0.01, 0.01)), lots=st.sampled_from((10, 1_000, 20_000)))
    def somebody_bids(self, away: float, lots: int) -> None:
        for market in (PERP, SPOT):
            self.venue.give(self.venue.order(self.venue.carol, BID, self.dollars * (1 + away), lots, market=market))

    @rule(lots=st.sampled_from((100, 10_000)))
    def bob_trades(self, lots: int) -> None:
        self.venue.give(self.venue.order(self.venue.carol, ASK, self.dollars, lots))
        self.venue.give(self.venue.order(self.venue.bob, BID, self.dollars, lots, time_in_force=1))

    @rule()
    def winners_are_settled(self) -> None:
        self.venue.settle(round(self.dollars, 2))

    @rule()
    def cases_open(self) -> None:
        self.venue.give(c.OpenCases())

    @rule(most=st.sampled_from((1, 1, 20)))
    def cases_step(self, most: int) -> None:
        while self.venue.exchange.cases_due and most:
            self.venue.give(c.StepCase())
            most -= 1

    @rule()
    def the_rest_is_closed(self) -> None:
        self.venue.give(c.Deleverage())

    @invariant()
    def audit_finds_nothing(self) -> None:
        self.auditor.read(self.venue.log[self.read :])
        self.read = len(self.venue.log)
        self.auditor.compare(self.venue.balances())
        assert self.auditor.figures == dict.fromkeys(FIGURES, 0), self.auditor.findings
        assert list(broken_invariants(self.venue.exchange.rows())) == []

    @invariant()
    def fenced_money_is_its_owners(self) -> None:
        for account in (self.venue.bob, self.venue.dave):
            assert self.venue.cash(account + 1) == self.fenced[account + 1], account


TestFence = Fence.TestCase
TestFence.settings = settings(
    max_examples=40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def bankruptcy(dollars: float) -> list[c.Command | float]:
    """Return what happens in a bankruptcy, as the node drives it: prices as numbers, and commands."""
    turn: list[c.Command | float] = [c.OpenCases(), c.StepCase(), c.StepCase(), c.StepCase(), c.Deleverage()]
    return [100.0, dollars, *turn, dollars, *turn, dollars, *turn]


def played(dollars: float, how: str, place: int, debtor: bool) -> FenceVenue:
    """Let somebody fail, and 25 dollars arrive for him right before a place of what happens; no place is below zero."""
    venue = FenceVenue()
    account = venue.dave if debtor else venue.bob
    for at, what in enumerate(bankruptcy(dollars)):
        if at == place:
            told = venue.bring(how, account, 25 * DOLLAR)
            assert not isinstance(told[0], v.Rejected), told
        if isinstance(what, float):
            venue.let(what)
        else:
            venue.give(what)
    return venue


def everything_but(venue: FenceVenue, accounts: set[int]) -> dict[tuple[int, int], int]:
    return {key: atoms for key, atoms in venue.balances().items() if atoms and key[0] not in accounts}


@pytest.mark.parametrize("debtor", [False, True], ids=["loss", "debt"])
@pytest.mark.parametrize("how", HOWS)
def test_money_at_every_place_of_a_bankruptcy_is_used_only_before_its_cause(how: str, debtor: bool) -> None:
    dollars, marked = (60.0, 2) if debtor else (95.0, 2)
    without = played(dollars, how, -1, debtor)
    failed = without.dave if debtor else without.bob
    assert any(isinstance(event, v.WrittenOff | v.EstateClosed) for entry in without.log for event in entry.events)
    outside = {failed + 1, without.bobs, without.daves, *map(int, HouseAccount)}
    inside = everything_but(without, outside | {int(HouseAccount.CUSTODY)})
    for place in range(marked, len(bankruptcy(dollars))):
        venue = played(dollars, how, place, debtor)
        is_over = venue.exchange.case(failed) is None and venue.cash(failed) == 25 * DOLLAR
        # Once the case is closed the account is an account again, and what comes is its owner's there.
        assert is_over or venue.cash(failed + 1) == 25 * DOLLAR, place
        inside_now = everything_but(venue, outside)
        inside_now[failed, USDC] = inside_now.get((failed, USDC), 0) - (25 * DOLLAR if is_over else 0)
        assert {key: atoms for key, atoms in inside_now.items() if atoms} == inside, place
        for account in (HouseAccount.FUND, HouseAccount.SKIN, HouseAccount.CLEARING, HouseAccount.POOL):
            assert venue.cash(account) == without.cash(account), place
    early = played(dollars, how, 1, debtor)
    assert early.cash(failed + 1) == 0
