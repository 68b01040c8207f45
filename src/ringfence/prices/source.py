"""What a source of prices is to the service: something that can be asked, and answers in exact decimal texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple, Protocol

from ringfence.schema.fields import MAX_PRICE_UNITS
from ringfence.views.decimals import PRICE_UNITS

UNIT_DECIMALS = PRICE_UNITS.decimals
"""A unit is 10^-8 of the cash unit for one whole unit of the asset."""

TEXT_CHARACTERS_MAXIMUM = 40
EXPONENT_MAXIMUM = 30
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


class SourceError(Exception):
    """Raised when a source cannot be opened or asked; the text is a sentence."""


class Ticker(NamedTuple):
    """Best bid, best ask and last price of an asset as decimal texts, empty for what the source does not see."""

    bid: str = ""
    ask: str = ""
    last: str = ""


class Source(Protocol):
    """A place where assets have prices."""

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        """Return the present ticker of each asset; one that has nothing to say of an asset leaves it out.

        Any exception means that nothing is known now; the service counts it and asks again at the next interval.
        """
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...


class Prices(NamedTuple):
    """A ticker in units of 10^-8, 0 for what is not seen."""

    bid_units: int
    ask_units: int
    last_units: int


def prices_of(ticker: Ticker) -> Prices:
    """Return a ticker in units. Raises ``ValueError`` with a sentence when it is no quote.

    Where a text is finer than a unit the bid goes down and the ask up: a spread is never shown narrower than it is.
    """
    prices = Prices(
        units_of(ticker.bid, ROUND_FLOOR), units_of(ticker.ask, ROUND_CEILING), units_of(ticker.last, ROUND_HALF_EVEN)
    )
    if not prices.last_units and not (prices.bid_units and prices.ask_units):
        raise ValueError("is empty: it has neither a bid with an ask nor a last price")
    if prices.bid_units and prices.ask_units and prices.bid_units > prices.ask_units:
        raise ValueError(f"is crossed: the bid {ticker.bid} is above the ask {ticker.ask}")
    return prices


def units_of(text: str, rounding: str = ROUND_HALF_EVEN) -> int:
    """Return how many units a decimal text is, 0 for an empty one; ``ValueError`` for what is no price."""
    if not text:
        return 0
    if len(text) > TEXT_CHARACTERS_MAXIMUM or not _NUMBER.fullmatch(text):
        raise ValueError(f"has {text[:TEXT_CHARACTERS_MAXIMUM]!a} where a decimal number is expected")
    number = Decimal(text)
    # The exponent is looked at first, so that nobody makes this count to 10^999.
    if abs(number.adjusted()) > EXPONENT_MAXIMUM:
        raise ValueError(f"has {text}, which is no price")
    with localcontext(prec=2 * (TEXT_CHARACTERS_MAXIMUM + EXPONENT_MAXIMUM)):
        units = int(number.scaleb(UNIT_DECIMALS).to_integral_value(rounding))
    if units > MAX_PRICE_UNITS:
        raise ValueError(
            f"has {text}, above the largest price that can be counted, {PRICE_UNITS.text(MAX_PRICE_UNITS)}"
        )
    return units
