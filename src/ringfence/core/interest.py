"""What a second brings to the lending pools: interest on the hour, the throttle on the minute, the queue.

docs/rules.md, "Lending".
"""

from ..schema.enums import ONE_E8 as E8
from ..schema.enums import HouseAccount
from ..schema.fields import MAX_LOAN_INDEX
from .bits import divide_up
from .bounds import PPM
from .emit import emit
from .jit import cold
from .ledger import available, move
from .lending import (
    HOURS_PER_YEAR,
    US_PER_HOUR,
    borrow_rate,
    debt_total,
    distribute,
    lend_rate,
    lent_total,
    release_pending,
    utilisation,
)
from .loans import US_PER_MINUTE
from .records import INTEREST_ACCRUED, EventKind, cast
from .redemptions import SERVED_PER_CLOCK, serve_queue


@cold
def used_ppm(pool):
    """Return the utilisation of a pool as it stands."""
    return utilisation(lent_total(pool), debt_total(pool))


@cold
def move_ceiling(pool):
    """Say how far utilisation may be driven in the minute that begins."""
    used = used_ppm(pool)
    if used <= pool.throttle_threshold_ppm:
        pool.ceiling_ppm = pool.throttle_bound_ppm
    else:
        left = max(pool.maximum_utilisation_ppm - used, 0)
        pool.ceiling_ppm = used + left * pool.throttle_update_ppm // PPM


@cold
def sweep_rounding(s, asset):
    """Move what roundings left from the pool to ROUNDING, as far as it is not out on loan; returns how much."""
    pool = s.lending_pools[asset]
    swept = min(pool.rounding_atoms, available(s, HouseAccount.POOL, asset))
    if swept != 0:
        move(s, HouseAccount.POOL, HouseAccount.ROUNDING, asset, swept)
        pool.rounding_atoms -= swept
    return swept


@cold
def charge_interest(s, asset, hours):
    """Let debts and claims of a pool grow by the interest of some hours."""
    pool = s.lending_pools[asset]
    before, rate = debt_total(pool), borrow_rate(pool, used_ppm(pool))
    grown = pool.debt_index + divide_up(pool.debt_index, rate * hours, E8 * HOURS_PER_YEAR)
    pool.debt_index = min(grown, MAX_LOAN_INDEX)
    interest = debt_total(pool) - before
    cut = distribute(pool, interest)
    swept, used = sweep_rounding(s, asset), used_ppm(pool)
    event = cast(s.events, emit(s, EventKind.INTEREST_ACCRUED, 0, 0), INTEREST_ACCRUED)
    event.asset, event.hours, event.interest_atoms = asset, hours, interest
    event.reserve_atoms, event.rounding_atoms = cut, swept
    event.lent_shares, event.debt_shares = pool.lent_shares, pool.debt_shares
    event.lent_index, event.debt_index = pool.lent_index, pool.debt_index
    event.borrow_rate_e8, event.lend_rate_e8 = borrow_rate(pool, used), lend_rate(pool, used)


@cold
def update_pools(s):
    """Bring every pool to the present second."""
    left, time_us = SERVED_PER_CLOCK, s.venue[0].time_us
    hour, minute = time_us // US_PER_HOUR, time_us // US_PER_MINUTE
    for asset in range(1, s.venue[0].assets + 1):
        pool = s.lending_pools[asset]
        if pool.pool_state == 0:
            continue
        release_pending(pool, time_us)
        if minute > pool.ceiling_minute:
            pool.ceiling_minute = minute
            move_ceiling(pool)
        if hour > pool.interest_hour:
            hours = min(hour - pool.interest_hour, HOURS_PER_YEAR)
            pool.interest_hour = hour
            if pool.debt_shares != 0:
                charge_interest(s, asset, hours)
        left -= serve_queue(s, asset, left)
