"""Reading a scenario: every mistake is named with its place and what was expected, all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, cast, get_type_hints

from ringfence.config.reading import ConfigError, parse_tables, read_text, require_none
from ringfence.schema.enums import PRICE_SOURCES, DeleveragingPolicy

from .scenario import ROLE_NAMES, Course, Figure, Mix, Scenario, Strict, Table

US = 1_000_000
CASH = "USDC"
POLICIES = {
    "pro-rata": DeleveragingPolicy.PRO_RATA,
    "queue": DeleveragingPolicy.QUEUE,
    "floor-pro-rata": DeleveragingPolicy.FLOOR_PRO_RATA,
}
MINIMUM_SOURCES = 3


class ScenarioError(ConfigError):
    """Raised when a scenario cannot be played; the text has one line for each mistake."""


def standard() -> str:
    """Return the text of the scenario of 10 October 2025."""
    return files("ringfence.lab").joinpath("scenarios", "oct10.toml").read_text(encoding="utf-8")


def write_new(path: Path, text: str) -> None:
    """Write a scenario to a file that is not there yet. Raises ``ScenarioError``."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ScenarioError(f"{path}: is there already; name another file") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be written: {error}") from None


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a file. Raises ``ScenarioError``."""
    return parse_scenario(read_text(path, ScenarioError, f"`ringfence crash new {path}` writes one"), str(path))


def parse_scenario(text: str, name: str) -> Scenario:
    """Return the scenario in a text; ``name`` is for messages. Raises ``ScenarioError``."""
    scenario = parse_tables(text, name, Scenario, ScenarioError, parse_float=Decimal, strict=False)
    require_none(list(problems(scenario)), name, ScenarioError)
    return scenario


def time_of_day_us(scenario: Scenario, text: str) -> int:
    """Return a time of day (``21:20`` or ``21:20:37``) of the scenario's day, or of the next if it begins later."""
    hour, minute, *second = (int(part) for part in text.split(":"))
    begins = scenario.begins.astimezone(UTC)
    at = begins.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
    return as_us(at if at >= begins else at + timedelta(days=1))


def as_us(at: datetime) -> int:
    """Return microseconds since 1970 of a time."""
    return round(at.timestamp()) * US


def points_of(scenario: Scenario, course: Course, scale: int = 1) -> list[tuple[int, int]]:
    """Return the points of a course as (microseconds, value times scale)."""
    return [(time_of_day_us(scenario, at), int(value * scale)) for at, value in course.points]


def figures(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield (place, source) of everything in a scenario that carries a source."""
    if isinstance(part, (Figure, Table, Mix, Course)):
        yield place, part.source
    elif isinstance(part, Strict):
        for name in part.__struct_fields__:
            yield from figures(getattr(part, name), f"{place}.{name}" if place else name)
    elif isinstance(part, dict):
        inner = cast(dict[str, Any], part)
        for name, value in inner.items():
            yield from figures(value, f"{place}.{name}")


def problems(scenario: Scenario) -> Iterator[str]:
    """Yield what is wrong with a scenario beyond the shape of it, a sentence each."""
    if scenario.begins.tzinfo is None or scenario.ends.tzinfo is None:
        yield "begins, ends: write the time with its zone, as 2025-10-10T20:45:00Z"
        return
    if scenario.ends <= scenario.begins or scenario.ends - scenario.begins > timedelta(days=1):
        yield f"ends: {scenario.ends} is not after begins, or more than a day after it"
        return
    for place, source in figures(scenario):
        if source not in scenario.sources:
            yield f"{place}: the source {source} is not in [sources], which has {', '.join(scenario.sources)}"
    yield from _out_of_bounds(scenario)
    for place, course in _courses(scenario):
        yield from _wrong_times(scenario, place, course)
    yield from _wrong_people(scenario)
    yield from _wrong_assets(scenario)
    if scenario.rules.policy not in POLICIES:
        yield f"rules.policy: {scenario.rules.policy} is none of {', '.join(POLICIES)}"


def _out_of_bounds(part: Strict, place: str = "") -> Iterator[str]:
    """Yield the decimal numbers that are below 0, or not what their type says."""
    hints: dict[str, Any] = get_type_hints(type(part), include_extras=True)
    for name, hint in hints.items():
        value, at = getattr(part, name), f"{place}.{name}".lstrip(".")
        values = cast(dict[str, Any], value if isinstance(value, dict) else {"": value})
        for key, inner in values.items():
            where = f"{at}.{key}".rstrip(".")
            if isinstance(inner, Strict):
                yield from _out_of_bounds(inner, where)
            elif isinstance(inner, Decimal):
                words = getattr(hint, "__metadata__", [""])[0]
                if inner < 0 or (words == "above 0" and inner == 0) or (words == "from 0 to 1" and inner > 1):
                    yield f"{where}: {inner} is not {words or 'at least 0'}"


def _courses(scenario: Scenario) -> Iterator[tuple[str, list[str]]]:
    yield "steps", [span.begins for span in scenario.steps]
    yield "depth.left", [at for at, _ in scenario.depth.left.points]
    for name, asset in scenario.assets.items():
        for source, course in asset.prices.items():
            yield f"assets.{name}.prices.{source}", [at for at, _ in course.points]


def _wrong_times(scenario: Scenario, place: str, times: list[str]) -> Iterator[str]:
    wrong = [text for text in times if not re.fullmatch(r"[0-2]?\d:[0-5]\d(:[0-5]\d)?", text) or int(text[:2]) > 23]
    if wrong or not times:
        yield (
            f"{place}: {wrong[0]} is not a time of day as 21:20 or 21:20:37" if wrong else f"{place}: there is nothing"
        )
        return
    stamps = [time_of_day_us(scenario, text) for text in times]
    if any(after <= before for before, after in pairwise(stamps)):
        yield f"{place}: the times of day do not rise"
    if stamps[-1] > as_us(scenario.ends):
        yield f"{place}: {times[-1]} is after the end, {scenario.ends:%H:%M}"


def _wrong_people(scenario: Scenario) -> Iterator[str]:
    people, perpetuals = scenario.people, {name for name, asset in scenario.assets.items() if asset.perpetual}
    for place, names, known in (
        ("people.roles", people.roles.parts, set(ROLE_NAMES)),
        ("people.markets", people.markets.parts, perpetuals),
        ("people.collateral", people.collateral.parts, {CASH, *scenario.assets}),
    ):
        for name in names:
            if name not in known:
                yield f"{place}: {name} is none of {', '.join(sorted(known))}"
    for place in ("means_usd", "leverage_long", "leverage_short", "deposit_delay_s", "deposit_part"):
        points = getattr(people, place).points
        parts = [part for part, _ in points]
        if len(points) < 2 or parts[0] != 0 or parts[-1] != 1 or parts != sorted(set(parts)):
            yield f"people.{place}: the parts do not rise from 0 to 1"
        elif any(value < 0 for _, value in points):
            yield f"people.{place}: a value is below 0"


def _wrong_assets(scenario: Scenario) -> Iterator[str]:
    sources = {source for asset in scenario.assets.values() for source in asset.prices}
    if len(sources) > PRICE_SOURCES:
        yield f"assets: there are {len(sources)} sources of prices, and room for {PRICE_SOURCES}"
    for name, asset in scenario.assets.items():
        place = f"assets.{name}"
        if not re.fullmatch(r"[A-Za-z0-9.]{1,12}", name) or name == CASH:
            yield f"{place}: a name has 1 to 12 letters and digits, and is not {CASH}"
        if len(asset.prices) < MINIMUM_SOURCES:
            yield f"{place}.prices: {len(asset.prices)} sources quote it; fewer than {MINIMUM_SOURCES} make no price"
        if asset.depth_usd is None and (asset.perpetual or name in scenario.people.collateral.parts):
            yield f"{place}.depth_usd: whatever is traded needs the depth of its book"
        for source, course in asset.prices.items():
            if any(value <= 0 for _, value in course.points):
                yield f"{place}.prices.{source}: a price is not above 0"
        if asset.maintenance_margin >= asset.initial_margin:
            yield f"{place}.maintenance_margin: {asset.maintenance_margin} is not below {asset.initial_margin}"
        if (asset.tick * asset.lot * 10**6) % 1:
            yield f"{place}.tick: a tick times a lot is not a whole number of millionths of a dollar"
