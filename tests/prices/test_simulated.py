"""Simulated sources see one path, each a little otherwise, and the same again from the same seed."""

import asyncio

from ringfence.prices.simulated import LAG_READS_MAXIMUM, SimulatedSource
from ringfence.prices.source import prices_of

NAMES = ("north", "east", "south", "west")


def play(seed: int, name: str, path: list[int], pegged: tuple[str, ...] = ()) -> list[tuple[int, int, int]]:
    """Return what a source says of an asset whose reference goes along a path."""
    place = iter(path)
    source = SimulatedSource(seed, name, lambda _: next(place), pegged)
    return [prices_of(asyncio.run(source.read(["SOL"]))["SOL"]) for _ in path]


def test_source_says_the_same_again_from_the_same_seed_and_name_only():
    path = [150 * 10**8 + step for step in range(0, 50_000_000, 1_000_000)]
    said = {(seed, name): tuple(play(seed, name, path)) for seed in (7, 8) for name in NAMES}
    assert all(play(seed, name, path) == list(said[seed, name]) for seed, name in said)
    assert len(set(said.values())) == len(said)


def test_source_stays_within_its_noise_of_a_recent_reference():
    path = [150 * 10**8] * 5 + [151 * 10**8] * 50
    for name in NAMES:
        for place, prices in enumerate(play(7, name, path)):
            assert prices.bid_units < prices.ask_units and prices.bid_units <= prices.last_units <= prices.ask_units
            recent = path[max(0, place - LAG_READS_MAXIMUM) : place + 1]
            middle = (prices.bid_units + prices.ask_units) // 2
            assert any(abs(middle - reference) * 10**6 <= 151 * reference for reference in recent), (name, place)


def test_some_source_lags_and_some_does_not():
    path = [100 * 10**8] * 5 + [200 * 10**8] * 5
    arrived = {name: [bid > 150 * 10**8 for bid, _, _ in play(7, name, path)].index(True) for name in NAMES}
    assert 5 in arrived.values() and len(set(arrived.values())) > 1, arrived


def test_pegged_asset_is_quoted_within_thirty_millionths():
    for bid, ask, last in play(7, "north", [10**8] * 100, ("SOL",)):
        assert all(abs(price - 10**8) <= 5_000 for price in (bid, ask, last))


def test_price_of_one_unit_is_still_a_quote():
    for prices in play(7, "north", [1] * 20):
        assert prices.bid_units >= 1
