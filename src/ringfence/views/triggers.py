"""Conditional orders as others speak of them: what an order waits for, and why one was refused when its price came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ringfence.schema.enums import STOP_LOSS, TAKE_PROFIT
from ringfence.schema.events import (
    Event,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    Trade,
    TriggerClosed,
    TriggerFired,
    TriggerPlaced,
)
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import TriggerRow

UNKNOWN_FAILURE = "Unknown"
FAILURE_NAMES: dict[Reject, str] = {
    Reject.TRADING_FROZEN: "AccountTradingSuspended",
    Reject.NOT_ELIGIBLE_TO_BUY: "UserPermissions",
    Reject.NOT_ELIGIBLE_TO_SELL: "UserPermissions",
    Reject.MARKET_POST_ONLY: "PostOnlyMode",
    Reject.PRICE_BELOW_MINIMUM: "InvalidPrice",
    Reject.PRICE_ABOVE_MAXIMUM: "InvalidPrice",
    Reject.PRICE_OUT_OF_BAND: "PriceOutOfBounds",
    Reject.QUANTITY_BELOW_MINIMUM: "InvalidQuantity",
    Reject.QUANTITY_ABOVE_MAXIMUM: "InvalidQuantity",
    Reject.VALUE_TOO_LARGE: "InvalidQuantity",
    Reject.WOULD_TAKE: "PostOnlyTaker",
    Reject.INSUFFICIENT_FUNDS: "InsufficientFunds",
    Reject.INSUFFICIENT_MARGIN: "InsufficientMargin",
    Reject.INSUFFICIENT_SUPPLY: "InsufficientBorrowableQuantity",
    Reject.BORROW_REQUIRES_LEND_REDEEM: "BorrowRequiresLendRedeem",
    Reject.REDUCE_ONLY_NOT_REDUCED: "ReduceOnlyNotReduced",
    Reject.POSITION_LIMIT: "PositionLimit",
    Reject.OPEN_INTEREST_LIMIT: "PositionLimit",
}
"""The wire's OrderExpiryReason of a refusal; any other is unknown to it."""


def failure_name(reject: int, quantity_lots: int, *, is_perpetual: bool) -> str:
    """Return the wire's reason why the order of a trigger was refused, which was to have so many lots."""
    refusal = Reject(reject)
    if refusal is Reject.QUANTITY_BELOW_MINIMUM and quantity_lots == 0:
        # It was to order a part of what there is, and there is nothing.
        return "StopWithoutPosition" if is_perpetual else "InsufficientFunds"
    return FAILURE_NAMES.get(refusal, UNKNOWN_FAILURE)


class Condition(msgspec.Struct):
    """What an order waits for, or waited for until ``triggered_us`` (0: its price has not come)."""

    trigger: int
    parent: int
    trigger_ticks: int
    trigger_by: int
    quantity_lots: int
    quantity_percent: int
    created_us: int
    triggered_us: int = 0

    @classmethod
    def of_row(cls, row: TriggerRow) -> Condition:
        """Return what a trigger waits for."""
        return cls(**{name: getattr(row, name) for name in cls.__struct_fields__ if name != "triggered_us"})

    @classmethod
    def of_history(cls, row: Any) -> Condition:
        """Return what stands in history (``HistoryReader.triggers``)."""
        follows = row.parent and row.triggered_us is None
        return cls(
            row.order_id,
            row.parent,
            row.trigger_ticks,
            row.trigger_by,
            row.executed_lots if follows else row.trigger_lots,
            row.trigger_percent,
            row.created_us,
            row.triggered_us or 0,
        )


def placed_trigger(event: TriggerPlaced) -> TriggerRow:
    """Return the row of a trigger that was just placed."""
    shared = {name: getattr(event, name) for name in TriggerRow.__struct_fields__ if hasattr(event, name)}
    return TriggerRow(**shared, armed=0, due=0, created_us=event.time_us)


def attached_numbers(order: int) -> tuple[int, ...]:
    """Return the numbers of the take-profit and the stop-loss of an order; what is attached has neither."""
    return (order + TAKE_PROFIT, order + STOP_LOSS) if order < TAKE_PROFIT else ()


class Conditions:
    """What every order that has not ended waits or waited for: the core forgets it when the price has come."""

    def __init__(self, found: Iterable[Condition] = ()) -> None:
        self._known = {condition.trigger: condition for condition in found}
        self._ended: list[int] = []

    def get(self, order: int) -> Condition | None:
        """Return what an order waits or waited for, ``None`` if it never did or its end is forgotten."""
        return self._known.get(order)

    def forget_ended(self) -> None:
        """Forget the orders that have ended since this was last called."""
        for order in self._ended:
            self._known.pop(order, None)
        self._ended.clear()

    def apply(self, event: Event) -> None:
        """Follow an event; an order that it ends is known until ``forget_ended``."""
        if isinstance(event, TriggerPlaced):
            self._known[event.trigger] = Condition.of_row(placed_trigger(event))
        elif self._known:
            self._apply_to_known(event)

    def _apply_to_known(self, event: Event) -> None:
        if isinstance(event, Trade):
            for order in (event.taker_order, event.maker_order):
                self._grow(order, event.quantity_lots)
            if event.maker_remaining_lots == 0:
                self._end(event.maker_order)
        elif isinstance(event, TriggerFired):
            condition = self._known.get(event.trigger)
            if condition is not None:
                condition.triggered_us, condition.quantity_lots = event.time_us, event.quantity_lots
        elif isinstance(event, TriggerClosed):
            self._end(event.trigger)
        elif isinstance(event, OrderClosed) or (
            isinstance(event, (OrderAccepted, OrderAmended)) and event.rested_lots == 0
        ):
            self._end(event.order)

    def _end(self, order: int) -> None:
        if order in self._known:
            self._ended.append(order)

    def _grow(self, order: int, lots: int) -> None:
        """Let what is attached to an order follow a fill of it; before it is placed, the event that does counts it."""
        for number in attached_numbers(order):
            condition = self._known.get(number)
            if condition is not None and not condition.triggered_us:
                condition.quantity_lots += lots
