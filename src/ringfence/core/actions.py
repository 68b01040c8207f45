"""Corporate actions as the registrar gives them: armed, paid for, begun to be paid, over.  docs/rules.md, "Shares"."""

from ..schema.enums import MOST_ACTIONS, ActionKind, ActionPhase, AssetKind, HouseAccount, MoveCause, Parameter
from ..schema.rejects import Reject
from .admission import in_class, known_asset, user_account
from .dividends import begin_phase, pot_of
from .emit import emit, emit_moved, refuse, refuse_asset, refuse_field
from .entitlements import find_entitlement, gross_up, place_of
from .jit import cold
from .ledger import available, move
from .listings import can_pay_contracts
from .paying import credit_account
from .records import (
    ACTION_CANCELLED,
    ACTION_FUNDED,
    ACTION_SET,
    UNCLAIMED_RELEASED,
    EventKind,
    cast,
)
from .state import MOST_ENTITLEMENTS
from .taking import COMPLETE, NOT_BEGUN, UNDER_WAY, adjust_contracts, find_next_take

PAY_FIELD, RATE_FIELD, EX_FIELD, PAYABLE_FIELD = 5, 6, 7, 9
"""The places of those fields in SetAction."""
MOST_DECIMALS_APART = 6
"""So many more decimals than its money may a share have: what one comes to is counted in 64 bits."""


@cold
def known_action(s, number):
    """Return the place of an action, after refusing what is none; 0 if refused."""
    place = place_of(s, number)
    if place == 0:
        refuse(s, Reject.UNKNOWN_ACTION, number, 0)
    return place


@cold
def is_begun(action):
    """Whether positions are being taken for an action, or were."""
    return action.entitled != NOT_BEGUN or action.recorded != NOT_BEGUN


@cold
def may_be_paid(s, c):
    """Check what an action pays and in what; a meeting pays nothing and goes ex never."""
    if c.action_kind == ActionKind.MEETING:
        if c.pay_asset != 0:
            return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, PAY_FIELD)
        if c.rate_units != 0:
            return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, RATE_FIELD)
        if c.ex_us != 0:
            return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, EX_FIELD)
        return c.payable_us == 0 or refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, PAYABLE_FIELD)
    if not known_asset(s, c.pay_asset):
        return False
    decimals = s.assets[c.asset].decimals - s.assets[c.pay_asset].decimals
    if not can_pay_contracts(s.assets[c.pay_asset]) or decimals > MOST_DECIMALS_APART:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, PAY_FIELD)
    return c.rate_units != 0 or refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, RATE_FIELD)


@cold
def dates_in_order(s, c):
    """Check that what is to be taken is armed beforehand, and that ex, record and payable stand as one of two ways.

    Ordinarily ex is not after the record, nor the record after what is payable; of a large dividend ex is last.
    """
    now = s.venue[0].time_us
    if c.record_us <= now:
        return refuse(s, Reject.DATE_PASSED, c.record_us, now)
    if c.action_kind == ActionKind.MEETING:
        return True
    if c.ex_us <= now:
        return refuse(s, Reject.DATE_PASSED, c.ex_us, now)
    if c.record_us > c.payable_us:
        return refuse(s, Reject.DATES_OUT_OF_ORDER, c.record_us, c.payable_us)
    if c.record_us < c.ex_us <= c.payable_us:
        return refuse(s, Reject.DATES_OUT_OF_ORDER, c.ex_us, c.record_us)
    return True


@cold
def place_for(s, c):
    """Return the place of an action that is armed or replaced, after refusing what is not next; 0 if refused."""
    venue, place = s.venue[0], place_of(s, c.action)
    if place == 0 and c.action <= venue.actions_armed:
        refuse(s, Reject.UNKNOWN_ACTION, c.action, 0)
        return 0
    if place == 0 and c.action != venue.actions_armed + 1:
        refuse(s, Reject.ACTION_NOT_NEXT, c.action, venue.actions_armed + 1)
        return 0
    version = s.actions[place].version if place != 0 else 0
    if c.version != version + 1:
        refuse(s, Reject.VERSION_NOT_NEXT, c.version, version)
        return 0
    if place != 0:
        if is_begun(s.actions[place]) or s.actions[place].phase != ActionPhase.ARMED:
            refuse(s, Reject.ACTION_BEGUN, c.action, 0)
            return 0
        return place
    most = min(MOST_ACTIONS, MOST_ENTITLEMENTS // s.parameters[Parameter.ACCOUNTS])
    if venue.actions >= most:
        refuse(s, Reject.VENUE_FULL, venue.actions, most)
        return 0
    return place_of(s, 0)


@cold
def copy_action(source, target):
    """Copy what describes an action."""
    target.action, target.version, target.action_kind = source.action, source.version, source.action_kind
    target.asset, target.pay_asset, target.rate_units = source.asset, source.pay_asset, source.rate_units
    target.ex_us, target.record_us, target.payable_us = source.ex_us, source.record_us, source.payable_us


@cold
def clear_action(row):
    """Let nothing have been counted or paid of an action."""
    row.phase, row.entitled, row.recorded = ActionPhase.ARMED.value, 0, 0
    row.share_new, row.share_old = 0, 0
    row.entitled_account, row.recorded_account, row.paying_account, row.waits_us = 0, 0, 0, 0
    row.entitled_holders, row.recorded_holders = 0, 0
    row.entitled_lent_index, row.entitled_debt_index = 0, 0
    row.recorded_lent_index, row.recorded_debt_index = 0, 0
    row.entitled_atoms, row.recorded_atoms, row.entitled_total_atoms, row.recorded_total_atoms = 0, 0, 0, 0
    row.lent_atoms, row.short_atoms, row.funded_atoms, row.owed_atoms, row.collected_atoms = 0, 0, 0, 0, 0
    row.paid_atoms, row.tax_atoms, row.unclaimed_atoms, row.left_atoms = 0, 0, 0, 0


@cold
def set_action(s, c):
    """Arm an action, or replace one that has not begun."""
    if not known_asset(s, c.asset):
        return False
    if s.assets[c.asset].asset_kind != AssetKind.SHARE:
        return refuse_asset(s, Reject.NOT_A_SHARE, 0, 0, c.asset)
    place = place_for(s, c)
    if place == 0:
        return False
    row = s.actions[place]
    if row.action != 0 and row.funded_atoms != 0 and row.pay_asset != c.pay_asset:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, PAY_FIELD)
    if not (may_be_paid(s, c) and dates_in_order(s, c)):
        return False
    venue = s.venue[0]
    if row.action == 0:
        clear_action(row)
        venue.actions_armed += 1
        venue.actions += 1
    copy_action(c, row)
    find_next_take(s)
    copy_action(c, cast(s.events, emit(s, EventKind.ACTION_SET, 0, 0), ACTION_SET))
    return True


@cold
def move_cash(s, place, account, to_account, atoms, cause):
    """Move an action's cash between house accounts, and say so."""
    action = s.actions[place]
    if atoms != 0:
        move(s, account, to_account, action.pay_asset, atoms)
        emit_moved(s, account, to_account, action.pay_asset, atoms, cause, action.action, 0)


@cold
def cancel_action(s, c):
    """Take an action back of which nothing was collected or paid."""
    place = known_action(s, c.action)
    if place == 0:
        return False
    action = s.actions[place]
    if c.version != action.version:
        return refuse(s, Reject.VERSION_NOT_NEXT, c.version, action.version)
    if action.phase != ActionPhase.ARMED:
        return refuse(s, Reject.ACTION_NOT_DONE, c.action, action.phase)
    event = cast(s.events, emit(s, EventKind.ACTION_CANCELLED, 0, 0), ACTION_CANCELLED)
    event.action, event.version, event.returned_atoms = action.action, action.version, action.funded_atoms
    returned, cause = action.funded_atoms, MoveCause.DIVIDEND_RETURNED.value
    move_cash(s, place, HouseAccount.DIVIDEND.value, HouseAccount.SUSPENSE.value, returned, cause)
    move_cash(s, place, HouseAccount.DIVIDEND.value, HouseAccount.FUND.value, action.collected_atoms, cause)
    action.funded_atoms, action.collected_atoms = 0, 0
    if action.entitled != NOT_BEGUN and action.action_kind == ActionKind.DIVIDEND:
        adjust_contracts(s, place, -1)
    under_way = (1 if action.entitled == UNDER_WAY else 0) + (1 if action.recorded == UNDER_WAY else 0)
    s.assets[action.asset].takes -= under_way
    action.entitled, action.recorded = COMPLETE, COMPLETE
    begin_phase(s, place, ActionPhase.CLOSING.value)
    find_next_take(s)
    return True


@cold
def fund_action(s, c):
    """Let the issuer's cash for an action go from SUSPENSE to DIVIDEND."""
    place = known_action(s, c.action)
    if place == 0:
        return False
    action = s.actions[place]
    if action.phase != ActionPhase.ARMED or action.action_kind != ActionKind.DIVIDEND:
        return refuse(s, Reject.ACTION_NOT_DONE, c.action, action.phase)
    held = available(s, HouseAccount.SUSPENSE, action.pay_asset)
    if c.amount_atoms > held:
        return refuse_asset(s, Reject.INSUFFICIENT_FUNDS, c.amount_atoms, held, action.pay_asset)
    action.funded_atoms += c.amount_atoms
    event = cast(s.events, emit(s, EventKind.ACTION_FUNDED, 0, 0), ACTION_FUNDED)
    event.action, event.version, event.asset = action.action, action.version, action.pay_asset
    event.amount_atoms, event.funded_atoms = c.amount_atoms, action.funded_atoms
    amount, cause = c.amount_atoms, MoveCause.DIVIDEND_FUNDED.value
    move_cash(s, place, HouseAccount.SUSPENSE.value, HouseAccount.DIVIDEND.value, amount, cause)
    return True


@cold
def is_payable(s, place):
    """Check that all positions are taken, that the day has come and that the issuer's cash is there."""
    action, now = s.actions[place], s.venue[0].time_us
    if action.entitled != COMPLETE or action.recorded != COMPLETE:
        return refuse(s, Reject.RECORD_NOT_TAKEN, action.action, 0)
    if now < action.payable_us:
        return refuse(s, Reject.NOT_PAYABLE_YET, now, action.payable_us)
    needed = gross_up(s, place, max(action.entitled_atoms, 0))
    if action.funded_atoms < needed:
        return refuse_asset(s, Reject.NOT_FUNDED, needed, action.funded_atoms, action.pay_asset)
    return True


@cold
def pay_action(s, c):
    """Begin to pay an action."""
    place = known_action(s, c.action)
    if place == 0:
        return False
    action = s.actions[place]
    if c.version != action.version:
        return refuse(s, Reject.VERSION_NOT_NEXT, c.version, action.version)
    if action.phase != ActionPhase.ARMED or action.action_kind != ActionKind.DIVIDEND:
        return refuse(s, Reject.ACTION_NOT_DONE, c.action, action.phase)
    if not is_payable(s, place):
        return False
    excess = action.funded_atoms - gross_up(s, place, max(action.entitled_atoms, 0))
    cause = MoveCause.DIVIDEND_RETURNED.value
    move_cash(s, place, HouseAccount.DIVIDEND.value, HouseAccount.SUSPENSE.value, excess, cause)
    action.funded_atoms -= excess
    begin_phase(s, place, ActionPhase.COLLECTING.value)
    return True


@cold
def release_unclaimed(s, c):
    """Pay an account what is held for it, once it may receive it."""
    if not user_account(s, c.account):
        return False
    place = known_action(s, c.action)
    if place == 0:
        return False
    slot, action = find_entitlement(s, c.account, place), s.actions[place]
    atoms = s.entitlements[slot].unclaimed_atoms if slot != 0 else 0
    if atoms == 0:
        return refuse(s, Reject.NOTHING_UNCLAIMED, c.account, c.action)
    user = s.accounts[c.account].user
    classes = s.user_rights[user].receive_classes
    if not in_class(s, user, action.asset, classes, Reject.NOT_ELIGIBLE_TO_RECEIVE):
        return False
    s.entitlements[slot].unclaimed_atoms = 0
    action.unclaimed_atoms -= atoms
    event = cast(s.events, emit(s, EventKind.UNCLAIMED_RELEASED, c.account, 0), UNCLAIMED_RELEASED)
    event.action, event.version, event.asset = action.action, action.version, action.pay_asset
    event.share, event.amount_atoms = action.asset, atoms
    move(s, HouseAccount.UNCLAIMED, c.account, action.pay_asset, atoms)
    credit_account(s, c.account, action.pay_asset, atoms)
    return True


@cold
def close_action(s, c):
    """Forget an action that is done."""
    place = known_action(s, c.action)
    if place == 0:
        return False
    action = s.actions[place]
    met = action.action_kind == ActionKind.MEETING and action.phase == ActionPhase.ARMED and action.recorded == COMPLETE
    if action.phase != ActionPhase.PAID and not met:
        return refuse(s, Reject.ACTION_NOT_DONE, c.action, action.phase)
    if action.unclaimed_atoms != 0:
        return refuse_asset(s, Reject.UNCLAIMED_LEFT, action.unclaimed_atoms, 0, action.pay_asset)
    left, cause = pot_of(action), MoveCause.DIVIDEND_ROUNDING.value
    begin_phase(s, place, ActionPhase.CLOSING.value)
    move_cash(s, place, HouseAccount.DIVIDEND.value, HouseAccount.ROUNDING.value, left, cause)
    action.left_atoms = left
    return True
