"""What an exchange answers to a question is what its canonical rows say."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from tests.core.differential import commands_of
from tests.core.stage import ALICE, SOL, USDC, Stage

from ringfence.core import Exchange
from ringfence.schema.enums import FIRST_USER_ACCOUNT, Parameter
from ringfence.schema.layout import RECORD
from ringfence.schema.tables import TABLES

SEEDS = range(500, 506)
BOOKS = 10_000


@pytest.fixture(scope="module", params=SEEDS)
def exchange(request: pytest.FixtureRequest) -> Exchange:
    found = Exchange()
    found.apply(np.frombuffer(b"".join(commands_of(request.param, 3_000)), RECORD))
    return found


def rows_as(exchange: Exchange, table: str) -> list[Any]:
    """Return the canonical rows of a table as records of the schema."""
    kind = TABLES[table]
    return [kind(**{name: plain(row[name]) for name in row.dtype.names}) for row in exchange.rows()[table]]


def plain(value: Any) -> int | str:
    return bytes(value).rstrip(b"\0").decode("ascii") if isinstance(value, np.ndarray) else int(value)


@pytest.mark.parametrize("table", ["assets", "markets", "users", "accounts", "orders"])
def test_row_of_a_thing_is_its_canonical_row(exchange: Exchange, table: str) -> None:
    rows, read = rows_as(exchange, table), getattr(exchange, table.removesuffix("s"))
    assert rows or table == "orders"
    for row in rows:
        found = read(getattr(row, type(row).key[0]))
        assert found == row
        for name in row.__struct_fields__:
            assert type(getattr(found, name)) in (int, str), f"{name} is not plain"


def test_counts_are_those_of_the_rows(exchange: Exchange) -> None:
    rows = exchange.rows()
    assert exchange.assets_listed == len(rows["assets"])
    assert exchange.markets_listed == len(rows["markets"])
    assert exchange.users_opened == len(rows["users"])
    assert exchange.next_account == FIRST_USER_ACCOUNT + len(rows["accounts"])
    assert exchange.orders_open == len(rows["orders"])
    assert (exchange.sequence, exchange.time_us) == tuple(rows["venue"][["sequence", "time_us"]][0].item())


def test_balances_are_those_of_the_rows(exchange: Exchange) -> None:
    held: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for row in rows_as(exchange, "balances"):
        held[row.account].append((row.asset, row.available_atoms, row.locked_atoms))
        assert exchange.balance(row.account, row.asset) == (row.available_atoms, row.locked_atoms)
    for account in range(exchange.next_account + 3):
        assert exchange.balances(account) == held.get(account, [])
        assert exchange.balance(account, 999) == (0, 0)


def test_open_orders_are_those_of_the_rows_in_the_order_of_priority(exchange: Exchange) -> None:
    orders = sorted(rows_as(exchange, "orders"), key=lambda order: order.priority)
    for account in range(FIRST_USER_ACCOUNT, exchange.next_account + 2):
        own = [order for order in orders if order.account == account]
        assert exchange.open_orders(account) == exchange.open_orders(account, 0) == own
        assert exchange.open_order_count(account) == len(own)
        for market in range(1, exchange.markets_listed + 2):
            assert exchange.open_orders(account, market) == [order for order in own if order.market == market]


def test_depth_and_levels_are_the_sums_of_the_orders(exchange: Exchange) -> None:
    standing: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for order in rows_as(exchange, "orders"):
        standing[order.market, order.side][order.price_ticks] += order.remaining_lots
    for market in range(1, exchange.markets_listed + 1):
        bids, asks = sorted(standing[market, 0].items(), reverse=True), sorted(standing[market, 1].items())
        assert exchange.depth(market, BOOKS) == (bids, asks)
        assert exchange.depth(market, 2) == (bids[:2], asks[:2])
        assert exchange.depth(market, 0) == ([], [])
        for side, levels in enumerate((bids, asks)):
            for price, lots in levels:
                assert exchange.level_lots(market, side, price) == lots
            prices = {price for price, _ in levels}
            near = {price + step for price in prices for step in (-33, -1, 1, 32, 1024)} - prices
            for price in near | {0, 1, -1, 2**47, 2**48 - 1, 2**48, 2**62}:
                assert exchange.level_lots(market, side, price) == dict(levels).get(price, 0)


def test_parameters_and_fees_are_those_of_the_rows(exchange: Exchange) -> None:
    rows = exchange.rows()
    for parameter, value in rows["parameters"].tolist():
        assert exchange.parameter(Parameter(parameter)) == value
    for schedule, tier, maker, taker in rows["fee_tiers"].tolist():
        assert exchange.fee_tier(schedule, tier) == (maker, taker)


def test_rows_are_in_the_order_of_their_keys_and_name_each_once(exchange: Exchange) -> None:
    rows = exchange.rows()
    assert list(rows) == list(TABLES)
    for name, kind in TABLES.items():
        keys = rows[name][list(kind.key)].tolist()  # type: ignore[attr-defined]
        assert keys == sorted(set(keys)), name


def test_looking_changes_nothing(exchange: Exchange) -> None:
    before = exchange.state_hash()
    exchange.depth(1, BOOKS)
    for account in range(exchange.next_account):
        exchange.balances(account)
        exchange.open_orders(account)
    rows = exchange.rows()
    for table in rows.values():
        table.view("u1")[:] = 255
    assert exchange.state_hash() == before


@pytest.mark.parametrize("number", [0, -1, -(2**31), 10_000, 2**31, 2**62], ids=str)
def test_thing_that_is_not_there_is_none(number: int) -> None:
    exchange = Stage().exchange
    for read in (exchange.asset, exchange.market, exchange.user, exchange.account, exchange.order):
        assert read(number) is None


@pytest.mark.parametrize("house", range(FIRST_USER_ACCOUNT))
def test_house_account_has_no_row(house: int) -> None:
    assert Stage().exchange.account(house) is None


def test_reads_follow_every_command_and_a_restored_exchange_answers_the_same() -> None:
    stage = Stage()
    exchange = stage.exchange
    stage.play(
        """
        alice bid 100 x 5 as a : accepted, rests 5
        alice bid 101 x 2 as b : accepted, rests 2
        """
    )
    assert exchange.depth(1, 9) == ([(101, 2), (100, 5)], [])
    stage.play("alice cancel b : REQUESTED, left 2, done 0, rested alice")
    assert exchange.depth(1, 9) == ([(100, 5)], [])
    assert exchange.level_lots(1, 0, 101) == 0
    assert exchange.balance(ALICE, USDC) == (10**9 - 50_000, 50_000)
    again = Exchange.restore(exchange.rows())
    assert again.depth(1, 9) == exchange.depth(1, 9)
    assert again.balances(ALICE) == exchange.balances(ALICE) == [(USDC, 10**9 - 50_000, 50_000), (SOL, 10**10, 0)]
    assert again.open_orders(ALICE) == exchange.open_orders(ALICE)
