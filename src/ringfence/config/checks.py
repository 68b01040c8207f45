"""What a configuration must keep beyond its types. The core checks all of it again; here it has a place and a name."""

from collections.abc import Iterator

from ringfence.schema.enums import PARAMETER_LIMITS, Parameter

from .amounts import parse_units
from .bounds import decimal_problems, repeated, within
from .brake_checks import brake_problems
from .lending_checks import lending_problems
from .model import ASSET_KINDS, MARKET_STATES, AssetConfig, FeeTierConfig, MarketConfig, UserConfig, VenueConfig
from .perpetual_checks import perpetual_problems
from .price_checks import price_problems

MAX_BPS = 1_000
MAX_FACTOR = 1_000
SYMBOL_CHARACTERS_MAXIMUM = 16
SYMBOL_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.")


def problems(config: VenueConfig) -> list[str]:
    """Return a sentence for everything that is wrong, each with its place; an empty list when nothing is."""
    assets = {asset.symbol: asset for asset in config.assets}
    found = list(_numbers(config))
    found += repeated("assets", [asset.symbol for asset in config.assets])
    found += repeated("markets", [market.symbol for market in config.markets])
    found += repeated("users", [user.name for user in config.users])
    for number, tier in enumerate(config.fee_tiers, 1):
        found += [f"fee_tiers {number}: {problem}" for problem in _fee_tier(tier)]
    for asset in config.assets:
        found += [f"assets {asset.symbol}: {problem}" for problem in _asset(asset)]
    for market in config.markets:
        found += [f"markets {market.symbol}: {problem}" for problem in _market(market, assets)]
    for user in config.users:
        found += [f"users {user.name}: {problem}" for problem in _user(user, assets)]
    found += price_problems(config.prices, set(assets))
    found += lending_problems(config)
    return found


def _numbers(config: VenueConfig) -> Iterator[str]:
    yield from within("port", config.port, 0, 65_535)
    yield from within("snapshots.every_commands", config.snapshots.every_commands, 1_000, 2**40)
    yield from within("snapshots.every_minutes", config.snapshots.every_minutes, 1, 7 * 24 * 60)
    yield from within("snapshots.keep", config.snapshots.keep, 1, 1_000)
    for name in config.limits.__struct_fields__:
        yield from within(f"limits.{name}", getattr(config.limits, name), 1, 10_000_000)
    names = {parameter.name.lower(): parameter for parameter in Parameter}
    for name, value in config.parameters.items():
        if name not in names:
            yield f"parameters.{name}: is not a parameter; expected one of {', '.join(names)}"
            continue
        low, high, _ = PARAMETER_LIMITS[names[name]]
        yield from within(f"parameters.{name}", value, low, high)


def _fee_tier(tier: FeeTierConfig) -> Iterator[str]:
    yield from within("schedule", tier.schedule, 0, 15)
    yield from within("tier", tier.tier, 0, 15)
    yield from decimal_problems("maker_bps", tier.maker_bps.removeprefix("-"), 2, 0, MAX_BPS)
    yield from decimal_problems("taker_bps", tier.taker_bps, 2, 0, MAX_BPS)


def _asset(asset: AssetConfig) -> Iterator[str]:
    if not 0 < len(asset.symbol) <= SYMBOL_CHARACTERS_MAXIMUM or not set(asset.symbol) <= SYMBOL_CHARACTERS:
        yield f"symbol: {asset.symbol!r} is not 1 to {SYMBOL_CHARACTERS_MAXIMUM} of A-Z, 0-9 and '.'"
    if asset.kind not in ASSET_KINDS:
        yield f"kind: {asset.kind!r} is not one of {', '.join(ASSET_KINDS)}"
    for name, text, length in (("name", asset.name, 32), ("cusip", asset.cusip, 16)):
        if len(text) > length or not text.isascii() or (text and not text.isprintable()):
            yield f"{name}: {text!r} is not up to {length} printable ASCII characters"
    yield from within("decimals", asset.decimals, 0, 12)
    yield from within("eligibility_class", asset.eligibility_class, 0, 61)


def _market(market: MarketConfig, assets: dict[str, AssetConfig]) -> Iterator[str]:
    unknown = [name for name in (market.base, market.quote) if name not in assets]
    for name in unknown:
        yield f"{name} is not among the assets: {', '.join(assets)}"
    if unknown:
        return
    if market.base == market.quote:
        yield "base and quote are the same asset"
    if market.state not in MARKET_STATES:
        yield f"state: {market.state!r} is not one of {', '.join(MARKET_STATES)}"
    elif market.state == "auction":
        yield "state: an auction takes brakes, and a market gets those after it is listed"
    yield from within("fee_schedule", market.fee_schedule, 0, 15)
    yield from perpetual_problems(market, assets)
    yield from brake_problems(market, assets)
    for name in ("limit_band", "impact_band"):
        yield from _band(name, getattr(market, name))
    yield from _steps(market, assets[market.base].decimals, assets[market.quote].decimals)


def _steps(market: MarketConfig, base_decimals: int, quote_decimals: int) -> Iterator[str]:
    wrong = [
        *decimal_problems("tick", market.tick, quote_decimals, 1),
        *decimal_problems("step", market.step, base_decimals, 1),
    ]
    yield from wrong
    if wrong:
        return
    tick_atoms, lot_atoms = parse_units(market.tick, quote_decimals), parse_units(market.step, base_decimals)
    if tick_atoms * lot_atoms % 10**base_decimals:
        yield (
            f"tick {market.tick} times step {market.step} is not a whole number of the smallest unit of "
            f"{market.quote} ({quote_decimals} decimals); make one of them larger"
        )
    for name, decimals, atoms in (
        ("minimum_price", quote_decimals, tick_atoms),
        ("maximum_price", quote_decimals, tick_atoms),
        ("minimum_quantity", base_decimals, lot_atoms),
        ("maximum_quantity", base_decimals, lot_atoms),
    ):
        text = getattr(market, name)
        if text is None:
            continue
        problem = list(decimal_problems(name, text, decimals, 1))
        yield from problem
        if not problem and parse_units(text, decimals) % atoms:
            yield f"{name}: {text} is not a multiple of {'tick' if 'price' in name else 'step'}"


def _band(name: str, band: list[str] | None) -> Iterator[str]:
    if band is None:
        return
    if len(band) != 2:
        yield f'{name}: expected two factors such as ["0.25", "4"], got {len(band)}'
        return
    wrong = [problem for text in band for problem in decimal_problems(name, text, 6, 0, MAX_FACTOR)]
    yield from wrong
    if not wrong and not parse_units(band[0], 6) <= 10**6 <= parse_units(band[1], 6):
        yield f"{name}: {band[0]} to {band[1]} does not hold 1, the reference price itself"


def _user(user: UserConfig, assets: dict[str, AssetConfig]) -> Iterator[str]:
    yield from within("fee_tier", user.fee_tier, 0, 15)
    for number in user.eligible_classes:
        yield from within("eligible_classes", number, 1, 61)
    for symbol, amount in user.deposits.items():
        if symbol not in assets:
            yield f"deposits.{symbol}: is not among the assets: {', '.join(assets)}"
        else:
            yield from decimal_problems(f"deposits.{symbol}", amount, assets[symbol].decimals, 1)
