"""Reading ahead yields the same in the same order, hands errors over, and ends its thread when it is left early."""

import threading
from collections.abc import Iterator

import pytest

from ringfence.node.ahead import DEPTH, read_ahead


def test_read_ahead_yields_the_same_in_order() -> None:
    assert list(read_ahead(range(1000))) == list(range(1000))


def test_read_ahead_raises_the_error_of_its_source_where_it_happened() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    items = read_ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(items)


def test_read_ahead_left_early_makes_no_more_and_ends_its_thread() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for i in range(100_000):
            made.append(i)
            yield i

    before = threading.active_count()
    items = read_ahead(source())
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(made) <= DEPTH + 3
