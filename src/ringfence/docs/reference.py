"""The reference page: every command, event, reject, table, enumeration and parameter, with widths, units and bounds.

Nothing on the page is written by hand but the sentences between the tables; a test compares the page in docs/ with what
this module returns.
"""

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec
import numpy as np

from ringfence.schema import enums, fields
from ringfence.schema.commands import COMMANDS, Command
from ringfence.schema.events import EVENTS, Event
from ringfence.schema.fields import Field, fields_of
from ringfence.schema.layout import (
    COMMAND_HEADER,
    DTYPES,
    EVENT_HEADER,
    RECORD_BYTES,
    ROW_DTYPES,
    body_fields,
    field_of,
    tag_of,
)
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import TABLES

from .markdown import code, docstring, heading, link, number, table

INTRODUCTION = """\
Every command, event, reject, table, enumeration and parameter of the venue, as `src/ringfence/schema/` declares them.
This page is generated: `python -m ringfence.docs` writes it, and `tests/docs/test_reference.py` fails when it is not
what that command writes. What each command does stands in [the rules](rules.md).

Records are little-endian. A type is `i` for signed, `u` for unsigned, and its width in bits; `text` is ASCII padded
with zero bytes, `bytes` is taken as it is. Bounds are inclusive, and the core refuses a command outside them with
FIELD_OUT_OF_RANGE. Numbers of things count from 1, and 0 is none. An enumeration is checked to lie between its lowest
and its highest member."""

COMMANDS_TEXT = f"""\
A command is {RECORD_BYTES} bytes: the header, then the fields of its kind, then zeros. `kind` is the number in the
list below. The node stamps `sequence` and `time_us`; `request` is the submitter's own number and decides nothing."""

EVENTS_TEXT = f"""\
An event is {RECORD_BYTES} bytes: the header, then the fields of its kind, then zeros. Its key is (`sequence` of the
command, `index` within it). `account` and `market` are 0 where it concerns none."""

REJECTS_TEXT = """\
A refused command gives one Rejected event and changes nothing. The numbers are the order of the checks: the first that
fails is the one reported. The API answers with the HTTP status, the wire code, and the sentence in the units of the
reader: `{place}` is the field, else the asset, else the market."""

TABLES_TEXT = """\
The whole state, as canonical rows: ordered by key, without slots, links or capacity. The state hash is BLAKE2b-256 over
these tables in this order, and a snapshot stores them."""

PARAMETERS_TEXT = """\
Settings that decide outcomes are in the log: `SetParameter` changes them. The highest value is what the process
reserves address space for; memory is taken as rows are used."""

CONSTANTS = {
    "MAX_ATOMS": (fields.MAX_ATOMS, "largest balance, amount, and value of an order, in atoms of an asset"),
    "MAX_PRICE_TICKS": (fields.MAX_PRICE_TICKS, "largest price"),
    "MAX_QUANTITY_LOTS": (fields.MAX_QUANTITY_LOTS, "largest quantity"),
    "MAX_SEQUENCE": (fields.MAX_SEQUENCE, "largest sequence"),
    "FIRST_USER_ACCOUNT": (enums.FIRST_USER_ACCOUNT, "account numbers below it are house accounts"),
    "BALANCE_HEADROOM": (enums.BALANCE_HEADROOM, "balance rows that must be free for a command that may create some"),
    "MAX_SLIPPAGE_PPM": (enums.MAX_SLIPPAGE_PPM, "largest slippage of a market order in parts per million"),
}


def reference_page() -> str:
    """Return the whole page."""
    parts = [heading(1, "Reference"), INTRODUCTION]
    parts += [heading(2, "Commands"), COMMANDS_TEXT, _header(COMMAND_HEADER, Command), _list_of(COMMANDS)]
    for kind in COMMANDS:
        parts += [heading(3, kind.__name__), docstring(kind), *_body(kind)]
    parts += [heading(2, "Events"), EVENTS_TEXT, _header(EVENT_HEADER, Event), _list_of(EVENTS)]
    for kind in EVENTS:
        parts += [heading(3, kind.__name__), docstring(kind), *_body(kind)]
    parts += [heading(2, "Rejects"), REJECTS_TEXT, _rejects()]
    parts += [heading(2, "Tables"), TABLES_TEXT, *_tables()]
    parts += [heading(2, "Parameters"), PARAMETERS_TEXT, _parameters()]
    parts += [heading(2, "Enumerations"), *_enumerations()]
    parts += [heading(2, "Constants"), _constants()]
    return "\n\n".join(parts) + "\n"


def _type(text: str) -> str:
    """Return a numpy code as the page writes it: ``i8`` as ``i64``, ``S16`` as ``text 16``, ``B32`` as ``bytes 32``."""
    letter, width = text[0], int(text[1:])
    if letter in "SB":
        return f"{'text' if letter == 'S' else 'bytes'} {width}"
    return f"{letter}{8 * width}"


def _range(field: Field) -> str:
    if field.enum is not None:
        return link("Parameters" if field.enum is enums.Parameter else field.enum.__name__)
    if field.code[0] in "SB":
        return ""
    return f"{number(field.low)} to {number(field.high)}"


def _unit(field: Field) -> str:
    return "" if field.enum is not None else field.unit


def _default(record: type[Any], name: str, field: Field) -> str:
    found = next(info for info in msgspec.structs.fields(record) if info.name == name).default
    if found is msgspec.NODEFAULT:
        return "required"
    if isinstance(found, bytes):
        return "zeros"
    if isinstance(found, str):
        return code(found) if found else "empty"
    return code(field.enum(found).name) if field.enum is not None else number(found)


def _header(dtype: np.dtype[Any], base: type[Any]) -> str:
    declared = {field.name: field for field in fields_of(base)}
    rows: list[list[str]] = []
    for name in dtype.names or ():
        part, offset = field_of(dtype, name)
        field = declared.get(name)
        what = [_unit(field), _range(field)] if field else _undeclared(name)
        rows.append([code(name), str(offset), _type(part.str.lstrip("<|")), *what])
    return table(["header field", "offset", "type", "unit", "bounds"], rows)


def _undeclared(name: str) -> list[str]:
    """Return unit and bounds of the header fields that a record's class stands for."""
    return ["", link("Origin")] if name == "origin" else ["number of the kind", ""]


def _list_of(kinds: tuple[type[Any], ...]) -> str:
    is_command = issubclass(kinds[0], Command)
    columns = ["number", "kind", "who may give it"] if is_command else ["number", "kind"]
    rows = [[str(tag_of(kind)), link(kind.__name__), *_origins(kind)] for kind in kinds]
    return table(columns, rows)


def _origins(kind: type[Any]) -> list[str]:
    return [", ".join(origin.name.lower() for origin in kind.origins)] if issubclass(kind, Command) else []


def _body(kind: type[Command] | type[Event]) -> Iterator[str]:
    found = body_fields(kind)
    if not found:
        return
    is_command = issubclass(kind, Command)
    rows: list[list[str]] = []
    for place, field in enumerate(found, 1):
        _, offset = field_of(DTYPES[kind], field.name)
        row = [code(field.name), str(offset), _type(field.code), _unit(field), _range(field)]
        rows.append([str(place), *row, _default(kind, field.name, field)] if is_command else row)
    columns = ["field", "offset", "type", "unit", "bounds"]
    yield table(["place", *columns, "default"] if is_command else columns, rows)


def _rejects() -> str:
    rows = [[str(int(one)), code(one.name), str(one.status), code(one.code), one.text] for one in Reject]
    return table(["number", "reject", "HTTP", "wire code", "sentence"], rows)


def _tables() -> Iterator[str]:
    for name, kind in TABLES.items():
        key: tuple[str, ...] = getattr(kind, "key")  # noqa: B009 - a class attribute that the base does not declare
        dtype = ROW_DTYPES[name]
        yield heading(3, f"Table {name}")
        yield f"{docstring(kind)} Key: {', '.join(map(code, key))}. {dtype.itemsize} bytes a row."
        rows = [
            [
                code(field.name),
                str(field_of(dtype, field.name)[1]),
                _type(field.code),
                _unit(field),
                _range(field),
            ]
            for field in fields_of(kind)
        ]
        yield table(["column", "offset", "type", "unit", "bounds"], rows)


def _parameters() -> str:
    rows = [
        [str(int(parameter)), code(parameter.name.lower()), number(lowest), number(highest), number(first)]
        for parameter, (lowest, highest, first) in enums.PARAMETER_LIMITS.items()
    ]
    return table(["number", "parameter", "lowest", "highest", "of a new venue"], rows)


def _enumerations() -> Iterator[str]:
    for kind in _declared_enums():
        if kind is not enums.Parameter:
            yield heading(3, kind.__name__)
            yield docstring(kind)
            yield table(["value", "member"], [[str(member.value), code(member.name)] for member in kind])


def _declared_enums() -> Iterator[type[Enum]]:
    """Yield the enumerations of the schema in the order of their declaration."""
    for found in vars(enums).values():
        if inspect.isclass(found) and issubclass(found, Enum) and found.__module__ == enums.__name__:
            yield found


def _constants() -> str:
    rows = [[code(name), number(value), words] for name, (value, words) in CONSTANTS.items()]
    return table(["constant", "value", "what it bounds"], rows)
