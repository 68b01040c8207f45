"""How large the deleveraged were: parts of the whole by rank, through the published shares of the largest.

Between two published shares the share of the first r grows in proportion to log r, as it does for sizes that fall with
the rank (Zipf); ``decimal`` rounds its logarithm correctly, so the parts are the same on every machine.
"""

from decimal import Decimal, localcontext
from itertools import pairwise

WHOLE = 10**12
SHARES = ((1, Decimal("0.157")), (10, Decimal("0.458")), (100, Decimal("0.776")))
"""Shares of the deleveraged notional of the largest so many users, computed from the fills of 10 October 2025."""
LARGEST = SHARES[-1][0]
"""There are shares up to so many; sizes are of more people than that."""
DIGITS = 30


def parts_by_rank(people: int) -> list[int]:
    """Return the part of each, the largest first, of ``WHOLE``; there are more than a hundred people."""
    assert people > LARGEST, f"{people} people are too few"
    points = [*SHARES, (people, Decimal(1))]
    with localcontext() as context:
        context.prec = DIGITS
        heights = [int(points[0][1] * WHOLE)]
        for (first, low), (last, high) in pairwise(points):
            slope = (high - low) / (Decimal(last) / first).ln()
            inner = range(first + 1, last)
            heights += [int((low + slope * (Decimal(rank) / first).ln()) * WHOLE) for rank in inner]
            heights.append(int(high * WHOLE))
    return [heights[0], *(after - before for before, after in pairwise(heights))]
