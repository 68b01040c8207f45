"""Borrowing and lending: the pools, and what an account lent to them or owes them."""

import asyncio
import base64
import binascii
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ringfence.schema.commands import Borrow, Command, Lend, Redeem, Repay
from ringfence.schema.enums import PoolState
from ringfence.schema.tables import LendingPoolRow
from ringfence.views import lending, margin
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, RATES, VALUES
from ringfence.views.history.reader import Range
from ringfence.views.liquidation import WhatIf, liquidation_price_units
from ringfence.views.maximums import loan_shares, worth_at

from ..calls import Call
from ..errors import invalid_request
from ..operations import Done, Family, Tag
from ..times import zulu_ms
from ..wire import lending as wire
from .margin import initial_function, maintenance_function

FAMILY = Family(Tag.LENDING)

_STATES = {
    PoolState.OPEN: wire.BorrowLendBookState.OPEN,
    PoolState.CLOSED: wire.BorrowLendBookState.CLOSED,
    PoolState.REPAY_ONLY: wire.BorrowLendBookState.REPAY_ONLY,
}
_POSITIONS_MAXIMUM = 1_000
_DAYS = {
    wire.BorrowLendMarketHistoryInterval.DAY: 1,
    wire.BorrowLendMarketHistoryInterval.WEEK: 7,
    wire.BorrowLendMarketHistoryInterval.MONTH: 31,
    wire.BorrowLendMarketHistoryInterval.YEAR: 366,
}
_HOURS_A_DAY = 24
_US_PER_DAY = _HOURS_A_DAY * lending.US_PER_HOUR
_YEARS_STEP_HOURS = _HOURS_A_DAY
"""A year is told day by day, everything shorter hour by hour."""


@FAMILY.public("/api/v1/borrowLend/markets", "get_borrow_lend_markets", list[wire.BorrowLendMarket])
async def markets(call: Call) -> list[wire.BorrowLendMarket]:
    """List the lending pools with their rates and limits."""
    return [_market(call, asset, pool) for asset, pool in _pools(call)]


def _pools(call: Call) -> Iterator[tuple[AssetInfo, LendingPoolRow]]:
    for asset in call.gateway.catalog.assets.values():
        pool = call.gateway.exchange.lending_pool(asset.number)
        if pool is not None:
            yield asset, pool


def _market(call: Call, asset: AssetInfo, pool: LendingPoolRow) -> wire.BorrowLendMarket:
    return wire.BorrowLendMarket(
        state=_STATES[PoolState(pool.pool_state)],
        asset_mark_price=asset.price_text(worth_at(call.gateway.exchange, asset.number).mark_units),
        borrow_interest_rate=RATES.text(lending.borrow_rate_e8(pool)),
        borrowed_quantity=asset.text(lending.debt_atoms(pool)),
        fee=FRACTIONS.text(pool.fee_ppm),
        lend_interest_rate=RATES.text(lending.lend_rate_e8(pool)),
        lent_quantity=asset.text(lending.lent_atoms(pool)),
        max_utilization=FRACTIONS.text(pool.maximum_utilisation_ppm),
        open_borrow_lend_limit=asset.text(pool.lend_limit_atoms),
        optimal_utilization=FRACTIONS.text(pool.optimal_utilisation_ppm),
        symbol=asset.symbol,
        timestamp=zulu_ms(call.gateway.exchange.time_us),
        throttle_utilization_threshold=FRACTIONS.text(pool.throttle_threshold_ppm),
        throttle_utilization_bound=FRACTIONS.text(pool.throttle_bound_ppm),
        throttle_update_fraction=FRACTIONS.text(pool.throttle_update_ppm),
        utilization=FRACTIONS.text(lending.utilisation_ppm(pool)),
        step_size=asset.text(1),
    )


@FAMILY.public("/api/v1/borrowLend/apy", "get_borrow_lend_apy", wire.ApyRates, wire.ApyQuery)
async def apy(call: Call) -> wire.ApyRates:
    """Return the yearly rates of all pools; nothing is staked."""
    rates = [
        wire.BorrowLendApyRate(
            symbol=asset.symbol,
            borrow_rate=RATES.text(lending.borrow_rate_e8(pool)),
            lend_rate=RATES.text(lending.lend_rate_e8(pool)),
        )
        for asset, pool in _pools(call)
    ]
    return wire.ApyRates(borrow_lend=rates, staking=[])


@FAMILY.public(
    "/api/v1/borrowLend/markets/history",
    "get_borrow_lend_markets_history",
    list[wire.BorrowLendHistory],
    wire.MarketsHistoryQuery,
)
async def markets_history(call: Call) -> list[wire.BorrowLendHistory]:
    """List how a pool stood each time interest was due, oldest first; hours without debts have no row."""
    interval = call.query.interval
    from_us = max(0, call.gateway.exchange.time_us - _DAYS[interval] * _US_PER_DAY)
    step = _YEARS_STEP_HOURS if interval is wire.BorrowLendMarketHistoryInterval.YEAR else 1
    symbol = call.query.symbol
    assets = [asset for asset, _ in _pools(call)] if symbol is None else [call.asset_or_base(symbol)]
    found: list[wire.BorrowLendHistory] = []
    for asset in assets:
        hours = await asyncio.to_thread(call.gateway.history.reader.lending_hours, asset.number, from_us)
        found += [_hour(asset, row) for row in hours if row.time_us // lending.US_PER_HOUR % step == 0]
    return found


def _hour(asset: AssetInfo, row: Any) -> wire.BorrowLendHistory:
    used_ppm = min(lending.PPM, row.debt_atoms * lending.PPM // row.lent_atoms) if row.lent_atoms else 0
    return wire.BorrowLendHistory(
        borrow_interest_rate=RATES.text(row.borrow_rate_e8),
        borrowed_quantity=asset.text(row.debt_atoms),
        lend_interest_rate=RATES.text(row.lend_rate_e8),
        lent_quantity=asset.text(row.lent_atoms),
        timestamp=zulu_ms(row.time_us),
        utilization=FRACTIONS.text(used_ppm),
    )


@FAMILY.signed(
    "POST",
    "/api/v1/borrowLend",
    "execute_borrow_lend",
    Done,
    "borrowLendExecute",
    body=wire.BorrowLendExecutePayload,
)
async def execute_borrow_lend(call: Call) -> Done:
    """Lend or borrow; against a debt Lend repays, and against a claim Borrow redeems, all of it at most."""
    payload: wire.BorrowLendExecutePayload = call.body
    asset = call.asset(payload.symbol)
    atoms = call.atoms(asset, payload.quantity)
    shares = loan_shares(call.gateway.exchange, call.account, asset.number)
    kind: type[Lend | Redeem | Borrow | Repay]
    if payload.side is wire.BorrowLendSide.LEND:
        kind = Repay if shares < 0 else Lend
    else:
        kind = Redeem if shares > 0 else Borrow
    await call.command(kind(account=call.account, asset=asset.number, amount_atoms=atoms))
    return Done()


@FAMILY.signed(
    "GET",
    "/ringfence/v1/redemptions",
    "redemptionQuery",
    list[wire.Redemption],
    "redemptionQuery",
)
async def redemptions(call: Call) -> list[wire.Redemption]:
    """List what of the account's redemptions waits until borrowers give it back."""
    found: list[wire.Redemption] = []
    for number, shares in call.gateway.exchange.loans(call.account):
        ahead = 0
        for row in call.gateway.exchange.redemptions(number) if shares > 0 else []:
            if row.account == call.account:
                asset = call.gateway.catalog.asset_by_number[number]
                quantity = asset.text(row.queued_atoms)
                found.append(wire.Redemption(symbol=asset.symbol, quantity=quantity, ahead=asset.text(ahead)))
            ahead += row.queued_atoms
    return found


@FAMILY.signed(
    "DELETE",
    "/ringfence/v1/redemption",
    "redemptionCancel",
    Done,
    "redemptionCancel",
    body=wire.RedemptionCancelPayload,
)
async def cancel_redemption(call: Call) -> Done:
    """Let what of a redemption waits stay lent."""
    asset = call.asset(call.body.symbol)
    command: Command = Redeem(account=call.account, asset=asset.number, amount_atoms=0)
    await call.command(command)
    return Done()


class _Known(NamedTuple):
    """What only history knows of a position."""

    position: int = 0
    interest_atoms: int = 0


@FAMILY.signed(
    "GET",
    "/api/v1/borrowLend/positions",
    "get_borrow_lend_positions",
    list[wire.BorrowLendPositionWithMargin],
    "borrowLendPositionQuery",
)
async def positions(call: Call) -> list[wire.BorrowLendPositionWithMargin]:
    """List what the account lent and what it owes."""
    await call.gateway.wait_for_history(call.account)
    reader = call.gateway.history.reader
    page: Any = await asyncio.to_thread(reader.loans, [call.account], Range(_POSITIONS_MAXIMUM), is_open=True)
    known = {row.asset: _Known(row.position, row.interest_atoms) for row in page.rows}
    loans = call.gateway.exchange.loans(call.account)
    return [_position(call, number, shares, known.get(number, _Known())) for number, shares in loans]


def _position(call: Call, number: int, shares: int, known: _Known) -> wire.BorrowLendPositionWithMargin:
    exchange, asset = call.gateway.exchange, call.gateway.catalog.asset_by_number[number]
    pool = exchange.lending_pool(number)
    assert pool is not None, f"asset {number} is lent without a pool"
    rules, worth = exchange.collateral(number) or margin.NO_COLLATERAL, worth_at(exchange, number)
    row = call.account_row()
    claim, debt = lending.claim_atoms(pool, shares), lending.debt_of(pool, shares)
    value = worth.owed_up(debt)
    least_e8 = margin.least_initial_e8(row.leverage_limit_percent)
    price_units = liquidation_price_units(exchange, call.account, number) if debt else 0
    return wire.BorrowLendPositionWithMargin(
        cumulative_interest=asset.text(known.interest_atoms),
        id=str(known.position),
        imf=RATES.text(margin.initial_rate_e8(rules, value, least_e8)),
        imf_function=initial_function(rules),
        net_quantity=asset.text(claim - debt),
        mark_price=asset.price_text(worth.mark_units),
        mmf=RATES.text(margin.maintenance_rate_e8(rules, value)),
        mmf_function=maintenance_function(rules),
        net_exposure_quantity=asset.text(-debt),
        net_exposure_notional=VALUES.text(value),
        symbol=asset.symbol,
        est_liquidation_price=asset.price_text(price_units),
    )


@FAMILY.signed(
    "GET",
    "/api/v1/borrowLend/position/liquidationPrice",
    "get_borrow_lend_estimated_liquidation_price",
    wire.PositionEstimatedLiquidationPrice,
    "borrowLendPositionLiquidationPrice",
    query=wire.LiquidationPriceQuery,
)
async def estimated_liquidation_price(call: Call) -> wire.PositionEstimatedLiquidationPrice:
    """Return at which price of an asset the margin would no longer do if a loan of it were executed."""
    call.account_row(call.query.subaccount_id)
    payload = _thought_of(call.query.borrow)
    asset = call.asset(payload.symbol)
    exchange, atoms = call.gateway.exchange, call.atoms(asset, payload.quantity)
    price_units = liquidation_price_units(exchange, call.account, asset.number, _what_if(call, asset, payload, atoms))
    mark_units = worth_at(exchange, asset.number).mark_units
    return wire.PositionEstimatedLiquidationPrice(
        liquidation_price=asset.price_text(price_units), mark_price=asset.price_text(mark_units)
    )


def _thought_of(text: str) -> wire.BorrowLendExecutePayload:
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True), type=wire.BorrowLendExecutePayload)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise invalid_request(f"`borrow` is not the base64 of a BorrowLendExecutePayload: {error}") from None


def _what_if(call: Call, asset: AssetInfo, payload: wire.BorrowLendExecutePayload, atoms: int) -> WhatIf:
    """Return what a loan changes: a debt grows by what is borrowed and its first interest, or falls by what is paid."""
    exchange = call.gateway.exchange
    pool = exchange.lending_pool(asset.number)
    if pool is None:
        return WhatIf()
    shares = loan_shares(exchange, call.account, asset.number)
    if payload.side is wire.BorrowLendSide.LEND:
        paid = min(atoms, lending.debt_of(pool, shares))
        return WhatIf(-paid, -paid)
    if shares > 0:
        return WhatIf()
    return WhatIf(atoms, atoms + lending.entry_fee(pool, atoms, exchange.time_us))
