"""What the [prices] tables must keep beyond their types."""

from collections.abc import Iterator, Set

from ringfence.schema.enums import PRICE_SOURCES

from .bounds import decimal_problems, repeated, within
from .model import PRICE_SOURCE_KINDS, PriceAssetConfig, PricesConfig, PriceSourceConfig

BPS_DECIMALS = 2
PRICE_DECIMALS = 8
PPM_DECIMALS = 6
HIGHEST_PRICE = 10**7
HIGHEST_SPEED = 10_000
SHORTEST_MS, LONGEST_MS = 100, 60_000
FEWEST_SOURCES = 3
NAME_CHARACTERS_MAXIMUM = 16


def price_problems(prices: PricesConfig, assets: Set[str]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong; ``assets`` are the symbols of the venue's assets."""
    yield from within("prices.interval_ms", prices.interval_ms, SHORTEST_MS, LONGEST_MS)
    yield from within("prices.timeout_ms", prices.timeout_ms, SHORTEST_MS, LONGEST_MS)
    yield from repeated("prices.sources", [source.name for source in prices.sources])
    yield from repeated("prices.sources number", [str(source.number) for source in prices.sources])
    yield from repeated("prices.assets", [asset.symbol for asset in prices.assets])
    for asset, text in prices.simulated.first_prices.items():
        yield from decimal_problems(f"prices.simulated.first_prices.{asset}", text, PRICE_DECIMALS, 1, HIGHEST_PRICE)
    for asset in prices.simulated.pegged:
        if asset not in prices.simulated.first_prices:
            yield f"prices.simulated.pegged: first_prices has no {asset}"
    for source in prices.sources:
        yield from (f"prices.sources {source.name}: {problem}" for problem in _source(source))
    for asset in prices.assets:
        yield from (f"prices.assets {asset.symbol}: {problem}" for problem in _asset(asset, prices, assets))


def _source(source: PriceSourceConfig) -> Iterator[str]:
    yield from within("number", source.number, 1, PRICE_SOURCES)
    if (
        not 0 < len(source.name) <= NAME_CHARACTERS_MAXIMUM
        or not source.name.isascii()
        or not source.name.isprintable()
    ):
        yield f"name: {source.name!r} is not 1 to {NAME_CHARACTERS_MAXIMUM} printable ASCII characters"
    if source.kind not in PRICE_SOURCE_KINDS:
        yield f"kind: {source.kind!r} is not one of {', '.join(PRICE_SOURCE_KINDS)}"
    if source.kind == "ccxt" and not source.exchange:
        yield "exchange: is needed, as ccxt names it"
    if source.kind == "recorded":
        if not source.path:
            yield "path: is needed, the file to play"
        yield from decimal_problems("speed", source.speed, PPM_DECIMALS, 1, HIGHEST_SPEED)
    if (source.kind == "ringfence" or source.url) and not source.url.startswith(("http://", "https://")):
        yield f"url: {source.url!r} does not begin with http:// or https://"


def _asset(asset: PriceAssetConfig, prices: PricesConfig, assets: Set[str]) -> Iterator[str]:
    if asset.symbol not in assets:
        yield "is not among the assets"
    kinds = {source.name: source.kind for source in prices.sources}
    for name, weight in asset.weights.items():
        yield from within(f"weights.{name}", weight, 1, 255)
        if name not in kinds:
            yield f"weights.{name}: is not among the sources: {', '.join(kinds) or 'there is none'}"
        elif kinds[name] == "simulated" and asset.symbol not in prices.simulated.first_prices:
            yield f"weights.{name}: prices.simulated.first_prices has no {asset.symbol}"
    yield from within("minimum_sources", asset.minimum_sources, FEWEST_SOURCES, PRICE_SOURCES)
    if len(asset.weights) < asset.minimum_sources:
        yield f"weights: {len(asset.weights)} sources can never be the {asset.minimum_sources} of minimum_sources"
    yield from within("maximum_age_ms", asset.maximum_age_ms, 100, 86_400_000)
    yield from decimal_problems("clamp_bps", asset.clamp_bps, BPS_DECIMALS, 0, 5_000)
    yield from decimal_problems("update_cap_bps", asset.update_cap_bps, BPS_DECIMALS, 1, 10_000)
    yield from decimal_problems("closed_haircut_bps", asset.closed_haircut_bps, BPS_DECIMALS, 0, 9_999)
