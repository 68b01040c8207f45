"""A state that follows the log, with the hash of everything it said.

    digest       = BLAKE2b-256(previous events chain || events of every command since the previous Clock,
                               this Clock's own included)
    events chain = digest, but with the root of the evidence where a second has some (`evidence`)

rolled at each Clock command of the node, from 32 zero bytes on. Who applies the same commands gets the same chain,
however they were cut into batches.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from ringfence.core import Exchange
from ringfence.node.evidence import Second
from ringfence.node.skips import Skips
from ringfence.schema.commands import Clock
from ringfence.schema.enums import Origin
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, RECORD, tag_of

Records: TypeAlias = npt.NDArray[np.void]
"""A one-dimensional array of `RECORD`."""

GENESIS_EVENTS_CHAIN = bytes(32)
CLOCK_TAG = tag_of(Clock)


class Mark(NamedTuple):
    """Where the events chain was rolled."""

    sequence: int
    """The Clock command's."""
    time_us: int
    events_chain: bytes
    digest: bytes
    """The hash of the events alone; another one than the chain where there is evidence."""


class Replica:
    """An exchange, its events chain, and the marks of the last batch."""

    def __init__(self, exchange: Exchange, events_chain: bytes, skips: Skips) -> None:
        self.exchange = exchange
        self.events_chain = events_chain
        """The chain at the last Clock command."""
        self.skips = skips
        self.marks: list[Mark] = []
        """The Clock commands in the records last applied."""
        self._digest = hashlib.blake2b(events_chain, digest_size=32)
        self._evidence = Second()

    def apply(self, records: Records) -> Records:
        """Apply stamped records that continue the log and return their events; raises `CoreStopped`."""
        records = self.skips.prepare(records)
        events = self.exchange.apply(records)
        self.exchange.take_memory_ahead()
        self.marks = []
        header = records.view(COMMAND_HEADER)
        clocks = np.flatnonzero((header["kind"] == CLOCK_TAG) & (header["origin"] == Origin.NODE))
        begin = 0
        for index in clocks.tolist():
            sequence, time_us = int(header["sequence"][index]), int(header["time_us"][index])
            end = events_end(events, sequence)
            self._roll(events[begin:end], sequence, time_us)
            begin = end
        self._take(events[begin:])
        return events

    def _take(self, events: Records) -> None:
        self._digest.update(bytes_of(events))
        self._evidence.add(events)

    def _roll(self, events: Records, sequence: int, time_us: int) -> None:
        self._take(events)
        digest = self._digest.digest()
        self.events_chain = self._evidence.seal(digest)
        self._digest = hashlib.blake2b(self.events_chain, digest_size=32)
        self.marks.append(Mark(sequence, time_us, self.events_chain, digest))


def events_end(events: Records, sequence: int) -> int:
    """Return the index behind the last event of the commands up to `sequence`."""
    return int(np.searchsorted(events.view(EVENT_HEADER)["sequence"], sequence, side="right"))


def as_records(data: bytes | bytearray | memoryview) -> Records:
    """Return whole 128-byte records as an array over the same memory."""
    return cast(Records, np.frombuffer(data, dtype=RECORD))


def bytes_of(records: Records) -> memoryview:
    """Return the bytes of contiguous records, not copied."""
    return records.view(np.uint8).data
