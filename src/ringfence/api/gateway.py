"""The gateway: a copy of the exchange that follows the node, and the way for commands to the node and back.

Frames that the node has committed are applied here too; their events feed streams, history and, for commands that were
submitted here, the replies.  Nothing a client does reaches the node but the records of his commands.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ringfence.node.errors import LinkBusy, LinkLost, NodeError
from ringfence.proof.receipts import Receipts
from ringfence.schema.commands import Command
from ringfence.schema.events import Event, FundingCharged, FundsMoved, InterestAccrued, Trade
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, RECORD_BYTES, decode_event
from ringfence.views.catalog import Catalog
from ringfence.views.depth import CONFLATION_WINDOWS_MS
from ringfence.views.history import Fed, HistoryFailed, HistoryFeed, HistoryReader, HistoryWriter
from ringfence.views.market_data import MarketData
from ringfence.views.triggers import Condition, Conditions
from ringfence.views.updates import SecondUpdate

from .errors import history_behind, history_failed, node_away, node_busy, state_unknown
from .pending import PendingRequests
from .settings import ApiSettings
from .state import FollowedLog, Keys, Link, Records, VenueState
from .streams.auctions import AuctionStreams
from .streams.futures import FuturesStreams
from .streams.hub import Hub
from .streams.private import PrivateStreams
from .streams.public import PublicStreams
from .tracker import Trackers

logger = logging.getLogger("ringfence.api")

FIRST_RETRY_S = 0.05
LAST_RETRY_S = 1.0
HISTORY_RETRY_S = 0.005
KEYS_RELOAD_S = 0.5


class History(NamedTuple):
    """History as the gateway holds it: it feeds the writer and asks the reader."""

    reader: HistoryReader
    writer: HistoryWriter
    receipts: Receipts | None = None
    """``None`` where the venue's checkpoints are not at hand."""


class Gateway:
    """Everything that the handlers of REST and WebSocket share; used from one event loop only."""

    def __init__(
        self,
        follower: FollowedLog,
        connect: Callable[[], Awaitable[Link]],
        keys: Keys,
        market_data: MarketData,
        catalog: Catalog,
        history: History,
        settings: ApiSettings,
        clock_us: Callable[[], int],
    ) -> None:
        self._follower, self._connect = follower, connect
        self.keys, self.history, self.settings, self.clock_us = keys, history, settings, clock_us
        self.exchange: VenueState = follower.exchange
        self.catalog, self.market_data = catalog, market_data
        self.hub = Hub()
        self.public = PublicStreams(self.hub, catalog, market_data, clock_us)
        self.conditions = Conditions(Condition.of_history(row) for row in history.reader.triggers())
        self.private = PrivateStreams(self.hub, catalog, self.exchange, self.conditions, clock_us)
        self.auctions = AuctionStreams(self.hub, catalog, self.exchange, clock_us)
        self.futures = FuturesStreams(self.hub, catalog, self.exchange, clock_us)
        self.trackers = Trackers()
        self._pending = PendingRequests()
        self._link: Link | None = None
        self._history_failed = False
        self._acknowledged: dict[int, int] = {}
        self._feed = HistoryFeed(follower.exchange)
        self._last_for_all = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.on_keys_changed: list[Callable[[], None]] = []
        """Called when keys were added or revoked; whoever let somebody in by a key asks for it again."""

    @property
    def is_connected(self) -> bool:
        """Tell whether there is a node to submit to."""
        return self._link is not None

    async def start(self) -> None:
        """Connect, catch up, and follow from then on; raises what the first connection raises."""
        link = await self._connect()
        await self._catch_up(link)
        self._tasks = [asyncio.create_task(self._follow(link), name="gateway: follow the node")]
        for window_ms in CONFLATION_WINDOWS_MS:
            self._tasks.append(asyncio.create_task(self._flush_depth(window_ms), name=f"gateway: depth {window_ms} ms"))
        self._tasks.append(asyncio.create_task(self._reload_keys(), name="gateway: reload keys"))

    async def stop(self) -> None:
        """Stop following; whoever still waits for a command is told that its state is unknown."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pending.fail_all(state_unknown("the gateway stops"))
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def submit(self, commands: Sequence[Command]) -> list[list[Event]]:
        """Submit commands in one piece and return the events of each once they are durable.

        Raises 503 when nothing could be submitted, and 503 with "state unknown" when no answer came.
        """
        if self._link is None:
            raise node_away()
        submission = self._pending.prepare(commands)
        try:
            self._link.submit(submission.records)
            async with asyncio.timeout(self.settings.reply_timeout_ms / 1_000):
                return [await answer for answer in submission.answers]
        except TimeoutError:
            raise state_unknown(f"the node did not answer within {self.settings.reply_timeout_ms} ms") from None
        except LinkBusy:
            raise node_busy() from None
        except LinkLost:
            raise node_away() from None
        finally:
            self._pending.forget(submission)

    async def wait_for_history(self, account: int) -> None:
        """Wait until history holds what the account was told last; 503 when that takes too long."""
        sequence = max(self._acknowledged.get(account, 0), self._last_for_all)
        try:
            if await self.history.writer.reached(sequence, self.settings.history_timeout_ms / 1_000):
                return
        except HistoryFailed:
            raise history_failed() from None
        raise history_behind()

    async def _follow(self, link: Link) -> None:
        while True:
            try:
                async for first_sequence, records in link.frames():
                    await self._record(self._take_frame(first_sequence, records))
                reason = "the link was closed"
            except NodeError as error:
                reason = str(error)
            logger.warning("the node is gone (%s); reconnecting", reason)
            self._link = None
            self._pending.fail_all(state_unknown("the connection to the node was lost"))
            link = await self._reconnect()

    async def _reconnect(self) -> Link:
        delay_s = FIRST_RETRY_S
        while True:
            await asyncio.sleep(delay_s)
            try:
                link = await self._connect()
            except NodeError:
                delay_s = min(2 * delay_s, LAST_RETRY_S)
                continue
            await self._catch_up(link)
            logger.warning("connected to the node again, at sequence %d", self.exchange.sequence)
            return link

    async def _catch_up(self, link: Link) -> None:
        for records in self._follower.catch_up(link.durable_sequence, by_pages=True):
            events = decode_events(records)
            fed = self._feed.follow(events, self._follower.marks)
            self._publish(events, has_settled=self._feed.has_settled)
            await self._record(fed)
        self._link = link

    def _take_frame(self, first_sequence: int, records: bytes) -> list[Fed]:
        headers = np.frombuffer(records, COMMAND_HEADER)
        if first_sequence + headers.size - 1 <= self.exchange.sequence:
            return []
        events: list[Event] = []
        fed: list[Fed] = []
        has_settled = False
        for part in self._follower.apply_by_pages(records):
            events += (made := decode_events(part))
            fed += self._feed.follow(made, self._follower.marks)
            has_settled = has_settled or self._feed.has_settled
        mine = self._pending.mine(headers["request"])
        self._publish(events, has_settled=has_settled)
        if mine:
            self._answer(mine, headers, first_sequence, events)
        return fed

    async def _record(self, events: list[Fed]) -> None:
        """Give events to history; while its queue is full nothing more is applied here, so that memory is bounded."""
        if not events or self._history_failed:
            return
        try:
            while not self.history.writer.put(self.exchange.sequence, events, timeout_s=0):
                await asyncio.sleep(HISTORY_RETRY_S)
        except HistoryFailed as error:
            self._history_failed = True
            logger.error("%s; history is refused from here on, trading goes on", error)

    def _publish(self, events: list[Event], *, has_settled: bool) -> None:
        for event in events:
            self.catalog.update(event)
            self.trackers.apply(event)
            self._acknowledged[event.account] = event.sequence
            if isinstance(event, Trade):
                self._acknowledged[event.maker_account] = event.sequence
            elif isinstance(event, FundsMoved):
                self._acknowledged[event.to_account] = event.sequence
            elif isinstance(event, (InterestAccrued, FundingCharged)):
                # It is everybody's who lent or owes or has a position, and nobody's by name.
                self._last_for_all = event.sequence
        if has_settled:
            self._last_for_all = self.exchange.sequence
        updates = self.market_data.apply(events, self.exchange)
        self.public.publish(updates)
        self.private.publish(events, has_settled=has_settled)
        self.futures.publish(events, has_settled=has_settled)
        self.auctions.publish(events)
        if updates and isinstance(updates[-1], SecondUpdate):
            self._forget_acknowledged()

    def _answer(self, mine: list[int], headers: Any, first_sequence: int, events: list[Event]) -> None:
        by_sequence: dict[int, list[Event]] = {first_sequence + place: [] for place in mine}
        for event in events:
            if event.sequence in by_sequence:
                by_sequence[event.sequence].append(event)
        for place in mine:
            self._pending.resolve(int(headers["request"][place]), by_sequence[first_sequence + place])

    def _forget_acknowledged(self) -> None:
        """Keep only what history has not reached yet."""
        known = self.history.writer.written_sequence
        self._acknowledged = {account: seq for account, seq in self._acknowledged.items() if seq > known}

    async def _reload_keys(self) -> None:
        """Notice within a second what an operator does to keys in another process."""
        while True:
            await asyncio.sleep(KEYS_RELOAD_S)
            try:
                if await asyncio.to_thread(self.keys.reload_if_changed):
                    for told in self.on_keys_changed:
                        told()
            except Exception:
                logger.exception("the keys cannot be read again; those that were known go on working")

    async def _flush_depth(self, window_ms: int) -> None:
        while True:
            await asyncio.sleep(window_ms / 1_000)
            self.public.flush(window_ms)


def decode_events(events: Records) -> list[Event]:
    """Return the events of an array of records."""
    assert events.dtype.itemsize == RECORD_BYTES == EVENT_HEADER.itemsize
    view = memoryview(events.tobytes())
    return [decode_event(view[at : at + RECORD_BYTES]) for at in range(0, len(view), RECORD_BYTES)]
