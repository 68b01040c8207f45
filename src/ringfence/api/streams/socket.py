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
KEY_REVOKED = "the API key does not work any more; the account streams subscribed with it have ended"

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
        self._connections: set[Connection] = set()
        self._frames: RateLimiter[int] = RateLimiter(gateway.settings.socket_frames_per_minute, gateway.clock_us)
        self._next_number = 0
        gateway.on_keys_changed.append(self._end_revoked)

    @property
    def open_sockets(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until either side ends it."""
        try:
            self._addresses.take(address_of(websocket))
            if self.open_sockets >= self._gateway.settings.sockets:
                raise too_many_sockets(self._gateway.settings.sockets)
        except ApiError as error:
            await websocket.send_denial_response(error_response(error))
            return
        self._next_number += 1
        connection = Connection(websocket, self._gateway, self._addresses, self._frames, self._next_number)
        self._connections.add(connection)
        try:
            await websocket.accept()
            await connection.run()
        except WebSocketDisconnect:
            return
        finally:
            self._connections.discard(connection)

    def _end_revoked(self) -> None:
        for connection in self._connections:
            connection.end_revoked()


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
        self._keys: dict[Topic, str] = {}
        self._farewell = self._last_frame = ""

    def end_revoked(self) -> None:
        """End the account streams whose key has been revoked, and the connection if it has no others."""
        revoked = [topic for topic, key in self._keys.items() if self._gateway.keys.find_key(key) is None]
        if not revoked:
            return
        for topic in revoked:
            self._unsubscribe(topic)
        frame = error_text(UNAUTHORIZED, KEY_REVOKED)
        if self._listener.topics:
            self._listener.put(frame)
        else:
            # Nothing of what still waits is for him.
            self._farewell, self._last_frame = KEY_REVOKED, frame
            self._listener.drop()

    async def run(self) -> None:
        """Read and write until the client leaves, sends too much, or does not read."""
        try:
            async with anyio.create_task_group() as group:
                for task in (self._read, self._write, self._listener.wait_dropped):
                    group.start_soon(_then_cancel, task, group.cancel_scope)
        finally:
            for topic in list(self._listener.topics):
                self._unsubscribe(topic)
        if self._listener.is_dropped and not self._farewell:
            self._farewell = "the connection does not read as fast as its streams"
        if self._farewell:
            await self._close(self._farewell)

    async def _close(self, reason: str) -> None:
        with anyio.move_on_after(FAREWELL_S), contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
            if self._last_frame:
                await self._websocket.send_text(self._last_frame)
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
                self._listener.put(error_text(refused.code, refused.message))

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
        account, key = self._account(frame) if any(map(is_private, frame.params)) else (0, "")
        topics = {Topic(stream, account if is_private(stream) else 0) for stream in frame.params}
        limit = self._gateway.settings.socket_streams
        if len(self._listener.topics | topics) > limit:
            raise Refused(TOO_MANY_STREAMS, f"a connection subscribes at most {limit} streams")
        for topic in topics - self._listener.topics:
            self._gateway.hub.subscribe(self._listener, topic)
            if topic.account:
                self._gateway.private.begin(topic.account, topic.stream)
                self._gateway.futures.begin(topic.account, topic.stream, self._listener)
        # Who subscribes again stays by the key that he signed with last.
        self._keys |= {topic: key for topic in topics if topic.account}

    def _unsubscribe(self, topic: Topic) -> None:
        self._gateway.hub.unsubscribe(self._listener, topic)
        if topic.account:
            self._gateway.private.end(topic.account, topic.stream)
            self._gateway.futures.end(topic.account, topic.stream)
            del self._keys[topic]

    def _account(self, frame: ClientFrame) -> tuple[int, str]:
        """Return the account that signed the frame, and its key; the names of streams are not signed."""
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

    def _signer(self, signature: list[str]) -> tuple[int, str]:
        credentials = credentials_from_frame(signature)
        check_window(credentials, self._gateway.clock_us() // 1_000)
        key = self._gateway.keys.find_key(credentials.key)
        if key is None:
            raise unauthorized("the API key is not known to this venue")
        check_signature(credentials, lambda encoded: canonical("subscribe", (), (), encoded))
        return key.account, credentials.key


def error_text(code: int, message: str) -> str:
    """Return the frame that tells an error."""
    return msgspec.json.encode(ErrorFrame(error=FrameError(code=code, message=message))).decode()


async def _then_cancel(task: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
    """Run one side of a connection; when it ends, or the client has left, the others end too."""
    with contextlib.suppress(WebSocketDisconnect):
        await task()
    scope.cancel()
