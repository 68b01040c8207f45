"""A venue in its own processes, started as a user starts it."""

import contextlib
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from ringfence.cli.main import run

RINGFENCE = Path(sys.executable).with_name("ringfence")
READY_S = 120


def ringfence(*arguments: object, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        [RINGFENCE, *map(str, arguments)], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def verb(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a verb in this process, which has imported everything already, and return what it wrote and its code."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(map(str, arguments)))
    return subprocess.CompletedProcess(["ringfence", *arguments], code, out.getvalue(), err.getvalue())


class VenueProcess:
    """`ringfence demo` or `ringfence serve`, from its ready line to its end; `ready` is that line."""

    def __init__(self, log_path: Path, *arguments: object) -> None:
        self.log_path = log_path
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [RINGFENCE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        line = self._lines.get(timeout=READY_S)
        assert line, f"ended with {self.process.wait()}: {self.log}"
        self.ready: dict[str, Any] = json.loads(line)

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def rest(self) -> str:
        return self.ready["rest"]

    def further_lines(self) -> list[str]:
        """Return what came on stdout after the ready line; call it when the process has ended."""
        found = []
        while line := self._lines.get(timeout=5):
            found.append(line)
        return found

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 15) -> int:
        """End it by a signal and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def children(self) -> list[int]:
        """Return the process ids of its children."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def kill_all(self) -> None:
        """`kill -9` on every process of it at once."""
        pids = [self.process.pid, *self.children()]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def __enter__(self) -> "VenueProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self._reader.join(5)


def demo(log_path: Path, *arguments: object) -> VenueProcess:
    """Start a demo without makers on a free port."""
    return VenueProcess(log_path, "demo", "--json", "--port", 0, *arguments)
