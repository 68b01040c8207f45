"""Cases: the liquidations that are under way, and the queue in which each gets its turn.  docs/rules.md, "Cases".

An account has one case at most.  The queue goes round, so that no case waits for all of another.
"""

from ..schema.enums import CaseStep, CloseReason, Parameter, TriggerEnd
from .cancels import cancel_orders, end_triggers
from .changes import note_change
from .emit import emit
from .inventory import show_estate
from .jit import cold, hot
from .margin import take_measure
from .records import CASE_CLOSED, CASE_OPENED, EventKind, cast
from .state import CASES
from .vault_queue import cancel_redemptions


@cold
def take_slot(s):
    """Return a free row."""
    pool = s.pools[CASES]
    slot = pool.free
    if slot != 0:
        pool.free = s.cases[slot].next
    else:
        pool.used += 1
        slot = pool.used
    pool.rows += 1
    return slot


@cold
def join_queue(s, slot):
    """Put a case at the end of the queue."""
    venue, row = s.venue[0], s.cases[slot]
    row.next, row.previous = 0, venue.last_case
    if venue.last_case != 0:
        s.cases[venue.last_case].next = slot
    else:
        venue.first_case = slot
    venue.last_case = slot


@cold
def leave_queue(s, slot):
    """Take a case out of the queue."""
    venue, row = s.venue[0], s.cases[slot]
    if row.previous != 0:
        s.cases[row.previous].next = row.next
    else:
        venue.first_case = row.next
    if row.next != 0:
        s.cases[row.next].previous = row.previous
    else:
        venue.last_case = row.previous


@cold
def give_turn(s, slot):
    """Let a case stand at the end of the queue with a new turn."""
    s.venue[0].case_turns += 1
    s.cases[slot].turn = s.venue[0].case_turns
    join_queue(s, slot)


@cold
def let_others(s, slot):
    """Let all other cases have their turn first."""
    leave_queue(s, slot)
    give_turn(s, slot)


@hot
def is_room_for_case(s):
    """Whether one case more may be open."""
    return s.pools[CASES].rows < s.parameters[Parameter.CASES]


@cold
def open_case(s, account, cause):
    """Open the case of an account: its orders and triggers end, and what comes later from outside is fenced."""
    take_measure(s, account, 0, 0, 0, False)
    venue, measure, slot = s.venue[0], s.measure[0], take_slot(s)
    venue.cases_opened += 1
    row = s.cases[slot]
    row.id, row.case, row.account = venue.cases_opened, venue.cases_opened, account
    row.opened, row.opened_us, row.tried_us = venue.sequence, venue.time_us, 0
    row.cause, row.step, row.written_off_value = cause, CaseStep.BOOK, 0
    s.accounts[account].case_slot = slot
    give_turn(s, slot)
    event = cast(s.events, emit(s, EventKind.CASE_OPENED, account, 0), CASE_OPENED)
    event.case, event.cause = row.id, cause
    event.equity_value, event.maintenance_value = measure.collateral - measure.liabilities, measure.maintenance
    event.worth_value = measure.assets - measure.liabilities
    event.assets, event.positions, event.expected, event.left_out = show_estate(s, row.id, account)
    end_triggers(s, account, 0, TriggerEnd.LIQUIDATION.value)
    cancel_orders(s, account, 0, CloseReason.LIQUIDATION.value)
    cancel_redemptions(s, account, row.id)


@cold
def close_case(s, slot, reason):
    """Close a case; ``s.measure`` is of its account as it is now."""
    row, measure, pool = s.cases[slot], s.measure[0], s.pools[CASES]
    event = cast(s.events, emit(s, EventKind.CASE_CLOSED, row.account, 0), CASE_CLOSED)
    event.case, event.reason = row.id, reason
    event.equity_value, event.maintenance_value = measure.collateral - measure.liabilities, measure.maintenance
    leave_queue(s, slot)
    s.accounts[row.account].case_slot = 0
    # It is looked at again as any other from now on.
    note_change(s, row.account)
    row.id = 0
    row.next = pool.free
    pool.free = slot
    pool.rows -= 1
