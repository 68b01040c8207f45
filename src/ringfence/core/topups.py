"""Topping up: the owner puts fenced money into an estate, once or by a standing order, if that ends the liquidation.

docs/rules.md, "Topping up".
"""

from ..schema.enums import CaseEnd, MoveCause
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import known_asset, not_vaults, trading_account, user_account
from .cases import close_case
from .emit import emit, emit_moved, refuse, refuse_asset
from .jit import cold
from .ledger import available, move
from .legs import health_of
from .lending import owed
from .liquidation import measure_estate, repay_what_it_has
from .margin import take_measure
from .orders import funded
from .records import STANDING_TOP_UP_SET, TOPPED_UP, EventKind, cast


@cold
def health_topped_up(s, account, asset, atoms):
    """Return the health of an account if it had so many atoms more, which repay what it owes of the asset."""
    repaid = min(atoms, owed(s, account, asset))
    take_measure(s, account, asset, atoms - repaid, -repaid, False)
    return health_of(s, s.measure[0])


@cold
def enough_atoms(s, account, asset):
    """Return the smallest amount of an asset that ends the liquidation of an account, 0 if none does."""
    low, high = 1, MAX_ATOMS // 2
    if health_topped_up(s, account, asset, high) < 0:
        return 0
    while low < high:
        middle = low + (high - low) // 2
        if health_topped_up(s, account, asset, middle) >= 0:
            high = middle
        else:
            low = middle + 1
    return high


@cold
def needed_to_end(s, case, account, asset):
    """Return the smallest amount of an asset that ends a case, 0 if none does."""
    # Once others have paid for an estate, what is put in would be theirs first: it would pay for an earlier loss.
    if s.cases[case].written_off_value != 0:
        return 0
    s.own[0].written_off_value = 0
    return enough_atoms(s, account, asset)


@cold
def put_in(s, case, asset, atoms, needed):
    """Move fenced money into the estate of a case, and close it."""
    account = s.cases[case].account
    fenced = s.users[s.accounts[account].user].fenced_account
    event = cast(s.events, emit(s, EventKind.TOPPED_UP, account, 0), TOPPED_UP)
    event.case, event.amount_atoms, event.needed_atoms = s.cases[case].id, atoms, needed
    event.fenced_account, event.asset = fenced, asset
    emit_moved(s, fenced, account, asset, atoms, MoveCause.TOP_UP, s.cases[case].id, 0)
    move(s, fenced, account, asset, atoms)
    repay_what_it_has(s, account)
    measure_estate(s, account)
    close_case(s, case, CaseEnd.TOPPED_UP.value)


@cold
def top_up(s, c):
    """Put fenced money into an estate, if that ends its liquidation."""
    if not (user_account(s, c.account) and known_asset(s, c.asset) and not_vaults(s, c.account)):
        return False
    case = s.accounts[c.account].case_slot
    if case == 0:
        return refuse(s, Reject.NO_CASE, c.account, 0)
    needed = needed_to_end(s, case, c.account, c.asset)
    if needed == 0:
        return refuse_asset(s, Reject.TOP_UP_CANNOT_HELP, 0, 0, c.asset)
    if c.amount_atoms < needed:
        return refuse_asset(s, Reject.TOP_UP_TOO_SMALL, c.amount_atoms, needed, c.asset)
    fenced = s.users[s.accounts[c.account].user].fenced_account
    if not funded(s, fenced, c.asset, c.amount_atoms, 0):
        return False
    put_in(s, case, c.asset, c.amount_atoms, needed)
    return True


@cold
def tell_standing(s, account):
    """Append how much may go in by itself from now on."""
    event = cast(s.events, emit(s, EventKind.STANDING_TOP_UP_SET, account, 0), STANDING_TOP_UP_SET)
    event.amount_atoms, event.asset = s.top_ups[account].amount_atoms, s.top_ups[account].asset


@cold
def set_standing(s, c):
    """Say how much fenced money may go into the estate of an account by itself."""
    if not (user_account(s, c.account) and trading_account(s, c.account) and known_asset(s, c.asset)):
        return False
    if not not_vaults(s, c.account):
        return False
    s.top_ups[c.account].amount_atoms = c.amount_atoms
    s.top_ups[c.account].asset = c.asset if c.amount_atoms != 0 else 0
    tell_standing(s, c.account)
    return True


@cold
def tops_up_by_itself(s, case):
    """Put fenced money into the estate of a case if its owner has said so and that ends it; returns whether it did."""
    account = s.cases[case].account
    standing, asset = s.top_ups[account], s.top_ups[account].asset
    fenced = s.users[s.accounts[account].user].fenced_account
    most = min(standing.amount_atoms, available(s, fenced, asset)) if standing.amount_atoms != 0 else 0
    if most == 0:
        return False
    needed = needed_to_end(s, case, account, asset)
    if needed == 0 or needed > most:
        take_measure(s, account, 0, 0, 0, False)
        return False
    standing.amount_atoms -= needed
    if standing.amount_atoms == 0:
        standing.asset = 0
    put_in(s, case, asset, needed, needed)
    tell_standing(s, account)
    return True
