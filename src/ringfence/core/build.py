"""Compile the core ahead: ``python -m ringfence.core.build``.  Set-up runs it, so that no first start waits."""

import sys

import numpy as np

from . import Exchange
from .cache import compile_key


def main() -> None:
    """Compile everything a venue calls, by calling it once, and say what happens."""
    print(f"compiling the core ({compile_key()[:8]}), up to a minute on a first run ...", file=sys.stderr, flush=True)
    exchange = Exchange()
    exchange.apply(np.zeros(0, "V128"))
    print("compiling the restore of snapshots ...", file=sys.stderr, flush=True)
    Exchange.restore(exchange.rows())
    print("the core is compiled", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
