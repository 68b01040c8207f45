"""A short evening with a few hundred people, for tests."""

from pathlib import Path
from typing import Any

from ringfence.lab.load import parse_scenario, standard
from ringfence.lab.scenario import Scenario

ACCOUNTS = 300


def short_text(seconds: int = 120, more: tuple[tuple[str, str], ...] = ()) -> str:
    """Return the standard scenario from 21:17 on, when prices fell fastest, in steps of two seconds."""
    text = standard().replace("begins = 2025-10-10T20:45:00Z", "begins = 2025-10-10T21:17:00Z")
    minute, second = divmod(17 * 60 + seconds, 60)
    text = text.replace("ends = 2025-10-10T22:00:00Z", f"ends = 2025-10-10T21:{minute:02}:{second:02}Z")
    begin, end = text.index("[[steps]]"), text.index("[rules]")
    text = text[:begin] + '[[steps]]\nbegins = "21:17"\nstep_s = 2\n\n' + text[end:]
    for before, after in more:
        assert before in text, before
        text = text.replace(before, after)
    return _cut(text, minute, second)


def _cut(text: str, minute: int, second: int) -> str:
    """Leave out the points of courses that are not between the two times, but the ones next to them."""
    import re

    def cut(found: re.Match[str]) -> str:
        points = re.findall(r'\["(\d\d:\d\d(?::\d\d)?)", ([\d.]+)\]', found[0])
        times = [_seconds(at) for at, _ in points]
        first, last = 21 * 3600 + 17 * 60, 21 * 3600 + minute * 60 + second
        before = [value for (_, value), at in zip(points, times, strict=True) if at <= first]
        kept = [(at, value) for (at, value), time in zip(points, times, strict=True) if first < time <= last]
        begun = ("21:17", before[-1] if before else points[0][1])
        return "points = [" + ", ".join(f'["{at}", {value}]' for at, value in [begun, *kept]) + "]"

    return re.sub(r'points = \[\s*\["\d\d:.*?\],?\s*\]', cut, text, flags=re.S)


def _seconds(at: str) -> int:
    parts = [int(part) for part in at.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def short(seconds: int = 120, more: tuple[tuple[str, str], ...] = ()) -> Scenario:
    return parse_scenario(short_text(seconds, more), "short")


def quietly(what: str, done: int, total: int) -> None:
    """Show nothing."""


def played(folder: Path, scenario: Scenario | None = None, seed: int = 7, accounts: int = ACCOUNTS) -> Any:
    from ringfence.lab.plan import Plan
    from ringfence.lab.run import play

    return play(Plan(scenario or short(), accounts, seed), folder, quietly)
