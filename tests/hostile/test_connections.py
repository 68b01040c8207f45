"""Connections that send too much, too slowly, too often, or do not listen."""

import json
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from tests.hostile.target import Target, assert_refused, wait_for

GET = b"GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/v1/order HTTP/1.1\r\nHost: x\r\n"
LIVED = b"HTTP/1.1 200 "
MOST_S = 6.0
"""How long a connection that does not keep to its times may stay: the target allows a head or a body 1 s, and an
unread answer 2 s."""


def hangs_up(connection: socket.socket, within_s: float = MOST_S) -> bytes:
    """Return what comes until the server ends a connection, which it must."""
    connection.settimeout(within_s)
    found = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            found += part
    return found


@contextmanager
def open_files(count: int) -> Iterator[None]:
    """Let this process hold so many files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], count), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_head_that_trickles_is_cut(target: Target) -> None:
    with target.unharmed(), ExitStack() as stack:
        slow = [stack.enter_context(target.socket()) for _ in range(200)]
        deadline = time.monotonic() + MOST_S
        while slow and time.monotonic() < deadline:
            for connection in list(slow):
                try:
                    connection.sendall(b"G")
                except OSError:
                    slow.remove(connection)
            time.sleep(0.2)
        assert not slow


def test_second_head_that_trickles_is_cut_too(target: Target) -> None:
    with target.socket() as connection:
        connection.sendall(GET)
        answer = b""
        while not answer.endswith(b"pong"):
            answer += connection.recv(1_000)
        connection.sendall(b"GET /api/v1/ping HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert hangs_up(connection) == b""


@pytest.mark.parametrize("head", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_body_that_trickles_is_answered_408_and_cut(target: Target, head: bytes) -> None:
    with target.socket() as connection:
        connection.sendall(POST + head)
        begin = time.monotonic()
        answer = b""
        with suppress(ConnectionError, TimeoutError):
            while time.monotonic() - begin < MOST_S and not answer:
                connection.sendall(b"1\r\n{\r\n" if b"chunked" in head else b"{")
                connection.settimeout(0.2)
                with suppress(TimeoutError):
                    answer = connection.recv(4_096)
        answer += hangs_up(connection)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"] == "the body did not come within 1 s"


def test_body_over_the_limit_is_answered_413_and_cut(target: Target) -> None:
    for head in (b"Content-Length: 99999999999999999999\r\n\r\n", b"Content-Length: 70000\r\n\r\n"):
        answer = target.raw(POST + head)
        assert answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 ")), answer
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with target.unharmed():
        answer = target.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 64)
        assert answer.startswith(b"HTTP/1.1 413 ") or answer == b"", answer


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"X:" + b"y" * 20_000 + b"\r\n\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(3_000)) + b"\r\n",
        b"\x00\x01\r\n\r\n",
        b": empty\r\n\r\n",
        b"folded: a\r\n b\r\n\x00: 1\r\n\r\n",
    ],
    ids=lambda head: ascii(head[:30]),
)
def test_head_that_breaks_the_rules_is_answered_400(target: Target, head: bytes) -> None:
    answer = target.raw(POST + head)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"HELO there\r\n",
        b"\r\n" * 50 + b"\x00",
        b"GET " + b"/" * 300_000,
        b"GET http://[ HTTP/1.1\r\nHost: [\r\n\r\n",
    ],
    ids=lambda data: ascii(data[:20]),
)
def test_what_is_not_http_is_cut(target: Target, data: bytes) -> None:
    with target.socket() as connection:
        with suppress(ConnectionError):
            connection.sendall(data)
        answer = hangs_up(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100]


def test_host_that_is_no_host_changes_nothing(target: Target) -> None:
    for host in (b"[", b"a?symbol=SOL_USDC#", b"\xff", b"", b"x/../.."):
        answer = target.raw(b"GET /api/v1/depth HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 "), answer


def test_trailer_without_end_is_cut(target: Target) -> None:
    with target.unharmed(), target.socket() as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ")
        sent = 0
        with suppress(OSError):
            while sent < 256 << 20:
                connection.sendall(b"x" * 65_536)
                sent += 65_536
        assert sent < 32 << 20


def test_requests_without_end_in_one_go_are_cut(target: Target) -> None:
    with target.unharmed(), target.socket() as connection:
        with suppress(ConnectionError):
            connection.sendall(GET * 20_000)
        answers = hangs_up(connection)
    assert answers.count(LIVED) < 20_000


def test_readers_that_leave_their_answers_are_cut(target: Target) -> None:
    with target.unharmed(), ExitStack() as stack:
        ports: set[int] = set()
        for _ in range(100):
            deaf = stack.enter_context(target.socket(receive_buffer_bytes=4_096))
            ports.add(deaf.getsockname()[1])
            deaf.sendall(LARGE * 32)
        wait_for(lambda: held(target, ports) == 100)
        wait_for(lambda: held(target, ports) == 0, 20)


def held(target: Target, ports: set[int]) -> int:
    """Return how many connections from these ports the gateway holds; one it has closed belongs to no process."""
    count = 0
    for line in Path(f"/proc/{target.gateway.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        at, peer = (int(address.split(":")[1], 16) for address in fields[1:3])
        count += at == target.port and peer in ports and fields[9] != "0"
    return count


def connections(target: Target) -> int:
    """Return how many sockets the gateway has open."""
    count = 0
    for name in os.listdir(f"/proc/{target.gateway.pid}/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/{target.gateway.pid}/fd/{name}").startswith("socket:")
    return count


def test_ten_thousand_idle_connections_leave_room_for_trade(target: Target) -> None:
    with open_files(12_000), target.unharmed(gateway_growth=512 << 20) as observed, ExitStack() as stack:
        idle: list[socket.socket] = []
        for _ in range(10_000):
            idle.append(stack.enter_context(target.socket()))
            idle[-1].sendall(GET)
        for connection in idle:
            assert connection.recv(1_000).startswith(LIVED)
        assert connections(target) > 10_000
        time.sleep(0.5)
    print(f"{observed.gateway_growth / 10_000:.0f} bytes each")
    wait_for(lambda: connections(target) < 1_000)


def test_connections_that_come_and_go_leave_nothing_behind(target: Target) -> None:
    target.best_order_s(1)
    before = connections(target)
    with target.unharmed():
        for count in range(3_000):
            with target.socket() as connection:
                connection.sendall(GET[: count % len(GET)])
                if count % 3 == 0:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    wait_for(lambda: connections(target) <= before)


def test_client_that_dies_after_sending_an_order_has_placed_it_or_not(target: Target) -> None:
    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}
    body = json.dumps(order).encode()
    for length in (0, 1, len(body) - 1, len(body)) * 10:
        headers = target.alice.headers("orderExecute", [order])
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = POST + f"{lines}Content-Length: {len(body)}\r\n\r\n".encode()
        before = len(target.open_orders(target.alice))
        with target.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall(head + body[:length])
            if length == len(body):
                wait_for(lambda count=before: len(target.open_orders(target.alice)) == count + 1)
        assert len(target.open_orders(target.alice)) == before + (length == len(body))
    answer = target.alice.send(target.client, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
    assert len(answer.json()) == 10
    assert_refused(target.client.get("/api/v1/order"), 401)
