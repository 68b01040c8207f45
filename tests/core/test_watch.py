"""The watch list says the same as measuring everybody, whatever moved, was traded, borrowed and charged in between."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.flow import Flow

from ringfence.bench import positions
from ringfence.core import Exchange
from ringfence.core.changes import note_change
from ringfence.core.jit import called_from_python
from ringfence.core.valuation import set_worth
from ringfence.schema.commands import Borrow, Command, PlaceOrder, RequestWithdrawal
from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    FUNDING_BITS,
    INDEX_BITS,
    HaircutKind,
    HouseAccount,
    PoolState,
    Side,
)
from ringfence.schema.events import Rejected
from ringfence.schema.layout import EVENT_HEADER, RECORD, ROW_DTYPES, tag_of

ACCOUNTS = 80
CASH, BORROWED = 1, 7
E8 = 10**8
PPM = 10**6
VALUE_OF_ATOM = 100
"""Of any asset of the venue but the cash."""
MARK, PRICE, DEBTS, FUNDING = "mark", "price", "debts", "funding"

Move = tuple[str, int, int]
"""What moves, the number of its asset or perpetual, and by how many millionths."""
small_moves = st.tuples(
    st.sampled_from((MARK, MARK, PRICE, PRICE, DEBTS, FUNDING)), st.integers(1, 7), st.integers(-6_000, 6_000)
)
large_moves = st.tuples(st.sampled_from((MARK, PRICE)), st.integers(1, 7), st.integers(-600_000, 900_000))


@called_from_python
def note(s: Any, account: int) -> None:
    note_change(s, account)


@called_from_python
def bring_worth(s: Any, asset: int) -> None:
    set_worth(s, asset)


def measured(exchange: Exchange) -> list[int]:
    """Return the unsafe accounts that have no case yet, after measuring everybody."""
    found = []
    for account in range(FIRST_USER_ACCOUNT, exchange.next_account):
        measure = exchange.measure(account)
        owes = measure.liabilities + measure.maintenance > 0
        needs_one = exchange._s.accounts[account].liabilities and exchange.case(account) is None
        if owes and needs_one and measure.equity <= measure.maintenance:
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
            s.prices[number].mark_units = int(s.prices[number].mark_units) * (PPM + ppm) // PPM
            bring_worth(s, number)
        elif what == MARK:
            s.perpetuals[number].mark_ticks = int(s.perpetuals[number].mark_ticks) * (PPM + ppm) // PPM
        elif what == DEBTS:
            pool = s.lending_pools[number]
            pool.debt_index = int(pool.debt_index) * (PPM + abs(ppm)) // PPM
        else:
            worth = int(s.perpetuals[number].mark_ticks) * int(s.markets[number].quote_factor)
            s.perpetuals[number].funding_index += min(worth * ppm // PPM, 2**40) << FUNDING_BITS


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


def near(draw: random.Random) -> int:
    """Return how near an account stands to the edge, in millionths of what it owes and is exposed to."""
    return draw.randint(*draw.choice(((-50, 50), (0, 2_000), (0, 40_000))))


def at_the_edge(seed: int) -> Exchange:
    """Return a venue most of whose accounts hold as much cash as brings them near their maintenance margin."""
    rows, draw = {name: table.copy() for name, table in plain_rows().items()}, random.Random(seed)
    rules_drawn(rows, draw)
    debts_drawn(rows, draw)
    for row in rows["balances"]:
        row["available_atoms"] //= draw.choice((1, 100, 10_000))
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
        kept = (measure.liabilities + measure.maintenance + measure.exposure) * near(draw) // PPM
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


CRASH: list[Move] = [(PRICE, number, (-900_000, 3_000_000)[number % 2]) for number in range(1, 8)] + [
    (MARK, number, 400_000) for number in range(1, 8)
]
"""Half of what is held and owed is worth little, the other half much."""


def run_flow(seed: int, steps: list[tuple[int, list[Move]]]) -> int:
    """Let the commands of a flow and moves of marks take turns; returns how many accounts were unsafe in all."""
    flow, exchange, found = Flow(seed), Exchange(), 0
    for at, (commands, moves) in enumerate([(400, []), *steps]):
        exchange.apply(np.frombuffer(b"".join(record for record, _ in flow.steps(commands)), RECORD))
        move(exchange, CRASH if at % 4 == 3 else moves)
        if at % 3 == 2:
            exchange.take_up_changes(2)
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
    st.lists(st.tuples(st.integers(1, 120), st.lists(small_moves | large_moves, max_size=3)), min_size=1, max_size=14),
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


def run_drawn(seeds: Iterable[int], flow_seeds: Iterable[int]) -> tuple[int, int, int, int]:
    """Return (unsafe, measured, listed) of venues at the edge, and how many were unsafe in flows, in all."""
    edges = [run_edge(seed, drawn_steps(seed, 10, 1_500)) for seed in seeds]
    flows = 0
    for seed in flow_seeds:
        turns = [(40, [*step, (PRICE, 1 + seed % 5, -200_000)]) for step in drawn_steps(seed, 8, 300_000)]
        flows += run_flow(seed, turns)
    unsafe, measured_, listed = (sum(column) for column in zip(*edges, strict=True))
    return unsafe, measured_, listed, flows


def test_list_measures_few_where_few_are_near() -> None:
    unsafe, measured_, listed, flows = run_drawn(range(20, 28), range(52, 60))
    assert 0 < unsafe < measured_ < listed * 2 // 3, (unsafe, measured_, listed)
    assert flows > 0


UNCOMPILED = """
from tests.core.test_watch import run_drawn
print(*run_drawn(range(30, 33), range(35, 36)))
"""


def test_list_without_compiler_says_the_same() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-6_000:]
    assert tuple(map(int, done.stdout.split())) == run_drawn(range(30, 33), range(35, 36))


# One kind of exposure at a time: what is not counted, or is not followed, is missed here.


def owing(rows: dict[str, np.ndarray]) -> None:
    """Let everybody owe an asset and have no position."""
    debts_drawn(rows, random.Random(1))
    rows["balances"] = rows["balances"][rows["balances"]["asset"] != BORROWED]
    debts = np.zeros(ACCOUNTS, ROW_DTYPES["balances"])
    debts["account"], debts["asset"] = FIRST_USER_ACCOUNT + np.arange(ACCOUNTS), BORROWED
    debts["loan_shares"] = -(10**9)
    rows["balances"] = np.concatenate([rows["balances"][rows["balances"]["asset"] == CASH], debts])
    rows["positions"] = rows["positions"][:0]


def holding(rows: dict[str, np.ndarray]) -> None:
    """Let everybody owe cash and hold one asset."""
    debts_drawn(rows, random.Random(2))
    balances = rows["balances"]
    users = balances["account"] >= FIRST_USER_ACCOUNT
    balances["loan_shares"] = np.where(users & (balances["asset"] == CASH), -(10**9), 0)
    balances["available_atoms"][balances["asset"] != 2] = 0
    rows["balances"] = balances[balances["available_atoms"] + balances["loan_shares"] != 0]
    rows["positions"] = rows["positions"][:0]


def standing(rows: dict[str, np.ndarray]) -> None:
    """Let everybody be long in one perpetual, with nothing but cash."""
    rows["balances"] = rows["balances"][rows["balances"]["asset"] == CASH]
    rows["positions"] = rows["positions"][::2]
    rows["positions"]["market"], rows["positions"]["net_lots"] = 2, 10_000
    rows["positions"]["reference_atoms"] = 10_000 * positions.LOT_ATOMS_OF_CASH


@pytest.mark.parametrize(
    ("prepare", "held", "what", "number", "ppm"),
    [
        (owing, CASH, DEBTS, BORROWED, 300),
        (owing, CASH, PRICE, BORROWED, 300),
        (holding, 2, PRICE, 2, -300),
        (holding, 2, DEBTS, CASH, 300),
        (standing, CASH, MARK, 2, -300),
        (standing, CASH, FUNDING, 2, 300),
        (standing, CASH, FUNDING, 2, 1_500),
    ],
)
def test_list_follows_what_moves(prepare: Any, held: int, what: str, number: int, ppm: int) -> None:
    rows = {name: table.copy() for name, table in plain_rows().items()}
    rows["collaterals"]["weight_e8"] = E8
    prepare(rows)
    exchange = spread_out(rows, held)
    exchange.revalue()
    found = [check(exchange, what)]
    for _ in range(1_800 // abs(ppm) * 10):
        move(exchange, [(what, number, ppm)])
        found.append(check(exchange, (what, number, exchange.watched())))
    assert found[0] == 0 < found[-1], found
    assert sorted(found) == found


def spread_out(rows: dict[str, np.ndarray], asset: int) -> Exchange:
    """Return a venue whose accounts hold what lets them take moves of a thousandth, of two thousandths and so on."""
    rows["balances"]["available_atoms"][rows["balances"]["asset"] == asset] += 10**13
    exchange = Exchange.restore(rows)
    balances: Any = exchange._s.balances
    for slot in range(1, len(rows["balances"]) + 1):
        account, number = divmod(int(balances[slot].id), 1 << 16)
        if account >= FIRST_USER_ACCOUNT and number == asset:
            measure = exchange.measure(account)
            taken = (measure.liabilities + measure.maintenance + measure.exposure) * (account - 63) // 1_000
            spare = measure.equity - measure.maintenance - taken
            balances[slot].available_atoms -= spare // (1 if asset == CASH else VALUE_OF_ATOM)
    return exchange


def tight() -> Exchange:
    """Return a venue whose perpetuals ask for hardly more margin of an order than of a position."""
    rows = positions.venue(ACCOUNTS, 2).rows()
    rows["perpetuals"]["initial_base_e8"], rows["perpetuals"]["maintenance_base_e8"] = 1_500_000, 1_450_000
    rows["perpetuals"]["initial_factor_e8"] = rows["perpetuals"]["maintenance_factor_e8"] = 0
    rows["fee_tiers"]["taker_ppm"] = rows["fee_tiers"]["maker_ppm"] = 0
    exchange = Exchange.restore(rows)
    exchange.revalue()
    return exchange


def rejected(exchange: Exchange, command: Command) -> bool:
    return exchange.apply(positions.stamped(exchange, command)).view(EVENT_HEADER)["kind"][0] == tag_of(Rejected)


def as_much_as_accepted(exchange: Exchange, most: int, command: Callable[[int], Command]) -> None:
    """Give a command for less and less, until it is accepted."""
    while rejected(exchange, command(most)):
        most = most * 99 // 100
        assert most > 0


def go_long(exchange: Exchange, account: int) -> None:
    """Let an account buy from others as much as its margin allows."""
    for seller in range(account + 2, account + 22):
        sale = PlaceOrder(account=seller, market=2, side=Side.ASK, price_ticks=mark(exchange), quantity_lots=3_000_000)
        as_much_as_accepted(
            exchange, 3_000_000, lambda lots, sale=sale: msgspec.structs.replace(sale, quantity_lots=lots)
        )
    buy = PlaceOrder(account=account, market=2, side=Side.BID, price_ticks=mark(exchange), quantity_lots=1)
    as_much_as_accepted(exchange, 50_000_000, lambda lots: msgspec.structs.replace(buy, quantity_lots=lots))


def mark(exchange: Exchange) -> int:
    perpetual = exchange.perpetual(2)
    assert perpetual is not None
    return perpetual.mark_ticks


def test_account_that_takes_a_position_is_found_when_marks_move() -> None:
    exchange = tight()
    assert exchange.unsafe_accounts().tolist() == []
    go_long(exchange, 64)
    move(exchange, [(MARK, 2, -3_000)])
    assert 64 in measured(exchange)
    check(exchange, "a position")
    assert exchange.watched().moved_e9 != 0


def test_account_that_takes_a_position_is_found_when_marks_move_back() -> None:
    exchange = tight()
    move(exchange, [(MARK, 2, 10_000)])
    assert exchange.unsafe_accounts().tolist() == []
    go_long(exchange, 64)
    assert check(exchange, "a position") == 0
    move(exchange, [(MARK, 2, -9_900)])
    assert 64 in measured(exchange)
    check(exchange, "a position, and back")
    assert exchange.watched().moved_e9 < 1_000_000


def lending(lent_atoms: int) -> Exchange:
    """Return a venue where nobody has a position, and account 64 has lent an asset that others may borrow."""
    rows = {name: table.copy() for name, table in plain_rows().items()}
    pool = np.zeros(1, ROW_DTYPES["lending_pools"])
    pool["asset"], pool["pool_state"], pool["lent_shares"] = BORROWED, int(PoolState.OPEN), lent_atoms
    pool["lent_index"], pool["debt_index"] = 1 << INDEX_BITS, 1 << INDEX_BITS
    pool["maximum_utilisation_ppm"] = pool["ceiling_ppm"] = pool["throttle_bound_ppm"] = PPM
    pool["optimal_utilisation_ppm"], pool["lend_limit_atoms"] = PPM // 2, 2**50
    rows["lending_pools"], rows["positions"] = pool, rows["positions"][:0]
    rows["collaterals"]["initial_base_e8"], rows["collaterals"]["initial_factor_e8"] = 5_100_000, 0
    rows["collaterals"]["maintenance_factor_e8"] = 0
    more = np.zeros(2, ROW_DTYPES["balances"])
    more["account"], more["asset"] = (int(HouseAccount.POOL), FIRST_USER_ACCOUNT), BORROWED
    more["available_atoms"], more["loan_shares"] = (lent_atoms, 0), (0, lent_atoms)
    rows["balances"] = np.concatenate([rows["balances"], more])
    exchange = Exchange.restore(rows)
    exchange.revalue()
    return exchange


def test_account_that_borrows_is_found_when_marks_move() -> None:
    exchange = lending(10**12)
    assert exchange.watched().listed == 0
    as_much_as_accepted(exchange, 10**11, lambda atoms: Borrow(account=70, asset=BORROWED, amount_atoms=atoms))
    assert check(exchange, "a debt") == 0
    move(exchange, [(PRICE, BORROWED, 19_000)])
    assert measured(exchange) == [70]
    check(exchange, "a debt, and a price")
    assert exchange.watched().moved_e9 != 0


def test_account_that_withdraws_is_found_when_marks_move() -> None:
    exchange = tight()
    for asset, most in ((3, 10**8), (4, 10**8), (5, 10**8), (6, 10**8), (2, 10**8), (CASH, 10**10)):
        as_much_as_accepted(
            exchange, most, lambda atoms, asset=asset: RequestWithdrawal(account=65, asset=asset, amount_atoms=atoms)
        )
        assert exchange._s.accounts[65].changed == 1
    move(exchange, [(MARK, market, 8_000) for market in range(2, 8)])
    assert 65 in measured(exchange)
    check(exchange, "a withdrawal")
    assert exchange.watched().moved_e9 != 0


def moved_by(ppm: int) -> Exchange:
    """Return a venue whose list was made before marks moved by so much, and all of whose accounts are far from it."""
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


def poorer(exchange: Exchange, account: int) -> None:
    """Take away what an account has available, which no command does."""
    for slot in range(1, 600):
        if exchange._s.balances[slot].id >> 16 == account:
            exchange._s.balances[slot].available_atoms = 0


def test_account_that_changed_is_looked_at_without_making_the_list_anew() -> None:
    exchange = moved_by(-1_000)
    poorer(exchange, 70)
    assert exchange.unsafe_accounts().tolist() == []  # nothing was posted, so nobody knows
    note(exchange._s, 70)
    assert exchange.unsafe_accounts().tolist() == measured(exchange) == [70]
    assert exchange.watched().measured == 1


def test_changes_can_be_taken_up_a_few_at_a_time() -> None:
    exchange = moved_by(-1_000)
    for account in (66, 67, 68, 70, 70):
        poorer(exchange, account)
        note(exchange._s, account)
    assert [exchange.take_up_changes(most) for most in (1, 2, 1, 1)] == [3, 1, 0, 0]
    assert exchange.unsafe_accounts().tolist() == [66, 67, 68, 70]
    assert exchange.watched().measured == 4


def test_list_is_not_part_of_the_state() -> None:
    exchange = positions.venue(ACCOUNTS, 2, positions.EDGE_RATIO)
    before = exchange.state_hash()
    exchange.unsafe_accounts()
    positions.move_marks(exchange, -30_000, [2, 3, 4])
    found, after = exchange.unsafe_accounts().tolist(), exchange.state_hash()
    again = Exchange.restore(exchange.rows())
    assert again.unsafe_accounts().tolist() == found != []
    assert again.state_hash() == after != before
