"""Lending and borrowing by hand, and the pools' settings.  docs/rules.md, "Lending"."""

from ..schema.enums import AccountFlag, LoanSource, PoolState
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import (
    eligible_to_hold,
    eligible_to_lend,
    known_asset,
    not_liquidating,
    not_vaults,
    rows_left,
    trading_account,
    user_account,
)
from .emit import emit, refuse, refuse_asset
from .jit import cold
from .lending import (
    ONE_INDEX,
    US_PER_HOUR,
    borrow_atoms,
    borrowable,
    claim,
    entry_fee,
    is_open,
    lend_atoms,
    lend_shares,
    lent_total,
    owed,
    redeem_atoms,
    redeemable,
    repay_atoms,
    repay_shares,
)
from .margin import bears
from .orders import funded
from .paying import may_borrow
from .records import LENDING_POOL_SET, EventKind, cast
from .redemptions import leave_queue, wait_in_queue
from .reserves import reserve_again

AUTO_LEND = int(AccountFlag.AUTO_LEND)
US_PER_MINUTE = 60_000_000


@cold
def copy_pool_settings(source, target):
    """Copy what an operator sets of a pool."""
    target.asset, target.pool_state = source.asset, source.pool_state
    target.rate_idle_e8, target.rate_optimal_e8 = source.rate_idle_e8, source.rate_optimal_e8
    target.rate_full_e8, target.optimal_utilisation_ppm = source.rate_full_e8, source.optimal_utilisation_ppm
    target.maximum_utilisation_ppm = source.maximum_utilisation_ppm
    target.throttle_threshold_ppm = source.throttle_threshold_ppm
    target.throttle_bound_ppm, target.throttle_update_ppm = source.throttle_bound_ppm, source.throttle_update_ppm
    target.fee_ppm, target.lend_limit_atoms = source.fee_ppm, source.lend_limit_atoms


@cold
def rising(s, low, high):
    """Check that one setting is not above another."""
    return low <= high or refuse(s, Reject.RANGE_REVERSED, low, high)


@cold
def set_lending_pool(s, c):
    """Say how an asset is lent and borrowed; from now on it has a pool."""
    if not known_asset(s, c.asset):
        return False
    if s.collaterals[c.asset].asset == 0:
        return refuse_asset(s, Reject.NO_MARGIN_RULES, 0, 0, c.asset)
    if not (rising(s, c.rate_idle_e8, c.rate_optimal_e8) and rising(s, c.rate_optimal_e8, c.rate_full_e8)):
        return False
    if not rising(s, c.throttle_threshold_ppm, c.throttle_bound_ppm):
        return False
    if not rising(s, c.throttle_bound_ppm, c.maximum_utilisation_ppm):
        return False
    pool, time_us = s.lending_pools[c.asset], s.venue[0].time_us
    if pool.pool_state == 0:
        pool.lent_index, pool.debt_index, pool.ceiling_ppm = ONE_INDEX, ONE_INDEX, c.throttle_bound_ppm
        pool.released_us = time_us
        pool.interest_hour, pool.ceiling_minute = time_us // US_PER_HOUR, time_us // US_PER_MINUTE
    copy_pool_settings(c, pool)
    copy_pool_settings(c, cast(s.events, emit(s, EventKind.LENDING_POOL_SET, c.account, 0), LENDING_POOL_SET))
    return True


@cold
def has_pool(s, asset):
    """Check that an asset is lent and borrowed."""
    return s.lending_pools[asset].pool_state != 0 or refuse_asset(s, Reject.NO_LENDING_POOL, 0, 0, asset)


@cold
def may_lend_by_hand(s, c):
    """Check who asks, and that there is a pool."""
    if not (user_account(s, c.account) and trading_account(s, c.account) and known_asset(s, c.asset)):
        return False
    if not has_pool(s, c.asset):
        return False
    if s.accounts[c.account].account_flags & AUTO_LEND != 0:
        return refuse(s, Reject.AUTO_LEND_IS_ON, c.account, 0)
    return not_vaults(s, c.account)


@cold
def pool_not_closed(s, asset):
    """Check that the pool is not closed."""
    if s.lending_pools[asset].pool_state == PoolState.CLOSED:
        return refuse_asset(s, Reject.LENDING_POOL_CLOSED, 0, 0, asset)
    return True


@cold
def pool_open(s, asset):
    """Check that the pool takes new claims and debts."""
    if not pool_not_closed(s, asset):
        return False
    if not is_open(s.lending_pools[asset]):
        return refuse_asset(s, Reject.LENDING_POOL_REPAY_ONLY, 0, 0, asset)
    return True


@cold
def lend(s, c):
    """Give available atoms to a pool."""
    if not (may_lend_by_hand(s, c) and not_liquidating(s, c.account) and pool_open(s, c.asset)):
        return False
    pool, debt = s.lending_pools[c.asset], owed(s, c.account, c.asset)
    if debt != 0:
        return refuse_asset(s, Reject.LEND_REQUIRES_BORROW_REPAY, debt, 0, c.asset)
    lent = lent_total(pool)
    if c.amount_atoms > pool.lend_limit_atoms - lent:
        sum_atoms = lent + min(c.amount_atoms, MAX_ATOMS - lent)
        return refuse_asset(s, Reject.LEND_LIMIT, sum_atoms, pool.lend_limit_atoms, c.asset)
    if not (eligible_to_lend(s, c.account, c.asset) and rows_left(s)):
        return False
    if not funded(s, c.account, c.asset, c.amount_atoms, 0):
        return False
    if lend_shares(pool, c.amount_atoms) == 0:
        return refuse_asset(s, Reject.AMOUNT_TOO_SMALL, c.amount_atoms, 0, c.asset)
    if not bears(s, c.account, c.asset, -1, 0):
        return False
    lend_atoms(s, c.account, c.asset, c.amount_atoms, LoanSource.MANUAL, 0)
    return True


@cold
def redeem(s, c):
    """Take back what was lent, and queue for what is out on loan."""
    if not may_lend_by_hand(s, c):
        return False
    lent = claim(s, c.account, c.asset)
    if lent == 0:
        return refuse_asset(s, Reject.NO_LOAN, 0, 0, c.asset)
    if c.amount_atoms == 0:
        leave_queue(s, c.account, c.asset)
        return True
    if not (pool_not_closed(s, c.asset) and rows_left(s)):
        return False
    wanted = min(c.amount_atoms, lent)
    now = min(wanted, redeemable(s.lending_pools[c.asset]))
    if now > 0:
        if not bears(s, c.account, c.asset, -1, 0):
            return False
        redeem_atoms(s, c.account, c.asset, now, LoanSource.MANUAL, 0)
    wait_in_queue(s, c.account, c.asset, wanted - now)
    return True


@cold
def borrow(s, c):
    """Borrow atoms against the account's margin."""
    if not (may_lend_by_hand(s, c) and not_liquidating(s, c.account) and pool_open(s, c.asset)):
        return False
    pool, lent = s.lending_pools[c.asset], claim(s, c.account, c.asset)
    if lent != 0:
        return refuse_asset(s, Reject.BORROW_REQUIRES_LEND_REDEEM, lent, 0, c.asset)
    if not (eligible_to_hold(s, c.account, c.asset) and rows_left(s)):
        return False
    if not may_borrow(s, c.account, c.asset, c.amount_atoms, borrowable(pool, lent_total(pool))):
        return False
    fee = entry_fee(s, pool, c.amount_atoms, lent_total(pool))
    if not bears(s, c.account, c.asset, c.amount_atoms, c.amount_atoms + fee + 1):
        return False
    begins, assets_value = s.accounts[c.account].liabilities == 0, s.measure[0].assets
    borrow_atoms(s, c.account, c.asset, c.amount_atoms, LoanSource.MANUAL, 0)
    if begins:
        reserve_again(s, c.account, assets_value, True)
    return True


@cold
def repay(s, c):
    """Pay a debt back, whatever the state of the pool: nobody is kept in debt."""
    if not (user_account(s, c.account) and trading_account(s, c.account) and known_asset(s, c.asset)):
        return False
    if not has_pool(s, c.asset):
        return False
    pool, debt = s.lending_pools[c.asset], owed(s, c.account, c.asset)
    if debt == 0:
        return refuse_asset(s, Reject.NO_LOAN, 0, 0, c.asset)
    if not rows_left(s):
        return False
    paid = min(c.amount_atoms, debt)
    if not funded(s, c.account, c.asset, paid, 0):
        return False
    if paid < debt and repay_shares(pool, paid) == 0:
        return refuse_asset(s, Reject.AMOUNT_TOO_SMALL, paid, 0, c.asset)
    repay_atoms(s, c.account, c.asset, paid, LoanSource.MANUAL, 0)
    return True
