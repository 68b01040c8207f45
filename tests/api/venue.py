"""A venue in one process for tests of the API: a real core as the node, another that the gateway follows."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from nacl.signing import SigningKey
from starlette.testclient import TestClient

from ringfence.api.application import make_application
from ringfence.api.gateway import Gateway, History
from ringfence.api.settings import ApiSettings
from ringfence.core import Exchange
from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.errors import LinkLost, NodeUnavailable
from ringfence.node.pages import cut_after_pages
from ringfence.node.replica import GENESIS_EVENTS_CHAIN, Mark, Replica
from ringfence.node.skips import Skips
from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind
from ringfence.schema.layout import COMMAND_HEADER, RECORD, encode
from ringfence.views.catalog import Catalog
from ringfence.views.history import HistoryReader, HistoryWriter, open_history
from ringfence.views.market_data import MarketData

START_US = 1_760_000_000_000_000
USDC, SOL, GLXY = 1, 2, 3
ALICE_SEED, BOB_SEED = bytes(range(32)), bytes(range(32, 64))


class Clock:
    """The time that the tests set."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us


class InProcessNode:
    """Stamps commands, applies them to its own core and hands the frames to whoever is linked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.exchange = Exchange()
        self.frames: list[bytes] = []
        self.links: list[InProcessLink] = []
        self.is_up = True
        self.answers = True

    def commit(self, records: bytes) -> None:
        frame = np.frombuffer(bytearray(records), RECORD)
        headers = frame.view(COMMAND_HEADER)
        first = self.exchange.sequence + 1
        headers["sequence"] = np.arange(first, first + frame.size)
        headers["time_us"] = self.clock()
        self.exchange.apply(frame)
        self.frames.append(frame.tobytes())
        for link in self.links:
            link.hear((first, self.frames[-1]))

    def command(self, *commands: c.Command) -> None:
        self.commit(b"".join(encode(command) for command in commands))

    async def connect(self) -> "InProcessLink":
        if not self.is_up:
            raise NodeUnavailable("NODE_UNAVAILABLE: down for a test")
        link = InProcessLink(self)
        self.links.append(link)
        return link

    def cut(self) -> None:
        """End every link, as a node that dies does."""
        for link in self.links:
            link.hear(None)
        self.links.clear()


class InProcessLink:
    def __init__(self, node: InProcessNode) -> None:
        self.node = node
        self.durable_sequence = node.exchange.sequence
        self.queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()

    def hear(self, frame: tuple[int, bytes] | None) -> None:
        """Take a frame, or the end; tests command the node from a thread of their own, which a queue does not bear."""
        self.loop.call_soon_threadsafe(self.queue.put_nowait, frame)

    def submit(self, records: bytes) -> None:
        if self.node.answers:
            self.node.commit(records)

    async def frames(self) -> AsyncIterator[tuple[int, bytes]]:
        while (frame := await self.queue.get()) is not None:
            yield frame
        raise LinkLost("LINK_LOST: cut for a test")

    async def close(self) -> None:
        if self in self.node.links:
            self.node.links.remove(self)


class InProcessFollower:
    """A second core that catches up from the frames of the node."""

    def __init__(self, node: InProcessNode) -> None:
        self.node = node
        self.replica = Replica(Exchange(), GENESIS_EVENTS_CHAIN, Skips([]))
        self.exchange = self.replica.exchange

    @property
    def marks(self) -> list[Mark]:
        return self.replica.marks

    def catch_up(self, to_sequence: int, *, by_pages: bool) -> Iterator[np.ndarray]:
        assert by_pages, "the gateway tells history what each page of a settlement moved"
        for frame in list(self.node.frames):
            if self.exchange.sequence < to_sequence:
                yield from self.apply_by_pages(frame)

    def apply_by_pages(self, records: bytes) -> Iterator[np.ndarray]:
        frame = np.frombuffer(bytearray(records), RECORD)
        first = int(frame.view(COMMAND_HEADER)["sequence"][0])
        for part in cut_after_pages(frame[self.exchange.sequence + 1 - first :]):
            yield self.replica.apply(part)


def venue_commands() -> list[c.Command]:
    """List SOL_USDC and a share market, and fund alice (account 64) and bob (account 66)."""
    return [
        c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6),
        c.ListAsset(symbol="SOL", name="Solana", asset_kind=AssetKind.CRYPTO, decimals=9),
        c.ListAsset(symbol="GLXY.US", name="Galaxy Digital", cusip="36317J209", asset_kind=AssetKind.SHARE, decimals=6),
        c.ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=10_000, lot_atoms=10_000_000),
        c.ListMarket(base_asset=GLXY, quote_asset=USDC, tick_atoms=10_000, lot_atoms=10_000, fee_schedule=0),
        c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=800, taker_ppm=1_000),
        c.SetPriceBands(market=1, limit_maximum_ppm=2_000_000, limit_minimum_ppm=250_000),
        c.OpenUser(),
        c.OpenUser(),
        *(
            c.Deposit(account=account, asset=asset, source=1, number=number, amount_atoms=amount)
            for number, (account, asset, amount) in enumerate(
                [(64, USDC, 10**12), (64, SOL, 10**12), (66, USDC, 10**12), (66, SOL, 10**12), (66, GLXY, 10**9)], 1
            )
        ),
    ]


class Venue:
    """Everything that a test of the API touches."""

    def __init__(self, directory: Path, settings: ApiSettings) -> None:
        self.clock = Clock()
        self.node = InProcessNode(self.clock)
        self.node.command(*venue_commands())
        self.keys = IdentityStore(sqlite_url(directory / "identity.sqlite"))
        for user, (name, account, seed) in enumerate([("alice", 64, ALICE_SEED), ("bob", 66, BOB_SEED)], 1):
            self.keys.add_user(name, user, START_US)
            self.keys.add_key(Signer(seed, self.clock).key, user, account, "", START_US)
        self.engine = open_history(sqlite_url(directory / "history.sqlite"))
        self.settings = settings
        self._open()
        self.alice, self.bob = Signer(ALICE_SEED, self.clock), Signer(BOB_SEED, self.clock)

    def _open(self) -> None:
        follower = InProcessFollower(self.node)
        self.writer = HistoryWriter(self.engine, Catalog(), 0)
        self.gateway = Gateway(
            follower,
            self.node.connect,
            self.keys,
            MarketData(follower.exchange),
            Catalog(),
            History(HistoryReader(self.engine), self.writer),
            self.settings,
            self.clock,
        )

    def opened_again(self) -> TestClient:
        """Return a client of another gateway, which follows the same node and goes on with the same history."""
        self.node.links.clear()  # the one before hears of nothing any more
        self.writer.close()
        self._open()
        return TestClient(make_application(self.gateway))

    def tick(self, seconds: int = 1) -> None:
        """Let time pass, and the node say so."""
        self.clock.now_us += seconds * 1_000_000
        self.node.command(c.Clock())

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()
        self.keys.close()


def text_of(value: Any) -> str:
    """Return a value as clients sign it."""
    return json.dumps(value) if isinstance(value, (bool, int, float)) or value is None else str(value)


class Signer:
    """Signs as bpx-py and the documentation do; ``client`` is a test client or anything with its ``request``."""

    def __init__(self, seed: bytes, clock: Any = lambda: time.time_ns() // 1_000) -> None:
        self.signing_key = SigningKey(seed)
        self.key = base64.b64encode(bytes(self.signing_key.verify_key)).decode()
        self.clock = clock

    @property
    def pair(self) -> dict[str, str]:
        """Return key and secret as an operator hands them out."""
        return {"apiKey": self.key, "apiSecret": base64.b64encode(bytes(self.signing_key)).decode()}

    def sign(self, text: str) -> str:
        return base64.b64encode(self.signing_key.sign(text.encode()).signature).decode()

    def headers(
        self, instruction: str, pieces: Sequence[dict[str, Any]] = ({},), window: int = 5_000
    ) -> dict[str, str]:
        timestamp = self.clock() // 1_000
        parts = []
        for piece in pieces:
            fields = "".join(f"&{name}={text_of(piece[name])}" for name in sorted(piece))
            parts.append(f"instruction={instruction}{fields}")
        text = f"{'&'.join(parts)}&timestamp={timestamp}&window={window}"
        return {
            "X-API-Key": self.key,
            "X-Signature": self.sign(text),
            "X-Timestamp": str(timestamp),
            "X-Window": str(window),
        }

    def get(self, client: Any, path: str, instruction: str, **params: Any) -> Any:
        query = f"?{urlencode({name: text_of(value) for name, value in params.items()})}" if params else ""
        return client.request("GET", path + query, headers=self.headers(instruction, [params]))

    def send(self, client: Any, method: str, path: str, instruction: str, body: Any) -> Any:
        pieces = body if isinstance(body, list) else [body]
        headers = self.headers(instruction, pieces) | {"Content-Type": "application/json"}
        return client.request(method, path, headers=headers, content=json.dumps(body))

    def order(self, client: Any, **body: Any) -> Any:
        return self.send(client, "POST", "/api/v1/order", "orderExecute", body)

    def limit(self, client: Any, which: str, price_text: str, quantity_text: str, /, **more: Any) -> Any:
        fields = {"side": which, "price": price_text, "quantity": quantity_text}
        return self.order(client, **({"symbol": "SOL_USDC", "orderType": "Limit"} | fields | more))

    def subscription(self, *streams: str, method: str = "SUBSCRIBE") -> dict[str, Any]:
        headers = self.headers("subscribe")
        names = ("X-API-Key", "X-Signature", "X-Timestamp", "X-Window")
        return {"method": method, "params": list(streams), "signature": [headers[name] for name in names]}
