"""Compile the core ahead: ``python -m ringfence.core.build``.  Set-up runs it, so that no first start waits.

The entries are compiled side by side, each by a process of its own.
"""

import subprocess
import sys

from . import Exchange
from .cache import compile_key, remove_old_versions
from .entry import ENTRIES, READS, compile_entry


def say(words: str) -> None:
    """Tell on stderr what is being compiled."""
    print(f"  {words} ...", file=sys.stderr, flush=True)


def compile_all() -> None:
    """Compile everything a venue calls, and say what happens."""
    print(f"compiling the core ({compile_key()[:8]}), up to a minute the first time", file=sys.stderr, flush=True)
    parts = [subprocess.Popen([sys.executable, "-m", "ringfence.core.build", words]) for words in (*ENTRIES, *READS)]
    if any([part.wait() != 0 for part in parts]):
        sys.exit("the core did not compile; what went wrong stands above")
    say("the restore of snapshots")
    Exchange.restore(Exchange().rows())
    remove_old_versions()
    print("the core is compiled", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> None:
    """Compile everything, or the entry that is named."""
    if not arguments:
        compile_all()
        return
    (words,) = arguments
    say(words)
    compile_entry(words)


if __name__ == "__main__":
    main(sys.argv[1:])
