"""Votes on lent shares: never more than there are shares, nobody more than he has, and everybody can see his ballot."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.desk.votes import Ballot, BallotError, Choice, Held, Item, Meeting, Why, allocate, ballots_csv, tabulate
from ringfence.desk.votes.tabulation import counted

FOR, AGAINST, WITHHOLD = Choice.FOR, Choice.AGAINST, Choice.WITHHOLD
AGENDA = (Item(1, "Elect the directors", (FOR, WITHHOLD)), Item(2, "Approve the plan"))
DEADLINE_US = 1_000


def meeting(**votable: int) -> Meeting:
    return Meeting(7, AGENDA, {int(name[1:]): atoms for name, atoms in votable.items()}, DEADLINE_US)


def test_lenders_vote_what_is_left_of_what_they_lent() -> None:
    """Of 100 shares 60 are their holders' own; 60 were lent, and 20 of those sold on to one of them."""
    holders = [Held(1, 40, 0), Held(2, 20, 0), Held(3, 60, 60), Held(4, -20, 0)]
    found = allocate(1, 100, holders)
    assert found == {1: 40, 2: 20, 3: 40} and sum(found.values()) == 100


def test_cut_is_shared_in_proportion_and_the_last_atom_goes_by_lot() -> None:
    holders = [Held(number, 10, 10) for number in (1, 2, 3)]
    first, second = (allocate(number, 20, holders) for number in (1, 2))
    assert sorted(first.values()) == sorted(second.values()) == [6, 7, 7]
    assert first == allocate(1, 20, reversed(holders))
    assert len({tuple(allocate(number, 20, holders).items()) for number in range(20)}) == 3


def test_share_lent_before_the_record_changes_what_its_lender_votes() -> None:
    before = allocate(1, 100, [Held(1, 100, 0)])
    lent = allocate(1, 100, [Held(1, 100, 10), Held(2, 10, 0), Held(3, -10, 0)])
    assert before == {1: 100} and lent == {1: 90, 2: 10}


def test_who_may_not_vote_leaves_his_shares_unvoted() -> None:
    assert allocate(1, 100, [Held(1, 60, 0), Held(2, 40, 0)], {1: False}) == {2: 40}


def test_record_with_fewer_shares_than_holders_have_is_refused() -> None:
    with pytest.raises(ValueError, match="holders have 101 atoms and there are 100"):
        allocate(1, 100, [Held(1, 101, 0)])


@st.composite
def records(draw: st.DrawFn) -> tuple[int, list[Held]]:
    """Draw people who hold and lend, and others who borrowed some of it and sold it to them or kept it."""
    lent = draw(st.lists(st.integers(0, 1_000), min_size=1, max_size=8))
    owned = draw(st.lists(st.integers(0, 1_000), min_size=1, max_size=8))
    sold = draw(st.integers(0, sum(lent)))
    rows = [Held(number, atoms, atoms) for number, atoms in enumerate(lent, 1)]
    rows += [Held(100 + number, atoms, 0) for number, atoms in enumerate(owned)]
    rows += [Held(200, sold, 0), Held(201, -sold, 0)]
    return sum(lent) + sum(owned), rows


@given(records(), st.integers(1, 99))
def test_votes_never_exceed_the_shares_nor_anybodys_position(record: tuple[int, list[Held]], number: int) -> None:
    total, rows = record
    found = allocate(number, total, rows)
    assert sum(found.values()) == total
    assert all(found.get(row.account, 0) <= max(row.net_atoms, 0) for row in rows)
    assert all(found.get(row.account, 0) >= row.own_atoms for row in rows)


def test_last_ballot_before_the_deadline_counts_and_may_be_split() -> None:
    held = meeting(a1=100, a2=50)
    held.cast(Ballot(account=1, votes={1: {FOR: 100}}), 1)
    held.cast(Ballot(account=1, votes={1: {FOR: 30, WITHHOLD: 20}, 2: {AGAINST: 100}}), 2)
    held.cast(Ballot(account=2, votes={2: {FOR: 50}}), 999)
    found = tabulate(held)
    assert (found.votable_atoms, found.ballots) == (150, 2)
    first, second = found.items
    assert first.votes == {FOR: 30, WITHHOLD: 20} and first.unvoted_atoms == 100
    assert second.votes == {FOR: 50, AGAINST: 100, Choice.ABSTAIN: 0} and second.unvoted_atoms == 0
    assert len(held.taken) == 3
    assert ballots_csv(held).splitlines()[1] == "1,1,FOR,30,2,2"


@pytest.mark.parametrize(
    ("ballot", "now_us", "why"),
    [
        (Ballot(account=1, votes={1: {FOR: 1}}), 1_000, Why.AFTER_DEADLINE),
        (Ballot(account=9, votes={1: {FOR: 1}}), 1, Why.NOTHING_TO_VOTE),
        (Ballot(account=1, votes={3: {FOR: 1}}), 1, Why.UNKNOWN_ITEM),
        (Ballot(account=1, votes={1: {AGAINST: 1}}), 1, Why.CHOICE_NOT_OFFERED),
        (Ballot(account=1, votes={1: {FOR: 0}}), 1, Why.NOT_POSITIVE),
        (Ballot(account=1, votes={1: {FOR: 60, WITHHOLD: 41}}), 1, Why.MORE_THAN_VOTABLE),
    ],
)
def test_ballot_that_cannot_be_taken_is_refused_and_changes_nothing(ballot: Ballot, now_us: int, why: Why) -> None:
    held = meeting(a1=100)
    held.cast(Ballot(account=1, votes={1: {FOR: 7}}), 1)
    with pytest.raises(BallotError) as refused:
        held.cast(ballot, now_us)
    assert refused.value.why is why and str(refused.value)
    assert len(held.taken) == 1 and tabulate(held).items[0].votes[FOR] == 7


def test_every_ballot_can_be_found_under_the_root_and_no_other() -> None:
    held = Meeting(7, AGENDA, dict.fromkeys(range(1, 8), 10), DEADLINE_US)
    for account in range(1, 8):
        held.cast(Ballot(account=account, votes={1: {FOR: account}}, signer="key", signature="00"), account)
    found = counted(held)
    for cast in found.casts:
        place, path = found.path(cast.account)
        assert found.holds(cast, place, path)
        changed = msgspec.structs.replace(cast, votes=[(1, [(FOR, cast.account + 1)])])
        assert not found.holds(changed, place, path)
    assert tabulate(held).root != tabulate(meeting(a1=1)).root == ""
