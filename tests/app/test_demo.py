"""The demo from its start to its end, as a user sees it."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.app.demo import FIRST_PRICES, LENDER_FUNDS, USER_FUNDS

from .process import RINGFENCE, VenueProcess, demo, ringfence, verb
from .wire import Refused, call, get, limit_order

READY_WARM_S = 10 if "PYTEST_XDIST_WORKER" in os.environ else 5
"""Another file of tests has the other core."""
ENDED_S = 5


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A demo for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("quiet")
    with demo(folder / "log", "--no-makers", "--data", folder / "demo") as venue:
        yield venue


def wait_until(condition, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_demo_without_directory_says_one_line_and_leaves_nothing(tmp_path):
    began_s = time.monotonic()
    with demo(tmp_path / "log", "--no-makers") as venue:
        assert time.monotonic() - began_s < READY_WARM_S, venue.log
        assert list(venue.ready) == ["rest", "ws", "users"]
        assert venue.ready["ws"] == venue.rest.replace("http", "ws")
        assert [list(user) for user in venue.ready["users"].values()] == [["apiKey", "apiSecret"]] * 2
        for name in ("alice", "bob"):
            balances = call(venue.ready, "GET", "/api/v1/capital", "balanceQuery", name=name)
            assert {asset: row["available"] for asset, row in balances.items()} == USER_FUNDS
        directory = Path(venue.log.split(" recovered to sequence")[0].rsplit("node: ", 1)[1])
        assert (directory / "journal").is_dir()
        children = venue.children()
        assert venue.stop() == 0
        assert venue.further_lines() == []
    assert not directory.exists()
    assert not any(map(is_running, children))


def test_demo_started_again_on_its_directory_goes_on(tmp_path):
    directory = tmp_path / "demo"
    with demo(tmp_path / "log", "--no-makers", "--data", directory) as venue:
        first = venue.ready
        kept = call(first, "POST", "/api/v1/order", "orderExecute", limit_order("120"))
        gone = call(first, "POST", "/api/v1/order", "orderExecute", limit_order("121"))
        call(first, "DELETE", "/api/v1/order", "orderCancel", {"symbol": "SOL_USDC", "orderId": gone["id"]})
        assert venue.stop(signal.SIGINT) == 0
    with demo(tmp_path / "log", "--no-makers", "--data", directory) as venue:
        assert venue.ready["users"] == first["users"]
        assert call(venue.ready, "GET", "/api/v1/orders", "orderQueryAll") == [kept]
        history = call(venue.ready, "GET", "/wapi/v1/history/orders", "orderHistoryQueryAll")
        assert [(order["id"], order["status"]) for order in history] == [(gone["id"], "Cancelled"), (kept["id"], "New")]
        assert call(venue.ready, "GET", "/api/v1/capital", "balanceQuery")["USDC"]["locked"] == "120"
        deposits = call(venue.ready, "GET", "/wapi/v1/capital/deposits", "depositQueryAll")
        assert len(deposits) == len(USER_FUNDS), "nothing was deposited twice"
    with demo(tmp_path / "log", "--no-makers", "--data", directory, "--seed", 8) as venue:
        assert venue.ready["users"]["alice"] != first["users"]["alice"]
        for users in (first["users"], venue.ready["users"]):
            ready = venue.ready | {"users": users}
            assert call(ready, "GET", "/api/v1/orders", "orderQueryAll") == [kept]
    assert ringfence("verify", directory).returncode == 0


def test_directory_in_use_and_port_taken_are_refused_with_sentences(tmp_path, quiet):
    second = ringfence("demo", "--no-makers", "--port", 0, "--data", quiet.log_path.with_name("demo"))
    assert second.returncode == 2
    assert "DIRECTORY_IN_USE" in second.stderr and "did not start" in second.stderr, second.stderr
    assert second.stdout == "" and "Traceback" not in second.stderr
    port = int(quiet.rest.rsplit(":", 1)[1])
    third = ringfence("demo", "--no-makers", "--port", port, "--data", tmp_path / "other")
    assert third.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken; port " in third.stderr, third.stderr
    assert get(quiet.rest, "/api/v1/status")["status"] == "Ok"


def test_node_that_dies_ends_the_venue_loudly(tmp_path):
    with demo(tmp_path / "log", "--no-makers") as venue:
        node, *_ = venue.children()
        os.kill(node, signal.SIGKILL)
        assert venue.process.wait(ENDED_S) == 1
    assert "THE NODE ENDED by itself (signal 9)" in venue.log


def test_children_end_when_the_parent_is_killed(tmp_path):
    with demo(tmp_path / "log", "--data", tmp_path / "demo") as venue:
        children = venue.children()
        assert len(children) == 2, "node and makers"
        venue.process.kill()
        wait_until(lambda: not any(map(is_running, children)), ENDED_S)
    with demo(tmp_path / "log", "--no-makers", "--data", tmp_path / "demo") as venue:
        assert get(venue.rest, "/api/v1/status")["status"] == "Ok"


def test_open_sockets_do_not_hold_up_the_end(tmp_path):
    with demo(tmp_path / "log") as venue:
        host, port = venue.rest.removeprefix("http://").split(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(20)]
        began_s = time.monotonic()
        assert venue.stop() == 0
        assert time.monotonic() - began_s < ENDED_S, venue.log
        for connection in idle:
            connection.close()
    assert "Traceback" not in venue.log and "makers:" not in venue.log, venue.log


def test_makers_quote_both_sides_of_every_market_and_trade(tmp_path):
    with demo(tmp_path / "log", "--seed", 11) as venue:
        for symbol in FIRST_PRICES:
            book = get(venue.rest, f"/api/v1/depth?symbol={symbol}")
            assert len(book["bids"]) >= 4 and len(book["asks"]) >= 4, (symbol, book)
            assert float(book["bids"][-1][0]) < float(book["asks"][0][0])
        wait_until(lambda: sum(int(ticker["trades"]) for ticker in get(venue.rest, "/api/v1/tickers")) >= 3)
        (ticker, *_) = get(venue.rest, "/api/v1/tickers")
        start = int(time.time()) - 120
        candles = get(venue.rest, f"/api/v1/klines?symbol={ticker['symbol']}&interval=1m&startTime={start}")
        assert any(candle["close"] for candle in candles)
        time.sleep(3)
        for symbol, price in FIRST_PRICES.items():
            book = get(venue.rest, f"/api/v1/depth?symbol={symbol}")
            middle = (float(book["bids"][-1][0]) + float(book["asks"][0][0])) / 2
            assert abs(middle / float(price) - 1) < 0.05, (symbol, middle)
    assert "makers:" not in venue.log, venue.log


def test_lender_has_filled_the_pools_and_alice_borrows_at_once(tmp_path):
    directory = tmp_path / "demo"
    for _ in range(2):
        with demo(tmp_path / "log", "--no-makers", "--data", directory) as venue:
            pools = {row["symbol"]: row for row in get(venue.rest, "/api/v1/borrowLend/markets")}
            assert set(pools) == set(LENDER_FUNDS)
            assert all(float(row["lentQuantity"]) >= float(LENDER_FUNDS[name]) for name, row in pools.items())
            wait_until(lambda rest=venue.rest: is_priced(rest, "SOL"))
            loan = {"symbol": "SOL", "side": "Borrow", "quantity": "2.5"}
            assert call(venue.ready, "POST", "/api/v1/borrowLend", "borrowLendExecute", loan) is None
            sums = call(venue.ready, "GET", "/api/v1/capital/collateral", "collateralQuery")
            assert float(sums["borrowLiability"]) > 0 and float(sums["netEquityAvailable"]) > 1_000_000
            assert venue.stop() == 0
    assert float(pools["SOL"]["borrowedQuantity"]) >= 2.5, "what was borrowed is owed after a restart"
    assert ringfence("verify", directory).returncode == 0


def is_priced(rest: str, asset: str) -> bool:
    (price,) = get(rest, f"/ringfence/v1/prices?asset={asset}")
    return price["state"] == "Fresh"


def test_page_shows_markets_and_the_snippet_that_is_printed(quiet):
    page = urllib.request.urlopen(quiet.rest + "/").read().decode()
    assert all(symbol in page for symbol in FIRST_PRICES)
    assert quiet.ready["users"]["alice"]["apiKey"] in page and "/openapi.json" in page


def test_refused_request_is_a_sentence_and_harms_nothing(quiet):
    with pytest.raises(Refused, match="INSUFFICIENT_FUNDS"):
        call(quiet.ready, "POST", "/api/v1/order", "orderExecute", limit_order("100", "100000"))
    assert call(quiet.ready, "POST", "/api/v1/order", "orderExecute", limit_order("100"))["status"] == "New"


def test_directory_of_another_venue_is_refused(tmp_path):
    config = tmp_path / "venue.toml"
    assert verb("init", tmp_path).returncode == 0
    with VenueProcess(tmp_path / "log", "serve", "--config", config, "--port", 0):
        pass
    refused = ringfence("demo", "--port", 0, "--data", tmp_path)
    assert refused.returncode == 2
    assert "holds a venue that is not a demo's" in refused.stderr, refused.stderr


@pytest.mark.parametrize("delay_ms", [700, 1_800])
def test_end_asked_for_while_starting_is_clean(tmp_path, delay_ms):
    command = [RINGFENCE, "demo", "--json", "--port", "0", "--data", str(tmp_path / "demo")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        time.sleep(delay_ms / 1_000)
        process.send_signal(signal.SIGTERM)
        code = process.wait(ENDED_S)
    written = (tmp_path / "log").read_text()
    assert code in (0, -signal.SIGTERM), written
    assert "Traceback" not in written and "NODE ENDED" not in written, written
    with demo(tmp_path / "log", "--no-makers", "--data", tmp_path / "demo") as venue:
        assert call(venue.ready, "GET", "/api/v1/capital", "balanceQuery")["BTC"]["available"] == "10"
    assert ringfence("verify", tmp_path / "demo").returncode == 0
