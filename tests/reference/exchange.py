"""The reference exchange: one command after the other, events out."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ringfence.schema.enums import LATEST_RULES
from ringfence.schema.layout import snake
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import (
    CollateralRow,
    LendingPoolRow,
    OrderRow,
    PerpetualRow,
    PositionRow,
    PriceRow,
    PriceSourceRow,
    QuoteRow,
    RedemptionRow,
    TriggerRow,
)

from . import (
    auctions,
    brakes,
    conversion,
    covering,
    firing,
    funds,
    invariants,
    lending,
    liquidation,
    margin,
    orders,
    perpetuals,
    pools,
    positions,
    prices,
    rows,
    settings,
    settlement,
    shares,
    splits,
    takeovers,
    taking,
    triggers,
    users,
    vaults,
    waves,
)
from .money import available
from .records import READERS, WRITERS, Header, read_header
from .state import ASK, BID, Order, Refused, State

SKIPPED_KIND = 65_535

Emit = Callable[..., None]
Handler = Callable[[State, Any, Emit], None]
MODULES = (
    settings, users, funds, orders, prices, margin, lending, perpetuals, settlement, conversion, firing, liquidation,
    waves, brakes, auctions, covering, vaults, takeovers, shares,
    splits,
)  # fmt: skip
HANDLERS: dict[int, Handler] = {
    tag: next((getattr(module, snake(reader.name)) for module in MODULES if hasattr(module, snake(reader.name))), None)
    for tag, reader in READERS[LATEST_RULES].items()
}


class Emitter:
    """Writes the events of one command; ``place`` is the account and the market of those that name no other."""

    def __init__(self, state: State, writers: Any, events: list[bytes], place: tuple[int, int]) -> None:
        self.state, self.writers, self.events, self.place = state, writers, events, place

    def __call__(self, kind: str, account: int | None = None, market: int | None = None, **body: Any) -> None:
        self.events.append(self.written(len(self.events), kind, account, market, body))

    def again(self, index: int, kind: str, account: int, market: int, **body: Any) -> None:
        """Write an event anew that could not be known when its turn was."""
        self.events[index] = self.written(index, kind, account, market, body)

    def told(self) -> int:
        """Return how many events there are so far."""
        return len(self.events)

    def written(self, index: int, kind: str, account: int | None, market: int | None, body: dict[str, Any]) -> bytes:
        place = (self.place[0] if account is None else account, self.place[1] if market is None else market)
        head = (self.state.sequence, self.state.time_us, index, *place)
        return bytes(self.writers[kind].write(head, body))


class ReferenceExchange:
    """The rules in plain Python; ``debug`` checks every invariant after every command."""

    def __init__(self, *, debug: bool = False) -> None:
        self.state = State()
        self.debug = debug

    def apply(self, commands: Iterable[Any]) -> list[bytes]:
        """Apply stamped records of 128 bytes and return the events, 128 bytes each."""
        events: list[bytes] = []
        for record in commands:
            events += self.apply_one(bytes(record))
        return events

    def apply_one(self, record: bytes) -> list[bytes]:
        """Apply one stamped record and return its events."""
        state, header = self.state, read_header(record)
        assert header.sequence == state.sequence + 1, f"sequence {header.sequence} follows {state.sequence}"
        assert header.time_us >= state.time_us, f"time {header.time_us} is before {state.time_us}"
        state.sequence, state.time_us = header.sequence, header.time_us
        events: list[bytes] = []
        readers, writers = READERS[state.rules], WRITERS[state.rules]

        command = readers[header.kind].read(record) if header.kind in readers else None
        emit = Emitter(state, writers, events, (header.account, getattr(command, "market", 0)))
        taking.begin_all(state, emit)
        begun = len(events)
        try:
            self.handle(header, command, emit)
        except Refused as refused:
            assert len(events) == begun, "a command was refused after its first event"
            emit("Rejected", command_kind=header.kind, **refused.body)
        if self.debug:
            invariants.check(state)
        return events

    def handle(self, header: Header, command: Any, emit: Emit) -> None:
        """Check what every command must pass, then hand it to its rules."""
        if header.kind == SKIPPED_KIND:
            raise Refused(Reject.SKIPPED, value=header.sequence)
        if command is None:
            raise Refused(Reject.UNKNOWN_KIND, value=header.kind)
        reader = READERS[self.state.rules][header.kind]
        if header.origin not in reader.origins:
            raise Refused(Reject.WRONG_ORIGIN, value=header.origin)
        if broken := reader.first_out_of_range(command):
            place, value, limit = broken
            raise Refused(Reject.FIELD_OUT_OF_RANGE, value=value, limit=limit, field=place)
        HANDLERS[header.kind](self.state, command, emit)

    def rows(self) -> dict[str, np.ndarray]:
        return rows.rows(self.state)

    def state_hash(self) -> bytes:
        return rows.hash_of(self.state)

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """Return (asset, available, locked) of an account, by asset."""
        found = ((asset, *row[:2]) for (holder, asset), row in self.state.balances.items() if holder == account)
        return sorted((asset, available, locked) for asset, available, locked in found)

    def depth(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (price, lots) of bids and asks, best first."""
        sides = self.state.markets[market].levels
        bids = [(price, standing(sides[BID][price])) for price in reversed(sides[BID])]
        asks = [(price, standing(sides[ASK][price])) for price in sides[ASK]]
        return bids[:levels], asks[:levels]

    def open_orders(self, account: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account, oldest first."""
        found = self.state.accounts[account].orders.values() if account in self.state.accounts else ()
        return [order_row(order) for order in found if market in (0, order.market)]

    def order(self, order: int) -> OrderRow | None:
        return order_row(self.state.orders[order]) if order in self.state.orders else None

    def price(self, asset: int) -> PriceRow | None:
        return row_of(PriceRow, self.state.prices.get(asset))

    def quotes(self, asset: int) -> list[QuoteRow]:
        """Return what the sources that count for an asset last said, by source."""
        keys = sorted(key for key in self.state.quotes if key[0] == asset)
        return [row_of(QuoteRow, self.state.quotes[key]) for key in keys]

    def collateral(self, asset: int) -> CollateralRow | None:
        return row_of(CollateralRow, self.state.collaterals.get(asset))

    def lending_pool(self, asset: int) -> LendingPoolRow | None:
        return row_of(LendingPoolRow, self.state.lending_pools.get(asset))

    def pool_atoms(self, asset: int) -> int:
        return available(self.state, pools.POOL, asset)

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, shares) of an account, by asset: above zero what it lent, below what it owes."""
        found = [(asset, row[2]) for (holder, asset), row in self.state.balances.items() if holder == account]
        return sorted((asset, shares) for asset, shares in found if shares)

    def redemption(self, account: int, asset: int) -> RedemptionRow | None:
        return row_of(RedemptionRow, pools.queued_row(self.state, account, asset))

    def redemptions(self, asset: int) -> list[RedemptionRow]:
        """Return what waits to be redeemed, oldest first."""
        return [row_of(RedemptionRow, row) for row in pools.queue(self.state, asset)]

    def perpetual(self, market: int) -> PerpetualRow | None:
        return row_of(PerpetualRow, self.state.perpetuals.get(market))

    def position(self, account: int, market: int) -> PositionRow | None:
        return row_of(PositionRow, self.state.positions.get((account, market)))

    def positions(self, account: int) -> list[PositionRow]:
        """Return what an account has of contracts, by market."""
        markets = [market.market for market in positions.of_account(self.state, account)]
        return [row_of(PositionRow, self.state.positions[account, market]) for market in markets]

    def trigger(self, trigger: int) -> TriggerRow | None:
        return row_of(TriggerRow, self.state.triggers.get(trigger))

    def triggers(self, account: int, market: int = 0) -> list[TriggerRow]:
        """Return the triggers of an account, in the order in which they were placed."""
        return [row_of(TriggerRow, found) for found in triggers.of_account(self.state, account, market)]

    def measure(
        self, account: int, *, asset: int = 0, held_change: int = 0, owed_change: int = 0, strict: bool = False
    ) -> margin.Measure:
        """Return what an account is worth, also if it held and owed so much more of an asset."""
        found = margin.measure(self.state, account, margin.WhatIf(asset, held_change, owed_change), strict=strict)
        if found.owes and not margin.owes(self.state, account):
            found.reserved = margin.capped(sum(margin.reserved_anew(self.state, account, found.assets).values()))
        return found

    def price_source(self, number: int) -> PriceSourceRow | None:
        """Return a source that has a name."""
        source = self.state.price_sources.get(number)
        if source is None or source.name == bytes(16):
            return None
        name = source.name.rstrip(b"\0").decode("ascii")
        return PriceSourceRow(price_source=number, name=name, enabled=source.enabled)


def standing(level: dict[int, Order]) -> int:
    return sum(order.remaining_lots for order in level.values())


def order_row(order: Order) -> OrderRow:
    return row_of(OrderRow, order)


def row_of(kind: Any, found: Any) -> Any:
    """Return an object of the state as a row of the schema; None stays None."""
    return found and kind(**{name: getattr(found, name) for name in kind.__struct_fields__})
