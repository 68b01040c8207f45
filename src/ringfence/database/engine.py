"""Opening a database so that readers do not wait for the writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

BUSY_TIMEOUT_MS = 5_000


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
