"""Accounts and balances."""

import asyncio

from ringfence.schema.commands import Transfer
from ringfence.schema.events import FundsMoved, Rejected
from ringfence.views.decimals import AmountError, Scale
from ringfence.views.history.reader import Range
from ringfence.views.rejections import rejection

from ..calls import Call, amount_error
from ..errors import ApiError, unauthorized
from ..operations import Family, Tag
from ..times import naive_ms
from ..wire import account as wire
from ..wire.common import Side

FAMILY = Family(Tag.ACCOUNT)

_BASIS_POINTS = Scale("Fee", 1, 2, 10**9, place="basis points")
_WALKED_LEVELS = 1_000
_WITHDRAWAL_STATUS = {"pending": "pending", "settled": "confirmed"}


@FAMILY.signed("GET", "/api/v1/account", "get_account", wire.AccountSummary, "accountQuery")
async def account(call: Call) -> wire.AccountSummary:
    """Return the account's fees and limits; what belongs to margin and futures is off."""
    maker_ppm, taker_ppm = _fees_ppm(call)
    return wire.AccountSummary(
        auto_borrow_settlements=False,
        auto_lend=False,
        auto_realize_pnl=False,
        auto_repay_borrows=False,
        borrow_limit="0",
        futures_maker_fee="0",
        futures_taker_fee="0",
        leverage_limit="1",
        limit_orders=call.gateway.exchange.open_order_count(call.account),
        liquidating=False,
        position_limit="0",
        spot_maker_fee=_BASIS_POINTS.text(maker_ppm),
        spot_taker_fee=_BASIS_POINTS.text(taker_ppm),
        trigger_orders=0,
    )


def _fees_ppm(call: Call) -> tuple[int, int]:
    """Return maker and taker fee of the account's user in the first schedule, which markets use unless told."""
    exchange = call.gateway.exchange
    row = exchange.account(call.account)
    user = exchange.user(row.user) if row else None
    if user is None:
        raise unauthorized("the key's account is not open at this venue")
    return exchange.fee_tier(0, user.fee_tier)


@FAMILY.signed(
    "GET",
    "/api/v1/account/limits/order",
    "get_max_order_quantity",
    wire.MaxOrderQuantity,
    "maxOrderQuantity",
    query=wire.MaxOrderQuery,
)
async def max_order_quantity(call: Call) -> wire.MaxOrderQuantity:
    """Return the largest order that the available balance pays for, at a price or against the present book."""
    query = call.query
    market = call.market(query.symbol)
    exchange, row = call.gateway.exchange, market.row
    base_atoms, quote_atoms = (exchange.balance(call.account, asset.number)[0] for asset in (market.base, market.quote))
    try:
        price_ticks = None if query.price is None else market.parse_price(query.price)
    except AmountError as error:
        raise amount_error(error) from None
    if query.side is Side.ASK:
        lots = base_atoms // row.lot_atoms
    elif price_ticks is not None:
        lots = quote_atoms // (price_ticks * row.quote_factor)
    else:
        _, asks = exchange.depth(market.number, _WALKED_LEVELS)
        lots = _affordable_lots(asks, quote_atoms, row.quote_factor)
    return wire.MaxOrderQuantity(
        max_order_quantity=market.quantity_text(min(lots, row.maximum_quantity_lots)),
        symbol=market.symbol,
        side=query.side,
        price=query.price,
        reduce_only=query.reduce_only,
        auto_borrow=query.auto_borrow,
        auto_borrow_repay=query.auto_borrow_repay,
        auto_lend_redeem=query.auto_lend_redeem,
    )


def _affordable_lots(asks: list[tuple[int, int]], quote_atoms: int, quote_factor: int) -> int:
    """Return how many lots the quote buys from the best ask up."""
    bought = 0
    for price_ticks, lots in asks:
        taken = min(lots, quote_atoms // (price_ticks * quote_factor))
        bought += taken
        quote_atoms -= taken * price_ticks * quote_factor
        if taken < lots:
            break
    return bought


@FAMILY.signed("GET", "/api/v1/capital", "get_balances", dict[str, wire.Balance], "balanceQuery")
async def capital(call: Call) -> dict[str, wire.Balance]:
    """Return what the account holds, by asset."""
    assets = call.gateway.catalog.asset_by_number
    return {
        assets[number].symbol: wire.Balance(
            available=assets[number].text(available_atoms), locked=assets[number].text(locked_atoms)
        )
        for number, available_atoms, locked_atoms in call.gateway.exchange.balances(call.account)
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


@FAMILY.signed("POST", "/ringfence/v1/transfer", "transfer", wire.TransferResult, "transfer", body=wire.TransferPayload)
async def transfer(call: Call) -> wire.TransferResult:
    """Move funds to another account of the same user."""
    asset = call.asset(call.body.symbol)
    try:
        amount_atoms = asset.parse(call.body.quantity)
    except AmountError as error:
        raise amount_error(error) from None
    command = Transfer(
        account=call.account, to_account=call.body.to_account, asset=asset.number, amount_atoms=amount_atoms
    )
    (events,) = await call.gateway.submit([command])
    moved = events[0]
    if isinstance(moved, Rejected):
        found = rejection(moved, call.gateway.catalog)
        raise ApiError(found.status, found.code, found.message)
    assert isinstance(moved, FundsMoved), f"a transfer gives {type(moved).__name__}"
    return wire.TransferResult(
        id=str(moved.sequence),
        symbol=asset.symbol,
        quantity=asset.text(moved.amount_atoms),
        account=moved.account,
        to_account=moved.to_account,
        timestamp=moved.time_us // 1_000,
    )
