"""Commands that the operator has ruled out, because the core stops at them: DIR/journal/skips.

The log is never edited. A skip record names a command by its sequence and by the BLAKE2b-256 of its 128 bytes, says
why, and is signed with the node's key; wherever the log is replayed, `Skips.prepare` sets that command's kind to 65535
before it reaches the core, which rejects it as SKIPPED. Each record has 512 bytes:

    0    magic          8 bytes        48   time_us     i8, when it was decided
    8    sequence       i8             56   reason      392 bytes UTF-8
    16   command hash   32 bytes       448  signature   64 bytes, Ed25519 over "ringfence skip v1\\0" and bytes 0..447

Records stand in the order of their sequences. The file is replaced as a whole, durably.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from ringfence.journal import OsFiles
from ringfence.journal.keys import load_public_key
from ringfence.node.errors import BadSkip
from ringfence.schema.layout import COMMAND_HEADER, RECORD_BYTES

SKIPS_NAME = "skips"
SKIP_BYTES = 512
SKIPPED_KIND = 65_535
REASON_BYTES = 392

_MAGIC = b"RFSKIP\x01\xa5"
_DOMAIN = b"ringfence skip v1\x00"
_SKIP = struct.Struct("<8sq32sq392s")
_SIGNATURE_BYTES = 64
assert _SKIP.size + _SIGNATURE_BYTES == SKIP_BYTES


class Skip(NamedTuple):
    """One command ruled out."""

    sequence: int
    command_hash: bytes
    """BLAKE2b-256 of the command as it stands in the log."""
    time_us: int
    reason: str


def command_hash(record: bytes | memoryview) -> bytes:
    """Return the BLAKE2b-256 of the 128 bytes of a command."""
    assert len(record) == RECORD_BYTES, len(record)
    return hashlib.blake2b(record, digest_size=32).digest()


class Skips:
    """The skip records of a log."""

    def __init__(self, skips: list[Skip]) -> None:
        self.skips = skips
        self._sequences = np.array([skip.sequence for skip in skips], dtype=np.int64)

    @classmethod
    def load(cls, directory: Path) -> Skips:
        """Read DIR/journal/skips, which need not be there; `BadSkip` when a record does not verify."""
        path = directory / "journal" / SKIPS_NAME
        if not path.exists():
            return cls([])
        return cls(_decode(path, path.read_bytes(), load_public_key(directory / "keys")))

    def prepare(self, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """Return the records as the core is to see them: a copy when one of them is skipped, else the same array.

        `BadSkip` when a record with a skipped sequence is not the command that was signed for.
        """
        if not self.skips or not records.size:
            return records
        first, last = records.view(COMMAND_HEADER)["sequence"][[0, -1]].tolist()
        begin, end = np.searchsorted(self._sequences, [first, last + 1]).tolist()
        if begin == end:
            return records
        prepared = records.copy()
        for skip in self.skips[begin:end]:
            index = skip.sequence - first
            if command_hash(records[index].tobytes()) != skip.command_hash:
                raise BadSkip(f"BAD_SKIP: command {skip.sequence} in the log is not the one that the skip record names")
            prepared.view(COMMAND_HEADER)["kind"][index] = SKIPPED_KIND
        return prepared


def write_skip(directory: Path, skip: Skip, key: SigningKey) -> None:
    """Add a signed skip record to DIR/journal/skips durably. Whether it may be made is the caller's to know."""
    reason = skip.reason.encode()
    if not 0 < len(reason) <= REASON_BYTES:
        raise BadSkip(f"BAD_SKIP: the reason has {len(reason)} bytes, 1 to {REASON_BYTES} are needed")
    path = directory / "journal" / SKIPS_NAME
    data = path.read_bytes() if path.exists() else b""
    present = _decode(path, data, key.verify_key)
    if present and present[-1].sequence >= skip.sequence:
        raise BadSkip(
            f"BAD_SKIP: {path} reaches sequence {present[-1].sequence} already; {skip.sequence} is not after it"
        )
    body = _SKIP.pack(_MAGIC, skip.sequence, skip.command_hash, skip.time_us, reason)
    _replace(path, data + body + key.sign(_DOMAIN + body).signature)


def _decode(path: Path, data: bytes, key: VerifyKey) -> list[Skip]:
    if len(data) % SKIP_BYTES:
        raise BadSkip(f"BAD_SKIP: {path} has {len(data)} bytes, not a multiple of {SKIP_BYTES}")
    found: list[Skip] = []
    for offset in range(0, len(data), SKIP_BYTES):
        body, signature = data[offset : offset + _SKIP.size], data[offset + _SKIP.size : offset + SKIP_BYTES]
        magic, sequence, named, time_us, reason = _SKIP.unpack(body)
        if magic != _MAGIC or (found and found[-1].sequence >= sequence):
            raise BadSkip(f"BAD_SKIP: {path} at byte {offset}: no skip record, or one out of order")
        try:
            key.verify(_DOMAIN + body, signature)
        except BadSignatureError:
            raise BadSkip(
                f"BAD_SKIP: {path}: the record of sequence {sequence} is not signed by the node's key"
            ) from None
        found.append(Skip(sequence, named, time_us, reason.rstrip(b"\0").decode()))
    return found


def _replace(path: Path, data: bytes) -> None:
    files = OsFiles()
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = files.open(temporary, create=True)
    try:
        files.pwrite(handle, data, 0)
        files.fdatasync(handle)
    finally:
        files.close(handle)
    files.rename(temporary, path)
    files.fsync_directory(path.parent)
