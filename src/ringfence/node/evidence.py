"""Which events a stranger may be shown one by one: what liquidations did, with a root of hashes for each second.

    evidence   every event of a command that said something of a case, a wave or a vault, or moved money for one
    digest     BLAKE2b-256(events chain before || events of the second), as everywhere
    chain      with evidence: BLAKE2b-256(digest || root || number of leaves, i8), personalised with "ringfence proof";
               without: the digest

So the events chain that a checkpoint signs vouches for each of these events by a path in the tree of `journal.merkle`.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.journal.merkle import HASH_BYTES, leaf_hash, root_of
from ringfence.schema.enums import LoanSource, MoveCause
from ringfence.schema.events import EVENTS, CaseOpened, Event, FundsMoved, LoanMoved
from ringfence.schema.layout import DTYPES, EVENT_HEADER, tag_of

Records: TypeAlias = npt.NDArray[np.void]

FIRST_TAG, LAST_TAG = tag_of(CaseOpened), 89
"""The kinds of events that tell of cases, waves and vaults."""
KINDS = frozenset(kind for kind in EVENTS if FIRST_TAG <= tag_of(kind) <= LAST_TAG)
CAUSES = tuple(
    int(cause)
    for cause in (
        MoveCause.TOP_UP, MoveCause.LIQUIDATION_FEE, MoveCause.GAP_PAID, MoveCause.ESTATE_TAKEN, MoveCause.LOSS_PAID
    )
)  # fmt: skip
"""Why funds move in a liquidation."""
_BY_FIELD: tuple[tuple[type[Event], str, tuple[int, ...]], ...] = (
    (FundsMoved, "cause", CAUSES),
    (LoanMoved, "source", (int(LoanSource.LIQUIDATION),)),
)
_PERSON = b"ringfence proof"


def tells(event: Event) -> bool:
    """Whether an event makes all of its command evidence."""
    if isinstance(event, FundsMoved):
        return event.cause in CAUSES
    if isinstance(event, LoanMoved):
        return event.source == LoanSource.LIQUIDATION
    return type(event) in KINDS


def are_telling(events: Records) -> npt.NDArray[np.bool_]:
    """Return the same of many events."""
    kinds = events.view(EVENT_HEADER)["kind"]
    telling = (kinds >= FIRST_TAG) & (kinds <= LAST_TAG)
    for kind, field, values in _BY_FIELD:
        found = np.flatnonzero(kinds == tag_of(kind))
        if found.size:
            telling[found] = np.isin(events[found].view(DTYPES[kind])[field], values)
    return telling


def evidence_in(events: Records) -> Records:
    """Return the evidence among the events of whole commands, in their order."""
    header = events.view(EVENT_HEADER)
    telling = are_telling(events)
    if not telling.any():
        return events[:0]
    sequences = np.unique(header["sequence"][telling])
    return events[np.isin(header["sequence"], sequences)]


def leaf_hashes(evidence: Records) -> list[bytes]:
    """Return the leaf hash of each event."""
    return [leaf_hash(record.tobytes()) for record in evidence]


def sealed_chain(digest: bytes, root: bytes, leaves: int) -> bytes:
    """Return the events chain of a second with evidence, 32 bytes."""
    return hashlib.blake2b(
        digest + root + leaves.to_bytes(8, "little"), digest_size=HASH_BYTES, person=_PERSON
    ).digest()


class Second:
    """The evidence of the second that is under way."""

    def __init__(self) -> None:
        self._leaves: list[bytes] = []

    def add(self, events: Records) -> None:
        """Add the evidence among the events of whole commands."""
        self._leaves += leaf_hashes(evidence_in(events))

    def seal(self, digest: bytes) -> bytes:
        """End the second: return its events chain."""
        leaves, self._leaves = self._leaves, []
        return sealed_chain(digest, root_of(leaves), len(leaves)) if leaves else digest
