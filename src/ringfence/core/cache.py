"""Where compiled code is kept: a folder named by everything that decides what the compiler makes.

Numba keys its cache by the file of one function.  A changed constant in another file would leave stale machine code
running, and a stale function is a wrong balance, so the folder's name is a hash of every source of the core and
the schema, the versions, the processor and every compiler setting.
"""

import hashlib
import os
import shutil
from pathlib import Path

import llvmlite
import llvmlite.binding
import numpy

NOT_COMPILED = {"__init__.py", "build.py", "cache.py", "exchange.py", "memory.py", "reads.py"}
"""Modules of the core that are plain Python and that no compiled module imports."""

KEPT_VERSIONS = 4
"""Compiled versions that stay in the user's cache; older ones are removed when a new one is built."""


def _sources() -> list[Path]:
    package = Path(__file__).resolve().parent
    compiled = [path for path in package.glob("*.py") if path.name not in NOT_COMPILED]
    return sorted([*compiled, *(package.parent / "schema").glob("*.py")])


def compile_key() -> str:
    """Return the hex name of the folder for the present sources, versions, processor and settings."""
    digest = hashlib.blake2b(digest_size=16)
    for path in _sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    machine = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    settings = sorted((k, v) for k, v in os.environ.items() if k.startswith("NUMBA_") and k != "NUMBA_CACHE_DIR")
    digest.update(repr((numpy.__version__, llvmlite.__version__, machine, settings)).encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """Return the folder that holds the compiled versions, in the user's cache."""
    base = os.environ.get("RINGFENCE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).joinpath("ringfence", "compiled")


def use_cache() -> Path:
    """Point Numba at the folder for the present sources; call before Numba is imported."""
    folder = cache_root().joinpath(compile_key())
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def remove_old_versions() -> None:
    """Remove all but the newest few compiled versions from the user's cache."""
    folders = sorted(cache_root().glob("*"), key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in folders[KEPT_VERSIONS:]:
        shutil.rmtree(folder, ignore_errors=True)
