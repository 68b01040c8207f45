"""The public side of liquidations: what they filled, and at which price; nobody's name is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.schema.enums import Side
from ringfence.schema.events import EstateClosed, Event, SliceOrdered, Trade

from .updates import LiquidationUpdate


def liquidation_updates(events: Iterable[Event]) -> Iterator[LiquidationUpdate]:
    """Yield each fill of a liquidation in a batch of whole commands.

    What a deleveraging closed of a failed account is told at the mark; those against whom it was are not liquidated.
    """
    slices: set[int] = set()
    for event in events:
        if isinstance(event, SliceOrdered):
            slices.add(event.order)
        elif isinstance(event, Trade) and event.taker_order in slices:
            yield LiquidationUpdate(
                event.market, event.side, event.price_ticks, event.quantity_lots, event.sequence, event.time_us
            )
        elif isinstance(event, EstateClosed):
            side = int(Side.BID if event.lots > 0 else Side.ASK)
            yield LiquidationUpdate(
                event.market, side, event.mark_ticks, abs(event.lots), event.sequence, event.time_us
            )
