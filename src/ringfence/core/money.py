"""Money that comes, goes and moves without a trade: deposits, withdrawals, transfers.  docs/rules.md, "Money"."""

from ..schema.enums import AccountKind, HouseAccount, LoanSource, MoveCause, Parameter
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import (
    TRANSFERS_FROZEN,
    WITHDRAWALS_FROZEN,
    eligible_to_hold,
    in_class,
    is_house_account,
    is_user_account,
    known_asset,
    not_a_share,
    not_frozen,
    not_liquidating,
    not_vaults,
    rows_left,
    user_account,
)
from .emit import emit_moved, refuse, refuse_asset
from .fence import account_credited, tell_fenced
from .index import find, insert, remove
from .jit import cold
from .ledger import available, move
from .margin import bears
from .orders import LOANS_SINCE, funded
from .paying import bears_withdrawal, carry_out, credit_account, flags_of, plan
from .state import WITHDRAWALS
from .taking import carry, take_before


@cold
def credit_from_outside(s, from_account, meant_account, asset, atoms, cause, reference, source):
    """Move money to an account, or to its owner's fenced one if the account has failed, or may have."""
    to_account = meant_account
    if s.venue[0].rules >= LOANS_SINCE and is_user_account(s, meant_account):
        to_account = account_credited(s, meant_account)
    move(s, from_account, to_account, asset, atoms)
    emit_moved(s, from_account, to_account, asset, atoms, cause, reference, source)
    tell_fenced(s, meant_account, to_account, asset, atoms)
    if from_account == HouseAccount.CUSTODY:
        carry(s, to_account, asset, atoms)
    if is_user_account(s, to_account):
        credit_account(s, to_account, asset, atoms)


@cold
def deposit(s, c):
    """Credit money from outside, once per number of its source."""
    if c.account != HouseAccount.SUSPENSE and not user_account(s, c.account):
        return False
    if not (known_asset(s, c.asset) and not_a_share(s, c.asset)):
        return False
    if not (eligible_to_hold(s, c.account, c.asset) and rows_left(s)):
        return False
    if c.amount_atoms > MAX_ATOMS + available(s, HouseAccount.CUSTODY, c.asset):
        return refuse_asset(s, Reject.SUPPLY_LIMIT, 0, MAX_ATOMS, c.asset)
    source = s.sources[c.source]
    if c.number <= source.last_number:
        return refuse(s, Reject.NUMBER_ALREADY_APPLIED, c.number, source.last_number)
    if c.number != source.last_number + 1:
        return refuse(s, Reject.NUMBER_NOT_NEXT, c.number, source.last_number)
    source.last_number = c.number
    number, source_number = c.number, c.source
    credit_from_outside(
        s, HouseAccount.CUSTODY, c.account, c.asset, c.amount_atoms, MoveCause.DEPOSIT, number, source_number
    )
    return True


@cold
def may_withdraw(s, c):
    """Check who withdraws what, and that there is room to remember it."""
    if not (user_account(s, c.account) and known_asset(s, c.asset) and not_a_share(s, c.asset)):
        return False
    if not (not_vaults(s, c.account) and not_liquidating(s, c.account)):
        return False
    user = s.accounts[c.account].user
    if not not_frozen(s, user, WITHDRAWALS_FROZEN, Reject.WITHDRAWALS_FROZEN):
        return False
    if not in_class(s, user, c.asset, s.users[user].withdraw_classes, Reject.NOT_ELIGIBLE_TO_WITHDRAW):
        return False
    rows, capacity = s.pools[WITHDRAWALS].rows, s.parameters[Parameter.WITHDRAWALS]
    if rows >= capacity:
        return refuse(s, Reject.VENUE_FULL, rows, capacity)
    return rows_left(s)


@cold
def request_withdrawal(s, c):
    """Reserve money that is to leave the venue."""
    if not may_withdraw(s, c):
        return False
    # No account holds more than MAX_ATOMS, and the sum of two such numbers may not fit 64 bits.
    total = c.amount_atoms + c.fee_atoms if c.fee_atoms <= MAX_ATOMS - c.amount_atoms else MAX_ATOMS + 1
    if not payable(s, c, total):
        return False
    if s.assets[c.asset].takes != 0:
        take_before(s, c.account, c.asset)
    number = s.venue[0].sequence
    pool = s.pools[WITHDRAWALS]
    slot = pool.free
    if slot != 0:
        pool.free = s.withdrawals[slot].hash_next
    else:
        pool.used += 1
        slot = pool.used
    row = s.withdrawals[slot]
    row.id, row.account, row.asset = number, c.account, c.asset
    row.amount_atoms, row.fee_atoms = c.amount_atoms, c.fee_atoms
    insert(pool, s.withdrawal_heads, s.withdrawals, slot)
    hold(s, slot)
    emit_moved(s, c.account, HouseAccount.IN_TRANSIT, c.asset, total, MoveCause.WITHDRAWAL_REQUESTED, number, 0)
    carry_out(s, c.account, c.asset, LoanSource.WITHDRAWAL, number)
    move(s, c.account, HouseAccount.IN_TRANSIT, c.asset, total)
    return True


@cold
def hold(s, slot):
    """Let a withdrawal be among those of its account."""
    row = s.withdrawals[slot]
    s.holds[row.account] += 1
    row.account_next = s.first_withdrawal[row.account]
    s.first_withdrawal[row.account] = slot


@cold
def release_hold(s, slot):
    """Let a withdrawal not be among those of its account any more."""
    account, following = s.withdrawals[slot].account, s.withdrawals[slot].account_next
    s.holds[account] -= 1
    at = s.first_withdrawal[account]
    if at == slot:
        s.first_withdrawal[account] = following
        return
    while s.withdrawals[at].account_next != slot:
        at = s.withdrawals[at].account_next
        assert at != 0, "the withdrawal is not in its account's list"
    s.withdrawals[at].account_next = following


@cold
def payable(s, c, total):
    """Check that an account can pay a withdrawal, from what it has, redeems or borrows, and bears it."""
    row, flags = s.accounts[c.account], 0
    if s.venue[0].rules >= LOANS_SINCE and row.account_kind != AccountKind.FENCED:
        flags = flags_of(row.account_flags, c.loan_flags)
    return plan(s, c.account, c.asset, total, 0, flags) and bears_withdrawal(s, c.account, c.asset, total)


@cold
def pending_withdrawal(s, number):
    """Return the slot of a pending withdrawal, after refusing what is not one; 0 if refused."""
    slot = find(s.pools[WITHDRAWALS], s.withdrawal_heads, s.withdrawals, number)
    if slot == 0:
        refuse(s, Reject.UNKNOWN_WITHDRAWAL, number, 0)
    return slot


@cold
def forget_withdrawal(s, slot):
    """Take a withdrawal off the pending ones."""
    pool = s.pools[WITHDRAWALS]
    remove(pool, s.withdrawal_heads, s.withdrawals, slot)
    release_hold(s, slot)
    s.withdrawals[slot].id = 0
    s.withdrawals[slot].hash_next = pool.free
    pool.free = slot


@cold
def leave_transit(s, to_account, asset, atoms, cause, number):
    """Move money out of IN_TRANSIT, if there is any to move."""
    if atoms != 0:
        move(s, HouseAccount.IN_TRANSIT, to_account, asset, atoms)
        emit_moved(s, HouseAccount.IN_TRANSIT, to_account, asset, atoms, cause, number, 0)


@cold
def settle_withdrawal(s, c):
    """Let the money of a withdrawal that is final outside leave the venue."""
    slot = pending_withdrawal(s, c.withdrawal)
    if slot == 0:
        return False
    row = s.withdrawals[slot]
    number = row.id
    if s.assets[row.asset].takes != 0:
        take_before(s, row.account, row.asset)
    carry(s, row.account, row.asset, -row.amount_atoms)
    leave_transit(s, HouseAccount.CUSTODY, row.asset, row.amount_atoms, MoveCause.WITHDRAWAL_SETTLED, number)
    leave_transit(s, HouseAccount.NETWORK_FEES, row.asset, row.fee_atoms, MoveCause.WITHDRAWAL_FEE, number)
    forget_withdrawal(s, slot)
    return True


@cold
def return_withdrawal(s, c):
    """Give the money of a withdrawal that did not happen back to its account."""
    slot = pending_withdrawal(s, c.withdrawal)
    if slot == 0:
        return False
    row = s.withdrawals[slot]
    total = row.amount_atoms + row.fee_atoms
    leave_transit(s, row.account, row.asset, total, MoveCause.WITHDRAWAL_RETURNED, row.id)
    credit_account(s, row.account, row.asset, total)
    forget_withdrawal(s, slot)
    return True


@cold
def transfer(s, c):
    """Move funds between two accounts of one user."""
    if not (user_account(s, c.account) and user_account(s, c.to_account) and known_asset(s, c.asset)):
        return False
    if c.account == c.to_account:
        return refuse(s, Reject.SAME_ACCOUNT, c.account, 0)
    user = s.accounts[c.account].user
    if s.accounts[c.to_account].user != user:
        return refuse(s, Reject.NOT_ONE_USERS_ACCOUNTS, c.account, c.to_account)
    if not (not_vaults(s, c.account) and not_vaults(s, c.to_account) and not_liquidating(s, c.account)):
        return False
    if c.account == s.users[user].fenced_account and not not_liquidating(s, c.to_account):
        return False
    if not (not_frozen(s, user, TRANSFERS_FROZEN, Reject.TRANSFERS_FROZEN) and rows_left(s)):
        return False
    if not funded(s, c.account, c.asset, c.amount_atoms, 0):
        return False
    if not bears(s, c.account, c.asset, -c.amount_atoms, 0):
        return False
    credit_from_outside(s, c.account, c.to_account, c.asset, c.amount_atoms, MoveCause.TRANSFER, 0, 0)
    return True


@cold
def takes_house_funds(account):
    """Whether a house account may take part in a movement by the operator."""
    return account != HouseAccount.CUSTODY and account != HouseAccount.IN_TRANSIT and is_house_account(account)


@cold
def move_house_funds(s, c):
    """Move funds between house accounts, or from SUSPENSE to the user they belong to."""
    if not is_house_account(c.account):
        return refuse(s, Reject.UNKNOWN_ACCOUNT, c.account, 0)
    if not (is_house_account(c.to_account) or user_account(s, c.to_account)):
        return False
    if not known_asset(s, c.asset):
        return False
    if c.account == c.to_account:
        return refuse(s, Reject.SAME_ACCOUNT, c.account, 0)
    if not takes_house_funds(c.account):
        return refuse(s, Reject.HOUSE_ACCOUNT_CLOSED, c.account, 0)
    # What once belongs to FUND, or stands for failures as SKIN, leaves it for nothing else.
    if c.account == HouseAccount.FUND or c.account == HouseAccount.SKIN:
        return refuse(s, Reject.HOUSE_ACCOUNT_CLOSED, c.account, 0)
    gives = c.account == HouseAccount.SUSPENSE or c.account == HouseAccount.COMPENSATION
    to_owner = is_user_account(s, c.to_account) and gives
    if not (to_owner or takes_house_funds(c.to_account)):
        return refuse(s, Reject.HOUSE_ACCOUNT_CLOSED, c.to_account, 0)
    if not (eligible_to_hold(s, c.to_account, c.asset) and rows_left(s)):
        return False
    if not funded(s, c.account, c.asset, c.amount_atoms, 0):
        return False
    credit_from_outside(s, c.account, c.to_account, c.asset, c.amount_atoms, MoveCause.HOUSE, 0, 0)
    return True
