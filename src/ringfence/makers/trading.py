"""Rounds of makers and taker: what is open is asked for, what is stale is cancelled, what is missing is placed."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from ringfence.prices.walk import Walk

from .client import RestClient
from .quotes import ASK, BID, LARGEST_LEVEL, SMALLEST_LEVEL, Instrument, Quote, ladder

BATCH_ORDERS = 50
CANCELS_AT_ONCE = 8
SMALLEST_TAKE = 50
LARGEST_TAKE = 3_000
"""What the taker trades at once, in whole units of the quote asset."""
REVERTING_PERCENT = 65
"""How often the taker trades against what he has accumulated."""


class Market:
    """A market as makers and taker share it."""

    def __init__(self, instrument: Instrument, walk: Walk) -> None:
        self.instrument, self.walk = instrument, walk


class Maker:
    """One account that quotes in every market."""

    def __init__(self, client: RestClient, chance: Random) -> None:
        self._client, self._chance = client, chance

    async def round(self, markets: list[Market]) -> None:
        """Bring the open orders to the ladders around the present reference prices."""
        present = await self._client.open_orders()
        stale: list[tuple[str, str]] = []
        missing: list[dict[str, str | bool]] = []
        for market in markets:
            wanted = ladder(market.walk.price)
            own = [order for order in present if order["symbol"] == market.instrument.symbol]
            standing: set[Quote] = set()
            for order in own:
                quote = Quote(order["side"], market.instrument.price.parse(order["price"]))
                if quote in wanted and quote not in standing:
                    standing.add(quote)
                else:
                    stale.append((market.instrument.symbol, order["id"]))
            missing += [self._order(market.instrument, quote) for quote in wanted if quote not in standing]
        await self._cancel(stale)
        await self._place(missing)

    async def _cancel(self, orders: list[tuple[str, str]]) -> None:
        for begin in range(0, len(orders), CANCELS_AT_ONCE):
            some = orders[begin : begin + CANCELS_AT_ONCE]
            if not self._client.may_send(len(some)):
                return
            await asyncio.gather(*(self._client.cancel(symbol, order_id) for symbol, order_id in some))

    async def _place(self, orders: list[dict[str, str | bool]]) -> None:
        for begin in range(0, len(orders), BATCH_ORDERS):
            batch = orders[begin : begin + BATCH_ORDERS]
            if not self._client.may_send(len(batch)):
                return
            # An order that would match by now is refused alone; the next round quotes that level again.
            await self._client.place_all(batch)

    def _order(self, instrument: Instrument, quote: Quote) -> dict[str, str | bool]:
        amount = self._chance.randint(SMALLEST_LEVEL, LARGEST_LEVEL)
        return {
            "symbol": instrument.symbol,
            "side": quote.side,
            "orderType": "Limit",
            "price": instrument.price.text(quote.price_ticks),
            "quantity": instrument.quantity.text(instrument.lots_worth(amount, quote.price_ticks)),
            "postOnly": True,
            "timeInForce": "GTC",
        }


class Taker:
    """One account that trades with what the makers quote."""

    def __init__(self, client: RestClient, chance: Random) -> None:
        self._client, self._chance = client, chance
        self._bought: dict[str, int] = {}

    async def trade(self, markets: list[Market]) -> None:
        """Send one market order to a market of chance."""
        market = self._chance.choice(markets)
        instrument = market.instrument
        amount = self._chance.randint(SMALLEST_TAKE, LARGEST_TAKE)
        side = self._side(instrument.symbol)
        order: dict[str, Any] = {
            "symbol": instrument.symbol,
            "side": side,
            "orderType": "Market",
            "quantity": instrument.quantity.text(instrument.lots_worth(amount, market.walk.price)),
        }
        await self._client.place(order)
        self._bought[instrument.symbol] = self._bought.get(instrument.symbol, 0) + (amount if side == BID else -amount)

    def _side(self, symbol: str) -> str:
        bought = self._bought.get(symbol, 0)
        reverting = self._chance.randint(1, 100) <= REVERTING_PERCENT
        return BID if (bought < 0) == reverting else ASK
