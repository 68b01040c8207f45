"""Events: each is written whole into the buffer of the batch, and cleared first, because events are hashed."""

from .jit import cold, hot
from .records import FUNDS_MOVED, ORDER_CLOSED, REJECTED, WORDS, EventKind, cast


@hot
def emit(s, kind, account, market):
    """Append an event with its header and return its place in the buffer."""
    venue = s.venue[0]
    n = venue.events
    words = cast(s.events, n, WORDS)
    for k in range(16):
        words.word[k] = 0
    header = s.events[n]
    header.sequence = venue.sequence
    header.time_us = venue.time_us
    header.index = n - venue.first_event
    header.account = account
    header.market = market
    header.kind = kind
    venue.events = n + 1
    return n


@cold
def refuse(s, reject, value, limit):
    """Remember why the command is refused; returns False, so that a check reads ``return refuse(...)``."""
    venue = s.venue[0]
    venue.reject = reject
    venue.reject_value = value
    venue.reject_limit = limit
    venue.reject_asset = 0
    venue.reject_field = 0
    return False


@cold
def refuse_asset(s, reject, value, limit, asset):
    """As ``refuse``, where an asset is concerned."""
    refuse(s, reject, value, limit)
    s.venue[0].reject_asset = asset
    return False


@cold
def refuse_field(s, reject, value, limit, field_number):
    """As ``refuse``, where one field of the command is at fault."""
    refuse(s, reject, value, limit)
    s.venue[0].reject_field = field_number
    return False


@cold
def emit_rejected(s, command_kind, account, market):
    """Append the event of a refusal that was remembered."""
    venue = s.venue[0]
    event = cast(s.events, emit(s, EventKind.REJECTED, account, market), REJECTED)
    event.command_kind = command_kind
    event.reject = venue.reject
    event.field_number = venue.reject_field
    event.asset = venue.reject_asset
    event.value = venue.reject_value
    event.limit = venue.reject_limit


@cold
def emit_moved(s, account, to_account, asset, atoms, cause, reference, source):
    """Append a movement of funds."""
    event = cast(s.events, emit(s, EventKind.FUNDS_MOVED, account, 0), FUNDS_MOVED)
    event.to_account = to_account
    event.asset = asset
    event.amount_atoms = atoms
    event.cause = cause
    event.reference = reference
    event.source = source


@hot
def emit_order_closed(s, row, reason):
    """Append the end of an order that stands in the book."""
    event = cast(s.events, emit(s, EventKind.ORDER_CLOSED, row.account, row.market), ORDER_CLOSED)
    event.order = row.id
    event.price_ticks = row.price_ticks
    event.remaining_lots = row.remaining_lots
    event.executed_lots = row.quantity_lots - row.remaining_lots
    event.executed_quote_atoms = row.executed_quote_atoms
    event.side = row.side
    event.reason = reason
    event.rested = 1
