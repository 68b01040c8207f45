"""A source that sees the shared reference price a little late, a little wrong, and with a spread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from ringfence.views.decimals import PRICE_UNITS

from .source import Ticker
from .walk import Reference

PPM = 10**6
NOISE_PPM_MAXIMUM = 150
HALF_SPREAD_PPM = 50, 250
LAG_READS_MAXIMUM = 2


class SimulatedSource:
    """One of several that look at the same reference; what sets it apart follows from seed and name alone.

    Assets in ``pegged`` stand at their reference price but for a few millionths.
    """

    def __init__(self, seed: int, name: str, reference: Reference, pegged: Iterable[str] = ()) -> None:
        self._chance = Random(f"{seed} {name}")
        self._reference, self._pegged = reference, frozenset(pegged)
        self._half_spread_ppm = self._chance.randint(*HALF_SPREAD_PPM)
        self._noise_ppm = self._chance.randint(NOISE_PPM_MAXIMUM // 3, NOISE_PPM_MAXIMUM)
        self._lag_reads = self._chance.randint(0, LAG_READS_MAXIMUM)
        self._past: dict[str, deque[int]] = {}

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        """Return a ticker of every asset."""
        return {asset: self._ticker(asset) for asset in assets}

    async def close(self) -> None:
        """Hold nothing."""

    def _ticker(self, asset: str) -> Ticker:
        past = self._past.setdefault(asset, deque(maxlen=1 + self._lag_reads))
        past.append(self._reference(asset))
        part = 10 if asset in self._pegged else 1
        noise_ppm, half_ppm = self._noise_ppm // part, self._half_spread_ppm // part
        middle = past[0] + past[0] * self._chance.randint(-noise_ppm, noise_ppm) // PPM
        half = max(1, middle * half_ppm // PPM)
        last = middle + self._chance.randint(-half, half)
        text = PRICE_UNITS.text
        return Ticker(text(max(1, middle - half)), text(middle + half), text(max(1, last)))
