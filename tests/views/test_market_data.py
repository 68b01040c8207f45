from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.schema.commands import AmendOrder, CancelOrder, Clock
from ringfence.schema.enums import Side
from ringfence.schema.events import Trade
from ringfence.views.candles import Interval, fold
from ringfence.views.depth import DepthConflator
from ringfence.views.market_data import MarketData
from ringfence.views.updates import (
    BookTickerUpdate,
    DepthUpdate,
    KlineUpdate,
    SecondUpdate,
    TradeUpdate,
    Update,
)

from .venue import ALICE, BOB, SHARE_USDC, SOL_USDC, RandomFlow, limit, listed_venue

MARKETS = (SOL_USDC, SHARE_USDC)


class Listener:
    """A client that keeps books and candles from updates alone, and complains about gaps."""

    def __init__(self) -> None:
        self.books: dict[int, tuple[dict[int, int], dict[int, int]]] = {market: ({}, {}) for market in MARKETS}
        self.last_sequence: dict[int, int] = {}
        self.best: dict[int, tuple[int, int, int, int]] = dict.fromkeys(MARKETS, (0, 0, 0, 0))

    def hear(self, updates: list[Update] | list[DepthUpdate]) -> None:
        for update in updates:
            if isinstance(update, DepthUpdate):
                self._depth(update)
            elif isinstance(update, BookTickerUpdate):
                self.best[update.market] = (update.bid_ticks, update.bid_lots, update.ask_ticks, update.ask_lots)

    def _depth(self, update: DepthUpdate) -> None:
        before = self.last_sequence.get(update.market, update.first_sequence - 1)
        assert update.first_sequence == before + 1 <= update.last_sequence
        self.last_sequence[update.market] = update.last_sequence
        for book, levels in zip(self.books[update.market], (update.bids, update.asks), strict=True):
            for price, lots in levels:
                book.pop(price, None)
                if lots:
                    book[price] = lots

    def sides(self, market: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = self.books[market]
        return sorted(bids.items(), reverse=True), sorted(asks.items())


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_books_kept_from_updates_equal_the_venues_books(seed: int, batches: list[int]) -> None:
    venue, _ = listed_venue()
    data, flow = MarketData(venue.exchange), RandomFlow(venue, seed)
    live, conflated, conflator = Listener(), Listener(), DepthConflator()
    for number, count in enumerate(batches):
        updates = data.apply(flow.batch(count), venue.exchange)
        live.hear(updates)
        for update in updates:
            if isinstance(update, DepthUpdate):
                conflator.add(update)
        if number % 3 == 2:
            conflated.hear(conflator.take())
        for market in MARKETS:
            bids, asks = venue.exchange.depth(market, 1_000)
            assert live.sides(market) == (bids, asks)
            row = venue.exchange.market(market)
            assert row is not None and data.depth.last_sequence(market) == row.book_sequence
            best = (*(bids[0] if bids else (0, 0)), *(asks[0] if asks else (0, 0)))
            assert live.best[market] == best
    conflated.hear(conflator.take())
    assert conflator.take() == []
    assert [conflated.sides(market) for market in MARKETS] == [live.sides(market) for market in MARKETS]


def test_amendment_that_changes_nothing_tells_no_depth() -> None:
    venue, events = listed_venue()
    data = MarketData(venue.exchange)
    data.apply(events, venue.exchange)
    data.apply(venue.do(limit(ALICE, Side.BID, 1_000, 50)), venue.exchange)
    order = venue.sequence
    change = AmendOrder(account=ALICE, market=SOL_USDC, order=order, price_ticks=1_000, quantity_lots=50)
    assert data.apply(venue.do(change), venue.exchange) == []
    row = venue.exchange.market(SOL_USDC)
    assert row is not None and data.depth.last_sequence(SOL_USDC) == row.book_sequence == order


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_candles_told_equal_those_of_all_trades(seed: int, batches: list[int]) -> None:
    venue, _ = listed_venue()
    data, flow = MarketData(venue.exchange), RandomFlow(venue, seed)
    trades: list[Trade] = []
    told: dict[tuple[int, Interval, int], KlineUpdate] = {}
    for count in batches:
        events = flow.batch(count)
        trades += [event for event in events if isinstance(event, Trade)]
        for update in data.apply(events, venue.exchange):
            if isinstance(update, KlineUpdate):
                key = (update.market, update.interval, update.candle.start_us)
                assert key not in told or not told[key].closed
                told[key] = update
    for update in data.apply(venue.do(Clock()), venue.exchange):
        if isinstance(update, KlineUpdate):
            told[update.market, update.interval, update.candle.start_us] = update
    expected = {}
    for interval in Interval:
        for market, candle in fold(trades):
            key = (market, interval, interval.start_us(candle.start_us))
            if key in expected:
                expected[key].add(candle)
            else:
                expected[key] = candle.copy(key[2])
    assert {key: update.candle for key, update in told.items()} == expected
    for (market, interval, start_us), update in told.items():
        assert update.closed == (interval.end_us(start_us) <= venue.time_us)
        current = data.candle(market, interval)
        assert update.closed or current == update.candle


def test_trade_is_told_without_its_accounts_and_kept_newest_first() -> None:
    venue, _ = listed_venue()
    data = MarketData(venue.exchange)
    updates = data.apply(venue.do(limit(ALICE, Side.BID, 1_000, 5), limit(BOB, Side.ASK, 999, 9)), venue.exchange)
    (told,) = [update for update in updates if isinstance(update, TradeUpdate)]
    assert (told.price_ticks, told.quantity_lots, told.buyer_is_maker) == (1_000, 5, True)
    assert (told.buyer_order, told.seller_order) == (venue.sequence - 1, venue.sequence)
    data.apply(venue.do(limit(ALICE, Side.BID, 1_000, 4)), venue.exchange)
    assert [(trade.trade, trade.buyer_is_maker) for trade in data.trades(SOL_USDC)] == [(2, False), (1, True)]
    assert [trade.trade for trade in data.trades(SOL_USDC, 1)] == [2]
    assert data.trades(SHARE_USDC) == []


def test_batch_that_changes_a_price_twice_tells_it_once() -> None:
    venue, _ = listed_venue()
    data = MarketData(venue.exchange)
    first = venue.sequence + 1
    row = venue.exchange.market(SOL_USDC)
    assert row is not None
    cancel = CancelOrder(account=ALICE, market=SOL_USDC, order=first)
    updates = data.apply(
        venue.do(limit(ALICE, Side.BID, 1_000, 5), limit(ALICE, Side.BID, 999, 5), cancel), venue.exchange
    )
    assert updates == [
        DepthUpdate(SOL_USDC, row.book_sequence + 1, first + 2, ((1_000, 0), (999, 5)), (), venue.time_us),
        BookTickerUpdate(SOL_USDC, 999, 5, 0, 0, first + 2, venue.time_us),
    ]


def test_second_without_trades_is_told_alone() -> None:
    venue, _ = listed_venue()
    data = MarketData(venue.exchange)
    assert data.apply(venue.do(Clock(), Clock()), venue.exchange) == [SecondUpdate(venue.sequence, venue.time_us)]
