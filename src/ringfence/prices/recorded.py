"""A source that plays a recording: a CSV file with the columns time_us,asset,bid,ask,last, in the order of time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .source import SourceError, Ticker

COLUMNS = ["time_us", "asset", "bid", "ask", "last"]
PPM = 10**6


class Row(NamedTuple):
    """One line of a recording."""

    time_us: int
    asset: str
    ticker: Ticker


class RecordedSource:
    """Plays a recording from its first row on, beginning at the first read.

    Each read gives what was recorded since the read before, the newest of each asset. Between rows and after the last
    one the source is silent, so that prices grow old as they did then.
    """

    def __init__(self, path: Path, speed_ppm: int, clock_us: Callable[[], int]) -> None:
        """Open ``path``. ``speed_ppm`` is millionths of a recorded microsecond that pass in one. ``SourceError``."""
        assert speed_ppm > 0, speed_ppm
        self._path, self._speed_ppm, self._clock_us = path, speed_ppm, clock_us
        try:
            self._file = path.open(newline="", encoding="utf-8")
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None
        self._lines = csv.reader(self._file)
        try:
            header = next(self._lines, [""])
            if header != COLUMNS:
                raise SourceError(f"{path} line 1: expected {','.join(COLUMNS)}, found {','.join(header)[:80]!a}")
            self._next = self._read_row()
        except BaseException:
            self._file.close()
            raise
        self._first_us = self._next.time_us if self._next else 0
        self._began_us: int | None = None

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        """Return what was recorded up to the present place of the recording, since the last read."""
        now_us = self._clock_us()
        if self._began_us is None:
            self._began_us = now_us
        place_us = self._first_us + (now_us - self._began_us) * self._speed_ppm // PPM
        found: dict[str, Ticker] = {}
        while self._next is not None and self._next.time_us <= place_us:
            if self._next.asset in assets:
                found[self._next.asset] = self._next.ticker
            self._next = self._read_row()
        return found

    async def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read_row(self) -> Row | None:
        try:
            cells = next(self._lines, None)
            if cells is None:
                return None
            time_us, asset, bid, ask, last = cells
            return Row(int(time_us), asset, Ticker(bid, ask, last))
        except (ValueError, csv.Error) as error:
            # What follows a broken line may be older or newer than anybody knows, so the recording ends there.
            self._next = None
            raise SourceError(f"{self._path} line {self._lines.line_num}: {error}; the recording ends here") from None
