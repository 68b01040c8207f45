"""Market data: trades, tickers, candles and book changes, all from the events, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

from ringfence.schema.events import ClockTicked, Event, MarketListed, Trade

from .candles import Candle, Interval, fold
from .depth import DepthFeed
from .klines import Klines
from .liquidations import liquidation_updates
from .tickers import Ticker, Tickers
from .trades import TRADES_KEPT, LastTrades, trade_update
from .updates import SecondUpdate, TradeUpdate, Update
from .venue import Books, Listings


class MarketData:
    """The public side of every market.

    ``apply`` is given each batch once, in order, right after the exchange applied it and before it applies the next;
    trades at or before ``seeded_sequence`` are known from history already and are passed over.
    """

    def __init__(self, exchange: Listings, seeded_sequence: int = 0) -> None:
        self.seeded_sequence = seeded_sequence
        self.time_us = self.clock_us = 0
        self.last_trades = LastTrades()
        self.tickers = Tickers()
        self.klines = Klines()
        self.depth = DepthFeed()
        for number in range(1, exchange.markets_listed + 1):
            row = exchange.market(number)
            assert row is not None, f"market {number} of {exchange.markets_listed} has no row"
            self.depth.begin(number, row.book_sequence)
            if row.last_price_ticks:
                self.tickers.set_last(number, row.last_price_ticks)

    def apply(self, events: Sequence[Event], exchange: Books) -> list[Update]:
        """Follow a batch of whole commands; returns what streams have to say, in the order to say it."""
        updates: list[Update] = []
        trades: list[Trade] = []
        seconds: list[int] = []
        for event in events:
            if isinstance(event, Trade):
                if event.sequence > self.seeded_sequence:
                    trades.append(event)
            elif isinstance(event, ClockTicked):
                seconds.append(event.time_us)
                self.clock_us = event.time_us
            elif isinstance(event, MarketListed):
                self.depth.begin(event.market, event.sequence)
        if events:
            self.time_us = events[-1].time_us
        updates.extend(map(self._add_trade, trades))
        updates.extend(one for one in liquidation_updates(events) if one.sequence > self.seeded_sequence)
        for market, candle in fold(trades):
            self.tickers.add(market, candle)
            updates.extend(self.klines.add(market, candle))
        updates.extend(self.depth.updates(events, exchange))
        if seconds:
            updates.extend(self.klines.tick(seconds[-1]))
            updates.append(SecondUpdate(events[-1].sequence, seconds[-1]))
        return updates

    def trades(self, market: int, limit: int = TRADES_KEPT) -> list[TradeUpdate]:
        """Return the last trades of a market, newest first."""
        return self.last_trades.newest(market, limit)

    def ticker(self, market: int, window: str = "1d") -> Ticker | None:
        """Return a market's ticker over "1d" or "1w" as of the last event, ``None`` if it never traded."""
        return self.tickers.ticker(market, window, self.time_us)

    def candle(self, market: int, interval: Interval) -> Candle | None:
        """Return the candle of a market that is open now, ``None`` if nothing was traded in its span."""
        return self.klines.current(market, interval)

    def _add_trade(self, trade: Trade) -> TradeUpdate:
        update = trade_update(trade)
        self.last_trades.add(update)
        return update
