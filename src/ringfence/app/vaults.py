"""Vaults as an operator opens, reads and sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringfence.config.vaults import LEVERAGE_DECIMALS, MILLISECONDS, VAULT_AMOUNTS, VAULT_PARTS, vault_fields
from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind, VaultState
from ringfence.schema.events import AccountOpened, AssetListed, VaultSet
from ringfence.schema.fields import MAX_SEQUENCE
from ringfence.schema.layout import body_fields
from ringfence.schema.tables import VaultRow
from ringfence.views import vaults
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, PRICE_UNITS, Scale

from .errors import WrongUse
from .operate import OpenVenue
from .settings import Texts, parsed_fields

View = dict[str, Any]
Switches = dict[str, bool | None]
"""What is on or off; ``None`` leaves it as it is."""

_STATES = {VaultState.OPEN: "open", VaultState.CLOSED: "closed"}
SECONDS = Scale("Delay", 1, MILLISECONDS, MAX_SEQUENCE, place="vaults")
LEVERAGES = Scale("Leverage", 1, LEVERAGE_DECIMALS, MAX_SEQUENCE, place="vaults")


def vault_views(venue: OpenVenue, number: int | None) -> Iterator[View]:
    """Yield a vault, or all: what it is worth, who waits, and its settings."""
    numbers = range(1, venue.exchange.vaults_set + 1) if number is None else [number]
    for one in numbers:
        yield _view(venue, _row(venue, one))


def open_vault(venue: OpenVenue, share: str, name: str, quote: str, texts: Texts, switches: Switches) -> int:
    """Open a vault: a new sub-account of a user, a new asset as its share; returns its number."""
    user, row = venue.user(name)
    money = venue.asset(quote)
    if share in venue.catalog.assets:
        raise WrongUse(f"there is an asset {share} already, and a vault needs a share of its own")
    number = venue.exchange.vaults_set + 1
    fields = _fields(texts, switches, money)
    share_title = f"Share of vault {number}"
    (listed,) = venue.command(
        c.ListAsset(symbol=share, name=share_title, asset_kind=AssetKind.CRYPTO, decimals=money.decimals)
    )
    assert isinstance(listed, AssetListed), listed
    opened = venue.command(c.OpenAccount(user=user.user, sub_account=row.accounts - 1))[0]
    assert isinstance(opened, AccountOpened), opened
    fields |= {"share_asset": listed.asset, "quote_asset": money.number}
    venue.command(c.SetVault(vault=number, account=opened.account, **fields))
    return number


def set_vault(venue: OpenVenue, number: int, texts: Texts, switches: Switches) -> None:
    """Change how a vault works."""
    row = _row(venue, number)
    account = venue.exchange.account(row.account)
    assert account is not None, f"vault {number} is account {row.account}, which is not open"
    settings = [field.name for field in body_fields(c.SetVault) if hasattr(row, field.name)]
    fields = {name: getattr(row, name) for name in settings}
    fields["leverage_limit_percent"] = account.leverage_limit_percent
    fields |= _fields(texts, switches, venue.catalog.asset_by_number[row.quote_asset])
    (event, *_) = venue.command(c.SetVault(account=row.account, **fields))
    assert isinstance(event, VaultSet), event


def _fields(texts: Texts, switches: Switches, quote: AssetInfo) -> dict[str, int]:
    fields = parsed_fields(lambda given: vault_fields(given, quote.decimals), texts)
    return fields | {name: int(value) for name, value in switches.items() if value is not None}


def _row(venue: OpenVenue, number: int) -> VaultRow:
    row = venue.exchange.vault(number)
    if row is None:
        raise WrongUse(f"there is no vault {number}; there are {venue.exchange.vaults_set}")
    return row


def _view(venue: OpenVenue, row: VaultRow) -> View:
    share, quote = (venue.catalog.asset_by_number[number] for number in (row.share_asset, row.quote_asset))
    value, supply = vaults.value_atoms(venue.exchange, row), vaults.supply_atoms(venue.exchange, row)
    waiting = sum(entry.shares_atoms for entry in venue.exchange.vault_redemptions(row.vault))
    account = venue.exchange.account(row.account)
    leverage = account.leverage_limit_percent if account is not None else 0
    stands = {
        "vault": row.vault,
        "state": _STATES[VaultState(row.vault_state)],
        "account": row.account,
        "share": share.symbol,
        "quote": quote.symbol,
        "value": quote.text(value),
        "shares": share.text(supply),
        "share_price": PRICE_UNITS.text(vaults.share_price_units(value, supply)),
        "waiting": share.text(waiting),
        "positions": len(venue.exchange.positions(row.account)),
    }
    settings = {name: FRACTIONS.text(getattr(row, field)) for name, field in VAULT_PARTS.items()}
    settings |= {name: quote.text(getattr(row, field)) for name, field in VAULT_AMOUNTS.items()}
    settings |= {"redeem_delay": SECONDS.text(row.redeem_delay_ms), "leverage_limit": LEVERAGES.text(leverage)}
    switches = {name: bool(getattr(row, name)) for name in ("mints_enabled", "redeems_enabled", "takes_over")}
    return stands | settings | switches
