from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ringfence.database import sqlite_url
from ringfence.views.history import open_history


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_history(sqlite_url(tmp_path / "history.sqlite"))
    yield engine
    engine.dispose()
