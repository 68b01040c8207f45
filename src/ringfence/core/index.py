"""Find a row by its id: hashing with chains, grown one bucket at a time (linear hashing, Litwin 1980).

No insert does more than link one row and split a few buckets, so a growing table never makes anybody wait.  Chains run
through the rows themselves (``hash_next``); a bucket costs four bytes.
"""

from .bits import mix
from .jit import cold, hot

BUCKETS_PER_ROW = 4
"""How much longer the index is than its table: with four, nine in ten chains have one row."""


@hot
def bucket_of(pool, number):
    """Return the bucket of an id: by the doubled mask where that bucket exists already, else by the mask."""
    spread = mix(number)
    bucket = spread & (2 * pool.mask + 1)
    return bucket if bucket < pool.buckets else spread & pool.mask


@hot
def find(pool, heads, rows, number):
    """Return the slot of the row with this id, 0 if there is none."""
    slot = heads[bucket_of(pool, number)]
    while slot != 0 and rows[slot].id != number:
        slot = rows[slot].hash_next
    return slot


@hot
def insert(pool, heads, rows, slot):
    """Link a row whose id is set and not in the index."""
    bucket = bucket_of(pool, rows[slot].id)
    rows[slot].hash_next = heads[bucket]
    heads[bucket] = slot
    pool.rows += 1
    if pool.rows * BUCKETS_PER_ROW > pool.buckets:
        for _ in range(BUCKETS_PER_ROW):
            split(pool, heads, rows)


@cold
def split(pool, heads, rows):
    """Add one bucket and move to it what belongs there from the one it is split off."""
    old = pool.buckets - pool.mask - 1
    new = pool.buckets
    pool.buckets += 1
    slot, stay, move = heads[old], 0, 0
    while slot != 0:
        following = rows[slot].hash_next
        if mix(rows[slot].id) & (2 * pool.mask + 1) == new:
            rows[slot].hash_next = move
            move = slot
        else:
            rows[slot].hash_next = stay
            stay = slot
        slot = following
    heads[old] = stay
    heads[new] = move
    if pool.buckets == 2 * (pool.mask + 1):
        pool.mask = 2 * pool.mask + 1


@hot
def remove(pool, heads, rows, slot):
    """Unlink a row that is in the index."""
    bucket = bucket_of(pool, rows[slot].id)
    at = heads[bucket]
    if at == slot:
        heads[bucket] = rows[slot].hash_next
    else:
        while rows[at].hash_next != slot:
            at = rows[at].hash_next
            assert at != 0, "the row is not in the index"
        rows[at].hash_next = rows[slot].hash_next
    pool.rows -= 1
