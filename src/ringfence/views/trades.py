"""The last trades of every market."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any

from ringfence.schema.enums import Side
from ringfence.schema.events import Trade

from .updates import TradeUpdate

TRADES_KEPT = 1_000


def trade_update(trade: Trade | Any) -> TradeUpdate:
    """Return a trade, or a row of history's trades, without what only its parties may know."""
    buyer_is_maker = trade.side == Side.ASK
    buyer, seller = trade.taker_order, trade.maker_order
    if buyer_is_maker:
        buyer, seller = seller, buyer
    return TradeUpdate(
        trade.market, trade.trade, trade.price_ticks, trade.quantity_lots, trade.quote_atoms, buyer, seller,
        buyer_is_maker, trade.sequence, trade.time_us,
    )  # fmt: skip


class LastTrades:
    """A ring of the last trades of each market."""

    def __init__(self, kept: int = TRADES_KEPT) -> None:
        self._kept = kept
        self._rings: dict[int, deque[TradeUpdate]] = {}

    def add(self, update: TradeUpdate) -> None:
        """Append a trade, the oldest beyond what is kept falls out."""
        ring = self._rings.get(update.market)
        if ring is None:
            ring = self._rings[update.market] = deque(maxlen=self._kept)
        ring.append(update)

    def newest(self, market: int, limit: int = TRADES_KEPT) -> list[TradeUpdate]:
        """Return at most ``limit`` trades of a market, newest first."""
        return list(islice(reversed(self._rings.get(market, ())), limit))
