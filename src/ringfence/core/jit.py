"""How the core is compiled.

No reference counting (the state is borrowed memory, and counting costs four times the work), C rules for
division, bounds checked on every access in what ships.  ``hot`` is pulled into its caller: for what runs on
every order.  ``cold`` stays a function of its own, because compile time grows with what is inlined.
"""

from numba import njit

OPTIONS = {"cache": True, "_nrt": False, "error_model": "numpy", "boundscheck": True}

hot = njit(forceinline=True, **OPTIONS)
cold = njit(**OPTIONS)
flat = njit(inline="always", **OPTIONS)
"""For the few layers above matching: written into their caller before anything is compiled, because every layer of ``hot``
compiles what is below it once more."""
