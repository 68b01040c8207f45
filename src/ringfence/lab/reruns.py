"""What would have been otherwise: the same path and the same kind of people, with one thing changed at a time.

Each rerun has fewer accounts, with their part of the funds, the depth and the vault, and is compared with the run as it
is at that size.  They run in a process of their own, beside the large one.  With several seeds a row has the median of
each number, and the least and the most of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

from .load import POLICIES
from .plan import Plan
from .run import Progress, play
from .scenario import Asset, Scenario
from .summary import outcome
from .ticks import Ticks

ACCOUNTS = 20_000
BAND_PPM = 100_000
HAIRCUT = Decimal("0.05")
HAIRCUTS = "adl_profit_by_haircut_usd"
AS_IT_IS, BY_RULE = "as it is", "deleveraging by "

Change = Callable[[Scenario], Scenario]


def changes(scenario: Scenario) -> dict[str, Change]:
    """Return what is changed in each rerun, by what it is called in the report."""
    return {
        AS_IT_IS: lambda given: given,
        **{
            f"{BY_RULE}{name}": lambda given, name=name: _rules(given, policy=name)
            for name in POLICIES
            if name != scenario.rules.policy
        },
        "no market ever halts": lambda given: _assets(given, lambda asset: {"band_ppm": 0}),
        "every perpetual halts at 10 percent": lambda given: _assets(given, lambda asset: {"band_ppm": BAND_PPM}),
        "FUND twice as large": lambda given: _rules(given, fund_usd=2 * given.rules.fund_usd),
        "FUND empty from the beginning": lambda given: _rules(given, fund_usd=Decimal(0)),
        "no vault": lambda given: _rules(given, vault_usd=Decimal(0)),
        "collateral counts five points less": lambda given: _assets(
            given, lambda asset: {"collateral_weight": max(asset.collateral_weight - HAIRCUT, Decimal(0))}
        ),
    }


def _rules(scenario: Scenario, **rules: Any) -> Scenario:
    return msgspec.structs.replace(scenario, rules=msgspec.structs.replace(scenario.rules, **rules))


def _assets(scenario: Scenario, changed: Callable[[Asset], dict[str, Any]]) -> Scenario:
    assets = {name: msgspec.structs.replace(asset, **changed(asset)) for name, asset in scenario.assets.items()}
    return msgspec.structs.replace(scenario, assets=assets)


def rerun(scenario: Scenario, name: str, accounts: int, seed: int, ticks: Ticks | None) -> dict[str, Any]:
    """Play a scenario with one thing changed, in a folder that is removed, and return what it came to."""
    changed = changes(scenario)[name](scenario)
    with tempfile.TemporaryDirectory(prefix="ringfence-rerun-") as folder:
        played = play(Plan(changed, accounts, seed, ticks), Path(folder), _quietly)
    compares_rules = name == AS_IT_IS or name.startswith(BY_RULE)
    return {"change": name, "compares_rules": compares_rules, **outcome(played)}


class WhatIf(NamedTuple):
    """How many people the reruns of a scenario have at most, and which seeds."""

    accounts: int
    seeds: list[int]


class Reruns:
    """Reruns that are under way in another process."""

    def __init__(self, scenario: Scenario, what_if: WhatIf, ticks: Ticks | None) -> None:
        self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        accounts = min(what_if.accounts, ACCOUNTS)
        self._futures: list[list[Future[dict[str, Any]]]] = [
            [self._pool.submit(rerun, scenario, name, accounts, seed, ticks) for seed in what_if.seeds]
            for name in changes(scenario)
        ]

    def results(self, progress: Progress) -> list[dict[str, Any]]:
        """Wait for all of them; returns a row for each change."""
        found: list[dict[str, Any]] = []
        total, done = sum(map(len, self._futures)), 0
        progress("what if", done, total)
        for futures in self._futures:
            rows: list[dict[str, Any]] = []
            for future in futures:
                rows.append(future.result())
                done += 1
                progress("what if", done, total)
            found.append(merged(rows))
        self._pool.shutdown()
        return found

    def stop(self) -> None:
        """Give up those that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def merged(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rows of one change with several seeds as one: the median of each number, and its ``range``."""
    if len(rows) == 1:
        return rows[0] | {"range": {}}
    values = {name: [row[name] for row in rows] for name in rows[0]}
    numbers = {name: them for name, them in values.items() if type(them[0]) in (int, float)}
    return {
        **rows[0],
        **{name: median(them) for name, them in numbers.items()},
        HAIRCUTS: [median(dollars) for dollars in zip(*values[HAIRCUTS], strict=True)],
        "state_hash": values["state_hash"],
        "range": {name: [min(them), max(them)] for name, them in numbers.items()},
    }


def _quietly(what: str, done: int, total: int) -> None:
    """Say nothing."""
