"""Paths of prices: straight lines between anchors, and around them a bridge that is 0 at each of them.

All in integers. A bridge is a random walk less the straight line to where it ended, so that the path passes through
every anchor; how far it strays grows with the root of the time between two anchors.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

import numpy as np

from .drawing import ALL, draws
from .records import Integers

PPM = 1_000_000
FINE_BITS = 18
"""Between two anchors a line has so many bits of time; their values differ by less than 2^45."""


def straight(anchors: Sequence[tuple[int, int]], times_us: Integers) -> Integers:
    """Return the values at some times of a line through anchors (time, value); flat before the first and after."""
    at, values = np.array([time for time, _ in anchors]), np.array([value for _, value in anchors])
    if len(at) == 1:
        return np.full(len(times_us), values[0])
    clipped = np.clip(times_us, at[0], at[-1])
    left = np.clip(np.searchsorted(at, clipped, side="right") - 1, 0, len(at) - 2)
    part = ((clipped - at[left]) << FINE_BITS) // np.maximum(at[left + 1] - at[left], 1)
    return values[left] + ((values[left + 1] - values[left]) * part >> FINE_BITS)


def bridge_ppm(anchors_us: Sequence[int], times_us: Integers, step_ppm: int, seed: int, stream: int) -> Integers:
    """Return how far a path strays from the straight line, in parts per million, 0 at every anchor.

    ``step_ppm`` is what a second moves it, about.
    """
    seconds = np.diff(times_us, prepend=times_us[:1]) // PPM
    # A uniform step has the deviation of its width / root 12, and a walk that of a step times the root of the time.
    roots = np.array([isqrt(n * 10_000) for n in seconds.tolist()])
    steps = (draws(seed, stream, len(times_us)) - ALL // 2) * roots // 100 * (step_ppm * 7 // 2) // ALL
    walk = np.cumsum(steps)
    found = np.zeros(len(times_us), np.int64)
    for begin_us, end_us in pairwise(anchors_us):
        inside = (times_us > begin_us) & (times_us < end_us)
        if not inside.any():
            continue
        before = walk[times_us <= begin_us][-1] if (times_us <= begin_us).any() else 0
        until = times_us <= end_us
        moved = walk[until][-1] - before
        passed_ms, width_ms = (times_us[inside] - begin_us) // 1_000, (end_us - begin_us) // 1_000
        found[inside] = walk[inside] - before - moved * passed_ms // width_ms
    return found


def path(anchors: Sequence[tuple[int, int]], times_us: Integers, step_ppm: int, seed: int, stream: int) -> Integers:
    """Return a path through anchors (time, price), at least 1 everywhere."""
    line = straight(anchors, times_us)
    away = bridge_ppm([time for time, _ in anchors], times_us, step_ppm, seed, stream)
    return np.maximum(line + line * away // PPM, 1)
