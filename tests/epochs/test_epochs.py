"""What was written under earlier rules replays under them, to its old hashes, and a venue goes on under the latest."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.epochs import first_rules

from ringfence.core import Exchange
from ringfence.journal import Journal, JournalReader, SchemaMismatch
from ringfence.journal.files import OsFiles
from ringfence.journal.recovery import list_segments
from ringfence.node.engine import Engine
from ringfence.node.follower import Follower
from ringfence.node.snapshotter import take_snapshot
from ringfence.node.verify import verify
from ringfence.schema import commands as c
from ringfence.schema.enums import LATEST_RULES
from ringfence.schema.layout import COMMAND_HEADER, known_schemas, schema_hash, tag_of

FIRST_SCHEMA = bytes.fromhex(first_rules.SCHEMA_HASH)


def old_log(directory: Path) -> np.ndarray:
    """Write DIR/journal as the first version of the program did, and return its records."""
    records = first_rules.records()
    with Journal.open(directory / "journal", schema_hash=FIRST_SCHEMA) as journal:
        clocks = np.flatnonzero(records.view(COMMAND_HEADER)["kind"] == tag_of(c.Clock)) + 1
        for frame in np.split(records, clocks):
            journal.append(frame)
    return records


def test_the_first_schema_has_its_old_hash() -> None:
    assert schema_hash(1) == FIRST_SCHEMA


def test_the_first_rules_give_their_old_events_and_state() -> None:
    exchange = Exchange()
    events = exchange.apply(first_rules.records())
    assert (first_rules.hash_of(events), exchange.state_hash().hex()) == (
        first_rules.EVENTS_HASH, first_rules.STATE_HASH,
    )  # fmt: skip


def test_a_state_under_the_first_rules_is_restored_and_hashes_the_same() -> None:
    exchange = Exchange()
    exchange.apply(first_rules.records())
    assert Exchange.restore(exchange.rows()).state_hash().hex() == first_rules.STATE_HASH


def test_a_node_goes_on_with_an_old_log_under_the_latest_rules(tmp_path: Path) -> None:
    old = old_log(tmp_path)
    with Engine.open(tmp_path) as engine:
        assert (engine.exchange.rules_version, engine.sequence) == (LATEST_RULES, len(old) + 1)
        engine.tick()
        state = engine.exchange.state_hash()
    with Engine.open(tmp_path) as engine:
        assert engine.sequence == len(old) + 2
        assert engine.exchange.state_hash() == state
    follower = Follower(tmp_path)
    for _ in follower.catch_up(len(old)):
        pass
    assert follower.exchange.state_hash().hex() == first_rules.STATE_HASH


def test_the_new_epoch_begins_in_a_segment_that_names_its_schema(tmp_path: Path) -> None:
    old = old_log(tmp_path)
    with Engine.open(tmp_path):
        pass
    assert len(list_segments(OsFiles(), tmp_path / "journal")) == 2
    with JournalReader(tmp_path / "journal", known_schemas()) as reader:
        kinds = [np.frombuffer(f.payload, COMMAND_HEADER)["kind"][0] for f in reader.read(len(old) + 1)]
    assert kinds == [tag_of(c.SetRules)]


def test_a_snapshot_of_old_rules_is_taken_and_used(tmp_path: Path) -> None:
    old = old_log(tmp_path)
    with Engine.open(tmp_path) as engine:
        engine.tick()
        engine.sync_checkpoints()
        take_snapshot(tmp_path, 2, None)
        state = engine.exchange.state_hash()
    assert Follower(tmp_path).snapshot_sequence == len(old) + 2
    assert Follower(tmp_path).exchange.state_hash() == state


def test_verify_replays_every_epoch(tmp_path: Path) -> None:
    old = old_log(tmp_path)
    with Engine.open(tmp_path) as engine:
        engine.tick()
    with Engine.open(tmp_path) as engine:
        state = engine.exchange.state_hash()
    report = verify(tmp_path, lambda done, total: None)
    # The clocks of the frozen log carry seeds of their own, not those a node would have given them.
    assert {finding.split(":")[0] for finding in report.findings} == {"SEED_MISMATCH"}
    assert (report.sequence, report.state_hash) == (len(old) + 2, state.hex())


def test_a_schema_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal", schema_hash=b"\x01" * 32) as journal:
        journal.append(first_rules.records()[:1])
    with pytest.raises(SchemaMismatch, match="run the version that wrote it"):
        Engine.open(tmp_path)
    shutil.rmtree(tmp_path / "journal")
