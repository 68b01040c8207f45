"""Writing results to stdout, one JSON object a line, and progress to stderr."""

import sys
import time
from typing import Any

import msgspec

BAR_CHARACTERS = 30
REDRAW_S = 0.1
PERCENT_PER_LINE = 10


def result(row: Any) -> None:
    """Write one line of the result."""
    print(msgspec.json.encode(row).decode(), flush=True)


def note(sentence: str) -> None:
    """Write a sentence for a person to stderr, beside the result."""
    print(f"ringfence: {sentence}", file=sys.stderr, flush=True)


class Progress:
    """A bar on a terminal; on anything else a line for every tenth of the way."""

    def __init__(self, what: str, unit: str = "commands") -> None:
        self._what, self._unit = what, unit
        self._terminal = sys.stderr.isatty()
        self._drawn_s = 0.0
        self._percent = -PERCENT_PER_LINE

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done."""
        percent = 100 * done // total if total else 100
        if self._terminal and (time.monotonic() - self._drawn_s > REDRAW_S or done >= total):
            self._drawn_s = time.monotonic()
            full = BAR_CHARACTERS * percent // 100
            bar = "#" * full + "." * (BAR_CHARACTERS - full)
            print(f"\r{self._what} [{bar}] {percent:3d} % {done:,} of {total:,}", end="", file=sys.stderr, flush=True)
        elif not self._terminal and percent >= self._percent + PERCENT_PER_LINE:
            self._percent = percent
            print(f"{self._what}: {percent} % ({done:,} of {total:,} {self._unit})", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._terminal:
            print(file=sys.stderr)


class Stages:
    """Bars one after the other, for work that goes through stages."""

    def __init__(self, units: dict[str, str]) -> None:
        self._units, self._what = units, ""
        self._bar = Progress("")

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` of a stage are done."""
        if what != self._what:
            self.end()
            self._what, self._bar = what, Progress(what, self._units.get(what, ""))
        self._bar(done, total)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._what:
            self._bar.end()
