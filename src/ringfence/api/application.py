"""The Starlette application: routes made from the declared operations, the WebSocket, and the page at ``/``."""

import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute

from ringfence import __version__

from .endpoint import JSON, Endpoint, address_of, error_response
from .errors import ApiError, unknown_method, unknown_path
from .gateway import Gateway
from .home import home_page
from .limits import RateLimiter
from .openapi import build_document
from .rest import OPERATIONS
from .streams.socket import Sockets

logger = logging.getLogger("ringfence.api")

Handle = Callable[[Request], Awaitable[Response]]


def make_application(gateway: Gateway, snippet: str = "") -> Starlette:
    """Return the application over a gateway, which it starts and stops; ``snippet`` is shown on the page."""
    settings = gateway.settings
    accounts: RateLimiter[int] = RateLimiter(settings.signed_requests_per_minute, gateway.clock_us)
    addresses: RateLimiter[str] = RateLimiter(settings.public_requests_per_minute, gateway.clock_us)
    by_path: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        endpoint = Endpoint(operation, gateway, accounts, addresses)
        by_path.setdefault(operation.path, {})[operation.method] = endpoint
    document = msgspec.json.encode(build_document(OPERATIONS, __version__))

    async def openapi(request: Request) -> Response:
        return _limited(request, addresses) or Response(document, media_type=JSON)

    async def home(request: Request) -> Response:
        return _limited(request, addresses) or HTMLResponse(home_page(gateway.catalog, snippet))

    @contextlib.asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncGenerator[None]:
        await gateway.start()
        try:
            yield
        finally:
            await gateway.stop()

    sockets = Sockets(gateway, addresses)
    routes: list[Route | WebSocketRoute] = [
        Route(path, _dispatch(endpoints), methods=sorted(endpoints)) for path, endpoints in by_path.items()
    ]
    routes += [Route("/openapi.json", openapi), Route("/", home)]
    routes += [WebSocketRoute("/", sockets.serve), WebSocketRoute("/ws", sockets.serve)]
    handlers = {HTTPException: _unknown, Exception: _failed}
    application = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    # A path with a slash too many is another path, which is not served.
    application.router.redirect_slashes = False
    return application


def _limited(request: Request, addresses: RateLimiter[str]) -> Response | None:
    """Count a request for a page; return the answer when there were too many."""
    try:
        addresses.take(address_of(request))
    except ApiError as error:
        return error_response(error)
    return None


def _dispatch(endpoints: dict[str, Endpoint]) -> Handle:
    """Return what serves all methods of one path."""

    async def handle(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method].reply(request)

    return handle


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return error_response(unknown_method(dict(error.headers or {}).get("Allow", "")))
    return error_response(unknown_path())


async def _failed(request: Request, error: Exception) -> Response:
    """Answer a defect of ours without showing it; Starlette raises it again for the log."""
    return error_response(ApiError(500, "SERVER_ERROR", "the request failed by a fault of the venue; it was logged"))
