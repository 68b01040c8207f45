import shutil

import pytest

from ringfence.core import Exchange
from ringfence.journal import snapshots
from ringfence.journal.keys import load_node_key
from ringfence.node.engine import Engine
from ringfence.node.invariants import broken_invariants
from ringfence.node.snapshotter import take_snapshot
from ringfence.node.verify import verify
from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount
from ringfence.schema.layout import schema_hash

from . import scene


@pytest.fixture
def closed(node, directory):
    """A directory with three snapshots' worth of trading, its node closed."""
    for seed in range(3):
        node.submit(scene.orders(300, seed=seed))
        node.engine.tick()
        node.engine.sync_checkpoints()
        take_snapshot(directory)
    node.submit(scene.records_of(c.RequestWithdrawal(account=64, asset=scene.SOL, amount_atoms=500, fee_atoms=5)))
    node.engine.tick()
    node.engine.close()
    yield directory
    shutil.rmtree(directory)
    node.engine = Engine.open(directory)


def findings(directory):
    return verify(directory, lambda done, total: None).findings


def test_verify_of_a_whole_directory_finds_nothing(closed):
    seen = []
    report = verify(closed, lambda done, total: seen.append((done, total)))
    assert report.holds, report.findings
    assert (report.snapshots, report.notes) == (3, [])
    assert report.checkpoints >= 4
    assert seen[-1] == (report.sequence, report.sequence)
    with Engine.open(closed) as engine:
        assert engine.exchange.state_hash().hex() == report.state_hash


def test_verify_changes_nothing(closed):
    before = {path: path.read_bytes() for path in closed.rglob("*") if path.is_file() and path.name != "lock"}
    verify(closed, lambda done, total: None)
    assert before == {path: path.read_bytes() for path in closed.rglob("*") if path.is_file() and path.name != "lock"}


def test_verify_beside_a_running_node_notes_it(node, directory):
    node.submit(scene.orders(50))
    node.engine.tick()
    report = verify(directory, lambda done, total: None)
    assert report.holds, report.findings
    assert "a node is running" in report.notes[0]


def test_verify_finds_a_flipped_byte_in_the_log(closed):
    path = next((closed / "journal").glob("*.log"))
    data = bytearray(path.read_bytes())
    data[4096 + 128 * 40 + 60] ^= 1
    path.write_bytes(data)
    assert "DAMAGED_LOG" in findings(closed)[0]


def test_verify_finds_a_log_that_lost_its_end(closed):
    path = next((closed / "journal").glob("*.log"))
    data = bytearray(path.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    data[end - 300 :] = bytes(len(data) - end + 300)
    path.write_bytes(data)
    assert any("LOG_TOO_SHORT" in sentence for sentence in findings(closed))


def test_verify_finds_a_checkpoint_signed_over_other_hashes(closed):
    path = closed / "journal" / "checkpoints"
    whole = path.read_bytes()
    path.write_bytes(whole[:-256])
    key = load_node_key(closed / "keys")
    from ringfence.journal import CheckpointLog

    with CheckpointLog.open(closed / "journal", key) as log:
        sequence = int.from_bytes(whole[-256:-248], "little")
        time_us = int.from_bytes(whole[-248:-240], "little")
        log.append(sequence, time_us, whole[-240:-208], b"\x55" * 32)
    assert any("for the events' hash" in sentence for sentence in findings(closed))


def test_verify_finds_a_snapshot_of_another_state(closed):
    path = snapshots.list_snapshots(closed / "snapshots")[1]
    old = snapshots.load(path)
    tables = [(name, table.copy()) for name, table in old.tables.items()]
    dict(tables)["balances"].view("<i8")[1] += 1
    snapshots.write(
        closed / "snapshots",
        tables,
        schema_hash=schema_hash(),
        rules_version=old.header.rules_version,
        sequence=old.header.sequence,
        time_us=old.header.time_us,
        log_chain=bytes.fromhex(old.header.log_chain),
        events_chain=bytes.fromhex(old.header.events_chain),
    )
    assert any("for the state's hash" in sentence for sentence in findings(closed))


def break_asset_sum(rows):
    rows["balances"]["available_atoms"][-1] += 1
    return "sums to 1 atoms"


def break_sign(rows):
    row = rows["balances"][rows["balances"]["account"] == scene.ACCOUNTS[1]][0]
    at = list(rows["balances"]).index(row)
    rows["balances"]["available_atoms"][at] = -5
    return f"account {scene.ACCOUNTS[1]} has -5 atoms"


def break_custody(rows):
    rows["balances"]["available_atoms"][rows["balances"]["account"] == HouseAccount.CUSTODY] = 7
    return "CUSTODY has 7 atoms"


def break_house_lock(rows):
    rows["balances"]["locked_atoms"][0] = 3
    return f"account {HouseAccount.CUSTODY} has 3 atoms of asset 1 locked"


def break_lock(rows):
    rows["orders"]["remaining_lots"][0] -= 1
    return "its open orders and redemptions need"


def break_remaining(rows):
    rows["orders"]["remaining_lots"][0] = rows["orders"]["quantity_lots"][0] + 1
    return "more than it asked for"


def break_transit(rows):
    rows["withdrawals"]["fee_atoms"][0] += 1
    return "IN_TRANSIT has 505 atoms of asset 1, pending withdrawals come to 506"


def break_book(rows):
    rows["orders"]["price_ticks"][rows["orders"]["side"] == 0] += 1000
    return "is crossed"


def break_empty_row(rows):
    rows["balances"]["available_atoms"][0] = rows["balances"]["locked_atoms"][0] = 0
    return "has an empty balance row"


def break_owner(rows):
    rows["balances"]["account"][-1] = 99
    return "a balance row of account 99"


BREAKS = [value for name, value in sorted(globals().items()) if name.startswith("break_")]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda function: function.__name__)
def test_invariants_that_are_broken_are_found(node, broken):
    node.submit(scene.orders(300))
    node.submit(scene.records_of(c.RequestWithdrawal(account=64, asset=scene.SOL, amount_atoms=500, fee_atoms=5)))
    rows = node.exchange.rows()
    assert list(broken_invariants(rows)) == []
    expected = broken(rows)
    assert any(expected in sentence for sentence in broken_invariants(rows))


def test_invariants_hold_of_a_new_venue():
    assert list(broken_invariants(Exchange().rows())) == []
