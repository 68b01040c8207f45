from collections.abc import Iterator
from pathlib import Path

import pytest

from .agent import Agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """Yield a transfer agent whose register holds at the end."""
    made = Agent(tmp_path)
    yield made
    assert made.register.check() == []
    made.register.close()
