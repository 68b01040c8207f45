"""Who cannot pay a loss sells what he has, by an order in the book: how much, at what price, and when nothing."""

from typing import Any

import pytest
from tests.core.perpetual_venue import (
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

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import AccountFlag, Session, Settling
from ringfence.schema.rejects import Reject

ETH = 3
MARGIN = {"initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}


class Sellers(PerpetualVenue):
    """A short of ten SOL at 100 dollars that has no cash, and somebody who bids for SOL."""

    def __init__(self, held_atoms: int = 100 * WHOLE_SOL, bid: float = 109, **collateral: Any) -> None:
        super().__init__(3)
        self.short, self.long, self.bidder = self.accounts
        self.sells_in(SPOT, **collateral)
        self.fund(self.short, held_atoms, SOL)
        self.fund(self.long, 10_000 * DOLLAR)
        self.fund(self.bidder, 100_000 * DOLLAR)
        self.trade(self.long, self.short, 100, 1_000)
        if bid:
            self.place(self.bidder, BID, bid, 500, market=SPOT)

    def sells_in(self, market: int, asset: int = SOL, **more: Any) -> None:
        rules = {"weight_e8": 9 * 10**7, **MARGIN, "conversion_market": market, **more}
        self.must(c.SetCollateral(asset=asset, **rules))

    def settle_and_convert(self, dollars: float, seconds: float = 10) -> list[Any]:
        """Let a settlement begin and end at a price; returns what was told from the conversions on."""
        self.let(dollars, seconds)
        told: list[Any] = []
        while self.exchange.settling:
            is_sale = self.exchange.converting
            told += self.give(c.ConvertCollateral() if is_sale else c.ContinueSettlement())
        return told

    def cash(self, account: int) -> int:
        return next((free for asset, free, _ in self.exchange.balances(account) if asset == USDC), 0)

    def sol(self, account: int) -> int:
        return next((free for asset, free, _ in self.exchange.balances(account) if asset == SOL), 0)


def sales(told: list[Any]) -> list[v.CollateralConverted]:
    return [event for event in told if isinstance(event, v.CollateralConverted)]


def settled(told: list[Any]) -> v.Settled:
    return next(event for event in told if isinstance(event, v.Settled))


def test_loser_without_cash_sells_just_what_pays_the_loss() -> None:
    venue = Sellers()
    told = venue.settle_and_convert(110)
    (sale,) = sales(told)
    # Ten SOL short lost 10 dollars each; a lot of a hundredth SOL brings 1.09: 91.7 lots pay 100 dollars.
    assert (sale.missing_atoms, sale.quantity_lots, sale.paid_atoms) == (100 * DOLLAR, 92, 100 * DOLLAR)
    assert (sale.account, sale.market, sale.contract, sale.asset) == (venue.short, SPOT, PERP, SOL)
    assert sale.price_ticks == 10_670  # three per cent below the mark
    assert venue.sol(venue.short) == 100 * WHOLE_SOL - 92 * 10**7
    assert venue.cash(venue.short) == 92 * 1_090_000 - 100 * DOLLAR
    assert (settled(told).short_atoms, settled(told).collected_atoms, settled(told).paid_atoms) == (0, 10**8, 10**8)
    assert venue.cash(venue.long) == 10_100 * DOLLAR


def test_fee_of_the_sale_is_sold_as_well() -> None:
    venue = Sellers()
    venue.must(c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=0, taker_ppm=100_000))
    (sale,) = sales(venue.settle_and_convert(110))
    assert (sale.quantity_lots, sale.paid_atoms) == (102, 100 * DOLLAR)  # 111.1 dollars at 1.09 a lot


@pytest.mark.parametrize(
    ("bid", "collateral"),
    [
        (106.69, {}),  # below the floor of 106.70
        (0, {}),  # nobody bids
        (109, {"conversion_discount_ppm": 0}),  # below the mark
        (109, {"conversion_market": 0}),  # it is not to be sold
    ],
)
def test_nothing_is_sold_where_it_may_not_be_and_the_loss_waits(bid: float, collateral: dict[str, int]) -> None:
    venue = Sellers(bid=bid, **collateral)
    told = venue.settle_and_convert(110)
    assert sales(told) == []
    assert (settled(told).short_atoms, settled(told).due_atoms, settled(told).paid_atoms) == (10**8, 10**8, 0)
    venue.fund(venue.short, 40 * DOLLAR)
    told = venue.settle_and_convert(110)
    assert (settled(told).collected_atoms, settled(told).short_atoms, settled(told).paid_atoms) == (
        4 * 10**7,
        6 * 10**7,
        4 * 10**7,
    )


def test_price_that_is_not_fresh_sells_nothing() -> None:
    venue = Sellers()
    venue.let(110)
    venue.must(c.SetSession(asset=SOL, session=Session.CLOSED))
    assert sales(venue.settle_and_convert(110)) == []


def test_cash_that_came_in_the_meantime_pays_first() -> None:
    venue = Sellers()
    venue.let(110, 10)
    assert venue.exchange.converting == 1
    venue.fund(venue.short, 60 * DOLLAR)
    (sale,) = sales(venue.give(c.ConvertCollateral()))
    assert (sale.missing_atoms, sale.quantity_lots) == (40 * DOLLAR, 37)


def test_what_was_lent_is_redeemed_and_sold_and_the_rest_stays_lent() -> None:
    venue = Sellers()
    venue.must(c.SetAccount(account=venue.short, account_flags=AccountFlag.AUTO_LEND))
    assert venue.sol(venue.short) == 0
    told = venue.settle_and_convert(110)
    redeemed = [event for event in told if isinstance(event, v.LoanMoved) and event.asset == SOL]
    assert [event.amount_atoms for event in redeemed] == [92 * 10**7]
    (sale,) = sales(told)
    assert (sale.quantity_lots, sale.paid_atoms) == (92, 100 * DOLLAR)


def test_flags_of_the_account_leave_the_money_for_the_loss() -> None:
    venue = Sellers()
    venue.fund(venue.bidder, 100 * WHOLE_SOL, SOL)
    venue.must(c.Lend(account=venue.bidder, asset=USDC, amount_atoms=1_000 * DOLLAR))
    venue.must(c.Borrow(account=venue.short, asset=USDC, amount_atoms=50 * DOLLAR))
    held = venue.cash(venue.short)
    venue.must(c.RequestWithdrawal(account=venue.short, asset=USDC, amount_atoms=held))
    venue.must(c.SetAccount(account=venue.short, account_flags=AccountFlag.AUTO_REPAY_BORROWS))
    (sale,) = sales(venue.settle_and_convert(110))
    assert sale.paid_atoms == sale.missing_atoms == 100 * DOLLAR


def test_larger_collateral_is_sold_first() -> None:
    venue = Sellers(held_atoms=5 * WHOLE_SOL)
    venue.must(c.ListAsset(symbol="ETH", name="ETH", asset_kind=1, decimals=9))
    venue.must(c.ListMarket(base_asset=ETH, quote_asset=USDC, tick_atoms=10**4, lot_atoms=10**7))
    venue.must(c.SetPricing(asset=ETH, update_cap_ppm=1_000_000))
    for source in SOURCES:
        venue.must(c.SetPriceWeight(asset=ETH, price_source=source, weight=1))
    market = venue.exchange.markets_listed
    venue.sells_in(market, asset=ETH)
    venue.place(venue.bidder, BID, 1_000, 500, market=market)
    for atoms, first, dollars in ((4 * 10**8, SOL, 110), (6 * 10**8, ETH, 111)):  # 400, then 1,000 beside 550 of SOL
        venue.fund(venue.short, atoms, ETH)
        venue.time_us += 9 * SECOND_US
        for source in SOURCES:
            price = {"last_units": 1_000 * 10**8, "observed_us": venue.time_us}
            venue.must(c.Quote(asset=ETH, price_source=source, **price))
        (sale,) = sales(venue.settle_and_convert(dollars, seconds=1))
        assert sale.asset == first


def test_refused_sale_says_why_and_changes_nothing() -> None:
    venue = Sellers()
    venue.must(c.SetUser(user=1, user_flags=1))
    before = venue.exchange.balances(venue.short)
    (sale,) = told = sales(venue.settle_and_convert(110))
    assert len(told) == 1 and sale.reject == Reject.TRADING_FROZEN and sale.paid_atoms == 0
    assert venue.exchange.balances(venue.short) == before


def test_loss_is_paid_by_a_sale_at_a_discount_also_where_no_margin_is_left() -> None:
    venue = Sellers(held_atoms=WHOLE_SOL, bid=80, weight_e8=10**8, conversion_discount_ppm=500_000)
    venue.let(110)
    assert venue.free(venue.short) < 0
    (sale,) = sales(venue.settle_and_convert(110))
    assert sale.reject == 0 and sale.paid_atoms == 80 * DOLLAR


def test_own_bid_is_cancelled_and_not_met() -> None:
    venue = Sellers(bid=0)
    venue.fund(venue.short, 50 * DOLLAR)
    venue.place(venue.short, BID, 109, 45, market=SPOT)
    venue.place(venue.bidder, BID, 108, 500, market=SPOT)
    (sale,) = sales(venue.settle_and_convert(110))
    assert sale.paid_atoms == sale.missing_atoms
    assert venue.exchange.open_orders(venue.short) == []


def test_settlement_waits_for_conversions_and_a_restored_venue_goes_on() -> None:
    venue = Sellers()
    venue.let(110, 10)
    while not venue.exchange.converting:
        venue.give(c.ContinueSettlement())
    restored = Exchange.restore(venue.exchange.rows())
    assert restored.converting == 1
    assert int(venue.exchange.rows()["venue"]["settling"][0]) == Settling.CONVERTING
    assert venue.give(c.ContinueSettlement()) == [] and venue.exchange.converting == 1
    twin = PerpetualVenue.__new__(PerpetualVenue)
    twin.__dict__ |= {**venue.__dict__, "exchange": restored}
    twin.give(c.ContinueSettlement())
    for command in (c.ConvertCollateral(), c.ConvertCollateral(), c.ContinueSettlement()):
        assert venue.give(command) == twin.give(command)
        assert venue.exchange.state_hash() == restored.state_hash()
    assert not venue.exchange.settling


@pytest.mark.parametrize(
    ("collateral", "reject"),
    [
        ({"conversion_market": 99}, Reject.UNKNOWN_MARKET),
        ({"conversion_market": PERP}, Reject.INVALID_COMBINATION),
        ({"conversion_market": SPOT, "asset": USDC}, Reject.INVALID_COMBINATION),
    ],
)
def test_conversion_market_must_sell_the_asset_for_cash(collateral: dict[str, int], reject: Reject) -> None:
    venue = PerpetualVenue(1)
    command = c.SetCollateral(**{"asset": SOL, "weight_e8": 10**8, **MARGIN, **collateral})
    assert venue.give(command)[0].reject == reject
