"""What would have been otherwise: the same path and the same kind of people, with one thing changed at a time.

Each rerun has fewer accounts, with their part of the funds, the depth and the vault, and is compared with the run as it
is at that size.  They run in a process of their own, beside the large one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

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
AS_IT_IS = "as it is"

Change = Callable[[Scenario], Scenario]


def changes(scenario: Scenario) -> dict[str, Change]:
    """Return what is changed in each rerun, by what it is called in the report."""
    return {
        AS_IT_IS: lambda given: given,
        **{
            f"deleveraging by {name}": lambda given, name=name: _rules(given, policy=name)
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
    return {"change": name, **outcome(played)}


class Reruns:
    """Reruns that are under way in another process."""

    def __init__(self, scenario: Scenario, accounts: int, seed: int, ticks: Ticks | None) -> None:
        self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        self.accounts = min(accounts, ACCOUNTS)
        names = changes(scenario)
        self._futures: list[Future[dict[str, Any]]] = [
            self._pool.submit(rerun, scenario, name, self.accounts, seed, ticks) for name in names
        ]

    def results(self, progress: Progress) -> list[dict[str, Any]]:
        """Wait for all of them."""
        found: list[dict[str, Any]] = []
        for future in self._futures:
            progress("what if", len(found), len(self._futures))
            found.append(future.result())
        progress("what if", len(found), len(self._futures))
        self._pool.shutdown()
        return found

    def stop(self) -> None:
        """Give up those that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _quietly(what: str, done: int, total: int) -> None:
    """Say nothing."""
