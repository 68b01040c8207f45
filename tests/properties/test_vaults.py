"""Whatever people, prices and failures do to a vault: nobody's part shrinks by somebody else coming or going."""

from random import Random
from typing import Any

import pytest
from tests.core.perpetual_venue import DOLLAR, USDC
from tests.core.test_vaults import Vaulted
from tests.exact.vaults import Shares

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import Parameter
from ringfence.schema.rejects import Reject

STEPS = 3_000
DELAY_US = 3_000_000


class Crowd(Vaulted):
    """Eight people trade with much leverage, pay in and out, and fail; the vault is the fourth account."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.shares: Shares | None = None
        self.told: dict[Any, int] = {}
        self.volatility = self.random.choice((0.004, 0.01, 0.02))
        self.most_dollars = self.random.choice((20, 90, 900))
        super().__init__(9, redeem_delay_ms=DELAY_US // 1_000, discount_ppm=self.random.choice((2_000, 5_000, 20_000)))
        self.shares = Shares(self.exchange, self.vault, USDC)
        self.people = [account for account in self.accounts if account != self.vault]
        for account in self.accounts[4:]:
            self.fund(account, 400 * DOLLAR)
        self.must(c.SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0))
        self.must(c.SetParameter(parameter=Parameter.VAULT_SLICE_VALUE, value=self.random.choice((1, 500 * DOLLAR))))
        self.dollars = 100.0

    def give(self, command: c.Command) -> list[Any]:
        before = self.shares.value() if self.shares else 0
        expected = self.expected_of(command) if self.shares else None
        events = super().give(command)
        if self.shares:
            self.compare(command, expected, events)
            for event in events:
                self.told[type(event)] = self.told.get(type(event), 0) + 1
                before = self.follow(event, before)
        return events

    def expected_of(self, command: c.Command) -> Any:
        """Return what the plain model says of a command before it is given: a refusal, or what is paid."""
        shares, row, clock_us = self.shares, self.exchange.vault(1), self.exchange.clock_us
        has_price = shares.has_price(self.time_us, clock_us)
        if isinstance(command, c.MintVaultShares):
            return shares.refusal_of_mint(command, has_price=has_price)
        if isinstance(command, c.RequestVaultRedeem):
            return shares.refusal_of_request(command)
        if isinstance(command, c.CancelVaultRedeem):
            return shares.refusal_of_cancellation(command)
        looks = isinstance(command, c.PayVaultRedemptions) and has_price and row.paid_us != clock_us
        return shares.due_payments(self.time_us) if looks else []

    def compare(self, command: c.Command, expected: Any, events: list[Any]) -> None:
        """Hold what a command told against what the plain model said."""
        if isinstance(command, c.PayVaultRedemptions):
            told = [(one.redemption, one.amount_atoms) for one in events if isinstance(one, v.VaultRedeemed)]
            assert told == expected, (told, expected)
        elif isinstance(command, (c.MintVaultShares, c.RequestVaultRedeem, c.CancelVaultRedeem)):
            reject = Reject(events[0].reject) if isinstance(events[0], v.Rejected) else None
            self.told[reject] = self.told.get(reject, 0) + 1
            # Whoever has positions may be without the margin that paying takes.
            has_margin = not self.exchange.positions(command.account)
            margin = (Reject.INSUFFICIENT_MARGIN, Reject.PRICE_NOT_FRESH)
            if isinstance(command, c.MintVaultShares) and expected is None and not has_margin and reject in margin:
                return
            assert reject == expected, (command, reject, expected)

    def follow(self, event: Any, value: int) -> int:
        """Hold an event against the plain model; returns what the vault is worth now, as far as that is known."""
        shares = self.shares
        if isinstance(event, v.VaultMinted):
            shares.minted(event, value)
            # What is there a share is no less for those who were there before.
            assert (value + event.amount_atoms) * event.supply_atoms >= value * shares.supply
        elif isinstance(event, v.FundsMoved) and event.asset == self.SHARE:
            shares.moved(event)
        elif isinstance(event, v.VaultRedeemRequested):
            shares.requested(event, DELAY_US)
        elif isinstance(event, v.VaultRedeemCancelled):
            shares.cancelled(event)
        elif isinstance(event, v.VaultRedeemed):
            left = shares.redeemed(event, value)
            assert left * event.supply_atoms >= value * shares.supply
            assert event.amount_atoms == 0 or self.exchange.measure(self.vault).free >= 0
            return left
        elif isinstance(event, v.VaultClosed):
            assert value <= 0 < shares.supply
            shares.is_open = False
        elif isinstance(event, v.VaultTookOver):
            self.follow_takeover(event, value)
        return value

    def follow_takeover(self, event: v.VaultTookOver, value: int) -> None:
        assert event.vault_account == self.vault != event.account and event.equity_value > 0
        worth = abs(event.lots) * event.mark_ticks * 100
        assert event.discount_atoms == -(-worth * event.discount_e8 // 10**8)
        assert event.discount_atoms <= event.equity_value + 1, "it takes no more than there is"
        assert self.exchange.measure(self.vault).free >= 0, "its own margin allows what it took"
        assert self.shares.value() == value + event.discount_atoms, "it gains what it costs, and nothing else"

    def act(self) -> None:
        who, chance = self.random.choice(self.people), self.random.random()
        if chance < 0.25:
            self.move()
        elif chance < 0.6:
            lots = self.random.choice((50, 300, 1_000, 2_500))
            away = self.random.uniform(-1.5, 1.5)
            immediate = self.random.random() < 0.4
            self.give(self.order(who, self.random.randint(0, 1), self.dollars + away, lots, time_in_force=immediate))
        elif chance < 0.7:
            amount = self.random.choice((1, DOLLAR, 37 * DOLLAR + 11, self.most_dollars * DOLLAR))
            self.give(c.MintVaultShares(account=who, vault=1, amount_atoms=amount))
        elif chance < 0.78:
            shares = self.random.choice((0, 1, 5 * DOLLAR, 333 * DOLLAR))
            self.give(c.RequestVaultRedeem(account=who, vault=1, shares_atoms=shares))
        elif chance < 0.8:
            self.give(c.CancelVaultRedeem(account=who, vault=1))
        elif chance < 0.83:
            self.fund(self.random.choice(self.accounts), self.random.randint(1, 500 * DOLLAR))
        else:
            self.tend()

    def move(self) -> None:
        self.dollars = max(20.0, self.dollars * (1 + self.random.gauss(0, self.volatility)))
        if self.random.random() < 0.05:
            self.time_us += self.random.choice((6, 20)) * 1_000_000
        self.let(self.dollars, self.random.choice((1, 1, 1, 11)))
        self.tend()

    def tend(self) -> None:
        self.end_settlement()
        self.give(c.OpenCases())
        steps = 40
        while self.exchange.cases_due and steps:
            self.give(c.StepCase())
            steps -= 1
        while self.exchange.deleveraging:
            self.give(c.Deleverage())
        self.give(c.PayVaultRedemptions())
        self.give(c.UnwindVault())


@pytest.mark.parametrize("seed", range(6))
def test_shares_are_paid_what_they_are_worth_whatever_happens(seed: int) -> None:
    crowd = Crowd(seed)
    for step in range(STEPS):
        crowd.act()
        if step % 25 == 0:
            broken = list(broken_invariants(crowd.exchange.rows()))
            assert not broken, (step, broken)
    restored = Exchange.restore(crowd.exchange.rows())
    assert restored.state_hash() == crowd.exchange.state_hash()
    held = {account: crowd.exchange.balance(account, crowd.SHARE) for account in crowd.people}
    waiting = {one.account: one.shares for one in crowd.shares.queue}
    for account, (available, locked) in held.items():
        assert (available, locked) == (crowd.shares.held.get(account, 0), waiting.get(account, 0))
    assert crowd.told.get(v.VaultMinted) and crowd.told.get(v.VaultRedeemed)
