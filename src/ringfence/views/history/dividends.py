"""What a batch tells of corporate actions: who was paid a dividend, who paid one for shares that he was short of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ringfence.schema.enums import HouseAccount
from ringfence.schema.events import DividendCollected, DividendPaid, UnclaimedReleased

Row = dict[str, Any]
Lines = list[tuple[int, int, int, str]]
"""(account, asset, atoms, cause) of what moved."""
DIVIDEND, UNCLAIMED = int(HouseAccount.DIVIDEND), int(HouseAccount.UNCLAIMED)
TAX, UNCOVERED = int(HouseAccount.TAX), int(HouseAccount.UNCOVERED)
PAID, WITHHELD = "DIVIDEND", "DIVIDEND_TAX"


class DividendKind(StrEnum):
    """What a line of a dividend statement is."""

    PAID = "Paid"
    HELD = "Held"
    OWED = "Owed"
    RELEASED = "Released"


class DividendChanges:
    """Lines of dividend statements that a batch adds."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def paid(self, event: DividendPaid) -> Lines:
        """Note what an account got, or what is held for it; returns what moved."""
        kind = DividendKind.HELD if event.unclaimed else DividendKind.PAID
        amounts = {"gross_atoms": event.gross_atoms, "tax_atoms": event.tax_atoms}
        manufactured = {"manufactured_atoms": event.manufactured_atoms, "left_atoms": event.left_atoms}
        self._add(event, kind, entitled_atoms=event.entitled_atoms, **amounts, **manufactured)
        receiver = UNCLAIMED if event.unclaimed else event.account
        return [
            (DIVIDEND, event.asset, -event.gross_atoms, PAID),
            (receiver, event.asset, event.gross_atoms, PAID),
            (receiver, event.asset, -event.tax_atoms, WITHHELD),
            (TAX, event.asset, event.tax_atoms, WITHHELD),
        ]

    def collected(self, event: DividendCollected) -> Lines:
        """Note what an account paid for shares that it was short of; what FUND paid is told beside it."""
        self._add(event, DividendKind.OWED, gross_atoms=-event.paid_atoms, left_atoms=event.left_atoms)
        if event.account == UNCOVERED or not event.paid_atoms:
            return []
        return [
            (event.account, event.asset, -event.paid_atoms, PAID),
            (DIVIDEND, event.asset, event.paid_atoms, PAID),
        ]

    def released(self, event: UnclaimedReleased) -> Lines:
        """Note that an account got what was held for it."""
        self._add(event, DividendKind.RELEASED, gross_atoms=event.amount_atoms)
        return [
            (UNCLAIMED, event.asset, -event.amount_atoms, PAID),
            (event.account, event.asset, event.amount_atoms, PAID),
        ]

    def _add(
        self, event: DividendPaid | DividendCollected | UnclaimedReleased, kind: DividendKind, **amounts: int
    ) -> None:
        nothing = dict.fromkeys(("entitled_atoms", "gross_atoms", "manufactured_atoms", "tax_atoms", "left_atoms"), 0)
        place = {"account": event.account, "sequence": event.sequence, "event_index": event.index}
        what = {"time_us": event.time_us, "action": event.action, "version": event.version, "share": event.share}
        self.rows.append(place | what | {"asset": event.asset, "kind": kind.value} | nothing | amounts)
