"""Building history anew from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from ..catalog import Catalog
from .feed import Fed
from .tables import METADATA
from .writer import MIGRATIONS, HistoryWriter, migrate


def drop(engine: sa.Engine) -> None:
    """Drop every table of a history database, whatever its revision."""
    found = sa.MetaData()
    found.reflect(engine, only=lambda name, _: name in METADATA.tables or name == "alembic_version")
    found.drop_all(engine)


def rebuild(
    engine: sa.Engine,
    batches: Iterable[tuple[int, Sequence[Fed]]],
    progress: Callable[[int], None] | None = None,
) -> int:
    """Drop history and write it again from (last sequence, events) batches that begin with the first command.

    ``progress`` is told each last sequence. Returns the last sequence written.
    """
    drop(engine)
    migrate(engine, MIGRATIONS)
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, events in batches:
            writer.put(last_sequence, events)
            if progress is not None:
                progress(last_sequence)
    if writer.failure is not None:
        raise writer.failure
    return writer.written_sequence
