"""From declarations to bytes: numpy dtypes, packers, and the hash of the schema.

>>> decode_command(encode(CancelOrder(account=64, market=1, order=7))).order
7
"""

import hashlib
import re
import struct
from functools import cache
from typing import Any

import numpy as np

from .commands import COMMANDS, Command
from .enums import FIRST_RULES, LATEST_RULES
from .events import EVENTS, Event
from .fields import Field, fields_of
from .tables import TABLES, Row

RECORD_BYTES = 128
HEADER_BYTES = 32
RECORD = np.dtype(f"V{RECORD_BYTES}")

COMMAND_HEADER = np.dtype(
    {
        "names": ["sequence", "time_us", "request", "account", "kind", "origin"],
        "formats": ["<i8", "<i8", "<i8", "<i4", "<u2", "u1"],
        "offsets": [0, 8, 16, 24, 28, 30],
        "itemsize": RECORD_BYTES,
    }
)
EVENT_HEADER = np.dtype(
    {
        "names": ["sequence", "time_us", "index", "account", "market", "kind"],
        "formats": ["<i8", "<i8", "<i4", "<i4", "<i4", "<u2"],
        "offsets": [0, 8, 16, 20, 24, 28],
        "itemsize": RECORD_BYTES,
    }
)
_STRUCT_CODES = {"i8": "q", "i4": "i", "i2": "h", "u4": "I", "u2": "H", "u1": "B"}


def field_of(dtype: np.dtype, name: str) -> tuple[np.dtype, int]:
    """Return the dtype and the offset of a field of a record dtype."""
    fields: Any = dtype.fields
    return fields[name][0], fields[name][1]


def snake(name: str) -> str:
    """Return ``PlaceOrder`` as ``place_order``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def tag_of(kind: type) -> int:
    """Return the number that a kind of command or event has on disk."""
    return int(kind.__struct_config__.tag)  # type: ignore[attr-defined]


def body_fields(kind: type[Command] | type[Event], rules: int = LATEST_RULES) -> list[Field]:
    """Return the fields of a kind under a version of the rules, without those of the header."""
    base = Command if issubclass(kind, Command) else Event
    return [field for field in fields_of(kind, rules) if field.name not in base.__struct_fields__]


def _width_and_format(code: str) -> tuple[int, Any]:
    if code[0] in "BS":
        return 1, ("u1", (int(code[1:]),))
    return int(code[1:]), "<" + code


def record_dtype(kind: type[Command] | type[Event], rules: int = LATEST_RULES) -> np.dtype:
    """Return the dtype of a kind: the header's fields, then the body's at aligned offsets, 128 bytes in all.

    Text is an array of bytes, because that is what compiled code can look into.
    """
    header = COMMAND_HEADER if issubclass(kind, Command) else EVENT_HEADER
    assert header.names
    names = list(header.names)
    formats: list[Any] = [field_of(header, name)[0] for name in names]
    offsets = [field_of(header, name)[1] for name in names]
    at = HEADER_BYTES
    for field in body_fields(kind, rules):
        width, form = _width_and_format(field.code)
        at = (at + width - 1) // width * width
        names.append(field.name)
        formats.append(form)
        offsets.append(at)
        at += np.dtype(form).itemsize
    assert at <= RECORD_BYTES, f"{kind.__name__} takes {at} bytes"
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": RECORD_BYTES})


def row_dtype(row: type[Row], rules: int = LATEST_RULES) -> np.dtype:
    """Return the packed dtype of a canonical row under a version of the rules."""
    return np.dtype([(field.name, _width_and_format(field.code)[1]) for field in fields_of(row, rules)])


DTYPES: dict[type, np.dtype] = {kind: record_dtype(kind) for kind in (*COMMANDS, *EVENTS)}
ROW_DTYPES: dict[str, np.dtype] = {name: row_dtype(row) for name, row in TABLES.items()}
COMMAND_BY_TAG: dict[int, type[Command]] = {tag_of(kind): kind for kind in COMMANDS}
EVENT_BY_TAG: dict[int, type[Event]] = {tag_of(kind): kind for kind in EVENTS}


class _Packer:
    """Packs and unpacks one kind of record with one ``struct`` call."""

    def __init__(self, kind: type[Command] | type[Event]) -> None:
        dtype = DTYPES[kind]
        assert dtype.names
        form, at = "<", 0
        for name in dtype.names:
            part, offset = field_of(dtype, name)
            code = _STRUCT_CODES.get(part.str.lstrip("<|=")) or f"{part.itemsize}s"
            form += "x" * (offset - at) + code
            at = offset + part.itemsize
        self.kind, self.struct = kind, struct.Struct(form + "x" * (RECORD_BYTES - at))
        self.names = dtype.names
        self.body = body_fields(kind)
        self.text = {field.name for field in self.body if field.code[0] == "S"}

    def pack_body(self, record: Command | Event) -> list[Any]:
        found: list[Any] = []
        for field in self.body:
            value = getattr(record, field.name)
            if field.code[0] == "S":
                value = value.encode("ascii")
                assert len(value) <= int(field.code[1:]), f"{field.name} takes {field.code[1:]} characters: {value!r}"
            elif field.code[0] == "B":
                assert len(value) == int(field.code[1:]), f"{field.name} takes {field.code[1:]} bytes: {len(value)}"
            found.append(value)
        return found

    def unpack(self, data: bytes | memoryview) -> Any:
        values = dict(zip(self.names, self.struct.unpack(data), strict=True))
        for name in self.text:
            values[name] = values[name].rstrip(b"\0").decode("ascii")
        values.pop("kind")
        values.pop("origin", None)
        return self.kind(**values)


_PACKERS = {kind: _Packer(kind) for kind in DTYPES}


def encode(record: Command, origin: int | None = None) -> bytes:
    """Return the 128 bytes of a command.

    ``origin`` defaults to the first origin that may give it.
    """
    packer = _PACKERS[type(record)]
    given = record.origins[0] if origin is None else origin
    head = (record.sequence, record.time_us, record.request, record.account, tag_of(type(record)), int(given))
    return packer.struct.pack(*head, *packer.pack_body(record))


def encode_event(event: Event) -> bytes:
    """Return the 128 bytes of an event."""
    packer = _PACKERS[type(event)]
    head = (event.sequence, event.time_us, event.index, event.account, event.market, tag_of(type(event)))
    return packer.struct.pack(*head, *packer.pack_body(event))


def decode_command(data: bytes | memoryview) -> Command:
    """Return the command in 128 bytes; ``KeyError`` if the kind is unknown."""
    return _PACKERS[COMMAND_BY_TAG[struct.unpack_from("<H", data, 28)[0]]].unpack(data)


def decode_event(data: bytes | memoryview) -> Event:
    """Return the event in 128 bytes; ``KeyError`` if the kind is unknown."""
    return _PACKERS[EVENT_BY_TAG[struct.unpack_from("<H", data, 28)[0]]].unpack(data)


def row_dtypes(rules: int) -> dict[str, np.dtype]:
    """Return the dtypes of the canonical rows that there are under a version of the rules, in schema order."""
    return {name: row_dtype(row, rules) for name, row in TABLES.items() if row.since <= rules}


@cache
def schema_hash(rules: int = LATEST_RULES) -> bytes:
    """Return the BLAKE2b-256 of the layout of every command, event and table of a version: what a segment names."""
    digest = hashlib.blake2b(digest_size=32)
    for kind in (*COMMANDS, *EVENTS):
        if kind.since <= rules:
            digest.update(f"{kind.__name__} {tag_of(kind)} {record_dtype(kind, rules).descr}\n".encode())
    for name, dtype in row_dtypes(rules).items():
        digest.update(f"{name} {dtype.descr}\n".encode())
    return digest.digest()


def known_schemas() -> frozenset[bytes]:
    """Return the hashes of every schema that this program reads."""
    return frozenset(schema_hash(rules) for rules in range(FIRST_RULES, LATEST_RULES + 1))


__all__ = [
    "COMMAND_BY_TAG",
    "COMMAND_HEADER",
    "DTYPES",
    "EVENT_BY_TAG",
    "EVENT_HEADER",
    "RECORD",
    "RECORD_BYTES",
    "ROW_DTYPES",
    "body_fields",
    "decode_command",
    "decode_event",
    "encode",
    "encode_event",
    "known_schemas",
    "row_dtype",
    "row_dtypes",
    "schema_hash",
    "snake",
    "tag_of",
]
