"""Decimal texts of the configuration as whole numbers of the smallest unit; digits are moved, nothing is rounded."""

DIGITS_MAXIMUM = 40


def parse_units(text: str, decimals: int) -> int:
    """Return how many units of ``10 ** -decimals`` a plain decimal text such as ``"0.01"`` is.

    Raises ``ValueError`` with a sentence for anything else, and for a text that is finer than the unit.
    """
    whole, point, fraction = text.partition(".")
    plain = text.isascii() and whole.isdigit() and (fraction.isdigit() if point else True)
    if not plain or len(text) > DIGITS_MAXIMUM:
        raise ValueError(f'expected a decimal number in quotes such as "0.01", got {text[:DIGITS_MAXIMUM]!r}')
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise ValueError(f"{text} has {len(fraction)} decimals, at most {decimals} can be counted")
    return int(whole + fraction.ljust(decimals, "0"))
