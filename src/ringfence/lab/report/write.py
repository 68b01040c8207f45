"""Writing the report into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ..load import figures
from ..record import Record
from ..run import Played
from ..summary import percentile
from .plots import Plots

PAGE, PICTURE, NUMBERS = "report.html", "report.png", "report.json"


def write_report(
    folder: Path, played: Played, said: Mapping[str, Any], reruns: list[dict[str, Any]], seeds: int, command: str
) -> list[Path]:
    """Write page, picture and numbers; return where they are. Each rerun was played with so many seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = Plots(played.plan, played.record)
    page = _page(played, said, reruns, seeds, command, plots)
    numbers = {**said, "reruns": reruns, "command": command}
    (folder / PAGE).write_text(page, encoding="utf-8")
    (folder / PICTURE).write_bytes(plots.png())
    (folder / NUMBERS).write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in (PAGE, PICTURE, NUMBERS)]


def _page(
    played: Played, said: Mapping[str, Any], reruns: list[dict[str, Any]], seeds: int, command: str, plots: Plots
) -> str:
    environment = Environment(
        loader=PackageLoader("ringfence.lab", "report"), autoescape=select_autoescape(), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"usd": usd, "whole": lambda number: f"{number:,.0f}", "percent": lambda part: f"{part:.1%}"}
    said_as: dict[str, Any] = {name: environment.filters[name] for name in ("usd", "whole", "percent")}
    scenario = played.plan.scenario
    return environment.get_template("page.html").render(
        scenario=scenario, said=said, reruns=reruns, command=command, times=_times(played.record),
        drawn=[(caption, plots.svg(draw)) for caption, draw in plots.all()],
        used={source: scenario.sources[source] for _, source in figures(scenario)},
        rules=plots.svg_of_rules(reruns) if reruns else "", seeds=seeds,
        **said_as, opened_usd=played.positions_value / 10**6,
    )  # fmt: skip


def usd(amount: float) -> str:
    """Return dollars as a person says them: 0.42, 1,234, 12.3 million, 4.5 billion. Only nothing is $0."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(amount) >= size:
            return f"${amount / size:,.1f} {name}"
    return f"${amount:,.0f}" if amount == 0 or abs(amount) >= 100 else f"${amount:,.2f}"


def _times(record: Record) -> list[tuple[str, str, str]]:
    """Return how long cases took, by which clock."""
    return [
        (
            f"{part} of 100 cases",
            f"{percentile(record.resolved_s, part):.3f} s",
            f"{percentile(record.resolved_venue_s, part):.0f} s",
        )
        for part in (50, 90, 99)
    ]
