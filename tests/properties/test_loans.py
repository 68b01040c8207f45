"""Whatever people lend, borrow and trade, pools hold what is theirs and orders do not eat margin."""

from collections import Counter
from math import isqrt
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema.enums import INDEX_BITS, ONE_E8, HaircutKind, HouseAccount, LoanFlag, Side, TimeInForce
from ringfence.schema.events import Event, LoanMoved, Rejected
from ringfence.schema.layout import RECORD, decode_event, encode

# Everybody begins with 20 USDC and 10 SOL, the last with a thousand times that, half of it lent; a SOL is worth 1 USDC,
# which is 100 ticks, and a lot is 0.01 of it.
USDC, SOL, MARKET = 1, 2, 1
ACCOUNTS = [64, 66, 68]
RICH = ACCOUNTS[-1]
START_ATOMS = {USDC: 20 * 10**6, SOL: 10 * 10**9}
SOURCES = (1, 2, 3)
HOUR_US = 3_600 * 10**6
ONE = 2**INDEX_BITS
# What roundings may cost; and a weight falls in steps, each of about the root of what is weighed.
ROUNDING_VALUE = 4
FLAGS = [0, LoanFlag.AUTO_LEND, LoanFlag.AUTO_LEND_REDEEM, LoanFlag.AUTO_BORROW, 3, 6, 7]
"""Without AUTO_BORROW_REPAY: what such an order reserves hangs on a debt that may be repaid before it fills."""
accounts = st.sampled_from([64, 64, 64, 66, RICH])  # mostly one, so that much happens to it
assets = st.sampled_from([USDC, SOL])
flags = st.sampled_from([int(flag) for flag in FLAGS])


class Loans(RuleBasedStateMachine):
    """A Hypothesis machine at a constant price that looks at the margin of everybody after every command."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Exchange()
        self.numbers = Counter[str]()
        self.time_us = HOUR_US

    def give(self, command: c.Command) -> list[Any]:
        """Apply one command and return its events."""
        self.time_us += 1
        fields: dict[str, Any] = {name: getattr(command, name) for name in command.__struct_fields__}
        stamp = {"sequence": self.exchange.sequence + 1, "time_us": self.time_us}
        record = encode(type(command)(**fields | stamp))
        return [decode_event(bytes(event)) for event in self.exchange.apply(np.frombuffer(record, RECORD))]

    def done(self, command: c.Command) -> list[Event]:
        events = self.give(command)
        assert not isinstance(events[0], Rejected), events
        return events

    def margins(self) -> dict[int, Any]:
        """Return the measure of everybody who owes something."""
        found = {account: self.exchange.measure(account, strict=True) for account in ACCOUNTS}
        return {account: measure for account, measure in found.items() if measure.liabilities}

    def watched(self, command: c.Command) -> list[Any]:
        """Apply a command; nobody whose margin was enough may have too little after it."""
        before = self.margins()
        events = self.give(command)
        for account, measure in self.margins().items():
            if account not in before or before[account].free >= 0:
                assert measure.free >= -ROUNDING_VALUE - isqrt(measure.assets), f"{account}: {measure.free}"
        return events

    @initialize(
        weight=st.sampled_from([0, 5 * 10**7, 9 * 10**7, ONE_E8]),
        penalty=st.sampled_from([0, 10**6, ONE_E8]),
        fee_ppm=st.sampled_from([0, 100_000, 10**6]),
        full_rate=st.sampled_from([0, 10**8, 10**10]),
        taker=st.sampled_from([0, 999]),
    )
    def open_venue(self, weight: int, penalty: int, fee_ppm: int, full_rate: int, taker: int) -> None:
        self.done(c.ListAsset(symbol="USDC", name="", asset_kind=2, decimals=6))
        self.done(c.ListAsset(symbol="SOL", name="", asset_kind=1, decimals=9))
        self.done(c.ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=10**4, lot_atoms=10**7))
        self.done(c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=0, taker_ppm=taker))
        self.open_prices()
        bases = {"initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
        self.done(c.SetCollateral(asset=USDC, weight_e8=ONE_E8, **bases))
        rooted = {"haircut_penalty_e8": penalty, "haircut_kind": HaircutKind.INVERSE_SQRT}
        self.done(c.SetCollateral(asset=SOL, weight_e8=weight, **bases, **rooted))
        for asset in (USDC, SOL):
            rates = {"rate_optimal_e8": full_rate // 10, "rate_full_e8": full_rate}
            self.done(c.SetLendingPool(asset=asset, **rates, fee_ppm=fee_ppm))
        for _ in ACCOUNTS:
            self.done(c.OpenUser())
        for account in ACCOUNTS:
            for asset, amount in START_ATOMS.items():
                self.deposit(account, asset, amount * (1_000 if account == RICH else 1))
        for asset, amount in START_ATOMS.items():
            self.done(c.Lend(account=RICH, asset=asset, amount_atoms=amount * 500))

    def open_prices(self) -> None:
        self.done(c.SetPricing(asset=SOL, maximum_age_ms=86_400_000))
        for source in SOURCES:
            self.done(c.SetPriceSource(price_source=source, name=f"source {source}"))
            self.done(c.SetPriceWeight(asset=SOL, price_source=source, weight=1))
        self.quote()

    def quote(self) -> None:
        """Let everybody say that a SOL is worth 1 USDC, and a clock hear it."""
        for source in SOURCES:
            self.done(c.Quote(asset=SOL, price_source=source, last_units=10**8, observed_us=self.time_us + 1))
        self.done(c.Clock())

    @rule(account=accounts, asset=assets, amount=st.integers(1, 10**7))
    def deposit(self, account: int, asset: int, amount: int) -> None:
        self.numbers["deposits"] += 1
        named = {"source": 1, "number": self.numbers["deposits"]}
        self.watched(c.Deposit(account=account, asset=asset, amount_atoms=amount, **named))

    @rule(minutes=st.sampled_from([1, 59, 60, 600]))
    def let_time_pass(self, minutes: int) -> None:
        before = self.indices()
        self.time_us += minutes * 60 * 10**6
        self.quote()
        assert all(now >= then for now, then in zip(self.indices(), before, strict=True))

    def indices(self) -> list[int]:
        pools = [self.exchange.lending_pool(asset) for asset in (USDC, SOL)]
        return [index for pool in pools if pool for index in (pool.lent_index, pool.debt_index)]

    @rule(account=st.sampled_from([66, RICH]), asset=assets, part=st.integers(1, 10**6))
    def lend_and_have_no_more_than_that(self, account: int, asset: int, part: int) -> None:
        amount = max(1, self.exchange.balance(account, asset)[0] * part // 10**6)
        before = self.claim(account, asset)
        events = self.watched(c.Lend(account=account, asset=asset, amount_atoms=amount))
        if isinstance(events[0], LoanMoved):
            assert before <= self.claim(account, asset) <= before + amount

    @rule(account=accounts, asset=assets, part=st.integers(0, 10**6))
    def redeem_no_more_than_there_was(self, account: int, asset: int, part: int) -> None:
        claim, amount = self.claim(account, asset), self.claim(account, asset) * part // 10**6
        for event in self.watched(c.Redeem(account=account, asset=asset, amount_atoms=amount)):
            if isinstance(event, LoanMoved):
                assert self.claim(account, asset) + event.amount_atoms <= claim

    @rule(account=accounts, asset=assets, amount=st.sampled_from([10**6, 5 * 10**6, 10**9, 5 * 10**9, 10**10]))
    def borrow_and_owe_no_less_than_that(self, account: int, asset: int, amount: int) -> None:
        before = self.debt(account, asset)
        (event,) = self.watched(c.Borrow(account=account, asset=asset, amount_atoms=amount))
        if isinstance(event, LoanMoved):
            owed = before + amount + event.fee_atoms
            assert owed <= self.debt(account, asset) <= owed + 1 + self.indices()[-1] // ONE

    @rule(account=accounts, asset=assets, amount=st.sampled_from([10**6, 10**9, 10**10, 2**62]))
    def repay_no_more_than_is_taken(self, account: int, asset: int, amount: int) -> None:
        before = self.debt(account, asset)
        (event,) = self.watched(c.Repay(account=account, asset=asset, amount_atoms=amount))
        if isinstance(event, LoanMoved):
            assert before - event.amount_atoms <= self.debt(account, asset) < before

    @rule(account=accounts, lends=st.booleans())
    def set_account(self, account: int, lends: bool) -> None:
        self.watched(c.SetAccount(account=account, account_flags=int(lends)))

    @rule(
        account=accounts,
        side=st.sampled_from([int(side) for side in Side]),
        price_ticks=st.sampled_from([80, 95, 100, 101, 120]),
        quantity_lots=st.sampled_from([1, 7, 400, 1_000, 2_500]),
        time_in_force=st.sampled_from([int(kind) for kind in TimeInForce]),
        loan_flags=flags,
    )
    def place_limit(self, **order: int) -> None:
        self.watched(c.PlaceOrder(market=MARKET, **order))

    @rule(
        account=accounts,
        side=st.sampled_from([int(side) for side in Side]),
        quantity_lots=st.sampled_from([1, 100, 1_000]),
        loan_flags=flags,
    )
    def place_market(self, **order: int) -> None:
        self.watched(c.PlaceOrder(market=MARKET, order_type=1, **order))

    @rule(account=accounts, price_ticks=st.integers(80, 120), quantity_lots=st.sampled_from([1, 50, 400, 1_500]))
    def amend_the_oldest(self, account: int, price_ticks: int, quantity_lots: int) -> None:
        for order in self.exchange.open_orders(account)[:1]:
            named = {"account": account, "market": MARKET, "order": order.order}
            self.watched(c.AmendOrder(**named, price_ticks=price_ticks, quantity_lots=quantity_lots))

    @rule(account=accounts, part=st.sampled_from([1, 2, 3]))
    def fill_the_oldest(self, account: int, part: int) -> None:
        """Let the rich account trade with a part of an order, at its price."""
        for order in self.exchange.open_orders(account)[:1]:
            lots = max(1, order.remaining_lots // part)
            terms = {"side": 1 - order.side, "price_ticks": order.price_ticks, "quantity_lots": lots}
            self.watched(c.PlaceOrder(account=RICH, market=MARKET, time_in_force=TimeInForce.IOC, **terms))

    @rule(account=accounts, asset=assets)
    def take_away_what_margin_spares(self, account: int, asset: int) -> None:
        free = self.margins()[account].free if account in self.margins() else 0
        amount = min(free * (1_000 if asset == SOL else 1), self.exchange.balance(account, asset)[0])
        if amount > 0:
            self.watched(c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount))

    @rule(
        account=st.sampled_from([64, 66]),
        side=st.sampled_from([int(side) for side in Side]),
        price_ticks=st.sampled_from([80, 101, 120]),
        quantity_lots=st.sampled_from([50, 400, 1_000]),
        part=st.sampled_from([1, 2]),
        loan_flags=flags,
    )
    def fill_an_order_after_margin_spared_what_it_could(self, account: int, part: int, **order: int) -> None:
        debt = c.Borrow(account=account, asset=self.numbers["debts"] % 2 + 1, amount_atoms=10**6)
        self.numbers["debts"] += 1
        self.watched(debt)
        self.watched(c.PlaceOrder(account=account, market=MARKET, **order))
        for asset in (SOL, USDC):
            self.take_away_what_margin_spares(account, asset)
        self.fill_the_oldest(account, part)

    @rule(account=accounts)
    def cancel_all(self, account: int) -> None:
        self.watched(c.CancelAllOrders(account=account))

    @rule(account=accounts, asset=assets, amount=st.integers(1, 2 * 10**10), loan_flags=flags)
    def withdraw(self, account: int, asset: int, amount: int, loan_flags: int) -> None:
        self.watched(c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount, loan_flags=loan_flags))

    @rule()
    def restart(self) -> None:
        before = self.exchange.state_hash()
        self.exchange = Exchange.restore(self.exchange.rows())
        assert self.exchange.state_hash() == before

    def shares(self, account: int, asset: int) -> int:
        return dict(self.exchange.loans(account)).get(asset, 0)

    def claim(self, account: int, asset: int) -> int:
        pool = self.exchange.lending_pool(asset)
        return max(0, self.shares(account, asset)) * pool.lent_index // ONE

    def debt(self, account: int, asset: int) -> int:
        pool = self.exchange.lending_pool(asset)
        return -(min(0, self.shares(account, asset)) * pool.debt_index // ONE)

    @invariant()
    def pools_hold_what_is_lent_and_not_owed_and_their_own(self) -> None:
        for asset in (USDC, SOL):
            pool = self.exchange.lending_pool(asset)
            if pool is None:
                continue
            lent, owed = -(-pool.lent_shares * pool.lent_index // ONE), pool.debt_shares * pool.debt_index // ONE
            assert (
                self.exchange.pool_atoms(asset)
                == lent - owed + pool.reserve_atoms + pool.rounding_atoms + pool.pending_atoms
            )
            assert min(pool.reserve_atoms, pool.rounding_atoms, self.exchange.pool_atoms(asset)) >= 0
            assert sum(self.claim(account, asset) for account in ACCOUNTS) <= lent
            assert sum(self.debt(account, asset) for account in ACCOUNTS) >= owed

    @invariant()
    def every_asset_sums_to_zero(self) -> None:
        total: Counter[int] = Counter()
        for row in self.exchange.rows()["balances"]:
            total[int(row["asset"])] += int(row["available_atoms"]) + int(row["locked_atoms"])
            assert row["available_atoms"] >= 0 or row["account"] == HouseAccount.CUSTODY
        assert not any(total.values()), total


TestLoans = Loans.TestCase
TestLoans.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
