"""Adding rows: their numbers, and how a record becomes one."""

from typing import Any

import msgspec
import sqlalchemy as sa


def next_number(connection: sa.Connection, column: sa.Column[Any]) -> int:
    """Return the number of the next row."""
    return 1 + (connection.scalar(sa.select(sa.func.max(column))) or 0)


def insert(connection: sa.Connection, table: sa.Table, made: msgspec.Struct) -> None:
    """Add a record to its table; what it calls ``number`` is the column ``class``, a word that Python keeps."""
    row = msgspec.structs.asdict(made)
    if "number" in row:
        row["class"] = row.pop("number")
    connection.execute(sa.insert(table), row)
