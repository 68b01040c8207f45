"""Assets and markets by symbol and by number, with the exact conversion between their texts and their integers."""

from __future__ import annotations

from typing import Any

import msgspec

from ringfence.schema.enums import MarketKind, Side
from ringfence.schema.events import (
    AssetListed,
    AssetRenamed,
    Event,
    MarketGridSet,
    MarketLimitsSet,
    MarketListed,
    MarketStateSet,
    PerpetualSet,
    PriceBandsSet,
    ShareSplit,
)
from ringfence.schema.fields import MAX_ATOMS, MAX_PRICE_TICKS, MAX_PRICE_UNITS, MAX_QUANTITY_LOTS
from ringfence.schema.tables import AssetRow, MarketRow

from .decimals import PRICE_UNITS, Scale
from .venue import Listings

MARKET_SETTINGS = (MarketStateSet, MarketLimitsSet, PriceBandsSet)
"""Events whose body fields are columns of ``MarketRow`` with the same names."""


class AssetInfo:
    """A listed asset and the conversion of its amounts, which are counted in atoms.

    What people call a share is ``times`` what it was when it was listed: a split changes texts, and no atoms.
    """

    __slots__ = ("_amount", "_price", "decimals", "name", "number", "row", "symbol")

    def __init__(self, row: AssetRow) -> None:
        self.follow(row)

    def follow(self, row: AssetRow) -> None:
        """Be what a row says."""
        self.row = row
        self.number, self.symbol, self.name, self.decimals = row.asset, row.symbol, row.name, row.decimals
        self._amount = Scale(
            "Quantity", 1, row.decimals, MAX_ATOMS, place=row.symbol, step_name="atom", code="INVALID_QUANTITY",
            times=self.times,
        )  # fmt: skip
        self._price = Scale("Price", 1, PRICE_UNITS.decimals, MAX_PRICE_UNITS, place=row.symbol, times=self.price_times)

    @property
    def times(self) -> tuple[int, int]:
        """Return (new, old): so many whole shares are what so many were when the asset was listed."""
        return max(self.row.share_new, 1), max(self.row.share_old, 1)

    @property
    def price_times(self) -> tuple[int, int]:
        """Return (old, new): a price for one whole share is so much less where they are more."""
        new, old = self.times
        return old, new

    def text(self, atoms: int) -> str:
        """Return an amount in atoms as normalised decimal text."""
        return self._amount.text(atoms)

    def padded(self, atoms: int) -> str:
        """Return an amount in atoms as decimal text with all decimals of the asset."""
        return self._amount.padded(atoms)

    def parse(self, text: str) -> int:
        """Return the atoms of a decimal text; raises ``AmountError``."""
        return self._amount.parse(text)

    def price_text(self, price_units: int) -> str:
        """Return a price that the core keeps, as text for one whole unit of now."""
        return self._price.text(price_units)


class MarketInfo:
    """A listed market, its current settings, and the conversion of its prices and quantities.

    ``row`` follows the settings (state, limits, bands, fee schedule), ``position_limit_lots`` the rules of a perpetual,
    0 while it has none. What every trade changes (last price, number of
    trades, book sequence) is as old as the row: ask the exchange for that.
    """

    __slots__ = (
        "_price",
        "_quantity",
        "_quote",
        "base",
        "is_perpetual",
        "number",
        "position_limit_lots",
        "quote",
        "row",
        "symbol",
    )

    def __init__(self, row: MarketRow, base: AssetInfo, quote: AssetInfo) -> None:
        self.base, self.quote, self.position_limit_lots = base, quote, 0
        self.follow(row)

    def follow(self, row: MarketRow) -> None:
        """Be what a row says, in the names and shares of now."""
        self.row, base, quote = row, self.base, self.quote
        self.number = row.market
        self.is_perpetual = row.market_kind == MarketKind.PERPETUAL
        self.symbol = market_symbol(base.symbol, quote.symbol, is_perpetual=self.is_perpetual)
        place = self.symbol
        self._price = Scale(
            "Price", row.tick_atoms, quote.decimals, MAX_PRICE_TICKS, place=place, step_name="tick",
            code="INVALID_PRICE", times=base.price_times,
        )  # fmt: skip
        self._quantity = Scale(
            "Quantity", row.lot_atoms, base.decimals, MAX_QUANTITY_LOTS, place=place, code="INVALID_QUANTITY",
            times=base.times,
        )  # fmt: skip
        self._quote = Scale(
            "Quantity", 1, quote.decimals, MAX_ATOMS, place=place, step_name="atom", code="INVALID_QUANTITY"
        )

    def fee_asset(self, side: int) -> AssetInfo:
        """Return the asset in which a fill of a side pays its fee: what it receives, of a perpetual the quote asset."""
        return self.base if side == Side.BID and not self.is_perpetual else self.quote

    @property
    def price_decimals(self) -> int:
        """Return the decimal places of a tick."""
        return self._price.decimals

    @property
    def quantity_decimals(self) -> int:
        """Return the decimal places of a lot."""
        return self._quantity.decimals

    def price_text(self, ticks: int) -> str:
        """Return a price as normalised decimal text, as REST shows it: ``"86700"``."""
        return self._price.text(ticks)

    def price_padded(self, ticks: int) -> str:
        """Return a price with all decimals of the tick, as WebSocket shows it: ``"86700.0"``."""
        return self._price.padded(ticks)

    def quantity_text(self, lots: int) -> str:
        """Return a quantity as normalised decimal text."""
        return self._quantity.text(lots)

    def quantity_padded(self, lots: int) -> str:
        """Return a quantity with all decimals of the lot."""
        return self._quantity.padded(lots)

    def quote_text(self, atoms: int) -> str:
        """Return an amount of the quote asset as normalised decimal text."""
        return self.quote.text(atoms)

    def quote_padded(self, atoms: int) -> str:
        """Return an amount of the quote asset with all its decimals."""
        return self.quote.padded(atoms)

    def base_text(self, atoms: int) -> str:
        """Return an amount of the base asset as normalised decimal text."""
        return self.base.text(atoms)

    def parse_price(self, text: str) -> int:
        """Return the ticks of a decimal text; raises ``AmountError``."""
        return self._price.parse(text)

    def parse_quantity(self, text: str) -> int:
        """Return the lots of a decimal text; raises ``AmountError``."""
        return self._quantity.parse(text)

    def parse_quote(self, text: str) -> int:
        """Return the atoms of the quote asset of a decimal text; raises ``AmountError``."""
        return self._quote.parse(text)


def market_symbol(base: str, quote: str, *, is_perpetual: bool) -> str:
    """Return the symbol of a market: ``SOL_USDC``, or ``SOL_USDC_PERP`` for a perpetual."""
    return f"{base}_{quote}_PERP" if is_perpetual else f"{base}_{quote}"


class Catalog:
    """Every listed asset and market; kept by events, or begun from the rows of an exchange."""

    def __init__(self) -> None:
        self.assets: dict[str, AssetInfo] = {}
        self.markets: dict[str, MarketInfo] = {}
        self.asset_by_number: dict[int, AssetInfo] = {}
        self.market_by_number: dict[int, MarketInfo] = {}

    @classmethod
    def from_exchange(cls, exchange: Listings) -> Catalog:
        """Return the catalog of what an exchange has listed now."""
        catalog = cls()
        for number in range(1, exchange.assets_listed + 1):
            asset = exchange.asset(number)
            assert asset is not None, f"asset {number} of {exchange.assets_listed} has no row"
            catalog.add_asset(asset)
        for number in range(1, exchange.markets_listed + 1):
            market = exchange.market(number)
            assert market is not None, f"market {number} of {exchange.markets_listed} has no row"
            catalog.add_market(market)
            if rules := exchange.perpetual(number):
                catalog.market_by_number[number].position_limit_lots = rules.position_limit_lots
        return catalog

    def add_asset(self, row: AssetRow) -> None:
        """List an asset; again with the same number changes nothing that was not changed."""
        info = AssetInfo(row)
        self.assets[info.symbol] = self.asset_by_number[info.number] = info

    def find_asset(self, symbol: str, time_us: int) -> AssetInfo | None:
        """Return the asset of this name, or the one that had it and for which it is still kept."""
        found = self.assets.get(symbol)
        if found is not None:
            return found
        return next((info for info in self.assets.values() if _was_called(info, symbol, time_us)), None)

    def find_market(self, symbol: str, time_us: int) -> MarketInfo | None:
        """Return the market of this name, or the one that had it and for which it is still kept."""
        found = self.markets.get(symbol)
        if found is not None:
            return found
        base, _, rest = symbol.partition("_")
        asset = self.find_asset(base, time_us)
        return self.markets.get(f"{asset.symbol}_{rest}") if asset is not None else None

    def add_market(self, row: MarketRow) -> None:
        """List a market whose two assets are listed."""
        base, quote = self.asset_by_number[row.base_asset], self.asset_by_number[row.quote_asset]
        info = MarketInfo(row, base, quote)
        self.markets[info.symbol] = self.market_by_number[info.number] = info

    def update(self, event: Event) -> None:
        """Follow an event; those that concern neither listings nor settings change nothing."""
        if isinstance(event, AssetListed):
            never_split: dict[str, Any] = {"share_new": 0, "share_old": 0, "former_symbol": "", "alias_us": 0}
            self.add_asset(AssetRow(**(never_split | _shared(event, AssetRow))))
        elif isinstance(event, MarketListed):
            self.add_market(_market_row(event))
        elif isinstance(event, MARKET_SETTINGS):
            info = self.market_by_number[event.market]
            info.row = msgspec.structs.replace(info.row, **_shared(event, MarketRow))
        elif isinstance(event, MarketGridSet):
            info = self.market_by_number[event.market]
            info.follow(msgspec.structs.replace(info.row, **_shared(event, MarketRow)))
        elif isinstance(event, ShareSplit | AssetRenamed):
            self._follow_asset(event)
        elif isinstance(event, PerpetualSet):
            self.market_by_number[event.market].position_limit_lots = event.position_limit_lots

    def _follow_asset(self, event: ShareSplit | AssetRenamed) -> None:
        """Let an asset and its markets be called, and counted, as they are now."""
        info = self.asset_by_number[event.asset]
        info.follow(msgspec.structs.replace(info.row, **_shared(event, AssetRow)))
        for market in self.market_by_number.values():
            if info in (market.base, market.quote):
                market.follow(market.row)
        self.assets = {one.symbol: one for one in self.asset_by_number.values()}
        self.markets = {one.symbol: one for one in self.market_by_number.values()}


def _was_called(info: AssetInfo, symbol: str, time_us: int) -> bool:
    return info.row.former_symbol == symbol and info.row.alias_us > time_us


def _shared(event: Event, row: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in row.__struct_fields__ if hasattr(event, name)}


def _market_row(event: MarketListed) -> MarketRow:
    """Return the row of a new market: no bands, no last price, no trades (docs/rules.md, ListMarket)."""
    empty = dict.fromkeys(MarketRow.__struct_fields__, 0)
    times = {"book_sequence": event.sequence, "listed_us": event.time_us}
    return MarketRow(**(empty | _shared(event, MarketRow) | times))
