"""venue.toml: what an operator writes down before a venue's first command, and the commands that come of it."""

from .amounts import parse_units
from .load import load_config, parse_config
from .model import (
    AssetConfig,
    CollateralConfig,
    FeeTierConfig,
    LendingPoolConfig,
    LimitsConfig,
    MarketConfig,
    PerpetualConfig,
    PriceAssetConfig,
    PricesConfig,
    PriceSourceConfig,
    SimulatedConfig,
    SnapshotConfig,
    UserConfig,
    VenueConfig,
)
from .reading import ConfigError
from .seeding import OPERATOR_SOURCE, PPM_DECIMALS, eligibility_command, seed_commands
from .template import TEMPLATE, template_config

__all__ = [
    "OPERATOR_SOURCE",
    "PPM_DECIMALS",
    "TEMPLATE",
    "AssetConfig",
    "CollateralConfig",
    "ConfigError",
    "FeeTierConfig",
    "LendingPoolConfig",
    "LimitsConfig",
    "MarketConfig",
    "PerpetualConfig",
    "PriceAssetConfig",
    "PriceSourceConfig",
    "PricesConfig",
    "SimulatedConfig",
    "SnapshotConfig",
    "UserConfig",
    "VenueConfig",
    "eligibility_command",
    "load_config",
    "parse_config",
    "parse_units",
    "seed_commands",
    "template_config",
]
