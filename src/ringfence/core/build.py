"""Compile the core ahead: ``python -m ringfence.core.build``.  Set-up runs it, so that no first start waits."""

import sys

from . import Exchange
from .cache import compile_key, remove_old_versions
from .exchange import compile_ahead


def say(words: str) -> None:
    """Tell on stderr what is being compiled."""
    print(f"  {words} ...", file=sys.stderr, flush=True)


def main() -> None:
    """Compile everything a venue calls, by calling it once, and say what happens."""
    print(f"compiling the core ({compile_key()[:8]}), up to a minute the first time", file=sys.stderr, flush=True)
    compile_ahead(say)
    exchange = Exchange()
    say("the restore of snapshots")
    Exchange.restore(exchange.rows())
    remove_old_versions()
    print("the core is compiled", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
