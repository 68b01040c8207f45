"""The durable log of commands, its signed checkpoints, and snapshots of the state.

`Journal` writes, `JournalReader` reads beside it, `CheckpointLog` signs; `ringfence.journal.snapshots` and
`ringfence.journal.keys` are used as modules.
"""

from ringfence.journal.checkpoints import (
    Checkpoint,
    CheckpointLog,
    read_checkpoints,
    require_reached,
    verify_checkpoints,
)
from ringfence.journal.errors import (
    BadSignature,
    DamagedCheckpoints,
    DamagedFile,
    DamagedLog,
    DamagedSnapshot,
    DirectoryInUse,
    JournalError,
    JournalFailed,
    KeyFileError,
    SchemaMismatch,
    SequenceNotInLog,
)
from ringfence.journal.files import Files, OsFiles
from ringfence.journal.lock import DirectoryLock
from ringfence.journal.log import Journal, Position
from ringfence.journal.reader import JournalReader
from ringfence.journal.recovery import Recovery, examine
from ringfence.journal.segment import GENESIS_CHAIN, RECORD_BYTES, SEGMENT_BYTES, next_chain
from ringfence.journal.window import Frame

__all__ = [
    "GENESIS_CHAIN",
    "RECORD_BYTES",
    "SEGMENT_BYTES",
    "BadSignature",
    "Checkpoint",
    "CheckpointLog",
    "DamagedCheckpoints",
    "DamagedFile",
    "DamagedLog",
    "DamagedSnapshot",
    "DirectoryInUse",
    "DirectoryLock",
    "Files",
    "Frame",
    "Journal",
    "JournalError",
    "JournalFailed",
    "JournalReader",
    "KeyFileError",
    "OsFiles",
    "Position",
    "Recovery",
    "SchemaMismatch",
    "SequenceNotInLog",
    "examine",
    "next_chain",
    "read_checkpoints",
    "require_reached",
    "verify_checkpoints",
]
