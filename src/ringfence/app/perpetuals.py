"""Perpetuals as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringfence.config.perpetuals import PERPETUAL_LIMITS, PERPETUAL_TEXTS, perpetual_fields
from ringfence.schema import commands as c
from ringfence.schema.enums import PriceState
from ringfence.schema.tables import PerpetualRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import FRACTIONS, FUNDING_RATES, RATES
from ringfence.views.perpetuals import estimated_funding_e10

from .errors import WrongUse
from .operate import OpenVenue
from .settings import Texts, parsed_fields, present_fields, require_texts

View = dict[str, Any]

FIRST_RULES = ("initial_base", "maintenance_base")
"""What must be said of a perpetual of which nothing was said yet."""

_SCALES = {8: RATES, 10: FUNDING_RATES, 6: FRACTIONS}
"""How a setting is written that counts so many decimals."""


def perpetual_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield a perpetual, or all: where its price, its funding and its money stand, and its settings."""
    markets = list(venue.catalog.markets.values()) if symbol is None else [_perpetual(venue, symbol)]
    for market in markets:
        row = venue.exchange.perpetual(market.number)
        if row is not None:
            yield _view(market, row)
        elif symbol is not None:
            raise WrongUse(
                f"{symbol} has no rules and does not trade; `ringfence perpetual set {symbol}` gives it some"
            )


def set_perpetual(venue: OpenVenue, symbol: str, texts: Texts) -> None:
    """Give a perpetual its rules, or change them."""
    market = _perpetual(venue, symbol)
    row = venue.exchange.perpetual(market.number)
    fields = present_fields(row, c.SetPerpetual) if row is not None else require_texts(texts, FIRST_RULES)
    lot_atoms, decimals = market.row.lot_atoms, market.base.decimals
    fields |= parsed_fields(lambda given: perpetual_fields(given, lot_atoms, decimals), texts)
    venue.command(c.SetPerpetual(**(fields | {"market": market.number})))


def _perpetual(venue: OpenVenue, symbol: str) -> MarketInfo:
    market = venue.market(symbol)
    if not market.is_perpetual:
        named = ", ".join(one.symbol for one in venue.catalog.markets.values() if one.is_perpetual)
        raise WrongUse(f"{symbol} is a spot market; perpetuals are {named or 'none'}")
    return market


def _view(market: MarketInfo, row: PerpetualRow) -> View:
    stands = {
        "state": PriceState(row.price_state).name.lower(),
        "mark": market.price_text(row.mark_ticks),
        "index": market.price_text(row.index_ticks),
        "coming_funding": FUNDING_RATES.text(estimated_funding_e10(row)),
        "last_funding": FUNDING_RATES.text(row.funding_rate_e10),
        "open_interest": market.quantity_text(row.open_interest_lots),
        "clearing": market.quote_text(row.clearing_atoms),
        "short": market.quote_text(row.short_atoms),
    }
    settings = {
        name: _SCALES[decimals].text(getattr(row, field)) for name, (field, decimals) in PERPETUAL_TEXTS.items()
    }
    settings |= {name: market.quantity_text(getattr(row, field)) for name, field in PERPETUAL_LIMITS.items()}
    return {"market": market.symbol} | stands | settings
