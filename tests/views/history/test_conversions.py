"""Conversions of collateral and delistings in history: positions are the core's, also for a feed that begins midway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL
from tests.views.history.liquidating import FollowedVenue

from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT, CloseReason, Delisting, HouseAccount, Settling
from ringfence.schema.events import CollateralConverted, Trade
from ringfence.schema.layout import body_fields
from ringfence.views.catalog import Catalog
from ringfence.views.history import Fed, HistoryReader, HistoryWriter
from ringfence.views.history.feed import PositionsRead
from ringfence.views.history.positions import Positions, PositionsDiffer
from ringfence.views.history.reader import FillKinds, Range
from ringfence.views.history.writer import written_positions
from ringfence.views.orders import SystemOrderType

ALL = Range(10_000)


class ConvertingVenue(FollowedVenue):
    """The same, where an asset can be sold as collateral."""

    def convert(self, asset: int, market: int) -> None:
        row = self.exchange.collateral(asset)
        present = {field.name: getattr(row, field.name) for field in body_fields(c.SetCollateral)}
        self.must(c.SetCollateral(**(present | {"conversion_market": market})))


def losing(losers: int) -> tuple[ConvertingVenue, list[int]]:
    """Return a venue whose losers have 100 dollars and 50 SOL each, long 10 SOL at 100, before a fall to 80."""
    venue = ConvertingVenue(losers + 1)
    winner, *accounts = venue.accounts
    venue.convert(SOL, SPOT)
    venue.fund(winner, 10**6 * DOLLAR)
    for account in accounts:
        venue.fund(account, 100 * DOLLAR)
        venue.fund(account, 50 * WHOLE_SOL, SOL)
        venue.trade(account, winner, 100, 1_000)
    venue.must(venue.order(winner, BID, 79, 10_000, market=SPOT))
    return venue, accounts


def fall(venue: ConvertingVenue) -> None:
    """Let the price fall, and a settlement come to where collateral is sold."""
    venue.end_settlement()
    venue.let(80, 10)
    while venue.exchange.rows()["venue"]["settling"][0] == Settling.COLLECTING:
        venue.give(c.ContinueSettlement())
    assert venue.exchange.converting > 1


def write(engine: sa.Engine, fed: Sequence[tuple[int, list[Fed]]]) -> None:
    with HistoryWriter(engine, Catalog(), 0) as writer:
        for last_sequence, batch in fed:
            writer.put(last_sequence, batch)
    assert writer.failure is None, writer.failure


def follow(told: Sequence[PositionsRead | Trade]) -> None:
    positions = Positions()
    for one in told:
        if isinstance(one, Trade):
            positions.traded(one)
        else:
            positions.read(one)


def agree(engine: sa.Engine, venue: ConvertingVenue) -> None:
    """Require that positions of history are those of the core, and that settlements add up to each."""
    standing = {(one.account, one.market): one for one in written_positions(engine)._all()}
    users = range(FIRST_USER_ACCOUNT, venue.exchange.next_account)
    rows = [row for account in users for row in venue.exchange.positions(account)]
    shared = ("net_lots", "reference_atoms", "entry_atoms", "realized_atoms", "funding_atoms", "fees_atoms")
    for row in rows:
        if row.net_lots or row.reference_atoms:
            one = standing.pop((row.account, row.market))
            assert {name: getattr(one, name) for name in shared} == {name: getattr(row, name) for name in shared}
    assert [key for key in standing if key[0] >= FIRST_USER_ACCOUNT] == []
    reader, settled = HistoryReader(engine), dict[int, int]()
    for row in reader.settlements(users, ALL).rows:
        settled[row.position] = settled.get(row.position, 0) + row.amount_atoms
    for row in reader.positions(users, ALL).rows:
        assert row.settled_atoms == settled.get(row.position, 0)
        paid = row.entry_atoms - row.realized_atoms + row.fees_atoms - row.funding_atoms
        assert row.reference_atoms == paid + row.settled_atoms


@pytest.mark.parametrize("begins_again", [False, True])
def test_positions_after_conversions_are_those_of_the_core(engine: sa.Engine, begins_again: bool) -> None:
    venue, accounts = losing(4)
    fall(venue)
    while venue.exchange.converting:
        venue.give(c.ConvertCollateral())
        if begins_again:
            venue.begin_again()
    venue.end_settlement()
    write(engine, venue.fed)
    agree(engine, venue)
    reader = HistoryReader(engine)
    sold = reader.fills(accounts, ALL, kinds=FillKinds([SystemOrderType.COLLATERAL_CONVERSION]))
    assert sold.total == len(accounts) and {row.account for row in sold.rows} == set(accounts)
    assert {row.system_order_type for row in sold.rows} == {SystemOrderType.COLLATERAL_CONVERSION}
    own = reader.fills(accounts, ALL, kinds=FillKinds([None]))
    assert own.total == len(accounts) and {row.market for row in own.rows} == {PERP}
    assert reader.fills(accounts, ALL).total == sold.total + own.total
    kinds = {row.system_order_type for row in reader.orders(accounts, ALL, market=SPOT).rows}
    assert kinds == {SystemOrderType.COLLATERAL_CONVERSION}


def test_conversion_reads_the_one_position_that_it_paid_for() -> None:
    venue, accounts = losing(3)
    fall(venue)
    before = len(venue.fed)
    for _ in accounts:
        venue.give(c.ConvertCollateral())
    readings = [one for _, fed in venue.fed[before:] for one in fed if isinstance(one, PositionsRead)]
    assert [one.paid for one in readings] == [(account, PERP) for account in accounts]
    assert [len(one.rows) for one in readings] == [1] * len(accounts)


def test_loss_that_came_in_before_the_conversion_is_told_without_an_event(engine: sa.Engine) -> None:
    venue, accounts = losing(2)
    fall(venue)
    venue.fund(accounts[0], 1_000 * DOLLAR)
    events = venue.give(c.ConvertCollateral())
    assert not [event for event in events if isinstance(event, CollateralConverted)]
    venue.end_settlement()
    write(engine, venue.fed)
    agree(engine, venue)
    paid = [row.amount_atoms for row in HistoryReader(engine).settlements(accounts[:1], ALL).rows]
    assert sum(paid) == -200 * DOLLAR and len(paid) == 2


def delisted(people: int = 4) -> ConvertingVenue:
    """Return a venue with longs at 100, a short, orders and a stop in a perpetual that was delisted near 104."""
    venue = ConvertingVenue(people)
    winner, *accounts = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    for account in accounts:
        venue.trade(account, winner, 100, 100)
    venue.settle(102)
    venue.must(venue.order(accounts[0], ASK, 110, 30, reduce_only=1))
    venue.must(venue.order(accounts[1], BID, 90, 10))
    venue.must(
        c.PlaceTrigger(account=accounts[1], market=PERP, side=ASK, order_type=1, quantity_lots=5, trigger_ticks=9_000)
    )
    venue.let(104)
    venue.must(c.DelistPerpetual(market=PERP))
    return venue


def lot_atoms(venue: ConvertingVenue) -> int:
    """Return what a lot is worth at the final mark: a tick is a cent, a lot a hundredth."""
    return venue.exchange.perpetual(PERP).mark_ticks * 100


@pytest.mark.parametrize("begins_again", [False, True])
def test_positions_after_a_delisting_are_those_of_the_core(engine: sa.Engine, begins_again: bool) -> None:
    venue = delisted()
    if begins_again:
        venue.begin_again()
    venue.settle(90)
    assert venue.exchange.perpetual(PERP).delisting == Delisting.ENDED
    if begins_again:
        venue.begin_again()
    venue.settle(90)
    write(engine, venue.fed)
    agree(engine, venue)
    rows: list[Any] = list(HistoryReader(engine).positions(venue.accounts, ALL).rows)
    assert len(rows) == len(venue.accounts)
    for row in rows:
        assert (row.net_lots, row.entry_atoms, row.reference_atoms) == (0, 0, 0)
        assert row.closed_us is not None and row.settled_us is not None
        lots, is_short = row.entered_lots, row.account == venue.accounts[0]
        assert (row.closed_lots, row.closed_atoms) == (lots, lots * lot_atoms(venue))
        gained = lots * (lot_atoms(venue) - DOLLAR)
        assert row.realized_atoms == (-gained if is_short else gained) != 0


def test_orders_of_a_delisted_perpetual_have_its_reason(engine: sa.Engine) -> None:
    venue = delisted()
    venue.settle(90)
    write(engine, venue.fed)
    ended = HistoryReader(engine).orders(venue.accounts, ALL, market=PERP).rows
    expired = [row for row in ended if row.status == "Expired"]
    assert len(expired) == 3 and {row.close_reason for row in expired} == {CloseReason.MARKET_DELISTED}
    assert [row.trigger_ticks for row in expired if row.trigger_ticks] == [9_000]


def test_what_a_delisted_loser_cannot_pay_stands_until_he_does(engine: sa.Engine) -> None:
    venue = ConvertingVenue(2)
    winner, loser = venue.accounts
    venue.fund(winner, 1_000 * DOLLAR)
    venue.fund(loser, 50 * DOLLAR)
    venue.trade(loser, winner, 100, 1_000)
    venue.let(90)
    venue.must(c.DelistPerpetual(market=PERP))
    venue.settle(90)
    write(engine, venue.fed)
    agree(engine, venue)
    (owes,) = HistoryReader(engine).positions([loser], ALL).rows
    assert owes.closed_us is not None and owes.settled_us is None
    assert (owes.net_lots, owes.reference_atoms, owes.settled_atoms) == (0, 50 * DOLLAR, -50 * DOLLAR)
    # His account has failed, so later money is fenced until he puts it in.
    venue.fund(loser, 60 * DOLLAR)
    venue.must(c.TopUp(account=loser, asset=USDC, amount_atoms=60 * DOLLAR))
    venue.settle(90)
    write(engine, venue.fed)
    agree(engine, venue)
    (paid,) = HistoryReader(engine).positions([loser], ALL).rows
    assert paid.settled_us is not None and paid.settled_atoms == -100 * DOLLAR
    assert venue.exchange.balance(loser, USDC)[0] == 10 * DOLLAR


def test_position_that_is_gone_from_a_market_that_is_not_delisted_is_refused() -> None:
    venue = delisted()
    venue.settle(90)
    told = [one for _, fed in venue.fed for one in fed if isinstance(one, (PositionsRead, Trade))]
    follow(told)
    with pytest.raises(PositionsDiffer, match="rebuild history from the log"):
        follow([msgspec.structs.replace(one, finals={}) if isinstance(one, PositionsRead) else one for one in told])


def test_house_takes_over_what_nobody_is_told() -> None:
    venue = delisted()
    venue.settle(90)
    readings = [one for _, fed in venue.fed for one in fed if isinstance(one, PositionsRead)]
    assert not [row for one in readings for row in one.rows if row.account == HouseAccount.CLEARING]
    assert {price for one in readings for price in one.finals.values()} == {lot_atoms(venue)}
