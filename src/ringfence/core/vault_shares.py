"""Shares of vaults: minted for money, queued to be redeemed, and paid out.  docs/rules.md, "Vaults".

Each is worth its part of the vault at the marks of the moment in which it is minted or paid; roundings are the vault's.
"""

from ..schema.enums import HouseAccount, Parameter, VaultState
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import (
    TRADING_FROZEN,
    eligible_to_hold,
    not_frozen,
    not_liquidating,
    not_vaults,
    rows_left,
    trading_account,
    user_account,
)
from .bits import divide_down
from .emit import emit, refuse, refuse_asset
from .fence import is_clock_fresh
from .jit import cold, hot
from .ledger import available, move, post
from .margin import bears, free_value, take_measure
from .orders import funded
from .paying import credit_account
from .records import VAULT_MINTED, VAULT_REDEEM_REQUESTED, VAULT_REDEEMED, VAULT_VALUED, EventKind, cast
from .state import VAULT_REDEMPTIONS
from .vault_queue import append_redemption, cancel_redemption, drop_redemption, pending_slot
from .vaults import asset_without_price, is_safe, known_vault, supply_of, vault_value

PAID_PER_COMMAND = 256
US_PER_MS, US_PER_HOUR = 1_000, 3_600_000_000


@cold
def may_deposit_into(s, c):
    """Check who wants shares, and that the vault gives any."""
    if not (user_account(s, c.account) and known_vault(s, c.vault) and trading_account(s, c.account)):
        return False
    if not (not_vaults(s, c.account) and not_liquidating(s, c.account)):
        return False
    if not not_frozen(s, s.accounts[c.account].user, TRADING_FROZEN, Reject.TRADING_FROZEN):
        return False
    row = s.vaults[c.vault]
    if not eligible_to_hold(s, c.account, row.share_asset):
        return False
    if row.vault_state != VaultState.OPEN:
        return refuse(s, Reject.VAULT_CLOSED, c.vault, 0)
    return row.mints_enabled != 0 or refuse(s, Reject.VAULT_MINTS_PAUSED, c.vault, 0)


@cold
def has_price(s, row):
    """Check that what a vault is worth can be said, and that it is not failing."""
    asset = asset_without_price(s, row)
    if asset != 0:
        return refuse_asset(s, Reject.PRICE_NOT_FRESH, 0, 0, asset)
    return is_safe(s, row.account) or refuse(s, Reject.VAULT_UNSAFE, row.vault, 0)


@hot
def shares_for(atoms, value, supply):
    """Return how many shares so much money is, at what the vault is worth before it comes."""
    return atoms if supply == 0 else divide_down(atoms, supply, value)


@cold
def emit_minted(s, row, account, atoms, shares, value, supply):
    """Append that somebody paid into a vault."""
    event = cast(s.events, emit(s, EventKind.VAULT_MINTED, account, 0), VAULT_MINTED)
    event.vault, event.vault_account = row.vault, row.account
    event.share_asset, event.quote_asset = row.share_asset, row.quote_asset
    event.amount_atoms, event.shares_atoms, event.value_atoms, event.supply_atoms = atoms, shares, value, supply


@cold
def mint_shares(s, c):
    """Let somebody pay into a vault, and have shares of it."""
    if not may_deposit_into(s, c):
        return False
    row, atoms = s.vaults[c.vault], c.amount_atoms
    if atoms < row.minimum_mint_atoms:
        return refuse_asset(s, Reject.MINT_TOO_SMALL, atoms, row.minimum_mint_atoms, row.quote_asset)
    if not (rows_left(s) and funded(s, c.account, row.quote_asset, atoms, 0) and has_price(s, row)):
        return False
    value, supply = vault_value(s, row), supply_of(s, row)
    if value < 0 or (value == 0 and supply > 0):
        return refuse_asset(s, Reject.VAULT_WITHOUT_VALUE, value, 0, row.quote_asset)
    if atoms > row.maximum_value_atoms - value:
        worth = min(atoms + value, MAX_ATOMS) if atoms <= MAX_ATOMS - value else MAX_ATOMS
        return refuse_asset(s, Reject.VAULT_FULL, worth, row.maximum_value_atoms, row.quote_asset)
    shares = shares_for(atoms, value, supply)
    if shares == 0:
        return refuse_asset(s, Reject.MINT_TOO_SMALL, atoms, divide_down(value, 1, supply) + 1, row.quote_asset)
    if shares > MAX_ATOMS - supply:
        return refuse_asset(s, Reject.SUPPLY_LIMIT, 0, MAX_ATOMS, row.share_asset)
    if not bears(s, c.account, row.quote_asset, -atoms, 0):
        return False
    emit_minted(s, row, c.account, atoms, shares, value, supply)
    move(s, c.account, row.account, row.quote_asset, atoms)
    move(s, HouseAccount.ISSUED, c.account, row.share_asset, shares)
    return True


@cold
def may_redeem(s, c):
    """Check who wants to be paid out, and that he does not wait already."""
    if not (user_account(s, c.account) and known_vault(s, c.vault) and trading_account(s, c.account)):
        return False
    if not not_liquidating(s, c.account):
        return False
    if not not_frozen(s, s.accounts[c.account].user, TRADING_FROZEN, Reject.TRADING_FROZEN):
        return False
    if s.vaults[c.vault].redeems_enabled == 0:
        return refuse(s, Reject.VAULT_REDEEMS_PAUSED, c.vault, 0)
    slot = pending_slot(s, c.account, c.vault)
    return slot == 0 or refuse(s, Reject.REDEEM_PENDING, s.vault_redemptions[slot].redemption, 0)


@cold
def request_redeem(s, c):
    """Lock shares and let them wait to be paid out."""
    if not may_redeem(s, c):
        return False
    row = s.vaults[c.vault]
    held = available(s, c.account, row.share_asset)
    shares = c.shares_atoms if c.shares_atoms != 0 else held
    # Whoever has less than the minimum may still give back all of it.
    least = max(min(row.minimum_redeem_atoms, held), 1)
    if shares < least:
        return refuse_asset(s, Reject.REDEEM_TOO_SMALL, shares, least, row.share_asset)
    rows, capacity = s.pools[VAULT_REDEMPTIONS].rows, s.parameters[Parameter.VAULT_REDEMPTIONS]
    if rows >= capacity:
        return refuse(s, Reject.VENUE_FULL, rows, capacity)
    if not (rows_left(s) and funded(s, c.account, row.share_asset, shares, 0)):
        return False
    number, due_us = s.venue[0].sequence, s.venue[0].time_us + row.redeem_delay_ms * US_PER_MS
    append_redemption(s, c.account, c.vault, number, shares, due_us)
    event = cast(s.events, emit(s, EventKind.VAULT_REDEEM_REQUESTED, c.account, 0), VAULT_REDEEM_REQUESTED)
    event.vault, event.share_asset, event.redemption = c.vault, row.share_asset, number
    event.shares_atoms, event.due_us = shares, due_us
    post(s, c.account, row.share_asset, -shares, shares)
    return True


@cold
def cancel_redeem(s, c):
    """Let somebody keep the shares that wait."""
    if not (user_account(s, c.account) and known_vault(s, c.vault)):
        return False
    slot = pending_slot(s, c.account, c.vault)
    if slot == 0:
        return refuse(s, Reject.NO_REDEEM_PENDING, c.vault, 0)
    cancel_redemption(s, slot, 0)
    return True


@cold
def emit_value(s, row, kind, value, supply):
    """Append what a vault is worth, once an hour or because that is nothing; both events have the same fields."""
    event = cast(s.events, emit(s, kind, row.account, 0), VAULT_VALUED)
    event.vault, event.value_atoms, event.supply_atoms = row.vault, value, supply


@cold
def look_at_value(s, row):
    """Close a vault that is worth nothing, and tell once an hour what it is worth."""
    value, supply = vault_value(s, row), supply_of(s, row)
    if supply == 0:
        return
    hour = s.venue[0].time_us // US_PER_HOUR
    if hour > row.valued_hour:
        row.valued_hour = hour
        emit_value(s, row, EventKind.VAULT_VALUED, value, supply)
    if value <= 0 and row.vault_state == VaultState.OPEN:
        row.vault_state = VaultState.CLOSED
        emit_value(s, row, EventKind.VAULT_CLOSED, value, supply)


@cold
def bears_payment(s, row, atoms):
    """Whether a vault has so much, and keeps its initial margin without it."""
    if atoms > available(s, row.account, row.quote_asset):
        return False
    take_measure(s, row.account, row.quote_asset, -atoms, 0, True)
    return atoms == 0 or (s.measure[0].not_fresh == 0 and free_value(s.measure[0]) >= 0)


@cold
def pay_redemption(s, row, slot, atoms, value, supply):
    """Pay a request, whose shares are no more."""
    request = s.vault_redemptions[slot]
    account, shares = request.account, request.shares_atoms
    event = cast(s.events, emit(s, EventKind.VAULT_REDEEMED, account, 0), VAULT_REDEEMED)
    event.vault, event.vault_account, event.redemption = row.vault, row.account, request.redemption
    event.share_asset, event.quote_asset = row.share_asset, row.quote_asset
    event.amount_atoms, event.shares_atoms, event.value_atoms, event.supply_atoms = atoms, shares, value, supply
    drop_redemption(s, slot)
    post(s, account, row.share_asset, 0, -shares)
    post(s, HouseAccount.ISSUED, row.share_asset, shares, 0)
    move(s, row.account, account, row.quote_asset, atoms)
    credit_account(s, account, row.quote_asset, atoms)


@cold
def pay_next(s, row):
    """Pay who has waited longest for a vault, if it is time and can be; returns whether somebody was paid."""
    slot = row.first_redemption
    if slot == 0 or s.vault_redemptions[slot].due_us > s.venue[0].time_us or not is_safe(s, row.account):
        return False
    value, supply = vault_value(s, row), supply_of(s, row)
    # What is worth nothing now may be worth something again as long as there are positions.
    if value <= 0 and s.accounts[row.account].positions != 0:
        return False
    atoms = divide_down(s.vault_redemptions[slot].shares_atoms, max(value, 0), supply)
    if not bears_payment(s, row, atoms):
        return False
    pay_redemption(s, row, slot, atoms, value, supply)
    return True


@cold
def pay_redemptions(s):
    """Value each vault once a Clock, and pay out who has waited long enough, so many at once."""
    venue, left = s.venue[0], PAID_PER_COMMAND
    if not is_clock_fresh(s):
        return True
    for vault in range(1, venue.vaults + 1):
        row = s.vaults[vault]
        if row.paid_us == venue.clock_us:
            continue
        if asset_without_price(s, row) == 0:
            look_at_value(s, row)
            while left > 0 and pay_next(s, row):
                left -= 1
            if left == 0:
                return True
        row.paid_us = venue.clock_us
    return True
