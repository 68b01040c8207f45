"""From what a directory holds to a running state, with every contradiction refused.

The newest snapshot is loaded, the log behind it replayed. Each Clock command on the way must give the hashes that its
checkpoint signed; a checkpoint that a crash has lost is signed again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
from nacl.signing import SigningKey

from ringfence.journal import (
    GENESIS_CHAIN,
    Checkpoint,
    CheckpointLog,
    Journal,
    read_checkpoints,
    require_reached,
)
from ringfence.node.ahead import read_ahead
from ringfence.node.errors import StateMismatch
from ringfence.node.replay import BATCH_RECORDS, Start, batches, start
from ringfence.node.replica import Mark, Replica
from ringfence.schema.enums import LATEST_RULES
from ringfence.schema.layout import known_schemas, schema_hash


class Recovered(msgspec.Struct, frozen=True):
    """What opening a directory found."""

    snapshot_sequence: int
    """0 when there was none to use."""
    damaged_snapshots: tuple[str, ...]
    commands_replayed: int
    sequence: int
    cut_bytes: int
    """Length of the torn end of the log that was cut, 0 for a clean one."""
    cut_at: str
    """File and offset of that end."""
    checkpoints_signed: int
    """Checkpoints that a crash had lost."""
    commands_skipped: int
    """Skip records in force."""
    duration_ms: int


class Found(NamedTuple):
    """The parts of a recovered engine."""

    replica: Replica
    journal: Journal
    checkpoints: CheckpointLog
    seed: bytes
    """For the next Clock command: the log's hash at the last checkpoint, 32 bytes."""
    recovered: Recovered


def recover(directory: Path, key: SigningKey, resources: ExitStack, segment_bytes: int) -> Found:
    """Open log and checkpoints of a locked DIR and bring the state up to the log's end; `resources` closes both."""
    began_ns = time.monotonic_ns()
    begin = start(directory)
    log = directory / "journal"
    journal = resources.enter_context(
        Journal.open(
            log,
            schema_hash=schema_hash(),
            rules_version=LATEST_RULES,
            schemas=known_schemas(),
            verify_from_sequence=begin.sequence + 1,
            segment_bytes=segment_bytes,
        )
    )
    assert journal.records_maximum >= BATCH_RECORDS, f"a segment of {segment_bytes} bytes does not take a batch"
    checkpoints = resources.enter_context(CheckpointLog.open(log, key))
    require_reached(checkpoints.last, journal.recovery, log)
    _require_snapshot_in_log(begin, journal)
    signed = {c.sequence: c for c in read_checkpoints(log, key.verify_key) if c.sequence > begin.sequence}
    seed = bytes.fromhex(begin.snapshot.header.log_chain) if begin.snapshot else GENESIS_CHAIN
    again = 0
    for mark, chain in _replayed(begin, journal):
        seed = chain
        if mark.sequence in signed:
            require_same(signed.pop(mark.sequence), mark, chain)
        else:
            checkpoints.append(*mark[:2], chain, mark.events_chain)
            again += 1
    if signed:
        raise StateMismatch(
            f"CHECKPOINT_MISMATCH: a checkpoint of sequence {min(signed)}, where no Clock command stands"
        )
    checkpoints.sync()
    recovered = _summary(begin, journal, again, (time.monotonic_ns() - began_ns) // 1_000_000)
    return Found(begin.replica, journal, checkpoints, seed, recovered)


def require_same(checkpoint: Checkpoint, mark: Mark, chain: bytes) -> None:
    """Raise `StateMismatch` unless a replay gives what a checkpoint says of the same command."""
    for what, says, gives in (
        ("time_us", checkpoint.time_us, mark.time_us),
        ("the log's hash", checkpoint.chain.hex(), chain.hex()),
        ("the events' hash", checkpoint.events_chain.hex(), mark.events_chain.hex()),
    ):
        if says != gives:
            raise StateMismatch(
                f"CHECKPOINT_MISMATCH: checkpoint {mark.sequence} says {says} for {what}, the replay gives {gives}"
            )


def _replayed(begin: Start, journal: Journal) -> Iterator[tuple[Mark, bytes]]:
    """Bring the state to the end of the log and yield each Clock command with the log's hash there."""
    first = begin.sequence + 1
    for batch in read_ahead(batches(journal.read(first), first)):
        begin.replica.apply(batch.records)
        for mark in begin.replica.marks:
            yield mark, batch.chains[mark.sequence]
    assert begin.replica.exchange.sequence == journal.last_sequence, "the replay reaches the end of the log"


def _require_snapshot_in_log(begin: Start, journal: Journal) -> None:
    if begin.snapshot is None:
        return
    header, path = begin.snapshot.header, begin.snapshot.path
    if header.sequence > journal.last_sequence:
        raise StateMismatch(f"LOG_TOO_SHORT: the log ends at {journal.last_sequence}, {path} stands behind that")
    frame = next(iter(journal.read(header.sequence, header.sequence)))
    if frame.last_sequence != header.sequence or frame.chain.hex() != header.log_chain:
        raise StateMismatch(f"SNAPSHOT_MISMATCH: {path} is of another log than the one in {journal.directory}")


def _summary(begin: Start, journal: Journal, checkpoints_signed: int, duration_ms: int) -> Recovered:
    found = journal.recovery
    return Recovered(
        snapshot_sequence=begin.sequence,
        damaged_snapshots=begin.damaged,
        commands_replayed=journal.last_sequence - begin.sequence,
        sequence=journal.last_sequence,
        cut_bytes=found.cut_bytes,
        cut_at=f"{found.cut_at[0]} at byte {found.cut_at[1]}" if found.cut_at else "",
        checkpoints_signed=checkpoints_signed,
        commands_skipped=len(begin.replica.skips.skips),
        duration_ms=duration_ms,
    )
