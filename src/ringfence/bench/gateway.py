"""``ringfence bench gateway``: signed HTTP requests on one core, and what a busy market becomes for its readers.

The gateway has a core to itself; the node and the clients, which are cheap, share the other.  Speeds stand beside the
processor time that the gateway took for them: ``per_core_s`` is what a core would do that nobody else uses.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..node.connect import ControlClient
from ..schema.layout import EVENT_HEADER
from .core import say
from .fan_out import Subscribers
from .http_client import ORDERS_PER_BATCH, register_users
from .processes import NODE_CORE, OTHER_CORE, HttpLoad, Running, run_gateway, run_node
from .venue import Load, prepare

GATEWAY_CORE, CLIENT_CORE = NODE_CORE, OTHER_CORE
KINDS = ("ping", "balances", "order", "batch")
SECONDS = 4.0
CONNECTIONS = 32
SUBSCRIBERS = (1, 100)
FAN_OUT_COMMANDS, FAN_OUT_BATCH, FAN_OUT_PAUSE_S = 4_000, 20, 0.005
STREAMS = ("depth.SOL_USDC", "trade.SOL_USDC")
FOLLOWED_COMMANDS, FOLLOWED_BATCH = 40_000, 1_000
FOLLOW_TIMEOUT_S = 30.0


def http(gateway: Running, kind: str) -> dict[str, Any]:
    """Return speed and latency of a kind of request, and how many a core does in a second of its time."""
    load = HttpLoad(kind, gateway.port, SECONDS, CONNECTIONS, CLIENT_CORE)
    cpu_s, loop_s = gateway.cpu_s(), gateway.cpu_s(first_thread=True)
    found = load.result()
    cpu_s, loop_s = gateway.cpu_s() - cpu_s, gateway.cpu_s(first_thread=True) - loop_s
    answered = found["requests_per_s"] * SECONDS
    found |= {"per_core_s": round(answered / cpu_s), "gateway_cpu_share": round(cpu_s / SECONDS, 2)}
    found["event_loop_us_per_request"] = round(loop_s / answered * 1e6)
    found["other_threads_us_per_request"] = round((cpu_s - loop_s) / answered * 1e6)
    if kind == "batch":
        found["orders_per_s"] = found["requests_per_s"] * ORDERS_PER_BATCH
        found["orders_per_core_s"] = found["per_core_s"] * ORDERS_PER_BATCH
    return found


class Market:
    """The flow, sent to the node by an operator's client in the order of the log."""

    def __init__(self, directory: Path, load: Load) -> None:
        self._client = ControlClient(directory)
        self._load, self._place = load, load.shape.preload

    def go_on(self, count: int) -> None:
        """Send so many commands and wait until they are durable."""
        end = self._place + count
        events = self._client.submit_records(self._load.take(self._place, end))
        sequences = np.unique(events.view(EVENT_HEADER)["sequence"])
        assert len(sequences) == count, "every command of the flow has events"
        self._load.learn(np.arange(self._place, end), sequences)
        self._place = end

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def fan_out(gateway: Running, market: Market, readers: int) -> dict[str, Any]:
    """Return how many messages reach so many readers of a market's depth and trades, until the last has come."""
    with Subscribers(gateway.port, readers, STREAMS) as subscribers:
        cpu_s, began_s = gateway.cpu_s(), time.perf_counter()
        for _ in range(FAN_OUT_COMMANDS // FAN_OUT_BATCH):
            market.go_on(FAN_OUT_BATCH)
            subscribers.read(FAN_OUT_PAUSE_S)
        subscribers.read_to_the_end()
        seconds, cpu_s = subscribers.last_s - began_s, gateway.cpu_s() - cpu_s
    return {
        "readers": readers,
        "still_connected": subscribers.connected,
        "messages": subscribers.messages,
        "messages_per_s": round(subscribers.messages / seconds),
        "per_core_s": round(subscribers.messages / cpu_s),
        "commands_per_s": round(FAN_OUT_COMMANDS / seconds),
        "gateway_cpu_share": round(cpu_s / seconds, 2),
    }


def follow(gateway: Running, market: Market) -> dict[str, Any]:
    """Return how many commands the gateway follows with nobody reading, history included."""
    gateway.wait_idle(FOLLOW_TIMEOUT_S)
    cpu_s = gateway.cpu_s()
    for _ in range(FOLLOWED_COMMANDS // FOLLOWED_BATCH):
        market.go_on(FOLLOWED_BATCH)
    gateway.wait_idle(FOLLOW_TIMEOUT_S)
    return {"commands_per_core_s": round(FOLLOWED_COMMANDS / (gateway.cpu_s() - cpu_s))}


@contextmanager
def opened(directory: Path) -> Generator[tuple[Running, Market]]:
    """Run node and gateway of a new venue with a book of 100,000 orders."""
    load = Load()
    prepare(directory, load)
    register_users(directory)
    with run_node(directory, CLIENT_CORE), run_gateway(directory, GATEWAY_CORE) as gateway:
        os.sched_setaffinity(0, {CLIENT_CORE})
        market = Market(directory, load)
        say("gateway: waiting until it has written the history of what is there")
        gateway.wait_idle(FOLLOW_TIMEOUT_S)
        yield gateway, market
        market.close()


def measure() -> dict[str, Any]:
    """Return everything that ``ringfence bench gateway`` measures."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-bench-"))
    try:
        with opened(folder / "venue") as (gateway, market):
            found: dict[str, Any] = {"follow": follow(gateway, market), "fan_out": []}
            for readers in SUBSCRIBERS:
                say(f"fan-out: {readers} readers")
                found["fan_out"].append(fan_out(gateway, market, readers))
            for kind in KINDS:
                say(f"http: {kind}")
                found[kind] = http(gateway, kind)
    finally:
        shutil.rmtree(folder)
    return found


def main(as_json: bool) -> None:
    """Print what was measured, as one JSON line or as lines for people."""
    found = measure()
    if as_json:
        print(json.dumps(found))
        return
    for kind in KINDS:
        row = found[kind]
        times = f"p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms with {CONNECTIONS} connections"
        print(f"{kind:9}{row['requests_per_s']:7,} requests/s, {row['per_core_s']:,} per core, {times}")
    print(f"a batch has {ORDERS_PER_BATCH} orders: {found['batch']['orders_per_core_s']:,} orders/s and core")
    for row in found["fan_out"]:
        reached = f"{row['messages_per_s']:,} messages/s, {row['per_core_s']:,} per core"
        print(f"{row['readers']} readers of depth and trades: {reached}, at {row['commands_per_s']:,} commands/s")
    print(f"following the node, nobody reading: {found['follow']['commands_per_core_s']:,} commands/s and core")
