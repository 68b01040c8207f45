"""Who held what of a class at an instant: a record, taken once and never changed."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from .holders import HOLDER, Kept
from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .securities import find_class
from .tables import ACCOUNTS, BALANCES, ENTRIES, RECORD_LINES, RECORDS


class Record(msgspec.Struct, frozen=True):
    """A record; ``hash`` is over its lines and the hash of the last entry that it saw."""

    record: int
    number: int
    """Of the class."""
    record_us: int
    taken_us: int
    entry: int
    holders: int
    units: int
    factor_new: int
    factor_old: int
    hash: str


class Line(NamedTuple):
    """What an account had."""

    account: int
    holder: int | None
    form: str
    address: str
    units: int


def take(connection: sa.Connection, number: int, record_us: int, now_us: int) -> Record:
    """Take the record of an instant that is over, or return the one that was taken. Raises ``RegistryError``.

    What was posted after the instant is taken back; what was posted at it counts.
    """
    find_class(connection, number)
    t = RECORDS.c
    found = connection.execute(sa.select(RECORDS).where((t["class"] == number) & (t.record_us == record_us)))
    if (row := found.one_or_none()) is not None:
        return Record(*row)
    if now_us <= record_us:
        raise RegistryError(Reason.RECORD_NOT_YET, record_us)
    lines, factor, last, seen = _as_of(connection, number, record_us)
    made = Record(
        next_number(connection, t.record), number, record_us, now_us, last,
        len({line.holder for line in lines if line.holder is not None}), sum(line.units for line in lines),
        factor.numerator, factor.denominator, _hash(seen, lines),
    )  # fmt: skip
    insert(connection, RECORDS, made)
    if lines:
        rows = [{"record": made.record, "account": line.account, "units": line.units} for line in lines]
        connection.execute(sa.insert(RECORD_LINES), rows)
    return made


def _as_of(connection: sa.Connection, number: int, at_us: int) -> tuple[list[Line], Fraction, int, str]:
    """Return holdings and factor at an instant, and number and hash of the last entry of the class by then."""
    e = ENTRIES.c
    before = (e["class"] == number) & (e.posted_us <= at_us)
    last = connection.execute(sa.select(e.entry, e.hash).where(before).order_by(e.entry.desc()).limit(1)).one_or_none()
    factor = find_class(connection, number).factor
    units = {line.account: line for line in _accounts(connection, number)}
    for later in connection.execute(sa.select(ENTRIES).where((e["class"] == number) & (e.posted_us > at_us))):
        if later.debit is None:
            factor /= Fraction(later.ratio_new, later.ratio_old)
        for account, change in ((later.debit, later.units), (later.credit, -later.units)):
            if account in units:
                units[account] = units[account]._replace(units=units[account].units + change)
    lines = [line for line in units.values() if line.units]
    assert all(line.units > 0 for line in lines), "an account was below zero"
    return lines, factor, last.entry if last is not None else 0, last.hash if last is not None else ""


def holdings(connection: sa.Connection, number: int) -> list[Line]:
    """Return what every account of a class has that counts as issued, by account; those without units are left out."""
    return [line for line in _accounts(connection, number) if line.units]


def _accounts(connection: sa.Connection, number: int) -> list[Line]:
    a = ACCOUNTS.c
    counts = a.kind.in_([HOLDER, Kept.IN_TRANSIT.value, Kept.SUSPENSE.value])
    query = (
        sa.select(a.account, a.holder, a.form, a.address, BALANCES.c.units)
        .join_from(ACCOUNTS, BALANCES)
        .where((a["class"] == number) & counts)
        .order_by(a.account)
    )
    return [Line(*row) for row in connection.execute(query)]


def lines_of(connection: sa.Connection, record: int) -> list[Line]:
    """Return the lines of a record, by account."""
    a, lines = ACCOUNTS.c, RECORD_LINES.c
    query = (
        sa.select(a.account, a.holder, a.form, a.address, lines.units)
        .join_from(RECORD_LINES, ACCOUNTS)
        .where(lines.record == record)
        .order_by(a.account)
    )
    return [Line(*row) for row in connection.execute(query)]


def _hash(seen: str, lines: list[Line]) -> str:
    said = json.dumps([seen, *([line.account, line.units] for line in lines)], separators=(",", ":"))
    return hashlib.blake2b(said.encode(), digest_size=32).hexdigest()
