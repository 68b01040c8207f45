"""What a vault takes over of a failing account, at what price, how much, and how it gets rid of it."""

from typing import Any

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, USDC
from tests.core.test_vaults import Vaulted, of

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, CaseStep, HouseAccount, Parameter, VaultState
from ringfence.schema.rejects import Reject


class Failing(Vaulted):
    """Dan is long a hundred SOL at 100 dollars with 300 dollars, carol is short; alice paid into the vault."""

    def __init__(self, paid: int = 5_000, **vault: int) -> None:
        super().__init__(5, **vault)
        self.dan = self.accounts[4]
        self.fund(self.dan, 300 * DOLLAR)
        if paid:
            self.mint(self.alice, paid * DOLLAR)
        self.trade(self.dan, self.carol, 100, 10_000)

    def fail_at(self, dollars: float) -> list[Any]:
        """Let the mark fall, the case open, find no book, and go over to its next step."""
        self.let(dollars)
        told = self.must(c.OpenCases())
        self.must(c.SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0))
        return told + self.steps()

    def steps(self) -> list[Any]:
        told: list[Any] = []
        while self.exchange.cases_due:
            told += self.give(c.StepCase())
        return told

    def next_second(self, dollars: float) -> list[Any]:
        self.let(dollars)
        return self.steps()


def test_vault_takes_the_smallest_that_restores_the_account_at_its_discount() -> None:
    venue = Failing()
    moved = of(v.CaseMoved, venue.fail_at(97.9))
    assert [one.step for one in moved] == [CaseStep.VAULT]
    told = venue.next_second(97.9)
    (took,), (closed,) = of(v.VaultTookOver, told), of(v.CaseClosed, told)
    assert closed.reason == CaseEnd.RESTORED
    worth = took.lots * 9_790 * 10**2
    assert took.discount_e8 == 500_000
    assert took.discount_atoms == -(-worth * took.discount_e8 // 10**8)
    mine, its = venue.exchange.position(venue.dan, PERP), venue.exchange.position(venue.vault, PERP)
    assert its.net_lots == took.lots == 10_000 - mine.net_lots
    assert its.reference_atoms == worth - took.discount_atoms
    assert venue.is_sound()


def test_one_lot_less_would_not_have_restored_it() -> None:
    venue = Failing()
    venue.fail_at(97.9)
    (took,) = of(v.VaultTookOver, venue.next_second(97.9))
    measure = venue.exchange.measure(venue.dan)
    spare = measure.equity - measure.maintenance * 11 // 10
    # A lot, 97.9 cents, needs 1.1 percent of that and gives up its part of the equity.
    assert 0 <= spare <= 2 * DOLLAR and took.lots < 10_000


def test_discount_is_no_more_than_the_equity_that_is_left() -> None:
    venue = Failing(discount_ppm=10_000)
    venue.fail_at(97.9)
    (took,) = of(v.VaultTookOver, venue.next_second(97.9))
    # Ninety dollars are left of a position of 9790, which is less than the one percent declared: all of both goes.
    assert (took.lots, took.discount_atoms) == (10_000, 89_999_960) and took.equity_value == 90 * DOLLAR - 1
    assert venue.exchange.position(venue.dan, PERP) is None
    assert venue.exchange.balance(venue.dan, USDC) == (40, 0)


def test_vault_takes_what_its_margin_allows_and_the_rest_is_deleveraged() -> None:
    venue = Failing(paid=20)
    venue.fail_at(97.9)
    told = venue.next_second(97.9)
    taken = of(v.VaultTookOver, told)
    assert taken and venue.exchange.position(venue.dan, PERP).net_lots > 0
    measure = venue.exchange.measure(venue.vault)
    assert 0 <= measure.free < 2 * DOLLAR
    moved = of(v.CaseMoved, told)
    assert [one.step for one in moved] == [CaseStep.REST]
    told = venue.must(c.Deleverage())
    assert of(v.Deleveraged, told)[0].account == venue.carol
    assert venue.is_sound()


def test_concentration_bounds_what_is_taken() -> None:
    venue = Failing(concentration_ppm=200_000)
    venue.fail_at(97.9)
    venue.next_second(97.9)
    lots = venue.exchange.position(venue.vault, PERP).net_lots
    assert lots * 9_790 * 100 <= 1_000 * DOLLAR + 50 * DOLLAR and lots > 0


def test_case_goes_to_the_rest_without_a_vault() -> None:
    for vault in ({"takes_over": 0}, {"quote_asset": USDC, "leverage_limit_percent": 0}):
        venue = Failing(paid=5_000 if "takes_over" in vault else 0, **vault)
        told = venue.fail_at(97.9) + venue.next_second(97.9)
        assert [one.step for one in of(v.CaseMoved, told)][-1] == CaseStep.REST
        assert of(v.VaultTookOver, told) == []


def test_account_worth_nothing_is_none_of_the_vaults() -> None:
    venue = Failing()
    told = venue.fail_at(96)
    assert [one.step for one in of(v.CaseMoved, told)] == [CaseStep.REST]


def test_book_comes_before_the_vault() -> None:
    venue = Failing()
    venue.fail_at(97.9)
    venue.place(venue.carol, BID, 97.9, 10)
    told = venue.next_second(97.9)
    kinds = [type(event).__name__ for event in told]
    assert kinds.index("SliceEnded") < kinds.index("VaultTookOver")
    assert of(v.SliceEnded, told)[0].filled_lots == 10


def test_vault_unwinds_a_slice_a_clock_within_the_band() -> None:
    venue = Failing()
    venue.fail_at(97.9)
    venue.next_second(97.9)
    lots = venue.exchange.position(venue.vault, PERP).net_lots
    venue.must(c.SetParameter(parameter=Parameter.VAULT_SLICE_VALUE, value=979 * DOLLAR + 1_000))
    venue.place(venue.carol, BID, 93.0, 100_000)
    assert venue.exchange.vaults_unwinding and venue.give(c.UnwindVault()) == []
    assert not venue.exchange.vaults_unwinding
    venue.place(venue.carol, BID, 94.0, 5_000)
    venue.let(97.9)
    (ordered,) = of(v.VaultOrdered, told := venue.give(c.UnwindVault()))
    assert (ordered.side, ordered.price_ticks, ordered.quantity_lots) == (ASK, 9_301, min(lots, 1_000))
    (trade,) = of(v.Trade, told)
    assert trade.price_ticks == 9_400
    assert venue.exchange.position(venue.vault, PERP).net_lots == lots - ordered.quantity_lots
    assert venue.give(c.UnwindVault()) == [] and venue.is_sound()


def test_redemption_leaves_the_vault_its_initial_margin() -> None:
    venue = Failing(paid=1_000, redeem_delay_ms=0)
    venue.fail_at(97.9)
    venue.next_second(97.9)
    venue.redeem(venue.alice, 999 * DOLLAR)
    assert of(v.VaultRedeemed, venue.pay()) == []
    venue.must(c.CancelVaultRedeem(account=venue.alice, vault=1))
    venue.redeem(venue.alice, 500 * DOLLAR)
    venue.let(97.9)
    before = venue.exchange.balance(venue.vault, USDC)[0]
    (paid,) = of(v.VaultRedeemed, venue.pay())
    assert paid.value_atoms > 1_000 * DOLLAR and paid.amount_atoms == 500 * paid.value_atoms // 1_000
    assert venue.exchange.balance(venue.vault, USDC)[0] == before - paid.amount_atoms
    assert venue.exchange.measure(venue.vault).free >= 0 and venue.is_sound()


def test_vault_that_is_worth_nothing_closes_and_a_new_one_takes_new_money() -> None:
    venue = Failing(paid=30, redeem_delay_ms=0)
    venue.fail_at(97.9)
    venue.next_second(97.9)
    venue.let(95)
    told = venue.pay()
    (closed,) = of(v.VaultClosed, told)
    assert closed.value_atoms <= 0 and venue.exchange.vault(1).vault_state == VaultState.CLOSED
    refused = venue.refused(c.MintVaultShares(account=venue.bob, vault=1, amount_atoms=DOLLAR))
    assert (refused.reject, refused.value) == (Reject.VAULT_CLOSED, 1)
    assert venue.refused(venue.settings()).reject == Reject.VAULT_CLOSED
    opened = of(v.CaseOpened, venue.must(c.OpenCases()))
    assert venue.vault in [one.account for one in opened]
    venue.redeem(venue.alice)
    for _ in range(4):
        venue.steps()
        venue.give(c.Deleverage())
        venue.let(95)
    assert venue.exchange.case(venue.vault) is None and venue.exchange.positions(venue.vault) == []
    (paid,) = of(v.VaultRedeemed, venue.pay())
    assert paid.amount_atoms == 0 and venue.exchange.balance(HouseAccount.ISSUED, venue.SHARE) == (0, 0)
    venue.must(c.ListAsset(symbol="VLT2", name="Another", asset_kind=1, decimals=6))
    sub = venue.must(c.OpenAccount(user=4, sub_account=1))[0].account
    venue.must(venue.settings(vault=2, account=sub, share_asset=4))
    minted = venue.must(c.MintVaultShares(account=venue.bob, vault=2, amount_atoms=DOLLAR))
    assert of(v.VaultMinted, minted)[0].shares_atoms == DOLLAR
    assert venue.is_sound()


def test_mint_after_a_loss_and_redemption_keep_everybodys_part() -> None:
    venue = Failing(redeem_delay_ms=0)
    venue.fail_at(97.9)
    venue.next_second(97.9)
    venue.let(97)
    value = venue.exchange.balance(venue.vault, USDC)[0]
    (position,) = venue.exchange.positions(venue.vault)
    value += position.net_lots * 9_700 * 100 - position.reference_atoms
    minted = venue.mint(venue.bob, 1_000 * DOLLAR)
    assert minted.value_atoms == value < 5_000 * DOLLAR
    assert minted.shares_atoms == 1_000 * DOLLAR * 5_000 * DOLLAR // value
    venue.redeem(venue.bob)
    (paid,) = of(v.VaultRedeemed, venue.pay())
    assert 1_000 * DOLLAR - 1 <= paid.amount_atoms <= 1_000 * DOLLAR


def test_mark_that_is_not_fresh_neither_mints_nor_pays() -> None:
    venue = Failing(redeem_delay_ms=0)
    venue.fail_at(97.9)
    venue.next_second(97.9)
    venue.redeem(venue.alice, DOLLAR)
    venue.time_us += 20_000_000
    venue.must(c.Clock())
    assert venue.pay() == []
    refused = venue.refused(c.MintVaultShares(account=venue.bob, vault=1, amount_atoms=DOLLAR))
    assert refused.reject == Reject.PRICE_NOT_FRESH
