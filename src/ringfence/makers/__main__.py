"""`python -m ringfence.makers`: quote and trade until told to end; the setup stands on standard input as JSON.

One line on stdout when every market is quoted, the log on stderr. An error is logged once and work goes on.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable
from random import Random

import aiohttp
import msgspec

from ringfence.config import parse_units
from ringfence.prices.build import make_service
from ringfence.prices.service import cause_of, described
from ringfence.prices.setup import PricesSetup
from ringfence.prices.source import UNIT_DECIMALS
from ringfence.prices.walk import Reference, Walk

from .client import Refused, RestClient
from .quotes import Instrument
from .setup import MakersSetup
from .trading import Maker, Market, Taker

ROUND_S = 1.0
TAKE_SHORTEST_MS, TAKE_LONGEST_MS = 300, 1_500
AWAY_S = 3.0
"""A venue that does not answer for less than this is restarting or ending, which is its own affair."""


class Log:
    """Writes each kind of trouble once."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._away_since_s: float | None = None

    async def survive(self, work: Awaitable[None]) -> None:
        """Do the work; say once what goes wrong with it."""
        try:
            await work
            self._away_since_s = None
        except Refused as error:
            self._once(str(error))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._away_since_s = self._away_since_s or time.monotonic()
            if time.monotonic() - self._away_since_s > AWAY_S:
                self._once(f"the venue does not answer: {type(error).__name__}")

    def _once(self, sentence: str) -> None:
        if sentence not in self._said and len(self._said) < 100:
            self._said.add(sentence)
            print(f"makers: {sentence} (said once; trying on)", file=sys.stderr, flush=True)


async def run(setup: MakersSetup) -> None:
    """Quote and trade for ever; run price sources beside that, if there are any."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        clients = [RestClient(session, setup.rest, credentials) for credentials in setup.makers]
        markets = await open_markets(clients[0], setup)
        makers = [Maker(client, Random(setup.seed + place)) for place, client in enumerate(clients, 1)]
        taker = Taker(RestClient(session, setup.rest, setup.taker), Random(setup.seed))
        log = Log()
        async with asyncio.TaskGroup() as tasks:
            if setup.prices is not None:
                tasks.create_task(make_service(setup.prices, reference_of(markets, setup.prices)).run())
            await log.survive(makers[0].round(markets))
            print("quoting", flush=True)
            tasks.create_task(wander(markets))
            tasks.create_task(take(taker, Random(setup.seed), markets, log))
            for place, maker in enumerate(makers):
                tasks.create_task(quote(maker, place, len(makers), markets, log))


def reference_of(markets: list[Market], prices: PricesSetup) -> Reference:
    """Return the makers' own reference prices in units of 10^-8; pegged assets stand at their first price."""
    simulated = prices.config.simulated
    pegged = {asset: parse_units(simulated.first_prices[asset], UNIT_DECIMALS) for asset in simulated.pegged}
    moving: dict[str, Market] = {}
    for market in markets:
        moving.setdefault(market.instrument.base, market)

    def price_units(asset: str) -> int:
        if asset in pegged:
            return pegged[asset]
        market = moving[asset]
        return market.instrument.price_units(market.walk.price)

    return price_units


async def open_markets(client: RestClient, setup: MakersSetup) -> list[Market]:
    """Return the markets to quote in, each beginning where it traded last; those of one asset share a reference."""
    found = await client.public("/api/v1/markets")
    last = {ticker["symbol"]: ticker["lastPrice"] for ticker in await client.public("/api/v1/tickers")}
    markets: list[Market] = []
    for instrument in [Instrument.from_wire(market) for market in found if market["symbol"] in setup.first_prices]:
        first = setup.first_prices[instrument.symbol]
        anchor, price = (instrument.price.parse(text) for text in (first, last.get(instrument.symbol, first)))
        # A perpetual is quoted around the price of its asset, from which its index is made too.
        beside = next((m for m in markets if m.instrument.base == instrument.base and _same_tick(m, instrument)), None)
        walk = beside.walk if beside else Walk(Random(f"{setup.seed} {instrument.symbol}"), anchor, price)
        markets.append(Market(instrument, walk))
    return markets


def _same_tick(market: Market, instrument: Instrument) -> bool:
    return market.instrument.price.text(1) == instrument.price.text(1)


async def wander(markets: list[Market]) -> None:
    """Move every reference price once a round."""
    while True:
        await asyncio.sleep(ROUND_S)
        for walk in {id(market.walk): market.walk for market in markets}.values():
            walk.step()


async def quote(maker: Maker, place: int, makers: int, markets: list[Market], log: Log) -> None:
    """Quote round after round, the makers spread over the round."""
    await asyncio.sleep(place * ROUND_S / makers)
    while True:
        await log.survive(maker.round(markets))
        await asyncio.sleep(ROUND_S)


async def take(taker: Taker, chance: Random, markets: list[Market], log: Log) -> None:
    """Trade now and then."""
    while True:
        await asyncio.sleep(chance.randint(TAKE_SHORTEST_MS, TAKE_LONGEST_MS) / 1_000)
        await log.survive(taker.trade(markets))


async def main(setup: MakersSetup) -> None:
    """Run until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(run(setup))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and (error := task.exception()) is not None:
        sys.exit(f"makers: {described(cause_of(error))}")


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.stdin.buffer.read(), type=MakersSetup)))
