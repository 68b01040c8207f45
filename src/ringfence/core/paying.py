"""How an order or a withdrawal is paid for, and what happens to what it brings.  docs/rules.md, "Lending"."""

from ..schema.enums import ALL_LOAN_FLAGS, AccountFlag, LoanFlag, LoanSource
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import eligible_to_hold, eligible_to_lend
from .book import lock_of, sold_asset, unlock
from .emit import refuse_asset
from .jit import cold, hot
from .ledger import available, loan_shares_of
from .lending import (
    borrow_atoms,
    borrowable,
    claim,
    claim_of,
    entry_fee,
    is_open,
    lend_atoms,
    lend_shares,
    lent_total,
    owed_of,
    redeem_atoms,
    redeem_shares,
    redeemable,
    repay_atoms,
    repay_shares,
)
from .margin import judge, take_measure
from .reserves import LOAN_BITS, reserve_again, reserved_for_order
from .valuation import capped_sum, is_live

LENDS, REDEEMS = int(LoanFlag.AUTO_LEND), int(LoanFlag.AUTO_LEND_REDEEM)
BORROWS, REPAYS = int(LoanFlag.AUTO_BORROW), int(LoanFlag.AUTO_BORROW_REPAY)
ALL_BUT_LENDS = ALL_LOAN_FLAGS - LENDS
ACCOUNT_LENDS, ACCOUNT_REPAYS = int(AccountFlag.AUTO_LEND), int(AccountFlag.AUTO_REPAY_BORROWS)


@hot
def flags_of(account_flags, loan_flags):
    """Return the loan flags of an order or a withdrawal, with those that its account always has."""
    flags = loan_flags
    if account_flags & ACCOUNT_LENDS != 0:
        flags |= LENDS | REDEEMS
    if account_flags & ACCOUNT_REPAYS != 0:
        flags |= REPAYS
    return flags


@hot
def flags_of_rest(loan_flags):
    """Return the flags that count for what an order gets back: it lends nothing that it might not have redeemed."""
    return loan_flags if loan_flags & REDEEMS != 0 else loan_flags & ALL_BUT_LENDS


@cold
def spendable(s, account, asset, flags):
    """Return how much of an asset an account could pay now: what it has, and what these flags let it redeem."""
    held = available(s, account, asset)
    if flags & REDEEMS == 0:
        return held
    return held + min(claim(s, account, asset), redeemable(s.lending_pools[asset]), MAX_ATOMS - held)


@cold
def credit(s, account, asset, atoms, flags, order):
    """Repay a debt with what came in, and lend what is left of it, as far as the flags say so and it can be done.

    An account that is being liquidated does neither by itself.
    """
    if s.accounts[account].case_slot != 0:
        return
    pool, left = s.lending_pools[asset], atoms
    if flags & REPAYS != 0 and left > 0:
        debt = owed_of(pool, max(-loan_shares_of(s, account, asset), 0))
        paid = min(left, available(s, account, asset), debt)
        if paid > 0 and (paid == debt or repay_shares(pool, paid) > 0):
            repay_atoms(s, account, asset, paid, LoanSource.AUTO_BORROW_REPAY, order)
            left -= paid
    if flags & LENDS != 0 and left > 0:
        auto_lend(s, account, asset, min(left, available(s, account, asset)), order)


@cold
def auto_lend(s, account, asset, atoms, order):
    """Lend available atoms if the pool takes them."""
    pool = s.lending_pools[asset]
    if atoms <= 0 or not is_open(pool) or loan_shares_of(s, account, asset) < 0:
        return
    if atoms > pool.lend_limit_atoms - lent_total(pool) or lend_shares(pool, atoms) == 0:
        return
    if not eligible_to_lend(s, account, asset):
        return
    lend_atoms(s, account, asset, atoms, LoanSource.AUTO_LEND, order)


@cold
def credit_account(s, account, asset, atoms):
    """Let a user's account do with money that came in what it does by itself."""
    flags = s.accounts[account].account_flags
    if flags != 0:
        credit(s, account, asset, atoms, flags_of(flags, 0), 0)


@hot
def release(s, row, lots):
    """Give ``lots`` of an order's lock back to its account, which may repay or lend it at once."""
    unlock(s, row, lots)
    if row.special & LOAN_BITS != 0:
        market = s.markets[row.market]
        atoms = lock_of(market, row.side, row.price_ticks, lots)
        credit(s, row.account, sold_asset(market, row.side), atoms, flags_of_rest(row.special & LOAN_BITS), row.id)


@cold
def may_borrow(s, account, asset, atoms, most):
    """Check who borrows what at which price, and that the pool has it."""
    if not eligible_to_hold(s, account, asset):
        return False
    if not is_live(s.collaterals[asset].price_state):
        return refuse_asset(s, Reject.PRICE_NOT_FRESH, 0, 0, asset)
    return atoms <= most or refuse_asset(s, Reject.INSUFFICIENT_SUPPLY, min(atoms, MAX_ATOMS), most, asset)


@cold
def plan(s, account, asset, needed, more, flags):
    """Decide into ``s.payment`` what is redeemed and borrowed to pay ``needed``, ``more`` of which is to be freed."""
    payment = s.payment[0]
    payment.needed_atoms, payment.redeem_atoms, payment.borrow_atoms, payment.reserved_value = needed, 0, 0, 0
    payment.begins = 0
    held = available(s, account, asset) + more
    missing = needed - held
    if missing <= 0:
        return True
    pool, shares = s.lending_pools[asset], max(loan_shares_of(s, account, asset), 0)
    claim, lent = claim_of(pool, shares), lent_total(pool)
    redeemed = min(missing, claim, redeemable(pool)) if flags & REDEEMS != 0 else 0
    borrows = flags & BORROWS != 0 and is_open(pool) and (claim == 0 or redeemed == claim)
    if not borrows and redeemed < missing:
        return refuse_asset(s, Reject.INSUFFICIENT_FUNDS, min(needed, MAX_ATOMS), held + redeemed, asset)
    payment.redeem_atoms, payment.borrow_atoms = redeemed, missing - redeemed
    if payment.borrow_atoms == 0:
        return True
    if redeemed > 0:
        lent = lent_after(pool, shares, redeemed)
    return may_borrow(s, account, asset, payment.borrow_atoms, borrowable(pool, lent))


@cold
def lent_after(pool, shares, atoms):
    """Return what will be lent once a lender with these shares redeemed atoms."""
    taken = redeem_shares(pool, shares, atoms)
    pool.lent_shares -= taken
    lent = lent_total(pool)
    pool.lent_shares += taken
    return lent


@cold
def measure_payment(s, account, asset, held_change):
    """Measure the account as it will be once it redeemed and borrowed; returns (assets it owes then, how much more)."""
    payment, pool = s.payment[0], s.lending_pools[asset]
    borrow = payment.borrow_atoms
    if borrow == 0 and s.accounts[account].liabilities == 0:
        return 0, 0
    owed_change = 0
    if borrow != 0:
        lent = lent_total(pool)
        if payment.redeem_atoms != 0:
            lent = lent_after(pool, loan_shares_of(s, account, asset), payment.redeem_atoms)
        owed_change = borrow + entry_fee(s, pool, borrow, lent) + 1
    debts = take_measure(s, account, asset, borrow + held_change, owed_change, True)
    if debts != 0 and s.accounts[account].liabilities == 0:
        payment.begins = 1 + s.measure[0].assets
    return debts, owed_change


@cold
def eased_now(s, account, market, slot, flags, assets_value):
    """Return how much less is reserved for an open order where it repays; else amendments would ease it every time."""
    row = s.orders[slot]
    sold = lock_of(market, row.side, row.price_ticks, row.remaining_lots)
    bought = lock_of(market, 1 - row.side, row.price_ticks, row.remaining_lots)
    _, eased = reserved_for_order(s, account, market, row.side, sold, bought, flags, slot, assets_value)
    return min(eased, row.reserved_value)


@cold
def bears_order(s, account, market, side, sold_atoms, bought_atoms, flags, amended_slot):
    """Check the margin of an order after it was planned how it is paid; ``amended_slot`` is what it replaces, or 0."""
    payment, measure = s.payment[0], s.measure[0]
    asset = sold_asset(market, side)
    debts, owed_change = measure_payment(s, account, asset, 0)
    if debts == 0:
        return True
    payment.reserved_value, eased = reserved_for_order(
        s, account, market, side, sold_atoms, bought_atoms, flags, amended_slot, measure.assets
    )
    eased_before, lost = 0, payment.reserved_value
    if amended_slot != 0 and lost <= s.orders[amended_slot].reserved_value:
        lost = 0
    if amended_slot != 0 and payment.begins == 0:
        eased_before = eased_now(s, account, market, amended_slot, flags, measure.assets)
        measure.reserved -= min(s.orders[amended_slot].reserved_value, measure.reserved)
    measure.reserved = capped_sum(measure.reserved, payment.reserved_value)
    least_e8 = s.accounts[account].least_initial_e8
    # MAX_VALUE may have been reached, and nothing of what is beyond it can be taken off again.
    eased = min(eased, measure.reserved) - eased_before
    return judge(s, account, asset, payment.borrow_atoms, owed_change, least_e8, eased, lost)


@cold
def bears_withdrawal(s, account, asset, atoms):
    """Check the margin of a withdrawal after it was planned how it is paid."""
    debts, owed_change = measure_payment(s, account, asset, -atoms)
    if debts == 0:
        return True
    held_change = s.payment[0].borrow_atoms - atoms
    return judge(s, account, asset, held_change, owed_change, s.accounts[account].least_initial_e8, 0, 0)


@cold
def carry_out(s, account, asset, source, order):
    """Redeem and borrow what was planned."""
    payment = s.payment[0]
    if payment.redeem_atoms != 0:
        redeem_atoms(s, account, asset, payment.redeem_atoms, source, order)
    if payment.borrow_atoms != 0:
        borrow_atoms(s, account, asset, payment.borrow_atoms, source, order)
        if payment.begins != 0:
            reserve_again(s, account, payment.begins - 1, True)
