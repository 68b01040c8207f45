"""What a person may do with shares, decided from what is known of him and the rules of the day.

Nothing here is law by itself: who is refused where, and what treaties leave of a tax, is dated configuration
(``eligibility.toml``).  A refusal has a code and a sentence.  The venue enforces by the flags that follow.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from ringfence.schema.commands import SetEligibility

RULES = Path(__file__).with_name("eligibility.toml")
LAST_DAY_OF_YEAR = (12, 31)


class Capability(StrEnum):
    """What somebody may do with the shares of a class."""

    VIEW = "view"
    HOLD = "hold"
    BUY = "buy"
    SELL = "sell"
    LEND = "lend"
    WITHDRAW = "withdraw"
    VOTE = "vote"
    RECEIVE = "receive"


class Screening(StrEnum):
    """What the lists of sanctions say."""

    CLEAR = "CLEAR"
    PENDING = "PENDING"
    HIT = "HIT"


class Code(StrEnum):
    """Why somebody may not do something, in the order of the checks."""

    SCREENING_HIT = "SCREENING_HIT"
    US_PERSON = "US_PERSON"
    BLOCKED_REGION = "BLOCKED_REGION"
    REGION_NOT_SERVED = "REGION_NOT_SERVED"
    SCREENING_PENDING = "SCREENING_PENDING"
    NOT_IDENTIFIED = "NOT_IDENTIFIED"


class TaxForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form W-8BEN: who signed it says in which country he pays his taxes; without a number it claims no treaty."""

    signed: date
    treaty_country: str
    tax_number: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a user. Countries are ISO 3166 codes, regions of them with a hyphen (``UA-43``)."""

    user: int
    residence: str
    nationalities: tuple[str, ...]
    identified: bool = True
    screening: Screening = Screening.CLEAR
    was_eligible: bool = False
    tax_form: TaxForm | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """Where people live, or whose they are, who are not served, from when and until when."""

    code: Code
    sentence: str
    residence: tuple[str, ...]
    nationality: tuple[str, ...]
    since: date
    until: date = date.max


class Left(msgspec.Struct, frozen=True):
    """What is left to somebody who is refused."""

    capabilities: frozenset[Capability]


class Withholding(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """The tax on a dividend without a treaty, in parts per million of the gross, and how long a form is good for."""

    rule: str
    rate_ppm: int
    years_valid: int
    since: date


class Treaty(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """What a treaty leaves of that tax to people of some countries."""

    countries: tuple[str, ...]
    rate_ppm: int
    since: date
    until: date = date.max


class Rules(msgspec.Struct, frozen=True):
    """All of the configuration."""

    refused: tuple[Refused, ...]
    liquidate_only: Left
    screening_hit: Left
    withholding: Withholding
    treaty: tuple[Treaty, ...]


class Decision(NamedTuple):
    """What a person may do; ``code`` and ``sentence`` say why no more, if it is not everything."""

    capabilities: frozenset[Capability]
    code: Code | None = None
    sentence: str = ""


@cache
def load_rules(path: Path = RULES) -> Rules:
    """Return the rules of a file; raises ``msgspec.ValidationError`` with the place for what is none."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Rules)


def decide(person: Person, on: date, rules: Rules | None = None) -> Decision:
    """Return what a person may do on a day with shares that not everybody may hold."""
    rules = rules or load_rules()
    if person.screening is Screening.HIT:
        sentence = "a screening found the person on a list of sanctions: nothing moves, and what is due is held"
        return Decision(rules.screening_hit.capabilities, Code.SCREENING_HIT, sentence)
    why = next(
        (_why(person, one) for one in rules.refused if one.since <= on < one.until and _meets(person, one)), None
    )
    why = why or _not_yet(person)
    if why is None:
        return Decision(frozenset(Capability))
    left = rules.liquidate_only.capabilities if person.was_eligible else frozenset({Capability.VIEW})
    return Decision(left, *why)


def _meets(person: Person, refused: Refused) -> bool:
    lives_there = person.residence in refused.residence
    return lives_there or any(nation in refused.nationality for nation in person.nationalities)


def _why(person: Person, refused: Refused) -> tuple[Code, str]:
    what = f"residence {person.residence}, nationality {'/'.join(person.nationalities)}"
    return refused.code, f"{what}: {refused.sentence}"


def _not_yet(person: Person) -> tuple[Code, str] | None:
    if person.screening is Screening.PENDING:
        return Code.SCREENING_PENDING, "the screening against lists of sanctions has not ended"
    if not person.identified:
        return Code.NOT_IDENTIFIED, "who the person is has not been established"
    return None


def tax_rate_ppm(person: Person, on: date, rules: Rules | None = None) -> int:
    """Return the tax on a dividend from the United States, in parts per million of the gross.

    A treaty counts with a form that is good on the day and has a tax number.
    """
    rules = rules or load_rules()
    form, withholding = person.tax_form, rules.withholding
    if form is None or not form.tax_number or not form.signed <= on <= valid_until(form, withholding.years_valid):
        return withholding.rate_ppm
    found = (one for one in rules.treaty if form.treaty_country in one.countries and one.since <= on < one.until)
    return min((one.rate_ppm for one in found), default=withholding.rate_ppm)


def valid_until(form: TaxForm, years: int) -> date:
    """Return the last day on which a form counts: the end of a calendar year."""
    return date(form.signed.year + years, *LAST_DAY_OF_YEAR)


def flags(person: Person, classes: Iterable[int], on: date, rules: Rules | None = None) -> SetEligibility:
    """Return the command that lets the venue enforce what was decided for these classes of shares."""
    rules = rules or load_rules()
    may, mask = decide(person, on, rules).capabilities, sum(1 << number for number in set(classes))

    def of(capability: Capability) -> int:
        return mask if capability in may else 0

    return SetEligibility(
        user=person.user,
        buy_classes=of(Capability.BUY),
        sell_classes=of(Capability.SELL),
        hold_classes=of(Capability.HOLD),
        withdraw_classes=of(Capability.WITHDRAW),
        lend_classes=of(Capability.LEND),
        receive_classes=of(Capability.RECEIVE),
        tax_relief_ppm=rules.withholding.rate_ppm - tax_rate_ppm(person, on, rules),
    )


def sweep(
    people: Iterable[Person], known: dict[int, SetEligibility], classes: Iterable[int], on: date
) -> list[SetEligibility]:
    """Return the commands of those whose flags are others than the venue knows: forms end, rules begin."""
    numbers = tuple(classes)
    wanted = [flags(person, numbers, on) for person in people]
    return [command for command in wanted if known.get(command.user) != command]
