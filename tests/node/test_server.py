"""A node in its own process, and everybody who may or may not talk to it."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from ringfence.node.client import BACKLOG_BYTES_MAXIMUM, PAUSE_BYTES
from ringfence.node.connect import ControlClient, connect
from ringfence.node.door import CLIENTS_MAXIMUM
from ringfence.node.errors import LinkBusy, LinkLost, NodeRefused, NodeUnavailable
from ringfence.node.follower import Follower
from ringfence.node.link import NodeLink
from ringfence.node.socket_path import socket_path
from ringfence.node.verify import verify
from ringfence.node.wire import WELCOME_BYTES, Role, decode_welcome, encode_hello
from ringfence.schema import commands as c
from ringfence.schema.enums import Origin
from ringfence.schema.events import AssetListed, OrderAccepted, Rejected
from ringfence.schema.layout import COMMAND_HEADER
from ringfence.schema.rejects import Reject

from . import scene


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A node with the opening applied, shared by the tests of this file."""
    directory = tmp_path_factory.mktemp("node") / "venue"
    with scene.NodeProcess(directory) as node:
        with ControlClient(directory) as control:
            control.submit(scene.opening())
        yield directory, node
        assert node.stop() == 0
    report = verify(directory, lambda done, total: None)
    assert report.holds, report.findings


def raw(directory, data, wait_bytes=WELCOME_BYTES):
    """Send bytes and return what comes back until the node hangs up, or so many bytes."""
    with socket.socket(socket.AF_UNIX) as connection, socket_path(directory) as path:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(data)
        found = b""
        while len(found) < wait_bytes and (more := connection.recv(65536)):
            found += more
        return found


def until(condition, seconds=5.0):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def still_serves(directory):
    with ControlClient(directory) as control:
        (events,) = control.submit([c.CancelAllOrders(account=64)])
        assert not any(isinstance(event, Rejected) for event in events)


def test_ready_line_says_what_was_recovered(served):
    _, node = served
    assert node.ready["ready"] is True
    assert node.ready["sequence"] == 1
    assert node.ready["recovered"]["commands_replayed"] == 0


def test_socket_is_the_owners_alone(served):
    directory, _ = served
    assert stat.S_IMODE(os.stat(directory / "control.sock").st_mode) == 0o600


def test_second_node_is_refused_by_the_lock_and_the_first_serves_on(served):
    directory, node = served
    with scene.NodeProcess(directory) as second:
        assert second.ready == {}
        assert second.wait() == 2
    assert f"DIRECTORY_IN_USE: {directory} is in use by process {node.process.pid}" in node.log
    still_serves(directory)


def test_control_client_sees_the_events_of_each_of_its_commands(served):
    directory, _ = served
    order = c.PlaceOrder(account=64, market=1, side=0, price_ticks=100, quantity_lots=5)
    with ControlClient(directory) as control:
        accepted, rejected, cancelled, none = control.submit(
            [order, c.SetMarketState(market=9, state=1), c.CancelAllOrders(account=64), c.CancelAllOrders(account=64)]
        )
    assert isinstance(accepted[0], OrderAccepted)
    assert isinstance(rejected[0], Rejected)
    assert rejected[0].reject == Reject.UNKNOWN_MARKET
    assert len(cancelled) == 1
    assert none == []


def test_control_clients_at_once_each_get_their_own(served):
    directory, _ = served
    with ExitStack() as stack:
        clients = [stack.enter_context(ControlClient(directory)) for _ in range(8)]
        for client, index in zip(clients, range(8), strict=True):
            client._connection.sendall(scene.orders(50, seed=index).tobytes())
        for client in clients:
            answered = list(client._exchange(b"", 50))
            assert sum(message.commands for message in answered) == 50


def test_control_client_takes_more_records_than_one_batch_holds(served):
    directory, _ = served
    with ControlClient(directory) as control:
        events = control.submit_records(scene.orders(40_000))
    assert events.size >= 40_000


@pytest.mark.parametrize("origin", [Origin.NODE, Origin.PRICE_SOURCE, 0, 255])
def test_control_client_of_an_origin_nobody_may_use_is_dropped(served, origin):
    directory, node = served
    records = scene.orders(3)
    records.view(COMMAND_HEADER)["origin"][2] = origin
    with ControlClient(directory) as control, pytest.raises(LinkLost):
        control.submit_records(records)
    assert f"(CONTROL) disconnected: FORBIDDEN_ORIGIN: submitted a command of origin {int(origin)};" in node.log
    still_serves(directory)


@pytest.mark.parametrize("origin", [Origin.USER, Origin.OPERATOR, Origin.CUSTODY, Origin.NODE])
def test_prices_client_of_another_origin_than_price_source_is_dropped(served, origin):
    directory, node = served
    records = scene.orders(3)
    records.view(COMMAND_HEADER)["origin"][:] = Origin.PRICE_SOURCE
    records.view(COMMAND_HEADER)["origin"][1] = origin
    with ControlClient(directory, role=Role.PRICES) as control, pytest.raises(LinkLost):
        control.submit_records(records)
    assert f"(PRICES) disconnected: FORBIDDEN_ORIGIN: submitted a command of origin {int(origin)};" in node.log
    still_serves(directory)


def test_prices_client_is_answered_with_the_events_of_its_quotes(served):
    directory, _ = served
    with ControlClient(directory, role=Role.PRICES) as control:
        ((event,),) = control.submit([c.Quote(asset=scene.SOL, price_source=15, last_units=1, observed_us=1)])
    assert isinstance(event, Rejected) and event.reject == Reject.NOT_PRICED


@pytest.mark.parametrize("origin", [Origin.OPERATOR, Origin.CUSTODY, Origin.REGISTRAR, Origin.NODE])
def test_gateway_of_another_origin_than_user_is_dropped_and_nothing_is_written(served, origin):
    directory, node = served

    async def play():
        link = await NodeLink.connect(directory)
        bad = scene.records_of(c.ListAsset(symbol="EVIL", name="", asset_kind=1, decimals=0), origin=origin)
        link.submit(scene.orders(1).tobytes() + bad.tobytes())
        seen = []
        with pytest.raises(LinkLost):  # noqa: PT012
            async for _, records in link.frames():
                seen.append(records)
        return b"".join(seen)

    assert b"EVIL" not in asyncio.run(play())
    assert f"(GATEWAY) disconnected: FORBIDDEN_ORIGIN: submitted a command of origin {int(origin)};" in node.log
    with ControlClient(directory) as control:
        ((listed,),) = control.submit([c.ListAsset(symbol=f"N{int(origin)}", name="", asset_kind=1, decimals=0)])
    assert isinstance(listed, AssetListed)


def test_gateway_gets_dense_frames_and_follows_to_the_same_state(served):
    directory, _ = served

    async def play():
        link = await NodeLink.connect(directory)
        follower = Follower(directory)
        for _ in follower.catch_up(link.durable_sequence):
            pass
        flow = scene.orders(20_000, seed=3, first_request=10**6)
        for begin in range(0, flow.size, 500):
            link.submit(flow[begin : begin + 500].tobytes())
        requests = []
        async for first_sequence, records in link.frames():
            assert first_sequence == follower.sequence + 1
            follower.apply(records)
            requests += [request for request in scene.requests_of(records) if request]
            if len(requests) == flow.size and follower.marks:
                break
        await link.close()
        assert requests == scene.requests_of(flow)
        return follower

    follower = asyncio.run(play())
    other = Follower(directory)
    for _ in other.catch_up(follower.sequence):
        pass
    assert follower.exchange.state_hash() == other.exchange.state_hash()
    assert follower.events_chain == other.events_chain


def test_frames_end_after_close(served):
    directory, _ = served

    async def play():
        link = await NodeLink.connect(directory)
        await link.close()
        return [frame async for frame in link.frames()], link

    frames, link = asyncio.run(play())
    assert frames == []
    with pytest.raises(LinkLost):
        link.submit(bytes(128))


@pytest.mark.parametrize(
    ("hello", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n".ljust(128), "BAD_HELLO: magic"),
        (encode_hello(Role.CONTROL)[:8] + bytes(120), "SCHEMA_MISMATCH"),
        (encode_hello(Role.CONTROL)[:40] + b"\x09" + bytes(87), "BAD_HELLO: role 9"),
    ],
    ids=["magic", "schema", "role"],
)
def test_hello_that_is_wrong_is_refused_with_a_sentence(served, hello, sentence):
    directory, _ = served
    with pytest.raises(NodeRefused, match=f"^{sentence}"):
        decode_welcome(raw(directory, hello))
    still_serves(directory)


def test_half_a_record_does_not_hold_up_others(served):
    directory, _ = served
    connection, _ = connect(directory, Role.CONTROL, 5)
    with connection:
        order = scene.orders(1).tobytes()
        connection.sendall(order[:50])
        still_serves(directory)
        connection.sendall(order[50:])
        assert connection.recv(32)[16] == 1


def test_client_that_leaves_in_the_middle_of_a_record_leaves_no_command(served):
    directory, _ = served
    with ControlClient(directory) as control:
        before = control.welcome.durable_sequence
        connection, _ = connect(directory, Role.CONTROL, 5)
        connection.sendall(scene.orders(1).tobytes()[:100])
        connection.close()
        time.sleep(0.05)
        (events,) = control.submit([c.CancelAllOrders(account=64, market=99)])
    assert events[0].sequence <= before + 3


def test_silent_connections_are_dropped_and_too_many_refused(served):
    directory, node = served
    with ExitStack() as stack, socket_path(directory) as path:
        idle = []
        refused = 0
        for _ in range(CLIENTS_MAXIMUM + 200):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(path)
            connection.settimeout(10)
            idle.append(connection)
        for connection in idle[CLIENTS_MAXIMUM + 1 :]:
            with pytest.raises(NodeRefused, match="TOO_MANY_CLIENTS"):
                decode_welcome(connection.recv(WELCOME_BYTES))
            refused += 1
        assert refused >= 199
        with pytest.raises(NodeRefused, match="TOO_MANY_CLIENTS"):
            ControlClient(directory)
        began = time.monotonic()
        assert idle[0].recv(1) == b""
        assert time.monotonic() - began < 8
    until(lambda: "connections refused, the limit is 256" in node.log)
    still_serves(directory)


def test_ten_thousand_connections_one_after_the_other_leave_nothing_behind(served):
    directory, node = served
    handles = f"/proc/{node.process.pid}/fd"
    time.sleep(0.2)
    before = len(os.listdir(handles))
    with socket_path(directory) as path:
        for _ in range(10_000):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
    still_serves(directory)
    until(lambda: len(os.listdir(handles)) <= before + 2)


def resident_bytes(process):
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_follower_that_does_not_read_is_dropped_and_memory_stays_bounded(served):
    directory, node = served
    records = scene.orders(16_000)
    with ControlClient(directory) as control:
        control.submit_records(records)
        before = resident_bytes(node.process)
        slow, _ = connect(directory, Role.GATEWAY, 5)
        with slow:
            submitted = 0
            while "TOO_SLOW" not in node.log:
                control.submit_records(records)
                submitted += records.nbytes
                assert submitted < BACKLOG_BYTES_MAXIMUM + 32 * records.nbytes, "the slow follower was never dropped"
        assert submitted >= BACKLOG_BYTES_MAXIMUM
        assert resident_bytes(node.process) - before < 3 * BACKLOG_BYTES_MAXIMUM
    still_serves(directory)


def test_control_client_that_does_not_read_is_not_read_from(served):
    directory, _ = served
    greedy, _ = connect(directory, Role.CONTROL, 5)
    with greedy:
        greedy.setblocking(False)
        data = scene.orders(1_000).tobytes()
        sent, quiet_since = 0, time.monotonic()
        while time.monotonic() - quiet_since < 0.5:
            try:
                sent += greedy.send(data[sent % len(data) :])
                quiet_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.005)
            assert sent < 4 * PAUSE_BYTES, "the node reads on though nobody takes its answers"
        still_serves(directory)


def test_link_that_the_node_cannot_keep_up_with_is_busy_and_loses_nothing(served):
    directory, node = served

    async def play():
        link = await NodeLink.connect(directory)
        data = scene.orders(8_000, first_request=1).tobytes()
        accepted = 0
        node.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(LinkBusy, match="the limit is 16777216"):  # noqa: PT012
                while True:
                    link.submit(data)
                    accepted += 8_000
        finally:
            node.process.send_signal(signal.SIGCONT)
        seen = 0
        async for _, records in link.frames():
            seen += np.count_nonzero(scene.requests_of(records))
            if seen == accepted:
                break
        await link.close()

    asyncio.run(asyncio.wait_for(play(), 30))
    still_serves(directory)


def test_no_node_is_told_in_a_sentence(directory):
    directory.mkdir()
    with pytest.raises(NodeUnavailable, match=r"no node answers at .*control\.sock"):
        ControlClient(directory)


def test_stale_socket_is_replaced_and_a_long_path_works(tmp_path):
    directory = tmp_path / ("d" * 100) / ("e" * 60)
    directory.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as stale, socket_path(directory) as path:
        stale.bind(path)
    with scene.NodeProcess(directory) as node:
        with ControlClient(directory) as control:
            control.submit(scene.opening())
        assert node.stop() == 0
        assert not (directory / "control.sock").exists()


def test_snapshotter_beside_a_running_node_writes_what_the_next_start_uses(directory):
    with scene.NodeProcess(directory) as node:
        with ControlClient(directory) as control:
            control.submit(scene.opening())
            control.submit_records(scene.orders(5_000))
            until(lambda: len((directory / "journal" / "checkpoints").read_bytes()) >= 256 * 4)
        program = [sys.executable, "-m", "ringfence.node.snapshotter", str(directory)]
        taken = json.loads(subprocess.run(program, check=True, capture_output=True).stdout)
        assert node.stop() == 0
    assert taken["written"]
    with scene.NodeProcess(directory) as node:
        assert node.ready["recovered"]["snapshot_sequence"] == taken["sequence"]
        assert node.ready["recovered"]["commands_replayed"] == node.ready["sequence"] - taken["sequence"]
        assert node.stop() == 0


def test_damaged_log_refuses_to_start_and_says_where(directory):
    with scene.NodeProcess(directory) as node:
        with ControlClient(directory) as control:
            for command in scene.opening():
                control.submit([command])
        assert node.stop() == 0
    path = next((directory / "journal").glob("*.log"))
    data = bytearray(path.read_bytes())
    data[4096 + 128 * 11 + 100] ^= 1
    path.write_bytes(data)
    with scene.NodeProcess(directory) as node:
        assert node.ready == {}
        assert node.wait() == 3
    assert f"DAMAGED_LOG: {path} at byte" in node.log
    assert bytes(data) == path.read_bytes()


STOPPING_PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from ringfence.core import CoreStopped, Exchange
from ringfence.node.__main__ import run
from ringfence.schema.layout import COMMAND_HEADER

apply = Exchange.apply

def apply_or_stop(exchange, commands):
    header = commands.view(COMMAND_HEADER)
    bad = np.flatnonzero((header["request"] == 666) & (header["kind"] != 65_535))
    if bad.size:
        raise CoreStopped(int(header["sequence"][bad[0]]), "a test says so")
    return apply(exchange, commands)

Exchange.apply = apply_or_stop
sys.exit(run(Path(sys.argv[1])))
"""


def test_core_that_stops_ends_the_node_without_a_reply_and_says_how_to_go_on(directory):
    with scene.NodeProcess(directory, ("-c", STOPPING_PROGRAM)) as node:
        with ControlClient(directory) as control:
            answered = control.submit(scene.opening())
            last = answered[-1][-1].sequence
            with pytest.raises(LinkLost):
                control.submit_records(scene.orders(3, first_request=664))
        assert node.wait() == 3
    assert "THE NODE STOPPED" in node.log
    assert "PlaceOrder(" in node.log
    assert f"NUMBA_DISABLE_JIT=1 ringfence verify {directory}" in node.log
    assert f"ringfence skip {directory}" in node.log
    assert last + 3 <= int(node.log.split("does not hold at command ")[1].split(".")[0])
