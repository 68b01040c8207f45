"""All rules on all waves, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ringfence.lab.load import POLICIES
from ringfence.lab.paths import PPM

from .published import ATOMS, RULES, Published, load
from .reconstruction import DIGEST, Scene, digest_of, in_contracts, reconstruct
from .score import (
    Row,
    Taken,
    bound_coin_by_coin,
    by_coin,
    by_equity,
    by_profit,
    of_continuous,
    of_outcome,
    of_published,
    row_of,
)
from .venue import play

RECONSTRUCTED, REAL = "reconstructed", "real"
SIZE_DECIMALS, CONTRACTS, NO_LOTS = "size decimals", "whole contracts", "none"
CONTINUOUS = {
    "continuous, coin by coin": by_coin,
    "continuous by profit": by_profit,
    "continuous by equity": by_equity,
}
CLAIM = "on a calibrated reconstruction"
HEADS = ("rule", "lot", "taken", "over", "under", "worst", "mean", "worst", "mean", "people", "median", "worst")
ABOVE = ("", "", "dollars", "", "", "of equity", "", "of profit", "", "", "ms a wave", "")
WIDTHS = (26, 15, 12, 12, 11, 10, 8, 10, 8, 8, 10, 7)
"""Haircuts are the largest of anybody in a wave: the worst of all waves, and their mean."""
Progress = Callable[[int, int], None]


class Scored(NamedTuple):
    """The rows, the waves of those played in the venue, and the digest of what they were played on."""

    rows: list[Row]
    waves: dict[tuple[str, str], list[Taken]]
    digest: str

    @property
    def played(self) -> list[Taken]:
        """Return the waves under the first rule, for what does not depend on a rule."""
        return next(iter(self.waves.values()))

    @property
    def need_atoms(self) -> int:
        """Return what all waves needed."""
        return sum(wave.need_atoms for wave in self.played)


def score(folder: Path, progress: Progress) -> Scored:
    """Score every rule on the waves of a folder. Raises ``BenchmarkError``."""
    published = load(folder)
    scenes = reconstruct(published)
    played = _play(published, scenes, progress)
    rows = [row_of(rule, RECONSTRUCTED, lot, waves) for (rule, lot), waves in played.items()]
    pairs = [*zip(published.waves, scenes, strict=True)]
    for name, rule in CONTINUOUS.items():
        waves = [of_continuous(wave, scene, rule) for wave, scene in pairs]
        rows.append(row_of(name, RECONSTRUCTED, NO_LOTS, waves))
    bounds = [bound_coin_by_coin(wave, scene) for wave, scene in pairs]
    rows.append(row_of("no rule coin by coin less", RECONSTRUCTED, NO_LOTS, bounds))
    for name in RULES:
        lot = CONTRACTS if name in ("contract pro-rata", "fixed-point integer") else NO_LOTS
        lot = SIZE_DECIMALS if name == "production" else lot
        rows.append(row_of(name, REAL, lot, [of_published(wave, name) for wave in published.waves]))
    return Scored(rows, played, digest_of(scenes))


def _play(published: Published, scenes: list[Scene], progress: Progress) -> dict[tuple[str, str], list[Taken]]:
    """Play every wave under every rule of the venue, in both lots."""
    found: dict[tuple[str, str], list[Taken]] = {}
    sizes = {SIZE_DECIMALS: scenes, CONTRACTS: [in_contracts(scene) for scene in scenes]}
    # The first venue of a process takes longer than others: it is played and not scored.
    play(scenes[-1], POLICIES["pro-rata"])
    total = len(sizes) * len(POLICIES) * len(scenes)
    for lot, these in sizes.items():
        for rule, policy in POLICIES.items():
            waves = found[rule, lot] = []
            for wave, scene in zip(published.waves, these, strict=True):
                waves.append(of_outcome(wave, scene, play(scene, policy)))
                progress(sum(map(len, found.values())), total)
    return found


def is_frozen(scored: Scored) -> bool:
    """Whether it was played on the reconstruction that was fixed beforehand."""
    return scored.digest == DIGEST


def said(scored: Scored) -> dict[str, Any]:
    """Return all of it for a program."""
    return {
        "benchmark": "adl-10oct",
        "claim": CLAIM,
        "reconstruction": scored.digest,
        "frozen": is_frozen(scored),
        "need_usd": _usd(scored.need_atoms),
        "rules": [_plain(row._asdict()) for row in scored.rows],
        "waves": [
            {"rule": rule, "lot": lot} | _plain(wave._asdict())
            for (rule, lot), waves in scored.waves.items()
            for wave in waves
        ],
    }


def lines(scored: Scored) -> list[str]:
    """Return all of it for a person."""
    which = "the frozen one" if is_frozen(scored) else f"NOT the frozen one, {DIGEST[:12]}"
    told = [
        f"{len(scored.played)} waves of 10 October 2025, {CLAIM}; {_dollars(scored.need_atoms)} dollars were needed",
        f"reconstruction {scored.digest[:12]}, {which}",
    ]
    for winners, title in (
        (RECONSTRUCTED, "rules of the venue, and rules without lots, on the reconstructed winners"),
        (REAL, "published rows, on the real winners: another population, so beside and not against the rows above"),
    ):
        told += ["", title, _line(ABOVE), _line(HEADS)]
        told += [_line(_cells(row)) for row in scored.rows if row.winners == winners]
    worst = max(
        row.error_lots_worst_ppm or 0 for row in scored.rows if (row.rule, row.lot) == ("pro-rata", SIZE_DECIMALS)
    )
    told += ["", f"pro-rata in lots of size decimals: no coin of a wave is more than {worst / PPM:.6f} lots off"]
    return told


def _cells(row: Row) -> tuple[str, ...]:
    percents = (row.of_equity_worst_ppm, row.of_equity_mean_ppm, row.of_profit_worst_ppm, row.of_profit_mean_ppm)
    return (
        row.rule, row.lot, *(_dollars(atoms) for atoms in (row.taken_atoms, row.over_atoms, row.under_atoms)),
        *("" if ppm is None else f"{100 * ppm / PPM:.2f} %" for ppm in percents),
        "" if row.people is None else f"{row.people:,}",
        *("" if ms is None else f"{ms:.1f}" for ms in (row.wave_median_ms, row.wave_worst_ms)),
    )  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    first = [f"{cell:<{width}}" for cell, width in zip(cells[:2], WIDTHS[:2], strict=True)]
    return "".join(first + [f"{cell:>{width}}" for cell, width in zip(cells[2:], WIDTHS[2:], strict=True)]).rstrip()


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields with money in dollars and parts in percent."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if name.endswith("_atoms"):
            found[name.replace("_atoms", "_usd")] = _usd(value)
        elif name.endswith("lots_ppm") or name.endswith("lots_worst_ppm"):
            found[name.replace("_ppm", "")] = None if value is None else value / PPM
        elif name.endswith("_ppm"):
            found[name.replace("_ppm", "_percent")] = None if value is None else value * 100 / PPM
        else:
            found[name] = value
    return found


def _usd(atoms: int) -> float:
    return atoms / ATOMS


def _dollars(atoms: int) -> str:
    return f"{round(atoms / ATOMS):,}"
