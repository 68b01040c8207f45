"""``apply``: commands in, events out.  The order of a command's life: stamp checked, door, handler, balance of postings."""

from ..schema.enums import PARAMETER_LIMITS, Parameter
from . import cancels, listings, money, orders, people, settings
from . import records as r
from .door import market_named, passes_door
from .emit import emit_rejected
from .jit import cold, hot
from .lookahead import look_ahead
from .records import Kind, cast

EVENTS_PER_COMMAND = max(
    PARAMETER_LIMITS[Parameter.OPEN_ORDERS_PER_ACCOUNT][1], 2 * PARAMETER_LIMITS[Parameter.FILLS_PER_COMMAND][1]
) + 16  # fmt: skip
"""More events than one command can make: a buffer must have this many rows free before a command is begun."""


@cold
def handle_rare(s, commands, events, i):
    """Carry out a command of a kind that is not about single orders; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.CLOCK:
        return settings.clock(s, events, cast(commands, i, r.CLOCK))
    if kind == Kind.DEPOSIT:
        return money.deposit(s, events, cast(commands, i, r.DEPOSIT))
    if kind == Kind.REQUEST_WITHDRAWAL:
        return money.request_withdrawal(s, events, cast(commands, i, r.REQUEST_WITHDRAWAL))
    if kind == Kind.SETTLE_WITHDRAWAL:
        return money.settle_withdrawal(s, events, cast(commands, i, r.SETTLE_WITHDRAWAL))
    if kind == Kind.RETURN_WITHDRAWAL:
        return money.return_withdrawal(s, events, cast(commands, i, r.RETURN_WITHDRAWAL))
    if kind == Kind.TRANSFER:
        return money.transfer(s, events, cast(commands, i, r.TRANSFER))
    if kind == Kind.MOVE_HOUSE_FUNDS:
        return money.move_house_funds(s, events, cast(commands, i, r.MOVE_HOUSE_FUNDS))
    if kind == Kind.OPEN_USER:
        return people.open_user(s, events, cast(commands, i, r.OPEN_USER))
    if kind == Kind.OPEN_ACCOUNT:
        return people.open_account(s, events, cast(commands, i, r.OPEN_ACCOUNT))
    if kind == Kind.SET_USER:
        return people.set_user(s, events, cast(commands, i, r.SET_USER))
    if kind == Kind.SET_ELIGIBILITY:
        return people.set_eligibility(s, events, cast(commands, i, r.SET_ELIGIBILITY))
    return handle_setting(s, commands, events, i)


@cold
def handle_setting(s, commands, events, i):
    """Carry out a listing or a setting; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.SET_RULES:
        return settings.set_rules(s, events, cast(commands, i, r.SET_RULES))
    if kind == Kind.SET_PARAMETER:
        return settings.set_parameter(s, events, cast(commands, i, r.SET_PARAMETER))
    if kind == Kind.LIST_ASSET:
        return listings.list_asset(s, events, cast(commands, i, r.LIST_ASSET))
    if kind == Kind.LIST_MARKET:
        return listings.list_market(s, events, cast(commands, i, r.LIST_MARKET))
    if kind == Kind.SET_MARKET_STATE:
        return listings.set_market_state(s, events, cast(commands, i, r.SET_MARKET_STATE))
    if kind == Kind.SET_MARKET_LIMITS:
        return listings.set_market_limits(s, events, cast(commands, i, r.SET_MARKET_LIMITS))
    if kind == Kind.SET_PRICE_BANDS:
        return listings.set_price_bands(s, events, cast(commands, i, r.SET_PRICE_BANDS))
    assert kind == Kind.SET_FEE_TIER, "a kind of command has no handler"
    return listings.set_fee_tier(s, events, cast(commands, i, r.SET_FEE_TIER))


@hot
def handle(s, commands, events, i):
    """Carry out a command that passed the door; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.PLACE_ORDER:
        return orders.place_order(s, events, cast(commands, i, r.PLACE_ORDER))
    if kind == Kind.CANCEL_ORDER:
        return cancels.cancel_order(s, events, cast(commands, i, r.CANCEL_ORDER))
    if kind == Kind.CANCEL_ALL_ORDERS:
        return cancels.cancel_all_orders(s, events, cast(commands, i, r.CANCEL_ALL_ORDERS))
    if kind == Kind.AMEND_ORDER:
        return orders.amend_order(s, events, cast(commands, i, r.AMEND_ORDER))
    return handle_rare(s, commands, events, i)


@hot
def step(s, commands, events, i):
    """Apply one command."""
    venue, header = s.venue[0], commands[i]
    assert header.sequence == venue.sequence + 1, "a command is out of sequence"
    assert header.time_us >= venue.time_us, "time goes back"
    venue.sequence = header.sequence
    venue.time_us = header.time_us
    venue.first_event = venue.events
    if not (passes_door(s, commands, i) and handle(s, commands, events, i)):
        emit_rejected(s, events, header.kind, header.account, market_named(commands, i))
    assert venue.unbalanced_assets == 0, "the postings of a command do not sum to zero"


@hot
def apply(s, commands, events, begin, ahead):
    """Apply the commands from ``begin`` on until all are done or the buffer may run out; returns the events made.

    ``venue.applied`` counts the commands that were applied in full, so it names the one that broke an assertion.
    """
    venue = s.venue[0]
    venue.events = 0
    venue.applied = 0
    for i in range(begin, len(commands)):
        if venue.events + EVENTS_PER_COMMAND > len(events):
            break
        if ahead:
            look_ahead(s, commands, i, len(commands))
        step(s, commands, events, i)
        venue.applied += 1
    return venue.events


