"""A running venue as a source, alone and as the sources of another running venue."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.app.process import VenueProcess, verb

from ringfence.prices.source import SourceError, Ticker
from ringfence.prices.venue import RingfenceSource


def read(url: str, symbols: dict[str, str], *assets: str) -> dict[str, Ticker]:
    async def main() -> dict[str, Ticker]:
        source = RingfenceSource(url, symbols, quote="USDC")
        try:
            return dict(await source.read(assets))
        finally:
            await source.close()

    return asyncio.run(main())


def test_venue_is_read_exactly_and_only_where_its_book_has_two_sides(traded):
    assert read(traded.rest, {}, "SOL", "BTC", "DOGE") == {"SOL": Ticker("120", "130", "123.45")}
    assert read(traded.rest + "/", {"X": "SOL_USDC"}, "X") == {"X": Ticker("120", "130", "123.45")}


def test_venue_without_the_markets_or_that_is_none_says_so(traded):
    with pytest.raises(SourceError, match="has none of the markets DOGE_USDC"):
        read(traded.rest, {}, "DOGE")
    with pytest.raises(SourceError, match=r"GET http.*/nowhere/api/v1/markets: 404"):
        read(traded.rest + "/nowhere", {}, "SOL")


def prices_table(url: str, folder: Path) -> str:
    (folder / "sol.csv").write_text("time_us,asset,bid,ask,last\n1,SOL,121,131,124.45\n")
    sources = [
        ("first", f'kind = "ringfence"\nurl = "{url}"'),
        ("second", f'kind = "ringfence"\nurl = "{url}"'),
        ("tape", 'kind = "recorded"\npath = "sol.csv"'),
        ("kraken", 'kind = "ccxt"\nexchange = "kraken"'),
    ]
    text = "[prices]\ninterval_ms = 200\n"
    for number, (name, rest) in enumerate(sources, 1):
        text += f'[[prices.sources]]\nnumber = {number}\nname = "{name}"\n{rest}\n'
    weights = ", ".join(f"{name} = 1" for name, _ in sources)
    return text + f'[[prices.assets]]\nsymbol = "SOL"\nweights = {{ {weights} }}\n'


def shown(directory: Path, asset: str) -> dict[str, Any]:
    done = verb("price", "show", "--asset", asset, "--data", directory)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for_mark(directory: Path, asset: str, timeout_s: float = 15) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while (price := shown(directory, asset))["state"] != "fresh":
        assert time.monotonic() < deadline, price
        time.sleep(0.2)
    return price


def test_served_venue_prices_itself_from_another_and_goes_on_after_a_restart(traded, tmp_path):
    assert verb("init", tmp_path).returncode == 0
    config = tmp_path / "venue.toml"
    config.write_text(config.read_text() + prices_table(traded.rest, tmp_path))
    with VenueProcess(tmp_path / "log", "serve", "--config", config, "--port", 0) as venue:
        price = wait_for_mark(tmp_path, "SOL")
        assert (price["mark"], price["used"]) == ("123.78333333", ["first", "second", "tape"]), price
        quotes = {quote["source"]: quote["price"] for quote in price["quotes"]}
        assert quotes == {"first": "123.45", "second": "123.45", "tape": "124.45", "kraken": "0"}
        assert venue.stop() == 0
    with VenueProcess(tmp_path / "log", "serve", "--config", config, "--port", 0) as venue:
        assert wait_for_mark(tmp_path, "SOL")["mark"] == "123.78333333"
        assert venue.stop() == 0
    assert "price source kraken cannot be opened and is left out" in venue.log
    assert "Traceback" not in venue.log and "SIMULATED" not in venue.log
    assert verb("verify", tmp_path).returncode == 0


def test_source_whose_number_has_another_name_in_the_log_is_left_out(tmp_path, traded):
    assert verb("init", tmp_path).returncode == 0
    config = tmp_path / "venue.toml"
    text = config.read_text()
    config.write_text(text + prices_table(traded.rest, tmp_path))
    with VenueProcess(tmp_path / "log", "serve", "--config", config, "--port", 0):
        pass
    config.write_text(text + prices_table(traded.rest, tmp_path).replace("first", "other"))
    with VenueProcess(tmp_path / "log", "serve", "--config", config, "--port", 0) as venue:
        pass
    assert (
        "price source other is left out: number 1 has the name first in the log; `ringfence price source 1" in venue.log
    )
