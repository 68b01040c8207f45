"""The double entry: what one account gives, another gets, and each entry is chained to the one before by its hash.

This is the only module that writes entries, balances and factors.  A CHARTER may go below zero, nothing else; so what
is issued can never be more than what is authorised.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

import msgspec
import sqlalchemy as sa

from .holders import Kept, kept_account, units_of
from .reasons import Reason, RegistryError
from .rows import insert
from .tables import BALANCES, CLASSES, ENTRIES

BEGINNING = hashlib.blake2b(b"ringfence register", digest_size=32).hexdigest()
"""What the first entry is chained to."""
MAX_UNITS = 2**61
MAX_RATIO = 1_000_000


class Entry(msgspec.Struct, frozen=True):
    """An entry; ``debit`` gives to ``credit``, or, without both, the factor becomes itself times a ratio."""

    entry: int
    number: int
    """Of the class."""
    instruction: int
    cause: str
    debit: int | None
    credit: int | None
    units: int
    ratio_new: int
    ratio_old: int
    posted_us: int
    hash: str


def hash_of(entry: Entry, before: str) -> str:
    """Return the hash of an entry after another: BLAKE2b-256 over both as JSON without spaces, in hexadecimal."""
    fields = [getattr(entry, name) for name in Entry.__struct_fields__ if name != "hash"]
    return hashlib.blake2b(json.dumps([before, *fields], separators=(",", ":")).encode(), digest_size=32).hexdigest()


def post(
    connection: sa.Connection, number: int, instruction: int, cause: str, legs: list[tuple[int, int, int]], now_us: int
) -> list[Entry]:
    """Let accounts of a class give to others: (debit, credit, units) each. Raises ``RegistryError``, and moves nothing
    of an instruction that does not go through as a whole: the caller's transaction ends with it.
    """
    charter = kept_account(connection, number, Kept.CHARTER)
    posted: list[Entry] = []
    for debit, credit, units in legs:
        assert units > 0 and debit != credit, "an entry moves something from one account to another"
        has = units_of(connection, debit)
        if debit != charter and has < units:
            raise RegistryError(Reason.NOT_ENOUGH, units, has, debit)
        if abs(units_of(connection, credit) + units) > MAX_UNITS or abs(has - units) > MAX_UNITS:
            raise RegistryError(Reason.TOO_MANY, units, MAX_UNITS)
        for account, change in ((debit, -units), (credit, units)):
            mine = BALANCES.c.account == account
            connection.execute(sa.update(BALANCES).where(mine).values(units=BALANCES.c.units + change))
        posted.append(_append(connection, Entry(0, number, instruction, cause, debit, credit, units, 0, 0, now_us, "")))
    return posted


def change_factor(
    connection: sa.Connection, number: int, instruction: int, cause: str, new: int, old: int, now_us: int
) -> Entry:
    """Let every share of a class become ``new`` for ``old``; balances stay as they are."""
    t = CLASSES.c
    before = connection.execute(sa.select(t.factor_new, t.factor_old).where(t["class"] == number)).one()
    factor = Fraction(before.factor_new * new, before.factor_old * old)
    if max(factor.numerator, factor.denominator) > MAX_UNITS:
        raise RegistryError(Reason.TOO_MANY, max(factor.numerator, factor.denominator), MAX_UNITS)
    connection.execute(
        sa.update(CLASSES)
        .where(t["class"] == number)
        .values(factor_new=factor.numerator, factor_old=factor.denominator)
    )
    return _append(connection, Entry(0, number, instruction, cause, None, None, 0, new, old, now_us, ""))


def _append(connection: sa.Connection, entry: Entry) -> Entry:
    last = connection.execute(
        sa.select(ENTRIES.c.entry, ENTRIES.c.hash).order_by(ENTRIES.c.entry.desc()).limit(1)
    ).one_or_none()
    place, before = (last.entry, last.hash) if last is not None else (0, BEGINNING)
    numbered = msgspec.structs.replace(entry, entry=place + 1)
    made = msgspec.structs.replace(numbered, hash=hash_of(numbered, before))
    insert(connection, ENTRIES, made)
    return made


def entries(connection: sa.Connection, number: int | None = None, after: int = 0, most: int = 1_000) -> list[Entry]:
    """Return entries after one, of a class or all, in their order."""
    query = sa.select(ENTRIES).where(ENTRIES.c.entry > after).order_by(ENTRIES.c.entry).limit(most)
    if number is not None:
        query = query.where(ENTRIES.c["class"] == number)
    return [Entry(*row) for row in connection.execute(query)]
