"""How the invariants read the logs of the runs."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.auditor.auditor import Auditor
from tests.auditor.ledger import Entry, Ledger, name_of
from tests.auditor.runs import RandomVenue

LIQUIDATION = {"OpenCases", "StepCase", "Deleverage"}


def events_of(kind: str, runs: list[RandomVenue]) -> list[Any]:
    return [event for venue in runs for entry in venue.log for event in entry.events if name_of(event) == kind]


def told(entry: Entry, kind: str) -> list[Any]:
    return [event for event in entry.events if name_of(event) == kind]


def looked_at(runs: list[RandomVenue], look: Callable[[Ledger, Entry, Any], None]) -> None:
    """Let a test see every event, with the books as they are right before it."""
    for venue in runs:
        ledger = Ledger()
        for entry in venue.log:

            def see(event: Any, ledger: Ledger = ledger, entry: Entry = entry) -> None:
                look(ledger, entry, event)

            ledger.apply(entry, see)


def walked(runs: list[RandomVenue]) -> Iterator[tuple[Ledger, Entry]]:
    """Yield every command with the books after it."""
    for venue in runs:
        ledger = Ledger()
        for entry in venue.log:
            ledger.apply(entry)
            yield ledger, entry


def audited(runs: list[RandomVenue]) -> list[Auditor]:
    found = []
    for venue in runs:
        auditor = Auditor()
        auditor.read(venue.log)
        auditor.compare(venue.balances())
        found.append(auditor)
    return found
