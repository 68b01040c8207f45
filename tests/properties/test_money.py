"""Whatever people do, every atom is somewhere: a Hypothesis machine on the compiled exchange."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount, SelfTradePrevention, Side, TimeInForce
from ringfence.schema.events import Event, OrderAccepted, OrderClosed, Rejected
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.tables import MarketRow, OrderRow

# The opening lists two assets and a market of them, and opens three users with a sub-account for the first.
USDC, SOL, MARKET = 1, 2, 1
ACCOUNTS = [64, 66, 68, 70]
START_ATOMS = 10**10
accounts = st.sampled_from(ACCOUNTS)
sides = st.sampled_from([int(side) for side in Side])
prices = st.integers(95, 105)
lots = st.integers(1, 30)
assets = st.sampled_from([USDC, SOL])
atoms = st.integers(1, 10**8)


class Money(RuleBasedStateMachine):
    """Trades, moves and cancels at random; the invariants look at every balance after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Exchange()
        self.deposits = 0

    def give(self, command: c.Command) -> list[Any]:
        """Apply one command and return its events."""
        fields: dict[str, Any] = {name: getattr(command, name) for name in command.__struct_fields__}
        stamp = {"sequence": self.exchange.sequence + 1, "time_us": self.exchange.time_us + 1}
        record = encode(type(command)(**fields | stamp))
        return [decode_event(bytes(event)) for event in self.exchange.apply(np.frombuffer(record, RECORD))]

    def done(self, command: c.Command) -> list[Event]:
        events = self.give(command)
        assert not isinstance(events[0], Rejected), events
        return events

    @initialize(maker=st.sampled_from([-500, 0, 777]), taker=st.sampled_from([0, 1, 999]), fills=st.integers(1, 4))
    def open_venue(self, maker: int, taker: int, fills: int) -> None:
        self.done(c.ListAsset(symbol="USDC", name="", asset_kind=2, decimals=6))
        self.done(c.ListAsset(symbol="SOL", name="", asset_kind=1, decimals=9))
        self.done(c.ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=10**4, lot_atoms=10**7))
        self.done(c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=maker, taker_ppm=taker))
        self.done(c.SetParameter(parameter=2, value=fills))
        for _ in range(3):
            self.done(c.OpenUser())
        self.done(c.OpenAccount(user=1, sub_account=1))
        for account in [*ACCOUNTS, int(HouseAccount.SUSPENSE)]:
            for asset in (USDC, SOL):
                self.deposits += 1
                deposit = {"source": 1, "number": self.deposits, "amount_atoms": START_ATOMS}
                self.done(c.Deposit(account=account, asset=asset, **deposit))

    @rule(
        account=accounts,
        side=sides,
        price_ticks=prices,
        quantity_lots=lots,
        time_in_force=st.sampled_from([int(kind) for kind in TimeInForce]),
        self_trade_prevention=st.sampled_from([int(kind) for kind in SelfTradePrevention]),
    )
    def place_limit(self, **order: int) -> None:
        events = self.give(c.PlaceOrder(market=MARKET, **order))
        if isinstance(events[0], OrderAccepted):
            standing = self.exchange.order(events[0].order)
            assert (standing.remaining_lots if standing else 0) == events[0].rested_lots

    @rule(account=accounts, side=sides, quantity_lots=lots)
    def place_market_by_quantity(self, **order: int) -> None:
        self.give(c.PlaceOrder(market=MARKET, order_type=1, **order))

    @rule(account=accounts, side=sides, quote_atoms=st.integers(1, 10**6))
    def place_market_by_quote(self, **order: int) -> None:
        self.give(c.PlaceOrder(market=MARKET, order_type=1, **order))

    def some_order(self, data: Any) -> OrderRow:
        return data.draw(st.sampled_from([order for a in ACCOUNTS for order in self.exchange.open_orders(a)]))

    def anybody_has_orders(self) -> bool:
        return any(self.exchange.open_orders(account) for account in ACCOUNTS)

    @precondition(anybody_has_orders)
    @rule(data=st.data(), price_ticks=prices, quantity_lots=lots)
    def amend(self, data: Any, price_ticks: int, quantity_lots: int) -> None:
        order = self.some_order(data)
        named = {"account": order.account, "market": MARKET, "order": order.order}
        self.give(c.AmendOrder(**named, price_ticks=price_ticks, quantity_lots=quantity_lots))

    @precondition(anybody_has_orders)
    @rule(data=st.data())
    def cancel_and_find_the_whole_lock_given_back(self, data: Any) -> None:
        order = self.some_order(data)
        asset, amount = lock_of(self.exchange, order)
        available, locked = self.exchange.balance(order.account, asset)
        (closed,) = self.done(c.CancelOrder(account=order.account, market=MARKET, order=order.order))
        assert isinstance(closed, OrderClosed)
        assert closed.remaining_lots == order.remaining_lots
        assert self.exchange.balance(order.account, asset) == (available + amount, locked - amount)

    @rule(account=accounts)
    def cancel_all_and_find_nothing_locked(self, account: int) -> None:
        closed = self.give(c.CancelAllOrders(account=account))
        assert all(isinstance(event, OrderClosed) for event in closed)
        assert not self.exchange.open_orders(account)
        assert all(locked == 0 for _, _, locked in self.exchange.balances(account))

    @rule(asset=assets, amount=atoms)
    def fund_rebates(self, asset: int, amount: int) -> None:
        suspense, rebates = int(HouseAccount.SUSPENSE), int(HouseAccount.REBATES)
        self.give(c.MoveHouseFunds(account=suspense, to_account=rebates, asset=asset, amount_atoms=amount))

    @rule(account=accounts, asset=assets, amount=atoms, fee=st.integers(0, 99), sent=st.booleans())
    def withdraw(self, account: int, asset: int, amount: int, fee: int, sent: bool) -> None:
        before = self.exchange.balance(account, asset)
        events = self.give(c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount, fee_atoms=fee))
        if isinstance(events[0], Rejected):
            assert self.exchange.balance(account, asset) == before
            return
        number = events[0].sequence
        self.done(c.SettleWithdrawal(withdrawal=number) if sent else c.ReturnWithdrawal(withdrawal=number))
        assert self.exchange.balance(int(HouseAccount.IN_TRANSIT), asset) == (0, 0)
        assert self.exchange.balance(account, asset) == (before[0] - (amount + fee if sent else 0), before[1])

    @rule(giver=accounts, taker=accounts, asset=assets, amount=atoms)
    def transfer(self, giver: int, taker: int, asset: int, amount: int) -> None:
        self.give(c.Transfer(account=giver, to_account=taker, asset=asset, amount_atoms=amount))

    @rule()
    def restart(self) -> None:
        before = self.exchange.state_hash()
        self.exchange = Exchange.restore(self.exchange.rows())
        assert self.exchange.state_hash() == before

    @invariant()
    def every_asset_sums_to_zero(self) -> None:
        total: Counter[int] = Counter()
        for row in self.exchange.rows()["balances"]:
            total[int(row["asset"])] += int(row["available_atoms"]) + int(row["locked_atoms"])
        assert not any(total.values()), total

    @invariant()
    def nobody_but_custody_is_below_zero(self) -> None:
        for row in self.exchange.rows()["balances"]:
            assert row["locked_atoms"] >= 0
            assert row["available_atoms"] >= 0 or row["account"] == HouseAccount.CUSTODY
            assert row["locked_atoms"] == 0 or row["account"] >= FIRST_USER_ACCOUNT

    @invariant()
    def what_is_locked_is_what_open_orders_lock(self) -> None:
        wanted: Counter[tuple[int, int]] = Counter()
        for account in ACCOUNTS:
            for order in self.exchange.open_orders(account):
                asset, amount = lock_of(self.exchange, order)
                wanted[account, asset] += amount
        rows = self.exchange.rows()["balances"]
        found = {(int(row["account"]), int(row["asset"])): int(row["locked_atoms"]) for row in rows}
        assert wanted == Counter({key: locked for key, locked in found.items() if locked})

    @invariant()
    def depth_is_the_sum_of_open_orders(self) -> None:
        if not self.exchange.markets_listed:
            return
        standing: Counter[tuple[int, int]] = Counter()
        for account in ACCOUNTS:
            for order in self.exchange.open_orders(account):
                standing[order.side, order.price_ticks] += order.remaining_lots
        bids, asks = self.exchange.depth(MARKET, 1_000)
        shown = {(int(Side.BID), price): amount for price, amount in bids}
        shown |= {(int(Side.ASK), price): amount for price, amount in asks}
        assert standing == Counter(shown)
        assert not bids or not asks or bids[0][0] < asks[0][0]


def lock_of(exchange: Exchange, order: OrderRow) -> tuple[int, int]:
    """Return (asset, atoms) that an open order locks."""
    market: MarketRow | None = exchange.market(order.market)
    assert market
    if order.side == Side.BID:
        return market.quote_asset, order.price_ticks * order.remaining_lots * market.quote_factor
    return market.base_asset, order.remaining_lots * market.lot_atoms


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
