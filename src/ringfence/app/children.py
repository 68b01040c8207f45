"""The processes beside the gateway: started tied to this one, out of the terminal's reach, ended in good order.

A Ctrl-C goes to every process of the terminal's group. The children stand in sessions of their own, so that it is this
process that ends them, after the last request was answered.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from .errors import EXIT_FAILED, NodeEnded

ENDING_S = 10


class NodeReady(msgspec.Struct):
    """What a node says when it is ready."""

    sequence: int
    """The last command, durable and applied."""


class Child:
    """A process of the venue."""

    def __init__(self, module: str, arguments: Sequence[str] = (), setup: bytes | None = None) -> None:
        """Start ``module``; ``setup`` is what it reads from its standard input."""
        command = [sys.executable, "-m", "ringfence.app.tether", str(os.getpid()), module, *arguments]
        self.module = module
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if setup is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        if self.process.stdin is not None:
            self.process.stdin.write(setup or b"")
            self.process.stdin.close()
        assert self.process.stdout is not None
        self.output = self.process.stdout

    def watch(self, ended: Callable[[int], None]) -> None:
        """Call ``ended`` with the return code, on a thread of its own, as soon as the process ends."""
        threading.Thread(target=lambda: ended(self.process.wait()), name=f"watch {self.module}", daemon=True).start()

    def end(self) -> None:
        """End the process with SIGTERM, and for good when it does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            log(f"{self.module} did not end within {ENDING_S} s of being asked to; it is killed")
            self.process.kill()
            self.process.wait()
        self.output.close()


class NodeChild(Child):
    """The node of a data directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__("ringfence.node", [str(directory)])

    def wait_ready(self) -> NodeReady:
        """Return what the node says when it is ready; ``NodeEnded`` when it ends instead, its reason in the log."""
        line = self.output.readline()
        if line:
            return msgspec.json.decode(line, type=NodeReady)
        code = exit_code_of(self.process.wait())
        raise NodeEnded("the node did not start; its reason stands in the line above", code)


def exit_code_of(return_code: int) -> int:
    """Return the exit code to end with for a child's: its own, or 1 when a signal or silence ended it."""
    return return_code if return_code > 0 else EXIT_FAILED


def log(sentence: str) -> None:
    """Write a line to the log, which is stderr."""
    print(f"venue: {sentence}", file=sys.stderr, flush=True)
