"""Records and logs for the tests of this folder."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from ringfence.journal import RECORD_BYTES, Files, Journal

SCHEMA_HASH, NEXT_SCHEMA_HASH = bytes(range(32)), bytes(range(32, 64))
SMALL_SEGMENT_BYTES = 8192


def records(first_sequence: int, count: int, salt: int = 0) -> bytes:
    """Return records whose bodies are random for (sequence, salt), so that no two attempts look alike."""
    rows = []
    for sequence in range(first_sequence, first_sequence + count):
        body = random.Random(sequence * 1_000_003 + salt).randbytes(RECORD_BYTES - 16)
        rows.append(sequence.to_bytes(8, "little") + (1_700_000_000_000_000 + sequence).to_bytes(8, "little") + body)
    return b"".join(rows)


def open_journal(directory: Path, files: Files | None = None, segment_bytes: int = SMALL_SEGMENT_BYTES) -> Journal:
    return Journal.open(
        directory,
        schema_hash=SCHEMA_HASH,
        schemas=[NEXT_SCHEMA_HASH],
        files=files,
        segment_bytes=segment_bytes,
        prepare_in_background=False,
    )


def write_log(directory: Path, counts: Iterable[int], segment_bytes: int = SMALL_SEGMENT_BYTES) -> bytes:
    """Append one frame per count and return the whole payload."""
    with open_journal(directory, segment_bytes=segment_bytes) as journal:
        for count in counts:
            journal.append(records(journal.last_sequence + 1, count))
        return payload_of(journal)


def payload_of(journal: Journal) -> bytes:
    return b"".join(bytes(frame.payload) for frame in journal.read(verify=True))
