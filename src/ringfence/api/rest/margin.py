"""Collateral: what assets count for, and what an account has, owes and may still put at risk."""

from ringfence.schema.enums import HaircutKind
from ringfence.schema.tables import CollateralRow
from ringfence.views import lending, margin
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import RATES, VALUES
from ringfence.views.maximums import worth_at
from ringfence.views.perpetuals import unsettled_values

from ..calls import Call
from ..operations import Family, Tag
from ..wire import margin as wire

FAMILY = Family(Tag.ACCOUNT)


@FAMILY.public("/api/v1/collateral", "get_collateral_parameters", list[wire.CollateralSummary])
async def collateral_parameters(call: Call) -> list[wire.CollateralSummary]:
    """List what assets are worth as collateral; an asset that is not among them counts for nothing."""
    found: list[wire.CollateralSummary] = []
    for asset in call.gateway.catalog.assets.values():
        rules = call.gateway.exchange.collateral(asset.number)
        if rules is not None:
            haircut = wire.CollateralFunction(weight=RATES.text(rules.weight_e8), kind=_haircut(rules))
            found.append(
                wire.CollateralSummary(
                    symbol=asset.symbol,
                    imf_function=initial_function(rules),
                    mmf_function=maintenance_function(rules),
                    haircut_function=haircut,
                )
            )
    return found


def initial_function(rules: CollateralRow) -> wire.SqrtFunction:
    """Return how the initial margin fraction of a debt follows from its size."""
    return wire.SqrtFunction(base=RATES.text(rules.initial_base_e8), factor=RATES.text(rules.initial_factor_e8))


def maintenance_function(rules: CollateralRow) -> wire.SqrtFunction:
    """Return how the maintenance margin fraction of a debt follows from its size."""
    return wire.SqrtFunction(base=RATES.text(rules.maintenance_base_e8), factor=RATES.text(rules.maintenance_factor_e8))


def _haircut(rules: CollateralRow) -> wire.CollateralFunctionKind:
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return wire.IdentityFunction()
    return wire.InverseSqrtFunction(
        base=RATES.text(rules.haircut_base_e8), positive_curve_penalty=RATES.text(rules.haircut_penalty_e8)
    )


@FAMILY.signed(
    "GET",
    "/api/v1/capital/collateral",
    "get_collateral",
    wire.MarginAccountSummary,
    "collateralQuery",
    query=wire.CapitalCollateralQuery,
)
async def account_collateral(call: Call) -> wire.MarginAccountSummary:
    """Return what the account's collateral is worth, what it owes, and what margin is free."""
    row = call.account_row(call.query.subaccount_id)
    measure = call.gateway.exchange.measure(call.account)
    profits, losses = unsettled_values(call.gateway.exchange, call.account)
    borrowed = measure.liabilities - losses
    exposed = borrowed + measure.exposure
    least_e8 = margin.least_initial_e8(row.leverage_limit_percent)
    return wire.MarginAccountSummary(
        assets_value=VALUES.text(measure.assets),
        borrow_liability=VALUES.text(borrowed),
        collateral=_collateral(call),
        imf=RATES.text(max(least_e8, margin.fraction_e8(measure.initial, exposed))),
        unsettled_equity="0",
        liabilities_value=VALUES.text(measure.liabilities),
        margin_fraction=RATES.text(margin.fraction_e8(measure.equity, exposed)) if exposed else None,
        mmf=RATES.text(margin.fraction_e8(measure.maintenance, exposed)),
        net_equity=VALUES.text(measure.equity),
        net_equity_available=VALUES.text(measure.free),
        net_equity_locked=VALUES.text(measure.initial + measure.reserved),
        net_exposure_futures=VALUES.text(measure.exposure),
        pnl_unrealized=VALUES.text(profits - losses),
    )


def _collateral(call: Call) -> list[wire.Collateral]:
    exchange = call.gateway.exchange
    loans = dict(exchange.loans(call.account))
    found: list[wire.Collateral] = []
    for number, available, locked in exchange.balances(call.account):
        pool = exchange.lending_pool(number)
        lent = lending.claim_atoms(pool, loans.get(number, 0)) if pool is not None else 0
        if available + locked + lent:
            asset = call.gateway.catalog.asset_by_number[number]
            found.append(_collateral_row(call, asset, available, locked, lent))
    return found


def _collateral_row(call: Call, asset: AssetInfo, available: int, locked: int, lent: int) -> wire.Collateral:
    worth = worth_at(call.gateway.exchange, asset.number)
    rules = call.gateway.exchange.collateral(asset.number) or margin.NO_COLLATERAL
    value = worth.held_down(available + locked + lent)
    return wire.Collateral(
        symbol=asset.symbol,
        asset_mark_price=asset.price_text(worth.mark_units),
        total_quantity=asset.text(available + locked + lent),
        balance_notional=VALUES.text(value),
        collateral_weight=RATES.text(margin.weight_e8(rules, value)),
        collateral_value=VALUES.text(margin.collateral_value(rules, value)),
        open_order_quantity=asset.text(locked),
        lend_quantity=asset.text(lent),
        available_quantity=asset.text(available),
    )
