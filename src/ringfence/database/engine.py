"""Opening a database so that readers do not wait for the writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

BUSY_TIMEOUT_MS = 5_000
ALONE = 7_236_173
"""Of the lock that writers of a database take who must be alone: any number that nobody else has."""


def sqlite_url(path: Path) -> str:
    """Return the address of an SQLite file for ``open_engine``."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


def open_engine(url: str, *, durable: bool) -> sa.Engine:
    """Return an engine for a database.

    With ``durable`` a commit survives the loss of power; without it SQLite may lose the last commits (never a part
    of one), which is right for whatever can be built again from the log.
    """
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        _configure_sqlite(engine, "FULL" if durable else "NORMAL")
    return engine


def _configure_sqlite(engine: sa.Engine, synchronous: str) -> None:
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # With a write-ahead log one writer and many readers work side by side, each reader on a consistent state.
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    event.listen(engine, "connect", configure)


def write_alone(connection: sa.Connection) -> None:
    """Let the transaction that begins with this be the only one that writes: what it reads stays as it is."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ALONE})")
