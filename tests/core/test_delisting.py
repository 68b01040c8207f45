"""A perpetual that is delisted stands still at once, and the next settlement ends what anybody has in it."""

from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SPOT, PerpetualVenue

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CloseReason, Delisting, HouseAccount, MarketState, TriggerEnd
from ringfence.schema.rejects import Reject


class Delisted(PerpetualVenue):
    """Somebody long and somebody short of ten SOL at 100 dollars, with an order and a trigger each."""

    def __init__(self) -> None:
        super().__init__(3, mark_bound_ppm=0)
        self.long, self.short, self.other = self.accounts
        for account in self.accounts:
            self.fund(account, 1_000 * DOLLAR)
        self.trade(self.long, self.short, 100, 1_000)
        self.place(self.long, ASK, 150, 100, reduce_only=1)
        self.place(self.short, BID, 50, 100, take_profit_ticks=6_000)
        for account in (self.long, self.other):  # the other has no position and no order
            trigger = {"order_type": 1, "quantity_lots": 5, "trigger_ticks": 15_000, "trigger_by": 0}
            self.must(c.PlaceTrigger(account=account, market=PERP, side=ASK, **trigger))

    def delist(self) -> list[Any]:
        return self.must(c.DelistPerpetual(market=PERP))

    def next_settlement(self, dollars: float) -> list[Any]:
        self.end_settlement()
        told = self.let(dollars, 10)
        while self.exchange.settling:
            told += self.give(c.ConvertCollateral() if self.exchange.converting else c.ContinueSettlement())
        return told

    def rows(self) -> list[tuple[int, int, int]]:
        """Return (account, net, what it cost) of every position."""
        table = self.exchange.rows()["positions"]
        return [(int(row["account"]), int(row["net_lots"]), int(row["reference_atoms"])) for row in table]

    def delisting(self) -> Delisting:
        return Delisting(int(self.exchange.rows()["perpetuals"]["delisting"][0]))


def test_next_settlement_ends_orders_triggers_and_positions_at_the_mark() -> None:
    venue = Delisted()
    venue.let(120)
    told = venue.delist()
    assert [type(event) for event in told] == [v.MarketStateSet, v.PerpetualDelisted]
    assert told[0].state == MarketState.CLOSED and told[1].mark_ticks == 12_000
    assert venue.delisting() == Delisting.ANNOUNCED
    told = venue.next_settlement(80)  # the price goes on, the mark does not
    closed = [(event.account, CloseReason(event.reason)) for event in told if isinstance(event, v.OrderClosed)]
    assert closed == [(account, CloseReason.MARKET_DELISTED) for account in (venue.long, venue.short)]
    ended = [(event.account, TriggerEnd(event.reason)) for event in told if isinstance(event, v.TriggerClosed)]
    assert ended == [(account, TriggerEnd.DELISTED) for account in (venue.long, venue.short, venue.other)]
    assert venue.exchange.balances(venue.long) == [(1, 1_200 * DOLLAR, 0)]
    assert venue.exchange.balances(venue.short) == [(1, 800 * DOLLAR, 0)]
    assert venue.rows() == [] and venue.delisting() == Delisting.ENDED
    row = venue.exchange.rows()["perpetuals"][0]
    assert (row["open_interest_lots"], row["clearing_atoms"], row["mark_ticks"]) == (0, 0, 12_000)


def test_what_a_loser_cannot_pay_is_written_off_and_no_later_deposit_pays_for_it() -> None:
    venue = Delisted()
    venue.let(180)
    venue.let(250)  # the short has lost 1,500 and has 1,000
    venue.delist()
    venue.next_settlement(250)
    assert venue.rows() == [(venue.long, 0, -500 * DOLLAR), (venue.short, 0, 500 * DOLLAR)]
    venue.fund(venue.short, 700 * DOLLAR)
    assert venue.exchange.balances(venue.short + 1) == [(1, 700 * DOLLAR, 0)], "it is fenced"
    venue.give(c.OpenCases())
    venue.must(c.StepCase())
    uncovered = int(HouseAccount.UNCOVERED)
    assert venue.rows() == [(uncovered, 0, 500 * DOLLAR), (venue.long, 0, -500 * DOLLAR)]
    venue.next_settlement(250)
    assert venue.exchange.balances(venue.short) == []
    assert venue.exchange.balances(venue.long) == [(1, 2_000 * DOLLAR, 0)]


def test_position_has_no_risk_after_the_end() -> None:
    venue = Delisted()
    venue.let(180)
    venue.let(250)
    venue.delist()
    venue.next_settlement(250)
    for dollars in (1, 900):
        venue.let(dollars)
        assert venue.exchange.measure(venue.long).initial == 0
        assert venue.equity(venue.short) == -500 * 10**6 - 1  # debts are rounded up


def test_settlement_under_way_leaves_it_to_the_next() -> None:
    venue = Delisted()
    venue.let(110, 10)
    assert venue.exchange.settling
    venue.delist()
    venue.end_settlement()
    assert venue.delisting() == Delisting.ANNOUNCED and len(venue.rows()) == 2
    venue.next_settlement(110)
    assert venue.delisting() == Delisting.ENDED and venue.rows() == []


def test_restored_in_the_middle_goes_on() -> None:
    venue = Delisted()
    venue.delist()
    venue.let(100, 10)
    assert venue.delisting() in (Delisting.CLOSING, Delisting.ENDED)
    restored = Exchange.restore(venue.exchange.rows())
    twin = PerpetualVenue.__new__(PerpetualVenue)
    twin.__dict__ |= {**venue.__dict__, "exchange": restored}
    while venue.exchange.settling:
        assert venue.give(c.ContinueSettlement()) == twin.give(c.ContinueSettlement())
    assert venue.exchange.state_hash() == restored.state_hash()


def test_funding_ends() -> None:
    venue = Delisted()
    venue.delist()
    assert not any(isinstance(event, v.FundingCharged | v.MarkUpdated) for event in venue.let(130, 3_601))


@pytest.mark.parametrize(
    ("command", "reject"),
    [
        (c.DelistPerpetual(market=PERP), Reject.MARKET_DELISTED),
        (c.SetMarketState(market=PERP, state=MarketState.OPEN), Reject.MARKET_DELISTED),
        (c.SetPerpetual(market=PERP, initial_base_e8=1, maintenance_base_e8=1), Reject.MARKET_DELISTED),
        (c.DelistPerpetual(market=SPOT), Reject.NOT_PERPETUAL),
        (c.DelistPerpetual(market=9), Reject.UNKNOWN_MARKET),
    ],
)
def test_delisting_is_for_good(command: c.Command, reject: Reject) -> None:
    venue = Delisted()
    venue.delist()
    assert venue.give(command)[0].reject == reject


def test_order_is_refused_from_the_first_moment() -> None:
    venue = Delisted()
    venue.delist()
    assert venue.give(venue.order(venue.other, BID, 90, 1))[0].reject == Reject.MARKET_CLOSED


def test_clearing_holds_positions_only_while_they_end() -> None:
    venue = Delisted()
    venue.delist()
    venue.next_settlement(100)
    assert not [row for row in venue.rows() if row[0] == HouseAccount.CLEARING]
