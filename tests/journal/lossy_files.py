"""A simulated file layer that loses whatever was not synced, sector by sector.

A file keeps two contents: what programs see, and what the disk is sure to have. `power_cut` returns the layer as it is
after the power came back: of every file's sectors written since its last fdatasync a random subset reached the disk,
and of the names changed since the directory's last fsync the first few. `process_kill` loses nothing that was written:
the system's cache outlives a process.

With `crash_at` the layer raises `Crash` at that operation; a write is cut at a random byte first.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ringfence.journal.files import Buffer

SECTOR_BYTES = 512


class Crash(BaseException):
    """The machine or the process has stopped: no handler of ordinary errors may go on after it."""


@dataclass
class Inode:
    seen: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    dirty: set[int] = field(default_factory=set)

    def sync(self) -> None:
        self.durable = bytearray(self.seen)
        self.dirty.clear()

    def after_power_cut(self, chance: random.Random) -> Inode:
        kept_share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        length = chance.choice((len(self.durable), len(self.seen)))
        content = self.durable[:length].ljust(length, b"\x00")
        for sector in self.dirty:
            begin, end = sector * SECTOR_BYTES, min((sector + 1) * SECTOR_BYTES, length, len(self.seen))
            if begin < end and chance.random() < kept_share:
                content[begin:end] = self.seen[begin:end]
        return Inode(bytearray(content), bytearray(content))


class LossyFiles:
    """Implements `ringfence.journal.files.Files` for the files of one flat tree."""

    def __init__(self, chance: random.Random, crash_at: int | None = None) -> None:
        self.chance = chance
        self.crash_at = crash_at
        self.operations = 0
        self.names: dict[Path, Inode] = {}
        self.durable_names: dict[Path, Inode] = {}
        self.pending: list[tuple[Path, Callable[[dict[Path, Inode]], None]]] = []
        self.handles: dict[int, Inode] = {}
        self.stopped = False

    def power_cut(self, crash_at: int | None = None) -> LossyFiles:
        names = dict(self.durable_names)
        for _, change in self.pending[: self.chance.randint(0, len(self.pending))]:
            change(names)
        survived = {id(inode): inode.after_power_cut(self.chance) for inode in names.values()}
        return self._restarted({path: survived[id(inode)] for path, inode in names.items()}, crash_at)

    def process_kill(self, crash_at: int | None = None) -> LossyFiles:
        files = self._restarted(dict(self.names), crash_at)
        files.durable_names = dict(self.durable_names)
        files.pending = list(self.pending)
        return files

    def _restarted(self, names: dict[Path, Inode], crash_at: int | None) -> LossyFiles:
        files = type(self)(self.chance, crash_at)
        files.names = names
        files.durable_names = dict(names)
        return files

    def _step(self) -> bool:
        """Count an operation; True when it is the one that the crash strikes."""
        if self.stopped:
            raise Crash
        self.operations += 1
        self.stopped = self.operations == self.crash_at
        return self.stopped

    def _crash_here(self) -> None:
        if self._step():
            raise Crash

    def _change_names(self, directory: Path, change: Callable[[dict[Path, Inode]], None]) -> None:
        change(self.names)
        self.pending.append((directory, change))

    def make_directory(self, path: Path) -> None:
        self._crash_here()

    def open(self, path: Path, *, create: bool = False, write: bool = True, mode: int = 0o644) -> int:
        self._crash_here()
        if create:
            if path in self.names:
                raise FileExistsError(path)
            inode = Inode()
            self._change_names(path.parent, lambda names: names.__setitem__(path, inode))
        elif path not in self.names:
            raise FileNotFoundError(path)
        handle = 3 + len(self.handles)
        self.handles[handle] = self.names[path]
        return handle

    def close(self, handle: int) -> None:
        assert handle in self.handles

    def size(self, handle: int) -> int:
        return len(self.handles[handle].seen)

    def reserve(self, handle: int, size_bytes: int) -> None:
        self._crash_here()
        self.handles[handle].seen = bytearray(size_bytes)

    def pwrite(self, handle: int, data: Buffer, offset: int) -> None:
        crashing = self._step()
        written = bytes(data)[: self.chance.randint(0, len(data))] if crashing else bytes(data)
        inode = self.handles[handle]
        end = offset + len(written)
        inode.seen.extend(bytes(max(0, end - len(inode.seen))))
        inode.seen[offset:end] = written
        inode.dirty.update(range(offset // SECTOR_BYTES, -(-end // SECTOR_BYTES)))
        if crashing:
            raise Crash

    def pread(self, handle: int, length: int, offset: int) -> bytes:
        return bytes(self.handles[handle].seen[offset : offset + length])

    def map(self, handle: int) -> Buffer:
        return bytes(self.handles[handle].seen)

    def fdatasync(self, handle: int) -> None:
        self._crash_here()
        self.handles[handle].sync()

    def begin_sync(self, handle: int, offset: int, length: int) -> None:
        """A hint; this layer loses what it can."""

    def truncate(self, handle: int, size_bytes: int) -> None:
        self._crash_here()
        inode = self.handles[handle]
        inode.seen = inode.seen[:size_bytes].ljust(size_bytes, b"\x00")

    def fsync_directory(self, path: Path) -> None:
        self._crash_here()
        for directory, change in self.pending:
            if directory == path:
                change(self.durable_names)
        self.pending = [entry for entry in self.pending if entry[0] != path]

    def rename(self, source: Path, target: Path) -> None:
        self._crash_here()
        self._change_names(source.parent, lambda names: names.__setitem__(target, names.pop(source)))

    def link(self, source: Path, target: Path) -> None:
        self._crash_here()
        if target in self.names:
            raise FileExistsError(target)
        self._change_names(source.parent, lambda names: names.__setitem__(target, names[source]))

    def unlink(self, path: Path) -> None:
        self._crash_here()
        self._change_names(path.parent, lambda names: names.__delitem__(path))

    def list(self, directory: Path) -> list[str]:
        return sorted(path.name for path in self.names if path.parent == directory)


class FilesWithoutSync(LossyFiles):
    """The same, but fdatasync does nothing: what an engine does whose durability is only believed."""

    def fdatasync(self, handle: int) -> None:
        self._crash_here()


class FilesWithoutDirectorySync(LossyFiles):
    """The same, but names are never made durable."""

    def fsync_directory(self, path: Path) -> None:
        self._crash_here()
