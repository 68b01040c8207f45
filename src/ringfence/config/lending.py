"""Collateral and lending pools: how the texts of venue.toml and of the command line become fields of commands."""

from collections.abc import Mapping

from ringfence.schema.commands import SetCollateral, SetLendingPool
from ringfence.schema.enums import HaircutKind, PoolState
from ringfence.schema.fields import MAX_POOL_ATOMS

from .amounts import parse_units
from .model import CollateralConfig, LendingPoolConfig

RATE_DECIMALS = 8
PPM_DECIMALS = 6
HAIRCUTS = {"identity": HaircutKind.IDENTITY, "inverse-sqrt": HaircutKind.INVERSE_SQRT}
POOL_STATES = {"open": PoolState.OPEN, "closed": PoolState.CLOSED, "repay-only": PoolState.REPAY_ONLY}

COLLATERAL_RATES = {
    "weight": "weight_e8",
    "haircut_base": "haircut_base_e8",
    "haircut_penalty": "haircut_penalty_e8",
    "initial_base": "initial_base_e8",
    "initial_factor": "initial_factor_e8",
    "maintenance_base": "maintenance_base_e8",
    "maintenance_factor": "maintenance_factor_e8",
}
"""Decimal texts of [[collaterals]] and the fields, in hundred-millionths, that they become."""

POOL_RATES = {"rate_idle": "rate_idle_e8", "rate_optimal": "rate_optimal_e8", "rate_full": "rate_full_e8"}
"""The same of [[lending_pools]]; 1 is a hundred per cent a year."""

POOL_PARTS = {
    "optimal_utilisation": "optimal_utilisation_ppm",
    "maximum_utilisation": "maximum_utilisation_ppm",
    "throttle_threshold": "throttle_threshold_ppm",
    "throttle_bound": "throttle_bound_ppm",
    "throttle_update": "throttle_update_ppm",
    "fee": "fee_ppm",
}
"""The same that become parts per million."""


CONVERSION_PARTS = {"conversion_discount": "conversion_discount_ppm"}
"""The same of [[collaterals]]: how far below the mark it is sold at worst."""


def collateral_command(asset: int, config: CollateralConfig, markets: Mapping[str, int]) -> SetCollateral:
    """Return the command of a table of [[collaterals]]; ``markets`` are the numbers of all by symbol."""
    texts = {name: getattr(config, name) for name in (*COLLATERAL_RATES, *CONVERSION_PARTS)}
    market = 0 if config.conversion_market is None else markets[config.conversion_market]
    return SetCollateral(
        asset=asset, haircut_kind=HAIRCUTS[config.haircut], conversion_market=market, **collateral_fields(texts)
    )


def lending_pool_command(asset: int, decimals: int, config: LendingPoolConfig) -> SetLendingPool:
    """Return the command of a table of [[lending_pools]]; the asset has so many decimals."""
    texts = {name: getattr(config, name) for name in (*POOL_RATES, *POOL_PARTS)}
    limit_atoms = MAX_POOL_ATOMS if config.lend_limit is None else parse_units(config.lend_limit, decimals)
    return SetLendingPool(
        asset=asset, pool_state=POOL_STATES[config.state], lend_limit_atoms=limit_atoms, **pool_fields(texts)
    )


def collateral_fields(texts: Mapping[str, str | None]) -> dict[str, int]:
    """Return the fields of decimal texts, those that are ``None`` left out. Raises ``ValueError`` with the name."""
    return _fields(texts, COLLATERAL_RATES, RATE_DECIMALS) | _fields(texts, CONVERSION_PARTS, PPM_DECIMALS)


def pool_fields(texts: Mapping[str, str | None]) -> dict[str, int]:
    """Return the fields of decimal texts, those that are ``None`` left out. Raises ``ValueError`` with the name."""
    return _fields(texts, POOL_RATES, RATE_DECIMALS) | _fields(texts, POOL_PARTS, PPM_DECIMALS)


def _fields(texts: Mapping[str, str | None], names: Mapping[str, str], decimals: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, field in names.items():
        text = texts.get(name)
        if text is None:
            continue
        try:
            found[field] = parse_units(text, decimals)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found
