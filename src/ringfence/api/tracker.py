"""Orders followed event by event, for those who must say of an order what its last event alone does not tell."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

import msgspec

from ringfence.schema.enums import OrderType
from ringfence.schema.events import Event, OrderAccepted, OrderAmended, OrderClosed, Trade
from ringfence.schema.tables import OrderRow
from ringfence.views.orders import OrderOrigin
from ringfence.views.triggers import Condition, Conditions


class TrackedOrder(msgspec.Struct):
    """An order as it stands after the last event that was followed; units as in ``OrderRow``."""

    order: int
    account: int
    market: int
    client_id: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    self_trade_prevention: int
    created_us: int
    price_ticks: int
    quantity_lots: int
    quote_atoms: int = 0
    reduce_only: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    condition: Condition | None = None
    """What it waited for before it was placed, as far as that is known."""
    origin: OrderOrigin = OrderOrigin.USER

    @classmethod
    def from_row(cls, row: OrderRow, condition: Condition | None = None) -> "TrackedOrder":
        """Return an open order; only limit orders are ever open."""
        shared = {name: getattr(row, name) for name in cls.__struct_fields__ if hasattr(row, name)}
        executed_lots = row.quantity_lots - row.remaining_lots
        return cls(**shared, order_type=OrderType.LIMIT, executed_lots=executed_lots, condition=condition)

    @classmethod
    def from_event(cls, event: OrderAccepted) -> "TrackedOrder":
        """Return an order that was just accepted, before its fills."""
        shared = {name: getattr(event, name) for name in cls.__struct_fields__ if hasattr(event, name)}
        return cls(**shared, created_us=event.time_us)

    @property
    def is_filled(self) -> bool:
        """Tell whether nothing is left to fill; an order sized by quote never says so by itself."""
        return 0 < self.quantity_lots <= self.executed_lots

    def fill(self, trade: Trade) -> None:
        """Count a trade of this order."""
        self.executed_lots += trade.quantity_lots
        self.executed_quote_atoms += trade.quote_atoms

    def amend(self, event: OrderAmended) -> None:
        """Take the new price and whole quantity."""
        self.price_ticks, self.quantity_lots = event.price_ticks, event.quantity_lots

    def close(self, event: OrderClosed) -> None:
        """Take what was executed in all."""
        self.executed_lots, self.executed_quote_atoms = event.executed_lots, event.executed_quote_atoms


class OrderTracker:
    """The orders of one account: those it began with and, when ``follows_new``, those accepted since.

    With ``keeps_closed`` an order stays in ``orders`` after its end. ``conditions`` know what orders waited for.
    """

    def __init__(
        self, account: int, rows: Iterable[OrderRow], conditions: Conditions, *, follows_new: bool, keeps_closed: bool
    ) -> None:
        self.account, self.follows_new, self.keeps_closed = account, follows_new, keeps_closed
        self._conditions = conditions
        self.orders: dict[int, TrackedOrder] = {
            row.order: TrackedOrder.from_row(row, conditions.get(row.order)) for row in rows
        }

    def accept(self, event: OrderAccepted) -> TrackedOrder | None:
        """Follow a new order."""
        if not self.follows_new:
            return None
        tracked = self.orders[event.order] = TrackedOrder.from_event(event)
        tracked.condition = self._conditions.get(event.order)
        return tracked

    def forget(self, order: int) -> None:
        """Let go of an order that ended."""
        if not self.keeps_closed:
            self.orders.pop(order, None)


class Trackers:
    """The trackers that somebody needs now, by account."""

    def __init__(self) -> None:
        self._by_account: dict[int, list[OrderTracker]] = {}

    def add(self, tracker: OrderTracker) -> None:
        """Begin to follow."""
        self._by_account.setdefault(tracker.account, []).append(tracker)

    def remove(self, tracker: OrderTracker) -> None:
        """End to follow."""
        trackers = self._by_account[tracker.account]
        trackers.remove(tracker)
        if not trackers:
            del self._by_account[tracker.account]

    @contextmanager
    def following(self, tracker: OrderTracker) -> Generator[OrderTracker]:
        """Follow while a block runs."""
        self.add(tracker)
        try:
            yield tracker
        finally:
            self.remove(tracker)

    def apply(self, event: Event) -> None:
        """Bring every tracker that an event concerns up to date.

        Only those that keep closed orders are served here; a stream applies events itself, one message after another.
        """
        if not self._by_account:
            return
        if isinstance(event, Trade):
            for account, order in ((event.account, event.taker_order), (event.maker_account, event.maker_order)):
                for tracked in self._found(account, order):
                    tracked.fill(event)
        elif isinstance(event, OrderAccepted):
            for tracker in self._by_account.get(event.account, ()):
                tracker.accept(event)
        elif isinstance(event, OrderAmended):
            for tracked in self._found(event.account, event.order):
                tracked.amend(event)
        elif isinstance(event, OrderClosed):
            for tracked in self._found(event.account, event.order):
                tracked.close(event)

    def _found(self, account: int, order: int) -> list[TrackedOrder]:
        trackers = self._by_account.get(account, ())
        return [tracked for tracker in trackers if (tracked := tracker.orders.get(order)) is not None]
