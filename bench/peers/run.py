"""Measure order books from PyPI and ourselves on one flow, interleaved: `python bench/peers/run.py PYTHON [ROUNDS]`.

PYTHON is the interpreter of an environment with the packages of requirements/peers.txt; `make bench-peers` makes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.reference.exchange import ReferenceExchange  # noqa: E402

from ringfence.bench.flow import SHAPES  # noqa: E402
from ringfence.bench.peers import Outcome, commands_per_s, export  # noqa: E402
from ringfence.bench.venue import Load, opening_commands  # noqa: E402

COMMANDS = 200_000
SECONDS = 5
REFERENCE_COMMANDS = 20_000
TIMEOUT_S = 120
PEERS = (
    "limit-order-book",
    "orderly-chaos",
    "litebook",
    "cython-orderbook",
    "obook",
    "liquibook",
    "pyorderbook",
    "fastlob",
    "lightmatchingengine",
)

Measurement = Callable[[], tuple[float, str]]
"""Returns commands a second of processor time, and a remark."""


def peer(python: str, name: str, flow: Path, expected: Outcome) -> tuple[float, str]:
    """Return the speed of a package, and whether its book ends as ours does."""
    arguments = [python, str(HERE / "drive.py"), name, str(flow), str(SHAPES["one"].preload), str(SECONDS)]
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if run.returncode:
        return 0.0, f"failed: {run.stderr.strip().splitlines()[-1]}"
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    if "error" in found:
        return 0.0, found["error"]
    if found["resting_lots"] is None:
        whole = found["commands"] >= COMMANDS - int(expected.refused.sum())
        return found["commands_per_s"], "" if whole else f"first {found['commands']:,} commands"
    same = found["resting_lots"] == expected.resting_lots
    return found["commands_per_s"], "same book at the end" if same else "ANOTHER BOOK at the end"


def reference() -> tuple[float, str]:
    """Return the speed of the rules in plain Python, balances and fees included."""
    exchange, load = ReferenceExchange(), Load()
    sequence = 1
    for begin, end in ((0, load.shape.preload), (load.shape.preload, load.shape.preload + REFERENCE_COMMANDS)):
        commands = load.take(begin, end, sequence) if begin else opening_commands(load.shape.accounts)
        if not begin:
            sequence = apply(exchange, commands, sequence)
            commands = load.take(begin, end, sequence)
        began_s = time.process_time()
        sequence = apply(exchange, commands, sequence)
    return REFERENCE_COMMANDS / (time.process_time() - began_s), f"{REFERENCE_COMMANDS:,} commands"


def apply(exchange: ReferenceExchange, commands: Any, sequence: int) -> int:
    """Stamp and apply commands; return the next sequence."""
    for record in commands:
        data = bytearray(bytes(record))
        data[:8] = sequence.to_bytes(8, "little")
        exchange.apply_one(bytes(data))
        sequence += 1
    return sequence


def measurements(python: str, flow: Path, expected: Outcome) -> dict[str, Measurement]:
    """Return everything that is measured, by name."""
    found: dict[str, Measurement] = {
        "ringfence core, calls of 4,096": lambda: (commands_per_s("one", 4_096, COMMANDS), "balances, fees, events"),
        "ringfence core, one per call": lambda: (commands_per_s("one", 1, COMMANDS), "balances, fees, events"),
        "the rules in plain Python": reference,
    }
    for name in PEERS:
        found[name] = lambda name=name: peer(python, name, flow, expected)
    return found


def main(python: str, rounds: int) -> None:
    """Measure everything in each round, and print the best and the median of each with ratios."""
    speeds: dict[str, list[float]] = {}
    remarks: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        flow = Path(folder) / "one.bin"
        todo = measurements(python, flow, export("one", flow, COMMANDS))
        for i in range(rounds):
            for name, measure in todo.items():
                print(f"round {i + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
                speed, remarks[name] = measure()
                speeds.setdefault(name, []).append(speed)
    ours = sorted(speeds["ringfence core, calls of 4,096"])
    print(f"{'':32}{'best':>11}{'median':>11}{'ratio':>8}   commands/s of processor time; ratio of the medians")
    for name, found in sorted(speeds.items(), key=lambda item: -max(item[1])):
        median = sorted(found)[len(found) // 2]
        ratio = f"{ours[len(ours) // 2] / median:.1f}" if median else "-"
        print(f"{name:32}{max(found):>11,.0f}{median:>11,.0f}{ratio:>8}   {remarks[name]}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)
