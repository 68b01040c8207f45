"""History held against the venue itself: what the tables say adds up to what the core holds."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.database import sqlite_url
from ringfence.schema.commands import Clock, RequestWithdrawal, ReturnWithdrawal, SettleWithdrawal
from ringfence.schema.enums import STOP_LOSS, TAKE_PROFIT, OrderType, Side
from ringfence.schema.events import Event, Trade
from ringfence.views.candles import DAY_US, Candle, Interval, fold
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryFailed, HistoryGap, HistoryReader, HistoryWriter, open_history, rebuild
from ringfence.views.history.loans import Loans
from ringfence.views.history.positions import Positions
from ringfence.views.history.reader import Range
from ringfence.views.history.rows import Changes
from ringfence.views.history.statements import BatchStatements
from ringfence.views.history.tables import CURSOR, METADATA, MOVEMENTS, ORDERS, TRADES
from ringfence.views.market_data import MarketData
from ringfence.views.seeding import seed_market_data
from ringfence.views.triggers import Condition, Conditions

from ..venue import ALICE, BOB, SHARE_USDC, SOL_USDC, USDC, USERS, RandomFlow, Venue, limit, listed_venue

Batch = tuple[int, list[Event]]


def random_batches(seed: int, counts: list[int]) -> tuple[Venue, list[Batch]]:
    venue, events = listed_venue()
    batches = [(venue.sequence, events)]
    flow = RandomFlow(venue, seed)
    for count in counts:
        events = flow.batch(count)
        batches.append((venue.sequence, events))
    return venue, batches


def write(engine: sa.Engine, batches: list[Batch]) -> None:
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, events in batches:
            writer.put(last_sequence, events)
    assert writer.failure is None and writer.written_sequence == batches[-1][0]


def contents(engine: sa.Engine) -> dict[str, Counter[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: Counter(tuple(row) for row in connection.execute(sa.select(table)))
            for name, table in METADATA.tables.items()
        }


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_history_of_any_flow_adds_up_to_the_state(seed: int, counts: list[int]) -> None:
    venue, batches = random_batches(seed, counts)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_history(sqlite_url(Path(folder) / "history.sqlite"))
        write(engine, batches)
        check_movements(venue, engine)
        check_orders(venue, engine)
        check_triggers(venue, batches, engine)
        check_klines(batches, engine)
        check_withdrawals(venue, engine)
        engine.dispose()


def check_movements(venue: Venue, engine: sa.Engine) -> None:
    holdings: defaultdict[tuple[int, int], int] = defaultdict(int)
    events: defaultdict[tuple[int, int, int], int] = defaultdict(int)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(MOVEMENTS)):
            holdings[row.account, row.asset] += row.delta_atoms
            events[row.sequence, row.event_index, row.asset] += row.delta_atoms
    assert set(events.values()) <= {0}
    balances = venue.exchange.rows()["balances"]
    held = {
        (int(row["account"]), int(row["asset"])): int(row["available_atoms"] + row["locked_atoms"]) for row in balances
    }
    assert {key: atoms for key, atoms in holdings.items() if atoms} == held


def check_orders(venue: Venue, engine: sa.Engine) -> None:
    reader = HistoryReader(engine)
    rows = {row.order_id: row for row in reader.orders(USERS, Range(limit=10_000)).rows}
    executed: Counter[int] = Counter()
    quote: Counter[int] = Counter()
    for fill in reader.fills(USERS, Range(limit=10_000)).rows:
        executed[fill.order_id] += fill.quantity_lots
        quote[fill.order_id] += fill.quote_atoms
        assert fill.client_id == rows[fill.order_id].client_id
    open_orders = {order.order: order for user in USERS for order in venue.exchange.open_orders(user)}
    assert {number for number, row in rows.items() if row.status in ("New", "PartiallyFilled")} == set(open_orders)
    for number, row in rows.items():
        assert (row.executed_lots, row.executed_quote_atoms) == (executed[number], quote[number])
        if row.trigger_ticks is None:
            assert (row.close_reason is None) == (row.status in ("New", "PartiallyFilled", "Filled"))
        if row.status == "Filled" and row.order_type == OrderType.LIMIT:
            assert row.executed_lots == row.quantity_lots
        assert (row.status == "New") <= (executed[number] == 0)
        assert (row.status == "PartiallyFilled") <= (executed[number] > 0)
    for number, order in open_orders.items():
        row = rows[number]
        assert row.quantity_lots - row.executed_lots == order.remaining_lots
        assert (row.price_ticks, row.client_id) == (order.price_ticks, order.client_id)
        assert (row.triggered_us or row.created_us) == order.created_us


def check_triggers(venue: Venue, batches: list[Batch], engine: sa.Engine) -> None:
    """Hold what waits, and what waited before it was placed, to the core and to what was followed event by event."""
    reader, conditions = HistoryReader(engine), Conditions()
    for event in (event for _, events in batches for event in events):
        conditions.apply(event)
        conditions.forget_ended()
    unended = {row.order_id: Condition.of_history(row) for row in reader.triggers()}
    assert unended == {number: conditions.get(number) for number in unended}
    waiting = {row.trigger: row for user in USERS for row in venue.exchange.triggers(user)}
    rows = {row.order_id: row for row in reader.orders(USERS, Range(limit=10_000)).rows}
    assert {number for number, row in rows.items() if row.status == "TriggerPending"} == set(waiting)
    for number, waits in waiting.items():
        assert unended[number] == Condition.of_row(waits)
        row = rows[number]
        assert (row.side, row.order_type, row.price_ticks) == (waits.side, waits.order_type, waits.price_ticks)
        assert (row.quantity_lots, row.executed_lots, row.triggered_us) == (0, 0, None)
    for number, row in rows.items():
        assert (row.status == "TriggerFailed") == (row.reject is not None)
        assert row.take_profit_trigger_ticks in (None, 993, 1_007)
        attached = (number + TAKE_PROFIT in rows, number + STOP_LOSS in rows) if number < TAKE_PROFIT else (0, 0)
        assert attached == (row.take_profit_trigger_ticks is not None, row.stop_loss_trigger_ticks is not None)


def check_klines(batches: list[Batch], engine: sa.Engine) -> None:
    trades = [event for _, events in batches for event in events if isinstance(event, Trade)]
    reader = HistoryReader(engine)
    for market in (SOL_USDC, SHARE_USDC):
        seconds = [candle for number, candle in fold(trades) if number == market]
        for interval in Interval:
            expected = {}
            for candle in seconds:
                start_us = interval.start_us(candle.start_us)
                if start_us in expected:
                    expected[start_us].add(candle)
                else:
                    expected[start_us] = candle.copy(start_us)
            assert reader.klines(market, interval, 0, 2**62, 10_000) == list(expected.values())


def check_withdrawals(venue: Venue, engine: sa.Engine) -> None:
    rows = HistoryReader(engine).withdrawals(USERS, Range(limit=10_000, ascending=True)).rows
    assert [row.withdrawal for row in rows] == list(range(1, len(rows) + 1))
    pending = set(venue.exchange.rows()["withdrawals"]["withdrawal"].tolist())
    assert {row.sequence for row in rows if row.status == "pending"} == pending
    assert {row.fee_atoms for row in rows if row.status == "settled"} <= {500}


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 40), min_size=2, max_size=6), st.data())
def test_history_fed_again_from_any_batch_is_the_same(seed: int, counts: list[int], data: st.DataObject) -> None:
    _, batches = random_batches(seed, counts)
    with tempfile.TemporaryDirectory() as folder:
        straight = open_history(sqlite_url(Path(folder) / "straight.sqlite"))
        write(straight, batches)
        crashed = open_history(sqlite_url(Path(folder) / "crashed.sqlite"))
        write(crashed, batches[: data.draw(st.integers(1, len(batches)), label="batches before the crash")])
        # After the crash the feed begins with the first command; batches are cut otherwise than before it.
        joined = [event for _, events in batches for event in events]
        write(crashed, [(batches[-1][0], joined)])
        assert contents(crashed) == contents(straight)
        straight.dispose()
        crashed.dispose()


def test_crash_within_a_transaction_leaves_rows_and_cursor_as_before(engine: sa.Engine) -> None:
    _, batches = random_batches(5, [40, 40])
    write(engine, batches[:2])
    before = contents(engine)
    writer = HistoryWriter(engine, Catalog(), 0)

    def fail(_connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO cursor" in statement:
            raise OSError("no space left")

    sa.event.listen(engine, "before_cursor_execute", fail)
    writer.put(batches[-1][0], [event for _, events in batches for event in events])
    with pytest.raises(HistoryFailed, match=f"^history stopped after command {batches[1][0]}: .*no space left"):
        writer.wait_for(batches[-1][0], 5)
    with pytest.raises(HistoryFailed):
        writer.put(batches[-1][0] + 1, [])
    writer.close()
    sa.event.remove(engine, "before_cursor_execute", fail)
    assert contents(engine) == before
    write(engine, batches)
    assert HistoryReader(engine).written_sequence() == batches[-1][0]


def test_feed_that_begins_after_the_cursor_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(HistoryGap, match=r"^history ends at command 0 and the feed begins after 7: begin the feed"):
        HistoryWriter(engine, Catalog(), 7)


def test_history_of_a_longer_log_is_refused(engine: sa.Engine) -> None:
    venue, events = listed_venue()
    write(engine, [(venue.sequence, events)])
    with pytest.raises(HistoryGap, match=r"^history holds commands up to \d+ and the log ends at 3: it was written"):
        HistoryWriter(engine, Catalog(), 0, log_sequence=3)
    HistoryWriter(engine, Catalog(), 0, log_sequence=venue.sequence).close()


def test_readers_see_whole_batches_while_the_writer_writes(engine: sa.Engine) -> None:
    _, batches = random_batches(21, [40] * 30)
    reader, seen = HistoryReader(engine), set[int]()
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, events in batches:
            writer.put(last_sequence, events)
            with engine.connect() as connection:
                sums = connection.execute(
                    sa.select(MOVEMENTS.c.sequence, sa.func.sum(MOVEMENTS.c.delta_atoms)).group_by(
                        MOVEMENTS.c.sequence, MOVEMENTS.c.event_index, MOVEMENTS.c.asset
                    )
                ).all()
            assert all(total == 0 for _, total in sums)
            seen.add(reader.written_sequence())
    assert writer.failure is None and seen <= {0, *(last for last, _ in batches)}


def test_rebuild_gives_the_same_history(engine: sa.Engine) -> None:
    _, batches = random_batches(3, [50, 50, 50])
    write(engine, batches)
    before = contents(engine)
    with engine.begin() as connection:
        connection.execute(sa.delete(ORDERS))
        connection.execute(sa.update(CURSOR).values(sequence=10**9))
    told: list[int] = []
    assert rebuild(engine, batches, told.append) == batches[-1][0]
    assert told == [last for last, _ in batches]
    assert contents(engine) == before


def test_queue_that_is_full_takes_no_more_until_it_is_written(engine: sa.Engine) -> None:
    venue, events = listed_venue()
    gate = threading.Event()

    def wait(*_: object) -> None:
        gate.wait(10)

    with HistoryWriter(engine, Catalog(), 0, queued_events_maximum=10) as writer:
        sa.event.listen(engine, "before_cursor_execute", wait)
        assert writer.put(venue.sequence, events)
        taken = 0
        while taken < 10 and writer.put(venue.sequence + 1 + taken, events, timeout_s=0):
            taken += 1
        # One batch is in the hands of the writer, one more goes over the limit.
        assert taken < 3 and writer.queued_events <= 10 + len(events)
        gate.set()
        assert writer.wait_for(venue.sequence + taken, 10)
    sa.event.remove(engine, "before_cursor_execute", wait)


def test_reached_in_an_event_loop_waits_for_the_command(engine: sa.Engine) -> None:
    venue, events = listed_venue()

    async def play(writer: HistoryWriter) -> tuple[bool, bool]:
        too_early = await writer.reached(venue.sequence, 0.01)
        waiting = asyncio.create_task(writer.reached(venue.sequence, 10))
        await asyncio.sleep(0)
        writer.put(venue.sequence, events)
        return too_early, await waiting

    with HistoryWriter(engine, Catalog(), 0) as writer:
        assert asyncio.run(play(writer)) == (False, True)
        assert writer.wait_for(venue.sequence, 0)


def test_fills_are_paged_filtered_and_sorted(engine: sa.Engine) -> None:
    venue, events = listed_venue()
    events += venue.do(limit(ALICE, Side.BID, 1_000, 30, client_id=7))
    for lots in (5, 6, 7):
        events += venue.do(limit(BOB, Side.ASK, 1_000, lots), advance_us=1_000_000)
    write(engine, [(venue.sequence, events)])
    reader = HistoryReader(engine)
    page = reader.fills([ALICE], Range(limit=2))
    assert (page.total, [fill.quantity_lots for fill in page.rows]) == (3, [7, 6])
    assert [fill.quantity_lots for fill in reader.fills([ALICE], Range(limit=2, offset=2)).rows] == [5]
    assert [fill.quantity_lots for fill in reader.fills([ALICE], Range(ascending=True)).rows] == [5, 6, 7]
    middle_us = venue.time_us - 1_000_000
    inside = reader.fills([ALICE], Range(from_us=middle_us, to_us=middle_us + 1))
    assert (inside.total, inside.rows[0].quantity_lots) == (1, 6)
    maker, taker = page.rows[0], reader.fills([BOB]).rows[0]
    assert (maker.is_maker, maker.side, maker.client_id, maker.fee_asset) == (True, Side.BID, 7, 1)
    assert (taker.is_maker, taker.side, taker.client_id, taker.fee_asset) == (False, Side.ASK, -1, USDC)
    assert maker.fee_atoms == 7 * 10**6 * 200 // 10**6
    assert reader.fills([BOB], order_id=venue.sequence).total == 1
    assert reader.fills([ALICE], market=SHARE_USDC).total == reader.fills([ALICE], is_maker=False).total == 0
    assert reader.orders([ALICE], client_id=7).rows[0].status == "PartiallyFilled"


def test_withdrawals_say_how_they_ended(engine: sa.Engine) -> None:
    venue, events = listed_venue()
    ask = RequestWithdrawal(account=ALICE, asset=USDC, amount_atoms=1_000, fee_atoms=10)
    events += venue.do(ask, ask, ask)
    first = venue.sequence - 2
    events += venue.do(SettleWithdrawal(withdrawal=first), ReturnWithdrawal(withdrawal=first + 1))
    half = [event for event in events if event.sequence <= first + 1]
    write(engine, [(first + 1, half), (venue.sequence, [event for event in events if event.sequence > first + 1])])
    rows = HistoryReader(engine).withdrawals([ALICE], Range(ascending=True)).rows
    assert [(row.sequence, row.status, row.reserved_atoms, row.fee_atoms) for row in rows] == [
        (first, "settled", 1_010, 10),
        (first + 1, "returned", 1_010, None),
        (first + 2, "pending", 1_010, None),
    ]
    deposits = HistoryReader(engine).deposits([ALICE])
    assert (deposits.total, [row.source_number for row in deposits.rows]) == (3, [3, 2, 1])


def test_candles_of_a_second_are_forgotten_after_a_day_and_no_others(engine: sa.Engine) -> None:
    venue, events = listed_venue()
    events += venue.do(limit(ALICE, Side.BID, 1_000, 30), limit(BOB, Side.ASK, 1_000, 10))
    write(engine, [(venue.sequence, events)])
    later = venue.do(Clock(), advance_us=2 * DAY_US)
    with HistoryWriter(engine, Catalog.from_exchange(venue.exchange), venue.sequence - 1) as writer:
        writer.put(venue.sequence, later)
    reader = HistoryReader(engine)
    assert reader.klines(SOL_USDC, Interval.SECOND, 0, 2**62) == []
    assert len(reader.klines(SOL_USDC, Interval.MINUTE, 0, 2**62)) == 1


def test_candle_sums_stop_at_the_largest_integer(engine: sa.Engine) -> None:
    statements = BatchStatements(engine)
    for sequence in (1, 2, 3):
        changes = Changes(Catalog(), 0, 0, Loans(), Positions())
        changes.klines[SOL_USDC, "1m", 0] = Candle(0, 5, 5, 5, 5, 2**48, 2**62, 1)
        with engine.begin() as connection:
            statements.run(connection, changes, sequence)
    candle = HistoryReader(engine).klines(SOL_USDC, Interval.MINUTE, 0, 2**62)[0]
    assert (candle.quote_atoms, candle.volume_lots, candle.trades) == (2**63 - 1, 3 * 2**48, 3)


def test_market_data_seeded_from_history_equals_data_that_never_stopped(engine: sa.Engine) -> None:
    venue, first = listed_venue()
    unbroken, flow = MarketData(venue.exchange), RandomFlow(venue, 11)
    batches = [(venue.sequence, first)]
    for _ in range(60):
        events = flow.batch(20)
        unbroken.apply(events, venue.exchange)
        batches.append((venue.sequence, events))
    write(engine, batches)
    seeded = MarketData(venue.exchange, venue.sequence)
    seed_market_data(seeded, HistoryReader(engine), [SOL_USDC, SHARE_USDC], venue.time_us)
    # Events that history holds come again when a feed begins earlier: they must not count twice.
    seeded.apply(batches[-1][1], venue.exchange)
    for _ in range(2):
        for market in (SOL_USDC, SHARE_USDC):
            assert seeded.trades(market) == unbroken.trades(market) != []
            assert [seeded.ticker(market, name) for name in ("1d", "1w")] == [
                unbroken.ticker(market, name) for name in ("1d", "1w")
            ]
        events = flow.batch(40)
        seeded.apply(events, venue.exchange)
        unbroken.apply(events, venue.exchange)


def test_trades_of_a_market_are_read_newest_first(engine: sa.Engine) -> None:
    _, batches = random_batches(9, [60, 60])
    write(engine, batches)
    page = HistoryReader(engine).trades(SOL_USDC, Range(limit=5, offset=1))
    with engine.connect() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(TRADES).where(TRADES.c.market == SOL_USDC))
    assert page.total == total
    assert [row.trade for row in page.rows] == list(range(page.total - 1, page.total - 6, -1))
