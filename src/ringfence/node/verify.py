"""Replaying a log from its beginning and checking everything that it, its checkpoints and its snapshots claim.

- every frame's checksum and the hash chain over all of them;
- every checkpoint's signature, and that the replay gives its hashes of log and events; every Clock has its checkpoint;
- every Clock command's seed is the hash that the checkpoint before it signed;
- every snapshot's own hash, and that the replay has the same state there;
- the invariants of the money (`invariants`), at every snapshot and at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from ringfence.core import CoreStopped, Exchange
from ringfence.journal import (
    GENESIS_CHAIN,
    Checkpoint,
    DamagedFile,
    DirectoryInUse,
    DirectoryLock,
    JournalError,
    JournalReader,
    examine,
    snapshots,
    verify_checkpoints,
)
from ringfence.journal.keys import load_public_key
from ringfence.node.ahead import read_ahead
from ringfence.node.errors import NodeError, StateMismatch
from ringfence.node.invariants import broken_invariants
from ringfence.node.recovery import require_same
from ringfence.node.replay import Batch, batches
from ringfence.node.replica import GENESIS_EVENTS_CHAIN, Mark, Records, Replica
from ringfence.node.skips import Skips
from ringfence.schema.commands import Clock
from ringfence.schema.layout import DTYPES, known_schemas

FINDINGS_MAXIMUM = 100
"""After so many findings the rest is not listed."""

Progress = Callable[[int, int], None]
"""Called with the last sequence replayed and the one to reach."""


class Report(msgspec.Struct):
    """What a verification found; `findings` is empty when everything holds."""

    sequence: int = 0
    """The last command replayed."""
    time_us: int = 0
    state_hash: str = ""
    events_chain: str = ""
    """The events' hash at the last Clock command."""
    events: int = 0
    checkpoints: int = 0
    snapshots: int = 0
    skipped: int = 0
    notes: list[str] = []
    """What is worth knowing and not wrong."""
    findings: list[str] = []

    @property
    def holds(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.findings


class Listener(Protocol):
    """Who wants to see what a verification replays."""

    def read(self, commands: Records, events: Records) -> None:
        """Take a batch of the log and what it told."""
        ...

    def close(self, rows: dict[str, np.ndarray]) -> None:
        """Take the rows of every table at the log's end."""
        ...


def verify(
    directory: Path, progress: Progress, listener: Listener | None = None, more: Callable[[], bool] | None = None
) -> Report:
    """Verify the whole of DIR, also beside a running node, and return what was found. Nothing in DIR is changed.

    ``more`` is asked whenever all that is written was read: while it says so, the log is followed as it grows.
    """
    verification = _Verification(directory, progress, listener, more)
    try:
        verification.run()
    except CoreStopped as stop:
        verification.find(f"CORE_STOPPED: an assertion in the core does not hold at command {stop.sequence}")
    except (JournalError, NodeError) as error:
        verification.find(str(error))
    return verification.report


class _Verification:
    def __init__(
        self, directory: Path, progress: Progress, listener: Listener | None, more: Callable[[], bool] | None
    ) -> None:
        self.report = Report()
        self._log = directory / "journal"
        self._snapshots = directory / "snapshots"
        self._directory = directory
        self._progress, self._listener, self._more = progress, listener, more
        self._unchecked: list[tuple[Mark, bytes]] = []
        self._chain = GENESIS_CHAIN
        self._seed = GENESIS_CHAIN
        self._upcoming: Checkpoint | None = None

    def find(self, sentence: str) -> None:
        findings = self.report.findings
        if len(findings) < FINDINGS_MAXIMUM:
            findings.append(sentence)
        elif len(findings) == FINDINGS_MAXIMUM:
            findings.append("more was found than is listed")

    def run(self) -> None:
        skips = Skips.load(self._directory)
        self.report.skipped = len(skips.skips)
        self._replica = Replica(Exchange(), GENESIS_EVENTS_CHAIN, skips)
        self._checkpoints = self._verified_checkpoints()
        self._target = self._examine() if self._more is None else None
        if self._more is None:
            self._upcoming = next(self._checkpoints, None)
        stands = [int(path.stem) for path in snapshots.list_snapshots(self._snapshots)]
        with JournalReader(self._log, known_schemas(), verify=True) as reader:
            for sequence in stands:
                self._replay(reader, sequence)
                self._check_snapshot(sequence)
            self._replay(reader, self._target)
            while self._more is not None and self._more():
                self._replay(reader, self._target)
            if self._more is not None:
                self._end_following(reader)
        self._check_end()
        if self._listener is not None:
            self._listener.close(self._replica.exchange.rows())

    def _end_following(self, reader: JournalReader) -> None:
        """Read what came last, and check the checkpoints, which are signed a little after what they speak of."""
        self._target = self._examine()
        self._replay(reader, self._target)
        self._upcoming = next(self._checkpoints, None)
        for mark, chain in self._unchecked:
            self._check_checkpoint(mark, chain)

    def _examine(self) -> int | None:
        """Return where the log ends, which only one that nobody writes can tell: damage at its end shows here."""
        try:
            with DirectoryLock(self._directory):
                recovery = examine(self._log, schemas=known_schemas()).recovery
        except DirectoryInUse:
            self.report.notes.append("a node is running: what it writes meanwhile is left out")
            return None
        if recovery.cut_bytes:
            self.report.notes.append(f"a torn end of {recovery.cut_bytes} bytes will be cut at the next start")
        return recovery.last_sequence

    def _verified_checkpoints(self) -> Iterator[Checkpoint]:
        try:
            yield from verify_checkpoints(self._log, load_public_key(self._directory / "keys"))
        except (DamagedFile, JournalError, FileNotFoundError) as error:
            self.find(str(error))

    def _replay(self, reader: JournalReader, to_sequence: int | None) -> None:
        first = self._replica.exchange.sequence + 1
        if to_sequence is not None and to_sequence < first:
            return
        for batch in read_ahead(batches(reader.read(first, to_sequence), first, to_sequence)):
            events = self._replica.apply(batch.records)
            self.report.events += events.size
            if self._listener is not None:
                self._listener.read(batch.records, events)
            self._chain = batch.chains.get(self._replica.exchange.sequence, self._chain)
            for mark in self._replica.marks:
                self._check_clock(mark, batch)
            self._progress(self._replica.exchange.sequence, self._target or self._replica.exchange.sequence)

    def _check_clock(self, mark: Mark, batch: Batch) -> None:
        clocks = batch.records.view(DTYPES[Clock])
        index = int(np.searchsorted(clocks["sequence"], mark.sequence))
        if clocks["seed"][index].tobytes() != self._seed:
            self.find(f"SEED_MISMATCH: the seed of Clock {mark.sequence} is not the last checkpoint's hash")
        chain = batch.chains.get(mark.sequence)
        if chain is None:
            self.find(f"CHECKPOINT_MISMATCH: Clock {mark.sequence} does not end its frame")
            return
        self._seed = chain
        if self._more is None:
            self._check_checkpoint(mark, chain)
        else:
            self._unchecked.append((mark, chain))

    def _check_checkpoint(self, mark: Mark, chain: bytes) -> None:
        while self._upcoming is not None and self._upcoming.sequence < mark.sequence:
            self.find(f"CHECKPOINT_MISMATCH: a checkpoint of {self._upcoming.sequence}, where no Clock command stands")
            self._upcoming = next(self._checkpoints, None)
        if self._upcoming is None:
            return
        if self._upcoming.sequence > mark.sequence:
            self.find(f"CHECKPOINT_MISMATCH: Clock {mark.sequence} has no checkpoint, and later ones do")
            return
        try:
            require_same(self._upcoming, mark, chain)
        except StateMismatch as error:
            self.find(str(error))
        self.report.checkpoints += 1
        self._upcoming = next(self._checkpoints, None)

    def _check_snapshot(self, sequence: int) -> None:
        path = next(p for p in snapshots.list_snapshots(self._snapshots) if int(p.stem) == sequence)
        try:
            header = snapshots.load(path, verify_hash=True).header
        except (DamagedFile, FileNotFoundError) as error:
            self.find(str(error))
            return
        exchange = self._replica.exchange
        for what, says, gives in (
            ("sequence", header.sequence, exchange.sequence),
            ("time_us", header.time_us, exchange.time_us),
            ("the log's hash", header.log_chain, self._chain.hex()),
            ("the events' hash", header.events_chain, self._replica.events_chain.hex()),
            ("the state's hash", header.state_hash, exchange.state_hash().hex()),
        ):
            if says != gives:
                self.find(f"SNAPSHOT_MISMATCH: {path} says {says} for {what}, the replay gives {gives}")
        self._check_invariants()
        self.report.snapshots += 1

    def _check_invariants(self) -> None:
        exchange = self._replica.exchange
        for sentence in broken_invariants(exchange.rows()):
            self.find(f"INVARIANT_BROKEN: after command {exchange.sequence}: {sentence}")

    def _check_end(self) -> None:
        report, exchange = self.report, self._replica.exchange
        report.sequence, report.time_us = exchange.sequence, exchange.time_us
        report.state_hash, report.events_chain = exchange.state_hash().hex(), self._replica.events_chain.hex()
        if self._upcoming is not None and self._target is not None:
            self.find(f"LOG_TOO_SHORT: it ends at {exchange.sequence}, a checkpoint says {self._upcoming.sequence}")
        self._check_invariants()
