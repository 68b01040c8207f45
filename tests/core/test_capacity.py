"""Large venues, and the last row of every table: the highest value of each parameter has its space, and no row more."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.core.large import resting_orders, venue
from tests.core.stage import ALICE, BOB, SOL, USDC, Stage, stamped

from ringfence.core import Exchange
from ringfence.core.bits import mix
from ringfence.core.jit import called_from_python
from ringfence.core.state import (
    BALANCES,
    LEVELS,
    LEVELS_OF_TREE,
    NODES,
    OFFSETS,
    ORDERS,
    RESERVED_BYTES,
    TABLES,
    WITHDRAWALS,
)
from ringfence.schema import commands as c
from ringfence.schema.enums import BALANCE_HEADROOM, FIRST_USER_ACCOUNT, PARAMETER_LIMITS, AccountKind, Parameter
from ringfence.schema.events import Event, Rejected
from ringfence.schema.layout import ROW_DTYPES, decode_event
from ringfence.schema.rejects import Reject

HIGHEST = {parameter: high for parameter, (_, high, _) in PARAMETER_LIMITS.items()}
RESTORE_S_PER_MILLION = 5.0


@called_from_python
def mixed(number: int) -> int:
    return mix(number)


def answers(exchange: Exchange, *commands: c.Command) -> list[Event]:
    records = stamped(commands, exchange.sequence + 1, exchange.time_us + 1)
    return [decode_event(bytes(event)) for event in exchange.apply(records)]


# Many of everything.


def test_thousand_markets_are_listed_and_each_trades() -> None:
    stage = Stage()
    exchange = stage.exchange
    assets = [c.ListAsset(symbol=f"A{n}", name="", asset_kind=1, decimals=0) for n in range(1_000)]
    assert not any(isinstance(event, Rejected) for event in answers(exchange, *assets))
    pairs = [c.ListMarket(base_asset=4 + n, quote_asset=USDC, tick_atoms=1, lot_atoms=1) for n in range(998)]
    assert not any(isinstance(event, Rejected) for event in answers(exchange, *pairs))
    assert exchange.markets_listed == 1_000
    orders = [
        c.PlaceOrder(account=ALICE, market=market, side=0, price_ticks=7, quantity_lots=market)
        for market in range(3, 1_001)
    ]
    events = answers(exchange, *orders)
    assert len(events) == 998 and not any(isinstance(event, Rejected) for event in events)
    for market in range(3, 1_001):
        assert exchange.depth(market, 5) == ([(7, market)], [])


def large_rows(accounts: int) -> dict[str, np.ndarray]:
    """Return the rows of a venue with so many users, each with an account and two balances."""
    small = venue(10, 10, 2)
    rows = small.rows()
    numbers = FIRST_USER_ACCOUNT + np.arange(accounts)
    users, opened = np.zeros(accounts, ROW_DTYPES["users"]), np.zeros(accounts, ROW_DTYPES["accounts"])
    users["user"] = opened["user"] = 1 + np.arange(accounts)
    users["main_account"] = opened["account"] = numbers
    users["accounts"], opened["account_kind"] = 1, AccountKind.MAIN
    balances = np.zeros(2 * accounts, ROW_DTYPES["balances"])
    balances["account"], balances["asset"] = np.repeat(numbers, 2), np.tile([1, 2], accounts)
    balances["available_atoms"] = 10**13
    return rows | {"users": users, "accounts": opened, "balances": balances}


def restore_and_compare(accounts: int) -> None:
    exchange = Exchange.restore(large_rows(accounts))
    exchange.apply(resting_orders(accounts // 10, 10, accounts, first_sequence=exchange.sequence + 1))
    rows = exchange.rows()
    begin = time.perf_counter()
    again = Exchange.restore(rows)
    taken_s = time.perf_counter() - begin
    assert again.state_hash() == exchange.state_hash()
    assert again.orders_open == accounts // 10
    last = FIRST_USER_ACCOUNT + accounts - 1
    assert again.balances(last) == exchange.balances(last) and len(again.balances(last)) == 2
    assert taken_s < RESTORE_S_PER_MILLION * accounts / 10**6 + 0.5, f"{taken_s:.2f} s"


def test_restore_of_many_accounts_takes_a_moment() -> None:
    restore_and_compare(200_000)


@pytest.mark.soak
def test_restore_of_a_million_accounts_takes_seconds() -> None:
    restore_and_compare(1_000_000)


# The last rows. A table is not filled to get there: the counters of a venue are set as if it were.


def widened(limit: Parameter) -> Stage:
    """Return the stage with every parameter at its highest, by commands."""
    stage = Stage()
    for parameter, high in HIGHEST.items():
        assert not isinstance(stage.give(c.SetParameter(parameter=parameter, value=high))[0], Rejected)
    assert stage.exchange.parameter(limit) == HIGHEST[limit]
    return stage


def fill_pool(stage: Stage, pool: int, rows: int) -> None:
    """Let a pool and its index be as they are with so many rows, none of which is the next one used."""
    row = stage.tables.pools[pool]
    row.rows = row.used = rows
    row.buckets = max(1024, 4 * rows)
    row.mask = (1 << (int(row.buckets).bit_length() - 1)) - 1


def reindex(stage: Stage, pool: int, heads: str, table: str) -> None:
    """Link the rows that are there into the index of the larger pool."""
    row, rows, buckets = stage.tables.pools[pool], getattr(stage.tables, table), getattr(stage.tables, heads)
    buckets[:2048] = 0
    for slot in np.flatnonzero(rows["id"][:1000]):
        spread = mixed(int(rows[slot].id))
        bucket = spread & (2 * int(row.mask) + 1)
        bucket = bucket if bucket < row.buckets else spread & int(row.mask)
        rows[slot].hash_next = buckets[bucket]
        buckets[bucket] = slot


def assert_full(events: list[Event], value: int, limit: int) -> None:
    assert [(type(event), event.reject) for event in events] == [(Rejected, Reject.VENUE_FULL)]
    assert (events[0].value, events[0].limit) == (value, limit)


def assert_accepted(events: list[Event]) -> None:
    assert events and not isinstance(events[0], Rejected), events


def test_last_orders_have_a_row_and_the_next_is_refused() -> None:
    stage = widened(Parameter.ORDERS)
    most = HIGHEST[Parameter.ORDERS]
    fill_pool(stage, ORDERS, most - 3)
    for price in (10, 11, 10):
        assert_accepted(stage.give(stage.bid(ALICE, str(price), "x", "1")))
    assert_full(stage.give(stage.bid(ALICE, "10", "x", "1")), most, most)
    assert stage.exchange.depth(1, 3) == ([(11, 1), (10, 2)], [])
    assert [order.price_ticks for order in stage.exchange.open_orders(ALICE)] == [10, 11, 10]
    for order in stage.exchange.open_orders(ALICE):
        assert stage.exchange.order(order.order) == order
        assert_accepted(stage.give(c.CancelOrder(account=ALICE, market=1, order=order.order)))
    assert stage.exchange.orders_open == most - 3


def test_last_balances_have_a_row_with_headroom_and_the_next_is_refused() -> None:
    stage = widened(Parameter.BALANCES)
    most = HIGHEST[Parameter.BALANCES]
    fill_pool(stage, BALANCES, most - BALANCE_HEADROOM - 1)
    reindex(stage, BALANCES, "balance_heads", "balances")
    for account in (70, 65):
        assert_accepted(stage.give(stage.transfer(ALICE, "1", "SOL", {70: "alice.1", 65: "alice.fenced"}[account])))
        assert stage.exchange.balance(account, SOL) == (1, 0)
    assert_full(stage.give(stage.transfer(ALICE, "1", "SOL", "alice.1")), most - BALANCE_HEADROOM + 1, most)


def test_balance_rows_of_headroom_and_returned_withdrawals_are_reserved() -> None:
    rows = {name: rows for name, _, rows in TABLES}
    highest = HIGHEST[Parameter.BALANCES] + HIGHEST[Parameter.WITHDRAWALS]
    assert rows["balances"] > highest
    # A command adds two rows for each opposite order it meets, and a few of its own and of the house.
    assert 2 * HIGHEST[Parameter.FILLS_PER_COMMAND] + 16 <= BALANCE_HEADROOM
    assert rows["balance_heads"] >= 4 * rows["balances"]


def test_last_withdrawal_has_a_row_and_the_next_is_refused() -> None:
    stage = widened(Parameter.WITHDRAWALS)
    most = HIGHEST[Parameter.WITHDRAWALS]
    fill_pool(stage, WITHDRAWALS, most - 1)
    stage.play("alice withdraw 5 USDC 1 as w : WITHDRAWAL_REQUESTED 6 alice to IN_TRANSIT")
    assert_full(stage.give(stage.withdraw(ALICE, "5", "USDC", "1")), most, most)
    stage.play("op give-back w : WITHDRAWAL_RETURNED 6 IN_TRANSIT to alice")


def test_last_user_and_accounts_have_a_row_and_the_next_are_refused() -> None:
    stage = widened(Parameter.USERS)
    users, accounts = HIGHEST[Parameter.USERS], HIGHEST[Parameter.ACCOUNTS]
    venue_row = stage.tables.venue[0]
    venue_row.users, venue_row.next_account = users - 1, accounts - 3
    opened = stage.give(c.OpenUser())
    assert_accepted(opened)
    assert opened[0].account == accounts - 3
    assert_full(stage.give(c.OpenUser()), users, users)
    assert_accepted(stage.give(c.OpenAccount(user=users, sub_account=1)))
    assert_full(stage.give(c.OpenAccount(user=users, sub_account=2)), accounts, accounts)
    assert stage.exchange.account(accounts - 1).user == users
    last = stage.deposit(accounts - 1, "1000000", "USDC", "1")
    assert_accepted(stage.give(last))
    assert_accepted(stage.give(stage.bid(accounts - 1, "10", "x", "1")))
    assert [order.account for order in stage.exchange.open_orders(accounts - 1)] == [accounts - 1]


def test_last_asset_and_market_have_a_row_and_the_next_are_refused() -> None:
    stage = widened(Parameter.ASSETS)
    assets, markets = HIGHEST[Parameter.ASSETS], HIGHEST[Parameter.MARKETS]
    stage.tables.venue[0].assets, stage.tables.venue[0].markets = assets - 1, markets - 1
    listing = c.ListAsset(symbol="LAST", name="", asset_kind=1, decimals=0)
    assert_accepted(stage.give(listing))
    assert_full(stage.give(listing), assets, assets)
    pair = c.ListMarket(base_asset=assets, quote_asset=USDC, tick_atoms=1, lot_atoms=1)
    assert_accepted(stage.give(pair))
    assert_full(stage.give(pair), markets, markets)
    ask = {"account": ALICE, "market": markets, "side": 1, "price_ticks": 5, "quantity_lots": 2}
    assert_accepted(stage.give(c.Deposit(account=ALICE, asset=assets, source=9, number=1, amount_atoms=10)))
    assert_accepted(stage.give(c.PlaceOrder(**ask)))
    assert len(stage.give(c.PlaceOrder(**ask | {"account": BOB, "side": 0}))) == 2
    assert stage.exchange.market(markets).last_price_ticks == 5
    assert stage.exchange.balance(BOB, assets) == (2, 0)


@pytest.mark.parametrize("parameter", list(Parameter), ids=lambda parameter: parameter.name)
def test_parameter_beyond_its_highest_or_lowest_value_is_refused(parameter: Parameter) -> None:
    low, high, first = PARAMETER_LIMITS[parameter]
    stage = Stage()
    assert low <= first <= high and stage.exchange.parameter(parameter) == first
    for value, limit in ((low - 1, low), (high + 1, high)):
        answer = stage.give(c.SetParameter(parameter=parameter, value=value))[0]
        assert isinstance(answer, Rejected) and answer.reject == Reject.FIELD_OUT_OF_RANGE
        assert (answer.value, answer.limit) == (value, limit)
    assert stage.exchange.parameter(parameter) == first


IN_USE: dict[Parameter, tuple[int, Callable[[Stage], c.Command]]] = {
    Parameter.USERS: (3, lambda stage: c.OpenUser()),
    Parameter.ACCOUNTS: (71, lambda stage: c.OpenAccount(user=1, sub_account=2)),
    Parameter.MARKETS: (2, lambda stage: c.ListMarket(base_asset=1, quote_asset=2, tick_atoms=10**9, lot_atoms=1)),
    Parameter.ASSETS: (3, lambda stage: c.ListAsset(symbol="X", name="", asset_kind=1, decimals=0)),
    Parameter.ORDERS: (2, lambda stage: stage.bid(BOB, "9", "x", "1")),
    Parameter.WITHDRAWALS: (1, lambda stage: stage.withdraw(BOB, "1", "USDC", "0")),
    Parameter.BALANCES: (9, lambda stage: stage.transfer(ALICE, "1", "USDC", "alice.1")),
}


@pytest.mark.parametrize(("parameter", "case"), IN_USE.items(), ids=lambda value: getattr(value, "name", ""))
def test_capacity_that_is_used_up_refuses_the_next_and_cannot_go_lower(parameter: Parameter, case: Any) -> None:
    used, next_one = case
    stage = Stage()
    stage.play(
        """
        alice bid 10 x 1 : accepted, rests 1
        bob ask 20 x 1 : accepted, rests 1
        alice withdraw 5 USDC 1 : WITHDRAWAL_REQUESTED 6 alice to IN_TRANSIT
        """
    )
    refused = stage.give(c.SetParameter(parameter=parameter, value=used - 1))[0]
    if used - 1 >= PARAMETER_LIMITS[parameter][0]:
        assert isinstance(refused, Rejected) and refused.reject == Reject.BELOW_USE
        assert (refused.value, refused.limit) == (used - 1, used)
    assert_accepted(stage.give(c.SetParameter(parameter=parameter, value=used)))
    pending = 1 if parameter is Parameter.BALANCES else 0
    assert_full(stage.give(next_one(stage)), used + pending, used)


# Space for prices.


def test_levels_and_nodes_never_need_more_than_their_tables_hold() -> None:
    """Prices that share no node cost the most: nine nodes each, beside the first of a side."""
    stage = Stage()
    stage.give(c.SetMarketLimits(
        market=1, minimum_price_ticks=1, maximum_price_ticks=2**48 - 1, minimum_quantity_lots=1, maximum_quantity_lots=1
    ))  # fmt: skip
    stage.balance(ALICE, USDC).available_atoms = 2**61
    prices = sorted({1 + (n * 0x9E3779B97F4A7C15) % 2**45 for n in range(400)})
    for price in prices:
        assert_accepted(stage.give(stage.bid(ALICE, str(price), "x", "1")))
    nodes, levels = stage.tables.pools[NODES], stage.tables.pools[LEVELS]
    assert levels.rows == len(prices)
    assert len(prices) * 6 < nodes.rows <= (LEVELS_OF_TREE - 1) * len(prices) + LEVELS_OF_TREE
    assert [price for price, _ in stage.exchange.depth(1, 1_000)[0]] == prices[::-1]
    stage.give(stage.cancel_all(ALICE, "1"))
    assert (nodes.rows, levels.rows, stage.exchange.depth(1, 1)) == (0, 0, ([], []))


def test_tables_do_not_overlap_and_have_room_for_every_highest_value() -> None:
    ends = [OFFSETS[name] + dtype.itemsize * rows for name, dtype, rows in TABLES]
    begins = [OFFSETS[name] for name, _, _ in TABLES] + [RESERVED_BYTES]
    assert all(end <= begin for end, begin in zip(ends, begins[1:], strict=True))
    rows = {name: rows for name, _, rows in TABLES}
    orders, markets = HIGHEST[Parameter.ORDERS], HIGHEST[Parameter.MARKETS]
    assert rows["users"] > HIGHEST[Parameter.USERS] and rows["accounts"] > HIGHEST[Parameter.ACCOUNTS]
    assert rows["assets"] > HIGHEST[Parameter.ASSETS] and HIGHEST[Parameter.ASSETS] < 2**16
    assert rows["markets"] > markets and rows["halves"] > 2 * markets + 1
    assert rows["orders"] > orders and rows["levels"] > orders and rows["order_heads"] >= 4 * (orders + 1)
    assert rows["nodes"] > (LEVELS_OF_TREE - 1) * orders + 2 * markets * LEVELS_OF_TREE - 1
    assert max(rows.values()) < 2**31
