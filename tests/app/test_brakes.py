"""An operator sets brakes, begins an auction, and the venue carries it out, with the command line alone."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .process import VenueProcess, ringfence, verb


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venue")
    assert rows(verb("init", folder)) == [{"config": str(folder / "venue.toml")}]
    return folder


@pytest.fixture(scope="module")
def venue(directory: Path) -> Iterator[VenueProcess]:
    with VenueProcess(directory / "log", "serve", "--config", directory / "venue.toml", "--port", 0) as venue:
        yield venue


def test_brakes_are_set_shown_and_carry_out_an_auction(directory: Path, venue: VenueProcess) -> None:
    data = ("--data", str(directory))
    assert rows(ringfence("brakes", "show", "SOL_USDC", *data)) == [{"market": "SOL_USDC", "brakes": "none"}]
    refused = ringfence("market", "set", "SOL_USDC", "--state", "auction", *data)
    assert refused.returncode == 2 and "SOL_USDC has no brakes: set them first" in refused.stderr
    (shown,) = rows(ringfence("brakes", "set", "SOL_USDC", "--band", "0.1", "--auction-s", "1", *data))
    assert (shown["band"], shown["window_s"], shown["auction_s"], shown["phase"]) == ("0.1", "300", "1", "none")
    (shown,) = rows(ringfence("brakes", "set", "SOL_USDC", "--far", "0.5", *data))
    assert (shown["band"], shown["far"]) == ("0.1", "0.5")
    wrong = ringfence("brakes", "set", "SOL_USDC", "--band", "1.5", *data)
    assert wrong.returncode == 2 and "FIELD_OUT_OF_RANGE" in wrong.stderr
    (market,) = rows(ringfence("market", "set", "SOL_USDC", "--state", "auction", *data))
    assert market["state"] == "auction"
    deadline = time.monotonic() + 20
    while rows(ringfence("brakes", "show", "SOL_USDC", *data))[0]["state"] != "open":
        assert time.monotonic() < deadline, "the auction did not end"
        time.sleep(0.2)
