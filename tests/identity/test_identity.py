from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from nacl.signing import SigningKey, VerifyKey
from sqlalchemy import event

from ringfence.database import open_engine, sqlite_url
from ringfence.identity import (
    ApiKey,
    DuplicateKey,
    DuplicateName,
    IdentityStore,
    InvalidKey,
    InvalidName,
    UnknownKey,
    UnknownName,
    User,
    decode_public_key,
    key_pair_from_seed,
    new_key_pair,
)
from ringfence.identity.keys import decode_key
from ringfence.identity.tables import METADATA

SEED = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IdentityStore]:
    with IdentityStore(sqlite_url(tmp_path / "identity.sqlite")) as store:
        yield store


def test_key_pair_from_a_seed_is_the_one_clients_expect() -> None:
    pair = key_pair_from_seed(SEED)
    assert pair.secret == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert pair.public == "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
    assert key_pair_from_seed(SEED) == pair != new_key_pair()
    assert pair.secret not in repr(pair)


def test_new_key_pair_signs_what_its_public_key_verifies() -> None:
    pair = new_key_pair()
    signed = SigningKey(decode_key(pair.secret)).sign(b"instruction=balanceQuery")
    assert VerifyKey(decode_public_key(pair.public)).verify(signed) == b"instruction=balanceQuery"


@pytest.mark.parametrize(
    "text",
    ["", "AA", "A" * 44, "é" * 44, key_pair_from_seed(SEED).public[:-1], " " + key_pair_from_seed(SEED).public,
     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="],
)  # fmt: skip
def test_public_key_that_is_not_32_bytes_in_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey, match="44 characters"):
        decode_public_key(text)


def test_keys_of_a_user_are_found_until_revoked(store: IdentityStore, tmp_path: Path) -> None:
    alice = store.add_user("alice", 1, 1_000)
    public = key_pair_from_seed(SEED).public
    key = store.add_key(public, alice.user, 64, "laptop", 2_000)
    assert store.find_key(public) == key == ApiKey(public, 1, 64, "laptop", 2_000, None)
    other = new_key_pair().public
    assert store.find_key(other) is None
    store.revoke(public, 3_000)
    assert store.find_key(public) is None
    assert store.keys(1) == [ApiKey(public, 1, 64, "laptop", 2_000, 3_000)]
    with pytest.raises(UnknownKey, match="not registered or is revoked already"):
        store.revoke(public, 4_000)
    with pytest.raises(DuplicateKey):
        store.add_key(public, 1, 64, "again", 5_000)


def test_identities_outlive_the_process(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "identity.sqlite")
    public = new_key_pair().public
    with IdentityStore(url) as store:
        store.add_user("alice", 1, 1_000)
        store.add_user("bob", 2, 1_000)
        store.add_key(public, 2, 66, "", 2_000)
    with IdentityStore(url) as store:
        assert store.users() == [User(1, "alice", 1_000), User(2, "bob", 1_000)]
        assert store.find_user("bob") == User(2, "bob", 1_000)
        assert store.find_user("carol") is None
        found = store.find_key(public)
        assert found is not None and found.account == 66


def test_key_added_by_another_process_works_after_a_reload(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "identity.sqlite")
    public = new_key_pair().public
    with IdentityStore(url) as gateway, IdentityStore(url) as operator:
        operator.add_user("alice", 1, 1_000)
        operator.add_key(public, 1, 64, "", 2_000)
        assert gateway.find_key(public) is None
        gateway.reload()
        assert gateway.find_key(public) is not None
        operator.revoke(public, 3_000)
        gateway.reload()
        assert gateway.find_key(public) is None


def test_change_that_could_not_be_read_is_read_the_next_time(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "identity.sqlite")
    public = new_key_pair().public

    def fail(connection: object, cursor: object, statement: str, *more: object) -> None:
        if "count(" not in statement:
            raise OSError("the disk does not answer")

    with IdentityStore(url) as gateway, IdentityStore(url) as operator:
        operator.add_user("alice", 1, 1_000)
        operator.add_key(public, 1, 64, "", 2_000)
        assert gateway.reload_if_changed() and not gateway.reload_if_changed()
        operator.revoke(public, 3_000)
        event.listen(gateway._engine, "before_cursor_execute", fail)
        with pytest.raises(OSError, match="the disk"):
            gateway.reload_if_changed()
        event.remove(gateway._engine, "before_cursor_execute", fail)
        assert gateway.reload_if_changed()
        assert gateway.find_key(public) is None


def test_user_who_is_there_or_not_is_said(store: IdentityStore) -> None:
    store.add_user("alice", 1, 1_000)
    with pytest.raises(DuplicateName, match="user 2 or the name alice is registered already"):
        store.add_user("alice", 2, 1_000)
    with pytest.raises(DuplicateName):
        store.add_user("bob", 1, 1_000)
    with pytest.raises(UnknownName, match="user 9 is not registered"):
        store.add_key(new_key_pair().public, 9, 64, "", 1_000)
    with pytest.raises(InvalidKey):
        store.add_key("no key", 1, 64, "", 1_000)
    assert store.keys() == []


@pytest.mark.parametrize("name", ["", " alice", "a\nb", "x" * 65])
def test_name_that_nobody_could_read_is_refused(store: IdentityStore, name: str) -> None:
    with pytest.raises(InvalidName, match="1 to 64 printable characters"):
        store.add_user(name, 1, 1_000)


def test_no_secret_is_stored(store: IdentityStore, tmp_path: Path) -> None:
    pair = key_pair_from_seed(SEED)
    store.add_user("alice", 1, 1_000)
    store.add_key(pair.public, 1, 64, "", 2_000)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert pair.public.encode() in stored
    assert pair.secret.encode() not in stored and SEED not in stored


def test_migrated_identities_have_exactly_the_declared_tables(store: IdentityStore, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "identity.sqlite"), durable=True)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()
