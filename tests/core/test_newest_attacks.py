"""What a hostile user may try on triggers, on the selling of collateral, and on a perpetual that is delisted."""

import pytest
from tests.core.perpetual_venue import (
    ASK,
    BID,
    DOLLAR,
    PERP,
    SECOND_US,
    SOL,
    SOURCES,
    SPOT,
    USDC,
    WHOLE_SOL,
    PerpetualVenue,
)
from tests.core.test_conversion import Sellers, sales, settled

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import AccountFlag, CloseReason, Parameter
from ringfence.schema.rejects import Reject


class Priced(Sellers):
    """The same, where the price of another asset is told as well."""

    def tell(self, asset: int, units: int) -> None:
        for source in SOURCES:
            quote = {"last_units": units, "observed_us": self.time_us}
            self.must(c.Quote(asset=asset, price_source=source, **quote))

    def price(self, asset: int, units: int) -> None:
        """Let an asset have a price from now on."""
        self.must(c.SetPricing(asset=asset, update_cap_ppm=1_000_000))
        for source in SOURCES:
            self.must(c.SetPriceWeight(asset=asset, price_source=source, weight=1))
        self.tell(asset, units)
        self.must(c.Clock())


def test_own_bid_far_above_the_mark_makes_no_sale_smaller() -> None:
    venue = Sellers()
    sub = venue.must(c.OpenAccount(user=1, sub_account=1))[0].account
    venue.fund(sub, 100 * DOLLAR)
    venue.place(sub, BID, 10_000, 1, market=SPOT)
    first, second = sales(venue.settle_and_convert(110))
    assert (first.quantity_lots, second.quantity_lots) == (91, 1)
    assert first.paid_atoms + second.paid_atoms == first.missing_atoms


def test_one_lot_that_somebody_bids_far_above_the_mark_makes_no_sale_smaller() -> None:
    venue = Sellers()
    venue.place(venue.long, BID, 1_000, 1, market=SPOT)
    (sale,) = sales(venue.settle_and_convert(110))
    assert sale.quantity_lots == 91 and sale.paid_atoms == sale.missing_atoms


@pytest.mark.parametrize(("dollars", "sold"), [(16_005, 1), (16_004.99, 0)])
def test_collateral_is_not_sold_for_cash_as_if_that_were_worth_a_dollar(dollars: float, sold: int) -> None:
    venue = Priced(bid=0)
    perpetual = venue.quote_in("JPYC", 6, 10**4, priced=True)
    yen = venue.exchange.assets_listed
    venue.must(c.ListMarket(base_asset=SOL, quote_asset=yen, tick_atoms=10**4, lot_atoms=10**7))
    market = venue.exchange.markets_listed
    venue.sells_in(market)
    venue.price(yen, 666_667)  # two thirds of a cent
    for account in (venue.long, venue.bidder):
        venue.fund(account, 10**6 * DOLLAR, yen)
    venue.place(venue.short, ASK, 100, 1_000, market=perpetual)
    venue.place(venue.long, BID, 100, 1_000, market=perpetual, time_in_force=1)
    venue.place(venue.bidder, BID, dollars, 500, market=market)
    venue.time_us += 9 * SECOND_US
    venue.tell(yen, 666_667)
    # SOL at 110 dollars is 16,499.99 yen, and three per cent less is 16,004.99...
    told = sales(venue.settle_and_convert(110, seconds=1))
    assert [sale.price_ticks for sale in told if sale.contract == perpetual] == [1_600_500] * sold


def test_coarse_tick_lowers_no_bound() -> None:
    venue = Priced(bid=0, conversion_market=0)
    venue.must(c.ListAsset(symbol="PENNY", name="PENNY", asset_kind=1, decimals=6))
    penny = venue.exchange.assets_listed
    venue.must(c.ListMarket(base_asset=penny, quote_asset=USDC, tick_atoms=10**4, lot_atoms=10**6))
    market = venue.exchange.markets_listed
    venue.sells_in(market, asset=penny)
    venue.price(penny, 1_990_000)  # almost two cents, and a tick is one
    venue.fund(venue.short, 10**11, penny)
    venue.place(venue.bidder, BID, 0.01, 10**5, market=market)
    venue.time_us += 9 * SECOND_US
    venue.tell(penny, 1_990_000)
    assert sales(venue.settle_and_convert(110, seconds=1)) == []
    assert venue.exchange.balance(venue.short, penny) == (10**11, 0)
    assert venue.sol(venue.short) == 100 * WHOLE_SOL


@pytest.mark.parametrize("attached", [True, False])
def test_stop_loss_sells_what_its_account_lent_at_once(attached: bool) -> None:
    venue = PerpetualVenue(3)
    buyer, seller, bidder = venue.accounts
    venue.fund(buyer, 1_000 * DOLLAR)
    venue.fund(bidder, 1_000 * DOLLAR)
    venue.fund(seller, 10 * WHOLE_SOL, SOL)
    venue.must(c.SetAccount(account=buyer, account_flags=AccountFlag.AUTO_LEND))
    venue.place(seller, ASK, 100, 100, market=SPOT)
    stop = {"stop_loss_ticks": 9_500, "stop_loss_by": 1} if attached else {}
    venue.place(buyer, BID, 100, 100, market=SPOT, **stop)
    if not attached:
        trigger = {"order_type": 1, "quantity_percent": 100, "trigger_ticks": 9_500, "trigger_by": 1}
        venue.must(c.PlaceTrigger(account=buyer, market=SPOT, side=ASK, **trigger))
    venue.place(bidder, BID, 90, 500, market=SPOT)
    venue.let(90)
    told = venue.must(c.FireTrigger())
    assert [event.quantity_lots for event in told if isinstance(event, v.Trade)] == [100]


def test_bids_of_ones_own_do_not_wear_the_sale_out() -> None:
    venue = Sellers()
    sub = venue.must(c.OpenAccount(user=1, sub_account=1))[0].account
    venue.fund(sub, 1_000 * DOLLAR)
    venue.must(c.SetParameter(parameter=Parameter.FILLS_PER_COMMAND, value=3))
    for _ in range(10):
        venue.place(sub, BID, 109.5, 1, market=SPOT)
    told = sales(venue.settle_and_convert(110))
    assert [sale.paid_atoms > 0 for sale in told] == [False, False, False, True]
    assert venue.exchange.open_orders(sub) == []


def test_collateral_that_is_locked_in_orders_is_unlocked_and_sold() -> None:
    venue = Sellers()
    order = venue.place(venue.short, ASK, 1_000, 10_000, market=SPOT)
    told = venue.settle_and_convert(110)
    ended = [event for event in told if isinstance(event, v.OrderClosed) and event.order == order]
    assert [event.reason for event in ended] == [CloseReason.SETTLEMENT]
    (sale,) = sales(told)
    assert sale.paid_atoms == sale.missing_atoms == 100 * DOLLAR


def test_cash_that_is_locked_in_orders_pays_a_loss() -> None:
    venue = Sellers(bid=0)
    venue.fund(venue.short, 150 * DOLLAR)
    venue.place(venue.short, BID, 1, 15_000, market=SPOT)
    told = venue.settle_and_convert(110)
    assert settled(told).short_atoms == 0 and sales(told) == []
    assert venue.cash(venue.short) == 50 * DOLLAR


def test_orders_are_left_alone_while_something_else_can_be_sold() -> None:
    venue = Sellers()
    venue.place(venue.short, ASK, 1_000, 100, market=SPOT)
    venue.settle_and_convert(110)
    assert len(venue.exchange.open_orders(venue.short)) == 1


def test_next_asset_is_sold_when_the_first_has_no_more_bids() -> None:
    venue = Sellers(bid=0)
    venue.place(venue.bidder, BID, 109, 10, market=SPOT)
    venue.place(venue.bidder, BID, 108, 100, market=SPOT)
    told = sales(venue.settle_and_convert(110))
    assert sum(sale.paid_atoms for sale in told) == told[0].missing_atoms


def test_open_interest_is_bounded_whatever_rested_before() -> None:
    venue = PerpetualVenue(8, open_interest_limit_lots=100)
    for account in venue.accounts:
        venue.fund(account, 10_000 * DOLLAR)
    for account in venue.accounts:
        venue.give(venue.order(account, BID, 99, 100))
        venue.give(venue.order(account, ASK, 101, 100))
    for buyer, seller in zip(venue.accounts[::2], venue.accounts[1::2], strict=True):
        venue.give(venue.order(seller, ASK, 99, 100, time_in_force=1))
        venue.give(venue.order(buyer, BID, 101, 100, time_in_force=1))
    assert int(venue.exchange.rows()["perpetuals"]["open_interest_lots"][0]) <= 100


def test_cash_of_many_decimals_pays_no_contracts() -> None:
    venue = PerpetualVenue(1)
    venue.must(c.ListAsset(symbol="WIDE", name="WIDE", asset_kind=2, decimals=9))
    market = {"tick_atoms": 10**7, "lot_atoms": 10**7, "market_kind": 1}
    refused = venue.give(c.ListMarket(base_asset=SOL, quote_asset=3, **market))[0]
    assert refused.reject == Reject.INVALID_COMBINATION


def test_what_only_reduces_may_be_less_than_the_least_quantity() -> None:
    venue = PerpetualVenue(2)
    long, short = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.trade(long, short, 100, 7)
    limits = {"minimum_price_ticks": 1, "maximum_price_ticks": 10**6, "maximum_quantity_lots": 10**6}
    venue.must(c.SetMarketLimits(market=PERP, minimum_quantity_lots=50, fee_schedule=1, **limits))
    assert venue.give(venue.order(long, ASK, 100, 7))[0].reject == Reject.QUANTITY_BELOW_MINIMUM
    venue.place(long, ASK, 100, 7, reduce_only=1)


def test_rest_of_an_order_is_cancelled_when_its_stop_fires() -> None:
    venue = PerpetualVenue(3)
    long, short, other = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    parent = venue.place(long, BID, 100, 10, stop_loss_ticks=9_990)
    venue.place(short, ASK, 100, 4, time_in_force=1)
    venue.place(short, BID, 99.9, 1)
    venue.place(other, ASK, 105, 1)
    venue.must(c.CancelAllOrders(account=short))
    venue.must(c.AmendOrder(account=long, market=PERP, order=parent, price_ticks=9_980, quantity_lots=10))
    venue.trade(short, other, 99.9, 1)
    assert venue.exchange.triggers_due == 1
    venue.place(short, BID, 99.9, 4)
    told = venue.must(c.FireTrigger())
    closed = [event.reason for event in told if isinstance(event, v.OrderClosed) and event.order == parent]
    assert closed == [CloseReason.TRIGGERED]
    assert venue.exchange.open_orders(long) == []
