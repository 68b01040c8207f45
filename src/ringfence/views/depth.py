"""Which prices of which books a batch of events changed, told once a batch or once a window.

Quantities are asked of the book after the batch, so that they are absolute and a price that changed twice is told
once. Ids of updates are sequences of commands: an update covers the sequences after the update before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.schema.enums import Side
from ringfence.schema.events import Event, OrderAccepted, OrderAmended, OrderClosed, Trade

from .updates import BookTickerUpdate, DepthUpdate, Levels
from .venue import Books

BID, ASK = int(Side.BID), int(Side.ASK)
CONFLATION_WINDOWS_MS = (200, 600, 1_000)
"""The windows of aggregated depth streams that the wire knows."""


class TouchedBook:
    """The prices of one market that a batch touched."""

    __slots__ = ("last_sequence", "prices", "time_us")

    def __init__(self) -> None:
        self.prices: tuple[set[int], set[int]] = (set(), set())
        self.last_sequence = self.time_us = 0


def touched_books(events: Iterable[Event]) -> dict[int, TouchedBook]:
    """Return the touched prices of each market whose book the events changed."""
    books: dict[int, TouchedBook] = {}
    for event in events:
        if isinstance(event, Trade):
            _touch(books, event, 1 - event.side, event.maker_price_ticks or event.price_ticks)
        elif isinstance(event, OrderAccepted):
            if event.rested_lots:
                _touch(books, event, event.side, event.price_ticks)
        elif isinstance(event, OrderClosed):
            if event.rested:
                _touch(books, event, event.side, event.price_ticks)
        elif isinstance(event, OrderAmended):
            if event.kept_place and event.rested_lots == event.previous_remaining_lots:
                continue  # it asked for what was there, and the book says so by the sequence that it keeps
            _touch(books, event, event.side, event.previous_price_ticks)
            if event.rested_lots:
                _touch(books, event, event.side, event.price_ticks)
    return books


def _touch(books: dict[int, TouchedBook], event: Event, side: int, price_ticks: int) -> None:
    book = books.get(event.market)
    if book is None:
        book = books[event.market] = TouchedBook()
    book.prices[side].add(price_ticks)
    book.last_sequence, book.time_us = event.sequence, event.time_us


class DepthFeed:
    """Turns touched prices into updates with contiguous ids, and follows the best prices."""

    def __init__(self) -> None:
        self._last_sequence: dict[int, int] = {}
        self._best: dict[int, tuple[int, int, int, int]] = {}

    def begin(self, market: int, last_sequence: int) -> None:
        """Say where a market's book stands, so that its next update begins after it."""
        self._last_sequence[market] = last_sequence

    def last_sequence(self, market: int) -> int:
        """Return the last command that touched a market's book: the id that a snapshot of it carries."""
        return self._last_sequence.get(market, 0)

    def updates(self, events: Iterable[Event], books: Books) -> list[DepthUpdate | BookTickerUpdate]:
        """Return one DepthUpdate for every market whose book changed, then a BookTickerUpdate if its best did."""
        found: list[DepthUpdate | BookTickerUpdate] = []
        for market, touched in touched_books(events).items():
            found.append(self._depth_update(market, touched, books))
            ticker = self._book_ticker(market, touched, books)
            if ticker is not None:
                found.append(ticker)
        return found

    def _depth_update(self, market: int, touched: TouchedBook, books: Books) -> DepthUpdate:
        first_sequence = self._last_sequence.get(market, 0) + 1
        self._last_sequence[market] = touched.last_sequence
        bids = tuple((price, books.level_lots(market, BID, price)) for price in sorted(touched.prices[BID])[::-1])
        asks = tuple((price, books.level_lots(market, ASK, price)) for price in sorted(touched.prices[ASK]))
        return DepthUpdate(market, first_sequence, touched.last_sequence, bids, asks, touched.time_us)

    def _book_ticker(self, market: int, touched: TouchedBook, books: Books) -> BookTickerUpdate | None:
        best = best_prices(books, market)
        if best == self._best.get(market, (0, 0, 0, 0)):
            return None
        self._best[market] = best
        return BookTickerUpdate(market, *best, touched.last_sequence, touched.time_us)


def best_prices(books: Books, market: int) -> tuple[int, int, int, int]:
    """Return bid price, bid quantity, ask price and ask quantity; zeros where a side is empty."""
    bids, asks = books.depth(market, 1)
    bid_ticks, bid_lots = bids[0] if bids else (0, 0)
    ask_ticks, ask_lots = asks[0] if asks else (0, 0)
    return bid_ticks, bid_lots, ask_ticks, ask_lots


class DepthConflator:
    """Joins the updates of a window into one a market; whoever holds the timer takes them."""

    def __init__(self) -> None:
        self._pending: dict[int, _Joined] = {}

    def add(self, update: DepthUpdate) -> None:
        """Join an update to those of its market that were not taken yet."""
        joined = self._pending.get(update.market)
        if joined is None:
            joined = self._pending[update.market] = _Joined(update.first_sequence)
        joined.bids.update(update.bids)
        joined.asks.update(update.asks)
        joined.last_sequence, joined.time_us = update.last_sequence, update.time_us

    def take(self) -> list[DepthUpdate]:
        """Return one update for every market that changed since the last call."""
        pending, self._pending = self._pending, {}
        return [joined.update(market) for market, joined in pending.items()]


class _Joined:
    __slots__ = ("asks", "bids", "first_sequence", "last_sequence", "time_us")

    def __init__(self, first_sequence: int) -> None:
        self.first_sequence, self.last_sequence, self.time_us = first_sequence, 0, 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def update(self, market: int) -> DepthUpdate:
        bids: Levels = tuple(sorted(self.bids.items(), reverse=True))
        asks: Levels = tuple(sorted(self.asks.items()))
        return DepthUpdate(market, self.first_sequence, self.last_sequence, bids, asks, self.time_us)
