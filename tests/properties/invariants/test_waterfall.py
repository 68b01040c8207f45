"""I-15 to I-21: who pays after the estate, in which order, how much of it, and at what price."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from tests.auditor.auditor import DEFICITS_UNEXPLAINED
from tests.auditor.ledger import FUND, SKIN, Entry, Ledger, name_of
from tests.auditor.measure import profit_to_lose
from tests.auditor.runs import RandomVenue
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SPOT, USDC
from tests.core.test_deleveraging import Gapping
from tests.core.test_liquidation import Failing, of
from tests.core.test_vault_differential import VaultVenues
from tests.properties.invariants.walking import audited, events_of, looked_at, told

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import HouseAccount, LoanCause, MoveCause, Parameter
from ringfence.schema.rejects import Reject


def test_i15_each_payer_is_empty_before_the_next_pays(runs: list[RandomVenue]) -> None:
    """Own profit, FUND, SKIN up to its cap, and then whoever has profit; FUND before UNCOVERED in every write-off."""
    for auditor in audited(runs):
        assert auditor.figures[DEFICITS_UNEXPLAINED] == 0, auditor.findings
    waves = [event for event in events_of("WaveBegan", runs) if event.gap_atoms]
    assert sum(bool(wave.left_atoms) for wave in waves) and sum(bool(wave.fund_atoms) for wave in waves)


def test_i15_skin_pays_no_more_a_day_than_its_cap(runs: list[RandomVenue]) -> None:
    for venue in runs:
        cap, highest, paid = 0, 0, Counter[int]()
        for entry in venue.log:
            for event in told(entry, "ParameterSet"):
                cap = event.value if event.parameter == Parameter.SKIN_CAP else cap
                highest = max(highest, cap)
            for event in told(entry, "FundsMoved"):
                if event.account == SKIN and event.asset == USDC:
                    paid[event.time_us // 86_400_000_000] += event.amount_atoms
                    assert paid[event.time_us // 86_400_000_000] <= highest, event


def test_i15_vault_bears_what_it_took_over_and_nothing_else() -> None:
    """Money leaves a vault for shares, for what its own positions lost, and as its own estate when it fails itself."""
    took = 0
    for seed in range(2):
        venue, failed = VaultVenues(seed), set[int]()
        for _ in range(150):
            (venue.ruin if venue.random.random() < 0.1 else venue.step)()
        for entry in venue.log:
            took += len(told(entry, "VaultTookOver"))
            failed |= {event.account for event in told(entry, "CaseOpened")}
            for event in told(entry, "FundsMoved"):
                if event.account in venue.vaults:
                    assert event.cause == MoveCause.SETTLED or event.account in failed, event
            failed -= {event.account for event in told(entry, "CaseClosed")}
    assert took > 0


def test_i16_fund_moves_only_by_what_it_may(runs: list[RandomVenue]) -> None:
    comes = {MoveCause.LIQUIDATION_FEE, MoveCause.ESTATE_TAKEN, MoveCause.SETTLED, MoveCause.HOUSE}
    for venue in runs:
        balance = Counter[int]()
        for entry in venue.log:
            for event in entry.events:
                if name_of(event) == "FundsMoved" and event.to_account == FUND:
                    assert event.cause in comes, event
                    balance[event.asset] += event.amount_atoms
                elif name_of(event) == "FundsMoved" and event.account == FUND:
                    assert event.cause == MoveCause.GAP_PAID, event
                    balance[event.asset] -= event.amount_atoms
                elif name_of(event) == "ClaimTaken":
                    balance[event.asset] -= event.paid_atoms
                elif name_of(event) == "LoanMoved" and event.account == FUND and event.cause == LoanCause.REDEEM:
                    balance[event.asset] += event.amount_atoms
                elif name_of(event) == "Trade" and event.account == FUND:
                    assert name_of(entry.command) == "CoverDebts" and event.taker_fee_atoms == 0, event
                    sign, market = 1 if event.side == BID else -1, venue.exchange.market(event.market)
                    balance[market.base_asset] += sign * event.quantity_lots * market.lot_atoms
                    balance[market.quote_asset] -= sign * event.quote_atoms
                assert min(balance.values(), default=0) >= 0, event
        for asset, atoms in balance.items():
            assert venue.exchange.balance(FUND, asset)[0] == atoms


@pytest.mark.parametrize("source", [HouseAccount.FUND, HouseAccount.SKIN])
def test_i16_operator_takes_nothing_out_of_fund(source: HouseAccount) -> None:
    venue = Gapping()
    venue.save(50, source)
    taken = {"account": source, "asset": USDC, "amount_atoms": DOLLAR}
    for to_account in (HouseAccount.FEES, HouseAccount.SUSPENSE, venue.alice):
        (refused,) = venue.give(c.MoveHouseFunds(to_account=to_account, **taken))
        assert refused.reject == Reject.HOUSE_ACCOUNT_CLOSED


def capacity_of(ledger: Ledger, wave: Any) -> int:
    """Return what the profit of the other side can pay at one price that is not beyond bankruptcy."""
    gap, whole, lots = wave.left_atoms, abs(wave.left_lots), 0
    for key, row in ledger.positions.items():
        if key[1] == wave.market and row.net_lots * wave.lots < 0 and key[0] not in ledger.cases:
            lots += min(abs(row.net_lots), int(profit_to_lose(ledger, key) * whole / gap))
    return min(gap, gap * lots // whole)


class Waves:
    """What the waves of one run took, held against what they could take."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.began: dict[int, Any] = {}
        self.capacity: dict[int, int] = {}
        self.costs: Counter[int] = Counter()
        self.covered = self.uncovered = 0

    def look(self, ledger: Ledger, _: Entry, event: Any) -> None:
        if name_of(event) == "WaveBegan":
            self.began[event.wave] = event
        elif name_of(event) == "Deleveraged" and not event.own_case and self.began[event.wave].left_atoms:
            if event.wave not in self.capacity:
                self.capacity[event.wave] = capacity_of(ledger, self.began[event.wave])
            self.costs[event.wave] += event.cost_atoms
        elif name_of(event) == "WaveEnded" and self.began[event.wave].left_atoms:
            self.end(event)

    def end(self, event: Any) -> None:
        wave = self.began[event.wave]
        assert self.costs[event.wave] + event.uncovered_atoms == wave.left_atoms
        # What a price for whole lots leaves is less than a lot of everybody.
        lot = -(-wave.left_atoms // abs(wave.left_lots))
        assert event.uncovered_atoms <= wave.left_atoms - self.capacity[event.wave] + lot * self.people, event
        self.covered += bool(event.cost_atoms)
        self.uncovered += bool(event.uncovered_atoms)


def test_i17_what_is_taken_of_profit_is_the_deficit_and_no_more(runs: list[RandomVenue]) -> None:
    found = []
    for venue in runs:
        waves = Waves(len(venue.trading))
        looked_at([venue], waves.look)
        found.append(waves)
    assert sum(waves.covered for waves in found) > 3 and sum(waves.uncovered for waves in found) > 0


def test_i18_nobody_gives_up_more_than_his_profit(runs: list[RandomVenue]) -> None:
    met = 0

    def look(ledger: Ledger, entry: Entry, event: Any) -> None:
        nonlocal met
        if name_of(event) == "Deleveraged":
            met += event.cost_atoms > 0
            assert event.cost_atoms <= event.profit_atoms, event
            assert event.cost_atoms <= profit_to_lose(ledger, (event.account, event.market)) + 1, event

    looked_at(runs, look)
    assert met > 5


class Winners(Failing):
    """Bob fails with 300 dollars; those who are short against him have the given lots."""

    def __init__(self, lots: list[int]) -> None:
        super().__init__()
        self.winners = []
        for part in lots:
            user = self.must(c.OpenUser())[0].account
            self.fund(user, 10_000 * DOLLAR)
            self.place(user, ASK, 100, part)
            self.place(self.alice, BID, 100, part, time_in_force=1)
            self.winners.append(user)

    def costs(self, dollars: float) -> list[int]:
        """Return what each gave up when the price jumped."""
        self.let(dollars)
        self.steps()
        told: list[Any] = []
        while self.exchange.deleveraging:
            told += self.must_all(c.Deleverage())
        cost: Counter[int] = Counter()
        for event in of(v.Deleveraged, told):
            cost[event.account] += event.cost_atoms
        return [cost[account] for account in self.winners]


def test_i19_shares_are_pro_rata_and_do_not_depend_on_who_is_who() -> None:
    # Bob's 10,000 lots lose 500 dollars, of which 200 are not paid; alice has nothing left of her side.
    assert Winners([7_500, 2_500]).costs(95) == [150 * DOLLAR, 50 * DOLLAR]
    assert Winners([2_500, 7_500]).costs(95) == [50 * DOLLAR, 150 * DOLLAR]


def test_i19_whoever_splits_himself_pays_the_same() -> None:
    whole, parts = Winners([6_000, 4_000]).costs(95), Winners([2_000, 2_000, 2_000, 4_000]).costs(95)
    assert whole[0] == sum(parts[:3]) and whole[1] == parts[3]


def test_i19_whoever_has_no_position_pays_nothing() -> None:
    venue = Winners([10_000])
    before = venue.exchange.balances(venue.carol)
    assert venue.costs(95) == [200 * DOLLAR]
    assert venue.exchange.balances(venue.carol) == before


def test_i20_everybody_in_a_wave_has_one_price_between_mark_and_bankruptcy(runs: list[RandomVenue]) -> None:
    met = 0
    for venue in runs:
        began: dict[int, Any] = {}
        for entry in venue.log:
            for event in entry.events:
                if name_of(event) == "WaveBegan":
                    began[event.wave] = event
                if name_of(event) != "Deleveraged" or event.own_case:
                    continue
                wave, lots = began[event.wave], abs(event.lots)
                assert event.mark_ticks == wave.mark_ticks
                # At the mark, or at the mark less the gap of a lot, which is what bankruptcy is short of it.
                if event.cost_atoms:
                    met += 1
                    assert abs(Fraction(wave.left_atoms * lots, abs(wave.left_lots)) - event.cost_atoms) <= 1, event
                assert 0 <= event.cost_atoms <= wave.left_atoms
    assert met > 5


def test_i20_deleveraging_charges_no_fee_and_forbids_nothing() -> None:
    venue = Winners([10_000])
    winner = venue.winners[0]
    venue.must(c.SetFeeTier(fee_schedule=1, fee_tier=0, maker_ppm=200, taker_ppm=500))
    assert venue.costs(95) == [200 * DOLLAR]
    assert venue.exchange.positions(HouseAccount.FEES) == []
    venue.settle(95)
    assert venue.exchange.balance(winner, USDC)[0] == (10_000 + 500 - 200) * DOLLAR
    venue.place(winner, ASK, 95, 100)


@pytest.mark.parametrize("dollars", [98.5, 99.3, 100, 101])
def test_i21_collateral_that_margin_needs_does_not_leave(dollars: float) -> None:
    venue = Failing()
    venue.let(dollars)
    other = venue.must(c.OpenAccount(user=2, sub_account=1))[0].account
    for atoms in (DOLLAR, 7 * DOLLAR, 50 * DOLLAR, 99 * DOLLAR, 10**6 - 1, 200 * DOLLAR, 299 * DOLLAR):
        free = venue.free(venue.bob)
        for command in (
            c.RequestWithdrawal(account=venue.bob, asset=USDC, amount_atoms=atoms),
            c.Transfer(account=venue.bob, to_account=other, asset=USDC, amount_atoms=atoms),
        ):
            (told,) = venue.give(command)[:1]
            assert not isinstance(told, v.Rejected) or told.reject in (
                Reject.INSUFFICIENT_MARGIN,
                Reject.INSUFFICIENT_FUNDS,
            )
            assert isinstance(told, v.Rejected) or venue.free(venue.bob) >= 0
            assert isinstance(told, v.Rejected) == (free - atoms < 0), (free, atoms, told)
            free = venue.free(venue.bob)


def test_i21_trading_with_oneself_moves_no_loss_to_fund() -> None:
    """Whoever hands his profit to another of his accounts before he fails pays with it all the same."""
    venue = Gapping()
    venue.save(1_000)
    other = venue.must(c.OpenAccount(user=2, sub_account=1))[0].account
    venue.fund(other, 10_000 * DOLLAR)
    venue.trade(venue.carol, other, 100, 10_000)
    told = venue.gap(95)
    (wave,) = of(v.WaveBegan, told)
    assert (wave.own_atoms, wave.fund_atoms, wave.left_atoms) == (200 * DOLLAR, 0, 0)
    assert venue.give(venue.order(other, ASK, 95, 10, market=SPOT))[0].market in (SPOT, PERP)
