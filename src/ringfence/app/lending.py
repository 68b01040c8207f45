"""Collateral and lending pools as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringfence.config.lending import (
    COLLATERAL_RATES,
    CONVERSION_PARTS,
    HAIRCUTS,
    POOL_PARTS,
    POOL_RATES,
    POOL_STATES,
    collateral_fields,
    pool_fields,
)
from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind
from ringfence.schema.tables import CollateralRow, LendingPoolRow
from ringfence.views import lending
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, RATES

from .errors import WrongUse
from .operate import OpenVenue
from .settings import Texts, parsed_fields, present_fields, require_texts

View = dict[str, Any]

HAIRCUT_NAMES: dict[int, str] = {kind: name for name, kind in HAIRCUTS.items()}
STATE_NAMES: dict[int, str] = {state: name for name, state in POOL_STATES.items()}
FIRST_COLLATERAL = ("weight", "initial_base", "maintenance_base")
FIRST_POOL = ("rate_optimal", "rate_full")
"""What must be said of an asset of which nothing was said yet."""
NO_MARKET = "none"
"""What is said instead of a market to convert an asset in none."""


def collateral_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield what an asset, or every one, is worth as collateral."""
    for asset in _assets(venue, symbol):
        row = venue.exchange.collateral(asset.number)
        if row is not None:
            yield _collateral_view(venue, asset, row)
        elif symbol is not None:
            raise WrongUse(f"{symbol} counts for nothing as collateral; `ringfence collateral set {symbol}` says more")


def pool_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield the lending pool of an asset, or all pools: their settings, and where they stand."""
    for asset in _assets(venue, symbol):
        row = venue.exchange.lending_pool(asset.number)
        if row is not None:
            yield _pool_view(venue, asset, row)
        elif symbol is not None:
            raise WrongUse(f"{symbol} has no lending pool; `ringfence lend set {symbol}` gives it one")


def set_collateral(
    venue: OpenVenue, symbol: str, texts: Texts, haircut: str | None, conversion_market: str | None
) -> None:
    """Say what an asset is worth as collateral and where it is sold for losses, or change that."""
    asset = venue.asset(symbol)
    row = venue.exchange.collateral(asset.number)
    fields = present_fields(row, c.SetCollateral) if row is not None else require_texts(texts, FIRST_COLLATERAL)
    fields |= parsed_fields(collateral_fields, texts)
    if haircut is not None:
        fields["haircut_kind"] = HAIRCUTS[haircut]
    if conversion_market is not None:
        fields["conversion_market"] = _conversion_market(venue, asset, conversion_market)
    venue.command(c.SetCollateral(**(fields | {"asset": asset.number})))


def _conversion_market(venue: OpenVenue, asset: AssetInfo, symbol: str) -> int:
    if symbol == NO_MARKET:
        return 0
    market = venue.market(symbol)
    if market.is_perpetual or market.base.number != asset.number or market.quote.row.asset_kind != AssetKind.CASH:
        raise WrongUse(f"--conversion-market: {symbol} is not a spot market of {asset.symbol} against cash")
    return market.number


def set_pool(venue: OpenVenue, symbol: str, texts: Texts, state: str | None, lend_limit: str | None) -> None:
    """Give an asset a lending pool, or change its settings."""
    asset = venue.asset(symbol)
    row = venue.exchange.lending_pool(asset.number)
    fields = present_fields(row, c.SetLendingPool) if row is not None else require_texts(texts, FIRST_POOL)
    fields |= parsed_fields(pool_fields, texts)
    if state is not None:
        fields["pool_state"] = POOL_STATES[state]
    if lend_limit is not None:
        fields["lend_limit_atoms"] = asset.parse(lend_limit)
    venue.command(c.SetLendingPool(**(fields | {"asset": asset.number})))


def _assets(venue: OpenVenue, symbol: str | None) -> list[AssetInfo]:
    return list(venue.catalog.assets.values()) if symbol is None else [venue.asset(symbol)]


def _collateral_view(venue: OpenVenue, asset: AssetInfo, row: CollateralRow) -> View:
    rates = {name: RATES.text(getattr(row, field)) for name, field in COLLATERAL_RATES.items()}
    market = venue.catalog.market_by_number.get(row.conversion_market)
    conversion: View = {"conversion_market": NO_MARKET if market is None else market.symbol}
    conversion |= {name: FRACTIONS.text(getattr(row, field)) for name, field in CONVERSION_PARTS.items()}
    return {"asset": asset.symbol, "haircut": HAIRCUT_NAMES[row.haircut_kind]} | rates | conversion


def _pool_view(venue: OpenVenue, asset: AssetInfo, row: LendingPoolRow) -> View:
    queue = venue.exchange.redemptions(asset.number)
    stands = {
        "lent": asset.text(lending.lent_atoms(row)),
        "borrowed": asset.text(lending.debt_atoms(row)),
        "held": asset.text(venue.exchange.pool_atoms(asset.number)),
        "reserve": asset.text(row.reserve_atoms),
        "waiting": asset.text(sum(entry.queued_atoms for entry in queue)),
        "borrowable": asset.text(lending.borrowable(row, has_queue=bool(queue))),
        "redeemable": asset.text(lending.redeemable(row, has_queue=bool(queue))),
        "utilisation": FRACTIONS.text(lending.utilisation_ppm(row)),
        "borrow_rate": RATES.text(lending.borrow_rate_e8(row)),
        "lend_rate": RATES.text(lending.lend_rate_e8(row)),
    }
    settings = {name: RATES.text(getattr(row, field)) for name, field in POOL_RATES.items()}
    settings |= {name: FRACTIONS.text(getattr(row, field)) for name, field in POOL_PARTS.items()}
    settings["lend_limit"] = asset.text(row.lend_limit_atoms)
    return {"asset": asset.symbol, "state": STATE_NAMES[row.pool_state]} | stands | settings
