"""Signed checkpoints and the node's key."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey
from tests.journal.lossy_files import Crash, LossyFiles
from tests.journal.records import SCHEMA_HASH, write_log

from ringfence.journal import (
    BadSignature,
    CheckpointLog,
    DamagedCheckpoints,
    DamagedLog,
    KeyFileError,
    examine,
    read_checkpoints,
    require_reached,
    verify_checkpoints,
)
from ringfence.journal.checkpoints import (
    CHECKPOINT_BYTES,
    UNSYNCED_MAXIMUM,
    Checkpoint,
    checkpoint_message,
    signature_is_valid,
)
from ringfence.journal.keys import create_node_key, load_node_key, load_public_key, open_node_key

KEY = SigningKey(b"\x05" * 32)


def fill(log: CheckpointLog, first: int, count: int) -> list[Checkpoint]:
    return [log.append(n, n * 1_000_000, bytes([n % 256]) * 32, b"\x09" * 32) for n in range(first, first + count)]


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_checkpoints_written_verify_and_continue_after_reopening(tmp_path: Path) -> None:
    with CheckpointLog.open(tmp_path, KEY) as log:
        written = fill(log, 1, 20)
    with CheckpointLog.open(tmp_path, KEY) as log:
        assert log.last == written[-1]
        written += fill(log, 21, 3)
    assert list(verify_checkpoints(tmp_path, KEY.verify_key)) == written


@given(field=st.integers(0, 4), byte=st.integers(0, 7), bit=st.integers(0, 7))
def test_checkpoint_with_a_changed_bit_has_no_valid_signature(field: int, byte: int, bit: int) -> None:
    message_fields = [5, 7, b"\x01" * 32, b"\x02" * 32, b""]
    message_fields[4] = KEY.sign(checkpoint_message(5, 7, b"\x01" * 32, b"\x02" * 32)).signature
    assert signature_is_valid(Checkpoint(*message_fields), KEY.verify_key)  # type: ignore[arg-type]
    value = message_fields[field]
    if isinstance(value, int):
        message_fields[field] = value ^ (1 << (byte * 7 + bit))
    else:
        message_fields[field] = value[:byte] + bytes([value[byte] ^ (1 << bit)]) + value[byte + 1 :]
    assert not signature_is_valid(Checkpoint(*message_fields), KEY.verify_key)  # type: ignore[arg-type]


def test_checkpoints_of_a_forger_with_right_checksums_are_refused(tmp_path: Path) -> None:
    with CheckpointLog.open(tmp_path, KEY) as log:
        fill(log, 1, 2)
        log._key = SigningKey(b"\x06" * 32)
        fill(log, 3, 1)
    with pytest.raises(BadSignature, match="sequence 3"):
        list(verify_checkpoints(tmp_path, KEY.verify_key))


def test_checkpoints_of_another_key_are_refused(tmp_path: Path) -> None:
    CheckpointLog.open(tmp_path, KEY).close()
    with pytest.raises(DamagedCheckpoints, match="signed by key"):
        CheckpointLog.open(tmp_path, SigningKey(b"\x06" * 32))


def test_checkpoints_running_backwards_assert(tmp_path: Path) -> None:
    with CheckpointLog.open(tmp_path, KEY) as log:
        fill(log, 5, 1)
        with pytest.raises(AssertionError):
            fill(log, 4, 1)


@pytest.mark.parametrize("cut", [1, 100, 255, 256, 300])
def test_checkpoints_with_torn_tail_are_cut(tmp_path: Path, cut: int) -> None:
    with CheckpointLog.open(tmp_path, KEY) as log:
        written = fill(log, 1, 4)
    path = tmp_path / "checkpoints"
    path.write_bytes(path.read_bytes()[:-cut])
    whole = 4 - -(-cut // CHECKPOINT_BYTES)
    assert list(read_checkpoints(tmp_path, KEY.verify_key)) == written[:whole]
    with CheckpointLog.open(tmp_path, KEY) as log:
        assert log.cut_bytes == -cut % CHECKPOINT_BYTES
        assert path.stat().st_size == (1 + whole) * CHECKPOINT_BYTES
        assert fill(log, whole + 1, 1) == written[whole : whole + 1]


def test_checkpoints_damaged_far_from_the_end_are_refused(tmp_path: Path) -> None:
    with CheckpointLog.open(tmp_path, KEY) as log:
        fill(log, 1, 3 + UNSYNCED_MAXIMUM)
    flip(tmp_path / "checkpoints", 3 * CHECKPOINT_BYTES + 10)
    with pytest.raises(DamagedCheckpoints, match=f"at byte {3 * CHECKPOINT_BYTES}"):
        CheckpointLog.open(tmp_path, KEY)


@pytest.mark.parametrize("sync_every", [7, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_checkpoints_after_a_power_cut_hold_every_synced_one(seed: int, sync_every: int) -> None:
    for crash_at in range(1, 80):
        directory = Path("/venue/journal")
        files = LossyFiles(random.Random(seed * 1000 + crash_at), crash_at)
        synced, written = 0, 0
        try:
            log = CheckpointLog.open(directory, KEY, files=files)
            for number in range(1, 60):
                fill(log, number, 1)
                written = number
                if number % sync_every == 0:
                    log.sync()
                    synced = number
        except Crash:
            pass
        log = CheckpointLog.open(directory, KEY, files=files.power_cut())
        last = log.last.sequence if log.last else 0
        assert synced <= last <= written + 1


def test_checkpoint_beyond_the_end_of_the_log_is_damage(tmp_path: Path) -> None:
    write_log(tmp_path, (3, 2))
    recovery = examine(tmp_path, schemas=[SCHEMA_HASH]).recovery
    with CheckpointLog.open(tmp_path, KEY) as log:
        require_reached(None, recovery, tmp_path)
        require_reached(fill(log, 5, 1)[0], recovery, tmp_path)
        with pytest.raises(DamagedLog, match="signed checkpoint of sequence 6"):
            require_reached(fill(log, 6, 1)[0], recovery, tmp_path)


def test_node_key_created_loads_and_is_for_its_owner_only(tmp_path: Path) -> None:
    key = open_node_key(tmp_path / "keys")
    assert load_node_key(tmp_path / "keys") == key == open_node_key(tmp_path / "keys")
    assert load_public_key(tmp_path / "keys") == key.verify_key
    assert stat.S_IMODE((tmp_path / "keys" / "node.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["node.key", "node.pub"]


def test_node_key_that_exists_is_never_replaced(tmp_path: Path) -> None:
    key = create_node_key(tmp_path)
    with pytest.raises(KeyFileError, match="exists already"):
        create_node_key(tmp_path)
    assert load_node_key(tmp_path) == key


def test_node_key_readable_by_others_is_refused(tmp_path: Path) -> None:
    create_node_key(tmp_path)
    (tmp_path / "node.key").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_node_key(tmp_path)


@pytest.mark.parametrize("text", ["", "00" * 31, "zz" * 32])
def test_node_key_malformed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "node.key").write_text(text)
    with pytest.raises(KeyFileError, match="64 hexadecimal digits"):
        load_node_key(tmp_path)


def test_node_key_without_its_public_file_writes_it_again(tmp_path: Path) -> None:
    key = create_node_key(tmp_path)
    (tmp_path / "node.pub").unlink()
    load_node_key(tmp_path)
    assert load_public_key(tmp_path) == key.verify_key
