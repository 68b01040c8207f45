"""The report: what its plots draw is what was recorded, each says its unit, and a page says when something is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from tests.lab.stage import played, quietly

from ringfence.lab.audits import Audit
from ringfence.lab.report import write_report
from ringfence.lab.report.plots import Plots
from ringfence.lab.report.write import usd
from ringfence.lab.reruns import HAIRCUTS, merged
from ringfence.lab.run import Played
from ringfence.lab.summary import outcome, summary


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("evening")
    run = played(folder, seed=8)
    return run, summary(run, Audit(folder).end(quietly), 1.0)


def drawn(plots: Plots, draw: Any) -> Any:
    axes: Any = Figure().subplots()
    draw(axes)
    return axes


def test_every_plot_says_what_it_shows_and_in_which_unit(evening: tuple[Played, dict[str, Any]]) -> None:
    plots = Plots(evening[0].plan, evening[0].record)
    titles = set()
    for caption, draw in plots.all():
        axes = drawn(plots, draw)
        titles.add(axes.get_title("left") or axes.get_title())
        assert axes.get_ylabel() in {
            "dollars",
            "percent of the beginning",
            "accounts",
            "million dollars",
            "billion dollars",
            "percent lent out",
        }
        assert caption.endswith(".")
        assert "time of day, UTC" in plots.svg(draw)
    assert len(titles) == len(plots.all())


def test_plots_draw_what_was_recorded(evening: tuple[Played, dict[str, Any]]) -> None:
    run, said = evening
    plots = Plots(run.plan, run.record)
    fenced = drawn(plots, plots.deposits).get_lines()[0].get_ydata()[-1]
    assert fenced * 10**6 == pytest.approx(said["later_deposits_usd"], abs=0.01)
    assert max(drawn(plots, plots.cases).get_lines()[0].get_ydata()) == said["most_open_cases"] > 0
    names = [line.get_label() for line in drawn(plots, plots.prices).get_lines()]
    assert names[:-1] == sorted(run.plan.scenario.assets[plots.worst.name].prices) and names[-1] == "mark of the venue"
    marks = drawn(plots, plots.prices).get_lines()[-1].get_ydata()
    assert marks[0] == pytest.approx(plots.worst.price_units / 10**8, rel=0.01)


def test_page_shows_the_zeros_and_what_is_wrong(evening: tuple[Played, dict[str, Any]], tmp_path: Path) -> None:
    run, said = evening
    page, *_ = write_report(tmp_path, run, said, [], 0, "ringfence crash oct10 --seed=7")
    text = page.read_text()
    assert text.count("card zero") == 6 and "card wrong" not in text and "ringfence crash oct10 --seed=7" in text
    assert "<script" not in text and not re.search(r'(src|href)="http', text), "a page loads nothing from elsewhere"
    bad = said | {"later_deposits_used_usd": 0.01, "verify": "does not hold"}
    text = write_report(tmp_path, run, bad, [], 0, "again")[0].read_text()
    assert text.count("card wrong") == 1 and "$0.01" in text and "NOT" in text


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "$0"), (0.004, "$0.00"), (0.42, "$0.42"), (99.5, "$99.50"), (1_234.4, "$1,234"), (12_340_000, "$12.3 million"),
     (4.56e9, "$4.6 billion")],
)  # fmt: skip
def test_dollars_are_said_as_people_do(amount: float, said: str) -> None:
    assert usd(amount) == said


def test_reruns_are_told_with_the_rules_side_by_side(evening: tuple[Played, dict[str, Any]], tmp_path: Path) -> None:
    run, said = evening
    with_rules = [
        outcome(run) | {"change": name, "compares_rules": at < 2, "policy": name}
        for at, name in enumerate(("queue", "pro-rata", "no vault"))
    ]
    one = [merged([row]) for row in with_rules]
    text = write_report(tmp_path, run, said, one, 1, "again")[0].read_text()
    assert "--what-if-seeds 5" in text and "no vault" in text and 'class="range"' not in text
    labels = [line.get_label() for line in drawn_rules(run, one).get_lines()]
    assert labels == ["queue", "pro-rata"]
    two = [merged([row, row | {"liquidated_accounts": 0}]) for row in with_rules]
    text = write_report(tmp_path, run, said, two, 2, "again")[0].read_text()
    assert "over 2 seeds" in text and f"0 to {with_rules[0]['liquidated_accounts']:,}" in text


def drawn_rules(run: Played, rows: list[dict[str, Any]]) -> Any:
    axes: Any = Figure().subplots()
    Plots(run.plan, run.record).rules(axes, rows)
    assert axes.get_xlabel() and axes.get_ylabel() == "percent of itself that it lost"
    return axes


def test_several_seeds_have_median_and_range() -> None:
    same = {"change": "x", "compares_rules": True, "accounts": 9}
    rows = [
        same | {HAIRCUTS: [0.0, part, 1.0], "state_hash": str(part), "deficit_usd": part * 100}
        for part in (0.9, 0.5, 0.6)
    ]
    found = merged(rows)
    assert (found["deficit_usd"], found["range"]["deficit_usd"]) == (60.0, [50.0, 90.0])
    assert (found[HAIRCUTS], found["compares_rules"], found["change"]) == ([0.0, 0.6, 1.0], True, "x")
    assert merged(rows[:1])["range"] == {}


def test_profit_by_haircut_is_that_of_the_waves(evening: tuple[Played, dict[str, Any]]) -> None:
    said = outcome(evening[0])
    assert 0 < sum(said["adl_profit_by_haircut_usd"]) <= said["adl_profit_usd"] + 0.01
    by_haircut = enumerate(said["adl_profit_by_haircut_usd"])
    least, most = 0.0, 0.0
    for percent, dollars in by_haircut:
        least, most = least + dollars * max(percent - 1, 0) / 100, most + dollars * percent / 100
    assert least <= said["adl_usd"] <= most + 0.01
