"""Rolling tickers of a day and of a week: sums over small buckets, so that a trade costs the same at any volume.

The window of a day slides by minutes, that of a week by ten minutes; a bucket leaves when all of it is too old.
"""

from __future__ import annotations

from collections import deque

import msgspec

from .candles import DAY_US, MINUTE_US, WEEK_US, Candle

TICKER_WINDOWS: dict[str, tuple[int, int]] = {"1d": (DAY_US, MINUTE_US), "1w": (WEEK_US, 10 * MINUTE_US)}
"""(length, bucket) in microseconds of every ticker that the wire knows."""


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """What a market traded in a window: prices in ticks, volume in lots, turnover in quote atoms.

    A market that did not trade in the window shows its last price everywhere, and no volume.
    """

    market: int
    first_ticks: int
    last_ticks: int
    high_ticks: int
    low_ticks: int
    volume_lots: int
    quote_atoms: int
    trades: int


class RollingWindow:
    """One market's candles of the last ``length_us``, in buckets of ``bucket_us``."""

    __slots__ = ("_bucket_us", "_buckets", "_high_ticks", "_length_us", "_low_ticks", "_quote", "_trades", "_volume")

    def __init__(self, length_us: int, bucket_us: int) -> None:
        assert length_us % bucket_us == 0, (length_us, bucket_us)
        self._length_us, self._bucket_us = length_us, bucket_us
        self._buckets: deque[Candle] = deque()
        self._volume = self._quote = self._trades = 0
        self._high_ticks = self._low_ticks = 0

    def add(self, candle: Candle) -> None:
        """Add a candle of a second, not older than the one before."""
        self.expire(candle.start_us)
        start_us = candle.start_us - candle.start_us % self._bucket_us
        if self._buckets and self._buckets[-1].start_us == start_us:
            self._buckets[-1].add(candle)
        else:
            self._buckets.append(candle.copy(start_us))
        self._volume += candle.volume_lots
        self._quote += candle.quote_atoms
        self._trades += candle.trades
        if len(self._buckets) == 1:
            self._find_extremes()
        self._high_ticks = max(self._high_ticks, candle.high_ticks)
        self._low_ticks = min(self._low_ticks, candle.low_ticks)

    def expire(self, now_us: int) -> None:
        """Drop the buckets that end more than the window's length before ``now_us``."""
        oldest_us = now_us - self._length_us
        extreme_left = False
        while self._buckets and self._buckets[0].start_us + self._bucket_us <= oldest_us:
            gone = self._buckets.popleft()
            self._volume -= gone.volume_lots
            self._quote -= gone.quote_atoms
            self._trades -= gone.trades
            extreme_left |= gone.high_ticks == self._high_ticks or gone.low_ticks == self._low_ticks
        if extreme_left:
            self._find_extremes()

    def ticker(self, market: int, last_ticks: int, now_us: int) -> Ticker:
        """Return the window as it stands at a time."""
        self.expire(now_us)
        if not self._buckets:
            return Ticker(market, last_ticks, last_ticks, last_ticks, last_ticks, 0, 0, 0)
        first, last = self._buckets[0].open_ticks, self._buckets[-1].close_ticks
        return Ticker(market, first, last, self._high_ticks, self._low_ticks, self._volume, self._quote, self._trades)

    def _find_extremes(self) -> None:
        self._high_ticks = max((bucket.high_ticks for bucket in self._buckets), default=0)
        self._low_ticks = min((bucket.low_ticks for bucket in self._buckets), default=0)


class Tickers:
    """The windows of every market that ever traded."""

    def __init__(self) -> None:
        self._windows: dict[int, dict[str, RollingWindow]] = {}
        self._last_ticks: dict[int, int] = {}

    def add(self, market: int, candle: Candle) -> None:
        """Add a candle of a second."""
        self._last_ticks[market] = candle.close_ticks
        for window in self._windows_of(market).values():
            window.add(candle)

    def seed(self, market: int, window: str, candles: list[Candle]) -> None:
        """Fill one window from candles that were kept elsewhere, oldest first."""
        if not candles:
            return  # A market without windows never traded.
        target = self._windows_of(market)[window]
        for candle in candles:
            target.add(candle)
            self._last_ticks[market] = candle.close_ticks

    def set_last(self, market: int, last_ticks: int) -> None:
        """Set the last price of a market whose windows may be empty."""
        self._last_ticks[market] = last_ticks
        self._windows_of(market)

    def ticker(self, market: int, window: str, now_us: int) -> Ticker | None:
        """Return a market's ticker ("1d" or "1w") at a time, ``None`` if it never traded."""
        windows = self._windows.get(market)
        return None if windows is None else windows[window].ticker(market, self._last_ticks[market], now_us)

    def _windows_of(self, market: int) -> dict[str, RollingWindow]:
        windows = self._windows.get(market)
        if windows is None:
            windows = {name: RollingWindow(*shape) for name, shape in TICKER_WINDOWS.items()}
            self._windows[market] = windows
        return windows
