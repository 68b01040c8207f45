"""The venue's settings: clock, rules, parameters, listings, states, bands and fees."""

import re
from typing import Any

from ringfence.schema.enums import (
    LATEST_RULES,
    PARAMETER_LIMITS,
    AssetKind,
    BrakePhase,
    MarketKind,
    MarketState,
    Parameter,
)
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import brakes, checks, perpetuals, pools, prices, settlement, shares, splits, triggers
from .state import Asset, Market, Refused, State

SYMBOL = re.compile(rb"[A-Z0-9.]{1,16}\0*")
PRINTABLE = re.compile(rb"[ -~]*\0*")
LIMITS = (
    "fee_schedule",
    "minimum_price_ticks",
    "maximum_price_ticks",
    "minimum_quantity_lots",
    "maximum_quantity_lots",
)
BANDS = ("limit_maximum_ppm", "limit_minimum_ppm", "impact_maximum_ppm", "impact_minimum_ppm")


def clock(state: State, command: Any, emit: Any) -> None:
    state.seed = command.seed
    emit("ClockTicked", seed=command.seed)
    if state.rules >= 2:
        state.clock_us = state.time_us
        prices.tick(state, emit)
        pools.tick(state, emit)
        perpetuals.tick(state, emit)
        settlement.tick(state, emit)
        brakes.tick(state, emit)
        triggers.tick(state)


def set_rules(state: State, command: Any, emit: Any) -> None:
    if command.rules_version < state.rules_version:
        raise Refused(Reject.RANGE_REVERSED, value=command.rules_version, limit=state.rules_version)
    if state.rules_version == 0 and command.sequence != 1 and command.rules_version < LATEST_RULES:
        raise Refused(Reject.RANGE_REVERSED, value=command.rules_version, limit=LATEST_RULES)
    state.rules_version, state.schema_hash = command.rules_version, command.schema_hash
    emit("RulesSet", rules_version=command.rules_version, schema_hash=command.schema_hash)


def in_use(state: State, parameter: int) -> int:
    """Return what a setting may not fall below."""
    use = {
        Parameter.USERS: len(state.users),
        Parameter.ACCOUNTS: state.next_account,
        Parameter.BALANCES: len(state.balances),
        Parameter.ORDERS: len(state.orders),
        Parameter.WITHDRAWALS: len(state.withdrawals),
        Parameter.MARKETS: len(state.markets),
        Parameter.ASSETS: len(state.assets),
        Parameter.TRIGGERS: len(state.triggers),
        Parameter.CASES: len(state.cases),
    }
    return use.get(Parameter(parameter), 0)


def set_parameter(state: State, command: Any, emit: Any) -> None:
    low, high, _ = PARAMETER_LIMITS.get(command.parameter, (1, 0, 0))
    if not low <= command.value <= high:
        bound = low if command.value < low else high
        raise Refused(Reject.FIELD_OUT_OF_RANGE, value=command.value, limit=bound, field=2)
    if command.value < (use := in_use(state, command.parameter)):
        raise Refused(Reject.BELOW_USE, value=command.value, limit=use)
    if command.parameter == Parameter.ACCOUNTS and command.value * len(state.actions) > shares.ROWS:
        raise Refused(Reject.VENUE_FULL, value=len(state.actions), limit=shares.ROWS // command.value)
    state.parameters[command.parameter] = command.value
    emit("ParameterSet", parameter=command.parameter, value=command.value)


def list_asset(state: State, command: Any, emit: Any) -> None:
    checks.room(len(state.assets), state.parameters[Parameter.ASSETS])
    texts = ((SYMBOL, command.symbol), (PRINTABLE, command.name), (PRINTABLE, command.cusip))
    for place, (form, value) in enumerate(texts, 1):
        if not form.fullmatch(value):
            raise Refused(Reject.INVALID_SYMBOL, field=place)
    if taken := splits.symbol_taken(state, command.symbol, 0):
        raise Refused(Reject.SYMBOL_IN_USE, value=taken)
    names = ("symbol", "name", "cusip", "asset_kind", "decimals", "eligibility_class")
    body = {name: getattr(command, name) for name in names}
    number = len(state.assets) + 1
    state.assets[number] = Asset(asset=number, **body)
    emit("AssetListed", asset=number, **body)


def list_market(state: State, command: Any, emit: Any) -> None:
    base, kind = checks.known_asset(state, command.base_asset), getattr(command, "market_kind", MarketKind.SPOT)
    quote = checks.known_asset(state, command.quote_asset)
    paid_in_cash = kind == MarketKind.SPOT or (quote.asset_kind == AssetKind.CASH and quote.decimals <= 8)
    if command.base_asset == command.quote_asset or not paid_in_cash:
        raise Refused(Reject.INVALID_COMBINATION, field=2)
    if command.state == MarketState.AUCTION:
        raise Refused(Reject.INVALID_COMBINATION, field=10)
    checks.room(len(state.markets), state.parameters[Parameter.MARKETS])
    for market in state.markets.values():
        pair = (market.base_asset, market.quote_asset, market.market_kind)
        if pair == (command.base_asset, command.quote_asset, kind):
            raise Refused(Reject.SYMBOL_IN_USE, value=market.market)
    product, unit = command.tick_atoms * command.lot_atoms, 10**base.decimals
    if product > MAX_ATOMS or product % unit:
        raise Refused(Reject.FACTOR_NOT_INTEGER)
    limits_not_reversed(command)
    body = {name: getattr(command, name) for name in ("base_asset", "quote_asset", "tick_atoms", "lot_atoms", "state")}
    body |= {name: getattr(command, name) for name in LIMITS} | {"quote_factor": product // unit}
    if state.rules >= 2:
        body["market_kind"] = kind
    number = len(state.markets) + 1
    state.markets[number] = Market(market=number, book_sequence=state.sequence, listed_us=state.time_us, **body)
    emit("MarketListed", market=number, **body)


def limits_not_reversed(command: Any) -> None:
    checks.range_not_reversed(command.minimum_price_ticks, command.maximum_price_ticks)
    checks.range_not_reversed(command.minimum_quantity_lots, command.maximum_quantity_lots)


def store(target: Any, command: Any, names: tuple[str, ...]) -> dict[str, Any]:
    body = {name: getattr(command, name) for name in names}
    for name, value in body.items():
        setattr(target, name, value)
    return body


def set_market_state(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    checks.not_delisted(state, market)
    price = state.prices.get(market.base_asset)
    if price and price.frozen_units and command.state not in splits.SHUT:
        limits = {"value": price.index_units, "limit": price.frozen_units, "asset": market.base_asset}
        raise Refused(Reject.NOT_CONTINUOUS, **limits)
    braked = market.brakes is not None and market.brakes.phase != BrakePhase.NONE
    if braked or command.state == MarketState.AUCTION:
        brakes.set_state(state, command, market, emit)
        return
    emit("MarketStateSet", **store(market, command, ("state",)))


def set_market_limits(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    limits_not_reversed(command)
    emit("MarketLimitsSet", **store(market, command, LIMITS))


def set_price_bands(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    for maximum, minimum in (
        (command.limit_maximum_ppm, command.limit_minimum_ppm),
        (command.impact_maximum_ppm, command.impact_minimum_ppm),
    ):
        if maximum and minimum:
            checks.range_not_reversed(minimum, maximum)
    emit("PriceBandsSet", **store(market, command, BANDS))


def set_fee_tier(state: State, command: Any, emit: Any) -> None:
    key = (command.fee_schedule, command.fee_tier)
    state.fee_tiers[key] = (command.maker_ppm, command.taker_ppm)
    emit(
        "FeeTierSet",
        fee_schedule=command.fee_schedule,
        fee_tier=command.fee_tier,
        maker_ppm=command.maker_ppm,
        taker_ppm=command.taker_ppm,
    )
