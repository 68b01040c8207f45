"""Finding the end of the log after a crash, and telling a torn end from damage.

Each append is synced before the next one begins, and a segment's last append before the next segment gets its name.
So a crash can only touch the bytes of the very last frame. Bytes that do not verify are a *torn tail*, to be cut, when
nothing proves that they had been synced. They are *damage*, to be refused, when

- a valid frame stands there or behind them: a torn write leaves none, and free space is always zeros;
- a later segment exists;
- the frame's own header is valid and there are bytes beyond the end that it announces;
- a segment header, which is synced before its file gets its name, is wrong.

A last frame that had been acknowledged and went bad afterwards looks like a torn one and is cut: only a signed
checkpoint of a later sequence can show that (`checkpoints.require_reached`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ringfence.journal.errors import DamagedLog
from ringfence.journal.files import Files, OsFiles
from ringfence.journal.segment import FRAME_HEADER_BYTES, GENESIS_CHAIN, SEGMENT_HEADER_BYTES, segment_sequence
from ringfence.journal.window import Window


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening a log found."""

    segments: int
    frames: int
    """Frames verified; segments before `verify_from_sequence` are not counted."""
    records: int
    """Records in those frames."""
    last_sequence: int
    """The sequence of the last record in the log; one before the first when it is empty."""
    chain: bytes
    """The log's hash after that record."""
    cut_bytes: int
    """Length of the torn tail, 0 for a clean end."""
    cut_at: tuple[Path, int] | None
    """File and offset of the torn tail."""
    reason: str | None
    """What was found there."""


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where the log ends: the place for the next frame."""

    recovery: Recovery
    path: Path | None
    """The last segment, None in an empty log."""
    offset: int


def list_segments(files: Files, directory: Path) -> list[Path]:
    """Return the segments of a log in order."""
    return [directory / name for name in files.list(directory) if segment_sequence(name) is not None]


def examine(
    directory: Path,
    *,
    schemas: Collection[bytes],
    files: Files | None = None,
    first_sequence: int = 1,
    first_chain: bytes = GENESIS_CHAIN,
    verify_from_sequence: int = 1,
    known_chains: Mapping[int, bytes] | None = None,
) -> LogEnd:
    """Walk a log that nobody writes, change nothing, and return where it ends; `DamagedLog` names the first bad place.

    Segments that end before `verify_from_sequence` are checked by their headers only. `known_chains` gives the log's
    hash after some sequences, as a snapshot or checkpoints state it: where a frame ends there, it must agree.
    """
    walk = _Walk(files or OsFiles(), schemas, first_sequence, first_chain, verify_from_sequence, known_chains or {})
    return walk.run(directory)


class _Walk:
    def __init__(
        self,
        files: Files,
        schemas: Collection[bytes],
        sequence: int,
        chain: bytes,
        verify_from: int,
        known_chains: Mapping[int, bytes],
    ) -> None:
        self.files = files
        self.schemas = schemas
        self.sequence = sequence
        self.chain: bytes = chain
        self.verify_from = verify_from
        self.known_chains = known_chains
        self.frames = 0
        self.records = 0

    def run(self, directory: Path) -> LogEnd:
        paths = list_segments(self.files, directory)
        end = LogEnd(self._recovery(0, None, 0, None), None, SEGMENT_HEADER_BYTES)
        for index, path in enumerate(paths):
            window = Window(self.files, path)
            try:
                self._enter(window)
                following = paths[index + 1] if index + 1 < len(paths) else None
                if following is not None and self._skip(window, following):
                    continue
                end = self._segment(window, following, len(paths))
            finally:
                window.close()
        return end

    def _enter(self, window: Window) -> None:
        header = window.header(self.schemas)
        if header.first_sequence != self.sequence:
            found = f"a segment that begins at sequence {header.first_sequence}: one before it is missing"
            raise DamagedLog(window.path, 0, self.sequence, found)
        if header.previous_chain != self.chain:
            raise DamagedLog(window.path, 0, self.sequence, "a segment that continues another chain hash")
        self._require_known(window, 0)

    def _require_known(self, window: Window, offset: int) -> None:
        known = self.known_chains.get(self.sequence - 1)
        if known is not None and known != self.chain:
            found = f"a log whose hash before it is {self.chain.hex()}, but {known.hex()} is recorded elsewhere"
            raise DamagedLog(window.path, offset, self.sequence, found)

    def _skip(self, window: Window, following: Path) -> bool:
        """Take the next segment's word for this one when its records are not asked for."""
        next_window = Window(self.files, following)
        try:
            header = next_window.header(self.schemas)
        finally:
            next_window.close()
        if header.first_sequence > self.verify_from:
            return False
        self.sequence, self.chain = header.first_sequence, header.previous_chain
        return True

    def _segment(self, window: Window, following: Path | None, segments: int) -> LogEnd:
        offset = SEGMENT_HEADER_BYTES
        fault = "the end of the segment"
        while offset + FRAME_HEADER_BYTES < window.size_bytes:
            frame = window.frame(offset, self.sequence, self.chain)
            if isinstance(frame, str):
                fault = frame
                break
            offset += FRAME_HEADER_BYTES + len(frame.payload)
            self.frames += 1
            self.records += frame.count
            self.sequence += frame.count
            self.chain = frame.chain
            self._require_known(window, offset)
        tail_end = window.end_of_data(offset)
        if following is not None and (tail_end > offset or segment_sequence(following.name) != self.sequence):
            raise DamagedLog(window.path, offset, self.sequence, f"{fault}, and a later segment {following.name}")
        if tail_end == offset:
            return LogEnd(self._recovery(segments, None, 0, None), window.path, offset)
        self._refuse_damage(window, offset, tail_end, fault)
        return LogEnd(self._recovery(segments, (window.path, offset), tail_end - offset, fault), window.path, offset)

    def _refuse_damage(self, window: Window, offset: int, tail_end: int, fault: str) -> None:
        valid = window.find_frame(offset)
        if valid is not None:
            found = f"{fault}, and a valid frame of sequence {valid[1].first_sequence} at byte {valid[0]}"
            raise DamagedLog(window.path, offset, self.sequence, found)
        header = window.frame_header(offset)
        if header is not None and offset + FRAME_HEADER_BYTES + header.payload_bytes < tail_end:
            raise DamagedLog(window.path, offset, self.sequence, f"{fault}, and bytes behind its end")

    def _recovery(self, segments: int, cut_at: tuple[Path, int] | None, cut_bytes: int, reason: str | None) -> Recovery:
        return Recovery(segments, self.frames, self.records, self.sequence - 1, self.chain, cut_bytes, cut_at, reason)
