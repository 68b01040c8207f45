"""Brakes: how the texts of venue.toml and of the command line become fields of a command."""

from collections.abc import Mapping

from ringfence.schema.commands import SetBrakes

from .amounts import parse_units
from .model import BrakesConfig
from .perpetuals import parse_lots

MS_DECIMALS, FRACTION_DECIMALS = 3, 6
BRAKE_TEXTS = {
    "band": ("band_ppm", FRACTION_DECIMALS),
    "window_s": ("window_ms", MS_DECIMALS),
    "halt_s": ("halt_ms", MS_DECIMALS),
    "auction_s": ("auction_ms", MS_DECIMALS),
    "stale": ("stale_ppm", FRACTION_DECIMALS),
    "far": ("far_ppm", FRACTION_DECIMALS),
    "stale_age_s": ("stale_age_ms", MS_DECIMALS),
}
"""Decimal texts of [markets.brakes], the fields that they become, and the decimals that those count."""

BRAKE_LOTS = {"interest_low": "interest_low_lots", "interest_high": "interest_high_lots"}
"""The same of what is in units of the base asset and becomes lots."""


def brakes_command(market: int, lot_atoms: int, base_decimals: int, config: BrakesConfig) -> SetBrakes:
    """Return the command of a market's brakes; the market counts lots of so many atoms of the base asset."""
    texts = {name: getattr(config, name) for name in (*BRAKE_TEXTS, *BRAKE_LOTS)}
    return SetBrakes(market=market, **brake_fields(texts, lot_atoms, base_decimals))


def brake_fields(texts: Mapping[str, str | None], lot_atoms: int, base_decimals: int) -> dict[str, int]:
    """Return the fields of decimal texts, those that are ``None`` left out. Raises ``ValueError`` with the name."""
    found: dict[str, int] = {}
    for name, text in texts.items():
        if text is None:
            continue
        try:
            if name in BRAKE_LOTS:
                found[BRAKE_LOTS[name]] = parse_lots(text, lot_atoms, base_decimals)
            else:
                field, decimals = BRAKE_TEXTS[name]
                found[field] = parse_units(text, decimals)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found
