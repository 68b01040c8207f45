"""From the frames of the log to batches for the core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ringfence.core import Exchange
from ringfence.journal import Frame, snapshots
from ringfence.node.replica import GENESIS_EVENTS_CHAIN, Records, Replica, as_records
from ringfence.node.skips import Skips
from ringfence.schema.enums import rules_that_hold
from ringfence.schema.layout import RECORD_BYTES, known_schemas, row_dtypes

BATCH_RECORDS = 16_384
"""The most commands that go to the core at once."""


class Batch(NamedTuple):
    """Stamped records in order, and the log's hashes that fall into them."""

    records: Records
    chains: dict[int, bytes]
    """The log's hash after each frame that ends in this batch, by the frame's last sequence."""


class Start(NamedTuple):
    """Where a replay begins."""

    replica: Replica
    snapshot: snapshots.Snapshot | None
    damaged: tuple[str, ...]
    """Snapshots that were passed over, a sentence each."""

    @property
    def sequence(self) -> int:
        """The last command that the state contains, 0 for a new venue."""
        return self.snapshot.header.sequence if self.snapshot else 0


def start(directory: Path, at_most_sequence: int | None = None) -> Start:
    """Return the state of the newest snapshot (up to a sequence) whose rows have its hash, or a new venue."""
    found = snapshots.latest(directory / "snapshots", at_most_sequence, schemas=known_schemas(), verify_hash=True)
    damaged = tuple(str(error) for error in found.damaged)
    skips = Skips.load(directory)
    if found.snapshot is None:
        return Start(Replica(Exchange(), GENESIS_EVENTS_CHAIN, skips), None, damaged)
    header = found.snapshot.header
    dtypes = row_dtypes(rules_that_hold(header.rules_version))
    rows = {name: table.view(dtypes[name]) for name, table in found.snapshot.tables.items()}
    replica = Replica(Exchange.restore(rows), bytes.fromhex(header.events_chain), skips)
    assert replica.exchange.sequence == header.sequence, f"{found.snapshot.path} holds {replica.exchange.sequence}"
    return Start(replica, found.snapshot, damaged)


def batches(frames: Iterable[Frame], from_sequence: int, to_sequence: int | None = None) -> Iterator[Batch]:
    """Join small frames and split large ones, so that each batch has about `BATCH_RECORDS` records or fewer."""
    parts: list[memoryview] = []
    chains: dict[int, bytes] = {}
    waiting = 0
    for frame in frames:
        part = frame.records_from(from_sequence)
        if to_sequence is not None and frame.last_sequence > to_sequence:
            part = part[: len(part) - (frame.last_sequence - to_sequence) * RECORD_BYTES]
        else:
            chains[frame.last_sequence] = frame.chain
        parts.append(part)
        waiting += len(part) // RECORD_BYTES
        if waiting >= BATCH_RECORDS:
            yield from _split(parts, chains)
            parts, chains, waiting = [], {}, 0
    yield from _split(parts, chains)


def _split(parts: list[memoryview], chains: dict[int, bytes]) -> Iterator[Batch]:
    if not parts:
        return
    records = as_records(bytearray().join(parts))
    for begin in range(0, records.size, BATCH_RECORDS):
        yield Batch(records[begin : begin + BATCH_RECORDS], chains)
