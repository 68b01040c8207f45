"""The venue of a scenario: its assets, markets, prices, pools, funds and settings, before anybody is there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ringfence.schema import commands as c
from ringfence.schema.enums import ONE_E8, AssetKind, HouseAccount, MarketKind, Parameter
from ringfence.schema.vault_commands import SetVault

from .load import CASH, POLICIES
from .plan import CASH_NUMBER, Listed, Plan

DEPOSITS, HOUSE_DEPOSITS = 1, 2
"""Sources of deposits: what people bring, and what the venue brings for its funds."""
MOST_LOTS = 2**40
CONVERSION_DISCOUNT_PPM = 50_000
OPENING_AGE_MS = 60_000


def opening_commands(plan: Plan) -> Iterator[c.Command]:
    """Yield the commands that list everything; prices are quoted after them."""
    rules = plan.scenario.rules
    yield c.ListAsset(symbol=CASH, name="dollars", asset_kind=AssetKind.CASH, decimals=6)
    for one in plan.listed:
        yield c.ListAsset(symbol=one.name.upper(), name=one.name, asset_kind=AssetKind.CRYPTO, decimals=8)
    for one in plan.markets:
        yield _market(one, MarketKind.PERPETUAL)
    for one in plan.spots:
        yield _market(one, MarketKind.SPOT)
    yield c.SetFeeTier(fee_schedule=1, fee_tier=0, maker_ppm=0, taker_ppm=rules.taker_fee_ppm)
    for number, source in enumerate(plan.sources, 1):
        yield c.SetPriceSource(price_source=number, name=source[:16])
    for one in plan.listed:
        yield c.SetPricing(
            asset=one.asset, maximum_age_ms=OPENING_AGE_MS, clamp_ppm=50_000, update_cap_ppm=one.config.mark_cap_ppm
        )
    for quotes in plan.quotes:
        yield c.SetPriceWeight(asset=quotes.asset, price_source=quotes.source, weight=1)
    yield from _settings(plan)
    yield from _collateral(plan)


def _market(one: Listed, kind: MarketKind) -> c.Command:
    return c.ListMarket(
        base_asset=one.asset, quote_asset=CASH_NUMBER, tick_atoms=one.tick_atoms, lot_atoms=one.lot_atoms,
        market_kind=kind, fee_schedule=1,
    )  # fmt: skip


def _settings(plan: Plan) -> Iterator[c.Command]:
    rules = plan.scenario.rules
    for parameter, value in (
        (Parameter.USERS, 2**21),
        (Parameter.ACCOUNTS, 2**22),
        (Parameter.ORDERS, 2**22),
        (Parameter.CASES, 2**20),
        (Parameter.LIQUIDATION_BOOK_MS, rules.book_ms),
        (Parameter.LIQUIDATION_BUFFER_PPM, rules.buffer_ppm),
        (Parameter.LIQUIDATION_FEE_PPM, rules.fee_ppm),
        (Parameter.LIQUIDATION_BAND_PPM, rules.band_ppm),
        (Parameter.LIQUIDATION_CLOSE_OUT_PPM, rules.close_out_ppm),
        (Parameter.SKIN_CAP, plan.part(rules.skin_usd)),
        (Parameter.DELEVERAGING_POLICY, POLICIES[rules.policy]),
    ):
        yield c.SetParameter(parameter=parameter, value=int(value))


def _collateral(plan: Plan) -> Iterator[c.Command]:
    dollars = {"rate_optimal_e8": ONE_E8 // 10, "rate_full_e8": ONE_E8}
    yield c.SetCollateral(
        asset=CASH_NUMBER, weight_e8=ONE_E8, initial_base_e8=ONE_E8 // 10, maintenance_base_e8=ONE_E8 // 20
    )
    yield c.SetLendingPool(asset=CASH_NUMBER, **dollars)
    for one in plan.listed:
        weight, initial, least = (
            _e8(part)
            for part in (one.config.collateral_weight, one.config.initial_margin, one.config.maintenance_margin)
        )
        sale = {"conversion_market": one.spot, "conversion_discount_ppm": CONVERSION_DISCOUNT_PPM}
        yield c.SetCollateral(
            asset=one.asset, weight_e8=weight, initial_base_e8=initial, maintenance_base_e8=least, **sale
        )


def rules_of_markets(plan: Plan) -> Iterator[c.Command]:
    """Yield what perpetuals and brakes need; to be given when there are prices."""
    rules = plan.scenario.rules
    for one in plan.markets:
        yield c.SetPerpetual(
            market=one.market, initial_base_e8=_e8(one.config.initial_margin),
            maintenance_base_e8=_e8(one.config.maintenance_margin), position_limit_lots=MOST_LOTS,
            open_interest_limit_lots=MOST_LOTS, mark_bound_ppm=20_000,
        )  # fmt: skip
        if one.config.band_ppm:
            yield c.SetBrakes(
                market=one.market, band_ppm=one.config.band_ppm, window_ms=rules.window_ms, halt_ms=rules.halt_ms,
                auction_ms=rules.auction_ms,
            )  # fmt: skip


def funds_of_house(plan: Plan) -> Iterator[c.Command]:
    """Yield what fills FUND and SKIN."""
    given = ((HouseAccount.FUND, plan.scenario.rules.fund_usd), (HouseAccount.SKIN, plan.scenario.rules.skin_usd))
    filled = [(account, plan.part(dollars)) for account, dollars in given if plan.part(dollars)]
    for number, (account, atoms) in enumerate(filled, 1):
        house = {"asset": CASH_NUMBER, "amount_atoms": atoms}
        yield c.Deposit(account=HouseAccount.SUSPENSE, source=HOUSE_DEPOSITS, number=number, **house)
        yield c.MoveHouseFunds(account=HouseAccount.SUSPENSE, to_account=account, **house)


def vault_commands(plan: Plan, account: int, user: int) -> Iterator[c.Command]:
    """Yield what opens the vault: the first sub-account of a user, whose number will be ``account``."""
    rules = plan.scenario.rules
    share = len(plan.listed) + 2
    yield c.ListAsset(symbol="VAULT", name="share of the vault", asset_kind=AssetKind.CRYPTO, decimals=6)
    yield c.OpenAccount(user=user, sub_account=1)
    yield SetVault(
        vault=1, account=account, share_asset=share, quote_asset=CASH_NUMBER,
        discount_ppm=rules.vault_discount_ppm, leverage_limit_percent=int(rules.vault_leverage * 100),
    )  # fmt: skip


def _e8(part: Decimal) -> int:
    return int(part * ONE_E8)
