"""What must hold of triggers at any moment: what they wait for, what they are attached to, and how they are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.node.brake_invariants import braked_markets
from ringfence.node.perpetual_invariants import perpetual_markets
from ringfence.schema.enums import STOP_LOSS, TAKE_PROFIT, AccountKind, OrderType, Side, TriggerBy, TriggerDirection

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]


class Trigger(NamedTuple):
    """The columns of a trigger that something must hold of."""

    trigger: int
    parent: int
    account: int
    market: int
    side: int
    order_type: int
    price_ticks: int
    quantity_lots: int
    quantity_percent: int
    trigger_ticks: int
    trigger_by: int
    direction: int
    armed: int
    due: int
    loan_flags: int
    reduce_only: int


class Parent(NamedTuple):
    """The columns of an order that something is attached to."""

    order: int
    account: int
    market: int
    side: int
    quantity_lots: int
    remaining_lots: int


def broken_triggers(rows: Rows) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    triggers = {number: Trigger(number, *rest) for number, *rest in _columns(rows["triggers"], *Trigger._fields)}
    is_parent = np.isin(rows["orders"]["order"], rows["triggers"]["parent"])
    parents = {number: Parent(number, *rest) for number, *rest in _columns(rows["orders"][is_parent], *Parent._fields)}
    braked = braked_markets(rows)
    last_ticks = {market: ticks for market, ticks in _columns(rows["markets"], "market", "last_price_ticks")}
    perpetuals = perpetual_markets(rows)
    accounts = {account: kind for account, kind in _columns(rows["accounts"], "account", "account_kind")}
    venue = rows["venue"][0]
    for number, row in triggers.items():
        if row.account not in accounts or row.market not in last_ticks:
            yield f"trigger {number} belongs to account {row.account} in market {row.market}; one does not exist"
            continue
        yield from _sizes(row)
        yield from _orders(row, row.market in perpetuals)
        if accounts[row.account] == AccountKind.FENCED:
            yield f"trigger {number} belongs to account {row.account}, which is fenced"
        if row.market not in braked:  # there it is looked at when the market has reopened
            yield from _reached(row, last_ticks[row.market])
        if row.parent:
            yield from _attached(row, parents.get(row.parent))
        elif not 0 < number <= venue["sequence"] or not row.armed:
            yield f"trigger {number} was placed by no command, or does not watch its price"
    yield from _pairs(triggers)
    yield from _counted(triggers, int(venue["triggers_counted"]))


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _sizes(row: Trigger) -> Iterator[str]:
    """A trigger that watches has a size, and only an order with a limit has a price."""
    if row.armed and bool(row.quantity_lots) == bool(row.quantity_percent):
        yield f"trigger {row.trigger} is for {row.quantity_lots} lots and {row.quantity_percent} percent"
    if row.trigger_ticks <= 0 or (row.order_type == OrderType.LIMIT) != (row.price_ticks > 0):
        yield f"trigger {row.trigger} at {row.trigger_ticks} places an order at {row.price_ticks}"


def _orders(row: Trigger, is_perpetual: bool) -> Iterator[str]:
    """Only in a perpetual may an order only reduce, and only on a spot market may it move loans."""
    if row.loan_flags if is_perpetual else row.reduce_only:
        kind = "a perpetual" if is_perpetual else "a spot market"
        yield f"trigger {row.trigger} in {kind} has loan flags {row.loan_flags}, only reduces {row.reduce_only}"
    if not is_perpetual and row.quantity_percent and row.side == Side.BID:
        yield f"trigger {row.trigger} buys {row.quantity_percent} percent on a spot market"


def _reached(row: Trigger, last_ticks: int) -> Iterator[str]:
    """Whoever waits for a last price has not seen it: every trade looks, and so does who begins to watch."""
    if not row.armed or row.due or row.trigger_by != TriggerBy.LAST or not last_ticks:
        return
    above, below = last_ticks >= row.trigger_ticks, last_ticks <= row.trigger_ticks
    if above if row.direction == TriggerDirection.RISES else below:
        yield f"trigger {row.trigger} waits for {row.trigger_ticks}, and the last price is {last_ticks}"


def _attached(row: Trigger, parent: Parent | None) -> Iterator[str]:
    """What is attached closes what its order has filled, and watches from the first fill on."""
    if row.trigger - row.parent not in (TAKE_PROFIT, STOP_LOSS):
        yield f"trigger {row.trigger} is not one of those of order {row.parent}"
    if bool(row.armed) != (row.quantity_lots > 0):
        yield f"trigger {row.trigger} is for {row.quantity_lots} lots, armed {row.armed}"
    if parent is None:
        if not row.armed:
            yield f"trigger {row.trigger} waits for order {row.parent}, which is gone"
        return
    if (parent.account, parent.market, 1 - parent.side) != (row.account, row.market, row.side):
        yield f"trigger {row.trigger} does not close order {row.parent}"
    if (filled := parent.quantity_lots - parent.remaining_lots) != row.quantity_lots:
        yield f"trigger {row.trigger} is for {row.quantity_lots} lots, its order has filled {filled}"


def _pairs(triggers: Mapping[int, Trigger]) -> Iterator[str]:
    """The two of an order are for as much."""
    for number, row in triggers.items():
        other = triggers.get(row.parent + STOP_LOSS) if number == row.parent + TAKE_PROFIT else None
        if other is not None and other.quantity_lots != row.quantity_lots:
            yield f"the triggers of order {row.parent} are for {row.quantity_lots} and {other.quantity_lots} lots"


def _counted(triggers: Mapping[int, Trigger], counted: int) -> Iterator[str]:
    """Numbers of arming and of being due come from one count, each taken once."""
    taken: set[int] = set()
    for number, row in triggers.items():
        if row.due and not 0 < row.armed < row.due:
            yield f"trigger {number} is due as {row.due} and armed as {row.armed}"
        for place in (row.armed, row.due):
            if place and (place in taken or place > counted):
                yield f"trigger {number} has number {place} of {counted}, which is not its own"
            taken.add(place)
