"""What a position came to whose row is gone: its last row, and what a batch of events did to it since."""

from collections.abc import Iterable

import msgspec

from ringfence.schema.enums import Side
from ringfence.schema.events import Deleveraged, EstateClosed, Event, SliceEnded, Trade
from ringfence.schema.tables import PerpetualRow, PositionRow
from ringfence.views.history.estates import closing_of
from ringfence.views.history.positions import Position
from ringfence.views.perpetuals import pending_funding


def ended_row(before: PositionRow, rules: PerpetualRow, quote_factor: int, events: Iterable[Event]) -> PositionRow:
    """Return the row that a position would have if it had been kept: nothing is left but what it has realized."""
    shared = {name: getattr(before, name) for name in Position.__struct_fields__ if hasattr(before, name)}
    position = Position(**shared, position=0, opened_us=0)
    for event in events:
        if event.market == before.market:
            _follow(position, event, quote_factor)
    return msgspec.structs.replace(
        emptied(before),
        realized_atoms=position.realized_atoms,
        funding_atoms=before.funding_atoms - pending_funding(rules, before),
        fees_atoms=position.fees_atoms,
    )


def _follow(position: Position, event: Event, quote_factor: int) -> None:
    if isinstance(event, Trade):
        sign = 1 if event.side == Side.BID else -1
        if event.account == position.account:
            position.change(sign * event.quantity_lots, sign * event.quote_atoms, event.taker_fee_atoms)
        if event.maker_account == position.account:
            position.change(-sign * event.quantity_lots, -sign * event.quote_atoms, event.maker_fee_atoms)
    elif isinstance(event, (EstateClosed, Deleveraged)) and event.account == position.account:
        closing = closing_of(event, quote_factor)
        position.change(closing.lots, closing.cost_atoms, 0)
    elif isinstance(event, SliceEnded) and event.account == position.account:
        position.fees_atoms += event.fee_atoms


def emptied(row: PositionRow) -> PositionRow:
    """Return a row of which nothing is left, with its number."""
    numbers = {name: 0 for name in row.__struct_fields__ if name not in ("account", "market", "opened")}
    return msgspec.structs.replace(row, **numbers)
