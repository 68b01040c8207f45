"""How the functions of the core come together: each is optimised and made into machine code once.

Numba links everything that a function calls into it before it optimises, so what lies at the bottom is optimised anew
at each level above; in a core ten levels deep that was three quarters of the compile time.  Here only what is marked to
be inlined goes into its caller early; all else is linked into the entry at the end, as it is.
"""

import ctypes
from typing import Any

from numba.core.codegen import JITCodeLibrary, JITCPUCodegen

INLINED: set[str] = set()
"""Functions that are compiled into their callers, by qualified name."""
APART: set[str] = set()
"""Functions that are linked into the entry at the end, by qualified name."""


def _refuse(*arguments: Any) -> None:
    raise TypeError("this function is for compiled code only: what Python calls is marked called_from_python")


_REFUSED = ctypes.PYFUNCTYPE(ctypes.c_void_p, *3 * [ctypes.c_void_p])(_refuse)
_REFUSED_AT = ctypes.cast(_REFUSED, ctypes.c_void_p).value


class LateLinked(JITCodeLibrary):
    """The code of one function, with those that it calls still outside unless they are inlined."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self._is_apart = name in APART
        self._is_inner = self._is_apart or name in INLINED
        self._apart: dict[Any, None] = {}

    def finalize(self) -> None:
        """Optimise this function alone; an entry gets all that it needs, and machine code."""
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._take(library)
        self._optimize_final_module()
        if self._is_inner:
            self._finalized = True
            return
        # Those that call first: what nothing needs yet is not linked.
        for library in reversed(self._apart):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._final_module.verify()
        self._finalize_final_module()

    def get_pointer_to_function(self, name: str) -> Any:
        """Return where Python enters a function; one for compiled code alone says so."""
        return _REFUSED_AT if self._is_inner else super().get_pointer_to_function(name)

    def _take(self, library: Any) -> None:
        # What Numba itself compiles (its overloads) is no library of ours, and small.
        self._reload_init.update(library._reload_init)
        self._apart |= getattr(library, "_apart", {})
        if getattr(library, "_is_apart", False):
            self._apart[library] = None
        else:
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)


def _set_env(codegen: Any, name: str, env: Any) -> None:
    # A function that is not machine code yet has no place for what Python would give it, and needs none.
    if codegen._engine.is_symbol_defined(name):
        _numbas_set_env(codegen, name, env)


_numbas_set_env = JITCPUCodegen.set_env


def link_late() -> None:
    """Let everything that Numba compiles from now on be linked so."""
    JITCPUCodegen._library_class = LateLinked
    JITCPUCodegen.set_env = _set_env
