"""Memory for the rows that come next is taken from the system before they come.

The first touch of a page can take the system tens of milliseconds (measured: docs/performance.md), and the thread that
applies commands must not be the one that waits for it.  What is written in the pages is not touched.
"""

import ctypes
import mmap
from concurrent.futures import Future, ThreadPoolExecutor

from .state import (
    BALANCES,
    ENTITLEMENTS,
    LEVELS,
    NODES,
    OFFSETS,
    ORDERS,
    PAGE_BYTES,
    POSITIONS,
    REDEMPTIONS,
    TABLES,
    TRIGGERS,
    WITHDRAWALS,
    State,
    round_up,
)

AHEAD_BYTES = 8 << 20
"""How much a large table has ahead; a smaller one has as much again as it uses."""
POPULATE_WRITE = 23
"""``MADV_POPULATE_WRITE`` of Linux 5.14; the mmap module of Python 3.11 has no name for it."""

_POOLS = {
    "orders": (ORDERS, "used"),
    "order_heads": (ORDERS, "buckets"),
    "balances": (BALANCES, "used"),
    "balance_heads": (BALANCES, "buckets"),
    "withdrawals": (WITHDRAWALS, "used"),
    "withdrawal_heads": (WITHDRAWALS, "buckets"),
    "positions": (POSITIONS, "used"),
    "position_heads": (POSITIONS, "buckets"),
    "triggers": (TRIGGERS, "used"),
    "trigger_heads": (TRIGGERS, "buckets"),
    "redemptions": (REDEMPTIONS, "used"),
    "redemption_heads": (REDEMPTIONS, "buckets"),
    "entitlements": (ENTITLEMENTS, "used"),
    "levels": (LEVELS, "used"),
    "nodes": (NODES, "used"),
}
_COUNTS = {"users": "users", "accounts": "next_account"}
_SIZES = {name: (dtype.itemsize, dtype.itemsize * rows) for name, dtype, rows in TABLES}


class MemoryAhead:
    """Takes memory for the tables of a state, on a thread of its own."""

    def __init__(self, state: State) -> None:
        """Begin with nothing taken."""
        self._state = state
        counters = {name: state.pools[pool : pool + 1][column] for name, (pool, column) in _POOLS.items()}
        counters |= {name: state.venue[:1][column] for name, column in _COUNTS.items()}
        self._tables = [(name, counter, _SIZES[name][0]) for name, counter in counters.items()]
        self._reached = dict.fromkeys(counters, PAGE_BYTES)
        self._thread: ThreadPoolExecutor | None = None
        self._madvise = ctypes.CDLL(None).madvise
        self._madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self.failed = not hasattr(mmap, "MADV_HUGEPAGE")
        """Whether this system cannot do it; then the first touch takes the memory as ever."""

    def look(self) -> list[Future[None]]:
        """Begin to take what is missing and return at once, with what is under way; cheap when nothing is missing."""
        begun = []
        for name, counter, row_bytes in self._tables:
            used = counter.item() * row_bytes
            wanted = round_up(min(used + min(used, AHEAD_BYTES), _SIZES[name][1]), PAGE_BYTES)
            if wanted > self._reached[name] and not self.failed:
                if self._thread is None:
                    self._thread = ThreadPoolExecutor(1, "memory-ahead")
                begin, end = OFFSETS[name] + self._reached[name], OFFSETS[name] + wanted
                begun.append(self._thread.submit(self._take, begin, end))
                self._reached[name] = wanted
        return begun

    def _take(self, begin: int, end: int) -> None:
        self.failed |= self._madvise(self._state.address + begin, end - begin, POPULATE_WRITE) != 0
