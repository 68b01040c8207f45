"""Measuring every account at once, table by table, and making the watch list anew from that.  See ``watch``.

The tables of balances and of positions are read from one end to the other, each by one thread if there are two, and
what is found is added to the sums of the accounts: nothing waits for a link, wherever the rows of an account stand.
Sums that stop at the largest value do not depend on the order in which they are added up.
"""

from ..schema.enums import FIRST_USER_ACCOUNT
from .jit import cold, hot
from .state import BALANCES, BUCKETS, POSITIONS
from .valuation import capped_sum
from .watch import (
    bound_e9,
    bucket_for,
    clear_sums,
    count_balance,
    count_expected,
    count_position,
    is_unsafe,
    link,
    refer,
)

PAGE_ROWS = 1 << 10
"""Rows of a list in a page of memory."""
BEGIN, OF_BALANCES, OF_POSITIONS, END = range(4)
"""The steps of a revaluation; those in the middle may run beside each other."""


@cold
def begin(s):
    """Forget the list, and what moves are counted from."""
    watch = s.watch[0]
    watch.made = 0
    refer(s)
    for bucket in range(BUCKETS):
        s.watch_heads[bucket] = 0
    for at in range(1, watch.changed + 1):
        s.accounts[s.changed[at]].changed = 0
    watch.changed = 0
    for at in range(0, s.venue[0].next_account, PAGE_ROWS):
        # Whoever asks who is unsafe is not to wait for memory.
        s.near[at], s.unsafe[at], s.changed[at] = 0, 0, 0
    return 0


@cold
def count_balances(s):
    """Add every balance to the sums of its account."""
    for slot in range(1, s.pools[BALANCES].used + 1):
        row = s.balances[slot]
        account = row.id >> 16
        if account >= FIRST_USER_ACCOUNT:
            count_balance(s, s.balance_sums[account], row)
    return 0


@cold
def count_positions(s):
    """Add every position to the sums of its account."""
    for slot in range(1, s.pools[POSITIONS].used + 1):
        row = s.positions[slot]
        if row.id >> 16 >= FIRST_USER_ACCOUNT:
            count_position(s, s.position_sums[row.id >> 16], row)
    return 0


@hot
def add_sums(sums, more):
    """Add sums of the same account, and let them be empty."""
    sums.collateral = capped_sum(sums.collateral, more.collateral)
    sums.liabilities = capped_sum(sums.liabilities, more.liabilities)
    sums.maintenance = capped_sum(sums.maintenance, more.maintenance)
    sums.gross = capped_sum(sums.gross, more.gross)
    clear_sums(more)


@cold
def end(s):
    """Let every account stand where it belongs, and list the unsafe ones; returns how many there are."""
    watch, total, count, listed = s.watch[0], s.watch_sums[0], 0, 0
    for account in range(FIRST_USER_ACCOUNT, s.venue[0].next_account):
        clear_sums(total)
        add_sums(total, s.balance_sums[account])
        add_sums(total, s.position_sums[account])
        if s.first_entitlement[account] != 0:
            count_expected(s, total, account)
        row = s.watched[account]
        row.equity, row.maintenance, row.bucket = total.collateral - total.liabilities, total.maintenance, 0
        if s.accounts[account].liabilities != 0 and s.accounts[account].case_slot == 0:
            listed += 1
            link(s, account, bucket_for(bound_e9(s, total)))
            if is_unsafe(total):
                count += 1
                s.unsafe[count] = account
    watch.made, watch.moved_e9, watch.near, watch.unsafe, watch.listed = 1, 0, listed, count, listed
    return count


@cold
def revalue(s, step):
    """Carry out one step of a revaluation; the last returns how many accounts are unsafe."""
    if step == BEGIN:
        return begin(s)
    if step == OF_BALANCES:
        return count_balances(s)
    if step == OF_POSITIONS:
        return count_positions(s)
    return end(s)
