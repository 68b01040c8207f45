"""Trees of hashes: that a record is one of many is shown by a few hashes, without showing the others.

    leaf = BLAKE2b-256(0x00 || record)      node = BLAKE2b-256(0x01 || left || right)

The shape is that of RFC 6962, section 2.1: the left part of n leaves is the largest power of two below n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(record: bytes | bytearray | memoryview) -> bytes:
    """Return the hash of a record as a leaf, 32 bytes."""
    return hashlib.blake2b(_LEAF + record, digest_size=HASH_BYTES).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two parts of a tree, 32 bytes."""
    return hashlib.blake2b(_NODE + left + right, digest_size=HASH_BYTES).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree of leaf hashes, of which there must be one at least."""
    assert leaves, "a tree has a leaf"
    level = list(leaves)
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = above + level[len(level) & ~1 :]
    return level[0]


def path_of(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """Return the hashes that lead from the leaf at a place, counted from 0, to the root, lowest first."""
    assert 0 <= place < len(leaves), f"leaf {place} of {len(leaves)}"
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            path.append(level[beside])
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level, place = above + level[len(level) & ~1 :], place // 2
    return path


def root_by_path(leaf: bytes, place: int, leaves: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf at a place of so many and its path lead to, ``None`` if they do not fit together."""
    if not 0 <= place < leaves:
        return None
    left = list(path)
    found, width = leaf, leaves
    while width > 1:
        if place ^ 1 < width:
            if not left:
                return None
            beside = left.pop(0)
            found = node_hash(beside, found) if place & 1 else node_hash(found, beside)
        place, width = place // 2, (width + 1) // 2
    return None if left else found
