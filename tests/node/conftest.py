"""A data directory under a short path, and a venue in it."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ringfence.node.local import LocalNode

from . import scene

SEGMENT_BYTES = 4 << 20
START_US = 1_700_000_000_000_000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "venue"


@pytest.fixture
def clock() -> Callable[[], int]:
    """A clock that moves a tenth of a second each time it is read."""
    ticks = count(START_US, 100_000)
    return lambda: next(ticks)


@pytest.fixture
def node(directory: Path, clock: Callable[[], int]) -> Iterator[LocalNode]:
    """A node in this process with the opening applied."""
    with LocalNode(directory, clock=clock, segment_bytes=SEGMENT_BYTES) as node:
        node.submit(scene.records_of(*scene.opening()))
        yield node
