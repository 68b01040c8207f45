"""The few pieces of Markdown that the reference page is made of."""

import inspect
from collections.abc import Iterable, Sequence

READABLE_MAXIMUM = 1_000_000
"""Numbers above it are written as a power where they are one, or one less."""


def heading(level: int, text: str) -> str:
    """Return a heading."""
    return f"{'#' * level} {text}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar inside a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return a text set as code."""
    return f"`{text}`"


def link(name: str) -> str:
    """Return a link to the heading of this name on the same page."""
    return f"[{name}](#{name.lower()})"


def docstring(thing: object) -> str:
    """Return the docstring of a class as paragraphs."""
    text = inspect.getdoc(thing)
    assert text, f"{thing} needs a docstring: it is what the page says of it"
    return text.replace("``", "`")


def number(value: int) -> str:
    """Return a number as a person reads it: ``65,535``, ``2^62``, ``2^48 - 1``, ``-2^63``."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size > READABLE_MAXIMUM:
        if size & (size - 1) == 0:
            return f"{sign}2^{size.bit_length() - 1}"
        if size & (size + 1) == 0:
            return f"{sign}(2^{size.bit_length()} - 1)" if sign else f"2^{size.bit_length()} - 1"
    return f"{value:,}"
