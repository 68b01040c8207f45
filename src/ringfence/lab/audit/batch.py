"""The events of a batch by kind, and who was liquidated at each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ringfence.schema import events as e
from ringfence.schema.layout import DTYPES, EVENT_HEADER, tag_of

PLACE_BITS = 24
where: Any = np.where
searchsorted: Any = np.searchsorted


class Batch:
    """A batch of a log; ``case`` is what case each account had before it, 0 for none, and is looked at, not kept."""

    def __init__(self, events: npt.NDArray[np.void], case: npt.NDArray[np.int64]) -> None:
        assert len(events) < 1 << PLACE_BITS, f"{len(events)} events are too many at once"
        self.events, self._before = events, case
        self._kinds = events.view(EVENT_HEADER)["kind"]
        opened_at, opened = self.of(e.CaseOpened)
        closed_at, closed = self.of(e.CaseClosed)
        keys = np.concatenate([_key(opened["account"], opened_at), _key(closed["account"], closed_at)])
        order = np.argsort(keys)
        self._keys = keys[order]
        self._cases = np.concatenate([opened["case"], np.zeros(len(closed), np.int64)])[order]

    def of(self, kind: type) -> tuple[Any, Any]:
        """Return where the events of a kind are, and those events as rows of their fields."""
        at = np.flatnonzero(self._kinds == tag_of(kind))
        return at, self.events[at].view(DTYPES[kind])

    def case_at(self, accounts: Any, places: Any) -> Any:
        """Return which case each account had when the event at a place came, 0 for none."""
        before = self._before[np.minimum(accounts, len(self._before) - 1)]
        if not len(self._keys):
            return before
        last = searchsorted(self._keys, _key(accounts, places)) - 1
        mine = (last >= 0) & (self._keys[last] >> PLACE_BITS == accounts)
        return where(mine, self._cases[last], before)


def _key(accounts: Any, places: Any) -> Any:
    return (accounts.astype(np.int64) << PLACE_BITS) | places
