"""The bytes of segments and frames."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journal.records import SCHEMA_HASH, records

from ringfence.journal.segment import (
    FRAME_HEADER_BYTES,
    GENESIS_CHAIN,
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    decode_frame_header,
    decode_segment_header,
    encode_frame_header,
    encode_segment_header,
    frame_records_maximum,
    next_chain,
    segment_name,
    segment_sequence,
)

HEADER = SegmentHeader(17, 1 << 20, SCHEMA_HASH, b"\x07" * 32, 3)


def test_segment_header_encoded_decodes_to_itself() -> None:
    data = encode_segment_header(HEADER)
    assert len(data) == SEGMENT_HEADER_BYTES
    assert decode_segment_header(data) == HEADER


@given(offset=st.integers(0, SEGMENT_HEADER_BYTES - 1), bit=st.integers(0, 7))
def test_segment_header_with_a_flipped_bit_is_refused(offset: int, bit: int) -> None:
    data = bytearray(encode_segment_header(HEADER))
    data[offset] ^= 1 << bit
    assert isinstance(decode_segment_header(data), str)


@given(offset=st.integers(0, FRAME_HEADER_BYTES - 1), bit=st.integers(0, 7))
def test_frame_header_with_a_flipped_bit_is_refused(offset: int, bit: int) -> None:
    payload = records(5, 3)
    data = bytearray(encode_frame_header(5, payload, GENESIS_CHAIN))
    decoded = decode_frame_header(data)
    assert decoded is not None and (decoded.first_sequence, decoded.count) == (5, 3)
    data[offset] ^= 1 << bit
    assert decode_frame_header(data) is None


def test_chain_is_blake2b_256_of_previous_chain_and_payload() -> None:
    payload = records(1, 2)
    assert next_chain(GENESIS_CHAIN, payload) == hashlib.blake2b(bytes(32) + payload, digest_size=32).digest()


def test_segment_name_given_back_names_its_sequence() -> None:
    assert segment_name(42) == "00000000000000000042.log"
    assert segment_sequence("00000000000000000042.log") == 42
    assert segment_sequence("checkpoints") is None
    assert segment_sequence("next.prepared") is None


def test_frame_of_partial_record_is_refused() -> None:
    with pytest.raises(AssertionError, match="whole records"):
        encode_frame_header(1, b"\x00" * 100, GENESIS_CHAIN)


def test_frame_records_maximum_leaves_room_for_both_headers() -> None:
    assert frame_records_maximum(8192) == (8192 - 4096 - 128) // 128
