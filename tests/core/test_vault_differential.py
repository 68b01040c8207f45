"""Vaults on the compiled core and on the reference: shares, queues, takeovers and unwinding, command by command."""

from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, USDC
from tests.core.test_liquidation_differential import TwoVenues

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import HouseAccount, Parameter
from ringfence.schema.rejects import Reject

SEEDS, STEPS = range(8), 420
SPARE, SHARE = 4, 5
OF_VAULTS = [Reject(number).name for number in range(140, 156)]


class VaultVenues(TwoVenues):
    """The same people, with one vault at first and another once that is closed; the books are mostly thin."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.vaults: list[int] = []
        self.must(c.SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0))
        self.must(c.SetParameter(parameter=Parameter.VAULT_SLICE_VALUE, value=self.random.choice((1, 10**8, 10**11))))
        self.must(c.ListAsset(symbol="SPARE", name="SPARE", asset_kind=1, decimals=6))
        self.open_vault()

    def open_vault(self) -> list[Any]:
        """Let a new account be a vault of new shares."""
        number = len(self.vaults) + 1
        self.must(c.ListAsset(symbol=f"V{number}", name=f"V{number}", asset_kind=1, decimals=6))
        self.vaults.append(self.must(c.OpenUser())[0].account)
        return self.must(self.settings(number, self.vaults[-1]))

    def settings(self, number: int, account: int, **more: Any) -> c.SetVault:
        pick = self.random.choice
        drawn = {
            "discount_ppm": pick((0, 2_000, 5_000, 50_000)),
            "redeem_delay_ms": pick((0, 2_000, 60_000)),
            "minimum_mint_atoms": pick((1, 10 * DOLLAR)),
            "minimum_redeem_atoms": pick((1, 10 * DOLLAR)),
            "maximum_value_atoms": pick((2**60, 2**60, 5_000 * DOLLAR)),
            "concentration_ppm": pick((0, 0, 500_000, 5_000_000)),
            "leverage_limit_percent": pick((0, 0, 300, 1_000)),
            "mints_enabled": pick((1, 1, 1, 1, 0)),
            "redeems_enabled": pick((1, 1, 1, 0)),
            "takes_over": pick((1, 1, 1, 1, 1, 0)),
        }
        assets = {"share_asset": SHARE - 1 + number, "quote_asset": USDC}
        return c.SetVault(vault=number, account=account, **(drawn | assets | more))

    def step(self) -> list[Any]:
        choices = (super().step, self.mint, self.ask, self.fail, self.tend, self.set_up, self.try_what_is_not_done)
        what = self.random.choices((*choices, self.crash, self.ruin), (20, 10, 5, 22, 12, 2, 4, 2, 3))[0]
        return what() or []

    def crash(self) -> list[Any]:
        """Let the price move further than whoever has just taken something over can bear."""
        self.ticks = min(max(500, round(self.ticks * self.random.choice((0.5, 0.7, 1.4, 2)))), 10**6)
        self.let(self.ticks / 100)
        return self.drive()

    def vault(self) -> int:
        return self.random.randint(1, len(self.vaults))

    def mint(self) -> list[Any]:
        atoms = self.random.choice((1, DOLLAR, 10 * DOLLAR, 300 * DOLLAR, 1_000 * DOLLAR, 5_000 * DOLLAR))
        account = self.random.choice((self.accounts[0], self.anybody()))
        return self.give(c.MintVaultShares(account=account, vault=self.vault(), amount_atoms=atoms))

    def ask(self) -> list[Any]:
        account = self.random.choice((self.accounts[0], self.anybody()))
        if self.random.random() < 0.2:
            return self.give(c.CancelVaultRedeem(account=account, vault=self.vault()))
        shares = self.random.choice((0, 0, 1, DOLLAR, 50 * DOLLAR, 10**12))
        return self.give(c.RequestVaultRedeem(account=account, vault=self.vault(), shares_atoms=shares))

    def fail(self) -> list[Any]:
        """Let somebody have much more than he can lose, and the price move by a little or by much."""
        if self.exchange.uncovered:
            self.pay_for_all()
        account, side = self.anybody(), self.random.choice((BID, ASK))
        self.give_deposit(account, USDC, 300 * DOLLAR)
        measure = self.exchange.measure(account)
        free = max(0, measure.equity - measure.initial) // 10**6
        lots = min(max(10, free * self.random.choice((25, 35, 45)) * 10_000 // self.ticks), 100_000)
        self.give(self.order(self.accounts[0], 1 - side, self.ticks / 100, lots))
        self.give(self.order(account, side, self.ticks / 100, lots, time_in_force=1))
        self.give(c.CancelAllOrders(account=self.accounts[0], market=PERP))
        sign = -1 if side == BID else 1
        self.ticks = max(500, round(self.ticks * (1 + sign * self.random.choice((0.01, 0.015, 0.02, 0.03, 0.08)))))
        self.let(self.ticks / 100)
        self.drive()
        self.let(self.ticks / 100)
        return self.drive()

    def pay_for_all(self) -> None:
        """Let FUND have so much that what nobody paid is paid, and markets take orders again."""
        for asset in (USDC, SOL):
            self.give_deposit(HouseAccount.SUSPENSE, asset, 10**11)
            move = {"account": HouseAccount.SUSPENSE, "to_account": HouseAccount.FUND, "asset": asset}
            self.give(c.MoveHouseFunds(**move, amount_atoms=10**11))
        self.give(c.CoverDebts())

    def ruin(self) -> list[Any]:
        """Let the last vault take something over, and the price go on until it has nothing; pay in throughout."""
        number, account = len(self.vaults), self.vaults[-1]
        easy = {"concentration_ppm": 0, "leverage_limit_percent": 0, "takes_over": 1, "mints_enabled": 1}
        self.give(self.settings(number, account, **easy))
        pay_in = c.MintVaultShares(account=self.accounts[0], vault=number, amount_atoms=300 * DOLLAR)
        self.give_deposit(self.accounts[0], USDC, 10**10)
        self.give(pay_in)
        self.fail()
        net = sum(row.net_lots for row in self.exchange.positions(account))
        if net:
            self.ticks = min(max(500, round(self.ticks * (0.6 if net > 0 else 1.6))), 10**6)
            self.let(self.ticks / 100)
            self.give(pay_in)
        for _ in range(4):
            super().drive()
            self.give(pay_in)
            self.let(self.ticks / 100)
        self.give(c.PayVaultRedemptions())
        return self.give(pay_in)

    def tend(self) -> list[Any]:
        if self.random.random() < 0.5:
            self.trade_something()
        if self.random.random() < 0.7:
            self.let(self.ticks / 100)
        self.give(c.PayVaultRedemptions())
        return self.give(c.UnwindVault())

    def set_up(self) -> list[Any]:
        number = self.vault()
        told = self.give(self.settings(number, self.vaults[number - 1]))
        if getattr(told[0], "reject", 0) == Reject.VAULT_CLOSED and number == len(self.vaults):
            return self.open_vault()
        return told

    def try_what_is_not_done(self) -> list[Any]:
        """Trade from a vault, move its shares out, make a vault of what cannot be one."""
        number = self.vault()
        self.give_deposit(self.accounts[0], USDC, DOLLAR)
        account, share = self.vaults[number - 1], SHARE - 1 + number
        following = len(self.vaults) + 1
        self.number += 1
        deposit = {"source": 1, "number": self.number, "amount_atoms": DOLLAR}
        return self.give(
            self.random.choice(
                (
                    self.order(account, BID, self.ticks / 100, 10),
                    c.RequestWithdrawal(account=account, asset=USDC, amount_atoms=1),
                    c.RequestWithdrawal(account=self.accounts[0], asset=share, amount_atoms=1),
                    c.Deposit(account=account, asset=USDC, **deposit),
                    c.SetAccount(account=account),
                    c.Lend(account=account, asset=USDC, amount_atoms=1),
                    c.MintVaultShares(account=account, vault=number, amount_atoms=DOLLAR),
                    c.MintVaultShares(account=self.accounts[0], vault=number + 7, amount_atoms=DOLLAR),
                    self.settings(following, account),
                    self.settings(following, self.accounts[0], share_asset=SPARE),
                    self.settings(following, self.accounts[0], share_asset=share),
                    self.settings(number, self.accounts[0]),
                )
            )
        )

    def drive(self) -> list[Any]:
        super().drive()
        return self.give(c.PayVaultRedemptions())


@pytest.fixture(scope="module")
def venues() -> list[VaultVenues]:
    found = [VaultVenues(seed) for seed in SEEDS]
    for venue in found:
        for step in range(STEPS):
            venue.step()
            if step % 10 == 0:
                venue.compare_rows()
            if step % 50 == 0 or venue.exchange.deleveraging:
                venue.restore()
        venue.compare_rows()
    return found


def test_vaults_are_those_of_the_reference_in_all_that_they_do(venues: list[VaultVenues]) -> None:
    told = [event for venue in venues for entry in venue.log for event in entry.events]
    kinds = {type(event) for event in told}
    assert {v.VaultSet, v.VaultMinted, v.VaultRedeemRequested, v.VaultRedeemCancelled, v.VaultRedeemed} <= kinds
    assert {v.VaultTookOver, v.VaultOrdered, v.VaultClosed, v.VaultValued} <= kinds
    failed = {event.account for event in told if isinstance(event, v.CaseOpened)}
    assert failed & {account for venue in venues for account in venue.vaults}


def test_vaults_refuse_as_the_reference_does(venues: list[VaultVenues]) -> None:
    told = (event for venue in venues for entry in venue.log for event in entry.events)
    refused = {Reject(event.reject).name for event in told if isinstance(event, v.Rejected)}
    assert set(OF_VAULTS) - refused == set()
