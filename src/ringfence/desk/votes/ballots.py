"""A meeting's agenda and what holders say to it: split votes, the last word before the deadline, a receipt for each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from ringfence.journal.merkle import leaf_hash


class Choice(StrEnum):
    """What can be said to an item (ISO 20022 seev.004)."""

    FOR = "FOR"
    AGAINST = "AGAINST"
    ABSTAIN = "ABSTAIN"
    WITHHOLD = "WITHHOLD"


class Why(StrEnum):
    """Why a ballot is not taken, in the order of the checks."""

    AFTER_DEADLINE = "AFTER_DEADLINE"
    NOTHING_TO_VOTE = "NOTHING_TO_VOTE"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"
    CHOICE_NOT_OFFERED = "CHOICE_NOT_OFFERED"
    NOT_POSITIVE = "NOT_POSITIVE"
    MORE_THAN_VOTABLE = "MORE_THAN_VOTABLE"


class BallotError(ValueError):
    """Raised for a ballot that is not taken; ``why`` is the code, the text a sentence."""

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


class Item(msgspec.Struct, frozen=True):
    """A point of the agenda."""

    number: int
    text: str
    choices: tuple[Choice, ...] = (Choice.FOR, Choice.AGAINST, Choice.ABSTAIN)


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """What an account says: atoms of the share by item and choice, and who signed that how."""

    account: int
    votes: dict[int, dict[Choice, int]]
    signer: str = ""
    signature: str = ""


class Receipt(NamedTuple):
    """What proves that a ballot was taken: its number at this meeting, when, and the hash that stands in the tree."""

    number: int
    time_us: int
    leaf: bytes


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """A ballot that was taken, as it is hashed: fields in this order, items and choices sorted."""

    meeting: int
    number: int
    time_us: int
    account: int
    votes: list[tuple[int, list[tuple[Choice, int]]]]
    signer: str
    signature: str

    def leaf(self) -> bytes:
        """Return its hash as a leaf of the tree."""
        return leaf_hash(msgspec.json.encode(self))


class Meeting:
    """A meeting that holders vote at, each no more than was allocated to him.

    Every ballot is kept; the last of an account counts, all of it, and what it does not name stays unvoted.
    """

    def __init__(self, number: int, items: tuple[Item, ...], votable: Mapping[int, int], deadline_us: int) -> None:
        assert items and len({item.number for item in items}) == len(items), "an agenda has items, each once"
        self.number, self.votable, self.deadline_us = number, dict(votable), deadline_us
        self.items = {item.number: item for item in items}
        self.taken: list[Cast] = []
        self.last: dict[int, Cast] = {}

    def cast(self, ballot: Ballot, now_us: int) -> Receipt:
        """Take a ballot, which replaces what its account said before. Raises ``BallotError``."""
        self._check(ballot, now_us)
        votes = [(item, sorted(said.items())) for item, said in sorted(ballot.votes.items())]
        number = len(self.taken) + 1
        cast = Cast(
            meeting=self.number, number=number, time_us=now_us, account=ballot.account, votes=votes,
            signer=ballot.signer, signature=ballot.signature,
        )  # fmt: skip
        self.taken.append(cast)
        self.last[ballot.account] = cast
        return Receipt(number, now_us, cast.leaf())

    def _check(self, ballot: Ballot, now_us: int) -> None:
        if now_us >= self.deadline_us:
            sentence = f"it is {now_us}, and meeting {self.number} takes ballots until {self.deadline_us}"
            raise BallotError(Why.AFTER_DEADLINE, sentence)
        votable = self.votable.get(ballot.account, 0)
        if not votable:
            sentence = f"account {ballot.account} had nothing to vote at the record of meeting {self.number}"
            raise BallotError(Why.NOTHING_TO_VOTE, sentence)
        for number, said in ballot.votes.items():
            self._check_item(number, said, votable)

    def _check_item(self, number: int, said: Mapping[Choice, int], votable: int) -> None:
        item = self.items.get(number)
        if item is None:
            raise BallotError(Why.UNKNOWN_ITEM, f"item {number} is not on the agenda of meeting {self.number}")
        for choice, atoms in said.items():
            if choice not in item.choices:
                raise BallotError(Why.CHOICE_NOT_OFFERED, f"{choice} cannot be said to item {number}")
            if atoms <= 0:
                raise BallotError(Why.NOT_POSITIVE, f"{atoms} atoms for {choice} of item {number} are no votes")
        if sum(said.values()) > votable:
            sentence = f"{sum(said.values())} atoms for item {number}, and {votable} may be voted"
            raise BallotError(Why.MORE_THAN_VOTABLE, sentence)
