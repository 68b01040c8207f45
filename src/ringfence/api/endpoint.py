"""From an HTTP request to a handler and back: limits, signature, parsing, and the exact form of every reply."""

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from .calls import Call
from .errors import ApiError, body_too_large, body_too_slow, invalid_request, unauthorized
from .gateway import Gateway
from .limits import RateLimiter
from .openapi import element_of
from .operations import Done, Operation, Page, PlainText, RawJson
from .parsing import read_body, read_query
from .signing import (
    Fields,
    Pair,
    body_pairs,
    canonical,
    canonical_batch,
    check_signature,
    check_window,
    credentials_from_headers,
    read_array,
    read_object,
    signed_query,
)

logger = logging.getLogger("ringfence.api")

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
_encoder = msgspec.json.Encoder()


class Endpoint:
    """Serves one operation."""

    def __init__(
        self, operation: Operation, gateway: Gateway, accounts: RateLimiter[int], addresses: RateLimiter[str]
    ) -> None:
        self.operation = operation
        self._gateway, self._accounts, self._addresses = gateway, accounts, addresses
        self._is_batch = operation.body is not None and element_of(operation.body) is not operation.body
        self._body_kind = None if operation.body is None else element_of(operation.body)

    async def reply(self, request: Request) -> Response:
        """Return the reply to a request, an error included."""
        try:
            return self._success(await self.operation.handler(await self._call(request)))
        except ApiError as error:
            return error_response(error)
        except ClientDisconnect:
            return Response(status_code=499)

    async def _call(self, request: Request) -> Call:
        address = address_of(request)
        body = await self._read(request)
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        if not self.operation.instruction:
            self._addresses.take(address)
            return Call(self._gateway, read_query(self.operation.query, pairs))
        self._addresses.check(address)
        try:
            elements, account = self._authenticate(request, pairs, body)
        except ApiError:
            self._addresses.take(address)
            raise
        self._accounts.take(account, max(1, len(elements)) if self._is_batch else 1)
        query = read_query(self.operation.query, pairs)
        return Call(self._gateway, query, self._read_bodies(elements), account)

    async def _read(self, request: Request) -> bytes:
        settings = self._gateway.settings
        try:
            async with asyncio.timeout(settings.body_seconds):
                return await read_limited(request, settings.body_bytes)
        except TimeoutError:
            raise body_too_slow(settings.body_seconds) from None

    def _authenticate(self, request: Request, pairs: list[Pair], body: bytes) -> tuple[list[Fields], int]:
        """Return the fields of the body's objects and the account that signed; raises 400 or 401."""
        if pairs and self._body_kind is not None:
            # Query and body are signed as one text, so a field of the body must not be able to hide in the query.
            raise invalid_request("this operation takes its parameters in the body, none in the query")
        credentials = credentials_from_headers(request.headers)
        check_window(credentials, self._gateway.clock_us() // 1_000)
        key = self._gateway.keys.find_key(credentials.key)
        if key is None:
            raise unauthorized("the API key is not known to this venue")
        elements = self._elements(body)
        query, bodies = signed_query(pairs), [body_pairs(fields) for fields in elements]
        instruction = self.operation.instruction

        def signed_text(encoded: bool) -> str:
            if self._is_batch:
                return canonical_batch(instruction, bodies, encoded)
            return canonical(instruction, query, bodies[0], encoded)

        check_signature(credentials, signed_text)
        return elements, key.account

    def _elements(self, body: bytes) -> list[Fields]:
        if self._body_kind is None:
            return [{}]
        return read_array(body) if self._is_batch else [read_object(body)]

    def _read_bodies(self, elements: list[Fields]) -> Any:
        if self._body_kind is None:
            return None
        bodies = [read_body(self._body_kind, fields) for fields in elements]
        return bodies if self._is_batch else bodies[0]

    def _success(self, result: Any) -> Response:
        if isinstance(result, PlainText):
            return Response(result.text, media_type=TEXT)
        if isinstance(result, RawJson):
            return Response(result.data, media_type=JSON)
        if isinstance(result, Page):
            return Response(_encoder.encode(result.rows), headers=result.headers(), media_type=JSON)
        if result is None:
            return Response(status_code=204)
        if isinstance(result, Done):
            return Response(status_code=200)
        return Response(_encoder.encode(result), media_type=JSON)


def address_of(connection: HTTPConnection) -> str:
    """Return the address of a caller, under which he is counted."""
    return connection.client.host if connection.client else ""


def error_response(error: ApiError) -> Response:
    """Return an error as the wire writes it."""
    return Response(error.body(), status_code=error.status, headers=error.headers, media_type=error.content_type)


async def read_limited(request: Request, limit_bytes: int) -> bytes:
    """Return the body; raises 413 as soon as it is over the limit, without reading further."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit_bytes:
        raise body_too_large(limit_bytes)
    if request.method == "GET" and declared in ("", "0") and "transfer-encoding" not in request.headers:
        return b""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise body_too_large(limit_bytes)
    return bytes(body)
