"""Memory is there before the rows that need it, and nothing in it changes."""

import ctypes
import sys

import numpy as np
import pytest

from ringfence.core.memory import AHEAD_BYTES, MemoryAhead
from ringfence.core.state import OFFSETS, ORDERS, Order, new_state

ROWS = 200_000
USED_BYTES = ROWS * Order.itemsize

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems take memory at the first touch")


def is_resident(address: int) -> bool:
    """Whether the page at an address has memory."""
    seen = ctypes.c_ubyte()
    page = address // 4096 * 4096
    assert ctypes.CDLL(None).mincore(ctypes.c_void_p(page), ctypes.c_size_t(1), ctypes.byref(seen)) == 0
    return bool(seen.value & 1)


def test_pages_ahead_of_a_large_table_have_memory_and_those_far_off_none() -> None:
    state = new_state()
    orders = state.address + OFFSETS["orders"]
    state.pools[ORDERS].used = ROWS
    assert not is_resident(orders + USED_BYTES + AHEAD_BYTES - 1)
    ahead = MemoryAhead(state)
    for taken in ahead.look():
        taken.result()
    assert not ahead.failed
    assert is_resident(orders + USED_BYTES + AHEAD_BYTES - 1)
    assert not is_resident(orders + USED_BYTES + 2 * AHEAD_BYTES)
    assert ahead.look() == []


def test_a_small_venue_takes_nothing_ahead() -> None:
    state = new_state()
    state.pools[ORDERS].used = 100
    assert MemoryAhead(state).look() == []


def test_rows_in_pages_that_are_taken_stay_as_they_were() -> None:
    state = new_state()
    state.orders[ROWS].id = 7
    state.pools[ORDERS].used = ROWS
    for taken in MemoryAhead(state).look():
        taken.result()
    assert state.orders[ROWS].id == 7
    assert not np.any(state.orders[:ROWS].id)
