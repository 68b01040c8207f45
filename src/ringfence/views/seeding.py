"""Filling market data from history, so that a gateway that starts shows the same as one that never stopped."""

from __future__ import annotations

from .candles import DAY_US, HOUR_US, MINUTE_US, WEEK_US, Candle, Interval
from .history.reader import HistoryReader, Range
from .market_data import MarketData
from .trades import TRADES_KEPT, trade_update

ROWS_A_READ = 100_000
"""More candles than a window holds, so that a read is never cut."""


def seed_market_data(data: MarketData, reader: HistoryReader, markets: list[int], now_us: int) -> None:
    """Load the last trades, the ticker windows and the open candles of some markets as they stood at ``now_us``.

    History must end at ``data.seeded_sequence``; the events after it come through ``apply``.
    """
    for market in markets:
        for row in reversed(reader.trades(market, Range(limit=TRADES_KEPT)).rows):
            data.last_trades.add(trade_update(row))
        _seed_tickers(data, reader, market, now_us)
        for interval in Interval:
            start_us = interval.start_us(now_us)
            for candle in reader.klines(market, interval, start_us, now_us + 1):
                data.klines.seed(market, interval, candle)
    data.time_us = max(data.time_us, now_us)


def _seed_tickers(data: MarketData, reader: HistoryReader, market: int, now_us: int) -> None:
    end_us = now_us + 1
    minutes = reader.klines(market, Interval.MINUTE, now_us - DAY_US - MINUTE_US, end_us, ROWS_A_READ)
    data.tickers.seed(market, "1d", minutes)
    # The week slides by ten minutes; candles of five minutes fall into its buckets whole.
    week_us = now_us - WEEK_US - HOUR_US
    weeks: list[Candle] = reader.klines(market, Interval.MINUTES_5, week_us, end_us, ROWS_A_READ)
    data.tickers.seed(market, "1w", weeks)
    if minutes:
        data.tickers.set_last(market, minutes[-1].close_ticks)
