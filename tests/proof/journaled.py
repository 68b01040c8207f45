"""The venue of the liquidation tests with a log, checkpoints and history, as a node and a gateway keep them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.test_liquidation import Failing

from ringfence.app.upkeep import rebuild_history
from ringfence.core import Exchange
from ringfence.database import sqlite_url
from ringfence.journal.checkpoints import find_checkpoint
from ringfence.journal.keys import load_public_key
from ringfence.node.engine import Engine
from ringfence.node.replica import as_records
from ringfence.proof.build import build_receipt
from ringfence.proof.document import Receipt
from ringfence.schema import commands as c
from ringfence.schema.layout import RECORD_BYTES, decode_event, encode
from ringfence.views.history import open_history
from ringfence.views.history.cases import CaseReader


class Journaled(Failing):
    """Every command goes through an engine into the log of a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        super().__init__()

    def begin(self) -> Exchange:
        self.engine = Engine.open(self.directory, clock=lambda: self.time_us)
        return self.engine.exchange

    def give(self, command: c.Command) -> list[Any]:
        if isinstance(command, c.Clock):
            return decoded(self.engine.tick().events)
        record = as_records(bytearray(encode(command, type(command).origins[0])))
        return decoded(self.engine._commit(record).events)

    def close(self) -> None:
        """Let the second end, so that all is sealed, and write history."""
        self.time_us += 10**6
        self.engine.tick()
        self.engine.close()
        rebuild_history(self.directory, lambda *_: None)

    def receipt(self, case: int) -> Receipt:
        history = open_history(sqlite_url(self.directory / "history.sqlite"))
        try:
            key = bytes(load_public_key(self.directory / "keys"))
            return build_receipt(CaseReader(history), self.checkpoint, key, case)
        finally:
            history.dispose()

    def checkpoint(self, sequence: int) -> Any:
        return find_checkpoint(self.directory / "journal", sequence)


def decoded(events: Any) -> list[Any]:
    data = events.tobytes()
    return [decode_event(data[at : at + RECORD_BYTES]) for at in range(0, len(data), RECORD_BYTES)]


def receipt_of(directory: Path, play: Callable[[Journaled], int]) -> Receipt:
    """Play a scene and return the receipt of the case that it names."""
    venue = Journaled(directory)
    case = play(venue)
    venue.close()
    return venue.receipt(case)
