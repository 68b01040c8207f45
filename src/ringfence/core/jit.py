"""How the core is compiled.

No reference counting (the state is borrowed memory, and counting costs four times the work), C rules for
division, bounds checked on every access in what ships.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
OPTIONS: dict[str, Any] = {"cache": True, "_nrt": False, "error_model": "numpy", "boundscheck": True}


def hot(function: Function) -> Function:
    """Compile into the caller: for what runs on every order."""
    return cast(Function, njit(forceinline=True, **OPTIONS)(function))


def cold(function: Function) -> Function:
    """Compile as a function of its own, because compile time grows with what is inlined."""
    return cast(Function, njit(**OPTIONS)(function))


def flat(function: Function) -> Function:
    """Write into the caller before anything is compiled: for the few layers above matching.

    Every layer of ``hot`` compiles what is below it once more.
    """
    return cast(Function, njit(inline="always", **OPTIONS)(function))
