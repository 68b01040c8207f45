"""Where prices come from: sources, their weights, and what each said last.  docs/rules.md, "Prices"."""

from ..schema.enums import PriceState, Session
from ..schema.fields import MAX_PRICE_UNITS
from ..schema.rejects import Reject
from .admission import known_asset
from .bits import divide_down
from .emit import emit, refuse, refuse_asset, refuse_field
from .jit import cold, hot
from .listings import is_text
from .records import PRICE_SOURCE_SET, PRICE_WEIGHT_SET, PRICING_SET, QUOTED, SESSION_SET, EventKind, cast
from .state import QUOTES_PER_ASSET
from .valuation import set_worth

NAME_BYTES = 16


@hot
def quote_slot(asset, source):
    """Return the row of ``quotes`` for an asset and a source."""
    return asset * QUOTES_PER_ASSET + source


@cold
def set_price_source(s, c):
    """Name a source, and switch it on or off."""
    if c.name[0] == 0 or not is_text(c.name, NAME_BYTES, False):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 2)
    row = s.price_sources[c.price_source]
    event = cast(s.events, emit(s, EventKind.PRICE_SOURCE_SET, c.account, 0), PRICE_SOURCE_SET)
    for i in range(NAME_BYTES):
        row.name[i] = c.name[i]
        event.name[i] = c.name[i]
    row.enabled = c.enabled
    event.enabled = c.enabled
    event.price_source = c.price_source
    for asset in range(1, s.venue[0].assets + 1):
        if s.prices[asset].minimum_sources != 0:
            s.prices[asset].quoted_us = s.venue[0].time_us
    return True


@cold
def set_pricing(s, c):
    """Say how an asset's price is made; from now on it has one."""
    if not known_asset(s, c.asset):
        return False
    row = s.prices[c.asset]
    if row.minimum_sources == 0:
        row.session, row.price_state = Session.OPEN, PriceState.NONE
    row.minimum_sources, row.maximum_age_ms = c.minimum_sources, c.maximum_age_ms
    row.clamp_ppm, row.update_cap_ppm, row.closed_haircut_ppm = c.clamp_ppm, c.update_cap_ppm, c.closed_haircut_ppm
    row.quoted_us = s.venue[0].time_us
    set_worth(s, c.asset)
    event = cast(s.events, emit(s, EventKind.PRICING_SET, c.account, 0), PRICING_SET)
    event.asset = c.asset
    event.minimum_sources, event.maximum_age_ms = c.minimum_sources, c.maximum_age_ms
    event.clamp_ppm, event.update_cap_ppm, event.closed_haircut_ppm = (
        c.clamp_ppm,
        c.update_cap_ppm,
        c.closed_haircut_ppm,
    )
    return True


@cold
def priced_asset(s, asset):
    """Check that an asset is listed and priced."""
    if not known_asset(s, asset):
        return False
    return s.prices[asset].minimum_sources != 0 or refuse_asset(s, Reject.NOT_PRICED, 0, 0, asset)


@cold
def named_source(s, source):
    """Check that a price source has a name."""
    return s.price_sources[source].name[0] != 0 or refuse(s, Reject.UNKNOWN_PRICE_SOURCE, source, 0)


@cold
def set_price_weight(s, c):
    """Say how much a source counts for an asset."""
    if not (priced_asset(s, c.asset) and named_source(s, c.price_source)):
        return False
    row = s.quotes[quote_slot(c.asset, c.price_source)]
    row.weight = c.weight
    if c.weight == 0:
        row.price_units, row.bid_units, row.ask_units, row.last_units, row.observed_us = 0, 0, 0, 0, 0
    s.prices[c.asset].quoted_us = s.venue[0].time_us
    event = cast(s.events, emit(s, EventKind.PRICE_WEIGHT_SET, c.account, 0), PRICE_WEIGHT_SET)
    event.asset, event.price_source, event.weight = c.asset, c.price_source, c.weight
    return True


@cold
def set_session(s, c):
    """Say whether an asset is traded where its prices come from."""
    if not priced_asset(s, c.asset):
        return False
    s.prices[c.asset].session, s.prices[c.asset].quoted_us = c.session, s.venue[0].time_us
    event = cast(s.events, emit(s, EventKind.SESSION_SET, c.account, 0), SESSION_SET)
    event.asset, event.session = c.asset, c.session
    return True


@hot
def median_of(bid, ask, last):
    """Return the price that a quote says: the median of the three, or what stands in for it."""
    if bid == 0 or ask == 0:
        return last
    if last == 0:
        return (bid + ask) // 2
    return max(bid, min(ask, last))


@hot
def unsplit(row, units):
    """Return a price for a whole share as one for a share as it was when it was listed; 0 stays 0."""
    new, old = max(row.share_new, 1), max(row.share_old, 1)
    if new == old or units == 0:
        return units
    return max(divide_down(units, new, old), 1)


@cold
def quote_counts(s, c):
    """Check that the source may speak of the asset."""
    if not (priced_asset(s, c.asset) and named_source(s, c.price_source)):
        return False
    if s.price_sources[c.price_source].enabled == 0:
        return refuse(s, Reject.PRICE_SOURCE_DISABLED, c.price_source, 0)
    if s.quotes[quote_slot(c.asset, c.price_source)].weight == 0:
        return refuse_asset(s, Reject.SOURCE_NOT_WEIGHTED, c.price_source, 0, c.asset)
    return True


@cold
def quote_sensible(s, c):
    """Check a quote's prices and the time at which it was seen."""
    if (c.bid_units == 0 or c.ask_units == 0) and c.last_units == 0:
        return refuse_asset(s, Reject.QUOTE_EMPTY, 0, 0, c.asset)
    if c.ask_units != 0 and c.bid_units > c.ask_units:
        return refuse_asset(s, Reject.QUOTE_CROSSED, c.bid_units, c.ask_units, c.asset)
    before = s.quotes[quote_slot(c.asset, c.price_source)].observed_us
    if c.observed_us <= before:
        return refuse(s, Reject.QUOTE_NOT_LATER, c.observed_us, before)
    if c.observed_us > s.venue[0].time_us:
        return refuse(s, Reject.QUOTE_FROM_FUTURE, c.observed_us, s.venue[0].time_us)
    highest = unsplit(s.assets[c.asset], max(max(c.bid_units, c.ask_units), c.last_units))
    if highest > MAX_PRICE_UNITS:
        return refuse_asset(s, Reject.VALUE_TOO_LARGE, highest, MAX_PRICE_UNITS, c.asset)
    return True


@cold
def take_quote(s, c):
    """Remember what a source says of an asset."""
    if not (quote_counts(s, c) and quote_sensible(s, c)):
        return False
    row, asset = s.quotes[quote_slot(c.asset, c.price_source)], s.assets[c.asset]
    row.bid_units, row.ask_units = unsplit(asset, c.bid_units), unsplit(asset, c.ask_units)
    row.last_units, row.observed_us = unsplit(asset, c.last_units), c.observed_us
    row.price_units = median_of(row.bid_units, row.ask_units, row.last_units)
    s.prices[c.asset].quoted_us = s.venue[0].time_us
    event = cast(s.events, emit(s, EventKind.QUOTED, c.account, 0), QUOTED)
    event.asset, event.price_source = c.asset, c.price_source
    event.price_units, event.observed_us = row.price_units, c.observed_us
    return True
