"""Corporate actions (rules 2): what the registrar says of them, and how a dividend is collected and paid."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    MOST_ACTIONS,
    ActionKind,
    ActionPhase,
    AssetKind,
    HouseAccount,
    MoveCause,
    Parameter,
)
from ringfence.schema.rejects import Reject

from . import checks, estates, funds, paying, settlement, taking
from .money import available, move
from .state import Action, Case, Entitlement, Refused, State
from .taking import BEFORE_FIRST, COMPLETE, MOST, gross_down, gross_up, place, set_due, tax_on

DIVIDEND, UNCLAIMED = int(HouseAccount.DIVIDEND), int(HouseAccount.UNCLAIMED)
TAX, SUSPENSE, ROUNDING = int(HouseAccount.TAX), int(HouseAccount.SUSPENSE), int(HouseAccount.ROUNDING)
FUND, UNCOVERED = int(HouseAccount.FUND), int(HouseAccount.UNCOVERED)
ROWS = 2**25
WAIT_US = 10_000_000
SETTINGS = ("version", "action_kind", "asset", "pay_asset", "rate_units", "ex_us", "record_us", "payable_us")


def known(state: State, number: int) -> Action:
    if number not in state.actions:
        raise Refused(Reject.UNKNOWN_ACTION, value=number)
    return state.actions[number]


def share(state: State, asset: int) -> Any:
    found = checks.known_asset(state, asset)
    if found.asset_kind != AssetKind.SHARE:
        raise Refused(Reject.NOT_A_SHARE, asset=asset)
    return found


def in_phase(action: Action, *, dividend: bool) -> None:
    if action.phase != ActionPhase.ARMED or (dividend and action.action_kind != ActionKind.DIVIDEND):
        raise Refused(Reject.ACTION_NOT_DONE, value=action.action, limit=action.phase)


def same_version(action: Action, version: int) -> None:
    if version != action.version:
        raise Refused(Reject.VERSION_NOT_NEXT, value=version, limit=action.version)


# What the registrar says.


def set_action(state: State, command: Any, emit: Any) -> None:
    share(state, command.asset)
    number, action = command.action, state.actions.get(command.action)
    if action is None:
        may_be_armed(state, command)
    else:
        if command.version != action.version + 1:
            raise Refused(Reject.VERSION_NOT_NEXT, value=command.version, limit=action.version)
        if action.entitled or action.recorded or action.phase != ActionPhase.ARMED:
            raise Refused(Reject.ACTION_BEGUN, value=number)
        if action.funded_atoms and action.pay_asset != command.pay_asset:
            raise Refused(Reject.INVALID_COMBINATION, field=5)
    may_be_paid(state, command)
    dates_in_order(state, command)
    if action is None:
        state.actions_armed = number
        action = state.actions[number] = Action(number)
    for name in SETTINGS:
        setattr(action, name, getattr(command, name))
    emit("ActionSet", account=0, market=0, action=number, **{name: getattr(command, name) for name in SETTINGS})


def may_be_armed(state: State, command: Any) -> None:
    if command.action <= state.actions_armed:
        raise Refused(Reject.UNKNOWN_ACTION, value=command.action)
    if command.action != state.actions_armed + 1:
        raise Refused(Reject.ACTION_NOT_NEXT, value=command.action, limit=state.actions_armed + 1)
    if command.version != 1:
        raise Refused(Reject.VERSION_NOT_NEXT, value=command.version)
    checks.room(len(state.actions), min(MOST_ACTIONS, ROWS // state.parameters[Parameter.ACCOUNTS]))


def may_be_paid(state: State, command: Any) -> None:
    if command.action_kind == ActionKind.MEETING:
        for field, value in (
            (5, command.pay_asset),
            (6, command.rate_units),
            (7, command.ex_us),
            (9, command.payable_us),
        ):
            if value:
                raise Refused(Reject.INVALID_COMBINATION, field=field)
        return
    cash, stock = checks.known_asset(state, command.pay_asset), state.assets[command.asset]
    if cash.asset_kind != AssetKind.CASH or cash.decimals > 8 or stock.decimals - cash.decimals > 6:
        raise Refused(Reject.INVALID_COMBINATION, field=5)
    if command.rate_units == 0:
        raise Refused(Reject.INVALID_COMBINATION, field=6)


def dates_in_order(state: State, command: Any) -> None:
    ex, record, payable = command.ex_us, command.record_us, command.payable_us
    for date in (record, ex) if command.action_kind == ActionKind.DIVIDEND else (record,):
        if date <= state.time_us:
            raise Refused(Reject.DATE_PASSED, value=date, limit=state.time_us)
    if command.action_kind == ActionKind.DIVIDEND:
        if record > payable:
            raise Refused(Reject.DATES_OUT_OF_ORDER, value=record, limit=payable)
        if record < ex <= payable:
            raise Refused(Reject.DATES_OUT_OF_ORDER, value=ex, limit=record)


def moved(state: State, emit: Any, action: Action, source: int, target: int, atoms: int, cause: MoveCause) -> None:
    if atoms:
        funds.moved(state, estates.told_of(emit), source, target, action.pay_asset, atoms, cause, action.action)


def fund_action(state: State, command: Any, emit: Any) -> None:
    action = known(state, command.action)
    in_phase(action, dividend=True)
    checks.available_funds(state, SUSPENSE, action.pay_asset, command.amount_atoms)
    action.funded_atoms += command.amount_atoms
    amounts = {"amount_atoms": command.amount_atoms, "funded_atoms": action.funded_atoms}
    emit("ActionFunded", account=0, market=0, **place(action), asset=action.pay_asset, **amounts)
    moved(state, emit, action, SUSPENSE, DIVIDEND, command.amount_atoms, MoveCause.DIVIDEND_FUNDED)


def cancel_action(state: State, command: Any, emit: Any) -> None:
    action = known(state, command.action)
    same_version(action, command.version)
    in_phase(action, dividend=False)
    emit("ActionCancelled", account=0, market=0, **place(action), returned_atoms=action.funded_atoms)
    moved(state, emit, action, DIVIDEND, SUSPENSE, action.funded_atoms, MoveCause.DIVIDEND_RETURNED)
    moved(state, emit, action, DIVIDEND, FUND, action.collected_atoms, MoveCause.DIVIDEND_RETURNED)
    action.funded_atoms = action.collected_atoms = 0
    if action.entitled and action.action_kind == ActionKind.DIVIDEND:
        taking.adjust(state, action, -1, emit)
    action.entitled = action.recorded = COMPLETE
    enter(action, ActionPhase.CLOSING, emit)


def pay_action(state: State, command: Any, emit: Any) -> None:
    action = known(state, command.action)
    same_version(action, command.version)
    in_phase(action, dividend=True)
    if not action.entitled == action.recorded == COMPLETE:
        raise Refused(Reject.RECORD_NOT_TAKEN, value=action.action)
    if state.time_us < action.payable_us:
        raise Refused(Reject.NOT_PAYABLE_YET, value=state.time_us, limit=action.payable_us)
    needed = gross_up(state, action, max(0, action.entitled_atoms))
    if action.funded_atoms < needed:
        raise Refused(Reject.NOT_FUNDED, value=needed, limit=action.funded_atoms, asset=action.pay_asset)
    moved(state, emit, action, DIVIDEND, SUSPENSE, action.funded_atoms - needed, MoveCause.DIVIDEND_RETURNED)
    action.funded_atoms = needed
    enter(action, ActionPhase.COLLECTING, emit)


def release_unclaimed(state: State, command: Any, emit: Any) -> None:
    user = checks.open_account(state, command.account)
    action = known(state, command.action)
    row = state.entitlements.get((action.action, command.account))
    atoms = row.unclaimed_atoms if row else 0
    if row is None or atoms == 0:
        raise Refused(Reject.NOTHING_UNCLAIMED, value=command.account, limit=command.action)
    checks.eligible(user, user.receive_classes, state.assets[action.asset], Reject.NOT_ELIGIBLE_TO_RECEIVE)
    row.unclaimed_atoms = 0
    action.unclaimed_atoms -= atoms
    what = {"share": action.asset, "asset": action.pay_asset, "amount_atoms": atoms}
    emit("UnclaimedReleased", market=0, **place(action), **what)
    move(state, UNCLAIMED, command.account, action.pay_asset, atoms)
    paying.credit_account(state, emit, command.account, action.pay_asset, atoms)


def close_action(state: State, command: Any, emit: Any) -> None:
    action = known(state, command.action)
    met = action.action_kind == ActionKind.MEETING and action.phase == ActionPhase.ARMED
    if action.phase != ActionPhase.PAID and not (met and action.recorded == COMPLETE):
        raise Refused(Reject.ACTION_NOT_DONE, value=action.action, limit=action.phase)
    if action.unclaimed_atoms:
        raise Refused(Reject.UNCLAIMED_LEFT, value=action.unclaimed_atoms, asset=action.pay_asset)
    left = pot(action)
    enter(action, ActionPhase.CLOSING, emit)
    moved(state, emit, action, DIVIDEND, ROUNDING, left, MoveCause.DIVIDEND_ROUNDING)
    action.left_atoms = left


# Paying.


def pot(action: Action) -> int:
    return action.funded_atoms + action.collected_atoms - action.paid_atoms


def enter(action: Action, phase: ActionPhase, emit: Any) -> None:
    action.phase, action.paying_account = int(phase), BEFORE_FIRST
    if phase == ActionPhase.PAYING:
        action.left_atoms = 0
    names = ("funded_atoms", "owed_atoms", "collected_atoms", "paid_atoms", "tax_atoms", "unclaimed_atoms")
    sums = {name: getattr(action, name) for name in names}
    emit("ActionMoved", account=0, market=0, **place(action), phase=action.phase, asset=action.pay_asset, **sums)


def continue_actions(state: State, command: Any, emit: Any) -> None:
    if not taking.continue_takes(state, emit):
        action = next((one for one in taking.in_order(state) if moves(state, one)), None)
        if action is not None:
            page(state, action, emit)


def moves(state: State, action: Action) -> bool:
    if action.phase == ActionPhase.WAITING:
        return state.time_us >= action.waits_us
    return action.phase in (ActionPhase.COLLECTING, ActionPhase.PAYING, ActionPhase.CLOSING)


def page(state: State, action: Action, emit: Any) -> None:
    if action.phase == ActionPhase.WAITING:
        enter(action, ActionPhase.COLLECTING, emit)
    last = state.next_account - 1
    end = min(last, action.paying_account + taking.ACCOUNTS_A_PAGE)
    while action.paying_account < end and emit.told() < taking.EVENTS_A_PAGE:
        action.paying_account += 1
        row = state.entitlements.get((action.action, action.paying_account))
        if row is not None:
            meet(state, action, row, emit)
    if action.paying_account == last:
        end_round(state, action, emit)


def meet(state: State, action: Action, row: Entitlement, emit: Any) -> None:
    if action.phase == ActionPhase.COLLECTING:
        if row.due_atoms < 0:
            collect(state, action, row, emit)
    elif action.phase == ActionPhase.PAYING:
        if row.entitled_atoms > 0:
            pay(state, action, row, emit)
    else:
        set_due(action, row, 0)
        del state.entitlements[action.action, row.account]


def end_round(state: State, action: Action, emit: Any) -> None:
    if action.phase == ActionPhase.COLLECTING:
        enter(action, ActionPhase.PAYING, emit)
    elif action.phase == ActionPhase.CLOSING:
        emit("ActionClosed", account=0, market=0, **place(action), rounding_atoms=action.left_atoms)
        del state.actions[action.action]
    elif action.owed_atoms:
        action.waits_us = state.time_us + WAIT_US
        enter(action, ActionPhase.WAITING, emit)
    else:
        enter(action, ActionPhase.PAID, emit)


def collect(state: State, action: Action, row: Entitlement, emit: Any) -> None:
    account, asset, due = row.account, action.pay_asset, -row.due_atoms
    if account == UNCOVERED:
        paid = estates.pay_from_fund(state, DIVIDEND, asset, due, action.action, emit)
        paid += estates.pay_from_skin(state, DIVIDEND, asset, due - paid, action.action, emit)
    else:
        if account >= FIRST_USER_ACCOUNT and asset in state.lending_pools:
            settlement.redeem_and_borrow(state, account, asset, due, emit, always=True)
        paid = min(due, available(state, account, asset))
        move(state, account, DIVIDEND, asset, paid)
    note_collected(action, row, paid)
    what = {"share": action.asset, "asset": asset, "paid_atoms": paid, "left_atoms": -row.due_atoms}
    emit("DividendCollected", account=account, market=0, **place(action), **what)


def note_collected(action: Action, row: Entitlement, paid: int) -> None:
    row.paid_atoms += paid
    action.collected_atoms += paid
    set_due(action, row, row.due_atoms + paid)


def manufactured(state: State, action: Action, row: Entitlement) -> tuple[int, int]:
    """Return what stands for shares that were lent and sold short, and what of that shorts have paid."""
    if action.lent_atoms == 0:
        return 0, 0
    shares = min(row.lent_atoms, min(MOST, row.lent_atoms * action.short_atoms // action.lent_atoms))
    gross = gross_down(state, action, min(shares, row.entitled_atoms))
    if action.owed_atoms == 0:
        return gross, gross
    return gross, gross * action.collected_atoms // (action.collected_atoms + action.owed_atoms)


def pay(state: State, action: Action, row: Entitlement, emit: Any) -> None:
    account, gross = row.account, gross_down(state, action, row.entitled_atoms)
    lent, lent_paid = manufactured(state, action, row)
    paid = min(pot(action), max(0, gross - lent + lent_paid - row.paid_atoms))
    tax = min(paid, max(0, tax_on(state, account, row.paid_atoms + paid) - row.tax_atoms))
    for target in (row, action):
        target.paid_atoms += paid
        target.tax_atoms += tax
    left = gross - row.paid_atoms
    action.left_atoms += left
    if row.due_atoms >= 0:
        set_due(action, row, max(0, left - max(0, tax_on(state, account, gross) - row.tax_atoms)))
    if paid:
        held = not receives(state, account, action.asset)
        emit(
            "DividendPaid", account=account, market=0, **place(action), share=action.asset, asset=action.pay_asset,
            entitled_atoms=row.entitled_atoms, gross_atoms=paid, manufactured_atoms=lent_paid, tax_atoms=tax,
            left_atoms=left, unclaimed=int(held),
        )  # fmt: skip
        give(state, action, row, paid, tax, held, emit)


def receives(state: State, account: int, asset: int) -> bool:
    if account < FIRST_USER_ACCOUNT:
        return True
    wanted, user = state.assets[asset].eligibility_class, state.users[state.accounts[account].user]
    return wanted == 0 or bool(user.receive_classes >> wanted & 1)


def give(state: State, action: Action, row: Entitlement, paid: int, tax: int, held: bool, emit: Any) -> None:
    move(state, DIVIDEND, TAX, action.pay_asset, tax)
    move(state, DIVIDEND, UNCLAIMED if held else row.account, action.pay_asset, paid - tax)
    if held:
        row.unclaimed_atoms += paid - tax
        action.unclaimed_atoms += paid - tax
    elif row.account >= FIRST_USER_ACCOUNT:
        paying.credit_account(state, emit, row.account, action.pay_asset, paid - tax)


# Estates.


def write_off(state: State, case: Case, emit: Any) -> None:
    for action in taking.in_order(state):
        row = state.entitlements.get((action.action, case.account))
        if row is not None and row.due_atoms > 0:
            hand_over(state, action, row, FUND, emit)
        elif row is not None and row.due_atoms < 0:
            write_off_due(state, case, action, row, emit)


def write_off_due(state: State, case: Case, action: Action, row: Entitlement, emit: Any) -> None:
    due = -row.due_atoms
    fund = estates.pay_from_fund(state, DIVIDEND, action.pay_asset, due, case.case, emit)
    skin = estates.pay_from_skin(state, DIVIDEND, action.pay_asset, due - fund, case.case, emit)
    note_collected(action, row, fund + skin)
    estates.written_off(case, 0, action.pay_asset, due, fund, skin, emit)
    if row.due_atoms < 0:
        hand_over(state, action, row, UNCOVERED, emit)


def hand_over(state: State, action: Action, row: Entitlement, to: int, emit: Any) -> None:
    rights = {"entitled_atoms": row.entitled_atoms, "due_atoms": row.due_atoms}
    emit("EntitlementMoved", account=row.account, market=0, **place(action), to_account=to, **rights)
    other = taking.row_of(state, action, to)
    due = row.due_atoms
    for name in ("entitled_atoms", "lent_atoms", "paid_atoms", "tax_atoms"):
        setattr(other, name, getattr(other, name) + getattr(row, name))
        setattr(row, name, 0)
    set_due(action, other, other.due_atoms + due)
    set_due(action, row, 0)
