"""The demo's prices, and what an operator does to them with the command line alone."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.process import VenueProcess, demo, ringfence, verb
from tests.app.wire import get

from ringfence.app.demo import FIRST_PRICES, PRICE_SOURCES

ASSETS = {"USDC": "1"} | {market.removesuffix("_USDC"): price for market, price in FIRST_PRICES.items()}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("priced") / "demo"


@pytest.fixture(scope="module")
def venue(directory: Path) -> Iterator[VenueProcess]:
    with demo(directory.with_name("log"), "--no-makers", "--data", directory) as venue:
        yield venue


def rows(*arguments: object) -> list[dict[str, Any]]:
    done = verb("price", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(*arguments: object) -> str:
    done = verb("price", *arguments)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr, done
    return done.stderr


def wait_for(
    directory: Path, asset: str, condition: Callable[[dict[str, Any]], bool], timeout_s: float = 15
) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while not condition(price := rows("show", "--asset", asset, "--data", directory)[0]):
        assert time.monotonic() < deadline, price
        time.sleep(0.2)
    return price


def is_fresh(price: dict[str, Any]) -> bool:
    return price["state"] == "fresh"


def is_near(price: str, reference: str, part: float) -> bool:
    return abs(float(price) / float(reference) - 1) < part


def test_demo_without_makers_prices_every_asset_from_four_sources(directory, venue):
    wait_for(directory, "FWDI.US", is_fresh)
    prices = {row["asset"]: row for row in rows("show", "--data", directory)}
    assert set(prices) == set(ASSETS)
    for asset, first in ASSETS.items():
        assert is_near(prices[asset]["mark"], first, 0.0001 if asset == "USDC" else 0.05), prices[asset]
        assert len({quote["price"] for quote in prices[asset]["quotes"]}) == len(PRICE_SOURCES), "each sees its own"
    assert prices["SOL"]["used"] == list(PRICE_SOURCES) and prices["SOL"]["clamped"] == []


def test_marks_follow_the_prices_that_makers_quote(tmp_path):
    with demo(tmp_path / "log", "--data", tmp_path / "demo") as venue:
        wait_for(tmp_path / "demo", "SOL", is_fresh)
        time.sleep(3)
        book = get(venue.rest, "/api/v1/depth?symbol=SOL_USDC")
        price = rows("show", "--asset", "SOL", "--data", tmp_path / "demo")[0]
        middle = (float(book["bids"][-1][0]) + float(book["asks"][0][0])) / 2
        assert is_near(price["mark"], str(middle), 0.002), (price, middle)
        assert venue.stop() == 0
    assert "makers:" not in venue.log and "prices:" not in venue.log, venue.log
    assert ringfence("verify", tmp_path / "demo").returncode == 0


def test_sources_are_listed_switched_and_named(directory, venue):
    data = ("--data", directory)
    assert [row["name"] for row in rows("source", *data)] == list(PRICE_SOURCES)
    assert rows("source", 4, "--no-enabled", *data) == [{"number": 4, "name": "west", "enabled": False}]
    told = "price source west, quote of SOL refused: PRICE_SOURCE_DISABLED"
    wait_for(directory, "SOL", lambda price: price["used"] == ["north", "east", "south"] and told in venue.log)
    rows("source", 4, "--enabled", *data)
    wait_for(directory, "SOL", lambda price: price["used"] == list(PRICE_SOURCES))
    assert rows("source", 9, "--name", "spare", *data) == [{"number": 9, "name": "spare", "enabled": True}]
    assert "no name yet" in refused("source", 8, "--enabled", *data)
    assert "give its number first" in refused("source", "--name", "x", *data)
    assert "16" in refused("source", 16, "--name", "x", *data)


def test_weight_and_settings_change_what_counts(directory, venue):
    data = ("--data", directory)
    rows("weight", "ETH", "west", 0, *data)
    wait_for(directory, "ETH", lambda price: price["used"] == ["north", "east", "south"])
    (price,) = rows("set", "ETH", "--minimum-sources", 4, "--clamp-bps", "12.5", *data)
    assert (price["minimum_sources"], price["clamp_bps"], price["update_cap_bps"]) == (4, "12.5", "25")
    wait_for(directory, "ETH", lambda price: price["used"] == [])
    rows("weight", "ETH", "west", 2, *data)
    price = wait_for(directory, "ETH", lambda price: price["used"] == list(PRICE_SOURCES))
    assert [quote["weight"] for quote in price["quotes"]] == [1, 1, 1, 2]
    assert "there is no price source up; there is north" in refused("weight", "ETH", "up", 1, *data)
    assert "0.001 has 3 decimals" in refused("set", "ETH", "--clamp-bps", "0.001", *data)
    assert "OUT_OF_RANGE" in refused("set", "ETH", "--minimum-sources", 2, *data)
    assert "there is no asset DOGE" in refused("show", "--asset", "DOGE", *data)


def test_closed_asset_keeps_its_last_good_mark(directory, venue):
    data = ("--data", directory)
    wait_for(directory, "SBET.US", is_fresh)
    assert rows("session", "SBET.US", "closed", *data) == [{"asset": "SBET.US", "session": "closed"}]
    closed = wait_for(directory, "SBET.US", lambda price: price["state"] == "closed")
    time.sleep(2)
    (later,) = rows("show", "--asset", "SBET.US", *data)
    assert later["mark"] == closed["mark"] and later["used"] == [] and later["session"] == "closed"
    rows("session", "SBET.US", "open", *data)
    wait_for(directory, "SBET.US", is_fresh)
    assert "shut" in refused("session", "SBET.US", "shut", *data)
