"""WebSockets whose frames are wrong, too many or too large, and those that never read."""

import json
import os
import resource
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from tests.api.venue import START_US, Signer
from tests.hostile.target import Target, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore

HANDSHAKE = (
    b"GET /%b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%b\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}


def frame(opcode: int, data: bytes = b"", final: bool = True, bits: int = 0) -> bytes:
    """Return a frame as a client sends it, masked with zeros."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xff" + struct.pack(">Q", len(data))
    return bytes([(0x80 if final else 0) | bits | opcode]) + length + bytes(4) + data


@contextmanager
def raw_socket(target: Target, extra: bytes = b"", receive_buffer_bytes: int = 0) -> Iterator[socket.socket]:
    """Yield an accepted WebSocket on which anything may be sent."""
    with target.socket(receive_buffer_bytes) as connection:
        connection.sendall(HANDSHAKE % (b"", extra))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield connection


@contextmanager
def opened(target: Target, path: str = "/") -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{target.port}{path}", compression=None) as stream:
        yield stream


def closing_code(connection: socket.socket) -> int:
    """Return the code of the close frame that comes, 0 for none before the end."""
    data = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            data += part
    place = data.rfind(b"\x88")
    return int.from_bytes(data[place + 2 : place + 4], "big") if place >= 0 else 0


def answer_to(stream: ClientConnection, message: Any) -> Any:
    stream.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    return json.loads(stream.recv(5))


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "null", "[]", "1", '"x"', "{}", '{"method":1,"params":[]}', '{"method":"SUBSCRIBE"}',
        '{"method":"subscribe","params":[]}', '{"method":"SUBSCRIBE","params":"depth.SOL_USDC"}',
        '{"method":"SUBSCRIBE","params":[1]}', '{"method":"SUBSCRIBE","params":[null]}', "\x00", "ping",
        '{"method":"SUBSCRIBE","params":[],"signature":"x"}', '{"method":"EXECUTE","params":["orderExecute"]}',
        '{"a":' * 9_000, "[" * 60_000, '{"method":"SUBSCRIBE","params":["\\ud800"]}', b"\xff\xfe", b"\x00" * 1_000,
    ],
    ids=lambda message: ascii(message[:24]),
)  # fmt: skip
def test_frame_that_cannot_be_read_is_answered_4002(target: Target, message: str | bytes) -> None:
    with opened(target) as stream:
        error = answer_to(stream, message)
        assert error == {"id": None, "error": {"code": 4002, "message": "Parse error"}}
        assert answer_to(stream, "still here?")["error"]["code"] == 4002


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ("", 4006), ("depth", 4006), ("depth.", 4006), ("DEPTH.SOL_USDC", 4006), ("depth.100ms.SOL_USDC", 4008),
        ("depth.٢٠٠ms.SOL_USDC", 4006), ("depth.SOL_USDC\n", 4006),
        ('depth."},"x', 4006), ("depth." + "A" * 49, 4006), ("kline.7m.SOL_USDC", 4006), ("kline.1m", 4006),
        ("account.", 4001), ("account.orderUpdate.", 4001), ("account.nothing", 4001), ("trade.SOL USDC", 4006),
        ("trade.../../x", 4006), ("<script>", 4006), ("ticker.SOL_USDC\u0000", 4006), ("*", 4006), ("trade.*", 4006),
    ],
)  # fmt: skip
def test_stream_that_is_none_is_refused(target: Target, stream: str, code: int) -> None:
    with opened(target) as socket:
        error = answer_to(socket, {"method": "SUBSCRIBE", "params": [stream]})["error"]
        assert error["code"] == (4006 if code == 4001 else code) and error["message"]


def test_reader_who_breaks_the_rules_while_he_is_written_to_leaves_no_trace(target: Target) -> None:
    subscription = json.dumps({"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "bookTicker.SOL_USDC"]}).encode()
    with target.unharmed():
        for _ in range(30):
            with raw_socket(target) as connection:
                connection.sendall(frame(TEXT, subscription) + frame(TEXT, b"?") * 50)
                time.sleep(0.03)
                connection.sendall(frame(TEXT, b"?") * 50 + frame(3))
                assert closing_code(connection) == 1002


def test_private_stream_is_for_its_own_key(target: Target) -> None:
    mallory = Signer(bytes(range(200, 232)))
    good = target.alice.subscription("account.orderUpdate")
    key, signature, timestamp, window = good["signature"]
    wrong = [
        [],
        [key],
        [key, signature, timestamp, window, "more"],
        [target.bob.key, signature, timestamp, window],
        [mallory.key, *mallory.subscription("x")["signature"][1:]],
        [key, signature, str(int(timestamp) + 1), window],
        [key, signature, timestamp, "60000"],
        [key, signature, str(int(timestamp) - 100_000), window],
        [key, signature, "1e9", window],
        [key, "", timestamp, window],
        ["", "", "", ""],
        [key, target.alice.headers("balanceQuery")["X-Signature"], timestamp, window],
    ]
    with opened(target) as stream:
        unsigned = {"method": "SUBSCRIBE", "params": ["account.orderUpdate"]}
        assert answer_to(stream, unsigned)["error"]["code"] == 4001
        for signature in wrong:
            error = answer_to(stream, good | {"signature": signature})["error"]
            assert error["code"] == 4001 and error["message"], error
        order = target.alice.order(target.client, **ORDER).json()
        body = {"symbol": "SOL_USDC", "orderId": order["id"]}
        assert target.alice.send(target.client, "DELETE", "/api/v1/order", "orderCancel", body).status_code == 200
        stream.send(json.dumps(target.bob.subscription("account.orderUpdate", "account.balanceUpdate")))
        with pytest.raises(TimeoutError):
            stream.recv(0.3)


def test_one_of_many_streams_that_is_wrong_subscribes_none(target: Target) -> None:
    with opened(target) as stream:
        message = {"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "nothing.SOL_USDC"]}
        assert answer_to(stream, message)["error"]["code"] == 4006
        target.best_order_s(1)
        with pytest.raises(TimeoutError):
            stream.recv(0.2)


def test_thousands_of_streams_are_refused_in_time(target: Target) -> None:
    names = [f"trade.{number}_USDC" for number in range(4_000)]
    with target.unharmed() as observed, opened(target) as stream:
        stream.send(json.dumps({"method": "SUBSCRIBE", "params": names[:1_000]}))
        assert answer_to(stream, {"method": "SUBSCRIBE", "params": names[1_000:1_001]})["error"]["code"] == 4009
        assert answer_to(stream, {"method": "SUBSCRIBE", "params": names[1_000:3_500]})["error"]["code"] == 4009
        for _ in range(30):
            stream.send(json.dumps({"method": "UNSUBSCRIBE", "params": names[1_000:2_000] + names[2_000:3_500]}))
            assert json.loads(stream.recv(5))["error"]["code"] == 4009
            stream.send(json.dumps({"method": "UNSUBSCRIBE", "params": names[1_000:2_000]}))
        time.sleep(0.2)
    assert observed.orders_s[-1] < 0.5


def test_many_sockets_with_many_streams_are_forgotten_when_they_leave(target: Target) -> None:
    names = [f"trade.{number}_USDC" for number in range(1_000)]
    with target.unharmed():
        for _ in range(30):
            with opened(target) as stream:
                stream.send(json.dumps({"method": "SUBSCRIBE", "params": names}))
                signed = target.alice.subscription(*(f"account.orderUpdate.{number}" for number in range(900)))
                assert answer_to(stream, signed)["error"]["code"] == 4009
                stream.send(json.dumps(target.alice.subscription("account.orderUpdate")))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(3), 1002),
        (frame(11), 1002),
        (frame(TEXT, bits=0x40), 1002),
        (frame(0, b"x"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, final=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x00\x01"), 1002),
        (b"\x81\x05hello", 1002),
        (frame(TEXT, b"\xff\xfe\xfd"), 1007),
        (frame(TEXT, b"\xc3", final=False) + frame(0, b"\x28"), 1007),
        (frame(TEXT, b"x" * 65_537), 1009),
        (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + bytes(4), 1009),
        (frame(TEXT, b"x" * 40_000, final=False) + frame(0, b"x" * 40_000), 1009),
        (frame(TEXT, final=False) + frame(0, final=False) * 2_000, 1009),
        (frame(PING) * 50_000, 1008),
        (frame(PONG) * 50_000, 1008),
        (frame(BINARY) * 50_000, 1008),
    ],
    ids=lambda value: ascii(value[:6]) + str(len(value)) if isinstance(value, bytes) else str(value),
)
def test_frames_that_break_the_rules_end_the_socket(target: Target, data: bytes, code: int) -> None:
    with target.unharmed(), raw_socket(target) as connection:
        with suppress(ConnectionError):
            connection.sendall(data)
        assert closing_code(connection) in (code, 0 if len(data) > 100_000 else code)


def test_small_frame_that_unpacks_to_a_large_one_ends_the_socket(target: Target) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush(zlib.Z_SYNC_FLUSH)
    extension = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12\r\n"
    assert len(bomb) < 300_000
    for payload in (bomb[:60_000], bomb):
        with target.unharmed(), raw_socket(target, extension) as connection:
            with suppress(ConnectionError):
                connection.sendall(frame(TEXT, payload, bits=0x40))
            assert closing_code(connection) in (1009, 0)


def test_pings_of_a_peer_who_does_not_read_do_not_pile_up(target: Target) -> None:
    with target.unharmed(gateway_growth=16 << 20), raw_socket(target, b"", 4_096) as connection:
        connection.settimeout(2)
        with suppress(OSError):
            for _ in range(2_000):
                connection.sendall(frame(PING, b"x" * 125) * 1_000)


def test_frames_without_end_end_the_socket(target: Target) -> None:
    with target.unharmed(), ExitStack() as stack:
        for _ in range(10):
            stream = stack.enter_context(opened(target))
            answers = 0
            with suppress(ConnectionClosed):
                for _ in range(5_000):
                    stream.send("?")
            with suppress(ConnectionClosed):
                while stream.recv(5):
                    answers += 1
            assert answers < 2_000


def test_readers_of_busy_streams_who_stopped_are_dropped(target: Target) -> None:
    subscription = json.dumps({"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "bookTicker.SOL_USDC"]}).encode()
    orders = [ORDER | {"price": f"{price}"} for price in range(30, 80)]
    before = sockets(target)
    with target.unharmed(), ExitStack() as stack:
        for _ in range(50):
            deaf = stack.enter_context(raw_socket(target, b"", 4_096))
            deaf.sendall(frame(TEXT, subscription))
        held = sockets(target)
        assert held >= before + 50
        for _ in range(600):
            target.alice.send(target.client, "POST", "/api/v1/orders", "orderExecute", orders)
            target.alice.send(target.client, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
            if sockets(target) <= held - 50:
                break
        wait_for(lambda: sockets(target) <= held - 50)


def sockets(target: Target) -> int:
    """Return how many sockets the gateway has open."""
    count = 0
    for name in os.listdir(f"/proc/{target.gateway.pid}/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/{target.gateway.pid}/fd/{name}").startswith("socket:")
    return count


def test_idle_sockets_up_to_the_limit_leave_room_and_further_ones_are_told(target: Target) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    try:
        with target.unharmed(gateway_growth=512 << 20) as observed, ExitStack() as stack:
            for _ in range(4_000):
                stack.enter_context(raw_socket(target))
            with pytest.raises(InvalidStatus) as refused, opened(target):
                pass
            answer = refused.value.response
            assert answer.status_code == 503
            assert json.loads(answer.body or b"")["message"] == "4000 WebSockets are open, which is the limit"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    print(f"{observed.gateway_growth / 4_000:.0f} bytes each")

    def is_open_again() -> bool:
        with suppress(InvalidStatus), opened(target):
            return True
        return False

    wait_for(is_open_again)


@pytest.mark.parametrize("path", ["/ws/", "/api/v1/depth", "/nothing", "/%2e%2e"])
def test_socket_elsewhere_is_not_opened(target: Target, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(target, path):
        pass
    assert refused.value.response.status_code in (403, 404)
    assert b"Traceback" not in (refused.value.response.body or b"")


def test_account_streams_end_soon_after_an_operator_revokes_their_key(target: Target) -> None:
    stolen = Signer(bytes([9] * 32))
    with IdentityStore(sqlite_url(target.directory / "identity.sqlite")) as operator, opened(target) as stream:
        operator.add_key(stolen.key, 1, 64, "stolen", START_US)
        wait_for(lambda: stolen.get(target.client, "/api/v1/capital", "balanceQuery").status_code == 200)
        stream.send(json.dumps(stolen.subscription("account.orderUpdate")))
        assert target.alice.order(target.client, **ORDER).status_code == 200
        assert json.loads(stream.recv(timeout=5))["data"]["e"] == "orderAccepted"
        operator.revoke(stolen.key, START_US)
        assert json.loads(stream.recv(timeout=5))["error"]["code"] == 4001
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    assert stolen.get(target.client, "/api/v1/capital", "balanceQuery").status_code == 401
    body = {"symbol": "SOL_USDC"}
    assert target.alice.send(target.client, "DELETE", "/api/v1/orders", "orderCancelAll", body).status_code == 200
