"""Going on with a run that was killed: the whole of it is played again, and held against what the log already has.

Whoever drives a scenario knows things that are in no snapshot: who is about to deposit, what was drawn. So a run that
goes on begins at its beginning: each frame that it would write must be the one that is there, to the last bit, and each
checkpoint must be the one that was signed; where the log ends it is written on.  What a kill left is what the journal
recovers anyhow.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ringfence.core import Exchange
from ringfence.journal import (
    GENESIS_CHAIN,
    Checkpoint,
    CheckpointLog,
    DirectoryLock,
    Journal,
    JournalError,
    OsFiles,
    Position,
    read_checkpoints,
)
from ringfence.journal.keys import open_node_key
from ringfence.node.engine import Engine
from ringfence.node.replica import GENESIS_EVENTS_CHAIN, Records, Replica, bytes_of
from ringfence.node.skips import Skips
from ringfence.schema import layout
from ringfence.schema.enums import LATEST_RULES
from ringfence.schema.layout import known_schemas


class OtherRun(JournalError):
    """Raised when a folder has the log of something else than what is played."""


class UnsyncedFiles(OsFiles):
    """Files that are written and not waited for: a killed process loses nothing, a machine without power may."""

    def fdatasync(self, handle: int) -> None:
        """Do not wait."""

    def fsync_directory(self, path: Path) -> None:
        """Do not wait."""


class RehearsedLog:
    """A log that is written from its beginning, in which much may stand already."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._end = journal.last_sequence
        self._frames = journal.read(1) if self._end else iter(())
        self.last_sequence, self.chain = 0, GENESIS_CHAIN

    def append(self, records: Records) -> Position:
        """Write a frame, or find it there; raises `OtherRun` when another one is there."""
        if self.last_sequence == self._end:
            position = self._journal.append(records)
            self._end = position.last_sequence
        else:
            frame = next(self._frames)
            if bytes(frame.payload) != bytes(bytes_of(records)):
                raise OtherRun(
                    f"OTHER_RUN: {self._journal.directory} has the log of another scenario, seed or version: at "
                    f"command {frame.first_sequence} it differs; choose another --out"
                )
            position = Position(frame.first_sequence, frame.last_sequence, frame.chain)
        self.last_sequence, self.chain = position.last_sequence, position.chain
        return position

    def begin_epoch(self, schema_hash: bytes, rules_version: int) -> None:
        """Open an epoch, unless that was done."""
        if self.last_sequence == self._end:
            self._journal.begin_epoch(schema_hash, rules_version)

    def close(self) -> None:
        """Close the log."""
        self._journal.close()


class RehearsedCheckpoints:
    """Checkpoints of which many may be signed already."""

    def __init__(self, checkpoints: CheckpointLog, signed: dict[int, Checkpoint]) -> None:
        self._checkpoints, self._signed = checkpoints, signed

    def append(self, sequence: int, time_us: int, chain: bytes, events_chain: bytes) -> Checkpoint:
        """Sign, or find what was signed; raises `OtherRun` when that was something else."""
        found = self._signed.pop(sequence, None)
        if found is None:
            return self._checkpoints.append(sequence, time_us, chain, events_chain)
        if (found.time_us, found.chain, found.events_chain) != (time_us, chain, events_chain):
            raise OtherRun(f"OTHER_RUN: checkpoint {sequence} was signed for other events than these")
        return found

    def sync(self) -> None:
        """Wait for the disk."""
        self._checkpoints.sync()


def rehearse(directory: Path, clock: Callable[[], int]) -> Engine:
    """Return an engine at the beginning of the log in a folder, which may have none yet, or all of it."""
    files = UnsyncedFiles()
    with ExitStack() as resources:
        resources.enter_context(DirectoryLock(directory))
        key, log = open_node_key(directory / "keys"), directory / "journal"
        journal = resources.enter_context(
            Journal.open(
                log, schema_hash=layout.schema_hash(), rules_version=LATEST_RULES, schemas=known_schemas(), files=files
            )
        )
        checkpoints = resources.enter_context(CheckpointLog.open(log, key, files=files))
        signed = {checkpoint.sequence: checkpoint for checkpoint in read_checkpoints(log, key.verify_key)}
        replica = Replica(Exchange(), GENESIS_EVENTS_CHAIN, Skips.load(directory))
        return Engine.assemble(
            replica, RehearsedLog(journal), RehearsedCheckpoints(checkpoints, signed), resources.pop_all(), clock
        )
