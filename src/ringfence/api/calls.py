"""What a handler is given: the parsed request, who signed it, and the gateway."""

from typing import Any

import msgspec

from ringfence.schema.commands import Command
from ringfence.schema.events import Event, Rejected
from ringfence.schema.tables import AccountRow
from ringfence.views.catalog import AssetInfo, MarketInfo
from ringfence.views.decimals import AmountError
from ringfence.views.rejections import rejection

from .errors import ApiError, invalid_request, invalid_symbol, unauthorized
from .gateway import Gateway


class Call(msgspec.Struct, frozen=True):
    """One request; ``account`` is 0 when the operation is public."""

    gateway: Gateway
    query: Any
    body: Any = None
    account: int = 0

    def market(self, symbol: str) -> MarketInfo:
        """Return a listed market, or raise "Invalid market symbol"."""
        market = self.gateway.catalog.find_market(symbol, self.gateway.exchange.time_us)
        if market is None:
            raise invalid_symbol()
        return market

    def market_or_none(self, symbol: str | None) -> MarketInfo | None:
        """Return a listed market, ``None`` where none was named."""
        return None if symbol is None else self.market(symbol)

    def asset(self, symbol: str) -> AssetInfo:
        """Return a listed asset, or raise INVALID_ASSET."""
        asset = self.gateway.catalog.find_asset(symbol, self.gateway.exchange.time_us)
        if asset is None:
            raise ApiError(400, "INVALID_ASSET", f"asset {symbol[:32]} is not listed")
        return asset

    def asset_or_base(self, symbol: str) -> AssetInfo:
        """Return an asset by its symbol, or by that of a market which it is the base of."""
        market = self.gateway.catalog.find_market(symbol, self.gateway.exchange.time_us)
        return market.base if market is not None else self.asset(symbol)

    def account_row(self, subaccount_id: int | None = None) -> AccountRow:
        """Return the row of the key's account; a sub-account that was named must be the same."""
        row = self.gateway.exchange.account(self.account)
        if row is None:
            raise unauthorized("the key's account is not open at this venue")
        if subaccount_id not in (None, row.sub_account):
            raise invalid_request(f"subaccountId {subaccount_id}: the key signs for sub-account {row.sub_account}")
        return row

    def atoms(self, asset: AssetInfo, text: str) -> int:
        """Return the atoms of a decimal text, or raise what is wrong with it."""
        try:
            return asset.parse(text)
        except AmountError as error:
            raise amount_error(error) from None

    async def command(self, command: Command) -> list[Event]:
        """Submit one command and return its events, or raise why the core refused it."""
        (events,) = await self.gateway.submit([command])
        if events and isinstance(events[0], Rejected):
            found = rejection(events[0], self.gateway.catalog)
            raise ApiError(found.status, found.code, found.message)
        return events


def amount_error(error: AmountError) -> ApiError:
    """Return the answer to a text that is no amount."""
    return ApiError(error.status, error.code, error.message)
