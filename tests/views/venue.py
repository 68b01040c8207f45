"""A small venue on the real core, for tests of what stands on events."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import numpy as np

from ringfence.core import Exchange
from ringfence.schema.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Clock,
    Command,
    Deposit,
    FireTrigger,
    ListAsset,
    ListMarket,
    MoveHouseFunds,
    OpenUser,
    PlaceOrder,
    PlaceTrigger,
    RequestWithdrawal,
    ReturnWithdrawal,
    SetFeeTier,
    SettleWithdrawal,
)
from ringfence.schema.enums import (
    AssetKind,
    Cancels,
    HouseAccount,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from ringfence.schema.events import Event
from ringfence.schema.layout import RECORD, RECORD_BYTES, decode_event, encode

START_US = 1_764_288_000_000_000  # 2025-11-28, a Friday, close to the end of a week and of a month
SOL, USDC, SHARE = 1, 2, 3
SOL_USDC, SHARE_USDC = 1, 2
ALICE, BOB, CAROL = 64, 66, 68
USERS = (ALICE, BOB, CAROL)
FUNDS_ATOMS = 10**15


class Venue:
    """An exchange with a clock of its own: every command takes a microsecond unless told otherwise."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.time_us = START_US

    @property
    def sequence(self) -> int:
        return self.exchange.sequence

    def do(self, *commands: Command, advance_us: int = 1) -> list[Event]:
        """Apply commands as one batch and return all their events."""
        records: list[bytes] = []
        for place, command in enumerate(commands, 1):
            self.time_us += advance_us
            sequence = self.exchange.sequence + place
            records.append(encode(msgspec.structs.replace(command, sequence=sequence, time_us=self.time_us)))
        data = self.exchange.apply(np.frombuffer(b"".join(records), RECORD)).tobytes()
        return [decode_event(data[at : at + RECORD_BYTES]) for at in range(0, len(data), RECORD_BYTES)]


def listing_commands() -> list[Command]:
    """Return what lists three assets and two markets and opens three funded users, with a maker rebate for one tier."""
    funds: list[Command] = []
    for user in USERS:
        for asset in (SOL, USDC, SHARE):
            funds.append(Deposit(account=user, asset=asset, source=1, number=len(funds) + 1, amount_atoms=FUNDS_ATOMS))
    suspense = Deposit(account=HouseAccount.SUSPENSE, asset=USDC, source=2, number=1, amount_atoms=5 * 10**6)
    rebates = MoveHouseFunds(account=HouseAccount.SUSPENSE, to_account=HouseAccount.REBATES, asset=USDC,
                             amount_atoms=5 * 10**6)  # fmt: skip
    return [
        ListAsset(symbol="SOL", name="Solana", asset_kind=AssetKind.CRYPTO, decimals=9),
        ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6),
        ListAsset(symbol="GLXY.US", name="Galaxy", cusip="36317J209", asset_kind=AssetKind.SHARE, decimals=6),
        ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=10_000, lot_atoms=1_000_000),
        ListMarket(base_asset=SHARE, quote_asset=USDC, tick_atoms=50_000, lot_atoms=100_000),
        SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=200, taker_ppm=1_000),
        SetFeeTier(fee_schedule=0, fee_tier=1, maker_ppm=-100, taker_ppm=800),
        OpenUser(),
        OpenUser(fee_tier=1),
        OpenUser(),
        *funds,
        suspense,
        rebates,
    ]


def limit(account: int, side: Side, price_ticks: int, quantity_lots: int, **more: int) -> PlaceOrder:
    """Return a limit order in SOL_USDC unless ``market`` says otherwise."""
    fields = {"market": SOL_USDC} | more
    return PlaceOrder(account=account, side=side, price_ticks=price_ticks, quantity_lots=quantity_lots, **fields)


class RandomFlow:
    """Commands that mostly do something: orders of all kinds around one price, triggers, cancellations, money."""

    def __init__(self, venue: Venue, seed: int) -> None:
        self.venue, self.random = venue, Random(seed)

    def batch(self, count: int) -> list[Event]:
        """Apply one batch of random commands and return its events."""
        advance_us = self.random.choice([1, 1_000, 300_000, 7_000_000])
        return self.venue.do(*(self._command() for _ in range(count)), advance_us=advance_us)

    def _command(self) -> Command:
        choice = self.random.random()
        account = self.random.choice(USERS)
        if choice < 0.50:
            return self._order(account)
        if choice < 0.55:
            return self._trigger(account)
        if choice < 0.60:
            return FireTrigger()
        if choice < 0.75:
            return self._on_open_order(account)
        if choice < 0.80:
            cancels = self.random.choice(list(Cancels))
            return CancelAllOrders(account=account, market=self.random.choice([0, SOL_USDC]), cancels=cancels)
        if choice < 0.90:
            return Clock()
        return self._withdrawal(account)

    def _order(self, account: int) -> Command:
        pick = self.random.choice
        market, side = pick([SOL_USDC, SOL_USDC, SHARE_USDC]), pick(list(Side))
        prevention = pick(list(SelfTradePrevention))
        if self.random.random() < 0.2:
            sized = {"quote_atoms": self.random.randint(1, 10**9)} if pick([0, 1]) else {"quantity_lots": 700}
            return PlaceOrder(account=account, market=market, side=side, order_type=OrderType.MARKET, **sized)
        return limit(
            account, side, 1_000 + self.random.randint(-6, 6), self.random.randint(1, 500), market=market,
            time_in_force=pick([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, *TimeInForce]),
            self_trade_prevention=prevention, client_id=pick([-1, 7]), **self._attached(side),
        )  # fmt: skip

    def _attached(self, side: Side) -> dict[str, int]:
        """Return a take-profit and a stop-loss now and then, on their sides of any price of the flow."""
        away = 7 if side == Side.BID else -7
        fields = {"take_profit_ticks": 1_000 + away, "stop_loss_ticks": 1_000 - away}
        fields["take_profit_price_ticks"] = self.random.choice([0, 1_000 + away])
        return fields if self.random.random() < 0.2 else {}

    def _trigger(self, account: int) -> Command:
        pick = self.random.choice
        market, kind = pick([SOL_USDC, SHARE_USDC]), pick(list(OrderType))
        side = pick(list(Side))
        size = (
            {"quantity_percent": 1}
            if side == Side.ASK and pick([0, 0, 1])
            else {"quantity_lots": pick([1, 300, 10**10])}
        )
        return PlaceTrigger(
            account=account, market=market, side=side, order_type=kind, client_id=pick([-1, 7]),
            price_ticks=pick([990, 1_000, 1_010]) if kind == OrderType.LIMIT else 0,
            trigger_ticks=1_000 + self.random.randint(-6, 6), **size,
        )  # fmt: skip

    def _on_open_order(self, account: int) -> Command:
        # The book changes within a batch, so some of these come too late: that is part of the flow.
        triggers = self.venue.exchange.triggers(account)
        if triggers and self.random.random() < 0.2:
            row = self.random.choice(triggers)
            return CancelOrder(account=account, market=row.market, order=row.trigger)
        found = self.venue.exchange.open_orders(account)
        if not found:
            return CancelOrder(account=account, market=SOL_USDC, order=999_999)
        order = self.random.choice(found)
        if self.random.random() < 0.4:
            return CancelOrder(account=account, market=order.market, order=order.order)
        price = order.price_ticks + self.random.choice([0, 0, 1, -1, 5])
        quantity = max(1, order.quantity_lots + self.random.randint(-40, 40))
        return AmendOrder(account=account, market=order.market, order=order.order, price_ticks=price,
                          quantity_lots=quantity)  # fmt: skip

    def _withdrawal(self, account: int) -> Command:
        pending = self.venue.exchange.rows()["withdrawals"]["withdrawal"].tolist()
        if pending and self.random.random() < 0.6:
            kind = self.random.choice([SettleWithdrawal, ReturnWithdrawal])
            return kind(withdrawal=self.random.choice(pending))
        return RequestWithdrawal(account=account, asset=USDC, amount_atoms=self.random.randint(1, 10**6), fee_atoms=500)


def listed_venue() -> tuple[Venue, list[Event]]:
    """Return a funded venue and the events that made it."""
    venue = Venue()
    return venue, venue.do(*listing_commands())


def events_of(events: Sequence[Event], sequence: int) -> list[Event]:
    """Return the events of one command."""
    return [event for event in events if event.sequence == sequence]
