"""Accounts and balances."""

import asyncio

from ringfence.schema.commands import SetAccount
from ringfence.schema.enums import AccountFlag
from ringfence.schema.fields import MAX_VALUE
from ringfence.schema.tables import AccountRow
from ringfence.views.decimals import VALUES, AmountError, Scale
from ringfence.views.history.reader import Range

from ..calls import Call, amount_error
from ..operations import Done, Family, Tag
from ..times import naive_ms
from ..wire import account as wire

FAMILY = Family(Tag.ACCOUNT)

HIGHEST_LEVERAGE_PERCENT = 100_000
"""The highest leverage limit that can be set; it is also what an account without one shows."""

_BASIS_POINTS = Scale("Fee", 1, 2, 10**9, place="basis points")
_LEVERAGE = Scale("Leverage limit", 1, 2, HIGHEST_LEVERAGE_PERCENT, place="account", code="INVALID_RANGE")
_SETTINGS = {
    "auto_lend": AccountFlag.AUTO_LEND,
    "auto_repay_borrows": AccountFlag.AUTO_REPAY_BORROWS,
    "auto_borrow_settlements": AccountFlag.AUTO_BORROW_SETTLEMENTS,
}
_WITHDRAWAL_STATUS = {"pending": "pending", "settled": "confirmed"}


@FAMILY.signed("GET", "/api/v1/account", "get_account", wire.AccountSummary, "accountQuery")
async def account(call: Call) -> wire.AccountSummary:
    """Return what the account does by itself, its fees and its limits; those of futures are of the first perpetual."""
    row = call.account_row()
    perpetuals = [market for market in call.gateway.catalog.markets.values() if market.is_perpetual]
    maker_ppm, taker_ppm = _fees_ppm(call, row)
    futures_maker_ppm, futures_taker_ppm = (
        _fees_ppm(call, row, perpetuals[0].row.fee_schedule) if perpetuals else (0, 0)
    )
    return wire.AccountSummary(
        auto_borrow_settlements=bool(row.account_flags & AccountFlag.AUTO_BORROW_SETTLEMENTS),
        auto_lend=bool(row.account_flags & AccountFlag.AUTO_LEND),
        auto_realize_pnl=True,
        auto_repay_borrows=bool(row.account_flags & AccountFlag.AUTO_REPAY_BORROWS),
        borrow_limit=VALUES.text(MAX_VALUE),
        futures_maker_fee=_BASIS_POINTS.text(futures_maker_ppm),
        futures_taker_fee=_BASIS_POINTS.text(futures_taker_ppm),
        leverage_limit=_LEVERAGE.text(row.leverage_limit_percent or HIGHEST_LEVERAGE_PERCENT),
        limit_orders=call.gateway.exchange.open_order_count(call.account),
        liquidating=call.gateway.exchange.case(call.account) is not None,
        position_limit="0",
        spot_maker_fee=_BASIS_POINTS.text(maker_ppm),
        spot_taker_fee=_BASIS_POINTS.text(taker_ppm),
        trigger_orders=call.gateway.exchange.triggers_open(call.account),
    )


def _fees_ppm(call: Call, row: AccountRow, schedule: int = 0) -> tuple[int, int]:
    """Return maker and taker fee of the account's user in a schedule; markets use the first one unless told."""
    user = call.gateway.exchange.user(row.user)
    assert user is not None, f"account {row.account} belongs to nobody"
    return call.gateway.exchange.fee_tier(schedule, user.fee_tier)


@FAMILY.signed(
    "PATCH", "/api/v1/account", "update_account_settings", Done, "accountUpdate", body=wire.UpdateAccountSettingsRequest
)
async def update_account(call: Call) -> Done:
    """Set what the account does by itself and how far it may be leveraged; what is not named stays as it is."""
    row = call.account_row()
    flags, leverage_percent = row.account_flags, row.leverage_limit_percent
    for name, flag in _SETTINGS.items():
        wanted = getattr(call.body, name)
        if wanted is not None:
            flags = flags | flag if wanted else flags & ~flag
    if call.body.leverage_limit is not None:
        try:
            leverage_percent = _LEVERAGE.parse(call.body.leverage_limit)
        except AmountError as error:
            raise amount_error(error) from None
    if (flags, leverage_percent) != (row.account_flags, row.leverage_limit_percent):
        await call.command(
            SetAccount(account=call.account, account_flags=flags, leverage_limit_percent=leverage_percent)
        )
    return Done()


@FAMILY.signed("GET", "/api/v1/capital", "get_balances", dict[str, wire.Balance], "balanceQuery")
async def capital(call: Call) -> dict[str, wire.Balance]:
    """Return what the account holds, by asset; what it lent is with its positions."""
    return balances_of(call, call.account)


def balances_of(call: Call, account: int) -> dict[str, wire.Balance]:
    """Return what an account holds, by asset."""
    assets = call.gateway.catalog.asset_by_number
    return {
        assets[number].symbol: wire.Balance(
            available=assets[number].text(available_atoms), locked=assets[number].text(locked_atoms)
        )
        for number, available_atoms, locked_atoms in call.gateway.exchange.balances(account)
    }


@FAMILY.signed(
    "GET",
    "/wapi/v1/capital/deposits",
    "get_deposits",
    list[wire.Deposit],
    "depositQueryAll",
    query=wire.MovementsQuery,
)
async def deposits(call: Call) -> list[wire.Deposit]:
    """List deposits, newest first."""
    await call.gateway.wait_for_history(call.account)
    part = _range(call.query.limit, call.query.offset, call.query.from_, call.query.to)
    page = await asyncio.to_thread(call.gateway.history.reader.deposits, [call.account], part)
    assets = call.gateway.catalog.asset_by_number
    return [
        wire.Deposit(
            id=row.deposit,
            quantity=assets[row.asset].text(row.amount_atoms),
            source="administrator",
            status="confirmed",
            symbol=assets[row.asset].symbol,
            created_at=naive_ms(row.time_us),
        )
        for row in page.rows
    ]


@FAMILY.signed(
    "GET",
    "/wapi/v1/capital/withdrawals",
    "get_withdrawals",
    list[wire.Withdrawal],
    "withdrawalQueryAll",
    query=wire.WithdrawalsQuery,
)
async def withdrawals(call: Call) -> list[wire.Withdrawal]:
    """List withdrawals that are pending or settled, newest first; returned ones did not happen."""
    query = call.query
    if query.client_id is not None:
        return []
    await call.gateway.wait_for_history(call.account)
    part = _range(query.limit, query.offset, query.from_, query.to)
    reader = call.gateway.history.reader
    page = await asyncio.to_thread(reader.withdrawals, [call.account], part, withdrawal=query.id)
    assets = call.gateway.catalog.asset_by_number
    return [
        wire.Withdrawal(
            id=row.withdrawal,
            quantity=assets[row.asset].text(row.reserved_atoms - (row.fee_atoms or 0)),
            fee=assets[row.asset].text(row.fee_atoms or 0),
            symbol=assets[row.asset].symbol,
            status=_WITHDRAWAL_STATUS[row.status],
            created_at=naive_ms(row.time_us),
            blockchain="Solana",
            to_address="",
        )
        for row in page.rows
        if row.status in _WITHDRAWAL_STATUS
    ]


def _range(limit: int, offset: int, from_ms: int | None, to_ms: int | None) -> Range:
    return Range(
        limit=limit,
        offset=offset,
        from_us=None if from_ms is None else from_ms * 1_000,
        to_us=None if to_ms is None else to_ms * 1_000,
    )
