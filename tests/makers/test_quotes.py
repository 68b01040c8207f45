"""What the makers quote: two sides that never cross, on a grid, around a price that stays near where it began."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ringfence.makers.quotes import ASK, BID, LEVELS, Instrument, Walk, ladder

SOL = Instrument.from_wire(
    {"symbol": "SOL_USDC", "filters": {"price": {"tickSize": "0.01"}, "quantity": {"stepSize": "0.01"}}}
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


def test_walk_is_the_same_for_the_same_seed_and_stays_near_its_anchor():
    walks = [Walk(Random("7 SOL_USDC"), 15_000, 15_000) for _ in range(2)]
    steps = [[walk.step() for _ in range(20_000)] for walk in walks]
    assert steps[0] == steps[1]
    assert all(13_500 < price < 16_500 for price in steps[0])
    assert max(steps[0]) - min(steps[0]) > 20, "it moves"


def test_walk_that_begins_far_away_comes_back():
    walk = Walk(Random(1), 15_000, 30_000)
    for _ in range(5_000):
        walk.step()
    assert abs(walk.price_ticks - 15_000) < 1_500


@given(st.integers(1, 10**6), st.integers(1, 10**7))
def test_lots_worth_an_amount_cost_about_that_much(amount, price_ticks):
    lots = SOL.lots_worth(amount, price_ticks)
    cost = lots * price_ticks  # in units of 0.0001 USDC
    assert lots == 1 or amount * 10**4 - price_ticks < cost <= amount * 10**4
    assert SOL.quantity.parse(SOL.quantity.text(lots)) == lots
