"""Errors as the wire spells them.

    Exception
    └── ApiError            a reply that is not 2xx, with a JSON body {"code", "message"}
        └── UnreadableInput the same in plain text: a parameter or body that could not be read, or an unknown path

Every constructor below is one known case; texts that clients look for are exactly theirs.
"""

import msgspec


class ApiErrorResponse(msgspec.Struct, frozen=True):
    """The body of every error that is not plain text."""

    code: str
    message: str


class ApiError(Exception):
    """Raised when a request is answered with an error; ``status`` is the HTTP status."""

    content_type = "application/json; charset=utf-8"

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def body(self) -> bytes:
        """Return the bytes of the reply."""
        return msgspec.json.encode(ApiErrorResponse(self.code, self.message))


class UnreadableInput(ApiError):
    """Raised when the wire answers in plain text: what could not be parsed, and unknown paths."""

    content_type = "text/plain; charset=utf-8"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, "INVALID_CLIENT_REQUEST", message)

    def body(self) -> bytes:
        """Return the sentence alone."""
        return self.message.encode()


def unknown_path() -> ApiError:
    """Return the answer to a path that is not served."""
    return UnreadableInput(404, "404 not found")


def unknown_method(allowed: str) -> ApiError:
    """Return the answer to a path that is served under other methods."""
    error = UnreadableInput(405, "405 method not allowed")
    error.headers["Allow"] = allowed
    return error


def invalid_request(message: str) -> ApiError:
    """Return a 400 INVALID_CLIENT_REQUEST."""
    return ApiError(400, "INVALID_CLIENT_REQUEST", message)


def invalid_symbol() -> ApiError:
    """Return the answer to a market symbol that is not listed."""
    return invalid_request("Invalid market symbol")


def invalid_order(message: str = "Invalid order") -> ApiError:
    """Return a 400 INVALID_ORDER."""
    return ApiError(400, "INVALID_ORDER", message)


def not_found() -> ApiError:
    """Return the answer to an order that is not open; clients look for code and text."""
    return ApiError(404, "RESOURCE_NOT_FOUND", "Not Found")


def unauthorized(message: str) -> ApiError:
    """Return the answer to a request without usable credentials."""
    return ApiError(401, "UNAUTHORIZED", message)


def too_many_requests(limit_per_minute: int, retry_after_s: int) -> ApiError:
    """Return the answer to a caller over his rate; the header says when to come back."""
    message = f"more than {limit_per_minute} requests a minute; retry after {retry_after_s} s"
    return ApiError(429, "TOO_MANY_REQUESTS", message, {"Retry-After": str(retry_after_s)})


def too_many_sockets(limit: int) -> ApiError:
    """Return the answer to a WebSocket for which there is no room."""
    return ApiError(503, "SERVER_ERROR", f"{limit} WebSockets are open, which is the limit", {"Retry-After": "10"})


def body_too_large(limit_bytes: int) -> ApiError:
    """Return the answer to a body over the limit; the connection ends with it."""
    return ApiError(
        413, "INVALID_CLIENT_REQUEST", f"the body is over the limit of {limit_bytes} bytes", {"Connection": "close"}
    )


def body_too_slow(limit_s: int) -> ApiError:
    """Return the answer to a body that does not come; the connection ends with it."""
    return ApiError(408, "INVALID_CLIENT_REQUEST", f"the body did not come within {limit_s} s", {"Connection": "close"})


def state_unknown(why: str) -> ApiError:
    """Return the answer when nobody can tell yet whether a command was taken.

    Hummingbot takes the first sentence with status 503 as "order state unknown" and looks the order up later.
    """
    sentence = "Unknown error, please check your request or try again later."
    return ApiError(503, "TIMEOUT", f"{sentence} The state of the order is unknown: {why}.")


def node_away() -> ApiError:
    """Return the answer to a command while there is no node: nothing was sent."""
    message = "the venue's node is not connected; nothing was submitted, try again in a moment"
    return ApiError(503, "MAINTENANCE", message, {"Retry-After": "1"})


def node_busy() -> ApiError:
    """Return the answer to a command while too many wait for the node: nothing was sent."""
    message = "too many commands wait for the node; nothing was submitted, try again in a moment"
    return ApiError(503, "MAINTENANCE", message, {"Retry-After": "1"})


def history_behind() -> ApiError:
    """Return the answer when history does not yet hold what the account was already told."""
    message = "history has not caught up with this account's last command yet, try again in a moment"
    return ApiError(503, "TIMEOUT", message, {"Retry-After": "1"})


def history_failed() -> ApiError:
    """Return the answer when history is no longer written."""
    return ApiError(503, "SERVER_ERROR", "history is not written at present; trading goes on")


def unreadable_parameter(name: str, reason: str) -> ApiError:
    """Return the plain text for a query parameter that could not be read."""
    return UnreadableInput(400, f"failed to parse parameter `{name}`: {reason}")


def unreadable_body(reason: str) -> ApiError:
    """Return the plain text for a body that could not be read."""
    return UnreadableInput(400, f"parse request payload error: {reason}")
