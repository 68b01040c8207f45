"""Appending, reading back, and what recovery reports and refuses."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.records import SCHEMA_HASH, open_journal, payload_of, records, write_log

from ringfence.journal import (
    GENESIS_CHAIN,
    DamagedLog,
    Journal,
    JournalFailed,
    JournalReader,
    OsFiles,
    SchemaMismatch,
    SequenceNotInLog,
    examine,
    next_chain,
)
from ringfence.journal.files import Buffer

FRAMES = (3, 1, 20, 7, 15, 2, 31, 1)


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.log"))


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def test_journal_new_is_empty(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        assert (journal.last_sequence, journal.chain) == (0, GENESIS_CHAIN)
        assert journal.recovery.cut_at is None
        assert list(journal.read()) == []


@settings(max_examples=40)
@given(counts=st.lists(st.integers(1, 31), max_size=12), reopen_at=st.integers(0, 12))
def test_journal_appended_reads_back_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], reopen_at: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    whole, chain = b"", GENESIS_CHAIN
    journal = open_journal(directory)
    for index, count in enumerate(counts):
        if index == reopen_at:
            journal.close()
            journal = open_journal(directory)
        payload = records(journal.last_sequence + 1, count)
        position = journal.append(payload)
        whole, chain = whole + payload, next_chain(chain, payload)
        assert position == (journal.last_sequence - count + 1, journal.last_sequence, chain)
    journal.close()
    with open_journal(directory) as again:
        assert (again.last_sequence, again.chain) == (sum(counts), chain)
        assert (again.recovery.frames, again.recovery.records) == (len(counts), sum(counts))
        assert payload_of(again) == whole


def test_journal_append_takes_numpy_records_and_memoryviews(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.append(np.frombuffer(records(1, 2), dtype="V128"))
        journal.append(memoryview(bytearray(records(3, 1))))
        assert payload_of(journal) == records(1, 3)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (records(5, 2), "densely from 1"),
        (records(1, 1) + records(3, 1), "densely from 1"),
        (records(1, 2)[:-1], "whole records"),
        (b"", "whole records"),
        (records(1, 32), "exceed the 31"),
    ],
    ids=["gap", "gap-inside", "partial", "empty", "too-many"],
)
def test_journal_append_of_wrong_records_asserts_and_writes_nothing(
    tmp_path: Path, payload: bytes, message: str
) -> None:
    with open_journal(tmp_path) as journal:
        with pytest.raises(AssertionError, match=message):
            journal.append(payload)
        journal.append(records(1, 1))
    with open_journal(tmp_path) as journal:
        assert payload_of(journal) == records(1, 1)


class FailingFiles(OsFiles):
    """A disk that refuses one sync."""

    failing = False

    def fdatasync(self, handle: int) -> None:
        if self.failing:
            raise OSError(errno.EIO, "Input/output error")
        super().fdatasync(handle)


def test_journal_after_a_failed_sync_takes_nothing_more(tmp_path: Path) -> None:
    files = FailingFiles()
    journal = open_journal(tmp_path, files)
    journal.append(records(1, 1))
    files.failing = True
    with pytest.raises(JournalFailed, match="at sequence 2"):
        journal.append(records(2, 1))
    files.failing = False
    # The system may have dropped the pages: a later sync that succeeds proves nothing about this frame.
    with pytest.raises(JournalFailed, match="reopen"):
        journal.append(records(2, 1))
    journal.close()


class CountingFiles(OsFiles):
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pwrite(self, handle: int, data: Buffer, offset: int) -> None:
        self.calls.append("pwrite")
        super().pwrite(handle, data, offset)

    def fdatasync(self, handle: int) -> None:
        self.calls.append("fdatasync")
        super().fdatasync(handle)


def test_journal_append_is_one_write_and_one_sync(tmp_path: Path) -> None:
    files = CountingFiles()
    with open_journal(tmp_path, files) as journal:
        files.calls.clear()
        journal.append(records(1, 9))
        assert files.calls == ["pwrite", "fdatasync"]


def test_journal_with_segments_prepared_in_background_reads_back(tmp_path: Path) -> None:
    with Journal.open(tmp_path, schema_hash=SCHEMA_HASH, segment_bytes=8192) as journal:
        for count in FRAMES * 4:
            journal.append(records(journal.last_sequence + 1, count))
        assert payload_of(journal) == records(1, 4 * sum(FRAMES))
    assert len(segments(tmp_path)) > 8


def test_journal_read_of_a_range_yields_the_frames_that_hold_it(tmp_path: Path) -> None:
    whole = write_log(tmp_path, FRAMES)
    with open_journal(tmp_path) as journal:
        for first in range(1, sum(FRAMES) + 1):
            for last in (first, first + 5, sum(FRAMES), None):
                frames = list(journal.read(first, last))
                assert frames[0].first_sequence <= first <= frames[0].last_sequence
                end = min(last or sum(FRAMES), sum(FRAMES))
                assert frames[-1].first_sequence <= end <= frames[-1].last_sequence
                assert bytes(frames[0].records_from(first))[:128] == whole[(first - 1) * 128 : first * 128]
        assert list(journal.read(sum(FRAMES) + 1)) == []


def test_journal_under_another_schema_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES)
    with pytest.raises(SchemaMismatch, match="SCHEMA_MISMATCH"):
        Journal.open(tmp_path, schema_hash=b"\x01" * 32)


def test_journal_with_torn_tail_is_cut_and_reports_it(tmp_path: Path) -> None:
    write_log(tmp_path, (3, 2))
    path = segments(tmp_path)[0]
    begin = 4096 + 4 * 128
    flip(path, begin + 200)
    examined = examine(tmp_path, schemas=[SCHEMA_HASH]).recovery
    with open_journal(tmp_path) as journal:
        assert journal.recovery == examined
        assert journal.recovery.cut_at == (path, begin)
        assert journal.recovery.cut_bytes == 3 * 128
        assert journal.recovery.reason == "a frame of 2 records of sequence 4 whose checksum is wrong"
        assert journal.last_sequence == 3
        journal.append(records(4, 1, salt=1))
    with open_journal(tmp_path) as journal:
        assert journal.recovery.cut_at is None
        assert payload_of(journal) == records(1, 3) + records(4, 1, salt=1)


def test_journal_with_damaged_middle_is_refused_with_the_place(tmp_path: Path) -> None:
    write_log(tmp_path, (3, 2, 4))
    path = segments(tmp_path)[0]
    begin = 4096 + 4 * 128
    flip(path, begin + 200)
    with pytest.raises(DamagedLog) as caught:
        open_journal(tmp_path)
    error = caught.value
    assert (error.path, error.offset, error.expected_sequence) == (path, begin, 4)
    assert "valid frame of sequence 6 at byte" in error.found
    assert f"DAMAGED_LOG: {path} at byte {begin}: expected sequence 4" in str(error)


def test_journal_with_bytes_behind_the_end_of_a_torn_frame_is_refused(tmp_path: Path) -> None:
    """A torn write leaves nothing behind the end that its own header announces."""
    write_log(tmp_path, (3, 2))
    path = segments(tmp_path)[0]
    flip(path, 4096 + 4 * 128 + 200)
    flip(path, 4096 + 7 * 128 + 50)
    with pytest.raises(DamagedLog, match="bytes behind its end"):
        open_journal(tmp_path)


def test_journal_with_a_segment_that_continues_another_log_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path / "real", (31, 5))
    chain = examine(tmp_path / "real", schemas=[SCHEMA_HASH]).recovery.chain
    examine(tmp_path / "real", schemas=[SCHEMA_HASH], verify_from_sequence=36, known_chains={36: chain})
    with open_journal(tmp_path / "other") as journal:
        journal.append(records(1, 31, salt=9))
        journal.append(records(32, 5))
    segments(tmp_path / "real")[1].write_bytes(segments(tmp_path / "other")[1].read_bytes())
    with pytest.raises(DamagedLog, match=r"expected sequence 32, found .*another chain hash"):
        examine(tmp_path / "real", schemas=[SCHEMA_HASH])
    # Older segments left unread, only what a snapshot says of the chain can show it.
    with pytest.raises(DamagedLog, match=r"expected sequence 37, found .* recorded elsewhere"):
        examine(tmp_path / "real", schemas=[SCHEMA_HASH], verify_from_sequence=36, known_chains={36: chain})
    with JournalReader(tmp_path / "real", [SCHEMA_HASH]) as reader, pytest.raises(DamagedLog, match="another chain"):
        list(reader.read(1))


@pytest.mark.parametrize("offset", [4096, 4096 + 500, 8191, 0, 4095], ids=str)
def test_journal_with_damage_in_an_older_segment_is_refused(tmp_path: Path, offset: int) -> None:
    write_log(tmp_path, FRAMES)
    flip(segments(tmp_path)[0], offset)
    with pytest.raises(DamagedLog) as caught:
        open_journal(tmp_path)
    assert caught.value.path == segments(tmp_path)[0]


def test_journal_with_a_missing_segment_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 3)
    middle = segments(tmp_path)[2]
    middle.unlink()
    with pytest.raises(DamagedLog, match="a later segment"):
        open_journal(tmp_path)


def test_journal_without_its_first_segment_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 3)
    segments(tmp_path)[0].unlink()
    with pytest.raises(DamagedLog, match=r"expected sequence 1,.*one before it is missing"):
        open_journal(tmp_path)


def test_journal_with_a_truncated_segment_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 3)
    os.truncate(segments(tmp_path)[1], 6000)
    with pytest.raises(DamagedLog, match="a file of 6000 bytes"):
        open_journal(tmp_path)


def test_journal_with_an_older_frame_exchanged_for_another_valid_one_is_refused(tmp_path: Path) -> None:
    """A forger can mend a checksum; the chain shows it."""
    write_log(tmp_path / "real", (3, 2))
    with open_journal(tmp_path / "forged") as journal:
        journal.append(records(1, 3, salt=9))
        journal.append(records(4, 2))
    real, forged = segments(tmp_path / "real")[0], segments(tmp_path / "forged")[0]
    mixed = forged.read_bytes()[: 4096 + 4 * 128] + real.read_bytes()[4096 + 4 * 128 :]
    real.write_bytes(mixed)
    with pytest.raises(DamagedLog, match="sequence 4 whose chain hash is wrong"):
        open_journal(tmp_path / "real")


def test_journal_verified_from_a_snapshot_reads_older_segments_by_their_headers(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 3)
    flip(segments(tmp_path)[0], 4096 + 500)
    last = 3 * sum(FRAMES)
    end = examine(tmp_path, schemas=[SCHEMA_HASH], verify_from_sequence=last)
    assert (end.recovery.last_sequence, end.recovery.frames < 3 * len(FRAMES)) == (last, True)
    with pytest.raises(DamagedLog):
        examine(tmp_path, schemas=[SCHEMA_HASH], verify_from_sequence=2)


@pytest.mark.parametrize("verify", [True, False])
def test_reader_beside_a_writer_goes_on_where_it_stopped(tmp_path: Path, verify: bool) -> None:
    with open_journal(tmp_path) as journal, JournalReader(tmp_path, [SCHEMA_HASH], verify=verify) as reader:
        got = b""
        for count in FRAMES * 3:
            journal.append(records(journal.last_sequence + 1, count))
            frames = list(reader.read(len(got) // 128 + 1))
            got += b"".join(bytes(frame.payload) for frame in frames)
            assert got == records(1, journal.last_sequence)
            assert reader.next_sequence == journal.last_sequence + 1
        assert list(reader.read(len(got) // 128 + 1)) == []


def test_reader_in_a_thread_beside_the_writer_sees_every_record_once(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, schema_hash=SCHEMA_HASH, segment_bytes=8192)
    total = 600
    got: list[int] = []

    def follow() -> None:
        with JournalReader(tmp_path, [SCHEMA_HASH]) as reader:
            while len(got) < total:
                for frame in reader.read(len(got) + 1):
                    got.extend(range(frame.first_sequence, frame.last_sequence + 1))

    follower = threading.Thread(target=follow)
    follower.start()
    while journal.last_sequence < total:
        count = min(1 + journal.last_sequence % 5, total - journal.last_sequence)
        journal.append(records(journal.last_sequence + 1, count))
    follower.join(30)
    journal.close()
    assert got == list(range(1, total + 1))


def test_reader_meeting_a_half_written_frame_stops_before_it(tmp_path: Path) -> None:
    write_log(tmp_path, (3, 2))
    path = segments(tmp_path)[0]
    content = path.read_bytes()
    place = 4096 + 4 * 128
    half = content[: place + 200].ljust(len(content), b"\x00")
    path.write_bytes(half)
    with JournalReader(tmp_path, [SCHEMA_HASH]) as reader:
        assert [frame.count for frame in reader.read(1)] == [3]
        path.write_bytes(content)
        assert [frame.count for frame in reader.read(4)] == [2]


def test_reader_meeting_damage_refuses_with_the_place(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 2)
    flip(segments(tmp_path)[0], 4096 + 4 * 128 + 130)
    with JournalReader(tmp_path, [SCHEMA_HASH]) as reader, pytest.raises(DamagedLog) as caught:
        list(reader.read(1))
    assert (caught.value.offset, caught.value.expected_sequence) == (4096 + 4 * 128, 4)


def test_reader_asked_for_what_is_before_the_log_says_so(tmp_path: Path) -> None:
    write_log(tmp_path, FRAMES * 2)
    segments(tmp_path)[0].unlink()
    with JournalReader(tmp_path, [SCHEMA_HASH]) as reader, pytest.raises(SequenceNotInLog, match="begins at sequence"):
        list(reader.read(1))


def test_reader_of_an_empty_directory_yields_nothing(tmp_path: Path) -> None:
    with JournalReader(tmp_path, [SCHEMA_HASH]) as reader:
        assert list(reader.read(1)) == []
