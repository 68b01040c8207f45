from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.schema.events import Trade
from ringfence.views.candles import INTERVALS, Candle, EmptyCandle, Interval, fold, with_gaps

SECOND_US = 1_000_000
TIMES_US = st.integers(0, 4_000_000_000 * SECOND_US)


def trade(time_us: int, price_ticks: int, quantity_lots: int, market: int = 1) -> Trade:
    return Trade(
        sequence=1, time_us=time_us, market=market, trade=1, taker_order=1, maker_order=1, price_ticks=price_ticks,
        quantity_lots=quantity_lots, quote_atoms=price_ticks * quantity_lots, taker_fee_atoms=0, maker_fee_atoms=0,
        maker_remaining_lots=0, maker_account=64, side=0,
    )  # fmt: skip


def text(time_us: int) -> str:
    return datetime.fromtimestamp(time_us // SECOND_US, UTC).strftime("%Y-%m-%d %H:%M:%S")


def at(words: str) -> int:
    return int(datetime.fromisoformat(words).replace(tzinfo=UTC).timestamp()) * SECOND_US


@given(TIMES_US, st.sampled_from(list(Interval)))
def test_span_holds_its_time_and_meets_the_next(time_us: int, interval: Interval) -> None:
    start_us = interval.start_us(time_us)
    end_us = interval.end_us(start_us)
    assert start_us <= time_us < end_us
    assert interval.start_us(start_us) == interval.start_us(end_us - 1) == start_us
    assert interval.start_us(end_us) == end_us


@given(TIMES_US)
def test_weeks_begin_on_monday_and_months_on_their_first_day(time_us: int) -> None:
    monday = datetime.fromtimestamp(Interval.WEEK.start_us(time_us) // SECOND_US, UTC)
    first = datetime.fromtimestamp(Interval.MONTH.start_us(time_us) // SECOND_US, UTC)
    assert (monday.weekday(), monday.time().isoformat()) == (0, "00:00:00")
    assert (first.day, first.time().isoformat()) == (1, "00:00:00")
    after = datetime.fromtimestamp(Interval.MONTH.end_us(Interval.MONTH.start_us(time_us)) // SECOND_US, UTC)
    assert (after - timedelta(days=1)).month == first.month and after.day == 1


@pytest.mark.parametrize(
    ("wire", "start"),
    [
        ("1s", "2024-02-29 23:59:58"),
        ("1m", "2024-02-29 23:59:00"),
        ("3m", "2024-02-29 23:57:00"),
        ("5m", "2024-02-29 23:55:00"),
        ("15m", "2024-02-29 23:45:00"),
        ("30m", "2024-02-29 23:30:00"),
        ("1h", "2024-02-29 23:00:00"),
        ("2h", "2024-02-29 22:00:00"),
        ("4h", "2024-02-29 20:00:00"),
        ("6h", "2024-02-29 18:00:00"),
        ("8h", "2024-02-29 16:00:00"),
        ("12h", "2024-02-29 12:00:00"),
        ("1d", "2024-02-29 00:00:00"),
        ("3d", "2024-02-29 00:00:00"),
        ("1w", "2024-02-26 00:00:00"),
        ("1month", "2024-02-01 00:00:00"),
    ],
)
def test_span_of_every_interval_begins_where_the_field_expects(wire: str, start: str) -> None:
    assert text(INTERVALS[wire].start_us(at("2024-02-29 23:59:58") + 999_999)) == start


def test_month_before_a_new_year_ends_in_it() -> None:
    assert text(Interval.MONTH.end_us(at("2025-12-01 00:00:00"))) == "2026-01-01 00:00:00"


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 2)), max_size=40))
def test_fold_of_any_trades_equals_candles_from_lists(moves: list[tuple[int, int, int, int]]) -> None:
    time_us, trades = 0, []
    for step, price, lots, market in moves:
        time_us += step * 300_000
        trades.append(trade(time_us, price, lots, market))
    folded = fold(trades)
    for market in (1, 2):
        seconds: dict[int, list[Trade]] = {}
        for one in trades:
            if one.market == market:
                seconds.setdefault(one.time_us // SECOND_US, []).append(one)
        assert [candle for number, candle in folded if number == market] == [
            Candle(
                second * SECOND_US, group[0].price_ticks, max(one.price_ticks for one in group),
                min(one.price_ticks for one in group), group[-1].price_ticks, sum(one.quantity_lots for one in group),
                sum(one.quote_atoms for one in group), len(group),
            )
            for second, group in seconds.items()
        ]  # fmt: skip


def test_with_gaps_shows_spans_without_trades_and_keeps_the_limit() -> None:
    minute = 60 * SECOND_US
    first, later = Candle(minute, 5, 5, 5, 5, 1, 5, 1), Candle(4 * minute, 6, 6, 6, 6, 1, 6, 1)
    spans = with_gaps([first, later], Interval.MINUTE, 0, 6 * minute, 100)
    gaps = [EmptyCandle(2 * minute), EmptyCandle(3 * minute)]
    assert spans == [first, *gaps, later, EmptyCandle(5 * minute)]
    assert with_gaps([first, later], Interval.MINUTE, 0, 6 * minute, 2) == [first, gaps[0]]
    assert with_gaps([], Interval.MINUTE, 0, 6 * minute, 2) == []
