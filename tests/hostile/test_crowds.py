"""Many at once: floods that are told to wait, and a crowd of traders after whom every number must add up."""

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from tests.api.venue import Signer
from tests.hostile.target import Target, assert_refused, wait_for
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ringfence.node.follower import Follower

TRADERS = 24
ROUNDS = 40


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A venue with small rates."""
    target = Target(tmp_path_factory.mktemp("strict"), signed_requests_per_minute=60, public_requests_per_minute=60)
    yield target
    target.close()


def flood(target: Target, count: int, send: Any) -> list[Any]:
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}") as client:
        return [send(client) for _ in range(count)]


def assert_told_to_wait(answers: list[Any]) -> None:
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and answers[-1].status_code == 429
    for answer in refused:
        assert_refused(answer, 429, "TOO_MANY_REQUESTS")
        assert 0 < int(answer.headers["retry-after"]) <= 60


def test_flood_of_signed_requests_of_one_key_leaves_others_alone(strict: Target) -> None:
    assert_told_to_wait(flood(strict, 80, lambda client: strict.alice.get(client, "/api/v1/capital", "balanceQuery")))
    assert strict.bob.get(strict.client, "/api/v1/capital", "balanceQuery").status_code == 200


def test_batch_counts_as_its_orders(strict: Target) -> None:
    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}
    answers = flood(
        strict, 3, lambda client: strict.bob.send(client, "POST", "/api/v1/orders", "orderExecute", [order] * 25)
    )
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_flood_without_a_key_is_told_to_wait_on_every_way_in(strict: Target) -> None:
    headers = strict.alice.headers("balanceQuery") | {"X-API-Key": strict.bob.key}
    assert_told_to_wait(flood(strict, 80, lambda client: client.get("/api/v1/capital", headers=headers)))
    for path in ("/", "/openapi.json", "/api/v1/ping", "/api/v1/depth?symbol=SOL_USDC", "/api/v1/depth?symbol="):
        assert_refused(strict.client.get(path), 429, "TOO_MANY_REQUESTS")
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{strict.port}/"):
        pass
    assert refused.value.response.status_code == 429
    assert "Retry-After" in refused.value.response.headers


def trade(target: Target, signer: Signer, seed: int, barrier: threading.Barrier) -> list[str]:
    """Place, amend and cancel at random, all prices close together; return the ids of what was accepted."""
    chance = random.Random(seed)
    ids: list[str] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", timeout=30) as client:
        barrier.wait()
        for _ in range(ROUNDS):
            side, price = chance.choice(["Bid", "Ask"]), f"{chance.randint(9_950, 10_050) / 100:.2f}"
            quantity = f"{chance.randint(1, 300) / 100:.2f}"
            order = {"symbol": "SOL_USDC", "side": side, "orderType": "Limit", "price": price, "quantity": quantity}
            order["selfTradePrevention"] = chance.choice(["RejectTaker", "RejectMaker", "RejectBoth"])
            deed = chance.random()
            if deed < 0.5:
                answers = [json_of(signer.order(client, **order))]
            elif deed < 0.7:
                market = {"symbol": "SOL_USDC", "side": side, "orderType": "Market", "quantity": quantity}
                batch: list[dict[str, Any]] = [order, market, order | {"price": "0"}]
                answers = json_of(signer.send(client, "POST", "/api/v1/orders", "orderExecute", batch))
            elif deed < 0.9 and ids:
                body = {"symbol": "SOL_USDC", "orderId": chance.choice(ids)}
                method, path, instruction = chance.choice(
                    [("DELETE", "/api/v1/order", "orderCancel"), ("PATCH", "/ringfence/v1/order", "orderAmend")]
                )
                more = {"quantity": quantity} if method == "PATCH" else {}
                answer = signer.send(client, method, path, instruction, body | more)
                assert answer.status_code in (200, 400, 404), answer.text
                answers = []
            else:
                answers = [json_of(signer.order(client, **(order | {"price": "-1"})))]
            ids += [answer["id"] for answer in answers if "id" in answer]
    return ids


def json_of(answer: Any) -> Any:
    """Return what an answer says; 200 and 400 are what a trader may get."""
    assert answer.status_code in (200, 400), (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/json"), (answer.status_code, answer.text)
    return answer.json()


def test_crowd_of_traders_leaves_books_and_balances_that_add_up(target: Target) -> None:
    signers = [Signer(bytes([place, *range(31)])) for place in range(100, 100 + TRADERS)]
    target.add_users(signers)
    barrier = threading.Barrier(TRADERS)
    with target.unharmed() as observed, ThreadPoolExecutor(TRADERS) as pool:
        found = list(pool.map(lambda place: trade(target, signers[place], place, barrier), range(TRADERS)))
    every = [order for ids in found for order in ids]
    assert len(every) == len(set(every)) > TRADERS * ROUNDS // 3
    assert observed.orders_s

    target.verify()
    book = target.client.get("/api/v1/depth?symbol=SOL_USDC&limit=1000").json()
    replay = Follower(target.directory, 0)
    list(replay.catch_up(int(book["lastUpdateId"])))
    market = replay.exchange.depth(1, 1_000)
    shown = [
        [(round(float(price) * 100), round(float(lots) * 100)) for price, lots in book[side]]
        for side in ("bids", "asks")
    ]
    assert (shown[0][::-1], shown[1]) == market
    assert replay.exchange.market(1).trades > 100
    balances = replay.exchange.rows()["balances"]
    for asset in np.unique(balances["asset"]):
        rows = balances[balances["asset"] == asset]
        assert int(rows["available_atoms"].sum()) + int(rows["locked_atoms"].sum()) == 0
    for place, signer in enumerate(signers):
        capital = signer.get(target.client, "/api/v1/capital", "balanceQuery").json()
        held = {asset: pair for asset, *pair in replay.exchange.balances(68 + 2 * place)}
        scale = {1: ("USDC", 10**6), 2: ("SOL", 10**9)}
        for asset, (symbol, atoms) in scale.items():
            texts = capital[symbol]["available"], capital[symbol]["locked"]
            assert [exact(text, atoms) for text in texts] == held[asset]
    for signer in signers:
        body = {"symbol": "SOL_USDC"}
        assert signer.send(target.client, "DELETE", "/api/v1/orders", "orderCancelAll", body).status_code == 200
    wait_for(lambda: target.client.get("/api/v1/depth?symbol=SOL_USDC").json()["asks"] == [])
    assert json.dumps(book)


def exact(text: str, atoms: int) -> int:
    """Return a decimal text in atoms."""
    whole, _, fraction = text.partition(".")
    return int(whole) * atoms + int(fraction.ljust(len(str(atoms)) - 1, "0") or 0)
