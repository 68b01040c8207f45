"""Prices as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ringfence.config import parse_units
from ringfence.schema import commands as c
from ringfence.schema.enums import PRICE_SOURCES, PriceState, Session
from ringfence.schema.tables import PriceRow, QuoteRow
from ringfence.views.catalog import AssetInfo

from .errors import WrongUse
from .operate import OpenVenue, now_us

BPS_DECIMALS = 2
BPS_PPM = 10**BPS_DECIMALS

View = dict[str, Any]


class Pricing(NamedTuple):
    """New settings of a price; ``None`` leaves one as it is, or at its first value. The rates are decimal texts."""

    minimum_sources: int | None = None
    maximum_age_ms: int | None = None
    clamp_bps: str | None = None
    update_cap_bps: str | None = None
    closed_haircut_bps: str | None = None


def price_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield the prices of an asset or of all, with the quotes that they are made of."""
    assets = list(venue.catalog.assets.values()) if symbol is None else [venue.asset(symbol)]
    for asset in assets:
        row = venue.exchange.price(asset.number)
        if row is not None:
            yield _price_view(venue, asset.symbol, row)
        elif symbol is not None:
            raise WrongUse(f"{symbol} has no pricing; `ringfence price set {symbol}` gives it one")


def source_views(venue: OpenVenue) -> Iterator[View]:
    """Yield the sources that have a name."""
    for number in range(1, PRICE_SOURCES + 1):
        row = venue.exchange.price_source(number)
        if row is not None:
            yield {"number": number, "name": row.name, "enabled": bool(row.enabled)}


def set_source(venue: OpenVenue, number: int, name: str | None, enabled: bool | None) -> None:
    """Name a source or switch it; what is ``None`` stays as it is."""
    row = venue.exchange.price_source(number)
    if row is None and name is None:
        raise WrongUse(f"price source {number} has no name yet; --name gives it one")
    present = (row.name, bool(row.enabled)) if row is not None else ("", True)
    name = present[0] if name is None else name
    enabled = present[1] if enabled is None else enabled
    venue.command(c.SetPriceSource(price_source=number, name=name, enabled=int(enabled)))


def set_pricing(venue: OpenVenue, symbol: str, pricing: Pricing) -> None:
    """Price an asset, or change how it is priced."""
    asset = venue.asset(symbol)
    row = venue.exchange.price(asset.number)
    fields: dict[str, int] = {}
    for name, value in pricing._asdict().items():
        field = name.replace("_bps", "_ppm")
        if value is not None:
            fields[field] = _ppm(name, value) if isinstance(value, str) else value
        elif row is not None:
            fields[field] = getattr(row, field)
    venue.command(c.SetPricing(asset=asset.number, **fields))


def set_weight(venue: OpenVenue, symbol: str, source: str, weight: int) -> None:
    """Say how much a source counts for an asset; 0 forgets its quote."""
    named = {view["name"]: view["number"] for view in source_views(venue)}
    if source not in named:
        raise WrongUse(f"there is no price source {source}; there is {', '.join(named) or 'none'}")
    asset = venue.asset(symbol)
    venue.command(c.SetPriceWeight(asset=asset.number, price_source=named[source], weight=weight))


def set_session(venue: OpenVenue, symbol: str, is_open: bool) -> None:
    """Say whether an asset is traded now where its prices come from."""
    session = Session.OPEN if is_open else Session.CLOSED
    venue.command(c.SetSession(asset=venue.asset(symbol).number, session=session))


def _price_view(venue: OpenVenue, symbol: str, row: PriceRow) -> View:
    names = {view["number"]: view["name"] for view in source_views(venue)}
    clock_us, asset = now_us(), venue.asset(symbol)
    return {
        "asset": symbol,
        "state": PriceState(row.price_state).name.lower(),
        "mark": asset.price_text(row.mark_units),
        "index": asset.price_text(row.index_units),
        "session": Session(row.session).name.lower(),
        "age_ms": max(0, clock_us - row.updated_us) // 1_000 if row.mark_units else None,
        "used": _names(row.used_sources, names),
        "clamped": _names(row.clamped_sources, names),
        "minimum_sources": row.minimum_sources,
        "maximum_age_ms": row.maximum_age_ms,
        "clamp_bps": _bps(row.clamp_ppm),
        "update_cap_bps": _bps(row.update_cap_ppm),
        "closed_haircut_bps": _bps(row.closed_haircut_ppm),
        "quotes": [_quote_view(asset, quote, names, clock_us) for quote in venue.exchange.quotes(row.asset)],
    }


def _quote_view(asset: AssetInfo, row: QuoteRow, names: dict[int, str], clock_us: int) -> View:
    return {
        "source": names[row.price_source],
        "weight": row.weight,
        "price": asset.price_text(row.price_units),
        "bid": asset.price_text(row.bid_units),
        "ask": asset.price_text(row.ask_units),
        "last": asset.price_text(row.last_units),
        "age_ms": max(0, clock_us - row.observed_us) // 1_000 if row.observed_us else None,
    }


def _names(mask: int, names: dict[int, str]) -> list[str]:
    return [name for number, name in names.items() if mask >> number & 1]


def _ppm(name: str, text: str) -> int:
    try:
        return parse_units(text, BPS_DECIMALS)
    except ValueError as error:
        raise WrongUse(f"--{name.replace('_', '-')}: {error}") from None


def _bps(ppm: int) -> str:
    whole, rest = divmod(ppm, BPS_PPM)
    return f"{whole}.{rest:0{BPS_DECIMALS}d}".rstrip("0").rstrip(".")
