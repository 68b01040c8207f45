"""`python -m ringfence.node DIR`: run a node on a data directory.

One JSON line on stdout when it is ready, its log on stderr. Exit codes: 0 ended by SIGTERM or SIGINT, 1 the disk
failed, 2 the directory cannot be used (in use, another schema, keys), 3 a damaged log or a stopped core.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import msgspec

from ringfence.core import CoreStopped
from ringfence.journal import BadSignature, DamagedFile, JournalError, JournalFailed
from ringfence.node.door import log
from ringfence.node.engine import Engine
from ringfence.node.errors import NodeError
from ringfence.node.recovery import Recovered
from ringfence.node.server import Server, stop_on_signals
from ringfence.node.stopped import stop_report

EXIT_DISK, EXIT_USAGE, EXIT_DAMAGED = 1, 2, 3


def run(directory: Path) -> int:
    """Run a node on `directory` until it is told to end, and return the exit code."""
    try:
        with Engine.open(directory) as engine:
            _report(directory, engine.recovered)
            server = Server(engine, directory)
            stop_on_signals(server)
            ready = {"ready": True, "sequence": engine.sequence, "recovered": engine.recovered}
            print(msgspec.json.encode(ready).decode(), flush=True)
            # What exists now lives as long as the process: the collector need not look at it again.
            gc.freeze()
            server.run()
            log(f"ended at sequence {engine.sequence}")
    except CoreStopped as stop:
        print(stop_report(directory, stop.sequence), file=sys.stderr, flush=True)
        return EXIT_DAMAGED
    except (DamagedFile, BadSignature, NodeError) as error:
        log(str(error))
        return EXIT_DAMAGED
    except JournalFailed as error:
        log(str(error))
        return EXIT_DISK
    except JournalError as error:
        log(str(error))
        return EXIT_USAGE
    return 0


def _report(directory: Path, found: Recovered) -> None:
    for sentence in found.damaged_snapshots:
        log(f"passed over a snapshot: {sentence}")
    if found.cut_bytes:
        log(f"cut a torn end of {found.cut_bytes} bytes, never acknowledged: {found.cut_at}")
    if found.commands_skipped:
        log(f"{found.commands_skipped} commands are skipped by signed records in {directory / 'journal' / 'skips'}")
    if found.checkpoints_signed:
        log(f"signed {found.checkpoints_signed} checkpoints again that a crash had lost")
    log(
        f"{directory} recovered to sequence {found.sequence} in {found.duration_ms} ms: "
        f"snapshot of {found.snapshot_sequence}, {found.commands_replayed} commands replayed"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m ringfence.node DIR")
    sys.exit(run(Path(sys.argv[1])))
