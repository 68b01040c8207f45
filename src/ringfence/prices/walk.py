"""Reference prices that wander, for the demo and for rehearsals: one path that makers and simulated sources share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random

# Fractions of the price, as the number it is divided by.
STEP_PART = 4_000
PULL_PART = 200

STEP_US = 1_000_000
STEPS_AT_ONCE_MAXIMUM = 60

Reference = Callable[[str], int]
"""Gives the present reference price of an asset in units of 10^-8."""


class Walk:
    """A reference price: small random steps, and a pull back to where it began that grows with the distance.

    It counts in whatever the caller counts in.
    """

    def __init__(self, chance: Random, anchor: int, price: int) -> None:
        self._chance, self._anchor, self.price = chance, anchor, price

    def step(self) -> int:
        """Move on and return the new price."""
        reach = max(1, self._anchor // STEP_PART)
        pull = (self._anchor - self.price) // PULL_PART
        self.price = max(1, self.price + pull + self._chance.randint(-reach, reach))
        return self.price


class WalkingReference:
    """Reference prices that move once a second of the clock they are given, however often they are asked.

    Assets in ``pegged`` never move.
    """

    def __init__(
        self, seed: int, first_units: Mapping[str, int], pegged: Iterable[str], clock_us: Callable[[], int]
    ) -> None:
        self._walks = {asset: Walk(Random(f"{seed} {asset}"), first, first) for asset, first in first_units.items()}
        self._moving = [walk for asset, walk in self._walks.items() if asset not in frozenset(pegged)]
        self._clock_us = clock_us
        self._stepped_us = clock_us()

    def __call__(self, asset: str) -> int:
        """Return the present price of an asset in units."""
        due = (self._clock_us() - self._stepped_us) // STEP_US
        if due > 0:
            self._stepped_us += due * STEP_US
            for _ in range(min(due, STEPS_AT_ONCE_MAXIMUM)):
                for walk in self._moving:
                    walk.step()
        return self._walks[asset].price
