"""What became of an order, read from the events of the one command that concerned it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from ringfence.schema.enums import CloseReason, Side, TriggerEnd
from ringfence.schema.events import (
    Event,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    Rejected,
    Trade,
    TriggerClosed,
)
from ringfence.schema.tables import OrderRow


class OrderStatus(StrEnum):
    """Where an order stands; the values are the field's own names."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    TRIGGER_PENDING = "TriggerPending"
    TRIGGER_FAILED = "TriggerFailed"


class SystemOrderType(StrEnum):
    """What an order is that the venue placed for an account, or ended with its market; the values are the wire's."""

    COLLATERAL_CONVERSION = "CollateralConversion"
    LIQUIDATE_POSITION_ON_BOOK = "LiquidatePositionOnBook"
    LIQUIDATE_POSITION_ON_ADL = "LiquidatePositionOnAdl"
    ORDER_BOOK_CLOSED = "OrderBookClosed"


class OrderOrigin(StrEnum):
    """Who placed an order, or closed lots without one, as streams say it."""

    USER = "USER"
    COLLATERAL_CONVERSION = "COLLATERAL_CONVERSION"
    LIQUIDATION = "LIQUIDATION_AUTOCLOSE"
    DELEVERAGING = "ADL_AUTOCLOSE"


EXPIRY_REASON_NAMES: dict[CloseReason, str | None] = {
    CloseReason.REQUESTED: None,
    CloseReason.IMMEDIATE_OR_CANCEL: "ImmediateOrCancel",
    CloseReason.FILL_OR_KILL: "FillOrKill",
    CloseReason.SELF_TRADE_PREVENTION: "SelfTradePrevention",
    CloseReason.PRICE_IMPACT: "PriceImpact",
    CloseReason.INSUFFICIENT_LIQUIDITY: "InsufficientLiquidity",
    CloseReason.SLIPPAGE_TOLERANCE_EXCEEDED: "SlippageToleranceExceeded",
    CloseReason.POST_ONLY_MODE: "PostOnlyMode",
    CloseReason.WORK_LIMIT: "Unknown",
    CloseReason.REDUCE_ONLY: "ReduceOnlyNotReduced",
    CloseReason.MARKET_DELISTED: "Unknown",
    CloseReason.SETTLEMENT: "InsufficientFunds",
    CloseReason.TRIGGERED: "Unknown",
    CloseReason.LIQUIDATION: "Liquidation",
    CloseReason.STALE: "PriceOutOfBounds",
    CloseReason.NOT_ELIGIBLE: "UserPermissions",
}
"""The wire's OrderExpiryReason of every reason; a cancellation has none."""
TRIGGER_EXPIRIES = {
    TriggerEnd.DELISTED: CloseReason.MARKET_DELISTED,
    TriggerEnd.LIQUIDATION: CloseReason.LIQUIDATION,
}
"""The ends by which a trigger expires, and the reason that an order has then; any other end is a cancellation."""


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One side of a trade: fee in atoms of what that side received, negative for a rebate."""

    order: int
    account: int
    market: int
    trade: int
    side: int
    is_maker: bool
    price_ticks: int
    quantity_lots: int
    quote_atoms: int
    fee_atoms: int
    remaining_lots: int | None
    """What is left of a maker; ``None`` for a taker, of whom the trade does not say it."""


class OrderResult(msgspec.Struct, frozen=True):
    """What one command did to one order.

    ``status`` is ``None`` exactly when ``reject`` is not. ``executed_lots`` and ``executed_quote_atoms`` count the
    whole life of the order; ``fills`` are those of this command.
    """

    order: int
    status: OrderStatus | None
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    rested_lots: int = 0
    reject: Rejected | None = None
    close_reason: CloseReason | None = None
    fills: tuple[Fill, ...] = ()
    accepted: OrderAccepted | None = None
    amended: OrderAmended | None = None
    closed: OrderClosed | None = None

    @property
    def expiry_reason(self) -> str | None:
        """Return the wire's name of why the order expired, ``None`` if it did not."""
        return None if self.close_reason is None else EXPIRY_REASON_NAMES[self.close_reason]


def fills_of(trade: Trade) -> tuple[Fill, Fill]:
    """Return the taker's and the maker's side of a trade."""
    shared = (trade.price_ticks, trade.quantity_lots, trade.quote_atoms)
    maker_side = Side.ASK if trade.side == Side.BID else Side.BID
    taker = Fill(
        trade.taker_order, trade.account, trade.market, trade.trade, trade.side, False, *shared,
        trade.taker_fee_atoms, None,
    )  # fmt: skip
    maker = Fill(
        trade.maker_order, trade.maker_account, trade.market, trade.trade, int(maker_side), True, *shared,
        trade.maker_fee_atoms, trade.maker_remaining_lots,
    )  # fmt: skip
    return taker, maker


def placed(events: Sequence[Event]) -> OrderResult:
    """Return what became of the order of a PlaceOrder command, from all events of that command in order."""
    first = events[0]
    if isinstance(first, Rejected):
        return OrderResult(first.sequence, None, reject=first)
    assert isinstance(first, OrderAccepted), f"a placed order begins with {type(first).__name__}"
    fills = _taker_fills(events, first.order)
    closed = _closing(events, first.order)
    executed_lots = sum(fill.quantity_lots for fill in fills)
    return OrderResult(
        first.order,
        _status(closed, first.rested_lots, executed_lots),
        executed_lots,
        sum(fill.quote_atoms for fill in fills),
        first.rested_lots,
        close_reason=CloseReason(closed.reason) if closed else None,
        fills=fills,
        accepted=first,
        closed=closed,
    )


def amended(events: Sequence[Event], before: OrderRow) -> OrderResult:
    """Return what became of the order of an AmendOrder command; ``before`` is its row before that command."""
    first = events[0]
    if isinstance(first, Rejected):
        return OrderResult(before.order, None, reject=first)
    assert isinstance(first, OrderAmended), f"an amendment begins with {type(first).__name__}"
    fills = _taker_fills(events, first.order)
    closed = _closing(events, first.order)
    filled_before = before.quantity_lots - before.remaining_lots
    executed_lots = filled_before + sum(fill.quantity_lots for fill in fills)
    return OrderResult(
        first.order,
        _status(closed, first.rested_lots, executed_lots),
        executed_lots,
        before.executed_quote_atoms + sum(fill.quote_atoms for fill in fills),
        first.rested_lots,
        close_reason=CloseReason(closed.reason) if closed else None,
        fills=fills,
        amended=first,
        closed=closed,
    )


def cancelled(events: Iterable[Event]) -> list[OrderResult]:
    """Return the orders that a CancelOrder or CancelAllOrders command closed, or its one rejection.

    An empty list is a cancellation of all that found none. What the account did with what was freed is passed over,
    and so is the end of triggers (``ended_triggers``).
    """
    results: list[OrderResult] = []
    for event in events:
        if isinstance(event, Rejected):
            return [OrderResult(0, None, reject=event)]
        if isinstance(event, (LoanMoved, TriggerClosed)):
            continue
        assert isinstance(event, OrderClosed), f"a cancellation gives {type(event).__name__}"
        results.append(closing_result(event))
    return results


def ended_triggers(events: Iterable[Event]) -> list[int]:
    """Return the numbers of the triggers that a cancellation ended, in its order."""
    return [event.trigger for event in events if isinstance(event, TriggerClosed)]


def closing_result(event: OrderClosed) -> OrderResult:
    """Return the end of an order that was closed, with all that it executed."""
    reason = CloseReason(event.reason)
    status = OrderStatus.CANCELLED if reason is CloseReason.REQUESTED else OrderStatus.EXPIRED
    return OrderResult(
        event.order, status, event.executed_lots, event.executed_quote_atoms, close_reason=reason, closed=event
    )


def _taker_fills(events: Iterable[Event], order: int) -> tuple[Fill, ...]:
    return tuple(fills_of(event)[0] for event in events if isinstance(event, Trade) and event.taker_order == order)


def _closing(events: Iterable[Event], order: int) -> OrderClosed | None:
    return next((event for event in events if isinstance(event, OrderClosed) and event.order == order), None)


def _status(closed: OrderClosed | None, rested_lots: int, executed_lots: int) -> OrderStatus:
    """Return the status after the command: what neither rests nor was closed is filled."""
    if closed is not None:
        return OrderStatus.CANCELLED if closed.reason == CloseReason.REQUESTED else OrderStatus.EXPIRED
    if rested_lots == 0:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed_lots else OrderStatus.NEW
