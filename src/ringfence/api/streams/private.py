"""What an account is told: each event of its orders in turn, and its balances after each batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from ringfence.schema.enums import CloseReason, Side, TriggerEnd
from ringfence.schema.events import (
    CollateralConverted,
    Deleveraged,
    EstateClosed,
    Event,
    FundsMoved,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    SliceOrdered,
    Trade,
    TriggerClosed,
    TriggerFired,
    TriggerPlaced,
)
from ringfence.schema.tables import TriggerRow
from ringfence.views.catalog import Catalog
from ringfence.views.orders import EXPIRY_REASON_NAMES, TRIGGER_EXPIRIES, Fill, OrderOrigin, OrderStatus, fills_of
from ringfence.views.triggers import Conditions, attached_numbers, failure_name, placed_trigger

from ..state import AccountState
from ..tracker import OrderTracker, TrackedOrder
from ..wire.stream import BalanceData
from .hub import Hub
from .order_messages import closing_data, order_data, trigger_data

ORDER_STREAM = "account.orderUpdate"
BALANCE_STREAM = "account.balanceUpdate"

Balances: TypeAlias = dict[int, tuple[int, int]]
"""Available and locked atoms by asset."""


class PrivateStreams:
    """Follows the accounts that somebody listens to, and keeps ``conditions`` for everybody, event by event."""

    def __init__(
        self, hub: Hub, catalog: Catalog, state: AccountState, conditions: Conditions, clock_us: Callable[[], int]
    ) -> None:
        self._hub, self._catalog, self._state, self._clock_us = hub, catalog, state, clock_us
        self._conditions = conditions
        self._trackers: dict[int, OrderTracker] = {}
        self._triggers: dict[int, dict[int, TriggerRow]] = {}
        """What waits of each followed account."""
        self._fired: dict[int, TriggerRow] = {}
        """What has fired in this batch."""
        self._coming: dict[int, TriggerRow] = {}
        """What will be attached in this batch: an order is told of before its take-profit and stop-loss are placed."""
        self._origins: dict[int, OrderOrigin] = {}
        """The orders that the venue places in this batch; none of them outlives its command."""
        self._order_listeners: Counter[int] = Counter()
        self._balance_listeners: Counter[int] = Counter()
        self._balances: dict[int, Balances] = {}
        """What accounts held, whose balances somebody listens to, by asset: a settlement tells nobody whom it paid."""

    def begin(self, account: int, stream: str) -> None:
        """Follow an account for one more listener of a private stream."""
        if stream.startswith(ORDER_STREAM):
            self._order_listeners[account] += 1
            if account not in self._trackers:
                rows = self._state.open_orders(account)
                self._trackers[account] = OrderTracker(
                    account, rows, self._conditions, follows_new=True, keeps_closed=False
                )
                self._triggers[account] = {row.trigger: row for row in self._state.triggers(account)}
        elif stream == BALANCE_STREAM:
            self._balance_listeners[account] += 1
            self._balances.setdefault(account, self._held(account))

    def end(self, account: int, stream: str) -> None:
        """Follow an account for one listener less."""
        if stream.startswith(ORDER_STREAM):
            self._order_listeners[account] -= 1
            if not self._order_listeners[account]:
                del self._order_listeners[account], self._trackers[account], self._triggers[account]
        elif stream == BALANCE_STREAM:
            self._balance_listeners[account] -= 1
            if not self._balance_listeners[account]:
                del self._balance_listeners[account], self._balances[account]

    def publish(self, events: Sequence[Event], *, has_settled: bool) -> None:
        """Publish the events of one batch, in their order; with ``has_settled`` perpetuals may have moved money too."""
        self._publish_orders(events)
        if self._balance_listeners:
            touched: dict[tuple[int, int], int] = {}
            for event in events:
                self._touch(event, touched)
            if has_settled:
                self._touch_settled(touched)
            for (account, asset), time_us in touched.items():
                self._publish_balance(account, asset, time_us)

    def _publish_orders(self, events: Sequence[Event]) -> None:
        if not self._trackers:
            for event in events:
                self._conditions.apply(event)
        else:
            finishing, self._coming = _finishing_trades(events), _attached(events)
            for event in events:
                self._conditions.apply(event)
                self._publish_order_event(event, (event.sequence, event.index) in finishing)
            self._fired.clear()
            self._origins.clear()
        self._conditions.forget_ended()

    def _publish_order_event(self, event: Event, finishes_taker: bool) -> None:
        if isinstance(event, Trade):
            taker, maker = fills_of(event)
            self._publish_fill(event, taker, finishes_taker)
            self._publish_fill(event, maker, False)
        elif isinstance(event, (CollateralConverted, SliceOrdered)):
            is_slice = isinstance(event, SliceOrdered)
            self._origins[event.order] = OrderOrigin.LIQUIDATION if is_slice else OrderOrigin.COLLATERAL_CONVERSION
        elif isinstance(event, (EstateClosed, Deleveraged)):
            self._publish_closing(event)
        elif isinstance(event, OrderAccepted):
            self._publish_accepted(event)
        elif isinstance(event, (TriggerPlaced, TriggerFired, TriggerClosed)):
            self._publish_trigger(event)
        elif isinstance(event, (OrderAmended, OrderClosed)):
            tracker = self._trackers.get(event.account)
            tracked = tracker.orders.get(event.order) if tracker else None
            if tracker is not None and tracked is not None:
                self._publish_change(event, tracker, tracked)

    def _publish_accepted(self, event: OrderAccepted) -> None:
        tracker = self._trackers.get(event.account)
        tracked = tracker.accept(event) if tracker is not None else None
        if tracked is not None:
            tracked.origin = self._origins.get(event.order, OrderOrigin.USER)
            self._say("orderAccepted", event, tracked, OrderStatus.NEW)

    def _publish_closing(self, event: EstateClosed | Deleveraged) -> None:
        """Tell of lots that a deleveraging closed."""
        if event.account in self._trackers:
            market = self._catalog.market_by_number[event.market]
            data = closing_data(event, market, self._clock_us())
            for stream in (ORDER_STREAM, f"{ORDER_STREAM}.{market.symbol}"):
                self._hub.publish(stream, data, event.account)

    def _publish_trigger(self, event: TriggerPlaced | TriggerFired | TriggerClosed) -> None:
        """Tell of a trigger that was placed or ended; of one that fired, its order tells."""
        triggers = self._triggers.get(event.account)
        if triggers is None:
            return
        if isinstance(event, TriggerPlaced):
            triggers[event.trigger] = placed_trigger(event)
            self._say_trigger("triggerPlaced", event, triggers[event.trigger], OrderStatus.TRIGGER_PENDING)
            return
        self._coming.pop(event.trigger, None)
        row = triggers.pop(event.trigger, None) or self._fired.get(event.trigger)
        if row is None:
            return
        if isinstance(event, TriggerFired):
            self._fired[event.trigger] = msgspec.structs.replace(row, quantity_lots=event.quantity_lots)
        elif event.reason == TriggerEnd.FAILED:
            is_perpetual = self._catalog.market_by_number[row.market].is_perpetual
            reason = failure_name(event.reject, row.quantity_lots, is_perpetual=is_perpetual)
            self._say_trigger("triggerFailed", event, row, OrderStatus.TRIGGER_FAILED, reason)
        elif event.reason in TRIGGER_EXPIRIES:
            reason = EXPIRY_REASON_NAMES[TRIGGER_EXPIRIES[TriggerEnd(event.reason)]]
            self._say_trigger("orderExpired", event, row, OrderStatus.EXPIRED, reason)
        else:
            self._say_trigger("orderCancelled", event, row, OrderStatus.CANCELLED)

    def _say_trigger(
        self, name: str, event: Event, row: TriggerRow, status: OrderStatus, reason: str | None = None
    ) -> None:
        market = self._catalog.market_by_number[row.market]
        condition = self._conditions.get(row.trigger)
        data = trigger_data(name, event, row, condition, status, market, self._clock_us(), reason)
        for stream in (ORDER_STREAM, f"{ORDER_STREAM}.{market.symbol}"):
            self._hub.publish(stream, data, row.account)

    def _publish_change(self, event: OrderAmended | OrderClosed, tracker: OrderTracker, tracked: TrackedOrder) -> None:
        if isinstance(event, OrderAmended):
            if event.price_ticks == tracked.price_ticks and event.quantity_lots == tracked.quantity_lots:
                return  # an auction matches it again as it is, and only its fills are news
            tracked.amend(event)
            status = OrderStatus.PARTIALLY_FILLED if tracked.executed_lots else OrderStatus.NEW
            self._say("orderModified", event, tracked, status)
            return
        tracked.close(event)
        tracker.forget(event.order)
        self._say_closed(event, tracked)

    def _publish_fill(self, trade: Trade, fill: Fill, finishes: bool) -> None:
        tracker = self._trackers.get(fill.account)
        tracked = tracker.orders.get(fill.order) if tracker else None
        if tracker is None or tracked is None:
            return
        tracked.fill(trade)
        status = OrderStatus.PARTIALLY_FILLED
        if finishes or tracked.is_filled:
            status = OrderStatus.FILLED
            tracker.forget(fill.order)
        self._say("orderFill", trade, tracked, status, fill=fill)

    def _say_closed(self, event: OrderClosed, tracked: TrackedOrder) -> None:
        reason = EXPIRY_REASON_NAMES[CloseReason(event.reason)]
        if reason is None:
            self._say("orderCancelled", event, tracked, OrderStatus.CANCELLED)
        else:
            self._say("orderExpired", event, tracked, OrderStatus.EXPIRED, reason=reason)

    def _say(
        self,
        name: str,
        event: Event,
        tracked: TrackedOrder | None,
        status: OrderStatus,
        fill: Fill | None = None,
        reason: str | None = None,
    ) -> None:
        if tracked is None:
            return
        market = self._catalog.market_by_number[tracked.market]
        attached = self._attached_to(tracked)
        data = order_data(name, event, tracked, attached, status, market, self._clock_us(), fill, reason)
        for stream in (ORDER_STREAM, f"{ORDER_STREAM}.{market.symbol}"):
            self._hub.publish(stream, data, tracked.account)

    def _attached_to(self, tracked: TrackedOrder) -> list[TriggerRow | None]:
        """Return what waits to close an order: its take-profit and its stop-loss."""
        triggers = self._triggers[tracked.account]
        return [triggers.get(number) or self._coming.get(number) for number in attached_numbers(tracked.order)]

    def _touch(self, event: Event, touched: dict[tuple[int, int], int]) -> None:
        """Note which balances of followed accounts an event may have changed."""
        if isinstance(event, FundsMoved):
            accounts, assets = (event.account, event.to_account), (event.asset,)
        elif isinstance(event, LoanMoved):
            accounts, assets = (event.account,), (event.asset,)
        elif isinstance(event, Trade):
            market = self._catalog.market_by_number[event.market]
            accounts, assets = (event.account, event.maker_account), (market.base.number, market.quote.number)
        elif isinstance(event, (OrderAccepted, OrderAmended, OrderClosed)):
            market = self._catalog.market_by_number[event.market]
            sold = market.base if event.side == Side.ASK else market.quote
            accounts, assets = (event.account,), (sold.number,)
        else:
            return
        for account in accounts:
            if account in self._balance_listeners:
                touched.update({(account, asset): event.time_us for asset in assets})

    def _touch_settled(self, touched: dict[tuple[int, int], int]) -> None:
        """Note what a settlement has moved of followed accounts, which no event says."""
        for account, before in self._balances.items():
            now = self._held(account)
            changed = {asset for asset in before.keys() | now.keys() if before.get(asset) != now.get(asset)}
            touched.update({(account, asset): self._state.time_us for asset in sorted(changed)})

    def _held(self, account: int) -> Balances:
        return {asset: (available, locked) for asset, available, locked in self._state.balances(account)}

    def _publish_balance(self, account: int, asset: int, time_us: int) -> None:
        info = self._catalog.asset_by_number[asset]
        available, locked = self._balances[account][asset] = self._state.balance(account, asset)
        data = BalanceData(
            event_us=self._clock_us(),
            asset=info.symbol,
            available=info.padded(available),
            locked=info.padded(locked),
            engine_us=time_us,
        )
        self._hub.publish(BALANCE_STREAM, data, account)


def _finishing_trades(events: Iterable[Event]) -> set[tuple[int, int]]:
    """Return (sequence, index) of the last trade of every order sized by quote that was not closed.

    Such an order is filled when it ends without a closing event; no single trade tells it.
    """
    last: dict[int, tuple[int, int]] = {}
    by_quote: set[int] = set()
    for event in events:
        if isinstance(event, OrderAccepted) and event.quote_atoms:
            by_quote.add(event.order)
        elif isinstance(event, Trade) and event.taker_order in by_quote:
            last[event.taker_order] = (event.sequence, event.index)
        elif isinstance(event, OrderClosed):
            last.pop(event.order, None)
    return set(last.values())


def _attached(events: Iterable[Event]) -> dict[int, TriggerRow]:
    """Return what is attached to orders by some events."""
    return {
        event.trigger: placed_trigger(event) for event in events if isinstance(event, TriggerPlaced) and event.parent
    }
