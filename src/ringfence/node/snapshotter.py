"""`python -m ringfence.node.snapshotter DIR`: write a snapshot beside the running node, and end.

A process of its own at low priority: it replays the log from the newest snapshot to the last signed checkpoint (as far
as is certainly durable), compares its hashes with the signed ones, and writes what it has. Trading does not wait.

One JSON line on stdout. Exit codes: 0 written, or nothing new to write, 1 the replay contradicts the checkpoint, 2
wrong usage or no usable DIR, 3 a damaged log.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import msgspec

from ringfence.core import CoreStopped
from ringfence.journal import Checkpoint, DamagedFile, JournalError, OsFiles, read_checkpoints, snapshots
from ringfence.journal.checkpoints import signature_is_valid
from ringfence.journal.keys import load_public_key
from ringfence.node.errors import NodeError, StateMismatch
from ringfence.node.follower import Follower
from ringfence.node.recovery import require_same
from ringfence.schema.enums import rules_that_hold
from ringfence.schema.layout import schema_hash

KEEP = 3
NICENESS = 10


class Taken(msgspec.Struct, frozen=True):
    """What a snapshotter did."""

    sequence: int
    """Where the newest snapshot stands now; 0 when there is no checkpoint yet."""
    written: bool
    """False when there was one at the last checkpoint already."""
    commands_replayed: int
    removed: int
    """Old snapshots removed."""
    duration_ms: int


def take_snapshot(directory: Path, keep: int = KEEP, keep_from_sequence: int | None = None) -> Taken:
    """Write a snapshot of DIR at its last checkpoint and remove old ones.

    The newest `keep` stay, and so does the newest that does not reach beyond `keep_from_sequence`, from which somebody
    (the history, say) still has to catch up. Raises `StateMismatch` when the replay is not what the checkpoint signed.
    """
    began_ns = time.monotonic_ns()
    checkpoint = _last_checkpoint(directory)
    newest = max(map(_sequence, snapshots.list_snapshots(directory / "snapshots")), default=0)
    written = checkpoint is not None and checkpoint.sequence > newest
    replayed = _write(directory, checkpoint) if checkpoint is not None and written else 0
    removed = prune(directory, keep, keep_from_sequence)
    standing = checkpoint.sequence if checkpoint is not None and written else newest
    return Taken(standing, written, replayed, len(removed), (time.monotonic_ns() - began_ns) // 1_000_000)


def prune(directory: Path, keep: int, keep_from_sequence: int | None) -> list[Path]:
    """Remove the snapshots of DIR that nobody needs (see `take_snapshot`) and return them."""
    assert keep > 0, "the newest snapshot stays"
    paths = snapshots.list_snapshots(directory / "snapshots")
    needed = set(paths[-keep:])
    if keep_from_sequence is not None:
        needed.update([path for path in paths if _sequence(path) <= keep_from_sequence][-1:])
    files = OsFiles()
    removed = [path for path in paths if path not in needed]
    for path in removed:
        files.unlink(path)
    if removed:
        files.fsync_directory(directory / "snapshots")
    return removed


def _write(directory: Path, checkpoint: Checkpoint) -> int:
    follower = Follower(directory)
    replayed = checkpoint.sequence - follower.sequence
    for _ in follower.catch_up(checkpoint.sequence):
        pass
    mark = follower.marks[-1] if follower.marks else None
    if mark is None or mark.sequence != checkpoint.sequence:
        raise StateMismatch(f"CHECKPOINT_MISMATCH: no Clock command at checkpoint {checkpoint.sequence}")
    require_same(checkpoint, mark, follower.log_chain)
    rows, rules = follower.exchange.rows(), follower.exchange.rules_version
    snapshots.write(
        directory / "snapshots",
        list(rows.items()),
        schema_hash=schema_hash(rules_that_hold(rules)),
        rules_version=rules,
        sequence=mark.sequence,
        time_us=mark.time_us,
        log_chain=follower.log_chain,
        events_chain=mark.events_chain,
    )
    return replayed


def _last_checkpoint(directory: Path) -> Checkpoint | None:
    key = load_public_key(directory / "keys")
    last: Checkpoint | None = None
    for last in read_checkpoints(directory / "journal", key):  # noqa: B007
        pass
    if last is not None and not signature_is_valid(last, key):
        raise StateMismatch(f"BAD_SIGNATURE: checkpoint {last.sequence} is not signed by the node's key")
    return last


def _sequence(path: Path) -> int:
    return int(path.stem)


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ringfence.node.snapshotter")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--keep", type=int, default=KEEP)
    parser.add_argument("--keep-from-sequence", type=int, default=None)
    options = parser.parse_args(arguments)
    os.nice(NICENESS)
    try:
        taken = take_snapshot(options.directory, max(1, options.keep), options.keep_from_sequence)
    except CoreStopped as stop:
        print(f"snapshotter: CORE_STOPPED: at command {stop.sequence}", file=sys.stderr)
        return 1
    except NodeError as error:
        print(f"snapshotter: {error}", file=sys.stderr)
        return 1
    except DamagedFile as error:
        print(f"snapshotter: {error}", file=sys.stderr)
        return 3
    except (JournalError, OSError) as error:
        print(f"snapshotter: {error}", file=sys.stderr)
        return 2
    print(msgspec.json.encode(taken).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
