"""What somebody asks for, from receipt to posting.

    RECEIVED -> IN_REVIEW -> POSTED                     IN_REVIEW when another person has to approve
       |          |-> AWAITING_BURN -> AWAITING_MINT -> POSTED     a conversion of tokens, through IN_TRANSIT
       '----------'-> REJECTED, with a reason and a sentence

An item that cannot be done is rejected and kept: it has been turned around.  What fails on a chain is never lost: not
burned, it goes back where it was; not minted, to its holder's book entry.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from . import restrictions
from .holders import BOOK, HOLDER, TOKEN, Account, Kept, State, find_account, find_holder, kept_account, open_account
from .holders import units_of as units_held
from .kinds import RULES, End, Kind
from .ledger import MAX_RATIO, MAX_UNITS, change_factor, post
from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .securities import find_class
from .tables import INSTRUCTIONS, REFERENCE_CHARACTERS, TEXT_CHARACTERS
from .turnaround import BusinessDays
from .words import require_words


class Status(StrEnum):
    """Where an instruction stands."""

    RECEIVED = "RECEIVED"
    IN_REVIEW = "IN_REVIEW"
    AWAITING_BURN = "AWAITING_BURN"
    AWAITING_MINT = "AWAITING_MINT"
    POSTED = "POSTED"
    REJECTED = "REJECTED"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for. ``units`` 0 with LOST_KEY: all that the account has; a SPLIT has a ratio instead."""

    kind: str
    number: int
    """Of the class."""
    reference: str
    units: int = 0
    from_account: int | None = None
    to_account: int | None = None
    ratio_new: int = 0
    ratio_old: int = 0
    document: str = ""


class Instruction(msgspec.Struct, frozen=True):
    """An item; ``counted_us`` is when it counts as received, ``decided_us`` when it was turned around."""

    instruction: int
    kind: str
    reference: str
    number: int
    from_account: int | None
    to_account: int | None
    units: int
    ratio_new: int
    ratio_old: int
    document: str
    submitted_by: str
    state: str
    reason: int | None
    sentence: str
    received_us: int
    counted_us: int
    due_us: int
    routine: bool
    decided_us: int | None
    decided_by: str | None
    proposal: int | None


def receive(connection: sa.Connection, asked: Asked, by: str, days: BusinessDays, now_us: int) -> Instruction:
    """Write an item down. Raises ``RegistryError`` for what cannot be one; what cannot be done is REJECTED."""
    if asked.kind not in Kind.__members__:
        raise RegistryError(Reason.UNKNOWN_KIND, repr(asked.kind[:30]), place=", ".join(Kind))
    find_class(connection, asked.number)
    require_words("reference", asked.reference, REFERENCE_CHARACTERS)
    require_words("document", asked.document, TEXT_CHARACTERS, may_be_empty=True)
    same = sa.select(INSTRUCTIONS.c.instruction).where(INSTRUCTIONS.c.reference == asked.reference)
    if (taken := connection.scalar(same)) is not None:
        raise RegistryError(Reason.REFERENCE_TAKEN, asked.reference, taken)
    for count in (asked.units, asked.ratio_new, asked.ratio_old):
        if abs(count) > MAX_UNITS:
            raise RegistryError(Reason.TOO_MANY, count, MAX_UNITS)
    clock = days.clock(now_us)
    made = Instruction(
        next_number(connection, INSTRUCTIONS.c.instruction), asked.kind, asked.reference, asked.number,
        asked.from_account, asked.to_account, asked.units, asked.ratio_new, asked.ratio_old, asked.document, by,
        Status.RECEIVED.value, None, "", now_us, clock.counted_us, clock.due_us, RULES[Kind(asked.kind)].routine,
        None, None, None,
    )  # fmt: skip
    insert(connection, INSTRUCTIONS, made)
    try:
        check(connection, made, now_us)
    except RegistryError as error:
        return reject(connection, made, error, by, now_us)
    return made


def find(connection: sa.Connection, number: int) -> Instruction:
    """Return an item. Raises ``RegistryError``."""
    row = connection.execute(sa.select(INSTRUCTIONS).where(INSTRUCTIONS.c.instruction == number)).one_or_none()
    if row is None:
        raise RegistryError(Reason.UNKNOWN_INSTRUCTION, number)
    return Instruction(*row)


def of_proposal(connection: sa.Connection, proposal: int) -> Instruction:
    """Return the item that a proposal is of."""
    row = connection.execute(sa.select(INSTRUCTIONS).where(INSTRUCTIONS.c.proposal == proposal)).one_or_none()
    assert row is not None, f"proposal {proposal} is of no item"
    return Instruction(*row)


def standing(connection: sa.Connection, states: list[Status] | None = None, most: int = 1_000) -> list[Instruction]:
    """Return the items in some states, or all, the youngest last."""
    query = sa.select(INSTRUCTIONS)
    if states is not None:
        query = query.where(INSTRUCTIONS.c.state.in_([state.value for state in states]))
    last = query.order_by(INSTRUCTIONS.c.instruction.desc()).limit(most)
    return [Instruction(*row) for row in reversed(connection.execute(last).all())]


def check(connection: sa.Connection, item: Instruction, now_us: int) -> None:
    """Raise the first reason in the order of ``Reason`` for which an item cannot be done now."""
    kind = Kind(item.kind)
    rule = RULES[kind]
    source = _end(connection, item, item.from_account, rule.source)
    target = _end(connection, item, item.to_account, rule.target)
    _check_ends(item, source, target)
    if kind == Kind.SPLIT:
        if not (0 < item.ratio_new <= MAX_RATIO and 0 < item.ratio_old <= MAX_RATIO):
            raise RegistryError(Reason.BAD_RATIO, item.ratio_new, item.ratio_old)
    elif item.units <= 0 and not (kind == Kind.LOST_KEY and item.units == 0):
        raise RegistryError(Reason.NOT_ABOVE_ZERO, item.units)
    if rule.four_eyes and not item.document:
        raise RegistryError(Reason.NO_DOCUMENT, place=item.kind)
    _check_enough(connection, item, source, now_us)


def _end(connection: sa.Connection, item: Instruction, account: int | None, end: End) -> Account | None:
    """Return the holder's account at an end, which may take part."""
    if end != End.HOLDER:
        if account is not None:
            raise RegistryError(Reason.NOT_THIS_KIND, account, place=item.kind)
        return None
    found = find_account(connection, account if account is not None else 0)
    if found.kind != HOLDER:
        raise RegistryError(Reason.NOT_THIS_KIND, found.account, place=item.kind)
    assert found.holder is not None, "a holder's account has a holder"
    if find_holder(connection, found.holder).state == State.CLOSED:
        raise RegistryError(Reason.HOLDER_CLOSED, found.holder)
    if found.state == State.CLOSED:
        raise RegistryError(Reason.ACCOUNT_CLOSED, found.account)
    if found.number != item.number:
        raise RegistryError(Reason.OTHER_CLASS, found.account, found.number)
    return found


def _check_ends(item: Instruction, source: Account | None, target: Account | None) -> None:
    if source is None or target is None:
        return
    if source.account == target.account:
        raise RegistryError(Reason.SAME_ACCOUNT, source.account)
    rule = RULES[Kind(item.kind)]
    if rule.same_holder and source.holder != target.holder:
        raise RegistryError(Reason.OTHER_HOLDER, target.account, source.holder)
    if not rule.same_holder and source.holder == target.holder:
        raise RegistryError(Reason.SAME_HOLDER, source.holder)
    if item.kind == Kind.CONVERT and (source.form, source.address) == (target.form, target.address):
        raise RegistryError(Reason.SAME_FORM, source.form)


def _check_enough(connection: sa.Connection, item: Instruction, source: Account | None, now_us: int) -> None:
    rule = RULES[Kind(item.kind)]
    if rule.source == End.UNISSUED:
        left = units_held(connection, kept_account(connection, item.number, Kept.UNISSUED))
        if item.units > left:
            raise RegistryError(Reason.BEYOND_AUTHORISED, item.units, left)
    if source is None:
        return
    has = units_held(connection, source.account)
    if has < max(item.units, 1):
        raise RegistryError(Reason.NOT_ENOUGH, max(item.units, 1), has, source.account)
    free = restrictions.free_units(connection, source.account, now_us)
    if item.units > free and not rule.forced:
        raise RegistryError(Reason.RESTRICTED, item.units, free, source.account)


def reject(connection: sa.Connection, item: Instruction, error: RegistryError, by: str, now_us: int) -> Instruction:
    """Turn an item down; it says why."""
    return _move(
        connection, item, Status.REJECTED, reason=int(error.reason), sentence=str(error)[:TEXT_CHARACTERS],
        decided_us=now_us, decided_by=by,
    )  # fmt: skip


def review(connection: sa.Connection, item: Instruction, proposal: int) -> Instruction:
    """Let an item wait for another person."""
    return _move(connection, item, Status.IN_REVIEW, proposal=proposal)


def carry_out(connection: sa.Connection, item: Instruction, by: str, now_us: int) -> Instruction:
    """Do what an item says, or reject it if that is not possible any more."""
    try:
        check(connection, item, now_us)
    except RegistryError as error:
        return reject(connection, item, error, by, now_us)
    decided = {"decided_us": now_us, "decided_by": by}
    if item.kind == Kind.SPLIT:
        change_factor(connection, item.number, item.instruction, item.kind, item.ratio_new, item.ratio_old, now_us)
        return _move(connection, item, Status.POSTED, **decided)
    source, target = _accounts(connection, item)
    units = item.units or units_held(connection, source)
    burns, mints = _is_token(connection, source), _is_token(connection, target)
    if item.kind == Kind.CONVERT and (burns or mints):
        _post(connection, item, source, kept_account(connection, item.number, Kept.IN_TRANSIT), units, now_us)
        return _move(connection, item, Status.AWAITING_BURN if burns else Status.AWAITING_MINT, **decided)
    _post(connection, item, source, target, units, now_us)
    if item.kind == Kind.LOST_KEY:
        restrictions.move_all(connection, source, target)
    return _move(connection, item, Status.POSTED, units=units, **decided)


def confirm(connection: sa.Connection, item: Instruction, *, done: bool, now_us: int) -> Instruction:
    """Say whether what is in transit was burned, or minted. Raises ``RegistryError``."""
    if item.state not in (Status.AWAITING_BURN, Status.AWAITING_MINT):
        raise RegistryError(Reason.NOT_IN_TRANSIT, item.instruction)
    source, target = _accounts(connection, item)
    transit = kept_account(connection, item.number, Kept.IN_TRANSIT)
    if item.state == Status.AWAITING_BURN and done and _is_token(connection, target):
        return _move(connection, item, Status.AWAITING_MINT)
    if item.state == Status.AWAITING_BURN:
        _post(connection, item, transit, target if done else source, item.units, now_us)
    elif done:
        _post(connection, item, transit, target, item.units, now_us)
    else:
        holder = find_account(connection, target).holder
        assert holder is not None, "what is converted belongs to a holder"
        book = open_account(connection, item.number, holder, BOOK, "", now_us)
        _post(connection, item, transit, book.account, item.units, now_us)
    return _move(connection, item, Status.POSTED)


def _accounts(connection: sa.Connection, item: Instruction) -> tuple[int, int]:
    """Return the accounts that give and get."""
    rule = RULES[Kind(item.kind)]
    ends: list[int] = []
    for account, end in ((item.from_account, rule.source), (item.to_account, rule.target)):
        ends.append(account if account is not None else kept_account(connection, item.number, Kept(end.value)))
    return ends[0], ends[1]


def _post(connection: sa.Connection, item: Instruction, debit: int, credit: int, units: int, now_us: int) -> None:
    post(connection, item.number, item.instruction, item.kind, [(debit, credit, units)], now_us)


def _is_token(connection: sa.Connection, account: int) -> bool:
    return find_account(connection, account).form.startswith(TOKEN)


def _move(connection: sa.Connection, item: Instruction, state: Status, **more: Any) -> Instruction:
    changed = msgspec.structs.replace(item, state=state.value, **more)
    mine = INSTRUCTIONS.c.instruction == item.instruction
    connection.execute(sa.update(INSTRUCTIONS).where(mine).values(state=state.value, **more))
    return changed
