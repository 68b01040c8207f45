"""Who holds, and the accounts of a class: a holder's book entry, a venue's omnibus, tokens; and the register's own."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import sqlalchemy as sa

from .reasons import Reason, RegistryError
from .rows import insert, next_number
from .tables import ACCOUNTS, BALANCES, HOLDERS, NAME_CHARACTERS, TEXT_CHARACTERS
from .words import require_country, require_words

BOOK, OMNIBUS, TOKEN = "book", "omnibus", "token"
HOLDER = "HOLDER"


class HolderKind(StrEnum):
    """What a holder is."""

    PERSON = "PERSON"
    INSTITUTION = "INSTITUTION"
    VENUE = "VENUE"


class State(StrEnum):
    """Whether a holder or an account may take part."""

    ACTIVE = "ACTIVE"
    LOST = "LOST"
    CLOSED = "CLOSED"


class Kept(StrEnum):
    """The accounts that the register itself has of each class.

    CHARTER is below zero by all that was ever authorised; UNISSUED has what of it was not issued, RETIRED what was
    cancelled, IN_TRANSIT what is between two forms, and SUSPENSE what nobody could be found for.
    """

    CHARTER = "CHARTER"
    UNISSUED = "UNISSUED"
    RETIRED = "RETIRED"
    IN_TRANSIT = "IN_TRANSIT"
    SUSPENSE = "SUSPENSE"


class Holder(msgspec.Struct, frozen=True):
    """A registered holder."""

    holder: int
    kind: str
    name: str
    address: str
    residence: str
    state: str
    since_us: int
    closed_us: int | None


class Account(msgspec.Struct, frozen=True):
    """What a holder, or the register itself, has of a class in one form."""

    account: int
    number: int
    """Of the class."""
    kind: str
    holder: int | None
    form: str
    address: str
    state: str
    since_us: int


def add_holder(
    connection: sa.Connection, kind: HolderKind, name: str, address: str, residence: str, now_us: int
) -> Holder:
    """Add a holder. Raises ``RegistryError``."""
    require_words("name", name, NAME_CHARACTERS)
    require_words("address", address, TEXT_CHARACTERS)
    require_country("residence", residence)
    number = next_number(connection, HOLDERS.c.holder)
    made = Holder(number, kind.value, name, address, residence, State.ACTIVE.value, now_us, None)
    insert(connection, HOLDERS, made)
    return made


def find_holder(connection: sa.Connection, number: int) -> Holder:
    """Return a holder. Raises ``RegistryError``."""
    row = connection.execute(sa.select(HOLDERS).where(HOLDERS.c.holder == number)).one_or_none()
    if row is None:
        raise RegistryError(Reason.UNKNOWN_HOLDER, number)
    return Holder(*row)


def close_holder(connection: sa.Connection, number: int, now_us: int) -> None:
    """Close a holder who holds nothing. Raises ``RegistryError``."""
    if find_holder(connection, number).state == State.CLOSED:
        raise RegistryError(Reason.HOLDER_CLOSED, number)
    query = sa.select(sa.func.sum(BALANCES.c.units)).join_from(ACCOUNTS, BALANCES).where(ACCOUNTS.c.holder == number)
    held = connection.scalar(query) or 0
    if held:
        raise RegistryError(Reason.NOT_EMPTY, held, place=f"holder {number}")
    closed = {"state": State.CLOSED.value}
    connection.execute(sa.update(HOLDERS).where(HOLDERS.c.holder == number).values(**closed, closed_us=now_us))
    connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.holder == number).values(**closed))


def open_kept(connection: sa.Connection, number: int, kept: Kept, now_us: int) -> int:
    """Open one of the accounts that the register itself has of a class."""
    return _open(connection, number, kept.value, None, "", "", now_us)


def open_account(connection: sa.Connection, number: int, holder: int, form: str, address: str, now_us: int) -> Account:
    """Open an account of a class for a holder, or return the one that he has.

    ``form`` is book, omnibus (a venue's, for its customers), or token:CHAIN with the wallet's address.
    Raises ``RegistryError``.
    """
    if find_holder(connection, holder).state == State.CLOSED:
        raise RegistryError(Reason.HOLDER_CLOSED, holder)
    chain = form.partition(":")[2]
    if form not in (BOOK, OMNIBUS) and not (form.startswith(TOKEN + ":") and chain.isalnum() and len(form) <= 32):
        raise RegistryError(Reason.BAD_TEXT, repr(form[:60]), place="form")
    require_words("address", address, NAME_CHARACTERS, may_be_empty=not chain)
    t = ACCOUNTS.c
    same = (t["class"] == number) & (t.holder == holder) & (t.form == form) & (t.address == address)
    found = connection.scalar(sa.select(t.account).where(same))
    return find_account(
        connection, found if found else _open(connection, number, HOLDER, holder, form, address, now_us)
    )


def find_account(connection: sa.Connection, number: int) -> Account:
    """Return an account. Raises ``RegistryError``."""
    row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.account == number)).one_or_none()
    if row is None:
        raise RegistryError(Reason.UNKNOWN_ACCOUNT, number)
    return Account(*row)


def kept_account(connection: sa.Connection, number: int, kept: Kept) -> int:
    """Return the number of one of the register's own accounts of a class."""
    t = ACCOUNTS.c
    found = connection.scalar(sa.select(t.account).where((t["class"] == number) & (t.kind == kept.value)))
    assert found is not None, f"class {number} has no account {kept}"
    return found


def units_of(connection: sa.Connection, account: int) -> int:
    """Return what an account has."""
    return connection.scalar(sa.select(BALANCES.c.units).where(BALANCES.c.account == account)) or 0


def _open(
    connection: sa.Connection, number: int, kind: str, holder: int | None, form: str, address: str, now_us: int
) -> int:
    account = next_number(connection, ACCOUNTS.c.account)
    row = {"account": account, "class": number, "kind": kind, "holder": holder, "form": form, "address": address}
    connection.execute(sa.insert(ACCOUNTS), row | {"state": State.ACTIVE.value, "since_us": now_us})
    connection.execute(sa.insert(BALANCES), {"account": account, "units": 0})
    return account
