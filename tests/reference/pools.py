"""The arithmetic of lending pools (rules 2): totals, rates, and how a claim or a debt changes."""

from collections.abc import Callable
from typing import Any

from ringfence.schema.enums import INDEX_BITS, ONE_E8, HouseAccount, LoanCause, LoanSource, PoolState
from ringfence.schema.fields import MAX_LOAN_INDEX

from .money import loan_shares, move, post
from .state import LendingPool, Redemption, State

ONE = 1 << INDEX_BITS
MILLION = 10**6
MINUTE_US, HOUR_US = 60 * MILLION, 3_600 * MILLION
HOURS_A_YEAR = 8_760
HOUR_MS = 3_600_000
SMALL_POOL = 2**20
ROWS_A_CLOCK = 1_000
POOL, ROUNDING, UNCOVERED = int(HouseAccount.POOL), int(HouseAccount.ROUNDING), int(HouseAccount.UNCOVERED)


def mul(a: int, b: int, c: int) -> int:
    return a * b // c


def mulup(a: int, b: int, c: int) -> int:
    return -(-a * b // c)


def lent(pool: LendingPool) -> int:
    """Return L, what is lent in all."""
    return mulup(pool.lent_shares, pool.lent_index, ONE)


def owed(pool: LendingPool) -> int:
    """Return D, what is owed in all."""
    return mul(pool.debt_shares, pool.debt_index, ONE)


def claim(state: State, account: int, asset: int) -> int:
    shares = loan_shares(state, account, asset)
    return mul(shares, state.lending_pools[asset].lent_index, ONE) if shares > 0 else 0


def debt(state: State, account: int, asset: int) -> int:
    shares = loan_shares(state, account, asset)
    return mulup(-shares, state.lending_pools[asset].debt_index, ONE) if shares < 0 else 0


def utilisation(lent_atoms: int, owed_atoms: int) -> int:
    if owed_atoms == 0:
        return 0
    return min(MILLION, mul(owed_atoms, MILLION, lent_atoms)) if lent_atoms else MILLION


def use(pool: LendingPool) -> int:
    return utilisation(lent(pool), owed(pool))


def idle(pool: LendingPool) -> int:
    return max(0, lent(pool) - owed(pool))


def queue(state: State, asset: int) -> list[Redemption]:
    """Return what waits to be redeemed, oldest first."""
    return [state.redemptions[key] for key in sorted(state.redemptions) if key[0] == asset]


def queued_row(state: State, account: int, asset: int) -> Redemption | None:
    return next((row for row in queue(state, asset) if row.account == account), None)


def is_open(state: State, pool: LendingPool) -> bool:
    """Whether a pool takes what is new: not while UNCOVERED owes it something."""
    return pool.pool_state == PoolState.OPEN and loan_shares(state, UNCOVERED, pool.asset) >= 0


def redeemable(state: State, pool: LendingPool) -> int:
    return 0 if queue(state, pool.asset) else redeemable_in_turn(pool)


def redeemable_in_turn(pool: LendingPool) -> int:
    """Return what the first of the queue can redeem."""
    if pool.pool_state == PoolState.CLOSED:
        return 0
    if owed(pool) == 0:
        return idle(pool)
    if pool.ceiling_ppm == 0:
        return 0
    return max(0, min(idle(pool), lent(pool) - mulup(owed(pool), MILLION, pool.ceiling_ppm)))


def borrowable(state: State, pool: LendingPool, lent_atoms: int) -> int:
    """Return what can be borrowed when so much is lent in all."""
    if queue(state, pool.asset) or not is_open(state, pool):
        return 0
    most = mul(lent_atoms, min(pool.maximum_utilisation_ppm, pool.ceiling_ppm), MILLION)
    return max(0, min(max(0, lent_atoms - owed(pool)), most - owed(pool)))


def borrow_rate(pool: LendingPool, at: int) -> int:
    """Return the rate of a year at a utilisation."""
    optimal = pool.optimal_utilisation_ppm
    if at <= optimal:
        return pool.rate_idle_e8 + mul(pool.rate_optimal_e8 - pool.rate_idle_e8, at, optimal)
    return pool.rate_optimal_e8 + mul(pool.rate_full_e8 - pool.rate_optimal_e8, at - optimal, MILLION - optimal)


def lend_rate(pool: LendingPool, at: int) -> int:
    return mul(mul(borrow_rate(pool, at), at, MILLION), MILLION - pool.fee_ppm, MILLION)


def distribute(pool: LendingPool, interest: int) -> int:
    """Give interest to the lenders in time, after the cut of the reserve, which is returned."""
    cut = interest if lent(pool) < SMALL_POOL else mul(interest, pool.fee_ppm, MILLION)
    pool.reserve_atoms += cut
    pool.pending_atoms += interest - cut
    return cut


def release(pool: LendingPool, time_us: int) -> None:
    """Give the lenders what of their interest is due by now."""
    end = (pool.released_us // HOUR_US + 1) * HOUR_US
    share = (1, 1) if time_us >= end else (time_us - pool.released_us, end - pool.released_us)
    due = mul(pool.pending_atoms, *share)
    pool.pending_atoms -= due
    before = lent(pool)
    milliseconds = min(HOUR_MS, mulup(time_us - pool.released_us, 1, 1_000))
    most = mulup(before, pool.rate_full_e8 * milliseconds, ONE_E8 * HOURS_A_YEAR * HOUR_MS)
    pool.released_us = time_us
    pool.reserve_atoms += max(0, due - most)
    due = min(due, most)
    if pool.lent_shares == 0:
        return
    pool.lent_index = min(MAX_LOAN_INDEX, mul(before + due, ONE, pool.lent_shares))
    pool.rounding_atoms += due - (lent(pool) - before)


def entry_fee(state: State, pool: LendingPool, amount: int, lent_atoms: int) -> int:
    """Return the interest of a new debt for the rest of the hour, when so much is lent in all."""
    if state.time_us // HOUR_US > pool.interest_hour:
        return 0
    rate = borrow_rate(pool, utilisation(lent_atoms, owed(pool) + amount))
    milliseconds = mulup(HOUR_US - state.time_us % HOUR_US, 1, 1_000)
    return mulup(amount * rate, milliseconds, ONE_E8 * HOURS_A_YEAR * HOUR_MS)


def lend_shares(pool: LendingPool, amount: int) -> int:
    return mul(amount, ONE, pool.lent_index)


def redeem_shares(state: State, account: int, asset: int, amount: int) -> int:
    if amount == claim(state, account, asset):
        return loan_shares(state, account, asset)
    return mulup(amount, ONE, state.lending_pools[asset].lent_index)


def repay_shares(state: State, account: int, asset: int, amount: int) -> int:
    if amount == debt(state, account, asset):
        return -loan_shares(state, account, asset)
    return mul(amount, ONE, state.lending_pools[asset].debt_index)


class Told:
    """Emits LoanMoved for what one command does to an account's claim or debt in an asset."""

    def __init__(
        self, state: State, emit: Callable[..., None], account: int, asset: int, source: LoanSource, order: int = 0
    ) -> None:
        self.state, self.emit, self.account, self.asset = state, emit, account, asset
        self.source, self.order = source, order
        self.pool = state.lending_pools[asset]

    def lend(self, amount: int) -> None:
        pool, before, shares = self.pool, lent(self.pool), lend_shares(self.pool, amount)
        assert shares
        move(self.state, self.account, POOL, self.asset, amount)
        post(self.state, self.account, self.asset, 0, 0, shares)
        pool.lent_shares += shares
        pool.rounding_atoms += amount - (lent(pool) - before)
        self.tell(LoanCause.LEND, amount)

    def redeem(self, amount: int) -> None:
        pool, before = self.pool, lent(self.pool)
        shares = redeem_shares(self.state, self.account, self.asset, amount)
        post(self.state, self.account, self.asset, 0, 0, -shares)
        move(self.state, POOL, self.account, self.asset, amount)
        pool.lent_shares -= shares
        pool.rounding_atoms += before - lent(pool) - amount
        self.tell(LoanCause.REDEEM, amount)

    def borrow(self, amount: int) -> None:
        pool, before = self.pool, owed(self.pool)
        fee = entry_fee(self.state, pool, amount, lent(pool))
        shares = mulup(amount + fee, ONE, pool.debt_index)
        move(self.state, POOL, self.account, self.asset, amount)
        post(self.state, self.account, self.asset, 0, 0, -shares)
        pool.debt_shares += shares
        pool.rounding_atoms += owed(pool) - before - amount - fee
        distribute(pool, fee)
        self.tell(LoanCause.BORROW, amount, fee)

    def repay(self, amount: int) -> None:
        pool, before = self.pool, owed(self.pool)
        shares = repay_shares(self.state, self.account, self.asset, amount)
        move(self.state, self.account, POOL, self.asset, amount)
        post(self.state, self.account, self.asset, 0, 0, shares)
        pool.debt_shares -= shares
        pool.rounding_atoms += amount - (before - owed(pool))
        self.tell(LoanCause.REPAY, amount)

    def tell(self, cause: LoanCause, amount: int, fee: int = 0) -> None:
        row = queued_row(self.state, self.account, self.asset)
        self.emit(
            "LoanMoved",
            account=self.account,
            market=0,
            asset=self.asset,
            cause=int(cause),
            source=int(self.source),
            amount_atoms=amount,
            fee_atoms=fee,
            loan_shares=loan_shares(self.state, self.account, self.asset),
            queued_atoms=row.queued_atoms if row else 0,
            order=self.order,
            lent_index=self.pool.lent_index,
            debt_index=self.pool.debt_index,
        )


# What a clock does.


def tick(state: State, emit: Any) -> None:
    """Let the throttle, the interest and the queue of every pool go on."""
    rows_left = ROWS_A_CLOCK
    for asset in sorted(state.lending_pools):
        pool = state.lending_pools[asset]
        release(pool, state.time_us)
        if (minute := state.time_us // MINUTE_US) > pool.ceiling_minute:
            pool.ceiling_minute, pool.ceiling_ppm = minute, next_ceiling(pool)
        if (hour := state.time_us // HOUR_US) > pool.interest_hour:
            hours = min(HOURS_A_YEAR, hour - pool.interest_hour)
            pool.interest_hour = hour
            if pool.debt_shares:
                accrue(state, pool, hours, emit)
        rows_left = serve(state, pool, rows_left, emit)


def next_ceiling(pool: LendingPool) -> int:
    at = use(pool)
    if at <= pool.throttle_threshold_ppm:
        return pool.throttle_bound_ppm
    return at + mul(max(0, pool.maximum_utilisation_ppm - at), pool.throttle_update_ppm, MILLION)


def accrue(state: State, pool: LendingPool, hours: int, emit: Any) -> None:
    before, rate = owed(pool), borrow_rate(pool, use(pool))
    grown = pool.debt_index + mulup(pool.debt_index, rate * hours, ONE_E8 * HOURS_A_YEAR)
    pool.debt_index = min(MAX_LOAN_INDEX, grown)
    interest = owed(pool) - before
    cut = distribute(pool, interest)
    sweep = min(pool.rounding_atoms, state.balances.get((POOL, pool.asset), (0, 0, 0))[0])
    move(state, POOL, ROUNDING, pool.asset, sweep)
    pool.rounding_atoms -= sweep
    emit(
        "InterestAccrued",
        account=0,
        market=0,
        asset=pool.asset,
        hours=hours,
        interest_atoms=interest,
        reserve_atoms=cut,
        rounding_atoms=sweep,
        lent_shares=pool.lent_shares,
        debt_shares=pool.debt_shares,
        lent_index=pool.lent_index,
        debt_index=pool.debt_index,
        borrow_rate_e8=borrow_rate(pool, use(pool)),
        lend_rate_e8=lend_rate(pool, use(pool)),
    )


def serve(state: State, pool: LendingPool, rows_left: int, emit: Any) -> int:
    """Pay what waits, oldest first, as far as the idle atoms reach; return how many rows may still be looked at."""
    while rows_left and redeemable_in_turn(pool):
        row = next(iter(queue(state, pool.asset)), None)
        if row is None:
            break
        rows_left -= 1
        serve_row(state, pool, row, emit)
    return rows_left


def serve_row(state: State, pool: LendingPool, row: Redemption, emit: Any) -> None:
    claimed = claim(state, row.account, row.asset)
    if claimed == 0:
        del state.redemptions[row.asset, row.redemption]
        emit("RedemptionQueued", account=row.account, market=0, asset=row.asset, queued_atoms=0)
        return
    paid = min(row.queued_atoms, claimed, redeemable_in_turn(pool))
    shares_left = loan_shares(state, row.account, row.asset) - redeem_shares(state, row.account, row.asset, paid)
    row.queued_atoms = min(row.queued_atoms - paid, mul(shares_left, pool.lent_index, ONE))
    if row.queued_atoms == 0:
        del state.redemptions[row.asset, row.redemption]
    Told(state, emit, row.account, row.asset, LoanSource.REDEMPTION_QUEUE).redeem(paid)
