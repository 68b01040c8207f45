"""A running venue whose SOL market has a book of 120 to 130 and traded at 123.45."""

from collections.abc import Iterator

import pytest
from tests.app.process import VenueProcess, demo
from tests.app.wire import call, limit_order


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with demo(tmp_path_factory.mktemp("traded") / "log", "--no-makers") as venue:
        for price, side, name in (("123.45", "Ask", "bob"), ("123.45", "Bid", "alice"), ("130", "Ask", "bob")):
            call(venue.ready, "POST", "/api/v1/order", "orderExecute", limit_order(price, side=side), name=name)
        call(venue.ready, "POST", "/api/v1/order", "orderExecute", limit_order("120"))
        call(venue.ready, "POST", "/api/v1/order", "orderExecute", limit_order("119"))
        yield venue
