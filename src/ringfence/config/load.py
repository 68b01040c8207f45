"""Reading venue.toml: every mistake is named with its place, its value and what was expected, all of them at once."""

from pathlib import Path

from .checks import problems
from .model import VenueConfig
from .reading import ConfigError, parse_tables, read_text, require_none


def load_config(path: Path) -> VenueConfig:
    """Return the configuration in a file. Raises ``ConfigError``."""
    return parse_config(read_text(path, ConfigError, "`ringfence init` writes one"), str(path))


def parse_config(text: str, source: str = "venue.toml") -> VenueConfig:
    """Return the configuration in a text; ``source`` names it in messages. Raises ``ConfigError``."""
    config = parse_tables(text, source, VenueConfig, ConfigError, hint='write decimal numbers in quotes: "0.01"')
    require_none(list(problems(config)), source, ConfigError)
    return config
