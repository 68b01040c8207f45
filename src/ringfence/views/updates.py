"""What streams have to say after a batch of events; integers only, text is the matter of who sends it."""

from __future__ import annotations

import msgspec

from .candles import Candle, Interval

Levels = tuple[tuple[int, int], ...]
"""(price_ticks, quantity_lots) with absolute quantities; 0 removes the price."""


class TradeUpdate(msgspec.Struct, frozen=True, gc=False):
    """A trade as the public sees it."""

    market: int
    trade: int
    price_ticks: int
    quantity_lots: int
    quote_atoms: int
    buyer_order: int
    seller_order: int
    buyer_is_maker: bool
    sequence: int
    time_us: int


class DepthUpdate(msgspec.Struct, frozen=True):
    """Prices of a market whose standing quantity changed, from command ``first_sequence`` to ``last_sequence``.

    ``first_sequence`` is the ``last_sequence`` of the update before plus 1. Bids and asks are sorted best first.
    """

    market: int
    first_sequence: int
    last_sequence: int
    bids: Levels
    asks: Levels
    time_us: int


class BookTickerUpdate(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask after a change of either; price 0 and quantity 0 where a side is empty."""

    market: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    last_sequence: int
    time_us: int


class KlineUpdate(msgspec.Struct, frozen=True):
    """A candle that changed since it was last told, at most once a second; ``closed`` when its span is over."""

    market: int
    interval: Interval
    candle: Candle
    closed: bool
    time_us: int


class LiquidationUpdate(msgspec.Struct, frozen=True, gc=False):
    """A fill of a liquidation: of an order in the book, or at the mark where the book did not take it."""

    market: int
    side: int
    price_ticks: int
    quantity_lots: int
    sequence: int
    time_us: int


class SecondUpdate(msgspec.Struct, frozen=True, gc=False):
    """A second of the venue passed: when to tell tickers."""

    sequence: int
    time_us: int


Update = TradeUpdate | LiquidationUpdate | DepthUpdate | BookTickerUpdate | KlineUpdate | SecondUpdate
