"""Signed statements of how far the log had come: DIR/journal/checkpoints, one each second.

A checkpoint says: after the command of this sequence, stamped at this time, the log's hash was this and the events'
hash was that. It is signed with the node's Ed25519 key over `checkpoint_message`.

    file header, 256 bytes                     checkpoint, 256 bytes
    0    magic             8 bytes             0    sequence         i8
    8    format version    u4                  8    time_us          i8
    16   public key        32 bytes            16   chain            32 bytes
    252  crc32 of 0..251   u4                  48   events chain     32 bytes
                                               80   signature        64 bytes
                                               252  crc32 of 0..251  u4

`append` signs and writes into the page cache (some 40 us); `sync` waits for the disk. The node calls both on a thread
beside the one that owns the state, which only hands over the four values: a checkpoint that a crash loses can be
signed again, since the log that it speaks of is durable and Ed25519 gives the same signature. At most
`UNSYNCED_MAXIMUM` checkpoints wait for a sync, so what a crash loses stands at the end of the file and is cut; a bad
checkpoint with good ones far behind it is damage.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple
from zlib import crc32

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from ringfence.journal.errors import BadSignature, DamagedCheckpoints, DamagedLog
from ringfence.journal.files import Buffer, Files, OsFiles
from ringfence.journal.recovery import Recovery

CHECKPOINTS_NAME = "checkpoints"
CHECKPOINT_BYTES = 256
UNSYNCED_MAXIMUM = 16
MESSAGE_DOMAIN = b"ringfence checkpoint v1\x00"

_MAGIC = b"RFCHKPT\xa5"
_FORMAT_VERSION = 1
_HEADER = struct.Struct("<8sI4x32s")
_CHECKPOINT = struct.Struct("<qq32s32s64s")
_MESSAGE = struct.Struct("<qq32s32s")
_CRC = struct.Struct("<I")


class Checkpoint(NamedTuple):
    """One signed statement."""

    sequence: int
    time_us: int
    chain: bytes
    """The log's hash after `sequence`, 32 bytes."""
    events_chain: bytes
    """The events' hash after `sequence`, 32 bytes."""
    signature: bytes
    """Ed25519 over `checkpoint_message`, 64 bytes."""


def checkpoint_message(sequence: int, time_us: int, chain: bytes, events_chain: bytes) -> bytes:
    """Return the bytes that are signed: the domain, sequence i8, time_us i8, chain, events chain (little-endian)."""
    assert len(chain) == 32 and len(events_chain) == 32, "a chain hash has 32 bytes"
    return MESSAGE_DOMAIN + _MESSAGE.pack(sequence, time_us, chain, events_chain)


def signature_is_valid(checkpoint: Checkpoint, public_key: VerifyKey) -> bool:
    """Tell whether a checkpoint is signed by this key."""
    sequence, time_us, chain, events_chain, signature = checkpoint
    try:
        public_key.verify(checkpoint_message(sequence, time_us, chain, events_chain), signature)
    except BadSignatureError:
        return False
    return True


def require_reached(checkpoint: Checkpoint | None, recovery: Recovery, directory: Path) -> None:
    """Raise `DamagedLog` when a checkpoint proves that the log once reached further than what was recovered."""
    if checkpoint is not None and checkpoint.sequence > recovery.last_sequence:
        found = f"the end of the log, but a signed checkpoint of sequence {checkpoint.sequence}"
        path, offset = recovery.cut_at or (directory, 0)
        raise DamagedLog(path, offset, recovery.last_sequence + 1, found)


class CheckpointLog:
    """The writer of the file. Made by `open`."""

    last: Checkpoint | None
    """The newest checkpoint."""
    cut_bytes: int
    """What `open` cut off the end, 0 for a clean end."""

    def __init__(self, path: Path, key: SigningKey, files: Files, handle: int) -> None:
        self.path = path
        self.last = None
        self.cut_bytes = 0
        self._key = key
        self._files = files
        self._handle = handle
        self._offset = CHECKPOINT_BYTES
        self._unsynced = 0

    @classmethod
    def open(cls, directory: Path, key: SigningKey, *, files: Files | None = None) -> CheckpointLog:
        """Open or create the checkpoints of a log's directory (DIR/journal) and cut what a crash left half written."""
        files = files or OsFiles()
        path = directory / CHECKPOINTS_NAME
        if path.name not in files.list(directory):
            _create(files, path, key.verify_key)
        log = cls(path, key, files, files.open(path))
        try:
            log._recover()
        except BaseException:
            log.close()
            raise
        return log

    def append(self, sequence: int, time_us: int, chain: bytes, events_chain: bytes) -> Checkpoint:
        """Sign and write a checkpoint of a durable sequence. Neither sequence nor time may run backwards."""
        assert self._handle >= 0, "the checkpoints are closed"
        last = self.last
        assert last is None or (sequence >= last.sequence and time_us >= last.time_us), f"{sequence} after {last}"
        signature = self._key.sign(checkpoint_message(sequence, time_us, chain, events_chain)).signature
        checkpoint = Checkpoint(sequence, time_us, chain, events_chain, signature)
        if self._unsynced == UNSYNCED_MAXIMUM:
            self.sync()
        self._files.pwrite(self._handle, _sealed(_CHECKPOINT.pack(*checkpoint)), self._offset)
        self._offset += CHECKPOINT_BYTES
        self._unsynced += 1
        self.last = checkpoint
        return checkpoint

    def sync(self) -> None:
        """Return when every checkpoint appended is durable."""
        self._files.fdatasync(self._handle)
        self._unsynced = 0

    def close(self) -> None:
        """Sync and close the file."""
        if self._handle >= 0:
            self.sync()
            self._files.close(self._handle)
            self._handle = -1

    def __enter__(self) -> CheckpointLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> None:
        data = self._files.pread(self._handle, self._files.size(self._handle), 0)
        _require_header(self.path, data, self._key.verify_key)
        good, end = _count_valid(self.path, data)
        self._offset = (1 + good) * CHECKPOINT_BYTES
        self.cut_bytes = end - self._offset
        if self.cut_bytes:
            self._files.truncate(self._handle, self._offset)
        self._files.fdatasync(self._handle)
        if good:
            self.last = _decode(data, good * CHECKPOINT_BYTES)


def read_checkpoints(directory: Path, public_key: VerifyKey, *, files: Files | None = None) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a log's directory, without their signatures checked; an unfinished end is left out.

    `DamagedCheckpoints` when the file is damaged or belongs to another key.
    """
    files = files or OsFiles()
    path = directory / CHECKPOINTS_NAME
    handle = files.open(path, write=False)
    try:
        data = files.pread(handle, files.size(handle), 0)
    finally:
        files.close(handle)
    _require_header(path, data, public_key)
    good, _ = _count_valid(path, data)
    for index in range(good):
        yield _decode(data, (1 + index) * CHECKPOINT_BYTES)


def find_checkpoint(directory: Path, sequence: int) -> Checkpoint | None:
    """Return the checkpoint of a sequence of a log's directory, its signature not checked, ``None`` without one."""
    with (directory / CHECKPOINTS_NAME).open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END) // CHECKPOINT_BYTES - 1
        while low < high:
            middle = (low + high) // 2
            file.seek((1 + middle) * CHECKPOINT_BYTES)
            found = file.read(CHECKPOINT_BYTES)
            if not _is_sealed(found, 0):
                high = middle
                continue
            checkpoint = _decode(found, 0)
            if checkpoint.sequence == sequence:
                return checkpoint
            low, high = (middle + 1, high) if checkpoint.sequence < sequence else (low, middle)
    return None


def verify_checkpoints(directory: Path, public_key: VerifyKey, *, files: Files | None = None) -> Iterator[Checkpoint]:
    """Yield the checkpoints, each verified: `BadSignature` for a wrong signature or one that runs backwards."""
    path = directory / CHECKPOINTS_NAME
    last: Checkpoint | None = None
    for checkpoint in read_checkpoints(directory, public_key, files=files):
        if not signature_is_valid(checkpoint, public_key):
            raise BadSignature(path, checkpoint.sequence, "the signature is not the node's")
        if last is not None and (checkpoint.sequence < last.sequence or checkpoint.time_us < last.time_us):
            raise BadSignature(path, checkpoint.sequence, f"it stands behind one of sequence {last.sequence}")
        last = checkpoint
        yield checkpoint


def _create(files: Files, path: Path, public_key: VerifyKey) -> None:
    """Write the header under another name first, so that the file is never there without it."""
    files.make_directory(path.parent)
    temporary = path.with_name(path.name + ".new")
    if temporary.name in files.list(path.parent):
        files.unlink(temporary)
    handle = files.open(temporary, create=True)
    try:
        files.pwrite(handle, _sealed(_HEADER.pack(_MAGIC, _FORMAT_VERSION, bytes(public_key))), 0)
        files.fdatasync(handle)
    finally:
        files.close(handle)
    files.rename(temporary, path)
    files.fsync_directory(path.parent)


def _sealed(fields: bytes) -> bytes:
    body = fields.ljust(CHECKPOINT_BYTES - _CRC.size, b"\x00")
    return body + _CRC.pack(crc32(body))


def _is_sealed(data: Buffer, offset: int) -> bool:
    """Tell whether 256 bytes at `offset` carry their right checksum; zeros do not."""
    body = memoryview(data)[offset : offset + CHECKPOINT_BYTES]
    if len(body) < CHECKPOINT_BYTES:
        return False
    return crc32(body[: -_CRC.size]) == _CRC.unpack_from(body, CHECKPOINT_BYTES - _CRC.size)[0]


def _decode(data: Buffer, offset: int) -> Checkpoint:
    return Checkpoint(*_CHECKPOINT.unpack_from(data, offset))


def _require_header(path: Path, data: Buffer, public_key: VerifyKey) -> None:
    if not _is_sealed(data, 0):
        raise DamagedCheckpoints(path, 0, "the file's header is missing or its checksum is wrong")
    magic, version, key = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != _FORMAT_VERSION:
        raise DamagedCheckpoints(path, 0, f"format version {version} is not known")
    if key != bytes(public_key):
        raise DamagedCheckpoints(path, 0, f"signed by key {key.hex()}, not by {bytes(public_key).hex()}")


def _count_valid(path: Path, data: bytes) -> tuple[int, int]:
    """Return how many checkpoints stand whole from the begin, and the file's length; refuse damage."""
    places = range(CHECKPOINT_BYTES, len(data), CHECKPOINT_BYTES)
    good = next((index for index, offset in enumerate(places) if not _is_sealed(data, offset)), len(places))
    behind = [offset for offset in places[good + UNSYNCED_MAXIMUM :] if _is_sealed(data, offset)]
    if behind:
        found = f"a checkpoint whose checksum is wrong, and a valid one behind it at byte {behind[-1]}"
        raise DamagedCheckpoints(path, places[good], found)
    return good, len(data)
