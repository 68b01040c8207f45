"""The API as it is served: a real node process, a real server process, real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from tests.api.venue import ALICE_SEED, BOB_SEED, START_US, Signer, venue_commands
from websockets.sync.client import connect

from ringfence.api.server import PortTaken, bind
from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.link import ControlClient

SERVE = """
import sys
from pathlib import Path
from ringfence.api.server import serve
from ringfence.api.settings import ApiSettings
settings = ApiSettings(header_seconds=1, socket_queue_messages=200, signed_requests_per_minute=10**6)
serve(Path(sys.argv[1]), "127.0.0.1", 0, lambda port: print(port, file=sys.stderr, flush=True), settings)
"""


def start_node(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ringfence.node", str(directory)]
    node = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    assert json.loads(node.stdout.readline())["ready"]
    return node


def end(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


class Served:
    """A node and a gateway on one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.node = start_node(directory)
        with ControlClient(directory) as control:
            control.submit(venue_commands())
        with IdentityStore(sqlite_url(directory / "identity.sqlite")) as keys:
            for user, (name, account, seed) in enumerate([("alice", 64, ALICE_SEED), ("bob", 66, BOB_SEED)], 1):
                keys.add_user(name, user, START_US)
                keys.add_key(Signer(seed).key, user, account, "", START_US)
        self.alice, self.bob = Signer(ALICE_SEED), Signer(BOB_SEED)
        self.start_gateway()

    def start_gateway(self) -> None:
        command = [sys.executable, "-c", SERVE, str(self.directory)]
        self.gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.gateway.stderr is not None
        self.port = int(self.gateway.stderr.readline())
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}")

    def stop_gateway(self) -> None:
        self.client.close()
        assert end(self.gateway) == 0
        stdout, _ = self.gateway.communicate()
        assert stdout == ""

    def close(self) -> None:
        self.stop_gateway()
        end(self.node)
        assert self.node.stdout is not None
        self.node.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("venue"))
    yield served
    served.close()


def wait_for(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_orders_match_through_real_processes_and_are_found_in_history(served: Served) -> None:
    sold = served.alice.limit(served.client, "Ask", "100", "1").json()
    bought = served.bob.limit(served.client, "Bid", "100", "1").json()
    assert (sold["status"], bought["status"]) == ("New", "Filled")
    fills = served.bob.get(served.client, "/wapi/v1/history/fills", "fillHistoryQueryAll").json()
    assert [fill["orderId"] for fill in fills] == [bought["id"]]


def test_streams_follow_orders_through_real_processes(served: Served) -> None:
    with connect(f"ws://127.0.0.1:{served.port}/") as stream:
        stream.send(json.dumps(served.alice.subscription("account.orderUpdate", "depth.SOL_USDC")))
        stream.send("?")
        assert json.loads(stream.recv(5))["error"]["code"] == 4002
        order = served.alice.limit(served.client, "Bid", "90", "1").json()
        messages = [json.loads(stream.recv(5)) for _ in range(2)]
        by_stream = {message["stream"]: message["data"] for message in messages}
        assert by_stream["account.orderUpdate"]["i"] == order["id"]
        assert by_stream["depth.SOL_USDC"]["u"] == int(order["id"])


def test_gateway_goes_on_after_the_node_was_killed_and_started_again(served: Served) -> None:
    before = served.alice.limit(served.client, "Bid", "80", "1").json()
    served.node.kill()
    served.node.wait()
    wait_for(lambda: served.client.get("/api/v1/status").json()["status"] == "Maintenance")
    assert served.alice.limit(served.client, "Bid", "80", "1").status_code == 503
    assert served.node.stdout is not None
    served.node.stdout.close()
    served.node = start_node(served.directory)
    wait_for(lambda: served.client.get("/api/v1/status").json()["status"] == "Ok")
    after = served.alice.limit(served.client, "Bid", "80", "1").json()
    assert int(after["id"]) > int(before["id"])
    found = [order["id"] for order in served.alice.get(served.client, "/api/v1/orders", "orderQueryAll").json()]
    assert {before["id"], after["id"]} <= set(found)


def test_gateway_that_starts_again_shows_what_it_showed(served: Served) -> None:
    def shown() -> list[Any]:
        paths = ["/api/v1/trades?symbol=SOL_USDC", "/api/v1/ticker?symbol=SOL_USDC", "/api/v1/tickers?interval=1w"]
        start = int(time.time()) - 3_600
        paths.append(f"/api/v1/klines?symbol=SOL_USDC&interval=1h&startTime={start}")
        history = served.alice.get(served.client, "/wapi/v1/history/orders", "orderHistoryQueryAll").json()
        return [history, *(served.client.get(path).json() for path in paths)]

    before = shown()
    served.stop_gateway()
    served.start_gateway()
    assert shown() == before


def test_key_added_and_revoked_by_another_process_is_followed(served: Served) -> None:
    new = Signer(bytes(range(64, 96)))

    def status() -> int:
        time.sleep(0.05)
        return served.client.get("/api/v1/capital", headers=new.headers("balanceQuery")).status_code

    assert status() == 401
    with IdentityStore(sqlite_url(served.directory / "identity.sqlite")) as keys:
        keys.add_key(new.key, 2, 66, "bot", START_US)
        wait_for(lambda: status() == 200)
        keys.revoke(new.key, START_US)
        wait_for(lambda: status() == 401)


def test_connection_that_sends_no_request_is_closed(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as idle:
        idle.settimeout(5)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert idle.recv(100) == b""


def test_head_without_end_is_cut(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as flood:
        flood.settimeout(5)
        flood.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 64 << 20:
                flood.sendall(b"x" * 65_536)
                sent += 65_536
        assert sent < 8 << 20
    assert served.client.get("/api/v1/ping").text == "pong"


def test_frame_over_the_limit_ends_the_socket(served: Served) -> None:
    with connect(f"ws://127.0.0.1:{served.port}/ws") as stream:
        with suppress(ConnectionError):
            stream.send("x" * 70_000)
        with pytest.raises(Exception, match="1009"):
            stream.recv(5)
    assert served.client.get("/api/v1/ping").text == "pong"


def test_reader_that_stopped_is_dropped_and_others_are_served(served: Served) -> None:
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stuck.connect(("127.0.0.1", served.port))
        stuck.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b"101" in stuck.recv(400)
        frame = b'{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}'
        stuck.sendall(bytes([0x81, 0x80 | len(frame), 0, 0, 0, 0]) + frame)
        orders = [
            {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": f"{price}", "quantity": "0.01"}
            for price in range(30, 80)
        ]
        own_port = stuck.getsockname()[1]
        assert connections_to(served.gateway.pid, own_port) == 1
        for _ in range(500):
            served.alice.send(served.client, "POST", "/api/v1/orders", "orderExecute", orders)
            served.alice.send(served.client, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
            if connections_to(served.gateway.pid, own_port) == 0:
                break
        wait_for(lambda: connections_to(served.gateway.pid, own_port) == 0)
    assert served.client.get("/api/v1/ping").text == "pong"


def connections_to(process: int, port: int) -> int:
    """Return how many established connections a process has to a port of this machine."""
    lines = Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]
    inodes = {fields[9] for fields in map(str.split, lines) if fields[2].endswith(f":{port:04X}") and fields[9] != "0"}
    links = []
    for name in os.listdir(f"/proc/{process}/fd"):
        with suppress(OSError):
            links.append(os.readlink(f"/proc/{process}/fd/{name}"))
    return sum(f"socket:[{inode}]" in links for inode in inodes)


def test_port_that_is_taken_names_another(served: Served) -> None:
    with pytest.raises(PortTaken, match=rf"port {served.port} on 127.0.0.1 is taken; port \d+ is free"):
        bind("127.0.0.1", served.port)
