"""The door: kind, origin and field bounds of every command, from tables that the schema fills."""

import numpy as np

from ..schema.commands import COMMANDS, PlaceOrder
from ..schema.enums import (
    ALL_LOAN_FLAGS,
    FIRST_RULES,
    LATEST_RULES,
    OrderType,
    SelfTradePrevention,
    Side,
    SlippageKind,
    TimeInForce,
)
from ..schema.fields import MAX_ATOMS, MAX_PRICE_TICKS, MAX_QUANTITY_LOTS, MAX_SEQUENCE
from ..schema.layout import DTYPES, body_fields, tag_of
from ..schema.rejects import Reject
from .emit import refuse, refuse_field
from .jit import cold, hot
from .records import BYTES, CANCEL_ORDER, INTS, PLACE_ORDER, SHORTS, WORDS, Kind, cast

SKIPPED_KIND = 65_535
KINDS = 96
FIELDS = 24
U4 = 5
"""Width code of an unsigned four byte field; the other codes are the widths in bytes."""

ORIGINS = np.zeros((LATEST_RULES + 1, KINDS), np.int64)
"""Under a version of the rules: bit o is set where origin o may give the kind; 0 for what is no kind."""
MARKET_AT = np.zeros((LATEST_RULES + 1, KINDS), np.int64)
"""Under a version of the rules: offset of the field ``market``, 0 where there is none."""
CHECKS = np.zeros((LATEST_RULES + 1, KINDS, FIELDS, 5), np.int64)
"""For each field of a kind under a version of the rules.

Width code (0: no bounds), offset, lowest, highest, place in the declaration.
"""


def _fill_tables(rules):
    for kind in (kind for kind in COMMANDS if kind.since <= rules):
        tag, dtype = tag_of(kind), DTYPES[kind]
        ORIGINS[rules, tag] = sum(1 << origin for origin in kind.origins)
        for place, field in enumerate(body_fields(kind, rules)):
            offset = dtype.fields[field.name][1]
            if field.name == "market":
                MARKET_AT[rules, tag] = offset
            if field.code[0] not in "SB":
                width = U4 if field.code == "u4" else int(field.code[1:])
                CHECKS[rules, tag, place] = width, offset, field.low, field.high, place + 1


for _rules in range(FIRST_RULES, LATEST_RULES + 1):
    _fill_tables(_rules)
CLIENT_IDS_END = next(f.high for f in body_fields(PlaceOrder) if f.name == "client_id")
SLIPPAGE_END = next(f.high for f in body_fields(PlaceOrder) if f.name == "slippage")
MARKETS_END = next(f.high for f in body_fields(PlaceOrder) if f.name == "market")


@cold
def field_value(commands, i, width, offset):
    """Return the value of a field by its width code and offset."""
    if width == 8:
        return np.int64(cast(commands, i, WORDS).word[offset // 8])
    if width == 4:
        return np.int64(cast(commands, i, INTS).word[offset // 4])
    if width == U4:
        return np.int64(cast(commands, i, INTS).word[offset // 4]) & 0xFFFFFFFF
    if width == 2:
        return np.int64(cast(commands, i, SHORTS).word[offset // 2])
    return np.int64(cast(commands, i, BYTES).word[offset])


@cold
def fields_in_range(s, commands, i):
    """Check every field of a command against its declared bounds, in the order of declaration."""
    kind, rules = commands[i].kind, s.venue[0].rules
    for place in range(FIELDS):
        width = CHECKS[rules, kind, place, 0]
        if width != 0:
            value = field_value(commands, i, width, CHECKS[rules, kind, place, 1])
            low, high = CHECKS[rules, kind, place, 2], CHECKS[rules, kind, place, 3]
            if value < low or value > high:
                broken = low if value < low else high
                return refuse_field(s, Reject.FIELD_OUT_OF_RANGE, value, broken, CHECKS[rules, kind, place, 4])
    return True


@hot
def order_fields_in_range(c):
    """Whether every field of a PlaceOrder is within its bounds and nothing is attached; only a yes is an answer."""
    return (
        0 <= c.market <= MARKETS_END
        and c.side <= Side.ASK
        and c.order_type <= OrderType.MARKET
        and c.time_in_force <= TimeInForce.FOK
        and c.post_only <= 1
        and c.self_trade_prevention <= SelfTradePrevention.REJECT_BOTH
        and c.slippage_kind <= SlippageKind.PPM
        and c.loan_flags <= ALL_LOAN_FLAGS
        and c.reduce_only <= 1
        and -1 <= c.client_id <= CLIENT_IDS_END
        and 0 <= c.price_ticks <= MAX_PRICE_TICKS
        and 0 <= c.quantity_lots <= MAX_QUANTITY_LOTS
        and 0 <= c.quote_atoms <= MAX_ATOMS
        and 0 <= c.slippage <= SLIPPAGE_END
        and c.take_profit_by | c.stop_loss_by == 0
        and c.take_profit_ticks | c.take_profit_price_ticks | c.stop_loss_ticks | c.stop_loss_price_ticks == 0
    )


@hot
def cancel_fields_in_range(c):
    """The same for a CancelOrder."""
    return 0 <= c.market <= MARKETS_END and 0 <= c.order <= MAX_SEQUENCE


@hot
def passes_door(s, commands, i):
    """Check kind, origin and fields of a command."""
    kind, origin, rules = commands[i].kind, commands[i].origin, s.venue[0].rules
    if kind == SKIPPED_KIND:
        return refuse(s, Reject.SKIPPED, commands[i].sequence, 0)
    if kind >= KINDS or ORIGINS[rules, kind] == 0:
        return refuse(s, Reject.UNKNOWN_KIND, kind, 0)
    if origin >= 63 or (ORIGINS[rules, kind] >> origin) & 1 == 0:
        return refuse(s, Reject.WRONG_ORIGIN, origin, 0)
    if kind == Kind.PLACE_ORDER:
        return order_fields_in_range(cast(commands, i, PLACE_ORDER)) or fields_in_range(s, commands, i)
    if kind == Kind.CANCEL_ORDER:
        return cancel_fields_in_range(cast(commands, i, CANCEL_ORDER)) or fields_in_range(s, commands, i)
    return fields_in_range(s, commands, i)


@cold
def market_named(s, commands, i):
    """Return the field ``market`` of a command, 0 for a kind without one under the venue's rules."""
    kind = commands[i].kind
    if kind >= KINDS or MARKET_AT[s.venue[0].rules, kind] == 0:
        return 0
    return field_value(commands, i, 4, MARKET_AT[s.venue[0].rules, kind])
