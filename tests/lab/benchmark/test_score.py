"""Rows are what was taken, against what was needed and what people had; and what the command says of them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ringfence.lab.benchmark.published import RULES, Published
from ringfence.lab.benchmark.reconstruction import Book, Scene, reconstruct
from ringfence.lab.benchmark.run import lines, said, score
from ringfence.lab.benchmark.score import (
    Taken,
    bound_coin_by_coin,
    by_coin,
    by_equity,
    by_profit,
    of_continuous,
    of_outcome,
    of_published,
    row_of,
)
from ringfence.lab.benchmark.venue import Outcome


def one_book(need: int, lots: int, people: list[int], profit: list[int]) -> Book:
    ones = np.ones(len(people), np.int64)
    return Book("BTC", 0, lots, need, 1_000, np.array(people), ones, np.array(profit))


SCENE = Scene(
    1,
    [one_book(100, 10, [0, 1], [300, 100]), one_book(60, 3, [1, 2], [20, 100])],
    np.array([400, 200, 100]),
    np.array([1_000, 500, 2_000]),
)


def test_what_the_venue_took_is_measured_of_equity_profit_and_lots(published: Published) -> None:
    outcome = Outcome(
        np.array([0, 1, 1]), np.array([0, 1, 1]), np.array([5, 1, 1]), np.array([100, 30, 10]), 20, 1.5
    )  # fmt: skip
    wave = published.waves[0]._replace(need_atoms=160)
    taken = of_outcome(wave, SCENE, outcome)
    # Of the second coin 40 of 60 were taken: one lot of the three, each of which costs 20.
    assert taken == Taken(1, 160, 140, 100_000, 250_000, 1_000_000, 1.5, 2)


def test_continuous_rules_share_out_by_coin_profit_and_equity() -> None:
    assert by_coin(SCENE).tolist() == [75, 25 + 10, 50]
    assert by_profit(SCENE).tolist() == [91, 46, 23]
    assert by_equity(SCENE).tolist() == [46, 23, 91]


def test_no_rule_that_closes_coin_by_coin_is_below_the_bound(published: Published) -> None:
    for wave, scene in zip(published.waves, reconstruct(published), strict=True):
        bound, found = bound_coin_by_coin(wave, scene), of_continuous(wave, scene, by_coin)
        assert found.of_equity_ppm >= bound.of_equity_ppm > 0
        assert (found.of_profit_ppm or 0) >= (bound.of_profit_ppm or 0) > 0
    # The second coin: 60 of what two people have, 2,500; the first 100 of 1,500.
    bound = bound_coin_by_coin(published.waves[0], SCENE)
    assert (bound.of_equity_ppm, bound.of_profit_ppm) == (10**6 * 100 // 1_500, 10**6 * 60 // 300)


def test_rows_sum_what_was_taken_over_and_under_apart() -> None:
    waves = [Taken(1, 100, 130, 5, 7, 0, 1.0, 3), Taken(2, 100, 60, 8, 2, 4, 3.0, 4), Taken(4, 50, 50, 2, 0, 0, 8.0, 1)]
    row = row_of("rule", "reconstructed", "lot", waves)
    assert (row.taken_atoms, row.over_atoms, row.under_atoms) == (240, 30, 40)
    assert (row.of_equity_worst_ppm, row.of_equity_mean_ppm, row.of_profit_worst_ppm, row.of_profit_mean_ppm) == (
        8,
        5,
        7,
        3,
    )
    assert (row.error_lots_worst_ppm, row.wave_median_ms, row.wave_worst_ms, row.people) == (4, 3.0, 8.0, 8)


def test_published_rows_have_no_profit_and_no_time(published: Published) -> None:
    row = row_of("production", "real", "lot", [of_published(wave, "production") for wave in published.waves])
    assert (row.taken_atoms, row.of_equity_worst_ppm) == (4_500_000, 250_000)
    assert row.of_profit_worst_ppm is row.wave_worst_ms is row.people is None


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    from .data import write_folder

    folder = write_folder(tmp_path_factory.mktemp("waves"))
    scored = score(folder, lambda done, total: None)
    return folder, said(scored) | {"lines": lines(scored)}


def test_all_rules_are_told_each_on_its_own_winners(told: tuple[Path, dict]) -> None:
    rules = [(row["rule"], row["lot"], row["winners"]) for row in told[1]["rules"]]
    assert len(rules) == len(set(rules)) == 6 + 3 + 1 + len(RULES)
    assert {winners for _, _, winners in rules} == {"reconstructed", "real"}
    assert len(told[1]["waves"]) == 6 * 3 and told[1]["need_usd"] > 0
    pro_rata = told[1]["rules"][0]
    assert (pro_rata["rule"], pro_rata["under_usd"], pro_rata["error_lots_worst"]) == ("pro-rata", 0.0, 0.0)
    assert all(len(line) <= 140 for line in told[1]["lines"])


def test_other_winners_than_the_frozen_are_told_and_fail(told: tuple[Path, dict]) -> None:
    folder, rows = told
    assert not rows["frozen"] and "NOT the frozen one" in rows["lines"][1]
    ringfence = [sys.executable, "-c", "from ringfence.cli import main; main()", "crash", "adl-benchmark"]
    done = subprocess.run([*ringfence, f"--data={folder}", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["reconstruction"] == rows["reconstruction"]
    wrong = subprocess.run([*ringfence, f"--data={folder / 'x'}"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "there is no such folder" in wrong.stderr and "Traceback" not in wrong.stderr
