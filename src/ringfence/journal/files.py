"""The file operations that the journal needs, and nothing more.

Everything in this package that must survive a crash goes through `Files`, so that tests can put a layer under it that
loses what was not synced. Handles are the layer's own integers.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import Protocol

Buffer = bytes | bytearray | memoryview

ZERO_BLOCK = bytes(1 << 18)
SYNC_FILE_RANGE_WRITE = 2
_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)


class Files(Protocol):
    """A file system as the journal sees it. Paths are absolute or relative to the process, sizes in bytes."""

    def make_directory(self, path: Path) -> None:
        """Create a directory and its missing parents durably; one that exists is left alone."""
        ...

    def open(self, path: Path, *, create: bool = False, write: bool = True, mode: int = 0o644) -> int:
        """Return a handle. With `create` the file must not exist yet (FileExistsError), without it must."""
        ...

    def close(self, handle: int) -> None:
        """Give the handle back."""
        ...

    def size(self, handle: int) -> int:
        """Return the file's length in bytes."""
        ...

    def reserve(self, handle: int, size_bytes: int) -> None:
        """Make an empty file this long, reading as zeros, with its space on the disk taken."""
        ...

    def pwrite(self, handle: int, data: Buffer, offset: int) -> None:
        """Write all of `data` at `offset`."""
        ...

    def pread(self, handle: int, length: int, offset: int) -> bytes:
        """Return up to `length` bytes at `offset`; fewer only at the end of the file."""
        ...

    def map(self, handle: int) -> Buffer:
        """Return the whole file for reading, without copying it where the layer can."""
        ...

    def fdatasync(self, handle: int) -> None:
        """Return when the file's content and length are durable."""
        ...

    def begin_sync(self, handle: int, offset: int, length: int) -> None:
        """Let a part of the file go to the disk and return at once; a hint, nothing is durable for it."""
        ...

    def truncate(self, handle: int, size_bytes: int) -> None:
        """Set the file's length."""
        ...

    def fsync_directory(self, path: Path) -> None:
        """Return when the names in the directory are durable."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, replacing what bears it."""
        ...

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError when it is taken."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        ...

    def list(self, directory: Path) -> list[str]:
        """Return the names in a directory, sorted; an absent directory has none."""
        ...


class OsFiles:
    """The operating system's files."""

    def make_directory(self, path: Path) -> None:
        """Create a directory and its missing parents durably; one that exists is left alone."""
        if path.is_dir():
            return
        self.make_directory(path.parent)
        path.mkdir(exist_ok=True)
        self.fsync_directory(path.parent)

    def open(self, path: Path, *, create: bool = False, write: bool = True, mode: int = 0o644) -> int:
        """Return a file descriptor. With `create` the file must not exist yet, without it must."""
        flags = os.O_CLOEXEC | (os.O_RDWR if write else os.O_RDONLY)
        return os.open(path, flags | (os.O_CREAT | os.O_EXCL if create else 0), mode)

    def close(self, handle: int) -> None:
        """Close the descriptor."""
        os.close(handle)

    def size(self, handle: int) -> int:
        """Return the file's length in bytes."""
        return os.fstat(handle).st_size

    def reserve(self, handle: int, size_bytes: int) -> None:
        """Make an empty file this long, reading as zeros, with its space on the disk taken."""
        os.posix_fallocate(handle, 0, size_bytes)

    def pwrite(self, handle: int, data: Buffer, offset: int) -> None:
        """Write all of `data` at `offset`; the system may take a large write in parts."""
        written = os.pwrite(handle, data, offset)
        view = memoryview(data)
        while written < len(view):
            written += os.pwrite(handle, view[written:], offset + written)

    def pread(self, handle: int, length: int, offset: int) -> bytes:
        """Return up to `length` bytes at `offset`; fewer only at the end of the file."""
        data = os.pread(handle, length, offset)
        while 0 < len(data) < length:
            more = os.pread(handle, length - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def map(self, handle: int) -> Buffer:
        """Map the file for reading; the mapping outlives the descriptor."""
        if self.size(handle) == 0:
            return b""
        return memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ))

    def fdatasync(self, handle: int) -> None:
        """Return when the file's content and length are durable."""
        os.fdatasync(handle)

    def begin_sync(self, handle: int, offset: int, length: int) -> None:
        """Let a part of the file go to the disk and return at once; only Linux can be asked for that."""
        if _sync_file_range is not None:
            _sync_file_range(handle, ctypes.c_int64(offset), ctypes.c_int64(length), SYNC_FILE_RANGE_WRITE)

    def truncate(self, handle: int, size_bytes: int) -> None:
        """Set the file's length."""
        os.ftruncate(handle, size_bytes)

    def fsync_directory(self, path: Path) -> None:
        """Return when the names in the directory are durable."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, replacing what bears it."""
        os.rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError when it is taken."""
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        os.unlink(path)

    def list(self, directory: Path) -> list[str]:
        """Return the names in a directory, sorted; an absent directory has none."""
        try:
            return sorted(os.listdir(directory))
        except FileNotFoundError:
            return []
