"""The commented venue.toml that `ringfence init` writes; the demo runs on the same text."""

from importlib.resources import files

from .load import parse_config
from .model import VenueConfig

TEMPLATE = files("ringfence.config").joinpath("venue.toml").read_text(encoding="utf-8")


def template_config() -> VenueConfig:
    """Return the configuration that the template holds."""
    return parse_config(TEMPLATE, "the built-in venue.toml")
