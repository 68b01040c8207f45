"""What the [[collaterals]] and [[lending_pools]] tables must keep beyond their types."""

from collections.abc import Iterator, Mapping, Sequence, Set

from ringfence.schema.fields import MAX_POOL_ATOMS

from .amounts import parse_units
from .bounds import decimal_problems, repeated
from .lending import HAIRCUTS, POOL_PARTS, POOL_RATES, POOL_STATES, PPM_DECIMALS, RATE_DECIMALS
from .model import CollateralConfig, LendingPoolConfig, MarketConfig, VenueConfig

HIGHEST_RATE = 100
HIGHEST_DISCOUNT_PPM = 500_000
BELOW_ONE_PPM = 10**PPM_DECIMALS - 1
RISING = (
    ("rate_idle", "rate_optimal"),
    ("rate_optimal", "rate_full"),
    ("throttle_threshold", "throttle_bound"),
    ("throttle_bound", "maximum_utilisation"),
)
"""Settings of a pool of which the first must not be above the second."""


def lending_problems(config: VenueConfig) -> Iterator[str]:
    """Yield a sentence for everything that is wrong, each with its place."""
    decimals = {asset.symbol: asset.decimals for asset in config.assets}
    collaterals = {row.asset for row in config.collaterals}
    cash = {asset.symbol for asset in config.assets if asset.kind == "cash"}
    yield from repeated("collaterals", [row.asset for row in config.collaterals])
    yield from repeated("lending_pools", [row.asset for row in config.lending_pools])
    for row in config.collaterals:
        yield from (f"collaterals {row.asset}: {problem}" for problem in _collateral(row, decimals))
        yield from (f"collaterals {row.asset}: {problem}" for problem in _conversion(row, config.markets, cash))
    for pool in config.lending_pools:
        yield from (f"lending_pools {pool.asset}: {problem}" for problem in _pool(pool, decimals))
        if pool.asset not in collaterals:
            yield f"lending_pools {pool.asset}: needs a [[collaterals]] of the same asset, which says its margin"


def _collateral(row: CollateralConfig, decimals: Mapping[str, int]) -> Iterator[str]:
    if row.asset not in decimals:
        yield f"is not among the assets: {', '.join(decimals)}"
    if row.haircut not in HAIRCUTS:
        yield f"haircut: {row.haircut!r} is not one of {', '.join(HAIRCUTS)}"
    for name in ("weight", "haircut_base", "haircut_penalty", "initial_factor", "maintenance_factor"):
        yield from decimal_problems(name, getattr(row, name), RATE_DECIMALS, 0, 1)
    for name in ("initial_base", "maintenance_base"):
        yield from decimal_problems(name, getattr(row, name), RATE_DECIMALS, 1, HIGHEST_RATE)
    yield from _rising(row, "maintenance_base", "initial_base", RATE_DECIMALS)
    yield from _rising(row, "maintenance_factor", "initial_factor", RATE_DECIMALS)


def _conversion(row: CollateralConfig, markets: Sequence[MarketConfig], cash: Set[str]) -> Iterator[str]:
    wrong = list(decimal_problems("conversion_discount", row.conversion_discount, PPM_DECIMALS, 0, 1))
    yield from wrong
    if not wrong and parse_units(row.conversion_discount, PPM_DECIMALS) > HIGHEST_DISCOUNT_PPM:
        yield f"conversion_discount: {row.conversion_discount} is above 0.5"
    if row.conversion_market is None:
        return
    fit = [one.symbol for one in markets if one.kind == "spot" and one.base == row.asset and one.quote in cash]
    if row.conversion_market not in fit:
        yield (
            f"conversion_market: {row.conversion_market!r} is not a spot market of {row.asset} against cash; "
            f"there is {', '.join(fit) or 'none'}"
        )


def _pool(pool: LendingPoolConfig, decimals: Mapping[str, int]) -> Iterator[str]:
    if pool.state not in POOL_STATES:
        yield f"state: {pool.state!r} is not one of {', '.join(POOL_STATES)}"
    for name in POOL_RATES:
        yield from decimal_problems(name, getattr(pool, name), RATE_DECIMALS, 0, HIGHEST_RATE)
    for name in POOL_PARTS:
        yield from decimal_problems(name, getattr(pool, name), PPM_DECIMALS, 0, 1)
    optimal = pool.optimal_utilisation
    is_number = not list(decimal_problems("", optimal, PPM_DECIMALS, 0, 1))
    if is_number and not 1 <= parse_units(optimal, PPM_DECIMALS) <= BELOW_ONE_PPM:
        yield f"optimal_utilisation: {optimal} is not between 0 and 1"
    for low, high in RISING:
        yield from _rising(pool, low, high, RATE_DECIMALS if low in POOL_RATES else PPM_DECIMALS)
    if pool.asset not in decimals:
        yield f"is not among the assets: {', '.join(decimals)}"
    elif pool.lend_limit is not None:
        problem = list(decimal_problems("lend_limit", pool.lend_limit, decimals[pool.asset], 0))
        yield from problem
        if not problem and parse_units(pool.lend_limit, decimals[pool.asset]) > MAX_POOL_ATOMS:
            yield f"lend_limit: {pool.lend_limit} is more than a pool of {pool.asset} can count"


def _rising(row: CollateralConfig | LendingPoolConfig, low: str, high: str, decimals: int) -> Iterator[str]:
    """Yield a sentence if one setting is above another; texts that are no numbers are told elsewhere."""
    texts = [getattr(row, name) for name in (low, high)]
    if any(list(decimal_problems("", text, decimals, 0)) for text in texts):
        return
    if parse_units(texts[0], decimals) > parse_units(texts[1], decimals):
        yield f"{low}: {texts[0]} is above {high}, which is {texts[1]}"
