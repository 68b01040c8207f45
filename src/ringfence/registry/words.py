"""Texts that somebody wrote: what may be stored of them."""

import re

from .reasons import Reason, RegistryError

COUNTRY = re.compile(r"[A-Z]{2}")


def require_words(place: str, text: str, characters: int, *, may_be_empty: bool = False) -> str:
    """Return a text that may be stored. Raises ``RegistryError`` BAD_TEXT."""
    is_plain = len(text) <= characters and text == text.strip() and (text.isprintable() or not text)
    if not is_plain or not (text or may_be_empty):
        raise RegistryError(Reason.BAD_TEXT, repr(text[:60]), place=place)
    return text


def require_country(place: str, text: str) -> str:
    """Return a country of two capital letters (ISO 3166-1). Raises ``RegistryError`` BAD_TEXT."""
    if not COUNTRY.fullmatch(text):
        raise RegistryError(Reason.BAD_TEXT, repr(text[:60]), place=place)
    return text
