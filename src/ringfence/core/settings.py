"""The clock, the epoch of the rules, and the venue's parameters.  docs/rules.md, "The venue's settings"."""

import numpy as np

from ..schema.commands import SetPricing
from ..schema.enums import LATEST_RULES, PARAMETER_LIMITS, Parameter
from ..schema.rejects import Reject
from .emit import emit, refuse, refuse_field
from .interest import update_pools
from .jit import cold
from .marks import update_prices
from .perpetuals import update_perpetuals
from .records import CLOCK_TICKED, PARAMETER_SET, RULES_SET, EventKind, cast
from .retiring import update_brakes
from .settlement import update_settlement
from .state import BALANCES, CASES, MOST_ENTITLEMENTS, ORDERS, TRIGGERS, VAULT_REDEMPTIONS, WITHDRAWALS
from .triggers import look_at_marks

HASH_BYTES = 32
PRICES_SINCE = SetPricing.since
# A number that no parameter has takes no value at all.
LOWEST = np.ones(32, np.int64)
HIGHEST = np.zeros(32, np.int64)
for _parameter, (_low, _high, _) in PARAMETER_LIMITS.items():
    LOWEST[_parameter], HIGHEST[_parameter] = _low, _high


@cold
def clock(s, c):
    """Let a second pass."""
    event = cast(s.events, emit(s, EventKind.CLOCK_TICKED, c.account, 0), CLOCK_TICKED)
    for i in range(HASH_BYTES):
        s.venue[0].seed[i] = c.seed[i]
        event.seed[i] = c.seed[i]
    if s.venue[0].rules >= PRICES_SINCE:
        s.venue[0].clock_us = s.venue[0].time_us
        update_prices(s)
        update_pools(s)
        update_perpetuals(s)
        update_settlement(s)
        update_brakes(s)
        look_at_marks(s)
        s.venue[0].deleverages = 1 if s.venue[0].first_case != 0 else 0
    return True


@cold
def set_rules(s, c):
    """Open an epoch of the rules."""
    venue = s.venue[0]
    if c.rules_version < venue.rules_version:
        return refuse(s, Reject.RANGE_REVERSED, c.rules_version, venue.rules_version)
    # What the latest rules brought may be in use already; earlier ones would hide it from the rows.
    if venue.rules_version == 0 and venue.sequence != 1 and c.rules_version < LATEST_RULES:
        return refuse(s, Reject.RANGE_REVERSED, c.rules_version, LATEST_RULES)
    venue.rules_version = c.rules_version
    venue.rules = min(c.rules_version, LATEST_RULES)
    event = cast(s.events, emit(s, EventKind.RULES_SET, c.account, 0), RULES_SET)
    event.rules_version = c.rules_version
    for i in range(HASH_BYTES):
        venue.schema_hash[i] = c.schema_hash[i]
        event.schema_hash[i] = c.schema_hash[i]
    return True


@cold
def in_use(s, parameter):
    """Return how much of a capacity is in use; 0 for a parameter that is none."""
    venue = s.venue[0]
    if parameter == Parameter.USERS:
        return venue.users
    if parameter == Parameter.ACCOUNTS:
        return venue.next_account
    if parameter == Parameter.BALANCES:
        return s.pools[BALANCES].rows
    if parameter == Parameter.ORDERS:
        return s.pools[ORDERS].rows
    if parameter == Parameter.WITHDRAWALS:
        return s.pools[WITHDRAWALS].rows
    if parameter == Parameter.MARKETS:
        return venue.markets
    if parameter == Parameter.ASSETS:
        return venue.assets
    if parameter == Parameter.TRIGGERS:
        return s.pools[TRIGGERS].rows
    if parameter == Parameter.CASES:
        return s.pools[CASES].rows
    if parameter == Parameter.VAULT_REDEMPTIONS:
        return s.pools[VAULT_REDEMPTIONS].rows
    return 0


@cold
def set_parameter(s, c):
    """Change a parameter within its bounds and not below what is in use."""
    low, high = LOWEST[c.parameter], HIGHEST[c.parameter]
    if c.value < low:
        return refuse_field(s, Reject.FIELD_OUT_OF_RANGE, c.value, low, 2)
    if c.value > high:
        return refuse_field(s, Reject.FIELD_OUT_OF_RANGE, c.value, high, 2)
    used = in_use(s, c.parameter)
    if c.value < used:
        return refuse(s, Reject.BELOW_USE, c.value, used)
    if c.parameter == Parameter.ACCOUNTS and c.value * s.venue[0].actions > MOST_ENTITLEMENTS:
        return refuse(s, Reject.VENUE_FULL, s.venue[0].actions, MOST_ENTITLEMENTS // c.value)
    s.parameters[c.parameter] = c.value
    event = cast(s.events, emit(s, EventKind.PARAMETER_SET, c.account, 0), PARAMETER_SET)
    event.parameter = c.parameter
    event.value = c.value
    return True
