"""SQL columns of a record class, computed from the same declaration that its bytes come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from ringfence.schema.fields import Field, fields_of

_INTEGERS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "i8": sa.BigInteger,
    "u4": sa.BigInteger,
    "i4": sa.Integer,
    "u2": sa.Integer,
    "i2": sa.SmallInteger,
    "u1": sa.SmallInteger,
}
"""The narrowest type that every database has for a width of ours: signed, of 2, 4 or 8 bytes."""


def column_type(field: Field) -> sa.types.TypeEngine[Any]:
    """Return the SQL type of a field: integers by width, text by length, bytes as they are."""
    if field.code[0] == "S":
        return sa.String(int(field.code[1:]))
    if field.code[0] == "B":
        return sa.LargeBinary(int(field.code[1:]))
    return _INTEGERS[field.code]()


def columns_of(
    record: type,
    *,
    without: Collection[str] = (),
    rename: Mapping[str, str] | None = None,
    key: Collection[str] = (),
) -> list[sa.Column[Any]]:
    """Return a column, not null, for every field of a record class but those in ``without``.

    ``rename`` maps names of fields to names of columns, ``key`` names the columns of the primary key.
    """
    names: Mapping[str, str] = {} if rename is None else rename
    columns: list[sa.Column[Any]] = []
    for field in fields_of(record):
        if field.name in without:
            continue
        name = names.get(field.name, field.name)
        columns.append(
            sa.Column(name, column_type(field), nullable=False, primary_key=name in key, autoincrement=False)
        )
    return columns
