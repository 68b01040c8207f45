"""uvicorn's connections with bounds that it leaves open: how long and how large a request's head may be, how many
requests and frames may come at once, and what becomes of a peer who stopped reading.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from .settings import ApiSettings

PIPELINED_MAXIMUM = 64
"""Requests of one connection that may wait for the answers before theirs."""

SLICE_BYTES = 4_096
"""How much of what came is read as frames at once: a frame may have 6 bytes, and each costs some microseconds."""

FRAGMENTS_MAXIMUM = 1_000
"""Frames of one message; empty ones would else cost memory and count as nothing."""

FRAMES_WINDOW_S = 60.0
_INVALID_DATA, _POLICY, _TOO_BIG = 1007, 1008, 1009


def bounded_http_protocol(settings: ApiSettings) -> type[asyncio.Protocol]:
    """Return a protocol class that closes connections whose head is too large or does not come, or that do not read."""
    return type("BoundedHttpProtocol", (_BoundedHttp,), {"settings": settings})


def bounded_socket_protocol(settings: ApiSettings) -> type[asyncio.Protocol]:
    """Return a protocol class that ends WebSockets whose peer floods, and does not wait for those who do not read."""
    return type("BoundedSocketProtocol", (_BoundedSocket,), {"settings": settings})


class _BoundedHttp(HttpToolsProtocol):
    """A connection that must send each head, and take each answer, within bounds."""

    settings: ApiSettings

    head_bytes = idle_bytes = 0
    answering: RequestResponseCycle | None = None
    head_timer: asyncio.TimerHandle | None = None
    write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Without a buffer to be filled first, writing pauses as soon as the peer does not take what is his.
        transport.set_write_buffer_limits(high=0)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        self._end_write()
        self._forget_answers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.idle_bytes += len(data)
        super().data_received(data)
        if self.idle_bytes > self.settings.header_bytes and not self.transport.is_closing():
            self.send_400_response("the request line and headers are too large")
        elif self._awaits_head():
            self._begin_head()

    def send_400_response(self, msg: str) -> None:
        # Whoever still works on an answer must not write it behind this one.
        self._forget_answers()
        super().send_400_response(msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.idle_bytes = 0
        self._end_head()
        if len(self.pipeline) >= PIPELINED_MAXIMUM:
            raise httptools.HttpParserError("too many requests wait for their answers")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.idle_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.idle_bytes = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.write_timer is None:
            self.write_timer = self.loop.call_later(self.settings.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._end_write()
        super().resume_writing()

    def _forget_answers(self) -> None:
        """Let nothing more be written; uvicorn tells only the last of several requests that the peer is gone."""
        if self.answering is not None:
            self.answering.disconnected = True
            self.answering.message_event.set()
        self.pipeline.clear()

    def _awaits_head(self) -> bool:
        """Tell whether nothing is being answered and nothing else watches the time."""
        if self.transport.is_closing() or self.timeout_keep_alive_task is not None:
            return False
        if self.transport.get_protocol() is not self:
            return False  # It has become a WebSocket.
        return self.answering is None or (self.answering.response_complete and not self.pipeline)

    def _count_head(self, count: int) -> None:
        self.head_bytes += count
        if self.head_bytes > self.settings.header_bytes:
            raise httptools.HttpParserError("the request line and headers are too large")

    def _begin_head(self) -> None:
        if self.head_timer is None:
            self.head_timer = self.loop.call_later(self.settings.header_seconds, self.transport.close)

    def _end_head(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _end_write(self) -> None:
        if self.write_timer is not None:
            self.write_timer.cancel()
            self.write_timer = None


class _BoundedSocket(WebSocketsSansIOProtocol):
    """A WebSocket; pings, pongs and fragments count here, messages are counted by the application as well."""

    settings: ApiSettings

    frames_begin_s = 0.0
    frames_count = 0

    @property
    def frames_maximum(self) -> int:
        """Return how many frames of all kinds may come in a minute."""
        return 2 * self.settings.socket_frames_per_minute

    def data_received(self, data: bytes) -> None:
        for begin in range(0, len(data), SLICE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + SLICE_BYTES])

    def handle_text(self, event: Frame) -> None:
        if self._takes_frame():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        if self._takes_frame():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        if not self._takes_frame():
            return
        if len(self.frames) >= FRAGMENTS_MAXIMUM:
            self._refuse(_TOO_BIG, f"a message has at most {FRAGMENTS_MAXIMUM} frames")
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if not self._takes_frame():
            return
        if self.writable.is_set():
            super().handle_ping()
        else:
            # He does not read: pongs would pile up. What the library has prepared is let go.
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        if self._takes_frame():
            super().handle_pong(event)

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        # What the application still sends has nowhere to go, which is no fault of its own.
        self.disconnected = True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.disconnected = True

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._refuse(_INVALID_DATA, "the text is not UTF-8")
        else:
            super().send_receive_event_to_app()

    async def run_asgi(self) -> Any:
        """Run the application; when it ends with unsent bytes in the way, cut the connection."""
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()

    def _takes_frame(self) -> bool:
        """Count a frame; tell whether the connection goes on."""
        if self.transport.is_closing():
            return False
        now_s = self.loop.time()
        if now_s - self.frames_begin_s > FRAMES_WINDOW_S:
            self.frames_begin_s, self.frames_count = now_s, 0
        self.frames_count += 1
        if self.frames_count > self.frames_maximum:
            self._refuse(_POLICY, f"more than {self.frames_maximum} frames a minute")
            return False
        return True

    def _refuse(self, code: int, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
