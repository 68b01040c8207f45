"""Triggers (rules 2): what waits for a price, when it is reached, and what is attached to an order."""

from dataclasses import fields
from typing import Any

from ringfence.schema.enums import (
    STOP_LOSS,
    TAKE_PROFIT,
    AssetKind,
    MarketState,
    OrderType,
    Parameter,
    SlippageKind,
    TimeInForce,
    TriggerBy,
    TriggerDirection,
    TriggerEnd,
)
from ringfence.schema.rejects import Reject

from .perpetuals import ticks_of
from .state import BID, Market, Refused, State, Trigger
from .values import FRESH_OR_CLOSED

ATTACHED = ("take_profit_ticks", "take_profit_price_ticks", "stop_loss_ticks", "stop_loss_price_ticks")
NOT_TOLD = ("account", "market", "armed", "due", "created_us")
PLACED = [field.name for field in fields(Trigger) if field.name not in NOT_TOLD]
RISES, FALLS = int(TriggerDirection.RISES), int(TriggerDirection.FALLS)


# Prices.


def reference_price(state: State, market: Market, trigger_by: int) -> int:
    """Return the price of a market by which triggers of a kind go, 0 if there is none."""
    if trigger_by == TriggerBy.LAST:
        return market.last_price_ticks
    if market.is_perpetual:
        return price_of_contract(state, market, trigger_by)
    price = state.prices.get(market.base_asset)
    in_cash = state.assets[market.quote_asset].asset_kind == AssetKind.CASH
    if price is None or not in_cash or price.price_state not in FRESH_OR_CLOSED:
        return 0
    units = price.mark_units if trigger_by == TriggerBy.MARK else price.index_units
    return ticks_of(state, market, units) if units else 0


def price_of_contract(state: State, market: Market, trigger_by: int) -> int:
    perpetual = state.perpetuals.get(market.market)
    if perpetual is None or perpetual.price_state not in FRESH_OR_CLOSED:
        return 0
    return perpetual.mark_ticks if trigger_by == TriggerBy.MARK else perpetual.index_ticks


def reached(trigger: Trigger, price: int) -> bool:
    return price >= trigger.trigger_ticks if trigger.direction == RISES else price <= trigger.trigger_ticks


def count(state: State) -> int:
    state.triggers_counted += 1
    return state.triggers_counted


def look(state: State, market: Market, trigger_by: int, price: int) -> None:
    """Let every trigger of a market and a kind that waits for this price be due."""
    met = [row for row in state.triggers.values() if (row.market, row.trigger_by) == (market.market, trigger_by)]
    met = [row for row in met if row.armed and not row.due and reached(row, price)]
    rise = sorted((row for row in met if row.direction == RISES), key=lambda row: (row.trigger_ticks, row.armed))
    fall = sorted((row for row in met if row.direction == FALLS), key=lambda row: (-row.trigger_ticks, row.armed))
    for row in rise + fall:
        row.due = count(state)


def tick(state: State) -> None:
    """Look at the marks and indices of all markets, at the end of a clock."""
    for number in sorted(state.markets):
        market = state.markets[number]
        if market.state in (MarketState.CLOSED, MarketState.CANCEL_ONLY, MarketState.AUCTION):
            continue
        for trigger_by in (TriggerBy.MARK, TriggerBy.INDEX):
            if price := reference_price(state, market, trigger_by):
                look(state, market, trigger_by, price)


def arm(state: State, trigger: Trigger) -> None:
    """Let a trigger watch the price, and look whether it is there already."""
    trigger.armed = count(state)
    price = reference_price(state, state.markets[trigger.market], trigger.trigger_by)
    if price and reached(trigger, price):
        trigger.due = count(state)


# Rows.


def room_for(state: State, account: int, more: int) -> None:
    """Refuse more triggers than the account or the venue may have; tell how many it would be."""
    own, rows = len(of_account(state, account, 0)) + more, len(state.triggers) + more
    if own > (limit := state.parameters[Parameter.TRIGGERS_PER_ACCOUNT]):
        raise Refused(Reject.TRIGGERS_LIMIT, value=own, limit=limit)
    if rows > (limit := state.parameters[Parameter.TRIGGERS]):
        raise Refused(Reject.VENUE_FULL, value=rows, limit=limit)


def put(state: State, trigger: Trigger, emit: Any) -> None:
    state.triggers[trigger.trigger] = trigger
    user = state.accounts[trigger.account].user
    emit("TriggerPlaced", user=user, **{name: getattr(trigger, name) for name in PLACED})


def end(state: State, trigger: Trigger, reason: TriggerEnd, emit: Any) -> None:
    """Let a trigger end without an order."""
    del state.triggers[trigger.trigger]
    tell_end(trigger, reason, emit)


def tell_end(trigger: Trigger, reason: TriggerEnd, emit: Any, refusal: dict[str, int] | None = None) -> None:
    emit(
        "TriggerClosed",
        account=trigger.account,
        market=trigger.market,
        trigger=trigger.trigger,
        parent=trigger.parent,
        reason=int(reason),
        **refusal or {"reject": 0, "field_number": 0, "asset": 0, "value": 0, "limit": 0},
    )


def placed_at(trigger: Trigger) -> tuple[int, int]:
    """Return what orders triggers by when they were placed: its command, then take-profit before stop-loss."""
    return trigger.parent or trigger.trigger, trigger.trigger


def of_account(state: State, account: int, market: int) -> list[Trigger]:
    """Return the triggers of an account in a market, 0 for all, in the order in which they were placed."""
    found = [row for row in state.triggers.values() if row.account == account and market in (0, row.market)]
    return sorted(found, key=placed_at)


# What is attached to an order.


def both_attached(command: Any) -> list[tuple[int, int, int, int]]:
    """Return (what is added to the order's number, trigger, price, kind of price) of take-profit and stop-loss."""
    return [
        (TAKE_PROFIT, command.take_profit_ticks, command.take_profit_price_ticks, command.take_profit_by),
        (STOP_LOSS, command.stop_loss_ticks, command.stop_loss_price_ticks, command.stop_loss_by),
    ]


def has_attached(command: Any) -> bool:
    return any(getattr(command, name, 0) for name in ATTACHED)


def attached_to(command: Any) -> list[tuple[int, int, int, int]]:
    """Return those of the two that are given; under the first rules there is no field for them."""
    return [found for found in both_attached(command) if found[1]] if has_attached(command) else []


def on_right_sides(command: Any) -> None:
    """Check that one takes a profit and the other stops a loss."""
    sign = 1 if command.side == BID else -1
    profit, loss, price = command.take_profit_ticks, command.stop_loss_ticks, command.price_ticks
    if command.order_type == OrderType.LIMIT:
        if profit and sign * profit <= sign * price:
            raise Refused(Reject.WRONG_SIDE_TRIGGER, value=profit, limit=price)
        if loss and sign * loss >= sign * price:
            raise Refused(Reject.WRONG_SIDE_TRIGGER, value=loss, limit=price)
    if profit and loss and sign * profit <= sign * loss:
        raise Refused(Reject.WRONG_SIDE_TRIGGER, value=profit, limit=loss)


def attach(state: State, command: Any, order: int, filled_lots: int, emit: Any) -> None:
    """Place what is attached to an order that rests or has fills; it is armed once there are fills."""
    if not filled_lots and order not in state.orders:
        return
    rows = [attached_row(state, command, order, filled_lots, *given) for given in attached_to(command)]
    for row in rows:
        put(state, row, emit)
    for row in rows if filled_lots else ():
        arm(state, row)


def attached_row(
    state: State, command: Any, order: int, lots: int, added: int, ticks: int, price: int, trigger_by: int
) -> Trigger:
    rises = (added == TAKE_PROFIT) == (command.side == BID)
    return Trigger(
        trigger=order + added,
        parent=order,
        account=command.account,
        market=command.market,
        client_id=-1,
        price_ticks=price,
        quantity_lots=lots,
        slippage=0,
        trigger_ticks=ticks,
        created_us=state.time_us,
        side=1 - command.side,
        order_type=int(OrderType.LIMIT if price else OrderType.MARKET),
        time_in_force=int(TimeInForce.GTC),
        post_only=0,
        self_trade_prevention=command.self_trade_prevention,
        slippage_kind=int(SlippageKind.NONE),
        loan_flags=command.loan_flags,
        reduce_only=int(state.markets[command.market].is_perpetual),
        trigger_by=trigger_by,
        direction=RISES if rises else FALLS,
        quantity_percent=0,
    )


def attached_rows(state: State, order: int) -> list[Trigger]:
    """Return what of an order's take-profit and stop-loss is still there."""
    return sorted((row for row in state.triggers.values() if row.parent == order), key=placed_at)


def grow(state: State, order: int, lots: int) -> None:
    """Let what is attached to an order close so many lots more, and watch the price from its first fill on."""
    for row in attached_rows(state, order) if lots else ():
        row.quantity_lots += lots
        if not row.armed:
            arm(state, row)


def end_with_parent(state: State, order: int, emit: Any) -> None:
    """Let what is attached to an order end; it left the venue with nothing executed."""
    for row in attached_rows(state, order):
        end(state, row, TriggerEnd.PARENT, emit)
