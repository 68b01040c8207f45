"""Collateral and lending pools as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ringfence.config.lending import (
    COLLATERAL_RATES,
    HAIRCUTS,
    POOL_PARTS,
    POOL_RATES,
    POOL_STATES,
    collateral_fields,
    pool_fields,
)
from ringfence.schema import commands as c
from ringfence.schema.layout import body_fields
from ringfence.schema.tables import CollateralRow, LendingPoolRow
from ringfence.views import lending
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, RATES

from .errors import WrongUse
from .operate import OpenVenue

View = dict[str, Any]
Texts = Mapping[str, str | None]
"""Settings as decimal texts; ``None`` leaves one as it is, or at its first value."""

HAIRCUT_NAMES: dict[int, str] = {kind: name for name, kind in HAIRCUTS.items()}
STATE_NAMES: dict[int, str] = {state: name for name, state in POOL_STATES.items()}
FIRST_COLLATERAL = ("weight", "initial_base", "maintenance_base")
FIRST_POOL = ("rate_optimal", "rate_full")
"""What must be said of an asset of which nothing was said yet."""


def collateral_views(venue: OpenVenue, symbol: str | None) -> Iterator[View]:
    """Yield what an asset, or every one, is worth as collateral."""
    for asset in _assets(venue, symbol):
        row = venue.exchange.collateral(asset.number)
        if row is not None:
            yield _collateral_view(asset, row)
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


def set_collateral(venue: OpenVenue, symbol: str, texts: Texts, haircut: str | None) -> None:
    """Say what an asset is worth as collateral, or change that."""
    asset = venue.asset(symbol)
    row = venue.exchange.collateral(asset.number)
    fields = _present(row, c.SetCollateral) if row is not None else _first(texts, FIRST_COLLATERAL)
    fields |= _parsed(collateral_fields, texts)
    if haircut is not None:
        fields["haircut_kind"] = HAIRCUTS[haircut]
    venue.command(c.SetCollateral(**(fields | {"asset": asset.number})))


def set_pool(venue: OpenVenue, symbol: str, texts: Texts, state: str | None, lend_limit: str | None) -> None:
    """Give an asset a lending pool, or change its settings."""
    asset = venue.asset(symbol)
    row = venue.exchange.lending_pool(asset.number)
    fields = _present(row, c.SetLendingPool) if row is not None else _first(texts, FIRST_POOL)
    fields |= _parsed(pool_fields, texts)
    if state is not None:
        fields["pool_state"] = POOL_STATES[state]
    if lend_limit is not None:
        fields["lend_limit_atoms"] = asset.parse(lend_limit)
    venue.command(c.SetLendingPool(**(fields | {"asset": asset.number})))


def _assets(venue: OpenVenue, symbol: str | None) -> list[AssetInfo]:
    return list(venue.catalog.assets.values()) if symbol is None else [venue.asset(symbol)]


def _present(row: CollateralRow | LendingPoolRow, command: type[c.Command]) -> dict[str, int]:
    """Return the settings of a row that a command sets."""
    return {field.name: getattr(row, field.name) for field in body_fields(command)}


def _first(texts: Texts, needed: tuple[str, ...]) -> dict[str, int]:
    missing = [f"--{name.replace('_', '-')}" for name in needed if texts.get(name) is None]
    if missing:
        raise WrongUse(f"the first time it needs {', '.join(missing)}")
    return {}


def _parsed(parse: Callable[[Texts], dict[str, int]], texts: Texts) -> dict[str, int]:
    try:
        return parse(texts)
    except ValueError as error:
        name, _, sentence = str(error).partition(":")
        raise WrongUse(f"--{name.replace('_', '-')}:{sentence}") from None


def _collateral_view(asset: AssetInfo, row: CollateralRow) -> View:
    rates = {name: RATES.text(getattr(row, field)) for name, field in COLLATERAL_RATES.items()}
    return {"asset": asset.symbol, "haircut": HAIRCUT_NAMES[row.haircut_kind]} | rates


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
