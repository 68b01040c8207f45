"""Halts and auctions on the wire: what a market may trade between, and what its auction would come to now."""

from collections.abc import Callable, Iterable

from ringfence.schema.enums import BrakePhase
from ringfence.schema.events import (
    AuctionBegan,
    AuctionIndicated,
    AuctionPriced,
    BandMoved,
    Event,
    MarketHalted,
    MarketReopened,
)
from ringfence.schema.tables import BrakesRow
from ringfence.views.catalog import Catalog, MarketInfo

from ..names import AUCTION_PHASES
from ..state import VenueState
from ..wire.stream import AuctionData
from .hub import Hub

TOLD = (BandMoved, MarketHalted, AuctionBegan, AuctionIndicated, AuctionPriced, MarketReopened)
US_PER_MS = 1_000
LAST_US = 2**61
"""A time beyond this is none: the operator has not said yet."""


class AuctionStreams:
    """Tells where the brakes of a market stand whenever that has changed, once a batch."""

    def __init__(self, hub: Hub, catalog: Catalog, state: VenueState, clock_us: Callable[[], int]) -> None:
        self._hub, self._catalog, self._state, self._clock_us = hub, catalog, state, clock_us

    def publish(self, events: Iterable[Event]) -> None:
        """Publish what a batch changed."""
        for number in dict.fromkeys(event.market for event in events if isinstance(event, TOLD)):
            market, row = self._catalog.market_by_number[number], self._state.brakes(number)
            stream = f"auction.{market.symbol}"
            if row is not None and self._hub.has(stream):
                self._hub.publish(stream, self._data(market, row))

    def _data(self, market: MarketInfo, row: BrakesRow) -> AuctionData:
        low, high = self._state.band(market.number)
        price_ticks = row.auction_ticks or row.indicative_ticks
        return AuctionData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            phase=AUCTION_PHASES[BrakePhase(row.phase)],
            until_ms=row.until_us // US_PER_MS if 0 < row.until_us < LAST_US else None,
            price=market.price_padded(price_ticks) if price_ticks else None,
            quantity=market.quantity_padded(row.indicative_lots),
            imbalance=_signed(market, row.imbalance_lots),
            reference=market.price_padded(row.reference_ticks) if row.reference_ticks else None,
            low=market.price_padded(low) if high else None,
            high=market.price_padded(high) if high else None,
            is_extended=bool(row.extended),
            engine_us=self._state.time_us,
        )


def _signed(market: MarketInfo, lots: int) -> str:
    text = market.quantity_padded(abs(lots))
    return f"-{text}" if lots < 0 else text
