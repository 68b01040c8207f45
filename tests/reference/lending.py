"""The commands of lending (rules 2): pools, lend, redeem, borrow, repay, and what an account does by itself."""

from typing import Any

from ringfence.schema.enums import AccountFlag, AccountKind, LoanSource, PoolState
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import cases, checks, margin, paying, pools, values, vaults
from .money import available, loan_shares
from .state import LendingPool, Redemption, Refused, State, User

SETTINGS = (
    "pool_state",
    "rate_idle_e8",
    "rate_optimal_e8",
    "rate_full_e8",
    "optimal_utilisation_ppm",
    "maximum_utilisation_ppm",
    "throttle_threshold_ppm",
    "throttle_bound_ppm",
    "throttle_update_ppm",
    "fee_ppm",
    "lend_limit_atoms",
)


def set_lending_pool(state: State, command: Any, emit: Any) -> None:
    checks.known_asset(state, command.asset)
    if command.asset not in state.collaterals:
        raise Refused(Reject.NO_MARGIN_RULES, asset=command.asset)
    checks.range_not_reversed(command.rate_idle_e8, command.rate_optimal_e8)
    checks.range_not_reversed(command.rate_optimal_e8, command.rate_full_e8)
    checks.range_not_reversed(command.throttle_threshold_ppm, command.throttle_bound_ppm)
    checks.range_not_reversed(command.throttle_bound_ppm, command.maximum_utilisation_ppm)
    body = {name: getattr(command, name) for name in SETTINGS}
    if command.asset not in state.lending_pools:
        hour, minute = state.time_us // pools.HOUR_US, state.time_us // pools.MINUTE_US
        state.lending_pools[command.asset] = LendingPool(
            command.asset,
            ceiling_ppm=command.throttle_bound_ppm,
            interest_hour=hour,
            ceiling_minute=minute,
            released_us=state.time_us,
        )
    for name, value in body.items():
        setattr(state.lending_pools[command.asset], name, value)
    emit("LendingPoolSet", asset=command.asset, **body)


def set_account(state: State, command: Any, emit: Any) -> None:
    checks.open_account(state, command.account)
    account = state.accounts[command.account]
    checks.may_trade(account.account_kind, command.account)
    vaults.not_vaults(state, command.account)
    cases.not_liquidating(state, command.account)
    limit = command.leverage_limit_percent
    passed = margin.check(state, command.account, margin.WhatIf(limit_percent=limit))
    assert not passed.anew
    new = command.account_flags & ~account.account_flags
    account.account_flags, account.leverage_limit_percent = command.account_flags, limit
    emit("AccountSet", account_flags=command.account_flags, leverage_limit_percent=limit)
    for asset in sorted(state.assets):
        if new & AccountFlag.AUTO_REPAY_BORROWS:
            paying.auto_repay(state, emit, command.account, asset, MAX_ATOMS)
    for asset in sorted(state.assets):
        if new & AccountFlag.AUTO_LEND:
            paying.auto_lend(state, emit, command.account, asset, MAX_ATOMS)


def lending_account(state: State, command: Any) -> tuple[User, LendingPool]:
    """Make the first five checks that these commands have in common."""
    user = pool_of(state, command)
    if state.accounts[command.account].account_flags & AccountFlag.AUTO_LEND:
        raise Refused(Reject.AUTO_LEND_IS_ON, value=command.account)
    vaults.not_vaults(state, command.account)
    return user, state.lending_pools[command.asset]


def pool_of(state: State, command: Any) -> User:
    """Make the first four."""
    user = checks.open_account(state, command.account)
    account = state.accounts[command.account]
    if account.account_kind == AccountKind.FENCED:
        raise Refused(Reject.ACCOUNT_CANNOT_TRADE, value=command.account)
    checks.known_asset(state, command.asset)
    if command.asset not in state.lending_pools:
        raise Refused(Reject.NO_LENDING_POOL, asset=command.asset)
    return user


def not_closed(pool: LendingPool) -> None:
    if pool.pool_state == PoolState.CLOSED:
        raise Refused(Reject.LENDING_POOL_CLOSED, asset=pool.asset)


def open_to_new(state: State, pool: LendingPool) -> None:
    not_closed(pool)
    if not pools.is_open(state, pool):
        raise Refused(Reject.LENDING_POOL_REPAY_ONLY, asset=pool.asset)


def manual(state: State, command: Any, emit: Any) -> pools.Told:
    return pools.Told(state, emit, command.account, command.asset, LoanSource.MANUAL)


def lend(state: State, command: Any, emit: Any) -> None:
    user, pool = lending_account(state, command)
    account, asset, amount = command.account, command.asset, command.amount_atoms
    cases.not_liquidating(state, account)
    open_to_new(state, pool)
    if owed := pools.debt(state, account, asset):
        raise Refused(Reject.LEND_REQUIRES_BORROW_REPAY, value=owed, asset=asset)
    in_all = pools.lent(pool) + amount
    if in_all > pool.lend_limit_atoms:
        raise Refused(Reject.LEND_LIMIT, value=min(in_all, MAX_ATOMS), limit=pool.lend_limit_atoms, asset=asset)
    checks.eligible(user, user.lend_classes, state.assets[asset], Reject.NOT_ELIGIBLE_TO_LEND)
    checks.balance_rows(state)
    checks.available_funds(state, account, asset, amount)
    if pools.lend_shares(pool, amount) == 0:
        raise Refused(Reject.AMOUNT_TOO_SMALL, value=amount, asset=asset)
    margin.check(state, account, margin.WhatIf(asset, held=-1))
    manual(state, command, emit).lend(amount)


def redeem(state: State, command: Any, emit: Any) -> None:
    _, pool = lending_account(state, command)
    account, asset = command.account, command.asset
    claimed = pools.claim(state, account, asset)
    if claimed == 0:
        raise Refused(Reject.NO_LOAN, asset=asset)
    if command.amount_atoms == 0:
        queue_again(state, account, asset, 0, emit)
        return
    not_closed(pool)
    checks.balance_rows(state)
    wanted = min(command.amount_atoms, claimed)
    now = min(wanted, pools.redeemable(state, pool))
    if now:
        margin.check(state, account, margin.WhatIf(asset, held=-1))
        manual(state, command, emit).redeem(now)
    queue_again(state, account, asset, wanted - now, emit)


def queue_again(state: State, account: int, asset: int, waits: int, emit: Any) -> None:
    """Let what waits take the place of the account's row of the queue, if it has one."""
    row = pools.queued_row(state, account, asset)
    if row:
        del state.redemptions[asset, row.redemption]
    if waits:
        state.redemptions[asset, state.sequence] = Redemption(asset, state.sequence, account, waits)
    if row or waits:
        emit("RedemptionQueued", asset=asset, queued_atoms=waits)


def borrow(state: State, command: Any, emit: Any) -> None:
    user, pool = lending_account(state, command)
    account, asset, amount = command.account, command.asset, command.amount_atoms
    cases.not_liquidating(state, account)
    open_to_new(state, pool)
    if claimed := pools.claim(state, account, asset):
        raise Refused(Reject.BORROW_REQUIRES_LEND_REDEEM, value=claimed, asset=asset)
    checks.eligible(user, user.hold_classes, state.assets[asset], Reject.NOT_ELIGIBLE_TO_HOLD)
    checks.balance_rows(state)
    values.has_fresh_price(state, asset)
    paying.supply(pools.borrowable(state, pool, pools.lent(pool)), amount, asset)
    owed = amount + pools.entry_fee(state, pool, amount, pools.lent(pool)) + 1
    passed = margin.check(state, account, margin.WhatIf(asset, amount, owed))
    margin.store(state, passed)
    manual(state, command, emit).borrow(amount)


def repay(state: State, command: Any, emit: Any) -> None:
    pool_of(state, command)
    account, asset = command.account, command.asset
    owed = pools.debt(state, account, asset)
    if owed == 0:
        raise Refused(Reject.NO_LOAN, asset=asset)
    checks.balance_rows(state)
    amount = min(command.amount_atoms, owed)
    checks.funds(asset, amount, available(state, account, asset))
    if amount < owed and pools.repay_shares(state, account, asset, amount) == 0:
        raise Refused(Reject.AMOUNT_TOO_SMALL, value=amount, asset=asset)
    manual(state, command, emit).repay(amount)
    assert loan_shares(state, account, asset) <= 0
