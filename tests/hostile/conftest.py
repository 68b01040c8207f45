from collections.abc import Iterator

import pytest
from tests.hostile.target import Target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A venue that every hostile test attacks in turn; it must be well in the end."""
    target = Target(tmp_path_factory.mktemp("hostile"), header_seconds=1, body_seconds=1, write_seconds=2)
    yield target
    target.close()
