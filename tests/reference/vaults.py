"""Vaults (rules 2): accounts that belong to whoever holds their shares, minted and redeemed at what they are worth."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import AssetKind, HouseAccount, Parameter, PriceState, UserFlag, VaultState
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import cases, checks, margin, paying, positions
from .money import available, lock, move, post
from .state import Refused, State, Vault, VaultRedemption
from .values import price_state

CUSTODY, ISSUED = int(HouseAccount.CUSTODY), int(HouseAccount.ISSUED)
SHARE_FIELD, QUOTE_FIELD = 2, 3
HOUR_US = 3_600 * 10**6
PAID_A_COMMAND = 256
SETTINGS = (
    "share_asset", "quote_asset", "discount_ppm", "redeem_delay_ms", "minimum_mint_atoms", "minimum_redeem_atoms",
    "maximum_value_atoms", "concentration_ppm", "mints_enabled", "redeems_enabled", "takes_over",
)  # fmt: skip


def vault_of(state: State, account: int) -> int:
    """Return the number of the vault that an account is, 0 if it is none."""
    return next((row.vault for row in state.vaults.values() if row.account == account), 0)


def not_vaults(state: State, account: int) -> None:
    if vault := vault_of(state, account):
        raise Refused(Reject.VAULT_ACCOUNT, value=account, limit=vault)


def is_share(state: State, asset: int) -> bool:
    return any(row.share_asset == asset for row in state.vaults.values())


def not_a_share(state: State, asset: int) -> None:
    if is_share(state, asset):
        raise Refused(Reject.SHARES_STAY, asset=asset)


def known_vault(state: State, vault: int) -> Vault:
    if vault not in state.vaults:
        raise Refused(Reject.UNKNOWN_VAULT, value=vault, limit=len(state.vaults))
    return state.vaults[vault]


def bounded(atoms: int) -> int:
    return max(-MAX_ATOMS, min(MAX_ATOMS, atoms))


def supply_of(state: State, row: Vault) -> int:
    return -available(state, ISSUED, row.share_asset)


def value_of(state: State, row: Vault) -> int:
    total = available(state, row.account, row.quote_asset)
    for market in positions.of_account(state, row.account):
        profit = positions.unsettled(state, state.positions[row.account, market.market], market)
        total = bounded(total + bounded(profit))
    return total


def asset_without_price(state: State, row: Vault) -> int:
    """Return an asset that keeps a vault from having a price, 0 if it has one."""
    if not cases.clock_is_fresh(state) or price_state(state, row.quote_asset) != PriceState.FRESH:
        return row.quote_asset
    for market in positions.of_account(state, row.account):
        closing = any(wave.market == market.market for wave in state.waves.values())
        fresh = state.perpetuals[market.market].price_state == PriceState.FRESH
        if state.positions[row.account, market.market].net_lots and (closing or not fresh):
            return market.base_asset
    return 0


def is_safe(state: State, account: int) -> bool:
    return cases.case_of(state, account) is None and not cases.is_unsafe(state, account)


# Setting.


def set_vault(state: State, command: Any, emit: Any) -> None:
    account, number = command.account, command.vault
    checks.open_account(state, account)
    share, quote = (checks.known_asset(state, asset) for asset in (command.share_asset, command.quote_asset))
    row = state.vaults.get(number)
    if row is None:
        may_be_new(state, command, share, quote)
        row = state.vaults[number] = Vault(number, account, opened=state.sequence)
    else:
        if (row.account, row.share_asset, row.quote_asset) != (account, command.share_asset, command.quote_asset):
            raise Refused(Reject.VAULT_FIXED, value=number)
        if row.vault_state != VaultState.OPEN:
            raise Refused(Reject.VAULT_CLOSED, value=number)
    body = {name: getattr(command, name) for name in SETTINGS}
    for name, value in body.items():
        setattr(row, name, value)
    limit = command.leverage_limit_percent
    emit("VaultSet", account=account, market=0, vault=number, leverage_limit_percent=limit, **body)
    found = state.accounts[account]
    if found.leverage_limit_percent != limit:
        found.leverage_limit_percent = limit
        body = {"account_flags": found.account_flags, "leverage_limit_percent": limit}
        emit("AccountSet", account=account, market=0, **body)


def may_be_new(state: State, command: Any, share: Any, quote: Any) -> None:
    account, last = command.account, len(state.vaults)
    if command.vault != last + 1:
        raise Refused(Reject.UNKNOWN_VAULT, value=command.vault, limit=last)
    checks.may_trade(state.accounts[account].account_kind, account)
    not_vaults(state, account)
    if quote.asset_kind != AssetKind.CASH or share is quote:
        raise Refused(Reject.INVALID_COMBINATION, field=QUOTE_FIELD)
    if share.decimals != quote.decimals:
        raise Refused(Reject.INVALID_COMBINATION, field=SHARE_FIELD)
    if is_share(state, share.asset) or (CUSTODY, share.asset) in state.balances:
        raise Refused(Reject.SHARES_IN_USE, asset=share.asset)
    if not is_empty(state, account):
        raise Refused(Reject.ACCOUNT_NOT_EMPTY, value=account)


def is_empty(state: State, account: int) -> bool:
    row = state.accounts[account]
    rows = [*state.balances, *state.positions]
    others = (
        *state.triggers.values(),
        *state.withdrawals.values(),
        *state.cases.values(),
        *state.entitlements.values(),
    )
    busy = row.orders or row.account_flags or any(one.account == account for one in others)
    return not busy and all(owner != account for owner, _ in rows)


# Shares.


def mint_vault_shares(state: State, command: Any, emit: Any) -> None:
    account, atoms = command.account, command.amount_atoms
    row = may_deal(state, command)
    user, asset = state.users[state.accounts[account].user], state.assets[row.share_asset]
    checks.eligible(user, user.hold_classes, asset, Reject.NOT_ELIGIBLE_TO_HOLD)
    if row.vault_state != VaultState.OPEN:
        raise Refused(Reject.VAULT_CLOSED, value=row.vault)
    if not row.mints_enabled:
        raise Refused(Reject.VAULT_MINTS_PAUSED, value=row.vault)
    if atoms < row.minimum_mint_atoms:
        raise Refused(Reject.MINT_TOO_SMALL, value=atoms, limit=row.minimum_mint_atoms, asset=row.quote_asset)
    checks.balance_rows(state)
    checks.available_funds(state, account, row.quote_asset, atoms)
    if asset_not_fresh := asset_without_price(state, row):
        raise Refused(Reject.PRICE_NOT_FRESH, asset=asset_not_fresh)
    if not is_safe(state, row.account):
        raise Refused(Reject.VAULT_UNSAFE, value=row.vault)
    value, supply = value_of(state, row), supply_of(state, row)
    shares = shares_for(row, atoms, value, supply)
    margin.check(state, account, margin.WhatIf(row.quote_asset, -atoms))
    tell_shares(row, "VaultMinted", account, atoms, shares, value, supply, emit)
    move(state, account, row.account, row.quote_asset, atoms)
    move(state, ISSUED, account, row.share_asset, shares)


def may_deal(state: State, command: Any) -> Vault:
    """Check who wants shares, or money for them."""
    user = checks.open_account(state, command.account)
    row = known_vault(state, command.vault)
    checks.may_trade(state.accounts[command.account].account_kind, command.account)
    if hasattr(command, "amount_atoms"):
        not_vaults(state, command.account)
    cases.not_liquidating(state, command.account)
    checks.not_frozen(user, UserFlag.TRADING_FROZEN, Reject.TRADING_FROZEN)
    return row


def shares_for(row: Vault, atoms: int, value: int, supply: int) -> int:
    if value < 0 or (value == 0 and supply):
        raise Refused(Reject.VAULT_WITHOUT_VALUE, value=value, asset=row.quote_asset)
    if value + atoms > row.maximum_value_atoms:
        worth = min(MAX_ATOMS, value + atoms)
        raise Refused(Reject.VAULT_FULL, value=worth, limit=row.maximum_value_atoms, asset=row.quote_asset)
    shares = atoms * supply // value if supply else atoms
    if shares == 0:
        raise Refused(Reject.MINT_TOO_SMALL, value=atoms, limit=value // supply + 1, asset=row.quote_asset)
    if supply + shares > MAX_ATOMS:
        raise Refused(Reject.SUPPLY_LIMIT, limit=MAX_ATOMS, asset=row.share_asset)
    return shares


def tell_shares(
    row: Vault, kind: str, account: int, atoms: int, shares: int, value: int, supply: int, emit: Any, **more: int
) -> None:
    emit(
        kind, account=account, market=0, vault=row.vault, vault_account=row.account, share_asset=row.share_asset,
        quote_asset=row.quote_asset, amount_atoms=atoms, shares_atoms=shares, value_atoms=value, supply_atoms=supply,
        **more,
    )  # fmt: skip


def pending(state: State, account: int, vault: int) -> VaultRedemption | None:
    rows = state.vault_redemptions.values()
    return next((row for row in rows if (row.account, row.vault) == (account, vault)), None)


def request_vault_redeem(state: State, command: Any, emit: Any) -> None:
    account, row = command.account, may_deal(state, command)
    if not row.redeems_enabled:
        raise Refused(Reject.VAULT_REDEEMS_PAUSED, value=row.vault)
    if waiting := pending(state, account, row.vault):
        raise Refused(Reject.REDEEM_PENDING, value=waiting.redemption)
    held = available(state, account, row.share_asset)
    shares, least = command.shares_atoms or held, max(1, min(row.minimum_redeem_atoms, held))
    if shares < least:
        raise Refused(Reject.REDEEM_TOO_SMALL, value=shares, limit=least, asset=row.share_asset)
    checks.room(len(state.vault_redemptions), state.parameters[Parameter.VAULT_REDEMPTIONS])
    checks.balance_rows(state)
    checks.available_funds(state, account, row.share_asset, shares)
    number, due_us = state.sequence, state.time_us + row.redeem_delay_ms * 1_000
    state.vault_redemptions[row.vault, number] = VaultRedemption(row.vault, number, account, shares, due_us)
    body = {"share_asset": row.share_asset, "redemption": number, "shares_atoms": shares, "due_us": due_us}
    emit("VaultRedeemRequested", account=account, market=0, vault=row.vault, **body)
    lock(state, account, row.share_asset, shares)


def cancel_vault_redeem(state: State, command: Any, emit: Any) -> None:
    checks.open_account(state, command.account)
    known_vault(state, command.vault)
    waiting = pending(state, command.account, command.vault)
    if waiting is None:
        raise Refused(Reject.NO_REDEEM_PENDING, value=command.vault)
    cancel(state, waiting, 0, emit)


def cancel(state: State, waiting: VaultRedemption, case: int, emit: Any) -> None:
    share = state.vaults[waiting.vault].share_asset
    body = {"share_asset": share, "redemption": waiting.redemption, "shares_atoms": waiting.shares_atoms, "case": case}
    emit("VaultRedeemCancelled", account=waiting.account, market=0, vault=waiting.vault, **body)
    del state.vault_redemptions[waiting.vault, waiting.redemption]
    lock(state, waiting.account, share, -waiting.shares_atoms)


def cancel_all(state: State, account: int, case: int, emit: Any) -> None:
    """Let an account that is liquidated wait for no vault."""
    for vault in sorted(state.vaults):
        if waiting := pending(state, account, vault):
            cancel(state, waiting, case, emit)


# Paying.


def pay_vault_redemptions(state: State, command: Any, emit: Any) -> None:
    if not cases.clock_is_fresh(state):
        return
    left = PAID_A_COMMAND
    for _, row in sorted(state.vaults.items()):
        if row.paid_us == state.clock_us:
            continue
        if not asset_without_price(state, row):
            look(state, row, emit)
            while left and pay_next(state, row, emit):
                left -= 1
            if not left:
                return
        row.paid_us = state.clock_us


def look(state: State, row: Vault, emit: Any) -> None:
    value, supply, hour = value_of(state, row), supply_of(state, row), state.time_us // HOUR_US
    if not supply:
        return
    body = {"account": row.account, "market": 0, "vault": row.vault, "value_atoms": value, "supply_atoms": supply}
    if hour > row.valued_hour:
        row.valued_hour = hour
        emit("VaultValued", **body)
    if value <= 0 and row.vault_state == VaultState.OPEN:
        row.vault_state = int(VaultState.CLOSED)
        emit("VaultClosed", **body)


def pay_next(state: State, row: Vault, emit: Any) -> bool:
    queue = sorted(number for vault, number in state.vault_redemptions if vault == row.vault)
    waiting = state.vault_redemptions[row.vault, queue[0]] if queue else None
    if waiting is None or waiting.due_us > state.time_us or not is_safe(state, row.account):
        return False
    value, supply = value_of(state, row), supply_of(state, row)
    if value <= 0 and positions.of_account(state, row.account):
        return False
    atoms = waiting.shares_atoms * max(0, value) // supply
    if not can_pay(state, row, atoms):
        return False
    number = waiting.redemption
    tell_shares(
        row, "VaultRedeemed", waiting.account, atoms, waiting.shares_atoms, value, supply, emit, redemption=number
    )
    del state.vault_redemptions[row.vault, number]
    post(state, waiting.account, row.share_asset, 0, -waiting.shares_atoms)
    post(state, ISSUED, row.share_asset, waiting.shares_atoms)
    move(state, row.account, waiting.account, row.quote_asset, atoms)
    paying.credit_account(state, emit, waiting.account, row.quote_asset, atoms)
    return True


def can_pay(state: State, row: Vault, atoms: int) -> bool:
    if atoms > available(state, row.account, row.quote_asset):
        return False
    found = margin.measure(state, row.account, margin.WhatIf(row.quote_asset, -atoms), strict=True)
    return atoms == 0 or (not found.not_fresh and found.free >= 0)
