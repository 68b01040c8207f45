"""The audit of a run, in a process of its own: it follows the log while that is written, and ends soon after it."""

from __future__ import annotations

import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from ringfence.node.verify import Report, verify

from .audit.auditor import Auditor, Figures
from .run import Progress, peak_megabytes

PAUSE_S = 0.05
REPORT_S = 0.5


class Audited(msgspec.Struct):
    """What the log of a run says when somebody else reads it."""

    verified: Report
    figures: Figures
    liquidated: int
    findings: list[str]
    wall_s: float
    peak_megabytes: int


class Audit:
    """An audit that is under way."""

    def __init__(self, directory: Path) -> None:
        context = get_context("spawn")
        self._ended = context.Event()
        self._here, there = context.Pipe(duplex=False)
        self._process = context.Process(target=_follow, args=(directory, self._ended, there), daemon=True)
        self._process.start()
        there.close()

    def end(self, progress: Progress) -> Audited:
        """Say that the log is complete, and return what was found."""
        self._ended.set()
        while True:
            try:
                said = self._here.recv()
            except EOFError:
                raise RuntimeError(f"the audit ended with exit code {self._process.exitcode}") from None
            if isinstance(said, Audited):
                self._process.join()
                return said
            progress("verify", *said)

    def stop(self) -> None:
        """Give it up."""
        self._process.terminate()


def _follow(directory: Path, ended: Any, there: Any) -> None:
    """Replay a log from its beginning as it grows, check all that it claims, and ask who paid."""
    began_s, auditor, told_s = time.perf_counter(), Auditor(), 0.0

    def more() -> bool:
        return not ended.wait(PAUSE_S)

    def tell(done: int, total: int) -> None:
        nonlocal told_s
        if ended.is_set() and time.perf_counter() - told_s > REPORT_S:
            told_s = time.perf_counter()
            there.send((done, total))

    while not (directory / "journal" / "checkpoints").exists():
        if ended.wait(PAUSE_S):
            return
    report = verify(directory, tell, auditor, more)
    found = Audited(
        report, auditor.figures, len(auditor.liquidated), auditor.findings, time.perf_counter() - began_s,
        peak_megabytes(),
    )  # fmt: skip
    there.send(found)
