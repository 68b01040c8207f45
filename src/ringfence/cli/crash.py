"""The verbs that replay a crash through a venue."""

from pathlib import Path
from typing import Literal

from cyclopts import App

from .output import Stages, result

crash = App(name="crash", help="Replay a crash through a venue of its own, and report who was hurt and who paid.")

Policy = Literal["pro-rata", "queue", "floor-pro-rata"]
UNITS = {"build": "venue", "play": "steps of time", "verify": "commands", "what if": "reruns"}


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(crash)


@crash.command
def oct10(
    *,
    accounts: int | None = None,
    seed: int = 7,
    policy: Policy | None = None,
    out: Path = Path("crash-oct10"),
    what_if: bool = True,
    what_if_seeds: int = 1,
    json: bool = False,
) -> int:
    """Replay 10 October 2025.

    Exit codes: 0 the log verifies and nobody paid who must not, 1 otherwise.

    Parameters
    ----------
    accounts: How many accounts there are, with their part of funds and depth; a million without it.
    seed: What the people and the path between published prices are drawn from.
    policy: Who is deleveraged; what the scenario says without it.
    out: Where the report and the venue's log go. A run that was killed goes on there.
    what_if: Also rerun it with one thing changed at a time.
    what_if_seeds: With how many seeds; with several, medians and ranges are reported.
    json: Write one JSON line.
    """
    return _play(None, None, accounts, seed, policy, out, what_if_seeds if what_if else 0, json=json)


@crash.command
def run(
    scenario: Path,
    *,
    ticks: Path | None = None,
    accounts: int | None = None,
    seed: int = 7,
    policy: Policy | None = None,
    out: Path | None = None,
    what_if: bool = True,
    what_if_seeds: int = 1,
    json: bool = False,
) -> int:
    """Replay a scenario of your own.

    Exit codes: 0 the log verifies and nobody paid who must not, 1 otherwise, 2 the scenario cannot be played.

    Parameters
    ----------
    scenario: The file; `ringfence crash new` writes one.
    ticks: A folder with recorded prices in the place of anchors, ASSET.SOURCE.csv: milliseconds since 1970, price.
    accounts: How many accounts there are; what the scenario says without it.
    seed: What the people and the path between anchors are drawn from.
    policy: Who is deleveraged; what the scenario says without it.
    out: Where the report and the venue's log go; beside the scenario without it.
    what_if: Also rerun it with one thing changed at a time.
    what_if_seeds: With how many seeds; with several, medians and ranges are reported.
    json: Write one JSON line.
    """
    folder = out if out is not None else scenario.with_suffix("").with_name(f"crash-{scenario.stem}")
    return _play(scenario, ticks, accounts, seed, policy, folder, what_if_seeds if what_if else 0, json=json)


@crash.command
def adl_benchmark(*, data: Path, json: bool = False) -> int:
    """Score deleveraging rules on the waves of 10 October 2025, beside the published rows.

    Exit codes: 0 the winners are the frozen reconstruction, 1 the data makes another, 2 the data cannot be read.

    Parameters
    ----------
    data: The folder with the published files, as they are in pluriholonomic/autodeleveraging-analysis.
    json: Write one JSON line.
    """
    from ringfence.lab.benchmark import run as benchmark

    stages = Stages({"waves": "waves"})
    scored = benchmark.score(data, lambda done, total: stages("waves", done, total))
    stages.end()
    if json:
        result(benchmark.said(scored))
    else:
        print("\n".join(benchmark.lines(scored)))
    return 0 if benchmark.is_frozen(scored) else 1


@crash.command
def new(path: Path = Path("scenario.toml")) -> None:
    """Write a scenario to change: that of 10 October 2025, commented.

    Parameters
    ----------
    path: The file; it must not be there yet.
    """
    from ringfence.lab.load import standard, write_new

    write_new(path, standard())
    result({"written": str(path)})


def _play(
    path: Path | None,
    ticks: Path | None,
    accounts: int | None,
    seed: int,
    policy: str | None,
    out: Path,
    what_if_seeds: int,
    *,
    json: bool,
) -> int:
    from ringfence.lab.replay import replay

    stages = Stages(UNITS)
    done = replay(path, ticks, accounts, seed, policy, out, what_if_seeds=what_if_seeds, progress=stages)
    stages.end()
    if json:
        result(done.said)
    else:
        for line in done.lines:
            print(line)
    return 0 if done.holds else 1
