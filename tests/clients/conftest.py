"""A quiet demo for all scripts, one with makers, and a venue with narrow limits; each script in its own environment."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.process import VenueProcess, demo, ringfence
from tests.clients.past import write_past

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
SCRIPT_S = 60

RunScript = Callable[[str, str, dict[str, Any]], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("clients")


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Empty books; every script trades in a market of its own."""
    with demo(tmp_path_factory.mktemp("quiet") / "log", "--no-makers") as venue:
        yield venue.ready


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Books that makers quote."""
    with demo(tmp_path_factory.mktemp("lively") / "log") as venue:
        yield venue.ready


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A served venue that takes 30 requests a minute from alice."""
    directory = tmp_path_factory.mktemp("narrow")
    assert ringfence("init", directory).returncode == 0
    config = directory / "venue.toml"
    config.write_text(
        config.read_text().replace("signed_requests_per_minute = 2_000", "signed_requests_per_minute = 30")
    )
    with VenueProcess(directory / "log", "serve", "--config", config, "--port", 0) as venue:
        added = json.loads(ringfence("users", "add", "alice", "--data", directory).stdout)
        alice = {name: added[name] for name in ("apiKey", "apiSecret")}
        yield venue.ready | {"users": {"alice": alice}}


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A venue in which alice holds ten SOL_USDC_PERP since before the last three full hours."""
    directory = tmp_path_factory.mktemp("held")
    assert ringfence("init", directory).returncode == 0
    users = write_past(directory, time.time_ns() // 1_000)
    with VenueProcess(directory / "log", "serve", "--config", directory / "venue.toml", "--port", 0) as venue:
        yield venue.ready | {"users": users}


@pytest.fixture(scope="session")
def run_script() -> RunScript:
    """Run a script in the environment of a client with what a venue says when it is ready; it asserts for itself."""

    def run(environment: str, script: str, ready: dict[str, Any]) -> str:
        python = ROOT / ".venv-clients" / environment / "bin" / "python"
        assert python.exists(), f"{python} is not there: `make setup` makes it"
        command = [python, "-W", "ignore", SCRIPTS / script, json.dumps(ready)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SCRIPT_S, check=False)
        assert done.returncode == 0, f"{script} failed\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        assert done.stdout.rstrip().endswith("all of it"), f"{script} ended before its end\n{done.stdout[-3000:]}"
        return done.stdout

    return run
