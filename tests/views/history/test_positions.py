"""History of perpetuals held against the core: positions, hours of funding and settlements are its own, to the atom."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from tests.reference.flow import STYLES, Flow

from ringfence.core import Exchange
from ringfence.database import sqlite_url
from ringfence.node.pages import cut_after_pages
from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount
from ringfence.schema.events import FundingCharged, Settled
from ringfence.schema.layout import RECORD, RECORD_BYTES, decode_event
from ringfence.views.catalog import Catalog
from ringfence.views.history import Fed, HistoryFeed, HistoryReader, HistoryWriter, open_history, rebuild
from ringfence.views.history.feed import PositionsRead
from ringfence.views.history.positions import Position, Positions, PositionsDiffer
from ringfence.views.history.reader import Range
from ringfence.views.history.tables import METADATA, MOVEMENTS, SETTLEMENTS
from ringfence.views.history.writer import written_positions

Batches = list[tuple[int, list[Fed]]]
PERPETUALS = STYLES.index("perpetuals")
COMMANDS = 6_000
SEEDS = [PERPETUALS + place * len(STYLES) for place in (1, 3, 6)]
"""Flows that do not leap beyond the years that a calendar has."""
ALL = Range(1_000_000)


def played(seed: int, batch_maximum: int = 40) -> tuple[Exchange, Batches]:
    """Let a flow that trades perpetuals reach a core in batches, and return what history is fed of it."""
    records = b"".join(record for record, _ in Flow(seed).steps(COMMANDS))
    commands, sizes = np.frombuffer(bytearray(records), RECORD), Random(seed)
    exchange, batches, at = Exchange(), [], 0
    feed = HistoryFeed(exchange)
    while at < commands.size:
        size = sizes.randint(1, batch_maximum)
        fed: list[Fed] = []
        for part in cut_after_pages(commands[at : at + size]):
            data = exchange.apply(part).tobytes()
            fed += feed.follow([decode_event(data[at : at + RECORD_BYTES]) for at in range(0, len(data), RECORD_BYTES)])
        batches.append((exchange.sequence, fed))
        at += size
    return exchange, batches


@pytest.fixture(scope="module")
def flows() -> dict[int, tuple[Exchange, Batches]]:
    return {seed: played(seed) for seed in SEEDS}


def write(engine: sa.Engine, batches: Batches) -> None:
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, fed in batches:
            writer.put(last_sequence, fed)
    assert writer.failure is None, writer.failure


def contents(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in METADATA.tables.items()
            if name in ("positions", "funding_payments", "funding_hours", "settlements", "movements")
        }


def users(exchange: Exchange) -> range:
    return range(FIRST_USER_ACCOUNT, exchange.next_account)


def kinds(batches: Batches, kind: type[Any]) -> list[Any]:
    return [event for _, fed in batches for event in fed if isinstance(event, kind)]


@pytest.mark.parametrize("seed", SEEDS)
def test_positions_that_stand_are_those_of_the_core(engine: sa.Engine, flows: Any, seed: int) -> None:
    exchange, batches = flows[seed]
    write(engine, batches)
    standing = {(one.account, one.market): one for one in written_positions(engine)._all()}
    rows = [row for account in (*range(1, 9), *users(exchange)) for row in exchange.positions(account)]
    traded = [row for row in rows if row.net_lots or row.reference_atoms]
    assert len([row for row in traded if row.account >= FIRST_USER_ACCOUNT]) > 1
    shared = ("net_lots", "reference_atoms", "opened", "funding_index")
    shared += ("entry_atoms", "realized_atoms", "funding_atoms", "fees_atoms")
    for row in traded:
        one = standing[row.account, row.market]
        if row.account < FIRST_USER_ACCOUNT:
            assert one.reference_atoms == row.reference_atoms
            continue
        assert {name: getattr(one, name) for name in shared} == {name: getattr(row, name) for name in shared}


@pytest.mark.parametrize("seed", SEEDS)
def test_trades_funding_and_settlements_add_up_to_every_position(engine: sa.Engine, flows: Any, seed: int) -> None:
    exchange, batches = flows[seed]
    write(engine, batches)
    reader, settled = HistoryReader(engine), defaultdict[int, int](int)
    for row in reader.settlements(users(exchange), ALL).rows:
        settled[row.position] += row.amount_atoms
    funded = defaultdict[int, int](int)
    for row in reader.funding_payments(users(exchange), ALL).rows:
        funded[row.position] += row.amount_atoms
    rows = reader.positions(users(exchange), ALL).rows
    assert len([row for row in rows if row.closed_us and row.settled_us]) > 5 and settled and funded
    for row in rows:
        one = Position(**row._mapping)
        index = exchange.perpetual(row.market).funding_index  # type: ignore[union-attr]
        pending = 0 if row.settled_us else one.pending_funding(index)
        assert row.settled_atoms == settled[row.position]
        assert row.funding_atoms - pending == funded[row.position]
        # What it has cost is what it took in and gave out: a closed one that was settled has cost nothing.
        paid = row.entry_atoms - row.realized_atoms + row.fees_atoms - row.funding_atoms
        assert row.reference_atoms == paid + row.settled_atoms - row.written_off_atoms
        assert (row.closed_us is None) == (row.net_lots != 0)
        assert row.settled_us is None or row.reference_atoms == row.net_lots == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_settlements_are_what_each_market_collected_and_paid(engine: sa.Engine, flows: Any, seed: int) -> None:
    exchange, batches = flows[seed]
    write(engine, batches)
    told = kinds(batches, Settled)
    assert any(event.short_atoms for event in told), "nobody was short of money"
    collected: defaultdict[int, int] = defaultdict(int)
    paid: defaultdict[int, int] = defaultdict(int)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(SETTLEMENTS).where(~SETTLEMENTS.c.in_case)):
            (paid if row.amount_atoms > 0 else collected)[row.market] += abs(row.amount_atoms)
    for market in {event.market for event in told}:
        ended = [event for event in told if event.market == market]
        # A settlement that is under way at the end has collected something that no event tells yet.
        under_way = exchange.perpetual(market).collected_atoms if exchange.settling else 0
        assert collected[market] == sum(event.collected_atoms for event in ended) + under_way
        assert paid[market] == sum(event.paid_atoms for event in ended)


@pytest.mark.parametrize("seed", SEEDS)
def test_movements_and_settlements_sum_to_what_everybody_holds(engine: sa.Engine, flows: Any, seed: int) -> None:
    exchange, batches = flows[seed]
    write(engine, batches)
    quotes = dict(exchange.rows()["markets"][["market", "quote_asset"]].tolist())
    holdings: defaultdict[tuple[int, int], int] = defaultdict(int)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(MOVEMENTS)):
            holdings[row.account, row.asset] += row.delta_atoms
        for row in connection.execute(sa.select(SETTLEMENTS)):
            holdings[row.account, quotes[row.market]] += row.amount_atoms
            holdings[int(HouseAccount.CLEARING), quotes[row.market]] -= row.amount_atoms
    held = {
        (int(row["account"]), int(row["asset"])): int(row["available_atoms"]) + int(row["locked_atoms"])
        for row in exchange.rows()["balances"]
    }
    assert {key: value for key, value in holdings.items() if value} == {key: n for key, n in held.items() if n}


def test_every_hour_of_funding_is_kept(engine: sa.Engine, flows: Any) -> None:
    _, batches = flows[SEEDS[0]]
    write(engine, batches)
    charged = kinds(batches, FundingCharged)
    assert len(charged) > 3
    for market in {event.market for event in charged}:
        expected = [event for event in reversed(charged) if event.market == market]
        page = HistoryReader(engine).funding_hours(market, ALL)
        assert page.total == len(expected)
        assert [(row.time_us, row.funding_rate_e10, row.funding_index) for row in page.rows] == [
            (event.time_us, event.funding_rate_e10, event.funding_index) for event in expected
        ]
        assert all(row.end_us % 3_600_000_000 == 0 and row.end_us <= row.time_us for row in page.rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_history_does_not_depend_on_batches_nor_on_stops(
    engine: sa.Engine, flows: Any, tmp_path: Path, seed: int
) -> None:
    _, batches = flows[seed]
    write(engine, batches)
    whole = contents(engine)
    _, larger = played(seed, batch_maximum=700)
    pieces = open_history(sqlite_url(tmp_path / "pieces.sqlite"))
    for end in (len(larger) // 3, 2 * len(larger) // 3, len(larger)):
        write(pieces, larger[:end])
    assert contents(pieces) == whole
    rebuild(pieces, larger)
    assert contents(pieces) == whole
    pieces.dispose()


def test_position_that_history_never_saw_opened_is_refused(flows: Any) -> None:
    _, batches = flows[SEEDS[0]]
    reading = next(one for one in kinds(batches, PositionsRead) if any(row.net_lots for row in one.rows))
    with pytest.raises(PositionsDiffer, match="rebuild history from the log"):
        Positions().read(reading)
