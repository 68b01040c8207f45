"""The checks of the reference's debug mode find what they are there to find."""

from collections.abc import Callable

import pytest
from tests.reference import ReferenceExchange, invariants
from tests.reference.money import post
from tests.reference.scenario import Scenario
from tests.reference.state import Redemption, State


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


def lose_claim(state: State) -> None:
    post(state, 64, 1, 0, 0, -1)


def lend_of_nothing(state: State) -> None:
    state.lending_pools[1].lent_shares += 1


def forgive_debt(state: State) -> None:
    post(state, 66, 1, 0, 0, 1)
    state.lending_pools[1].debt_shares -= 1


def jump_of_lent_index(state: State) -> None:
    state.lending_pools[1].lent_index += 1 << 40


def rob_pool(state: State) -> None:
    post(state, 9, 1, -1)
    post(state, 68, 1, 1)


def wait_twice(state: State) -> None:
    row = next(iter(state.redemptions.values()))
    state.redemptions[1, 1] = Redemption(1, 1, row.account, 5)


def wait_for_nothing(state: State) -> None:
    next(iter(state.redemptions.values())).queued_atoms = 0


def forget_collateral(state: State) -> None:
    state.collaterals.clear()


def let_fenced_account_lend(state: State) -> None:
    post(state, 64, 1, 0, 0, -100)
    post(state, 65, 1, 0, 0, 100)


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


@pytest.mark.parametrize(
    "harm",
    [
        lose_claim,
        lend_of_nothing,
        forgive_debt,
        jump_of_lent_index,
        rob_pool,
        wait_twice,
        wait_for_nothing,
        forget_collateral,
        let_fenced_account_lend,
    ],
)
def test_invariants_given_harmed_loans_fail(harm: Callable[[State], None]) -> None:
    exchange = ReferenceExchange(debug=True)
    Scenario(exchange).play("""
        op collateral USDC weight=100000000 : CollateralSet
        op pool USDC : LendingPoolSet
        alice lend 400 USDC : LEND 400, now +400
        bob borrow 400 USDC : BORROW 400, now -400
        alice redeem 100 USDC : alice waits 100 USDC
        bob repay 100 USDC : REPAY 100, now -300
    """)
    invariants.check(exchange.state)
    harm(exchange.state)
    with pytest.raises(AssertionError):
        invariants.check(exchange.state)
