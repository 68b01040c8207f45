"""Serving: a socket, uvicorn with sensible limits, and the gateway of a data directory."""

import asyncio
import errno
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from .application import make_application
from .opening import open_gateway
from .protocols import bounded_http_protocol, bounded_socket_protocol
from .settings import ApiSettings
from .state import VenueState

logger = logging.getLogger("ringfence.api")

BACKLOG = 4_096
SEND_BUFFER_BYTES = 128 * 1024
GRACE_S = 5
PORTS_TRIED = 100


class PortTaken(Exception):
    """Raised when the port to listen on is taken; the message names one that is free."""


def wall_clock_us() -> int:
    """Return the time in microseconds UTC since 1970."""
    return time.time_ns() // 1_000


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one. Raises ``PortTaken``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        # Accepted connections inherit this: what the kernel holds for a reader who stopped is bounded too.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind((host, port))
        # Listening here, and not first in the server, is what shows that somebody else listens already.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(f"port {port} on {host} is taken; port {free_port(host, port)} is free") from None
    return listener


def free_port(host: str, after: int) -> int:
    """Return the next port after one that nobody listens on, or one that the system picks."""
    for port in (*range(after + 1, min(after + PORTS_TRIED, 65_536)), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("port 0 is always given")


def serve(
    directory: Path,
    host: str,
    port: int,
    ready: Callable[[int], None],
    settings: ApiSettings | None = None,
    snippet: Callable[[int], str] | None = None,
    opened: Callable[[VenueState], None] | None = None,
) -> None:
    """Serve the venue of a data directory, whose node runs, until SIGTERM or SIGINT.

    ``ready`` is called with the real port once requests are answered; ``snippet`` gives the text of the page for it.
    ``opened`` is given the venue's state, which is up to date once requests are answered and changes on this thread.
    Nothing is written to stdout. Raises ``PortTaken`` before anything else is opened.
    """
    settings = settings or ApiSettings()
    listener = bind(host, port)
    with listener:
        real_port = int(listener.getsockname()[1])
        raise_open_files()
        gateway, close = open_gateway(directory, settings, wall_clock_us)
        if opened is not None:
            opened(gateway.exchange)
        try:
            application = make_application(gateway, snippet(real_port) if snippet else "")
            server = make_server(application, settings, lambda: ready(real_port))
            server.run(sockets=[listener])
            if not server.started:
                raise RuntimeError("the API did not start; its log says why")
        finally:
            close()


def make_server(application: Starlette, settings: ApiSettings, started: Callable[[], None]) -> uvicorn.Server:
    """Return a uvicorn server with our limits; ``started`` is called when it answers."""
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=bounded_http_protocol(settings),
        ws=bounded_socket_protocol(settings),
        ws_max_size=settings.socket_frame_bytes,
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=settings.ping_timeout_s,
        lifespan="on",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.connections,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )

    class AnnouncingServer(uvicorn.Server):
        """Tells when it answers; after a signal it returns, so that databases are closed, and raises nothing."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                asyncio.get_running_loop().call_soon(started)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True

    return AnnouncingServer(config)


def raise_open_files() -> None:
    """Let this process hold as many connections as the system permits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
