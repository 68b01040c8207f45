"""Dividends and splits by example: who is entitled to the microsecond, what shorts owe, and what nobody may receive."""

from typing import Any, ClassVar

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SECOND_US, SOURCES, SPOT, USDC, PerpetualVenue

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import ActionPhase, CloseReason, HouseAccount
from ringfence.schema.rejects import Reject

GLXY, SHARE, BIT = 2, 10**6, 2
EVERYTHING = {
    "buy_classes": BIT, "sell_classes": BIT, "hold_classes": BIT, "withdraw_classes": BIT, "lend_classes": BIT,
    "receive_classes": BIT,
}  # fmt: skip
CENTS_37 = 37_000_000


class ShareVenue(PerpetualVenue):
    """GLXY at 100 dollars; a lot of both markets is a thousandth of a share."""

    traded: ClassVar = {"symbol": "GLXY", "name": "Galaxy", "asset_kind": 3, "decimals": 9, "eligibility_class": 1}

    def admit(self, user: int) -> None:
        relief = 150_000 if user == 2 else 0
        self.must(c.SetEligibility(user=user, tax_relief_ppm=relief, **EVERYTHING))

    def arm(self, ex_us: int, record_us: int, payable_us: int, *, rate_units: int = CENTS_37) -> None:
        number = self.exchange.actions_armed + 1
        dates = {"ex_us": ex_us, "record_us": record_us, "payable_us": payable_us}
        what = {"action_kind": 1, "asset": GLXY, "pay_asset": USDC, "rate_units": rate_units}
        self.must(c.SetAction(action=number, version=1, **what, **dates))

    def at(self, time_us: int) -> None:
        """Let it be a time, to the microsecond, without anything else."""
        self.time_us = time_us

    def go_on(self) -> list[Any]:
        told: list[Any] = []
        while self.exchange.actions_move:
            told += self.give(c.ContinueActions())
        return told

    def tick(self) -> list[Any]:
        return self.must(c.Clock()) + self.go_on()

    def pay(self, dollars: int = 1_000) -> list[Any]:
        self.fund(HouseAccount.SUSPENSE, dollars * DOLLAR)
        self.must(c.FundAction(action=1, amount_atoms=dollars * DOLLAR))
        return self.must(c.PayAction(action=1, version=1)) + self.go_on()

    def sell(self, seller: int, buyer: int, lots: int) -> None:
        """Let shares change hands at 100."""
        self.must(c.PlaceOrder(account=seller, market=SPOT, side=ASK, price_ticks=10_000, quantity_lots=lots))
        order = {"price_ticks": 10_000, "quantity_lots": lots, "time_in_force": 1}
        assert len(self.must(c.PlaceOrder(account=buyer, market=SPOT, side=BID, **order))) >= 2

    def entitled(self, account: int) -> int:
        return sum(row.entitled_atoms for row in self.exchange.entitlements(account))


WHOLE = 10**9
LOTS_A_SHARE = 100


def dividends(events: list[Any]) -> dict[int, v.DividendPaid]:
    return {event.account: event for event in events if isinstance(event, v.DividendPaid)}


def test_dividend_is_paid_by_the_issuer_and_by_shorts_and_leaves_less_than_an_atom_a_holder() -> None:
    venue = ShareVenue(4)
    alice, bob, short, buyer = venue.accounts
    venue.fund(alice, 100 * WHOLE, GLXY)
    venue.fund(bob, 333_333_000, GLXY)
    venue.fund(alice, 5 * WHOLE, GLXY)
    for account in (short, buyer):
        venue.fund(account, 10_000 * DOLLAR)
    venue.must(c.Lend(account=alice, asset=GLXY, amount_atoms=5 * WHOLE))
    venue.must(c.Borrow(account=short, asset=GLXY, amount_atoms=2_500_000_000))
    venue.sell(short, buyer, 250)
    ex = venue.time_us + SECOND_US
    venue.arm(ex, ex, ex)
    venue.let(100)
    venue.go_on()
    told = venue.pay()
    paid, owed = dividends(told), next(one for one in told if isinstance(one, v.DividendCollected))
    assert paid[alice].gross_atoms == 105 * 370_000 and paid[alice].tax_atoms == 105 * 111_000
    assert paid[bob].gross_atoms == 333_333 * 37 // 100 and paid[bob].tax_atoms == -(-paid[bob].gross_atoms * 15 // 100)
    assert paid[buyer].gross_atoms == 925_000 and paid[buyer].manufactured_atoms == 0
    assert owed.account == short and 925_000 <= owed.paid_atoms <= 925_020
    assert 0 <= owed.paid_atoms - paid[alice].manufactured_atoms <= 2
    row = venue.exchange.actions[0]
    assert row.phase == ActionPhase.PAID and row.entitled_atoms == 105_333_333_000
    assert 0 <= row.funded_atoms + row.collected_atoms - row.paid_atoms <= len(paid) + 1


@pytest.mark.parametrize(
    ("place", "seller_is_entitled"), [("ex - 1", False), ("ex", True), ("record - 1", True), ("record", True)]
)
def test_trade_to_the_microsecond(place: str, seller_is_entitled: bool) -> None:
    venue = ShareVenue(2)
    seller, buyer = venue.accounts
    venue.fund(seller, 10 * WHOLE, GLXY)
    venue.fund(buyer, 10_000 * DOLLAR)
    ex, record = venue.time_us + 5 * SECOND_US, venue.time_us + 9 * SECOND_US
    venue.arm(ex, record, record)
    venue.at({"ex - 1": ex - 1, "ex": ex, "record - 1": record - 1, "record": record}[place])
    venue.sell(seller, buyer, 4 * LOTS_A_SHARE)
    venue.at(record + 1)
    venue.tick()
    entitled = (venue.entitled(seller), venue.entitled(buyer))
    assert entitled == ((10 * WHOLE, 0) if seller_is_entitled else (6 * WHOLE, 4 * WHOLE))
    recorded = [sum(row.recorded_atoms for row in venue.exchange.entitlements(account)) for account in (seller, buyer)]
    assert sum(recorded) == sum(entitled) == 10 * WHOLE
    assert recorded[1] == (0 if place == "record" else 4 * WHOLE)


def test_large_dividend_goes_with_the_share_until_ex_which_comes_last() -> None:
    venue = ShareVenue(2)
    seller, buyer = venue.accounts
    venue.fund(seller, 10 * WHOLE, GLXY)
    venue.fund(buyer, 10_000 * DOLLAR)
    record = venue.time_us + 5 * SECOND_US
    venue.arm(record + 10 * SECOND_US, record, record + 5 * SECOND_US)
    venue.at(record + SECOND_US)
    venue.sell(seller, buyer, 4 * LOTS_A_SHARE)
    venue.fund(seller, 3 * WHOLE, GLXY)
    venue.at(record + 20 * SECOND_US)
    venue.tick()
    assert (venue.entitled(seller), venue.entitled(buyer)) == (6 * WHOLE, 4 * WHOLE)


def test_right_follows_shares_from_outside_and_to_it_between_ex_and_record() -> None:
    venue = ShareVenue(2)
    bringer, leaver = venue.accounts
    venue.fund(leaver, 10 * WHOLE, GLXY)
    ex, record = venue.time_us + 5 * SECOND_US, venue.time_us + 9 * SECOND_US
    venue.arm(ex, record, record)
    venue.must(c.RequestWithdrawal(account=leaver, asset=GLXY, amount_atoms=4 * WHOLE))
    withdrawal = venue.exchange.sequence
    venue.at(ex)
    venue.fund(bringer, 3 * WHOLE, GLXY)
    assert venue.entitled(leaver) == 0, "nobody has looked at him yet"
    venue.must(c.SettleWithdrawal(withdrawal=withdrawal))
    assert venue.entitled(leaver) == 6 * WHOLE
    venue.at(record)
    venue.tick()
    assert (venue.entitled(bringer), venue.entitled(leaver)) == (3 * WHOLE, 6 * WHOLE)


def test_withdrawal_that_is_on_its_way_at_the_record_is_its_owners() -> None:
    venue = ShareVenue(1)
    (owner,) = venue.accounts
    venue.fund(owner, 10 * WHOLE, GLXY)
    ex = venue.time_us + 5 * SECOND_US
    venue.arm(ex, ex, ex)
    venue.must(c.RequestWithdrawal(account=owner, asset=GLXY, amount_atoms=10 * WHOLE))
    withdrawal = venue.exchange.sequence
    venue.at(ex)
    venue.must(c.SettleWithdrawal(withdrawal=withdrawal))
    venue.tick()
    assert venue.entitled(owner) == 10 * WHOLE


def test_dividend_of_who_may_not_receive_it_is_held_until_he_may() -> None:
    venue = ShareVenue(1)
    (owner,) = venue.accounts
    venue.fund(owner, 10 * WHOLE, GLXY)
    ex = venue.time_us + SECOND_US
    venue.arm(ex, ex, ex)
    venue.must(c.SetEligibility(user=1, **(EVERYTHING | {"receive_classes": 0})))
    venue.at(ex)
    venue.tick()
    assert dividends(venue.pay())[owner].unclaimed == 1
    held = 3_700_000 * 7 // 10
    assert venue.exchange.balance(HouseAccount.UNCLAIMED, USDC)[0] == held
    refused = venue.give(c.ReleaseUnclaimed(account=owner, action=1))[0]
    assert refused.reject == Reject.NOT_ELIGIBLE_TO_RECEIVE
    assert venue.give(c.CloseAction(action=1))[0].reject == Reject.UNCLAIMED_LEFT
    venue.must(c.SetEligibility(user=1, **EVERYTHING))
    venue.must(c.ReleaseUnclaimed(account=owner, action=1))
    assert venue.exchange.balance(owner, USDC)[0] == held
    venue.must(c.CloseAction(action=1))
    venue.go_on()
    assert venue.exchange.actions == []


def test_contract_pays_its_longs_what_the_share_pays() -> None:
    venue = ShareVenue(2)
    long, short = venue.accounts
    for account in (long, short):
        venue.fund(account, 10_000 * DOLLAR)
    venue.trade(long, short, 100, 1_000)
    ex = venue.time_us + SECOND_US
    venue.arm(ex, ex, ex)
    before = venue.equity(long), venue.equity(short)
    venue.let(100)
    assert venue.equity(long) - before[0] == 10 * 370_000
    assert 10 * 370_000 <= before[1] - venue.equity(short) <= 10 * 370_000 + 1
    assert venue.exchange.perpetual(PERP) is not None


def test_who_loses_the_right_to_buy_loses_his_bids_and_keeps_his_asks() -> None:
    venue = ShareVenue(1)
    (owner,) = venue.accounts
    venue.fund(owner, 10 * WHOLE, GLXY)
    venue.fund(owner, 1_000 * DOLLAR)
    bid = venue.place(owner, BID, 99, 10, market=SPOT)
    ask = venue.place(owner, ASK, 101, 10, market=SPOT)
    told = venue.must(c.SetEligibility(user=1, sell_classes=BIT, hold_classes=BIT))
    closed = [event for event in told if isinstance(event, v.OrderClosed)]
    assert [(event.order, event.reason) for event in closed] == [(bid, CloseReason.NOT_ELIGIBLE)]
    assert venue.exchange.order(ask) is not None
    assert venue.exchange.balance(owner, USDC) == (1_000 * DOLLAR, 0)


def test_price_of_a_split_share_waits_until_it_is_continuous_whatever_the_session_is() -> None:
    venue = ShareVenue(1)
    for market in (SPOT, PERP):
        venue.must(c.SetMarketState(market=market, state=3))
    venue.must(c.SplitShare(asset=GLXY, new_shares=3, old_shares=1))
    venue.let(100)
    price = venue.exchange.price(GLXY)
    assert price is not None and price.price_state == 3 and price.frozen_units == 100 * 10**8
    venue.must(c.SetSession(asset=GLXY, session=2))
    venue.must(c.Clock())
    assert venue.exchange.price(GLXY).price_state == 3
    venue.must(c.SetSession(asset=GLXY, session=1))
    early = {"last_units": 33 * 10**8, "observed_us": venue.time_us - 5 * SECOND_US}
    assert venue.give(c.Quote(asset=GLXY, price_source=SOURCES[0], **early))[0].reject == Reject.QUOTE_NOT_LATER
    venue.let(33.5)
    price = venue.exchange.price(GLXY)
    assert price is not None and price.price_state == 1 and price.mark_units == 3 * 3_350_000_000
