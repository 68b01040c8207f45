"""From a configuration to the commands that make an empty venue what it says, in one fixed order.

Assets, markets and users are numbered by the core in the order of their commands, so here they are numbered too. The
parameters come last: a configuration that was added to later does not look like the beginning of itself.
"""

from collections.abc import Iterable, Iterator

from ringfence.schema.commands import (
    Command,
    Deposit,
    ListAsset,
    ListMarket,
    OpenUser,
    SetEligibility,
    SetFeeTier,
    SetParameter,
    SetPriceBands,
    SetPriceSource,
    SetPriceWeight,
    SetPricing,
)
from ringfence.schema.enums import FIRST_USER_ACCOUNT, PARAMETER_LIMITS

from .amounts import parse_units
from .brakes import brakes_command
from .lending import collateral_command, lending_pool_command
from .model import (
    ASSET_KINDS,
    MARKET_KINDS,
    MARKET_STATES,
    AssetConfig,
    MarketConfig,
    PricesConfig,
    UserConfig,
    VenueConfig,
)
from .perpetuals import perpetual_command

OPERATOR_SOURCE = 1
"""The source of deposits that an operator records by hand."""

ELIGIBILITIES = (
    "buy_classes", "sell_classes", "hold_classes", "withdraw_classes", "lend_classes", "receive_classes",
)  # fmt: skip
ACCOUNTS_PER_NEW_USER = 2
PPM_DECIMALS = 6
PPM_PER_BPS_DECIMALS = 2


def seed_commands(config: VenueConfig) -> list[Command]:
    """Return the commands for an empty venue."""
    assets = {asset.symbol: (number, asset) for number, asset in enumerate(config.assets, 1)}
    commands: list[Command] = [
        SetFeeTier(
            fee_schedule=tier.schedule,
            fee_tier=tier.tier,
            maker_ppm=_ppm_of_bps(tier.maker_bps),
            taker_ppm=_ppm_of_bps(tier.taker_bps),
        )
        for tier in config.fee_tiers
    ]
    commands += [_list_asset(asset) for asset in config.assets]
    for number, market in enumerate(config.markets, 1):
        commands += _list_market(number, market, assets)
    commands += _set_prices(config.prices, {symbol: number for symbol, (number, _) in assets.items()})
    markets = {market.symbol: number for number, market in enumerate(config.markets, 1)}
    commands += [collateral_command(assets[row.asset][0], row, markets) for row in config.collaterals]
    for pool in config.lending_pools:
        asset_number, asset = assets[pool.asset]
        commands.append(lending_pool_command(asset_number, asset.decimals, pool))
    deposits = 0
    for number, user in enumerate(config.users, 1):
        opening = list(_open_user(number, user, assets, deposits))
        deposits += len(user.deposits)
        commands += opening
    return commands + [
        SetParameter(parameter=parameter, value=config.parameters.get(parameter.name.lower(), value))
        for parameter, (_, _, value) in PARAMETER_LIMITS.items()
    ]


def _list_asset(asset: AssetConfig) -> ListAsset:
    return ListAsset(
        symbol=asset.symbol,
        name=asset.name,
        cusip=asset.cusip,
        asset_kind=ASSET_KINDS[asset.kind],
        decimals=asset.decimals,
        eligibility_class=asset.eligibility_class,
    )


def _list_market(number: int, market: MarketConfig, assets: dict[str, tuple[int, AssetConfig]]) -> Iterator[Command]:
    base_number, base = assets[market.base]
    quote_number, quote = assets[market.quote]
    tick_atoms, lot_atoms = parse_units(market.tick, quote.decimals), parse_units(market.step, base.decimals)
    bounds: dict[str, int] = {}
    for name, field, decimals, atoms in (
        ("minimum_price", "minimum_price_ticks", quote.decimals, tick_atoms),
        ("maximum_price", "maximum_price_ticks", quote.decimals, tick_atoms),
        ("minimum_quantity", "minimum_quantity_lots", base.decimals, lot_atoms),
        ("maximum_quantity", "maximum_quantity_lots", base.decimals, lot_atoms),
    ):
        text = getattr(market, name)
        if text is not None:
            bounds[field] = parse_units(text, decimals) // atoms
    yield ListMarket(
        base_asset=base_number,
        quote_asset=quote_number,
        tick_atoms=tick_atoms,
        lot_atoms=lot_atoms,
        fee_schedule=market.fee_schedule,
        state=MARKET_STATES[market.state],
        market_kind=MARKET_KINDS[market.kind],
        **bounds,
    )
    if market.perpetual is not None:
        yield perpetual_command(number, lot_atoms, base.decimals, market.perpetual)
    if market.brakes is not None:
        yield brakes_command(number, lot_atoms, base.decimals, market.brakes)
    if market.limit_band or market.impact_band:
        limit, impact = market.limit_band or ["0", "0"], market.impact_band or ["0", "0"]
        yield SetPriceBands(
            market=number,
            limit_minimum_ppm=parse_units(limit[0], PPM_DECIMALS),
            limit_maximum_ppm=parse_units(limit[1], PPM_DECIMALS),
            impact_minimum_ppm=parse_units(impact[0], PPM_DECIMALS),
            impact_maximum_ppm=parse_units(impact[1], PPM_DECIMALS),
        )


def _set_prices(prices: PricesConfig, asset_numbers: dict[str, int]) -> Iterator[Command]:
    for source in prices.sources:
        yield SetPriceSource(price_source=source.number, name=source.name)
    for asset in prices.assets:
        number = asset_numbers[asset.symbol]
        yield SetPricing(
            asset=number,
            minimum_sources=asset.minimum_sources,
            maximum_age_ms=asset.maximum_age_ms,
            clamp_ppm=parse_units(asset.clamp_bps, PPM_PER_BPS_DECIMALS),
            update_cap_ppm=parse_units(asset.update_cap_bps, PPM_PER_BPS_DECIMALS),
            closed_haircut_ppm=parse_units(asset.closed_haircut_bps, PPM_PER_BPS_DECIMALS),
        )
        for source in prices.sources:
            if weight := asset.weights.get(source.name, 0):
                yield SetPriceWeight(asset=number, price_source=source.number, weight=weight)


def eligibility_command(user: int, classes: Iterable[int], tax_relief_ppm: int = 0) -> SetEligibility:
    """Return the command that lets a user do everything with these classes of assets, and nothing with others."""
    return SetEligibility(
        user=user, tax_relief_ppm=tax_relief_ppm, **dict.fromkeys(ELIGIBILITIES, class_mask(list(classes)))
    )


def _open_user(
    number: int, user: UserConfig, assets: dict[str, tuple[int, AssetConfig]], deposits: int
) -> Iterator[Command]:
    yield OpenUser(fee_tier=user.fee_tier)
    if user.eligible_classes:
        yield eligibility_command(number, user.eligible_classes)
    account = FIRST_USER_ACCOUNT + ACCOUNTS_PER_NEW_USER * (number - 1)
    for place, (symbol, amount) in enumerate(user.deposits.items(), 1):
        asset_number, asset = assets[symbol]
        yield Deposit(
            account=account,
            asset=asset_number,
            source=OPERATOR_SOURCE,
            number=deposits + place,
            amount_atoms=parse_units(amount, asset.decimals),
        )


def class_mask(classes: list[int]) -> int:
    """Return the bit mask of eligibility classes."""
    return sum(1 << number for number in set(classes))


def _ppm_of_bps(text: str) -> int:
    """Return parts per million of a rate in basis points: 1 bps is 100 ppm."""
    sign = -1 if text.startswith("-") else 1
    return sign * parse_units(text.removeprefix("-"), PPM_PER_BPS_DECIMALS)
