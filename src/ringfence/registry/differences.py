"""What does not agree with another store: found, and kept until it is cleared (17 CFR 240.17Ad-11)."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .securities import find_class
from .tables import DIFFERENCES, NAME_CHARACTERS, TEXT_CHARACTERS
from .words import require_words


class Difference(msgspec.Struct, frozen=True):
    """Two numbers of units that should be the same; ``cleared_us`` is None while they are not."""

    difference: int
    number: int
    """Of the class."""
    store: str
    what: str
    ours: int
    theirs: int
    found_us: int
    cleared_us: int | None
    explanation: str | None


def compare(
    connection: sa.Connection, number: int, store: str, what: str, ours: int, theirs: int, now_us: int
) -> Difference | None:
    """Compare what the register and another store say; returns the difference that stands, if there is one.

    A difference that is there already keeps the day on which it was found; one that is gone is cleared.
    """
    find_class(connection, number)
    require_words("store", store, 32)
    require_words("what", what, NAME_CHARACTERS)
    t = DIFFERENCES.c
    same = (t["class"] == number) & (t.store == store) & (t.what == what) & t.cleared_us.is_(None)
    row = connection.execute(sa.select(DIFFERENCES).where(same)).one_or_none()
    if ours == theirs:
        if row is not None:
            cleared = {"cleared_us": now_us, "explanation": "both agree again"}
            connection.execute(sa.update(DIFFERENCES).where(same).values(**cleared))
        return None
    if row is not None:
        connection.execute(sa.update(DIFFERENCES).where(same).values(ours=ours, theirs=theirs))
        return msgspec.structs.replace(Difference(*row), ours=ours, theirs=theirs)
    made = Difference(next_number(connection, t.difference), number, store, what, ours, theirs, now_us, None, None)
    insert(connection, DIFFERENCES, made)
    return made


def explain(connection: sa.Connection, number: int, explanation: str, now_us: int) -> None:
    """Clear a difference with an explanation of where it came from. Raises ``RegistryError``."""
    require_words("explanation", explanation, TEXT_CHARACTERS)
    t = DIFFERENCES.c
    mine = (t.difference == number) & t.cleared_us.is_(None)
    done = connection.execute(sa.update(DIFFERENCES).where(mine).values(cleared_us=now_us, explanation=explanation))
    if done.rowcount == 0:
        raise RegistryError(Reason.UNKNOWN_DIFFERENCE, number)


def standing(connection: sa.Connection, found_before_us: int | None = None) -> list[Difference]:
    """Return the differences that stand, or those of them that were found before an instant; the oldest first."""
    query = sa.select(DIFFERENCES).where(DIFFERENCES.c.cleared_us.is_(None))
    if found_before_us is not None:
        query = query.where(DIFFERENCES.c.found_us < found_before_us)
    return [Difference(*row) for row in connection.execute(query.order_by(DIFFERENCES.c.difference))]
