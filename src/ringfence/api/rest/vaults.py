"""Vaults: what they are worth, paying in, and being paid out."""

import asyncio
from typing import Any

from ringfence.schema.commands import CancelVaultRedeem, MintVaultShares, RequestVaultRedeem
from ringfence.schema.enums import VaultState
from ringfence.schema.tables import VaultRedemptionRow, VaultRow
from ringfence.views import vaults as views
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import PRICE_UNITS, VALUES
from ringfence.views.history.reader import Range

from ..calls import Call
from ..errors import ApiError, invalid_request
from ..operations import Done, Family, Page, Tag
from ..times import zulu_ms
from ..wire import vault as wire

FAMILY = Family(Tag.VAULTS)

_US_PER_HOUR = 3_600_000_000
_US_PER_DAY, _US_PER_MS = 24 * _US_PER_HOUR, 1_000
_DAYS = {
    wire.VaultHistoryInterval.DAY: 1,
    wire.VaultHistoryInterval.WEEK: 7,
    wire.VaultHistoryInterval.MONTH: 31,
    wire.VaultHistoryInterval.YEAR: 366,
}
_YEARS_STEP_HOURS = 24
"""A year is told day by day, everything shorter hour by hour."""


@FAMILY.public("/api/v1/vaults", "get_vaults", list[wire.Vault])
async def vaults(call: Call) -> list[wire.Vault]:
    """List the vaults; one that came to nothing takes no money any more."""
    return [_vault(call, row) for row in _all(call)]


def _all(call: Call) -> list[VaultRow]:
    exchange = call.gateway.exchange
    rows = (exchange.vault(number) for number in range(1, exchange.vaults_set + 1))
    return [row for row in rows if row is not None]


def _row(call: Call, number: int | None) -> VaultRow:
    exchange = call.gateway.exchange
    found = exchange.vault(exchange.vaults_set if number is None else number)
    if found is None:
        raise ApiError(404, "RESOURCE_NOT_FOUND", f"vault {number or 0} is not there")
    return found


def _share(call: Call, row: VaultRow) -> AssetInfo:
    return call.gateway.catalog.asset_by_number[row.share_asset]


def _quote(call: Call, row: VaultRow) -> AssetInfo:
    return call.gateway.catalog.asset_by_number[row.quote_asset]


def _vault(call: Call, row: VaultRow) -> wire.Vault:
    share, quote = _share(call, row), _quote(call, row)
    takes = row.vault_state == VaultState.OPEN and bool(row.mints_enabled)
    left = max(0, row.maximum_value_atoms - views.value_atoms(call.gateway.exchange, row)) if takes else 0
    return wire.Vault(
        id=row.vault,
        vault_token=share.symbol,
        symbol=quote.symbol,
        mints_enabled=takes,
        redeems_enabled=bool(row.redeems_enabled),
        min_mint_quantity=quote.text(row.minimum_mint_atoms),
        min_redeem_tokens=share.text(row.minimum_redeem_atoms),
        redeem_delay_ms=row.redeem_delay_ms,
        token_step_size=share.text(1),
        remaining_mint_quantity=quote.text(left),
    )


@FAMILY.signed("POST", "/api/v1/vault/mint", "vault_mint", Done, "vaultMint", body=wire.VaultMintRequest)
async def mint(call: Call) -> Done:
    """Pay into a vault for shares of it, at what one is worth now."""
    payload: wire.VaultMintRequest = call.body
    row = _row(call, payload.vault_id)
    quote = _quote(call, row)
    if payload.symbol != quote.symbol:
        raise ApiError(400, "INVALID_ASSET", f"vault {row.vault} takes {quote.symbol}, not {payload.symbol[:32]}")
    if payload.auto_borrow or payload.auto_lend_redeem:
        raise invalid_request("autoBorrow and autoLendRedeem: a vault takes what is available; borrow or redeem first")
    atoms = call.atoms(quote, payload.quantity)
    await call.command(MintVaultShares(account=call.account, vault=row.vault, amount_atoms=atoms))
    return Done()


@FAMILY.signed("POST", "/api/v1/vault/redeem", "vault_redeem", Done, "vaultRedeemRequest", body=wire.VaultRedeemRequest)
async def redeem(call: Call) -> Done:
    """Queue shares to be paid out, all that are available without a quantity."""
    payload: wire.VaultRedeemRequest = call.body
    row = _row(call, payload.vault_id)
    text = payload.vault_token_quantity
    shares = 0 if text is None else call.atoms(_share(call, row), text)
    await call.command(RequestVaultRedeem(account=call.account, vault=row.vault, shares_atoms=shares))
    return Done()


@FAMILY.signed(
    "DELETE",
    "/api/v1/vault/redeem",
    "vault_redeem_cancel",
    Done,
    "vaultRedeemCancel",
    body=wire.VaultRedeemCancelRequest,
)
async def cancel_redeem(call: Call) -> Done:
    """Keep the shares that wait to be paid out."""
    row = _row(call, call.body.vault_id)
    await call.command(CancelVaultRedeem(account=call.account, vault=row.vault))
    return Done()


@FAMILY.signed(
    "GET",
    "/api/v1/vault/redeems/pending",
    "get_vault_pending_redeems",
    list[wire.VaultRedeem],
    "vaultPendingRedeemsQuery",
    query=wire.VaultPendingQuery,
)
async def pending(call: Call) -> list[wire.VaultRedeem]:
    """List what of the account waits to be paid out by a vault: one redemption at most."""
    row = _row(call, call.query.vault_id)
    waiting = call.gateway.exchange.vault_redemptions(row.vault)
    return [_pending(call, row, one) for one in waiting if one.account == call.account]


def _pending(call: Call, row: VaultRow, one: VaultRedemptionRow) -> wire.VaultRedeem:
    share = _share(call, row)
    return wire.VaultRedeem(
        status=wire.VaultRedeemStatus.REQUESTED,
        id=str(one.redemption),
        vault_id=row.vault,
        vault_token_quantity=share.text(one.shares_atoms),
        vault_token=share.symbol,
        symbol=_quote(call, row).symbol,
        timestamp=one.due_us // _US_PER_MS,
    )


@FAMILY.signed("GET", "/api/v1/vault/nav", "get_vault_nav", wire.VaultNav, "vaultNavQuery", query=wire.VaultNavQuery)
async def nav(call: Call) -> wire.VaultNav:
    """Return what a vault and a share of it are worth at the marks."""
    row, exchange = _row(call, call.query.vault_id), call.gateway.exchange
    quote, value, supply = _quote(call, row), views.value_atoms(exchange, row), views.supply_atoms(exchange, row)
    price = views.share_price_units(value, supply)
    from_us = max(0, exchange.time_us - _US_PER_DAY)
    hours = await asyncio.to_thread(call.gateway.history.reader.vault_values, row.vault, from_us)
    prices = [views.share_price_units(hour.value_atoms, hour.supply_atoms) for hour in hours] or [price]
    now = PRICE_UNITS.text(price)
    return wire.VaultNav(
        nav=now,
        twap_nav=PRICE_UNITS.text(sum(prices) // len(prices)),
        mint_nav=now,
        redeem_nav=now,
        vault_equity=quote.text(value),
        net_equity=VALUES.text(exchange.measure(row.account).equity),
        token_circulating_supply=_share(call, row).text(supply),
        last_crank_timestamp=row.paid_us // _US_PER_MS if row.paid_us else None,
    )


@FAMILY.public("/api/v1/vaults/history", "get_vaults_history", list[wire.VaultHistory], wire.VaultHistoryQuery)
async def history(call: Call) -> list[wire.VaultHistory]:
    """List what the vaults were worth each hour, oldest first; those without shares have no row."""
    interval = call.query.interval
    from_us = max(0, call.gateway.exchange.time_us - _DAYS[interval] * _US_PER_DAY)
    step = _YEARS_STEP_HOURS if interval is wire.VaultHistoryInterval.YEAR else 1
    rows = _all(call) if call.query.vault_id is None else [_row(call, call.query.vault_id)]
    found: list[wire.VaultHistory] = []
    for row in rows:
        hours = await asyncio.to_thread(call.gateway.history.reader.vault_values, row.vault, from_us)
        found += [_hour(call, row, hour) for hour in hours if hour.time_us // _US_PER_HOUR % step == 0]
    return found


def _hour(call: Call, row: VaultRow, hour: Any) -> wire.VaultHistory:
    return wire.VaultHistory(
        vault_id=row.vault,
        timestamp=zulu_ms(hour.time_us),
        nav=PRICE_UNITS.text(views.share_price_units(hour.value_atoms, hour.supply_atoms)),
        vault_equity=_quote(call, row).text(hour.value_atoms),
        token_circulating_supply=_share(call, row).text(hour.supply_atoms),
    )


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/vault/mint",
    "get_vault_mint_history",
    list[wire.VaultMint],
    "vaultMintHistoryQueryAll",
    query=wire.VaultRowsQuery,
    paged=True,
)
async def mints(call: Call) -> Page:
    """List what the account paid into vaults, newest first."""
    return await _page(call, call.gateway.history.reader.vault_mints, _mint)


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/vault/redeem",
    "get_vault_redeem_history",
    list[wire.VaultRedeem],
    "vaultRedeemHistoryQueryAll",
    query=wire.VaultRowsQuery,
    paged=True,
)
async def redemptions(call: Call) -> Page:
    """List the account's redemptions: those that wait, were paid, or were cancelled, newest first."""
    return await _page(call, call.gateway.history.reader.vault_redemptions, _redemption)


async def _page(call: Call, read: Any, tell: Any) -> Page:
    query: wire.VaultRowsQuery = call.query
    call.account_row(query.subaccount_id)
    await call.gateway.wait_for_history(call.account)
    part = Range(query.limit, query.offset)
    page: Any = await asyncio.to_thread(read, [call.account], part, vault=query.vault_id)
    return Page([tell(call, row) for row in page.rows], page.total, query.limit, query.offset)


def _mint(call: Call, row: Any) -> wire.VaultMint:
    vault = _row(call, row.vault)
    share, quote = _share(call, vault), _quote(call, vault)
    return wire.VaultMint(
        id=str(row.sequence),
        vault_id=row.vault,
        vault_token=share.symbol,
        symbol=quote.symbol,
        quantity=quote.text(row.amount_atoms),
        vault_tokens_minted=share.text(row.shares_atoms),
        nav=PRICE_UNITS.text(views.share_price_units(row.value_atoms, row.supply_atoms)),
        timestamp=row.time_us // _US_PER_MS,
    )


def _redemption(call: Call, row: Any) -> wire.VaultRedeem:
    vault = _row(call, row.vault)
    share, quote = _share(call, vault), _quote(call, vault)
    paid = row.amount_atoms is not None
    return wire.VaultRedeem(
        status=wire.VaultRedeemStatus(row.status),
        id=str(row.redemption),
        vault_id=row.vault,
        vault_token_quantity=share.text(row.shares_atoms),
        vault_token=share.symbol,
        symbol=quote.symbol,
        quantity=quote.text(row.amount_atoms) if paid else None,
        nav=PRICE_UNITS.text(views.share_price_units(row.value_atoms, row.supply_atoms)) if paid else None,
        reason=f"case {row.case_number} of the account" if row.case_number else None,
        timestamp=_moment_us(row) // _US_PER_MS,
    )


def _moment_us(row: Any) -> int:
    return row.due_us if row.status == wire.VaultRedeemStatus.REQUESTED else row.updated_us
