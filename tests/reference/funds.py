"""Money that moves without a trade: deposits, withdrawals, transfers, house funds."""

from typing import Any

from ringfence.schema.enums import AccountKind, HouseAccount, LoanSource, MoveCause, Parameter, UserFlag
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import cases, checks, margin, paying, taking, vaults
from .money import available, move
from .state import Refused, State, Withdrawal

CUSTODY, IN_TRANSIT, SUSPENSE = int(HouseAccount.CUSTODY), int(HouseAccount.IN_TRANSIT), int(HouseAccount.SUSPENSE)
NETWORK_FEES = int(HouseAccount.NETWORK_FEES)
FUND, SKIN, COMPENSATION = int(HouseAccount.FUND), int(HouseAccount.SKIN), int(HouseAccount.COMPENSATION)


def deposit(state: State, command: Any, emit: Any) -> None:
    user = None if command.account == SUSPENSE else checks.open_account(state, command.account)
    asset = checks.known_asset(state, command.asset)
    vaults.not_a_share(state, command.asset)
    if user:
        checks.eligible(user, user.hold_classes, asset, Reject.NOT_ELIGIBLE_TO_HOLD)
    checks.balance_rows(state)
    if command.amount_atoms - available(state, CUSTODY, command.asset) > MAX_ATOMS:
        raise Refused(Reject.SUPPLY_LIMIT, limit=MAX_ATOMS, asset=command.asset)
    last = state.sources[command.source]
    if command.number <= last:
        raise Refused(Reject.NUMBER_ALREADY_APPLIED, value=command.number, limit=last)
    if command.number != last + 1:
        raise Refused(Reject.NUMBER_NOT_NEXT, value=command.number, limit=last)
    state.sources[command.source] = command.number
    reference = {"reference": command.number, "source": command.source}
    from_outside(state, emit, CUSTODY, command, command.account, MoveCause.DEPOSIT, **reference)


def from_outside(
    state: State, emit: Any, source_account: int, command: Any, meant: int, cause: MoveCause, **reference: int
) -> None:
    """Move money from outside to the account that it is meant for, or to its owner's fenced account."""
    asset, amount = command.asset, command.amount_atoms
    to = cases.credited(state, meant, emit)
    moved(state, emit, source_account, to, asset, amount, cause, **reference)
    cases.tell_fenced(state, meant, to, asset, amount, emit)
    if source_account == CUSTODY:
        taking.carry(state, to, asset, amount, emit)
    paying.credit_account(state, emit, to, asset, amount)


def moved(
    state: State,
    emit: Any,
    account: int,
    to_account: int,
    asset: int,
    amount_atoms: int,
    cause: MoveCause,
    reference: int = 0,
    source: int = 0,
) -> None:
    """Move the atoms and say so."""
    move(state, account, to_account, asset, amount_atoms)
    emit(
        "FundsMoved",
        account=account,
        to_account=to_account,
        asset=asset,
        amount_atoms=amount_atoms,
        reference=reference,
        source=source,
        cause=int(cause),
    )


def request_withdrawal(state: State, command: Any, emit: Any) -> None:
    user = checks.open_account(state, command.account)
    asset = checks.known_asset(state, command.asset)
    vaults.not_a_share(state, command.asset)
    vaults.not_vaults(state, command.account)
    cases.not_liquidating(state, command.account)
    checks.not_frozen(user, UserFlag.WITHDRAWALS_FROZEN, Reject.WITHDRAWALS_FROZEN)
    checks.eligible(user, user.withdraw_classes, asset, Reject.NOT_ELIGIBLE_TO_WITHDRAW)
    checks.room(len(state.withdrawals), state.parameters[Parameter.WITHDRAWALS])
    checks.balance_rows(state)
    needed = command.amount_atoms + command.fee_atoms
    flags = paying.flags_of(state, command.account, getattr(command, "loan_flags", 0))
    means = paying.means(state, command.account, command.asset, needed, 0, flags)
    passed = margin.check(state, command.account, means.what_if(needed))
    margin.store(state, passed)
    number = state.sequence
    state.withdrawals[number] = Withdrawal(
        number, command.account, command.asset, command.amount_atoms, command.fee_atoms
    )
    cause = MoveCause.WITHDRAWAL_REQUESTED
    moved(state, emit, command.account, IN_TRANSIT, command.asset, needed, cause, reference=number)
    means.take(state, emit, LoanSource.WITHDRAWAL, number)


def pending(state: State, number: int) -> Withdrawal:
    if number not in state.withdrawals:
        raise Refused(Reject.UNKNOWN_WITHDRAWAL, value=number)
    return state.withdrawals.pop(number)


def settle_withdrawal(state: State, command: Any, emit: Any) -> None:
    found = pending(state, command.withdrawal)
    number, asset = found.withdrawal, found.asset
    taking.before_change(state, found.account, asset)
    taking.carry(state, found.account, asset, -found.amount_atoms, emit)
    moved(state, emit, IN_TRANSIT, CUSTODY, asset, found.amount_atoms, MoveCause.WITHDRAWAL_SETTLED, number)
    if found.fee_atoms:
        moved(state, emit, IN_TRANSIT, NETWORK_FEES, asset, found.fee_atoms, MoveCause.WITHDRAWAL_FEE, number)


def return_withdrawal(state: State, command: Any, emit: Any) -> None:
    found = pending(state, command.withdrawal)
    amount = found.amount_atoms + found.fee_atoms
    cause = MoveCause.WITHDRAWAL_RETURNED
    moved(state, emit, IN_TRANSIT, found.account, found.asset, amount, cause, found.withdrawal)
    paying.credit_account(state, emit, found.account, found.asset, amount)


def transfer(state: State, command: Any, emit: Any) -> None:
    user = checks.open_account(state, command.account)
    receiver = checks.open_account(state, command.to_account)
    checks.known_asset(state, command.asset)
    different_accounts(command)
    if user is not receiver:
        raise Refused(Reject.NOT_ONE_USERS_ACCOUNTS, value=command.account, limit=command.to_account)
    vaults.not_vaults(state, command.account)
    vaults.not_vaults(state, command.to_account)
    cases.not_liquidating(state, command.account)
    if state.accounts[command.account].account_kind == AccountKind.FENCED:
        cases.not_liquidating(state, command.to_account)
    checks.not_frozen(user, UserFlag.TRANSFERS_FROZEN, Reject.TRANSFERS_FROZEN)
    checks.balance_rows(state)
    checks.available_funds(state, command.account, command.asset, command.amount_atoms)
    margin.check(state, command.account, margin.WhatIf(command.asset, -command.amount_atoms))
    from_outside(state, emit, command.account, command, command.to_account, MoveCause.TRANSFER)


def different_accounts(command: Any) -> None:
    if command.account == command.to_account:
        raise Refused(Reject.SAME_ACCOUNT, value=command.account)


def move_house_funds(state: State, command: Any, emit: Any) -> None:
    house = checks.SINCE_LIQUIDATION if state.rules >= 2 else checks.HOUSE_ACCOUNTS
    if command.account not in house:
        raise Refused(Reject.UNKNOWN_ACCOUNT, value=command.account)
    to_house = command.to_account in house
    receiver = None if to_house else checks.open_account(state, command.to_account)
    asset = checks.known_asset(state, command.asset)
    different_accounts(command)
    if command.account in (CUSTODY, IN_TRANSIT, FUND, SKIN):
        raise Refused(Reject.HOUSE_ACCOUNT_CLOSED, value=command.account)
    if command.to_account in (CUSTODY, IN_TRANSIT) or (receiver and command.account not in (SUSPENSE, COMPENSATION)):
        raise Refused(Reject.HOUSE_ACCOUNT_CLOSED, value=command.to_account)
    if receiver:
        checks.eligible(receiver, receiver.hold_classes, asset, Reject.NOT_ELIGIBLE_TO_HOLD)
    checks.balance_rows(state)
    checks.available_funds(state, command.account, command.asset, command.amount_atoms)
    from_outside(state, emit, command.account, command, command.to_account, MoveCause.HOUSE)
