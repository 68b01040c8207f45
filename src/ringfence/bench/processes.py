"""The processes of a venue and its clients as benches run them, each on the core that it is given."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NODE_CORE, OTHER_CORE = 0, max(os.sched_getaffinity(0))
ENDING_S = 20
IDLE_SPAN_S, IDLE_SHARE = 0.5, 0.2


class Running:
    """A process that has said it is ready."""

    def __init__(self, module: str, directory: Path, core: int, niceness: int = 0) -> None:
        self.log_path = directory / f"{module}.log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, str(directory)], stdout=subprocess.PIPE, stderr=log, text=True
            )
        os.sched_setaffinity(self.process.pid, {core})
        os.setpriority(os.PRIO_PROCESS, self.process.pid, niceness)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        assert self.ready, f"{module} did not start: {self.log_path.read_text()}"

    @property
    def port(self) -> int:
        """The port that a gateway says it serves."""
        return int(self.ready)

    def cpu_s(self, *, first_thread: bool = False) -> float:
        """Return the processor time that it has used, or that its first thread has, which runs the event loop."""
        part = f"task/{self.process.pid}/stat" if first_thread else "stat"
        fields = Path(f"/proc/{self.process.pid}/{part}").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_idle(self, timeout_s: float) -> None:
        """Return when it has hardly used the processor for a moment."""
        ends_s, used_s = time.monotonic() + timeout_s, -1.0
        while (now_s := self.cpu_s()) - used_s > IDLE_SHARE * IDLE_SPAN_S:
            assert time.monotonic() < ends_s, f"still busy after {timeout_s:.0f} s"
            used_s = now_s
            time.sleep(IDLE_SPAN_S)

    def end(self) -> None:
        """End it with SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(ENDING_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def run_node(directory: Path, core: int = NODE_CORE) -> Generator[Running]:
    """Run the node of a directory."""
    node = Running("ringfence.node", directory, core)
    try:
        yield node
    finally:
        node.end()


@contextmanager
def run_gateway(directory: Path, core: int, niceness: int = 0) -> Generator[Running]:
    """Run a gateway of a directory, whose node runs."""
    gateway = Running("ringfence.bench.serving", directory, core, niceness)
    try:
        yield gateway
    finally:
        gateway.end()


class HttpLoad:
    """A closed loop of HTTP requests in a process of its own; made when it has warmed up."""

    def __init__(self, kind: str, port: int, seconds: float, connections: int, core: int, niceness: int = 0) -> None:
        arguments = [kind, str(port), str(seconds), str(connections)]
        command = [sys.executable, "-m", "ringfence.bench.http_client", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self._process.pid, {core})
        os.setpriority(os.PRIO_PROCESS, self._process.pid, niceness)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "warm\n", "the client failed; its reason stands above"

    def result(self) -> dict[str, Any]:
        """Return what the client measured, when it has ended."""
        said, _ = self._process.communicate()
        assert self._process.returncode == 0, "the client failed; its reason stands above"
        return json.loads(said)
