"""The reconstruction meets what was published, everybody has something, and it is the same everywhere."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.lab.benchmark.published import BenchmarkError, Published
from ringfence.lab.benchmark.reconstruction import (
    LEAST_CASH_PERCENT,
    Scene,
    digest_of,
    in_contracts,
    reconstruct,
    share,
)
from ringfence.lab.benchmark.sizes import SHARES, WHOLE, parts_by_rank

DIGEST = "d0be5101d991a0252b8021d5778cf9fdc092fa94f14a6596331d063410aade5a"
"""That of the made-up folder of these tests."""


@pytest.fixture
def scenes(published: Published) -> list[Scene]:
    return reconstruct(published)


def test_every_published_total_is_met(published: Published, scenes: list[Scene]) -> None:
    for wave, scene in zip(published.waves, scenes, strict=True):
        assert scene.number == wave.number
        assert int(scene.profit_atoms.sum()) == wave.profit_atoms
        assert int(scene.equity_atoms.sum()) == wave.equity_atoms
        assert [(book.name, book.need_atoms) for book in scene.books] == [
            (coin.name, coin.need_atoms) for coin in wave.coins
        ]
        assert sum(len(book.person) for book in scene.books) <= wave.fills


def test_lots_to_close_are_those_published_and_somebody_holds_them(scenes: list[Scene]) -> None:
    lots = {(scene.number, book.name): book.lots for scene in scenes for book in scene.books}
    assert lots == {
        (1, "BTC"): 123_456, (1, "kPEPE"): 40_000_000, (1, "HYPE"): 900_025, (4, "BTC"): 11_733, (4, "HYPE"): 12_350,
        (7, "HYPE"): 30_000,
    }  # fmt: skip
    for scene in scenes:
        for book in scene.books:
            assert int(book.held_lots.sum()) >= book.lots and len(set(book.person.tolist())) == len(book.person)


def test_profit_pays_for_what_is_needed_and_equity_for_more(scenes: list[Scene]) -> None:
    for scene in scenes:
        here, value = np.zeros_like(scene.profit_atoms), np.zeros_like(scene.profit_atoms)
        for book in scene.books:
            assert int(book.profit_atoms.sum()) >= book.need_atoms > 0
            assert book.profit_atoms.min() > 0 and book.held_lots.min() > 0
            np.add.at(here, book.person, book.profit_atoms)
            np.add.at(value, book.person, book.held_lots * book.mark_ticks)
        assert np.all(scene.profit_atoms >= here)
        assert np.all((scene.equity_atoms - scene.profit_atoms) * 100 >= value * LEAST_CASH_PERCENT)


def test_winners_never_have_more_profit_than_published(published: Published, scenes: list[Scene]) -> None:
    # In the last of these waves more profit closed than there was when it began.
    assert sum(int(book.profit_atoms.sum()) for book in scenes[2].books) == published.waves[2].profit_atoms


def test_whole_contracts_leave_out_who_has_less_than_one(scenes: list[Scene]) -> None:
    whole = in_contracts(scenes[0])
    for before in scenes[0].books:
        after = next((book for book in whole.books if book.name == before.name), None)
        held = before.held_lots // 10**before.decimals
        if after is None:
            assert not held.any()
            continue
        assert after.held_lots.tolist() == held[held > 0].tolist()
        assert after.lots == min(-(-before.lots // 10**before.decimals), int(held.sum()))
        assert after.mark_ticks == before.mark_ticks * 10**before.decimals
    assert {book.name for book in whole.books} >= {"kPEPE", "HYPE"}


def test_need_beyond_all_profit_is_refused(published: Published) -> None:
    waves = [wave._replace(profit_atoms=wave.need_atoms - 1) for wave in published.waves]
    with pytest.raises(BenchmarkError, match="wave 1: the winners have less profit than is needed"):
        reconstruct(published._replace(waves=waves))


def test_equity_that_is_too_small_is_refused(published: Published) -> None:
    waves = [wave._replace(equity_atoms=wave.profit_atoms) for wave in published.waves]
    with pytest.raises(BenchmarkError, match="wave 1: the equity of the winners is too small"):
        reconstruct(published._replace(waves=waves))


def test_reconstruction_is_this_one_on_every_machine(folder: Path, scenes: list[Scene]) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from ringfence.lab.benchmark.published import load\n"
        "from ringfence.lab.benchmark.reconstruction import digest_of, reconstruct\n"
        "print(digest_of(reconstruct(load(Path(sys.argv[1])))))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    other = subprocess.run(
        [sys.executable, "-c", program, str(folder)], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest_of(scenes) == DIGEST


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**30), min_size=1, max_size=30).filter(any))
def test_shares_are_whole_and_within_one_of_their_part(whole: int, weights: list[int]) -> None:
    parts = share(whole, np.array(weights, dtype=object)).tolist()
    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - whole * weight) < sum(weights)


def test_sizes_go_through_the_published_shares() -> None:
    parts = parts_by_rank(19_351)
    assert sum(parts) == WHOLE and parts == sorted(parts, reverse=True)
    for largest, part in SHARES:
        assert sum(parts[:largest]) == int(part * WHOLE)
