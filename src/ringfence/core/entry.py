"""The one way from Python into the compiled core: a C function over addresses.

Handing record arrays to a compiled function costs tens of microseconds a call, handing addresses one.  The
table of addresses is built once; ``applied`` is read from the state.
"""

import ctypes

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, config, types
from numba.extending import intrinsic

from ..schema.layout import COMMAND_HEADER, EVENT_HEADER
from . import state as t
from ..schema.enums import Side
from ..schema.fields import MAX_PRICE_TICKS
from .bits import mix
from .dispatch import apply
from .jit import plain
from .levels import BITS, STEP

INTERPRETED = bool(config.DISABLE_JIT)
ADDRESS = np.dtype([("address", "<i8"), ("rows", "<i8")])
TABLES = len(t.TABLES)
INT4, INT8 = np.dtype("i4"), np.dtype("i8")


@intrinsic
def _pointer(typingctx, address):
    def codegen(context, builder, sig, args):
        return builder.inttoptr(args[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), codegen


@plain
def attach(a):
    """Return the state behind a table of addresses, in the order of ``state.TABLES``."""
    return t.State(
        carray(_pointer(a[0].address), a[0].rows, t.Venue),
        carray(_pointer(a[1].address), a[1].rows, t.Taker),
        carray(_pointer(a[2].address), a[2].rows, t.Pool),
        carray(_pointer(a[3].address), a[3].rows, INT8),
        carray(_pointer(a[4].address), a[4].rows, t.Asset),
        carray(_pointer(a[5].address), a[5].rows, t.Market),
        carray(_pointer(a[6].address), a[6].rows, t.FeeTier),
        carray(_pointer(a[7].address), a[7].rows, t.Source),
        carray(_pointer(a[8].address), a[8].rows, t.User),
        carray(_pointer(a[9].address), a[9].rows, t.Account),
        carray(_pointer(a[10].address), a[10].rows, t.Balance),
        carray(_pointer(a[11].address), a[11].rows, INT4),
        carray(_pointer(a[12].address), a[12].rows, t.Order),
        carray(_pointer(a[13].address), a[13].rows, INT4),
        carray(_pointer(a[14].address), a[14].rows, t.Withdrawal),
        carray(_pointer(a[15].address), a[15].rows, INT4),
        carray(_pointer(a[16].address), a[16].rows, t.Half),
        carray(_pointer(a[17].address), a[17].rows, t.Level),
        carray(_pointer(a[18].address), a[18].rows, t.Node),
        carray(_pointer(a[19].address), a[19].rows, INT4),
    )


def addresses(state):
    """Return the table of addresses of a state."""
    table = np.zeros(TABLES, ADDRESS)
    for i, array in enumerate(state):
        table[i] = array.ctypes.data, len(array)
    return table


def _apply_entry(table, commands, n, events, capacity, begin, ahead):
    s = attach(carray(table, TABLES, ADDRESS))
    made = apply(s, carray(commands, n, COMMAND_HEADER), carray(events, capacity, EVENT_HEADER), begin, ahead != 0)
    # An assertion that fires inside does not raise through C: the caller sees 0.
    return 1 + made


def compile_entry():
    """Return ``_apply_entry`` as a C function, compiled or from the cache."""
    signature = "int64(voidptr, voidptr, int64, voidptr, int64, int64, int64)"
    return cfunc(signature, cache=True, boundscheck=True, error_model="numpy")(_apply_entry)


def c_function(compiled):
    """Return the callable of a compiled entry."""
    i8, p = ctypes.c_int64, ctypes.c_void_p
    return ctypes.CFUNCTYPE(i8, p, p, i8, p, i8, i8, i8)(compiled.address)


def slot_of_order(state, number):
    """Return the slot of an open order, 0 if there is none: the plain-Python twin of ``book.find_order``."""
    pool = state.pools[t.ORDERS]
    spread = mix(number)
    bucket = spread & (2 * int(pool.mask) + 1)
    if bucket >= pool.buckets:
        bucket = spread & int(pool.mask)
    slot = int(state.order_heads[bucket])
    while slot and state.orders[slot].id != number:
        slot = int(state.orders[slot].hash_next)
    return slot


def lots_at(state, market, side, price_ticks):
    """Return the quantity at a price of a side: the plain-Python twin of ``levels.find_level``."""
    half = state.halves[2 * market + side]
    key = MAX_PRICE_TICKS - price_ticks if side == Side.BID else price_ticks
    shift, node = int(half.shift), int(half.root)
    if node == 0 or key >> (shift + STEP) != half.prefix:
        return 0
    while shift > 0:
        node = int(state.kids[node * t.FANOUT + ((key >> shift) & BITS)])
        if node == 0:
            return 0
        shift -= STEP
    return int(state.levels[int(state.kids[node * t.FANOUT + (key & BITS)])].lots)
