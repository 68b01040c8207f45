"""``ringfence bench node``: durable commands, in process and over the socket of a node of its own.

`in_process` hands batches to a node without a door: its latency is that of a whole batch, stamped, written, synced and
applied.  `paced` is an open loop: a command is due at its instant whether the node keeps up or not, and its latency
runs from there to the arrival of its committed frame, so that nothing that waits is left out.  Node and client have a
core each; what else runs then shares the client's, at a lower priority, because who measures must be on time.
"""

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..node.connect import connect
from ..node.local import LocalNode
from ..node.wire import MessageReader, Role
from ..schema.layout import COMMAND_HEADER
from .core import say
from .flow import SHAPES, flow, opening
from .http_client import register_users
from .processes import OTHER_CORE, HttpLoad, run_gateway, run_node
from .venue import Load, prepare

BATCHES = (4_096, 1_024)
COMMANDS = 1_000_000
RATE_PER_S = 250_000
PACED_S = 5.0
LEAST_SENT = 32
RECEIVE_BYTES = 1 << 20
SETTLE_S = 5.0
GROWTH_BATCH, GROWTH_PASSES = 64, 3
NICENESS, CLIENT_NICENESS, HTTP_CONNECTIONS = 19, -10, 32


Beside = Callable[[Path], AbstractContextManager[dict[str, Any]]]
"""Something that runs beside the measurement in a venue's directory; yields what it found out, filled in at its end."""


def milliseconds(taken_ns: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return percentiles and the longest of latencies, in milliseconds."""
    p50, p99, p999, longest = (round(float(np.percentile(taken_ns, q)) / 1e6, 3) for q in (50, 99, 99.9, 100))
    return {"p50_ms": p50, "p99_ms": p99, "p999_ms": p999, "longest_ms": longest}


def in_process(directory: Path, batch: int) -> dict[str, Any]:
    """Return speed and latency of batches that follow each other at once; the client's own work is not counted."""
    load, taken = Load(), []
    prepare(directory, load)
    with LocalNode(directory) as node:
        ticked, cpu_ns = time.monotonic(), 0
        for begin in range(load.shape.preload, load.shape.preload + COMMANDS, batch):
            if time.monotonic() - ticked >= 1:
                ticked = time.monotonic()
                node.engine.tick()
            records = load.take(begin, begin + batch, node.engine.sequence + 1)
            started, started_cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
            node.engine.submit(records)
            cpu_ns += time.thread_time_ns() - started_cpu_ns
            taken.append(time.perf_counter_ns() - started)
    commands = len(taken) * batch
    speed = {"commands_per_s": round(commands * 1e9 / sum(taken)), "cpu_ns_per_command": round(cpu_ns / commands)}
    return speed | milliseconds(np.array(taken))


class OpenLoop:
    """A client that sends commands of a load when they are due, and notes when their frames arrive."""

    def __init__(self, directory: Path, load: Load, begin: int) -> None:
        self._connection, _ = connect(directory, Role.GATEWAY, timeout_s=5)
        self._connection.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._connection, selectors.EVENT_READ)
        self._load, self._begin = load, begin
        self._sent = self._arrived = 0
        self._unsent = memoryview(b"")
        self._reader = MessageReader()
        self._taken_ns: list[npt.NDArray[np.int64]] = []

    def run(self, rate_per_s: int, seconds: float) -> npt.NDArray[np.int64]:
        """Return the latency of every command in nanoseconds."""
        count = min(int(rate_per_s * seconds), len(self._load.records) - self._begin)
        self._start_ns, self._ns_each = time.perf_counter_ns(), 1e9 / rate_per_s
        ends = time.monotonic() + seconds + SETTLE_S
        while self._arrived < count and time.monotonic() < ends:
            self._send(count)
            self._receive()
        assert self._arrived == count, f"{count - self._arrived} of {count} commands were not answered in time"
        self._selector.close()
        self._connection.close()
        return np.concatenate(self._taken_ns)

    @property
    def position(self) -> int:
        """Where in the flow the next run goes on."""
        return self._begin + self._sent

    def _send(self, count: int) -> None:
        due = min(int((time.perf_counter_ns() - self._start_ns) / self._ns_each), count)
        if not self._unsent and (due - self._sent >= LEAST_SENT or self._sent < due == count):
            batch = self._load.take(self._begin + self._sent, self._begin + due)
            self._unsent, self._sent = memoryview(batch.tobytes()), due
        with suppress(BlockingIOError):
            self._unsent = self._unsent[self._connection.send(self._unsent) :] if self._unsent else self._unsent

    def _receive(self) -> None:
        if not self._selector.select(0.0001):
            return
        data = self._connection.recv(RECEIVE_BYTES)
        assert data, "the node ended the connection; see its log"
        now_ns = time.perf_counter_ns() - self._start_ns
        for message in self._reader.feed(data):
            headers = np.frombuffer(message.payload, COMMAND_HEADER)
            headers = headers[(headers["account"] != 0) & (headers["request"] < len(self._load.records))]
            requests = headers["request"].astype(np.int64)
            self._load.learn(requests, headers["sequence"])
            self._taken_ns.append((now_ns - (requests - self._begin) * self._ns_each).astype(np.int64))
            self._arrived += len(requests)


@contextmanager
def repeating(start: Callable[[], subprocess.Popen[bytes]]) -> Generator[list[int]]:
    """Run a program again and again beside the block; yields a list that grows by each run's exit code."""
    codes: list[int] = []
    ending = threading.Event()

    def run() -> None:
        while not ending.is_set():
            codes.append(start().wait())
            ending.wait(0.5)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield codes
    finally:
        ending.set()
        thread.join()


def paced(directory: Path, beside: Sequence[Beside]) -> dict[str, Any]:
    """Return latencies at a fixed rate in a new venue, once beside each of the given."""
    load, found = Load(), {}
    prepare(directory, load)
    register_users(directory)
    position = load.shape.preload
    with run_node(directory):
        for other in beside:
            say(f"paced: {RATE_PER_S:,} commands/s, {other.__name__}")
            with other(directory) as facts:
                os.sched_setaffinity(0, {OTHER_CORE})
                client = OpenLoop(directory, load, position)
                with before_others():
                    found[other.__name__] = milliseconds(client.run(RATE_PER_S, PACED_S))
            found[other.__name__] |= facts
            position = client.position
    return found


@contextmanager
def before_others() -> Generator[None]:
    """Run this thread before what else is on its core, where the system permits it: who measures must be on time."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, CLIENT_NICENESS)
    yield
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)


@contextmanager
def quiet(_: Path) -> Generator[dict[str, Any]]:
    """Run nothing beside."""
    yield {}


@contextmanager
def snapshots(directory: Path) -> Generator[dict[str, Any]]:
    """Take one snapshot after the other, as the venue does: by a process that replays the log."""

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ringfence.node.snapshotter", str(directory)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    facts: dict[str, Any] = {}
    with repeating(start) as codes:
        yield facts
    assert not any(codes), f"a snapshotter failed: {codes}"
    facts["snapshots"] = len(codes)


@contextmanager
def gateway_saturated(directory: Path) -> Generator[dict[str, Any]]:
    """Follow the node with a gateway and load that with HTTP requests, all at a lower priority."""
    facts: dict[str, Any] = {}
    with run_gateway(directory, OTHER_CORE, NICENESS) as gateway:
        load = HttpLoad("balances", gateway.port, PACED_S, HTTP_CONNECTIONS, OTHER_CORE, NICENESS)
        cpu_s = gateway.cpu_s()
        yield facts
        facts["gateway_cpu_s"] = round(gateway.cpu_s() - cpu_s, 2)
        facts["http"] = load.result()


def growth_pass() -> npt.NDArray[np.int64]:
    """Return the time of every call of 64 commands while a million orders open in tables that begin small."""
    shape = SHAPES["many"]
    exchange, commands, taken = opening(shape), flow("many")[: shape.preload], []
    for begin in range(0, len(commands), GROWTH_BATCH):
        started = time.perf_counter_ns()
        for _ in exchange.apply_in_parts(commands[begin : begin + GROWTH_BATCH]):
            pass
        exchange.take_memory_ahead()
        taken.append(time.perf_counter_ns() - started)
    return np.array(taken)


def longest_growth_ms() -> dict[str, Any]:
    """Return the latencies of a first pass, and the longest call of those that are as long in every pass.

    What the system does to a process falls on other calls in each pass; what the tables do falls on the same.
    """
    passes = [growth_pass() for _ in range(GROWTH_PASSES)]
    repeatable_ms = round(float(np.min(passes, axis=0).max()) / 1e6, 3)
    return {"orders": SHAPES["many"].preload, "longest_repeatable_ms": repeatable_ms} | milliseconds(passes[0])


def measure() -> dict[str, Any]:
    """Return everything that ``ringfence bench node`` measures."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-bench-"))
    try:
        found: dict[str, Any] = {"in_process": {}}
        for batch in BATCHES:
            say(f"in process: batches of {batch:,}")
            found["in_process"][str(batch)] = in_process(folder / str(batch), batch)
            shutil.rmtree(folder / str(batch))
        say("growth: a million orders open")
        found["growth"] = longest_growth_ms()
        # A gateway first writes the history of what is there: it gets a venue of its own, with little in it.
        found["paced"] = paced(folder / "a", [quiet, snapshots]) | paced(folder / "b", [gateway_saturated])
    finally:
        shutil.rmtree(folder)
    return found


def main(as_json: bool) -> None:
    """Print what was measured, as one JSON line or as lines for people."""
    found = measure()
    if as_json:
        print(json.dumps(found))
        return
    for batch, row in found["in_process"].items():
        speed = f"{row['commands_per_s'] / 1e6:.2f} M durable commands/s"
        print(f"in process, batches of {batch}: {speed}, {latencies(row)}")
    print(
        f"tables growing to {found['growth']['orders']:,} orders, calls of {GROWTH_BATCH}: {latencies(found['growth'])}"
    )
    for name in ("quiet", "snapshots", "gateway_saturated"):
        print(f"over the socket, {RATE_PER_S:,} commands/s, {name}: {latencies(found['paced'][name])}")


def latencies(row: dict[str, Any]) -> str:
    """Return latencies as words."""
    return f"p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms, longest {row['longest_ms']} ms"
