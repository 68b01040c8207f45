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
    collateral,
)
from tests.core.test_conversion import Sellers, sales, settled

from ringfence.core import EVENTS_PER_COMMAND
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import PARAMETER_LIMITS, AccountFlag, MarketState, Parameter


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
    (sale,) = sales(venue.settle_and_convert(110))
    assert sale.quantity_lots == 91 and sale.paid_atoms == 91 * 1_090_000


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


class OfTwo(PerpetualVenue):
    """Perpetuals on two assets, of which one is still priced when the other is not any more."""

    def __init__(self, people: int) -> None:
        super().__init__(people, mark_bound_ppm=0)
        self.must(c.ListAsset(symbol="ETH", name="ETH", asset_kind=1, decimals=9))
        self.eth = self.exchange.assets_listed
        self.must(c.SetPricing(asset=self.eth, update_cap_ppm=1_000_000))
        self.must(collateral(self.eth))
        for source in SOURCES:
            self.must(c.SetPriceWeight(asset=self.eth, price_source=source, weight=1))
        market = {"tick_atoms": 10**4, "lot_atoms": 10**7, "market_kind": 1, "fee_schedule": 1}
        self.must(c.ListMarket(base_asset=self.eth, quote_asset=USDC, **market))
        self.market = self.exchange.markets_listed
        self.rule(self.market, mark_bound_ppm=0)
        self.let_eth(100, 1)

    def let_eth(self, dollars: int, seconds: int) -> None:
        """Let a settlement begin and end at a price of ETH; nobody says what SOL costs."""
        self.time_us += seconds * SECOND_US
        for source in SOURCES:
            price = {"last_units": dollars * 10**8, "observed_us": self.time_us}
            self.must(c.Quote(asset=self.eth, price_source=source, **price))
        self.must(c.Clock())
        self.end_settlement()


@pytest.mark.parametrize(("seconds", "owes"), [(1, True), (20, False)])
def test_settlement_borrows_nothing_on_a_price_that_is_stale(seconds: int, owes: bool) -> None:
    venue = OfTwo(3)
    short, long, lender = venue.accounts
    venue.fund(short, 100 * WHOLE_SOL, SOL)
    venue.fund(long, 10_000 * DOLLAR)
    venue.fund(lender, 100_000 * DOLLAR)
    venue.must(c.Lend(account=lender, asset=USDC, amount_atoms=100_000 * DOLLAR))
    venue.must(c.SetAccount(account=short, account_flags=AccountFlag.AUTO_BORROW_SETTLEMENTS))
    venue.let(100)
    venue.place(short, ASK, 100, 1_000, market=venue.market)
    venue.place(long, BID, 100, 1_000, market=venue.market, time_in_force=1)
    venue.let_eth(100, seconds)
    venue.let_eth(110, 9)
    assert (dict(venue.exchange.loans(short)).get(USDC, 0) < 0) == owes


def test_percentage_of_a_position_that_is_larger_than_any_order_closes_as_much_as_one_may() -> None:
    venue = PerpetualVenue(3, mark_bound_ppm=0)
    for account in venue.accounts:
        venue.fund(account, 10_000 * DOLLAR)
    long, short, bidder = venue.accounts
    prices = {"minimum_price_ticks": 1, "maximum_price_ticks": 2**40}
    venue.must(c.SetMarketLimits(market=PERP, **prices, minimum_quantity_lots=1, maximum_quantity_lots=100))
    for _ in range(3):
        venue.trade(long, short, 100, 100)
    trigger = {"order_type": 1, "quantity_percent": 100, "trigger_ticks": 9_500, "trigger_by": 1}
    venue.must(c.PlaceTrigger(account=long, market=PERP, side=ASK, **trigger))
    venue.place(bidder, BID, 90, 100)
    venue.let(94)
    venue.must(c.FireTrigger())
    (position,) = venue.exchange.positions(long)
    assert position.net_lots == 200


class Crowd(PerpetualVenue):
    """So many long and so many short, each with all that one position may come to, in cash of twelve decimals."""

    def __init__(self) -> None:
        super().__init__(68, mark_bound_ppm=0)
        self.market = self.quote_in("BIG", 12, 10**10)
        for account in self.accounts:
            self.fund(account, 10_000 * WHOLE_SOL, SOL)
        for long, short in zip(self.accounts[:34], self.accounts[34:], strict=True):
            self.give(self.order(short, ASK, 100, 288_229, market=self.market))
            self.give(self.order(long, BID, 100, 288_229, market=self.market, time_in_force=1))


@pytest.mark.xfail(strict=True, reason="sums over positions are not bounded")
def test_long_positions_that_are_handed_over_one_after_another_do_not_stop_the_core() -> None:
    venue = Crowd()
    venue.must(c.DelistPerpetual(market=venue.market))
    venue.settle(100)


@pytest.mark.xfail(strict=True, reason="sums over positions are not bounded")
def test_profits_of_many_positions_together_do_not_stop_the_core() -> None:
    Crowd().settle(200)


@pytest.mark.xfail(strict=True, reason="a sale ends with WORK_LIMIT and is not tried again")
def test_great_many_own_bids_keep_nothing_from_being_sold() -> None:
    venue = Sellers()
    sub = venue.must(c.OpenAccount(user=1, sub_account=1))[0].account
    venue.fund(sub, 2_000 * DOLLAR)
    for _ in range(1_000):
        venue.place(sub, BID, 109.5, 1, market=SPOT)
    assert settled(venue.settle_and_convert(110)).short_atoms == 0


@pytest.mark.xfail(strict=True, reason="what open orders lock is neither collected nor sold")
@pytest.mark.parametrize(("side", "dollars", "lots"), [(ASK, 100_000, 10_000), (BID, 0.01, 2_000_000)])
def test_what_is_locked_in_an_order_that_will_not_fill_pays_a_loss(side: int, dollars: float, lots: int) -> None:
    venue = Sellers()
    if side == BID:
        venue.fund(venue.short, 200 * DOLLAR)
        venue.must(venue.order(venue.short, ASK, 100_000, 10_000, market=SPOT))
    venue.place(venue.short, side, dollars, lots, market=SPOT)
    assert settled(venue.settle_and_convert(110)).short_atoms == 0


@pytest.mark.xfail(strict=True, reason="exposure that rests already is not counted again when it is traded")
def test_bids_that_rest_on_both_sides_lift_no_open_interest_limit() -> None:
    venue = PerpetualVenue(8, open_interest_limit_lots=100)
    for account in venue.accounts:
        venue.fund(account, 10_000 * DOLLAR)
    for n, account in enumerate(venue.accounts):
        venue.place(account, BID, 100 if n < 4 else 1, 100)
    for account in venue.accounts[4:]:
        venue.give(venue.order(account, ASK, 100, 100, time_in_force=1))
    perpetual = venue.exchange.perpetual(PERP)
    assert perpetual is not None and perpetual.open_interest_lots <= 100


@pytest.mark.xfail(strict=True, reason="its order is refused, and it is gone")
@pytest.mark.parametrize("state", [MarketState.LIMIT_ONLY, MarketState.POST_ONLY])
def test_stop_loss_that_is_reached_while_no_market_order_is_taken_is_still_there(state: MarketState) -> None:
    venue = PerpetualVenue(2, mark_bound_ppm=0)
    long, short = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.trade(long, short, 100, 100)
    trigger = {"order_type": 1, "quantity_lots": 100, "reduce_only": 1, "trigger_ticks": 9_500, "trigger_by": 1}
    venue.must(c.PlaceTrigger(account=long, market=PERP, side=ASK, **trigger))
    venue.must(c.SetMarketState(market=PERP, state=state))
    venue.let(94)
    venue.must(c.SetMarketState(market=PERP, state=MarketState.OPEN))
    venue.let(97)  # and back
    venue.must(c.SetMarketState(market=PERP, state=state))
    venue.let(94)
    venue.give(c.FireTrigger())
    assert len(venue.exchange.triggers(long)) == 1


@pytest.mark.xfail(strict=True, reason="what is attached to less than the minimum quantity is refused, and is gone")
def test_small_first_fill_does_not_cost_an_order_what_is_attached_to_it() -> None:
    venue = PerpetualVenue(3, mark_bound_ppm=0)
    buyer, attacker, accomplice = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.place(accomplice, BID, 100.5, 9)
    prices = {"minimum_price_ticks": 1, "maximum_price_ticks": 2**40}
    venue.must(c.SetMarketLimits(market=PERP, **prices, minimum_quantity_lots=10, maximum_quantity_lots=2**40))
    venue.place(buyer, BID, 100, 100, take_profit_ticks=11_000)
    venue.must(venue.order(attacker, ASK, 100, 10, time_in_force=1))
    venue.place(accomplice, ASK, 110, 10)
    venue.must(venue.order(attacker, BID, 110, 10, time_in_force=1))
    venue.must(c.FireTrigger())
    assert len(venue.exchange.triggers(buyer)) == 1


def test_buffer_has_room_for_all_that_a_clock_may_tell() -> None:
    """A replay gives the core more than one Clock at a time; a mark and a funding of each perpetual must still fit."""
    prices, markets = PARAMETER_LIMITS[Parameter.ASSETS][1], PARAMETER_LIMITS[Parameter.MARKETS][1]
    assert 2 * prices + 2 * markets <= EVENTS_PER_COMMAND
