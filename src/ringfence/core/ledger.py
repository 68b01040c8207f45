"""Postings: the only place where a balance changes.

Each posting adds to an account's available and locked atoms of an asset; at the end of every command the postings of
each asset must have summed to zero.  Nothing but CUSTODY, which stands for the outside world, and ISSUED, from which
the shares of vaults come, is ever below zero.
"""

from ..schema.enums import HouseAccount
from .bits import checked_add
from .changes import note_change
from .index import find, insert, remove
from .jit import cold, hot
from .state import BALANCES
from .taking import take_before


@hot
def balance_id(account, asset):
    """Return the id of a balance row; assets take 16 bits."""
    return account << 16 | asset


@hot
def balance_slot(s, account, asset):
    """Return the slot of an account's balance in an asset, 0 if it holds none."""
    return find(s.pools[BALANCES], s.balance_heads, s.balances, balance_id(account, asset))


@hot
def available(s, account, asset):
    """Return the available atoms of an account in an asset."""
    slot = balance_slot(s, account, asset)
    return s.balances[slot].available_atoms if slot != 0 else 0


@cold
def asset_after(s, account, asset):
    """Return the next asset by number that an account has a balance row of, 0 if there is none.

    Rows stand in no order that everybody would find: what changes or tells something goes by numbers.
    """
    found, slot = 0, s.accounts[account].first_balance
    while slot != 0:
        number = s.balances[slot].id & 0xFFFF
        if number > asset and (found == 0 or number < found):
            found = number
        slot = s.balances[slot].account_next
    return found


@cold
def open_balance(s, account, asset):
    """Add an empty balance row and return its slot."""
    pool = s.pools[BALANCES]
    slot = pool.free
    if slot != 0:
        pool.free = s.balances[slot].hash_next
    else:
        pool.used += 1
        slot = pool.used
    row = s.balances[slot]
    row.id = balance_id(account, asset)
    row.available_atoms = 0
    row.locked_atoms = 0
    row.loan_shares = 0
    row.account_next = s.accounts[account].first_balance
    s.accounts[account].first_balance = slot
    insert(pool, s.balance_heads, s.balances, slot)
    return slot


@cold
def close_balance(s, account, slot):
    """Take an empty balance row away."""
    pool = s.pools[BALANCES]
    remove(pool, s.balance_heads, s.balances, slot)
    at = s.accounts[account].first_balance
    if at == slot:
        s.accounts[account].first_balance = s.balances[slot].account_next
    else:
        while s.balances[at].account_next != slot:
            at = s.balances[at].account_next
            assert at != 0, "the balance is not in its account's list"
        s.balances[at].account_next = s.balances[slot].account_next
    s.balances[slot].id = 0
    s.balances[slot].hash_next = pool.free
    pool.free = slot


@hot
def weigh(s, asset, change):
    """Keep the sum of this command's postings per asset, and how many of those sums are not zero."""
    row = s.assets[asset]
    before = row.unbalanced_atoms
    after, overflow = checked_add(before, change)
    assert not overflow, "the postings of one command overflow"
    row.unbalanced_atoms = after
    if before == 0:
        if after != 0:
            s.venue[0].unbalanced_assets += 1
    elif after == 0:
        s.venue[0].unbalanced_assets -= 1


@hot
def post(s, account, asset, available_change, locked_change):
    """Change an account's available and locked atoms of an asset."""
    if available_change == 0 and locked_change == 0:
        return
    if s.assets[asset].takes != 0:
        take_before(s, account, asset)
    slot = balance_slot(s, account, asset)
    if slot == 0:
        slot = open_balance(s, account, asset)
    row = s.balances[slot]
    free, overflow_free = checked_add(row.available_atoms, available_change)
    held, overflow_held = checked_add(row.locked_atoms, locked_change)
    assert not overflow_free and not overflow_held, "a balance overflows"
    is_source = account == HouseAccount.CUSTODY or account == HouseAccount.ISSUED
    assert free >= 0 or is_source, "a balance falls below zero"
    assert held >= 0, "a lock falls below zero"
    row.available_atoms = free
    row.locked_atoms = held
    change, overflow = checked_add(available_change, locked_change)
    assert not overflow, "a posting overflows"
    if change != 0:
        weigh(s, asset, change)
    if change < 0:
        note_change(s, account)
    if free == 0 and held == 0 and row.loan_shares == 0:
        close_balance(s, account, slot)


@cold
def loan_shares_of(s, account, asset):
    """Return an account's shares of a lending pool: above 0 lent, below 0 owed."""
    slot = balance_slot(s, account, asset)
    return s.balances[slot].loan_shares if slot != 0 else 0


@cold
def add_loan_shares(s, account, asset, change):
    """Change what an account lent to a pool, or owes to it, and the totals of the pool; never from one to the other."""
    if s.assets[asset].takes != 0:
        take_before(s, account, asset)
    slot = balance_slot(s, account, asset)
    if slot == 0:
        slot = open_balance(s, account, asset)
    row, pool = s.balances[slot], s.lending_pools[asset]
    before = row.loan_shares
    after = before + change
    assert (before >= 0 and after >= 0) or (before <= 0 and after <= 0), "a claim became a debt"
    pool.lent_shares += max(after, 0) - max(before, 0)
    pool.debt_shares += max(-after, 0) - max(-before, 0)
    s.accounts[account].liabilities += (1 if after < 0 else 0) - (1 if before < 0 else 0)
    row.loan_shares = after
    note_change(s, account)
    if after == 0 and row.available_atoms == 0 and row.locked_atoms == 0:
        close_balance(s, account, slot)


@hot
def move(s, account, to_account, asset, atoms):
    """Move available atoms from one account to another."""
    post(s, account, asset, -atoms, 0)
    post(s, to_account, asset, atoms, 0)
