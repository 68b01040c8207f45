"""The events of a receipt, sorted by what they tell of its case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ringfence.schema import events as e
from ringfence.schema.events import Event

from .document import BadReceipt

Kind = TypeVar("Kind", bound=Event)


class CaseFile:
    """What happened to one case, in the order of the log."""

    def __init__(self, case: int, events: Sequence[Event]) -> None:
        self.case, self.events = case, list(events)
        opened = [event for event in self.of(e.CaseOpened) if event.case == case]
        if len(opened) != 1:
            raise BadReceipt(f"case {case} opens {len(opened)} times in it, not once")
        self.opened = opened[0]
        self.account = self.opened.account
        self.assets = [event for event in self.of(e.EstateAsset) if event.case == case]
        self.positions = [event for event in self.of(e.EstatePosition) if event.case == case]
        self.expected = [event for event in self.of(e.EstateExpected) if event.case == case]
        self.prices = {one.asset: one for one in self.of(e.PriceShown) if one.sequence == self.opened.sequence}
        self.marks = {one.market: one for one in self.of(e.MarkShown) if one.sequence == self.opened.sequence}
        self.markets = {one.market: one for one in self.of(e.MarkShown)}
        self.closed = next((one for one in self.of(e.CaseClosed) if one.case == case), None)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def in_command(self, kind: type[Kind], sequence: int) -> list[Kind]:
        """Return the events of a kind that one command made."""
        return [event for event in self.of(kind) if event.sequence == sequence]

    def slices(self) -> list[tuple[e.SliceOrdered, e.SliceEnded]]:
        """Return each order of the case with what it came to; raises `BadReceipt` if one has no end."""
        ends = {one.order: one for one in self.of(e.SliceEnded) if one.case == self.case}
        ordered = [one for one in self.of(e.SliceOrdered) if one.case == self.case]
        if len(ends) != len(ordered) or any(one.order not in ends for one in ordered):
            raise BadReceipt(f"{len(ordered)} orders of the case, {len(ends)} ends of them")
        return [(one, ends[one.order]) for one in ordered]

    def lots_before(self, ordered: e.SliceOrdered) -> int:
        """Return how many lots a position had before an order of the case, 0 in a spot market."""
        began = next((abs(one.net_lots) for one in self.positions if one.market == ordered.market), 0)
        done = [one for one in self.of(e.SliceEnded) if one.market == ordered.market and one.order < ordered.order]
        return max(0, began - sum(one.filled_lots for one in done))

    def symbol(self, asset: int) -> str:
        """Return how an asset is called, its number if the file does not say."""
        named = next((one.symbol for one in self.of(e.PriceShown) if one.asset == asset), "")
        return named or f"asset {asset}"
