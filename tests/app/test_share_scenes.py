"""The scenes of the shares hold in every point, and a symbol changes under open orders as FORD became FWDI."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.app import dividend_scene, split_scene, vote_scene
from ringfence.app.share_stage import GLXY, SPOT, ShareStage
from ringfence.app.stage import SECOND_US, only, was_refused
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import Side
from ringfence.schema.rejects import Reject


@pytest.mark.parametrize(
    ("run_scene", "checks"),
    [(dividend_scene.run_scene, 17), (split_scene.run_scene, 22), (vote_scene.run_scene, 12)],
    ids=["dividend", "split", "vote"],
)
def test_scene_holds_in_every_point(run_scene: Callable[..., Any], checks: int) -> None:
    told: list[str] = []
    shown = run_scene(json=False, say=told.append)
    assert [check.name for check in shown.checks if not check.ok] == []
    assert shown.ok and len(shown.checks) >= checks
    assert not any("NOT SO" in line for line in told) and any("US person" in line for line in told)


def test_scene_with_json_is_one_line() -> None:
    script = "from ringfence.cli.main import main; main()"
    command = [sys.executable, "-c", script, "demo", "--scene", "dividend", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["ok"] is True


def test_symbol_changes_under_open_orders_and_the_old_one_is_an_alias(tmp_path: Path) -> None:
    stage = ShareStage(tmp_path / "venue", lambda _: None)
    until_us = stage.time_us + 3_600 * SECOND_US
    was = c.RenameAsset(asset=GLXY, symbol="FORD.US", name="Forward Industries", cusip="349862300")
    stage.must(was)
    order = only(e.OrderAccepted, stage.must(stage.order("alice", Side.ASK, 10, 31))).order
    stage.must(c.RenameAsset(asset=GLXY, symbol="FWDI.US", name="Forward Industries", alias_us=until_us))
    assert stage.exchange.order(order) is not None
    for symbol in ("FWDI.US_USDC", "FORD.US_USDC"):
        found = stage.catalog.find_market(symbol, stage.time_us)
        assert found is not None and found.number == SPOT and found.symbol == "FWDI.US_USDC"
    another = c.ListAsset(symbol="FORD.US", name="Another", asset_kind=1, decimals=6)
    assert was_refused(stage.give(another), Reject.SYMBOL_IN_USE)
    assert stage.must(stage.order("frank", Side.BID, 10, 31, takes=True))
    stage.second({}, 3_600)
    assert stage.catalog.find_market("FORD.US_USDC", stage.time_us) is None
    assert not was_refused(stage.give(another), Reject.SYMBOL_IN_USE)
    stage.engine.close()
