"""A reference price wanders, stays near where it began, and is one path however often it is looked at."""

from random import Random

from ringfence.prices.walk import Walk, WalkingReference


class Clock:
    def __init__(self) -> None:
        self.us = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.us


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
    assert abs(walk.price - 15_000) < 1_500


def test_reference_moves_once_a_second_however_often_it_is_asked():
    clock = Clock()
    first = {"SOL": 150 * 10**8, "USDC": 10**8}
    often, seldom = (WalkingReference(7, first, ["USDC"], clock) for _ in range(2))
    path = []
    for _ in range(300):
        clock.us += 100_000
        path.append(often("SOL"))
    assert path[:9] == [150 * 10**8] * 9, "no second has passed"
    assert len(set(path)) in range(25, 32), "one step a second"
    assert (seldom("SOL"), seldom("USDC")) == (path[-1], 10**8)
    assert often("USDC") == 10**8


def test_reference_after_a_long_pause_answers_at_once():
    clock = Clock()
    reference = WalkingReference(7, {"SOL": 150 * 10**8}, [], clock)
    clock.us += 10**6 * 86_400 * 365 * 10
    assert 130 * 10**8 < reference("SOL") < 170 * 10**8
