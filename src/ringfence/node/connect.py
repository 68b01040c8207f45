"""A client's way to the node, and the blocking client for operators and tools."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import TYPE_CHECKING

from ringfence.node.errors import LinkLost, NodeUnavailable
from ringfence.node.socket_path import socket_path
from ringfence.node.wire import (
    SOCKET_NAME,
    WELCOME_BYTES,
    Message,
    MessageKind,
    MessageReader,
    Role,
    Welcome,
    decode_welcome,
    encode_hello,
)
from ringfence.schema.commands import Command
from ringfence.schema.enums import Origin
from ringfence.schema.events import Event
from ringfence.schema.layout import RECORD_BYTES, decode_event, encode

if TYPE_CHECKING:
    from ringfence.node.replica import Records

CHUNK_RECORDS = 1_024
KNOCK_PAUSE_S = 0.01
RECEIVE_BYTES = 1 << 18

_SEQUENCE = Struct("<q")


def connect(directory: Path, role: Role, timeout_s: float) -> tuple[socket.socket, Welcome]:
    """Return a blocking connection to the node of DIR and its welcome.

    `NodeUnavailable` when no node answers in time, `NodeRefused` with the node's sentence when it refuses.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        with socket_path(directory) as path:
            _knock(connection, path, timeout_s)
        # A node that has no room refuses and hangs up at once: its sentence is there to be read all the same.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(encode_hello(role))
        return connection, decode_welcome(_receive_exactly(connection, WELCOME_BYTES))
    except OSError as error:
        connection.close()
        where = directory / SOCKET_NAME
        raise NodeUnavailable(f"NODE_UNAVAILABLE: no node answers at {where} ({error}); is it running?") from error
    except BaseException:
        connection.close()
        raise


class ControlClient:
    """Submits commands of the origins that its role may give and waits for their events."""

    def __init__(self, directory: Path, timeout_s: float = 5.0, role: Role = Role.CONTROL) -> None:
        assert role is not Role.GATEWAY, "a gateway is sent frames"
        self._directory = directory
        self._connection, self.welcome = connect(directory, role, timeout_s)
        self._reader = MessageReader()

    def submit(self, commands: Sequence[Command], origin: Origin | None = None) -> list[list[Event]]:
        """Return the events of each command, in order, when all are durable.

        `origin` defaults, for each command, to the first that may give it. A refusal by the core is a `Rejected` event.
        Raises `LinkLost` when the node ends or `timeout_s` passes without an answer: then the commands that were not
        answered may or may not be in the log.
        """
        answered: list[list[Event]] = []
        for begin in range(0, len(commands), CHUNK_RECORDS):
            chunk = commands[begin : begin + CHUNK_RECORDS]
            data = b"".join(encode(command, origin) for command in chunk)
            for message in self._exchange(data, len(chunk)):
                answered += _events_by_command(message)
        return answered

    def submit_records(self, records: Records) -> Records:
        """Submit encoded commands, request and origin filled in, and return all their events."""
        # Imported here, so that whoever submits only commands does not load the core.
        from ringfence.node.replica import as_records

        payloads: list[bytes] = []
        for begin in range(0, records.size, CHUNK_RECORDS):
            chunk = records[begin : begin + CHUNK_RECORDS]
            payloads += [message.payload for message in self._exchange(chunk.tobytes(), chunk.size)]
        return as_records(b"".join(payloads))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, data: bytes, commands: int) -> Iterable[Message]:
        """Send a chunk and return the messages that answer it; chunks are small enough for the node to take whole."""
        messages: list[Message] = []
        try:
            self._connection.sendall(data)
            while commands:
                received = self._connection.recv(RECEIVE_BYTES)
                if not received:
                    raise LinkLost(f"LINK_LOST: the node of {self._directory} ended the connection; see its log")
                for message in self._reader.feed(received):
                    assert message.kind == MessageKind.EVENTS, f"message of kind {message.kind}"
                    messages.append(message)
                    commands -= message.commands
        except OSError as error:
            raise LinkLost(f"LINK_LOST: the node of {self._directory} does not answer: {error}") from error
        assert commands == 0, f"{-commands} more commands were answered than sent"
        return messages


def _knock(connection: socket.socket, path: str, timeout_s: float) -> None:
    """Connect, again and again while more wait at the door than the system lets wait."""
    ends_s = time.monotonic() + timeout_s
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > ends_s:
                raise
            time.sleep(KNOCK_PAUSE_S)


def _events_by_command(message: Message) -> list[list[Event]]:
    found: list[list[Event]] = [[] for _ in range(message.commands)]
    view = memoryview(message.payload)
    for begin in range(0, len(view), RECORD_BYTES):
        sequence: int = _SEQUENCE.unpack_from(view, begin)[0]
        found[sequence - message.first_sequence].append(decode_event(view[begin : begin + RECORD_BYTES]))
    return found


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        received = connection.recv(length - len(data))
        if not received:
            raise ConnectionResetError("the connection ended before the welcome")
        data += received
    return data
