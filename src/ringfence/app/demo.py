"""The demo: a venue on its own templates with two funded users, market makers, and a client's first lines to paste."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import msgspec

from ringfence.config import (
    PriceAssetConfig,
    PricesConfig,
    PriceSourceConfig,
    SimulatedConfig,
    UserConfig,
    VenueConfig,
    template_config,
)
from ringfence.database import sqlite_url
from ringfence.identity import ApiKeyPair, IdentityStore, key_pair_from_seed
from ringfence.makers.client import Refused, RestClient
from ringfence.makers.setup import Credentials, MakersSetup
from ringfence.prices.setup import PricesSetup

from .children import Child, log
from .errors import WrongUse
from .quoting import prices_setup, start_prices
from .seeding import register
from .supervisor import Plan, run_venue

if TYPE_CHECKING:
    from ringfence.api.state import VenueState

FIRST_QUOTES_S = 3.0
"""How long the demo waits for the first quotes before it says that it is ready."""

FIRST_PRICES_S = 2.0
PRICES_POLL_S = 0.05
"""How long it waits then for prices, which follow at the next second, and how often it looks."""

DEMO_USERS = ("alice", "bob")
MAKERS = ("maker-1", "maker-2")
TAKER = "taker"
LENDER = "lender"
"""He puts all he has into the lending pools, so that alice and bob can borrow at once."""

USER_FUNDS = {
    "USDC": "1000000",
    "SOL": "1000",
    "BTC": "10",
    "ETH": "100",
    "GLXY.US": "1000",
    "SBET.US": "1000",
    "FWDI.US": "1000",
}
LENDER_FUNDS = {"USDC": "5000000", "SOL": "20000", "BTC": "50", "ETH": "1000"}
MAKER_FUNDS = dict.fromkeys(USER_FUNDS, "10000000") | {"USDC": "1000000000"}

FIRST_PRICES = {
    "SOL_USDC": "150",
    "BTC_USDC": "90000",
    "ETH_USDC": "3000",
    "GLXY.US_USDC": "30",
    "SBET.US_USDC": "12",
    "FWDI.US_USDC": "10",
}
"""Where the makers begin in a market that never traded; a perpetual begins where its spot market does."""

PERPETUALS = ("SOL_USDC", "BTC_USDC", "ETH_USDC", "GLXY.US_USDC")

PRICE_SOURCES = ("north", "east", "south", "west")
CASH = "USDC"
CLOSED_HAIRCUTS_BPS = {"GLXY.US": "1500", "SBET.US": "2000", "FWDI.US": "2000"}
"""What a share's last mark is worth less by while its trading session is closed."""


class DemoOptions(NamedTuple):
    """What the command line asks for."""

    port: int
    data: Path | None
    seed: int
    json: bool
    makers: bool


def run_demo(options: DemoOptions) -> None:
    """Run the demo until it is told to end."""
    began_s = time.monotonic()
    with _data_directory(options.data) as directory:
        demo = _Demo(options, directory, began_s)
        run_venue(Plan(directory, demo.config, demo.started, demo.seeded, demo.snippet))


def demo_key(seed: int, name: str) -> ApiKeyPair:
    """Return the key pair of a demo user: anybody can compute it, so it is worth nothing outside a demo."""
    return key_pair_from_seed(hashlib.blake2b(f"ringfence demo {seed} {name}".encode(), digest_size=32).digest())


def demo_config(port: int, seed: int) -> VenueConfig:
    """Return the demo's configuration: the template's assets and markets, and users who may hold shares."""
    funds = {name: USER_FUNDS for name in DEMO_USERS} | {name: MAKER_FUNDS for name in (*MAKERS, TAKER)}
    funds[LENDER] = LENDER_FUNDS
    users = [
        UserConfig(name=name, eligible_classes=[1], deposits=deposits, api_keys=[demo_key(seed, name).public])
        for name, deposits in funds.items()
    ]
    return msgspec.structs.replace(template_config(), port=port, users=users, prices=demo_prices(seed))


def demo_prices(seed: int) -> PricesConfig:
    """Return four simulated sources of every asset, all of which look at the makers' reference prices."""
    first_prices = {CASH: "1"} | {market.removesuffix(f"_{CASH}"): price for market, price in FIRST_PRICES.items()}
    weights: dict[str, int] = {name: 1 for name in PRICE_SOURCES}
    return PricesConfig(
        simulated=SimulatedConfig(seed=seed, first_prices=first_prices, pegged=[CASH]),
        sources=[
            PriceSourceConfig(number=number, name=name, kind="simulated")
            for number, name in enumerate(PRICE_SOURCES, 1)
        ],
        assets=[
            PriceAssetConfig(symbol=asset, weights=weights, closed_haircut_bps=CLOSED_HAIRCUTS_BPS.get(asset, "0"))
            for asset in first_prices
        ],
    )


class _Demo:
    """One run of the demo."""

    def __init__(self, options: DemoOptions, directory: Path, began_s: float) -> None:
        self.config = demo_config(options.port, options.seed)
        self._options, self._directory, self._began_s = options, directory, began_s
        self._keys = {name: demo_key(options.seed, name) for name in (*DEMO_USERS, *MAKERS, TAKER, LENDER)}

    def seeded(self, begins_so: bool) -> None:
        """Make sure that this is a demo's directory and that the keys of this seed work in it."""
        if begins_so:
            return
        with IdentityStore(sqlite_url(self._directory / "identity.sqlite")) as identities:
            for number, user in enumerate(self.config.users, 1):
                known = identities.find_user(user.name)
                if known is None or known.user != number:
                    raise WrongUse(f"{self._directory} holds a venue that is not a demo's; `ringfence serve` starts it")
            register(identities, self.config.users, time.time_ns() // 1_000)

    def snippet(self, port: int) -> str:
        """Return what to paste into Python to trade as alice."""
        alice = self._keys["alice"]
        return SNIPPET.format(rest=self._rest(port), key=alice.public, secret=alice.secret)

    def started(self, port: int, exchange: VenueState) -> Child | None:
        """Start makers and price sources, in one process, and say that the venue is ready once they quote."""
        prices = prices_setup(self._directory, self.config.prices, exchange)
        makers = self._options.makers
        companion = self._start_makers(port, prices) if makers else None if prices is None else start_prices(prices)
        threading.Thread(target=self._announce, args=(port, companion), name="announce", daemon=True).start()
        return companion

    def _rest(self, port: int) -> str:
        return f"http://{self.config.host}:{port}"

    def _credentials(self, name: str) -> Credentials:
        return Credentials(self._keys[name].public, self._keys[name].secret)

    def _start_makers(self, port: int, prices: PricesSetup | None) -> Child:
        setup = MakersSetup(
            rest=self._rest(port),
            seed=self._options.seed,
            makers=[self._credentials(name) for name in MAKERS],
            taker=self._credentials(TAKER),
            first_prices=FIRST_PRICES | {f"{market}_PERP": FIRST_PRICES[market] for market in PERPETUALS},
            prices=prices,
        )
        return Child("ringfence.makers", setup=msgspec.json.encode(setup))

    def _announce(self, port: int, companion: Child | None) -> None:
        if companion is not None:
            quoting = threading.Thread(target=companion.output.readline, name="wait for quotes", daemon=True)
            quoting.start()
            quoting.join(FIRST_QUOTES_S)
            if self._options.makers:
                companion.watch(_on_makers_ended)
        asyncio.run(_open_lending(self._rest(port), self._credentials(LENDER)))
        print(self._ready_line(port) if self._options.json else self._welcome(port), flush=True)
        log(f"the demo is ready after {time.monotonic() - self._began_s:.1f} s")

    def _ready_line(self, port: int) -> str:
        users = {name: {"apiKey": self._keys[name].public, "apiSecret": self._keys[name].secret} for name in DEMO_USERS}
        line = {"rest": self._rest(port), "ws": f"ws://{self.config.host}:{port}", "users": users}
        return msgspec.json.encode(line).decode()

    def _welcome(self, port: int) -> str:
        markets = ", ".join(market.symbol for market in self.config.markets)
        bob = self._keys["bob"]
        return WELCOME.format(
            rest=self._rest(port),
            ws=f"ws://{self.config.host}:{port}",
            directory=self._directory,
            kept="kept" if self._options.data else "removed at the end",
            markets=markets,
            bob_key=bob.public,
            bob_secret=bob.secret,
            snippet=self.snippet(port),
        )


async def _open_lending(rest: str, lender: Credentials) -> None:
    """Let the lender's account lend by itself, which gives all that it has to the pools, and wait for fresh prices."""
    async with aiohttp.ClientSession() as session:
        client = RestClient(session, rest, lender)
        try:
            if not (await client.account())["autoLend"]:
                await client.set_account({"autoLend": True})
            deadline_s = time.monotonic() + FIRST_PRICES_S
            while time.monotonic() < deadline_s and not await _is_priced(client):
                await asyncio.sleep(PRICES_POLL_S)
        except (Refused, aiohttp.ClientError, OSError) as error:
            log(f"nothing is lent to the pools: {error}")


async def _is_priced(client: RestClient) -> bool:
    """Tell whether every price is fresh, so that everything can be borrowed."""
    return all(price["state"] == "Fresh" for price in await client.public("/ringfence/v1/prices"))


def _on_makers_ended(return_code: int) -> None:
    if return_code:
        log(f"the market makers ended ({return_code}); the venue goes on")


@contextmanager
def _data_directory(data: Path | None) -> Generator[Path]:
    if data is not None:
        yield data
        return
    directory = Path(tempfile.mkdtemp(prefix="ringfence-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


SNIPPET = """\
import ccxt

venue = "{rest}"
exchange = ccxt.backpack({{
    "apiKey": "{key}",
    "secret": "{secret}",
    "urls": {{"api": {{"public": venue, "private": venue}}}},
}})
exchange.load_markets()
order = exchange.create_order("SOL/USDC", "limit", "buy", 0.5, 100)
print("open:", [(o["id"], o["price"], o["amount"]) for o in exchange.fetch_open_orders("SOL/USDC")])
print("cancelled:", exchange.cancel_order(order["id"], "SOL/USDC")["status"])
print("balance:", exchange.fetch_balance()["USDC"])
"""

WELCOME = """\
Ringfence is open.

  REST       {rest}        (a page at /, what is served at /openapi.json)
  WebSocket  {ws}
  markets    {markets}
  data       {directory} ({kept})

alice and bob have 1,000,000 USDC, 1,000 SOL, 10 BTC, 100 ETH and 1,000 of each share, and can borrow what a lender has
lent. Paste this to trade as alice (pip install ccxt==4.5.90):

{snippet}
bob:  apiKey {bob_key}  secret {bob_secret}

Ctrl-C ends it."""
