"""``ringfence bench core``: the core alone, one thread, with balances, fees and events.

Commands go in by batches of 4,096, as the node hands them over.  "Without look-ahead" is the same with the fetching
hints off.  Latencies are of one command per call, call included, in the order of the flow.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Exchange
from ..journal import Journal, JournalReader, snapshots
from ..node.ahead import read_ahead
from ..node.replay import batches
from ..schema.enums import FIRST_USER_ACCOUNT, AccountKind
from ..schema.layout import ROW_DTYPES, known_schemas, schema_hash
from .flow import SHAPES, flow, opening

BATCH = 4_096
ROUNDS = 3
SINGLE = 200_000
RESTART_ACCOUNTS = 1_000_000


def say(words: str) -> None:
    """Tell on stderr what is being measured."""
    print(words, file=sys.stderr, flush=True)


def loaded(name: str, *, look_ahead: bool = True) -> tuple[Exchange, np.ndarray]:
    """Return a venue with the flow's resting orders, and the commands that follow."""
    shape, commands = SHAPES[name], flow(name)
    exchange = opening(shape, look_ahead=look_ahead)
    for _ in exchange.apply_in_parts(commands[: shape.preload]):
        pass
    return exchange, np.ascontiguousarray(commands[shape.preload :])


def commands_per_s(name: str, *, look_ahead: bool) -> float:
    """Return the speed of one pass over a flow."""
    exchange, commands = loaded(name, look_ahead=look_ahead)
    begin = time.perf_counter()
    for at in range(0, len(commands), BATCH):
        for _ in exchange.apply_in_parts(commands[at : at + BATCH]):
            pass
    return len(commands) / (time.perf_counter() - begin)


def latencies_ns(name: str) -> dict[str, int]:
    """Return percentiles of single commands, each in a call of its own."""
    exchange, commands = loaded(name)
    taken = np.zeros(SINGLE, np.int64)
    clock, enter, state, made = time.perf_counter_ns, exchange._enter[0], exchange._s.address, exchange._made
    address = commands.ctypes.data
    for i in range(SINGLE):
        made[0] = 0
        begin = clock()
        enter(state, address, i + 1, i, 0)
        taken[i] = clock() - begin
    p50, p99, p999 = (int(np.percentile(taken, q)) for q in (50, 99, 99.9))
    return {"p50_ns": p50, "p99_ns": p99, "p999_ns": p999}


def measure_flow(name: str) -> dict[str, Any]:
    """Return best and median speed with the hints, the best without, and latencies."""
    rounds = []
    for i in range(ROUNDS):
        say(f"{name}: round {i + 1} of {ROUNDS}")
        rounds.append((commands_per_s(name, look_ahead=True), commands_per_s(name, look_ahead=False)))
    with_hints, without = sorted(r[0] for r in rounds), sorted(r[1] for r in rounds)
    say(f"{name}: {SINGLE:,} single commands")
    return {
        "commands_per_s": round(with_hints[-1]),
        "median_commands_per_s": round(with_hints[len(rounds) // 2]),
        "without_look_ahead_commands_per_s": round(without[-1]),
        **latencies_ns(name),
    }


def replay_commands_per_s(folder: Path) -> float:
    """Return how fast a log of the flow ``one`` is read, its chain checked, and applied."""
    say("replay: writing the log")
    commands = flow("one")
    with Journal.open(folder / "journal", schema_hash=schema_hash()) as journal:
        for at in range(0, len(commands), BATCH):
            journal.append(commands[at : at + BATCH])
    exchange = opening(SHAPES["one"])
    say("replay: reading and applying it")
    begin = time.perf_counter()
    with JournalReader(folder / "journal", known_schemas()) as reader:
        for batch in read_ahead(batches(reader.read(1), 1)):
            for _ in exchange.apply_in_parts(batch.records):
                pass
    return len(commands) / (time.perf_counter() - begin)


def large_venue() -> Exchange:
    """Return a venue with a million accounts and a million resting orders."""
    exchange, _ = loaded("many")
    rows = exchange.rows()
    missing = np.arange(len(rows["users"]) + 1, RESTART_ACCOUNTS + 1)
    users, accounts = np.zeros(len(missing), ROW_DTYPES["users"]), np.zeros(len(missing), ROW_DTYPES["accounts"])
    numbers = FIRST_USER_ACCOUNT + missing - 1
    users["user"], users["main_account"], users["accounts"] = missing, numbers, 1
    accounts["account"], accounts["user"], accounts["account_kind"] = numbers, missing, int(AccountKind.MAIN)
    rows["users"] = np.concatenate([rows["users"], users])
    rows["accounts"] = np.concatenate([rows["accounts"], accounts])
    return Exchange.restore(rows)


def restart_s(folder: Path) -> float:
    """Return how long a snapshot of a million accounts and a million orders takes to become an exchange again."""
    say("restart: taking a snapshot of 1 M accounts and 1 M orders")
    rows = large_venue().rows()
    path = snapshots.write(
        folder,
        list(rows.items()),
        schema_hash=schema_hash(),
        rules_version=1,
        sequence=int(rows["venue"]["sequence"][0]),
        time_us=0,
        log_chain=bytes(32),
        events_chain=bytes(32),
    )
    del rows
    begin = time.perf_counter()
    stored = snapshots.load(path)
    Exchange.restore({name: table.view(ROW_DTYPES[name]) for name, table in stored.tables.items()})
    return time.perf_counter() - begin


def measure() -> dict[str, Any]:
    """Return everything that ``ringfence bench core`` measures."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-bench-"))
    try:
        found: dict[str, Any] = {name: measure_flow(name) for name in ("one", "many")}
        found["replay"] = {"commands_per_s": round(replay_commands_per_s(folder))}
        found["restart_s"] = round(restart_s(folder), 3)
    finally:
        shutil.rmtree(folder)
    found["memory_peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def main(as_json: bool) -> None:
    """Print what was measured, as one JSON line or as lines for people."""
    found = measure()
    if as_json:
        print(json.dumps(found))
        return
    for name in ("one", "many"):
        row = found[name]
        print(
            f"{name:5}{row['commands_per_s'] / 1e6:7.2f} M commands/s best, "
            f"{row['median_commands_per_s'] / 1e6:.2f} median, "
            f"{row['without_look_ahead_commands_per_s'] / 1e6:.2f} without look-ahead; one at a time "
            f"p50 {row['p50_ns']} ns, p99 {row['p99_ns']} ns, p99.9 {row['p999_ns']} ns"
        )
    print(f"replay {found['replay']['commands_per_s'] / 1e6:.2f} M commands/s from the log, chain checked")
    print(f"restart {found['restart_s']} s from a snapshot of 1 M accounts and 1 M orders")
