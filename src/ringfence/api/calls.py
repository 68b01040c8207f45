"""What a handler is given: the parsed request, who signed it, and the gateway."""

from typing import Any

import msgspec

from ringfence.views.catalog import AssetInfo, MarketInfo
from ringfence.views.decimals import AmountError

from .errors import ApiError, invalid_symbol
from .gateway import Gateway


class Call(msgspec.Struct, frozen=True):
    """One request; ``account`` is 0 when the operation is public."""

    gateway: Gateway
    query: Any
    body: Any = None
    account: int = 0

    def market(self, symbol: str) -> MarketInfo:
        """Return a listed market, or raise "Invalid market symbol"."""
        market = self.gateway.catalog.markets.get(symbol)
        if market is None:
            raise invalid_symbol()
        return market

    def market_or_none(self, symbol: str | None) -> MarketInfo | None:
        """Return a listed market, ``None`` where none was named."""
        return None if symbol is None else self.market(symbol)

    def asset(self, symbol: str) -> AssetInfo:
        """Return a listed asset, or raise INVALID_ASSET."""
        asset = self.gateway.catalog.assets.get(symbol)
        if asset is None:
            raise ApiError(400, "INVALID_ASSET", f"asset {symbol[:32]} is not listed")
        return asset


def amount_error(error: AmountError) -> ApiError:
    """Return the answer to a text that is no amount."""
    return ApiError(error.status, error.code, error.message)
