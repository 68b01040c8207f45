"""Opening the gateway of a data directory: identities, history, the copy of the state, and the first market data."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.follower import Follower
from ringfence.node.link import NodeLink
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryReader, HistoryWriter, open_history
from ringfence.views.market_data import MarketData
from ringfence.views.seeding import seed_market_data

from .gateway import Gateway, History, decode_events
from .settings import ApiSettings

logger = logging.getLogger("ringfence.api")


def open_gateway(
    directory: Path, settings: ApiSettings, clock_us: Callable[[], int]
) -> tuple[Gateway, Callable[[], None]]:
    """Return the gateway of a data directory, not yet connected, and what closes its databases.

    The copy of the state begins at a snapshot that history reaches, so that no event is missing between them.
    """
    keys = IdentityStore(sqlite_url(directory / "identity.sqlite"))
    engine = open_history(sqlite_url(directory / "history.sqlite"))
    reader = HistoryReader(engine)
    written = reader.written_sequence()
    follower = Follower(directory, written)
    writer = HistoryWriter(engine, Catalog.from_exchange(follower.exchange), follower.sequence)
    if follower.sequence < written:
        for records in follower.catch_up(written):
            events = decode_events(records)
            if events:
                writer.put(follower.sequence, events)
    market_data = MarketData(follower.exchange, written)
    catalog = Catalog.from_exchange(follower.exchange)
    seed_market_data(market_data, reader, list(catalog.market_by_number), clock_us())

    async def connect() -> NodeLink:
        return await NodeLink.connect(directory)

    async def follow_keys() -> None:
        await reload_when_changed(keys, directory)

    def close() -> None:
        writer.close()
        engine.dispose()
        keys.close()

    gateway = Gateway(
        follower, connect, keys, market_data, catalog, History(reader, writer), settings, clock_us, [follow_keys]
    )
    return gateway, close


KEYS_POLL_S = 0.5


async def reload_when_changed(keys: IdentityStore, directory: Path) -> None:
    """Read the keys again whenever another process, such as the command line, has changed them; never returns."""
    seen = _stamps(directory)
    while True:
        await asyncio.sleep(KEYS_POLL_S)
        now = _stamps(directory)
        if now != seen:
            seen = now
            await asyncio.to_thread(keys.reload)


def _stamps(directory: Path) -> list[tuple[int, int]]:
    """Return time and size of the identity database and of its write-ahead log, which grows with each commit."""
    found: list[tuple[int, int]] = []
    for name in ("identity.sqlite", "identity.sqlite-wal"):
        try:
            status = (directory / name).stat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime_ns, status.st_size))
    return found
