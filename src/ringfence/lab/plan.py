"""A scenario in the venue's own numbers: assets, markets, sources, steps of time and the prices at each of them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from ringfence.schema.enums import UNITS_PER_CASH

from .load import US, as_us, points_of, time_of_day_us
from .paths import PPM, path, straight
from .records import Integers
from .scenario import Asset, Scenario
from .ticks import Ticks

CASH_ATOMS = 10**6
DECIMALS = 8
WHOLE = 10**DECIMALS
CASH_NUMBER = 1


class Listed(NamedTuple):
    """An asset, its perpetual and its spot market, 0 for none; ``price_units`` is where it opens.

    The perpetuals are the first markets. There is a spot market of what somebody keeps his means in.
    """

    name: str
    asset: int
    market: int
    spot: int
    config: Asset
    tick_atoms: int
    lot_atoms: int
    factor: int
    """What a tick comes to for a lot, in atoms of cash."""
    price_units: int

    def ticks(self, units: int) -> int:
        """Return a price in ticks, rounded down, at least 1."""
        return max(1, units * CASH_ATOMS // (UNITS_PER_CASH * self.tick_atoms))

    def lots_of(self, cash_atoms: int, ticks: int) -> int:
        """Return how many lots so much cash is at a price."""
        return cash_atoms // max(1, ticks * self.factor)


class Quotes(NamedTuple):
    """What one source says of one asset at every step, in price units."""

    asset: int
    source: int
    units: Integers


class Plan:
    """A scenario for so many accounts, drawn from a seed."""

    def __init__(self, scenario: Scenario, accounts: int, seed: int, ticks: Ticks | None = None) -> None:
        self.scenario, self.accounts, self.seed = scenario, accounts, seed
        self.times_us = _times(scenario)
        self.sources = sorted({source for asset in scenario.assets.values() for source in asset.prices})
        self.quotes = self._quotes(ticks or {})
        self.listed = [*self._listed()]
        self.by_name = {one.name: one for one in self.listed}
        self.markets = [one for one in self.listed if one.market]
        self.spots = [one for one in self.listed if one.spot]
        left = points_of(scenario, scenario.depth.left, PPM)
        self.depth_ppm = straight(left, self.times_us)

    def part(self, dollars: Decimal) -> int:
        """Return what this number of accounts has of an amount of dollars for all, in atoms of cash."""
        return int(dollars * CASH_ATOMS * self.accounts / self.scenario.people.accounts)

    def middle_units(self, step: int) -> dict[int, int]:
        """Return about what each asset is worth: the median of what its sources say."""
        said: dict[int, list[int]] = {}
        for quotes in self.quotes:
            said.setdefault(quotes.asset, []).append(int(quotes.units[step]))
        return {asset: sorted(prices)[len(prices) // 2] for asset, prices in said.items()}

    def _listed(self) -> list[Listed]:
        found: list[Listed] = []
        assets = self.scenario.assets
        kept = [name for name in assets if name in self.scenario.people.collateral.parts]
        perpetuals = sum(config.perpetual for config in assets.values())
        for number, (name, config) in enumerate(assets.items(), CASH_NUMBER + 1):
            tick_atoms, lot_atoms = int(config.tick * CASH_ATOMS), int(config.lot * WHOLE)
            market = 1 + sum(one.market > 0 for one in found) if config.perpetual else 0
            factor = tick_atoms * lot_atoms // WHOLE
            price = self.middle_units(0)[number]
            spot = perpetuals + 1 + kept.index(name) if name in kept else 0
            found.append(Listed(name, number, market, spot, config, tick_atoms, lot_atoms, factor, price))
        return found

    def _quotes(self, ticks: Ticks) -> list[Quotes]:
        found: list[Quotes] = []
        for number, (name, config) in enumerate(self.scenario.assets.items(), CASH_NUMBER + 1):
            for source, course in config.prices.items():
                recorded = ticks.get((name, source))
                if recorded is not None:
                    units = recorded.at(self.times_us)
                else:
                    anchors = points_of(self.scenario, course, UNITS_PER_CASH)
                    stream = 1_000 + len(found)
                    units = path(anchors, self.times_us, config.step_ppm, self.seed, stream)
                found.append(Quotes(number, 1 + self.sources.index(source), units))
        return found


def _times(scenario: Scenario) -> Integers:
    """Return when the steps are; the last is at the end."""
    begins_us, ends_us = as_us(scenario.begins), as_us(scenario.ends)
    spans = [(time_of_day_us(scenario, span.begins), span.step_s * US) for span in scenario.steps]
    times, at = [begins_us], begins_us
    while at < ends_us:
        at += next((step_us for begins, step_us in reversed(spans) if at >= begins), US)
        times.append(min(at, ends_us))
    return np.array(times)
