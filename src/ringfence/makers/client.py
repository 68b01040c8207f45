"""A client of the venue's REST interface that signs as all clients do and keeps its own rate below the limit."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec
from nacl.signing import SigningKey

from ringfence.api.signing import canonical, canonical_batch

from .setup import Credentials

WINDOW_MS = 5_000
REQUESTS_PER_MINUTE = 1_800
"""A little below what the venue takes from one account."""

Fields = Mapping[str, str | int | bool]


class Refused(Exception):
    """Raised when the venue answers with an error; the text is its own."""


class RestClient:
    """One account's connection."""

    def __init__(self, session: aiohttp.ClientSession, rest: str, credentials: Credentials) -> None:
        self._session, self._rest, self._key = session, rest, credentials.key
        self._signer = SigningKey(base64.b64decode(credentials.secret))
        self._requests_left = REQUESTS_PER_MINUTE
        self._refilled_ms = _now_ms()

    def may_send(self, count: int) -> bool:
        """Tell whether so many requests (orders of a batch count one each) fit in the rate now."""
        now = _now_ms()
        earned = (now - self._refilled_ms) * REQUESTS_PER_MINUTE // 60_000
        if earned:
            self._requests_left = min(REQUESTS_PER_MINUTE, self._requests_left + earned)
            self._refilled_ms = now
        return self._requests_left >= count

    async def public(self, path: str, **query: str) -> Any:
        """Return the reply to a public GET; ``None`` for an empty one."""
        return await self._send("GET", path, {}, params=query)

    async def open_orders(self) -> list[dict[str, Any]]:
        """Return the account's open orders in all markets."""
        return await self._signed("GET", "/api/v1/orders", "orderQueryAll")

    async def account(self) -> dict[str, Any]:
        """Return the account's settings, fees and limits."""
        return await self._signed("GET", "/api/v1/account", "accountQuery")

    async def set_account(self, settings: Fields) -> None:
        """Change settings of the account."""
        await self._signed("PATCH", "/api/v1/account", "accountUpdate", settings)

    async def place(self, order: Fields) -> dict[str, Any]:
        """Place one order."""
        return await self._signed("POST", "/api/v1/order", "orderExecute", order)

    async def place_all(self, orders: Sequence[Fields]) -> list[dict[str, Any]]:
        """Place orders in one piece; each has a result of its own."""
        text = canonical_batch("orderExecute", [_pairs(order) for order in orders])
        return await self._send("POST", "/api/v1/orders", self._headers(text, len(orders)), orders)

    async def cancel(self, symbol: str, order_id: str) -> None:
        """Cancel an order; one that is gone already is no error."""
        try:
            await self._signed("DELETE", "/api/v1/order", "orderCancel", {"symbol": symbol, "orderId": order_id})
        except Refused as error:
            if "RESOURCE_NOT_FOUND" not in str(error):
                raise

    async def _signed(self, method: str, path: str, instruction: str, fields: Fields | None = None) -> Any:
        headers = self._headers(canonical(instruction, (), _pairs(fields or {})), 1)
        return await self._send(method, path, headers, fields)

    def _headers(self, text: str, requests: int) -> dict[str, str]:
        self._requests_left -= requests
        timestamp = _now_ms()
        signed = f"{text}&timestamp={timestamp}&window={WINDOW_MS}".encode()
        return {
            "X-API-Key": self._key,
            "X-Signature": base64.b64encode(self._signer.sign(signed).signature).decode(),
            "X-Timestamp": str(timestamp),
            "X-Window": str(WINDOW_MS),
        }

    async def _send(
        self, method: str, path: str, headers: dict[str, str], body: Any = None, params: Mapping[str, str] | None = None
    ) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        if data is not None:
            headers = headers | {"Content-Type": "application/json"}
        async with self._session.request(
            method, self._rest + path, headers=headers, data=data, params=params
        ) as response:
            content = await response.read()
            if response.status >= 400:
                raise Refused(f"{method} {path}: {response.status} {content[:300].decode(errors='replace')}")
            return msgspec.json.decode(content) if content else None


def _pairs(fields: Fields) -> list[tuple[str, str]]:
    return [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in fields.items()]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
