"""What a process that runs the service is told on its standard input."""

import msgspec

from ringfence.config import PricesConfig


class PricesSetup(msgspec.Struct, frozen=True):
    """Where to submit, and what venue.toml says of prices."""

    directory: str
    config: PricesConfig
    assets: dict[str, int]
    """Numbers of the assets that the venue has listed, by symbol."""
