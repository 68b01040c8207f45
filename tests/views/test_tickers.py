from hypothesis import given
from hypothesis import strategies as st

from ringfence.views.candles import DAY_US, MINUTE_US, WEEK_US, Candle
from ringfence.views.tickers import TICKER_WINDOWS, RollingWindow, Ticker, Tickers

START_US = 20_000 * DAY_US


def second(start_us: int, price_ticks: int, lots: int = 1) -> Candle:
    return Candle(start_us, price_ticks, price_ticks, price_ticks, price_ticks, lots, lots * price_ticks, 1)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30), st.integers(1, 9)), min_size=1, max_size=60),
    st.integers(0, 1_000),
)
def test_window_after_any_trades_equals_sums_over_what_is_young_enough(
    moves: list[tuple[int, int, int]], later_minutes: int
) -> None:
    length_us, bucket_us = 600 * MINUTE_US, 10 * MINUTE_US
    window = RollingWindow(length_us, bucket_us)
    now_us, candles = START_US, []
    for minutes, price, lots in moves:
        now_us += minutes * MINUTE_US
        candles.append(second(now_us, price, lots))
        window.add(candles[-1])
    now_us += later_minutes * MINUTE_US
    young = [one for one in candles if one.start_us // bucket_us * bucket_us + bucket_us > now_us - length_us]
    found = window.ticker(1, candles[-1].close_ticks, now_us)
    if not young:
        assert (found.trades, found.volume_lots, found.last_ticks) == (0, 0, candles[-1].close_ticks)
        return
    prices = [one.close_ticks for one in young]
    assert found == Ticker(
        1, prices[0], prices[-1], max(prices), min(prices), sum(one.volume_lots for one in young),
        sum(one.quote_atoms for one in young), len(young),
    )  # fmt: skip


def test_tickers_of_day_and_week_forget_at_their_own_time() -> None:
    tickers = Tickers()
    assert tickers.ticker(1, "1d", START_US) is None
    tickers.add(1, second(START_US, 10))
    tickers.add(1, second(START_US + DAY_US // 2, 7))
    day, week = (tickers.ticker(1, window, START_US + DAY_US + 2 * MINUTE_US) for window in ("1d", "1w"))
    assert day is not None and (day.first_ticks, day.high_ticks, day.trades) == (7, 7, 1)
    assert week is not None and (week.first_ticks, week.high_ticks, week.trades) == (10, 10, 2)
    gone = tickers.ticker(1, "1w", START_US + 2 * WEEK_US)
    assert gone == Ticker(1, 7, 7, 7, 7, 0, 0, 0)


def test_window_holds_no_more_buckets_than_its_length() -> None:
    for length_us, bucket_us in TICKER_WINDOWS.values():
        window = RollingWindow(length_us, bucket_us)
        for step in range(3 * length_us // bucket_us):
            window.add(second(START_US + step * bucket_us, 5))
        trades = window.ticker(1, 5, START_US + 3 * length_us - bucket_us).trades
        assert trades <= length_us // bucket_us + 1 <= 1_441
