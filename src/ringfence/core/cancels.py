"""Cancelling orders: one by its number, or all of an account, oldest first.  Cancelling works in every market state."""

from ..schema.enums import CloseReason
from .admission import known_market, user_account
from .book import take_out
from .emit import emit_order_closed
from .jit import cold, hot
from .orders import own_order
from .paying import release


@hot
def cancel(s, slot):
    """Take an order out of the book at its owner's wish."""
    row = s.orders[slot]
    emit_order_closed(s, row, CloseReason.REQUESTED)
    release(s, row, row.remaining_lots)
    take_out(s, slot)


@hot
def cancel_order(s, c):
    """Cancel one open order; returns whether it was accepted."""
    slot = own_order(s, c.account, c.market, c.order)
    if slot == 0:
        return False
    cancel(s, slot)
    return True


@cold
def cancel_all_orders(s, c):
    """Cancel the open orders of an account in one market or in all; returns whether it was accepted."""
    if not user_account(s, c.account):
        return False
    if c.market != 0 and not known_market(s, c.market):
        return False
    slot = s.accounts[c.account].first_order
    while slot != 0:
        following = s.orders[slot].account_next
        if c.market == 0 or s.orders[slot].market == c.market:
            cancel(s, slot)
        slot = following
    return True
