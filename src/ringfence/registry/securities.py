"""Issuers, classes of shares, and the identifiers that a class has from when to when.

A class keeps its number for good. Its symbol, CUSIP and ISIN may change: each belongs to it from an instant up to
another, and to nobody else in between.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction

import msgspec
import sqlalchemy as sa

from .holders import Kept, open_kept
from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .tables import CLASSES, IDENTIFIERS, ISSUERS, NAME_CHARACTERS
from .words import require_country, require_words

UNITS_PER_SHARE = 10**6


class Model(StrEnum):
    """How a class is tokenised, in the words of the SEC's staff (28 January 2026)."""

    ISSUER_INTEGRATED = "ISSUER_INTEGRATED"
    ISSUER_INDIRECT = "ISSUER_INDIRECT"


class Scheme(StrEnum):
    """What an identifier is one of."""

    SYMBOL = "SYMBOL"
    CUSIP = "CUSIP"
    ISIN = "ISIN"


class Issuer(msgspec.Struct, frozen=True):
    """A company."""

    issuer: int
    name: str
    country: str
    since_us: int


class StockClass(msgspec.Struct, frozen=True):
    """A class of its shares; ``factor`` shares are shown for each share of when it was listed."""

    number: int
    issuer: int
    name: str
    model: str
    votes_per_share: int
    factor_new: int
    factor_old: int
    since_us: int

    @property
    def factor(self) -> Fraction:
        """Return the split factor."""
        return Fraction(self.factor_new, self.factor_old)

    def shares(self, units: int) -> Fraction:
        """Return how many shares units are shown as, exactly."""
        return Fraction(units, UNITS_PER_SHARE) * self.factor


class Identifier(msgspec.Struct, frozen=True):
    """A name of a class, from an instant up to another, exclusive, or until further notice."""

    scheme: str
    value: str
    from_us: int
    to_us: int | None


def add_issuer(connection: sa.Connection, name: str, country: str, now_us: int) -> Issuer:
    """Add a company. Raises ``RegistryError``."""
    require_words("name", name, NAME_CHARACTERS)
    require_country("country", country)
    if connection.scalar(sa.select(ISSUERS.c.issuer).where(ISSUERS.c.name == name)) is not None:
        raise RegistryError(Reason.NAME_TAKEN, name, place="issuer")
    made = Issuer(next_number(connection, ISSUERS.c.issuer), name, country, now_us)
    insert(connection, ISSUERS, made)
    return made


def add_class(
    connection: sa.Connection, issuer: int, name: str, model: Model, votes_per_share: int, now_us: int
) -> StockClass:
    """Add a class of a company's shares, of which nothing is authorised yet. Raises ``RegistryError``."""
    if connection.scalar(sa.select(ISSUERS.c.issuer).where(ISSUERS.c.issuer == issuer)) is None:
        raise RegistryError(Reason.UNKNOWN_ISSUER, issuer)
    require_words("name", name, NAME_CHARACTERS)
    if votes_per_share < 0:
        raise RegistryError(Reason.NOT_ABOVE_ZERO, votes_per_share)
    same = (CLASSES.c.issuer == issuer) & (CLASSES.c.name == name)
    if connection.scalar(sa.select(CLASSES.c["class"]).where(same)) is not None:
        raise RegistryError(Reason.NAME_TAKEN, name, place="class")
    number = next_number(connection, CLASSES.c["class"])
    row = {"class": number, "issuer": issuer, "name": name, "model": model.value, "votes_per_share": votes_per_share}
    connection.execute(sa.insert(CLASSES), row | {"factor_new": 1, "factor_old": 1, "since_us": now_us})
    for kept in Kept:
        open_kept(connection, number, kept, now_us)
    return find_class(connection, number)


def find_class(connection: sa.Connection, number: int) -> StockClass:
    """Return a class. Raises ``RegistryError``."""
    row = connection.execute(sa.select(CLASSES).where(CLASSES.c["class"] == number)).one_or_none()
    if row is None:
        raise RegistryError(Reason.UNKNOWN_CLASS, number)
    return StockClass(*row)


def classes(connection: sa.Connection) -> list[StockClass]:
    """Return all classes, by number."""
    return [StockClass(*row) for row in connection.execute(sa.select(CLASSES).order_by(CLASSES.c["class"]))]


def identify(connection: sa.Connection, number: int, scheme: Scheme, value: str, from_us: int) -> None:
    """Let a class have an identifier from an instant on; the one of the scheme that it has then ends there.

    Raises ``RegistryError``, also when the value belongs to another class then or later.
    """
    find_class(connection, number)
    if not is_well_formed(scheme, value):
        raise RegistryError(Reason.BAD_IDENTIFIER, value, place=scheme.value)
    t = IDENTIFIERS.c
    same = (t.scheme == scheme.value) & (t.value == value)
    reaches = t.to_us.is_(None) | (t.to_us > from_us)
    other = connection.execute(sa.select(t["class"]).where(same & reaches)).first()
    if other is not None:
        raise RegistryError(Reason.IDENTIFIER_TAKEN, value, other[0], scheme.value)
    mine = (t["class"] == number) & (t.scheme == scheme.value)
    if connection.execute(sa.select(t.value).where(mine & (t.from_us >= from_us))).first() is not None:
        raise RegistryError(Reason.IDENTIFIER_ENDED, value, number, scheme.value)
    connection.execute(sa.update(IDENTIFIERS).where(mine & t.to_us.is_(None)).values(to_us=from_us))
    connection.execute(
        sa.insert(IDENTIFIERS),
        {
            "identifier": next_number(connection, t.identifier), "class": number, "scheme": scheme.value,
            "value": value, "from_us": from_us, "to_us": None,
        },
    )  # fmt: skip


def identifiers(connection: sa.Connection, number: int) -> list[Identifier]:
    """Return all that a class has been called, the oldest first."""
    t = IDENTIFIERS.c
    query = sa.select(t.scheme, t.value, t.from_us, t.to_us).where(t["class"] == number)
    return [Identifier(*row) for row in connection.execute(query.order_by(t.from_us, t.identifier))]


def class_called(connection: sa.Connection, scheme: Scheme, value: str, at_us: int) -> int | None:
    """Return the class that an identifier belonged to at an instant."""
    t = IDENTIFIERS.c
    then = (t.from_us <= at_us) & (t.to_us.is_(None) | (t.to_us > at_us))
    return connection.scalar(sa.select(t["class"]).where((t.scheme == scheme.value) & (t.value == value) & then))


def is_well_formed(scheme: Scheme, value: str) -> bool:
    """Whether a value is an identifier of a scheme: a symbol's letters, a CUSIP's or an ISIN's check digit."""
    if scheme == Scheme.SYMBOL:
        return bool(re.fullmatch(r"[A-Z][A-Z0-9.]{0,11}", value))
    if scheme == Scheme.CUSIP:
        return bool(re.fullmatch(r"[0-9A-Z*@#]{8}[0-9]", value)) and value[8] == cusip_digit(value[:8])
    return bool(re.fullmatch(r"[A-Z]{2}[0-9A-Z]{9}[0-9]", value)) and _is_luhn(_digits(value))


def cusip_digit(base: str) -> str:
    """Return the check digit of a CUSIP (ANSI X9.6): every second value doubled, the digits of all summed."""
    total = 0
    for place, character in enumerate(base):
        value = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#".index(character) * (1 + place % 2)
        total += value // 10 + value % 10
    return str(-total % 10)


def _digits(value: str) -> str:
    """Return an ISIN with its letters as numbers from 10 (ISO 6166)."""
    return "".join(str(int(character, 36)) for character in value)


def _is_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
