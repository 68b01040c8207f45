"""The part of the flow that waits for prices: near those of now, attached to orders, hindered, fired soon or late.

Nothing of it is drawn under the first rules, or in a style that does without it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

from ringfence.schema import commands as c
from ringfence.schema.enums import (
    PARAMETER_LIMITS,
    Cancels,
    MarketState,
    OrderType,
    Parameter,
    SlippageKind,
    TimeInForce,
    TriggerBy,
    UserFlag,
)
from ringfence.schema.fields import MAX_PRICE_TICKS, MAX_QUANTITY_LOTS

from . import flow_loans, flow_perpetuals, triggers
from .state import ASK, BID, Market, Order, Position, Trigger

if TYPE_CHECKING:
    from .flow import Flow

STYLES = ("trading", "margin", "perpetuals")
EVERY_CLASS = 2**62 - 1
KINDS = [TriggerBy.LAST, TriggerBy.LAST, TriggerBy.LAST, TriggerBy.MARK, TriggerBy.MARK, TriggerBy.INDEX]
NO_MORE_THAN_WAIT = 400
OF_A_CLASS = 2
"""A market whose base asset not everybody may buy or sell."""


def drawn(flow: Flow) -> bool:
    """Whether there are triggers in this flow by now."""
    return flow.style in STYLES and flow.state.rules >= 2


def bounded(ticks: int) -> int:
    return max(1, min(MAX_PRICE_TICKS, ticks))


def soon(flow: Flow, *commands: c.Command) -> None:
    """Let commands follow this one, in their order."""
    for place, command in enumerate(commands):
        heapq.heappush(flow.later, (flow.state.sequence + place, flow.random.getrandbits(32), command))


def now(flow: Flow, market: Market, trigger_by: int) -> int:
    """Return the price by which triggers of a kind go, or about what it would be."""
    found = triggers.reference_price(flow.state, market, trigger_by)
    return found or market.last_price_ticks or flow_perpetuals.mark_of(flow, market)


def step(flow: Flow, price: int) -> int:
    """Return how far a trigger is from a price: so near that it is met soon, mostly."""
    return flow.random.choice((1, 2, 3, 5, 8, 12, max(1, price // 300), max(1, price // 50)))


# What is attached to orders.


def perhaps_attached(flow: Flow, made: c.Command) -> c.Command:
    """Return a command, which now and then is an order to which something is attached."""
    if not drawn(flow) or not isinstance(made, c.PlaceOrder) or flow.chance(0.88):
        return made
    market = flow.state.markets.get(made.market)
    if market is None:
        return made
    price = made.price_ticks or market.best(1 - made.side) or now(flow, market, TriggerBy.LAST)
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return c.PlaceOrder(**fields | attached(flow, market, made.side, price))


def attached(flow: Flow, market: Market, side: int, price: int) -> dict[str, int]:
    """Return the fields of what is attached to an order at about that price."""
    given: dict[str, int] = {}
    sign = 1 if side == BID else -1
    which = flow.random.choice((("take_profit",), ("stop_loss",), ("take_profit", "stop_loss"), ("either",)))
    for name, away in (("take_profit", sign), ("stop_loss", -sign)):
        if name in which or which == ("either",):
            trigger_by = flow.random.choice(KINDS)
            base = now(flow, market, trigger_by) if trigger_by != TriggerBy.LAST and flow.chance(0.5) else price
            ticks = bounded(base + away * step(flow, base))
            given |= {f"{name}_ticks": ticks, f"{name}_by": int(trigger_by)}
            if flow.chance(0.45):
                given[f"{name}_price_ticks"] = limit_price(flow, market, 1 - side, ticks)
    return spoiled(flow, given, price) if flow.chance(0.08) else given


def limit_price(flow: Flow, market: Market, side: int, ticks: int) -> int:
    """Return a price for the order of a trigger: near it, now and then far from it."""
    if flow.chance(0.04):
        edges = (market.minimum_price_ticks, market.maximum_price_ticks + 1, MAX_PRICE_TICKS, 2**40)
        return bounded(flow.random.choice(edges))
    sign = 1 if side == BID else -1
    return bounded(ticks + sign * flow.random.randint(-6, 9))


def spoiled(flow: Flow, given: dict[str, int], price: int) -> dict[str, int]:
    """Return what is attached with one thing wrong, or nearly so."""
    name = flow.random.choice(("take_profit", "stop_loss"))
    wrong = (
        {f"{name}_ticks": 0, f"{name}_price_ticks": price},
        {f"{name}_ticks": price},
        {"take_profit_ticks": given.get("stop_loss_ticks", price), "stop_loss_ticks": price},
        {f"{name}_ticks": flow.random.choice((MAX_PRICE_TICKS, 2**40 + 1, 1))},
        {"reduce_only": 1},
    )
    return given | flow.random.choice(wrong)


def parent(flow: Flow) -> Order | None:
    """Return an open order to which something is attached, mostly one without a fill."""
    found = [row.parent for row in flow.state.triggers.values() if row.parent in flow.state.orders]
    waiting = [row.parent for row in flow.state.triggers.values() if row.parent and not row.armed]
    if not found:
        return None
    return flow.state.orders[flow.random.choice(waiting if waiting and flow.chance(0.6) else found)]


def order_with_attached(flow: Flow) -> c.Command:
    """Return an order that closes what it opens by itself."""
    market, account = some_market(flow), flow.trader()
    side = flow.random.choice((BID, ASK))
    best = market.best(1 - side) or now(flow, market, TriggerBy.LAST)
    sign = 1 if side == BID else -1
    common = {
        "account": account,
        "market": market.market,
        "side": side,
        "self_trade_prevention": flow.random.choice((0, 0, 1, 2)),
        "loan_flags": 0 if market.is_perpetual else flow_loans.order_flags(flow),
    }
    lots = lots_of(flow, market, account)
    if flow.chance(0.2):
        given = common | {"order_type": OrderType.MARKET, "quantity_lots": lots}
        return c.PlaceOrder(**given | attached(flow, market, side, best))
    ticks = bounded(best + sign * flow.random.choice((-9, -4, -1, 0, 0, 2)))
    given = common | {"price_ticks": ticks, "quantity_lots": lots} | attached(flow, market, side, ticks)
    return c.PlaceOrder(**given, time_in_force=flow.random.choices(list(TimeInForce), (9, 1, 1))[0])


def amended_parent(flow: Flow) -> c.Command:
    """Return an amendment of an order to which something is attached: mostly it matches again."""
    order = parent(flow)
    if order is None:
        return order_with_attached(flow)
    market, sign = flow.state.markets[order.market], 1 if order.side == BID else -1
    best, executed = market.best(1 - order.side), order.quantity_lots - order.remaining_lots
    ticks = order.price_ticks if best is None or flow.chance(0.3) else best + sign * flow.random.choice((-1, 0, 0, 3))
    lots = flow.random.choice((order.quantity_lots, order.quantity_lots, order.quantity_lots + 5, executed + 1))
    named = {"account": order.account, "market": order.market, "order": order.order}
    return c.AmendOrder(**named, price_ticks=bounded(ticks), quantity_lots=min(MAX_QUANTITY_LOTS, lots))


def ended_parent(flow: Flow) -> c.Command:
    """Return what lets an order end to which something is attached: a cancellation, or a trade with itself."""
    order = parent(flow)
    if order is None:
        return order_with_attached(flow)
    named = {"account": order.account, "market": order.market}
    if flow.chance(0.5):
        return c.CancelOrder(**named, order=order.order)
    prevention = flow.random.choice((1, 2))
    against = {"price_ticks": order.price_ticks, "quantity_lots": order.remaining_lots, "time_in_force": 1}
    return c.PlaceOrder(**named, side=1 - order.side, self_trade_prevention=prevention, **against)


# Triggers of their own.


def some_market(flow: Flow) -> Market:
    """Return a market, mostly one of the kind that the style trades."""
    found = flow_perpetuals.contracts(flow)
    if found and flow.chance(0.75 if flow.style == "perpetuals" else 0.1):
        return flow_perpetuals.some_contract(flow)
    if flow.chance(0.12):
        return flow.state.markets[OF_A_CLASS]
    return flow.state.markets.get(flow.market()) or flow.state.markets[1]


def lots_of(flow: Flow, market: Market, account: int) -> int:
    if market.is_perpetual:
        return flow_perpetuals.quantity(flow, market, account)
    if flow.chance(0.15):
        return min(MAX_QUANTITY_LOTS, flow.near(flow.available(account, market.base_asset) // market.lot_atoms))
    return flow.random.randint(1, flow.random.choice((3, 10, 40)))


def trigger_ticks(flow: Flow, market: Market, trigger_by: int) -> int:
    """Return a price to wait for: near what it is, what it is, what others wait for, or far away."""
    price, chosen = now(flow, market, trigger_by), flow.random.random()
    others = [row.trigger_ticks for row in flow.state.triggers.values() if row.market == market.market]
    if others and chosen < 0.2:
        return flow.random.choice(others)
    if chosen < 0.28:
        return price
    if chosen < 0.32:
        edges = (market.minimum_price_ticks, market.minimum_price_ticks - 1, market.maximum_price_ticks + 1, 1)
        return bounded(flow.random.choice(edges))
    return bounded(price + flow.random.choice((-1, 1)) * step(flow, price))


def placed(flow: Flow) -> c.Command:
    position = flow_perpetuals.some_position(flow)
    if position and flow.chance(0.5 if flow.style == "perpetuals" else 0.1):
        return of_position(flow, position)
    market, account = some_market(flow), flow.trader()
    side = flow.random.choice((BID, ASK))
    percent = flow.random.choice((1, 33, 50, 100)) if flow.chance(0.25) else 0
    side = ASK if percent and not flow.chance(0.04) else side
    lots = lots_of(flow, market, account) if not percent or flow.chance(0.03) else 0
    flags = 0 if market.is_perpetual and not flow.chance(0.02) else flow_loans.order_flags(flow)
    reduces = int(flow.chance(0.3 if market.is_perpetual else 0.01))
    return trigger(flow, account, market, side, lots, percent, flags, reduces)


def of_position(flow: Flow, position: Position) -> c.Command:
    """Return a trigger that closes a position, or a part of it."""
    market, account = flow.state.markets[position.market], position.account
    side = (ASK if position.net_lots > 0 else BID) if flow.chance(0.95) else flow.random.choice((BID, ASK))
    percent = flow.random.choice((1, 25, 50, 100, 100)) if flow.chance(0.55) else 0
    lots = 0 if percent else min(MAX_QUANTITY_LOTS, flow.near(abs(position.net_lots), 1))
    return trigger(flow, account, market, side, lots, percent, 0, int(flow.chance(0.7)))


def trigger(
    flow: Flow, account: int, market: Market, side: int, lots: int, percent: int, loan_flags: int, reduce_only: int
) -> c.Command:
    trigger_by = flow.random.choice(KINDS)
    ticks, at_market = trigger_ticks(flow, market, trigger_by), flow.chance(0.45)
    in_force = flow.random.choice((0, 1, 2)) if at_market else flow.random.choices((0, 1, 2), (8, 1, 1))[0]
    return c.PlaceTrigger(
        account=account,
        market=market.market,
        side=side,
        order_type=OrderType.MARKET if at_market else OrderType.LIMIT,
        time_in_force=in_force,
        post_only=int(not at_market and in_force == TimeInForce.GTC and flow.chance(0.2)),
        self_trade_prevention=flow.random.choice((0, 0, 1, 2)),
        client_id=flow.random.choice((-1, 0, flow.random.getrandbits(32))),
        price_ticks=0 if at_market else limit_price(flow, market, side, ticks),
        quantity_lots=lots,
        **(slipping(flow) if at_market or flow.chance(0.01) else {}),
        loan_flags=loan_flags,
        reduce_only=reduce_only,
        trigger_ticks=ticks,
        trigger_by=trigger_by,
        quantity_percent=percent,
    )


def slipping(flow: Flow) -> dict[str, int]:
    kind = flow.random.choice(list(SlippageKind))
    most = {SlippageKind.NONE: (0,), SlippageKind.TICKS: (0, 1, 30), SlippageKind.PPM: (0, 1_000, 10**6)}
    return {"slippage_kind": int(kind), "slippage": flow.random.choice(most[kind])}


def crowded(flow: Flow) -> c.Command:
    """Let several accounts wait side by side, and a trade go through all of their prices."""
    market, trigger_by = some_market(flow), TriggerBy.LAST
    price, sign = now(flow, market, trigger_by), flow.random.choice((-1, 1))
    waiting = [
        c.PlaceTrigger(
            account=flow.trader(),
            market=market.market,
            side=flow.random.choice((BID, ASK)),
            quantity_lots=flow.random.randint(1, 5),
            trigger_ticks=bounded(price + sign * flow.random.choice((1, 2, 2, 3))),
        )
        for _ in range(flow.random.randint(2, 5))
    ]
    far = bounded(price + 4 * sign)
    common = {"market": market.market, "price_ticks": far, "quantity_lots": 1}
    maker, taker = (ASK, BID) if sign > 0 else (BID, ASK)
    one, other = flow.trader(), flow.trader()
    trade = (
        c.PlaceOrder(account=one, side=maker, **common),
        c.PlaceOrder(account=other, side=taker, **common | {"quantity_lots": flow.random.choice((1, 40))}),
    )
    soon(flow, *waiting[1:], *trade)
    return waiting[0]


def some_trigger(flow: Flow) -> Trigger | None:
    return flow.random.choice(list(flow.state.triggers.values())) if flow.state.triggers else None


def cancelled(flow: Flow) -> c.Command:
    """Return the cancellation of a trigger: mostly right, else with a wrong account, market or number."""
    found = some_trigger(flow)
    if found is None:
        return placed(flow)
    named = {"account": found.account, "market": found.market, "order": found.trigger}
    if flow.chance(0.06):
        wrong = {"account": flow.trader(), "market": flow.market(), "order": found.parent}
        named |= dict([flow.random.choice(list(wrong.items()))])
    return c.CancelOrder(**named)


def all_cancelled(flow: Flow) -> c.Command:
    found = some_trigger(flow)
    account = found.account if found and flow.chance(0.8) else flow.trader()
    market = found.market if found and flow.chance(0.6) else 0
    return c.CancelAllOrders(account=account, market=market, cancels=cancels(flow))


def cancels(flow: Flow) -> int:
    """Return what a CancelAllOrders cancels; all of it where there are no triggers."""
    return int(flow.random.choice(list(Cancels))) if drawn(flow) else int(Cancels.ALL)


# Firing.


def due(flow: Flow) -> list[Trigger]:
    return sorted((row for row in flow.state.triggers.values() if row.due), key=lambda row: row.due)


def fires(flow: Flow) -> bool:
    """Whether the node fires next: it does so soon once a trigger is due, but other commands may come between."""
    return drawn(flow) and any(row.due for row in flow.state.triggers.values()) and flow.chance(0.3)


def firing(flow: Flow) -> c.Command:
    return hindered(flow) if flow.chance(0.25) else fired(flow)


def fired(flow: Flow) -> c.Command:
    """Return what the node says when it fires, also several times in a row, or when none is due."""
    soon(flow, *(c.FireTrigger() for _ in range(flow.random.choice((0, 0, 1, 3)))))
    return c.FireTrigger()


def hindered(flow: Flow) -> c.Command:
    """Take something away that the trigger which fires next needs, and let it fire."""
    waiting = due(flow)
    if not waiting:
        return crowded(flow)
    row = waiting[0]
    makers = [
        closed_market,
        frozen_user,
        ineligible_user,
        narrow_limits,
        narrow_band,
        full_table,
        emptied_account,
        old_prices,
        dearer_margin,
    ]
    market = flow.state.markets[row.market]
    if market.is_perpetual:
        makers += [tight_contract] * 3
    if flow.state.assets[market.base_asset].eligibility_class:
        makers += [ineligible_user] * 9
    hindrance = flow.random.choice(makers)(flow, row)
    soon(flow, c.FireTrigger())
    return hindrance


def closed_market(flow: Flow, row: Trigger) -> c.Command:
    states = [state for state in MarketState if state != MarketState.OPEN]
    flow.undo_soon(c.SetMarketState(market=row.market, state=MarketState.OPEN))
    return c.SetMarketState(market=row.market, state=flow.random.choice(states))


def frozen_user(flow: Flow, row: Trigger) -> c.Command:
    user = flow.state.users[flow.state.accounts[row.account].user]
    flow.undo_soon(c.SetUser(user=user.user, user_flags=0, fee_tier=user.fee_tier))
    return c.SetUser(user=user.user, user_flags=UserFlag.TRADING_FROZEN, fee_tier=user.fee_tier)


def ineligible_user(flow: Flow, row: Trigger) -> c.Command:
    names = ("buy_classes", "sell_classes", "hold_classes", "withdraw_classes")
    user, taken = flow.state.accounts[row.account].user, names[row.side if flow.chance(0.7) else 2]
    flow.undo_soon(c.SetEligibility(user=user, **{name: EVERY_CLASS for name in names}))
    return c.SetEligibility(user=user, **{name: 0 if name == taken else EVERY_CLASS for name in names})


def narrow_limits(flow: Flow, row: Trigger) -> c.Command:
    market, price, lots = flow.state.markets[row.market], row.price_ticks or row.trigger_ticks, row.quantity_lots
    schedule, wide = market.fee_schedule, {"minimum_price_ticks": 1, "maximum_price_ticks": MAX_PRICE_TICKS}
    wide |= {"minimum_quantity_lots": 1, "maximum_quantity_lots": MAX_QUANTITY_LOTS}
    narrow = (
        {"minimum_price_ticks": bounded(price + 1)},
        {"maximum_price_ticks": bounded(price - 1)},
        {"minimum_quantity_lots": min(MAX_QUANTITY_LOTS, lots + 1)},
        {"maximum_quantity_lots": max(1, lots - 1)},
    )
    flow.undo_soon(c.SetMarketLimits(market=row.market, fee_schedule=schedule, **wide))
    return c.SetMarketLimits(market=row.market, fee_schedule=schedule, **wide | flow.random.choice(narrow))


def narrow_band(flow: Flow, row: Trigger) -> c.Command:
    flow.undo_soon(c.SetPriceBands(market=row.market))
    return c.SetPriceBands(market=row.market, limit_maximum_ppm=10**6 - 3_000, limit_minimum_ppm=10**6 - 4_000)


def full_table(flow: Flow, row: Trigger) -> c.Command:
    orders = flow.state.accounts[row.account].orders
    full = {
        Parameter.OPEN_ORDERS_PER_ACCOUNT: max(1, len(orders)),
        Parameter.ORDERS: max(1, len(flow.state.orders)),
        Parameter.BALANCES: len(flow.state.balances) + 4_000,
    }
    chosen = flow.random.choice(list(full))
    flow.undo_soon(c.SetParameter(parameter=chosen, value=PARAMETER_LIMITS[chosen][2]))
    return c.SetParameter(parameter=chosen, value=max(PARAMETER_LIMITS[chosen][0], full[chosen]))


def emptied_account(flow: Flow, row: Trigger) -> c.Command:
    """Return a transfer of what the order would sell to another account of the user."""
    market, user = flow.state.markets[row.market], flow.state.users[flow.state.accounts[row.account].user]
    asset = market.quote_asset if row.side == BID or market.is_perpetual else market.base_asset
    target = user.fenced_account if row.account == user.main_account else user.main_account
    amount = max(1, flow.available(row.account, asset) - flow.random.choice((0, 0, 1, 10**7)))
    return c.Transfer(account=row.account, to_account=target, asset=asset, amount_atoms=amount)


def old_prices(flow: Flow, _row: Trigger) -> c.Command:
    flow.time_us += 2 * flow.usual_age_ms * 1_000
    return c.Clock(seed=flow.random.randbytes(32))


def dearer_margin(flow: Flow, row: Trigger) -> c.Command:
    """Let an account owe as much as it has, for a while."""
    flow.undo_soon(c.SetAccount(account=row.account))
    return c.SetAccount(account=row.account, leverage_limit_percent=flow.random.choice((50, 100)))


def tight_contract(flow: Flow, row: Trigger) -> c.Command:
    market = flow.state.markets[row.market]
    usual = flow_perpetuals.usual_rules(market)
    given = {name: getattr(usual, name) for name in flow_perpetuals.RULES[flow_perpetuals.SOL]}
    interest = flow.state.perpetuals[row.market].open_interest_lots
    tight = ({"position_limit_lots": 0}, {"open_interest_limit_lots": interest}, {"initial_base_e8": 10**9})
    flow.undo_soon(usual)
    return c.SetPerpetual(market=row.market, **given | flow.random.choice(tight))


def reduced_in_parts(flow: Flow) -> c.Command:
    """Let an account have as many orders as may only reduce, and one more, and a trigger of such an order."""
    large = [row for row in flow.state.positions.values() if abs(row.net_lots) - row.reduce_lots > 14]
    large = [row for row in large if row.account in flow.state.accounts]
    if not large:
        return placed(flow)
    position = flow.random.choice(large)
    market, side = flow.state.markets[position.market], ASK if position.net_lots > 0 else BID
    mark = flow_perpetuals.mark_of(flow, market)
    far = bounded(mark + mark * (5 if side == ASK else -5) // 100)
    named = {"account": position.account, "market": position.market, "side": side, "reduce_only": 1}
    part = c.PlaceOrder(**named, quantity_lots=1, price_ticks=far)
    last = now(flow, market, TriggerBy.LAST)
    kind = {"order_type": OrderType.LIMIT, "trigger_ticks": last, "price_ticks": far}
    waiting = c.PlaceTrigger(**named, **kind, quantity_lots=1)
    soon(flow, *[part] * 10, waiting, c.FireTrigger(), c.FireTrigger())
    return part


def few_triggers(flow: Flow) -> c.Command:
    """Let an account, or the venue, have few triggers for a while."""
    chosen = flow.random.choice((Parameter.TRIGGERS, Parameter.TRIGGERS_PER_ACCOUNT))
    rows = len(flow.state.triggers)
    value = flow.random.choice((1, 2, 3) if chosen == Parameter.TRIGGERS_PER_ACCOUNT else (rows, rows + 1, rows + 2))
    flow.undo_soon(c.SetParameter(parameter=chosen, value=PARAMETER_LIMITS[chosen][2]))
    return c.SetParameter(parameter=chosen, value=max(1, value))


def of_triggers(flow: Flow) -> c.Command:
    if len(flow.state.triggers) > NO_MORE_THAN_WAIT:
        return all_cancelled(flow)
    builders: dict[Callable[[Flow], c.Command], float] = {
        placed: 40,
        order_with_attached: 16,
        amended_parent: 6,
        ended_parent: 5,
        crowded: 3,
        cancelled: 6,
        all_cancelled: 1.5,
        fired: 4,
        hindered: 5,
        few_triggers: 1,
        reduced_in_parts: 1.5 if flow.style == "perpetuals" else 0,
    }
    return flow.random.choices(list(builders), list(builders.values()))[0](flow)
