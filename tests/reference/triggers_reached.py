"""What the triggers of a flow do, told by kind, so that a test can count that all of it happens."""

from collections.abc import Iterable, Iterator
from typing import Any

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import TAKE_PROFIT, MarketKind, TriggerEnd
from ringfence.schema.layout import tag_of
from ringfence.schema.rejects import Reject

from .flow import Flow
from .records import READERS, read_header
from .state import Trigger

LATE_COMMANDS = 8
NAMES = {tag_of(kind): kind.__name__ for kind in c.COMMANDS}


class TriggersReached:
    """Compares the triggers of a flow before and after each command."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.due_since: dict[int, int] = {}
        self.armed: set[int] = set()
        self.fired_just_now = False

    def kinds_of(self, record: bytes, events: list[Any]) -> Iterator[object]:
        """Yield what a command has done to triggers, or by them."""
        kind = NAMES.get(read_header(record).kind, "none")
        for event in events:
            yield from kinds_of_event(self.flow, event, events)
        if kind == "FireTrigger":
            yield from self.fired(events)
        self.fired_just_now = kind == "FireTrigger" and any(isinstance(event, v.TriggerFired) for event in events)
        if kind == "CancelAllOrders" and any(isinstance(event, v.TriggerClosed) for event in events):
            rules = self.flow.state.rules
            yield "cancels", READERS[rules][read_header(record).kind].read(record).cancels
        yield from self.grown(kind, events)
        yield from self.became_due(kind)

    def fired(self, events: list[Any]) -> Iterator[object]:
        told = [event.trigger for event in events if isinstance(event, v.TriggerFired)]
        yield "fires", bool(told)
        if told and self.fired_just_now:
            yield "fires in a row"
        if told and self.flow.state.sequence - self.due_since[told[0]] > LATE_COMMANDS:
            yield "fires late"

    def grown(self, kind: str, events: list[Any]) -> Iterator[object]:
        """Yield what fills have done to what is attached, as makers or in an amendment."""
        for event in events:
            if isinstance(event, v.Trade):
                for order, as_what in ((event.maker_order, "maker"), (event.taker_order, "taker")):
                    for row in attached(self.rows(), order):
                        yield "grows", as_what, kind == "AmendOrder", row.trigger in self.armed
        self.armed = {row.trigger for row in self.rows() if row.armed}

    def became_due(self, kind: str) -> Iterator[object]:
        now = [row for row in self.rows() if row.due]
        new = [row for row in now if row.trigger not in self.due_since]
        for row in new:
            yield "due", kind, row.trigger_by
        if len(new) > 1:
            yield "due together", kind
        if len({row.trigger_ticks for row in new}) < len(new):
            yield "due together at one price"
        since = self.flow.state.sequence
        self.due_since = {row.trigger: self.due_since.get(row.trigger, since) for row in now}

    def rows(self) -> Iterable[Trigger]:
        return self.flow.state.triggers.values()


def attached(rows: Iterable[Trigger], order: int) -> list[Trigger]:
    return [row for row in rows if row.parent == order]


def kinds_of_event(flow: Flow, event: Any, events: list[Any]) -> Iterator[object]:
    match event:
        case v.TriggerPlaced():
            yield from kinds_of_placed(flow, event, events[0])
        case v.TriggerClosed(reason=TriggerEnd.FAILED):
            yield "failed", Reject(event.reject).name
        case v.TriggerClosed(reason=TriggerEnd.SIBLING):
            unfilled = any(isinstance(told, v.OrderClosed) and not told.executed_lots for told in events)
            yield "sibling ends", event.trigger < event.parent + 2 * TAKE_PROFIT, unfilled
        case v.TriggerClosed(reason=TriggerEnd.PARENT):
            yield "parent ends", type(events[0]).__name__
        case v.TriggerFired():
            perpetual = flow.state.markets[event.market].market_kind
            yield "fired on", MarketKind(perpetual).name, event.price_ticks > 0, event.quantity_lots > 0
        case _:
            pass


def kinds_of_placed(flow: Flow, event: v.TriggerPlaced, first: Any) -> Iterator[object]:
    kind, whose = MarketKind(flow.state.markets[event.market].market_kind).name, "attached" if event.parent else "own"
    yield "waits", whose, kind, event.trigger_by
    yield "waits to", whose, event.side, event.direction
    yield "order", whose, event.order_type, event.time_in_force
    yield "slips", event.slippage_kind
    if event.post_only:
        yield "posts"
    if event.quantity_percent:
        yield "percent", kind
    if isinstance(first, v.OrderAccepted):
        yield "attached to", first.order_type, first.side, event.quantity_lots > 0
