"""What an account does by itself and how far it may be leveraged, and what assets count as collateral.

docs/rules.md, "Margin".
"""

from ..schema.commands import SetCollateral
from ..schema.enums import ONE_E8 as E8
from ..schema.enums import AssetKind
from ..schema.layout import body_fields
from ..schema.rejects import Reject
from .admission import is_spot, known_asset, known_market, not_liquidating, not_vaults, trading_account, user_account
from .bits import divide_up
from .emit import emit, refuse_field
from .jit import cold
from .ledger import available
from .margin import judge, take_measure
from .paying import ACCOUNT_LENDS, ACCOUNT_REPAYS, REPAYS, auto_lend, credit
from .records import ACCOUNT_SET, COLLATERAL_SET, EventKind, cast
from .valuation import set_worth

PERCENT = 100
CONVERSION_FIELD = 1 + [field.name for field in body_fields(SetCollateral)].index("conversion_market")


@cold
def copy_collateral(source, target):
    """Copy weight, haircut and margin rates of an asset."""
    target.asset, target.weight_e8, target.haircut_kind = source.asset, source.weight_e8, source.haircut_kind
    target.haircut_base_e8, target.haircut_penalty_e8 = source.haircut_base_e8, source.haircut_penalty_e8
    target.initial_base_e8, target.initial_factor_e8 = source.initial_base_e8, source.initial_factor_e8
    target.maintenance_base_e8 = source.maintenance_base_e8
    target.maintenance_factor_e8 = source.maintenance_factor_e8
    target.conversion_market, target.conversion_discount_ppm = source.conversion_market, source.conversion_discount_ppm


@cold
def sells_for_cash(s, asset, market_number):
    """Check that an asset can be sold for cash in a market."""
    if not known_market(s, market_number):
        return False
    market = s.markets[market_number]
    if is_spot(market) and market.base_asset == asset and s.assets[market.quote_asset].asset_kind == AssetKind.CASH:
        return True
    return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, CONVERSION_FIELD)


@cold
def set_collateral(s, c):
    """Say what an asset is worth as collateral, and what margin a debt in it needs."""
    if not known_asset(s, c.asset):
        return False
    if c.conversion_market != 0 and not sells_for_cash(s, c.asset, c.conversion_market):
        return False
    copy_collateral(c, s.collaterals[c.asset])
    set_worth(s, c.asset)
    copy_collateral(c, cast(s.events, emit(s, EventKind.COLLATERAL_SET, c.account, 0), COLLATERAL_SET))
    return True


@cold
def least_initial(leverage_limit_percent):
    """Return the margin rate, in hundred-millionths, that a leverage limit asks for at least; 0 for no limit."""
    if leverage_limit_percent == 0:
        return 0
    return divide_up(E8, PERCENT, leverage_limit_percent)


@cold
def bears_limit(s, account, least_e8):
    """Check that an account has the margin that a new leverage limit asks for."""
    row = s.accounts[account]
    if row.liabilities == 0:
        return True
    before = row.least_initial_e8
    row.least_initial_e8 = least_e8
    take_measure(s, account, 0, 0, 0, True)
    accepted = judge(s, account, 0, 0, 0, before, 0, 0)
    row.least_initial_e8 = before
    return accepted


@cold
def set_account(s, c):
    """Set what an account does by itself, and how far it may be leveraged."""
    if not (user_account(s, c.account) and trading_account(s, c.account) and not_vaults(s, c.account)):
        return False
    if not not_liquidating(s, c.account):
        return False
    row, least_e8 = s.accounts[c.account], least_initial(c.leverage_limit_percent)
    if not bears_limit(s, c.account, least_e8):
        return False
    new = c.account_flags & ~row.account_flags
    row.account_flags, row.leverage_limit_percent, row.least_initial_e8 = (
        c.account_flags,
        c.leverage_limit_percent,
        least_e8,
    )
    event = cast(s.events, emit(s, EventKind.ACCOUNT_SET, c.account, 0), ACCOUNT_SET)
    event.account_flags, event.leverage_limit_percent = c.account_flags, c.leverage_limit_percent
    begin_to_do(s, c.account, new)
    return True


@cold
def begin_to_do(s, account, new_flags):
    """Repay and lend what is there at once, when the account is told to."""
    for asset in range(1, s.venue[0].assets + 1):
        if new_flags & ACCOUNT_REPAYS != 0:
            credit(s, account, asset, available(s, account, asset), REPAYS, 0)
    for asset in range(1, s.venue[0].assets + 1):
        if new_flags & ACCOUNT_LENDS != 0:
            auto_lend(s, account, asset, available(s, account, asset), 0)
