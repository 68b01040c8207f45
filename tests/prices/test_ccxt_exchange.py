"""ccxt's own client, only its address changed, as a source; and what is said where ccxt is not installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.app.process import VenueProcess

from ringfence.prices.ccxt_exchange import CcxtSource
from ringfence.prices.source import SourceError

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("read_ccxt.py")


def read_with_ccxt(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Read through ccxt in a process that finds it behind our own packages."""
    (packages,) = (ROOT / ".venv-clients" / "ccxt" / "lib").glob("python*/site-packages")
    command = [sys.executable, "-W", "ignore", SCRIPT, packages, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.clients
def test_ccxt_reads_a_running_venue_exactly(traded: VenueProcess):
    for asset in ("SOL", "renamed"):
        done = read_with_ccxt("backpack", traded.rest, asset, "BTC")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {asset: [0, 0, 12_345_000_000]}, "BTC never traded, so nothing is said of it"


@pytest.mark.clients
def test_ccxt_without_any_of_the_markets_says_so(traded: VenueProcess):
    done = read_with_ccxt("backpack", traded.rest, "DOGE", "PEPE")
    assert done.returncode == 1
    assert "the exchange has none of the markets DOGE/USDC, PEPE/USDC" in done.stderr
    assert "Unclosed" not in done.stderr, "connections are closed all the same"


@pytest.mark.clients
def test_exchange_that_ccxt_does_not_know_is_refused():
    done = read_with_ccxt("bagpack", "", "SOL")
    assert "knows no exchange 'bagpack'" in done.stderr


def test_ccxt_that_is_not_installed_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "ccxt", None)
    monkeypatch.setitem(sys.modules, "ccxt.async_support", None)
    with pytest.raises(SourceError, match=r"ccxt is not installed here .*pip install 'ringfence\[ccxt\]'"):
        CcxtSource("kraken", {}, quote="USDC")
