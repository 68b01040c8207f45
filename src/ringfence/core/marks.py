"""What an asset is worth: at every Clock, an index from the quotes that are fresh, and a mark that follows it.

docs/rules.md, "Prices".  A minority of the weight cannot move the index further than the clamp around the weighted
median, and the mark moves no faster than its cap.
"""

from ..schema.enums import PRICE_SOURCES, PriceState, Session
from .bounds import PPM, scale_down, scale_up
from .emit import emit
from .jit import cold, hot
from .quotes import quote_slot
from .records import PRICE_UPDATED, EventKind, cast
from .valuation import set_worth

US_PER_MS, US_PER_S = 1_000, 1_000_000


@hot
def is_fresh(s, price, asset, source):
    """Whether a quote counts now."""
    quote = s.quotes[quote_slot(asset, source)]
    if quote.price_units == 0 or s.price_sources[source].enabled == 0:
        return False
    return s.venue[0].time_us - quote.observed_us <= price.maximum_age_ms * US_PER_MS


@cold
def fresh_sources(s, asset):
    """Return the sources whose quotes of an asset count now, as a mask, and how many there are."""
    mask, count = 0, 0
    for source in range(1, PRICE_SOURCES + 1):
        if is_fresh(s, s.prices[asset], asset, source):
            mask |= 1 << source
            count += 1
    return mask, count


@cold
def weighted_median(s, asset, mask):
    """Return the first price, from below, at which half of the weight is reached."""
    whole = 0
    for source in range(1, PRICE_SOURCES + 1):
        if mask >> source & 1:
            whole += s.quotes[quote_slot(asset, source)].weight
    left, reached, found = mask, 0, 0
    while 2 * reached < whole:
        lowest = 0
        for source in range(1, PRICE_SOURCES + 1):
            price = s.quotes[quote_slot(asset, source)].price_units
            if left >> source & 1 and (lowest == 0 or price < found):
                lowest, found = source, price
        left &= ~(1 << lowest)
        reached += s.quotes[quote_slot(asset, lowest)].weight
    return found


@cold
def index_of(s, asset, mask):
    """Return (index, sources that were clamped) from the fresh quotes of an asset."""
    centre, clamp = weighted_median(s, asset, mask), s.prices[asset].clamp_ppm
    low, high = scale_up(centre, PPM - clamp), scale_down(centre, PPM + clamp)
    total, weights, clamped = 0, 0, 0
    for source in range(1, PRICE_SOURCES + 1):
        if mask >> source & 1:
            quote = s.quotes[quote_slot(asset, source)]
            if quote.price_units < low or quote.price_units > high:
                clamped |= 1 << source
            total += quote.weight * min(max(quote.price_units, low), high)
            weights += quote.weight
    return total // weights, clamped


@hot
def capped(mark, index, cap_ppm, seconds):
    """Return the mark after it followed the index for some seconds."""
    if mark == 0:
        return index
    change = min(PPM, cap_ppm * min(max(seconds, 1), PPM))
    highest = max(scale_down(mark, PPM + change), mark + 1)
    lowest = min(scale_up(mark, PPM - change), max(mark - 1, 1))
    return min(max(index, lowest), highest)


@hot
def state_without_quotes(price, time_us):
    """Return the state of a price in an open session while too few quotes are fresh."""
    if price.mark_units == 0:
        return PriceState.NONE.value
    if time_us - price.updated_us > price.maximum_age_ms * US_PER_MS:
        return PriceState.STALE.value
    return PriceState.FRESH.value if price.price_state == PriceState.CLOSED else price.price_state


@cold
def emit_updated(s, asset):
    """Append what a price has become."""
    price = s.prices[asset]
    event = cast(s.events, emit(s, EventKind.PRICE_UPDATED, 0, 0), PRICE_UPDATED)
    event.asset, event.price_state = asset, price.price_state
    event.used_sources, event.clamped_sources = price.used_sources, price.clamped_sources
    event.index_units, event.mark_units = price.index_units, price.mark_units


@cold
def thaw(s, asset):
    """Let the price of a share that was split go on once enough sources say that it is where it was.

    Returns the index.
    """
    price = s.prices[asset]
    mask, count = fresh_sources(s, asset)
    if count < price.minimum_sources:
        return price.index_units
    index, _ = index_of(s, asset, mask)
    low = scale_up(price.frozen_units, PPM - price.tolerance_ppm)
    if low <= index <= scale_down(price.frozen_units, PPM + price.tolerance_ppm):
        price.frozen_units, price.tolerance_ppm = 0, 0
    return index


@cold
def update_price(s, asset):
    """Bring the price of an asset to the present second."""
    price, time_us = s.prices[asset], s.venue[0].time_us
    index, mark, state, mask, clamped = price.index_units, price.mark_units, price.price_state, 0, 0
    if price.frozen_units != 0:
        index = thaw(s, asset)
    if price.frozen_units != 0:
        state = PriceState.STALE.value
    elif price.session == Session.CLOSED:
        state = PriceState.CLOSED.value if mark != 0 else PriceState.NONE.value
    else:
        mask, count = fresh_sources(s, asset)
        if count >= price.minimum_sources:
            index, clamped = index_of(s, asset, mask)
            mark = capped(mark, index, price.update_cap_ppm, (time_us - price.updated_us) // US_PER_S)
            state = PriceState.FRESH.value
            price.updated_us = time_us
        else:
            mask, state = 0, state_without_quotes(price, time_us)
    same = index == price.index_units and mark == price.mark_units and state == price.price_state
    if same and mask == price.used_sources and clamped == price.clamped_sources:
        return
    price.index_units, price.mark_units, price.price_state = index, mark, state
    price.used_sources, price.clamped_sources = mask, clamped
    set_worth(s, asset)
    emit_updated(s, asset)


@cold
def update_prices(s):
    """Bring every price to the present second."""
    for asset in range(1, s.venue[0].assets + 1):
        if s.prices[asset].minimum_sources != 0:
            update_price(s, asset)
