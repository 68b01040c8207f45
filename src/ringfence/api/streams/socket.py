"""One WebSocket: frames of the client in, messages of its streams out."""

import contextlib
from collections.abc import Awaitable, Callable

import anyio
import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from ..endpoint import address_of, error_response
from ..errors import ApiError, too_many_sockets, unauthorized
from ..gateway import Gateway
from ..limits import RateLimiter
from ..signing import canonical, check_signature, check_window, credentials_from_frame
from ..wire.stream import ClientFrame, ErrorFrame, FrameError
from .hub import Listener, Topic
from .names import is_private, stream_error

PARSE_ERROR = (4002, "Parse error")
UNAUTHORIZED = 4001
TOO_MANY_STREAMS = 4009
CLOSE_POLICY = 1008
FAREWELL_S = 1.0

_decoder = msgspec.json.Decoder(ClientFrame)
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE")


class Refused(Exception):
    """Raised when a frame is answered with an error; the connection stays open."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Sockets:
    """All WebSocket connections of a gateway."""

    def __init__(self, gateway: Gateway, addresses: RateLimiter[str]) -> None:
        self._gateway, self._addresses = gateway, addresses
        self._open = 0
        self._frames: RateLimiter[int] = RateLimiter(gateway.settings.socket_frames_per_minute, gateway.clock_us)
        self._next_number = 0

    @property
    def open_sockets(self) -> int:
        """Return how many connections are open."""
        return self._open

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until either side ends it."""
        try:
            self._addresses.take(address_of(websocket))
            if self._open >= self._gateway.settings.sockets:
                raise too_many_sockets(self._gateway.settings.sockets)
        except ApiError as error:
            await websocket.send_denial_response(error_response(error))
            return
        self._open += 1
        self._next_number += 1
        try:
            await websocket.accept()
            await Connection(websocket, self._gateway, self._addresses, self._frames, self._next_number).run()
        except WebSocketDisconnect:
            return
        finally:
            self._open -= 1


class Connection:
    """One accepted WebSocket."""

    def __init__(
        self,
        websocket: WebSocket,
        gateway: Gateway,
        addresses: RateLimiter[str],
        frames: RateLimiter[int],
        number: int,
    ) -> None:
        self._websocket, self._gateway = websocket, gateway
        self._addresses, self._frames, self._number = addresses, frames, number
        settings = gateway.settings
        self._listener = Listener(settings.socket_queue_messages, settings.socket_queue_bytes)
        self._farewell = ""

    async def run(self) -> None:
        """Read and write until the client leaves, sends too much, or does not read."""
        try:
            async with anyio.create_task_group() as group:
                for task in (self._read, self._write, self._listener.wait_dropped):
                    group.start_soon(_then_cancel, task, group.cancel_scope)
        finally:
            for topic in list(self._listener.topics):
                self._unsubscribe(topic)
        if self._listener.is_dropped:
            self._farewell = "the connection does not read as fast as its streams"
        if self._farewell:
            await self._close(self._farewell)

    async def _close(self, reason: str) -> None:
        with anyio.move_on_after(FAREWELL_S), contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.close(CLOSE_POLICY, reason)

    async def _write(self) -> None:
        while (message := await self._listener.take()) is not None:
            await self._websocket.send_text(message)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] != "websocket.receive":
                return
            try:
                self._frames.take(self._number)
            except ApiError as error:
                self._farewell = error.message
                return
            try:
                self._take_frame(message.get("text") or message.get("bytes") or "")
            except Refused as refused:
                error_frame = ErrorFrame(error=FrameError(code=refused.code, message=refused.message))
                self._listener.put(msgspec.json.encode(error_frame).decode())

    def _take_frame(self, text: str | bytes) -> None:
        try:
            frame = _decoder.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise Refused(*PARSE_ERROR) from None
        if frame.method not in _METHODS:
            raise Refused(*PARSE_ERROR)
        limit = self._gateway.settings.socket_streams
        if len(frame.params) > limit:
            raise Refused(TOO_MANY_STREAMS, f"a frame names at most {limit} streams")
        for stream in frame.params:
            if error := stream_error(stream):
                raise Refused(*error)
        if frame.method == "SUBSCRIBE":
            self._subscribe_all(frame)
        else:
            named = set(frame.params)
            for topic in [topic for topic in self._listener.topics if topic.stream in named]:
                self._unsubscribe(topic)

    def _subscribe_all(self, frame: ClientFrame) -> None:
        account = self._account(frame) if any(map(is_private, frame.params)) else 0
        topics = {Topic(stream, account if is_private(stream) else 0) for stream in frame.params}
        limit = self._gateway.settings.socket_streams
        if len(self._listener.topics | topics) > limit:
            raise Refused(TOO_MANY_STREAMS, f"a connection subscribes at most {limit} streams")
        for topic in topics - self._listener.topics:
            self._gateway.hub.subscribe(self._listener, topic)
            if topic.account:
                self._gateway.private.begin(topic.account, topic.stream)

    def _unsubscribe(self, topic: Topic) -> None:
        self._gateway.hub.unsubscribe(self._listener, topic)
        if topic.account:
            self._gateway.private.end(topic.account, topic.stream)

    def _account(self, frame: ClientFrame) -> int:
        """Return the account that signed the frame; the names of streams are not signed."""
        if frame.signature is None:
            raise Refused(UNAUTHORIZED, "account streams need a `signature`")
        address = address_of(self._websocket)
        try:
            self._addresses.check(address)
            try:
                return self._signer(frame.signature)
            except ApiError:
                self._addresses.take(address)
                raise
        except ApiError as error:
            raise Refused(UNAUTHORIZED, error.message) from None

    def _signer(self, signature: list[str]) -> int:
        credentials = credentials_from_frame(signature)
        check_window(credentials, self._gateway.clock_us() // 1_000)
        key = self._gateway.keys.find_key(credentials.key)
        if key is None:
            raise unauthorized("the API key is not known to this venue")
        check_signature(credentials, lambda encoded: canonical("subscribe", (), (), encoded))
        return key.account


async def _then_cancel(task: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
    """Run one side of a connection; when it ends, or the client has left, the others end too."""
    with contextlib.suppress(WebSocketDisconnect):
        await task()
    scope.cancel()
