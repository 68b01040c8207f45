"""What a vault does: shares are minted and paid at what they are worth, and nobody but the venue trades from it."""

from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, USDC, PerpetualVenue, collateral

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import HouseAccount, VaultState
from ringfence.schema.rejects import Reject

DAY_MS = 86_400_000


class Vaulted(PerpetualVenue):
    """Alice and bob have money, carol trades; the vault is the main account of the fourth, its share is asset 3."""

    SHARE = 3

    def __init__(self, people: int = 4, **vault: int) -> None:
        super().__init__(people)
        self.alice, self.bob, self.carol, self.vault = self.accounts[:4]
        for account in (self.alice, self.bob, self.carol):
            self.fund(account, 100_000 * DOLLAR)
        self.must(c.ListAsset(symbol="VLT", name="Share of the vault", asset_kind=1, decimals=6))
        self.must(self.settings(**vault))

    def settings(self, **vault: int) -> c.SetVault:
        given = {"vault": 1, "account": self.vault, "share_asset": self.SHARE, "quote_asset": USDC, **vault}
        return c.SetVault(**given)

    def mint(self, account: int, atoms: int) -> v.VaultMinted:
        return of(v.VaultMinted, self.must(c.MintVaultShares(account=account, vault=1, amount_atoms=atoms)))[0]

    def redeem(self, account: int, shares: int = 0) -> v.VaultRedeemRequested:
        told = self.must(c.RequestVaultRedeem(account=account, vault=1, shares_atoms=shares))
        return of(v.VaultRedeemRequested, told)[0]

    def pay(self) -> list[Any]:
        return self.give(c.PayVaultRedemptions())

    def take_position(self, lots: int, dollars: float, seller: int) -> None:
        """Let the vault come to be long as it does: a case of somebody, the book empty."""
        raise NotImplementedError

    def refused(self, command: c.Command) -> v.Rejected:
        (event,) = self.give(command)
        assert isinstance(event, v.Rejected), (command, event)
        return event

    def is_sound(self) -> bool:
        broken = list(broken_invariants(self.exchange.rows()))
        assert not broken, broken
        restored = Exchange.restore(self.exchange.rows())
        return restored.state_hash() == self.exchange.state_hash()


def of(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_first_share_costs_one_and_the_issued_sum_to_zero() -> None:
    venue = Vaulted()
    minted = venue.mint(venue.alice, 500 * DOLLAR)
    assert (minted.shares_atoms, minted.value_atoms, minted.supply_atoms) == (500 * DOLLAR, 0, 0)
    assert venue.exchange.balance(venue.alice, venue.SHARE) == (500 * DOLLAR, 0)
    assert venue.exchange.balance(HouseAccount.ISSUED, venue.SHARE) == (-500 * DOLLAR, 0)
    assert venue.exchange.balance(venue.vault, USDC) == (500 * DOLLAR, 0)
    assert venue.is_sound()


def test_share_of_a_class_goes_to_nobody_who_may_not_hold_it() -> None:
    venue = Vaulted()
    share = {"symbol": "VLR", "name": "Share for some", "asset_kind": 1, "decimals": 6, "eligibility_class": 1}
    venue.must(c.ListAsset(**share))
    other = venue.must(c.OpenAccount(user=4, sub_account=1))[0].account
    venue.must(venue.settings(vault=2, account=other, share_asset=venue.exchange.assets_listed))
    mint = c.MintVaultShares(account=venue.alice, vault=2, amount_atoms=DOLLAR)
    assert venue.refused(mint).reject == Reject.NOT_ELIGIBLE_TO_HOLD
    venue.must(c.SetEligibility(user=1, hold_classes=1 << 1))
    assert of(v.VaultMinted, venue.must(mint))


def test_redemption_waits_its_delay_and_is_paid_in_order() -> None:
    venue = Vaulted(redeem_delay_ms=60_000)
    venue.mint(venue.alice, 500 * DOLLAR)
    venue.mint(venue.bob, 300 * DOLLAR)
    venue.redeem(venue.bob, 100 * DOLLAR)
    assert venue.exchange.balance(venue.bob, venue.SHARE) == (200 * DOLLAR, 100 * DOLLAR)
    venue.redeem(venue.alice)
    assert venue.is_sound()
    venue.let(100, 59)
    assert of(v.VaultRedeemed, venue.pay()) == []
    venue.let(100, 1)
    paid = of(v.VaultRedeemed, venue.pay())
    assert [(one.account, one.amount_atoms) for one in paid] == [
        (venue.bob, 100 * DOLLAR),
        (venue.alice, 500 * DOLLAR),
    ]
    assert venue.exchange.balance(venue.alice, USDC) == (100_000 * DOLLAR, 0)
    assert venue.exchange.balance(HouseAccount.ISSUED, venue.SHARE) == (-200 * DOLLAR, 0)
    assert venue.is_sound()


def test_vault_is_looked_at_once_a_clock() -> None:
    venue = Vaulted(redeem_delay_ms=0)
    venue.mint(venue.alice, 500 * DOLLAR)
    assert venue.exchange.vaults_due
    (valued,) = of(v.VaultValued, venue.pay())
    assert (valued.value_atoms, valued.supply_atoms) == (500 * DOLLAR, 500 * DOLLAR)
    assert not venue.exchange.vaults_due
    venue.redeem(venue.alice)
    assert venue.pay() == []
    venue.let(100)
    assert len(of(v.VaultRedeemed, venue.pay())) == 1
    assert venue.pay() == [] and venue.exchange.balance(HouseAccount.ISSUED, venue.SHARE) == (0, 0)


def test_cancelled_redemption_gives_the_shares_back() -> None:
    venue = Vaulted()
    venue.mint(venue.alice, 500 * DOLLAR)
    asked = venue.redeem(venue.alice, 20 * DOLLAR)
    again = venue.refused(c.RequestVaultRedeem(account=venue.alice, vault=1))
    assert (again.reject, again.value) == (Reject.REDEEM_PENDING, asked.redemption)
    venue.must(c.CancelVaultRedeem(account=venue.alice, vault=1))
    assert venue.exchange.balance(venue.alice, venue.SHARE) == (500 * DOLLAR, 0)
    refused = venue.refused(c.CancelVaultRedeem(account=venue.alice, vault=1))
    assert refused.reject == Reject.NO_REDEEM_PENDING
    assert venue.is_sound()


def test_nobody_trades_from_a_vault() -> None:
    venue = Vaulted()
    venue.mint(venue.alice, 500 * DOLLAR)
    sub = venue.must(c.OpenAccount(user=4, sub_account=1))[0].account
    account = {"account": venue.vault}
    for command in (
        venue.order(venue.vault, BID, 90, 10),
        c.PlaceTrigger(**account, market=PERP, side=BID, quantity_lots=10, trigger_ticks=9_000),
        c.Transfer(**account, to_account=sub, asset=USDC, amount_atoms=DOLLAR),
        c.RequestWithdrawal(**account, asset=USDC, amount_atoms=DOLLAR),
        c.Lend(**account, asset=USDC, amount_atoms=DOLLAR),
        c.Borrow(**account, asset=USDC, amount_atoms=DOLLAR),
        c.SetAccount(**account, account_flags=1),
        c.MintVaultShares(**account, vault=1, amount_atoms=DOLLAR),
        c.TopUp(**account, asset=USDC, amount_atoms=DOLLAR),
    ):
        refused = venue.refused(command)
        assert (refused.reject, refused.value, refused.limit) == (Reject.VAULT_ACCOUNT, venue.vault, 1), command
    venue.fund(sub, DOLLAR)
    into = venue.refused(c.Transfer(account=sub, to_account=venue.vault, asset=USDC, amount_atoms=DOLLAR))
    assert into.reject == Reject.VAULT_ACCOUNT


def test_deposit_for_a_vault_is_its_operators() -> None:
    venue = Vaulted()
    venue.fund(venue.vault, 70 * DOLLAR)
    assert venue.exchange.balance(venue.vault, USDC) == (0, 0)
    assert venue.exchange.balance(venue.vault + 1, USDC) == (70 * DOLLAR, 0)


def test_shares_stay_on_the_venue() -> None:
    venue = Vaulted()
    venue.mint(venue.alice, 500 * DOLLAR)
    out = venue.refused(c.RequestWithdrawal(account=venue.alice, asset=venue.SHARE, amount_atoms=1))
    venue.number += 1
    deposit = {"account": venue.alice, "asset": venue.SHARE, "source": 1, "number": venue.number}
    assert {out.reject, venue.refused(c.Deposit(**deposit, amount_atoms=1)).reject} == {Reject.SHARES_STAY}


def test_mint_with_a_stale_clock_or_beyond_the_most_is_refused() -> None:
    venue = Vaulted(maximum_value_atoms=600 * DOLLAR, minimum_mint_atoms=DOLLAR)
    mint = {"account": venue.alice, "vault": 1}
    small = venue.refused(c.MintVaultShares(**mint, amount_atoms=DOLLAR - 1))
    assert (small.reject, small.value, small.limit) == (Reject.MINT_TOO_SMALL, DOLLAR - 1, DOLLAR)
    venue.mint(venue.bob, 550 * DOLLAR)
    full = venue.refused(c.MintVaultShares(**mint, amount_atoms=51 * DOLLAR))
    assert (full.reject, full.value, full.limit) == (Reject.VAULT_FULL, 601 * DOLLAR, 600 * DOLLAR)
    venue.time_us += 6_000_000
    stale = venue.refused(c.MintVaultShares(**mint, amount_atoms=DOLLAR))
    assert (stale.reject, stale.asset) == (Reject.PRICE_NOT_FRESH, USDC)


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"account": 64}, Reject.VAULT_FIXED),
        ({"quote_asset": SOL}, Reject.VAULT_FIXED),
        ({"vault": 3}, Reject.UNKNOWN_VAULT),
        ({"vault": 2}, Reject.VAULT_ACCOUNT),
        ({"vault": 2, "account": 65}, Reject.ACCOUNT_CANNOT_TRADE),
        ({"vault": 2, "account": 72}, Reject.SHARES_IN_USE),
        ({"vault": 2, "account": 72, "share_asset": SOL}, Reject.INVALID_COMBINATION),
        ({"vault": 2, "account": 64, "share_asset": 4}, Reject.ACCOUNT_NOT_EMPTY),
    ],
)
def test_vault_with_wrong_settings_is_refused(changes: dict[str, int], reject: Reject) -> None:
    venue = Vaulted(5)
    venue.must(c.ListAsset(symbol="VLT2", name="Another", asset_kind=1, decimals=6))
    assert Reject(venue.refused(venue.settings(**changes)).reject) == reject


def test_liquidated_holder_waits_no_longer() -> None:
    venue = Vaulted()
    venue.must(collateral(venue.SHARE))
    venue.mint(venue.alice, 500 * DOLLAR)
    venue.must(c.RequestWithdrawal(account=venue.alice, asset=USDC, amount_atoms=99_200 * DOLLAR))
    venue.trade(venue.alice, venue.carol, 100, 10_000)
    asked = venue.redeem(venue.alice)
    venue.let(97.9)
    told = venue.must(c.OpenCases())
    (cancelled,), (opened,) = of(v.VaultRedeemCancelled, told), of(v.CaseOpened, told)
    assert (cancelled.redemption, cancelled.case) == (asked.redemption, opened.case)
    assert venue.exchange.balance(venue.alice, venue.SHARE) == (500 * DOLLAR, 0)
    refused = venue.refused(c.RequestVaultRedeem(account=venue.alice, vault=1))
    assert refused.reject == Reject.ACCOUNT_LIQUIDATING
    assert venue.is_sound()


def test_closed_vault_never_opens_again() -> None:
    assert VaultState.CLOSED == 2 and ASK == 1
