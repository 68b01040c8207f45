"""The part of the flow that trades contracts: near marks and margins, with hours of funding and losers who fail."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ringfence.schema import commands as c
from ringfence.schema.enums import (
    ONE_E8,
    ONE_E10,
    PARAMETER_LIMITS,
    AccountFlag,
    MarketKind,
    Parameter,
    Session,
    TimeInForce,
)
from ringfence.schema.fields import MAX_QUANTITY_LOTS, MAX_RATE_E8

from . import flow_conversion, flow_loans, flow_prices, margin, positions
from .state import ASK, BID, Market, Position

if TYPE_CHECKING:
    from .flow import Flow

SOL, BIG, USDC = 2, 4, 1
SECOND_US, HOUR_US = 10**6, 3_600 * 10**6
RULES: dict[int, dict[str, int]] = {
    SOL: {
        "initial_base_e8": 10**7,
        "initial_factor_e8": 10**3,
        "maintenance_base_e8": 5 * 10**6,
        "maintenance_factor_e8": 500,
        "position_limit_lots": 10**8,
        "open_interest_limit_lots": 10**9,
    },
    BIG: {"initial_base_e8": 2 * 10**7, "maintenance_base_e8": 10**7, "mark_bound_ppm": 200_000},
}


def opening() -> Iterator[c.Command]:
    """Yield the commands that list the perpetuals; their rules are set once they are there."""
    for base, tick, lot in ((SOL, 10**4, 10**7), (BIG, 1, 1)):
        yield c.ListMarket(
            base_asset=base,
            quote_asset=USDC,
            tick_atoms=tick,
            lot_atoms=lot,
            fee_schedule=base // 4,
            market_kind=MarketKind.PERPETUAL,
        )


def usual_rules(market: Market) -> c.SetPerpetual:
    return c.SetPerpetual(market=market.market, **RULES.get(market.base_asset, RULES[SOL]))


def contracts(flow: Flow) -> list[Market]:
    return [market for market in flow.state.markets.values() if market.is_perpetual]


# Orders.


def some_contract(flow: Flow) -> Market:
    found = contracts(flow)
    return found[0] if flow.chance(0.55) else flow.random.choice(found)


def mark_of(flow: Flow, market: Market) -> int:
    perpetual = flow.state.perpetuals.get(market.market)
    return (perpetual and perpetual.mark_ticks) or market.last_price_ticks or 1_000


def price(flow: Flow, market: Market, side: int) -> int:
    """Return a price near the mark, now and then far from it, or the best of the other side."""
    mark, chosen, sign = mark_of(flow, market), flow.random.random(), 1 if side == BID else -1
    best = market.best(1 - side)
    if best and chosen < 0.4:
        return max(1, best + sign * flow.random.choice((0, 0, 1, 5)))
    if chosen < 0.93:
        return max(1, mark + sign * mark * flow.random.randint(-9_000, 5_000) // 10**6)
    far = flow.random.choice((mark * 3 // 2, mark // 2, mark * 9, 1, mark * 11 // 10))
    return max(1, min(2**48 - 1, far))


def bearable_lots(flow: Flow, account: int, market: Market) -> int:
    """Return about how many lots more the margin of an account bears."""
    free, perpetual = margin.measure(flow.state, account).free, flow.state.perpetuals.get(market.market)
    if perpetual is None or free <= 0 or account not in flow.state.accounts:
        return 0
    floor = margin.floor_rate(margin.limit_of(flow.state, account))
    rate = max(1, perpetual.initial_base_e8, floor)
    return min(MAX_QUANTITY_LOTS, free * ONE_E8 // (rate * max(1, mark_of(flow, market) * market.quote_factor)))


def quantity(flow: Flow, market: Market, account: int) -> int:
    chosen = flow.random.random()
    if chosen < 0.4 or account not in flow.state.accounts:
        return flow.random.randint(1, flow.random.choice((3, 10, 40)))
    if chosen < 0.9:
        return flow.near(bearable_lots(flow, account, market) // flow.random.choice((1, 1, 2, 5)), 1, 2**48)
    perpetual, position = flow.state.perpetuals.get(market.market), positions_of(flow).get((account, market.market))
    limits = [2**48, 0, 2**40, market.minimum_quantity_lots]
    if perpetual:
        lots = perpetual.position_limit_lots - (abs(position.net_lots) if position else 0)
        limits += [lots, lots + 1, perpetual.open_interest_limit_lots - perpetual.open_interest_lots]
    return max(0, min(2**48, flow.random.choice(limits)))


def positions_of(flow: Flow) -> dict[tuple[int, int], Position]:
    return flow.state.positions


def some_position(flow: Flow) -> Position | None:
    """Return a position of a user that is not empty."""
    found = [row for row in positions_of(flow).values() if row.net_lots]
    return flow.random.choice(found) if found else None


def place(flow: Flow) -> c.Command:
    position = some_position(flow)
    if position and flow.chance(0.35):
        return reduce(flow, position)
    market, account = some_contract(flow), flow.trader()
    side = flow.random.choice((BID, ASK))
    lots = quantity(flow, market, account)
    return order(flow, account, market, side, lots, int(flow.chance(0.03)))


def reduce(flow: Flow, position: Position) -> c.Command:
    """Return an order against a position: mostly one that only reduces it, or one that turns it round."""
    market, net = flow.state.markets[position.market], position.net_lots
    side = ASK if net > 0 else BID
    if flow.chance(0.03):
        side = 1 - side
    left = max(1, abs(net) - position.reduce_lots)
    lots = flow.random.choice((abs(net), abs(net), left, left, left // 2, left + 1, abs(net) * 2, 1, left // 3))
    only = int(flow.chance(0.85 if abs(net) > position.reduce_lots else 0.15))
    return order(flow, position.account, market, side, max(1, min(2**48, lots)), only)


def order(flow: Flow, account: int, market: Market, side: int, lots: int, reduce_only: int) -> c.Command:
    common = {
        "account": account,
        "market": market.market,
        "side": side,
        "self_trade_prevention": flow.random.choice((0, 0, 1, 2)),
        "quantity_lots": lots,
        "reduce_only": reduce_only,
        "loan_flags": flow.random.choice((1, 4, 15)) if flow.chance(0.005) else 0,
    }
    if flow.chance(0.2):
        kind = flow.random.choice((0, 0, 1, 2))
        slippage = 0 if kind == 0 else flow.random.choice((0, 1, 30) if kind == 1 else (0, 1_000, 10_000, 10**6))
        in_force = flow.random.choice((0, 1, 1, 2))
        return c.PlaceOrder(**common, order_type=1, time_in_force=in_force, slippage_kind=kind, slippage=slippage)
    in_force = flow.random.choices(list(TimeInForce), (16, 2, 1))[0]
    post_only = int(in_force == TimeInForce.GTC and flow.chance(0.12))
    ticks = price(flow, market, side)
    return c.PlaceOrder(**common, time_in_force=in_force, post_only=post_only, price_ticks=ticks)


def amend(flow: Flow) -> c.Command:
    """Return an amendment of an order on a contract, half of them of such as only reduce."""
    orders = [found for found in flow.state.orders.values() if flow.state.markets[found.market].is_perpetual]
    reducing = [found for found in orders if found.reduce_only]
    if not orders:
        return place(flow)
    found = flow.random.choice(reducing if reducing and flow.chance(0.5) else orders)
    market, executed = flow.state.markets[found.market], found.quantity_lots - found.remaining_lots
    ticks = found.price_ticks if flow.chance(0.4) else price(flow, market, found.side)
    lots = flow.random.choice(
        [found.quantity_lots] * 3
        + [found.quantity_lots - 1, found.quantity_lots + 1, executed + 1, executed + found.remaining_lots // 2]
        + [executed + quantity(flow, market, found.account)]
    )
    return c.AmendOrder(
        account=found.account,
        market=found.market,
        order=found.order,
        price_ticks=ticks,
        quantity_lots=max(0, min(2**48, lots)),
    )


def cancel(flow: Flow) -> c.Command:
    market = some_contract(flow)
    if flow.chance(0.1):
        return c.CancelAllOrders(account=flow.trader(), market=market.market)
    found = [order for order in flow.state.orders.values() if order.market == market.market]
    if not found:
        return place(flow)
    chosen = flow.random.choice(found)
    return c.CancelOrder(account=chosen.account, market=chosen.market, order=chosen.order)


# Prices, settings and money.


def price_move(flow: Flow) -> c.Command:
    """Let the price of a base wander off in a minute or so, and clocks follow: somebody will have lost."""
    asset = flow.random.choice((SOL, SOL, BIG))
    flow.time_us += flow.random.choice((10, 20, 61, 120, 300)) * SECOND_US
    first = flow.first_prices[asset]
    drift = flow.random.choice((3, 40, 150, 400) if flow.chance(0.15) else (1, 3, 8, 20)) * 1_000
    drift *= flow.random.choice((-1, 1))
    worth = flow.worth.get(asset, first)
    worth += worth * drift // 10**6
    flow.worth[asset] = worth if first // 20 < worth < first * 20 else first
    due = flow.state.sequence
    wanted = [key for key in flow.state.quotes if key[0] == asset]
    for place_of, (of, source) in enumerate(wanted):
        units = flow_prices.bounded(flow.worth[asset] + flow.random.randint(-9, 9))
        later = c.Quote(asset=of, price_source=source, observed_us=flow.time_us, last_units=max(1, units))
        heapq.heappush(flow.later, (due + place_of, flow.random.getrandbits(32), later))
    end = c.Clock(seed=flow.random.randbytes(32))
    heapq.heappush(flow.later, (due + len(wanted), flow.random.getrandbits(32), end))
    return c.Clock(seed=flow.random.randbytes(32))


def next_hour(flow: Flow) -> c.Command:
    """Let the hour pass, or time up to it."""
    later = (flow.time_us // HOUR_US + flow.random.choice((1, 1, 1, 2, 9))) * HOUR_US
    if later < 2**61:
        flow.time_us = max(flow.time_us, later + flow.random.choice((-1, 0, 1, SECOND_US)))
    if flow.chance(0.9):
        flow_loans.refreshed(flow, first_clock=flow.chance(0.2))
    return c.Clock(seed=flow.random.randbytes(32))


def second(flow: Flow) -> c.Command:
    """Let a second pass, or as many as are left of the ten until a settlement."""
    left = 10 * SECOND_US - flow.time_us % (10 * SECOND_US)
    flow.time_us += flow.random.choice((SECOND_US, left, left, left - 1, 59 * SECOND_US))
    if flow.chance(0.25):
        flow_loans.refreshed(flow, first_clock=False)
    return c.Clock(seed=flow.random.randbytes(32))


def set_perpetual(flow: Flow) -> c.Command:
    if flow.chance(0.2):
        market = flow.random.randint(1, len(flow.state.markets))  # mostly a spot market
        return c.SetPerpetual(market=market, initial_base_e8=10**7, maintenance_base_e8=10**7)
    market, pick = some_contract(flow), flow.random.choice
    perpetual = flow.state.perpetuals.get(market.market)
    flow.undo_soon(usual_rules(market))
    interest = perpetual.open_interest_lots if perpetual else 10
    funding = [pick((-ONE_E10, -(10**8), -1, 0, 1, 10**8, ONE_E10)) for _ in range(2)]
    return c.SetPerpetual(
        market=market.market,
        initial_base_e8=pick((1, 10**6, 10**7, ONE_E8, MAX_RATE_E8)),
        initial_factor_e8=pick((0, 1, 10**4, ONE_E8)),
        maintenance_base_e8=pick((0, 10**6, ONE_E8, MAX_RATE_E8)),
        maintenance_factor_e8=pick((0, 3, 10**4, ONE_E8)),
        position_limit_lots=pick((0, 5, 50, 1_000, 10**6)),
        open_interest_limit_lots=pick((0, interest, interest + 1, interest + 20, 10**7)),
        interest_rate_e10=pick((0, 10**6, -(10**7), 10**8, ONE_E10)),
        lowest_funding_e10=min(funding) if flow.chance(0.93) else max(funding),
        highest_funding_e10=max(funding),
        mark_bound_ppm=pick((0, 1, 50_000, 500_000)),
    )


def drain(flow: Flow) -> c.Command:
    """Take cash off an account with a position: lent, moved to another account, or withdrawn."""
    position = some_position(flow)
    account = position.account if position else flow.trader()
    if account not in flow.state.accounts:
        return place(flow)
    amount = max(1, flow.available(account, USDC) // flow.random.choice((1, 1, 2, 3)))
    chosen = flow.random.random()
    if chosen < 0.5:
        return c.Lend(account=account, asset=USDC, amount_atoms=amount)
    if chosen < 0.6:
        return c.RequestWithdrawal(account=account, asset=USDC, amount_atoms=amount)
    user = flow.state.accounts[account].user
    own = [found.account for found in flow.state.accounts.values() if found.user == user]
    return c.Transfer(account=account, to_account=flow.random.choice(own), asset=USDC, amount_atoms=amount)


def rescue(flow: Flow) -> c.Command:
    """Return a deposit for somebody who has lost more than the cash that he has, or about that."""
    losers = [row for row in positions_of(flow).values() if row.account in flow.state.accounts and row.net_lots]
    losers = [row for row in losers if lost(flow, row) > flow.available(row.account, USDC)]
    account = flow.random.choice(losers).account if losers else flow.trader()
    amount = lost(flow, flow.random.choice(losers)) if losers else 10**9
    number = flow.state.sources[1] + 1
    amount = min(10**14, max(1, amount * flow.random.choice((1, 2, 5)) // flow.random.choice((1, 1, 3))))
    return c.Deposit(account=account, asset=USDC, source=1, number=number, amount_atoms=amount)


def lost(flow: Flow, position: Position) -> int:
    return -positions.unsettled(flow.state, position, flow.state.markets[position.market])


def set_account(flow: Flow) -> c.Command:
    position = some_position(flow)
    account = position.account if position and flow.chance(0.7) else flow.account()
    settles = int(AccountFlag.AUTO_BORROW_SETTLEMENTS)
    flags = flow.random.choice((0, settles, settles, settles | 2, 7, 2))
    limit = flow.random.choice((0, 0, 0, 100, 300, 500, 1_000, 2_000))
    if flow.chance(0.6):
        flow.undo_soon(c.SetAccount(account=account, account_flags=flags & settles, leverage_limit_percent=0))
    return c.SetAccount(account=account, account_flags=flags, leverage_limit_percent=limit)


def small_steps(flow: Flow) -> c.Command:
    """Let a command meet a few orders only, for a while."""
    chosen = Parameter.FILLS_PER_COMMAND
    flow.undo_soon(c.SetParameter(parameter=chosen, value=PARAMETER_LIMITS[chosen][2]))
    return c.SetParameter(parameter=chosen, value=flow.random.randint(1, 4))


def cash_closes(flow: Flow) -> c.Command:
    """Close the trading session of cash or of a base for a while, with a haircut."""
    asset, due = flow.random.choice((USDC, USDC, SOL)), flow.state.sequence
    flow.undo_soon(c.SetSession(asset=asset, session=Session.OPEN))
    flow.undo_soon(c.SetPricing(asset=asset, maximum_age_ms=flow.usual_age_ms))
    closed = c.SetSession(asset=asset, session=Session.CLOSED)
    for command in (closed, c.Clock(seed=flow.random.randbytes(32))):
        heapq.heappush(flow.later, (due, flow.random.getrandbits(32), command))
    return c.SetPricing(asset=asset, maximum_age_ms=flow.usual_age_ms, closed_haircut_ppm=50_000)


def go_on(flow: Flow) -> c.Command:
    return c.ContinueSettlement()


def perpetuals(flow: Flow) -> c.Command:
    if not contracts(flow):
        return second(flow)
    unruled = [market for market in contracts(flow) if market.market not in flow.state.perpetuals]
    if unruled and flow.chance(0.5):
        return usual_rules(flow.random.choice(unruled))
    builders: dict[Callable[[Flow], c.Command], float] = {
        place: 62,
        amend: 10,
        cancel: 3,
        price_move: 2,
        second: 7,
        next_hour: 1,
        set_perpetual: 1,
        rescue: 4,
        drain: 4,
        set_account: 3,
        small_steps: 0.3,
        cash_closes: 0.3,
        go_on: 1,
        flow_conversion.bid: 4,
        flow_conversion.sell_cash: 3,
        flow_conversion.delist: 0.12,
    }
    return flow.random.choices(list(builders), list(builders.values()))[0](flow)
