"""Users and API keys in SQL.

A gateway looks keys up for every request, so the keys that work are kept in memory as well; whoever changes them in
another process tells the gateway to ``reload``.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ringfence.database import migrate, open_engine

from .keys import decode_public_key
from .tables import API_KEYS, LABEL_CHARACTERS_MAXIMUM, NAME_CHARACTERS_MAXIMUM, USERS

MIGRATIONS = Path(__file__).parent / "migrations"


class IdentityError(ValueError):
    """Raised when identities cannot be changed as asked; the message is a sentence for whoever asked."""


class DuplicateName(IdentityError):
    """Raised when a name or a user's number is taken."""


class DuplicateKey(IdentityError):
    """Raised when a public key is registered already, revoked or not."""


class UnknownName(IdentityError):
    """Raised when nobody has a name or a number."""


class UnknownKey(IdentityError):
    """Raised when a public key is not registered, or is revoked already."""


class InvalidName(IdentityError):
    """Raised when a name or a label is empty, too long or not printable."""


class User(msgspec.Struct, frozen=True):
    """A user: his number in the core, and his name."""

    user: int
    name: str
    created_us: int


class ApiKey(msgspec.Struct, frozen=True):
    """A registered public key; ``revoked_us`` is ``None`` while it works."""

    public: str
    user: int
    account: int
    label: str
    created_us: int
    revoked_us: int | None


class IdentityStore:
    """The identities of a venue."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url, durable=True)
        migrate(self._engine, MIGRATIONS)
        self._working: dict[str, ApiKey] = {}
        self.reload()

    def add_user(self, name: str, user: int, now_us: int) -> User:
        """Register a user under a name that nobody has; raises ``DuplicateName`` or ``InvalidName``."""
        _require_words("name", name, NAME_CHARACTERS_MAXIMUM)
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(USERS), {"user": user, "name": name, "created_us": now_us})
        except IntegrityError as error:
            raise DuplicateName(f"user {user} or the name {name} is registered already") from error
        return User(user, name, now_us)

    def add_key(self, public: str, user: int, account: int, label: str, now_us: int) -> ApiKey:
        """Let a public key (base64) sign for an account of a user.

        Raises ``InvalidKey``, ``UnknownName`` or ``DuplicateKey``.
        """
        decode_public_key(public)
        if label:
            _require_words("label", label, LABEL_CHARACTERS_MAXIMUM)
        key = ApiKey(public, user, account, label, now_us, None)
        try:
            with self._engine.begin() as connection:
                if connection.scalar(sa.select(USERS.c.user).where(USERS.c.user == user)) is None:
                    raise UnknownName(f"user {user} is not registered")
                connection.execute(sa.insert(API_KEYS), msgspec.structs.asdict(key))
        except IntegrityError as error:
            raise DuplicateKey(f"the key {public} is registered already") from error
        self._working = self._working | {public: key}
        return key

    def revoke(self, public: str, now_us: int) -> None:
        """Stop a key from working, for good; raises ``UnknownKey``."""
        unrevoked = (API_KEYS.c.public == public) & API_KEYS.c.revoked_us.is_(None)
        with self._engine.begin() as connection:
            done = connection.execute(sa.update(API_KEYS).where(unrevoked).values(revoked_us=now_us))
            if done.rowcount == 0:
                raise UnknownKey(f"the key {public[:60]!a} is not registered or is revoked already")
        self._working = {text: key for text, key in self._working.items() if text != public}

    def find_key(self, public: str) -> ApiKey | None:
        """Return a key that works, ``None`` for an unknown or revoked one; reads memory only."""
        return self._working.get(public)

    def reload(self) -> None:
        """Read the keys that work from the database."""
        # Counted first, and remembered last: what comes in between, and what cannot be read, is seen the next time.
        counted = self._count()
        query = sa.select(API_KEYS).where(API_KEYS.c.revoked_us.is_(None))
        with self._engine.connect() as connection:
            self._working = {row.public: ApiKey(*row) for row in connection.execute(query)}
        self._counted = counted

    def reload_if_changed(self) -> bool:
        """Read the keys again if another process has added or revoked one since they were read; tell whether it has.

        A row is never removed and never works again, so the numbers of rows and of revoked ones tell.
        """
        changed = self._count() != self._counted
        if changed:
            self.reload()
        return changed

    def _count(self) -> tuple[int, int]:
        query = sa.select(sa.func.count(), sa.func.count(API_KEYS.c.revoked_us)).select_from(API_KEYS)
        with self._engine.connect() as connection:
            keys, revoked = connection.execute(query).one()
        return keys, revoked

    def find_user(self, name: str) -> User | None:
        """Return the user who has a name."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(USERS).where(USERS.c.name == name)).one_or_none()
        return None if row is None else User(*row)

    def users(self) -> list[User]:
        """Return all users in the order of their numbers."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(USERS).order_by(USERS.c.user)).all()
        return [User(*row) for row in rows]

    def keys(self, user: int | None = None) -> list[ApiKey]:
        """Return the keys of a user, or of all, revoked ones included, oldest first."""
        query = sa.select(API_KEYS).order_by(API_KEYS.c.created_us, API_KEYS.c.public)
        if user is not None:
            query = query.where(API_KEYS.c.user == user)
        with self._engine.connect() as connection:
            return [ApiKey(*row) for row in connection.execute(query)]

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def __enter__(self) -> IdentityStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _require_words(what: str, text: str, characters_maximum: int) -> None:
    if not text or len(text) > characters_maximum or not text.isprintable() or text != text.strip():
        raise InvalidName(
            f"a {what} is 1 to {characters_maximum} printable characters without space around: {text[:80]!a} is not"
        )
