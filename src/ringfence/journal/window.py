"""Reading the frames of one segment, through a window of a few megabytes.

A window hands out payloads as views of what it read, so a record is copied once, from the page cache.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import numpy as np

from ringfence.journal.errors import DamagedLog, SchemaMismatch
from ringfence.journal.files import Files
from ringfence.journal.segment import (
    FRAME_HEADER_BYTES,
    FRAME_MAGIC_WORD,
    RECORD_BYTES,
    SEGMENT_HEADER_BYTES,
    FrameHeader,
    SegmentHeader,
    decode_frame_header,
    decode_segment_header,
    next_chain,
    segment_sequence,
)

WINDOW_BYTES = 4 << 20
# A window opens small, for those who read a few frames at the end of a log, and doubles for those who read on.
FIRST_READ_BYTES = 64 << 10

_SEQUENCE = Struct("<q")


class Frame(NamedTuple):
    """Records that were appended together and became durable together."""

    first_sequence: int
    count: int  # pyright: ignore[reportIncompatibleMethodOverride] - nobody counts in a frame
    payload: memoryview
    """`count` records of 128 bytes, read-only."""
    chain: bytes
    """The log's hash after this frame, 32 bytes."""

    @property
    def last_sequence(self) -> int:
        """The sequence of the last record."""
        return self.first_sequence + self.count - 1

    def records_from(self, sequence: int) -> memoryview:
        """Return the part of the payload from this sequence on; all of it when the frame begins later."""
        return self.payload[max(0, sequence - self.first_sequence) * RECORD_BYTES :]


class Window:
    """One open segment and the stretch of it that was last read."""

    def __init__(self, files: Files, path: Path, window_bytes: int = WINDOW_BYTES) -> None:
        self.path = path
        self._files = files
        self._window_bytes = window_bytes
        self._handle = files.open(path, write=False)
        self.size_bytes = files.size(self._handle)
        self._data = memoryview(b"")
        self._start = 0
        self._ahead_bytes = FIRST_READ_BYTES

    def close(self) -> None:
        """Close the segment; views handed out stay valid."""
        if self._handle >= 0:
            self._files.close(self._handle)
            self._handle = -1

    def header(self, schemas: Collection[bytes]) -> SegmentHeader:
        """Return the segment's header; `DamagedLog` or `SchemaMismatch` when it is not what name and program say."""
        sequence = segment_sequence(self.path.name)
        assert sequence is not None, self.path
        found = decode_segment_header(self.view(0, SEGMENT_HEADER_BYTES))
        if isinstance(found, str):
            raise DamagedLog(self.path, 0, sequence, found)
        if found.first_sequence != sequence:
            raise DamagedLog(self.path, 0, sequence, f"a segment that begins at sequence {found.first_sequence}")
        if found.segment_bytes != self.size_bytes:
            what = f"a file of {self.size_bytes} bytes where the header says {found.segment_bytes}"
            raise DamagedLog(self.path, min(self.size_bytes, found.segment_bytes), sequence, what)
        if found.schema_hash not in schemas:
            raise SchemaMismatch(self.path, schemas, found.schema_hash)
        return found

    def forget(self) -> None:
        """Drop what was read, so that the next view sees what has been written since."""
        self._data = memoryview(b"")
        self._ahead_bytes = FIRST_READ_BYTES

    def view(self, offset: int, length: int) -> memoryview:
        """Return up to `length` bytes at `offset`; fewer only at the end of the segment."""
        begin = offset - self._start
        if begin < 0 or begin + length > len(self._data):
            self._data = memoryview(self._files.pread(self._handle, max(length, self._ahead_bytes), offset))
            self._ahead_bytes = min(2 * self._ahead_bytes, self._window_bytes)
            self._start = offset
            begin = 0
        return self._data[begin : begin + length]

    def frame_header(self, offset: int) -> FrameHeader | None:
        """Return the frame header at `offset`, None when there is no valid one."""
        return decode_frame_header(self.view(offset, FRAME_HEADER_BYTES))

    def announces_frame(self, offset: int) -> bool:
        """Tell whether the file has, at this moment, a valid frame header at `offset`."""
        return decode_frame_header(self._files.pread(self._handle, FRAME_HEADER_BYTES, offset)) is not None

    def frame(self, offset: int, expected_sequence: int, previous_chain: bytes | None) -> Frame | str:
        """Return the frame at `offset`, or what is wrong with it. A `previous_chain` of None leaves the hash out."""
        header = self.frame_header(offset)
        if header is None:
            empty = not any(self.view(offset, FRAME_HEADER_BYTES))
            return "no frame (zeros)" if empty else "bytes that are no frame header"
        frame = self.frame_of(header, offset)
        if isinstance(frame, str):
            return frame
        if header.first_sequence != expected_sequence:
            return f"a frame of sequence {header.first_sequence}"
        if previous_chain is not None and next_chain(previous_chain, frame.payload) != header.chain:
            return f"a frame of sequence {header.first_sequence} whose chain hash is wrong"
        return frame

    def frame_of(self, header: FrameHeader, offset: int) -> Frame | str:
        """Return the frame that a header announces, or what is wrong with its payload."""
        first, count, payload_crc, chain = header
        length = header.payload_bytes
        payload = self.view(offset, FRAME_HEADER_BYTES + length)[FRAME_HEADER_BYTES:]
        if count < 1 or len(payload) != length:
            return f"a frame of {count} records that does not fit its segment"
        if crc32(payload) != payload_crc:
            return f"a frame of {count} records of sequence {first} whose checksum is wrong"
        ends = _SEQUENCE.unpack_from(payload)[0], _SEQUENCE.unpack_from(payload, length - RECORD_BYTES)[0]
        if ends != (first, first + count - 1):
            return f"a frame of sequence {first} whose records run from {ends[0]} to {ends[1]}"
        return Frame(first, count, payload, chain)

    def end_of_data(self, offset: int) -> int:
        """Return the position behind the last byte from `offset` on that is not zero; `offset` when all are."""
        end = offset
        while offset < self.size_bytes:
            data = np.frombuffer(self.view(offset, self._window_bytes), dtype=np.uint8)
            used = np.flatnonzero(data)
            if used.size:
                end = offset + int(used[-1]) + 1
            offset += data.size
        return end

    def find_frame(self, offset: int) -> tuple[int, FrameHeader] | None:
        """Return place and header of the first valid frame from `offset` on, of whatever sequence."""
        while offset < self.size_bytes:
            length = len(self.view(offset, self._window_bytes)) // RECORD_BYTES * RECORD_BYTES
            if length == 0:
                return None
            words = np.frombuffer(self.view(offset, length), dtype="<u8")[:: RECORD_BYTES // 8]
            for index in np.flatnonzero(words == FRAME_MAGIC_WORD):
                place = offset + int(index) * RECORD_BYTES
                header = self.frame_header(place)
                if header is not None and isinstance(self.frame_of(header, place), Frame):
                    return place, header
            offset += length
        return None
