"""`kill -9` of every process under load: what was acknowledged over HTTP is there after the next start, once."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from .process import VenueProcess, demo, ringfence
from .wire import Refused, call, client, limit_order

CALLERS = 4
ROUNDS = 2


async def place_until_gone(ready: dict[str, Any], acknowledged: list[dict[str, Any]], chance: random.Random) -> None:
    """Place single orders and batches that rest, and remember every order that the venue has confirmed."""
    async with aiohttp.ClientSession() as session:
        caller = client(session, ready)
        while True:
            orders = [limit_order(str(chance.randint(60, 140)), "0.01") for _ in range(chance.randint(1, 5))]
            try:
                replies = await caller.place_all(orders) if len(orders) > 1 else [await caller.place(orders[0])]
            except aiohttp.ClientError:
                return
            except Refused as error:
                if "ORDER_LIMIT" not in str(error):
                    raise
                continue
            acknowledged += [reply for reply in replies if reply.get("operation") != "Err"]


async def load(venue: VenueProcess, acknowledged: list[dict[str, Any]], chance: random.Random) -> None:
    callers = [place_until_gone(venue.ready, acknowledged, chance) for _ in range(CALLERS)]
    await asyncio.gather(kill_later(venue, chance), *callers)


async def kill_later(venue: VenueProcess, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0.05, 0.5))
    venue.kill_all()


def history_of(ready: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        query = {"limit": "1000", "offset": str(len(rows))}
        page = call(ready, "GET", "/wapi/v1/history/orders", "orderHistoryQueryAll", query)
        rows += page
        if len(page) < 1000:
            return rows


def kill_rounds(tmp_path: Path, rounds: int, seed: int) -> None:
    chance, directory = random.Random(seed), tmp_path / "demo"
    acknowledged: list[dict[str, Any]] = []
    for _ in range(rounds):
        with demo(tmp_path / "log", "--no-makers", "--data", directory) as venue:
            call(venue.ready, "DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": "SOL_USDC"})
            already = len(acknowledged)
            asyncio.run(load(venue, acknowledged, chance))
            assert len(acknowledged) > already, "nothing was acknowledged: the test proves nothing"
        with demo(tmp_path / "log", "--no-makers", "--data", directory) as venue:
            standing = call(venue.ready, "GET", "/api/v1/orders", "orderQueryAll")
            by_id = {order["id"]: order for order in standing}
            assert len(by_id) == len(standing), "an order stands twice"
            for order in acknowledged[already:]:
                known = {name: value for name, value in order.items() if name != "operation"}
                assert by_id[order["id"]] == known
            history = [order["id"] for order in history_of(venue.ready)]
            assert len(set(history)) == len(history), "an order is in history twice"
            assert {order["id"] for order in acknowledged} <= set(history), "history lost an acknowledged order"
            assert venue.stop() == 0
    report = ringfence("verify", directory)
    assert report.returncode == 0, report.stdout


def test_kill_of_every_process_under_load_loses_nothing_acknowledged(tmp_path):
    kill_rounds(tmp_path, ROUNDS, int(time.time()))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_kill_of_every_process_many_times_loses_nothing_acknowledged(tmp_path, seed):
    kill_rounds(tmp_path, 20, seed)
