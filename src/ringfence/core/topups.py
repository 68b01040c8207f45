"""Topping up: the owner puts fenced money into an estate, if that ends the liquidation.

docs/rules.md, "Topping up".
"""

from ..schema.enums import CaseEnd, MoveCause
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import known_asset, not_vaults, user_account
from .cases import close_case
from .emit import emit, emit_moved, refuse, refuse_asset
from .jit import cold
from .ledger import move
from .legs import health_of
from .lending import owed
from .liquidation import measure_estate, repay_what_it_has
from .margin import take_measure
from .orders import funded
from .records import TOPPED_UP, EventKind, cast


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
def top_up(s, c):
    """Move fenced money into an estate, and close its case."""
    if not (user_account(s, c.account) and known_asset(s, c.asset) and not_vaults(s, c.account)):
        return False
    case = s.accounts[c.account].case_slot
    if case == 0:
        return refuse(s, Reject.NO_CASE, c.account, 0)
    fenced = s.users[s.accounts[c.account].user].fenced_account
    # Once others have paid for an estate, what is put in would be theirs first: it would pay for an earlier loss.
    needed = 0
    if s.cases[case].written_off_value == 0:
        s.own[0].written_off_value = 0
        needed = enough_atoms(s, c.account, c.asset)
    if needed == 0:
        return refuse_asset(s, Reject.TOP_UP_CANNOT_HELP, 0, 0, c.asset)
    if c.amount_atoms < needed:
        return refuse_asset(s, Reject.TOP_UP_TOO_SMALL, c.amount_atoms, needed, c.asset)
    if not funded(s, fenced, c.asset, c.amount_atoms, 0):
        return False
    event = cast(s.events, emit(s, EventKind.TOPPED_UP, c.account, 0), TOPPED_UP)
    event.case, event.amount_atoms, event.needed_atoms = s.cases[case].id, c.amount_atoms, needed
    event.fenced_account, event.asset = fenced, c.asset
    emit_moved(s, fenced, c.account, c.asset, c.amount_atoms, MoveCause.TOP_UP, s.cases[case].id, 0)
    move(s, fenced, c.account, c.asset, c.amount_atoms)
    repay_what_it_has(s, c.account)
    measure_estate(s, c.account)
    close_case(s, case, CaseEnd.TOPPED_UP.value)
    return True
