"""The engine with the scenario's time, and everybody who listens to what it tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from ringfence.core import Exchange
from ringfence.node.engine import Committed, Engine
from ringfence.node.replay import BATCH_RECORDS
from ringfence.schema.events import Rejected
from ringfence.schema.layout import EVENT_HEADER, decode_event, tag_of

from .records import Records

Listener = Callable[[Records], None]


class Stage:
    """Give commands, let time pass, and let the venue do what is due, as its node would.

    ``busy_s`` is how long the engine took so far.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.listeners: list[Listener] = []
        self.busy_s = 0.0

    @property
    def exchange(self) -> Exchange:
        """The state."""
        return self.engine.exchange

    def give(self, records: Records) -> None:
        """Submit commands, and after each batch let the engine do a little of what is due."""
        for batch in _batches(records):
            self._submit(batch)
            self.go_on()

    def must(self, records: Records) -> None:
        """Submit what nobody may refuse, and let nothing come between."""
        for batch in _batches(records):
            told = self._submit(batch)
            refused = told[told.view(EVENT_HEADER)["kind"] == tag_of(Rejected)]
            assert not len(refused), f"{len(refused)} were refused, first {decode_event(refused[0].tobytes())}"

    def tick(self) -> None:
        """Let a Clock strike."""
        self._take(self.engine.tick)

    def go_on(self) -> bool:
        """Let the engine do a little of everything that is due; returns whether there was something."""
        parts, any_done = self.engine.go_on(), False
        while self._take(lambda: next(parts, None)) is not None:
            any_done = True
        return any_done

    def finish(self) -> None:
        """Let the engine do all that is due before the next Clock."""
        while self.engine.has_work and self.go_on():
            pass

    def _submit(self, batch: Records) -> Records:
        told = self._take(lambda: self.engine.submit(batch))
        assert told is not None, "a submission has events"
        return told

    def _take(self, do: Callable[[], Committed | None]) -> Records | None:
        begin = time.perf_counter()
        committed = do()
        self.busy_s += time.perf_counter() - begin
        if committed is None:
            return None
        for listener in self.listeners:
            listener(committed.events)
        return committed.events


def _batches(records: Records) -> Iterator[Records]:
    for begin in range(0, len(records), BATCH_RECORDS):
        yield np.ascontiguousarray(records[begin : begin + BATCH_RECORDS])
