"""What history is fed: the events, and what positions look like where events alone do not tell it.

A settlement emits one event for each market, not one for each position. What a position paid or got is the change of
what it cost that no trade and no funding explains, so positions are read right after each page of a settlement, and
after each conversion of collateral, before anything else touches them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from ringfence.schema.enums import Delisting, HouseAccount, MarketKind
from ringfence.schema.events import Event, PerpetualDelisted, Trade, VaultTookOver
from ringfence.schema.tables import MarketRow, PerpetualRow, PositionRow

CLEARING = int(HouseAccount.CLEARING)
"""While a delisted perpetual is closed it takes over what others have; that comes to nothing and is told to nobody."""
HOUSE = (int(HouseAccount.FEES), int(HouseAccount.ROUNDING))
"""The house accounts that have something to come from perpetuals."""


class PositionsRead(msgspec.Struct, frozen=True):
    """Positions as they stand after command ``sequence``: those that were opened, or after a page all there are.

    After a conversion it is the one of ``paid``, (account, market), which is gone if it has no row. ``finals`` are what
    a lot is worth, in atoms, in perpetuals that were delisted: there a position that is gone was closed at that price.
    """

    sequence: int
    time_us: int
    rows: list[PositionRow]
    after_page: bool
    paid: tuple[int, int] | None = None
    finals: dict[int, int] = {}


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

    @property
    def converting(self) -> int:
        """Return how many positions wait until collateral is sold for them."""
        ...

    @property
    def markets_listed(self) -> int:
        """Return the number of the last market."""
        ...

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual."""
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
    """Follows an exchange part by part; a part ends after each command that may settle a page or one position."""

    def __init__(self, exchange: Positions) -> None:
        self._exchange = exchange
        self._is_perpetual: dict[int, bool] = {}
        self._settling = exchange.settling
        self.has_settled = False
        """Whether the part that was followed last has settled a page."""
        self._known: dict[int, set[int]] = {}
        """The markets in which an account has a position."""
        self._shorts: deque[tuple[int, int]] = deque()
        """The positions for which collateral is still to be sold, in the order in which that is done."""
        self._finals = self._finals_of(range(1, exchange.markets_listed + 1))
        rows = [row for account in range(1, exchange.next_account) for row in exchange.positions(account)]
        self._note(rows)
        self._note_shorts(rows)

    def follow(self, events: Sequence[Event]) -> list[Fed]:
        """Return the events of a part that was just applied, with what had to be read behind them."""
        fed: list[Fed] = list(events)
        delisted = [event.market for event in events if isinstance(event, PerpetualDelisted)]
        self._finals |= self._finals_of(delisted)
        if opened := self._opened(events):
            fed.append(self._read(opened, after_page=False))
        was_settling, self._settling = self._settling, self._exchange.settling
        self.has_settled = was_settling or self._settling
        if self._shorts:
            fed += self._converted()
        elif self.has_settled:
            fed.append(self._page())
        return fed

    def _finals_of(self, markets: Iterable[int]) -> dict[int, int]:
        """Return what a lot is worth for good in those of some markets that are delisted."""
        finals: dict[int, int] = {}
        for number in markets:
            rules, market = self._exchange.perpetual(number), self._exchange.market(number)
            if rules is not None and market is not None and rules.delisting != Delisting.LISTED:
                finals[number] = rules.mark_ticks * market.quote_factor
        return finals

    def _converted(self) -> list[Fed]:
        """Read the position for which collateral was just sold, if this part did that.

        Reading all positions after each would take as long as there are losers times positions.
        """
        fed: list[Fed] = []
        while len(self._shorts) > self._exchange.converting:
            paid = account, market = self._shorts.popleft()
            row = self._exchange.position(account, market)
            if row is None or not (row.net_lots or row.reference_atoms):
                self._known.get(account, set()).discard(market)
            rows = [] if row is None else [row]
            fed.append(PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, False, paid))
        return fed

    def _opened(self, events: Sequence[Event]) -> list[PositionRow]:
        """Return the positions that were opened; one that is gone again is told by nobody and missed by none."""
        rows: list[PositionRow] = []
        for event in events:
            for account in self._changed_by(event):
                if event.market not in self._known.get(account, ()):
                    row = self._exchange.position(account, event.market)
                    rows += [row] if row is not None else []
                    self._known.setdefault(account, set()).add(event.market)
        return rows

    def _changed_by(self, event: Event) -> tuple[int, ...]:
        """Return whose positions in its market an event changes."""
        if isinstance(event, Trade) and self._trades_perpetual(event.market):
            return (event.account, event.maker_account)
        return (event.account, event.vault_account) if isinstance(event, VaultTookOver) else ()

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
        self._note_shorts(rows)
        return self._read(rows, after_page=True)

    def _note_shorts(self, rows: Sequence[PositionRow]) -> None:
        """Note which positions could not pay, once all have been asked."""
        if self._exchange.converting:
            self._shorts.extend(sorted((row.account, row.market) for row in rows if row.due_atoms < 0))

    def _note(self, rows: Sequence[PositionRow]) -> None:
        """Note positions; a row that only orders keep is none, and the next trade begins one."""
        for row in rows:
            if row.account != CLEARING and (row.net_lots or row.reference_atoms):
                self._known.setdefault(row.account, set()).add(row.market)

    def _read(self, rows: list[PositionRow], *, after_page: bool) -> PositionsRead:
        finals = dict(self._finals) if after_page else {}
        return PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, after_page, finals=finals)
