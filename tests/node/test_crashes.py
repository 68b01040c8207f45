"""A node that ends at once in the middle of everything goes on as if it had not: same log, same events, same state."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from ringfence.journal import JournalReader
from ringfence.node.engine import Engine
from ringfence.node.verify import verify
from ringfence.schema import commands as c
from ringfence.schema.enums import Settling, Side
from ringfence.schema.layout import RECORD, known_schemas

from . import full_scene, scene

# Five seconds before an hour and a settlement begin, so that interest and funding are charged on the way.
START_US, STEP_US = 1_700_002_795_000_000, 100_000
SEGMENT_BYTES = 4 << 20
CROWD, USERS_A_BATCH = 32_800, 4_100
"""Users whose 65,600 accounts are more than a page of a settlement takes in."""
Step = Callable[[Engine], object]

# The process that is killed: it does all but the last steps of a history and then sends itself the signal.
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.node.test_crashes import STEPS, begun, opened
with opened(Path(sys.argv[1])) as engine:
    begun(engine)
    for step in STEPS[: int(sys.argv[2])]:
        step(engine)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def opened(directory: Path) -> Generator[Engine]:
    """Open an engine whose clock goes on by a tenth of a second for each command, from where its log ends."""
    ticks: list[Iterator[int]] = [count(START_US, STEP_US)]
    engine = Engine.open(directory, clock=lambda: next(ticks[0]), segment_bytes=SEGMENT_BYTES)
    if engine.sequence:
        ticks[0] = count(engine.exchange.time_us + STEP_US, STEP_US)
    try:
        yield engine
    finally:
        engine.close()


def begun(engine: Engine) -> None:
    """Let the engine come to where a settlement is between its pages and triggers are due."""
    engine.submit(scene.records_of(*scene.opening()))
    full_scene.until_due(engine)


def fire(engine: Engine) -> None:
    assert engine.fire_triggers() is not None


def go_on(engine: Engine) -> None:
    assert engine.continue_settlement() is not None


def trade(engine: Engine) -> None:
    engine.submit(
        scene.records_of(
            full_scene.order(full_scene.LENDER, Side.ASK, 9_000, 70),
            full_scene.order(full_scene.DEBTOR, Side.BID, 9_000, 70, reduce_only=0),
            c.Repay(account=full_scene.DEBTOR, asset=scene.USDC, amount_atoms=10**9 + 1),
        )
    )


STEPS: tuple[Step, ...] = (fire, trade, go_on, Engine.tick, trade)
"""What follows between the pages; the third is the last page."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What is on the disk before each step of a history, and at its end: all that a crash there leaves."""
    folder = tmp_path_factory.mktemp("images")
    found: list[Path] = []
    with opened(folder / "live") as engine:
        begun(engine)
        for step in (*STEPS, None):
            engine.sync_checkpoints()
            found.append(folder / f"image {len(found)}")
            shutil.copytree(folder / "live", found[-1], ignore=shutil.ignore_patterns("lock"))
            if step:
                step(engine)
    return found


def log_of(directory: Path) -> bytes:
    with JournalReader(directory / "journal", known_schemas()) as reader:
        return b"".join(bytes(frame.payload) for frame in reader.read(1))


def outcome(engine: Engine, directory: Path) -> tuple[bytes, str]:
    """Return the hash of the state and the log, the hash of whose events every checkpoint has signed."""
    return engine.exchange.state_hash(), log_of(directory).hex()


def events_chain(directory: Path) -> str:
    report = verify(directory, lambda done, total: None)
    assert report.holds, report.findings
    return report.events_chain


def ended(directory: Path, steps: tuple[Step, ...]) -> tuple[bytes, str, str]:
    """Open what a crash has left, go on with these steps, and return the state, the log and the events' hash."""
    with opened(directory) as engine:
        for step in steps:
            step(engine)
        engine.tick()
        found = outcome(engine, directory)
    return *found, events_chain(directory)


@pytest.fixture(scope="module")
def uninterrupted(images: list[Path]) -> tuple[bytes, str, str]:
    return ended(copy_of(images[-1], "whole"), ())


def copy_of(image: Path, name: str) -> Path:
    return Path(shutil.copytree(image, image.with_name(f"{image.name} {name}")))


def tear(directory: Path, cut_bytes: int) -> None:
    """Take the last bytes off the log, as a write that was under way leaves it."""
    path = max((directory / "journal").glob("*.log"))
    data = path.read_bytes()
    end = len(data.rstrip(b"\0"))
    path.write_bytes(data[: end - cut_bytes] + bytes(len(data) - end + cut_bytes))


def test_images_are_of_a_venue_in_the_middle_of_everything(images: list[Path]) -> None:
    with opened(copy_of(images[0], "seen")) as engine:
        rows = engine.exchange.rows()
    assert rows["venue"]["settling"][0] == Settling.PAYING
    assert rows["perpetuals"]["clearing_atoms"][0] > 0
    assert rows["triggers"]["due"].all() and rows["triggers"].size == 2
    assert (rows["positions"]["net_lots"] != 0).sum() == 2
    assert rows["redemptions"].size == 1
    assert (rows["lending_pools"]["debt_index"] > 1 << 52).any(), "no interest was charged"
    assert rows["perpetuals"]["funding_index"][0] != 0, "no funding was charged"


@pytest.mark.parametrize("place", range(len(STEPS)))
def test_node_that_ends_before_any_step_goes_on_like_one_that_did_not(
    images: list[Path], uninterrupted: tuple[bytes, str, str], place: int
) -> None:
    assert ended(copy_of(images[place], "killed"), STEPS[place:]) == uninterrupted


@pytest.mark.parametrize("place", [1, 2, 3, 5])
@pytest.mark.parametrize("cut_bytes", [1, 130])
def test_node_whose_last_write_was_torn_does_it_again_alike(
    images: list[Path], uninterrupted: tuple[bytes, str, str], place: int, cut_bytes: int
) -> None:
    torn = copy_of(images[place], f"torn {cut_bytes}")
    whole = len(log_of(torn))
    tear(torn, cut_bytes)
    with opened(torn) as engine:
        assert engine.recovered.cut_bytes > 0
    assert len(log_of(torn)) < whole
    assert ended(copy_of(torn, "again"), STEPS[place - 1 :]) == uninterrupted


@pytest.mark.parametrize("place", [0, 1, 3])
def test_process_killed_between_the_pages_comes_back_with_the_settlement_and_ends_it(
    tmp_path: Path, uninterrupted: tuple[bytes, str, str], place: int
) -> None:
    directory = tmp_path / "venue"
    killed = subprocess.run([sys.executable, "-c", KILLED, directory, str(place)], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    with JournalReader(directory / "journal", known_schemas()) as reader:
        assert np.concatenate([np.frombuffer(frame.payload, RECORD) for frame in reader.read(1)]).size > 50
    assert ended(directory, STEPS[place:]) == uninterrupted


def test_node_that_ends_while_losers_pay_goes_on_like_one_that_did_not(tmp_path: Path) -> None:
    """So many accounts that a page does not take in all: the first round itself has a middle."""
    with opened(tmp_path / "live") as engine:
        engine.submit(scene.records_of(*scene.opening()))
        for _ in range(CROWD // USERS_A_BATCH):
            engine.submit(scene.records_of(*[c.OpenUser()] * USERS_A_BATCH))
        full_scene.until_due(engine)
        assert engine.exchange.rows()["venue"]["settling"][0] == 1
        engine.sync_checkpoints()
        killed = Path(shutil.copytree(tmp_path / "live", tmp_path / "killed", ignore=shutil.ignore_patterns("lock")))
        for step in STEPS:
            step(engine)
        wanted = outcome(engine, tmp_path / "live")
    with opened(killed) as engine:
        for step in STEPS:
            step(engine)
        assert outcome(engine, killed) == wanted
