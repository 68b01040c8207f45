"""Work on a data directory that is not trading: verifying it, and building again what follows from its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ringfence.database import sqlite_url
from ringfence.journal import DirectoryLock, examine
from ringfence.node.follower import Follower
from ringfence.node.skips import Skip
from ringfence.node.snapshotter import Taken, take_snapshot
from ringfence.node.stopped import skip_command
from ringfence.node.verify import Report, verify
from ringfence.schema.layout import RECORD_BYTES, decode_event, known_schemas
from ringfence.views.history import Fed, HistoryFeed, HistoryReader, open_history, rebuild

from .errors import EXIT_DAMAGED, EXIT_FAILED, EXIT_RIGHT
from .operate import require_venue

DAMAGE_CODES = ("DAMAGED_", "BAD_SIGNATURE", "LOG_TOO_SHORT", "SCHEMA_MISMATCH", "KEY_FILE", "BAD_SKIP")


def verify_directory(directory: Path, progress: Callable[[int, int], None]) -> tuple[Report, int]:
    """Verify the whole of a directory; return what was found and the exit code."""
    require_venue(directory)
    report = verify(directory, progress)
    if report.holds:
        return report, EXIT_RIGHT
    damaged = any(finding.startswith(DAMAGE_CODES) for finding in report.findings)
    return report, EXIT_DAMAGED if damaged else EXIT_FAILED


def rebuild_history(directory: Path, progress: Callable[[int, int], None]) -> int:
    """Drop history and write it again from the whole log; the venue must not be running. Return the last sequence."""
    require_venue(directory)
    with DirectoryLock(directory):
        follower = Follower(directory, 0)
        last = examine(directory / "journal", schemas=known_schemas()).recovery.last_sequence

        def batches() -> Iterator[tuple[int, list[Fed]]]:
            feed = HistoryFeed(follower.exchange)
            for records in follower.catch_up(by_pages=True):
                view = memoryview(records.tobytes())
                events = [decode_event(view[at : at + RECORD_BYTES]) for at in range(0, len(view), RECORD_BYTES)]
                yield follower.sequence, feed.follow(events, follower.marks)

        engine = open_history(sqlite_url(directory / "history.sqlite"))
        try:
            return rebuild(engine, batches(), lambda done: progress(done, last))
        finally:
            engine.dispose()


def snapshot_directory(directory: Path, keep: int) -> Taken:
    """Write a snapshot at the last checkpoint, beside the running venue or without one."""
    require_venue(directory)
    engine = open_history(sqlite_url(directory / "history.sqlite"))
    try:
        cursor = HistoryReader(engine).written_sequence()
    finally:
        engine.dispose()
    return take_snapshot(directory, keep, cursor)


def skip_in_directory(directory: Path, sequence: int, reason: str) -> Skip:
    """Rule out the command at which the core stops."""
    require_venue(directory)
    return skip_command(directory, sequence, reason, time.time_ns() // 1_000)
