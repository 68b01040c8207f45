"""A crash between any two steps of a case: the log goes on to the same hashes."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.core.perpetual_venue import BID, DOLLAR

from ringfence.node.engine import Engine
from ringfence.node.replica import as_records
from ringfence.schema import commands as c
from ringfence.schema.layout import encode

from .journaled import Journaled


class Noted(Journaled):
    """Notes each command with its time, so that it can be given again."""

    def __init__(self, directory: Path) -> None:
        self.noted: list[tuple[int, c.Command]] = []
        super().__init__(directory)

    def give(self, command: c.Command) -> list[Any]:
        self.noted.append((self.time_us, command))
        return super().give(command)


def play(venue: Noted) -> int:
    """Let bob fail, be restored in part by the book, and be written off; returns where his case began."""
    venue.place(venue.carol, BID, 97.9, 50)
    venue.let(97.9)
    begin = len(venue.noted)
    venue.must(c.OpenCases())
    venue.steps()
    venue.fund(venue.bob, 5 * DOLLAR)
    for dollars in (97, 92, 92, 92):
        venue.let(dollars)
        venue.steps()
        venue.end_settlement()
        venue.give(c.Deleverage())
    assert venue.exchange.case(venue.bob) is None
    return begin


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Noted, int]:
    venue = Noted(tmp_path_factory.mktemp("crash") / "venue")
    return venue, play(venue)


def given_again(directory: Path, noted: list[tuple[int, c.Command]]) -> tuple[bytes, bytes]:
    """Give commands to the venue of a directory, which goes on where it was; return the hashes of state and events."""
    now_us = noted[0][0]
    with Engine.open(directory, clock=lambda: now_us) as engine:
        for at_us, command in noted:
            now_us = at_us
            if isinstance(command, c.Clock):
                engine.tick()
            else:
                engine._commit(as_records(bytearray(encode(command, type(command).origins[0]))))
        return engine.exchange.state_hash(), engine._replica.events_chain


def test_crash_between_any_two_steps_ends_in_the_same_hashes(played: tuple[Noted, int], tmp_path: Path) -> None:
    venue, begin = played
    wanted = venue.exchange.state_hash(), venue.engine._replica.events_chain
    first = tmp_path / "first"
    time_us = venue.noted[0][0]
    engine = Engine.open(first, clock=lambda: time_us)
    for place, (at_us, command) in enumerate(venue.noted[:-1], 1):
        time_us = at_us
        if isinstance(command, c.Clock):
            engine.tick()
        else:
            engine._commit(as_records(bytearray(encode(command, type(command).origins[0]))))
        if place >= begin:
            # What stands on the disk right now is what a crash leaves.
            engine.sync_checkpoints()
            crashed = tmp_path / f"crashed-{place}"
            shutil.copytree(first, crashed, ignore=shutil.ignore_patterns("lock"))
            assert given_again(crashed, venue.noted[place:]) == wanted, place
            shutil.rmtree(crashed)
    engine.close()
