"""The way of quotes to the node: a connection that may submit nothing else, made again when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ringfence.node.connect import ControlClient
from ringfence.node.errors import NodeError
from ringfence.node.wire import Role
from ringfence.schema.commands import Quote
from ringfence.schema.events import Event


class NodeQuotes:
    """Submits quotes to the node of DIR and waits for their events; one batch at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._client: ControlClient | None = None

    async def submit(self, quotes: Sequence[Quote]) -> list[list[Event]]:
        """Return the events of each quote once they are durable. ``NodeError`` when there is no node to take them."""
        return await asyncio.to_thread(self._submit, quotes)

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _submit(self, quotes: Sequence[Quote]) -> list[list[Event]]:
        if self._client is None:
            self._client = ControlClient(self._directory, role=Role.PRICES)
        try:
            return self._client.submit(quotes)
        except NodeError:
            self.close()
            raise
