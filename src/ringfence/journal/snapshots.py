"""Copies of the whole state at one sequence, so that a restart does not replay the log from its begin.

    0            magic                    8 bytes
    8            format version           u4
    12           length of the header     u4
    16           crc32 of the header      u4
    20           header                   JSON
    then, each at the next multiple of 4096 bytes: the rows of each table, canonical, little-endian

The header names schema, rules, sequence, time, the hashes of log and events there, the state hash, and the tables as
[name, rows, bytes per row]. A snapshot is written under a temporary name, synced, and renamed: a file that bears its
final name was whole. One that has gone bad since is passed over for the one before it, and reported.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from ringfence.journal.errors import DamagedSnapshot
from ringfence.journal.files import Buffer, Files, OsFiles
from ringfence.schema.hashing import state_hash

SUFFIX = ".snapshot"
TEMPORARY_SUFFIX = ".snapshot.new"
ALIGNMENT_BYTES = 4096
WRITE_BYTES = 16 << 20

_MAGIC = b"RFSNAP\x00\xa5"
_FORMAT_VERSION = 1
_PREFIX = struct.Struct("<8sIII")


class SnapshotHeader(msgspec.Struct, frozen=True):
    """What a snapshot says of itself. Hashes are 64 hexadecimal digits."""

    schema_hash: str
    rules_version: int
    sequence: int
    """The last command that the state contains."""
    time_us: int
    """That command's time, microseconds UTC since 1970."""
    log_chain: str
    events_chain: str
    state_hash: str
    tables: tuple[tuple[str, int, int], ...]
    """Name, number of rows, and bytes per row of each table, in schema order."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as read from its file."""

    path: Path
    header: SnapshotHeader
    tables: dict[str, npt.NDArray[np.void]]
    """Each table's rows as raw bytes, read-only and mapped: view them as the schema's dtype, copy what is kept."""


@dataclass(frozen=True, slots=True)
class LatestSnapshot:
    """The newest usable snapshot, and what had to be passed over to find it."""

    snapshot: Snapshot | None
    damaged: tuple[DamagedSnapshot, ...]


def write(
    directory: Path,
    tables: Sequence[tuple[str, npt.NDArray[Any]]],
    *,
    schema_hash: bytes,
    rules_version: int,
    sequence: int,
    time_us: int,
    log_chain: bytes,
    events_chain: bytes,
    files: Files | None = None,
) -> Path:
    """Write the canonical tables as DIR/snapshots/<sequence>.snapshot and return its path when it is durable."""
    files = files or OsFiles()
    header = SnapshotHeader(
        schema_hash=schema_hash.hex(),
        rules_version=rules_version,
        sequence=sequence,
        time_us=time_us,
        log_chain=log_chain.hex(),
        events_chain=events_chain.hex(),
        state_hash=state_hash(tables).hex(),
        tables=tuple((name, rows.size, rows.itemsize) for name, rows in tables),
    )
    path = directory / f"{sequence:020d}{SUFFIX}"
    temporary = directory / f"{sequence:020d}{TEMPORARY_SUFFIX}"
    files.make_directory(directory)
    for name in files.list(directory):
        if name.endswith(TEMPORARY_SUFFIX):
            files.unlink(directory / name)
    handle = files.open(temporary, create=True)
    try:
        _write_body(files, handle, header, tables)
        files.fdatasync(handle)
    finally:
        files.close(handle)
    files.rename(temporary, path)
    files.fsync_directory(directory)
    return path


def load(path: Path, *, verify_hash: bool = False, files: Files | None = None) -> Snapshot:
    """Map a snapshot, its header and lengths checked, and with `verify_hash` its rows too (about 1 s a gigabyte)."""
    files = files or OsFiles()
    handle = files.open(path, write=False)
    try:
        data = files.map(handle)
    finally:
        files.close(handle)
    header, header_end = _decode_header(path, data)
    tables: dict[str, npt.NDArray[np.void]] = {}
    end = header_end
    for (name, rows, row_bytes), offset in zip(header.tables, _offsets(header, header_end), strict=True):
        end = offset + rows * row_bytes
        if end <= len(data):
            tables[name] = np.ndarray((rows,), np.dtype((np.void, row_bytes)), data, offset)
    if end != len(data):
        raise DamagedSnapshot(path, f"holds {len(data)} bytes where its header needs {end}")
    if verify_hash:
        found = state_hash(tables.items()).hex()
        if found != header.state_hash:
            raise DamagedSnapshot(path, f"its rows hash to {found}, its header says {header.state_hash}")
    return Snapshot(path, header, tables)


def latest(
    directory: Path,
    at_most_sequence: int | None = None,
    *,
    schemas: Collection[bytes] | None = None,
    verify_hash: bool = False,
    files: Files | None = None,
) -> LatestSnapshot:
    """Return the newest snapshot up to a sequence (and of these schemas) that verifies, with those that did not."""
    damaged: list[DamagedSnapshot] = []
    for path in reversed(list_snapshots(directory, files=files)):
        if at_most_sequence is not None and _sequence(path) > at_most_sequence:
            continue
        try:
            snapshot = load(path, verify_hash=verify_hash, files=files)
        except DamagedSnapshot as error:
            damaged.append(error)
            continue
        if schemas is None or bytes.fromhex(snapshot.header.schema_hash) in schemas:
            return LatestSnapshot(snapshot, tuple(damaged))
    return LatestSnapshot(None, tuple(damaged))


def list_snapshots(directory: Path, *, files: Files | None = None) -> list[Path]:
    """Return the snapshots of a directory, oldest first."""
    names = (files or OsFiles()).list(directory)
    return [directory / name for name in names if name.endswith(SUFFIX) and name.removesuffix(SUFFIX).isdecimal()]


def prune(directory: Path, keep: int, *, files: Files | None = None) -> list[Path]:
    """Remove all but the newest `keep` snapshots and return what was removed. Damaged ones count as kept."""
    assert keep > 0, "the newest snapshot stays"
    files = files or OsFiles()
    removed = list_snapshots(directory, files=files)[:-keep]
    for path in removed:
        files.unlink(path)
    if removed:
        files.fsync_directory(directory)
    return removed


def _sequence(path: Path) -> int:
    return int(path.name.removesuffix(SUFFIX))


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _offsets(header: SnapshotHeader, header_end: int) -> Iterator[int]:
    offset = header_end
    for _, rows, row_bytes in header.tables:
        offset = _aligned(offset)
        yield offset
        offset += rows * row_bytes


def _write_body(
    files: Files, handle: int, header: SnapshotHeader, tables: Sequence[tuple[str, npt.NDArray[Any]]]
) -> None:
    text = msgspec.json.encode(header)
    files.pwrite(handle, _PREFIX.pack(_MAGIC, _FORMAT_VERSION, len(text), crc32(text)) + text, 0)
    header_end = _PREFIX.size + len(text)
    end = header_end
    for (_, rows), start in zip(tables, _offsets(header, header_end), strict=True):
        body = np.ascontiguousarray(rows).view(np.uint8).data if rows.size else memoryview(b"")
        for done in range(0, len(body), WRITE_BYTES):
            files.pwrite(handle, body[done : done + WRITE_BYTES], start + done)
        end = start + len(body)
    # A last table without rows ends in padding, which no write above has made.
    files.truncate(handle, end)


def _decode_header(path: Path, data: Buffer) -> tuple[SnapshotHeader, int]:
    if len(data) < _PREFIX.size:
        raise DamagedSnapshot(path, f"holds {len(data)} bytes, less than its first fields")
    magic, version, length, crc = _PREFIX.unpack_from(data)
    if magic != _MAGIC or version != _FORMAT_VERSION:
        raise DamagedSnapshot(path, f"magic {magic.hex()} and format version {version} are not known")
    text = memoryview(data)[_PREFIX.size : _PREFIX.size + length]
    if len(text) != length or crc32(text) != crc:
        raise DamagedSnapshot(path, "the header's checksum is wrong")
    header = msgspec.json.decode(text, type=SnapshotHeader)
    if header.sequence != _sequence(path):
        raise DamagedSnapshot(path, f"its header is that of sequence {header.sequence}")
    return header, _PREFIX.size + length
