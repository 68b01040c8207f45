"""Prices (rules 2): sources, quotes, and the index and mark that every clock makes from them."""

import re
from collections.abc import Iterator
from typing import Any

from ringfence.schema.enums import PriceState, Session
from ringfence.schema.rejects import Reject

from . import checks, splits
from .state import Price, PriceSource, Quote, Refused, State

SOURCE_NAME = re.compile(rb"[ -~]{1,16}\0*")
PRICING = ("minimum_sources", "maximum_age_ms", "clamp_ppm", "update_cap_ppm", "closed_haircut_ppm")
MILLION = 10**6


def up(amount: int, ppm: int) -> int:
    return amount * (MILLION + ppm) // MILLION


def down(amount: int, ppm: int) -> int:
    return -(-amount * (MILLION - ppm) // MILLION)


def priced(state: State, asset: int) -> Price:
    """Return how the price of a listed asset is made."""
    checks.known_asset(state, asset)
    if asset not in state.prices:
        raise Refused(Reject.NOT_PRICED, asset=asset)
    return state.prices[asset]


def named_source(state: State, number: int) -> PriceSource:
    source = state.price_sources[number]
    if source.name == bytes(16):
        raise Refused(Reject.UNKNOWN_PRICE_SOURCE, value=number)
    return source


def set_price_source(state: State, command: Any, emit: Any) -> None:
    if not SOURCE_NAME.fullmatch(command.name):
        raise Refused(Reject.INVALID_SYMBOL, field=2)
    source = state.price_sources[command.price_source]
    source.name, source.enabled = command.name, command.enabled
    for price in state.prices.values():
        price.quoted_us = state.time_us
    emit("PriceSourceSet", price_source=command.price_source, name=command.name, enabled=command.enabled)


def set_pricing(state: State, command: Any, emit: Any) -> None:
    checks.known_asset(state, command.asset)
    body = {name: getattr(command, name) for name in PRICING}
    price = state.prices.setdefault(command.asset, Price(command.asset))
    for name, value in body.items():
        setattr(price, name, value)
    price.quoted_us = state.time_us
    emit("PricingSet", asset=command.asset, **body)


def set_price_weight(state: State, command: Any, emit: Any) -> None:
    priced(state, command.asset)
    named_source(state, command.price_source)
    key = (command.asset, command.price_source)
    if command.weight:
        state.quotes.setdefault(key, Quote(*key)).weight = command.weight
    else:
        state.quotes.pop(key, None)
    state.prices[command.asset].quoted_us = state.time_us
    emit("PriceWeightSet", asset=command.asset, price_source=command.price_source, weight=command.weight)


def set_session(state: State, command: Any, emit: Any) -> None:
    priced(state, command.asset).session = command.session
    state.prices[command.asset].quoted_us = state.time_us
    emit("SessionSet", asset=command.asset, session=command.session)


def quote(state: State, command: Any, emit: Any) -> None:
    priced(state, command.asset)
    source, number = named_source(state, command.price_source), command.price_source
    if not source.enabled:
        raise Refused(Reject.PRICE_SOURCE_DISABLED, value=number)
    row = state.quotes.get((command.asset, number))
    if row is None:
        raise Refused(Reject.SOURCE_NOT_WEIGHTED, value=number, asset=command.asset)
    says_a_price(command)
    if command.observed_us <= row.observed_us:
        raise Refused(Reject.QUOTE_NOT_LATER, value=command.observed_us, limit=row.observed_us)
    if command.observed_us > state.time_us:
        raise Refused(Reject.QUOTE_FROM_FUTURE, value=command.observed_us, limit=state.time_us)
    splits.not_too_large(state, command)
    for name in ("bid_units", "ask_units", "last_units"):
        setattr(row, name, splits.unsplit(state, command.asset, getattr(command, name)))
    row.price_units, row.observed_us = price_of(row), command.observed_us
    state.prices[command.asset].quoted_us = state.time_us
    emit(
        "Quoted",
        asset=command.asset,
        price_source=number,
        price_units=row.price_units,
        observed_us=command.observed_us,
    )


def says_a_price(command: Any) -> None:
    bid, ask = command.bid_units, command.ask_units
    if not (bid and ask) and not command.last_units:
        raise Refused(Reject.QUOTE_EMPTY, asset=command.asset)
    if bid and ask and bid > ask:
        raise Refused(Reject.QUOTE_CROSSED, value=bid, limit=ask, asset=command.asset)


def price_of(said: Any) -> int:
    bid, ask, last = said.bid_units, said.ask_units, said.last_units
    if bid and ask and last:
        return sorted((bid, ask, last))[1]
    return (bid + ask) // 2 if bid and ask else last


def tick(state: State, emit: Any) -> None:
    """Let every price go on by what its quotes say now."""
    for asset in sorted(state.prices):
        price = state.prices[asset]
        before = told(price)
        go_on(state, price)
        if told(price) != before:
            emit("PriceUpdated", account=0, market=0, asset=asset, **told(price))


def told(price: Price) -> dict[str, int]:
    names = ("used_sources", "clamped_sources", "price_state", "index_units", "mark_units")
    return {name: getattr(price, name) for name in names}


def go_on(state: State, price: Price) -> None:
    price.used_sources = price.clamped_sources = 0
    if splits.still_frozen(state, price):
        price.price_state = int(PriceState.STALE)
        return
    if price.session == Session.CLOSED:
        price.price_state = int(PriceState.CLOSED if price.mark_units else PriceState.NONE)
        return
    quotes = list(fresh(state, price))
    if len(quotes) >= price.minimum_sources:
        follow(state, price, quotes)
    elif not price.mark_units:
        price.price_state = int(PriceState.NONE)
    elif state.time_us - price.updated_us > price.maximum_age_ms * 1000:
        price.price_state = int(PriceState.STALE)
    elif price.price_state == PriceState.CLOSED:
        price.price_state = int(PriceState.FRESH)


def fresh(state: State, price: Price) -> Iterator[Quote]:
    """Yield the quotes that count now."""
    for (asset, source), row in state.quotes.items():
        in_time = state.time_us - row.observed_us <= price.maximum_age_ms * 1000
        if asset == price.asset and row.price_units and state.price_sources[source].enabled and in_time:
            yield row


def follow(state: State, price: Price, quotes: list[Quote]) -> None:
    """Make the index of fresh quotes, and lead the mark towards it."""
    low, high = clamp_of(price, quotes)
    price.used_sources = sum(1 << row.price_source for row in quotes)
    price.clamped_sources = sum(1 << row.price_source for row in quotes if not low <= row.price_units <= high)
    price.index_units = index_of(price, quotes)
    price.mark_units = next_mark(price, state.time_us)
    price.updated_us, price.price_state = state.time_us, int(PriceState.FRESH)


def clamp_of(price: Price, quotes: list[Quote]) -> tuple[int, int]:
    center = weighted_median(quotes)
    return down(center, price.clamp_ppm), up(center, price.clamp_ppm)


def index_of(price: Price, quotes: list[Quote]) -> int:
    low, high = clamp_of(price, quotes)
    weighted = sum(row.weight * max(low, min(high, row.price_units)) for row in quotes)
    return weighted // sum(row.weight for row in quotes)


def weighted_median(quotes: list[Quote]) -> int:
    whole, so_far = sum(row.weight for row in quotes), 0
    for row in sorted(quotes, key=lambda row: (row.price_units, row.price_source)):
        so_far += row.weight
        if 2 * so_far >= whole:
            return row.price_units
    raise AssertionError("no quotes have no median")


def next_mark(price: Price, time_us: int) -> int:
    mark = price.mark_units
    if mark == 0:
        return price.index_units
    seconds = max(1, (time_us - price.updated_us) // MILLION)
    cap = min(MILLION, price.update_cap_ppm * seconds)
    lowest = min(down(mark, cap), max(1, mark - 1))
    highest = max(up(mark, cap), mark + 1)
    return max(lowest, min(highest, price.index_units))
