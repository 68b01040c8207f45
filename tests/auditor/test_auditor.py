"""Nobody pays for the failure of another: random liquidations, audited from their log alone."""

from collections import Counter

import pytest
from tests.auditor.auditor import FIGURES, Auditor, entries_of
from tests.auditor.ledger import name_of
from tests.auditor.runs import SEEDS, finished

from ringfence.node.invariants import broken_invariants


@pytest.mark.parametrize("seed", SEEDS)
def test_audit_of_random_liquidations_finds_nothing(seed: int) -> None:
    venue, auditor = finished(seed), Auditor()
    for at in range(0, len(venue.log), 50):
        auditor.read(venue.log[at : at + 50])
        assert not any(auditor.figures.values()), auditor.findings
    auditor.compare(venue.balances())
    assert auditor.figures == dict.fromkeys(FIGURES, 0), auditor.findings
    assert list(broken_invariants(venue.exchange.rows())) == []


def test_random_liquidations_reach_what_the_auditor_looks_at() -> None:
    told: Counter[str] = Counter()
    for seed in SEEDS:
        for entry in finished(seed).log:
            told.update(name_of(event) for event in entry.events)
    for kind in ("CaseOpened", "CreditFenced", "ToppedUp", "WaveBegan", "Deleveraged", "WrittenOff", "SliceEnded"):
        assert told[kind] >= 3, told


def test_books_read_from_records_are_those_of_the_venue() -> None:
    venue, auditor = finished(SEEDS[3]), Auditor()
    auditor.read(entries_of(bytes(venue.commands), bytes(venue.told)))
    rows = venue.exchange.rows()
    nets = {key: row.net_lots for key, row in auditor.ledger.positions.items() if row.net_lots}
    assert nets == {
        (int(row["account"]), int(row["market"])): int(row["net_lots"]) for row in rows["positions"] if row["net_lots"]
    }
    assert {row["account"]: row["case"] for row in rows["cases"]} == auditor.ledger.cases
    auditor.compare(venue.balances())
    assert auditor.findings == []


def test_audit_of_an_estate_that_pays_back_finds_nothing() -> None:
    auditor = Auditor()
    auditor.read(finished(13).log)
    assert auditor.figures == dict.fromkeys(FIGURES, 0), auditor.findings
