"""Positions followed trade by trade, hour by hour and settlement by settlement, with the numbers of the core.

The formulas are those of docs/rules.md, "Perpetuals (rules 2)". Trades and funding follow from events alone. What a
settlement moved is the change of ``reference_atoms`` that neither of them explains, read after each of its pages. What
a liquidation does to positions follows from its events (``estates``), but for the profit of an estate that FUND takes.
So for each position trades, fees, funding, settlements and what others bear of it always add up to what it has cost, to
the atom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from ringfence.schema.enums import FIRST_USER_ACCOUNT, FUNDING_BITS, HouseAccount, Side
from ringfence.schema.events import ContractAdjusted, Event, FundingCharged, Trade, VaultTookOver
from ringfence.schema.tables import PositionRow

from ..candles import HOUR_US
from .feed import PositionsRead

Row = dict[str, Any]

BID = int(Side.BID)
FEES, ROUNDING, FUND = int(HouseAccount.FEES), int(HouseAccount.ROUNDING), int(HouseAccount.FUND)


class PositionsDiffer(Exception):
    """Raised when a position of the core is not the one that history followed."""


class Position(msgspec.Struct):
    """A position from its first trade until it came to nothing and was settled; columns of its table.

    What is left of it when its perpetual was delisted is closed at the final mark, without a trade. ``opened`` is its
    number on the wire: the sequence of its first trade.
    ``entered`` and ``closed`` sum up what made it larger and smaller;
    ``settled_atoms`` is what settlements gave it, below 0 what they took. House accounts have what is due to them.

    Of a liquidation ``liquidated_lots`` are what it closed, ``liquidation_fees_atoms`` the part of ``fees_atoms`` that
    FUND has, and ``written_off_atoms`` what others bear of its loss; below 0 what FUND took of its profit.
    """

    position: int
    account: int
    market: int
    opened: int
    opened_us: int
    closed_us: int | None = None
    settled_us: int | None = None
    net_lots: int = 0
    entry_atoms: int = 0
    realized_atoms: int = 0
    funding_atoms: int = 0
    fees_atoms: int = 0
    reference_atoms: int = 0
    funding_index: int = 0
    settled_atoms: int = 0
    entered_lots: int = 0
    entered_atoms: int = 0
    closed_lots: int = 0
    closed_atoms: int = 0
    liquidated_lots: int = 0
    liquidation_fees_atoms: int = 0
    written_off_atoms: int = 0

    def pending_funding(self, funding_index: int) -> int:
        """Return the funding that it has to pay up to an index since it was touched, rounded up; below 0 if paid."""
        return -(-self.net_lots * (funding_index - self.funding_index) >> FUNDING_BITS)

    def change(self, lots: int, cost_atoms: int, fee_atoms: int) -> None:
        """Change it by a trade; lots and cost are below zero for a sale."""
        closed = 0
        if self.net_lots and (self.net_lots > 0) != (lots > 0):
            closed = min(abs(lots), abs(self.net_lots))
        entry = _part(self.entry_atoms, closed, abs(self.net_lots)) if closed else 0
        cost = _part(cost_atoms, closed, abs(lots))
        self.realized_atoms -= entry + cost
        self.entry_atoms += cost_atoms - cost - entry
        self.net_lots += lots
        if self.net_lots == 0:
            self.entry_atoms = 0
        self.reference_atoms += cost_atoms + fee_atoms
        self.fees_atoms += fee_atoms
        self.closed_lots += closed
        sign = 1 if lots > 0 else -1
        self.closed_atoms += sign * cost
        self.entered_lots += abs(lots) - closed
        self.entered_atoms += sign * (cost_atoms - cost)


class _Taking(NamedTuple):
    """What a taker's order has traded so far; his position changes once, by all of it."""

    trade: Trade
    lots: int
    cost_atoms: int
    fee_atoms: int


class Positions:
    """All positions that stand, kept from batch to batch; what a batch changed lies in its lists until the next."""

    def __init__(
        self, last_position: int = 0, standing: Iterable[Position] = (), indices: dict[int, int] | None = None
    ) -> None:
        self._last_position = last_position
        self._standing: dict[int, dict[int, Position]] = {}
        for position in standing:
            self._standing.setdefault(position.market, {})[position.account] = position
        self._indices = {} if indices is None else indices
        self._taking: _Taking | None = None
        self._due: set[tuple[int, int]] = set()
        """Those that a settlement is still to pay, or to collect from, by account and market."""
        self.begin_batch()

    def begin_batch(self) -> None:
        """Forget what the last batch changed."""
        self.changed: dict[int, Position] = {}
        self.payments: list[Row] = []
        self.settlements: list[Row] = []
        self.hours: list[Row] = []

    def traded(self, event: Trade) -> None:
        """Follow a trade of a perpetual."""
        if self._taking is not None and self._taking.trade.sequence != event.sequence:
            self.finish_taker()
        sign = 1 if event.side == BID else -1
        lots, cost = sign * event.quantity_lots, sign * event.quote_atoms
        self._change(event, event.maker_account, -lots, -cost, event.maker_fee_atoms)
        before = self._taking or _Taking(event, 0, 0, 0)
        self._taking = _Taking(
            event, before.lots + lots, before.cost_atoms + cost, before.fee_atoms + event.taker_fee_atoms
        )

    def finish_taker(self) -> None:
        """Let the position of the last taker change: all of his trades were told."""
        taking, self._taking = self._taking, None
        if taking is not None:
            self._change(taking.trade, taking.trade.account, taking.lots, taking.cost_atoms, taking.fee_atoms)

    def taken_over(self, event: VaultTookOver, quote_factor: int) -> None:
        """Let a vault have lots of a failing account, at the mark and for its discount; nobody trades."""
        self.finish_taker()
        cost = event.lots * event.mark_ticks * quote_factor - event.discount_atoms
        self._change(event, event.account, -event.lots, -cost, 0)
        self._change(event, event.vault_account, event.lots, cost, 0)

    def charged(self, event: FundingCharged) -> None:
        """Let every position of a market pay an hour of funding, or be paid."""
        end_us = event.time_us // HOUR_US * HOUR_US
        hour = {"market": event.market, "time_us": event.time_us, "end_us": end_us}
        hour["funding_rate_e10"] = event.funding_rate_e10
        self._pay_each(event, hour)
        self.hours.append(hour | {"mark_ticks": event.mark_ticks, "funding_index": event.funding_index})

    def adjusted(self, event: ContractAdjusted) -> None:
        """Let shorts of a contract pay its longs what its share pays: funding of no hour, at no rate."""
        self._pay_each(
            event, {"market": event.market, "time_us": event.time_us, "end_us": event.time_us, "funding_rate_e10": 0}
        )

    def _pay_each(self, event: FundingCharged | ContractAdjusted, hour: dict[str, int]) -> None:
        self.finish_taker()
        before, self._indices[event.market] = self._indices.get(event.market, 0), event.funding_index
        for position in self._standing.get(event.market, {}).values():
            paid = position.pending_funding(event.funding_index) - position.pending_funding(before)
            if paid:
                place = {"account": position.account, "sequence": event.sequence, "event_index": event.index}
                numbers = {"position": position.position, "net_lots": position.net_lots, "amount_atoms": -paid}
                self.payments.append(place | hour | numbers)

    def read(self, reading: PositionsRead) -> None:
        """Take over what was read of the core's positions."""
        self.finish_taker()
        if reading.stepped is not None:
            self._read_estate(reading.stepped, reading)
            return
        found = {(row.account, row.market): row for row in reading.rows}
        if reading.after_page or reading.paid is not None:
            self._due = set() if reading.paid is None else self._due - {reading.paid}
            self._due |= {key for key, row in found.items() if row.due_atoms}
        named = found.keys() if reading.paid is None else {reading.paid}
        looked_at = self._all() if reading.after_page else self._among(named)
        # Users first: what funding they are touched by is due to the house, or from it.
        for position in sorted(looked_at, key=_is_house):
            self._take_over(position, found.pop((position.account, position.market), None), reading)
        # Funding that touched users may have made a position of the house.
        for position in self._among(list(found)):
            self._take_over(position, found.pop((position.account, position.market)), reading)
        for row in found.values():
            if row.net_lots or row.reference_atoms:
                raise PositionsDiffer(_differ(row, row.net_lots))

    def _read_estate(self, account: int, reading: PositionsRead) -> None:
        """Take over what a step of a case may have done to the account's positions that no event says.

        That is: settled their funding, and, where an estate was written off, given FUND the profit that was left.
        """
        found = {row.market: row for row in reading.rows}
        for position in self.of_account(account):
            row = found.get(position.market)
            self._take_over(position, row, reading)
            left = position.reference_atoms - (0 if row is None else row.reference_atoms)
            if left and (row is not None or left > 0):
                raise PositionsDiffer(_differ(position, position.net_lots))
            self.hand_over(FUND, position, left, reading.sequence, reading.time_us)

    def of_account(self, account: int) -> list[Position]:
        """Return the positions of an account that stand, by market."""
        return self._among([(account, market) for market in sorted(self._standing)])

    def touch_account(self, account: int) -> None:
        """Settle the funding of all positions of an account into what they cost."""
        for position in self.of_account(account):
            self._touch(position)

    def hand_over(self, house: int, position: Position, atoms: int, sequence: int, time_us: int) -> None:
        """Let a house account bear so much of what a position has cost; below 0 have so much that is due to it."""
        if atoms:
            position.reference_atoms -= atoms
            position.written_off_atoms += atoms
            self.owe(house, position.market, -atoms, sequence, time_us)
            self.changed[position.position] = position
        self.end_if_empty(position, time_us)

    def settle(self, position: Position, atoms: int, sequence: int, time_us: int, *, in_case: bool) -> None:
        """Let a position receive so much, below 0 pay; what is told of it by one command is one row."""
        position.reference_atoms += atoms
        position.settled_atoms += atoms
        self.changed[position.position] = position
        key = {"account": position.account, "sequence": sequence, "market": position.market}
        # A case may pay twice in one step, before its order and after it.
        last = self.settlements[-1] if self.settlements else {}
        if key.items() <= last.items():
            last["amount_atoms"] += atoms
            return
        self.settlements.append(
            key | {
                "time_us": time_us, "position": position.position, "opened": position.opened, "amount_atoms": atoms,
                "in_case": in_case,
            }
        )  # fmt: skip

    def _among(self, keys: Iterable[tuple[int, int]]) -> list[Position]:
        """Return the positions that stand of those of some (account, market)."""
        found = {key: self._standing.get(key[1], {}).get(key[0]) for key in keys}
        return [position for position in found.values() if position is not None]

    def _all(self) -> Iterator[Position]:
        for accounts in self._standing.values():
            yield from accounts.values()

    def _take_over(self, position: Position, row: PositionRow | None, reading: PositionsRead) -> None:
        if position.market in reading.finals and position.net_lots and (row is None or row.net_lots == 0):
            self._close(position, reading.finals[position.market], reading.time_us)
        if position.net_lots != (0 if row is None else row.net_lots):
            raise PositionsDiffer(_differ(position, 0 if row is None else row.net_lots))
        if row is not None and row.funding_index != position.funding_index:
            self._touch(position)
        if reading.after_page or reading.paid is not None:
            self._settle(position, 0 if row is None else row.reference_atoms, reading)
            self.end_if_empty(position, reading.time_us)

    def _close(self, position: Position, lot_atoms: int, time_us: int) -> None:
        """Close a position at what a lot is worth for good; nobody takes the other side, and no fee is due."""
        self._touch(position)
        lots = -position.net_lots
        position.change(lots, lots * lot_atoms, 0)
        position.closed_us = time_us

    def _settle(self, position: Position, reference_atoms: int, reading: PositionsRead) -> None:
        received = reference_atoms - position.reference_atoms
        if received:
            self.settle(position, received, reading.sequence, reading.time_us, in_case=False)

    def _change(self, event: Event, account: int, lots: int, cost_atoms: int, fee_atoms: int) -> None:
        self.change(event, account, lots, cost_atoms, fee_atoms)
        self.owe(FEES, event.market, fee_atoms, event.sequence, event.time_us)

    def change(self, event: Event, account: int, lots: int, cost_atoms: int, fee_atoms: int = 0) -> Position:
        """Let a position change by lots and what they cost, below zero for a sale, after its funding is settled."""
        position = self.position(account, event)
        self._touch(position)
        position.change(lots, cost_atoms, fee_atoms)
        position.closed_us = None if position.net_lots else event.time_us
        self.end_if_empty(position, event.time_us)
        return position

    def end_if_empty(self, position: Position, time_us: int) -> None:
        """Let go of a position of which nothing is left and that no settlement waits for.

        The core may keep its row for orders that rest.
        """
        is_due = (position.account, position.market) in self._due
        if not (_is_house(position) or is_due or position.net_lots or position.reference_atoms):
            position.settled_us = time_us
            self.changed[position.position] = position
            del self._standing[position.market][position.account]

    def _touch(self, position: Position) -> None:
        """Settle the funding of a position into what it cost."""
        index = self._indices.get(position.market, 0)
        atoms = position.pending_funding(index)
        position.funding_index = index
        position.reference_atoms += atoms
        position.funding_atoms -= atoms
        self.changed[position.position] = position
        self.owe(ROUNDING, position.market, atoms, position.opened, position.opened_us)

    def owe(self, house: int, market: int, atoms: int, sequence: int, time_us: int) -> None:
        """Let a house account have so much to come from a market."""
        if atoms:
            self._position(house, market, sequence, time_us).reference_atoms -= atoms

    def position(self, account: int, event: Event) -> Position:
        """Return the position of an account in the market of an event, a new one if it has none."""
        return self._position(account, event.market, event.sequence, event.time_us)

    def _position(self, account: int, market: int, sequence: int, time_us: int) -> Position:
        accounts = self._standing.setdefault(market, {})
        position = accounts.get(account)
        if position is None:
            self._last_position += 1
            position = accounts[account] = Position(self._last_position, account, market, sequence, time_us)
            position.funding_index = self._indices.get(market, 0)
        self.changed[position.position] = position
        return position


def _is_house(position: Position) -> bool:
    return position.account < FIRST_USER_ACCOUNT


def _part(amount: int, lots: int, whole_lots: int) -> int:
    """Return amount * lots / whole lots, towards zero."""
    part = abs(amount) * lots // whole_lots
    return part if amount >= 0 else -part


def _differ(position: Position | PositionRow, lots: int) -> str:
    return (
        f"account {position.account} has {lots} lots in market {position.market}, which is not what history followed: "
        "rebuild history from the log"
    )
