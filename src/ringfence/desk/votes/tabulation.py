"""What a meeting's ballots come to, for the transfer agent, and a root by which holders can check that they count."""

from __future__ import annotations

import csv
import io
from collections import Counter

import msgspec

from ringfence.journal.merkle import path_of, root_by_path, root_of

from .ballots import Cast, Choice, Meeting


class ItemResult(msgspec.Struct, frozen=True):
    """What was said to an item, in atoms; what nobody said anything of stays unvoted."""

    number: int
    text: str
    votes: dict[Choice, int]
    unvoted_atoms: int


class Tabulation(msgspec.Struct, frozen=True):
    """The split vote that a record holder passes through to the agent (seev.004), and the root over its ballots."""

    meeting: int
    votable_atoms: int
    ballots: int
    items: list[ItemResult]
    root: str


class Counted(msgspec.Struct, frozen=True):
    """The ballots that count, in the order of accounts, and their leaves."""

    casts: list[Cast]
    leaves: list[bytes]

    def path(self, account: int) -> tuple[int, list[bytes]]:
        """Return the place of an account's ballot and the hashes that lead from it to the root."""
        place = next(at for at, cast in enumerate(self.casts) if cast.account == account)
        return place, path_of(self.leaves, place)

    def holds(self, cast: Cast, place: int, path: list[bytes]) -> bool:
        """Whether a ballot is one of those that are counted."""
        return root_by_path(cast.leaf(), place, len(self.leaves), path) == root_of(self.leaves)


def counted(meeting: Meeting) -> Counted:
    """Return the last ballot of every account."""
    casts = [meeting.last[account] for account in sorted(meeting.last)]
    return Counted(casts, [cast.leaf() for cast in casts])


def tabulate(meeting: Meeting) -> Tabulation:
    """Return what the ballots that count come to."""
    sums: dict[int, Counter[Choice]] = {number: Counter() for number in meeting.items}
    found = counted(meeting)
    for cast in found.casts:
        for number, said in cast.votes:
            for choice, atoms in said:
                sums[number][choice] += atoms
    votable = sum(meeting.votable.values())
    items = [
        ItemResult(number, item.text, {choice: sums[number][choice] for choice in item.choices}, 0)
        for number, item in sorted(meeting.items.items())
    ]
    items = [msgspec.structs.replace(one, unvoted_atoms=votable - sum(one.votes.values())) for one in items]
    assert all(one.unvoted_atoms >= 0 for one in items), "more was voted than may be"
    root = root_of(found.leaves).hex() if found.leaves else ""
    return Tabulation(meeting.number, votable, len(found.casts), items, root)


def ballots_csv(meeting: Meeting) -> str:
    """Return the ballots that count as CSV: account, item, choice, atoms, number, time in microseconds."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("account", "item", "choice", "atoms", "ballot", "time_us"))
    for cast in counted(meeting).casts:
        for number, said in cast.votes:
            for choice, atoms in said:
                writer.writerow((cast.account, number, choice.value, atoms, cast.number, cast.time_us))
    return lines.getvalue()
