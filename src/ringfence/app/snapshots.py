"""Snapshots beside a running venue, when enough commands or enough time have passed."""

import threading
import time
from pathlib import Path

from ringfence.config import SnapshotConfig
from ringfence.database import sqlite_url
from ringfence.views.history import HistoryReader, open_history

from .children import Child, log

LOOK_EVERY_S = 5.0


class SnapshotSchedule:
    """Starts a snapshotter, a process of its own, by the policy of venue.toml; one at a time."""

    def __init__(self, directory: Path, policy: SnapshotConfig) -> None:
        self._directory, self._policy = directory, policy
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot schedule", daemon=True)
        self._child: Child | None = None

    def start(self) -> None:
        """Begin to look; the first snapshot is due after the first span."""
        self._thread.start()

    def end(self) -> None:
        """Stop looking, and end a snapshotter that is at work: a snapshot is whole or not there."""
        self._ending.set()
        if self._thread.is_alive():
            if self._child is not None:
                self._child.process.terminate()
            self._thread.join()

    def _run(self) -> None:
        engine = open_history(sqlite_url(self._directory / "history.sqlite"))
        history = HistoryReader(engine)
        taken_at, taken_s = history.written_sequence(), time.monotonic()
        while not self._ending.wait(LOOK_EVERY_S):
            # History follows every command within moments, so its cursor also tells how far the venue is.
            sequence = history.written_sequence()
            passed_s = time.monotonic() - taken_s
            due = sequence - taken_at >= self._policy.every_commands or passed_s >= 60 * self._policy.every_minutes
            if due:
                taken_at, taken_s = sequence, time.monotonic()
                self._take(sequence)
        engine.dispose()

    def _take(self, history_sequence: int) -> None:
        keeping = ["--keep", str(self._policy.keep), "--keep-from-sequence", str(history_sequence)]
        self._child = Child("ringfence.node.snapshotter", [str(self._directory), *keeping])
        said = self._child.output.read().decode().strip()
        code = self._child.process.wait()
        self._child.output.close()
        self._child = None
        if code == 0:
            log(f"snapshot: {said}")
        elif not self._ending.is_set():
            log(f"the snapshotter ended with code {code}; the venue goes on, the next try follows by its schedule")
