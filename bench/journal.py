"""Measure the journal on this machine's disk: durable appends, reading, recovery, and a snapshot of 1 GB.

    python bench/journal.py [DIRECTORY]

Appends go one after the other as fast as they return; `paced` offers 250,000 records a second in small batches, as a
venue at half load does, and measures from the instant a batch was due.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ringfence.journal import RECORD_BYTES, Journal, JournalReader, snapshots

SCHEMA_HASH = bytes(32)
SECONDS = 3
PACED_RECORDS_PER_S = 250_000


def batch_of(first_sequence: int, count: int, bodies: np.ndarray) -> np.ndarray:
    """Return `count` records with sequences from `first_sequence` on, in the buffer `bodies`."""
    rows = bodies[:count]
    rows[:, 0] = np.arange(first_sequence, first_sequence + count)
    return rows


def report(label: str, records: int, seconds: float, latencies_s: list[float]) -> None:
    """Print one line of rates and latencies."""
    p50, p99, worst = np.percentile(np.array(latencies_s) * 1e3, (50, 99, 100))
    rate = f"{records / seconds:>12,.0f} records/s {len(latencies_s) / seconds:>8,.0f} appends/s"
    print(f"{label:<14}{rate}   ms p50 {p50:.2f}  p99 {p99:.2f}  max {worst:.2f}")


def bench_append(directory: Path, count: int, bodies: np.ndarray) -> None:
    """Append batches back to back."""
    latencies: list[float] = []
    with Journal.open(directory, schema_hash=SCHEMA_HASH) as journal:
        begin = time.perf_counter()
        while (started := time.perf_counter()) - begin < SECONDS:
            journal.append(batch_of(journal.last_sequence + 1, count, bodies))
            latencies.append(time.perf_counter() - started)
        report(f"batch {count}", journal.last_sequence, time.perf_counter() - begin, latencies)


def bench_paced(directory: Path, bodies: np.ndarray) -> None:
    """Append what has become due at a fixed rate."""
    latencies: list[float] = []
    with Journal.open(directory, schema_hash=SCHEMA_HASH) as journal:
        begin = time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < 2 * SECONDS:
            count = min(int(elapsed * PACED_RECORDS_PER_S) - journal.last_sequence, len(bodies))
            if count < 64:
                time.sleep(0.0002)
                continue
            due = begin + journal.last_sequence / PACED_RECORDS_PER_S
            journal.append(batch_of(journal.last_sequence + 1, count, bodies))
            latencies.append(time.perf_counter() - due)
        report("paced", journal.last_sequence, time.perf_counter() - begin, latencies)


def bench_read(directory: Path) -> None:
    """Read a log from the page cache."""
    for verify in (False, True):
        begin = time.perf_counter()
        with JournalReader(directory, SCHEMA_HASH, verify=verify) as reader:
            records = sum(frame.count for frame in reader.read(1))
        seconds = time.perf_counter() - begin
        rate = f"{records / seconds / 1e6:.2f} M records/s, {records * RECORD_BYTES / seconds / 1e9:.2f} GB/s"
        print(f"  read, chain {'verified' if verify else 'not verified'}: {rate}")


def bench_snapshot(directory: Path) -> None:
    """Write, map and copy out a table of 1 GB."""
    rows = np.random.default_rng(1).integers(1, 1 << 62, (1_000_000_000 // RECORD_BYTES, RECORD_BYTES // 8))
    tables = [("rows", rows.view(f"V{RECORD_BYTES}").reshape(-1))]
    begin = time.perf_counter()
    path = snapshots.write(
        directory,
        tables,
        schema_hash=SCHEMA_HASH,
        rules_version=1,
        sequence=1,
        time_us=1,
        log_chain=bytes(32),
        events_chain=bytes(32),
    )
    written = time.perf_counter() - begin
    begin = time.perf_counter()
    snapshot = snapshots.load(path)
    loaded = time.perf_counter() - begin
    begin = time.perf_counter()
    np.copyto(rows.view(f"V{RECORD_BYTES}").reshape(-1), snapshot.tables["rows"])
    copied = time.perf_counter() - begin
    print(f"snapshot 1 GB: hash, write and sync {written:.2f} s, load {loaded * 1e3:.1f} ms, copy out {copied:.2f} s")


def main() -> None:
    """Run everything in a temporary directory."""
    bodies = np.random.default_rng(1).integers(1, 1 << 62, (4096, RECORD_BYTES // 8))
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        for count in (1, 256, 4096):
            bench_append(Path(folder) / str(count), count, bodies)
            bench_read(Path(folder) / str(count))
        bench_paced(Path(folder) / "paced", bodies)
        bench_snapshot(Path(folder) / "snapshots")


if __name__ == "__main__":
    main()
