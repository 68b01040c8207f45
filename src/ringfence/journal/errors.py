"""What can go wrong with the durable log, its checkpoints, its keys and its snapshots.

JournalError
├── DirectoryInUse            another process holds the lock of the data directory
├── SchemaMismatch            a file was written under another schema
├── SequenceNotInLog          a reader asked for records before the first one kept
├── JournalFailed             a write or a sync failed; the journal takes nothing more
├── DamagedFile               bytes on the disk are not what was written
│   ├── DamagedLog            a frame or segment is wrong or missing with later data behind it
│   ├── DamagedCheckpoints    the same for the file of checkpoints
│   └── DamagedSnapshot       a snapshot file does not verify
├── BadSignature              a checkpoint is not signed by the node's key, or runs backwards
└── KeyFileError              a key file is missing, exists already, is malformed, or is open to others
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

__all__ = [
    "BadSignature",
    "DamagedCheckpoints",
    "DamagedFile",
    "DamagedLog",
    "DamagedSnapshot",
    "DirectoryInUse",
    "JournalError",
    "JournalFailed",
    "KeyFileError",
    "SchemaMismatch",
    "SequenceNotInLog",
]


class JournalError(Exception):
    """Base of every error that this package raises for a user's or a disk's fault."""


class DirectoryInUse(JournalError):
    """Raised when another live process holds the lock of a data directory."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"DIRECTORY_IN_USE: {path.parent} is in use by {owner} (lock file {path}); stop it first")


class SchemaMismatch(JournalError):
    """Raised when a file names a schema hash that the running program does not know."""

    def __init__(self, path: Path, known: Collection[bytes], found: bytes) -> None:
        self.path = path
        self.known = known
        self.found = found
        names = ", ".join(sorted(schema.hex()[:16] for schema in known))
        super().__init__(
            f"SCHEMA_MISMATCH: {path} was written under schema {found.hex()[:16]}, "
            f"this program knows {names}; run the version that wrote it"
        )


class SequenceNotInLog(JournalError):
    """Raised when records are asked for that stand before the first segment kept."""

    def __init__(self, directory: Path, sequence: int, first_sequence: int | None) -> None:
        self.directory = directory
        self.sequence = sequence
        self.first_sequence = first_sequence
        begin = "holds no segment" if first_sequence is None else f"begins at sequence {first_sequence}"
        super().__init__(f"SEQUENCE_NOT_IN_LOG: sequence {sequence} was asked for, the log in {directory} {begin}")


class JournalFailed(JournalError):
    """Raised on use of a journal after a write or sync failed: what is on the disk is unknown until it is reopened."""


class DamagedFile(JournalError):
    """Raised when a file's bytes are not what was written."""


class DamagedLog(DamagedFile):
    """Raised when the log is wrong in a place that no torn last write can explain."""

    def __init__(self, path: Path, offset: int, expected_sequence: int, found: str) -> None:
        self.path = path
        self.offset = offset
        self.expected_sequence = expected_sequence
        self.found = found
        super().__init__(
            f"DAMAGED_LOG: {path} at byte {offset}: expected sequence {expected_sequence}, found {found}; "
            "restore this file from a copy, nothing was changed"
        )


class DamagedCheckpoints(DamagedFile):
    """Raised when the file of checkpoints is wrong in a place that lost unsynced writes cannot explain."""

    def __init__(self, path: Path, offset: int, found: str) -> None:
        self.path = path
        self.offset = offset
        self.found = found
        super().__init__(f"DAMAGED_CHECKPOINTS: {path} at byte {offset}: {found}")


class DamagedSnapshot(DamagedFile):
    """Raised when a snapshot's header, length or state hash does not verify."""

    def __init__(self, path: Path, found: str) -> None:
        self.path = path
        self.found = found
        super().__init__(f"DAMAGED_SNAPSHOT: {path}: {found}")


class BadSignature(JournalError):
    """Raised when a checkpoint's signature or order is wrong."""

    def __init__(self, path: Path, sequence: int, found: str) -> None:
        self.path = path
        self.sequence = sequence
        self.found = found
        super().__init__(f"BAD_SIGNATURE: checkpoint of sequence {sequence} in {path}: {found}")


class KeyFileError(JournalError):
    """Raised when a key file is missing, exists already, is malformed, or can be read by others."""

    def __init__(self, path: Path, found: str) -> None:
        self.path = path
        self.found = found
        super().__init__(f"KEY_FILE: {path}: {found}")
