"""Sentences for numbers and names that are not what they may be; each is told with its place."""

from collections.abc import Iterator

from .amounts import parse_units


def within(name: str, value: int, low: int, high: int) -> Iterator[str]:
    """Yield a sentence unless a number is within its bounds, both of which it may be."""
    if not low <= value <= high:
        yield f"{name}: {value} is not within {low} to {high}"


def repeated(table: str, names: list[str]) -> list[str]:
    """Return a sentence for every name that a table holds twice."""
    return [f"{table} {name}: stands there twice" for name in sorted({name for name in names if names.count(name) > 1})]


def decimal_problems(name: str, text: str, decimals: int, low_units: int, high: int | None = None) -> Iterator[str]:
    """Yield what is wrong with a decimal text of at most ``decimals`` places; ``high`` is a whole number."""
    try:
        units = parse_units(text, decimals)
    except ValueError as error:
        yield f"{name}: {error}"
        return
    if units < low_units:
        yield f"{name}: {text} is not greater than zero"
    if high is not None and units > high * 10**decimals:
        yield f"{name}: {text} is above {high}"
