"""One process for one data directory: an advisory lock on DIR/lock with the owner's process id inside.

The operating system gives the lock back when the process ends, however it ends; the file itself stays.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from ringfence.journal.errors import DirectoryInUse


class DirectoryLock:
    """Hold DIR/lock from construction until `release`; `DirectoryInUse` names the process that holds it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "lock"
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_pid(self._handle)
            os.close(self._handle)
            raise DirectoryInUse(self.path, owner) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Give the directory free; a second call does nothing."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read_pid(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).strip()
    return int(text) if text.isdigit() else None
