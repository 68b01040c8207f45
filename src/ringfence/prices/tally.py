"""Counting trouble: every kind is written at its first time, then at most once a minute with how often it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 60


@dataclass
class _Kind:
    said_s: float
    said_count: int


class Tally:
    """Counts what goes wrong, by kind; ``counts`` holds the totals."""

    def __init__(self, write: Callable[[str], None], clock_s: Callable[[], float]) -> None:
        self._write, self._clock_s = write, clock_s
        self._said: dict[str, _Kind] = {}
        self.counts: Counter[str] = Counter()

    def count(self, kind: str, sentence: str) -> None:
        """Count one more of a kind; the sentence is written when it is the first, or the first for a minute."""
        self.counts[kind] += 1
        total, now_s = self.counts[kind], self._clock_s()
        said = self._said.get(kind)
        if said is not None and now_s - said.said_s < EVERY_S:
            return
        often = "" if said is None else f" ({total - said.said_count} times since this was said last, {total} in all)"
        self._said[kind] = _Kind(now_s, total)
        self._write(f"{kind}: {sentence}{often}")
