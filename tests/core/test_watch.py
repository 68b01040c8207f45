"""The watch list says the same as measuring everybody, whatever moved, was traded, borrowed and charged in between."""

import os
import random
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.flow import Flow

from ringfence.bench import positions
from ringfence.core import Exchange
from ringfence.core.valuation import set_worth
from ringfence.schema.enums import FIRST_USER_ACCOUNT, FUNDING_BITS, INDEX_BITS, HaircutKind, PoolState
from ringfence.schema.layout import RECORD, ROW_DTYPES

ACCOUNTS = 80
CASH, BORROWED = 1, 7
E8 = 10**8
PPM = 10**6
MARK, PRICE, DEBTS, FUNDING = "mark", "price", "debts", "funding"

Move = tuple[str, int, int]
"""What moves, the number of its asset or perpetual, and by how many millionths."""
small_moves = st.tuples(
    st.sampled_from((MARK, MARK, PRICE, PRICE, DEBTS, FUNDING)), st.integers(1, 7), st.integers(-6_000, 6_000)
)
large_moves = st.tuples(st.sampled_from((MARK, PRICE)), st.integers(1, 7), st.integers(-600_000, 900_000))


def measured(exchange: Exchange) -> list[int]:
    """Return the unsafe accounts, after measuring everybody."""
    found = []
    for account in range(FIRST_USER_ACCOUNT, exchange.next_account):
        measure = exchange.measure(account)
        owes = measure.liabilities + measure.maintenance > 0
        if owes and exchange._s.accounts[account].liabilities and measure.equity <= measure.maintenance:
            found.append(account)
    return found


def check(exchange: Exchange, place: object) -> int:
    """The list must say what measuring everybody says; returns how many accounts are unsafe."""
    wanted = measured(exchange)
    assert exchange.unsafe_accounts().tolist() == wanted, (place, exchange.watched())
    return len(wanted)


def check_revaluation(exchange: Exchange, threads: int) -> None:
    """A revaluation finds the equity and the maintenance margin that measuring an account does."""
    assert exchange.revalue(threads=threads).tolist() == measured(exchange)
    equity, maintenance = exchange.revalued()
    for account in range(FIRST_USER_ACCOUNT, exchange.next_account):
        measure = exchange.measure(account)
        assert (measure.equity, measure.maintenance) == (equity[account], maintenance[account]), account


def move(exchange: Exchange, moves: Iterable[Move]) -> None:
    """Let marks, prices and indices be elsewhere."""
    s: Any = exchange._s
    for what, number, ppm in moves:
        if number > exchange.assets_listed or number > exchange.markets_listed:
            continue
        if what == PRICE:
            s.prices[number].mark_units += s.prices[number].mark_units * ppm // PPM
            set_worth(s, number)
        elif what == MARK:
            s.perpetuals[number].mark_ticks += s.perpetuals[number].mark_ticks * ppm // PPM
        elif what == DEBTS:
            pool = s.lending_pools[number]
            pool.debt_index += pool.debt_index * abs(ppm) // PPM
        else:
            worth = s.perpetuals[number].mark_ticks * s.markets[number].quote_factor
            s.perpetuals[number].funding_index += (worth * ppm // PPM) << FUNDING_BITS


@cache
def plain_rows() -> dict[str, np.ndarray]:
    return positions.venue(ACCOUNTS, 2, positions.EDGE_RATIO).rows()


def rules_drawn(rows: dict[str, np.ndarray], draw: random.Random) -> None:
    """Give assets and perpetuals margin rules of all kinds."""
    for row in rows["collaterals"]:
        row["weight_e8"] = E8 if row["asset"] == CASH else draw.choice((E8, E8 * 9 // 10, E8 // 100, 0))
        row["haircut_kind"] = draw.choice((HaircutKind.IDENTITY, HaircutKind.INVERSE_SQRT))
        row["haircut_base_e8"], row["haircut_penalty_e8"] = E8, draw.choice((0, 1_000, 100_000))
        row["maintenance_base_e8"] = draw.choice((0, E8 // 20, E8))
        row["maintenance_factor_e8"] = draw.choice((0, 5_000, 1_000_000))
        if row["asset"] == CASH:
            row["haircut_kind"] = HaircutKind.IDENTITY
    for row in rows["perpetuals"]:
        row["maintenance_base_e8"] = draw.choice((E8 // 100, E8 // 10))
        row["maintenance_factor_e8"] = draw.choice((0, 3_750, 300_000))


def debts_drawn(rows: dict[str, np.ndarray], draw: random.Random) -> None:
    """Let a third of the accounts owe some of an asset, or lend it; the pool of the cash is there as well."""
    pools = np.zeros(2, ROW_DTYPES["lending_pools"])
    pools["asset"], pools["pool_state"] = (CASH, BORROWED), int(PoolState.OPEN)
    pools["lent_index"], pools["debt_index"] = 1 << INDEX_BITS, (1 << INDEX_BITS) * draw.randint(100, 110) // 100
    rows["lending_pools"] = pools
    more = np.zeros(ACCOUNTS, ROW_DTYPES["balances"])
    more["account"] = FIRST_USER_ACCOUNT + np.arange(ACCOUNTS)
    more["asset"] = BORROWED
    for row in more:
        row["loan_shares"] = draw.choice((0, 0, 1, -1)) * draw.randint(1, 10 ** draw.randint(1, 8))
    rows["balances"] = np.concatenate([rows["balances"], more[more["loan_shares"] != 0]])


def at_the_edge(seed: int) -> Exchange:
    """Return a venue all of whose accounts are a little above or below their maintenance margin, by what cash they hold."""
    rows, draw = {name: table.copy() for name, table in plain_rows().items()}, random.Random(seed)
    rules_drawn(rows, draw)
    debts_drawn(rows, draw)
    for row in rows["positions"]:
        row["net_lots"] = row["net_lots"] // draw.choice((1, 10, 1_000)) or 1
        row["reference_atoms"] = row["net_lots"] * positions.LOT_ATOMS_OF_CASH + draw.randint(-(10**9), 10**9)
    rows["balances"]["available_atoms"][rows["balances"]["asset"] == CASH] = 10**15
    exchange = Exchange.restore(rows)
    balances: Any = exchange._s.balances
    slots = {int(balances[slot].id): slot for slot in range(1, len(rows["balances"]) + 1)}
    for account in range(FIRST_USER_ACCOUNT, FIRST_USER_ACCOUNT + ACCOUNTS):
        measure = exchange.measure(account)
        spare = measure.equity - measure.maintenance
        kept = (measure.liabilities + measure.maintenance + measure.exposure) * draw.randint(-100, 30_000) // PPM
        row = balances[slots[account << 16 | CASH]]
        row.available_atoms = max(row.available_atoms - spare + kept, 0)
    return exchange


def run_edge(seed: int, steps: list[list[Move]]) -> tuple[int, int, int]:
    """Move marks step by step; returns how many accounts were unsafe, how many were measured, and of how many."""
    exchange, found = at_the_edge(seed), [0, 0, 0]
    check_revaluation(exchange, 1 + seed % 2)
    for moves in steps:
        move(exchange, moves)
        found[0] += check(exchange, (seed, steps))
        found[1] += exchange.watched().measured
        found[2] += exchange.watched().listed
    return found[0], found[1], found[2]


def run_flow(seed: int, steps: list[tuple[int, list[Move]]]) -> int:
    """Let the commands of a flow and moves of marks take turns; returns how many accounts were unsafe in all."""
    flow, exchange, found = Flow(seed), Exchange(), 0
    for at, (commands, moves) in enumerate([(400, []), *steps]):
        exchange.apply(np.frombuffer(b"".join(record for record, _ in flow.steps(commands)), RECORD))
        move(exchange, moves)
        if at % 3 == 2 and exchange.take_up_changes(2) == 0:
            assert not exchange._s.watch[0].changed
        found += check(exchange, (seed, steps))
    check_revaluation(exchange, 2)
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.lists(st.lists(small_moves, max_size=3), min_size=1, max_size=12))
def test_list_given_small_moves_of_marks_misses_nobody(seed: int, steps: list[list[Move]]) -> None:
    run_edge(seed, steps)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**20),
    st.lists(
        st.tuples(st.integers(1, 120), st.lists(small_moves | large_moves, max_size=3)), min_size=1, max_size=14
    ),
)
def test_list_given_commands_between_moves_misses_nobody(seed: int, steps: list[tuple[int, list[Move]]]) -> None:
    run_flow(seed, steps)


def drawn_steps(seed: int, count: int, widest_ppm: int) -> list[list[Move]]:
    draw = random.Random(seed)
    kinds = (MARK, MARK, PRICE, PRICE, DEBTS, FUNDING)
    return [
        [(draw.choice(kinds), draw.randint(1, 7), draw.randint(-widest_ppm, widest_ppm)) for _ in range(2)]
        for _ in range(count)
    ]


def run_drawn(seeds: Iterable[int]) -> tuple[int, int, int, int]:
    """Return (unsafe, measured, listed) of venues at the edge, and how many were unsafe in flows, in all."""
    edges = [run_edge(seed, drawn_steps(seed, 10, 1_500)) for seed in seeds]
    flows = 0
    for seed in seeds:
        turns = [(40, [*step, (PRICE, 1 + seed % 5, -200_000)]) for step in drawn_steps(seed, 8, 300_000)]
        flows += run_flow(seed, turns)
    unsafe, measured_, listed = (sum(column) for column in zip(*edges, strict=True))
    return unsafe, measured_, listed, flows


def test_list_measures_few_where_few_are_near() -> None:
    unsafe, measured_, listed, flows = run_drawn(range(20, 28))
    assert 0 < unsafe < measured_ < listed * 2 // 3, (unsafe, measured_, listed)
    assert flows > 0


UNCOMPILED = """
from tests.core.test_watch import run_drawn
print(*run_drawn(range(30, 33)))
"""


def test_list_without_compiler_says_the_same() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-6_000:]
    assert tuple(map(int, done.stdout.split())) == run_drawn(range(30, 33))


def moved_by(ppm: int) -> Exchange:
    """Return a venue whose list was made before marks moved by so much, and whose accounts all are far from the edge."""
    exchange = positions.venue(ACCOUNTS, 2)
    exchange.revalue()
    positions.move_marks(exchange, ppm, [2])
    return exchange


@pytest.mark.parametrize(("ppm", "measured_"), [(-10_000, 0), (-30_000, ACCOUNTS)])
def test_list_is_made_anew_only_when_marks_have_moved_far(ppm: int, measured_: int) -> None:
    exchange = moved_by(ppm)
    assert exchange.unsafe_accounts().tolist() == []
    assert exchange.watched().measured == measured_
    assert exchange.unsafe_accounts().tolist() == []
    assert exchange.watched().measured == 0


def test_account_that_changed_is_looked_at_without_making_the_list_anew() -> None:
    exchange = moved_by(-1_000)
    poor: Any = exchange._s.balances[next(slot for slot in range(1, 600) if exchange._s.balances[slot].id >> 16 == 70)]
    exchange.unsafe_accounts()
    for slot in range(1, 600):
        if exchange._s.balances[slot].id >> 16 == 70:
            exchange._s.balances[slot].available_atoms = 0
    assert poor.available_atoms == 0
    assert exchange.unsafe_accounts().tolist() == []  # nothing was posted, so nobody knows
    from ringfence.core.changes import note_change

    note_change(exchange._s, 70)
    assert exchange.unsafe_accounts().tolist() == measured(exchange) == [70]
    assert exchange.watched().measured == 1


def test_list_is_not_part_of_the_state() -> None:
    exchange = positions.venue(ACCOUNTS, 2, positions.EDGE_RATIO)
    before = exchange.state_hash()
    exchange.unsafe_accounts()
    positions.move_marks(exchange, -30_000, [2, 3, 4])
    found, after = exchange.unsafe_accounts().tolist(), exchange.state_hash()
    again = Exchange.restore(exchange.rows())
    assert again.unsafe_accounts().tolist() == found != []
    assert again.state_hash() == after != before
