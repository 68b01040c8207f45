"""A copy of the state beside the node: from a snapshot, through the log, and on with what the node sends.

follower = Follower(directory)
for events in follower.catch_up(link.durable_sequence): ...
async for first_sequence, records in link.frames():
    events = follower.apply(records)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ringfence.core import Exchange
from ringfence.journal import GENESIS_CHAIN, JournalReader
from ringfence.node.errors import StateMismatch
from ringfence.node.pages import cut_after_pages
from ringfence.node.replay import batches, start
from ringfence.node.replica import Mark, Records, as_records
from ringfence.node.skips import Skips
from ringfence.schema.layout import COMMAND_HEADER, known_schemas


class Follower:
    """An exchange that applies the log of DIR.

    It begins at the newest usable snapshot, or at the newest that does not reach beyond `from_sequence_at_most`, so
    that the events after that sequence can be had; without one, at a new venue.
    """

    def __init__(self, directory: Path, from_sequence_at_most: int | None = None) -> None:
        begin = start(directory, from_sequence_at_most)
        self.directory = directory
        self.snapshot_sequence = begin.sequence
        """Where it began; 0 for a new venue."""
        self.damaged_snapshots = begin.damaged
        """Snapshots that were passed over, a sentence each."""
        self.log_chain = bytes.fromhex(begin.snapshot.header.log_chain) if begin.snapshot else GENESIS_CHAIN
        """The log's hash at the last frame read from the log, 32 bytes."""
        self._replica = begin.replica

    @property
    def exchange(self) -> Exchange:
        """The state."""
        return self._replica.exchange

    @property
    def sequence(self) -> int:
        """The last command applied."""
        return self._replica.exchange.sequence

    @property
    def events_chain(self) -> bytes:
        """The events' hash at the last Clock command, 32 bytes."""
        return self._replica.events_chain

    @property
    def marks(self) -> list[Mark]:
        """The Clock commands in what was last applied, each with the events' hash there."""
        return self._replica.marks

    def catch_up(self, to_sequence: int | None = None, *, by_pages: bool = False) -> Iterator[Records]:
        """Apply the log to `to_sequence` inclusive, or as far as it is written, and yield the events batch by batch.

        With `by_pages` a batch also ends wherever a settlement may have moved money.

        While a node runs, what is written may not be durable yet: give its durable sequence, or a checkpoint's. Raises
        `CoreStopped`, and `StateMismatch` when the log does not reach that far.
        """
        self._replica.skips = Skips.load(self.directory)
        with JournalReader(self.directory / "journal", known_schemas(), verify=False) as reader:
            frames = reader.read(self.sequence + 1, to_sequence)
            for batch in batches(frames, self.sequence + 1, to_sequence):
                for part in cut_after_pages(batch.records) if by_pages else [batch.records]:
                    events = self._replica.apply(part)
                    self.log_chain = batch.chains.get(self.sequence, self.log_chain)
                    yield events
        if to_sequence is not None and self.sequence < to_sequence:
            raise StateMismatch(
                f"LOG_TOO_SHORT: the log in {self.directory} ends at {self.sequence}, {to_sequence} was expected"
            )

    def apply(self, records: bytes | bytearray | memoryview) -> Records:
        """Apply stamped records of 128 bytes that continue the log and return their events; raises `CoreStopped`.

        Records that were applied already are left out, so that a place where log and link overlap does no harm.
        """
        return self._replica.apply(self._unapplied(records))

    def apply_by_pages(self, records: bytes | bytearray | memoryview) -> Iterator[Records]:
        """As `apply`, but yield the events wherever a settlement may have moved money, to be looked at there."""
        for part in cut_after_pages(self._unapplied(records)):
            yield self._replica.apply(part)

    def _unapplied(self, records: bytes | bytearray | memoryview) -> Records:
        array = as_records(bytearray(records))
        first = int(array.view(COMMAND_HEADER)["sequence"][0])
        assert first <= self.sequence + 1, f"records from {first} on do not continue {self.sequence}"
        return array[self.sequence + 1 - first :]
