"""The service: every source is asked in a loop of its own, and what they see goes to the node in one batch.

A source that fails or is slow delays no other. A quote that is none is dropped and counted. While no node is there the
newest quote of each source and asset waits, and no older one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from ringfence.node.errors import NodeError
from ringfence.schema.commands import Quote
from ringfence.schema.events import Event, Rejected
from ringfence.schema.rejects import Reject

from .source import Source, prices_of
from .tally import Tally

RETRY_S = 1.0
CLOSING_S = 2.0


class Feed(NamedTuple):
    """A source, what the venue calls it, and the assets that it is asked for."""

    number: int
    name: str
    source: Source
    assets: tuple[str, ...]


class Pace(NamedTuple):
    """How often every source is asked, and how long it may take to answer."""

    interval_ms: int
    timeout_ms: int


Submit = Callable[[Sequence[Quote]], Awaitable[list[list[Event]]]]
"""Gives quotes to the node and returns the events of each; raises ``NodeError``."""


class PriceService:
    """Asks sources and submits quotes for as long as it runs."""

    def __init__(
        self,
        feeds: Sequence[Feed],
        assets: Mapping[str, int],
        submit: Submit,
        pace: Pace,
        clock_us: Callable[[], int],
        tally: Tally,
    ) -> None:
        """``assets`` gives the number of every asset that a feed names; ``clock_us`` is the time, UTC since 1970."""
        self._feeds, self._assets, self._submit = feeds, assets, submit
        self._pace, self._clock_us, self._tally = pace, clock_us, tally
        self._waiting: dict[tuple[int, int], Quote] = {}
        self._arrived = asyncio.Event()
        self.quoting = asyncio.Event()
        """Set once the node has taken the first quote."""

    async def run(self) -> None:
        """Ask and submit until cancelled; closes the sources then."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for feed in self._feeds:
                    tasks.create_task(self._poll(feed), name=f"prices: {feed.name}")
                tasks.create_task(self._submit_all(), name="prices: submit")
        finally:
            await asyncio.gather(*(self._close(feed) for feed in self._feeds))

    async def _poll(self, feed: Feed) -> None:
        """Ask one source at each interval; intervals that an answer took are not made up for."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            await self._ask(feed)
            due_s = max(due_s + self._pace.interval_ms / 1_000, loop.time())
            await asyncio.sleep(due_s - loop.time())

    async def _ask(self, feed: Feed) -> None:
        # The time of the question, not of the answer: what is seen is at least as new as this says.
        observed_us = self._clock_us()
        limit = asyncio.timeout(self._pace.timeout_ms / 1_000)
        try:
            async with limit:
                tickers = await feed.source.read(feed.assets)
        except Exception as error:
            # Whatever a source or its library raises concerns this source alone.
            late = isinstance(error, TimeoutError) and limit.expired()
            reason = f"no answer within {self._pace.timeout_ms} ms" if late else described(error)
            self._tally.count(f"price source {feed.name} failed", reason)
            return
        for asset in feed.assets:
            if asset in tickers:
                try:
                    prices = prices_of(tickers[asset])
                except ValueError as error:
                    self._tally.count(f"price source {feed.name}, quote of {asset} dropped", f"it {error}")
                    continue
                number = self._assets[asset]
                self._waiting[feed.number, number] = Quote(
                    asset=number, price_source=feed.number, observed_us=observed_us, **prices._asdict()
                )
        if self._waiting:
            self._arrived.set()

    async def _submit_all(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            quotes = list(self._waiting.values())
            self._waiting.clear()
            try:
                answers = await self._submit(quotes)
            except NodeError as error:
                self._tally.count("quotes cannot be submitted", str(error))
                # Those that were not taken wait again, unless there are newer ones by now.
                self._waiting = {(quote.price_source, quote.asset): quote for quote in quotes} | self._waiting
                await asyncio.sleep(RETRY_S)
                self._arrived.set()
                continue
            self._look_at(quotes, answers)

    def _look_at(self, quotes: Sequence[Quote], answers: Sequence[Sequence[Event]]) -> None:
        names = {feed.number: feed.name for feed in self._feeds}
        symbols = {number: symbol for symbol, number in self._assets.items()}
        for quote, events in zip(quotes, answers, strict=True):
            refused = [event for event in events if isinstance(event, Rejected)]
            for event in refused:
                where = f"price source {names[quote.price_source]}, quote of {symbols[quote.asset]} refused"
                reason = Reject(event.reject).name
                self._tally.count(f"{where}: {reason}", f"value {event.value}, limit {event.limit}")
            if not refused:
                self.quoting.set()

    async def _close(self, feed: Feed) -> None:
        """Close a source; one that cannot is left to the end of the process."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSING_S):
                await feed.source.close()


def cause_of(error: BaseException) -> BaseException:
    """Return what really went wrong in a group of tasks."""
    # The first of a group stands for all: an error ends the others by cancelling them.
    while inner := getattr(error, "exceptions", None):
        error = inner[0]
    return error


def described(error: BaseException) -> str:
    """Return an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
