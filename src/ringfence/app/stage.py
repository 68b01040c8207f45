"""What scenes are played on: a venue of its own in a folder of its own, with log, checkpoints and history.

Only its time is the scene's, so that an hour takes a second and every run tells the same.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ringfence.node.engine import Engine
from ringfence.node.replica import as_records
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.layout import RECORD_BYTES, decode_event, encode
from ringfence.schema.rejects import Reject

Kind = TypeVar("Kind", bound=e.Event)

USDC = 1
DOLLAR = 10**6
SOURCES = ("north", "east", "south")
SECOND_US = 1_000_000
BEGIN_US = 1_760_000_000 * SECOND_US
Say = Callable[[str], None]


class SceneCheck(msgspec.Struct, frozen=True):
    """One thing that the scene shows."""

    name: str
    ok: bool


class SceneResult(msgspec.Struct, frozen=True):
    """What the scene came to."""

    ok: bool
    checks: list[SceneCheck]


class Stage:
    """A venue that a scene is played on."""

    def __init__(self, directory: Path, say: Say, begin_us: int = BEGIN_US) -> None:
        self.directory, self.say = directory, say
        self.time_us, self.deposits = begin_us, 0
        self.checks: list[SceneCheck] = []
        self.engine = Engine.open(directory, clock=lambda: self.time_us)
        self.exchange = self.engine.exchange

    def expect(self, name: str, holds: bool) -> None:
        """Note one thing that must hold."""
        self.checks.append(SceneCheck(name=name, ok=bool(holds)))
        self.say(f"    {'ok' if holds else 'NOT SO'}: {name}")

    def give(self, command: c.Command) -> list[e.Event]:
        """Give the venue a command as whoever may give it; return its events."""
        return decoded(self.engine.submit(as_records(bytearray(encode(command)))).events)

    def must(self, command: c.Command) -> list[e.Event]:
        """The same where nothing but acceptance makes sense."""
        events = self.give(command)
        refused = next((event for event in events if isinstance(event, e.Rejected)), None)
        assert refused is None, f"{command} was refused: {refused}"
        return events

    def second(self, prices: dict[int, float], seconds: int = 1) -> list[e.Event]:
        """Let time pass in which all sources quote these prices, in dollars, and the venue do what is due."""
        self.time_us += seconds * SECOND_US
        for asset, dollars in prices.items():
            for source in range(1, len(SOURCES) + 1):
                price = {"last_units": round(dollars * 10**8), "observed_us": self.time_us}
                self.must(c.Quote(asset=asset, price_source=source, **price))
        events = decoded(self.engine.tick().events)
        while self.engine.has_work:
            done = list(self.engine.go_on())
            if not done:
                break
            events += [event for one in done for event in decoded(one.events)]
        return events

    def deposit(self, account: int, units: int, asset: int = USDC, unit: int = DOLLAR) -> list[e.Event]:
        """Let custody credit a deposit."""
        self.deposits += 1
        return self.must(
            c.Deposit(account=account, asset=asset, source=1, number=self.deposits, amount_atoms=units * unit)
        )


def played(stage_of: Callable[[Path, Say], Any], play: Callable[[Any], None], *, json: bool, say: Say) -> SceneResult:
    """Play a scene in a folder that is removed at the end; ``say`` is given each sentence unless ``json``."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-scene-"))
    try:
        stage = stage_of(folder / "venue", _silent if json else say)
        play(stage)
        return SceneResult(ok=all(one.ok for one in stage.checks), checks=stage.checks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def no_progress(done: int, total: int) -> None:
    """Show no progress."""


def decoded(events: Any) -> list[e.Event]:
    """Return the events of a batch."""
    data = events.tobytes()
    return [decode_event(data[at : at + RECORD_BYTES]) for at in range(0, len(data), RECORD_BYTES)]


def all_of(kind: type[Kind], events: list[e.Event]) -> list[Kind]:
    """Return the events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def only(kind: type[Kind], events: list[e.Event]) -> Kind:
    """Return the one event of a kind."""
    found = all_of(kind, events)
    assert len(found) == 1, f"{len(found)} {kind.__name__} where one is expected"
    return found[0]


def was_refused(events: list[e.Event], reject: Reject) -> bool:
    """Tell whether a command was refused for this reason."""
    last = events[-1]
    return isinstance(last, e.Rejected) and Reject(last.reject) is reject


def _silent(sentence: str) -> None:
    """Say nothing."""
