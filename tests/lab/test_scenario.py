"""What a scenario file may say, and what is said to whoever writes a wrong one."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringfence.lab.load import ScenarioError, figures, load_scenario, parse_scenario, standard, write_new
from ringfence.lab.ticks import load_ticks

SETTINGS = {
    "people.accounts", "people.desks", "depth.makers",
    *(f"assets.*.{name}" for name in (
        "tick", "lot", "initial_margin", "maintenance_margin", "collateral_weight", "band_ppm", "step_ppm",
        "mark_cap_ppm",
    )),
}  # fmt: skip
"""Numbers of the venue that is built, or of the size of a run: they are not said of the world."""


def numbers(part: Any, place: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return where the numbers of a table stand that has no source beside or above them."""
    if isinstance(part, dict):
        if "source" in part:
            return []
        return [found for name, value in part.items() for found in numbers(value, (*place, name))]
    is_number = isinstance(part, (int, float, Decimal)) and not isinstance(part, bool)
    return [place] if is_number else []


def test_every_figure_of_the_standard_scenario_carries_a_source() -> None:
    tables = tomllib.loads(standard())
    said = {place for place in numbers(tables) if place[0] not in ("rules", "steps")}
    without = {".".join(("assets", "*", place[2]) if place[0] == "assets" else place) for place in said}
    assert without <= SETTINGS, f"no source: {sorted(without - SETTINGS)}"


def test_every_source_of_the_standard_scenario_is_used_and_says_where_it_is_from() -> None:
    scenario = parse_scenario(standard(), "oct10")
    used = {source for _, source in figures(scenario)}
    assert used == set(scenario.sources)
    assert all(len(text) > 20 for text in scenario.sources.values())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("tick = 0.1\n", "tick = 0\n", "assets.BTC.tick: 0 is not above 0"),
        ('source = "hedgers" }', 'source = "nobody" }', "people.desk_leverage: the source nobody is not in [sources]"),
        ('"20:45", 117002', '"20:75", 117002', "assets.BTC.prices.binance: 20:75 is not a time of day"),
        ('"20:49", 116830', '"20:44", 116830', "assets.BTC.prices.binance: the times of day do not rise"),
        ('"20:49", 116830', '"20:49", 0', "assets.BTC.prices.binance: a price is not above 0"),
        ("fund_usd = 4_000_000", "fund_usd = -1", "rules.fund_usd: -1 is not at least 0"),
        ("fund_usd", "found_usd", "unknown field `found_usd`"),
        ("long = 62", "lang = 62", "people.roles: lang is none of carry, hedger, holder, lender, long, short"),
        ("[0, 30], [0.3, 150]", "[0.1, 30], [0.3, 150]", "people.means_usd: the parts do not rise from 0 to 1"),
        ("maintenance_margin = 0.0125", "maintenance_margin = 0.02", "0.02 is not below 0.02"),
        ("ends = 2025-10-10T22:00:00Z", "ends = 2025-10-10T20:00:00Z", "is not after begins"),
        ("ends = 2025-10-10T22:00:00Z", "ends = 2025-10-10T22:00:00", "write the time with its zone"),
        ('vault_usd = 40_000_000', 'policy = "lottery"\nvault_usd = 40_000_000', "rules.policy: lottery is none of"),
        ("[assets.UNI.prices.gemini]", "[assets.UNI.prices.binance2]\nsource = 1\n[assets.UNI.x]", "assets"),
        ("title = ", "title = = ", "Invalid value"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_place(before: str, after: str, said: str) -> None:
    assert before in standard(), before
    with pytest.raises(ScenarioError, match=r"my\.toml: ") as error:
        parse_scenario(standard().replace(before, after, 1), "my.toml")
    assert said in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    text = standard().replace("long = 62", "lang = 62").replace("tick = 0.1\n", "tick = 0\n", 1)
    with pytest.raises(ScenarioError) as error:
        parse_scenario(text, "my.toml")
    assert len(str(error.value).splitlines()) == 2


def test_scenario_is_written_once_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    write_new(path, standard())
    assert load_scenario(path) == parse_scenario(standard(), "oct10")
    with pytest.raises(ScenarioError, match="is there already"):
        write_new(path, standard())
    with pytest.raises(ScenarioError, match="there is no such file"):
        load_scenario(tmp_path / "other.toml")


def test_recorded_ticks_stand_in_for_anchors(tmp_path: Path) -> None:
    scenario = parse_scenario(standard(), "oct10")
    (tmp_path / "BTC.gemini.csv").write_text("time_ms,price\n1760129100000,117000.5\n1760129160000,116000\n")
    ticks = load_ticks(tmp_path, scenario)
    assert list(ticks) == [("BTC", "gemini")]
    recorded = ticks["BTC", "gemini"]
    times = recorded.times_us + np.array([-1_000_000, 59_000_000])
    assert recorded.at(times).tolist() == [11_700_050_000_000, 11_600_000_000_000]
    assert recorded.at(recorded.times_us + 59_000_000).tolist() == [11_700_050_000_000, 11_600_000_000_000]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("BTC.gemini.csv", "1760129100000,dear\n", "BTC.gemini.csv:1"),
        ("BTC.gemini.csv", "1760129100000,5\n1760129000000,5\n", "BTC.gemini.csv:2"),
        ("BTC.gemini.csv", "1760129100000,0\n", "is not above 0"),
        ("BTC.gemini.csv", "time,price\n", "there is no tick in it"),
        ("BTC.nowhere.csv", "1760129100000,5\n", "no file is named as BTC.binance.csv"),
    ],
)
def test_wrong_ticks_are_refused_with_their_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ScenarioError) as error:
        load_ticks(tmp_path, parse_scenario(standard(), "oct10"))
    assert said in str(error.value)
