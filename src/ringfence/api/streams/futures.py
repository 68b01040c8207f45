"""Perpetuals on the wire: marks each second, open interest each minute, and the positions of who listens."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from ringfence.schema.enums import Delisting, MoveCause
from ringfence.schema.events import (
    ClockTicked,
    Deleveraged,
    EstateClosed,
    Event,
    FundingCharged,
    FundsMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    SliceEnded,
    Trade,
    WrittenOff,
)
from ringfence.schema.tables import PerpetualRow, PositionRow
from ringfence.views.catalog import Catalog, MarketInfo
from ringfence.views.decimals import FUNDING_RATES
from ringfence.views.perpetuals import estimated_funding_e10, next_funding_ms, notional_atoms, pending_funding

from ..position_replies import position_reply
from ..state import VenueState
from ..wire.stream import MarkPriceData, OpenInterestData, PositionData
from .ended import emptied, ended_row
from .hub import Hub, Listener, envelope

POSITION_STREAM = "account.positionUpdate"
OPEN_INTEREST_US = 60_000_000
CHANGING = (
    Trade, OrderAccepted, OrderAmended, OrderClosed, SliceEnded, EstateClosed, Deleveraged, WrittenOff, FundsMoved
)  # fmt: skip
"""The events that may change the position of an account in a market; of movements of funds, those that pay a loss."""


class FuturesStreams:
    """Follows the perpetuals, and the positions of accounts that somebody listens to."""

    def __init__(self, hub: Hub, catalog: Catalog, state: VenueState, clock_us: Callable[[], int]) -> None:
        self._hub, self._catalog, self._state, self._clock_us = hub, catalog, state, clock_us
        self._listeners: Counter[int] = Counter()
        self._known: dict[int, dict[int, PositionRow]] = {}
        self._minute = 0

    def begin(self, account: int, stream: str, listener: Listener) -> None:
        """Follow an account for one more listener, and tell him the positions that stand."""
        if not stream.startswith(POSITION_STREAM):
            return
        self._listeners[account] += 1
        rows = self._open(account)
        self._known.setdefault(account, rows)
        for row in rows.values():
            market = self._catalog.market_by_number[row.market]
            if stream in _streams(market):
                listener.put(envelope(stream, self._position(account, market, row, UNSET)))

    def end(self, account: int, stream: str) -> None:
        """Follow an account for one listener less."""
        if stream.startswith(POSITION_STREAM):
            self._listeners[account] -= 1
            if not self._listeners[account]:
                del self._listeners[account], self._known[account]

    def publish(self, events: Sequence[Event], *, has_settled: bool) -> None:
        """Publish what one batch changed; with ``has_settled`` a settlement may have moved money of positions."""
        touched: set[tuple[int, int]] = set()
        for event in events:
            if isinstance(event, ClockTicked):
                self._publish_prices()
            elif self._listeners:
                touched.update(self._touched(event))
        if has_settled:
            touched.update(self._settled())
        for account, number in sorted(touched):
            market = self._catalog.market_by_number[number]
            if market.is_perpetual:
                self._publish_position(account, market, events)

    def _touched(self, event: Event) -> Iterator[tuple[int, int]]:
        """Yield positions of followed accounts that an event may have changed."""
        if isinstance(event, FundingCharged):
            yield from ((account, event.market) for account, rows in self._known.items() if event.market in rows)
        elif isinstance(event, CHANGING):
            accounts = (event.account, event.maker_account) if isinstance(event, Trade) else (event.account,)
            market = event.reference if isinstance(event, FundsMoved) else event.market
            if not isinstance(event, FundsMoved) or event.cause == MoveCause.LOSS_PAID:
                yield from ((account, market) for account in accounts if account in self._listeners)

    def _publish_prices(self) -> None:
        minute = self._state.time_us // OPEN_INTEREST_US
        for market in self._catalog.markets.values():
            rules = self._state.perpetual(market.number)
            if rules is None:
                continue
            if rules.mark_ticks and self._hub.has(stream := f"markPrice.{market.symbol}"):
                self._hub.publish(stream, self._mark(market, rules))
            if minute != self._minute and self._hub.has(stream := f"openInterest.{market.symbol}"):
                interest = market.quantity_padded(rules.open_interest_lots)
                data = OpenInterestData(event_us=self._clock_us(), symbol=market.symbol, open_interest=interest)
                self._hub.publish(stream, data)
        self._minute = minute

    def _mark(self, market: MarketInfo, rules: PerpetualRow) -> MarkPriceData:
        return MarkPriceData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            mark=market.price_padded(rules.mark_ticks),
            funding_rate=FUNDING_RATES.text(estimated_funding_e10(rules)),
            index=market.price_padded(rules.index_ticks),
            next_funding_ms=next_funding_ms(rules),
            engine_us=self._state.time_us,
        )

    def _publish_position(self, account: int, market: MarketInfo, events: Sequence[Event]) -> None:
        known, now = self._known[account], self._state.position(account, market.number)
        before = known.pop(market.number, None)
        if now is not None and now.net_lots:
            known[market.number] = now
            name, row = ("positionOpened" if before is None else "positionAdjusted"), now
        elif before is not None:
            name, row = "positionClosed", now or self._ended(before, market, events)
        else:
            return
        data = self._position(account, market, row, name)
        for stream in _streams(market):
            self._hub.publish(stream, data, account)

    def _settled(self) -> Iterator[tuple[int, int]]:
        """Yield positions of followed accounts of which a settlement has moved something, or that it has ended."""
        for account, known in self._known.items():
            now = self._open(account)
            for number, before in known.items():
                if number not in now or before.reference_atoms != now[number].reference_atoms:
                    yield account, number

    def _ended(self, before: PositionRow, market: MarketInfo, events: Sequence[Event]) -> PositionRow:
        """Return the row of a position of which nothing is left; a delisting closed it at the final mark."""
        rules = self._state.perpetual(market.number)
        if rules is None:
            return emptied(before)
        if rules.delisting == Delisting.LISTED:
            return ended_row(before, rules, market.row.quote_factor, events)
        worth = notional_atoms(before.net_lots, rules.mark_ticks, market.row.quote_factor)
        return msgspec.structs.replace(
            emptied(before),
            realized_atoms=before.realized_atoms + worth - before.entry_atoms,
            funding_atoms=before.funding_atoms - pending_funding(rules, before),
            fees_atoms=before.fees_atoms,
        )

    def _open(self, account: int) -> dict[int, PositionRow]:
        return {row.market: row for row in self._state.positions(account) if row.net_lots}

    def _position(self, account: int, market: MarketInfo, row: PositionRow, name: str | UnsetType) -> PositionData:
        owner = self._state.account(account)
        assert owner is not None, f"account {account} has a position and is not open"
        reply = position_reply(self._state, owner, market, row)
        return PositionData(
            event=name,
            event_us=self._clock_us(),
            symbol=market.symbol,
            break_even_price=reply.break_even_price,
            entry_price=reply.entry_price,
            imf=reply.imf,
            mark=reply.mark_price,
            mmf=reply.mmf,
            net_quantity=reply.net_quantity,
            exposure_quantity=reply.net_exposure_quantity,
            exposure_notional=reply.net_exposure_notional,
            position=row.opened,
            pnl_realized=reply.pnl_realized,
            pnl_unrealized=reply.pnl_unrealized,
            engine_us=self._state.time_us,
        )


def _streams(market: MarketInfo) -> tuple[str, str]:
    return POSITION_STREAM, f"{POSITION_STREAM}.{market.symbol}"
