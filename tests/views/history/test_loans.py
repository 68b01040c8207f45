"""History of loans held against the venue: movements and interest of a position add up to what it is worth."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from ringfence.database import sqlite_url
from ringfence.schema.enums import LoanCause
from ringfence.views import lending
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryReader, HistoryWriter, open_history, rebuild
from ringfence.views.history.loans import LENT
from ringfence.views.history.reader import Range
from ringfence.views.history.tables import LOANS, METADATA, MOVEMENTS

from ..test_lending import lending_commands, price, random_loans
from ..venue import USERS, Venue, listed_venue

Batches = list[tuple[int, list[object]]]


def loans_of(seed: int, count: int) -> tuple[Venue, Batches]:
    venue, first = listed_venue()
    batches: Batches = [(venue.sequence, first)]
    original = venue.do

    def recorded(*commands, **more):
        events = original(*commands, **more)
        batches.append((venue.sequence, events))
        return events

    venue.do = recorded  # type: ignore[method-assign]
    venue.do(*lending_commands())
    price(venue, 100 * 10**8)
    random_loans(venue, seed, count)
    return venue, batches


def write(engine: sa.Engine, batches: Batches) -> None:
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, events in batches:
            writer.put(last_sequence, events)  # type: ignore[arg-type]
    assert writer.failure is None, writer.failure


def contents(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(sa.select(table)))
            for name, table in METADATA.tables.items()
            if name.startswith(("loan", "interest", "lending"))
        }


@pytest.mark.parametrize("seed", range(4))
def test_movements_and_interest_add_up_to_every_position(engine: sa.Engine, seed: int) -> None:
    _, batches = loans_of(seed, 120)
    write(engine, batches)
    reader, given = HistoryReader(engine), defaultdict[int, int](int)
    for row in reader.loan_movements(USERS, Range(100_000)).rows:
        given[row.position] += row.amount_atoms * (1 if row.cause in (LoanCause.LEND, LoanCause.BORROW) else -1)
    paid = defaultdict[int, int](int)
    for row in reader.interest_payments(USERS, Range(100_000)).rows:
        paid[row.position] += row.amount_atoms
    rows = reader.loans(USERS, Range(100_000)).rows
    assert {row.position for row in rows} == set(given) and len(rows) > 3
    assert paid, "no interest was paid at all"
    for row in rows:
        assert row.interest_atoms == paid[row.position] + row.unpaid_atoms
        assert row.quantity_atoms == given[row.position] + row.interest_atoms
        assert (row.shares == 0) == (row.closed_us is not None)


@pytest.mark.parametrize("seed", range(4))
def test_open_positions_are_the_loans_of_the_core(engine: sa.Engine, seed: int) -> None:
    venue, batches = loans_of(seed, 120)
    write(engine, batches)
    found = {
        (row.account, row.asset): row.shares if row.side == LENT else -row.shares
        for row in HistoryReader(engine).loans(USERS, Range(1_000), is_open=True).rows
    }
    assert found == {(account, asset): n for account in USERS for asset, n in venue.exchange.loans(account)}
    for row in HistoryReader(engine).loans(USERS, Range(1_000), is_open=True).rows:
        pool = venue.exchange.lending_pool(row.asset)
        assert pool is not None
        if row.side != LENT:
            assert row.quantity_atoms == lending.debt_of(pool, -row.shares)
        else:
            # Others may have borrowed since, which lenders earn at once and are told at the next hour.
            assert row.quantity_atoms <= lending.claim_atoms(pool, row.shares)


def test_movements_of_money_sum_to_what_everybody_holds(engine: sa.Engine) -> None:
    venue, batches = loans_of(9, 120)
    write(engine, batches)
    holdings: defaultdict[tuple[int, int], int] = defaultdict(int)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(MOVEMENTS)):
            holdings[row.account, row.asset] += row.delta_atoms
    rows = venue.exchange.rows()["balances"]
    held = {
        (int(row["account"]), int(row["asset"])): int(row["available_atoms"]) + int(row["locked_atoms"]) for row in rows
    }
    assert {key: value for key, value in holdings.items() if value} == {key: n for key, n in held.items() if n}


def test_history_that_stops_and_goes_on_is_that_of_one_piece(engine: sa.Engine, tmp_path: Path) -> None:
    _, batches = loans_of(3, 100)
    write(engine, batches)
    pieces = open_history(sqlite_url(tmp_path / "pieces.sqlite"))
    for end in (len(batches) // 3, 2 * len(batches) // 3, len(batches)):
        write(pieces, batches[:end])
    assert contents(pieces) == contents(engine)
    rebuild(pieces, batches)  # type: ignore[arg-type]
    assert contents(pieces) == contents(engine)
    pieces.dispose()
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(LOANS)) == len(contents(engine)["loans"])
