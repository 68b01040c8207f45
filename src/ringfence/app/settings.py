"""Settings that an operator gives as texts: what is not named stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ringfence.schema import commands as c
from ringfence.schema.layout import body_fields
from ringfence.schema.tables import BrakesRow, CollateralRow, LendingPoolRow, PerpetualRow

from .errors import WrongUse

Texts = Mapping[str, str | None]
"""Settings as decimal texts; ``None`` leaves one as it is, or at its first value."""


def present_fields(
    row: CollateralRow | LendingPoolRow | PerpetualRow | BrakesRow, command: type[c.Command]
) -> dict[str, int]:
    """Return the settings of a row that a command sets."""
    return {field.name: getattr(row, field.name) for field in body_fields(command)}


def require_texts(texts: Texts, needed: tuple[str, ...]) -> dict[str, int]:
    """Return no fields; ``WrongUse`` when something is not said that must be said the first time."""
    missing = [f"--{name.replace('_', '-')}" for name in needed if texts.get(name) is None]
    if missing:
        raise WrongUse(f"the first time it needs {', '.join(missing)}")
    return {}


def parsed_fields(parse: Callable[[Texts], dict[str, int]], texts: Texts) -> dict[str, int]:
    """Return the fields of texts; ``WrongUse`` with the option when one cannot be read."""
    try:
        return parse(texts)
    except ValueError as error:
        name, _, sentence = str(error).partition(":")
        raise WrongUse(f"--{name.replace('_', '-')}:{sentence}") from None
