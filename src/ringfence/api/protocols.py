"""uvicorn's connections with bounds that it leaves open: how long and how large a request's head may be, and what
becomes of a WebSocket whose peer stopped reading.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .settings import ApiSettings


def bounded_http_protocol(settings: ApiSettings) -> type[asyncio.Protocol]:
    """Return a protocol class that closes connections whose head is too large or does not come."""

    class BoundedHttpProtocol(HttpToolsProtocol):
        """A connection that must send each head within bounds."""

        head_bytes = header_bytes = 0
        head_complete = False
        head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.head_timer = self.loop.call_later(settings.header_seconds, transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.head_complete:
                self.head_bytes += len(data)
                if self.head_bytes > settings.header_bytes + settings.body_bytes:
                    self.send_400_response("the request line and headers are too large")
                    return
            super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.head_bytes, self.header_bytes, self.head_complete = 0, 0, False

        def on_header(self, name: bytes, value: bytes) -> None:
            super().on_header(name, value)
            self.header_bytes += len(name) + len(value)
            if self.header_bytes > settings.header_bytes:
                raise httptools.HttpParserError("the headers are too large")

        def on_headers_complete(self) -> None:
            self.head_complete = True
            self._end_timer()
            super().on_headers_complete()

        def _end_timer(self) -> None:
            if self.head_timer is not None:
                self.head_timer.cancel()
                self.head_timer = None

    return BoundedHttpProtocol


class AbortingWebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that does not wait for a peer who stopped reading once the application has ended."""

    async def run_asgi(self) -> Any:
        """Run the application; when it ends with unsent bytes in the way, cut the connection."""
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()
