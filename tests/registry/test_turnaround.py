"""The clock of an item, and what follows when too many were late."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ringfence.registry.kinds import Kind
from ringfence.registry.rules import RulesError, in_force, load_rules
from ringfence.registry.turnaround import BusinessDays

from .agent import SHARE, Agent

NEW_YORK = ZoneInfo("America/New_York")


def in_new_york(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 10**6


@pytest.mark.parametrize(
    ("received", "counted", "due"),
    [
        # Friday after noon before a Monday that is a holiday (Presidents' Day 2026).
        ("2026-02-13T12:01", "2026-02-17T12:00", "2026-02-20T12:00"),
        ("2026-02-13T12:00", "2026-02-13T12:00", "2026-02-19T12:00"),
        ("2026-02-15T09:00", "2026-02-17T12:00", "2026-02-20T12:00"),
        # The clocks go forward in between.
        ("2026-03-06T12:01", "2026-03-09T12:00", "2026-03-12T12:00"),
    ],
)
def test_item_counts_from_noon_and_is_due_three_business_days_later(received: str, counted: str, due: str) -> None:
    clock = BusinessDays(load_rules()).clock(in_new_york(received))
    assert (clock.counted_us, clock.due_us) == (in_new_york(counted), in_new_york(due))


def test_day_that_is_closed_by_hand_is_none(tmp_path: Path) -> None:
    text = Path(load_rules.__code__.co_filename).with_name("rules.toml").read_text()
    path = tmp_path / "rules.toml"
    path.write_text(text.replace("closed = []", "closed = [2026-02-17]"))
    days = BusinessDays(load_rules(path))
    assert days.clock(in_new_york("2026-02-13T12:01")).counted_us == in_new_york("2026-02-18T12:00")


def test_rules_hold_from_their_day_on_and_mistakes_name_their_place(tmp_path: Path) -> None:
    rules = load_rules()
    assert in_force(rules.turnaround, date(2026, 1, 1)).business_days == 3
    with pytest.raises(RulesError, match=r"17Ad-2.* is in force on 1999-01-01"):
        in_force(rules.turnaround, date(1999, 1, 1))
    with pytest.raises(RulesError, match="says nothing of 2090-01-02"):
        BusinessDays(rules).is_open(date(2090, 1, 2))
    path = tmp_path / "rules.toml"
    path.write_text("zone = 5")
    with pytest.raises(RulesError, match=r"rules\.toml: Expected `str`, got `int` - at `\$\.zone`"):
        load_rules(path)


def test_months_count_what_was_late_and_say_what_follows(agent: Agent) -> None:
    alice, bob = agent.account(agent.holder("Alice")), agent.account(agent.holder("Bob"))
    agent.issued(100, alice)
    for late in (1, 2):
        for _ in range(2):
            item = agent.ask(Kind.TRANSFER, SHARE, from_account=alice, to_account=bob)
            agent.register.accept(item.instruction, "anna", agent.now_us)
        for _ in range(late):
            agent.ask(Kind.TRANSFER, SHARE, from_account=alice, to_account=bob)
        agent.waits(30)
    first, second = agent.register.turnaround(agent.now_us)
    assert first[:5] == ("2025-11", 3, 2, 1, 0) and first.below and not first.restricted
    assert second[:5] == ("2025-12", 4, 2, 2, 0) and second.below and second.restricted
    (third,) = agent.register.turnaround(agent.now_us)[2:] or [None]
    assert third is None
    agent.ask(Kind.TRANSFER, SHARE, from_account=alice, to_account=bob)
    assert agent.register.turnaround(agent.now_us)[-1][1:5] == (1, 0, 0, 1)
    assert datetime.fromtimestamp(agent.now_us // 10**6, UTC).month == 1
