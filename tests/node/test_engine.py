import hashlib
import shutil

import numpy as np
import pytest

from ringfence.core import CoreStopped, Exchange
from ringfence.journal import DirectoryInUse, JournalReader, read_checkpoints
from ringfence.journal.keys import load_public_key
from ringfence.node.engine import Engine
from ringfence.node.errors import BadSkip, StateMismatch
from ringfence.node.follower import Follower
from ringfence.node.local import LocalNode
from ringfence.node.replica import GENESIS_EVENTS_CHAIN, Replica
from ringfence.node.skips import Skips
from ringfence.node.snapshotter import prune, take_snapshot
from ringfence.node.stopped import skip_command, stop_report
from ringfence.schema.commands import Clock
from ringfence.schema.enums import LATEST_RULES, Origin
from ringfence.schema.events import ClockTicked, Rejected, RulesSet
from ringfence.schema.layout import (
    COMMAND_HEADER,
    DTYPES,
    EVENT_HEADER,
    decode_event,
    known_schemas,
    schema_hash,
    tag_of,
)
from ringfence.schema.rejects import Reject

from . import scene
from .conftest import START_US


def checkpoints_of(directory):
    return list(read_checkpoints(directory / "journal", load_public_key(directory / "keys")))


def log_of(directory):
    with JournalReader(directory / "journal", known_schemas()) as reader:
        return np.concatenate([np.frombuffer(frame.payload, "V128") for frame in reader.read(1)])


def copy_of(directory):
    return shutil.copytree(directory, directory.with_name("copy"))


def test_open_of_a_new_directory_sets_the_rules_and_this_schema(directory):
    with Engine.open(directory) as engine:
        assert engine.sequence == 1
    events = list(Follower(directory).catch_up())
    (event,) = [decode_event(record.tobytes()) for record in events[0]]
    assert isinstance(event, RulesSet)
    assert (event.rules_version, event.schema_hash) == (LATEST_RULES, schema_hash())


def test_open_of_a_directory_in_use_is_refused(directory):
    with Engine.open(directory), pytest.raises(DirectoryInUse):
        Engine.open(directory)


def test_submit_stamps_dense_sequences_and_one_time(node):
    first = node.engine.sequence + 1
    committed = node.engine.submit(scene.orders(50))
    header = committed.records.view(COMMAND_HEADER)
    assert committed.first_sequence == first
    assert header["sequence"].tolist() == list(range(first, first + 50))
    assert len(set(header["time_us"].tolist())) == 1
    assert set(committed.events.view(EVENT_HEADER)["sequence"].tolist()) == set(range(first, first + 50))


def test_submit_while_the_clock_goes_back_keeps_the_time(directory):
    times = iter([START_US + 5, START_US + 9, START_US, START_US + 10])
    with Engine.open(directory, clock=lambda: next(times)) as engine:
        stamped = [engine.submit(scene.orders(2)).records.view(COMMAND_HEADER)["time_us"][0] for _ in range(3)]
    assert [time_us - START_US for time_us in stamped] == [9, 9, 10]


def test_submit_of_a_command_as_the_node_is_an_assertion(node):
    records = scene.orders(2)
    records.view(COMMAND_HEADER)["origin"][1] = Origin.NODE
    with pytest.raises(AssertionError, match=r"only the node itself is Origin\.NODE"):
        node.engine.submit(records)


def test_tick_signs_a_checkpoint_whose_hash_seeds_the_next_clock(node, directory):
    for _ in range(3):
        node.submit(scene.orders(10))
        node.engine.tick()
    node.engine.close()
    checkpoints = checkpoints_of(directory)
    log = log_of(directory)
    clocks = log[log.view(COMMAND_HEADER)["kind"] == tag_of(Clock)].view(DTYPES[Clock])
    assert clocks["sequence"].tolist() == [checkpoint.sequence for checkpoint in checkpoints]
    assert [seed.tobytes() for seed in clocks["seed"]] == [bytes(32), *(c.chain for c in checkpoints[:-1])]
    node.engine = Engine.open(directory)


def test_checkpoint_events_chain_is_the_hash_of_all_events_between_clocks(node, directory):
    node.submit(scene.orders(30))
    node.engine.tick()
    chain, parts = GENESIS_EVENTS_CHAIN, b""
    rolled = []
    for events in Follower(directory).catch_up():
        for record in events:
            parts += record.tobytes()
            if isinstance(decode_event(record.tobytes()), ClockTicked):
                chain, parts = hashlib.blake2b(chain + parts, digest_size=32).digest(), b""
                rolled.append(chain)
    node.engine.close()
    assert rolled == [checkpoint.events_chain for checkpoint in checkpoints_of(directory)]
    node.engine = Engine.open(directory)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_replica_gives_the_same_events_chain_however_the_log_is_cut(node, directory, size):
    for _ in range(4):
        node.submit(scene.orders(25))
        node.engine.tick()
    node.engine.sync_checkpoints()
    log = log_of(directory)
    replica, marks = Replica(Exchange(), GENESIS_EVENTS_CHAIN, Skips([])), []
    for begin in range(0, log.size, size):
        replica.apply(log[begin : begin + size])
        marks += replica.marks
    assert [mark.events_chain for mark in marks] == [mark[3] for mark in checkpoints_of(directory)]
    assert replica.exchange.state_hash() == node.exchange.state_hash()


def test_open_again_recovers_the_same_state(node, directory):
    node.submit(scene.orders(500))
    state, sequence = node.exchange.state_hash(), node.engine.sequence
    node.engine.close()
    node.engine = Engine.open(directory)
    assert node.engine.recovered.commands_replayed == sequence
    assert (node.exchange.state_hash(), node.engine.sequence) == (state, sequence)


def test_open_from_a_snapshot_replays_only_what_is_behind_it(node, directory):
    node.submit(scene.orders(500))
    node.engine.tick()
    node.engine.close()
    taken = take_snapshot(directory)
    node.engine = Engine.open(directory)
    node.submit(scene.orders(60, seed=8))
    state, sequence = node.exchange.state_hash(), node.engine.sequence
    node.engine.close()
    node.engine = Engine.open(directory)
    recovered = node.engine.recovered
    assert (recovered.snapshot_sequence, recovered.commands_replayed) == (taken.sequence, sequence - taken.sequence)
    assert node.exchange.state_hash() == state


def test_open_with_a_damaged_snapshot_passes_it_over_and_says_so(node, directory):
    node.engine.tick()
    node.engine.close()
    taken = take_snapshot(directory)
    path = next((directory / "snapshots").iterdir())
    path.write_bytes(path.read_bytes()[:5000])
    node.engine = Engine.open(directory)
    assert taken.written
    assert node.engine.recovered.snapshot_sequence == 0
    assert "DAMAGED_SNAPSHOT" in node.engine.recovered.damaged_snapshots[0]


def test_open_signs_checkpoints_again_that_were_lost(node, directory):
    for _ in range(5):
        node.submit(scene.orders(5))
        node.engine.tick()
    node.engine.close()
    path = directory / "journal" / "checkpoints"
    whole = path.read_bytes()
    path.write_bytes(whole[:-600])
    node.engine = Engine.open(directory)
    assert node.engine.recovered.checkpoints_signed == 3
    assert path.read_bytes() == whole


def test_open_refuses_a_checkpoint_that_the_replay_contradicts(node, directory, monkeypatch):
    node.submit(scene.orders(50))
    node.engine.tick()
    node.engine.close()
    apply = Exchange.apply

    def apply_otherwise(self, commands):
        events = apply(self, commands)
        events.view(EVENT_HEADER)["account"] += 1
        return events

    with monkeypatch.context() as patch:
        patch.setattr(Exchange, "apply", apply_otherwise)
        with pytest.raises(StateMismatch, match="for the events' hash, the replay gives"):
            Engine.open(directory)
    node.engine = Engine.open(directory)


def test_snapshot_of_another_log_is_refused(node, directory, tmp_path):
    node.engine.tick()
    node.engine.close()
    take_snapshot(directory)
    other = tmp_path / "other"
    with LocalNode(other) as stranger:
        while stranger.engine.sequence < node.engine.sequence:
            stranger.engine.tick()
    shutil.copytree(directory / "snapshots", other / "snapshots")
    with pytest.raises(StateMismatch, match="SNAPSHOT_MISMATCH"):
        Engine.open(other)
    node.engine = Engine.open(directory)


def test_prune_keeps_the_newest_and_what_somebody_needs(node, directory):
    taken = []
    for _ in range(5):
        node.engine.tick()
        node.engine.sync_checkpoints()
        taken.append(take_snapshot(directory, keep=9).sequence)
    prune(directory, 2, keep_from_sequence=taken[1])
    stand = sorted(int(path.stem) for path in (directory / "snapshots").iterdir())
    assert stand == [taken[1], *taken[3:]]


def test_snapshot_without_a_new_checkpoint_writes_nothing(node, directory):
    node.engine.tick()
    node.engine.sync_checkpoints()
    first, second = take_snapshot(directory), take_snapshot(directory)
    assert (first.written, second.written) == (True, False)
    assert first.sequence == second.sequence


class Stopping:
    """Make the core stop at the command with one request number, unless it is skipped."""

    def __init__(self, monkeypatch, request):
        apply = Exchange.apply

        def apply_or_stop(exchange, commands):
            header = commands.view(COMMAND_HEADER)
            bad = np.flatnonzero((header["request"] == request) & (header["kind"] != 65_535))
            if bad.size:
                raise CoreStopped(int(header["sequence"][bad[0]]), "a test says so")
            return apply(exchange, commands)

        monkeypatch.setattr(Exchange, "apply", apply_or_stop)


def test_core_that_stops_takes_nothing_more_and_a_skip_leads_past_it(node, directory, monkeypatch):
    Stopping(monkeypatch, request=777)
    node.submit(scene.orders(20))
    records = scene.orders(20, first_request=770)
    with pytest.raises(CoreStopped) as stopped:
        node.submit(records)
    sequence = stopped.value.sequence
    with pytest.raises(AssertionError):
        node.submit(scene.orders(1))
    node.engine.close()
    assert f"command {sequence}" in stop_report(directory, sequence)
    assert "PlaceOrder(" in stop_report(directory, sequence)
    with pytest.raises(CoreStopped):
        Engine.open(directory)
    with pytest.raises(BadSkip, match=f"stops at command {sequence}"):
        skip_command(directory, sequence - 1, "the wrong one", START_US)

    skip_command(directory, sequence, "the one", START_US)
    node.engine = Engine.open(directory)
    events = [decode_event(r.tobytes()) for batch in Follower(directory).catch_up() for r in batch]
    (rejected,) = [event for event in events if event.sequence == sequence]
    assert isinstance(rejected, Rejected)
    assert rejected.reject == Reject.SKIPPED
    assert node.engine.sequence == sequence + 12
    with pytest.raises(BadSkip, match="at no command"):
        skip_command(copy_of(directory), sequence + 1, "not needed", START_US)


def test_skip_of_a_running_node_is_refused(node, directory):
    with pytest.raises(DirectoryInUse):
        skip_command(directory, 3, "a reason", START_US)


def test_follower_leaves_out_what_it_has_applied(node, directory):
    node.submit(scene.orders(40))
    log = log_of(directory)
    follower = Follower(directory)
    for _ in follower.catch_up(30):
        pass
    assert follower.sequence == 30
    follower.apply(log[20:].tobytes())
    assert follower.exchange.state_hash() == node.exchange.state_hash()


def test_follower_behind_a_log_that_is_too_short_says_so(node, directory):
    with pytest.raises(StateMismatch, match=rf"ends at {node.engine.sequence}, {10**6} was expected"):
        list(Follower(directory).catch_up(10**6))
