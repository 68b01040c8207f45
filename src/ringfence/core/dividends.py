"""Paying a dividend: shorts pay for what they owe, then everybody is paid, page by page.  docs/rules.md, "Shares".

What stands for shares that are really there is paid by the issuer's cash and waits for nobody.  What stands for
shares that were lent and sold short is paid as far as the shorts have paid for it.
"""

from ..schema.enums import FIRST_USER_ACCOUNT, ActionPhase, HouseAccount
from ..schema.rejects import Reject
from .admission import in_class
from .bits import divide_down
from .emit import emit
from .entitlements import (
    action_after,
    close_entitlement,
    find_entitlement,
    gross_down,
    note_collected,
    set_due,
    tax_on,
)
from .fund import pay_from_fund, pay_from_skin
from .jit import cold
from .ledger import available, move
from .paying import credit_account
from .records import (
    ACTION_CLOSED,
    ACTION_MOVED,
    DIVIDEND_COLLECTED,
    DIVIDEND_PAID,
    EventKind,
    cast,
)
from .settlement import raise_money
from .taking import ACCOUNTS_PER_PAGE, BEFORE_FIRST, EVENTS_PER_PAGE, page_of_takes

WAIT_US = 10_000_000
"""How long what shorts could not pay is waited for before they are asked again."""


@cold
def pot_of(action):
    """Return what of an action's cash is not paid yet."""
    return action.funded_atoms + action.collected_atoms - action.paid_atoms


@cold
def begin_phase(s, place, phase):
    """Let an action be in another phase, from the first account on, and say so."""
    action = s.actions[place]
    action.phase, action.paying_account = phase, BEFORE_FIRST
    if phase == ActionPhase.PAYING:
        action.left_atoms = 0
    event = cast(s.events, emit(s, EventKind.ACTION_MOVED, 0, 0), ACTION_MOVED)
    event.action, event.version, event.phase, event.asset = action.action, action.version, phase, action.pay_asset
    event.funded_atoms, event.owed_atoms, event.collected_atoms = (
        action.funded_atoms,
        action.owed_atoms,
        action.collected_atoms,
    )
    event.paid_atoms, event.tax_atoms, event.unclaimed_atoms = (
        action.paid_atoms,
        action.tax_atoms,
        action.unclaimed_atoms,
    )


@cold
def take_from(s, account, asset, atoms, number):
    """Let an account pay into DIVIDEND what it can of so many atoms; returns how much."""
    if account == HouseAccount.UNCOVERED:
        paid = pay_from_fund(s, HouseAccount.DIVIDEND, asset, atoms, number)
        return paid + pay_from_skin(s, HouseAccount.DIVIDEND, asset, atoms - paid, number)
    if account >= FIRST_USER_ACCOUNT:
        raise_money(s, account, asset, atoms, True)
    paid = min(atoms, available(s, account, asset))
    if paid > 0:
        move(s, account, HouseAccount.DIVIDEND, asset, paid)
    return paid


@cold
def collect_from(s, slot):
    """Let an account that was short pay what it owes."""
    row = s.entitlements[slot]
    action = s.actions[row.place]
    if row.due_atoms >= 0:
        return
    paid = take_from(s, row.account, action.pay_asset, -row.due_atoms, action.action)
    note_collected(s, slot, paid)
    event = cast(s.events, emit(s, EventKind.DIVIDEND_COLLECTED, row.account, 0), DIVIDEND_COLLECTED)
    event.action, event.version, event.asset = action.action, action.version, action.pay_asset
    event.share = action.asset
    event.paid_atoms, event.left_atoms = paid, -row.due_atoms


@cold
def manufactured(s, slot):
    """Return (gross, collected) of what stands for shares that an account lent and somebody sold short."""
    row = s.entitlements[slot]
    action = s.actions[row.place]
    if action.lent_atoms == 0:
        return 0, 0
    shares = min(divide_down(row.lent_atoms, action.short_atoms, action.lent_atoms), row.lent_atoms)
    gross = gross_down(s, row.place, min(shares, row.entitled_atoms))
    if action.owed_atoms == 0:
        return gross, gross
    return gross, divide_down(gross, action.collected_atoms, action.collected_atoms + action.owed_atoms)


@cold
def may_receive(s, account, asset):
    """Whether the owner of an account may be paid; house accounts may."""
    if account < FIRST_USER_ACCOUNT:
        return True
    user = s.accounts[account].user
    classes = s.user_rights[user].receive_classes
    return in_class(s, user, asset, classes, Reject.NOT_ELIGIBLE_TO_RECEIVE)


@cold
def move_dividend(s, slot, gross, tax):
    """Move a dividend to whom it belongs, and its tax; returns whether it is held for him."""
    row = s.entitlements[slot]
    action, net = s.actions[row.place], gross - tax
    asset, account = action.pay_asset, row.account
    receives = may_receive(s, account, action.asset)
    move(s, HouseAccount.DIVIDEND, HouseAccount.TAX, asset, tax)
    move(s, HouseAccount.DIVIDEND, account if receives else HouseAccount.UNCLAIMED.value, asset, net)
    if not receives:
        row.unclaimed_atoms += net
        action.unclaimed_atoms += net
    elif account >= FIRST_USER_ACCOUNT:
        credit_account(s, account, asset, net)
    return not receives


@cold
def pay_to(s, slot):
    """Pay an account what is there for it."""
    row = s.entitlements[slot]
    action, account = s.actions[row.place], row.account
    if row.entitled_atoms <= 0:
        return
    gross = gross_down(s, row.place, row.entitled_atoms)
    lent_gross, lent_paid = manufactured(s, slot)
    paid = min(max(gross - lent_gross + lent_paid - row.paid_atoms, 0), pot_of(action))
    tax = min(max(tax_on(s, account, row.paid_atoms + paid) - row.tax_atoms, 0), paid)
    row.paid_atoms += paid
    row.tax_atoms += tax
    action.paid_atoms += paid
    action.tax_atoms += tax
    left = gross - row.paid_atoms
    action.left_atoms += left
    expected = max(left - max(tax_on(s, account, gross) - row.tax_atoms, 0), 0)
    if row.due_atoms >= 0:
        set_due(s, slot, expected)
    if paid == 0:
        return
    event = cast(s.events, emit(s, EventKind.DIVIDEND_PAID, account, 0), DIVIDEND_PAID)
    event.action, event.version, event.asset = action.action, action.version, action.pay_asset
    event.share = action.asset
    event.entitled_atoms, event.gross_atoms, event.manufactured_atoms = row.entitled_atoms, paid, lent_paid
    event.tax_atoms, event.left_atoms = tax, left
    event.unclaimed = 1 if move_dividend(s, slot, paid, tax) else 0


@cold
def meet(s, account, place):
    """Do for an account what an action is about to do."""
    slot = find_entitlement(s, account, place)
    if slot == 0:
        return
    phase = s.actions[place].phase
    if phase == ActionPhase.COLLECTING:
        collect_from(s, slot)
    elif phase == ActionPhase.PAYING:
        pay_to(s, slot)
    else:
        close_entitlement(s, slot)


@cold
def end_action(s, place):
    """Forget an action whose rows are gone."""
    action = s.actions[place]
    event = cast(s.events, emit(s, EventKind.ACTION_CLOSED, 0, 0), ACTION_CLOSED)
    event.action, event.version, event.rounding_atoms = action.action, action.version, action.left_atoms
    action.action = 0
    s.venue[0].actions -= 1


@cold
def end_round(s, place):
    """Go on to the next phase of an action, once all accounts were met."""
    action = s.actions[place]
    if action.phase == ActionPhase.COLLECTING:
        begin_phase(s, place, ActionPhase.PAYING.value)
    elif action.phase == ActionPhase.CLOSING:
        end_action(s, place)
    elif action.owed_atoms != 0:
        action.waits_us = s.venue[0].time_us + WAIT_US
        begin_phase(s, place, ActionPhase.WAITING.value)
    else:
        begin_phase(s, place, ActionPhase.PAID.value)


@cold
def is_moving(s, place):
    """Whether there is something to do for an action now."""
    action = s.actions[place]
    if action.phase == ActionPhase.WAITING:
        return s.venue[0].time_us >= action.waits_us
    moving = action.phase == ActionPhase.COLLECTING or action.phase == ActionPhase.PAYING
    return moving or action.phase == ActionPhase.CLOSING


@cold
def page_of_payments(s):
    """Meet so many accounts for the first action that moves that nobody waits long."""
    number, venue = 0, s.venue[0]
    place = action_after(s, number)
    while place != 0 and not is_moving(s, place):
        number = s.actions[place].action
        place = action_after(s, number)
    if place == 0:
        return
    action = s.actions[place]
    if action.phase == ActionPhase.WAITING:
        begin_phase(s, place, ActionPhase.COLLECTING.value)
    account = action.paying_account
    end = min(account + ACCOUNTS_PER_PAGE, venue.next_account - 1)
    while account < end and venue.events - venue.first_event < EVENTS_PER_PAGE:
        account += 1
        meet(s, account, place)
    action.paying_account = account
    if account == venue.next_account - 1:
        end_round(s, place)


@cold
def continue_actions(s):
    """Go on with records first, and with payments when none is being taken."""
    if not page_of_takes(s):
        page_of_payments(s)
    return True
