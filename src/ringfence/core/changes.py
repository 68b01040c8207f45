"""Which accounts must be measured anew because what they hold, owe or stand in became less.  See ``watch``.

What only adds to an account's margin need not be noted: a bound that is too careful stays one.
"""

from ..schema.enums import FIRST_USER_ACCOUNT
from .jit import cold


@cold
def note_change(s, account):
    """Note that an account that owes something, or has positions, may be nearer to its maintenance margin."""
    row = s.accounts[account]
    if row.liabilities == 0 or row.changed != 0 or account < FIRST_USER_ACCOUNT:
        return
    row.changed = 1
    s.watch[0].changed += 1
    s.changed[s.watch[0].changed] = account
