"""`python -m ringfence.app.tether PARENT MODULE ARGUMENT...`: run a module that ends when its parent does.

The kernel sends this process SIGTERM when the process PARENT is gone, however it went; the flag survives until then and
costs nothing. A parent that was gone before the flag was set is noticed by asking.
"""

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the process ``parent`` ends; end now if it has ended already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(f"the process {parent} that started this one is gone")


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the module."""
    parent, module, *rest = arguments
    end_with_parent(int(parent))
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
