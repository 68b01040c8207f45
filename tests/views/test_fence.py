"""What a deposit would do, held against what it then does, on a venue where accounts fail at random."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.core.perpetual_venue import DOLLAR, SECOND_US, USDC
from tests.views.history.liquidating import FailingVenue

from ringfence.schema import commands as c
from ringfence.schema.events import CaseOpened, ClockTicked, FundsMoved
from ringfence.views.fence import DepositOutlook, OutlookReason, deposit_outlook

COMMANDS, SEEDS = 2_500, (0, 1, 2, 4)


class LookedAt(FailingVenue):
    """Asks before each of many deposits what it will do."""

    def __init__(self, seed: int) -> None:
        self.clock_us, self.met = 0, Counter[OutlookReason]()
        super().__init__(seed)

    def give(self, command: c.Command) -> list:
        events = super().give(command)
        ticks = [event.time_us for event in events if isinstance(event, ClockTicked)]
        self.clock_us = ticks[-1] if ticks else self.clock_us
        return events

    def outlook(self, account: int) -> DepositOutlook:
        row = self.exchange.account(account)
        assert row is not None
        return deposit_outlook(self.exchange, row, self.clock_us)

    def look(self) -> None:
        """Deposit to everybody, each after a look; the clock may be old, and prices too."""
        self.time_us += self.random.choice((0, 1, 6, 40)) * SECOND_US
        self.must(c.SetFeeTier(fee_schedule=1, fee_tier=1, maker_ppm=0, taker_ppm=0))
        for account in (*self.accounts, *self.subs, self.accounts[0] + 1):
            self._require_right(account, self.outlook(account))

    def _require_right(self, account: int, outlook: DepositOutlook) -> None:
        self.number += 1
        paid_in = {"account": account, "asset": USDC, "source": 1, "number": self.number}
        events = self.must(c.Deposit(**paid_in, amount_atoms=DOLLAR))
        (moved,) = [event for event in events if isinstance(event, FundsMoved) and event.reference == self.number]
        assert (moved.to_account != account) == outlook.reason.is_fenced
        opened = [event.account for event in events if isinstance(event, CaseOpened)]
        assert opened == ([account] if outlook.reason is OutlookReason.UNSAFE else [])
        case = self.exchange.case(account)
        assert outlook.reason is not OutlookReason.CASE or (case is not None and case.case == outlook.case)
        self.met[outlook.reason] += 1


@pytest.fixture(scope="module")
def met() -> Counter[OutlookReason]:
    return Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_outlook_is_what_the_deposit_then_does(met: Counter[OutlookReason], seed: int) -> None:
    venue = LookedAt(seed)
    for step in range(COMMANDS):
        venue.step()
        if step % 25 == 0:
            venue.look()
    met.update(venue.met)


def test_every_outlook_was_met(met: Counter[OutlookReason]) -> None:
    assert {reason: met[reason] > 0 for reason in OutlookReason} == dict.fromkeys(OutlookReason, True)
