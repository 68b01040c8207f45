"""How many routine items of each month were turned around in time, and what follows (17Ad-2, 17Ad-3)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from .rules import Rules, in_force
from .tables import INSTRUCTIONS
from .turnaround import BusinessDays


class Month(NamedTuple):
    """The routine items that counted as received in a month."""

    month: str
    items: int
    in_time: int
    late: int
    waiting: int
    """Neither turned around nor due yet."""
    below: bool
    """Fewer of those that are decided or due were in time than the rule wants: its notice is due."""
    restricted: bool
    """And so few, two months running, that new business is limited."""


def turnaround(connection: sa.Connection, rules: Rules, days: BusinessDays, now_us: int) -> list[Month]:
    """Return the months that had routine items, in their order."""
    t = INSTRUCTIONS.c
    counted: dict[str, list[int]] = {}
    for item in connection.execute(sa.select(t.counted_us, t.due_us, t.decided_us).where(t.routine)):
        month = counted.setdefault(days.month_of(item.counted_us), [0, 0, 0])
        if item.decided_us is not None and item.decided_us <= item.due_us:
            month[0] += 1
        else:
            month[1 if item.due_us < now_us else 2] += 1
    found: list[Month] = []
    for month, (in_time, late, waiting) in sorted(counted.items()):
        rule = in_force(rules.turnaround, date.fromisoformat(month + "-01"))
        due = in_time + late
        below = in_time * 100 < due * rule.percent
        is_low = in_time * 100 < due * rule.restricted_percent
        before = found[-1] if found else None
        restricted = is_low and before is not None and _is_low(before, rule.restricted_percent)
        found.append(Month(month, in_time + late + waiting, in_time, late, waiting, below, restricted))
    return found


def _is_low(month: Month, percent: int) -> bool:
    return month.in_time * 100 < (month.in_time + month.late) * percent
