"""Commands and events between 128 bytes and plain tuples, by the dtypes of the schema."""

import struct
from collections import namedtuple
from typing import Any

import numpy as np

from ringfence.schema.commands import COMMANDS, Command
from ringfence.schema.enums import FIRST_RULES, LATEST_RULES
from ringfence.schema.events import EVENTS, Event
from ringfence.schema.layout import RECORD_BYTES, body_fields, record_dtype, tag_of

CODES = {"i8": "q", "i4": "i", "u4": "I", "u2": "H", "u1": "B"}


def struct_of(dtype: np.dtype) -> struct.Struct:
    """Return the struct that reads a record of this dtype, padding skipped."""
    assert dtype.names and dtype.fields
    form, at = "<", 0
    for name in dtype.names:
        part, offset = dtype.fields[name][:2]
        form += "x" * (offset - at) + (f"{part.itemsize}s" if part.shape else CODES[part.str[1:]])
        at = offset + part.itemsize
    return struct.Struct(form + "x" * (RECORD_BYTES - at))


class Reader:
    """Reads one kind of command into a named tuple and knows the bounds of its fields under some rules."""

    def __init__(self, kind: type[Command], rules: int) -> None:
        dtype, fields = record_dtype(kind, rules), body_fields(kind, rules)
        assert dtype.names
        self.name = kind.__name__
        self.origins = frozenset(int(origin) for origin in kind.origins)  # type: ignore[attr-defined]
        self.unpack = struct_of(dtype).unpack
        self.make = namedtuple(kind.__name__, dtype.names)._make
        first = len(dtype.names) - len(fields)
        self.bounds = [
            (first + place, place + 1, field.low, field.high)
            for place, field in enumerate(fields)
            if field.code[0] not in "BS"
        ]

    def read(self, record: bytes) -> Any:
        return self.make(self.unpack(record))

    def first_out_of_range(self, command: Any) -> tuple[int, int, int] | None:
        """Return (place from 1, value, the bound it broke) of the first field outside its bounds."""
        for at, place, low, high in self.bounds:
            if command[at] < low:
                return place, command[at], low
            if command[at] > high:
                return place, command[at], high
        return None


class Writer:
    """Writes one kind of event under some rules."""

    def __init__(self, kind: type[Event], rules: int) -> None:
        self.tag = tag_of(kind)
        self.pack = struct_of(record_dtype(kind, rules)).pack
        self.body = [field.name for field in body_fields(kind, rules)]

    def write(self, head: tuple[int, int, int, int, int], body: dict[str, Any]) -> bytes:
        assert len(body) == len(self.body), f"{sorted(body)} are not {sorted(self.body)}"
        return self.pack(*head, self.tag, *[body[name] for name in self.body])


ALL_RULES = range(FIRST_RULES, LATEST_RULES + 1)
# By version of the rules, then by what a record names its kind with: what came later has no reader and no writer.
READERS = {
    rules: {tag_of(kind): Reader(kind, rules) for kind in COMMANDS if kind.since <= rules} for rules in ALL_RULES
}
WRITERS = {rules: {kind.__name__: Writer(kind, rules) for kind in EVENTS if kind.since <= rules} for rules in ALL_RULES}
HEADER = struct.Struct("<qqqiHB")
Header = namedtuple("Header", ["sequence", "time_us", "request", "account", "kind", "origin"])


def read_header(record: bytes) -> Header:
    return Header._make(HEADER.unpack_from(record))
