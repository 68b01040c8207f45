"""Draws in integers: the same seed gives the same numbers on every machine, which floating point does not promise.

Every draw is a uniform 32-bit number of a counter-based generator (Philox), and a table says what it stands for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .records import Integers

ALL = 1 << 32
"""A draw is from 0 to this, exclusive."""


def draws(seed: int, stream: int, count: int) -> Integers:
    """Return uniform draws; each stream of a seed is independent of the others."""
    generator: Any = np.random.Philox(key=np.array([seed, stream], np.uint64))
    return (generator.random_raw(count) >> np.uint64(32)).astype(np.int64)


def by_quantiles(drawn: Integers, table: Sequence[tuple[int, int]]) -> Integers:
    """Return what draws stand for by a table of (parts of ``ALL``, value), with straight lines between its points.

    Values rise or fall by less than 2^31 between two points.
    """
    at, values = np.array([part for part, _ in table]), np.array([value for _, value in table])
    left = np.clip(np.searchsorted(at, drawn, side="right") - 1, 0, len(at) - 2)
    width = np.maximum(at[left + 1] - at[left], 1)
    return values[left] + (values[left + 1] - values[left]) * (drawn - at[left]) // width


def by_shares(drawn: Integers, shares: Sequence[int]) -> Integers:
    """Return for each draw the place of one of some shares, drawn by their size."""
    whole = sum(shares)
    ends: Any = np.cumsum(np.array(shares, dtype=object)) * ALL // whole
    return np.searchsorted(ends.astype(np.int64), drawn, side="right")
