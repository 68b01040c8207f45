"""Snapshots: whole or absent, and never believed when they do not verify."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.journal.lossy_files import Crash, LossyFiles

from ringfence.journal import DamagedSnapshot
from ringfence.journal.files import Files
from ringfence.journal.snapshots import latest, list_snapshots, load, prune, write
from ringfence.schema.hashing import state_hash

ROW = np.dtype([("key", "<i8"), ("amount", "<i8"), ("market", "<i4")])


def tables(seed: int = 1) -> list[tuple[str, npt.NDArray[Any]]]:
    chance = np.random.default_rng(seed)
    orders = np.zeros(1000, ROW)
    orders["key"] = np.arange(1000)
    orders["amount"] = chance.integers(0, 1 << 60, 1000)
    return [("assets", np.arange(7, dtype="<i4")), ("orders", orders), ("cases", np.zeros(0, ROW))]


def write_at(directory: Path, sequence: int, files: Files | None = None) -> Path:
    return write(
        directory,
        tables(sequence),
        schema_hash=b"\x01" * 32,
        rules_version=1,
        sequence=sequence,
        time_us=sequence * 10,
        log_chain=b"\x02" * 32,
        events_chain=b"\x03" * 32,
        files=files,
    )


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_snapshot_written_loads_the_same_tables(tmp_path: Path) -> None:
    snapshot = load(write_at(tmp_path, 42), verify_hash=True)
    assert (snapshot.header.sequence, snapshot.header.time_us) == (42, 420)
    assert snapshot.header.tables == (("assets", 7, 4), ("orders", 1000, 20), ("cases", 0, 20))
    for name, rows in tables(42):
        assert np.array_equal(snapshot.tables[name].view(rows.dtype), rows)
        assert not snapshot.tables[name].flags.writeable
    assert bytes.fromhex(snapshot.header.state_hash) == state_hash(tables(42))


@pytest.mark.parametrize("offset", [0, 9, 13, 17, 25, 200])
def test_snapshot_with_damaged_header_is_refused(tmp_path: Path, offset: int) -> None:
    path = write_at(tmp_path, 42)
    flip(path, offset)
    with pytest.raises(DamagedSnapshot):
        load(path)


def test_snapshot_with_damaged_rows_is_refused_by_its_hash(tmp_path: Path) -> None:
    path = write_at(tmp_path, 42)
    flip(path, 8192 + 777)
    load(path)
    with pytest.raises(DamagedSnapshot, match="its rows hash to"):
        load(path, verify_hash=True)


@pytest.mark.parametrize("length", [0, 10, 100, 4096, 9000])
def test_snapshot_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = write_at(tmp_path, 42)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedSnapshot):
        load(path)


def test_latest_with_damaged_newest_falls_back_and_reports(tmp_path: Path) -> None:
    for sequence in (10, 20, 30):
        write_at(tmp_path, sequence)
    flip(tmp_path / f"{30:020d}.snapshot", 30)
    found = latest(tmp_path, verify_hash=True)
    assert found.snapshot is not None and found.snapshot.header.sequence == 20
    assert [error.path.name for error in found.damaged] == [f"{30:020d}.snapshot"]


def test_latest_takes_sequence_and_schema_as_limits(tmp_path: Path) -> None:
    for sequence in (10, 20, 30):
        write_at(tmp_path, sequence)
    found = latest(tmp_path, 29).snapshot
    assert found is not None and found.header.sequence == 20
    assert latest(tmp_path, 9).snapshot is None
    assert latest(tmp_path, schemas=[b"\x07" * 32]).snapshot is None


def test_prune_keeps_the_newest(tmp_path: Path) -> None:
    for sequence in (10, 20, 30):
        write_at(tmp_path, sequence)
    assert len(prune(tmp_path, 2)) == 1
    assert [int(path.stem) for path in list_snapshots(tmp_path)] == [20, 30]


@pytest.mark.parametrize("seed", range(10))
def test_snapshot_interrupted_by_a_power_cut_is_whole_or_absent(seed: int) -> None:
    directory = Path("/venue/snapshots")
    for crash_at in range(1, 20):
        files = LossyFiles(random.Random(seed * 100 + crash_at))
        write_at(directory, 10, files)
        files.crash_at = files.operations + crash_at
        finished = False
        try:
            write_at(directory, 20, files)
            finished = True
        except Crash:
            pass
        after = files.power_cut()
        found = latest(directory, verify_hash=True, files=after)
        assert not found.damaged
        assert found.snapshot is not None and found.snapshot.header.sequence in ((20,) if finished else (10, 20))
        write_at(directory, 20, after)


def test_state_hash_is_blake2b_over_names_counts_and_rows() -> None:
    rows = np.array([1, 2], dtype="<i8")
    expected = hashlib.blake2b(digest_size=32)
    expected.update(b"\x02\x00\x00\x00ab" + (8).to_bytes(4, "little") + (2).to_bytes(8, "little"))
    expected.update((1).to_bytes(8, "little") + (2).to_bytes(8, "little"))
    assert state_hash([("ab", rows)]) == expected.digest()


def test_state_hash_of_a_row_moved_to_its_neighbour_differs() -> None:
    one, two = np.arange(3, dtype="<i8"), np.arange(3, 5, dtype="<i8")
    moved = state_hash([("a", np.arange(4, dtype="<i8")), ("b", np.arange(4, 5, dtype="<i8"))])
    assert state_hash([("a", one), ("b", two)]) != moved
    assert state_hash([("a", np.arange(6, dtype="<i8")[::2])]) == state_hash([("a", np.array([0, 2, 4]))])
