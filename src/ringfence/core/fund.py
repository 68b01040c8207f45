"""FUND and SKIN: who pays what a failed account cannot.  docs/rules.md, "FUND and SKIN".

SKIN is the operator's own capital; it pays no more a day than the parameter SKIN_CAP says.
"""

from ..schema.enums import HouseAccount, MoveCause, Parameter
from .bits import divide_down
from .emit import emit_moved
from .jit import cold
from .ledger import available, move
from .valuation import asset_value

US_PER_DAY = 86_400_000_000


@cold
def skin_atoms(s, asset, atoms):
    """Return how much of so many atoms SKIN may pay today."""
    venue, rules = s.venue[0], s.collaterals[asset]
    day = venue.time_us // US_PER_DAY
    if day != venue.skin_day:
        venue.skin_day, venue.skin_value = day, 0
    most = min(atoms, available(s, HouseAccount.SKIN, asset))
    left, value = max(s.parameters[Parameter.SKIN_CAP] - venue.skin_value, 0), asset_value(rules, most)
    return most if value <= left else divide_down(most, left, value)


@cold
def pay_from_skin(s, to_account, asset, atoms, reference):
    """Let SKIN pay as much of so many atoms as it may; returns how much."""
    paid = skin_atoms(s, asset, atoms)
    if paid > 0:
        s.venue[0].skin_value += asset_value(s.collaterals[asset], paid)
        move(s, HouseAccount.SKIN, to_account, asset, paid)
        emit_moved(s, HouseAccount.SKIN, to_account, asset, paid, MoveCause.GAP_PAID, reference, 0)
    return paid


@cold
def pay_from_fund(s, to_account, asset, atoms, reference):
    """Let FUND pay as much of so many atoms as it has; returns how much."""
    paid = min(atoms, available(s, HouseAccount.FUND, asset))
    if paid > 0:
        move(s, HouseAccount.FUND, to_account, asset, paid)
        emit_moved(s, HouseAccount.FUND, to_account, asset, paid, MoveCause.GAP_PAID, reference, 0)
    return paid
