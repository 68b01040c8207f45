"""Legs (rules 2): what of an estate is to be reduced next, to what price, and how much of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringfence.schema.enums import ONE_E8, MarketState, Parameter, PriceState

from . import cases, margin, positions
from .conversion import ticks_below_mark
from .money import available
from .state import ASK, BID, Case, Market, State
from .values import (
    FRESH_OR_CLOSED,
    asset_price,
    ceil_div,
    debt_price,
    price_state,
    rate,
    requirement,
    rules_of,
    value_down,
    value_up,
    weight,
)

PPM_E8 = 100
BELOW_ALL = 2**61
Parts = tuple[int, int, int]


@dataclass(slots=True)
class Leg:
    """An order of a case, before its lots are known; ``after`` gives the parts of what it changes, by lots and price.

    ``before`` are the same parts as they are.
    """

    score: int
    market: Market
    side: int
    mark_ticks: int
    limit_ticks: int
    fee_e8: int
    most_lots: int
    least_lots: int
    before: list[Parts]
    after: Callable[[int, int], list[Parts]]
    is_position: bool = False
    asset: int = 0


def health(state: State, case: Case, collateral: int, liabilities: int, maintenance: int) -> int:
    buffer = requirement(maintenance, state.parameters[Parameter.LIQUIDATION_BUFFER_PPM] * PPM_E8)
    return collateral - liabilities - case.written_off_value - maintenance - buffer


def health_of(state: State, case: Case, found: margin.Measure) -> int:
    return health(state, case, found.collateral, found.liabilities, found.maintenance)


def find(state: State, case: Case) -> tuple[Leg, int] | None:
    """Return the leg with the highest score and how many lots of it."""
    found = margin.measure(state, case.account)
    legs = [
        leg
        for market in positions.of_account(state, case.account)
        if (leg := position_leg(state, case.account, market, found))
    ]
    legs += [
        leg
        for asset, held, owed in margin.holdings(state, case.account, margin.NOTHING)
        if owed and (leg := debt_leg(state, case.account, asset, held, owed, found))
    ]
    if not legs:
        return None
    best = max(legs, key=lambda leg: leg.score)
    return best, lots_of(state, case, best, found)


def lots_of(state: State, case: Case, leg: Leg, found: margin.Measure) -> int:
    price = leg.market.best(1 - leg.side)
    assert price is not None, "a leg meets somebody"
    return lots_at(state, case, leg, found, price)


def lots_at(state: State, case: Case, leg: Leg, found: margin.Measure, price: int) -> int:
    """Return how many lots of a leg restore the account if they trade at a price."""
    rest = [
        whole - sum(part[place] for part in leg.before)
        for place, whole in enumerate((found.collateral, found.liabilities, found.maintenance))
    ]

    def health_with(lots: int) -> int:
        parts = leg.after(lots, price)
        return health(state, case, *(rest[place] + sum(part[place] for part in parts) for place in range(3)))

    low, high = max(1, leg.least_lots), leg.most_lots
    if low >= high or health_with(high) < 0:
        return high
    while low < high:
        middle = (low + high) // 2
        if health_with(middle) >= 0:
            high = middle
        else:
            low = middle + 1
    return high


def split(state: State, cost: int, bound: int) -> tuple[int, int]:
    """Return (fee, how far from the mark), in hundred-millionths, of what may be lost."""
    fee = min(state.parameters[Parameter.LIQUIDATION_FEE_PPM] * PPM_E8, cost // 2)
    return fee, min(cost - fee, state.parameters[Parameter.LIQUIDATION_BAND_PPM] * PPM_E8, bound)


def limit_of(side: int, mark: int, away: int) -> int:
    if side == ASK:
        return max(1, ceil_div(mark * (ONE_E8 - away), ONE_E8))
    return mark * (ONE_E8 + away) // ONE_E8


def meets(market: Market, side: int, limit: int) -> bool:
    best = market.best(1 - side)
    takes = market.state in (MarketState.OPEN, MarketState.LIMIT_ONLY)
    in_range = market.minimum_price_ticks <= limit <= market.maximum_price_ticks
    return bool(best and takes and in_range and (best >= limit if side == ASK else best <= limit))


def fee_of(quote: int, fee_e8: int) -> int:
    return ceil_div(quote * fee_e8, ONE_E8)


# Positions.


def position_parts(state: State, market: Market, net: int, profit: int) -> Parts:
    quote = state.assets[market.quote_asset]
    needs = cases.maintenance_of(state, market, cases.notional_value(state, market, net))
    gain = value_down(max(profit, 0), asset_price(state, quote.asset), quote.decimals)
    return gain, margin.owed_value(state, market, max(-profit, 0)), needs


@dataclass(slots=True, frozen=True)
class Weighed:
    """A position that may be reduced: what part of its value that may cost, and how much of it comes next."""

    market: Market
    net: int
    reference: int
    mark_ticks: int
    cost_e8: int
    score: int
    most_lots: int


def weighed(state: State, account: int, market: Market, found: margin.Measure) -> Weighed | None:
    position, rules = state.positions[account, market.market], state.perpetuals[market.market]
    live = price_state(state, market.quote_asset) in FRESH_OR_CLOSED
    if is_deleveraged(state, market) or not position.net_lots or rules.price_state != PriceState.FRESH or not live:
        return None
    net = position.net_lots
    value = cases.notional_value(state, market, net)
    needs = cases.maintenance_of(state, market, value)
    allowed = max(0, found.equity) * needs // found.maintenance if found.maintenance else 0
    sign, whole = 1 if net > 0 else -1, abs(net)
    unhedged = min(whole, max(0, sign * base_lots(state, account, market)))
    score = 1 + needs * unhedged // whole if unhedged else needs - BELOW_ALL
    most = min(unhedged or whole, market.maximum_quantity_lots)
    cost = min(ONE_E8, allowed * ONE_E8 // max(value, 1))
    return Weighed(market, net, position.reference_atoms, rules.mark_ticks, cost, score, most)


def reduction(state: State, of: Weighed, limit: int, fee: int) -> Leg:
    """Return the leg that reduces a position at a limit, for a fee."""
    market, mark, f = of.market, of.mark_ticks, of.market.quote_factor
    side, sign = (ASK, 1) if of.net > 0 else (BID, -1)

    def after(lots: int, price: int) -> list[Parts]:
        cost = lots * price * f
        left, paid = of.net - sign * lots, of.reference - sign * cost + fee_of(cost, fee)
        return [position_parts(state, market, left, left * mark * f - paid)]

    before = [position_parts(state, market, of.net, of.net * mark * f - of.reference)]
    return Leg(of.score, market, side, mark, limit, fee, of.most_lots, 1, before, after, is_position=True)


def position_leg(state: State, account: int, market: Market, found: margin.Measure) -> Leg | None:
    of = weighed(state, account, market, found)
    if of is None:
        return None
    fee, away = split(state, of.cost_e8, ONE_E8)
    limit = limit_of(ASK if of.net > 0 else BID, of.mark_ticks, away)
    leg = reduction(state, of, limit, fee)
    return leg if meets(market, leg.side, limit) else None


def is_deleveraged(state: State, market: Market) -> bool:
    return any(wave.market == market.market for wave in state.waves.values())


def base_lots(state: State, account: int, market: Market) -> int:
    """Return what an account has of the base of a market, in its lots: held less owed, and positions."""
    lots = 0
    for asset, held, owed in margin.holdings(state, account, margin.NOTHING):
        if asset == market.base_asset:
            lots += towards_zero(held - owed, market.lot_atoms)
    for other in positions.of_account(state, account):
        if other.base_asset == market.base_asset:
            net = state.positions[account, other.market].net_lots
            lots += towards_zero(net * other.lot_atoms, market.lot_atoms)
    return lots


def towards_zero(amount: int, by: int) -> int:
    return amount // by if amount >= 0 else -(-amount // by)


# Debts.


def balance_parts(state: State, asset: int, held: int, owed: int) -> Parts:
    rules, decimals = rules_of(state, asset), state.assets[asset].decimals
    value = value_down(held, asset_price(state, asset), decimals) if held > 0 else 0
    debt = value_up(owed, debt_price(state, asset), decimals) if owed > 0 else 0
    needs = requirement(debt, rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, debt))
    return value * weight(rules, value) // ONE_E8, debt, needs if debt else 0


def spot_cost(found: margin.Measure) -> int:
    worth = max(0, found.assets - found.liabilities)
    return min(ONE_E8, worth * ONE_E8 // max(1, found.assets + found.liabilities))


def debt_leg(state: State, account: int, asset: int, held: int, owed: int, found: margin.Measure) -> Leg | None:
    rules = rules_of(state, asset)
    if price_state(state, asset) != PriceState.FRESH:
        return None
    score, debt = 1 + balance_parts(state, asset, 0, owed)[2], (asset, held, owed)
    if not rules.conversion_market:
        return sale(state, account, debt, asset, score, found, lambda quote: quote)
    market, mark = state.markets[rules.conversion_market], 0
    mark = ticks_below_mark(state, asset, market, 0) or 0
    if not mark:
        return None
    fee, away = split(state, spot_cost(found), ONE_E8)
    limit, cash = limit_of(BID, mark, away), available(state, account, market.quote_asset)
    lots = cash * ONE_E8 // (ONE_E8 + fee) // (limit * market.quote_factor)
    if lots < market.minimum_quantity_lots:
        per_lot = limit * market.quote_factor

        def bought(quote: int) -> int:
            return quote // per_lot * market.lot_atoms

        return sale(state, account, debt, market.quote_asset, score, found, bought)
    if not meets(market, BID, limit):
        return None
    return purchase(state, account, debt, market, (mark, limit, fee), lots, score)


def purchase(
    state: State, account: int, debt: tuple[int, int, int], market: Market, terms: Any, lots: int, score: int
) -> Leg:
    (asset, held, owed), (mark, limit, fee), least = debt, terms, market.minimum_quantity_lots
    most = min(lots, max(ceil_div(owed, market.lot_atoms), least), market.maximum_quantity_lots)
    _, cash, cash_owed = holding(state, account, market.quote_asset)

    def after(lots: int, price: int) -> list[Parts]:
        quote, bought = lots * price * market.quote_factor, lots * market.lot_atoms
        paid = quote + fee_of(quote, fee)
        now = balance_parts(state, asset, max(0, bought - owed), max(0, owed - bought))
        return [now, balance_parts(state, market.quote_asset, cash - paid, 0)]

    before = [balance_parts(state, asset, held, owed), balance_parts(state, market.quote_asset, cash, cash_owed)]
    return Leg(score, market, BID, mark, limit, fee, most, least, before, after, asset=asset)


def holding(state: State, account: int, asset: int) -> tuple[int, int, int]:
    return next(one for one in margin.holdings(state, account, margin.NOTHING) if one[0] == asset)


def sale(
    state: State,
    account: int,
    debt: tuple[int, int, int],
    money: int,
    score: int,
    found: margin.Measure,
    repays: Callable[[int], int],
) -> Leg | None:
    """Return the sale of the largest collateral for an asset, by which so much of a debt is repaid as a rule says."""
    owed_asset, owed_held, owed = debt
    chosen: tuple[int, int, Market, tuple[int, int, int], int] | None = None
    for asset in sorted(state.assets):
        rules = rules_of(state, asset)
        market = state.markets.get(rules.conversion_market)
        if asset == owed_asset or (account, asset) not in state.balances or market is None:
            continue
        if market.quote_asset != money:
            continue
        held, mark = available(state, account, asset), ticks_below_mark(state, asset, market, 0) or 0
        value = value_down(held, asset_price(state, asset), state.assets[asset].decimals)
        counts = value * weight(rules, value) // ONE_E8
        fee, away = split(state, spot_cost(found), rules.conversion_discount_ppm * PPM_E8)
        limit = limit_of(ASK, mark, away)
        lots = min(held // market.lot_atoms, market.maximum_quantity_lots)
        if not mark or lots < market.minimum_quantity_lots or not meets(market, ASK, limit):
            continue
        if chosen is None or counts > chosen[0]:
            chosen = counts, asset, market, (mark, limit, fee), lots
    if chosen is None:
        return None
    _, sold, market, (mark, limit, fee), most = chosen
    _, sold_held, _ = holding(state, account, sold)

    def after(lots: int, price: int) -> list[Parts]:
        quote = lots * price * market.quote_factor
        repaid = repays(quote - fee_of(quote, fee))
        left = balance_parts(state, sold, sold_held - lots * market.lot_atoms, 0)
        return [left, balance_parts(state, owed_asset, owed_held + max(0, repaid - owed), max(0, owed - repaid))]

    before = [balance_parts(state, sold, sold_held, 0), balance_parts(state, owed_asset, owed_held, owed)]
    return Leg(score, market, ASK, mark, limit, fee, most, market.minimum_quantity_lots, before, after, asset=sold)
