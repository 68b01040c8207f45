"""What a rule took of whom, wave by wave, and the row that it comes to.

A haircut is measured as in the published rows, against the *equity* of its owner at the wave's begin (the code of the
published analysis, ``max_pct_haircut``), and against the profit that he had, which is what a rule may take of.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import numpy as np

from ringfence.lab.paths import PPM
from ringfence.lab.records import Integers

from .published import Wave
from .reconstruction import Scene, share
from .venue import Outcome


class Taken(NamedTuple):
    """What a rule did in one wave; haircuts are the largest of anybody, in parts per million, None where unknown."""

    wave: int
    need_atoms: int
    taken_atoms: int
    of_equity_ppm: int
    of_profit_ppm: int | None = None
    error_lots_ppm: int | None = None
    """The most that a coin came to beside its need, in millionths of what a lot of it costs."""
    wave_ms: float | None = None
    people: int | None = None
    """How many gave something up."""


class Row(NamedTuple):
    """A rule over all waves; money in atoms of a dollar."""

    rule: str
    winners: str
    """Whose winners it was played on: those reconstructed, or the real ones of the published rows."""
    lot: str
    taken_atoms: int
    over_atoms: int
    under_atoms: int
    of_equity_worst_ppm: int
    of_equity_mean_ppm: int
    of_profit_worst_ppm: int | None
    of_profit_mean_ppm: int | None
    error_lots_worst_ppm: int | None
    wave_median_ms: float | None
    wave_worst_ms: float | None
    people: int | None


def row_of(rule: str, winners: str, lot: str, waves: list[Taken]) -> Row:
    """Sum a rule's waves up."""
    away = [wave.taken_atoms - wave.need_atoms for wave in waves]
    of_profit = [wave.of_profit_ppm for wave in waves if wave.of_profit_ppm is not None]
    lots = [wave.error_lots_ppm for wave in waves if wave.error_lots_ppm is not None]
    times = [wave.wave_ms for wave in waves if wave.wave_ms is not None]
    people = [wave.people for wave in waves if wave.people is not None]
    return Row(
        rule, winners, lot, sum(wave.taken_atoms for wave in waves), sum(max(0, more) for more in away),
        sum(max(0, -more) for more in away), max(wave.of_equity_ppm for wave in waves),
        sum(wave.of_equity_ppm for wave in waves) // len(waves), max(of_profit, default=None),
        sum(of_profit) // len(of_profit) if of_profit else None, max(lots, default=None),
        round(median(times), 1) if times else None, round(max(times), 1) if times else None,
        sum(people) if people else None,
    )  # fmt: skip


def of_outcome(wave: Wave, scene: Scene, outcome: Outcome) -> Taken:
    """Return what the venue took in a wave; ``scene`` is the one that it played."""
    cost = np.zeros(len(scene.profit_atoms), np.int64)
    np.add.at(cost, outcome.person, outcome.cost_atoms)
    by_coin = np.zeros(len(scene.books), np.int64)
    np.add.at(by_coin, outcome.coin, outcome.cost_atoms)
    errors = [
        abs(int(taken) - book.need_atoms) * book.lots * PPM // book.need_atoms
        for taken, book in zip(by_coin, scene.books, strict=True)
        if book.need_atoms
    ]
    return Taken(
        wave.number, wave.need_atoms, int(cost.sum()), largest_ppm(cost, scene.equity_atoms),
        largest_ppm(cost, scene.profit_atoms), max(errors, default=0), outcome.wave_ms,
        len(np.unique(outcome.person)),
    )  # fmt: skip


def of_published(wave: Wave, rule: str) -> Taken:
    """Return what the files say that a rule took in a wave."""
    result = wave.rules[rule]
    return Taken(wave.number, wave.need_atoms, result.taken_atoms, round(result.largest_of_equity * PPM))


Continuous = Callable[[Scene], Integers]


def by_coin(scene: Scene) -> Integers:
    """Share the need of each coin out by the profit of those who stand in it, to the atom: no lots."""
    cost = np.zeros(len(scene.profit_atoms), np.int64)
    for book in scene.books:
        np.add.at(cost, book.person, share(book.need_atoms, book.profit_atoms))
    return cost


def by_profit(scene: Scene) -> Integers:
    """Share the need of all coins out by everybody's profit, whatever coins he holds."""
    return share(sum(book.need_atoms for book in scene.books), scene.profit_atoms)


def by_equity(scene: Scene) -> Integers:
    """Share the need of all coins out by everybody's equity, whatever coins he holds."""
    return share(sum(book.need_atoms for book in scene.books), scene.equity_atoms)


def of_continuous(wave: Wave, scene: Scene, rule: Continuous) -> Taken:
    """Return what a rule without lots takes in a wave."""
    cost = rule(scene)
    return Taken(
        wave.number, wave.need_atoms, int(cost.sum()), largest_ppm(cost, scene.equity_atoms),
        largest_ppm(cost, scene.profit_atoms),
    )  # fmt: skip


def bound_coin_by_coin(wave: Wave, scene: Scene) -> Taken:
    """Return haircuts below which no rule stays that closes a coin against those who hold it, if all gave alike."""
    of_equity = of_profit = 0
    for book in scene.books:
        need = book.need_atoms * PPM
        of_equity = max(of_equity, need // int(scene.equity_atoms[book.person].sum()))
        of_profit = max(of_profit, need // int(scene.profit_atoms[book.person].sum()))
    return Taken(wave.number, wave.need_atoms, wave.need_atoms, of_equity, of_profit)


def largest_ppm(cost: Integers, means: Integers) -> int:
    """Return the largest part that anybody lost of what he had."""
    return max(taken * PPM // had for taken, had in zip(cost.tolist(), means.tolist(), strict=True) if had)
