"""Which events a stranger may be shown one by one: what liquidations did, with a root of hashes for each second.

    evidence   every event of a command that said something of a case, a wave or a vault
    digest     BLAKE2b-256(events chain before || events of the second), as everywhere
    chain      with evidence: BLAKE2b-256(digest || root), personalised with "ringfence proof"; without: the digest

So the events chain that a checkpoint signs vouches for each of these events by a path in the tree of `journal.merkle`.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.journal.merkle import HASH_BYTES, leaf_hash, root_of
from ringfence.schema.events import CaseOpened
from ringfence.schema.layout import EVENT_HEADER, tag_of

Records: TypeAlias = npt.NDArray[np.void]

FIRST_TAG, LAST_TAG = tag_of(CaseOpened), 89
"""The kinds of events that tell of cases, waves and vaults."""
_PERSON = b"ringfence proof"


def evidence_in(events: Records) -> Records:
    """Return the evidence among the events of whole commands, in their order."""
    header = events.view(EVENT_HEADER)
    kinds = header["kind"]
    telling = (kinds >= FIRST_TAG) & (kinds <= LAST_TAG)
    if not telling.any():
        return events[:0]
    sequences = np.unique(header["sequence"][telling])
    return events[np.isin(header["sequence"], sequences)]


def leaf_hashes(evidence: Records) -> list[bytes]:
    """Return the leaf hash of each event."""
    return [leaf_hash(record.tobytes()) for record in evidence]


def sealed_chain(digest: bytes, root: bytes) -> bytes:
    """Return the events chain of a second with evidence, 32 bytes."""
    return hashlib.blake2b(digest + root, digest_size=HASH_BYTES, person=_PERSON).digest()


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
        return sealed_chain(digest, root_of(leaves)) if leaves else digest
