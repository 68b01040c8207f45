"""Recorded ticks in the place of anchors: DIR/ASSET.SOURCE.csv, each line a time in ms since 1970 and a price."""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ringfence.schema.enums import UNITS_PER_CASH

from .load import ScenarioError
from .records import Integers
from .scenario import Scenario


class Recorded(NamedTuple):
    """Ticks by time; ``units`` are price units."""

    times_us: Integers
    units: Integers

    def at(self, times_us: Integers) -> Integers:
        """Return the last price at or before some times; the first before there is any."""
        return self.units[np.maximum(np.searchsorted(self.times_us, times_us, side="right") - 1, 0)]


Ticks = dict[tuple[str, str], Recorded]


def load_ticks(folder: Path, scenario: Scenario) -> Ticks:
    """Return the ticks that a folder has of the sources of a scenario. Raises ``ScenarioError``."""
    if not folder.is_dir():
        raise ScenarioError(f"{folder}: there is no such folder of ticks")
    found: Ticks = {}
    for name, asset in scenario.assets.items():
        for source in asset.prices:
            path = folder / f"{name}.{source}.csv"
            if path.exists():
                found[name, source] = _load(path)
    if not found:
        example = next(f"{name}.{source}.csv" for name, asset in scenario.assets.items() for source in asset.prices)
        raise ScenarioError(f"{folder}: no file is named as {example}, an asset and a source of the scenario")
    return found


def _load(path: Path) -> Recorded:
    times: list[int] = []
    units: list[int] = []
    with path.open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(csv.reader(lines), 1):
            if number == 1 and row and not row[0].strip().isdigit():
                continue
            try:
                time_us, price = int(row[0]) * 1_000, int(Decimal(row[1]) * UNITS_PER_CASH)
            except (IndexError, ValueError, InvalidOperation):
                raise ScenarioError(f"{path}:{number}: {row} is not a time in milliseconds and a price") from None
            if price <= 0 or (times and time_us < times[-1]):
                raise ScenarioError(f"{path}:{number}: a price is not above 0, or a time goes back")
            times.append(time_us)
            units.append(price)
    if not times:
        raise ScenarioError(f"{path}: there is no tick in it")
    return Recorded(np.array(times), np.array(units))
