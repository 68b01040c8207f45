"""Those who wait to be paid out by a vault: one row an account and vault, in the order of their requests."""

from .emit import emit
from .index import find, insert, remove
from .jit import cold
from .ledger import balance_id, post
from .records import VAULT_REDEEM_CANCELLED, EventKind, cast
from .state import VAULT_REDEMPTIONS


@cold
def pending_slot(s, account, vault):
    """Return the slot of what an account waits for from a vault, 0 if it does not wait."""
    pool = s.pools[VAULT_REDEMPTIONS]
    return find(pool, s.vault_redemption_heads, s.vault_redemptions, balance_id(account, vault))


@cold
def append_redemption(s, account, vault, redemption, shares_atoms, due_us):
    """Put a request at the end of the queue of a vault."""
    pool, queue = s.pools[VAULT_REDEMPTIONS], s.vaults[vault]
    slot = pool.free
    if slot != 0:
        pool.free = s.vault_redemptions[slot].next
    else:
        pool.used += 1
        slot = pool.used
    row = s.vault_redemptions[slot]
    row.id, row.account, row.vault = balance_id(account, vault), account, vault
    row.redemption, row.shares_atoms, row.due_us = redemption, shares_atoms, due_us
    row.next, row.previous = 0, queue.last_redemption
    if queue.last_redemption != 0:
        s.vault_redemptions[queue.last_redemption].next = slot
    else:
        queue.first_redemption = slot
    queue.last_redemption = slot
    insert(pool, s.vault_redemption_heads, s.vault_redemptions, slot)


@cold
def drop_redemption(s, slot):
    """Take a request out of its queue."""
    row, pool = s.vault_redemptions[slot], s.pools[VAULT_REDEMPTIONS]
    queue = s.vaults[row.vault]
    if row.previous != 0:
        s.vault_redemptions[row.previous].next = row.next
    else:
        queue.first_redemption = row.next
    if row.next != 0:
        s.vault_redemptions[row.next].previous = row.previous
    else:
        queue.last_redemption = row.previous
    remove(pool, s.vault_redemption_heads, s.vault_redemptions, slot)
    row.id = 0
    row.next = pool.free
    pool.free = slot


@cold
def cancel_redemption(s, slot, case):
    """Let the shares of a request be available again; ``case`` is the liquidation that needs them, 0 for none."""
    row = s.vault_redemptions[slot]
    share, account = s.vaults[row.vault].share_asset, row.account
    event = cast(s.events, emit(s, EventKind.VAULT_REDEEM_CANCELLED, account, 0), VAULT_REDEEM_CANCELLED)
    event.vault, event.share_asset, event.redemption = row.vault, share, row.redemption
    event.shares_atoms, event.case = row.shares_atoms, case
    atoms = row.shares_atoms
    drop_redemption(s, slot)
    post(s, account, share, atoms, -atoms)


@cold
def cancel_redemptions(s, account, case):
    """Let an account that is liquidated wait for no vault: what it has belongs to the estate."""
    for vault in range(1, s.venue[0].vaults + 1):
        slot = pending_slot(s, account, vault)
        if slot != 0:
            cancel_redemption(s, slot, case)
