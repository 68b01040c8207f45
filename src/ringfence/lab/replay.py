"""What ``ringfence crash`` does: play a scenario, audit its log, rerun it with changes, write the report."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from .audits import Audit
from .load import ScenarioError, load_scenario, parse_scenario, standard
from .plan import Plan
from .report import write_report
from .report.write import usd
from .reruns import Reruns, WhatIf
from .run import Progress, play
from .scenario import Scenario
from .summary import summary
from .ticks import load_ticks

VENUE = "venue"
LEAST_ACCOUNTS, MOST_ACCOUNTS, MOST_SEEDS = 100, 1_000_000, 100
ZEROS = (
    "later_deposits_used_usd", "flat_users_who_paid", "clawback_usd", "accounts_below_zero", "unexplained_usd",
    "books_differ_usd",
)  # fmt: skip


class Replayed(NamedTuple):
    """What came of it: the numbers, a few lines for a person, and whether all holds that must."""

    said: dict[str, Any]
    lines: list[str]
    holds: bool


def replay(
    path: Path | None,
    ticks_folder: Path | None,
    accounts: int | None,
    seed: int,
    policy: str | None,
    out: Path,
    *,
    what_if_seeds: int,
    progress: Progress,
) -> Replayed:
    """Replay a scenario, that of 10 October 2025 without a path, and write its report into a folder.

    Reruns are played with so many seeds, not at all with 0.
    Raises `ScenarioError`, and `OtherRun` when the folder has the log of something else.
    """
    began_s = time.perf_counter()
    scenario = _scenario(path, policy)
    count = scenario.people.accounts if accounts is None else accounts
    if not LEAST_ACCOUNTS <= count <= MOST_ACCOUNTS:
        raise ScenarioError(f"--accounts {count}: from {LEAST_ACCOUNTS} to {MOST_ACCOUNTS:,} can be played")
    if not 0 <= seed < 2**63:
        raise ScenarioError(f"--seed {seed}: from 0 to 2^63 - 1")
    if not 0 <= what_if_seeds <= MOST_SEEDS:
        raise ScenarioError(f"--what-if-seeds {what_if_seeds}: from 0 to {MOST_SEEDS}")
    ticks = load_ticks(ticks_folder, scenario) if ticks_folder is not None else None
    plan, reruns = Plan(scenario, count, seed, ticks), None
    if what_if_seeds:
        reruns = Reruns(scenario, WhatIf(count, [*range(seed, seed + what_if_seeds)]), ticks)
    try:
        said, rows, played = _play(plan, out, reruns, progress, began_s)
    except BaseException:
        if reruns is not None:
            reruns.stop()
        raise
    command = _command(path, ticks_folder, count, seed, policy, out)
    command += f" --what-if-seeds={what_if_seeds}" if what_if_seeds > 1 else ""
    written = write_report(out, played, said, rows, what_if_seeds, command)
    holds = said["verify"] == "holds" and not any(said[name] for name in ZEROS)
    return Replayed(said, _lines(said, written, out, holds=holds), holds)


def _play(
    plan: Plan, out: Path, reruns: Reruns | None, progress: Progress, began_s: float
) -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    out.mkdir(parents=True, exist_ok=True)
    audit = Audit(out / VENUE)
    try:
        played = play(plan, out / VENUE, progress)
        audited = audit.end(progress)
    except BaseException:
        audit.stop()
        raise
    rows = reruns.results(progress) if reruns is not None else []
    return summary(played, audited, time.perf_counter() - began_s), rows, played


def _scenario(path: Path | None, policy: str | None) -> Scenario:
    found = parse_scenario(standard(), "oct10") if path is None else load_scenario(path)
    if policy is None:
        return found
    return msgspec.structs.replace(found, rules=msgspec.structs.replace(found.rules, policy=policy))


def _command(path: Path | None, ticks: Path | None, accounts: int, seed: int, policy: str | None, out: Path) -> str:
    words = ["ringfence", "crash", *(["oct10"] if path is None else ["run", str(path)])]
    words += [f"--accounts={accounts}", f"--seed={seed}", f"--out={out}"]
    words += [f"--ticks={ticks}"] if ticks is not None else []
    words += [f"--policy={policy}"] if policy is not None else []
    return shlex.join(words)


def _lines(said: dict[str, Any], written: list[Path], out: Path, *, holds: bool) -> list[str]:
    """Return what a person reads at the end."""
    paid = said["paid_by"]
    return [
        f"{said['scenario']}: {said['liquidated_accounts']:,} of {said['accounts']:,} accounts were liquidated.",
        f"They could not pay {usd(said['deficit_usd'])}. FUND paid {usd(paid['fund'])}, SKIN {usd(paid['skin'])}, the "
        f"same person {usd(paid['same_person'])}, profit on the other side {usd(paid['adl'])}; "
        f"{usd(paid['uncovered'])} is still owed by FUND.",
        f"{said['later_deposits']:,} deposits of {usd(said['later_deposits_usd'])} came for accounts that were being "
        f"liquidated; {usd(said['later_deposits_used_usd'])} of them were used for older losses.",
        f"The log of {said['commands']:,} commands was read again by an auditor that shares no code with the venue: "
        + ("nobody paid who must not, and every hash holds." if holds else "SOMETHING DOES NOT HOLD."),
        *(f"    {finding}" for finding in said["findings"][:10]),
        f"state hash {said['state_hash']}",
        f"{said['wall_s']:,.0f} s, {said['rss_mb']:,} MB.  Report: {written[0]}  Log: {out / VENUE}",
    ]
