"""A small venue on the compiled core whose state tests may look into and damage, and commands stamped to follow it."""

from typing import Any

import numpy as np
from tests.reference.scenario import Scenario

from ringfence.core import Exchange
from ringfence.schema.commands import Command
from ringfence.schema.layout import RECORD, encode

ALICE, BOB, CAROL = 64, 66, 68
USDC, SOL = 1, 2


class Stage(Scenario):
    """The venue of the scenarios: market 1 is SOL_USDC, and alice, bob and carol have funds in USDC and SOL."""

    exchange: Exchange

    def __init__(self) -> None:
        super().__init__(Exchange())

    @property
    def tables(self) -> Any:
        return self.exchange._s

    def batch(self, *commands: Command) -> np.ndarray:
        """Return commands stamped to follow the last one, a microsecond apart."""
        return stamped(commands, self.exchange.sequence + 1, self.exchange.time_us + 1)

    def order(self, label: str) -> Any:
        """Return the record of an open order in the core's own table."""
        return self.tables.orders[self.slot(label)]

    def slot(self, label: str) -> int:
        return int(np.flatnonzero(self.tables.orders["id"][:1000] == self.labels[label])[0])

    def level(self, label: str) -> Any:
        return self.tables.levels[self.order(label).level]

    def balance(self, account: int, asset: int) -> Any:
        """Return the record of a balance in the core's own table."""
        return self.tables.balances[self.balance_slot(account, asset)]

    def balance_slot(self, account: int, asset: int) -> int:
        return int(np.flatnonzero(self.tables.balances["id"][:1000] == (account << 16 | asset))[0])


def stamped(commands: Any, sequence: int, time_us: int) -> np.ndarray:
    """Return records with dense sequences from ``sequence`` on."""
    records = []
    for place, command in enumerate(commands):
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        records.append(encode(type(command)(**fields | {"sequence": sequence + place, "time_us": time_us + place})))
    return np.frombuffer(b"".join(records), RECORD).copy()
