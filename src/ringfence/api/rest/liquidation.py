"""Liquidations in public: cases and their receipts, deleveragings, the funds, and topping up an estate."""

import asyncio
from typing import Any

from ringfence.proof.build import NoReceipt
from ringfence.schema import commands
from ringfence.schema.enums import CaseCause, CaseEnd, CaseStep, DeleveragingPolicy, HouseAccount, Parameter
from ringfence.schema.events import ToppedUp
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, VALUES
from ringfence.views.funds import skin_left_value, uncovered_atoms, unpaid, unsettled_atoms
from ringfence.views.history.cases import CaseRow
from ringfence.views.lending import claim_atoms
from ringfence.views.maximums import loan_shares

from ..calls import Call
from ..errors import ApiError
from ..operations import Family, RawJson, Tag
from ..wire import liquidation as wire
from ..wire.market import NoQuery

FAMILY = Family(Tag.LIQUIDATION)

_STEPS = {step: wire.CaseStepName[step.name] for step in CaseStep}
_CAUSES = {cause: wire.CaseCauseName[cause.name] for cause in CaseCause}
_ENDS = {end: wire.CaseEndName[end.name] for end in CaseEnd}
_POLICIES = {policy: wire.DeleveragingPolicyName[policy.name] for policy in DeleveragingPolicy}
_FUND, _SKIN = int(HouseAccount.FUND), int(HouseAccount.SKIN)


@FAMILY.public("/ringfence/v1/cases", "get_cases", list[wire.LiquidationCase], wire.CasesQuery)
async def cases(call: Call) -> list[wire.LiquidationCase]:
    """List liquidations, newest first."""
    return await _cases(call, None)


@FAMILY.signed(
    "GET",
    "/ringfence/v1/account/cases",
    "caseQueryAll",
    list[wire.LiquidationCase],
    "caseQueryAll",
    query=wire.CasesQuery,
)
async def account_cases(call: Call) -> list[wire.LiquidationCase]:
    """List the account's own liquidations, newest first."""
    await call.gateway.wait_for_history(call.account)
    return await _cases(call, call.account)


async def _cases(call: Call, account: int | None) -> list[wire.LiquidationCase]:
    query, reader = call.query, call.gateway.history.reader.cases
    is_open = None if query.status is None else query.status is wire.CaseStatus.OPEN
    found = await asyncio.to_thread(
        reader.cases, account=account, is_open=is_open, limit=query.limit, offset=query.offset
    )
    return [_case(row) for row in found]


def _case(row: CaseRow) -> wire.LiquidationCase:
    return wire.LiquidationCase(
        case=row.case_number,
        account=row.account,
        status=wire.CaseStatus.OPEN if row.closed_us is None else wire.CaseStatus.CLOSED,
        step=_STEPS[CaseStep(row.step)],
        cause=_CAUSES[CaseCause(row.cause)],
        reason=None if row.reason is None else _ENDS[CaseEnd(row.reason)],
        equity=VALUES.text(row.equity_value),
        maintenance=VALUES.text(row.maintenance_value),
        worth=VALUES.text(row.worth_value),
        orders=row.slices,
        opened_at=row.opened_us // 1_000,
        closed_at=None if row.closed_us is None else row.closed_us // 1_000,
        engine_sequence=row.opened,
    )


@FAMILY.public("/ringfence/v1/receipt", "get_receipt", RawJson, wire.ReceiptQuery)
async def receipt(call: Call) -> RawJson:
    """Return the receipt of a case: a file that `ringfence receipt --check` checks without this venue."""
    receipts = call.gateway.history.receipts
    if receipts is None:
        raise ApiError(503, "SERVICE_UNAVAILABLE", "receipts are made where the venue's checkpoints are; not here")
    try:
        return RawJson(await asyncio.to_thread(receipts.of, call.query.case))
    except NoReceipt as error:
        raise ApiError(404, "RESOURCE_NOT_FOUND", str(error)) from None


@FAMILY.public("/ringfence/v1/waves", "get_waves", list[wire.Wave], wire.RowsQuery)
async def waves(call: Call) -> list[wire.Wave]:
    """List deleveragings, newest first."""
    reader, query = call.gateway.history.reader.cases, call.query
    found = await asyncio.to_thread(reader.waves, limit=query.limit, offset=query.offset)
    return [_wave(call, row) for row in found]


def _wave(call: Call, row: Any) -> wire.Wave:
    market = call.gateway.catalog.market_by_number[row["market"]]
    sums = ("gap", "own", "fund", "skin", "left", "cost", "profit", "uncovered")
    return wire.Wave(
        wave=row["wave"],
        symbol=market.symbol,
        policy=_POLICIES[DeleveragingPolicy(row["policy"])],
        cases=row["cases"],
        mark_price=market.price_text(row["mark_ticks"]),
        quantity=market.quantity_text(abs(row["lots"])),
        people=row["people"],
        deleveraged=market.quantity_text(row["shared_lots"]),
        began_at=row["began_us"] // 1_000,
        ended_at=None if row["ended_us"] is None else row["ended_us"] // 1_000,
        **{name: market.quote_text(row[f"{name}_atoms"]) for name in sums},
    )


@FAMILY.public("/ringfence/v1/fund", "get_fund", wire.Fund, NoQuery)
async def fund(call: Call) -> wire.Fund:
    """Return what the insurance fund and the operator's own capital have, and by which rules they pay."""
    exchange = call.gateway.exchange
    return wire.Fund(
        assets=[_fund_asset(call, asset) for asset in call.gateway.catalog.assets.values()],
        skin_cap=VALUES.text(exchange.parameter(Parameter.SKIN_CAP)),
        skin_left_today=VALUES.text(skin_left_value(exchange)),
        policy=_POLICIES[DeleveragingPolicy(exchange.parameter(Parameter.DELEVERAGING_POLICY))],
        liquidation_fee=FRACTIONS.text(exchange.parameter(Parameter.LIQUIDATION_FEE_PPM)),
        liquidation_band=FRACTIONS.text(exchange.parameter(Parameter.LIQUIDATION_BAND_PPM)),
        resolution=[_unpaid(call, *one) for one in unpaid(exchange)],
    )


def _unpaid(call: Call, market: int, asset: int, atoms: int) -> wire.Unpaid:
    catalog = call.gateway.catalog
    owed = catalog.asset_by_number[asset]
    symbol = catalog.market_by_number[market].symbol if market else owed.symbol
    return wire.Unpaid(symbol=symbol, owed=owed.text(atoms), owed_symbol=owed.symbol)


def _fund_asset(call: Call, asset: AssetInfo) -> wire.FundAsset:
    exchange = call.gateway.exchange
    pool = exchange.lending_pool(asset.number)
    lent = 0 if pool is None else claim_atoms(pool, loan_shares(exchange, _FUND, asset.number))
    return wire.FundAsset(
        symbol=asset.symbol,
        fund=asset.text(exchange.balance(_FUND, asset.number)[0]),
        fund_lent=asset.text(lent),
        unsettled=asset.text(unsettled_atoms(exchange, _FUND, asset.number)),
        skin=asset.text(exchange.balance(_SKIN, asset.number)[0]),
        owed=asset.text(uncovered_atoms(exchange, asset.number)),
    )


@FAMILY.public("/ringfence/v1/fund/movements", "get_fund_movements", list[wire.FundMovement], wire.RowsQuery)
async def fund_movements(call: Call) -> list[wire.FundMovement]:
    """List what FUND and SKIN got and paid, newest first."""
    reader, query = call.gateway.history.reader.cases, call.query
    found = await asyncio.to_thread(reader.fund_movements, limit=query.limit, offset=query.offset)
    return [_fund_movement(call, row) for row in found]


def _fund_movement(call: Call, row: Any) -> wire.FundMovement:
    asset = call.gateway.catalog.asset_by_number[row["asset"]]
    return wire.FundMovement(
        account=HouseAccount(row["account"]).name,
        symbol=asset.symbol,
        quantity=asset.text(row["amount_atoms"]),
        cause=row["cause"],
        reference=row["reference"],
        settled=row["market"] == 0,
        timestamp=row["time_us"] // 1_000,
        engine_sequence=row["sequence"],
    )


@FAMILY.signed(
    "POST", "/ringfence/v1/topup", "topUp", wire.ToppedUpReply, "topUp", query=NoQuery, body=wire.TopUpRequest
)
async def top_up(call: Call) -> wire.ToppedUpReply:
    """Put fenced money into the account's estate, if that ends its liquidation; refused with the amount that would."""
    asset = call.asset(call.body.symbol)
    atoms = call.atoms(asset, call.body.quantity)
    events = await call.command(commands.TopUp(account=call.account, asset=asset.number, amount_atoms=atoms))
    topped = next(event for event in events if isinstance(event, ToppedUp))
    return wire.ToppedUpReply(
        case=topped.case,
        symbol=asset.symbol,
        quantity=asset.text(topped.amount_atoms),
        needed=asset.text(topped.needed_atoms),
        engine_sequence=topped.sequence,
    )


@FAMILY.signed(
    "PUT",
    "/ringfence/v1/topup",
    "standingTopUp",
    wire.StandingTopUp,
    "standingTopUp",
    query=NoQuery,
    body=wire.TopUpRequest,
)
async def set_standing_top_up(call: Call) -> wire.StandingTopUp:
    """Let so much fenced money go into the account's estate by itself whenever it ends a liquidation."""
    asset = call.asset(call.body.symbol)
    atoms = call.atoms(asset, call.body.quantity)
    await call.command(commands.SetStandingTopUp(account=call.account, asset=asset.number, amount_atoms=atoms))
    return _standing(call, call.account)


@FAMILY.signed("GET", "/ringfence/v1/topup", "standingTopUpQuery", wire.StandingTopUp, "standingTopUpQuery")
async def standing_top_up(call: Call) -> wire.StandingTopUp:
    """Tell how much fenced money may still go into the account's estate by itself."""
    return _standing(call, call.account_row().account)


@FAMILY.signed("DELETE", "/ringfence/v1/topup", "standingTopUpCancel", wire.StandingTopUp, "standingTopUpCancel")
async def cancel_standing_top_up(call: Call) -> wire.StandingTopUp:
    """Let no fenced money go into the account's estate by itself any more."""
    account = call.account
    asset, _ = call.gateway.exchange.standing_top_up(account)
    if asset:
        await call.command(commands.SetStandingTopUp(account=account, asset=asset, amount_atoms=0))
    return _standing(call, account)


def _standing(call: Call, account: int) -> wire.StandingTopUp:
    number, atoms = call.gateway.exchange.standing_top_up(account)
    asset = call.gateway.catalog.asset_by_number.get(number)
    if asset is None:
        return wire.StandingTopUp(account=account, symbol=None, quantity="0")
    return wire.StandingTopUp(account=account, symbol=asset.symbol, quantity=asset.text(atoms))
