"""`kill -9` under load: nothing acknowledged is lost, nothing is there twice, and the state is the replay's."""

import asyncio
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ringfence.journal import JournalReader
from ringfence.node.errors import LinkBusy, LinkLost, NodeUnavailable
from ringfence.node.link import NodeLink
from ringfence.node.local import LocalNode
from ringfence.node.snapshotter import take_snapshot
from ringfence.node.verify import verify
from ringfence.schema.layout import COMMAND_HEADER, RECORD, known_schemas

from . import full_scene, scene


class Load:
    """Submits orders as a gateway, each with a number of its own, and remembers what was acknowledged."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.submitted = 0
        self.acknowledged: dict[int, bytes] = {}

    async def run(self, directory: Path) -> None:
        """Submit until the node is gone."""
        link = await NodeLink.connect(directory)
        submitting = asyncio.create_task(self._submit(link))
        try:
            async for first_sequence, records in link.frames():
                self.acknowledged[first_sequence] = records
        except LinkLost:
            pass
        finally:
            submitting.cancel()
            await link.close()

    async def _submit(self, link: NodeLink) -> None:
        while True:
            count = self.chance.choice([1, 10, 200, 1500])
            records = full_scene.mixed_orders(count, seed=self.submitted, first_request=1 + self.submitted)
            try:
                link.submit(records.tobytes())
                self.submitted += count
            except LinkBusy:
                pass
            except LinkLost:
                return
            await asyncio.sleep(0.001)


def log_of(directory: Path) -> np.ndarray:
    with JournalReader(directory / "journal", known_schemas()) as reader:
        return np.concatenate([np.frombuffer(frame.payload, RECORD) for frame in reader.read(1)])


def kill_rounds(directory: Path, rounds: int, seed: int) -> None:
    chance, load = random.Random(seed), Load(seed)
    reached = 0
    open_venue(directory)
    for index in range(rounds):
        with scene.NodeProcess(directory) as node:
            assert node.ready, node.log
            assert node.ready["sequence"] >= reached, node.log
            killer = threading.Timer(chance.uniform(0.02, 0.4), node.process.kill)
            killer.start()
            if index % 5 == 4:
                take_snapshot(directory)
            with suppress(NodeUnavailable):
                asyncio.run(load.run(directory))
            killer.join()
            node.wait()
        reached = max((first + len(r) // 128 - 1 for first, r in load.acknowledged.items()), default=0)
    check(directory, load)


def open_venue(directory: Path) -> None:
    """Open a venue with prices, loans and a queue, so that what is killed has more than orders."""
    with LocalNode(directory) as node:
        node.submit(scene.records_of(*scene.opening()))
        node.submit(scene.records_of(*full_scene.opened_at(140 * full_scene.E8, node.exchange.time_us)))
        node.engine.tick()
        node.submit(scene.records_of(*full_scene.loans()))


def check(directory: Path, load: Load) -> None:
    log = log_of(directory)
    assert load.acknowledged, "nothing was acknowledged: the test proves nothing"
    for first_sequence, records in load.acknowledged.items():
        begin = first_sequence - 1
        assert log[begin : begin + len(records) // 128].tobytes() == records, f"frame of {first_sequence}"
    requests = log.view(COMMAND_HEADER)["request"]
    requests = requests[requests > 0]
    assert np.unique(requests).size == requests.size, "an order is in the log twice"
    report = verify(directory, lambda done, total: None)
    assert report.holds, report.findings
    with LocalNode(directory) as node:
        assert node.exchange.state_hash().hex() == report.state_hash
        assert node.engine.sequence == report.sequence
        rows = node.exchange.rows()
    assert rows["redemptions"].size and (rows["lending_pools"]["debt_shares"] > 0).any()
    assert rows["triggers"].size and (rows["positions"]["net_lots"] != 0).any()


@pytest.mark.timeout(300)
def test_kill_under_load_loses_nothing_acknowledged(directory: Path) -> None:
    kill_rounds(directory, rounds=15, seed=int(time.time()))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_kill_under_load_many_times_loses_nothing_acknowledged(directory: Path, seed: int) -> None:
    kill_rounds(directory, rounds=50, seed=seed)
