"""The lending pool of an asset: what lenders lent, what borrowers owe, what it costs.  docs/rules.md, "Lending".

Claims and debts are shares of two indices that interest moves, so that nobody's row changes when interest is due.
Every rounding goes against the one who asks, and what it leaves is counted.
"""

from ..schema.enums import INDEX_BITS, HouseAccount, LoanCause, PoolState
from ..schema.enums import ONE_E8 as E8
from ..schema.fields import MAX_LOAN_INDEX
from .bits import divide_down, divide_up, shift_down, shift_up
from .bounds import PPM
from .emit import emit
from .index import find
from .jit import cold, hot
from .ledger import add_loan_shares, balance_id, loan_shares_of, move
from .records import LOAN_MOVED, EventKind, cast
from .state import REDEMPTIONS

ONE_INDEX = 1 << INDEX_BITS
HOURS_PER_YEAR = 8_760
US_PER_HOUR, MS_PER_HOUR, US_PER_MS = 3_600_000_000, 3_600_000, 1_000
YEAR_E8_MS = E8 * HOURS_PER_YEAR * MS_PER_HOUR
SMALL_POOL_ATOMS = 1 << 20
"""The lenders of a smaller pool get no interest, so that nobody makes the index of an empty one jump."""


@hot
def lent_total(pool):
    """Return what a pool owes all its lenders, in atoms."""
    return shift_up(pool.lent_shares, pool.lent_index, INDEX_BITS)


@hot
def debt_total(pool):
    """Return what all borrowers owe a pool, in atoms."""
    return shift_down(pool.debt_shares, pool.debt_index, INDEX_BITS)


@hot
def claim_of(pool, shares):
    """Return what shares of a lender are worth, in atoms."""
    return shift_down(shares, pool.lent_index, INDEX_BITS)


@hot
def owed_of(pool, shares):
    """Return what shares of a borrower cost to repay, in atoms."""
    return shift_up(shares, pool.debt_index, INDEX_BITS)


@cold
def claim(s, account, asset):
    """Return what an account has lent of an asset, in atoms."""
    return claim_of(s.lending_pools[asset], max(loan_shares_of(s, account, asset), 0))


@cold
def owed(s, account, asset):
    """Return what an account owes of an asset, in atoms."""
    return owed_of(s.lending_pools[asset], max(-loan_shares_of(s, account, asset), 0))


@hot
def utilisation(lent, debt):
    """Return how much of what is lent is out on loan, in parts per million."""
    if debt == 0:
        return 0
    return min(divide_down(debt, PPM, lent), PPM) if lent != 0 else PPM


@cold
def borrow_rate(pool, used_ppm):
    """Return the yearly rate that borrowers pay at a utilisation: two slopes with a kink at the optimum."""
    optimum = pool.optimal_utilisation_ppm
    if used_ppm <= optimum:
        return pool.rate_idle_e8 + (pool.rate_optimal_e8 - pool.rate_idle_e8) * used_ppm // optimum
    rise = pool.rate_full_e8 - pool.rate_optimal_e8
    return pool.rate_optimal_e8 + rise * (used_ppm - optimum) // (PPM - optimum)


@cold
def lend_rate(pool, used_ppm):
    """Return the yearly rate that lenders get at a utilisation."""
    return borrow_rate(pool, used_ppm) * used_ppm // PPM * (PPM - pool.fee_ppm) // PPM


@hot
def is_open(pool):
    """Whether a pool takes new claims and debts; not while UNCOVERED owes it what nobody may bring back."""
    return pool.pool_state == PoolState.OPEN and pool.uncovered == 0


@cold
def redeemable(pool):
    """Return how much may be redeemed now, by whoever it is."""
    return redeemable_in_turn(pool) if pool.first_redemption == 0 else 0


@cold
def redeemable_in_turn(pool):
    """Return how much may be redeemed now by whoever comes first in the queue."""
    if pool.pool_state == PoolState.CLOSED:
        return 0
    lent, debt = lent_total(pool), debt_total(pool)
    idle = max(lent - debt, 0)
    if debt == 0:
        return idle
    if pool.ceiling_ppm == 0:
        return 0
    return max(min(idle, lent - divide_up(debt, PPM, pool.ceiling_ppm)), 0)


@cold
def borrowable(pool, lent):
    """Return how much may be borrowed now, by whoever it is, if so much is lent."""
    if pool.first_redemption != 0 or not is_open(pool):
        return 0
    debt = debt_total(pool)
    most = divide_down(lent, min(pool.maximum_utilisation_ppm, pool.ceiling_ppm), PPM)
    return max(min(lent, most) - debt, 0)


@cold
def entry_fee(s, pool, atoms, lent):
    """Return the interest on a new debt for the rest of the hour, if so much is lent and the hour has been charged."""
    if s.venue[0].time_us // US_PER_HOUR > pool.interest_hour:
        return 0
    rate = borrow_rate(pool, utilisation(lent, debt_total(pool) + atoms))
    left_us = US_PER_HOUR - s.venue[0].time_us % US_PER_HOUR
    left_ms = (left_us + US_PER_MS - 1) // US_PER_MS
    return divide_up(atoms, rate * left_ms, YEAR_E8_MS)


@cold
def distribute(pool, interest):
    """Give interest that borrowers owe to the reserve, and to the lenders in time; returns what the reserve got."""
    cut = interest if lent_total(pool) < SMALL_POOL_ATOMS else divide_down(interest, pool.fee_ppm, PPM)
    pool.reserve_atoms += cut
    pool.pending_atoms += interest - cut
    return cut


@cold
def release_pending(pool, time_us):
    """Give the lenders what is due to them by now; nobody earns an hour by lending for a moment.

    Nor more than the highest rate: else fees that somebody pays to himself could make the index jump.
    """
    end_us = (pool.released_us // US_PER_HOUR + 1) * US_PER_HOUR
    atoms = pool.pending_atoms
    if time_us < end_us:
        atoms = divide_down(atoms, time_us - pool.released_us, end_us - pool.released_us)
    pool.pending_atoms -= atoms
    lent = lent_total(pool)
    passed_ms = min((time_us - pool.released_us + US_PER_MS - 1) // US_PER_MS, MS_PER_HOUR)
    earned = min(atoms, divide_up(lent, pool.rate_full_e8 * passed_ms, YEAR_E8_MS))
    pool.released_us = time_us
    pool.reserve_atoms += atoms - earned
    if pool.lent_shares != 0:
        pool.lent_index = min(divide_down(lent + earned, ONE_INDEX, pool.lent_shares), MAX_LOAN_INDEX)
        pool.rounding_atoms += earned - (lent_total(pool) - lent)


@cold
def queued_atoms(s, account, asset):
    """Return what of an account's claim waits to be redeemed."""
    slot = find(s.pools[REDEMPTIONS], s.redemption_heads, s.redemptions, balance_id(account, asset))
    return s.redemptions[slot].queued_atoms if slot != 0 else 0


@cold
def emit_loan(s, account, asset, cause, source, atoms, fee, order):
    """Append what happened to a claim or a debt."""
    pool = s.lending_pools[asset]
    event = cast(s.events, emit(s, EventKind.LOAN_MOVED, account, 0), LOAN_MOVED)
    event.asset, event.cause, event.source = asset, cause, source
    event.amount_atoms, event.fee_atoms, event.order = atoms, fee, order
    event.loan_shares = loan_shares_of(s, account, asset)
    event.queued_atoms = queued_atoms(s, account, asset)
    event.lent_index, event.debt_index = pool.lent_index, pool.debt_index


@hot
def lend_shares(pool, atoms):
    """Return the shares that atoms buy."""
    return divide_down(atoms, ONE_INDEX, pool.lent_index)


@hot
def repay_shares(pool, atoms):
    """Return the shares of a debt that atoms pay, if they do not pay all of it."""
    return divide_down(atoms, ONE_INDEX, pool.debt_index)


@cold
def redeem_shares(pool, shares, atoms):
    """Return the shares that redeeming atoms takes of those a lender has."""
    return shares if atoms == claim_of(pool, shares) else divide_up(atoms, ONE_INDEX, pool.lent_index)


@cold
def lend_atoms(s, account, asset, atoms, source, order):
    """Move available atoms into the pool."""
    pool = s.lending_pools[asset]
    before = lent_total(pool)
    add_loan_shares(s, account, asset, lend_shares(pool, atoms))
    move(s, account, HouseAccount.POOL, asset, atoms)
    pool.rounding_atoms += atoms - (lent_total(pool) - before)
    emit_loan(s, account, asset, LoanCause.LEND, source, atoms, 0, order)


@cold
def take_claim(s, account, asset, atoms):
    """Move atoms out of the pool to their lender, without an event."""
    pool = s.lending_pools[asset]
    before = lent_total(pool)
    # The atoms come first, so that the row of the balance does not go and come.
    move(s, HouseAccount.POOL, account, asset, atoms)
    add_loan_shares(s, account, asset, -redeem_shares(pool, loan_shares_of(s, account, asset), atoms))
    pool.rounding_atoms += before - lent_total(pool) - atoms


@cold
def redeem_atoms(s, account, asset, atoms, source, order):
    """Move atoms out of the pool to their lender."""
    take_claim(s, account, asset, atoms)
    emit_loan(s, account, asset, LoanCause.REDEEM, source, atoms, 0, order)


@cold
def borrow_atoms(s, account, asset, atoms, source, order):
    """Move atoms out of the pool to a borrower, who owes them and the interest for the rest of the hour."""
    pool = s.lending_pools[asset]
    before = debt_total(pool)
    fee = entry_fee(s, pool, atoms, lent_total(pool))
    move(s, HouseAccount.POOL, account, asset, atoms)
    add_loan_shares(s, account, asset, -divide_up(atoms + fee, ONE_INDEX, pool.debt_index))
    pool.rounding_atoms += debt_total(pool) - before - atoms - fee
    distribute(pool, fee)
    emit_loan(s, account, asset, LoanCause.BORROW, source, atoms, fee, order)


@cold
def repay_atoms(s, account, asset, atoms, source, order):
    """Move available atoms into the pool for a debt; the whole debt is what ``owed`` says."""
    pool = s.lending_pools[asset]
    before, shares = debt_total(pool), -loan_shares_of(s, account, asset)
    add_loan_shares(s, account, asset, shares if atoms == owed_of(pool, shares) else repay_shares(pool, atoms))
    move(s, account, HouseAccount.POOL, asset, atoms)
    pool.rounding_atoms += atoms - (before - debt_total(pool))
    emit_loan(s, account, asset, LoanCause.REPAY, source, atoms, 0, order)
