from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.venue import Venue

from ringfence.api.application import make_application
from ringfence.api.settings import ApiSettings


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(reply_timeout_ms=1_000)


@pytest.fixture
def venue(tmp_path: Path, settings: ApiSettings) -> Iterator[Venue]:
    venue = Venue(tmp_path, settings)
    yield venue
    venue.close()


@pytest.fixture
def client(venue: Venue) -> Iterator[TestClient]:
    with TestClient(make_application(venue.gateway)) as client:
        yield client
