"""The venue of the scenarios, on the reference and on the compiled core."""

from collections.abc import Callable

import pytest
from tests.reference import ReferenceExchange
from tests.reference.scenario import AnyExchange, Scenario


def reference() -> AnyExchange:
    return ReferenceExchange(debug=True)


def core() -> AnyExchange:
    from ringfence.core import Exchange  # here, so that the reference is tested without waiting for a compiler

    return Exchange()


@pytest.fixture(params=[reference, core])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    make: Callable[[], AnyExchange] = request.param
    return Scenario(make())


@pytest.fixture(params=[reference, core])
def early_scenario(request: pytest.FixtureRequest) -> Scenario:
    """The same under the first rules."""
    make: Callable[[], AnyExchange] = request.param
    return Scenario(make(), rules_version=1)
