"""The candle that is open now, for every market and interval; closed ones stand in history."""

from __future__ import annotations

from collections.abc import Iterator

from .candles import Candle, Interval
from .updates import KlineUpdate

ALL_INTERVALS = tuple(Interval)


class Klines:
    """Open candles; tells each change at most once a second, and the end of each."""

    def __init__(self) -> None:
        self._open: dict[int, dict[Interval, tuple[Candle, int]]] = {}
        self._untold: set[int] = set()

    def add(self, market: int, second: Candle) -> Iterator[KlineUpdate]:
        """Add a candle of a second; yields the candles whose span it shows to be over."""
        self._untold.add(market)
        candles = self._open.setdefault(market, {})
        for interval in ALL_INTERVALS:
            entry = candles.get(interval)
            if entry is not None and second.start_us < entry[1]:
                entry[0].add(second)
                continue
            if entry is not None:
                yield KlineUpdate(market, interval, entry[0], True, second.start_us)
            start_us = interval.start_us(second.start_us)
            candles[interval] = (second.copy(start_us), interval.end_us(start_us))

    def seed(self, market: int, interval: Interval, candle: Candle) -> None:
        """Take an open candle that was kept elsewhere."""
        self._open.setdefault(market, {})[interval] = (candle, interval.end_us(candle.start_us))

    def tick(self, now_us: int) -> Iterator[KlineUpdate]:
        """Yield what changed since the last tick, and every candle whose span is over at ``now_us``."""
        untold, self._untold = self._untold, set()
        for market, candles in self._open.items():
            ended = [interval for interval, (_, end_us) in candles.items() if end_us <= now_us]
            told = candles if market in untold else ended
            for interval in told:
                candle, end_us = candles[interval]
                yield KlineUpdate(market, interval, candle.copy(), end_us <= now_us, now_us)
            for interval in ended:
                del candles[interval]

    def current(self, market: int, interval: Interval) -> Candle | None:
        """Return the open candle of a market, ``None`` if nothing was traded in its span."""
        entry = self._open.get(market, {}).get(interval)
        return None if entry is None else entry[0].copy()
