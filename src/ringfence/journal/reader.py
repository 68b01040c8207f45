"""Reading the log beside its writer, from any process, without taking part in it.

A reader stops before the first frame that is not completely there and goes on from that place when asked again. What
it reads while the venue runs may be written and not yet durable: who must not run ahead of the acknowledgements gives
the last committed sequence as `to_sequence`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

from ringfence.journal.errors import DamagedLog, SequenceNotInLog
from ringfence.journal.files import Files, OsFiles
from ringfence.journal.recovery import list_segments
from ringfence.journal.segment import FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segment_name, segment_sequence
from ringfence.journal.window import Frame, Window


class JournalReader:
    """A place in the log of a directory (DIR/journal). One iterator at a time.

    Checksums are always checked. With `verify` the hash chain is too, from the begin of the segment read first.
    """

    def __init__(
        self, directory: Path, schemas: Collection[bytes], *, files: Files | None = None, verify: bool = True
    ) -> None:
        self.directory = directory
        self._schemas = schemas
        self._files = files or OsFiles()
        self._verify = verify
        self._window: Window | None = None
        self._offset = 0
        self._sequence = 0
        self._chain = b""

    @property
    def next_sequence(self) -> int:
        """The sequence of the frame that stands at the reader's place; 0 before the first read."""
        return self._sequence

    def read(self, from_sequence: int, to_sequence: int | None = None) -> Iterator[Frame]:
        """Yield the frames that hold `from_sequence` to `to_sequence` inclusive (or what is there), whole, in order.

        The first and last may reach beyond what was asked (`Frame.records_from`). Raises `DamagedLog` for a bad frame
        with later data behind it, and `SequenceNotInLog` when the log begins later.
        """
        assert from_sequence > 0, from_sequence
        if not self._seek(from_sequence):
            return
        while to_sequence is None or self._sequence <= to_sequence:
            frame = self._next()
            if frame is None:
                return
            if frame.last_sequence >= from_sequence:
                yield frame

    def close(self) -> None:
        """Close the open segment; frames handed out stay valid."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seek(self, sequence: int) -> bool:
        """Stand before the frame with this sequence, or as near as the log reaches; False in an empty log."""
        paths = list_segments(self._files, self.directory)
        firsts = [segment_sequence(path.name) or 0 for path in paths]
        index = bisect_right(firsts, sequence) - 1
        if not paths:
            return False
        if index < 0:
            raise SequenceNotInLog(self.directory, sequence, firsts[0])
        if self._window is None or not firsts[index] <= self._sequence <= sequence:
            self._enter(paths[index])
        if not self._verify:
            self._skip(sequence)
        return True

    def _skip(self, sequence: int) -> None:
        """Pass over the frames of this segment that end before `sequence`, by their headers."""
        assert self._window is not None
        while (header := self._window.frame_header(self._offset)) is not None:
            beyond = header.first_sequence + header.count
            if header.first_sequence != self._sequence or beyond > sequence:
                return
            self._offset += FRAME_HEADER_BYTES + header.payload_bytes
            self._sequence = beyond

    def _enter(self, path: Path) -> None:
        window = Window(self._files, path)
        try:
            header = window.header(self._schemas)
        except BaseException:
            window.close()
            raise
        self.close()
        self._window, self._offset = window, SEGMENT_HEADER_BYTES
        self._sequence, self._chain = header.first_sequence, header.previous_chain

    def _next(self) -> Frame | None:
        frame = self._look()
        if isinstance(frame, str) and self._follow():
            frame = self._look()
        if isinstance(frame, str):
            return self._settle()
        self._offset += FRAME_HEADER_BYTES + len(frame.payload)
        self._sequence += frame.count
        self._chain = frame.chain
        return frame

    def _look(self) -> Frame | str:
        """Return the frame at this place, looking at the file anew when what was read ahead is not enough."""
        assert self._window is not None
        chain = self._chain if self._verify else None
        if self._offset + FRAME_HEADER_BYTES >= self._window.size_bytes:
            return "the end of the segment"
        frame = self._window.frame(self._offset, self._sequence, chain)
        if isinstance(frame, str) and self._window.announces_frame(self._offset):
            self._window.forget()
            frame = self._window.frame(self._offset, self._sequence, chain)
        return frame

    def _follow(self) -> bool:
        """Enter the segment that begins with the next sequence; its name proves that this one is complete."""
        assert self._window is not None
        following = self.directory / segment_name(self._sequence)
        if following == self._window.path or following.name not in self._files.list(self.directory):
            return False
        chain = self._chain
        self._enter(following)
        if self._verify and chain != self._chain:
            raise DamagedLog(following, 0, self._sequence, "a segment that continues another chain hash")
        return True

    def _settle(self) -> Frame | None:
        """Decide what no frame here means: the end of what is written so far, or damage with a later segment behind."""
        assert self._window is not None
        last = list_segments(self._files, self.directory)[-1]
        if (segment_sequence(last.name) or 0) <= self._sequence:
            return None
        # The writer may have gone on since the last look, and even begun the next segment.
        self._window.forget()
        frame = self._look()
        if isinstance(frame, str) and not self._follow():
            found = f"{frame}, and a later segment {last.name}"
            raise DamagedLog(self._window.path, self._offset, self._sequence, found)
        return self._next()
