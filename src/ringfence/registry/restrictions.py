"""What may not be moved: legends, lock-ups, liens, and holds that a court or the agent has placed."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import sqlalchemy as sa

from .holders import find_account, units_of
from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .tables import RESTRICTIONS, TEXT_CHARACTERS
from .words import require_words


class RestrictionKind(StrEnum):
    """Why units may not be moved."""

    LEGEND = "LEGEND"
    LOCK_UP = "LOCK_UP"
    LIEN = "LIEN"
    HOLD = "HOLD"


class Restriction(msgspec.Struct, frozen=True):
    """So many units of an account, all with 0, from an instant up to another, exclusive, or until it is lifted."""

    restriction: int
    account: int
    kind: str
    units: int
    from_us: int
    until_us: int | None
    document: str
    placed_by: str
    lifted_us: int | None
    lifted_by: str | None


def place(
    connection: sa.Connection, account: int, kind: RestrictionKind, units: int, until_us: int | None, document: str,
    by: str, now_us: int,
) -> Restriction:  # fmt: skip
    """Restrict units of an account. Raises ``RegistryError``."""
    find_account(connection, account)
    require_words("document", document, TEXT_CHARACTERS)
    if units < 0 or (until_us is not None and until_us <= now_us):
        raise RegistryError(Reason.NOT_ABOVE_ZERO, units if units < 0 else until_us)
    number = next_number(connection, RESTRICTIONS.c.restriction)
    made = Restriction(number, account, kind.value, units, now_us, until_us, document, by, None, None)
    insert(connection, RESTRICTIONS, made)
    return made


def lift(connection: sa.Connection, number: int, by: str, now_us: int) -> None:
    """Lift a restriction. Raises ``RegistryError``."""
    t = RESTRICTIONS.c
    standing = (t.restriction == number) & t.lifted_us.is_(None)
    done = connection.execute(sa.update(RESTRICTIONS).where(standing).values(lifted_us=now_us, lifted_by=by))
    if done.rowcount == 0:
        raise RegistryError(Reason.UNKNOWN_RESTRICTION, number)


def standing(connection: sa.Connection, account: int, now_us: int) -> list[Restriction]:
    """Return the restrictions of an account at an instant."""
    t = RESTRICTIONS.c
    in_force = (t.account == account) & t.lifted_us.is_(None) & (t.until_us.is_(None) | (t.until_us > now_us))
    return [
        Restriction(*row) for row in connection.execute(sa.select(RESTRICTIONS).where(in_force).order_by(t.restriction))
    ]


def free_units(connection: sa.Connection, account: int, now_us: int) -> int:
    """Return how many units of an account may be moved; restrictions add up."""
    has = units_of(connection, account)
    return max(0, has - sum(one.units or has for one in standing(connection, account, now_us)))


def move_all(connection: sa.Connection, source: int, target: int) -> None:
    """Let the restrictions of an account stand on another, to which all of it went."""
    mine = (RESTRICTIONS.c.account == source) & RESTRICTIONS.c.lifted_us.is_(None)
    connection.execute(sa.update(RESTRICTIONS).where(mine).values(account=target))
