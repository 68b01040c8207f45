"""The durable log: append records, get back only when they cannot be lost.

    journal = Journal.open(directory, schema_hash=...)     recovers, cuts a torn tail, refuses damage
    position = journal.append(records)                     one frame, one write, one sync
    for frame in journal.read(from_sequence): ...          what is durable

One thread appends. Other processes read with `JournalReader`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ringfence.journal.errors import JournalFailed
from ringfence.journal.files import ZERO_BLOCK, Buffer, Files, OsFiles
from ringfence.journal.prepare import SegmentPreparer
from ringfence.journal.reader import JournalReader
from ringfence.journal.recovery import LogEnd, Recovery, examine
from ringfence.journal.segment import (
    GENESIS_CHAIN,
    RECORD_BYTES,
    SEGMENT_BYTES,
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    decode_segment_header,
    encode_frame_header,
    encode_segment_header,
    frame_records_maximum,
    next_chain,
    segment_name,
)
from ringfence.journal.window import Frame


class Position(NamedTuple):
    """Where an append stands in the log."""

    first_sequence: int
    last_sequence: int
    chain: bytes
    """The log's hash after it, 32 bytes."""


class Epoch(NamedTuple):
    """What a segment's header says of its records."""

    schema_hash: bytes
    rules_version: int


class Journal:
    """The log's one writer. Made by `open`."""

    directory: Path
    recovery: Recovery
    """What `open` found and cut."""
    last_sequence: int
    """The sequence of the last durable record; one before the first in an empty log."""
    chain: bytes
    """The log's hash after the last durable record, 32 bytes."""
    records_maximum: int
    """How many records one append may hold."""

    def __init__(
        self,
        directory: Path,
        end: LogEnd,
        files: Files,
        schemas: Collection[bytes],
        preparer: SegmentPreparer,
    ) -> None:
        self.directory = directory
        self.recovery = end.recovery
        self.last_sequence = end.recovery.last_sequence
        self.chain = end.recovery.chain
        self._files = files
        self._schemas = schemas
        self._epoch = Epoch(b"", 0)
        self._preparer = preparer
        self._offset = end.offset
        self._handle = -1
        self._segment_bytes = 0
        self._failed = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        schema_hash: bytes,
        rules_version: int = 1,
        schemas: Collection[bytes] = (),
        files: Files | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        verify_from_sequence: int = 1,
        known_chains: Mapping[int, bytes] | None = None,
        first_sequence: int = 1,
        first_chain: bytes = GENESIS_CHAIN,
        prepare_in_background: bool = True,
    ) -> Journal:
        """Recover the log in `directory` (DIR/journal), or begin one, and return its writer.

        New segments name `schema_hash`; those that are there may name one of `schemas` too.

        `verify_from_sequence` is one above the sequence of the snapshot to start from: segments that end before are
        checked by their headers only. `known_chains` gives the log's hash after some sequences (that snapshot's, for
        one), which must agree where a frame ends there. `first_sequence` and `first_chain` are those of the whole log.
        Raises `DamagedLog`, with the place, and `SchemaMismatch`; both leave the log as it was.
        """
        assert segment_bytes % RECORD_BYTES == 0, f"{segment_bytes} bytes are not whole records"
        assert frame_records_maximum(segment_bytes) > 0, f"a segment of {segment_bytes} bytes holds no frame"
        files = files or OsFiles()
        files.make_directory(directory)
        end = examine(
            directory,
            schemas={schema_hash, *schemas},
            files=files,
            first_sequence=first_sequence,
            first_chain=first_chain,
            verify_from_sequence=verify_from_sequence,
            known_chains=known_chains,
        )
        preparer = SegmentPreparer(files, directory, segment_bytes, background=prepare_in_background)
        journal = cls(directory, end, files, {schema_hash, *schemas}, preparer)
        journal.records_maximum = frame_records_maximum(segment_bytes)
        journal._resume(end, segment_bytes, Epoch(schema_hash, rules_version))
        return journal

    def append(self, records: Buffer | npt.NDArray[np.void]) -> Position:
        """Write whole 128-byte records as one frame and return when it is durable.

        Their sequences continue the log densely: anything else is the caller's mistake, an AssertionError, and nothing
        is written. When the disk fails, this and every later call raises `JournalFailed`: whether the last frame is
        there shows only after reopening.
        """
        self._require_usable()
        payload = np.frombuffer(records, dtype=np.uint8)
        first, last = self._next_sequences(payload)
        view = payload.data
        chain = next_chain(self.chain, view)
        frame = encode_frame_header(first, view, chain) + view
        self._failed = True
        try:
            if self._offset + len(frame) > self._segment_bytes:
                self._rotate()
            self._files.pwrite(self._handle, frame, self._offset)
            self._files.fdatasync(self._handle)
        except OSError as error:
            raise JournalFailed(f"JOURNAL_FAILED: {self.directory} at sequence {first}: {error}") from error
        self._failed = False
        self._offset += len(frame)
        self.last_sequence, self.chain = last, chain
        return Position(first, last, chain)

    def begin_epoch(self, schema_hash: bytes, rules_version: int) -> None:
        """Let what follows stand in a segment that names this schema; nothing happens where it does already.

        Raises `JournalFailed`, and from then on always, when the disk fails.
        """
        self._require_usable()
        if self._epoch == (schema_hash, rules_version):
            return
        self._epoch, self._failed = Epoch(schema_hash, rules_version), True
        try:
            self._rotate()
        except OSError as error:
            raise JournalFailed(f"JOURNAL_FAILED: {self.directory} at a new segment: {error}") from error
        self._failed = False

    def read(self, from_sequence: int = 1, to_sequence: int | None = None, *, verify: bool = False) -> Iterator[Frame]:
        """Return the durable frames that hold `from_sequence` to `to_sequence` (or what is last now), whole."""
        end = self.last_sequence if to_sequence is None else min(to_sequence, self.last_sequence)
        reader = JournalReader(self.directory, self._schemas, files=self._files, verify=verify)
        try:
            yield from reader.read(from_sequence, end)
        finally:
            reader.close()

    def close(self) -> None:
        """Close the files; everything appended is durable already."""
        self._failed = True
        self._preparer.close()
        if self._handle >= 0:
            self._files.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_usable(self) -> None:
        if self._failed:
            raise JournalFailed(f"JOURNAL_FAILED: {self.directory} is closed, or a write failed before; reopen it")

    def _next_sequences(self, payload: npt.NDArray[np.uint8]) -> tuple[int, int]:
        count, rest = divmod(payload.size, RECORD_BYTES)
        assert count > 0 and rest == 0, f"{payload.size} bytes are not whole records"
        assert count <= self.records_maximum, f"{count} records exceed the {self.records_maximum} of one append"
        first = self.last_sequence + 1
        sequences = payload.view("<i8")[:: RECORD_BYTES // 8]
        dense = np.arange(first, first + count, dtype=np.int64)
        assert np.array_equal(sequences, dense), f"sequences do not run densely from {first}: {sequences[:4]}..."
        return first, first + count - 1

    def _resume(self, end: LogEnd, segment_bytes: int, epoch: Epoch) -> None:
        # A killed process may leave frames and names that are seen but not synced; the caller will act on them.
        self._files.fsync_directory(self.directory)
        if end.path is None:
            self._epoch = epoch
            self._rotate()
            return
        self._handle = self._files.open(end.path)
        self._segment_bytes = self._files.size(self._handle)
        header = decode_segment_header(self._files.pread(self._handle, SEGMENT_HEADER_BYTES, 0))
        assert isinstance(header, SegmentHeader), "the walk has read it"
        self._epoch = Epoch(header.schema_hash, header.rules_version)
        self._cut(end.offset, end.recovery.cut_bytes)
        self._files.fdatasync(self._handle)
        self._preparer.start()

    def _cut(self, offset: int, length: int) -> None:
        for done in range(0, length, len(ZERO_BLOCK)):
            self._files.pwrite(self._handle, memoryview(ZERO_BLOCK)[: length - done], offset + done)

    def _rotate(self) -> None:
        """Go on in a new segment, which gets its name only when its header is durable."""
        handle = self._preparer.take()
        segment_bytes = self._files.size(handle)
        first = self.last_sequence + 1
        header = SegmentHeader(first, segment_bytes, self._epoch.schema_hash, self.chain, self._epoch.rules_version)
        self._files.pwrite(handle, encode_segment_header(header), 0)
        self._files.fdatasync(handle)
        self._files.rename(self._preparer.path, self.directory / segment_name(first))
        self._files.fsync_directory(self.directory)
        if self._handle >= 0:
            self._files.close(self._handle)
        self._handle, self._segment_bytes, self._offset = handle, segment_bytes, SEGMENT_HEADER_BYTES
        self._preparer.start()
