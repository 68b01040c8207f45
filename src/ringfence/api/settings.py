"""Limits of the API; each has the value that the wire's clients are written for."""

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway takes from the outside, and how long it waits for the inside."""

    signed_requests_per_minute: int = 2_000
    """Signed requests of one account."""
    public_requests_per_minute: int = 2_000
    """Requests of one address without a key, failed signatures included."""
    body_bytes: int = 64 * 1024
    """Largest body of a request."""
    header_bytes: int = 16 * 1024
    """Largest request line and headers together."""
    header_seconds: int = 20
    """How long a connection may take to send a whole request line and headers."""
    body_seconds: int = 20
    """How long a whole body may take to come."""
    write_seconds: int = 30
    """How long a client may leave an answer unread before its connection is cut."""
    batch_orders: int = 50
    """Most orders of one batch."""
    connections: int = 12_000
    """Open connections of both kinds; further ones are answered 503."""
    sockets: int = 4_000
    """Open WebSocket connections."""
    socket_frame_bytes: int = 64 * 1024
    """Largest frame that a client may send."""
    socket_frames_per_minute: int = 1_200
    """Frames that a client may send."""
    socket_streams: int = 1_000
    """Streams that one WebSocket may subscribe."""
    socket_queue_messages: int = 2_000
    """Messages that may wait for one reader before he is dropped."""
    socket_queue_bytes: int = 4 * 1024 * 1024
    """Bytes that may wait for one reader before he is dropped."""
    ping_interval_s: int = 60
    """How often the server pings a WebSocket."""
    ping_timeout_s: int = 120
    """How long it waits for the answer before it closes."""
    reply_timeout_ms: int = 5_000
    """How long a command waits for the node before its state is said to be unknown."""
    history_timeout_ms: int = 2_000
    """How long a history request waits for the account's own last command."""
