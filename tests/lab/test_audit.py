"""The auditor of crashes: it finds nothing on venues that keep their rules, and something on those that do not."""

from typing import Any

import numpy as np
import pytest
from tests.auditor import auditor as plain
from tests.auditor.runs import SEEDS, RandomVenue, finished
from tests.auditor.test_planted_faults import LOG_FAULTS

from ringfence.lab.audit.auditor import Auditor
from ringfence.schema.layout import EVENT_HEADER, RECORD, encode_event

ZEROS = ("later_deposits_used", "flat_users_who_paid", "clawback", "accounts_below_zero", "unexplained", "books_differ")


def records(data: bytes | bytearray) -> Any:
    return np.frombuffer(bytes(data), RECORD).copy()


def audited(commands: Any, told: Any, rows: dict[str, Any], batch: int) -> Auditor:
    """Return what an auditor says who reads a log so many events at a time."""
    auditor, begin = Auditor(), 0
    sequences = told.view(EVENT_HEADER)["sequence"]
    while begin < len(told):
        last = int(sequences[min(begin + batch, len(told)) - 1])
        end = int(np.searchsorted(sequences, last, side="right"))
        auditor.read(commands if begin == 0 else commands[:0], told[begin:end])
        begin = end
    auditor.close(rows)
    return auditor


def found_in(auditor: Auditor) -> dict[str, int]:
    """Return the figures that are not 0."""
    values = {name: getattr(auditor.figures, name) for name in ZEROS}
    counts = {name: len(value) if isinstance(value, set) else value for name, value in values.items()}
    return {name: count for name, count in counts.items() if count}


def audit_of(venue: RandomVenue, batch: int = 200, told: Any = None) -> Auditor:
    told = records(venue.told) if told is None else told
    return audited(records(venue.commands), told, venue.exchange.rows(), batch)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("batch", [1, 10_000])
def test_random_liquidations_leave_nothing_to_find(seed: int, batch: int) -> None:
    auditor = audit_of(finished(seed), batch)
    assert found_in(auditor) == {}, auditor.findings


FIGURES = {
    plain.LATER_MONEY_USED: "later_deposits_used",
    plain.SETTLED_MONEY_TAKEN: "clawback",
    plain.DEFICITS_UNEXPLAINED: "unexplained",
    plain.BOOKS_DIFFER: "books_differ",
}


@pytest.mark.parametrize("name", LOG_FAULTS)
def test_log_that_tells_of_a_fault_is_found(name: str) -> None:
    figure, change = LOG_FAULTS[name]
    for seed in SEEDS:
        venue = finished(seed)
        told = b"".join(encode_event(event) for entry in venue.log for event in change(entry))
        if found_in(audit_of(venue, told=records(told))).get(FIGURES[figure]):
            return
    raise AssertionError(f"no run shows that {name}")
