"""The receipts of a venue's data directory."""

from __future__ import annotations

from pathlib import Path

from ringfence.journal import Checkpoint
from ringfence.journal.checkpoints import find_checkpoint
from ringfence.journal.keys import load_public_key
from ringfence.views.history.cases import CaseReader

from .build import build_receipt
from .document import to_bytes


class Receipts:
    """Makes receipts from history and from the checkpoints that stand beside the log."""

    def __init__(self, directory: Path, reader: CaseReader) -> None:
        self._directory, self._reader = directory, reader

    def of(self, case: int) -> bytes:
        """Return the receipt of a case as a file; raises `NoReceipt`."""
        key = bytes(load_public_key(self._directory / "keys"))
        return to_bytes(build_receipt(self._reader, self._checkpoint, key, case))

    def _checkpoint(self, sequence: int) -> Checkpoint | None:
        return find_checkpoint(self._directory / "journal", sequence)
