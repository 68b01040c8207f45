"""A node without a door: the engine in the caller's own process, for benches, tests and tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np

from ringfence.core import Exchange
from ringfence.journal import SEGMENT_BYTES
from ringfence.node.engine import Engine, wall_clock_us
from ringfence.node.replay import BATCH_RECORDS
from ringfence.node.replica import Records

TICK_US = 1_000_000


class LocalNode:
    """Submit commands and get their events when they are durable. `engine` is everything else."""

    def __init__(
        self, directory: Path, *, clock: Callable[[], int] = wall_clock_us, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.engine = Engine.open(directory, clock=clock, segment_bytes=segment_bytes)
        self._clock = clock
        self._ticked_us = 0

    @property
    def exchange(self) -> Exchange:
        """The state."""
        return self.engine.exchange

    def submit(self, records: Records) -> Records:
        """Stamp the records in place, make them durable, apply them, and return all their events.

        More than `BATCH_RECORDS` go in batches. A Clock command comes first when a second has passed.
        """
        events: list[Records] = []
        for begin in range(0, records.size, BATCH_RECORDS):
            if self._clock() - self._ticked_us >= TICK_US:
                self._ticked_us = self._clock()
                self.engine.tick()
            self.engine.continue_settlement()
            self.engine.fire_triggers()
            events.append(self.engine.submit(records[begin : begin + BATCH_RECORDS]).events)
        return events[0] if len(events) == 1 else np.concatenate(events)

    def close(self) -> None:
        """Close with a last Clock command and checkpoint."""
        try:
            self.engine.tick()
        finally:
            self.engine.close()

    def __enter__(self) -> LocalNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.engine.close()
