"""Price levels of one side of a book: a tree of 32-way bitmaps over prices, and links from each to the next worse.

Any price up to 2^48 takes at most ten steps, prices near each other two or three.  A side is a ``Half``;
a smaller key is a better price on both sides.
"""

from ..schema.enums import Side
from ..schema.fields import MAX_PRICE_TICKS
from .bits import highest_bit
from .jit import cold, hot
from .state import FANOUT, LEVELS, NODES

STEP = 5
BITS = FANOUT - 1
NEVER = MAX_PRICE_TICKS + 1
"""A key worse than that of any price."""


@hot
def price_key(side, price_ticks):
    """Return the key of a price on a side: bids best from above, asks best from below."""
    return MAX_PRICE_TICKS - price_ticks if side == Side.BID else price_ticks


@hot
def half_of(market, side):
    """Return the row of ``halves`` for a side of a market."""
    return 2 * market + side


@cold
def open_node(s, parent):
    """Take a free node of the tree; its children are all 0 when it is given back, so they are now."""
    pool = s.pools[NODES]
    node = pool.free
    if node != 0:
        pool.free = s.nodes[node].parent
    else:
        pool.used += 1
        node = pool.used
    s.nodes[node].parent = parent
    s.nodes[node].mask = 0
    pool.rows += 1
    return node


@hot
def close_node(s, node):
    """Give a node without children back."""
    pool = s.pools[NODES]
    s.nodes[node].parent = pool.free
    pool.free = node
    pool.rows -= 1


@hot
def find_level(s, h, key):
    """Return the level with this key on side ``h``, 0 if there is none."""
    half = s.halves[h]
    shift = half.shift
    node = half.root
    if node == 0 or key >> (shift + STEP) != half.prefix:
        return 0
    while shift > 0:
        node = s.nodes[node].kids[((key >> shift) & BITS)]
        if node == 0:
            return 0
        shift -= STEP
    return s.nodes[node].kids[(key & BITS)]


@cold
def raise_root(s, h, key):
    """Give the tree of side ``h`` a root that covers the key."""
    half = s.halves[h]
    if half.root == 0:
        half.root = open_node(s, 0)
        half.shift = 0
        half.prefix = key >> STEP
    while key >> (half.shift + STEP) != half.prefix:
        old, place = half.root, half.prefix & BITS
        top = open_node(s, 0)
        s.nodes[old].parent = top
        s.nodes[top].mask = 1 << place
        s.nodes[top].kids[place] = old
        half.root = top
        half.shift += STEP
        half.prefix >>= STEP


@hot
def open_leaf(s, h, key):
    """Descend to the last node for the key, adding nodes on the way."""
    half = s.halves[h]
    node, shift = half.root, half.shift
    while shift > 0:
        place = (key >> shift) & BITS
        kid = s.nodes[node].kids[place]
        if kid == 0:
            kid = open_node(s, node)
            s.nodes[node].kids[place] = kid
            s.nodes[node].mask |= 1 << place
        node = kid
        shift -= STEP
    return node


@hot
def next_better(s, leaf, key):
    """Return the nearest better level: up to the first node with a lower place taken, then down its highest ones."""
    node, shift = leaf, 0
    while node != 0:
        lower = s.nodes[node].mask & ((1 << ((key >> shift) & BITS)) - 1)
        if lower != 0:
            found = s.nodes[node].kids[highest_bit(lower)]
            while shift > 0:
                found = s.nodes[found].kids[highest_bit(s.nodes[found].mask)]
                shift -= STEP
            return found
        node = s.nodes[node].parent
        shift += STEP
    return 0


@hot
def link_level(s, half, slot, better):
    """Put a level behind the next better one, or first."""
    if better != 0:
        worse = s.levels[better].worse
        s.levels[better].worse = slot
    else:
        worse = half.best
        half.best = slot
    if worse != 0:
        s.levels[worse].better = slot
    s.levels[slot].better = better
    s.levels[slot].worse = worse


@cold
def open_level(s, h, key, price_ticks):
    """Add an empty level at a price that has none and return its slot."""
    half, pool = s.halves[h], s.pools[LEVELS]
    slot = pool.free
    if slot != 0:
        pool.free = s.levels[slot].worse
    else:
        pool.used += 1
        slot = pool.used
    pool.rows += 1
    raise_root(s, h, key)
    leaf = open_leaf(s, h, key)
    s.nodes[leaf].kids[(key & BITS)] = slot
    s.nodes[leaf].mask |= 1 << (key & BITS)
    level = s.levels[slot]
    level.key, level.price_ticks, level.leaf = key, price_ticks, leaf
    level.lots, level.head, level.tail, level.orders = 0, 0, 0, 0
    link_level(s, half, slot, next_better(s, leaf, key))
    half.levels += 1
    return slot


@cold
def close_level(s, h, slot):
    """Take an empty level away, with the nodes that only it needed."""
    half, level, pool = s.halves[h], s.levels[slot], s.pools[LEVELS]
    if level.better != 0:
        s.levels[level.better].worse = level.worse
    else:
        half.best = level.worse
    if level.worse != 0:
        s.levels[level.worse].better = level.better
    node, shift = level.leaf, 0
    while node != 0:
        place = (level.key >> shift) & BITS
        s.nodes[node].kids[place] = 0
        s.nodes[node].mask &= ~(1 << place)
        if s.nodes[node].mask != 0:
            break
        parent = s.nodes[node].parent
        close_node(s, node)
        if parent == 0:
            half.root = 0
        node = parent
        shift += STEP
    half.levels -= 1
    pool.rows -= 1
    level.worse = pool.free
    pool.free = slot
