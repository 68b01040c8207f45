"""The checks of the reference's debug mode find what they are there to find."""

from collections.abc import Callable

import pytest
from tests.reference import ReferenceExchange, invariants
from tests.reference.money import post
from tests.reference.scenario import Scenario
from tests.reference.state import State


def take_from_alice(state: State) -> None:
    post(state, 64, 1, -1)


def overdraw_alice(state: State) -> None:
    post(state, 64, 1, -(10**10))
    post(state, 66, 1, 10**10)


def lock_without_order(state: State) -> None:
    post(state, 64, 1, -5, 5)


def shorten_order(state: State) -> None:
    next(iter(state.orders.values())).remaining_lots -= 1


def lose_order(state: State) -> None:
    state.accounts[64].orders.clear()


def lose_withdrawal(state: State) -> None:
    state.withdrawals.clear()


@pytest.mark.parametrize(
    "harm", [take_from_alice, overdraw_alice, lock_without_order, shorten_order, lose_order, lose_withdrawal]
)
def test_invariants_given_a_harmed_state_fail(harm: Callable[[State], None]) -> None:
    exchange = ReferenceExchange(debug=True)
    scenario = Scenario(exchange)
    scenario.play("alice bid 9000 x 5 : accepted, rests 5")
    scenario.play("bob withdraw 70 USDC 3 : WITHDRAWAL_REQUESTED 73 bob to IN_TRANSIT")
    invariants.check(exchange.state)
    harm(exchange.state)
    with pytest.raises(AssertionError):
        invariants.check(exchange.state)
