"""Liquidations in history: positions, loans and money are the core's after every command, and users see what happened.

A venue at random fails in every way; single cases say what a person is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.perpetual_venue import ASK, DOLLAR, PERP, SECOND_US, SOL, SPOT, USDC, WHOLE_SOL
from tests.views.history.liquidating import FailingVenue, FollowedVenue

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT, CloseReason, HouseAccount, LoanCause, LoanSource
from ringfence.schema.events import (
    CaseClosed,
    ClaimTaken,
    Deleveraged,
    EstateClosed,
    SliceEnded,
    WaveBegan,
    WrittenOff,
)
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryReader, HistoryWriter
from ringfence.views.history.estates import Closing
from ringfence.views.history.loans import Loans
from ringfence.views.history.positions import Position, Positions
from ringfence.views.history.reader import FillKinds, Range
from ringfence.views.history.rows import Changes
from ringfence.views.history.tables import MOVEMENTS, SETTLEMENTS
from ringfence.views.history.writer import written_positions
from ringfence.views.orders import SystemOrderType

ALL = Range(100_000)
CLEARING, FUND, UNCOVERED = int(HouseAccount.CLEARING), int(HouseAccount.FUND), int(HouseAccount.UNCOVERED)
COMMANDS, SEEDS = 1_500, (5, 8, 9)
RESTARTED_EVERY = 97


class Followed:
    """Everything that history keeps of a venue from batch to batch, in memory."""

    def __init__(self, venue: FollowedVenue) -> None:
        self.venue, self.at = venue, 0
        self.catalog, self.loans, self.positions = Catalog(), Loans(), Positions()
        self.holdings: Counter[tuple[int, int]] = Counter()
        self.told: Counter[str] = Counter()

    def follow(self) -> None:
        changes = Changes(self.catalog, 0, 0, self.loans, self.positions)
        for _, events in self.venue.fed[self.at :]:
            changes.add(events)
            self.told.update(type(event).__name__ for event in events)
        self.at = len(self.venue.fed)
        for row in changes.movements:
            self.holdings[row["account"], row["asset"]] += row["delta_atoms"]
        for row in self.positions.settlements:
            asset = self.catalog.market_by_number[row["market"]].quote.number
            self.holdings[row["account"], asset] += row["amount_atoms"]
            self.holdings[CLEARING, asset] -= row["amount_atoms"]

    def require_agreement(self) -> None:
        exchange = self.venue.exchange
        accounts = (*range(1, UNCOVERED + 1), *range(FIRST_USER_ACCOUNT, exchange.next_account))
        assert standing(self.positions) == {
            (row.account, row.market): (row.net_lots, row.reference_atoms)
            for account in accounts
            for row in exchange.positions(account)
            if row.net_lots or row.reference_atoms
        }
        assert {key: atoms for key, atoms in self.holdings.items() if atoms} == {
            (account, asset): available + locked
            for account in accounts
            for asset, available, locked in exchange.balances(account)
            if available + locked
        }
        assert {(one.account, one.asset): one.shares for of in self.loans._open.values() for one in of.values()} == {
            (account, asset): abs(shares) for account in accounts for asset, shares in exchange.loans(account)
        }


def standing(positions: Positions) -> dict[tuple[int, int], tuple[int, int]]:
    return {
        (one.account, one.market): (one.net_lots, one.reference_atoms)
        for one in positions._all()
        if one.net_lots or one.reference_atoms
    }


def adds_up(row: Any) -> bool:
    paid = row.entry_atoms - row.realized_atoms + row.fees_atoms - row.funding_atoms
    return bool(row.reference_atoms == paid + row.settled_atoms - row.written_off_atoms)


def write(engine: sa.Engine, venue: FollowedVenue, batch: int = 1_000_000) -> None:
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for begin in range(0, len(venue.fed), batch):
            part = venue.fed[begin : begin + batch]
            writer.put(part[-1][0], [event for _, fed in part for event in fed])
    assert writer.failure is None, writer.failure


@pytest.fixture(scope="module")
def told() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_history_is_the_core_after_every_command(told: Counter[str], seed: int) -> None:
    venue = FailingVenue(seed)
    followed = Followed(venue)
    for step in range(COMMANDS):
        if step % RESTARTED_EVERY == 0:
            venue.begin_again()
        venue.step()
        followed.follow()
        followed.require_agreement()
        assert all(adds_up(one) for one in followed.positions.changed.values() if one.account >= FIRST_USER_ACCOUNT)
    told.update(followed.told)


def test_venues_at_random_have_met_every_kind_of_end(told: Counter[str]) -> None:
    kinds = (SliceEnded, CaseClosed, WaveBegan, EstateClosed, Deleveraged, WrittenOff)
    assert {kind.__name__: told[kind.__name__] > 0 for kind in kinds} == {kind.__name__: True for kind in kinds}


@pytest.mark.parametrize("batch", [1, 7, 400])
def test_written_history_does_not_depend_on_batches(engine: sa.Engine, batch: int) -> None:
    venue = FailingVenue(SEEDS[0])
    for _ in range(500):
        venue.step()
    write(engine, venue, batch)
    followed = Followed(venue)
    followed.follow()
    assert standing(written_positions(engine)) == standing(followed.positions)
    users = range(FIRST_USER_ACCOUNT, venue.exchange.next_account)
    sums: defaultdict[int, int] = defaultdict(int)
    for row in HistoryReader(engine).settlements(users, ALL).rows:
        sums[row.position] += row.amount_atoms
    rows = HistoryReader(engine).positions(users, ALL).rows
    assert all(adds_up(row) and row.settled_atoms == sums[row.position] for row in rows)
