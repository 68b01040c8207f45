"""The verbs on a venue's folder: verify, rebuild, snapshot, skip."""

from pathlib import Path

from cyclopts import App

from .output import Progress, result


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    for verb in (verify, rebuild, snapshot, skip):
        app.command(verb)


def verify(directory: Path) -> int:
    """Replay a venue's log from its beginning and check every hash, signature, snapshot and invariant.

    Exit codes: 0 everything holds, 1 something does not, 3 the log is damaged. Nothing is changed; a running venue may
    go on meanwhile.
    """
    from ringfence.app.upkeep import verify_directory

    progress = Progress("verify")
    report, code = verify_directory(directory, progress)
    progress.end()
    result(report)
    return code


def rebuild(directory: Path) -> None:
    """Write the history of a venue that is not running again, from its log."""
    from ringfence.app.upkeep import rebuild_history

    progress = Progress("rebuild")
    sequence = rebuild_history(directory, progress)
    progress.end()
    result({"rebuilt": str(directory / "history.sqlite"), "sequence": sequence})


def snapshot(directory: Path, *, keep: int = 3) -> None:
    """Write a snapshot of a venue at its last checkpoint; a running one goes on meanwhile.

    Parameters
    ----------
    directory: The venue's folder.
    keep: How many of the newest snapshots stay.
    """
    from ringfence.app.errors import WrongUse
    from ringfence.app.upkeep import snapshot_directory

    if keep < 1:
        raise WrongUse(f"--keep {keep}: at least one snapshot stays")
    result(snapshot_directory(directory, keep))


def skip(directory: Path, sequence: int, *, reason: str) -> None:
    """Rule out the one command at which the core stops, by a record signed with the venue's key.

    Parameters
    ----------
    directory: The venue's folder; the venue must not be running.
    sequence: The command, as the node named it when it stopped.
    reason: Why; it stays in the record for everybody to read.
    """
    from ringfence.app.upkeep import skip_in_directory

    made = skip_in_directory(directory, sequence, reason)
    result({"skipped": made.sequence, "command_hash": made.command_hash.hex(), "reason": made.reason})
