"""An operator delists a perpetual of a running venue, which is started again after it, and the log verifies."""

import json
import subprocess
from typing import Any

import pytest

from .process import demo, ringfence
from .test_demo import is_priced, wait_until
from .wire import Refused, call, get

PERP = "SOL_USDC_PERP"


def row(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def order(ready: dict[str, Any], name: str, side: str, quantity: str, price: str) -> dict[str, Any]:
    fields = {"symbol": PERP, "side": side, "orderType": "Limit", "quantity": quantity, "price": price}
    return call(ready, "POST", "/api/v1/order", "orderExecute", fields, name=name)


def test_operator_delists_a_perpetual_that_people_trade(tmp_path):
    directory = tmp_path / "demo"
    data = ("--data", directory)
    with demo(tmp_path / "log", "--no-makers", *data) as venue:
        wait_until(lambda: is_priced(venue.rest, "SOL"))
        wait_until(lambda: get(venue.rest, f"/api/v1/markPrices?symbol={PERP}"))
        (mark,) = get(venue.rest, f"/api/v1/markPrices?symbol={PERP}")
        price = str(round(float(mark["markPrice"])))
        order(venue.ready, "bob", "Ask", "2", price)
        assert order(venue.ready, "alice", "Bid", "2", price)["status"] == "Filled"
        resting = order(venue.ready, "alice", "Bid", "1", str(int(price) // 2))
        assert row(ringfence("market", "set", PERP, "--state", "cancel-only", *data))["state"] == "cancel-only"
        done = ringfence("perpetual", "delist", PERP, *data)
        told = row(done)
        assert (told["market"], told["market_state"], told["delisting"]) == (PERP, "cancel-only", "announced")
        assert (told["ends_orders"], told["ends_triggers"], told["ends_positions"]) == (1, 0, 2)
        assert told["open_interest"] == "2" and float(told["final_mark"]) > 0
        assert f"{PERP} ends for good at its mark, now " in done.stderr
        assert "1 orders, 0 orders that wait, and 2 positions on 2 in all" in done.stderr
        assert "the settlement that begins within ten seconds ends all of it" in done.stderr
        wait_until(lambda: row(ringfence("perpetual", "show", PERP, *data))["delisting"] == "ended", 30)
        shown = row(ringfence("perpetual", "show", PERP, *data))
        assert (shown["mark"], shown["open_interest"]) == (told["final_mark"], "0")
        assert (shown["owed_by_losers"], shown["due_to_winners"]) == ("0", "0")
        for again in (("perpetual", "delist", PERP), ("market", "set", PERP, "--state", "open")):
            refused = ringfence(*again, *data)
            assert refused.returncode == 2 and f"{PERP} is delisted, which is for good" in refused.stderr
        assert venue.stop() == 0
    with demo(tmp_path / "log", "--no-makers", *data) as venue:
        with pytest.raises(Refused, match="TRADING_PAUSED"):
            order(venue.ready, "alice", "Bid", "1", price)
        ended = call(venue.ready, "GET", "/wapi/v1/history/orders", "orderHistoryQueryAll")
        (expired,) = [one for one in ended if one["id"] == resting["id"]]
        assert (expired["status"], expired["systemOrderType"]) == ("Expired", "OrderBookClosed")
        for name in ("alice", "bob"):
            found = call(venue.ready, "GET", "/wapi/v1/history/position", "positionHistoryQueryAll", name=name)
            assert [(one["state"], one["closingPrice"], one["unrealizedPnl"]) for one in found] == [
                ("Closed", told["final_mark"], "0")
            ]
        (market,) = [one for one in get(venue.rest, "/api/v1/markets") if one["symbol"] == PERP]
        assert market["orderBookState"] == "Closed"
        assert venue.stop() == 0
    assert ringfence("verify", directory).returncode == 0
