"""The hash of a state: one number for everything that decides money.

For every table in the order given, BLAKE2b-256 takes

    length of the name   u4
    name                 ASCII
    bytes per row        u4
    number of rows       i8
    the rows             as they stand in memory: declared columns, little-endian, no padding of our own

so that a table which gives a row to its neighbour, or a renamed one, changes the hash. Rows are canonical (by key,
never by slot), which is the caller's to see to.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

STATE_HASH_BYTES = 32


def state_hash(tables: Iterable[tuple[str, npt.NDArray[Any]]]) -> bytes:
    """Return the 32-byte hash of named one-dimensional tables of fixed-size rows."""
    digest = hashlib.blake2b(digest_size=STATE_HASH_BYTES)
    for name, rows in tables:
        assert rows.ndim == 1, f"table {name} has {rows.ndim} dimensions"
        label = name.encode("ascii")
        digest.update(struct.pack("<I", len(label)) + label + struct.pack("<Iq", rows.itemsize, rows.size))
        if rows.size:
            digest.update(np.ascontiguousarray(rows).view(np.uint8).data)
    return digest.digest()
