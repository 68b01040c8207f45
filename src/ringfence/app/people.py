"""Users, assets and parameters as an operator reads and sets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ringfence.identity import User
from ringfence.schema.commands import SetUser
from ringfence.schema.enums import PARAMETER_LIMITS, AssetKind, UserFlag
from ringfence.schema.tables import UserRow
from ringfence.views.catalog import AssetInfo

from .operate import OpenVenue

View = dict[str, Any]
FLAGS = {
    "trading": UserFlag.TRADING_FROZEN,
    "withdrawals": UserFlag.WITHDRAWALS_FROZEN,
    "transfers": UserFlag.TRANSFERS_FROZEN,
}


def user_views(venue: OpenVenue) -> Iterator[View]:
    """Yield every registered user."""
    for user in venue.identities.users():
        yield user_view(venue, *venue.user(user.name))


def user_view(venue: OpenVenue, user: User, row: UserRow) -> View:
    """Return a user: his number, what he may trade, what is frozen, and how many of his keys work."""
    working = [key for key in venue.identities.keys(user.user) if key.revoked_us is None]
    return {
        "name": user.name,
        "user": user.user,
        "account": row.main_account,
        "eligible": [number for number in range(62) if row.hold_classes >> number & 1],
        "frozen": [name for name, flag in FLAGS.items() if row.user_flags & flag],
        "fee_tier": row.fee_tier,
        "keys": len(working),
    }


def set_user_flags(
    venue: OpenVenue, name: str, freeze: Iterable[str], unfreeze: Iterable[str], fee_tier: int | None
) -> None:
    """Change what is frozen for a user, and his fee tier."""
    user, row = venue.user(name)
    flags = row.user_flags
    for frozen in freeze:
        flags |= FLAGS[frozen]
    for thawed in unfreeze:
        flags &= ~FLAGS[thawed]
    tier = row.fee_tier if fee_tier is None else fee_tier
    venue.command(SetUser(user=user.user, user_flags=flags, fee_tier=tier))


def asset_view(asset: AssetInfo) -> View:
    """Return an asset."""
    row = asset.row
    return {
        "asset": row.symbol,
        "name": row.name,
        "kind": AssetKind(row.asset_kind).name.lower(),
        "decimals": row.decimals,
        "eligibility_class": row.eligibility_class,
        "cusip": row.cusip or None,
    }


def parameter_views(venue: OpenVenue) -> Iterator[View]:
    """Yield every parameter with its value and bounds."""
    for parameter, (lowest, highest, _) in PARAMETER_LIMITS.items():
        value = venue.exchange.parameter(parameter)
        yield {"parameter": parameter.name.lower(), "value": value, "lowest": lowest, "highest": highest}
