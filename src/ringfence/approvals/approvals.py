"""Proposals, and the only ways in which their state moves.

    PROPOSED -> APPROVED -> CARRIED_OUT
       |-> REFUSED   |        by another person, or by the one who proposed it
       '-> EXPIRED <-'        when its time is over

Every method takes the connection of the caller's transaction: what is approved and what is done for it are one
transaction where both are in one database; where they are not, APPROVED stands between them.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from .table import SENTENCE_CHARACTERS

DAY_US = 86_400_000_000
OPEN_FOR_US = 3 * DAY_US
"""A proposal that nobody decides in so much time expires."""


class State(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    CARRIED_OUT = "CARRIED_OUT"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class Why(StrEnum):
    """Why a proposal cannot be decided, in the order of the checks."""

    UNKNOWN = "UNKNOWN"
    NOT_OPEN = "NOT_OPEN"
    EXPIRED = "EXPIRED"
    SAME_PERSON = "SAME_PERSON"
    OTHER_CONTENT = "OTHER_CONTENT"


class ApprovalError(ValueError):
    """Raised when a proposal cannot be decided as asked; ``why`` is the code, the text a sentence."""

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


class Proposal(msgspec.Struct, frozen=True):
    """What somebody wants to be done; times in microseconds since 1970."""

    proposal: int
    operation: str
    payload: bytes
    digest: str
    sentence: str
    state: State
    proposed_by: str
    proposed_us: int
    expires_us: int
    decided_by: str | None
    decided_us: int | None
    carried_us: int | None


def digest_of(operation: str, payload: bytes) -> str:
    """Return what an approver names: BLAKE2b-256 of the operation and of what it is to do, in hexadecimal."""
    return hashlib.blake2b(operation.encode() + b"\0" + payload, digest_size=32).hexdigest()


class Approvals:
    """The proposals of a table made by ``proposals_table``."""

    def __init__(self, table: sa.Table) -> None:
        self._table = table

    def propose(
        self, connection: sa.Connection, operation: str, payload: bytes, sentence: str, by: str, now_us: int
    ) -> Proposal:
        """Write down what somebody wants; it waits for another."""
        assert by and operation, "a proposal has an operation and a person"
        number = 1 + (connection.scalar(sa.select(sa.func.max(self._table.c.proposal))) or 0)
        made = Proposal(
            number, operation, payload, digest_of(operation, payload), sentence[:SENTENCE_CHARACTERS], State.PROPOSED,
            by, now_us, now_us + OPEN_FOR_US, None, None, None,
        )  # fmt: skip
        connection.execute(sa.insert(self._table), msgspec.structs.asdict(made))
        return made

    def find(self, connection: sa.Connection, number: int) -> Proposal | None:
        """Return a proposal."""
        row = connection.execute(sa.select(self._table).where(self._table.c.proposal == number)).one_or_none()
        return None if row is None else _proposal(row)

    def all(self, connection: sa.Connection, state: State | None = None) -> list[Proposal]:
        """Return the proposals in a state, or all, in their order."""
        query = sa.select(self._table).order_by(self._table.c.proposal)
        if state is not None:
            query = query.where(self._table.c.state == state)
        return [_proposal(row) for row in connection.execute(query)]

    def approve(self, connection: sa.Connection, number: int, digest: str, by: str, now_us: int) -> Proposal:
        """Approve what another proposed; ``digest`` is that of what was seen. Raises ``ApprovalError``."""
        found = self._open(connection, number, now_us)
        if found.proposed_by == by:
            raise ApprovalError(Why.SAME_PERSON, f"proposal {number} is {by}'s own: another person has to approve it")
        if found.digest != digest:
            raise ApprovalError(
                Why.OTHER_CONTENT, f"proposal {number} has the digest {found.digest[:16]}, not {digest[:16]}"
            )
        return self._move(connection, found, State.APPROVED, decided_by=by, decided_us=now_us)

    def refuse(self, connection: sa.Connection, number: int, by: str, now_us: int) -> Proposal:
        """Refuse a proposal, or withdraw one's own. Raises ``ApprovalError``."""
        found = self._open(connection, number, now_us)
        return self._move(connection, found, State.REFUSED, decided_by=by, decided_us=now_us)

    def carried_out(self, connection: sa.Connection, number: int, now_us: int) -> Proposal:
        """Note that what was approved is done, once. Raises ``ApprovalError``."""
        found = self.find(connection, number)
        if found is None or found.state != State.APPROVED:
            raise ApprovalError(Why.NOT_OPEN, f"proposal {number} is not approved, or was carried out already")
        return self._move(connection, found, State.CARRIED_OUT, carried_us=now_us)

    def expire(self, connection: sa.Connection, now_us: int) -> list[Proposal]:
        """Let everything expire whose time is over and that is not done; returns what did."""
        waiting = [*self.all(connection, State.PROPOSED), *self.all(connection, State.APPROVED)]
        return [self._move(connection, found, State.EXPIRED) for found in waiting if found.expires_us <= now_us]

    def _open(self, connection: sa.Connection, number: int, now_us: int) -> Proposal:
        found = self.find(connection, number)
        if found is None:
            raise ApprovalError(Why.UNKNOWN, f"there is no proposal {number}")
        if found.state != State.PROPOSED:
            raise ApprovalError(Why.NOT_OPEN, f"proposal {number} is {found.state.lower().replace('_', ' ')} already")
        if found.expires_us <= now_us:
            raise ApprovalError(Why.EXPIRED, f"proposal {number} has expired: it has to be proposed again")
        return found

    def _move(self, connection: sa.Connection, found: Proposal, state: State, **more: Any) -> Proposal:
        mine = (self._table.c.proposal == found.proposal) & (self._table.c.state == found.state)
        done = connection.execute(sa.update(self._table).where(mine).values(state=state, **more))
        assert done.rowcount == 1, "a proposal was decided twice in one transaction"
        return msgspec.structs.replace(found, state=state, **more)


def _proposal(row: Any) -> Proposal:
    found = Proposal(*row)
    return msgspec.structs.replace(found, state=State(found.state))
