"""Vaults: how the texts of the command line become fields of the command that sets one."""

from collections.abc import Mapping

from .amounts import parse_units

MILLISECONDS = 3
LEVERAGE_DECIMALS = 2
PPM_DECIMALS = 6
VAULT_PARTS = {"discount": "discount_ppm", "concentration": "concentration_ppm"}
"""Decimal texts that become parts per million."""

VAULT_AMOUNTS = {
    "minimum_mint": "minimum_mint_atoms",
    "minimum_redeem": "minimum_redeem_atoms",
    "maximum_value": "maximum_value_atoms",
}
"""The same that become atoms; share and quote asset have the same decimals."""


def vault_fields(texts: Mapping[str, str | None], decimals: int) -> dict[str, int]:
    """Return the fields of decimal texts, those that are ``None`` left out. Raises ``ValueError`` with the name."""
    widths = {name: (field, PPM_DECIMALS) for name, field in VAULT_PARTS.items()}
    widths |= {name: (field, decimals) for name, field in VAULT_AMOUNTS.items()}
    widths["redeem_delay"] = ("redeem_delay_ms", MILLISECONDS)
    widths["leverage_limit"] = ("leverage_limit_percent", LEVERAGE_DECIMALS)
    found: dict[str, int] = {}
    for name, (field, places) in widths.items():
        text = texts.get(name)
        if text is None:
            continue
        try:
            found[field] = parse_units(text, places)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found
