"""The one way from Python into the compiled core: a C function over addresses.

Handing record arrays to a compiled function costs tens of microseconds a call, handing addresses one.  Events and
``applied`` are read from the state.
"""

import ctypes

from numba import carray, cfunc, config, types

from ..schema.layout import COMMAND_HEADER
from .dispatch import apply_orders, apply_rare, apply_settings
from .handle import state_at
from .margin import take_measure
from .revaluation import revalue
from .watch import find_unsafe

INTERPRETED = bool(config.DISABLE_JIT)


def _apply_orders(address, commands, n, begin, ahead):
    # An assertion that fires inside does not raise through C: the caller sees 0.
    return 1 + apply_orders(state_at(address), carray(commands, n, COMMAND_HEADER), begin, ahead != 0)


def _apply_rare(address, commands, n, begin, ahead):
    return 1 + apply_rare(state_at(address), carray(commands, n, COMMAND_HEADER), begin)


def _apply_settings(address, commands, n, begin, ahead):
    return 1 + apply_settings(state_at(address), carray(commands, n, COMMAND_HEADER), begin)


def _take_measure(address, arguments, n, begin, ahead):
    a = carray(arguments, n, types.int64)
    return 1 + take_measure(state_at(address), a[0], a[1], a[2], a[3], a[4] != 0)


def _revalue(address, arguments, n, begin, ahead):
    return 1 + revalue(state_at(address), begin)


def _find_unsafe(address, arguments, n, begin, ahead):
    # -1 stands for a list that must be made anew, and 0 for an assertion that fired.
    return 2 + find_unsafe(state_at(address), n)


ENTRIES = {
    "orders and matching": _apply_orders,
    "money and people": _apply_rare,
    "settings and prices": _apply_settings,
}
"""The entries, by what they are for; each command belongs to one of them."""

MEASURES, REVALUATION, WATCH = "measures of accounts", "revaluation of accounts", "watch list"
READS = {MEASURES: _take_measure, REVALUATION: _revalue, WATCH: _find_unsafe}
"""Entries that change nothing that is hashed."""


def compile_entry(words):
    """Return one of the entries as a C function, compiled or from the cache."""
    signature = "int64(voidptr, voidptr, int64, int64, int64)"
    return cfunc(signature, cache=True, boundscheck=True, error_model="numpy")((ENTRIES | READS)[words])


def c_function(compiled):
    """Return the callable of a compiled entry."""
    i8, p = ctypes.c_int64, ctypes.c_void_p
    return ctypes.CFUNCTYPE(i8, p, p, i8, i8, i8)(compiled.address)
