"""Lending pools in exact integers: what is lent and owed, what it costs, and what can be had now.

The formulas are those of docs/rules.md, "Lending (rules 2)". ``loan_shares`` is the column of a balance row: a claim on
the pool above zero, a debt to it below. Rates are a year's in hundred-millionths, utilisation in parts per million.
"""

from __future__ import annotations

from ringfence.schema.enums import INDEX_BITS, ONE_E8, PoolState
from ringfence.schema.tables import LendingPoolRow

PPM = 10**6
ONE_INDEX = 1 << INDEX_BITS
"""The index at which a share is worth one atom."""

HOURS_PER_YEAR = 8_760
MS_PER_HOUR = 3_600_000
US_PER_MS = 1_000
US_PER_HOUR = MS_PER_HOUR * US_PER_MS


def lent_atoms(pool: LendingPoolRow) -> int:
    """Return what the pool owes all its lenders, in atoms."""
    return worth_up(pool.lent_shares, pool.lent_index)


def debt_atoms(pool: LendingPoolRow) -> int:
    """Return what all borrowers owe the pool, in atoms."""
    return worth_down(pool.debt_shares, pool.debt_index)


def claim_atoms(pool: LendingPoolRow, loan_shares: int) -> int:
    """Return what a balance row has lent, in atoms; 0 for one that owes."""
    return worth_down(max(loan_shares, 0), pool.lent_index)


def debt_of(pool: LendingPoolRow, loan_shares: int) -> int:
    """Return what a balance row owes, in atoms; 0 for one that has lent."""
    return worth_up(max(-loan_shares, 0), pool.debt_index)


def utilisation_ppm(pool: LendingPoolRow) -> int:
    """Return how much of what is lent is out on loan."""
    return _utilisation(lent_atoms(pool), debt_atoms(pool))


def borrow_rate_e8(pool: LendingPoolRow, used_ppm: int | None = None) -> int:
    """Return what borrowers pay at a utilisation, at that of the pool as it stands unless told."""
    used = utilisation_ppm(pool) if used_ppm is None else used_ppm
    optimum = pool.optimal_utilisation_ppm
    if used <= optimum:
        return pool.rate_idle_e8 + (pool.rate_optimal_e8 - pool.rate_idle_e8) * used // optimum
    rise = pool.rate_full_e8 - pool.rate_optimal_e8
    return pool.rate_optimal_e8 + rise * (used - optimum) // (PPM - optimum)


def lend_rate_e8(pool: LendingPoolRow, used_ppm: int | None = None) -> int:
    """Return what lenders get at a utilisation, at that of the pool as it stands unless told."""
    used = utilisation_ppm(pool) if used_ppm is None else used_ppm
    return borrow_rate_e8(pool, used) * used // PPM * (PPM - pool.fee_ppm) // PPM


def redeemable(pool: LendingPoolRow, *, has_queue: bool) -> int:
    """Return how many atoms may be redeemed now, by whoever it is."""
    if has_queue or pool.pool_state == PoolState.CLOSED:
        return 0
    lent, debt = lent_atoms(pool), debt_atoms(pool)
    idle = max(0, lent - debt)
    if debt == 0:
        return idle
    if pool.ceiling_ppm == 0:
        return 0
    return max(0, min(idle, lent - -(-debt * PPM // pool.ceiling_ppm)))


def borrowable(pool: LendingPoolRow, *, has_queue: bool, lent: int | None = None) -> int:
    """Return how many atoms may be borrowed now, by whoever it is, if so much is lent (as is unless told)."""
    if has_queue or pool.pool_state != PoolState.OPEN:
        return 0
    total, debt = lent_atoms(pool) if lent is None else lent, debt_atoms(pool)
    most = total * min(pool.maximum_utilisation_ppm, pool.ceiling_ppm) // PPM
    return max(0, min(total, most) - debt)


def entry_fee(pool: LendingPoolRow, atoms: int, time_us: int, *, lent: int | None = None) -> int:
    """Return the interest on a new debt for the rest of the hour, in atoms, if so much is lent (as is unless told).

    There is none before the Clock of an hour, which charges all of it.
    """
    if time_us // US_PER_HOUR > pool.interest_hour:
        return 0
    total = lent_atoms(pool) if lent is None else lent
    rate = borrow_rate_e8(pool, _utilisation(total, debt_atoms(pool) + atoms))
    return -(-atoms * rate * rest_of_hour_ms(time_us) // (ONE_E8 * HOURS_PER_YEAR * MS_PER_HOUR))


def rest_of_hour_ms(time_us: int) -> int:
    """Return the milliseconds that are left of an hour, rounded up: all of them on the hour."""
    return -((time_us % US_PER_HOUR - US_PER_HOUR) // US_PER_MS)


def lent_after_redemption(pool: LendingPoolRow, loan_shares: int, atoms: int) -> int:
    """Return what will be lent in all once a lender with these shares has redeemed atoms of his claim."""
    taken = loan_shares if atoms == claim_atoms(pool, loan_shares) else -(-atoms * ONE_INDEX // pool.lent_index)
    return worth_up(pool.lent_shares - taken, pool.lent_index)


def worth_down(shares: int, index: int) -> int:
    """Return what shares are worth at an index, in atoms, rounded down as claims are."""
    return shares * index >> INDEX_BITS


def worth_up(shares: int, index: int) -> int:
    """Return what shares are worth at an index, in atoms, rounded up as debts are."""
    return -(-shares * index >> INDEX_BITS)


def _utilisation(lent: int, debt: int) -> int:
    if debt == 0:
        return 0
    return min(PPM, debt * PPM // lent) if lent else PPM
