"""A source on another venue that speaks the same wire: its public depth and tickers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec

from .source import SourceError, Ticker

DEPTH_LIMIT = 5
REPLY_BYTES_MAXIMUM = 8 << 20


class _Depth(msgspec.Struct):
    """``GET /api/v1/depth``: price levels as texts, both sides from the lowest price to the highest."""

    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class _Market(msgspec.Struct):
    """An element of ``GET /api/v1/markets``."""

    symbol: str


class _LastPrice(msgspec.Struct, rename="camel"):
    """An element of ``GET /api/v1/tickers``, which lists what ever traded."""

    symbol: str
    last_price: str = ""


class RingfenceSource:
    """Public prices of another venue. Never point it at the venue that it feeds: that one would follow itself."""

    def __init__(self, url: str, symbols: Mapping[str, str], *, quote: str) -> None:
        """``symbols`` maps assets to the venue's markets, where they are not ASSET_QUOTE."""
        self._url, self._symbols, self._quote = url.rstrip("/"), symbols, quote
        self._session: aiohttp.ClientSession | None = None
        self._markets: frozenset[str] = frozenset()

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        """Return the ticker of every asset whose market on the venue has bids and asks.

        The last price has no time on this wire, so that without a book around it nobody knows what it is worth.
        """
        known = await self._known(assets)
        tickers = await self._get("/api/v1/tickers", {}, list[_LastPrice])
        last = {ticker.symbol: ticker.last_price for ticker in tickers}
        depths = await asyncio.gather(*(self._depth(symbol) for symbol in known))
        return {
            asset: Ticker(depth.bids[-1][0], depth.asks[0][0], last.get(symbol, ""))
            for (symbol, asset), depth in zip(known.items(), depths, strict=True)
            if depth.bids and depth.asks
        }

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _known(self, assets: Sequence[str]) -> dict[str, str]:
        """Return the asset by market for those that the venue lists, and look again while one is missing."""
        wanted = {self._symbols.get(asset, f"{asset}_{self._quote}"): asset for asset in assets}
        if not self._markets.issuperset(wanted):
            self._markets = frozenset(m.symbol for m in await self._get("/api/v1/markets", {}, list[_Market]))
        known = {symbol: asset for symbol, asset in wanted.items() if symbol in self._markets}
        if not known:
            raise SourceError(f"{self._url} has none of the markets {', '.join(wanted)}")
        return known

    async def _depth(self, symbol: str) -> _Depth:
        return await self._get("/api/v1/depth", {"symbol": symbol, "limit": str(DEPTH_LIMIT)}, _Depth)

    async def _get(self, path: str, query: Mapping[str, str], kind: Any) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.get(self._url + path, params=query) as response:
            content = await response.content.read(REPLY_BYTES_MAXIMUM)
            while len(content) < REPLY_BYTES_MAXIMUM and (more := await response.content.read(REPLY_BYTES_MAXIMUM)):
                content += more
        if response.status != 200:
            raise SourceError(f"GET {self._url}{path}: {response.status} {content[:200].decode(errors='replace')}")
        return msgspec.json.decode(content, type=kind)
