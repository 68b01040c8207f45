"""When an item counts as received, and when it is due (17 CFR 240.17Ad-1 and 17Ad-2; figures in rules.toml).

What comes at or before noon of a business day counts as received at noon of that day; what comes later, or on another
day, at noon of the next business day.  A routine item is due so many business days after that, at noon.
"""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from .rules import Rules, RulesError, in_force

US = 1_000_000
MOST_DAYS = 30
"""No calendar is closed for longer."""


class Clock(NamedTuple):
    """When an item counts as received, and when it is due, in microseconds since 1970."""

    counted_us: int
    due_us: int


class BusinessDays:
    """The business days of rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._zone = rules, ZoneInfo(rules.zone)
        self._closed = frozenset(rules.closed)

    def is_open(self, day: date) -> bool:
        """Whether a day is a business day. Raises ``RulesError`` for one that the calendar does not know yet."""
        if day in self._closed:
            return False
        calendar = _calendar(self._rules.calendar)
        if not calendar.first_session.date() <= day <= calendar.last_session.date():
            raise RulesError(
                f"the calendar {self._rules.calendar} says nothing of {day}: it ends on {calendar.last_session.date()}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(calendar.is_session(day.isoformat()))

    def after(self, day: date, count: int) -> date:
        """Return the business day that comes so many business days after a day."""
        for _ in range(count):
            day = self.at_or_after(day + timedelta(days=1))
        return day

    def at_or_after(self, day: date) -> date:
        """Return the first business day from a day on."""
        for ahead in range(MOST_DAYS):
            if self.is_open(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise RulesError(f"the calendar {self._rules.calendar} has no business day in the {MOST_DAYS} from {day} on")

    def clock(self, received_us: int) -> Clock:
        """Return the clock of an item."""
        received = datetime.fromtimestamp(received_us // US, UTC).replace(microsecond=received_us % US)
        local = received.astimezone(self._zone)
        rule = in_force(self._rules.turnaround, local.date())
        in_time = self.is_open(local.date()) and local.time() <= rule.cut
        counted = local.date() if in_time else self.at_or_after(local.date() + timedelta(days=1))
        return Clock(self._noon_us(counted), self._noon_us(self.after(counted, rule.business_days)))

    def _noon_us(self, day: date) -> int:
        noon = datetime.combine(day, in_force(self._rules.turnaround, day).cut, self._zone)
        return round(noon.timestamp()) * US

    def month_of(self, at_us: int) -> str:
        """Return the month of an instant where the agent is, as 2026-11."""
        return datetime.fromtimestamp(at_us // US, self._zone).strftime("%Y-%m")


@cache
def _calendar(name: str) -> Any:
    # It brings pandas, which takes a second to import: only who needs a calendar waits for it. What it warns of is
    # between the two of them.
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar(name)
