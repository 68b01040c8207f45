"""What to say when an assertion in the core has stopped the node, and the one way past it."""

from __future__ import annotations

from pathlib import Path

from ringfence.core import CoreStopped
from ringfence.journal import DirectoryLock, JournalReader
from ringfence.journal.keys import load_node_key
from ringfence.node.errors import BadSkip
from ringfence.node.follower import Follower
from ringfence.node.skips import Skip, command_hash, write_skip
from ringfence.schema.layout import decode_command, known_schemas


def record_in_log(directory: Path, sequence: int) -> bytes | None:
    """Return the 128 bytes of a command as they stand in the log of DIR, None when it is not there."""
    with JournalReader(directory / "journal", known_schemas(), verify=False) as reader:
        for frame in reader.read(sequence, sequence):
            return bytes(frame.records_from(sequence)[:128])
    return None


def stop_report(directory: Path, sequence: int) -> str:
    """Return the lines that tell an operator what happened and what he can do."""
    record = record_in_log(directory, sequence)
    return f"""
==================== THE NODE STOPPED ====================
CORE_STOPPED: an assertion in the core does not hold at command {sequence}.
command:   {_describe(record)}
bytes:     {record.hex() if record else "not in the log"}
No reply has left for it or for what followed it in its batch. The log in {directory} is whole.
reproduce: NUMBA_DISABLE_JIT=1 ringfence verify {directory}
skip it:   ringfence skip {directory} {sequence} --reason "..."   (signed; the command is then rejected as SKIPPED)
==========================================================
"""


def skip_command(directory: Path, sequence: int, reason: str, now_us: int) -> Skip:
    """Sign a skip record for the command at which the core stops, and return it; the node must not be running.

    The log is replayed to that command first: only one at which the core really stops may be skipped, since any other
    was acknowledged or is going to be. Raises `BadSkip` otherwise, and `DirectoryInUse` while a node runs.
    """
    with DirectoryLock(directory):
        stopped_at = find_stop(directory)
        if stopped_at != sequence:
            where = "at no command" if stopped_at is None else f"at command {stopped_at}"
            raise BadSkip(f"BAD_SKIP: the core stops {where} of {directory}, so command {sequence} is not skipped")
        record = record_in_log(directory, sequence)
        assert record is not None, f"command {sequence} was replayed and is not in the log"
        skip = Skip(sequence, command_hash(record), now_us, reason)
        write_skip(directory, skip, load_node_key(directory / "keys"))
    return skip


def find_stop(directory: Path) -> int | None:
    """Replay the log from the newest snapshot and return the command at which the core stops, None if it does not."""
    try:
        for _ in Follower(directory).catch_up():
            pass
    except CoreStopped as stop:
        return stop.sequence
    return None


def _describe(record: bytes | None) -> str:
    if record is None:
        return "not in the log"
    try:
        return repr(decode_command(record))
    except KeyError:
        return "of an unknown kind"
