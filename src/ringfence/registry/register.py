"""The door of the register: everything that a transfer agent does, each in one transaction of its store.

Whoever acts is named by ``by``; what only two people may do waits for the second (``ringfence.approvals``). Times are
given, never read: ``now_us`` is microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from ringfence.approvals import Approvals, Proposal, State
from ringfence.database import migrate, open_engine, write_alone

from . import differences, holders, instructions, months, replay, securities
from .instructions import Asked, Instruction, Status
from .kinds import RULES, Kind
from .reasons import Reason, RegistryError
from .rules import Rules, in_force, load_rules
from .tables import NAME_CHARACTERS, PROPOSALS
from .turnaround import BusinessDays
from .words import require_words

MIGRATIONS = Path(__file__).parent / "migrations"
OPERATION = "register"
"""What proposals are called by, in the table of this register."""
PERSON_CHARACTERS = 64
US_PER_S = 1_000_000
US_PER_DAY = 86_400 * US_PER_S


class ControlBook(NamedTuple):
    """What is authorised of a class, and what became of it, in units (17 CFR 240.17Ad-9(d))."""

    authorised: int
    issued: int
    unissued: int
    retired: int
    in_transit: int


class Register:
    """A register in a database of its own."""

    def __init__(self, url: str, rules: Rules | None = None) -> None:
        self._engine = open_engine(url, durable=True)
        migrate(self._engine, MIGRATIONS)
        self.rules = rules if rules is not None else load_rules()
        self._days = BusinessDays(self.rules)
        self._approvals = Approvals(PROPOSALS)

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """Yield a connection that sees one state of the store, for the functions of this package."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """Yield a connection whose changes are made together at the end, or not at all."""
        with self._engine.begin() as connection:
            write_alone(connection)
            yield connection

    def receive(self, asked: Asked, by: str, now_us: int) -> Instruction:
        """Write down what somebody asks for. Raises ``RegistryError``; what cannot be done comes back REJECTED."""
        _require_person(by)
        with self.writing() as connection:
            return instructions.receive(connection, asked, by, self._days, now_us)

    def accept(self, number: int, by: str, now_us: int) -> Instruction:
        """Do what an item says, or propose it to another person. Raises ``RegistryError``."""
        _require_person(by)
        with self.writing() as connection:
            item = _received(connection, number)
            if not RULES[Kind(item.kind)].four_eyes:
                return instructions.carry_out(connection, item, by, now_us)
            payload = msgspec.json.encode(item)
            proposal = self._approvals.propose(connection, OPERATION, payload, sentence_of(item), by, now_us)
            return instructions.review(connection, item, proposal.proposal)

    def decline(self, number: int, why: str, by: str, now_us: int) -> Instruction:
        """Turn an item down for a reason in one's own words. Raises ``RegistryError``."""
        _require_person(by)
        require_words("why", why, NAME_CHARACTERS)
        with self.writing() as connection:
            item = _received(connection, number)
            return instructions.reject(connection, item, RegistryError(Reason.DECLINED, why), by, now_us)

    def approve(self, proposal: int, digest: str, by: str, now_us: int) -> Instruction:
        """Approve what another proposed, and do it. Raises ``ApprovalError``."""
        _require_person(by)
        with self.writing() as connection:
            self._approvals.approve(connection, proposal, digest, by, now_us)
            done = instructions.carry_out(connection, instructions.of_proposal(connection, proposal), by, now_us)
            self._approvals.carried_out(connection, proposal, now_us)
            return done

    def refuse(self, proposal: int, by: str, now_us: int) -> Instruction:
        """Refuse what another proposed, or withdraw it. Raises ``ApprovalError``."""
        _require_person(by)
        with self.writing() as connection:
            refused = self._approvals.refuse(connection, proposal, by, now_us)
            return self._end(connection, refused, Reason.REFUSED, by, now_us)

    def expire(self, now_us: int) -> list[Instruction]:
        """Reject everything that nobody approved in time; to be called now and then."""
        with self.writing() as connection:
            over = self._approvals.expire(connection, now_us)
            return [self._end(connection, one, Reason.EXPIRED, one.proposed_by, now_us) for one in over]

    def _end(self, connection: sa.Connection, one: Proposal, why: Reason, by: str, now_us: int) -> Instruction:
        item = instructions.of_proposal(connection, one.proposal)
        return instructions.reject(connection, item, RegistryError(why, one.proposal), by, now_us)

    def confirm(self, number: int, *, done: bool, now_us: int) -> Instruction:
        """Say whether what an item has in transit was burned or minted. Raises ``RegistryError``."""
        with self.writing() as connection:
            return instructions.confirm(connection, instructions.find(connection, number), done=done, now_us=now_us)

    def proposals(self, state: State | None = None) -> list[Proposal]:
        """Return what waits for a second person, or all proposals."""
        with self.reading() as connection:
            return self._approvals.all(connection, state)

    def control_book(self, number: int) -> ControlBook:
        """Return the control book of a class. Raises ``RegistryError``."""
        with self.reading() as connection:
            securities.find_class(connection, number)
            has = {
                kept: holders.units_of(connection, holders.kept_account(connection, number, kept))
                for kept in holders.Kept
            }
        authorised, unissued, retired = (
            -has[holders.Kept.CHARTER],
            has[holders.Kept.UNISSUED],
            has[holders.Kept.RETIRED],
        )
        return ControlBook(authorised, authorised - unissued - retired, unissued, retired, has[holders.Kept.IN_TRANSIT])

    def turnaround(self, now_us: int) -> list[months.Month]:
        """Return how fast routine items were, by month."""
        with self.reading() as connection:
            return months.turnaround(connection, self.rules, self._days, now_us)

    def aged_differences(self, now_us: int) -> list[differences.Difference]:
        """Return the differences that are older than the rules allow."""
        aged = in_force(self.rules.differences, _day_of(now_us)).aged_days
        with self.reading() as connection:
            return differences.standing(connection, now_us - aged * US_PER_DAY)

    def check(self) -> list[str]:
        """Compute everything again and return what is wrong."""
        with self.reading() as connection:
            return replay.check(connection)

    def close(self) -> None:
        """Close the store."""
        self._engine.dispose()


def sentence_of(item: Instruction) -> str:
    """Return what an item does, as a person says it."""
    what = f"{item.ratio_new} for {item.ratio_old}" if item.kind == Kind.SPLIT else f"{item.units} units"
    ends = "".join(
        f" {word} account {account}"
        for word, account in (("from", item.from_account), ("to", item.to_account))
        if account is not None
    )
    return f"{item.kind} of {what} of class {item.number}{ends}; document {item.document}; reference {item.reference}"


def _received(connection: sa.Connection, number: int) -> Instruction:
    item = instructions.find(connection, number)
    if item.state != Status.RECEIVED:
        raise RegistryError(Reason.NOT_DECIDED, number, place=item.state.lower().replace("_", " "))
    return item


def _require_person(by: str) -> None:
    require_words("by", by, PERSON_CHARACTERS)


def _day_of(now_us: int) -> date:
    return datetime.fromtimestamp(now_us // US_PER_S, UTC).date()
