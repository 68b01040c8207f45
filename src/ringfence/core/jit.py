"""How the core is compiled.

No reference counting (the state is borrowed memory, and counting costs four times the work), C rules for
division, bounds checks on every access in what ships.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, types

from .linking import APART, INLINED, link_late

Function = TypeVar("Function", bound=Callable[..., Any])
OPTIONS: dict[str, Any] = {"_nrt": False, "error_model": "numpy", "boundscheck": True}
INNER: dict[str, Any] = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Of what only compiled code calls."""
link_late()


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


def _name(function: Callable[..., Any], names: set[str], others: set[str]) -> None:
    # Numba names what it compiles so, without the module.
    assert function.__qualname__ not in others, f"{function.__qualname__} is inlined in one module and not in another"
    names.add(function.__qualname__)


def hot(function: Function) -> Function:
    """Compile into the caller: for what runs on every order."""
    _name(function, INLINED, APART)
    return cast(Function, _widened(njit(forceinline=True, **INNER)(function)))


def cold(function: Function) -> Function:
    """Compile as a function of its own, because compile time grows with what is inlined."""
    _name(function, APART, INLINED)
    return cast(Function, _widened(njit(**INNER)(function)))


def flat(function: Function) -> Function:
    """Write into the caller before anything is compiled: for the few layers above matching."""
    return cast(Function, njit(inline="always", **INNER)(function))


def called_from_python(function: Function) -> Function:
    """Compile for Python to call, with all that it needs, and keep it in the cache."""
    return cast(Function, njit(cache=True, **OPTIONS)(function))
