"""One connection as the node sees it: what came in part, and what waits to go out, both bounded."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence

import numpy as np

from ringfence.node.wire import HELLO_BYTES, PERMITTED_ORIGINS, Role

BACKLOG_BYTES_MAXIMUM = 64 << 20
"""A client that lets more than this wait for it is disconnected; a follower catches up from the log."""

PAUSE_BYTES = 8 << 20
"""While more than this waits for a client, nothing is read from it: it cannot ask faster than it listens."""

Part = bytes | memoryview


class Dropped(Exception):
    """Raised when a connection cannot go on; the text is the reason, empty for a client that simply left."""


class Client:
    """A connected client."""

    def __init__(self, connection: socket.socket, number: int, hello_deadline_s: float) -> None:
        self.connection = connection
        self.number = number
        self.hello_deadline_s = hello_deadline_s
        """When an unintroduced client is disconnected, on the monotonic clock."""
        self.role: Role | None = None
        """None until the hello has come."""
        self.tail = b""
        """The begin of a record, or of the hello, whose rest has not come."""
        self.backlog_bytes = 0
        self._backlog: deque[memoryview] = deque()
        self._permitted = np.zeros(256, dtype=np.bool_)

    @property
    def label(self) -> str:
        """The client's name in the log."""
        return f"client {self.number} ({self.role.name if self.role else 'no hello'})"

    @property
    def paused(self) -> bool:
        """Whether nothing is to be read from it now."""
        return self.backlog_bytes > PAUSE_BYTES

    def introduce(self, role: Role) -> None:
        """Take the role that the hello asked for."""
        self.role = role
        self.tail = b""
        for origin in PERMITTED_ORIGINS[role]:
            self._permitted[origin] = True

    def require_permitted(self, origins: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> None:
        """Raise `Dropped` unless every origin (u1) is one that the client's role may submit."""
        permitted = self._permitted[origins]
        if not permitted.all():
            origin = int(origins[int(np.argmin(permitted))])
            raise Dropped(f"FORBIDDEN_ORIGIN: submitted a command of origin {origin}; nothing of that read was taken")

    def receive_hello(self) -> bytes | None:
        """Return the hello when it is complete."""
        self.tail += self._receive(bytearray(HELLO_BYTES - len(self.tail)))
        return self.tail if len(self.tail) == HELLO_BYTES else None

    def receive_into(self, view: memoryview) -> int:
        """Put the tail and what has come into `view`; return how many bytes stand there now."""
        held = len(self.tail)
        assert len(view) > held, f"{len(view)} bytes cannot take a tail of {held}"
        view[:held] = self.tail
        try:
            received = self.connection.recv_into(view[held:])
        except BlockingIOError:
            return held
        except OSError as error:
            raise Dropped(str(error)) from None
        if not received:
            raise Dropped("")
        return held + received

    def send(self, parts: Sequence[Part]) -> None:
        """Send what goes at once and keep a copy of the rest; `Dropped` when too much would wait."""
        sent = 0
        if not self._backlog:
            sent = self._try_send(parts)
        for part in parts:
            if sent >= len(part):
                sent -= len(part)
                continue
            # The part may lie in a buffer that is used again.
            self._backlog.append(memoryview(bytes(part[sent:])))
            self.backlog_bytes += len(part) - sent
            sent = 0
        if self.backlog_bytes > BACKLOG_BYTES_MAXIMUM:
            raise Dropped(f"TOO_SLOW: {self.backlog_bytes} bytes wait for it, the limit is {BACKLOG_BYTES_MAXIMUM}")

    def flush(self) -> None:
        """Send as much of what waits as goes."""
        while self._backlog:
            part = self._backlog[0]
            sent = self._try_send([part])
            self.backlog_bytes -= sent
            if sent < len(part):
                self._backlog[0] = part[sent:]
                return
            self._backlog.popleft()

    def close(self) -> None:
        """Close the connection and forget what waits."""
        self._backlog.clear()
        self.connection.close()

    def _receive(self, buffer: bytearray) -> bytes:
        try:
            received = self.connection.recv_into(buffer)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise Dropped(str(error)) from None
        if not received:
            raise Dropped("")
        return bytes(buffer[:received])

    def _try_send(self, parts: Sequence[Part]) -> int:
        try:
            return self.connection.sendmsg(parts)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Dropped(str(error)) from None
