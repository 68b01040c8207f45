from pathlib import Path

import pytest

from ringfence.lab.benchmark.published import Published, load

from .data import write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of small made-up files."""
    return write_folder(tmp_path)


@pytest.fixture
def published(folder: Path) -> Published:
    """Return what they say."""
    return load(folder)
