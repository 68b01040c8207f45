"""Deadlines from rules.toml: what holds on a day is the youngest part that is in force by then."""

from __future__ import annotations

import tomllib
from datetime import date, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

Positive = Annotated[int, msgspec.Meta(gt=0)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class _Dated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from"}):
    rule: str
    since: date


class Turnaround(_Dated, frozen=True, kw_only=True):
    """How fast routine items are to be turned around."""

    noon: str
    business_days: Positive
    percent: Percent
    restricted_percent: Percent

    @property
    def cut(self) -> time:
        """Return the time of day up to which an item counts as received that day."""
        return time.fromisoformat(self.noon)


class RecordDate(_Dated, frozen=True, kw_only=True):
    """How far a record date may be from what it is for."""

    days_before_dividend: Positive
    days_before_meeting: Positive
    days_before_meeting_least: Positive


class Differences(_Dated, frozen=True, kw_only=True):
    """When a difference is an aged one."""

    aged_days: Positive


Part = TypeVar("Part", bound=_Dated)


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    zone: str
    calendar: str
    closed: list[date]
    turnaround: list[Turnaround]
    record_date: list[RecordDate]
    differences: list[Differences]


class RulesError(ValueError):
    """Raised when rules cannot be read, or say nothing about a day."""


def load_rules(path: Path | None = None) -> Rules:
    """Return the rules in a file, those that come with the register without one. Raises ``RulesError``."""
    place = str(path) if path is not None else "rules.toml"
    try:
        if path is None:
            text = files("ringfence.registry").joinpath("rules.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), Rules)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RulesError(f"{place}: {error}") from None


def in_force(parts: list[Part], day: date) -> Part:
    """Return the part that holds on a day. Raises ``RulesError`` when there is none yet."""
    holding = [part for part in parts if part.since <= day]
    if not holding:
        raise RulesError(f"no rule of {', '.join(part.rule for part in parts)} is in force on {day}")
    return max(holding, key=lambda part: part.since)
