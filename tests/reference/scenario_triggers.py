"""Lines of a scenario that wait for prices, and what is told of them.

alice stop 9850 sell 5 as s             : alice waits FALLS 9850: sell 5
alice stop 105 buy 50% @104 by=MARK on3 : alice waits RISES 105 by MARK: buy 50% @104
alice bid 100 x 5 tp=110@109 sl=90:MARK : accepted, rests 5; alice's take-profit waits RISES 110: sell 0 @109
                                        ; alice's stop-loss waits FALLS 90 by MARK: sell 0
op fire                                 : alice fires 5 at 9800; accepted, rests 5
alice cancel s                          : alice's trigger ends: REQUESTED
alice cancel a.tp                       : alice's take-profit ends: REQUESTED
alice triggers                          = take-profit 5 armed 1, stop-loss 5 armed 2 due 3
op contract                             : MarketListed              the perpetual of SOL, market 3
op contract_rules                       : PerpetualSet
"""

from typing import Any

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema import enums as e
from ringfence.schema import events as v
from ringfence.schema.rejects import Reject

from .scenario_flags import flags_given

ATTACHED = {"tp": "take_profit", "sl": "stop_loss"}


def attached_fields(words: tuple[str, ...]) -> dict[str, int]:
    """Return the fields of PlaceOrder that ``tp=110@109:MARK`` stands for."""
    found: dict[str, int] = {}
    for word in words:
        name, _, given = word.partition("=")
        rest, _, trigger_by = given.partition(":")
        ticks, _, price = rest.partition("@")
        prefix = ATTACHED[name]
        found |= {f"{prefix}_ticks": int(ticks or 0), f"{prefix}_price_ticks": int(price or 0)}
        found[f"{prefix}_by"] = e.TriggerBy[trigger_by or "LAST"]
    return found


def parted_attached(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of what is attached, and the others."""
    attached = tuple(word for word in words if word.partition("=")[0] in ATTACHED)
    return attached, tuple(word for word in words if word not in attached)


class TriggerVerbs:
    """One method per verb."""

    def stop(self, account: int, ticks: str, side: str, size: str, *words: str) -> c.Command:
        """The order is at market unless it has a price; it is on market 1 and by LAST unless that is said."""
        given: dict[str, Any] = {"market": 1, "side": ["buy", "sell"].index(side), "trigger_ticks": int(ticks)}
        given["quantity_percent" if size.endswith("%") else "quantity_lots"] = int(size.rstrip("%"))
        others: list[str] = []
        for word in words:
            if word.startswith("@"):
                given |= {"price_ticks": int(word[1:]), "order_type": e.OrderType.LIMIT}
            elif word.startswith("by="):
                given["trigger_by"] = e.TriggerBy[word[3:]]
            else:
                others.append(word)
        return c.PlaceTrigger(account=account, **given | flags_given(tuple(others)))

    def fire(self, _account: int) -> c.Command:
        return c.FireTrigger()

    def contract(self, _account: int) -> c.Command:
        return c.ListMarket(base_asset=2, quote_asset=1, tick_atoms=10**4, lot_atoms=10**7, market_kind=1)

    def contract_rules(self, _account: int) -> c.Command:
        return c.SetPerpetual(market=3, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6)


def kind_of(trigger: int) -> str:
    if trigger < e.TAKE_PROFIT:
        return "trigger"
    return "take-profit" if trigger < e.STOP_LOSS else "stop-loss"


def told_trigger(event: v.TriggerPlaced | v.TriggerFired | v.TriggerClosed, who: str) -> str:
    match event:
        case v.TriggerPlaced():
            return told_placed(event, who)
        case v.TriggerFired():
            return f"{who} fires {event.quantity_lots} at {event.price_ticks}"
        case v.TriggerClosed():
            names = ("value", "limit", "asset", "field_number")
            parts = [f"{name}={getattr(event, name)}" for name in names if getattr(event, name)]
            refusal = [Reject(event.reject).name] if event.reject else []
            reason = e.TriggerEnd(event.reason).name
            return " ".join([f"{who}'s {kind_of(event.trigger)} ends: {reason}", *refusal, *parts])


def told_placed(event: v.TriggerPlaced, who: str) -> str:
    whose = who if event.trigger < e.TAKE_PROFIT else f"{who}'s {kind_of(event.trigger)}"
    by = f" by {e.TriggerBy(event.trigger_by).name}" if event.trigger_by else ""
    size = f"{event.quantity_percent}%" if event.quantity_percent else f"{event.quantity_lots}"
    price = f" @{event.price_ticks}" if event.order_type == e.OrderType.LIMIT else ""
    direction = e.TriggerDirection(event.direction).name
    return f"{whose} waits {direction} {event.trigger_ticks}{by}: {['buy', 'sell'][event.side]} {size}{price}"


def told_rows(rows: np.ndarray, account: int) -> str:
    """Return what an account's triggers wait with, by number."""
    told: list[str] = []
    for row in rows[rows["account"] == account]:
        counts = [f"{name} {row[name]}" for name in ("armed", "due") if row[name]]
        told.append(" ".join([f"{kind_of(row['trigger'])} {row['quantity_lots']}", *counts]))
    return ", ".join(told)
