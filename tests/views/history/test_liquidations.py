"""Liquidations in history: positions, loans and money are the core's after every command, and users see what happened.

A venue at random fails in every way; single cases say what a person is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.perpetual_venue import ASK, BID, DOLLAR, SOL, SPOT, USDC, WHOLE_SOL
from tests.views.history.liquidating import FailingVenue, FollowedVenue

from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount, LoanCause, LoanSource
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
from ringfence.views.history.positions import Positions
from ringfence.views.history.reader import FillKinds, Range
from ringfence.views.history.rows import Changes
from ringfence.views.history.writer import written_positions
from ringfence.views.orders import SystemOrderType

ALL = Range(100_000)
CLEARING, FUND, UNCOVERED = int(HouseAccount.CLEARING), int(HouseAccount.FUND), int(HouseAccount.UNCOVERED)
COMMANDS, SEEDS = 1_500, (5, 8, 9)
RESTARTED_EVERY = 97
ON_BOOK = SystemOrderType.LIQUIDATE_POSITION_ON_BOOK


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


class Estates(FollowedVenue):
    """Alice has money and lends SOL, carol has SOL, and bob has 300 dollars; nobody bids, so waves close positions."""

    def __init__(self) -> None:
        super().__init__(3)
        self.alice, self.bob, self.carol = self.accounts
        self.fund(self.alice, 100_000 * DOLLAR)
        self.fund(self.alice, 100 * WHOLE_SOL, SOL)
        self.fund(self.carol, 1_000 * WHOLE_SOL, SOL)
        self.fund(self.bob, 300 * DOLLAR)
        self.must(c.Lend(account=self.alice, asset=SOL, amount_atoms=50 * WHOLE_SOL))

    def lend_away(self, dollars: int) -> None:
        """Let bob lend so much, and carol borrow all of it."""
        self.must(c.Lend(account=self.bob, asset=USDC, amount_atoms=dollars * DOLLAR))
        self.must(c.Borrow(account=self.carol, asset=USDC, amount_atoms=dollars * DOLLAR))

    def save(self, dollars: int) -> None:
        """Let FUND have money."""
        self.fund(HouseAccount.SUSPENSE, dollars * DOLLAR)
        move = {"account": HouseAccount.SUSPENSE, "to_account": FUND, "asset": USDC}
        self.must(c.MoveHouseFunds(**move, amount_atoms=dollars * DOLLAR))

    def fail(self, dollars: float) -> None:
        """Let the price jump, cases open, and take their steps until they end, waiting for a Clock twice."""
        for _ in range(3):
            self.let(dollars)
            self.give(c.OpenCases())
            while self.exchange.cases_due or self.exchange.deleveraging:
                self.give(c.StepCase() if self.exchange.cases_due else c.Deleverage())

    def kept(self) -> Followed:
        followed = Followed(self)
        followed.follow()
        followed.require_agreement()
        return followed


def test_estate_that_is_written_off_gives_its_profit_and_its_claim_to_fund_and_its_debt_to_uncovered(
    engine: sa.Engine,
) -> None:
    venue = Estates()
    venue.trade(venue.alice, venue.bob, 100, 1_000)
    venue.let(99)
    venue.trade(venue.bob, venue.alice, 99, 1_000)
    venue.lend_away(50)
    venue.must(c.Borrow(account=venue.bob, asset=SOL, amount_atoms=2 * WHOLE_SOL))
    (asked,) = venue.must(c.RequestWithdrawal(account=venue.bob, asset=SOL, amount_atoms=2 * WHOLE_SOL))
    venue.must(c.SettleWithdrawal(withdrawal=asked.sequence))
    venue.fail(300)
    assert venue.exchange.balances(venue.bob) == [] and venue.kept()
    write(engine, venue)
    reader = HistoryReader(engine)
    (position,) = reader.positions([venue.bob], ALL).rows
    assert (position.written_off_atoms, position.reference_atoms) == (-10 * DOLLAR, 0)
    assert position.settled_us is not None and position.realized_atoms == 10 * DOLLAR
    (due,) = reader.positions([FUND], ALL).rows
    assert (due.net_lots, due.reference_atoms) == (0, -10 * DOLLAR)
    ended = [row for row in reader.loan_movements([venue.bob], ALL).rows if row.source == LoanSource.LIQUIDATION]
    assert sorted((row.asset, row.cause, row.quantity_atoms) for row in ended) == [
        (USDC, LoanCause.WRITE_OFF, 0),
        (SOL, LoanCause.WRITE_OFF, 0),
    ]
    for house, asset, side in ((FUND, USDC, 1), (UNCOVERED, SOL, 2)):
        (loan,) = reader.loans([house], ALL).rows
        (moved,) = reader.loan_movements([house], ALL).rows
        (left,) = [row for row in ended if row.asset == asset]
        assert (loan.asset, loan.side, loan.closed_us, moved.cause) == (asset, side, None, LoanCause.TAKE_OVER)
        assert moved.amount_atoms == left.amount_atoms == loan.quantity_atoms > 0
    assert all(row.closed_us is not None for row in reader.loans([venue.bob], ALL).rows)


def test_claim_that_fund_buys_pays_a_loss_and_is_told_as_money_that_came_and_went(engine: sa.Engine) -> None:
    venue = Estates()
    rates = {"weight_e8": 8 * 10**7, "initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
    venue.must(c.SetCollateral(asset=USDC, **rates))
    venue.save(100)
    venue.trade(venue.bob, venue.alice, 100, 10_000)
    venue.lend_away(300)
    venue.fail(97.5)
    followed = venue.kept()
    assert followed.told[ClaimTaken.__name__] == 1
    write(engine, venue)
    reader = HistoryReader(engine)
    (paid,) = reader.settlements([venue.bob], ALL).rows
    assert paid.amount_atoms == -100 * DOLLAR and paid.in_case
    (came,) = reader.movements([venue.bob], ALL, cause="CLAIM_TAKEN").rows
    assert came.delta_atoms == 100 * DOLLAR
    (claim,) = reader.loans([FUND], ALL).rows
    assert (claim.asset, claim.side, claim.quantity_atoms) == (USDC, 1, 100 * DOLLAR)
    (position,) = reader.positions([venue.bob], ALL).rows
    assert (position.net_lots, position.liquidated_lots, position.reference_atoms) == (0, 10_000, 150 * DOLLAR)


def test_loss_that_nobody_pays_is_borne_by_uncovered(engine: sa.Engine) -> None:
    venue = Estates()
    venue.trade(venue.bob, venue.alice, 100, 10_000)
    venue.settle(100)
    # Whoever stands on the other side in the end has no profit that could be taken.
    venue.fund(venue.carol, 100_000 * DOLLAR)
    venue.let(95)
    venue.place(venue.carol, ASK, 95, 10_000)
    venue.place(venue.alice, BID, 95, 10_000, time_in_force=1)
    venue.fail(95)
    venue.kept()
    write(engine, venue)
    reader = HistoryReader(engine)
    (owed,) = reader.positions([UNCOVERED], ALL).rows
    (lost,) = reader.positions([venue.bob], ALL).rows
    assert owed.reference_atoms == 200 * DOLLAR and lost.reference_atoms == 0
    assert lost.settled_atoms == -300 * DOLLAR == lost.realized_atoms, "the rest he need not pay"
    (clearing,) = reader.positions([CLEARING], ALL).rows
    assert (clearing.net_lots, clearing.reference_atoms) == (0, 0)


def test_closing_is_priced_against_whose_lots_it_was() -> None:
    assert Closing(10, 1_001, 10).price_ticks == 11 and Closing(-10, -1_001, 10).price_ticks == 10
    assert Closing(10, 1_000, 10).price_ticks == 10 == Closing(-10, -1_000, 10).price_ticks
    assert (Closing(-10, 5, 10).price_ticks, Closing(-10, 5, 10).quote_atoms) == (0, -5)
    assert (Closing(10, -5, 10).price_ticks, Closing(10, -5, 10).quote_atoms) == (0, -5)


def test_slices_and_deleveragings_are_found_by_their_kind(engine: sa.Engine) -> None:
    venue = FailingVenue(SEEDS[1])
    for _ in range(COMMANDS):
        venue.step()
    write(engine, venue)
    reader, users = HistoryReader(engine), range(FIRST_USER_ACCOUNT, venue.exchange.next_account)
    total = reader.fills(users, ALL).total
    kinds = [None, *SystemOrderType]
    by_kind = {kind: reader.fills(users, ALL, kinds=FillKinds([kind])) for kind in kinds}
    assert sum(page.total for page in by_kind.values()) == total
    assert reader.fills(users, ALL, kinds=FillKinds(kinds)).total == total
    closed = by_kind[SystemOrderType.LIQUIDATE_POSITION_ON_ADL].rows
    assert closed and {(row.trade, row.fee_atoms, row.client_id) for row in closed} == {(0, 0, None)}
    on_book = by_kind[SystemOrderType.LIQUIDATE_POSITION_ON_BOOK].rows
    slices = [row for row in reader.orders(users, ALL).rows if row.system_order_type == ON_BOOK]
    assert {row.order_id for row in on_book} == {row.order_id for row in slices if row.executed_lots}
    in_spot = reader.fills(users, ALL, kinds=FillKinds([], [SPOT])).rows
    assert {row.market for row in in_spot} <= {SPOT} and len(in_spot) == sum(row.market == SPOT for row in on_book)
