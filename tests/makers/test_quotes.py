"""What the makers quote: two sides that never cross, on a grid, around a reference price."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.makers.quotes import ASK, BID, LEVELS, Instrument, ladder

SOL = Instrument.from_wire(
    {
        "symbol": "SOL_USDC",
        "baseSymbol": "SOL",
        "filters": {"price": {"tickSize": "0.01"}, "quantity": {"stepSize": "0.01"}},
    }
)


@given(st.integers(1, 10**9))
def test_ladder_has_distinct_levels_that_do_not_cross(reference):
    quotes = ladder(reference)
    bids = [quote.price_ticks for quote in quotes if quote.side == BID]
    asks = [quote.price_ticks for quote in quotes if quote.side == ASK]
    assert len(set(quotes)) == len(quotes) and len(asks) == LEVELS
    assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and all(price > 0 for price in bids)
    assert not bids or bids[0] < reference < asks[0]


def test_ladder_after_a_small_move_mostly_stays():
    before, after = set(ladder(15_000)), set(ladder(15_003))
    assert len(before & after) >= 2 * LEVELS - 4


@given(st.integers(1, 10**6), st.integers(1, 10**7))
def test_lots_worth_an_amount_cost_about_that_much(amount, price_ticks):
    lots = SOL.lots_worth(amount, price_ticks)
    cost = lots * price_ticks  # in units of 0.0001 USDC
    assert lots == 1 or amount * 10**4 - price_ticks < cost <= amount * 10**4
    assert SOL.quantity.parse(SOL.quantity.text(lots)) == lots


@given(st.integers(1, 10**9))
def test_price_in_units_is_the_price_in_ticks(price_ticks):
    assert SOL.price_units(price_ticks) == price_ticks * 10**6
