"""What the flags of accounts, orders and withdrawals do (rules 2): how something is paid, and money that comes in."""

from dataclasses import dataclass
from typing import Any

from ringfence.schema.enums import AccountFlag, AccountKind, LoanFlag, LoanSource
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import checks, margin, pools, values
from .money import available, loan_shares
from .state import Refused, State


def flags_of(state: State, account: int, loan_flags: int = 0) -> int:
    """Return the flags of an order or a withdrawal, or of money that comes in, with those that the account brings."""
    found = state.accounts[account]
    if found.account_kind == AccountKind.FENCED:
        return 0
    if found.account_flags & AccountFlag.AUTO_LEND:
        loan_flags |= LoanFlag.AUTO_LEND | LoanFlag.AUTO_LEND_REDEEM
    if found.account_flags & AccountFlag.AUTO_REPAY_BORROWS:
        loan_flags |= LoanFlag.AUTO_BORROW_REPAY
    return int(loan_flags)


def flags_of_rest(loan_flags: int) -> int:
    """Return the flags that count for what an order gets back."""
    return loan_flags if loan_flags & LoanFlag.AUTO_LEND_REDEEM else loan_flags & ~int(LoanFlag.AUTO_LEND)


def spendable(state: State, account: int, asset: int, flags: int) -> int:
    """Return how much of an asset an account could pay now: what it has, and what these flags let it redeem."""
    held = available(state, account, asset)
    if not flags & LoanFlag.AUTO_LEND_REDEEM or asset not in state.lending_pools:
        return held
    return held + min(pools.claim(state, account, asset), pools.redeemable(state, state.lending_pools[asset]))


# Money that comes in.


def credit(state: State, emit: Any, account: int, asset: int, amount: int, flags: int, order: int = 0) -> None:
    """Repay and lend of what came in, as the flags say; an estate's flags say nothing."""
    if any(case.account == account for case in state.cases.values()):
        return
    repaid = auto_repay(state, emit, account, asset, amount, order) if flags & LoanFlag.AUTO_BORROW_REPAY else 0
    if flags & LoanFlag.AUTO_LEND:
        auto_lend(state, emit, account, asset, amount - repaid, order)


def credit_account(state: State, emit: Any, account: int, asset: int, amount: int) -> None:
    """Credit what came by no order, under the account's own flags; house accounts have none."""
    if account in state.accounts:
        credit(state, emit, account, asset, amount, flags_of(state, account))


def auto_repay(state: State, emit: Any, account: int, asset: int, most: int, order: int = 0) -> int:
    pool = state.lending_pools.get(asset)
    if pool is None:
        return 0
    amount = min(most, available(state, account, asset), pools.debt(state, account, asset))
    if amount <= 0 or not pools.repay_shares(state, account, asset, amount):
        return 0
    pools.Told(state, emit, account, asset, LoanSource.AUTO_BORROW_REPAY, order).repay(amount)
    return amount


def auto_lend(state: State, emit: Any, account: int, asset: int, most: int, order: int = 0) -> None:
    pool, amount = state.lending_pools.get(asset), min(most, available(state, account, asset))
    if pool is None or amount <= 0 or not pools.is_open(state, pool) or loan_shares(state, account, asset) < 0:
        return
    wanted, user = state.assets[asset].eligibility_class, state.users[state.accounts[account].user]
    if wanted and not user.lend_classes >> wanted & 1:
        return
    if pools.lent(pool) + amount <= pool.lend_limit_atoms and pools.lend_shares(pool, amount):
        pools.Told(state, emit, account, asset, LoanSource.AUTO_LEND, order).lend(amount)


# Paying.


@dataclass(slots=True, frozen=True)
class Means:
    """How something is paid for that the available atoms do not cover: so much redeemed, so much borrowed."""

    account: int
    asset: int
    redeemed: int
    borrowed: int
    owed: int

    def what_if(self, paid: int = 0) -> margin.WhatIf:
        return margin.WhatIf(self.asset, self.borrowed - paid, self.owed)

    def take(self, state: State, emit: Any, source: LoanSource, order: int) -> None:
        """Redeem and borrow; what it was for has been accepted."""
        if self.redeemed:
            pools.Told(state, emit, self.account, self.asset, source, order).redeem(self.redeemed)
        if self.borrowed:
            pools.Told(state, emit, self.account, self.asset, source, order).borrow(self.borrowed)


def means(state: State, account: int, asset: int, needed: int, more: int, flags: int) -> Means:
    """Return how so many atoms are paid when ``more`` are freed, or refuse it for want of funds or supply."""
    needed = min(needed, MAX_ATOMS + 1)
    own = available(state, account, asset) + more
    missing = needed - own
    if missing <= 0:
        return Means(account, asset, 0, 0, 0)
    pool = state.lending_pools.get(asset)
    redeemed = borrowed = 0
    if pool:
        claimed = pools.claim(state, account, asset)
        if flags & LoanFlag.AUTO_LEND_REDEEM:
            redeemed = min(missing, pools.redeemable(state, pool), claimed)
        if flags & LoanFlag.AUTO_BORROW and pools.is_open(state, pool) and redeemed == claimed:
            borrowed = missing - redeemed
    if redeemed + borrowed < missing:
        raise Refused(Reject.INSUFFICIENT_FUNDS, value=min(needed, MAX_ATOMS), limit=own + redeemed, asset=asset)
    owed = borrowing(state, account, asset, redeemed, borrowed) if borrowed else 0
    return Means(account, asset, redeemed, borrowed, owed)


def borrowing(state: State, account: int, asset: int, redeemed: int, borrowed: int) -> int:
    """Return what is owed more after borrowing so much, one atom of rounding included, or refuse to lend it."""
    pool, user = state.lending_pools[asset], state.users[state.accounts[account].user]
    checks.eligible(user, user.hold_classes, state.assets[asset], Reject.NOT_ELIGIBLE_TO_HOLD)
    values.has_fresh_price(state, asset)
    shares = pools.redeem_shares(state, account, asset, redeemed) if redeemed else 0
    lent = pools.mulup(pool.lent_shares - shares, pool.lent_index, pools.ONE)
    supply(pools.borrowable(state, pool, lent), borrowed, asset)
    return borrowed + pools.entry_fee(state, pool, borrowed, lent) + 1


def supply(borrowable: int, amount: int, asset: int) -> None:
    if amount > borrowable:
        raise Refused(Reject.INSUFFICIENT_SUPPLY, value=min(amount, MAX_ATOMS), limit=borrowable, asset=asset)
