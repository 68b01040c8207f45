"""The rules by which prices and margins come about, written once more in whole numbers of any size.

docs/rules.md, "Prices", "Margin" and "Perpetuals".  A receipt is checked by this and not by the core, so that a fault
of one does not hide in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

E8, PPM = 10**8, 10**6
MAX_VALUE = 2**60
FACTOR_END = 2**62
PREMIUM_BITS = 8
US_PER_MS = 1_000


def down(amount: int, ppm: int) -> int:
    """Return floor(amount * ppm / 10^6)."""
    return amount * ppm // PPM


def up(amount: int, ppm: int) -> int:
    """Return ceil(amount * ppm / 10^6)."""
    return -(-amount * ppm // PPM)


def factor_and_shift(price_units: int, decimals: int) -> tuple[int, int]:
    """Return (f, s): s the largest for which f = floor(price * 2^s / 10^(decimals + 2)) is below 2^62."""
    whole = 10 ** (decimals + 2)
    shift = 0
    while (price_units << (shift + 1)) // whole < FACTOR_END:
        shift += 1
    return (price_units << shift) // whole, shift


def value_down(atoms: int, price_units: int, decimals: int) -> int:
    """Return what atoms are worth at a price, rounded down, in millionths of the cash unit."""
    if price_units == 0:
        return 0
    factor, shift = factor_and_shift(price_units, decimals)
    return min(atoms * factor >> shift, MAX_VALUE)


def value_up(atoms: int, price_units: int, decimals: int) -> int:
    """Return what atoms are worth at a price, rounded up."""
    if price_units == 0:
        return 0
    factor, shift = factor_and_shift(price_units, decimals)
    return min(-(-atoms * (factor + 1) >> shift), MAX_VALUE)


def requirement(value: int, rate_e8: int) -> int:
    """Return ceil(value * rate), the margin that a value needs."""
    return min(-(-value * rate_e8 // E8), MAX_VALUE)


def part(value: int, weight_e8: int) -> int:
    """Return floor(value * weight), what a value counts for as collateral."""
    return min(value * weight_e8 // E8, MAX_VALUE)


class SourceQuote(NamedTuple):
    """What a source said: its number, weight and price, whether it is enabled, and when it was observed."""

    source: int
    weight: int
    price_units: int
    enabled: int
    observed_us: int


class Index(NamedTuple):
    """What quotes come to: the index, and the sources that made it and that were clamped, as masks."""

    index_units: int
    used_sources: int
    clamped_sources: int


def fresh_quotes(quotes: Sequence[SourceQuote], time_us: int, maximum_age_ms: int) -> list[SourceQuote]:
    """Return the quotes that count at a time."""
    oldest_us = time_us - maximum_age_ms * US_PER_MS
    return [one for one in quotes if one.price_units and one.enabled and one.observed_us >= oldest_us]


def index_of(quotes: Sequence[SourceQuote], clamp_ppm: int) -> Index:
    """Return the index of quotes that all count: their mean, each within the clamp around their weighted median."""
    whole, reached, centre = sum(one.weight for one in quotes), 0, 0
    for one in sorted(quotes, key=lambda quote: (quote.price_units, quote.source)):
        reached, centre = reached + one.weight, one.price_units
        if 2 * reached >= whole:
            break
    low, high = up(centre, PPM - clamp_ppm), down(centre, PPM + clamp_ppm)
    total = sum(one.weight * min(max(one.price_units, low), high) for one in quotes)
    used = sum(1 << one.source for one in quotes)
    clamped = sum(1 << one.source for one in quotes if not low <= one.price_units <= high)
    return Index(total // whole, used, clamped)


def index_ticks(price_units: int, tick_atoms: int, quote_decimals: int) -> int:
    """Return the price of an asset in ticks of a market."""
    return max(1, price_units * 10**quote_decimals // (E8 * tick_atoms))


def mark_ticks(index: int, premium: int, bound_ppm: int) -> int:
    """Return the mark of a perpetual from its index and its premium, which counts 2^-8 ticks."""
    bound = down(index, bound_ppm)
    return max(1, index + max(-bound, min(bound, premium >> PREMIUM_BITS)))
