"""Field types of records: width, unit and bounds, declared once and carried by the annotation.

``quantity_lots: Lots`` says to a reader what the number counts, to Python that it is an ``int``, and to
``layout`` how many bytes it takes and which values may pass the door.
"""

from enum import IntEnum
from typing import Annotated, NamedTuple, get_args, get_type_hints

import msgspec

from .enums import (
    ALL_ACCOUNT_FLAGS,
    ALL_LOAN_FLAGS,
    FIRST_RULES,
    LATEST_RULES,
    MOST_SPLIT,
    MOST_VAULTS,
    PRICE_SOURCES,
    is_known,
)

MAX_PRICE_TICKS = 2**48 - 1
MAX_QUANTITY_LOTS = 2**48
MAX_ATOMS = 2**62
MAX_SEQUENCE = 2**62
MAX_PRICE_UNITS = 2**50 - 1
MAX_POOL_ATOMS = 2**56
MAX_LOAN_INDEX = 2**58
MAX_VALUE = 2**60
MAX_RATE_E8 = 10**10


class Field(NamedTuple):
    """What the layout knows of a field: numpy code, unit in words, lowest and highest value (integers only).

    ``since`` is the version of the rules that brought it.
    """

    name: str
    code: str
    unit: str
    low: int
    high: int
    enum: type[IntEnum] | None
    since: int


def unit(code: str, words: str, low: int = 0, high: int = MAX_ATOMS, since: int = FIRST_RULES) -> msgspec.Meta:
    """Annotate an integer field with its numpy code, its unit in words and its inclusive bounds."""
    return msgspec.Meta(extra={"code": code, "unit": words, "low": low, "high": high, "since": since})


def text(length: int, words: str, since: int = FIRST_RULES) -> msgspec.Meta:
    """Annotate a fixed ASCII field of at most ``length`` characters, padded with zero bytes."""
    return msgspec.Meta(extra={"code": f"S{length}", "unit": words, "low": 0, "high": 0, "since": since})


def raw(length: int, words: str) -> msgspec.Meta:
    """Annotate a field of exactly ``length`` raw bytes."""
    return msgspec.Meta(extra={"code": f"B{length}", "unit": words, "low": 0, "high": 0})


def member(enum: type[IntEnum], code: str = "u1", since: int = FIRST_RULES) -> msgspec.Meta:
    """Annotate a field that holds a member of ``enum``."""
    low, high = min(enum), max(enum)
    extra = {"code": code, "unit": enum.__name__, "low": int(low), "high": int(high), "enum": enum, "since": since}
    return msgspec.Meta(extra=extra)


# The units of the venue.  Zero means "none" for every number that names a thing: accounts, markets, assets,
# users and orders are counted from 1.
Sequence = Annotated[int, unit("i8", "sequence", 0, MAX_SEQUENCE)]
TimeUs = Annotated[int, unit("i8", "microseconds UTC since 1970", 0, MAX_SEQUENCE)]
Request = Annotated[int, unit("i8", "submitter's number", -(2**63), 2**63 - 1)]
AccountNumber = Annotated[int, unit("i4", "account", 0, 2**31 - 1)]
UserNumber = Annotated[int, unit("i4", "user", 0, 2**31 - 1)]
AssetNumber = Annotated[int, unit("i4", "asset", 0, 2**16 - 1)]
MarketNumber = Annotated[int, unit("i4", "market", 0, 2**31 - 1)]
ConversionDiscount = Annotated[int, unit("i4", "parts per million below the mark", 0, 500_000)]
OrderNumber = Annotated[int, unit("i8", "order (its sequence)", 0, MAX_SEQUENCE)]
ClientId = Annotated[int, unit("i8", "client's order number, -1 for none", -1, 2**32 - 1)]
PriceTicks = Annotated[int, unit("i8", "ticks", 0, MAX_PRICE_TICKS)]
QuantityLots = Annotated[int, unit("i8", "lots", 0, MAX_QUANTITY_LOTS)]
Atoms = Annotated[int, unit("i8", "atoms of the asset", 0, MAX_ATOMS)]
PositiveAtoms = Annotated[int, unit("i8", "atoms of the asset", 1, MAX_ATOMS)]
PositiveTicks = Annotated[int, unit("i8", "ticks", 1, MAX_PRICE_TICKS)]
PositiveLots = Annotated[int, unit("i8", "lots", 1, MAX_QUANTITY_LOTS)]
SignedAtoms = Annotated[int, unit("i8", "atoms of the asset, signed", -MAX_ATOMS, MAX_ATOMS)]
Ppm = Annotated[int, unit("i8", "parts per million", 0, 10**9)]
SignedPpm = Annotated[int, unit("i4", "parts per million, signed", -100_000, 100_000)]
Count = Annotated[int, unit("i8", "count", 0, MAX_SEQUENCE)]
Decimals = Annotated[int, unit("u1", "decimal places of one whole unit", 0, 12)]
PriceUnits = Annotated[int, unit("i8", "10^-8 of the cash unit per whole unit of the asset", 0, MAX_PRICE_UNITS)]
Rate = Annotated[int, unit("i8", "hundred-millionths", 0, MAX_RATE_E8)]
Share = Annotated[int, unit("i8", "hundred-millionths, at most one", 0, 10**8)]
LoanShares = Annotated[
    int, unit("i8", "shares of the lending pool, above 0 lent, below 0 owed", -MAX_ATOMS, MAX_ATOMS, since=2)
]
LoanIndex = Annotated[int, unit("i8", "2^-52 atoms a share", 0, MAX_LOAN_INDEX)]
Value = Annotated[int, unit("i8", "millionths of the cash unit", 0, MAX_VALUE, since=2)]
SignedValue = Annotated[int, unit("i8", "millionths of the cash unit, signed", -MAX_VALUE, MAX_VALUE, since=2)]
VaultNumber = Annotated[int, unit("i4", "vault", 0, MOST_VAULTS, since=2)]
VaultDiscount = Annotated[int, unit("i4", "parts per million below or above the mark", 0, 500_000, since=2)]
RedeemDelay = Annotated[int, unit("i8", "milliseconds", 0, 366 * 86_400_000, since=2)]
CaseNumber = Annotated[int, unit("i8", "case", 0, MAX_SEQUENCE, since=2)]
LoanFlags = Annotated[int, unit("u1", "LoanFlag bits", 0, ALL_LOAN_FLAGS, since=2)]
AccountFlags = Annotated[int, unit("u1", "AccountFlag bits", 0, ALL_ACCOUNT_FLAGS, since=2)]
LeverageLimit = Annotated[int, unit("i4", "hundredths, 0 for no limit", 0, 100_000, since=2)]
FundingRate = Annotated[int, unit("i8", "10^-10 an interval", -(10**10), 10**10)]
SignedLots = Annotated[int, unit("i8", "lots, signed", -MAX_QUANTITY_LOTS, MAX_QUANTITY_LOTS)]
FundingIndex = Annotated[int, unit("i8", "2^-20 atoms a lot, signed", -(2**62), 2**62)]
MarketType = Annotated[int, unit("u1", "MarketKind", 0, 1, since=2)]
ReduceOnly = Annotated[int, unit("u1", "0 or 1", 0, 1, since=2)]
AttachedTicks = Annotated[int, unit("i8", "ticks, 0 for none", 0, MAX_PRICE_TICKS, since=2)]
BandPpm = Annotated[int, unit("i8", "parts per million of the reference, 0 for none", 0, 999_999)]
BrakeMs = Annotated[int, unit("i8", "milliseconds", 0, 86_400_000)]
DistancePpm = Annotated[int, unit("i8", "parts per million of the mark, 0 for none", 0, 10**7)]
QuantityPercent = Annotated[int, unit("u1", "percent, 0 for none", 0, 100)]
PriceSource = Annotated[int, unit("u1", "price source", 1, PRICE_SOURCES)]
SourceMask = Annotated[int, unit("i4", "bit mask over price sources", 0, 2**16 - 1)]
Flag = Annotated[int, unit("u1", "0 or 1", 0, 1)]
SplitFactor = Annotated[int, unit("i4", "shares", 1, MOST_SPLIT)]
ShareFactor = Annotated[int, unit("i4", "shares, 0 for one", 0, MOST_SPLIT, since=2)]
ActionNumber = Annotated[int, unit("i4", "corporate action", 1, 2**31 - 1)]
ActionVersion = Annotated[int, unit("i4", "version of the action", 1, 2**31 - 1)]
LaterClassMask = Annotated[int, unit("i8", "bit mask over eligibility classes", 0, MAX_ATOMS, since=2)]
TaxRelief = Annotated[int, unit("i4", "parts per million less than DIVIDEND_TAX_PPM", 0, 1_000_000, since=2)]
ClassMask = Annotated[int, unit("i8", "bit mask over eligibility classes", 0, MAX_ATOMS)]


def fields_of(record: type, rules: int = LATEST_RULES) -> list[Field]:
    """Return the annotated fields that a record class has under a version of the rules.

    Base classes come first, then the order of declaration; bounds of closed lists are those of that version.
    """
    hints = get_type_hints(record, include_extras=True)
    found: list[Field] = []
    for name in record.__struct_fields__:  # type: ignore[attr-defined]
        meta = next(m for m in get_args(hints[name]) if isinstance(m, msgspec.Meta))
        extra = meta.extra or {}
        since = max(extra.get("since", FIRST_RULES), record.since)  # type: ignore[attr-defined]
        found.append(Field(name, extra["code"], extra["unit"], extra["low"], extra["high"], extra.get("enum"), since))
    return [_under(field, rules) for field in found if field.since <= rules]


def _under(field: Field, rules: int) -> Field:
    if field.enum is None:
        return field
    return field._replace(high=max(int(member) for member in field.enum if is_known(member, rules)))
