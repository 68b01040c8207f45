"""What views read of a venue besides its events: the faces that ``core.Exchange`` has, and tests can have too."""

from __future__ import annotations

from typing import Protocol

from ringfence.schema.tables import AssetRow, MarketRow, PerpetualRow


class Listings(Protocol):
    """Assets and markets by number; numbers are dense from 1."""

    @property
    def assets_listed(self) -> int:
        """Return how many assets are listed."""
        ...

    @property
    def markets_listed(self) -> int:
        """Return how many markets are listed."""
        ...

    def asset(self, asset: int) -> AssetRow | None:
        """Return an asset's row, ``None`` if it is not listed."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a market's row, ``None`` if it is not listed."""
        ...

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules of a perpetual, ``None`` if the market is none or has no rules."""
        ...


class Books(Protocol):
    """The books as they stand after the last command applied."""

    def level_lots(self, market: int, side: int, price_ticks: int) -> int:
        """Return the lots that stand at one price, 0 if none."""
        ...

    def depth(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return bids and asks, best first, as (price_ticks, quantity_lots)."""
        ...


class Venue(Listings, Books, Protocol):
    """Listings and books together."""
