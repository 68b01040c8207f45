from collections.abc import Iterator

import pytest
from tests.hostile.target import Target

LIMITS = {"header_seconds": 1, "body_seconds": 1, "write_seconds": 2, "socket_queue_messages": 500}
"""Shorter than those of a real venue, so that the tests need not wait as long."""


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A venue that every hostile test attacks in turn; it must be well in the end."""
    target = Target(tmp_path_factory.mktemp("hostile"), **LIMITS)
    yield target
    target.close()
