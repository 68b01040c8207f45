"""What the funds of a venue have, as an operator reads it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ringfence.schema.enums import HouseAccount
from ringfence.views.funds import uncovered_atoms, unsettled_atoms

from .operate import OpenVenue


class FundView(msgspec.Struct, frozen=True):
    """What there is of an asset; ``unsettled`` is to come to FUND from perpetuals."""

    asset: str
    fund: str
    unsettled: str
    skin: str
    compensation: str
    uncovered: str


def fund_views(venue: OpenVenue) -> Iterator[FundView]:
    """Yield a view of each asset."""
    exchange = venue.exchange
    for asset in venue.catalog.assets.values():
        fund, skin, compensation = (
            exchange.balance(house, asset.number)[0]
            for house in (HouseAccount.FUND, HouseAccount.SKIN, HouseAccount.COMPENSATION)
        )
        yield FundView(
            asset=asset.symbol,
            fund=asset.text(fund),
            unsettled=asset.text(unsettled_atoms(exchange, HouseAccount.FUND, asset.number)),
            skin=asset.text(skin),
            compensation=asset.text(compensation),
            uncovered=asset.text(uncovered_atoms(exchange, asset.number)),
        )
