"""Perpetuals as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ringfence.config.perpetuals import PERPETUAL_LIMITS, PERPETUAL_TEXTS, mark_bound_warning, perpetual_fields
from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT, Delisting, MarketState, PriceState
from ringfence.schema.events import PerpetualDelisted
from ringfence.schema.tables import PerpetualRow
from ringfence.views.catalog import Catalog, MarketInfo
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


class Perpetuals(Protocol):
    """What is read of the exchange."""

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual."""
        ...


def perpetual_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield a perpetual, or all: where its price, its funding and its money stand, and its settings."""
    markets = list(venue.catalog.markets.values()) if symbol is None else [_perpetual(venue, symbol)]
    for market in markets:
        row = venue.exchange.perpetual(market.number)
        if row is not None:
            yield _view(venue, market, row)
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


def delisting_view(venue: OpenVenue, symbol: str) -> View:
    """Return what delisting a perpetual would end now; ``WrongUse`` if it cannot be delisted."""
    market = _perpetual(venue, symbol)
    row = venue.exchange.perpetual(market.number)
    if row is None:
        raise WrongUse(f"{symbol} has no rules and nothing to end; it does not trade")
    if row.delisting != Delisting.LISTED:
        raise WrongUse(f"{symbol} is delisted, which is for good")
    tables = venue.exchange.rows()
    orders = _count(tables["orders"]["market"], market)
    triggers = _count(tables["triggers"]["market"], market)
    of_users = (tables["positions"]["account"] >= FIRST_USER_ACCOUNT) & (tables["positions"]["net_lots"] != 0)
    return {
        "market": symbol,
        "market_state": MarketState(market.row.state).name.lower().replace("_", "-"),
        "mark": market.price_text(row.mark_ticks),
        "ends_orders": orders,
        "ends_triggers": triggers,
        "ends_positions": _count(tables["positions"]["market"][of_users], market),
        "open_interest": market.quantity_text(row.open_interest_lots),
    }


def delist_perpetual(venue: OpenVenue, symbol: str) -> View:
    """Delist a perpetual; returns at which price for good."""
    market = _perpetual(venue, symbol)
    events = venue.command(c.DelistPerpetual(market=market.number))
    (told,) = [event for event in events if isinstance(event, PerpetualDelisted)]
    return {
        "market": symbol,
        "delisting": Delisting.ANNOUNCED.name.lower(),
        "final_mark": market.price_text(told.mark_ticks),
        "index": market.price_text(told.index_ticks),
        "price_state": PriceState(told.price_state).name.lower(),
        "sequence": told.sequence,
    }


def mark_bound_warnings(exchange: Perpetuals, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each perpetual whose mark may stray too far from the index for its margin."""
    for market in catalog.markets.values():
        row = exchange.perpetual(market.number)
        if row is not None and row.delisting == Delisting.LISTED:
            warning = mark_bound_warning(FRACTIONS.text(row.mark_bound_ppm), RATES.text(row.maintenance_base_e8))
            if warning is not None:
                yield f"{market.symbol}: {warning}; `ringfence perpetual set {market.symbol}` changes it"


def _count(markets: np.ndarray, market: MarketInfo) -> int:
    return int(np.count_nonzero(markets == market.number))


def _perpetual(venue: OpenVenue, symbol: str) -> MarketInfo:
    market = venue.market(symbol)
    if not market.is_perpetual:
        named = ", ".join(one.symbol for one in venue.catalog.markets.values() if one.is_perpetual)
        raise WrongUse(f"{symbol} is a spot market; perpetuals are {named or 'none'}")
    return market


def _owed(venue: OpenVenue, market: MarketInfo) -> tuple[str, str]:
    """Return what is still owed to a delisted market by those who lost, and by it to those who won."""
    rows = venue.exchange.rows()["positions"]
    costs = [int(atoms) for atoms in rows["reference_atoms"][rows["market"] == market.number]]
    owed, due = sum(atoms for atoms in costs if atoms > 0), -sum(atoms for atoms in costs if atoms < 0)
    return market.quote_text(owed), market.quote_text(due)


def _view(venue: OpenVenue, market: MarketInfo, row: PerpetualRow) -> View:
    stands = {
        "state": PriceState(row.price_state).name.lower(),
        "mark": market.price_text(row.mark_ticks),
        "index": market.price_text(row.index_ticks),
        "coming_funding": FUNDING_RATES.text(estimated_funding_e10(row)),
        "last_funding": FUNDING_RATES.text(row.funding_rate_e10),
        "open_interest": market.quantity_text(row.open_interest_lots),
        "clearing": market.quote_text(row.clearing_atoms),
        "short": market.quote_text(row.short_atoms),
        "delisting": Delisting(row.delisting).name.lower(),
    }
    if row.delisting == Delisting.ENDED:
        stands["owed_by_losers"], stands["due_to_winners"] = _owed(venue, market)
    settings = {
        name: _SCALES[decimals].text(getattr(row, field)) for name, (field, decimals) in PERPETUAL_TEXTS.items()
    }
    settings |= {name: market.quantity_text(getattr(row, field)) for name, field in PERPETUAL_LIMITS.items()}
    return {"market": market.symbol} | stands | settings
