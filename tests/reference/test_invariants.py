"""The checks of the reference's debug mode find what they are there to find."""

from collections.abc import Callable

import pytest
from tests.reference import ReferenceExchange, book, invariants
from tests.reference.money import post
from tests.reference.scenario import Scenario
from tests.reference.state import Redemption, State, Trigger

from ringfence.schema import commands as c


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


def lose_position(state: State) -> None:
    del state.positions[64, 3]


def turn_position(state: State) -> None:
    state.positions[66, 3].net_lots = 0


def forget_what_was_paid(state: State) -> None:
    state.positions[64, 3].reference_atoms += 1


def close_interest(state: State) -> None:
    state.perpetuals[3].open_interest_lots = 0


def forget_standing(state: State) -> None:
    state.positions[66, 3].bid_lots = 0


def reduce_nothing(state: State) -> None:
    next(order for order in state.orders.values() if order.reduce_only).side = 0


def rob_clearing(state: State) -> None:
    state.perpetuals[3].clearing_atoms += 5
    state.positions[64, 3].reference_atoms -= 5


def leave_due(state: State) -> None:
    state.positions[64, 3].due_atoms = 5


def attached_row(state: State) -> Trigger:
    return next(row for row in state.triggers.values() if row.parent)


def lose_parent(state: State) -> None:
    attached_row(state).parent -= 1


def sell_more_than_was_bought(state: State) -> None:
    attached_row(state).quantity_lots += 1


def watch_before_the_first_fill(state: State) -> None:
    waiting = next(row for row in state.triggers.values() if not row.armed)
    state.triggers_counted += 1
    waiting.armed = state.triggers_counted


def arm_twice(state: State) -> None:
    one, other, *_ = (row for row in state.triggers.values() if row.armed)
    one.armed = other.armed


def forget_count(state: State) -> None:
    state.triggers_counted = 1


def pass_by(state: State) -> None:
    state.markets[1].last_price_ticks = 20_000


def be_due_without_watching(state: State) -> None:
    next(row for row in state.triggers.values() if row.due).armed = 0


def outlive_an_order(state: State) -> None:
    waiting = next(row for row in state.triggers.values() if not row.armed)
    book.take_off(state, state.markets[1], state.orders[waiting.parent])


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


@pytest.mark.parametrize(
    "harm",
    [
        lose_position,
        turn_position,
        forget_what_was_paid,
        close_interest,
        forget_standing,
        reduce_nothing,
        rob_clearing,
        leave_due,
    ],
)
def test_invariants_given_harmed_positions_fail(harm: Callable[[State], None]) -> None:
    """Alice is long 5, with an order that only reduces it, and bob is short, with a bid in the book."""
    exchange = ReferenceExchange(debug=True)
    scenario = Scenario(exchange)
    scenario.play("op collateral USDC weight=100000000 : CollateralSet")
    scenario.play("price SOL 100")
    perpetual = {"market": 3, "price_ticks": 10_000, "quantity_lots": 5}
    for command in (
        c.ListMarket(base_asset=2, quote_asset=1, tick_atoms=10**4, lot_atoms=10**7, market_kind=1),
        c.SetPerpetual(market=3, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6),
        c.PlaceOrder(account=66, side=1, **perpetual),
        c.PlaceOrder(account=64, side=0, **perpetual),
        c.PlaceOrder(account=64, side=1, reduce_only=1, **perpetual | {"price_ticks": 11_000}),
        c.PlaceOrder(account=66, side=0, **perpetual | {"price_ticks": 9_000}),
    ):
        scenario.give(command)
    assert [row.net_lots for row in exchange.positions(64)] == [5]
    invariants.check(exchange.state)
    harm(exchange.state)
    with pytest.raises(AssertionError):
        invariants.check(exchange.state)


@pytest.mark.parametrize(
    "harm",
    [
        lose_parent,
        sell_more_than_was_bought,
        watch_before_the_first_fill,
        arm_twice,
        forget_count,
        pass_by,
        be_due_without_watching,
        outlive_an_order,
    ],
)
def test_invariants_given_harmed_triggers_fail(harm: Callable[[State], None]) -> None:
    """Alice waits for what a bid of hers has bought and for a first fill of another, bob for two prices."""
    exchange = ReferenceExchange(debug=True)
    Scenario(exchange).play("""
        alice bid 10000 x 5 tp=10500 : accepted, rests 5; alice's take-profit waits RISES 10500: sell 0
        bob ask 10000 x 2 : accepted, rests 0; trade 2@10000 with alice
        alice bid 9000 x 5 sl=8000 : accepted, rests 5; alice's stop-loss waits FALLS 8000: sell 0
        bob stop 10400 buy 1 : bob waits RISES 10400: buy 1
        bob stop 10000 buy 1 : bob waits RISES 10000: buy 1
    """)
    invariants.check(exchange.state)
    harm(exchange.state)
    with pytest.raises(AssertionError):
        invariants.check(exchange.state)
