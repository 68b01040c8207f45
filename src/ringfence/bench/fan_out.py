"""Readers of WebSocket streams that only count: many of them in one process, cheaper than the server."""

import json
import os
import selectors
import socket
import time
from base64 import b64encode
from collections.abc import Sequence

QUIET_S = 1.0
RECEIVE_BYTES = 1 << 18
TEXT, CLOSE = 0x1, 0x8
HEAD_BYTES, SHORT, LENGTH_16 = 2, 125, 126


def masked_text(text: str) -> bytes:
    """Return a client's text frame; the mask is zero, which leaves the text as it is (RFC 6455, 5.2 and 5.3)."""
    data = text.encode()
    assert len(data) < 1 << 16, len(data)
    head = bytes([0x80 | TEXT, 0x80 | LENGTH_16]) + len(data).to_bytes(2, "big")
    return head + bytes(4) + data


def split_frames(data: bytes) -> tuple[int, bool, bytes]:
    """Return how many text frames of a server are complete, whether it closes, and the rest (RFC 6455, 5.2)."""
    texts, closing, at = 0, False, 0
    while len(data) - at >= HEAD_BYTES:
        length, begin = data[at + 1], at + HEAD_BYTES
        if length > SHORT:
            wide = 2 if length == LENGTH_16 else 8
            length, begin = int.from_bytes(data[begin : begin + wide], "big"), begin + wide
        if len(data) < begin + length:
            break
        kind = data[at] & 0x0F
        texts, closing, at = texts + (kind == TEXT), closing or kind == CLOSE, begin + length
    return texts, closing, data[at:]


def subscribed(port: int, streams: Sequence[str]) -> socket.socket:
    """Return a WebSocket that has subscribed."""
    connection = socket.create_connection(("127.0.0.1", port))
    key = b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    reply = connection.recv(4_096)
    assert reply.startswith(b"HTTP/1.1 101"), reply
    connection.sendall(masked_text(json.dumps({"method": "SUBSCRIBE", "params": list(streams)})))
    return connection


class Subscribers:
    """So many readers of the same streams."""

    def __init__(self, port: int, readers: int, streams: Sequence[str]) -> None:
        self.messages, self.connected, self.last_s = 0, readers, time.perf_counter()
        self._selector = selectors.DefaultSelector()
        self._rests: dict[socket.socket, bytes] = {}
        for _ in range(readers):
            connection = subscribed(port, streams)
            self._rests[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ)
        self.read_to_the_end()
        self.messages = 0

    def read(self, seconds: float) -> None:
        """Read what has come and what comes in this time."""
        ends_s = time.perf_counter() + seconds
        while (left_s := ends_s - time.perf_counter()) > 0:
            for key, _ in self._selector.select(left_s):
                assert isinstance(key.fileobj, socket.socket)
                self._read_one(key.fileobj)

    def read_to_the_end(self) -> None:
        """Read until nothing has come for a while."""
        self.last_s = time.perf_counter()
        while time.perf_counter() - self.last_s < QUIET_S:
            self.read(QUIET_S / 10)

    def _read_one(self, connection: socket.socket) -> None:
        data = connection.recv(RECEIVE_BYTES)
        texts, closing, self._rests[connection] = split_frames(self._rests[connection] + data)
        self.messages += texts
        self.last_s = time.perf_counter()
        if closing or not data:
            self.connected -= 1
            self._selector.unregister(connection)

    def __enter__(self) -> "Subscribers":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._rests:
            connection.close()
        self._selector.close()
