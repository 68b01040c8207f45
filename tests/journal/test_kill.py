"""The real disk and a real `kill -9`: what the writer said to have appended is there, once, in order."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journal.records import open_journal, payload_of, records

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from pathlib import Path
from tests.journal.records import records, SCHEMA_HASH
from ringfence.journal import Journal
journal = Journal.open(Path(sys.argv[1]), schema_hash=SCHEMA_HASH, segment_bytes=16384)
while True:
    position = journal.append(records(journal.last_sequence + 1, 1 + journal.last_sequence % 60))
    print(position.last_sequence, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_journal_writer_killed_under_load_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    reached = 0
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(chance.randint(1, 150))]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        acknowledged = max(int(line) for line in lines if line.endswith("\n"))
        with open_journal(tmp_path) as journal:
            assert journal.last_sequence >= acknowledged > reached
            reached = journal.last_sequence
            assert payload_of(journal) == records(1, reached)
