"""The node's signing key: DIR/keys/node.key (the Ed25519 seed, for its owner only) and DIR/keys/node.pub.

Both hold 64 hexadecimal digits and a newline. A key is written under a temporary name, synced, and then linked to its
final one, so that it is never half there and never replaces another.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

from ringfence.journal.errors import KeyFileError
from ringfence.journal.files import Files, OsFiles

PRIVATE_NAME = "node.key"
PUBLIC_NAME = "node.pub"
KEY_BYTES = 32


def open_node_key(directory: Path) -> SigningKey:
    """Return the signing key in `directory` (DIR/keys), creating one when there is none yet."""
    if (directory / PRIVATE_NAME).exists():
        return load_node_key(directory)
    return create_node_key(directory)


def create_node_key(directory: Path, *, seed: bytes | None = None, files: Files | None = None) -> SigningKey:
    """Write a new key pair, random unless a 32-byte `seed` is given; `KeyFileError` when one exists."""
    files = files or OsFiles()
    key = SigningKey.generate() if seed is None else SigningKey(seed)
    files.make_directory(directory)
    _write_once(files, directory / PRIVATE_NAME, bytes(key), 0o600)
    _write_public(files, directory, key)
    return key


def load_node_key(directory: Path) -> SigningKey:
    """Return the signing key in `directory`; `KeyFileError` when it is absent, malformed or readable by others."""
    path = directory / PRIVATE_NAME
    seed = _read_key(path)
    others = stat.S_IMODE(os.stat(path).st_mode) & 0o077
    if others:
        raise KeyFileError(path, f"others may use it (mode {others:03o} beyond the owner's); run chmod 600 on it")
    key = SigningKey(seed)
    if not (directory / PUBLIC_NAME).exists():
        # A crash between the two files leaves the private one alone; the public one follows from it.
        _write_public(OsFiles(), directory, key)
    if load_public_key(directory) != key.verify_key:
        raise KeyFileError(directory / PUBLIC_NAME, f"is not the public key of {PRIVATE_NAME} beside it")
    return key


def load_public_key(directory: Path) -> VerifyKey:
    """Return the public key in `directory`."""
    return VerifyKey(_read_key(directory / PUBLIC_NAME))


def _write_public(files: Files, directory: Path, key: SigningKey) -> None:
    _write_once(files, directory / PUBLIC_NAME, bytes(key.verify_key), 0o644)


def _write_once(files: Files, path: Path, key: bytes, mode: int) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    if temporary.name in files.list(path.parent):
        files.unlink(temporary)
    handle = files.open(temporary, create=True, mode=mode)
    try:
        files.pwrite(handle, key.hex().encode() + b"\n", 0)
        files.fdatasync(handle)
    finally:
        files.close(handle)
    try:
        files.link(temporary, path)
    except FileExistsError:
        raise KeyFileError(path, "exists already and is not replaced") from None
    finally:
        files.unlink(temporary)
        files.fsync_directory(path.parent)


def _read_key(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise KeyFileError(path, "is missing") from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError(path, f"holds {len(text)} characters that are not {2 * KEY_BYTES} hexadecimal digits")
    return key
