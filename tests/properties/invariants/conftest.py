"""One set of random runs for all invariants; each is played once in a session."""

import pytest
from tests.auditor.runs import SEEDS, RandomVenue, finished


@pytest.fixture(scope="session")
def runs() -> list[RandomVenue]:
    return [finished(seed) for seed in SEEDS]
