"""What history is fed: the events, and what positions look like where events alone do not tell it.

A settlement emits one event for each market, not one for each position. What a position paid or got is the change of
what it cost that no trade and no funding explains, so positions are read right after each page of a settlement, and
after each conversion of collateral, before anything else touches them. So are those of an account after each step of
its case: one that ends gives what is left of its positions to FUND without an event, and settles their funding.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from ringfence.node.replica import Mark
from ringfence.schema.enums import CaseEnd, Delisting, HouseAccount, MarketKind
from ringfence.schema.events import (
    CaseClosed,
    CaseOpened,
    Event,
    PerpetualDelisted,
    Trade,
    VaultTookOver,
)
from ringfence.schema.tables import CaseRow, MarketRow, PerpetualRow, PositionRow

from .evidence import Sealed

CLEARING = int(HouseAccount.CLEARING)
"""While a delisted perpetual is closed it takes over what others have; that comes to nothing and is told to nobody.

What it takes over in a deleveraging is told by events."""
HOUSE = tuple(
    int(account) for account in (HouseAccount.FEES, HouseAccount.ROUNDING, HouseAccount.FUND, HouseAccount.UNCOVERED)
)
"""The house accounts that have something to come from perpetuals, or owe it."""


class PositionsRead(msgspec.Struct, frozen=True):
    """Positions as they stand after command ``sequence``: after a page all there are.

    After a conversion it is the one of ``paid``, (account, market), which is gone if it has no row. ``finals`` are what
    a lot is worth, in atoms, in perpetuals that were delisted: there a position that is gone was closed at that price.
    After a step of a case they are all those of ``stepped``, its account.
    """

    sequence: int
    time_us: int
    rows: list[PositionRow]
    after_page: bool
    paid: tuple[int, int] | None = None
    finals: dict[int, int] = {}
    stepped: int | None = None


Fed: TypeAlias = Event | PositionsRead | Sealed


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

    def case(self, account: int) -> CaseRow | None:
        """Return the open case of an account."""
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
        self._shorts: deque[tuple[int, int, int]] = deque()
        """The positions for which collateral is still to be sold, and what they miss, in the order in which it is."""
        self._finals = self._finals_of(range(1, exchange.markets_listed + 1))
        cases = [row for account in range(1, exchange.next_account) if (row := exchange.case(account)) is not None]
        self._cases = OrderedDict((row.account, row.turn) for row in sorted(cases, key=lambda row: row.turn))
        """The turns of the accounts that are liquidated, in the order in which they have them."""
        rows = [row for account in range(1, exchange.next_account) for row in exchange.positions(account)]
        self._note(rows)
        self._note_shorts(rows)

    def follow(self, events: Sequence[Event], marks: Sequence[Mark] = ()) -> list[Fed]:
        """Return the events of a part that was just applied, with what had to be read behind them.

        ``marks`` are its Clocks; one whose chain is not its digest has sealed evidence.
        """
        fed: list[Fed] = list(events)
        fed += [Sealed(mark.sequence, mark.time_us, mark.digest) for mark in marks if mark.digest != mark.events_chain]
        delisted = [event.market for event in events if isinstance(event, PerpetualDelisted)]
        self._finals |= self._finals_of(delisted)
        stepped = self._stepped(events)
        self._note_traded(events)
        was_settling, self._settling = self._settling, self._exchange.settling
        self.has_settled = was_settling or self._settling
        if self._shorts:
            fed += self._converted()
        elif self.has_settled and not stepped:
            fed.append(self._page())
        return fed + stepped

    def _stepped(self, events: Sequence[Event]) -> list[Fed]:
        """Read the positions of the account whose case took a step, if this part did that; then it did nothing more.

        A case that takes a step goes to the end of the queue, or closes.
        """
        for event in events:
            if isinstance(event, CaseOpened):
                self._queue_case(event.account)
            elif isinstance(event, CaseClosed) and event.reason == CaseEnd.TOPPED_UP:
                self._cases.pop(event.account, None)
        fed: list[Fed] = []
        while self._cases:
            account, turn = next(iter(self._cases.items()))
            row = self._exchange.case(account)
            if row is not None and row.turn == turn:
                break
            self._queue_case(account)
            rows = self._exchange.positions(account)
            if rows or account in self._known:
                self._known[account] = {row.market for row in rows if row.net_lots or row.reference_atoms}
                fed.append(PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, False, stepped=account))
        return fed

    def _queue_case(self, account: int) -> None:
        """Put the case of an account at the end of the queue, or leave it out if it is closed."""
        self._cases.pop(account, None)
        row = self._exchange.case(account)
        if row is not None:
            self._cases[account] = row.turn

    def _finals_of(self, markets: Iterable[int]) -> dict[int, int]:
        """Return what a lot is worth for good in those of some markets that are delisted."""
        finals: dict[int, int] = {}
        for number in markets:
            rules, market = self._exchange.perpetual(number), self._exchange.market(number)
            if rules is not None and market is not None and rules.delisting != Delisting.LISTED:
                finals[number] = rules.mark_ticks * market.quote_factor
        return finals

    def _converted(self) -> list[Fed]:
        """Read the position for which collateral was just sold, if this part did that, or which paid a part.

        Reading all positions after each would take as long as there are losers times positions.
        """
        fed: list[Fed] = []
        while len(self._shorts) > self._exchange.converting:
            account, market, _ = self._shorts.popleft()
            row = self._exchange.position(account, market)
            if row is None or not (row.net_lots or row.reference_atoms):
                self._known.get(account, set()).discard(market)
            fed.append(self._paid(account, market, row))
        if self._shorts:
            account, market, due_atoms = self._shorts[0]
            row = self._exchange.position(account, market)
            assert row is not None, f"account {account} waits in market {market} without a position"
            if row.due_atoms != due_atoms:
                # It has paid a part, and is the next again.
                self._shorts[0] = (account, market, row.due_atoms)
                fed.append(self._paid(account, market, row))
        return fed

    def _paid(self, account: int, market: int, row: PositionRow | None) -> PositionsRead:
        rows = [] if row is None else [row]
        return PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, False, (account, market))

    def _note_traded(self, events: Sequence[Event]) -> None:
        """Note the positions that may have been opened."""
        for event in events:
            for account in self._changed_by(event):
                self._known.setdefault(account, set()).add(event.market)

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
        return PositionsRead(self._exchange.sequence, self._exchange.time_us, rows, True, finals=dict(self._finals))

    def _note_shorts(self, rows: Sequence[PositionRow]) -> None:
        """Note which positions could not pay, once all have been asked."""
        if self._exchange.converting:
            self._shorts.extend(sorted((row.account, row.market, row.due_atoms) for row in rows if row.due_atoms < 0))

    def _note(self, rows: Sequence[PositionRow]) -> None:
        """Note positions; a row that only orders keep is none, and the next trade begins one."""
        for row in rows:
            if row.account != CLEARING and (row.net_lots or row.reference_atoms):
                self._known.setdefault(row.account, set()).add(row.market)
