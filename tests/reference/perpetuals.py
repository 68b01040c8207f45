"""The rules, marks and funding of perpetuals (rules 2)."""

from typing import Any

from ringfence.schema.enums import FUNDING_BITS, ONE_E10, Delisting, MarketState
from ringfence.schema.fields import MAX_PRICE_TICKS
from ringfence.schema.rejects import Reject

from . import checks
from .pools import HOUR_US
from .state import ASK, BID, Market, Perpetual, Refused, State
from .values import FRESH_OR_CLOSED, MILLION, price_state, price_units

RULES = (
    "initial_base_e8",
    "initial_factor_e8",
    "maintenance_base_e8",
    "maintenance_factor_e8",
    "position_limit_lots",
    "open_interest_limit_lots",
    "interest_rate_e10",
    "lowest_funding_e10",
    "highest_funding_e10",
    "mark_bound_ppm",
)
UNITS_PER_CASH = 10**8
PREMIUM_BITS = 8
PREMIUM_SECONDS = 60
INTEREST_BOUND_E10 = 5 * 10**6
FUNDINGS_A_RATE = 8
MOST_FUNDING = 1 << 61


def set_perpetual(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    if not market.is_perpetual:
        raise Refused(Reject.NOT_PERPETUAL)
    checks.range_not_reversed(command.lowest_funding_e10, command.highest_funding_e10)
    checks.not_delisted(state, market)
    checks.not_deleveraged(state, market)
    body = {name: getattr(command, name) for name in RULES}
    perpetual = state.perpetuals.setdefault(market.market, Perpetual(market.market, state.time_us // HOUR_US))
    for name, value in body.items():
        setattr(perpetual, name, value)
    make_mark(state, market, perpetual)
    emit("PerpetualSet", **body)


def delist_perpetual(state: State, command: Any, emit: Any) -> None:
    """Let a perpetual stand still at its mark."""
    market = checks.known_market(state, command.market)
    if not market.is_perpetual:
        raise Refused(Reject.NOT_PERPETUAL)
    perpetual = state.perpetuals.get(market.market)
    if perpetual is None:
        raise Refused(Reject.NO_PERPETUAL_RULES)
    checks.not_delisted(state, market)
    checks.not_deleveraged(state, market)
    if perpetual.mark_ticks == 0:
        raise Refused(Reject.PRICE_NOT_FRESH, asset=market.base_asset)
    market.state = int(MarketState.CLOSED)
    perpetual.delisting = int(Delisting.ANNOUNCED)
    emit("MarketStateSet", state=market.state)
    emit("PerpetualDelisted", **told(perpetual))


def tick(state: State, emit: Any) -> None:
    """Let the mark and the funding of every perpetual go on that is not delisted."""
    for number in sorted(state.perpetuals):
        market, perpetual = state.markets[number], state.perpetuals[number]
        if perpetual.delisting != Delisting.LISTED or any(wave.market == number for wave in state.waves.values()):
            continue
        before = told(perpetual)
        make_mark(state, market, perpetual)
        if told(perpetual) != before:
            emit("MarkUpdated", account=0, market=number, **told(perpetual))
        charge_funding(state, market, perpetual, emit)


def told(perpetual: Perpetual) -> dict[str, int]:
    return {name: getattr(perpetual, name) for name in ("price_state", "index_ticks", "mark_ticks")}


def make_mark(state: State, market: Market, perpetual: Perpetual) -> None:
    """Follow the price of the base, and the book within a bound of it."""
    price, _ = price_units(state, market.base_asset)
    was_live = perpetual.price_state in FRESH_OR_CLOSED
    perpetual.price_state = price_state(state, market.base_asset) if price else 0
    if perpetual.price_state not in FRESH_OR_CLOSED:
        return
    perpetual.index_ticks = index = ticks_of(state, market, price)
    seconds = min(PREMIUM_SECONDS, max(1, (state.time_us - perpetual.updated_us) // MILLION)) if was_live else 1
    bound = index * perpetual.mark_bound_ppm // MILLION
    away = max(-bound, min(bound, middle(market, index) - index))
    perpetual.premium += ((away << PREMIUM_BITS) - perpetual.premium) * seconds // PREMIUM_SECONDS
    premium = max(-bound, min(bound, perpetual.premium >> PREMIUM_BITS))
    perpetual.mark_ticks = min(MAX_PRICE_TICKS, max(1, index + premium))
    perpetual.updated_us = state.time_us
    perpetual.premium_sum_e10 += (perpetual.mark_ticks - index) * ONE_E10 // index
    perpetual.premium_count += 1


def ticks_of(state: State, market: Market, price: int) -> int:
    """Return a price of the base as one of its market, which is quoted in cash."""
    decimals = state.assets[market.quote_asset].decimals
    ticks = max(1, price * 10**decimals // (UNITS_PER_CASH * market.tick_atoms))
    return min(MAX_PRICE_TICKS, ticks)


def middle(market: Market, index: int) -> int:
    bid, ask = market.best(BID), market.best(ASK)
    if bid is None or ask is None or market.state not in (MarketState.OPEN, MarketState.LIMIT_ONLY):
        return index
    return (bid + ask) // 2


def charge_funding(state: State, market: Market, perpetual: Perpetual, emit: Any) -> None:
    """Charge one hour, however many have passed."""
    hour = state.time_us // HOUR_US
    if hour <= perpetual.funding_hour:
        return
    perpetual.funding_hour = hour
    if perpetual.premium_count == 0:
        return
    premium = perpetual.premium_sum_e10 // perpetual.premium_count
    interest = within(-INTEREST_BOUND_E10, INTEREST_BOUND_E10, perpetual.interest_rate_e10 - premium)
    rate = (premium + interest) // FUNDINGS_A_RATE
    rate = within(perpetual.lowest_funding_e10, perpetual.highest_funding_e10, rate)
    added = (rate * perpetual.mark_ticks * market.quote_factor << FUNDING_BITS) // ONE_E10
    added = within(-MOST_FUNDING, MOST_FUNDING, added)
    perpetual.funding_rate_e10 = rate
    perpetual.funding_index = within(-MOST_FUNDING, MOST_FUNDING, perpetual.funding_index + added)
    perpetual.premium_sum_e10 = perpetual.premium_count = 0
    emit(
        "FundingCharged",
        account=0,
        market=market.market,
        funding_rate_e10=rate,
        mark_ticks=perpetual.mark_ticks,
        funding_index=perpetual.funding_index,
    )


def within(low: int, high: int, number: int) -> int:
    return max(low, min(high, number))
