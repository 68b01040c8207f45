"""A signing caller for tests, on the client that the makers use."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import aiohttp

from ringfence.makers.client import Refused, RestClient
from ringfence.makers.setup import Credentials

__all__ = ["Refused", "call", "client", "get", "limit_order"]


def get(rest: str, path: str) -> Any:
    """Return the reply to a public GET."""
    with urllib.request.urlopen(rest + path, timeout=10) as response:
        return json.loads(response.read())


def client(session: aiohttp.ClientSession, ready: dict[str, Any], name: str = "alice") -> RestClient:
    user = ready["users"][name]
    return RestClient(session, ready["rest"], Credentials(user["apiKey"], user["apiSecret"]))


def call(
    ready: dict[str, Any], method: str, path: str, instruction: str, fields: Any = None, name: str = "alice"
) -> Any:
    """Return the reply to one signed request; raises `Refused`."""

    async def send() -> Any:
        async with aiohttp.ClientSession() as session:
            caller = client(session, ready, name)
            if method == "GET" and fields:
                text = "&".join(f"{key}={value}" for key, value in sorted(fields.items()))
                headers = caller._headers(f"instruction={instruction}&{text}", 1)
                return await caller._send(method, path, headers, params=fields)
            return await caller._signed(method, path, instruction, fields)

    return asyncio.run(send())


def limit_order(price: str, quantity: str = "1", side: str = "Bid", symbol: str = "SOL_USDC") -> dict[str, str]:
    return {"symbol": symbol, "side": side, "orderType": "Limit", "price": price, "quantity": quantity}
