"""DIR/control.sock: who may come in, and who must go."""

from __future__ import annotations

import os
import selectors
import socket
import sys
import time
from pathlib import Path

from ringfence.node.client import Client, Dropped
from ringfence.node.socket_path import socket_path
from ringfence.node.wire import SOCKET_NAME, decode_hello, encode_refusal, encode_welcome

CLIENTS_MAXIMUM = 256
ACCEPTS_PER_ROUND = 64
HELLO_TIMEOUT_S = 5.0
LISTEN_BACKLOG = 128


def log(sentence: str) -> None:
    """Write a line to the log, which is stderr."""
    print(f"node: {sentence}", file=sys.stderr, flush=True)


class Door:
    """The listening socket and the clients, registered with a selector.

    Selector keys carry the `Client`, or None for the door itself.
    """

    def __init__(self, directory: Path, selector: selectors.BaseSelector) -> None:
        self.clients: set[Client] = set()
        self._selector = selector
        self._path = directory / SOCKET_NAME
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listening = False
        self._accepted = 0
        self._refused = 0
        # The directory's lock is ours, so a socket that stands there belongs to no living node.
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            with socket_path(directory) as path:
                self._listener.bind(path)
        finally:
            os.umask(mask)
        self._listener.listen(LISTEN_BACKLOG)
        self._listen()

    def accept(self) -> None:
        """Take in who waits outside, a bounded number at a time; refuse those for whom there is no room."""
        for _ in range(ACCEPTS_PER_ROUND):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # No descriptors are left: look again with the next tick rather than at once.
                log(f"cannot accept connections: {error}")
                self._pause()
                return
            connection.setblocking(False)
            if len(self.clients) >= CLIENTS_MAXIMUM:
                self._turn_away(connection)
                continue
            self._accepted += 1
            client = Client(connection, self._accepted, time.monotonic() + HELLO_TIMEOUT_S)
            self.clients.add(client)
            self._selector.register(connection, selectors.EVENT_READ, client)

    def greet(self, client: Client, durable_sequence: int) -> None:
        """Read a client's hello and answer it when it is complete; `Dropped` when it is refused."""
        hello = client.receive_hello()
        if hello is None:
            return
        role = decode_hello(hello)
        if isinstance(role, str):
            client.send([encode_refusal(role)])
            raise Dropped(role)
        client.introduce(role)
        client.send([encode_welcome(os.getpid(), durable_sequence)])
        log(f"{client.label} connected at sequence {durable_sequence}")

    def drop(self, client: Client, reason: str) -> None:
        """End a connection; what a client sent before stays committed."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        if client.role is not None or reason:
            log(f"{client.label} disconnected{': ' + reason if reason else ''}")
        self._selector.unregister(client.connection)
        client.close()

    def watch(self, client: Client) -> None:
        """Wait for what the client can do now: write while something waits for it, read unless it is paused."""
        interest = selectors.EVENT_WRITE if client.backlog_bytes else 0
        if not client.paused:
            interest |= selectors.EVENT_READ
        if self._selector.get_key(client.connection).events != interest:
            self._selector.modify(client.connection, interest, client)

    def each_second(self) -> None:
        """Disconnect who has not introduced himself, report who was turned away, and listen again after a pause."""
        now_s = time.monotonic()
        for client in [c for c in self.clients if c.role is None and c.hello_deadline_s < now_s]:
            self.drop(client, f"no hello within {HELLO_TIMEOUT_S:.0f} s")
        if self._refused:
            log(f"TOO_MANY_CLIENTS: {self._refused} connections refused, the limit is {CLIENTS_MAXIMUM}")
            self._refused = 0
        self._listen()

    def close(self) -> None:
        """Disconnect everybody and remove the socket."""
        for client in list(self.clients):
            self.drop(client, "")
        self._pause()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _turn_away(self, connection: socket.socket) -> None:
        self._refused += 1
        sentence = f"TOO_MANY_CLIENTS: the node serves {CLIENTS_MAXIMUM} connections at once; try again later"
        try:
            connection.send(encode_refusal(sentence))
        except OSError:
            pass
        finally:
            connection.close()

    def _listen(self) -> None:
        if not self._listening:
            self._selector.register(self._listener, selectors.EVENT_READ, None)
            self._listening = True

    def _pause(self) -> None:
        if self._listening:
            self._selector.unregister(self._listener)
            self._listening = False
