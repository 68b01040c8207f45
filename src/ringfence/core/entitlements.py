"""What accounts have to do with corporate actions: rows of a list per account.  docs/rules.md, "Shares"."""

from ..schema.enums import ActionKind, Parameter
from ..schema.fields import MAX_ATOMS
from .bits import divide_down, divide_up
from .bounds import PPM
from .changes import note_change
from .emit import emit
from .jit import cold, hot
from .records import ENTITLEMENT_MOVED, EventKind, cast
from .state import ENTITLEMENTS

ENTITLED, RECORDED = 1, 2
"""Bits of ``taken``, which are the numbers of ``RecordKind``."""
UNIT_DECIMALS = 8
"""Rates count hundred-millionths."""


@hot
def find_entitlement(s, account, place):
    """Return the slot of what an account has to do with the action at a place, 0 for nothing."""
    slot = s.first_entitlement[account]
    while slot != 0 and s.entitlements[slot].place != place:
        slot = s.entitlements[slot].next
    return slot


@cold
def open_entitlement(s, account, place):
    """Return the slot of a row for an account and an action, which is added if it is not there."""
    slot = find_entitlement(s, account, place)
    if slot != 0:
        return slot
    pool = s.pools[ENTITLEMENTS]
    slot = pool.free
    if slot != 0:
        pool.free = s.entitlements[slot].next
    else:
        pool.used += 1
        slot = pool.used
    pool.rows += 1
    row = s.entitlements[slot]
    row.action, row.account, row.place, row.taken = s.actions[place].action, account, place, 0
    row.recorded_atoms, row.entitled_atoms, row.lent_atoms, row.due_atoms = 0, 0, 0, 0
    row.paid_atoms, row.tax_atoms, row.unclaimed_atoms = 0, 0, 0
    row.next = s.first_entitlement[account]
    s.first_entitlement[account] = slot
    return slot


@cold
def set_due(s, slot, atoms):
    """Let an account expect so much of an action, or owe it, below 0; who owes has a liability."""
    row = s.entitlements[slot]
    s.accounts[row.account].liabilities += (1 if atoms < 0 else 0) - (1 if row.due_atoms < 0 else 0)
    s.actions[row.place].owed_atoms += max(-atoms, 0) - max(-row.due_atoms, 0)
    row.due_atoms = atoms
    note_change(s, row.account)


@cold
def note_collected(s, slot, paid):
    """Count what was paid for an account that is short."""
    row = s.entitlements[slot]
    action = s.actions[row.place]
    row.paid_atoms += paid
    action.collected_atoms += paid
    set_due(s, slot, row.due_atoms + paid)


@cold
def close_entitlement(s, slot):
    """Take a row away; nothing is expected or owed any more."""
    set_due(s, slot, 0)
    row, pool = s.entitlements[slot], s.pools[ENTITLEMENTS]
    at = s.first_entitlement[row.account]
    if at == slot:
        s.first_entitlement[row.account] = row.next
    else:
        while s.entitlements[at].next != slot:
            at = s.entitlements[at].next
            assert at != 0, "the entitlement is not in its account's list"
        s.entitlements[at].next = row.next
    row.action, row.account, row.place = 0, 0, 0
    row.next = pool.free
    pool.free = slot
    pool.rows -= 1


@hot
def new_shares_of(row):
    """Return how many whole shares are now what ``old_shares_of`` the same row were when the share was listed."""
    return max(row.share_new, 1)


@hot
def old_shares_of(row):
    """Return of how many whole shares, as they were when the share was listed, these are."""
    return max(row.share_old, 1)


@cold
def rate_of(s, place):
    """Return what an action pays for a share as shares were when it was listed, in units times ``old_shares_of``."""
    return s.actions[place].rate_units * new_shares_of(s.actions[place])


@cold
def unit_of(s, place):
    """Return how many atoms times that rate come to one atom of what an action pays in."""
    row, unit = s.actions[place], old_shares_of(s.actions[place])
    for _ in range(UNIT_DECIMALS + s.assets[row.asset].decimals - s.assets[row.pay_asset].decimals):
        unit *= 10
    return unit


@cold
def gross_down(s, place, shares_atoms):
    """Return what an action pays on so many atoms of the share, before tax, rounded down."""
    return divide_down(shares_atoms, rate_of(s, place), unit_of(s, place))


@cold
def gross_up(s, place, shares_atoms):
    """Return the same rounded up: what whoever is short of them owes."""
    return divide_up(shares_atoms, rate_of(s, place), unit_of(s, place))


@cold
def tax_on(s, account, gross_atoms):
    """Return the tax on a dividend of an account, by the treaty that its owner claims now."""
    relief = s.user_rights[s.accounts[account].user].tax_relief_ppm
    return divide_up(gross_atoms, max(s.parameters[Parameter.DIVIDEND_TAX_PPM] - relief, 0), PPM)


@cold
def refresh_due(s, slot):
    """Compute what an account expects, net of tax, or owes, once its right is counted or changes."""
    row = s.entitlements[slot]
    if s.actions[row.place].action_kind != ActionKind.DIVIDEND or row.taken & ENTITLED == 0:
        return
    if row.entitled_atoms < 0:
        set_due(s, slot, -gross_up(s, row.place, min(-row.entitled_atoms, MAX_ATOMS)))
        return
    gross = gross_down(s, row.place, row.entitled_atoms)
    set_due(s, slot, gross - tax_on(s, row.account, gross))


@hot
def action_after(s, number):
    """Return the place of the action with the next number, 0 for none; places are in no order."""
    found = 0
    for place in range(1, len(s.actions)):
        following = s.actions[place].action
        if following > number and (found == 0 or following < s.actions[found].action):
            found = place
    return found


@cold
def place_of(s, number):
    """Return the place of an action, 0 if there is none of this number."""
    found = 0
    for place in range(1, len(s.actions)):
        if s.actions[place].action == number:
            found = place
    return found


@cold
def hand_over(s, slot, to_account):
    """Let another account, of the house, have what one expects of an action, or owes for it."""
    row = s.entitlements[slot]
    action, other = s.actions[row.place], s.entitlements[open_entitlement(s, to_account, row.place)]
    event = cast(s.events, emit(s, EventKind.ENTITLEMENT_MOVED, row.account, 0), ENTITLEMENT_MOVED)
    event.action, event.version, event.to_account = action.action, action.version, to_account
    event.entitled_atoms, event.due_atoms = row.entitled_atoms, row.due_atoms
    other.entitled_atoms += row.entitled_atoms
    other.lent_atoms += row.lent_atoms
    other.paid_atoms += row.paid_atoms
    other.tax_atoms += row.tax_atoms
    set_due(s, find_entitlement(s, to_account, row.place), other.due_atoms + row.due_atoms)
    row.entitled_atoms, row.lent_atoms, row.paid_atoms, row.tax_atoms = 0, 0, 0, 0
    set_due(s, slot, 0)
