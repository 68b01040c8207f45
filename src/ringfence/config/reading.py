"""Reading a TOML file that people write: what is wrong with it is said with its place and what was expected."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")


class ConfigError(ValueError):
    """Raised when a file that somebody wrote cannot be used; the text has one line for each mistake."""


def read_text(path: Path, error: type[ConfigError], advice: str) -> str:
    """Return the text of a file; ``advice`` says how to come by one that is not there."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise error(f"{path}: there is no such file; {advice}") from None
    except (OSError, UnicodeDecodeError) as reason:
        raise error(f"{path}: cannot be read: {reason}") from None


def parse_tables(
    text: str,
    source: str,
    shape: type[Shape],
    error: type[ConfigError],
    *,
    parse_float: Callable[[str], Any] = float,
    strict: bool = True,
    hint: str = "",
) -> Shape:
    """Return what a text says in a shape; ``source`` names it in messages, ``hint`` is for who wrote no text."""
    try:
        tables = tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as reason:
        raise error(f"{source}: {reason}") from None
    try:
        return msgspec.convert(tables, shape, strict=strict)
    except msgspec.ValidationError as reason:
        raise error(f"{source}: {_readable(str(reason), hint)}") from None


def require_none(problems: list[str], source: str, error: type[ConfigError]) -> None:
    """Raise when there are problems, with a line for each."""
    if problems:
        raise error("\n".join(f"{source}: {problem}" for problem in problems))


def _readable(message: str, hint: str) -> str:
    """Turn msgspec's path (``$.markets[2].tick``) into one that counts entries from 1, and put it first."""
    sentence, _, path = message.partition(" - at `")
    place = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", path.rstrip("`").removeprefix("$").strip("."))
    advice = f" ({hint})" if hint and "Expected `str" in sentence else ""
    return f"{place + ': ' if place else ''}{sentence[0].lower()}{sentence[1:]}{advice}"
