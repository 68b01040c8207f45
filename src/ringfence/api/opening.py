"""Opening the gateway of a data directory: identities, history, the copy of the state, and the first market data."""

from collections.abc import Callable
from pathlib import Path

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.follower import Follower
from ringfence.node.link import NodeLink
from ringfence.proof.receipts import Receipts
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryReader, HistoryWriter, open_history
from ringfence.views.market_data import MarketData
from ringfence.views.seeding import seed_market_data

from .gateway import Gateway, History, decode_events
from .settings import ApiSettings


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

    def close() -> None:
        writer.close()
        engine.dispose()
        keys.close()

    history = History(reader, writer, Receipts(directory, reader.cases))
    return Gateway(follower, connect, keys, market_data, catalog, history, settings, clock_us), close
