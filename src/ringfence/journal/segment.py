"""The bytes of the log on the disk.

The log is a row of segment files, each named by its first sequence and zero-filled to its full length before use:

    segment = segment header (4096 bytes), frame, frame, ..., zeros
    frame   = frame header (128 bytes), `count` records of 128 bytes

A frame is what one append wrote and one sync made durable; it never spans segments. Frames stand on multiples of 128
bytes, so a frame header never crosses a disk sector: after a crash it is there whole or not at all.

    segment header                             frame header
    0    magic             8 bytes             0    magic            8 bytes
    8    format version    u4                  8    first sequence   i8
    12   rules version     u4                  16   count            u4
    16   first sequence    i8                  20   payload crc32    u4
    24   segment bytes     i8                  24   chain            32 bytes
    32   schema hash       32 bytes            56   zeros
    64   previous chain    32 bytes            124  crc32 of 0..123  u4
    96   zeros
    4092 crc32 of 0..4091  u4

All integers are little-endian. The chain over a frame is BLAKE2b-256(previous chain || payload); before the first
frame of a log it is 32 zero bytes. A record begins with its sequence (i8), which is positive and dense; the magic
read as i8 is negative, so no payload can look like a frame.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import NamedTuple
from zlib import crc32

from ringfence.journal.files import Buffer

RECORD_BYTES = 128
FRAME_HEADER_BYTES = 128
SEGMENT_HEADER_BYTES = 4096
SEGMENT_BYTES = 64 << 20
CHAIN_BYTES = 32
FORMAT_VERSION = 1
GENESIS_CHAIN = bytes(CHAIN_BYTES)

SEGMENT_MAGIC = b"RFLOG\x00\x01\xa5"
FRAME_MAGIC = b"RFFRAME\xa5"
FRAME_MAGIC_WORD = int.from_bytes(FRAME_MAGIC, "little")

_SEGMENT_LAYOUT = struct.Struct("<8sIIqq32s32s")
_FRAME_LAYOUT = struct.Struct("<8sqII32s68sI")
_FRAME_PADDING = bytes(68)
_CRC = struct.Struct("<I")
_SEGMENT_NAME = re.compile(r"[0-9]{20}\.log")


class SegmentHeader(NamedTuple):
    """What a segment says of itself: see the layout above."""

    first_sequence: int
    segment_bytes: int
    schema_hash: bytes
    previous_chain: bytes
    rules_version: int


class FrameHeader(NamedTuple):
    """What a frame says of its payload."""

    first_sequence: int
    count: int  # pyright: ignore[reportIncompatibleMethodOverride] - nobody counts in a frame
    payload_crc: int
    chain: bytes

    @property
    def payload_bytes(self) -> int:
        """The length of the payload that follows the header."""
        return self.count * RECORD_BYTES


def segment_name(first_sequence: int) -> str:
    """Return the file name of the segment that begins with this sequence."""
    assert 0 < first_sequence < 1 << 63, first_sequence
    return f"{first_sequence:020d}.log"


def segment_sequence(name: str) -> int | None:
    """Return the first sequence that a file name stands for, None for a file that is no segment."""
    return int(name[:20]) if _SEGMENT_NAME.fullmatch(name) else None


def next_chain(previous_chain: bytes, payload: Buffer) -> bytes:
    """Return the chain hash after a frame: BLAKE2b-256(previous chain || payload), 32 bytes."""
    assert len(previous_chain) == CHAIN_BYTES, len(previous_chain)
    digest = hashlib.blake2b(previous_chain, digest_size=CHAIN_BYTES)
    digest.update(payload)
    return digest.digest()


def encode_segment_header(header: SegmentHeader) -> bytes:
    """Return the 4096 bytes that open a segment."""
    assert len(header.schema_hash) == 32, "a schema hash has 32 bytes"
    assert len(header.previous_chain) == CHAIN_BYTES, "a chain hash has 32 bytes"
    fields = _SEGMENT_LAYOUT.pack(
        SEGMENT_MAGIC,
        FORMAT_VERSION,
        header.rules_version,
        header.first_sequence,
        header.segment_bytes,
        header.schema_hash,
        header.previous_chain,
    )
    body = fields.ljust(SEGMENT_HEADER_BYTES - _CRC.size, b"\x00")
    return body + _CRC.pack(crc32(body))


def decode_segment_header(data: Buffer) -> SegmentHeader | str:
    """Return the header in the first 4096 bytes of a segment, or a sentence on what is wrong with it."""
    if len(data) < SEGMENT_HEADER_BYTES:
        return f"a file of {len(data)} bytes, shorter than a segment header"
    body = memoryview(data)[: SEGMENT_HEADER_BYTES - _CRC.size]
    (crc,) = _CRC.unpack_from(data, SEGMENT_HEADER_BYTES - _CRC.size)
    if crc32(body) != crc:
        return "a segment header whose checksum is wrong"
    magic, version, rules, first, size, schema, chain = _SEGMENT_LAYOUT.unpack_from(body)
    if magic != SEGMENT_MAGIC or version != FORMAT_VERSION:
        return f"a segment header of magic {magic.hex()} and format version {version} (known: {FORMAT_VERSION})"
    return SegmentHeader(first, size, schema, chain, rules)


def encode_frame_header(first_sequence: int, payload: Buffer, chain: bytes) -> bytes:
    """Return the 128 bytes that stand before `payload`; `chain` is the hash after it."""
    count, rest = divmod(len(payload), RECORD_BYTES)
    assert count > 0 and rest == 0, f"a payload of {len(payload)} bytes is not whole records"
    fields = _FRAME_LAYOUT.pack(FRAME_MAGIC, first_sequence, count, crc32(payload), chain, _FRAME_PADDING, 0)
    body = fields[: -_CRC.size]
    return body + _CRC.pack(crc32(body))


def decode_frame_header(data: Buffer, offset: int = 0) -> FrameHeader | None:
    """Return the frame header at `offset` of `data`, None when there is no valid one."""
    if len(data) - offset < FRAME_HEADER_BYTES:
        return None
    magic, first, count, payload_crc, chain, _, crc = _FRAME_LAYOUT.unpack_from(data, offset)
    if magic != FRAME_MAGIC or crc32(memoryview(data)[offset : offset + FRAME_HEADER_BYTES - _CRC.size]) != crc:
        return None
    return FrameHeader(first, count, payload_crc, chain)


def frame_records_maximum(segment_bytes: int) -> int:
    """Return how many records the largest frame of such a segment holds."""
    return (segment_bytes - SEGMENT_HEADER_BYTES - FRAME_HEADER_BYTES) // RECORD_BYTES
