"""The node's one loop: drain the sockets, commit the batch, answer; and let a second pass when it is due.

Everything that touches the state happens on this thread, so nobody's submission can overtake another's, and while it is
busy the clients' socket buffers fill and hold them back. A reply leaves only after its command is durable and applied.
"""

from __future__ import annotations

import selectors
import signal
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import numpy as np

from ringfence.node.client import Client, Dropped
from ringfence.node.door import Door
from ringfence.node.engine import Committed, Engine
from ringfence.node.replay import BATCH_RECORDS
from ringfence.node.replica import Records, bytes_of, events_end
from ringfence.node.wire import MessageKind, Role, encode_message_header
from ringfence.schema.layout import COMMAND_HEADER, RECORD, RECORD_BYTES

TICK_S = 1.0
FAREWELL_S = 1.0
"""How long a node that ends waits for clients to take what is theirs."""


class Share(NamedTuple):
    """Whose records stand where in a batch."""

    client: Client
    begin: int
    end: int


class Server:
    """Serves an open engine at DIR/control.sock until `stop`."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self._engine = engine
        self._selector = selectors.DefaultSelector()
        self._door = Door(directory, self._selector)
        self._buffer = np.zeros(BATCH_RECORDS * RECORD_BYTES, dtype=np.uint8)
        self._view = self._buffer.data
        self._ending = False
        self._tick_due_s = time.monotonic()

    def stop(self) -> None:
        """End the loop after the present round; may be called from a signal handler."""
        self._ending = True

    def run(self) -> None:
        """Serve until `stop`; then commit what was read, checkpoint, and say goodbye. Raises `CoreStopped`."""
        with _wakes_on_signal(self._selector):
            try:
                while not self._ending:
                    self._round()
                self._publish(self._engine.tick())
                self._say_farewell()
            finally:
                self._door.close()
        self._selector.close()

    def _round(self) -> None:
        wait_s = 0.0 if self._engine.has_work else max(0.0, self._tick_due_s - time.monotonic())
        ready = self._selector.select(wait_s)
        readers: list[Client] = []
        for key, events in ready:
            if isinstance(key.data, Client):
                if self._serve(key.data, events):
                    readers.append(key.data)
            elif key.data is None:
                self._door.accept()
            else:
                key.data()
        shares = self._drain(readers)
        if shares:
            records: Records = self._buffer[: shares[-1].end * RECORD_BYTES].view(RECORD)
            committed = self._engine.submit(records)
            self._publish(committed)
            self._answer(committed, shares)
        # A few triggers and one page of a settlement a round, so that nobody's command waits for more.
        for done in self._engine.go_on():
            self._publish(done)
        if time.monotonic() >= self._tick_due_s:
            self._tick()

    def _tick(self) -> None:
        """Let a second pass. Seconds that were missed have passed with it: the next one is due in a second."""
        self._tick_due_s = time.monotonic() + TICK_S
        self._publish(self._engine.tick())
        self._door.each_second()

    def _serve(self, client: Client, events: int) -> bool:
        """Send what waits, read a hello; tell whether there are commands to be read."""
        with self._dropping(client):
            if events & selectors.EVENT_WRITE:
                client.flush()
                self._door.watch(client)
            if events & selectors.EVENT_READ and client.role is None:
                self._door.greet(client, self._engine.sequence)
                return False
        return client in self._door.clients and bool(events & selectors.EVENT_READ)

    def _drain(self, readers: list[Client]) -> list[Share]:
        """Read from each client its fair part of the batch, whole records only, origins checked."""
        shares: list[Share] = []
        place = 0
        for index, client in enumerate(readers):
            with self._dropping(client):
                room = (BATCH_RECORDS - place) // (len(readers) - index)
                count = self._receive(client, place, room)
                if count:
                    shares.append(Share(client, place, place + count))
                    place += count
        return shares

    def _receive(self, client: Client, place: int, room: int) -> int:
        """Read up to `room` records of a client to `place` in the batch and return how many there are."""
        assert room > 0, "the batch has room for every client"
        begin = place * RECORD_BYTES
        held = client.receive_into(self._view[begin : begin + room * RECORD_BYTES])
        count, rest = divmod(held, RECORD_BYTES)
        end = begin + count * RECORD_BYTES
        client.tail = bytes(self._view[end : end + rest])
        if count:
            client.require_permitted(self._buffer[begin:end].view(COMMAND_HEADER)["origin"])
        return count

    def _publish(self, committed: Committed) -> None:
        """Send the stamped records to every gateway, as they stand in the batch."""
        header = encode_message_header(
            MessageKind.FRAMES, committed.records.nbytes, committed.first_sequence, committed.records.size
        )
        payload = bytes_of(committed.records)
        for client in [c for c in self._door.clients if c.role is Role.GATEWAY]:
            self._send(client, header, payload)

    def _answer(self, committed: Committed, shares: list[Share]) -> None:
        """Send the events of their own commands to the clients of a batch that do not follow the log."""
        events = committed.events
        for client, begin, end in shares:
            if client.role is Role.GATEWAY or client not in self._door.clients:
                continue
            first = committed.first_sequence + begin
            own = events[events_end(events, first - 1) : events_end(events, first + end - begin - 1)]
            header = encode_message_header(MessageKind.EVENTS, own.nbytes, first, end - begin)
            self._send(client, header, bytes_of(own))

    def _send(self, client: Client, header: bytes, payload: memoryview) -> None:
        with self._dropping(client):
            client.send([header, payload])
            self._door.watch(client)

    def _say_farewell(self) -> None:
        """Give clients a moment to take what waits for them."""
        ends_s = time.monotonic() + FAREWELL_S
        while time.monotonic() < ends_s and any(c.backlog_bytes for c in self._door.clients):
            for key, events in self._selector.select(0.05):
                if isinstance(key.data, Client) and events & selectors.EVENT_WRITE:
                    with self._dropping(key.data):
                        key.data.flush()

    @contextmanager
    def _dropping(self, client: Client) -> Generator[None]:
        try:
            yield
        except Dropped as reason:
            self._door.drop(client, str(reason))


@contextmanager
def _wakes_on_signal(selector: selectors.BaseSelector) -> Generator[None]:
    """Make a signal end a wait of the selector, which the system would else resume."""
    inside, outside = socket.socketpair()
    inside.setblocking(False)
    outside.setblocking(False)
    previous = signal.set_wakeup_fd(outside.fileno())
    selector.register(inside, selectors.EVENT_READ, lambda: inside.recv(4096))
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        selector.unregister(inside)
        inside.close()
        outside.close()


def stop_on_signals(server: Server) -> None:
    """Let SIGTERM and SIGINT end the server; to be called before anybody is told that it is ready."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
