"""Those who wait to take back what is out on loan: first come, first served.  docs/rules.md, "Lending"."""

from ..schema.enums import LoanCause, LoanSource
from .emit import emit
from .index import find, insert, remove
from .jit import cold
from .ledger import balance_id
from .lending import claim, emit_loan, redeemable_in_turn, take_claim
from .records import REDEMPTION_QUEUED, EventKind, cast
from .state import REDEMPTIONS

SERVED_PER_CLOCK = 1_000


@cold
def queue_slot(s, account, asset):
    """Return the slot of an account's row in the queue of an asset, 0 if it does not wait."""
    return find(s.pools[REDEMPTIONS], s.redemption_heads, s.redemptions, balance_id(account, asset))


@cold
def emit_queued(s, account, asset, atoms):
    """Append how much of an account's claim waits."""
    event = cast(s.events, emit(s, EventKind.REDEMPTION_QUEUED, account, 0), REDEMPTION_QUEUED)
    event.asset, event.queued_atoms = asset, atoms


@cold
def drop(s, slot):
    """Take a row out of its queue."""
    row, pool = s.redemptions[slot], s.pools[REDEMPTIONS]
    asset = s.lending_pools[row.asset]
    if row.previous != 0:
        s.redemptions[row.previous].next = row.next
    else:
        asset.first_redemption = row.next
    if row.next != 0:
        s.redemptions[row.next].previous = row.previous
    else:
        asset.last_redemption = row.previous
    remove(pool, s.redemption_heads, s.redemptions, slot)
    row.id = 0
    row.next = pool.free
    pool.free = slot


@cold
def append(s, account, asset, atoms, redemption):
    """Put a row at the end of the queue of an asset."""
    pool, queue = s.pools[REDEMPTIONS], s.lending_pools[asset]
    slot = pool.free
    if slot != 0:
        pool.free = s.redemptions[slot].next
    else:
        pool.used += 1
        slot = pool.used
    row = s.redemptions[slot]
    row.id, row.account, row.asset = balance_id(account, asset), account, asset
    row.queued_atoms, row.redemption = atoms, redemption
    row.next, row.previous = 0, queue.last_redemption
    if queue.last_redemption != 0:
        s.redemptions[queue.last_redemption].next = slot
    else:
        queue.first_redemption = slot
    queue.last_redemption = slot
    insert(pool, s.redemption_heads, s.redemptions, slot)


@cold
def leave_queue(s, account, asset):
    """Let an account wait no longer."""
    slot = queue_slot(s, account, asset)
    if slot != 0:
        drop(s, slot)
        emit_queued(s, account, asset, 0)


@cold
def wait_in_queue(s, account, asset, atoms):
    """Let so much wait, at the end of the queue, instead of what waited before."""
    if atoms == 0:
        leave_queue(s, account, asset)
        return
    slot = queue_slot(s, account, asset)
    if slot != 0:
        drop(s, slot)
    append(s, account, asset, atoms, s.venue[0].sequence)
    emit_queued(s, account, asset, atoms)


@cold
def serve(s, slot, free):
    """Pay a row of the queue as far as it goes."""
    row = s.redemptions[slot]
    account, asset = row.account, row.asset
    paid = min(row.queued_atoms, claim(s, account, asset), free)
    if paid > 0:
        take_claim(s, account, asset, paid)
    row.queued_atoms = min(row.queued_atoms - paid, claim(s, account, asset))
    left = row.queued_atoms
    if left == 0:
        drop(s, slot)
    if paid > 0:
        emit_loan(s, account, asset, LoanCause.REDEEM, LoanSource.REDEMPTION_QUEUE, paid, 0, 0)
    else:
        emit_queued(s, account, asset, 0)


@cold
def serve_queue(s, asset, most):
    """Pay those who wait for an asset, oldest first; returns how many rows were served."""
    pool, served = s.lending_pools[asset], 0
    while served < most and pool.first_redemption != 0:
        free = redeemable_in_turn(pool)
        if free == 0:
            break
        serve(s, pool.first_redemption, free)
        served += 1
    return served
