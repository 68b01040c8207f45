import pytest

from ringfence.journal.keys import open_node_key
from ringfence.node.errors import BadSkip
from ringfence.node.skips import SKIP_BYTES, SKIPPED_KIND, Skip, Skips, command_hash, write_skip
from ringfence.schema.layout import COMMAND_HEADER

from . import scene


@pytest.fixture
def key(directory):
    (directory / "journal").mkdir(parents=True)
    return open_node_key(directory / "keys")


@pytest.fixture
def records():
    records = scene.orders(10)
    records.view(COMMAND_HEADER)["sequence"] = range(101, 111)
    return records


def skip_of(records, index, reason="stops the core"):
    sequence = int(records.view(COMMAND_HEADER)["sequence"][index])
    return Skip(sequence, command_hash(records[index].tobytes()), 1, reason)


def test_prepare_without_skips_returns_the_same_records(directory, records):
    assert Skips.load(directory).prepare(records) is records


def test_prepare_sets_the_kind_of_what_is_skipped_and_leaves_the_log_alone(directory, key, records):
    before = records.tobytes()
    for index in (3, 9):
        write_skip(directory, skip_of(records, index), key)
    prepared = Skips.load(directory).prepare(records)
    kinds = prepared.view(COMMAND_HEADER)["kind"].tolist()
    assert [index for index, kind in enumerate(kinds) if kind == SKIPPED_KIND] == [3, 9]
    assert records.tobytes() == before
    prepared.view(COMMAND_HEADER)["kind"][[3, 9]] = records.view(COMMAND_HEADER)["kind"][[3, 9]]
    assert prepared.tobytes() == before


def test_prepare_of_other_sequences_returns_the_same_records(directory, key, records):
    write_skip(directory, skip_of(records, 9), key)
    head = records[:9]
    assert Skips.load(directory).prepare(head) is head


def test_prepare_of_another_command_is_refused(directory, key, records):
    write_skip(directory, skip_of(records, 3), key)
    records.view(COMMAND_HEADER)["request"][3] += 1
    with pytest.raises(BadSkip, match="command 104 in the log is not the one"):
        Skips.load(directory).prepare(records)


def test_load_of_a_record_signed_by_another_key_is_refused(directory, key, records):
    write_skip(directory, skip_of(records, 3), key)
    path = directory / "journal" / "skips"
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadSkip, match="not signed by the node's key"):
        Skips.load(directory)


def test_load_of_half_a_record_is_refused(directory, key, records):
    write_skip(directory, skip_of(records, 3), key)
    path = directory / "journal" / "skips"
    path.write_bytes(path.read_bytes()[: SKIP_BYTES // 2])
    with pytest.raises(BadSkip, match="not a multiple"):
        Skips.load(directory)


@pytest.mark.parametrize("reason", ["", "x" * 393])
def test_write_with_no_reason_or_a_long_one_is_refused(directory, key, records, reason):
    with pytest.raises(BadSkip, match="the reason has"):
        write_skip(directory, skip_of(records, 3, reason), key)


def test_write_out_of_order_is_refused(directory, key, records):
    write_skip(directory, skip_of(records, 5), key)
    with pytest.raises(BadSkip, match="is not after it"):
        write_skip(directory, skip_of(records, 5), key)
    assert [skip.sequence for skip in Skips.load(directory).skips] == [106]
