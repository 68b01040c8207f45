"""What an account is told: each event of its orders in turn, and its balances after each batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ringfence.schema.enums import CloseReason, OrderType, Side, TriggerEnd
from ringfence.schema.events import (
    Event,
    FundsMoved,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    Trade,
    TriggerClosed,
    TriggerFired,
    TriggerPlaced,
)
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import TriggerRow
from ringfence.views.catalog import Catalog, MarketInfo
from ringfence.views.orders import EXPIRY_REASON_NAMES, Fill, OrderStatus, fills_of

from ..names import ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE
from ..state import AccountState
from ..tracker import OrderTracker, TrackedOrder
from ..trigger_entry import TRIGGERED_BY_NAMES
from ..trigger_replies import placed_trigger, trigger_quantity
from ..wire.common import OrderExpiryReason
from ..wire.stream import UNSET, BalanceData, OrderData
from .hub import Hub

ORDER_STREAM = "account.orderUpdate"
BALANCE_STREAM = "account.balanceUpdate"
FAILURE_NAMES = {
    Reject.INSUFFICIENT_FUNDS: OrderExpiryReason.INSUFFICIENT_FUNDS,
    Reject.INSUFFICIENT_MARGIN: OrderExpiryReason.INSUFFICIENT_MARGIN,
    Reject.REDUCE_ONLY_NOT_REDUCED: OrderExpiryReason.REDUCE_ONLY_NOT_REDUCED,
    Reject.PRICE_OUT_OF_BAND: OrderExpiryReason.PRICE_OUT_OF_BOUNDS,
    Reject.QUANTITY_BELOW_MINIMUM: OrderExpiryReason.INVALID_QUANTITY,
    Reject.QUANTITY_ABOVE_MAXIMUM: OrderExpiryReason.INVALID_QUANTITY,
    Reject.INSUFFICIENT_SUPPLY: OrderExpiryReason.INSUFFICIENT_BORROWABLE_QUANTITY,
    Reject.TRADING_FROZEN: OrderExpiryReason.USER_PERMISSIONS,
}
"""The wire's reason why the order of a trigger was refused; any other is unknown to it."""

Balances: TypeAlias = dict[int, tuple[int, int]]
"""Available and locked atoms by asset."""


class PrivateStreams:
    """Follows the accounts that somebody listens to."""

    def __init__(self, hub: Hub, catalog: Catalog, state: AccountState, clock_us: Callable[[], int]) -> None:
        self._hub, self._catalog, self._state, self._clock_us = hub, catalog, state, clock_us
        self._trackers: dict[int, OrderTracker] = {}
        self._triggers: dict[int, dict[int, TriggerRow]] = {}
        self._fired: dict[int, TriggerRow] = {}
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
                self._trackers[account] = OrderTracker(account, rows, follows_new=True, keeps_closed=False)
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
        if self._trackers:
            finishing = _finishing_trades(events)
            for event in events:
                self._publish_order_event(event, (event.sequence, event.index) in finishing)
            self._fired.clear()
        if self._balance_listeners:
            touched: dict[tuple[int, int], int] = {}
            for event in events:
                self._touch(event, touched)
            if has_settled:
                self._touch_settled(touched)
            for (account, asset), time_us in touched.items():
                self._publish_balance(account, asset, time_us)

    def _publish_order_event(self, event: Event, finishes_taker: bool) -> None:
        if isinstance(event, Trade):
            taker, maker = fills_of(event)
            self._publish_fill(event, taker, finishes_taker)
            self._publish_fill(event, maker, False)
        elif isinstance(event, OrderAccepted):
            tracker = self._trackers.get(event.account)
            if tracker is not None:
                self._say("orderAccepted", event, tracker.accept(event), OrderStatus.NEW)
        elif isinstance(event, (TriggerPlaced, TriggerFired, TriggerClosed)):
            self._publish_trigger(event)
        elif isinstance(event, (OrderAmended, OrderClosed)):
            tracker = self._trackers.get(event.account)
            tracked = tracker.orders.get(event.order) if tracker else None
            if tracker is not None and tracked is not None:
                self._publish_change(event, tracker, tracked)

    def _publish_trigger(self, event: TriggerPlaced | TriggerFired | TriggerClosed) -> None:
        """Tell of a trigger that was placed or ended; of one that fired, its order tells."""
        triggers = self._triggers.get(event.account)
        if triggers is None:
            return
        if isinstance(event, TriggerPlaced):
            triggers[event.trigger] = placed_trigger(event)
            self._say_trigger("triggerPlaced", event, triggers[event.trigger], OrderStatus.TRIGGER_PENDING)
        elif isinstance(event, TriggerFired):
            self._fired[event.trigger] = triggers.pop(event.trigger)
        else:
            # One whose order was refused was told to have fired in the same command.
            row = triggers.pop(event.trigger, None) or self._fired.pop(event.trigger)
            if event.reason == TriggerEnd.FAILED:
                reason = FAILURE_NAMES.get(Reject(event.reject), OrderExpiryReason.UNKNOWN)
                self._say_trigger("triggerFailed", event, row, OrderStatus.TRIGGER_FAILED, reason)
            else:
                self._say_trigger("orderCancelled", event, row, OrderStatus.CANCELLED)

    def _say_trigger(
        self, name: str, event: Event, row: TriggerRow, status: OrderStatus, reason: str | None = None
    ) -> None:
        market = self._catalog.market_by_number[row.market]
        data = trigger_data(name, event, row, status, market, self._clock_us(), reason)
        for stream in (ORDER_STREAM, f"{ORDER_STREAM}.{market.symbol}"):
            self._hub.publish(stream, data, row.account)

    def _publish_change(self, event: OrderAmended | OrderClosed, tracker: OrderTracker, tracked: TrackedOrder) -> None:
        if isinstance(event, OrderAmended):
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
        data = order_data(name, event, tracked, status, market, self._clock_us(), fill, reason)
        for stream in (ORDER_STREAM, f"{ORDER_STREAM}.{market.symbol}"):
            self._hub.publish(stream, data, tracked.account)

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


def order_data(
    name: str,
    event: Event,
    tracked: TrackedOrder,
    status: OrderStatus,
    market: MarketInfo,
    now_us: int,
    fill: Fill | None = None,
    reason: str | None = None,
) -> OrderData:
    """Return the message of one event of an order, after the order has taken it in."""
    is_limit = tracked.order_type == OrderType.LIMIT
    fee_asset = market.fee_asset(fill.side) if fill is not None else market.quote
    return OrderData(
        event=name,
        event_us=now_us,
        symbol=market.symbol,
        client_id=tracked.client_id if tracked.client_id >= 0 else UNSET,
        side=SIDES[tracked.side],
        order_type=ORDER_TYPES[tracked.order_type].upper(),
        time_in_force=TIMES_IN_FORCE[tracked.time_in_force],
        quantity=market.quantity_padded(tracked.quantity_lots or tracked.executed_lots),
        quote_quantity=_quote_quantity(tracked, market),
        price=market.price_padded(tracked.price_ticks) if is_limit else UNSET,
        status=status,
        expiry_reason=reason or UNSET,
        order=str(tracked.order),
        trade=fill.trade if fill else None,
        fill_quantity=market.quantity_padded(fill.quantity_lots) if fill else UNSET,
        fill_price=market.price_padded(fill.price_ticks) if fill else UNSET,
        is_maker=fill.is_maker if fill else UNSET,
        fee=fee_asset.padded(fill.fee_atoms) if fill else UNSET,
        fee_symbol=fee_asset.symbol if fill else UNSET,
        executed_quantity=market.quantity_padded(tracked.executed_lots),
        executed_quote_quantity=market.quote_padded(tracked.executed_quote_atoms),
        self_trade_prevention=SELF_TRADE_PREVENTIONS[tracked.self_trade_prevention],
        engine_us=event.time_us,
        post_only=bool(tracked.post_only) if is_limit else UNSET,
        reduce_only=bool(tracked.reduce_only),
    )


def trigger_data(
    name: str,
    event: Event,
    row: TriggerRow,
    status: OrderStatus,
    market: MarketInfo,
    now_us: int,
    reason: str | None = None,
) -> OrderData:
    """Return the message of a conditional order, which has no quantity before it fires."""
    is_limit = row.order_type == OrderType.LIMIT
    return OrderData(
        event=name,
        event_us=now_us,
        symbol=market.symbol,
        client_id=row.client_id if row.client_id >= 0 else UNSET,
        side=SIDES[row.side],
        order_type=ORDER_TYPES[row.order_type].upper(),
        time_in_force=TIMES_IN_FORCE[row.time_in_force],
        quantity="0",
        quote_quantity="0",
        price=market.price_padded(row.price_ticks) if is_limit else UNSET,
        trigger_price=market.price_padded(row.trigger_ticks),
        trigger_by=TRIGGERED_BY_NAMES[row.trigger_by],
        trigger_quantity=trigger_quantity(row, market),
        related_order=str(row.parent) if row.parent else UNSET,
        status=status,
        expiry_reason=reason or UNSET,
        order=str(row.trigger),
        executed_quantity="0",
        executed_quote_quantity="0",
        self_trade_prevention=SELF_TRADE_PREVENTIONS[row.self_trade_prevention],
        engine_us=event.time_us,
        post_only=bool(row.post_only) if is_limit else UNSET,
        reduce_only=bool(row.reduce_only),
    )


def _quote_quantity(tracked: TrackedOrder, market: MarketInfo) -> str:
    """Return what the order is worth in quote: at its limit price, or what it was sized by, or what it executed."""
    if tracked.price_ticks:
        atoms = min(tracked.price_ticks * tracked.quantity_lots * market.row.quote_factor, MAX_ATOMS)
    else:
        atoms = tracked.quote_atoms or tracked.executed_quote_atoms
    return market.quote_padded(atoms)
