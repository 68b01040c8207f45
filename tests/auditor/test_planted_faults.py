"""Every figure of the auditor grows under a fault that was planted for it, in the rules or in the log."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import msgspec
import pytest
from tests.auditor import auditor as figures
from tests.auditor.auditor import Auditor
from tests.auditor.faults import EXPECTED, FAULT_SEEDS, play
from tests.auditor.ledger import Entry, name_of
from tests.auditor.runs import SEEDS, finished

from ringfence.schema.enums import MoveCause


@cache
def running() -> dict[str, Future[dict[str, dict[str, int]]]]:
    """Let audits of all figures run, two at a time."""
    pool = ThreadPoolExecutor(2)
    return {figure: pool.submit(audits, figure) for figure in dict.fromkeys(EXPECTED.values())}


def audits(figure: str) -> dict[str, dict[str, int]]:
    """Return what the auditor found under each of the faults that a figure is to show, by the fault's name."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    names = [name for name, expected in EXPECTED.items() if expected == figure]
    command = [sys.executable, "-m", "tests.auditor.faults", *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-6_000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", EXPECTED)
def test_audit_under_a_broken_rule_finds_it(name: str) -> None:
    found = running()[EXPECTED[name]].result()[name]
    assert found.get(EXPECTED[name], 0) > 0, found


def test_every_figure_has_a_fault_that_is_planted_for_it() -> None:
    assert set(EXPECTED.values()) == set(figures.FIGURES)


def test_audit_of_the_same_venues_without_a_fault_finds_nothing() -> None:
    for seed in FAULT_SEEDS[:6]:
        assert play(seed, figures.LATER_MONEY_USED) == {}, seed


# Faults of the log: what it tells is changed, so that it tells of a venue that breaks its rules.


def changed(event: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(event, **fields)


def with_estate_credited(entry: Entry) -> list[Any]:
    """Let what was fenced go to the account that it was meant for."""
    meant = {event.fenced_account: event.account for event in entry.events if name_of(event) == "CreditFenced"}
    return [
        changed(event, to_account=meant[event.to_account])
        if name_of(event) == "FundsMoved" and event.to_account in meant
        else event
        for event in entry.events
        if name_of(event) != "CreditFenced"
    ]


def with_deposit_first(entry: Entry) -> list[Any]:
    """Let a deposit count before the case opens that it was fenced by."""
    if not any(name_of(event) == "CaseOpened" for event in entry.events):
        return entry.events
    credited = with_estate_credited(entry)
    moved = [event for event in credited if name_of(event) == "FundsMoved" and event.cause == MoveCause.DEPOSIT]
    return moved + [event for event in credited if event not in moved]


def with_more(kind: str, **more: int) -> Callable[[Entry], list[Any]]:
    """Let every event of a kind that has such amounts tell more of them."""

    def change(entry: Entry) -> list[Any]:
        return [
            changed(event, **{name: getattr(event, name) + atoms for name, atoms in more.items()})
            if name_of(event) == kind and all(getattr(event, name) for name in more)
            else event
            for event in entry.events
        ]

    return change


def without(kind: str) -> Callable[[Entry], list[Any]]:
    return lambda entry: [event for event in entry.events if name_of(event) != kind]


def twice(kind: str) -> Callable[[Entry], list[Any]]:
    return lambda entry: [
        event for told in entry.events for event in ((told, told) if name_of(told) == kind else (told,))
    ]


LOG_FAULTS: dict[str, tuple[str, Callable[[Entry], list[Any]]]] = {
    "estates are credited": (figures.LATER_MONEY_USED, with_estate_credited),
    "deposits count before the case": (figures.LATER_MONEY_USED, with_deposit_first),
    "a gap is larger": (figures.DEFICITS_UNEXPLAINED, with_more("WaveBegan", gap_atoms=1)),
    "FUND paid more": (figures.DEFICITS_UNEXPLAINED, with_more("WaveBegan", fund_atoms=1, left_atoms=-1)),
    "an estate's gap is larger": (figures.DEFICITS_UNEXPLAINED, with_more("EstateClosed", gap_atoms=1)),
    "somebody paid more": (figures.DEFICITS_UNEXPLAINED, with_more("Deleveraged", cost_atoms=1)),
    "somebody paid with money": (figures.SETTLED_MONEY_TAKEN, with_more("Deleveraged", cost_atoms=10**12)),
    "a wave cost less": (figures.DEFICITS_UNEXPLAINED, with_more("WaveEnded", cost_atoms=-1)),
    "nobody was deleveraged": (figures.DEFICITS_UNEXPLAINED, without("Deleveraged")),
    "less is uncovered": (figures.DEFICITS_UNEXPLAINED, with_more("WrittenOff", uncovered_atoms=-1)),
    "a deficit is larger": (figures.DEFICITS_UNEXPLAINED, with_more("WrittenOff", deficit_atoms=1)),
    "a deficit is booked twice": (figures.DEFICITS_UNEXPLAINED, twice("WrittenOff")),
    "a movement is missing": (figures.BOOKS_DIFFER, without("FundsMoved")),
    "a loan is missing": (figures.BOOKS_DIFFER, without("LoanMoved")),
    "cases are not told": (figures.SETTLED_MONEY_TAKEN, without("CaseOpened")),
}


@pytest.mark.parametrize("name", LOG_FAULTS)
def test_audit_of_a_log_that_tells_of_a_fault_finds_it(name: str) -> None:
    figure, change = LOG_FAULTS[name]
    for seed in SEEDS:
        auditor = Auditor()
        for entry in finished(seed).log:
            auditor.read([Entry(entry.command, entry.origin, change(entry))])
            if auditor.figures[figure]:
                return
        auditor.compare(finished(seed).balances())
        if auditor.figures[figure]:
            return
    raise AssertionError(f"no run shows that {name}")
