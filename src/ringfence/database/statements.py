"""Statements that dialects spell differently."""

from __future__ import annotations

from collections.abc import Mapping
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
