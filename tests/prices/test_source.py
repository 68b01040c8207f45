"""Decimal texts become units exactly; what is no price, or no quote, is a sentence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.prices.source import Prices, Ticker, prices_of, units_of
from ringfence.schema.fields import MAX_PRICE_UNITS
from ringfence.views.decimals import PRICE_UNITS


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", 0),
        ("0", 0),
        ("1", 10**8),
        ("141.25", 14_125_000_000),
        ("0.00000001", 1),
        ("1e-07", 10),
        ("9.00E+4", 9 * 10**12),
        (".5", 5 * 10**7),
        ("90000.", 9 * 10**12),
        (str(0.1), 10**7),
        (str(60_123.45), 6_012_345_000_000),
        (f"{MAX_PRICE_UNITS // 10**8}.{MAX_PRICE_UNITS % 10**8:08d}", MAX_PRICE_UNITS),
    ],
)
def test_units_of_a_decimal_text_are_exact(text, units):
    assert units_of(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "+1",
        "NaN",
        "Infinity",
        "1_0",
        " 1",
        "1,5",
        "0x1",
        "٣",
        "1e",
        "1e999",
        "1e-999",
        "e5",
        ".",
        "1" * 41,
        "None",
    ],
)
def test_text_that_is_no_price_is_refused_with_it_named(text):
    with pytest.raises(ValueError, match=r"where a decimal number is expected|which is no price"):
        units_of(text)


def test_price_above_what_can_be_counted_is_refused_with_the_limit():
    with pytest.raises(ValueError, match=r"has 11258999\.06842625, above the largest .* 11258999\.06842623"):
        units_of("11258999.06842625")


@given(st.integers(0, MAX_PRICE_UNITS))
def test_units_written_as_text_are_read_back(units):
    assert units_of(PRICE_UNITS.text(units)) == units
    assert Decimal(PRICE_UNITS.text(units)) * 10**8 == units


@given(st.decimals(Decimal("0.00000002"), 10**7, places=14))
def test_spread_finer_than_a_unit_is_never_shown_narrower(price):
    prices = prices_of(Ticker(bid=str(price), ask=str(price)))
    assert prices.bid_units <= price * 10**8 <= prices.ask_units <= prices.bid_units + 1


@pytest.mark.parametrize(
    ("ticker", "prices"),
    [
        (Ticker("1", "2", "1.5"), Prices(10**8, 2 * 10**8, 15 * 10**7)),
        (Ticker("1", "1"), Prices(10**8, 10**8, 0)),
        (Ticker(last="3"), Prices(0, 0, 3 * 10**8)),
        (Ticker(bid="1", last="3"), Prices(10**8, 0, 3 * 10**8)),
    ],
)
def test_quote_of_both_sides_or_a_last_price_is_taken(ticker, prices):
    assert prices_of(ticker) == prices


@pytest.mark.parametrize(
    ("ticker", "sentence"),
    [
        (Ticker(), "is empty: it has neither"),
        (Ticker("0", "0", "0"), "is empty"),
        (Ticker(bid="1"), "is empty"),
        (Ticker("0.000000001", "1"), "is empty"),
        (Ticker("2", "1", "1.5"), "is crossed: the bid 2 is above the ask 1"),
        (Ticker("1", "2", "-3"), "has '-3' where"),
    ],
)
def test_quote_that_is_none_says_why(ticker, sentence):
    with pytest.raises(ValueError, match=sentence):
        prices_of(ticker)
