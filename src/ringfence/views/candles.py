"""Candles: what a market traded in a span of time, and the spans that the wire knows.

Trades of one batch are folded once into candles of a second (``fold``), and those are added to every longer span, so
that the number of spans costs per batch and not per trade.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum

import msgspec

from ringfence.schema.events import Trade

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US
FIRST_MONDAY_US = 4 * DAY_US
"""1970-01-05, the first Monday of the epoch: weeks begin on Mondays."""


class Interval(Enum):
    """A span of candles: its name on the wire and its length in microseconds, 0 for a calendar month."""

    SECOND = "1s", SECOND_US
    MINUTE = "1m", MINUTE_US
    MINUTES_3 = "3m", 3 * MINUTE_US
    MINUTES_5 = "5m", 5 * MINUTE_US
    MINUTES_15 = "15m", 15 * MINUTE_US
    MINUTES_30 = "30m", 30 * MINUTE_US
    HOUR = "1h", HOUR_US
    HOURS_2 = "2h", 2 * HOUR_US
    HOURS_4 = "4h", 4 * HOUR_US
    HOURS_6 = "6h", 6 * HOUR_US
    HOURS_8 = "8h", 8 * HOUR_US
    HOURS_12 = "12h", 12 * HOUR_US
    DAY = "1d", DAY_US
    DAYS_3 = "3d", 3 * DAY_US
    WEEK = "1w", WEEK_US
    MONTH = "1month", 0

    def __init__(self, wire: str, length_us: int) -> None:
        self.wire, self.length_us = wire, length_us

    def start_us(self, time_us: int) -> int:
        """Return the begin of the span that holds a time."""
        if self is Interval.WEEK:
            return (time_us - FIRST_MONDAY_US) // WEEK_US * WEEK_US + FIRST_MONDAY_US
        if self is Interval.MONTH:
            return _month_us(time_us, 0)
        return time_us - time_us % self.length_us

    def end_us(self, start_us: int) -> int:
        """Return the begin of the next span, given the begin of one."""
        return start_us + self.length_us if self.length_us else _month_us(start_us, 1)


INTERVALS: dict[str, Interval] = {interval.wire: interval for interval in Interval}
"""Every interval by its name on the wire."""


def _month_us(time_us: int, months_on: int) -> int:
    day = datetime.fromtimestamp(time_us // SECOND_US, UTC)
    years_on, month_from_zero = divmod(day.month - 1 + months_on, 12)
    return int(datetime(day.year + years_on, month_from_zero + 1, 1, tzinfo=UTC).timestamp()) * SECOND_US


class Candle(msgspec.Struct, gc=False):
    """What a market traded from ``start_us`` on: prices in ticks, volume in lots, turnover in quote atoms."""

    start_us: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    quote_atoms: int
    trades: int

    def add(self, later: Candle) -> None:
        """Add what was traded later within the same span."""
        if later.high_ticks > self.high_ticks:
            self.high_ticks = later.high_ticks
        if later.low_ticks < self.low_ticks:
            self.low_ticks = later.low_ticks
        self.close_ticks = later.close_ticks
        self.volume_lots += later.volume_lots
        self.quote_atoms += later.quote_atoms
        self.trades += later.trades

    def copy(self, start_us: int | None = None) -> Candle:
        """Return a copy, which may begin at another time."""
        return Candle(
            self.start_us if start_us is None else start_us, self.open_ticks, self.high_ticks, self.low_ticks,
            self.close_ticks, self.volume_lots, self.quote_atoms, self.trades,
        )  # fmt: skip


class EmptyCandle(msgspec.Struct, frozen=True, gc=False):
    """A span in which nothing was traded: it has no prices."""

    start_us: int


def fold(trades: Iterable[Trade]) -> list[tuple[int, Candle]]:
    """Return (market, candle of one second) in the order of time for trades in the order of the log."""
    folded: list[tuple[int, Candle]] = []
    open_seconds: dict[int, Candle] = {}
    for trade in trades:
        start_us = trade.time_us - trade.time_us % SECOND_US
        price = trade.price_ticks
        candle = open_seconds.get(trade.market)
        if candle is None or candle.start_us != start_us:
            candle = Candle(start_us, price, price, price, price, trade.quantity_lots, trade.quote_atoms, 1)
            open_seconds[trade.market] = candle
            folded.append((trade.market, candle))
            continue
        if price > candle.high_ticks:
            candle.high_ticks = price
        elif price < candle.low_ticks:
            candle.low_ticks = price
        candle.close_ticks = price
        candle.volume_lots += trade.quantity_lots
        candle.quote_atoms += trade.quote_atoms
        candle.trades += 1
    return folded


def with_gaps(
    candles: Iterable[Candle], interval: Interval, from_us: int, to_us: int, limit: int
) -> list[Candle | EmptyCandle]:
    """Return the spans that begin in [from_us, to_us), at most ``limit``, oldest first, empty ones in between.

    Spans before the first candle given are left out: nothing says that the market existed then.
    """
    found: list[Candle | EmptyCandle] = []
    at_us: int | None = None
    for candle in candles:
        if candle.start_us < from_us or candle.start_us >= to_us:
            continue
        while at_us is not None and at_us < candle.start_us and len(found) < limit:
            found.append(EmptyCandle(at_us))
            at_us = interval.end_us(at_us)
        if len(found) >= limit:
            return found
        found.append(candle)
        at_us = interval.end_us(candle.start_us)
    while at_us is not None and at_us < to_us and len(found) < limit:
        found.append(EmptyCandle(at_us))
        at_us = interval.end_us(at_us)
    return found
