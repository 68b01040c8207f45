"""The thread that writes history, and how others wait until it has written what they look for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa

from ringfence.database import migrate, open_engine

from ..candles import HOUR_US
from ..catalog import Catalog
from .evidence import Sealed
from .feed import Fed, PositionsRead
from .loans import Indices, Loan, Loans
from .positions import Position, Positions
from .rows import Changes
from .statements import HISTORY, BatchStatements
from .tables import CURSOR, DEPOSITS, FUNDING_HOURS, LENDING_HOURS, LOANS, POSITIONS, WITHDRAWALS

MIGRATIONS = Path(__file__).parent / "migrations"
QUEUED_EVENTS_MAXIMUM = 200_000
EVENTS_PER_COMMIT = 20_000

logger = logging.getLogger(__name__)


class HistoryFailed(Exception):
    """Raised when the writer stopped: nothing more reaches history until the venue is started again."""


class HistoryGap(Exception):
    """Raised when what history holds and what it is about to be given do not meet."""


def open_history(url: str) -> sa.Engine:
    """Return the engine of a history database, brought to the newest revision."""
    engine = open_engine(url, durable=False)
    migrate(engine, MIGRATIONS)
    return engine


def written_cursor(engine: sa.Engine) -> int:
    """Return the last sequence that a history holds, 0 for a new one."""
    with engine.connect() as connection:
        query = sa.select(CURSOR.c.sequence).where(CURSOR.c.projection == HISTORY)
        return connection.scalar(query) or 0


def written_loans(engine: sa.Engine) -> Loans:
    """Return the open positions of a history database, and where its pools stood when interest was last due."""
    newest = sa.select(LENDING_HOURS.c.asset, sa.func.max(LENDING_HOURS.c.time_us).label("time_us"))
    newest_hours = newest.group_by(LENDING_HOURS.c.asset).subquery()
    hours = sa.select(LENDING_HOURS).join(
        newest_hours,
        sa.and_(LENDING_HOURS.c.asset == newest_hours.c.asset, LENDING_HOURS.c.time_us == newest_hours.c.time_us),
    )
    with engine.connect() as connection:
        found = connection.execute(sa.select(LOANS).where(LOANS.c.closed_us.is_(None)))
        open_loans = [Loan(**row) for row in found.mappings()]
        indices = {row.asset: Indices(row.lent_index, row.debt_index) for row in connection.execute(hours)}
        return Loans(_last(connection, LOANS), open_loans, indices)


def written_positions(engine: sa.Engine) -> Positions:
    """Return the positions of a history database that may still move, and where funding stands in each market."""
    newest = sa.select(FUNDING_HOURS.c.market, sa.func.max(FUNDING_HOURS.c.end_us).label("end_us"))
    newest_hours = newest.group_by(FUNDING_HOURS.c.market).subquery()
    hours = sa.select(FUNDING_HOURS).join(
        newest_hours,
        sa.and_(FUNDING_HOURS.c.market == newest_hours.c.market, FUNDING_HOURS.c.end_us == newest_hours.c.end_us),
    )
    with engine.connect() as connection:
        found = connection.execute(sa.select(POSITIONS).where(POSITIONS.c.settled_us.is_(None)))
        standing = [Position(**row) for row in found.mappings()]
        indices = {row.market: row.funding_index for row in connection.execute(hours)}
        return Positions(_last(connection, POSITIONS), standing, indices)


class HistoryWriter:
    """Writes batches of events in a thread of its own, many batches in one transaction when they come fast.

    ``catalog`` belongs to the writer alone and stands where the feed begins: at command ``from_sequence``. Events that
    the database holds already are passed over, so a feed may begin earlier than the database ends, not later. With
    ``log_sequence``, where the log ends, a database that holds more than the log is refused.
    """

    def __init__(
        self,
        engine: sa.Engine,
        catalog: Catalog,
        from_sequence: int,
        *,
        log_sequence: int | None = None,
        queued_events_maximum: int = QUEUED_EVENTS_MAXIMUM,
    ) -> None:
        self._engine, self._catalog = engine, catalog
        self._statements = BatchStatements(engine)
        self._written = written_cursor(engine)
        self._loans = written_loans(engine)
        self._positions = written_positions(engine)
        if from_sequence > self._written:
            raise HistoryGap(
                f"history ends at command {self._written} and the feed begins after {from_sequence}: "
                "begin the feed earlier, or rebuild history from the log"
            )
        if log_sequence is not None and log_sequence < self._written:
            raise HistoryGap(
                f"history holds commands up to {self._written} and the log ends at {log_sequence}: "
                "it was written from another log, so rebuild it from this one"
            )
        self._fed = from_sequence
        self._forgot_us = 0
        self._queue: deque[tuple[int, Sequence[Fed]]] = deque()
        self._queued_events = 0
        self._queued_events_maximum = queued_events_maximum
        self._changed = threading.Condition()
        self._waiters: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    @property
    def written_sequence(self) -> int:
        """Return the last command whose events are committed."""
        return self._written

    @property
    def queued_events(self) -> int:
        """Return how many events wait to be written."""
        return self._queued_events

    @property
    def failure(self) -> BaseException | None:
        """Return what stopped the writer, ``None`` while it works."""
        return self._failure

    def put(self, last_sequence: int, events: Sequence[Fed], timeout_s: float | None = None) -> bool:
        """Give the events of the commands up to ``last_sequence``, which follow those given before.

        Waits while the queue is full; with ``timeout_s`` 0 it never waits. Returns whether the batch was taken.
        Raises ``HistoryFailed`` when the writer has stopped.
        """
        with self._changed:
            assert last_sequence > self._fed, f"batch ends at {last_sequence}, fed up to {self._fed} already"
            assert not self._closing, "history is closed"
            if not self._changed.wait_for(self._has_room, timeout_s):
                return False
            self._refuse_after_failure()
            self._queue.append((last_sequence, events))
            self._queued_events += len(events)
            self._fed = last_sequence
            self._changed.notify_all()
        return True

    def wait_for(self, sequence: int, timeout_s: float) -> bool:
        """Wait until a command is written; returns whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._written >= sequence or self._failure is not None, timeout_s)
            self._refuse_after_failure()
            return self._written >= sequence

    async def reached(self, sequence: int, timeout_s: float) -> bool:
        """Wait in an event loop until a command is written; returns whether it is."""
        if self._written >= sequence:
            return True
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        waiter = (sequence, loop, future)
        with self._changed:
            self._refuse_after_failure()
            if self._written >= sequence:
                return True
            self._waiters.append(waiter)
        try:
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return self._written >= sequence
        finally:
            with self._changed:
                self._waiters = [other for other in self._waiters if other is not waiter]
        self._refuse_after_failure()
        return True

    def close(self) -> None:
        """Write what was given, then stop the thread. The engine stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _has_room(self) -> bool:
        return self._queued_events < self._queued_events_maximum or self._failure is not None

    def _refuse_after_failure(self) -> None:
        if self._failure is not None:
            raise HistoryFailed(f"history stopped after command {self._written}: {self._failure}") from self._failure

    def _run(self) -> None:
        try:
            while batches := self._take():
                self._write(batches)
        except Exception as failure:
            logger.exception("history stopped after command %d", self._written)
            self._failure = failure
        with self._changed:
            self._changed.notify_all()
            self._wake()

    def _take(self) -> list[tuple[int, Sequence[Fed]]]:
        """Return the batches of the next transaction, an empty list when all is written and the writer closes."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._closing)
            batches: list[tuple[int, Sequence[Fed]]] = []
            taken = 0
            while self._queue and taken < EVENTS_PER_COMMIT:
                batches.append(self._queue.popleft())
                taken += len(batches[-1][1])
            self._queued_events -= taken
            self._changed.notify_all()
            return batches

    def _write(self, batches: Sequence[tuple[int, Sequence[Fed]]]) -> None:
        last_sequence = batches[-1][0]
        with self._engine.begin() as connection:
            deposit, withdrawal = _last(connection, DEPOSITS), _last(connection, WITHDRAWALS)
            changes = Changes(self._catalog, deposit, withdrawal, self._loans, self._positions)
            for _, events in batches:
                changes.add(self._unwritten(events))
            if last_sequence > self._written:
                self._statements.run(connection, changes, last_sequence)
                self._forget(connection, changes.tick_us)
        with self._changed:
            self._written = max(self._written, last_sequence)
            self._changed.notify_all()
            self._wake()

    def _unwritten(self, events: Sequence[Fed]) -> Sequence[Fed]:
        """Return the events that the database does not hold; the catalog follows the others all the same."""
        written = self._written
        if events and events[0].sequence > written:
            return events
        for event in events:
            if event.sequence <= written and not isinstance(event, (PositionsRead, Sealed)):
                self._catalog.update(event)
        return [event for event in events if event.sequence > written]

    def _forget(self, connection: sa.Connection, tick_us: int | None) -> None:
        if tick_us is not None and tick_us - self._forgot_us >= HOUR_US:
            self._statements.forget_seconds(connection, list(self._catalog.market_by_number), tick_us)
            self._forgot_us = tick_us

    def _wake(self) -> None:
        waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        for sequence, loop, future in self._waiters:
            if sequence <= self._written or self._failure is not None:
                loop.call_soon_threadsafe(_finish, future)
            else:
                waiting.append((sequence, loop, future))
        self._waiters = waiting


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _last(connection: sa.Connection, table: sa.Table) -> int:
    """Return the highest number in a table that counts its rows from 1."""
    number = next(iter(table.primary_key))
    return connection.scalar(sa.select(sa.func.max(number))) or 0
