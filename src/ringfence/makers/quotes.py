"""What to quote, in ticks and lots: a ladder of prices on both sides of a reference price."""

from __future__ import annotations

from typing import Any, NamedTuple

from ringfence.prices.source import UNIT_DECIMALS
from ringfence.schema.fields import MAX_PRICE_TICKS, MAX_QUANTITY_LOTS
from ringfence.views.decimals import Scale

LEVELS = 8
BID, ASK = "Bid", "Ask"

# Fractions of the price, as the number it is divided by.
HALF_SPREAD_PART = 5_000
SPACING_PART = 2_500

SMALLEST_LEVEL = 1_000
LARGEST_LEVEL = 20_000
"""What one level is worth, in whole units of the quote asset."""


class Quote(NamedTuple):
    """One price level of a ladder; it identifies itself on both sides of the wire."""

    side: str
    price_ticks: int


class Instrument(NamedTuple):
    """A market and the conversion of its texts."""

    symbol: str
    base: str
    price: Scale
    quantity: Scale

    @classmethod
    def from_wire(cls, market: dict[str, Any]) -> Instrument:
        """Return the instrument of an element of ``/api/v1/markets``."""
        symbol, filters = market["symbol"], market["filters"]
        return cls(
            symbol,
            market["baseSymbol"],
            _scale("Price", filters["price"]["tickSize"], MAX_PRICE_TICKS, symbol),
            _scale("Quantity", filters["quantity"]["stepSize"], MAX_QUANTITY_LOTS, symbol),
        )

    def price_units(self, price_ticks: int) -> int:
        """Return a price in units of 10^-8, as quotes of price sources count it."""
        return price_ticks * self.price.step * 10 ** (UNIT_DECIMALS - self.price.decimals)

    def lots_worth(self, amount: int, price_ticks: int) -> int:
        """Return how many lots cost about ``amount`` whole units of the quote asset, at least one."""
        units = 10 ** (self.price.decimals + self.quantity.decimals)
        return max(1, amount * units // (price_ticks * self.price.step * self.quantity.step))


def ladder(reference_ticks: int, levels: int = LEVELS) -> list[Quote]:
    """Return the levels around a reference price, best first, bids and asks in turn.

    Prices stand on a grid, so that a small move of the reference leaves most of the ladder as it is.
    """
    spacing = max(1, reference_ticks // SPACING_PART)
    half_spread = max(1, reference_ticks // HALF_SPREAD_PART)
    best_bid = (reference_ticks - half_spread) // spacing * spacing
    best_ask = -(-(reference_ticks + half_spread) // spacing) * spacing
    quotes: list[Quote] = []
    for level in range(levels):
        if best_bid - level * spacing > 0:
            quotes.append(Quote(BID, best_bid - level * spacing))
        quotes.append(Quote(ASK, best_ask + level * spacing))
    return quotes


def _scale(name: str, step: str, maximum: int, symbol: str) -> Scale:
    whole, _, fraction = step.partition(".")
    return Scale(name, int(whole + fraction), len(fraction), maximum, place=symbol)
