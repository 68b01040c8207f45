"""Records are of an instant, whatever was posted since; and differences are kept until they are gone."""

from fractions import Fraction

import pytest

from ringfence.registry import differences, holders, records
from ringfence.registry.kinds import Kind
from ringfence.registry.reasons import RegistryError

from .agent import SHARE, VENUE, Agent


def test_record_is_of_its_instant_whatever_was_posted_since(agent: Agent) -> None:
    alice, bob = agent.account(agent.holder("Alice")), agent.account(agent.holder("Bob"))
    venue = agent.holder("Ringfence", VENUE)
    omnibus = agent.account(venue, holders.OMNIBUS)
    agent.issued(100, alice)
    agent.do(Kind.TRANSFER, 30 * SHARE, from_account=alice, to_account=omnibus)
    agent.do(Kind.SPLIT, ratio_new=2, ratio_old=1)
    instant = agent.now_us
    agent.waits(1)
    agent.do(Kind.TRANSFER, 70 * SHARE, from_account=alice, to_account=bob)
    agent.do(Kind.SPLIT, ratio_new=1, ratio_old=10)
    with agent.register.writing() as connection:
        with pytest.raises(RegistryError, match="cannot be taken before that instant"):
            records.take(connection, 1, agent.now_us, agent.now_us)
        record = records.take(connection, 1, instant, agent.now_us)
        assert Fraction(record.factor_new, record.factor_old) == 2
        assert (record.units, record.holders) == (100 * SHARE, 2)
        lines = {line.account: line.units for line in records.lines_of(connection, record.record)}
        assert lines == {alice: 70 * SHARE, omnibus: 30 * SHARE}
        assert records.take(connection, 1, instant, agent.now_us + 5) == record
        now = records.take(connection, 1, agent.now_us, agent.now_us + 1)
        assert Fraction(now.factor_new, now.factor_old) == Fraction(1, 5) and now.hash != record.hash
        lines = {line.account: line.units for line in records.lines_of(connection, now.record)}
        assert lines == {bob: 70 * SHARE, omnibus: 30 * SHARE}


def test_record_counts_what_is_in_transit(agent: Agent) -> None:
    alice = agent.account(agent.holder("Alice"))
    wallet = agent.account(1, "token:solana", "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin")
    agent.issued(10, alice)
    agent.do(Kind.CONVERT, 4 * SHARE, from_account=alice, to_account=wallet)
    with agent.register.writing() as connection:
        agent.waits(1)
        record = records.take(connection, 1, agent.now_us - 1, agent.now_us)
    assert (record.units, record.holders) == (10 * SHARE, 1)


def test_difference_keeps_its_day_until_it_is_gone(agent: Agent) -> None:
    begin = agent.now_us
    with agent.register.writing() as connection:
        found = differences.compare(connection, 1, "core", "omnibus of Ringfence", 100, 99, begin)
        assert found is not None and found.found_us == begin
    agent.waits(31)
    with agent.register.writing() as connection:
        again = differences.compare(connection, 1, "core", "omnibus of Ringfence", 100, 98, agent.now_us)
        assert again is not None and (again.difference, again.theirs, again.found_us) == (1, 98, begin)
    assert [one.difference for one in agent.register.aged_differences(agent.now_us)] == [1]
    with agent.register.writing() as connection:
        assert differences.compare(connection, 1, "core", "omnibus of Ringfence", 98, 98, agent.now_us) is None
        assert differences.standing(connection) == []
        other = differences.compare(connection, 1, "issuer", "issued", 5, 6, agent.now_us)
        assert other is not None
        differences.explain(connection, other.difference, "an issue of today, not booked there yet", agent.now_us)
        with pytest.raises(RegistryError, match="cleared already"):
            differences.explain(connection, other.difference, "again", agent.now_us)
