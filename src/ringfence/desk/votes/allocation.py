"""How many shares each holder may vote: his own all, and of those that he lent his part of what is still there.

A share that was lent and sold is voted by its buyer.  Whoever lent it would vote it a second time, so what lenders may
vote is cut beforehand (pre-reconciliation), in proportion, and what rounding leaves goes by a hash that anybody can
compute: the result is the same for everybody who has the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ringfence.schema.events import HolderRecorded

DIGEST_BYTES = 16


class Held(NamedTuple):
    """What an account had at the record: all that it held and lent, less what it owed; ``lent_atoms`` were lent."""

    account: int
    net_atoms: int
    lent_atoms: int

    @classmethod
    def of(cls, event: HolderRecorded) -> Held:
        """Return what the core told of an account."""
        return cls(event.account, event.net_atoms, event.lent_atoms)

    @property
    def own_atoms(self) -> int:
        """What it held itself, and nobody else votes."""
        return max(self.net_atoms - self.lent_atoms, 0)


def allocate(
    meeting: int, total_atoms: int, holders: Iterable[Held], may_vote: Mapping[int, bool] | None = None
) -> dict[int, int]:
    """Return how many atoms each account may vote, of so many that are there in all.

    Accounts that ``may_vote`` says no of vote nothing, and nobody votes for them.  Raises ``ValueError`` if there are
    fewer shares than holders have: then the record is broken.
    """
    rows = sorted(holders)
    own = sum(row.own_atoms for row in rows)
    if own > total_atoms:
        raise ValueError(f"holders have {own} atoms and there are {total_atoms}: the record is broken")
    lent = sum(row.lent_atoms for row in rows)
    there = min(total_atoms - own, lent)
    parts = {row.account: row.lent_atoms * there // lent for row in rows if row.lent_atoms}
    left = there - sum(parts.values())
    for account in _by_remainder(meeting, rows, there, lent)[:left]:
        parts[account] += 1
    found = {row.account: row.own_atoms + parts.get(row.account, 0) for row in rows}
    return {account: atoms for account, atoms in found.items() if atoms and (may_vote or {}).get(account, True)}


def _by_remainder(meeting: int, rows: list[Held], there: int, lent: int) -> list[int]:
    """Return lenders by what rounding took from them, the largest first, those who lost the same by their hash."""
    cut = [row for row in rows if row.lent_atoms * there % lent] if lent else []
    cut.sort(key=lambda row: (-(row.lent_atoms * there % lent), _lot(meeting, row.account)))
    return [row.account for row in cut]


def _lot(meeting: int, account: int) -> bytes:
    return hashlib.blake2b(f"{meeting} {account}".encode(), digest_size=DIGEST_BYTES).digest()
