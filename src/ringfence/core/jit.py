"""How the core is compiled.

No reference counting (the state is borrowed memory, and counting costs four times the work), C rules for
division, bounds checked on every access in what ships.  ``hot`` is pulled into its caller: for what runs on
every order.  ``cold`` stays a function of its own, because compile time grows with what is inlined.
"""

from numba import njit

OPTIONS = {"cache": True, "_nrt": False, "error_model": "numpy", "boundscheck": True}

hot = njit(forceinline=True, **OPTIONS)
cold = njit(**OPTIONS)

plain = njit(cache=True)
"""For what hands arrays out, which Numba compiles only with counting; runs once a batch."""
