"""Draws and paths in integers: through their anchors, and the same everywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ringfence.lab.drawing import ALL, by_quantiles, by_shares, draws
from ringfence.lab.paths import path, straight

SECOND_US = 1_000_000
BEGIN_US = 1_760_000_000 * SECOND_US


def test_draws_are_these_on_every_machine() -> None:
    assert draws(7, 1, 4).tolist() == [3_790_166_175, 1_585_007_578, 2_220_797_427, 1_425_026_128]
    assert draws(7, 2, 2).tolist() != draws(7, 1, 2).tolist() != draws(8, 1, 2).tolist()


def test_draws_are_as_likely_low_as_high() -> None:
    drawn = draws(3, 3, 100_000)
    assert drawn.min() >= 0 and drawn.max() < ALL
    assert np.abs(np.histogram(drawn, 10, (0, ALL))[0] - 10_000).max() < 500


def test_shares_are_drawn_by_their_size() -> None:
    counts = np.bincount(by_shares(draws(1, 1, 100_000), [70, 20, 0, 10]), minlength=4)
    assert counts[2] == 0
    assert np.abs(counts - [70_000, 20_000, 0, 10_000]).max() < 1_000


def test_quantiles_are_straight_between_their_points() -> None:
    table = [(0, 10), (ALL // 2, 20), (ALL, 1_000)]
    drawn = np.array([0, ALL // 4, ALL // 2, ALL // 2 + ALL // 4, ALL - 1])
    assert by_quantiles(drawn, table).tolist() == [10, 15, 20, 510, 999]


def test_line_is_flat_before_the_first_anchor_and_after_the_last() -> None:
    anchors = [(BEGIN_US, 100), (BEGIN_US + 10 * SECOND_US, 200)]
    times = BEGIN_US + SECOND_US * np.array([-5, 0, 5, 10, 99])
    assert straight(anchors, times).tolist() == [100, 100, 150, 200, 200]


@given(
    st.lists(st.integers(1, 12 * 10**12), min_size=2, max_size=8),
    st.integers(0, 2_000),
    st.integers(0, 2**63 - 1),
)
def test_path_passes_through_every_anchor(prices: list[int], step_ppm: int, seed: int) -> None:
    anchors = [(BEGIN_US + 60 * SECOND_US * n, price) for n, price in enumerate(prices)]
    times = BEGIN_US + SECOND_US * np.arange(60 * (len(prices) - 1) + 1)
    found = path(anchors, times, step_ppm, seed, 5)
    assert found[::60].tolist() == prices
    assert found.min() >= 1


def test_path_strays_between_its_anchors_by_what_it_is_told() -> None:
    anchors = [(BEGIN_US, 10**12), (BEGIN_US + 3_600 * SECOND_US, 10**12)]
    times = BEGIN_US + SECOND_US * np.arange(3_601)
    steps = np.diff(path(anchors, times, 200, 7, 1)) / 10**6
    assert 150 < steps.std() < 250
    assert np.array_equal(path(anchors, times, 0, 7, 1), np.full(3_601, 10**12))
