"""What history is fed: the events, and what positions look like where events alone do not tell it.

A settlement emits one event for each market, not one for each position. What a position paid or got is the change of
what it cost that no trade and no funding explains, so positions are read right after each page of a settlement, before
anything else touches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import msgspec

from ringfence.schema.enums import HouseAccount, MarketKind
from ringfence.schema.events import Event, Trade
from ringfence.schema.tables import MarketRow, PositionRow

HOUSE = (int(HouseAccount.FEES), int(HouseAccount.ROUNDING))
"""The house accounts that have something to come from perpetuals."""


class PositionsRead(msgspec.Struct, frozen=True):
    """Positions as they stand after command ``sequence``: those that were opened, or after a page all there are."""

    sequence: int
    time_us: int
    rows: list[PositionRow]
    after_page: bool


Fed: TypeAlias = Event | PositionsRead


class Positions(Protocol):
    """What is read of the exchange."""

    @property
    def sequence(self) -> int:
        """Return the last command applied."""
        ...

    @property
    def time_us(self) -> int:
        """Return the time of the last command."""
        ...

    @property
    def next_account(self) -> int:
        """Return the number that the next account will get."""
        ...

    @property
    def settling(self) -> bool:
        """Tell whether a settlement is under way."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        ...

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account, by market."""
        ...

    def position(self, account: int, market: int) -> PositionRow | None:
        """Return the position of an account in a market."""
        ...


class HistoryFeed:
    """Follows an exchange part by part; a part ends after each command that may settle a page."""

    def __init__(self, exchange: Positions) -> None:
        self._exchange = exchange
        self._is_perpetual: dict[int, bool] = {}
        self._settling = exchange.settling
        self.has_settled = False
        """Whether the part that was followed last has settled a page."""
        self._known: dict[int, set[int]] = {}
        """The markets in which an account has a position."""
        for account in range(1, exchange.next_account):
            self._note(exchange.positions(account))

    def follow(self, events: Sequence[Event]) -> list[Fed]:
        """Return the events of a part that was just applied, with what had to be read behind them."""
        fed: list[Fed] = list(events)
        if opened := self._opened(events):
            fed.append(self._read(opened, after_page=False))
        was_settling, self._settling = self._settling, self._exchange.settling
        self.has_settled = was_settling or self._settling
        if self.has_settled:
            fed.append(self._page())
        return fed

    def _opened(self, events: Sequence[Event]) -> list[PositionRow]:
        """Return the positions that trades have opened; one that is gone again is told by nobody and missed by none."""
        rows: list[PositionRow] = []
        for event in events:
            if isinstance(event, Trade) and self._trades_perpetual(event.market):
                for account in (event.account, event.maker_account):
                    if event.market not in self._known.get(account, ()):
                        row = self._exchange.position(account, event.market)
                        rows += [row] if row is not None else []
                        self._known.setdefault(account, set()).add(event.market)
        return rows

    def _trades_perpetual(self, market: int) -> bool:
        known = self._is_perpetual.get(market)
        if known is None:
            row = self._exchange.market(market)
            known = self._is_perpetual[market] = row is not None and row.market_kind == MarketKind.PERPETUAL
        return known

    def _page(self) -> PositionsRead:
        accounts = sorted(set(self._known).union(HOUSE))
        rows = [row for account in accounts for row in self._exchange.positions(account)]
        self._known = {}
        self._note(rows)
        return self._read(rows, after_page=True)

    def _note(self, rows: Sequence[PositionRow]) -> None:
        """Note positions; a row that only orders keep is none, and the next trade begins one."""
        for row in rows:
            if row.net_lots or row.reference_atoms:
                self._known.setdefault(row.account, set()).add(row.market)

    def _read(self, rows: list[PositionRow], *, after_page: bool) -> PositionsRead:
        return PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, after_page)
