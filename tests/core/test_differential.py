"""The compiled core and the reference agree in every event, balance and hash."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.core.differential import Pair, commands_of
from tests.reference.flow import Flow

from ringfence.core import Exchange
from ringfence.schema.events import Trade
from ringfence.schema.layout import DTYPES, RECORD, tag_of

SEEDS = range(8)
COMMANDS_A_SEED = 25_000
COMMANDS_UNCOMPILED = 20_000
SOAK_SECONDS = int(os.environ.get("RINGFENCE_SOAK_SECONDS", "900"))

UNCOMPILED = """
from tests.core.differential import Pair
pair = Pair({seed})
pair.run({commands}, largest_batch=64)
pair.check_state()
pair.check_reads()
print("agreed at", pair.exchange.state_hash().hex())
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_core_given_random_commands_agrees_with_the_reference(seed: int) -> None:
    pair = Pair(seed)
    for part in range(10):
        pair.run(COMMANDS_A_SEED // 10)
        pair.check_state()
        if part % 3 == 0:
            pair.check_reads()


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_core_restored_from_its_rows_goes_on_as_before(seed: int) -> None:
    pair = Pair(seed)
    for _ in range(12):
        pair.run(500)
        pair.restart()
        pair.check_state()
    pair.check_reads()


def test_core_given_other_batches_says_the_same() -> None:
    records = np.frombuffer(b"".join(commands_of(200, 6_000)), RECORD)
    whole, single = Exchange(), Exchange()
    wanted = whole.apply(records).tobytes()
    assert b"".join(single.apply(records[at : at + 1]).tobytes() for at in range(len(records))) == wanted
    assert whole.state_hash() == single.state_hash()


def test_core_does_not_keep_or_change_the_commands_it_is_given() -> None:
    records = np.frombuffer(b"".join(commands_of(201, 1_500)), RECORD).copy()
    before = records.tobytes()
    events = Exchange().apply(records)
    said = events.tobytes()
    assert records.tobytes() == before
    records[:] = np.zeros(1, RECORD)
    assert events.tobytes() == said


def test_core_without_compiler_agrees_with_the_reference() -> None:
    script = UNCOMPILED.format(seed=309, commands=COMMANDS_UNCOMPILED)
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-6_000:]
    flow = Flow(309)
    for _ in flow.steps(COMMANDS_UNCOMPILED):
        pass
    assert done.stdout.split()[-1] == flow.exchange.state_hash().hex()


@pytest.mark.soak
def test_core_given_commands_for_a_long_time_agrees_with_the_reference() -> None:
    """Run new seeds until RINGFENCE_SOAK_SECONDS have passed; the first is the day's, printed with every failure."""
    first = int(os.environ.get("RINGFENCE_SOAK_SEED", str(time.time_ns() // 10**9)))
    until = time.monotonic() + SOAK_SECONDS
    seed = first
    while time.monotonic() < until:
        pair = Pair(seed)
        for _ in range(10):
            pair.run(20_000, largest_batch=3_000)
            pair.check_state()
            pair.restart()
        pair.check_reads()
        seed += 1
    assert seed > first


class Tampering:
    """An exchange that counts one lot too many in every trade."""

    def __init__(self) -> None:
        self.exchange = Exchange()

    def apply(self, commands: np.ndarray) -> np.ndarray:
        events = self.exchange.apply(commands)
        trades = events.view(DTYPES[Trade])
        trades["quantity_lots"][trades["kind"] == tag_of(Trade)] += 1
        return events


def test_difference_between_core_and_reference_is_told_with_seed_command_and_field() -> None:
    pair = Pair(1)
    pair.exchange = Tampering()  # type: ignore[assignment]
    with pytest.raises(AssertionError) as failure:
        pair.run(3_000)
    said = str(failure.value)
    assert said.startswith("seed 1 (mixed), sequence ")
    assert "the rules say" in said
    assert "the core said" in said
    assert "  quantity_lots: rules " in said
