"""A gateway's connection to the node: commands in, committed frames out.

    link = await NodeLink.connect(directory)
    ...                                             catch up from the log to link.durable_sequence
    link.submit(records)
    async for first_sequence, records in link.frames(): ...

`ControlClient`, for operators and tools, is offered here too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from ringfence.node.connect import ControlClient, connect
from ringfence.node.errors import LinkBusy, LinkLost
from ringfence.node.wire import Message, MessageKind, MessageReader, Role
from ringfence.schema.layout import RECORD_BYTES

__all__ = ["ControlClient", "NodeLink"]

OUTGOING_BYTES_MAXIMUM = 16 << 20
"""How much may wait to go to the node: 131,072 commands."""

INCOMING_BYTES_MAXIMUM = 16 << 20
"""How much may wait to be taken by `frames` before reading pauses; the node keeps 64 MiB more."""

CONNECT_TIMEOUT_S = 5.0


class NodeLink(asyncio.Protocol):
    """A connection with the role of a gateway: only commands of `Origin.USER` are taken from it. Made by `connect`."""

    durable_sequence: int
    """The node's last durable command at the time of connection; `frames` begins behind it."""

    def __init__(self, durable_sequence: int) -> None:
        self.durable_sequence = durable_sequence
        self._next_sequence = durable_sequence + 1
        self._reader = MessageReader()
        self._messages: deque[Message] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._lost: str | None = None
        self._closed = False

    @classmethod
    async def connect(cls, directory: Path) -> NodeLink:
        """Connect to the node of DIR. Raises `NodeUnavailable` or `NodeRefused`.

        The node keeps 64 MiB for a link that does not read: a gateway that has much to catch up does that first, from
        the log, connects, and catches up the rest.
        """
        connection, welcome = await asyncio.to_thread(connect, directory, Role.GATEWAY, CONNECT_TIMEOUT_S)
        connection.setblocking(False)
        link = cls(welcome.durable_sequence)
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=connection)
        return link

    def submit(self, records: bytes) -> None:
        """Send whole 128-byte records, their request numbers filled in; never waits.

        `LinkBusy` when the node is so far behind that they would not fit, and `LinkLost` when the connection has ended;
        nothing was sent then.
        """
        assert records and len(records) % RECORD_BYTES == 0, f"{len(records)} bytes are not whole records"
        transport = self._transport
        if transport is None or transport.is_closing():
            raise LinkLost(f"LINK_LOST: {self._lost or 'the link is closed'}")
        waiting = transport.get_write_buffer_size()
        if waiting + len(records) > OUTGOING_BYTES_MAXIMUM:
            raise LinkBusy(f"LINK_BUSY: {waiting} bytes wait for the node, the limit is {OUTGOING_BYTES_MAXIMUM}")
        transport.write(records)

    async def frames(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (first sequence, stamped records), durable and dense, as the node commits them.

        Ends after `close`; `LinkLost` when the node ends the connection.
        """
        while True:
            while self._messages:
                yield self._take()
            if self._closed:
                return
            if self._lost is not None:
                raise LinkLost(f"LINK_LOST: {self._lost}")
            self._arrived.clear()
            await self._arrived.wait()

    async def close(self) -> None:
        """End the connection; what was submitted and not yet sent is lost."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()
        self._arrived.set()
        await asyncio.sleep(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come; called by the event loop."""
        for message in self._reader.feed(data):
            assert message.kind == MessageKind.FRAMES, f"message of kind {message.kind}"
            self._messages.append(message)
            self._waiting_bytes += len(message.payload)
        if self._messages:
            self._arrived.set()
        if self._waiting_bytes > INCOMING_BYTES_MAXIMUM and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; called by the event loop."""
        self._lost = f"the node ended the connection ({exc})" if exc else "the node ended the connection; see its log"
        self._arrived.set()

    def _take(self) -> tuple[int, bytes]:
        message = self._messages.popleft()
        self._waiting_bytes -= len(message.payload)
        if self._paused and self._waiting_bytes < INCOMING_BYTES_MAXIMUM // 2 and self._transport:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        assert message.first_sequence == self._next_sequence, (
            f"{message.first_sequence} after {self._next_sequence - 1}"
        )
        self._next_sequence += message.commands
        return message.first_sequence, message.payload
