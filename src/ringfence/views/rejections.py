"""The sentence that a person reads when the core refused a command: the value, the limit and the place in his units."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ringfence.schema.events import Rejected
from ringfence.schema.layout import COMMAND_BY_TAG, body_fields
from ringfence.schema.rejects import Reject

from .catalog import Catalog
from .decimals import PRICE_UNITS, VALUES
from .perpetuals import POSITIONS_MAXIMUM

PRICE_REJECTS = frozenset(
    {
        Reject.PRICE_BELOW_MINIMUM,
        Reject.PRICE_ABOVE_MAXIMUM,
        Reject.PRICE_OUT_OF_BAND,
        Reject.WOULD_TAKE,
        Reject.WRONG_SIDE_TRIGGER,
    }
)
QUANTITY_REJECTS = frozenset(
    {
        Reject.QUANTITY_BELOW_MINIMUM,
        Reject.QUANTITY_ABOVE_MAXIMUM,
        Reject.REDUCE_ONLY_NOT_REDUCED,
        Reject.POSITION_LIMIT,
        Reject.OPEN_INTEREST_LIMIT,
    }
)
AMOUNT_REJECTS = frozenset(
    {
        Reject.INSUFFICIENT_FUNDS,
        Reject.BORROW_REQUIRES_LEND_REDEEM,
        Reject.LEND_REQUIRES_BORROW_REPAY,
        Reject.LEND_LIMIT,
        Reject.INSUFFICIENT_SUPPLY,
        Reject.AMOUNT_TOO_SMALL,
        Reject.TOP_UP_TOO_SMALL,
    }
)
"""Refusals whose value and limit are atoms of the asset that they name."""


TOO_MANY_POSITIONS = "the account has {limit} positions already, which is the most; {place} would be another"


class Rejection(msgspec.Struct, frozen=True):
    """A refusal as the wire says it: HTTP status, code and sentence."""

    status: int
    code: str
    message: str


def rejection(event: Rejected, catalog: Catalog) -> Rejection:
    """Return status, code and sentence of a refused command; prices, quantities and amounts are in whole units."""
    reject = Reject(event.reject)
    counts_positions = _counts_positions(event, reject, catalog)
    text = str if counts_positions else _number_text(event, reject, catalog)
    sentence = TOO_MANY_POSITIONS if counts_positions else reject.text
    message = sentence.format(value=text(event.value), limit=text(event.limit), place=place_of(event, catalog))
    return Rejection(reject.status, reject.code, message)


def place_of(event: Rejected, catalog: Catalog) -> str:
    """Return where a command was refused: the field, else the asset, else the market that it names."""
    if event.field_number:
        return field_name(event.command_kind, event.field_number)
    if event.asset:
        asset = catalog.asset_by_number.get(event.asset)
        return asset.symbol if asset else f"asset {event.asset}"
    if event.market:
        market = catalog.market_by_number.get(event.market)
        return market.symbol if market else f"market {event.market}"
    return "the venue"


def field_name(command_kind: int, field: int) -> str:
    """Return the name of the body field at a place, counted from 1, in the declaration of a kind of command."""
    kind = COMMAND_BY_TAG.get(command_kind)
    fields = body_fields(kind) if kind else []
    return fields[field - 1].name if 0 < field <= len(fields) else f"field {field}"


def _counts_positions(event: Rejected, reject: Reject, catalog: Catalog) -> bool:
    """Tell whether a position was refused because there are too many; the numbers of POSITION_LIMIT are lots else.

    Where a market's own limit is as many lots, nothing tells the two apart, and lots are said.
    """
    market = catalog.market_by_number.get(event.market)
    numbers = (event.value, event.limit)
    is_count = reject is Reject.POSITION_LIMIT and numbers == (POSITIONS_MAXIMUM + 1, POSITIONS_MAXIMUM)
    return is_count and market is not None and market.position_limit_lots != POSITIONS_MAXIMUM


def _number_text(event: Rejected, reject: Reject, catalog: Catalog) -> Callable[[int], str]:
    market = catalog.market_by_number.get(event.market)
    asset = catalog.asset_by_number.get(event.asset)
    if reject in PRICE_REJECTS and market:
        return market.price_text
    if reject in QUANTITY_REJECTS and market:
        return market.quantity_text
    if reject in AMOUNT_REJECTS and asset:
        return asset.text
    if reject is Reject.INSUFFICIENT_MARGIN:
        return VALUES.text
    return PRICE_UNITS.text if reject is Reject.QUOTE_CROSSED else str
