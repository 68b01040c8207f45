"""Perpetuals: how the texts of venue.toml and of the command line become fields of a command."""

from collections.abc import Mapping

from ringfence.schema.commands import SetPerpetual

from .amounts import parse_units
from .model import PerpetualConfig

FUNDING_DECIMALS = 10
E8_PER_PPM = 100
PERPETUAL_TEXTS = {
    "initial_base": ("initial_base_e8", 8),
    "initial_factor": ("initial_factor_e8", 8),
    "maintenance_base": ("maintenance_base_e8", 8),
    "maintenance_factor": ("maintenance_factor_e8", 8),
    "interest_rate": ("interest_rate_e10", FUNDING_DECIMALS),
    "lowest_funding": ("lowest_funding_e10", FUNDING_DECIMALS),
    "highest_funding": ("highest_funding_e10", FUNDING_DECIMALS),
    "mark_bound": ("mark_bound_ppm", 6),
}
"""Decimal texts of [markets.perpetual], the fields that they become, and the decimals that those count."""

PERPETUAL_LIMITS = {"position_limit": "position_limit_lots", "open_interest_limit": "open_interest_limit_lots"}
"""The same of limits, which are in units of the base asset and become lots."""

HIGHEST_MARK_BOUND_PPM = 50_000
"""How far the mark of a perpetual may stand from the index where nobody says it, whatever its margin."""

SIGNED = ("interest_rate", "lowest_funding", "highest_funding")


def perpetual_command(market: int, lot_atoms: int, base_decimals: int, config: PerpetualConfig) -> SetPerpetual:
    """Return the command of a perpetual's rules; the market counts lots of so many atoms of the base asset."""
    texts = {name: getattr(config, name) for name in (*PERPETUAL_TEXTS, *PERPETUAL_LIMITS)}
    fields = perpetual_fields(texts, lot_atoms, base_decimals)
    bound_ppm = min(highest_mark_bound_ppm(fields["maintenance_base_e8"]), HIGHEST_MARK_BOUND_PPM)
    return SetPerpetual(market=market, **({"mark_bound_ppm": bound_ppm} | fields))


def highest_mark_bound_ppm(maintenance_base_e8: int) -> int:
    """Return how far the mark may stand from the index before a moved book alone takes half of a maintenance margin."""
    return maintenance_base_e8 // (2 * E8_PER_PPM)


def mark_bound_warning(mark_bound: str, maintenance_base: str) -> str | None:
    """Return a sentence if a mark may stand so far from the index that who moves a book endangers others."""
    if parse_units(mark_bound, 6) <= highest_mark_bound_ppm(parse_units(maintenance_base, 8)):
        return None
    return (
        f"mark_bound: {mark_bound} is more than half of maintenance_base, which is {maintenance_base}: "
        "whoever moves the book can take a position below its maintenance margin while the index stands still"
    )


def perpetual_fields(texts: Mapping[str, str | None], lot_atoms: int, base_decimals: int) -> dict[str, int]:
    """Return the fields of decimal texts, those that are ``None`` left out. Raises ``ValueError`` with the name."""
    found: dict[str, int] = {}
    for name, text in texts.items():
        if text is None:
            continue
        try:
            if name in PERPETUAL_LIMITS:
                found[PERPETUAL_LIMITS[name]] = parse_lots(text, lot_atoms, base_decimals)
            else:
                field, decimals = PERPETUAL_TEXTS[name]
                found[field] = parse_signed(text, decimals) if name in SIGNED else parse_units(text, decimals)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found


def parse_signed(text: str, decimals: int) -> int:
    """Return how many units of ``10 ** -decimals`` a decimal text is that may have a minus sign."""
    units = parse_units(text.removeprefix("-"), decimals)
    return -units if text.startswith("-") else units


def parse_lots(text: str, lot_atoms: int, base_decimals: int) -> int:
    """Return how many lots an amount of the base asset is, which must be a whole number of them."""
    lots, rest = divmod(parse_units(text, base_decimals), lot_atoms)
    if rest:
        raise ValueError(f"{text} is not a multiple of step")
    return lots
