"""Vaults: backstops that their depositors own.  docs/rules.md, "Vaults".

A vault is an ordinary account that nobody but the venue trades from: it has margin, is liquidated and deleveraged as
any other.  It holds its quote asset and positions that are paid in it, so what it is worth is a number of atoms.
"""

from ..schema.commands import SetVault
from ..schema.enums import MOST_VAULTS, AccountKind, AssetKind, HouseAccount, PriceState, VaultState
from ..schema.fields import MAX_ATOMS
from ..schema.layout import body_fields
from ..schema.rejects import Reject
from .accounts import least_initial
from .admission import has_case, is_deleveraging, known_asset, user_account
from .emit import emit, refuse, refuse_asset, refuse_field
from .fence import SAFE, is_clock_fresh, judge_safety
from .jit import cold, hot
from .ledger import available
from .positions import unsettled
from .records import ACCOUNT_SET, VAULT_SET, EventKind, cast

FIELDS = [field.name for field in body_fields(SetVault)]
SHARE_FIELD, QUOTE_FIELD = 1 + FIELDS.index("share_asset"), 1 + FIELDS.index("quote_asset")


@hot
def supply_of(s, row):
    """Return how many shares of a vault there are."""
    return -available(s, HouseAccount.ISSUED, row.share_asset)


@cold
def vault_value(s, row):
    """Return what a vault is worth at the marks, without haircuts, in atoms of its quote asset."""
    total = available(s, row.account, row.quote_asset)
    slot = s.accounts[row.account].first_position
    while slot != 0:
        position = s.positions[slot]
        more = unsettled(s, position, s.perpetuals[position.market].mark_ticks)
        total = min(max(total + min(max(more, -MAX_ATOMS), MAX_ATOMS), -MAX_ATOMS), MAX_ATOMS)
        slot = position.account_next
    return total


@cold
def asset_without_price(s, row):
    """Return an asset that matters for what a vault is worth and has no fresh price now, 0 if there is none."""
    if not is_clock_fresh(s) or s.collaterals[row.quote_asset].price_state != PriceState.FRESH:
        return row.quote_asset
    slot = s.accounts[row.account].first_position
    while slot != 0:
        position = s.positions[slot]
        fresh = s.perpetuals[position.market].price_state == PriceState.FRESH
        if position.net_lots != 0 and not (fresh and not is_deleveraging(s, position.market)):
            return s.markets[position.market].base_asset
        slot = position.account_next
    return 0


@cold
def is_safe(s, account):
    """Whether an account is not being liquidated, and surely need not be."""
    return not has_case(s, account) and judge_safety(s, account) == SAFE


@cold
def known_vault(s, vault):
    """Check that a vault is there."""
    last = s.venue[0].vaults
    return 1 <= vault <= last or refuse(s, Reject.UNKNOWN_VAULT, vault, last)


@cold
def is_empty_account(s, account):
    """Whether an account has nothing, expects nothing, and does nothing by itself."""
    row = s.accounts[account]
    rows = row.first_balance | row.first_position | row.first_order | s.account_triggers[account].count
    rows |= s.holds[account] | s.first_entitlement[account]
    return rows == 0 and row.case_slot == 0 and row.account_flags == 0


@cold
def assets_fit(s, c):
    """Check what a new vault is counted in, and that nobody holds its shares yet."""
    share, quote = s.assets[c.share_asset], s.assets[c.quote_asset]
    if quote.asset_kind != AssetKind.CASH or c.share_asset == c.quote_asset:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, QUOTE_FIELD)
    if share.decimals != quote.decimals:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, SHARE_FIELD)
    # What came from outside is somebody's.
    if share.vault != 0 or available(s, HouseAccount.CUSTODY, c.share_asset) != 0:
        return refuse_asset(s, Reject.SHARES_IN_USE, 0, 0, c.share_asset)
    return True


@cold
def may_become_vault(s, c):
    """Check that a new vault is the next, and that its account is new as well."""
    if c.vault != s.venue[0].vaults + 1:
        return refuse(s, Reject.UNKNOWN_VAULT, c.vault, s.venue[0].vaults)
    row = s.accounts[c.account]
    if row.account_kind == AccountKind.FENCED:
        return refuse(s, Reject.ACCOUNT_CANNOT_TRADE, c.account, 0)
    if row.vault != 0:
        return refuse(s, Reject.VAULT_ACCOUNT, c.account, row.vault)
    if not assets_fit(s, c):
        return False
    return is_empty_account(s, c.account) or refuse(s, Reject.ACCOUNT_NOT_EMPTY, c.account, 0)


@cold
def may_change_vault(s, c):
    """Check that a vault which is there takes other settings."""
    row = s.vaults[c.vault]
    same = row.account == c.account and row.share_asset == c.share_asset and row.quote_asset == c.quote_asset
    if not same:
        return refuse(s, Reject.VAULT_FIXED, c.vault, 0)
    return row.vault_state == VaultState.OPEN or refuse(s, Reject.VAULT_CLOSED, c.vault, 0)


@cold
def copy_vault(source, target):
    """Copy what an operator sets of a vault."""
    target.vault, target.share_asset, target.quote_asset = source.vault, source.share_asset, source.quote_asset
    target.discount_ppm, target.redeem_delay_ms = source.discount_ppm, source.redeem_delay_ms
    target.minimum_mint_atoms, target.minimum_redeem_atoms = source.minimum_mint_atoms, source.minimum_redeem_atoms
    target.maximum_value_atoms, target.concentration_ppm = source.maximum_value_atoms, source.concentration_ppm
    target.mints_enabled, target.redeems_enabled = source.mints_enabled, source.redeems_enabled
    target.takes_over = source.takes_over


@cold
def set_leverage(s, account, percent):
    """Let the margin of a vault be that of so much leverage; no check, because it only opens or shuts it for more."""
    row = s.accounts[account]
    if row.leverage_limit_percent == percent:
        return
    row.leverage_limit_percent, row.least_initial_e8 = percent, least_initial(percent)
    event = cast(s.events, emit(s, EventKind.ACCOUNT_SET, account, 0), ACCOUNT_SET)
    event.account_flags, event.leverage_limit_percent = row.account_flags, percent


@cold
def set_vault(s, c):
    """Make an account a vault, or change how a vault works."""
    if not (user_account(s, c.account) and known_asset(s, c.share_asset) and known_asset(s, c.quote_asset)):
        return False
    is_new = not 1 <= c.vault <= s.venue[0].vaults
    if not (may_become_vault(s, c) if is_new else may_change_vault(s, c)):
        return False
    row = s.vaults[c.vault]
    if is_new:
        assert c.vault <= MOST_VAULTS, "there are no more vaults than the field has room for"
        s.venue[0].vaults = c.vault
        row.account, row.opened, row.vault_state = c.account, s.venue[0].sequence, VaultState.OPEN
        s.accounts[c.account].vault, s.assets[c.share_asset].vault = c.vault, c.vault
    copy_vault(c, row)
    event = cast(s.events, emit(s, EventKind.VAULT_SET, c.account, 0), VAULT_SET)
    copy_vault(c, event)
    event.leverage_limit_percent = c.leverage_limit_percent
    set_leverage(s, c.account, c.leverage_limit_percent)
    return True
