"""The exchange: a pure, deterministic function from a state and commands to events.

No clock, no input or output, no randomness, no floats.  ``Exchange`` is what others use.
"""

from .cache import use_cache

use_cache()

# The cache must be set before Numba loads.
from .exchange import EVENTS_PER_COMMAND, CoreStopped, Exchange  # noqa: E402

__all__ = ["EVENTS_PER_COMMAND", "CoreStopped", "Exchange"]
