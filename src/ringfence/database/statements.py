"""Statements that dialects spell differently."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(engine: sa.Engine, table: sa.Table, merge: Mapping[str, sa.ColumnElement[Any]] | None = None) -> Any:
    """Return an INSERT that updates the row whose primary key exists.

    ``merge`` gives the new value of a column from ``table`` and ``incoming(table)``; the columns it does not name
    keep what they have. Without it every column takes the incoming value.
    """
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    if merge is None:
        merge = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=dict(merge))


def incoming(table: sa.Table, column: str) -> sa.ColumnElement[Any]:
    """Return the value that an ``upsert`` brought for a column; both dialects name that row ``excluded``."""
    return sa.literal_column(f"excluded.{column}", table.c[column].type)


class PreparedStatement:
    """A statement compiled once, to be run with many rows.

    SQLAlchemy resolves the parameters of every row anew, which costs more than the database itself; here a row goes
    to the driver in the form that its dialect takes, without conversions: values are what drivers know by themselves
    (integers, texts, bytes, booleans, ``None``).
    """

    def __init__(self, engine: sa.Engine, statement: Any, names: Collection[str]) -> None:
        """Compile for rows that have exactly the parameters ``names``."""
        compiled = statement.compile(dialect=engine.dialect, column_keys=list(names))
        self.sql = str(compiled)
        self._pick = itemgetter(*compiled.positiontup) if compiled.positional else None

    def run(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement for every row; no rows is nothing to do."""
        if rows:
            pick = self._pick
            parameters: Any = [dict(row) for row in rows] if pick is None else [pick(row) for row in rows]
            connection.exec_driver_sql(self.sql, parameters)
