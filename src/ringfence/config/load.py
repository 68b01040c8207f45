"""Reading venue.toml: every mistake is named with its place, its value and what was expected, all of them at once."""

import re
import tomllib
from pathlib import Path

import msgspec

from .checks import problems
from .model import VenueConfig


class ConfigError(ValueError):
    """Raised when venue.toml cannot be used; the text has one line for each mistake."""


def load_config(path: Path) -> VenueConfig:
    """Return the configuration in a file. Raises ``ConfigError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; `ringfence init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return parse_config(text, str(path))


def parse_config(text: str, source: str = "venue.toml") -> VenueConfig:
    """Return the configuration in a text; ``source`` names it in messages. Raises ``ConfigError``."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: {error}") from None
    try:
        config = msgspec.convert(tables, VenueConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_readable(str(error))}") from None
    found = problems(config)
    if found:
        raise ConfigError("\n".join(f"{source}: {problem}" for problem in found))
    return config


def _readable(message: str) -> str:
    """Turn msgspec's path (``$.markets[2].tick``) into one that counts entries from 1, and put it first."""
    sentence, _, path = message.partition(" - at `")
    place = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", path.rstrip("`").removeprefix("$").strip("."))
    hint = ' (write decimal numbers in quotes: "0.01")' if "Expected `str" in sentence else ""
    return f"{place + ': ' if place else ''}{sentence[0].lower()}{sentence[1:]}{hint}"
