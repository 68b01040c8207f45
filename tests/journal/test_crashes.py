"""Whatever the moment of a crash: the log comes back as a prefix that holds every acknowledged append."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.lossy_files import Crash, FilesWithoutDirectorySync, FilesWithoutSync, LossyFiles
from tests.journal.records import NEXT_SCHEMA_HASH, SCHEMA_HASH, SMALL_SEGMENT_BYTES, open_journal, payload_of, records

from ringfence.journal import DamagedLog, JournalError

DIRECTORY = Path("/venue/journal")
EPOCHS = [(SCHEMA_HASH, 1), (NEXT_SCHEMA_HASH, 2)]
EPOCHS_SHARE = 0.15


@dataclass
class Promise:
    """What was acknowledged so far, and the one append that was under way when the crash came."""

    acknowledged: bytes = b""
    attempted: list[bytes] = field(default_factory=list)

    def require_kept(self, recovered: bytes) -> None:
        """Recovery may hold the attempted append too, whole; it then counts as acknowledged from here on."""
        possible = [self.acknowledged] + [self.acknowledged + attempt for attempt in self.attempted]
        assert recovered in possible, (
            f"{len(self.acknowledged)} bytes were acknowledged, {len(recovered)} came back, "
            f"equal up to {_common_length(self.acknowledged, recovered)}"
        )
        self.acknowledged = recovered
        self.attempted = []


def _common_length(first: bytes, second: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), -1)


def run_life(files: LossyFiles, promise: Promise, salt: int, appends: int) -> None:
    """Open, check what came back, append until done or struck by the crash."""
    try:
        journal = open_journal(DIRECTORY, files)
        promise.require_kept(payload_of(journal))
        for _ in range(appends):
            if files.chance.random() < EPOCHS_SHARE:
                journal.begin_epoch(*files.chance.choice(EPOCHS))
            room = files.chance.choice((1, 2, 5, journal.records_maximum))
            payload = records(journal.last_sequence + 1, files.chance.randint(1, room), salt)
            promise.attempted = [payload]
            journal.append(payload)
            promise.acknowledged += payload
            promise.attempted = []
    except Crash:
        pass


def run_lives(layer: type[LossyFiles], seed: int, crashes: list[tuple[int, bool]], appends: int = 12) -> None:
    """Live through crashes, each (operation, whether the power goes too), and check the end."""
    chance = random.Random(seed)
    promise = Promise()
    files = layer(chance)
    for salt, (crash_at, power) in enumerate(crashes):
        files.crash_at = crash_at
        run_life(files, promise, salt, appends)
        files = files.power_cut() if power else files.process_kill()
    run_life(files, promise, len(crashes), 0)


def operations_of_one_life(seed: int) -> int:
    files = LossyFiles(random.Random(seed))
    run_life(files, Promise(), 0, 12)
    return files.operations


@pytest.mark.parametrize("seed", range(4))
def test_log_power_cut_at_every_operation_keeps_every_acknowledged_append(seed: int) -> None:
    for crash_at in range(1, operations_of_one_life(seed) + 2):
        for second in (2, 5, 9):
            run_lives(LossyFiles, seed, [(crash_at, True), (second, True)])


@pytest.mark.parametrize("seed", range(4))
def test_log_process_killed_then_power_cut_keeps_what_was_recovered(seed: int) -> None:
    for crash_at in range(1, operations_of_one_life(seed) + 2):
        run_lives(LossyFiles, seed, [(crash_at, False), (10_000, True)], appends=12)
        # The second life reads, appends little or nothing, and loses power: what it saw must not vanish.
        for appends in (0, 1):
            promise = Promise()
            files = LossyFiles(random.Random(seed), crash_at)
            run_life(files, promise, 0, 12)
            files = files.process_kill()
            run_life(files, promise, 1, appends)
            run_life(files.power_cut(), promise, 2, 0)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    crashes=st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=6),
)
def test_log_crashed_again_and_again_keeps_every_acknowledged_append(
    seed: int, crashes: list[tuple[int, bool]]
) -> None:
    run_lives(LossyFiles, seed, crashes)


@pytest.mark.parametrize("layer", [FilesWithoutSync, FilesWithoutDirectorySync])
def test_durability_check_without_sync_fails(layer: type[LossyFiles]) -> None:
    """The check above is worth something: it notices a layer that leaves a sync out."""
    noticed = 0
    for seed in range(40):
        try:
            run_lives(layer, seed, [(40, True)])
        except (AssertionError, JournalError):
            noticed += 1
    assert noticed >= 20, f"{noticed} of 40 power cuts were noticed"


def test_log_last_write_cut_at_every_byte_comes_back_without_it() -> None:
    def written() -> LossyFiles:
        files = LossyFiles(random.Random(0))
        journal = open_journal(DIRECTORY, files)
        journal.append(records(1, 3))
        journal.append(records(4, 2))
        return files

    whole = written()
    segment = next(path for path in whole.names if path.suffix == ".log")
    begin = 4096 + 4 * 128
    for cut in range(begin, begin + 3 * 128):
        files = written()
        content = files.names[segment].seen
        missing = begin + 3 * 128 - cut
        content[cut : cut + missing] = bytes(missing)
        journal = open_journal(DIRECTORY, files)
        assert payload_of(journal) == records(1, 3), cut
        assert not any(content[begin:]), cut
        assert journal.recovery.cut_at == ((segment, begin) if cut > begin else None)
        assert journal.recovery.cut_bytes == len(bytes(whole.names[segment].seen[begin:cut]).rstrip(b"\0"))


@settings(max_examples=300)
@given(data=st.data())
def test_log_with_one_flipped_bit_is_refused_or_loses_the_last_frame_only(data: st.DataObject) -> None:
    files = LossyFiles(random.Random(1))
    journal = open_journal(DIRECTORY, files)
    for count in (1, 3, 20, 2, 9, 1, 4):
        journal.append(records(journal.last_sequence + 1, count))
    whole = payload_of(journal)
    last_frame = records(37, 4)
    segments = sorted(path for path in files.names if path.suffix == ".log")
    assert len(segments) == 2
    path = data.draw(st.sampled_from(segments))
    used = len(bytes(files.names[path].seen).rstrip(b"\0"))
    offset = data.draw(st.integers(0, 4200) | st.integers(0, min(used + 600, SMALL_SEGMENT_BYTES - 1)))
    files.names[path].seen[offset] ^= 1 << data.draw(st.integers(0, 7))
    before = {name: bytes(inode.seen) for name, inode in files.names.items()}
    last_begin = used - 128 * 5
    in_last_frame = path == segments[-1] and offset >= last_begin
    if not in_last_frame:
        with pytest.raises(DamagedLog) as caught:
            open_journal(DIRECTORY, files)
        assert caught.value.path == path
        assert caught.value.offset <= offset
        assert {name: bytes(inode.seen) for name, inode in files.names.items()} == before
    else:
        recovered = open_journal(DIRECTORY, files)
        assert payload_of(recovered) == (whole if offset >= used else whole[: -len(last_frame)])
        assert recovered.recovery.cut_at == (path, used if offset >= used else last_begin)
