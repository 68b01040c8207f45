import pytest
from starlette.testclient import TestClient
from tests.api.venue import Venue

from ringfence.api.settings import ApiSettings


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(signed_requests_per_minute=5, public_requests_per_minute=3)


def test_public_requests_over_the_rate_are_told_when_to_come_back(venue: Venue, client: TestClient) -> None:
    replies = [client.get("/api/v1/ping") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert replies[3].json()["code"] == "TOO_MANY_REQUESTS"
    assert replies[3].headers["retry-after"] == "20"
    assert venue.alice.get(client, "/api/v1/capital", "balanceQuery").status_code == 429
    venue.clock.now_us += 20_000_000
    assert client.get("/api/v1/ping").status_code == 200


def test_signed_requests_are_counted_by_account(venue: Venue, client: TestClient) -> None:
    statuses = [venue.alice.get(client, "/api/v1/capital", "balanceQuery").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert venue.bob.get(client, "/api/v1/capital", "balanceQuery").status_code == 200


def test_failed_signatures_use_up_the_address_and_not_the_account(venue: Venue, client: TestClient) -> None:
    headers = venue.alice.headers("accountQuery")
    statuses = [client.get("/api/v1/capital", headers=headers).status_code for _ in range(4)]
    assert statuses == [400] * 3 + [429]
    venue.clock.now_us += 60_000_000
    statuses = [venue.alice.get(client, "/api/v1/capital", "balanceQuery").status_code for _ in range(5)]
    assert statuses == [200] * 5
