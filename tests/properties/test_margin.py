"""What must hold of margin and lending whatever people do: one's own commands never take more margin than there is."""

import numpy as np
import pytest
from tests.reference.flow import STYLES, Flow
from tests.reference.scenario import Scenario

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import Origin
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, RECORD, tag_of

COMMANDS = 2_500
# Seeds that divide by three begin under the first rules, which know no margin.
MARGIN_SEEDS = [seed for seed in range(60) if STYLES[seed % len(STYLES)] == "margin" and seed % 3][:5]
BOB = 66
REJECTED = tag_of(e.Rejected)
SLACK = 1_000
"""What roundings of one command may cost, in millionths: an atom of a dear asset here and there."""


def account_of(record: np.ndarray, exchange: Exchange) -> int:
    """Return the account whose user gave the command, 0 for anybody else's."""
    header = record.view(COMMAND_HEADER)[0]
    account = int(header["account"])
    return account if header["origin"] == Origin.USER and 64 <= account < exchange.next_account else 0


@pytest.mark.parametrize("seed", MARGIN_SEEDS)
def test_no_accepted_command_leaves_its_account_short_of_margin_and_shorter_than_before(seed: int) -> None:
    flow, exchange, owing = Flow(seed), Exchange(), 0
    for record, _ in flow.steps(COMMANDS):
        command = np.frombuffer(record, RECORD)
        account = account_of(command, exchange)
        before = exchange.measure(account) if account else None
        events = exchange.apply(command)
        if before is None or REJECTED in events.view(EVENT_HEADER)["kind"]:
            continue
        after = exchange.measure(account)
        owing += after.liabilities > 0
        short = min(0, before.equity - before.initial)
        assert after.liabilities == 0 or after.equity - after.initial >= short - SLACK, (before, after)
    assert owing > 80, "hardly anybody owed anything"


@pytest.mark.parametrize("seed", MARGIN_SEEDS)
def test_pools_add_up_after_every_command(seed: int) -> None:
    flow, exchange = Flow(seed), Exchange()
    for n, (record, _) in enumerate(flow.steps(COMMANDS)):
        exchange.apply(np.frombuffer(record, RECORD))
        if n % 10 == 0:
            assert list(broken_invariants(exchange.rows())) == [], flow.state.sequence


@pytest.mark.parametrize("seed", MARGIN_SEEDS[:2])
def test_indices_only_rise(seed: int) -> None:
    flow, exchange = Flow(seed), Exchange()
    indices: dict[int, tuple[int, int]] = {}
    for record, _ in flow.steps(COMMANDS):
        exchange.apply(np.frombuffer(record, RECORD))
        for asset in range(1, exchange.assets_listed + 1):
            if pool := exchange.lending_pool(asset):
                lent, debt = indices.get(asset, (0, 0))
                assert pool.lent_index >= lent and pool.debt_index >= debt
                indices[asset] = pool.lent_index, pool.debt_index
    assert indices


def test_fees_that_somebody_pays_to_himself_make_no_index_jump() -> None:
    exchange = Exchange()
    scenario = Scenario(exchange)
    scenario.play("""
    op collateral USDC weight=100000000 initial=5000000 maintenance=3000000 : CollateralSet
    op collateral SOL weight=90000000 initial=10000000 maintenance=6000000 : CollateralSet
    op pool USDC optimal=80000000 full=500000000 : LendingPoolSet
    price SOL 100
    alice lend 1100000 USDC : LEND 1100000, now +1100000
    until 3600
    op clock : ClockTicked
    """)
    for _ in range(10_000):
        scenario.give(c.Borrow(account=BOB, asset=1, amount_atoms=1_000_000))
        scenario.give(c.Repay(account=BOB, asset=1, amount_atoms=2**62))
    scenario.play("until 7200")
    scenario.give(c.Clock())
    pool = exchange.lending_pool(1)
    # An hour of 500 % a year.
    assert pool is not None and pool.lent_index <= 2**52 * (1 + 5 / 8_760) + 2**32
    assert pool.reserve_atoms > 0


def test_order_that_repays_in_part_reserves_for_the_rest_of_it() -> None:
    exchange = Exchange()
    scenario = Scenario(exchange)
    scenario.play("""
    op collateral USDC weight=100000000 initial=5000000 maintenance=3000000 : CollateralSet
    op collateral SOL weight=50000000 initial=10000000 maintenance=6000000 : CollateralSet
    op pool USDC : LendingPoolSet
    op pool SOL : LendingPoolSet
    price SOL 100
    carol lend 6000000000 SOL : LEND 6000000000, now +6000000000
    carol lend 900000000 USDC : LEND 900000000, now +900000000
    bob borrow 1000000000 SOL : BORROW 1000000000, now -1000000000
    bob withdraw 11000000000 SOL 0 : WITHDRAWAL_REQUESTED 11000000000 bob to IN_TRANSIT
    bob borrow 100000000 USDC : BORROW 100000000, now -100000000
    bob bid 10000 x 200 +repay : accepted, rests 200
    """)
    scenario.give(scenario.command(["alice", "ask", "10000", "x", "100"]))
    scenario.give(c.RequestWithdrawal(account=BOB, asset=1, amount_atoms=700_000_000))
    scenario.give(c.RequestWithdrawal(account=BOB, asset=1, amount_atoms=exchange.measure(BOB).free - 10))
    assert 0 <= exchange.measure(BOB).free < 100
    scenario.give(scenario.command(["alice", "ask", "10000", "x", "100"]))
    assert exchange.measure(BOB).free >= 0
