"""Brakes of markets as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringfence.config.brakes import BRAKE_LOTS, BRAKE_TEXTS, brake_fields
from ringfence.schema import commands as c
from ringfence.schema.enums import BrakePhase, MarketState
from ringfence.schema.tables import BrakesRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import FRACTIONS, RATES, SECONDS

from .operate import OpenVenue
from .settings import Texts, parsed_fields, present_fields

View = dict[str, Any]

_SCALES = {6: FRACTIONS, 3: SECONDS}
"""How a setting is written that counts so many decimals."""


def brake_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield the brakes of a market, or of all that have some: where they stand, and their settings."""
    markets = list(venue.catalog.markets.values()) if symbol is None else [venue.market(symbol)]
    for market in markets:
        row = venue.exchange.brakes(market.number)
        if row is not None:
            yield _view(venue, market, row)
        elif symbol is not None:
            yield {"market": symbol, "brakes": "none"}


def set_brakes(venue: OpenVenue, symbol: str, texts: Texts) -> None:
    """Give a market brakes, or change them."""
    market = venue.market(symbol)
    row = venue.exchange.brakes(market.number)
    fields = present_fields(row, c.SetBrakes) if row is not None else {}
    lot_atoms, decimals = market.row.lot_atoms, market.base.decimals
    fields |= parsed_fields(lambda given: brake_fields(given, lot_atoms, decimals), texts)
    venue.command(c.SetBrakes(**(fields | {"market": market.number})))


def _view(venue: OpenVenue, market: MarketInfo, row: BrakesRow) -> View:
    low, high = venue.exchange.band(market.number)
    stands: View = {
        "state": MarketState(market.row.state).name.lower().replace("_", "-"),
        "phase": BrakePhase(row.phase).name.lower(),
        "reference": market.price_text(row.reference_ticks),
        "lowest_price": market.price_text(low),
        "highest_price": market.price_text(high),
        "indicative_price": market.price_text(row.indicative_ticks),
        "indicative_quantity": market.quantity_text(row.indicative_lots),
    }
    if market.is_perpetual:
        stands["raised_initial_base"] = RATES.text(row.raised_base_e8)
    settings = {name: _SCALES[decimals].text(getattr(row, field)) for name, (field, decimals) in BRAKE_TEXTS.items()}
    settings |= {name: market.quantity_text(getattr(row, field)) for name, field in BRAKE_LOTS.items()}
    return {"market": market.symbol} | stands | settings
