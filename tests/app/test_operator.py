"""An operator opens a venue, funds a user, halts a market and verifies, with the command line alone."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.schema.enums import Parameter

from .process import VenueProcess, ringfence, verb
from .wire import Refused, call, get, limit_order


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(done: subprocess.CompletedProcess[str], code: int, *texts: str) -> None:
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr and done.stdout == "", done
    assert all(text in done.stderr for text in texts), done.stderr


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venue")
    assert rows(verb("init", folder)) == [{"config": str(folder / "venue.toml")}]
    return folder


@pytest.fixture(scope="module")
def venue(directory: Path) -> Iterator[VenueProcess]:
    with VenueProcess(directory / "log", "serve", "--config", directory / "venue.toml", "--port", 0) as venue:
        yield venue


def new_user(directory: Path, venue: VenueProcess, name: str, *arguments: object) -> dict[str, Any]:
    (added,) = rows(verb("users", "add", name, "--data", directory, *arguments))
    time.sleep(1.5)  # the gateway looks for new keys once a second
    return venue.ready | {"users": {"alice": added}}


def test_operator_funds_a_user_and_halts_a_market(directory, venue):
    ready = new_user(directory, venue, "carol", "--eligible", 1)
    with pytest.raises(Refused, match="INSUFFICIENT_FUNDS"):
        call(ready, "POST", "/api/v1/order", "orderExecute", limit_order("100"))
    (deposited,) = rows(ringfence("deposit", "carol", "USDC", "250.5", "--data", directory))
    assert deposited["amount"] == "250.5" and deposited["deposit"] == 1
    (again,) = rows(ringfence("deposit", "carol", "GLXY.US", "10", "--data", directory))
    assert again["deposit"] == 2
    order = call(ready, "POST", "/api/v1/order", "orderExecute", limit_order("100"))
    assert {"asset": "USDC", "available": "150.5", "locked": "100"} in rows(
        ringfence("balances", "carol", "--data", directory)
    )
    (halted,) = rows(ringfence("market", "set", "SOL_USDC", "--state", "cancel-only", "--data", directory))
    assert halted["state"] == "cancel-only"
    with pytest.raises(Refused, match=r"TRADING_PAUSED|CancelOnly|cancel"):
        call(ready, "POST", "/api/v1/order", "orderExecute", limit_order("50"))
    gone = call(ready, "DELETE", "/api/v1/order", "orderCancel", {"symbol": "SOL_USDC", "orderId": order["id"]})
    assert gone["status"] == "Cancelled"
    (opened,) = rows(
        ringfence(
            "market", "set", "SOL_USDC", "--state", "open", "--limit-band", "0.9", "1.1", "--maximum-price", "500",
            "--data", directory,
        )
    )  # fmt: skip
    assert opened["state"] == "open" and opened["limit_band"] == ["0.9", "1.1"] and opened["maximum_price"] == "500"
    assert opened["impact_band"] == ["0.95", "1.05"], "what was not named stays"
    with pytest.raises(Refused, match="500"):
        call(ready, "POST", "/api/v1/order", "orderExecute", limit_order("600", "0.1"))


def test_user_not_eligible_and_frozen_user_cannot_trade(directory, venue):
    ready = new_user(directory, venue, "dave")
    refused(verb("deposit", "dave", "GLXY.US", "1", "--data", directory), 2, "NOT_ELIGIBLE")
    rows(verb("deposit", "dave", "USDC", "1000", "--data", directory))
    share = limit_order("20", symbol="GLXY.US_USDC")
    with pytest.raises(Refused, match=r"not eligible|eligib"):
        call(ready, "POST", "/api/v1/order", "orderExecute", share)
    (user,) = rows(verb("users", "set", "dave", "--eligible", 1, "--freeze", "trading", "--data", directory))
    assert user["eligible"] == [1] and user["frozen"] == ["trading"]
    with pytest.raises(Refused, match="frozen"):
        call(ready, "POST", "/api/v1/order", "orderExecute", share)
    rows(verb("users", "set", "dave", "--unfreeze", "trading", "--data", directory))
    assert call(ready, "POST", "/api/v1/order", "orderExecute", share)["status"] == "New"


def test_revoked_key_stops_working_and_a_new_one_works(directory, venue):
    ready = new_user(directory, venue, "erin")
    (second,) = rows(verb("keys", "add", "erin", "--label", "laptop", "--data", directory))
    rows(verb("keys", "revoke", ready["users"]["alice"]["apiKey"], "--data", directory))
    time.sleep(1.5)
    with pytest.raises(Refused, match="not known"):
        call(ready, "GET", "/api/v1/orders", "orderQueryAll")
    assert call(ready | {"users": {"alice": second}}, "GET", "/api/v1/orders", "orderQueryAll") == []
    listed = rows(verb("keys", "list", "erin", "--data", directory))
    assert [key["revoked_us"] is None for key in listed] == [False, True]


def test_wrong_use_is_a_sentence_and_code_2(directory, venue):
    data = ("--data", directory)
    refused(verb("deposit", "nobody", "USDC", "1", *data), 2, "there is no user nobody")
    refused(verb("users", "add", "frank", "--fee-tier", 99, *data), 2, "fee_tier", "99")
    rows(verb("users", "add", "frank", *data))
    refused(verb("users", "add", "frank", *data), 2, "there is a user frank already")
    refused(verb("deposit", "frank", "DOGE", "1", *data), 2, "there is no asset DOGE")
    refused(verb("deposit", "frank", "USDC", "0.0000001", *data), 2, "decimal")
    refused(verb("market", "set", "SOL_USDC", "--state", "shut", *data), 2, "shut", "cancel-only")
    refused(verb("market", "set", "NOPE", "--state", "open", *data), 2, "there is no market NOPE")
    refused(verb("market", "set", "SOL_USDC", "--limit-band", "2", "1", *data), 2, "RANGE_REVERSED")
    refused(verb("parameter", "set", "users", "0", *data), 2, "OUT_OF_RANGE")
    refused(verb("keys", "add", "frank", "short", *data), 2, "public key")
    refused(verb("rebuild", directory), 2, "DIRECTORY_IN_USE")
    refused(verb("skip", directory, 5, "--reason", "x"), 2, "DIRECTORY_IN_USE")
    refused(verb("init", directory), 2, "exists already")
    refused(verb("nonsense"), 2, "nonsense")


def test_collateral_and_pools_are_shown_and_set(directory, venue):
    data = ("--data", directory)
    shown = {row["asset"]: row for row in rows(ringfence("collateral", "show", *data))}
    assert shown["SOL"]["weight"] == "0.9" and shown["SOL"]["haircut"] == "inverse-sqrt"
    assert (shown["SOL"]["conversion_market"], shown["SOL"]["conversion_discount"]) == ("SOL_USDC", "0.03")
    assert (shown["GLXY.US"]["conversion_market"], shown["USDC"]["conversion_market"]) == ("none", "none")
    (changed,) = rows(ringfence("collateral", "set", "SOL", "--weight", "0.5", "--haircut", "identity", *data))
    assert (changed["weight"], changed["haircut"], changed["initial_base"]) == ("0.5", "identity", "0.2")
    assert (changed["conversion_market"], changed["conversion_discount"]) == ("SOL_USDC", "0.03"), "the rest stays"
    conversion = ("--conversion-market", "none", "--conversion-discount", "0.1")
    (changed,) = rows(ringfence("collateral", "set", "SOL", *conversion, *data))
    assert (changed["conversion_market"], changed["conversion_discount"]) == ("none", "0.1")
    (changed,) = rows(ringfence("collateral", "set", "SOL", "--conversion-market", "SOL_USDC", *data))
    assert (changed["conversion_market"], changed["conversion_discount"]) == ("SOL_USDC", "0.1")
    for wrong in ("BTC_USDC", "SOL_USDC_PERP"):
        sentence = f"--conversion-market: {wrong} is not a spot market of SOL against cash"
        refused(ringfence("collateral", "set", "SOL", "--conversion-market", wrong, *data), 2, sentence)
    refused(ringfence("collateral", "set", "SOL", "--conversion-market", "NOPE", *data), 2, "there is no market NOPE")
    half = ("--conversion-discount", "0.6")
    refused(ringfence("collateral", "set", "SOL", *half, *data), 2, "FIELD_OUT_OF_RANGE: conversion_discount_ppm")
    (pool,) = rows(ringfence("lend", "show", "USDC", *data))
    assert (pool["state"], pool["lent"], pool["rate_optimal"], pool["fee"]) == ("open", "0", "0.08", "0.1")
    (closed,) = rows(ringfence("lend", "set", "USDC", "--state", "repay-only", "--lend-limit", "12.5", *data))
    assert (closed["state"], closed["lend_limit"], closed["rate_optimal"]) == ("repay-only", "12.5", "0.08")
    (named,) = [row for row in get(venue.rest, "/api/v1/borrowLend/markets") if row["symbol"] == "USDC"]
    assert (named["state"], named["openBorrowLendLimit"]) == ("RepayOnly", "12.5")
    refused(ringfence("lend", "set", "GLXY.US", "--fee", "0.1", *data), 2, "needs --rate-optimal, --rate-full")
    refused(ringfence("lend", "show", "GLXY.US", *data), 2, "GLXY.US has no lending pool")
    refused(ringfence("lend", "set", "USDC", "--fee", "ten", *data), 2, "--fee: expected a decimal number")
    refused(ringfence("collateral", "set", "SOL", "--weight", "2", *data), 2, "refused: FIELD_OUT_OF_RANGE: weight_e8")
    refused(ringfence("collateral", "show", "NOPE", *data), 2, "there is no asset NOPE")


def test_perpetuals_are_shown_and_set(directory, venue):
    data = ("--data", directory)
    shown = {row["market"]: row for row in rows(ringfence("perpetual", "show", *data))}
    before = shown["SOL_USDC_PERP"]
    assert (before["initial_base"], before["lowest_funding"], before["mark_bound"]) == ("0.02", "-0.01", "0.0065")
    assert before.keys() >= {"state", "mark", "index", "coming_funding", "last_funding", "open_interest", "clearing"}
    (changed,) = rows(
        ringfence(
            "perpetual", "set", "SOL_USDC_PERP", "--initial-base", "0.05", "--lowest-funding", "-0.002",
            "--interest-rate=-0.00005", "--position-limit", "12.5", *data,
        )
    )  # fmt: skip
    named = ("initial_base", "lowest_funding", "interest_rate", "position_limit")
    assert [changed[name] for name in named] == ["0.05", "-0.002", "-0.00005", "12.5"]
    settings = set(before) - set(named) - {"state", "mark", "index", "coming_funding", "last_funding"}
    assert {name: changed[name] for name in settings} == {name: before[name] for name in settings}, "the rest stays"
    assert rows(ringfence("perpetual", "show", "SOL_USDC_PERP", *data))[0]["position_limit"] == "12.5"
    one = ("perpetual", "set", "SOL_USDC_PERP")
    refused(ringfence(*one, "--position-limit", "0.0001", *data), 2, "--position-limit: 0.0001 is not a multiple")
    refused(ringfence(*one, "--mark-bound", "ten", *data), 2, "--mark-bound: expected a decimal number")
    refused(ringfence(*one, "--mark-bound", "0.6", *data), 2, "refused: FIELD_OUT_OF_RANGE: mark_bound_ppm")
    refused(ringfence(*one, "--lowest-funding", "0.02", *data), 2, "refused: RANGE_REVERSED")
    refused(ringfence("perpetual", "show", "SOL_USDC", *data), 2, "SOL_USDC is a spot market", "SOL_USDC_PERP")
    refused(ringfence("perpetual", "show", "NOPE", *data), 2, "there is no market NOPE")


def test_vault_is_opened_shown_and_set(directory, venue):
    data = ("--data", directory)
    assert rows(ringfence("vault", "show", *data)) == []
    refused(ringfence("vault", "open", "VLT", "nobody", *data), 2, "there is no user nobody")
    rows(verb("users", "add", "backstop", *data))
    given = ("--discount", "0.004", "--redeem-delay", "60", "--maximum-value", "5000.5", "--leverage-limit", "2.5")
    (opened,) = rows(ringfence("vault", "open", "VLT", "backstop", *given, *data))
    assert {name: opened[name] for name in ("vault", "state", "share", "quote", "value", "share_price")} == {
        "vault": 1, "state": "open", "share": "VLT", "quote": "USDC", "value": "0", "share_price": "1",
    }  # fmt: skip
    names = ("discount", "redeem_delay", "maximum_value", "leverage_limit")
    assert [opened[name] for name in names] == ["0.004", "60", "5000.5", "2.5"]
    (changed,) = rows(ringfence("vault", "set", 1, "--no-mints", "--concentration", "0.5", *data))
    assert (changed["mints_enabled"], changed["takes_over"], changed["concentration"]) == (False, True, "0.5")
    assert [changed[name] for name in names] == ["0.004", "60", "5000.5", "2.5"], "the rest stays"
    (told,) = get(venue.rest, "/api/v1/vaults")
    assert (told["vaultToken"], told["mintsEnabled"], told["redeemDelayMs"]) == ("VLT", False, 60_000)
    refused(ringfence("vault", "set", 2, "--mints", *data), 2, "there is no vault 2")
    refused(ringfence("vault", "open", "VLT", "backstop", *data), 2, "there is an asset VLT already")
    refused(ringfence("vault", "set", 1, "--discount", "ten", *data), 2, "--discount: expected a decimal number")


def test_mark_bound_that_is_too_wide_is_warned_of(directory, venue):
    one = ("perpetual", "set", "BTC_USDC_PERP", "--mark-bound")
    done = ringfence(*one, "0.01", "--data", directory)
    assert rows(done)[0]["mark_bound"] == "0.01"
    assert "warning: BTC_USDC_PERP: mark_bound: 0.01 is more than half of maintenance_base, which is 0.00666667" in (
        done.stderr
    )
    narrow = ringfence(*one, "0.003", "--data", directory)
    assert rows(narrow)[0]["mark_bound"] == "0.003" and narrow.stderr == ""


def test_perpetual_without_a_price_cannot_be_delisted(directory, venue):
    data = ("--data", directory)
    assert rows(ringfence("perpetual", "show", "SOL_USDC_PERP", *data))[0]["delisting"] == "listed"
    refused(verb("perpetual", "delist", "SOL_USDC_PERP", *data), 2, "PRICE_NOT_FRESH")
    refused(ringfence("perpetual", "delist", "SOL_USDC", *data), 2, "SOL_USDC is a spot market")
    refused(ringfence("perpetual", "delist", "NOPE", *data), 2, "there is no market NOPE")
    (market,) = [row for row in rows(ringfence("market", "list", *data)) if row["market"] == "SOL_USDC_PERP"]
    assert market["state"] == "open", "what is refused changes nothing"


def test_parameters_are_listed_and_set(directory, venue):
    rows(verb("parameter", "set", "open_orders_per_account", 7, "--data", directory))
    listed = {row["parameter"]: row["value"] for row in rows(verb("parameter", "list", "--data", directory))}
    assert listed["open_orders_per_account"] == 7 and len(listed) == len(Parameter)


def test_stopped_venue_is_verified_rebuilt_snapshotted_and_damage_is_found(tmp_path):
    rows(verb("init", tmp_path))
    with VenueProcess(tmp_path / "log", "serve", "--config", tmp_path / "venue.toml", "--port", 0) as venue:
        ready = new_user(tmp_path, venue, "carol")
        rows(verb("deposit", "carol", "USDC", "1000", "--data", tmp_path))
        placed = call(ready, "POST", "/api/v1/order", "orderExecute", limit_order("100"))
        assert venue.stop() == 0
    refused(verb("deposit", "carol", "USDC", "1", "--data", tmp_path), 2, "no venue runs", "ringfence serve")
    (report,) = rows(verb("verify", tmp_path))
    # The node looks for cases once a second, and finds none.
    assert report["findings"] == [] and 2 * report["events"] >= report["sequence"]
    (taken,) = rows(verb("snapshot", tmp_path))
    assert taken["written"] and taken["sequence"] == report["sequence"]
    (tmp_path / "history.sqlite").unlink()
    (rebuilt,) = rows(verb("rebuild", tmp_path))
    assert rebuilt["sequence"] == report["sequence"]
    with VenueProcess(tmp_path / "log", "serve", "--config", tmp_path / "venue.toml", "--port", 0) as venue:
        ready = ready | venue.ready
        history = call(ready, "GET", "/wapi/v1/history/orders", "orderHistoryQueryAll")
        assert [order["id"] for order in history] == [placed["id"]]
        assert len(call(ready, "GET", "/wapi/v1/capital/deposits", "depositQueryAll")) == 1
    assert "goes on" not in (tmp_path / "log").read_text().split("recovered")[1], "the first start seeds"
    (report,) = rows(verb("verify", tmp_path))
    assert report["snapshots"] == 1
    segment = min((tmp_path / "journal").glob("*"), key=lambda path: (path.suffix != ".log", path.name))
    damage(segment)
    damaged = ringfence("verify", tmp_path)
    assert damaged.returncode == 3 and "DAMAGED_LOG" in damaged.stdout, damaged
    start = ringfence("serve", "--config", tmp_path / "venue.toml", "--port", 0)
    refused(start, 3, "DAMAGED_LOG", "did not start")


def damage(segment: Path) -> None:
    """Turn one bit of a command in the middle of what was written."""
    data = bytearray(segment.read_bytes())
    data[8192] ^= 1
    segment.write_bytes(data)


def test_verbs_on_a_folder_without_a_venue_say_so(tmp_path):
    for name in ("verify", "rebuild", "snapshot"):
        refused(verb(name, tmp_path / "none"), 2, "holds no venue")
    refused(verb("users", "list", "--data", tmp_path), 2, "holds no venue")
    refused(verb("serve", "--config", tmp_path / "venue.toml"), 2, "no such file", "ringfence init")
    (tmp_path / "venue.toml").write_text("port = 'eighty'\n")
    refused(verb("serve", "--config", tmp_path / "venue.toml"), 2, "port: expected `int`, got `str`")


def test_operator_fills_the_funds_and_compensates_a_user(directory, venue):
    new_user(directory, venue, "grace")
    for account, amount in (("fund", "100"), ("skin", "50"), ("compensation", "7")):
        (added,) = rows(verb("fund", "add", account, "USDC", amount, "--data", directory))
        assert (added["account"], added["amount"]) == (account, amount)
    rows(verb("fund", "compensate", "grace", "USDC", "3", "--data", directory))
    (usdc,) = [row for row in rows(verb("fund", "show", "--data", directory)) if row["asset"] == "USDC"]
    assert usdc == {
        "asset": "USDC", "fund": "100", "unsettled": "0", "skin": "50", "compensation": "4", "uncovered": "0",
    }  # fmt: skip
    assert rows(verb("balances", "grace", "--data", directory))[0]["available"] == "3"
    refused(verb("fund", "compensate", "grace", "USDC", "5", "--data", directory), 2, "INSUFFICIENT_FUNDS")


def test_receipt_of_no_case_is_refused(directory, venue):
    refused(verb("receipt", "1", "--data", directory), 2, "there is no case 1")
    refused(verb("receipt", "1", "--url", venue.ready["rest"]), 2, "404", "there is no case 1")
    refused(verb("receipt"), 2, "name a case")
    refused(verb("receipt", "--check", directory / "venue.toml"), 1, "it is no receipt")


def test_scene_of_the_fence_shows_all_that_it_must():
    (shown,) = rows(verb("demo", "--scene", "fence", "--json"))
    assert shown["ok"] is True and len(shown["checks"]) == 23
    assert [check for check in shown["checks"] if not check["ok"]] == []
