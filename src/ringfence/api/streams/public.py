"""Market data on the wire: updates of the views become messages, numbers padded to the market's scale."""

from collections.abc import Callable, Iterable

from ringfence.views.catalog import Catalog, MarketInfo
from ringfence.views.depth import CONFLATION_WINDOWS_MS, DepthConflator
from ringfence.views.market_data import MarketData
from ringfence.views.updates import (
    BookTickerUpdate,
    DepthUpdate,
    KlineUpdate,
    LiquidationUpdate,
    SecondUpdate,
    TradeUpdate,
    Update,
)

from ..names import SIDES
from ..times import naive_s
from ..wire.stream import (
    BookTickerData,
    DepthData,
    KlineData,
    LiquidationData,
    PriceQuantity,
    TickerData,
    TradeData,
)
from .hub import Hub


class PublicStreams:
    """Says what changed to whoever listens; what nobody listens to costs a look-up."""

    def __init__(self, hub: Hub, catalog: Catalog, market_data: MarketData, clock_us: Callable[[], int]) -> None:
        self._hub, self._catalog, self._market_data, self._clock_us = hub, catalog, market_data, clock_us
        self._conflators = {window_ms: DepthConflator() for window_ms in CONFLATION_WINDOWS_MS}

    def publish(self, updates: Iterable[Update]) -> None:
        """Publish the updates of one batch, in their order."""
        for update in updates:
            if isinstance(update, SecondUpdate):
                self._publish_tickers()
                continue
            market = self._catalog.market_by_number[update.market]
            if isinstance(update, DepthUpdate):
                self._publish_depth(market, update)
            elif isinstance(update, TradeUpdate):
                self._publish_trade(market, update)
            elif isinstance(update, LiquidationUpdate):
                self._publish_liquidation(market, update)
            elif isinstance(update, BookTickerUpdate):
                self._publish_book_ticker(market, update)
            else:
                self._publish_kline(market, update)

    def flush(self, window_ms: int) -> None:
        """Publish what one aggregated depth window has joined."""
        for update in self._conflators[window_ms].take():
            market = self._catalog.market_by_number[update.market]
            self._hub.publish(f"depth.{window_ms}ms.{market.symbol}", self._depth_data(market, update))

    def _publish_depth(self, market: MarketInfo, update: DepthUpdate) -> None:
        for window_ms, conflator in self._conflators.items():
            if self._hub.has(f"depth.{window_ms}ms.{market.symbol}"):
                conflator.add(update)
        stream = f"depth.{market.symbol}"
        if self._hub.has(stream):
            self._hub.publish(stream, self._depth_data(market, update))

    def _depth_data(self, market: MarketInfo, update: DepthUpdate) -> DepthData:
        return DepthData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            asks=_levels(market, update.asks),
            bids=_levels(market, update.bids),
            first_update=update.first_sequence,
            last_update=update.last_sequence,
            engine_us=update.time_us,
        )

    def _publish_trade(self, market: MarketInfo, update: TradeUpdate) -> None:
        stream = f"trade.{market.symbol}"
        if not self._hub.has(stream):
            return
        data = TradeData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            price=market.price_padded(update.price_ticks),
            quantity=market.quantity_padded(update.quantity_lots),
            buyer_order=str(update.buyer_order),
            seller_order=str(update.seller_order),
            trade=update.trade,
            engine_us=update.time_us,
            buyer_is_maker=update.buyer_is_maker,
        )
        self._hub.publish(stream, data)

    def _publish_liquidation(self, market: MarketInfo, update: LiquidationUpdate) -> None:
        data = LiquidationData(
            event_us=self._clock_us(),
            quantity=market.quantity_padded(update.quantity_lots),
            price=market.price_padded(update.price_ticks),
            side=SIDES[update.side],
            symbol=market.symbol,
            engine_us=update.time_us,
        )
        for stream in ("liquidation", f"liquidation.{market.symbol}"):
            self._hub.publish(stream, data)

    def _publish_book_ticker(self, market: MarketInfo, update: BookTickerUpdate) -> None:
        stream = f"bookTicker.{market.symbol}"
        if not self._hub.has(stream):
            return
        has_ask, has_bid = update.ask_lots > 0, update.bid_lots > 0
        data = BookTickerData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            ask_price=market.price_padded(update.ask_ticks) if has_ask else None,
            ask_quantity=market.quantity_padded(update.ask_lots) if has_ask else None,
            bid_price=market.price_padded(update.bid_ticks) if has_bid else None,
            bid_quantity=market.quantity_padded(update.bid_lots) if has_bid else None,
            last_update=update.last_sequence,
            engine_us=update.time_us,
        )
        self._hub.publish(stream, data)

    def _publish_kline(self, market: MarketInfo, update: KlineUpdate) -> None:
        stream = f"kline.{update.interval.wire}.{market.symbol}"
        if self._hub.has(stream):
            self._hub.publish(stream, self._kline_data(market, update))

    def _kline_data(self, market: MarketInfo, update: KlineUpdate) -> KlineData:
        candle, interval = update.candle, update.interval
        return KlineData(
            event_us=self._clock_us(),
            symbol=market.symbol,
            start=naive_s(candle.start_us),
            end=naive_s(interval.end_us(candle.start_us)),
            open=market.price_padded(candle.open_ticks),
            close=market.price_padded(candle.close_ticks),
            high=market.price_padded(candle.high_ticks),
            low=market.price_padded(candle.low_ticks),
            volume=market.quantity_padded(candle.volume_lots),
            trades=candle.trades,
            is_closed=update.closed,
        )

    def _publish_tickers(self) -> None:
        for market in self._catalog.markets.values():
            stream = f"ticker.{market.symbol}"
            if not self._hub.has(stream):
                continue
            ticker = self._market_data.ticker(market.number)
            if ticker is None:
                continue
            data = TickerData(
                event_us=self._clock_us(),
                symbol=market.symbol,
                first_price=market.price_padded(ticker.first_ticks),
                last_price=market.price_padded(ticker.last_ticks),
                high=market.price_padded(ticker.high_ticks),
                low=market.price_padded(ticker.low_ticks),
                volume=market.quantity_padded(ticker.volume_lots),
                quote_volume=market.quote_padded(ticker.quote_atoms),
                trades=ticker.trades,
            )
            self._hub.publish(stream, data)


def _levels(market: MarketInfo, levels: Iterable[tuple[int, int]]) -> list[PriceQuantity]:
    return [[market.price_padded(ticks), market.quantity_padded(lots)] for ticks, lots in levels]
