"""Records go to 128 bytes and come back, and their layout is what a machine likes to read."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.schema.commands import COMMANDS, Command
from ringfence.schema.enums import Origin
from ringfence.schema.events import EVENTS, Event
from ringfence.schema.fields import Field, fields_of
from ringfence.schema.layout import (
    COMMAND_BY_TAG,
    DTYPES,
    EVENT_BY_TAG,
    HEADER_BYTES,
    RECORD_BYTES,
    body_fields,
    decode_command,
    decode_event,
    encode,
    encode_event,
    field_of,
    row_dtype,
    snake,
    tag_of,
)
from ringfence.schema.tables import TABLES, Row

KINDS = [*COMMANDS, *EVENTS]
WIDTHS = {"i8": (8, True), "i4": (4, True), "u4": (4, False), "u2": (2, False), "u1": (1, False)}
name_of = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def values(field: Field) -> st.SearchStrategy[int | str | bytes]:
    """Return what a field may hold, its bounds more often than chance would."""
    length = int(field.code[1:])
    if field.code[0] == "S":
        return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=length)
    if field.code[0] == "B":
        return st.binary(min_size=length, max_size=length)
    if field.enum is not None:
        return st.sampled_from([int(member) for member in field.enum])
    return st.sampled_from([field.low, field.high]) | st.integers(field.low, field.high)


def records(kind: type) -> st.SearchStrategy[Command | Event]:
    return st.builds(kind, **{field.name: values(field) for field in fields_of(kind)})


@given(record=st.one_of([records(kind) for kind in COMMANDS]), origin=st.none() | st.integers(0, 255))
def test_command_comes_back_from_its_128_bytes(record: Command, origin: int | None) -> None:
    encoded = encode(record, origin)
    assert len(encoded) == RECORD_BYTES
    assert decode_command(encoded) == decode_command(memoryview(encoded)) == record
    assert encoded[30] == (record.origins[0] if origin is None else origin)
    assert encode(decode_command(encoded), encoded[30]) == encoded


@given(record=st.one_of([records(kind) for kind in EVENTS]))
def test_event_comes_back_from_its_128_bytes(record: Event) -> None:
    encoded = encode_event(record)
    assert len(encoded) == RECORD_BYTES
    assert decode_event(encoded) == decode_event(memoryview(encoded)) == record


@given(record=st.one_of([records(kind) for kind in KINDS]))
def test_record_read_by_numpy_has_the_same_values(record: Command | Event) -> None:
    encoded = encode(record) if isinstance(record, Command) else encode_event(record)
    row = np.frombuffer(encoded, DTYPES[type(record)])[0]
    assert row["kind"] == tag_of(type(record))
    for field in fields_of(type(record)):
        value = getattr(record, field.name)
        if field.code[0] == "S":
            value = value.encode("ascii").ljust(int(field.code[1:]), b"\0")
        assert row[field.name].tobytes() == value if isinstance(value, bytes) else row[field.name] == value


@given(record=st.one_of([records(kind) for kind in KINDS]))
def test_bytes_that_belong_to_no_field_are_zero(record: Command | Event) -> None:
    encoded = encode(record) if isinstance(record, Command) else encode_event(record)
    dtype, used = DTYPES[type(record)], np.zeros(RECORD_BYTES, bool)
    for name in dtype.names or ():
        part, offset = field_of(dtype, name)
        used[offset : offset + part.itemsize] = True
    assert not np.frombuffer(encoded, "u1")[~used].any()


@name_of
def test_fields_are_aligned_do_not_overlap_and_stay_within_128_bytes(kind: type) -> None:
    dtype = DTYPES[kind]
    end = 0
    for name in dtype.names or ():
        part, offset = field_of(dtype, name)
        width = 1 if part.shape else part.itemsize
        assert offset % width == 0, f"{name} is not aligned"
        assert offset >= end, f"{name} overlaps the field before"
        end = offset + part.itemsize
    assert end <= RECORD_BYTES == dtype.itemsize
    assert all(field_of(dtype, field.name)[1] >= HEADER_BYTES for field in body_fields(kind))


@pytest.mark.parametrize("kind", [*KINDS, *TABLES.values()], ids=lambda kind: kind.__name__)
def test_bounds_of_every_field_fit_its_width(kind: type) -> None:
    for field in fields_of(kind):
        if field.code[0] in "SB":
            continue
        width, signed = WIDTHS[field.code]
        for bound in (field.low, field.high):
            assert int.from_bytes(bound.to_bytes(width, "little", signed=signed), "little", signed=signed) == bound
        assert field.low < field.high
        assert field.unit, f"{field.name} has no unit"


@pytest.mark.parametrize("kind", [*KINDS, *TABLES.values()], ids=lambda kind: kind.__name__)
def test_every_kind_says_what_it_is(kind: type) -> None:
    own = kind.__dict__.get("__doc__")
    assert own and own.strip()[0].isupper() and "." in own


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_names_its_origins_in_its_words_too(kind: type[Command]) -> None:
    assert kind.origins
    assert all(isinstance(origin, Origin) for origin in kind.origins)
    words = (kind.__doc__ or "").lower()
    assert "origin: " in words
    assert all(origin.name.lower() in words for origin in kind.origins)


@pytest.mark.parametrize(("kinds", "by_tag"), [(COMMANDS, COMMAND_BY_TAG), (EVENTS, EVENT_BY_TAG)])
def test_tags_are_unique_ascending_and_fit_the_door(kinds: tuple[type, ...], by_tag: dict[int, type]) -> None:
    tags = [tag_of(kind) for kind in kinds]
    assert tags == sorted(set(tags)) == list(by_tag)
    assert tags[0] > 0 and tags[-1] < (95 if kinds is COMMANDS else 255)
    assert [by_tag[tag] for tag in tags] == list(kinds)


def test_no_kind_is_left_out() -> None:
    assert set(COMMANDS) == set(Command.__subclasses__())
    assert set(EVENTS) == set(Event.__subclasses__())
    assert set(TABLES.values()) == set(Row.__subclasses__())


@pytest.mark.parametrize("row", TABLES.values(), ids=TABLES.keys())
def test_row_is_packed_and_its_first_columns_are_its_key(row: type[Row]) -> None:
    dtype = row_dtype(row)
    assert dtype.names is not None
    assert dtype.itemsize == sum(field_of(dtype, name)[0].itemsize for name in dtype.names)
    assert dtype.names[: len(row.key)] == row.key  # type: ignore[attr-defined]


def with_tag(tag: int) -> bytes:
    return bytes(28) + struct.pack("<H", tag) + bytes(98)


@pytest.mark.parametrize("tag", [0, 255, 999, 65_535])
def test_decode_given_a_kind_that_is_none_raises(tag: int) -> None:
    with pytest.raises(KeyError):
        decode_command(with_tag(tag))
    with pytest.raises(KeyError):
        decode_event(with_tag(tag))


@pytest.mark.parametrize("length", [0, 64, 127, 129, 256])
def test_decode_given_another_length_raises(length: int) -> None:
    record = (with_tag(32) + bytes(256))[:length]
    for decode in (decode_command, decode_event):
        with pytest.raises((struct.error, KeyError)):
            decode(record)


def test_encode_given_what_does_not_fit_raises() -> None:
    listing = {"name": "", "asset_kind": 1, "decimals": 0}
    with pytest.raises(AssertionError, match="symbol takes 16 characters"):
        encode(COMMAND_BY_TAG[4](symbol="A" * 17, **listing))
    with pytest.raises(UnicodeEncodeError):
        encode(COMMAND_BY_TAG[4](symbol="\u00c4", **listing))
    with pytest.raises(struct.error):
        encode(COMMAND_BY_TAG[31](market=2**31, order=1))


@pytest.mark.parametrize("length", [0, 31, 33, 60])
def test_encode_given_a_hash_of_another_length_raises(length: int) -> None:
    with pytest.raises(AssertionError):
        encode(COMMAND_BY_TAG[1](seed=b"x" * length))


@pytest.mark.parametrize(("name", "snaked"), [("PlaceOrder", "place_order"), ("Clock", "clock"), ("ABc", "a_bc")])
def test_snake_puts_words_apart(name: str, snaked: str) -> None:
    assert snake(name) == snaked
