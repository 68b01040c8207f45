"""Auctions against a plain model: every price is tried, and who trades how much follows from price and time."""

import random
from typing import Any, NamedTuple

import pytest
from tests.core.braked_venue import Braked, of
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SPOT, USDC

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import MarketState, SelfTradePrevention


class Resting(NamedTuple):
    order: int
    side: int
    ticks: int
    lots: int


def demand(book: list[Resting], ticks: int) -> int:
    return sum(order.lots for order in book if order.side == BID and order.ticks >= ticks)


def supply(book: list[Resting], ticks: int) -> int:
    return sum(order.lots for order in book if order.side == ASK and order.ticks <= ticks)


def best_price(book: list[Resting], reference: int) -> tuple[int, int]:
    """Return (price, lots): most lots, least left over, nearest to the reference, lowest; (0, 0) if nobody meets."""
    prices = range(min(order.ticks for order in book), max(order.ticks for order in book) + 1)

    def rank(ticks: int) -> tuple[int, int, int, int]:
        bids, asks = demand(book, ticks), supply(book, ticks)
        return -min(bids, asks), abs(bids - asks), abs(ticks - reference), ticks

    price = min(prices, key=rank)
    lots = -rank(price)[0]
    return (price, lots) if lots else (0, 0)


def filled(book: list[Resting], price: int, lots: int) -> dict[int, int]:
    """Return what each order fills: on each side the best prices first, then the oldest."""
    found: dict[int, int] = {}
    for side, sign in ((BID, -1), (ASK, 1)):
        left = lots
        for order in sorted((o for o in book if o.side == side), key=lambda o: (sign * o.ticks, o.order)):
            if min(left, order.lots) and sign * order.ticks <= sign * price:
                found[order.order] = min(left, order.lots)
                left -= found[order.order]
    return found


def random_book(venue: Braked, seed: int) -> list[Resting]:
    """Let two people bid and two others ask, close to each other."""
    choose = random.Random(seed)
    width, most = choose.choice((2, 5, 40)), choose.choice((1, 3, 50))
    book: list[Resting] = []
    for _ in range(choose.randint(1, 25)):
        side = choose.choice((BID, ASK))
        account = choose.choice((venue.alice, venue.bob) if side == BID else (venue.carol, venue.dora))
        ticks = 10_000 + choose.randint(-width, width)
        lots = choose.randint(1, most)
        book.append(Resting(venue.rest(account, side, ticks / 100, lots), side, ticks, lots))
    return book


def executed(trades: list[Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for trade in trades:
        for order in (trade.taker_order, trade.maker_order):
            found[order] = found.get(order, 0) + trade.quantity_lots
    return found


@pytest.mark.parametrize("market", [SPOT, PERP])
@pytest.mark.parametrize("seed", range(20))
def test_auction_of_any_book_is_what_trying_every_price_finds(seed: int, market: int) -> None:
    venue = Braked(market=market, band_ppm=0)
    venue.begin_auction()
    book = random_book(venue, seed)
    price, lots = best_price(book, 10_000)
    indicated = of(v.AuctionIndicated, venue.let(100, 1))
    assert [(event.price_ticks, event.quantity_lots) for event in indicated] == ([(price, lots)] if lots else [])
    venue.let(100, 9)
    told = venue.uncross()
    trades = of(v.Trade, told)
    assert {trade.price_ticks for trade in trades} <= {price}
    assert executed(trades) == filled(book, price, lots)
    (reopened,) = of(v.MarketReopened, told)
    assert (reopened.price_ticks, reopened.quantity_lots, reopened.trades) == (price, lots, len(trades))
    left = {row.order: row.remaining_lots for account in venue.accounts for row in venue.exchange.open_orders(account)}
    remaining = {o.order: o.lots - executed(trades).get(o.order, 0) for o in book}
    assert left == {order: lots for order, lots in remaining.items() if lots}
    assert venue.state == MarketState.OPEN and venue.sound()
    assert Exchange.restore(venue.exchange.rows()).state_hash() == venue.exchange.state_hash()


def test_both_sides_pay_the_maker_rate_and_who_is_filled_whole_gets_no_rebate() -> None:
    venue = Braked(band_ppm=0)
    venue.must(c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=1_000, taker_ppm=5_000))
    venue.begin_auction()
    venue.rest(venue.alice, BID, 100, 100)
    venue.rest(venue.carol, ASK, 100, 50)
    venue.let(100, 10)
    (trade,) = of(v.Trade, venue.uncross())
    # Carol is filled whole and so the taker: a thousandth of fifty dollars, and of half a SOL.
    assert (trade.account, trade.taker_fee_atoms, trade.maker_fee_atoms) == (venue.carol, DOLLAR // 20, 500_000)
    venue.must(c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=-1_000, taker_ppm=5_000))
    venue.begin_auction()
    venue.rest(venue.carol, ASK, 100, 10)
    venue.let(100, 10)
    (trade,) = of(v.Trade, venue.uncross())
    assert trade.taker_fee_atoms == 0


def test_orders_of_one_user_do_not_meet_in_an_auction() -> None:
    venue = Braked(band_ppm=0)
    venue.begin_auction()
    own = venue.rest(venue.alice, BID, 101, 10)
    venue.rest(venue.bob, BID, 100, 30)
    stp = SelfTradePrevention.REJECT_MAKER
    sells = venue.rest(venue.alice, ASK, 100, 20, self_trade_prevention=stp)
    venue.let(100, 10)
    told = venue.uncross()
    assert [event.order for event in of(v.OrderClosed, told)] == [own]
    assert executed(of(v.Trade, told))[sells] == 20
    assert venue.state == MarketState.OPEN and venue.sound()


def test_order_with_more_makers_than_a_command_handles_goes_on_with_the_next() -> None:
    venue = Braked(band_ppm=0)
    venue.must(c.SetParameter(parameter=2, value=2))
    venue.begin_auction()
    for _ in range(5):
        venue.rest(venue.alice, BID, 100, 10)
    venue.rest(venue.carol, ASK, 100, 45)
    venue.let(100, 10)
    told = venue.uncross()
    assert len(of(v.Trade, told)) == 5 and not of(v.OrderClosed, told)
    assert venue.exchange.balance(venue.carol, USDC)[0] == (100_000 + 45) * DOLLAR


def test_order_that_is_amended_in_an_auction_rests_as_it_is() -> None:
    venue = Braked(band_ppm=0)
    venue.begin_auction()
    venue.rest(venue.alice, BID, 100, 10)
    order = venue.rest(venue.carol, ASK, 105, 10)
    told = venue.must(c.AmendOrder(account=venue.carol, market=SPOT, order=order, price_ticks=9_900, quantity_lots=12))
    assert told[0].rested_lots == 12 and not of(v.Trade, told)


def test_cancellation_while_an_auction_is_carried_out_lets_its_price_be_found_anew() -> None:
    venue = Braked(band_ppm=0)
    venue.begin_auction()
    venue.rest(venue.alice, BID, 105, 10)
    venue.rest(venue.bob, BID, 100, 10)
    venue.rest(venue.carol, ASK, 95, 10)
    venue.let(100, 10)
    venue.must(c.CancelAllOrders(account=venue.alice))
    told = venue.uncross()
    assert [(trade.price_ticks, trade.quantity_lots) for trade in of(v.Trade, told)] == [(10_000, 10)]
    assert venue.sound()


def test_auction_that_is_cut_short_by_cancellations_ends_and_reopens() -> None:
    venue = Braked(band_ppm=0)
    venue.begin_auction()
    for _ in range(3):
        venue.rest(venue.alice, BID, 100, 10)
        venue.rest(venue.carol, ASK, 100, 10)
    venue.let(100, 10)
    for _ in range(2):
        venue.give(c.UncrossMarket(market=SPOT))
    venue.must(c.CancelAllOrders(account=venue.alice))
    (reopened,) = of(v.MarketReopened, venue.uncross())
    assert (reopened.quantity_lots, reopened.trades) == (10, 1)
    assert venue.state == MarketState.OPEN and venue.sound()


def test_rest_that_still_meets_after_orders_went_away_trades_at_another_price() -> None:
    venue = Braked(band_ppm=0)
    venue.begin_auction()
    for account in (venue.alice, venue.bob):
        venue.rest(account, BID, 105 if account == venue.alice else 101, 10)
    sells = {"self_trade_prevention": SelfTradePrevention.REJECT_MAKER}
    venue.rest(venue.alice, ASK, 100, 4, **sells)
    venue.rest(venue.carol, ASK, 102, 4)
    venue.let(100, 10)
    venue.give(c.UncrossMarket(market=SPOT))
    told = venue.uncross()
    # Eight would trade at 102; alice takes her own bid away, and what she sells meets bob at another price.
    assert [(trade.price_ticks, trade.quantity_lots) for trade in of(v.Trade, told)] == [(10_000, 4)]
    assert of(v.MarketReopened, told)[0].price_ticks == 10_000
    assert venue.state == MarketState.OPEN and venue.sound()


def test_nothing_is_done_in_a_market_without_an_auction() -> None:
    venue = Braked()
    assert venue.give(c.UncrossMarket(market=SPOT)) == []
    assert venue.give(c.UncrossMarket(market=PERP)) == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_around_halts_the_books_of_the_venue_stay_sound(seed: int) -> None:
    choose = random.Random(seed)
    market = choose.choice((SPOT, PERP))
    venue = Braked(market=market, band_ppm=20_000, stale_ppm=30_000, far_ppm=200_000, stale_age_ms=5_000)
    seen: set[type] = set()
    dollars = 100.0
    for _ in range(250):
        told: list[Any] = []
        dice = choose.random()
        account, side = choose.choice(venue.accounts), choose.choice((BID, ASK))
        if dice < 0.6:
            price = dollars * (1 + choose.uniform(-0.04, 0.04))
            more = {"time_in_force": choose.choice((0, 0, 0, 1)), "self_trade_prevention": choose.randint(0, 2)}
            if market == PERP and choose.random() < 0.3:
                more["reduce_only"] = 1
            told = venue.try_order(account, side, price, choose.randint(1, 50), **more)
        elif dice < 0.7:
            told = venue.give(c.CancelAllOrders(account=account))
        elif dice < 0.95:
            dollars *= 1 + choose.uniform(-0.01, 0.01)
            told = venue.let(dollars, choose.randint(1, 4))
            venue.end_settlement()
        else:
            told = venue.give(c.UncrossMarket(market=market))
        if choose.random() < 0.5:
            told += venue.uncross()
        seen |= {type(event) for event in told}
        assert venue.sound()
    assert {v.Trade, v.MarketHalted, v.AuctionPriced, v.MarketReopened} <= seen
    assert Exchange.restore(venue.exchange.rows()).state_hash() == venue.exchange.state_hash()
