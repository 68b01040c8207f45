"""How the core is compiled.

No reference counting (the state is borrowed memory, and counting costs four times the work), C rules for
division, bounds checks on every access in what ships.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, types

Function = TypeVar("Function", bound=Callable[..., Any])
OPTIONS: dict[str, Any] = {"cache": True, "_nrt": False, "error_model": "numpy", "boundscheck": True}


def _wide(kind: Any) -> Any:
    """Return the type that an argument is compiled for: every whole number has 64 bits."""
    kind = types.unliteral(kind)
    if isinstance(kind, (types.Integer, types.IntEnumMember)):
        return types.int64
    return kind


def _widened(dispatcher: Any) -> Any:
    """Let a function be compiled once, and not once for each width of number that somebody calls it with."""
    if hasattr(dispatcher, "get_call_template"):
        plain = dispatcher.get_call_template
        dispatcher.get_call_template = lambda args, kws: plain(tuple(_wide(kind) for kind in args), kws)
    return dispatcher


def hot(function: Function) -> Function:
    """Compile into the caller: for what runs on every order."""
    return cast(Function, _widened(njit(forceinline=True, **OPTIONS)(function)))


def cold(function: Function) -> Function:
    """Compile as a function of its own, because compile time grows with what is inlined."""
    return cast(Function, _widened(njit(**OPTIONS)(function)))


def flat(function: Function) -> Function:
    """Write into the caller before anything is compiled: for the few layers above matching.

    Every layer of ``hot`` compiles what is below it once more.
    """
    return cast(Function, njit(inline="always", **OPTIONS)(function))
