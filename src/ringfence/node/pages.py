"""Where commands are cut so that somebody can look at what each page of a settlement moved.

A settlement has no event for each position, but what a position has cost changes by what it paid or got; who wants to
know it looks before anything else changes it. A conversion of collateral pays for one position.
A step of a case may give what is left of a position to FUND; that and a deleveraging end positions of which
orders may keep the row.
"""

from __future__ import annotations

import numpy as np

from ringfence.node.replica import Records
from ringfence.schema.commands import Clock, ContinueSettlement, ConvertCollateral, Deleverage, StepCase
from ringfence.schema.layout import COMMAND_HEADER, tag_of

PAGE_TAGS = tuple(map(tag_of, (Clock, ContinueSettlement, ConvertCollateral, StepCase, Deleverage)))
"""The kinds of commands that may settle a page of positions, or one position, or end the positions of an estate."""


def cut_after_pages(records: Records) -> list[Records]:
    """Return records in parts that end after each command that may settle a page; what follows the last is one part."""
    ends = np.flatnonzero(np.isin(records.view(COMMAND_HEADER)["kind"], PAGE_TAGS)) + 1
    return [part for part in np.split(records, ends) if part.size]
