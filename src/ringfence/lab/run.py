"""One run of a scenario, from nothing to the last second."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .building import Builder, quotes_at
from .crowd import Crowd
from .plan import Plan
from .population import Population
from .record import Record
from .rehearsal import rehearse
from .stage import Stage

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much it is in all."""


@dataclass
class Played:
    """A run that is over."""

    plan: Plan
    record: Record
    state_hash: str
    commands: int
    wall_s: float
    positions_value: int
    """What all positions came to on one side when the scenario began, in atoms of cash."""


def play(plan: Plan, directory: Path, progress: Progress) -> Played:
    """Play a plan with its log in a folder; where the log has some of it, go on with it."""
    began_s = time.perf_counter()
    now_us = [int(plan.times_us[0])]
    engine = rehearse(directory, lambda: now_us[0])
    try:
        stage = Stage(engine)
        builder = Builder(plan, Population(plan), stage)
        progress("build", 0, 1)
        builder.build()
        progress("build", 1, 1)
        crowd, record = Crowd(builder, stage), Record(plan, stage)
        stage.listeners += [crowd.listen, record.listen]
        record.step(0)
        opened_value = sum(record.rows[0]["interest"])
        for step in range(1, len(plan.times_us)):
            now_us[0] = int(plan.times_us[step])
            stage.give(quotes_at(plan, step))
            stage.tick()
            stage.give(crowd.quotes(step))
            stage.give(crowd.deposits(now_us[0]))
            stage.give(crowd.panic(step))
            stage.finish()
            record.step(step)
            progress("play", step, len(plan.times_us) - 1)
        stage.tick()
        engine.sync_checkpoints()
        return Played(
            plan, record, engine.exchange.state_hash().hex(), engine.sequence, time.perf_counter() - began_s,
            opened_value,
        )  # fmt: skip
    finally:
        engine.close()


def peak_megabytes() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
