"""A source on any exchange that the library ccxt knows; ccxt is installed by whoever wants it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from .source import SourceError, Ticker


class CcxtSource:
    """Public tickers of one exchange."""

    def __init__(self, exchange: str, symbols: Mapping[str, str], *, quote: str, url: str = "") -> None:
        """``exchange`` is ccxt's name of it, ``symbols`` maps assets to ccxt's symbols, where they are not ASSET/QUOTE.

        ``url`` stands for the exchange's own addresses, such as that of a proxy. Raises ``SourceError``.
        """
        library = _ccxt()
        if exchange not in library.exchanges:
            raise SourceError(f"ccxt {library.__version__} knows no exchange {exchange!r}")
        self._exchange: Any = getattr(library, exchange)({"enableRateLimit": True})
        if url:
            self._exchange.urls["api"] = _at(url, self._exchange.urls["api"])
        self._symbols, self._quote = symbols, quote

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        """Return the tickers that the exchange has; one question for all where it can be asked so."""
        wanted = {self._symbol(asset): asset for asset in assets}
        # Markets are loaded here, in the time of a read that may fail and come again, and kept by ccxt.
        await self._exchange.load_markets()
        known = [symbol for symbol in wanted if symbol in self._exchange.markets]
        if not known:
            raise SourceError(f"the exchange has none of the markets {', '.join(wanted)}")
        if self._exchange.has.get("fetchTickers"):
            found: Mapping[str, Any] = await self._exchange.fetch_tickers(known)
        else:
            tickers = await asyncio.gather(*(self._exchange.fetch_ticker(symbol) for symbol in known))
            found = dict(zip(known, tickers, strict=True))
        return {wanted[symbol]: _ticker(found[symbol]) for symbol in known if symbol in found}

    async def close(self) -> None:
        """Close ccxt's connections."""
        await self._exchange.close()

    def _symbol(self, asset: str) -> str:
        return self._symbols.get(asset, f"{asset}/{self._quote}")


def _ccxt() -> Any:
    try:
        return importlib.import_module("ccxt.async_support")
    except ImportError as error:
        raise SourceError(
            f"the library ccxt is not installed here ({error}); `pip install 'ringfence[ccxt]'` installs it"
        ) from None


def _at(url: str, addresses: Any) -> Any:
    """Return ccxt's addresses, a text or texts by name, with another in the place of each."""
    if isinstance(addresses, str):
        return url
    return {name: _at(url, inner) for name, inner in addresses.items()}


def _ticker(found: Mapping[str, Any]) -> Ticker:
    return Ticker(*(_text(found.get(name)) for name in ("bid", "ask", "last")))


def _text(number: Any) -> str:
    """Return ccxt's number as text: of a float, the shortest one that means it, which is what the exchange wrote."""
    return "" if number is None else str(number)
