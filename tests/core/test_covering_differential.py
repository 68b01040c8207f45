"""What nobody paid, on the compiled core and on the reference: borrowers leave with what they owe, and prices jump."""

from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, SOL, SPOT, USDC, WHOLE_SOL
from tests.core.test_liquidation_differential import TwoVenues

from ringfence.schema import commands as c
from ringfence.schema.rejects import Reject

SEEDS, STEPS = (0, 3, 5, 7), 250


class OwingVenues(TwoVenues):
    """The same people, who borrow what they can and take it away before the price jumps."""

    def step(self) -> list[Any]:
        choices = (super().step, self.leave, self.jump_far, self.quote_spot, self.cover)
        return self.random.choices(choices, (3, 3, 2, 6, 4))[0]() or []

    def leave(self) -> list[Any]:
        """Let somebody bring the one, borrow the other and withdraw it."""
        account, owed = self.anybody(), self.random.choice((USDC, SOL))
        brought, atoms = (SOL, 10 * WHOLE_SOL) if owed == USDC else (USDC, 1_000 * DOLLAR)
        self.give_deposit(account, brought, atoms)
        borrowed = 100 * DOLLAR if owed == USDC else WHOLE_SOL
        for _ in range(12):
            self.give(c.Borrow(account=account, asset=owed, amount_atoms=borrowed))
        held = self.exchange.balance(account, owed)[0]
        if held:
            self.give(c.RequestWithdrawal(account=account, asset=owed, amount_atoms=held))
            self.give(c.SettleWithdrawal(withdrawal=self.exchange.sequence))
        return []

    def jump_far(self) -> list[Any]:
        self.ticks = min(max(500, round(self.ticks * self.random.choice((0.4, 0.6, 1.6, 2.5)))), 10**6)
        self.let(self.ticks / 100)
        return self.drive()

    def quote_spot(self) -> list[Any]:
        side = self.random.choice((BID, ASK))
        dollars = self.ticks * self.random.choice((90, 97, 98, 99, 101, 102, 103, 110)) / 10_000
        lots = self.random.choice((1, 100, 1_000))
        return self.give(self.order(self.accounts[0], side, dollars, lots, market=SPOT))

    def cover(self) -> list[Any]:
        self.let(self.ticks / 100)
        return self.give(c.CoverDebts())


@pytest.fixture(scope="module")
def venues() -> list[OwingVenues]:
    found = [OwingVenues(seed) for seed in SEEDS]
    for venue in found:
        for step in range(STEPS):
            venue.step()
            if step % 10 == 0:
                venue.compare_rows()
            if step % 40 == 0:
                venue.restore()
        venue.compare_rows()
    return found


def test_what_nobody_paid_is_that_of_the_reference(venues: list[OwingVenues]) -> None:
    told = [event for venue in venues for entry in venue.log for event in entry.events]
    ordered = [event for event in told if type(event).__name__ == "FundOrdered"]
    assert {event.side for event in ordered} == {BID, ASK}
    assert {event.asset for event in ordered} == {USDC, SOL}
    owed = [event.owed_atoms for event in told if type(event).__name__ == "UncoveredOwes"]
    assert 0 in owed and len(owed) > 15
    rejects = {event.reject for event in told if type(event).__name__ == "Rejected"}
    assert Reject.LENDING_POOL_REPAY_ONLY in rejects
