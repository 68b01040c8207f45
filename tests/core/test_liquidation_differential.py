"""Liquidations of all kinds on the compiled core and on the reference: every event and every row must be the same."""

from collections import Counter
from typing import Any

import pytest
from tests.auditor.runs import RandomVenue
from tests.reference.exchange import ReferenceExchange

from ringfence.core import Exchange
from ringfence.schema import commands as c

SEEDS, STEPS = range(40, 46), 700


class TwoVenues(RandomVenue):
    """The same commands to both; the core is made anew from its rows in the middle of cases and waves."""

    def begin(self) -> Exchange:
        self.reference, self.kinds = ReferenceExchange(), Counter[str]()
        return Exchange()

    def give(self, command: c.Command) -> list[Any]:
        before = len(self.commands)
        events = super().give(command)
        told = b"".join(self.reference.apply_one(bytes(self.commands[before:])))
        place = f"sequence {self.exchange.sequence}: {command}"
        assert told == bytes(self.told[len(self.told) - 128 * len(events) :]), place
        self.kinds.update(type(event).__name__ for event in events)
        return events

    def compare_rows(self) -> None:
        found, wanted = self.exchange.rows(), self.reference.rows()
        for name, rows in wanted.items():
            assert found[name].tobytes() == rows.tobytes(), (name, self.exchange.sequence)

    def restore(self) -> None:
        state_hash = self.exchange.state_hash()
        self.exchange = Exchange.restore(self.exchange.rows())
        assert self.exchange.state_hash() == state_hash == self.reference.state_hash()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_liquidations_are_those_of_the_reference(seed: int) -> None:
    venue = TwoVenues(seed)
    for step in range(STEPS):
        venue.step()
        if step % 10 == 0:
            venue.compare_rows()
        if step % 70 == 0 or venue.exchange.deleveraging:
            venue.restore()
    venue.compare_rows()
    assert venue.kinds["CaseOpened"] > 0
