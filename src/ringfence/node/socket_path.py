"""Reaching DIR/control.sock under a path that fits a socket address, which holds 107 bytes however deep DIR lies."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ringfence.node.wire import SOCKET_NAME


@contextmanager
def socket_path(directory: Path) -> Generator[str]:
    """Yield a short name for DIR/control.sock, valid inside the block."""
    handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)
