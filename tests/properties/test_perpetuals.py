"""What must hold of perpetuals whatever people do: profit is another's loss, and one's own orders take no more margin
than there is."""

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import FUNDING_BITS

PEOPLE = 4
SLACK = 1_000
"""What roundings of one command may cost, in millionths: an atom for the fee of each fill, a few for values."""
WHO = st.integers(0, PEOPLE - 1)
SIDES = st.sampled_from((BID, ASK))
LOTS = st.sampled_from((1, 7, 100, 1_000, 5_000))
AWAY_TICKS = st.sampled_from((-3_000, -200, -30, -1, 0, 1, 30, 200, 3_000))


class Perpetuals(RuleBasedStateMachine):
    """Four people trade a perpetual and the asset itself, lend, borrow and withdraw, while the price moves."""

    @initialize(maker_ppm=st.sampled_from((-100, 0, 200)), cash=st.sampled_from((20, 300, 5_000)))
    def open(self, maker_ppm: int, cash: int) -> None:
        self.venue = PerpetualVenue(PEOPLE)
        self.ticks = 10_000
        self.venue.must(c.SetFeeTier(fee_schedule=1, fee_tier=0, maker_ppm=maker_ppm, taker_ppm=500))
        for n, account in enumerate(self.venue.accounts):
            self.venue.fund(account, cash * DOLLAR)
            if n % 2:
                self.venue.fund(account, cash // 100 * WHOLE_SOL + 1, SOL)

    def do(self, n: int, command: c.Command) -> None:
        """Give a command of somebody's own and look at the margin that it leaves him."""
        account = self.venue.accounts[n]
        before = self.venue.exchange.measure(account)
        events = self.venue.give(command)
        if events and isinstance(events[0], v.Rejected):
            return
        after = self.venue.exchange.measure(account)
        owes = after.liabilities > 0 or self.venue.exchange.positions(account)
        short = min(0, before.equity - before.initial)
        assert not owes or after.equity - after.initial >= short - SLACK, (command, before, after)

    @rule(
        n=WHO,
        side=SIDES,
        away=AWAY_TICKS,
        lots=LOTS,
        force=st.integers(0, 2),
        reduce=st.booleans(),
    )
    def order(self, n: int, side: int, away: int, lots: int, force: int, reduce: bool) -> None:
        more = {"time_in_force": force, "reduce_only": int(reduce), "self_trade_prevention": lots % 3}
        dollars = max(1, self.ticks + away) / 100
        self.do(n, self.venue.order(self.venue.accounts[n], side, dollars, lots, **more))

    @rule(n=WHO, side=SIDES, lots=LOTS, reduce=st.booleans())
    def order_at_market(self, n: int, side: int, lots: int, reduce: bool) -> None:
        self.do(n, self.venue.at_market(self.venue.accounts[n], side, lots, reduce_only=int(reduce)))

    @rule(n=WHO, side=SIDES, away=AWAY_TICKS, lots=LOTS)
    def order_on_spot(self, n: int, side: int, away: int, lots: int) -> None:
        dollars = max(1, self.ticks + away) / 100
        self.do(n, self.venue.order(self.venue.accounts[n], side, dollars, lots, market=SPOT))

    @rule(n=WHO, which=st.integers(0, 7), away=AWAY_TICKS, lots=st.sampled_from((0, -1, 5, -50)))
    def amend(self, n: int, which: int, away: int, lots: int) -> None:
        account = self.venue.accounts[n]
        orders = self.venue.exchange.open_orders(account)
        if not orders:
            return
        order = orders[which % len(orders)]
        changed = {"price_ticks": max(1, order.price_ticks + away), "quantity_lots": max(1, order.quantity_lots + lots)}
        self.do(n, c.AmendOrder(account=account, market=order.market, order=order.order, **changed))

    @rule(n=WHO, which=st.integers(0, 7))
    def cancel(self, n: int, which: int) -> None:
        account = self.venue.accounts[n]
        orders = self.venue.exchange.open_orders(account)
        if orders:
            order = orders[which % len(orders)]
            self.do(n, c.CancelOrder(account=account, market=order.market, order=order.order))

    @rule(n=WHO, asset=st.sampled_from((USDC, SOL)), atoms=st.sampled_from((1, 10**7, 10**9)))
    def borrow_and_withdraw(self, n: int, asset: int, atoms: int) -> None:
        account = self.venue.accounts[n]
        self.do(n, c.Borrow(account=account, asset=asset, amount_atoms=atoms))
        self.do(n, c.RequestWithdrawal(account=account, asset=asset, amount_atoms=atoms))

    @rule(n=WHO, asset=st.sampled_from((USDC, SOL)), atoms=st.sampled_from((1, 10**7, 10**9)))
    def lend(self, n: int, asset: int, atoms: int) -> None:
        self.do(n, c.Lend(account=self.venue.accounts[n], asset=asset, amount_atoms=atoms))

    @rule(n=WHO, flags=st.integers(0, 7), limit=st.sampled_from((0, 100, 1_000)))
    def set_account(self, n: int, flags: int, limit: int) -> None:
        account = self.venue.accounts[n]
        self.do(n, c.SetAccount(account=account, account_flags=flags, leverage_limit_percent=limit))

    @rule(moved=st.integers(-300, 300), seconds=st.sampled_from((1, 1, 5, 10, 600, 3_600)))
    def wait(self, moved: int, seconds: int) -> None:
        self.ticks = max(100, self.ticks + moved)
        self.venue.let(self.ticks / 100, seconds)

    @rule()
    def fall_stale(self) -> None:
        self.venue.time_us += 20 * 10**6
        self.venue.must(c.Clock())

    @rule()
    def settle(self) -> None:
        """When all that was collected is paid, nothing stands against anybody who could pay."""
        self.venue.settle(self.ticks / 100)
        perpetual = self.venue.exchange.perpetual(PERP)
        assert perpetual is not None
        assert perpetual.paid_atoms <= perpetual.due_atoms
        assert perpetual.short_atoms or perpetual.due_atoms == perpetual.paid_atoms or perpetual.clearing_atoms < PEOPLE
        for account in self.venue.accounts:
            free = {asset: available for asset, available, _ in self.venue.exchange.balances(account)}
            for position in self.venue.exchange.positions(account):
                worth = position.net_lots * perpetual.settle_ticks * 100
                assert worth >= position.reference_atoms or free.get(USDC, 0) == 0, position

    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "venue"):
            return
        rows = self.venue.exchange.rows()
        assert list(broken_invariants(rows)) == []
        assert profit_is_loss(rows) == []

    @invariant()
    def restored_is_the_same(self) -> None:
        if hasattr(self, "venue") and self.venue.exchange.sequence % 7 == 0:
            restored = Exchange.restore(self.venue.exchange.rows())
            assert restored.state_hash() == self.venue.exchange.state_hash()


def profit_is_loss(rows: dict[str, np.ndarray]) -> list[str]:
    """Return the perpetuals in which profit is not loss and what CLEARING keeps, but for a rounding a position."""
    profit: dict[int, int] = defaultdict(int)
    marks = {row["market"]: row for row in rows["perpetuals"]}
    factors = dict(zip(rows["markets"]["market"].tolist(), rows["markets"]["quote_factor"].tolist(), strict=True))
    for row in rows["positions"]:
        mark, net = marks[row["market"]], int(row["net_lots"])
        pending = -(-net * (int(mark["funding_index"]) - int(row["funding_index"])) >> FUNDING_BITS)
        worth = net * int(mark["mark_ticks"]) * factors[int(row["market"])]
        profit[int(row["market"])] += worth - int(row["reference_atoms"]) - pending
    return [
        f"market {market} has {total} more profit than loss and clearing"
        for market, total in profit.items()
        if not -len(rows["positions"]) <= total - int(marks[market]["clearing_atoms"]) <= 0
    ]


TestPerpetuals = Perpetuals.TestCase
TestPerpetuals.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("seed", range(3))
def test_venue_restored_in_the_middle_of_a_settlement_goes_on_alike(seed: int) -> None:
    chance, venue = random.Random(seed), PerpetualVenue(40)
    # More accounts than a page holds, so that a settlement has a middle.
    for _ in range(32_800):
        venue.must(c.OpenUser())
    people = [*venue.accounts, *range(64 + 2 * 32_800, 64 + 2 * 32_840, 2)]
    for account in people:
        venue.fund(account, 100 * DOLLAR)
        flags = chance.randrange(8)
        venue.must(c.SetAccount(account=account, account_flags=flags))
    for account in people:
        venue.give(
            venue.order(account, chance.randrange(2), chance.choice((99.9, 100, 100.1)), chance.randrange(1, 900))
        )
    venue.let(97, 10)
    assert venue.exchange.settling
    restored = Exchange.restore(venue.exchange.rows())
    assert restored.state_hash() == venue.exchange.state_hash()
    twin = PerpetualVenue.__new__(PerpetualVenue)
    twin.__dict__ |= {**venue.__dict__, "exchange": restored}
    for _ in range(200):
        account, side, lots = chance.choice(people), chance.randrange(2), chance.randrange(1, 300)
        command = chance.choice(
            (
                venue.order(account, side, 97, lots),
                venue.at_market(account, side, lots),
                c.ContinueSettlement(),
                c.ConvertCollateral(),
            )
        )
        assert venue.give(command) == twin.give(command)
        assert venue.exchange.state_hash() == twin.exchange.state_hash()
    assert not venue.exchange.settling
