"""What the published files say, and what is said to whoever has others."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ringfence.lab.benchmark.published import (
    FILLS,
    GAPS,
    PEOPLE,
    POLICIES,
    RULES,
    SHOCKS,
    WAVES,
    BenchmarkError,
    Published,
    decimals_of,
    load,
)


def test_waves_are_read_to_the_atom(published: Published) -> None:
    first, second, third = published.waves
    assert [wave.number for wave in published.waves] == [1, 4, 7]
    assert first.need_atoms == 740_736_000 + 8_000_000_000 + 4_500_125_000
    assert (second.profit_atoms, second.equity_atoms, second.fills) == (400_000 * 10**6, 1_900_000 * 10**6, 60)
    assert [coin.name for coin in third.coins] == ["HYPE"]
    assert set(first.rules) == set(RULES) and first.rules["production"] == (1_500_000, Decimal("0.25"))


def test_shocks_are_those_of_the_wave_and_the_coin_whose_name_they_have_in_capitals(published: Published) -> None:
    found = {(wave.number, coin.name): coin.closed_profit_atoms for wave in published.waves for coin in wave.coins}
    assert found[1, "kPEPE"] == 70_000 * 10**6 and found[4, "BTC"] == 800 * 10**6 and found[4, "HYPE"] == 0


def test_accounts_with_most_fills_come_first(published: Published) -> None:
    assert published.fills_of_people == [40] + [2] * 149


def test_lot_is_the_least_in_which_all_quantities_of_a_coin_are_whole(published: Published) -> None:
    assert decimals_of(published) == {"BTC": 5, "HYPE": 2, "kPEPE": 0}


def changed(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1))

    return change


def cut(name: str, lines: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        kept = (folder / name).read_text().splitlines()[:lines]
        (folder / name).write_text("\n".join(kept) + "\n")

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / GAPS).unlink(), f"{GAPS}: cannot be read"),
        (cut(SHOCKS, 1), f"{SHOCKS}: there is no line in it"),
        (cut(FILLS, 2), f"{WAVES}:3: wave 4 is not in {FILLS}"),
        (cut(POLICIES, 3), f"{WAVES}:4: wave 7 is not in {POLICIES}"),
        (cut(PEOPLE, 60), "has 156 fills, fewer than the waves"),
        (changed(GAPS, "qty_contracts", "quantity"), f"{GAPS}:2: there is nothing in the column qty_contracts"),
        (changed(GAPS, "40000000.0", "-1"), f"{GAPS}:3: qty_contracts is -1, which is not at least 0"),
        (changed(GAPS, "40000000.0", "NaN"), "qty_contracts is NaN, which is not at least 0"),
        (changed(GAPS, "40000000.0", "many"), "qty_contracts is many, which is no number"),
        (changed(FILLS, "120", "12.5"), f"{FILLS}:2: n_rows is 12.5, which is not a whole number"),
        (changed(FILLS, "120", "2"), f"{WAVES}:2: wave 1 has 3 coins and 2 fills"),
        (changed(SHOCKS, "2025-10-10 21:16:04.831000+00:00", "soon"), f"{SHOCKS}:2: t_start is soon, which is no time"),
    ],
)  # fmt: skip
def test_mistakes_name_their_place(folder: Path, change: Callable[[Path], object], words: str) -> None:
    change(folder)
    with pytest.raises(BenchmarkError, match=re.escape(words)):
        load(folder)


def test_too_few_people_are_refused(folder: Path) -> None:
    (folder / PEOPLE).write_text("n_adl_events\n" + "5\n" * 100)
    with pytest.raises(BenchmarkError, match="has 100 people; sizes are of more than 100"):
        load(folder)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="nowhere: there is no such folder"):
        load(tmp_path / "nowhere")
