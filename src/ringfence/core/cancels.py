"""Cancelling orders: one by its number, or all of an account, oldest first.  Cancelling works in every market state."""

from ..schema.commands import PlaceTrigger
from ..schema.enums import Cancels, CloseReason, TriggerEnd
from ..schema.rejects import Reject
from .admission import known_market, user_account
from .book import take_out
from .jit import cold, hot
from .matching import close_order
from .orders import own_order
from .paying import release
from .triggers import end_trigger, find_trigger

TRIGGERS_SINCE = PlaceTrigger.since


@hot
def cancel(s, slot, reason):
    """Take an order out of the book, at its owner's wish or for another reason."""
    row = s.orders[slot]
    close_order(s, row, reason)
    release(s, row, row.remaining_lots)
    take_out(s, slot)


@hot
def cancel_order(s, c):
    """Cancel one open order; returns whether it was accepted."""
    slot = own_order(s, c.account, c.market, c.order)
    if slot == 0:
        return cancel_trigger(s, c)
    cancel(s, slot, CloseReason.REQUESTED.value)
    return True


@cold
def cancel_all_orders(s, c):
    """Cancel the open orders of an account in one market or in all; returns whether it was accepted."""
    if not user_account(s, c.account):
        return False
    if c.market != 0 and not known_market(s, c.market):
        return False
    cancels = c.cancels if s.venue[0].rules >= TRIGGERS_SINCE else Cancels.ORDERS.value
    if cancels != Cancels.TRIGGERS:
        cancel_orders(s, c.account, c.market, CloseReason.REQUESTED.value)
    if cancels != Cancels.ORDERS:
        end_triggers(s, c.account, c.market, TriggerEnd.REQUESTED.value)
    return True


@cold
def cancel_orders(s, account, market, reason):
    """Cancel the open orders of an account in one market or in all (0)."""
    slot = s.accounts[account].first_order
    while slot != 0:
        following = s.orders[slot].account_next
        if market == 0 or s.orders[slot].market == market:
            cancel(s, slot, reason)
        slot = following


@cold
def end_triggers(s, account, market, reason):
    """End the triggers of an account in one market or in all (0)."""
    slot = s.account_triggers[account].first
    while slot != 0:
        following = s.triggers[slot].account_next
        if market == 0 or s.triggers[slot].market == market:
            end_trigger(s, slot, reason)
        slot = following


@cold
def cancel_trigger(s, c):
    """End a trigger that a CancelOrder names, which found no order; returns whether it was accepted."""
    if s.venue[0].reject != Reject.UNKNOWN_ORDER:
        return False
    slot = find_trigger(s, c.order)
    if slot == 0 or s.triggers[slot].account != c.account or s.triggers[slot].market != c.market:
        return False
    end_trigger(s, slot, TriggerEnd.REQUESTED)
    return True
