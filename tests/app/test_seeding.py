"""Seeding happens once: a new log gets it, a half-seeded one the rest, any other nothing."""

from pathlib import Path

import msgspec
import pytest
from tests.node.scene import NodeProcess

from ringfence.app.demo import demo_config
from ringfence.app.seeding import main_account, seed
from ringfence.config import UserConfig, seed_commands, template_config
from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.connect import ControlClient
from ringfence.node.follower import Follower
from ringfence.schema.commands import ListAsset

CONFIG = demo_config(0, 7)


def durable(directory: Path) -> int:
    with ControlClient(directory) as control:
        return control.welcome.durable_sequence


def given(directory: Path) -> int:
    """Return how many deposits the log of a running node credits."""
    follower = Follower(directory)
    for _ in follower.catch_up(durable(directory)):
        pass
    return int(follower.exchange.rows()["sources"]["last_number"][0])


def names(directory: Path) -> list[str]:
    with IdentityStore(sqlite_url(directory / "identity.sqlite")) as identities:
        for user in identities.users():
            (key,) = identities.keys(user.user)
            assert key.account == main_account(user.user)
        return [user.name for user in identities.users()]


@pytest.mark.parametrize("applied", [0, 1, 7, 30, 45, -1])
def test_seed_interrupted_anywhere_is_finished_once(tmp_path, applied):
    commands = seed_commands(CONFIG)
    with NodeProcess(tmp_path / "venue"):
        directory = tmp_path / "venue"
        with ControlClient(directory) as control:
            control.submit(commands[:applied] if applied else [])
        assert seed(directory, CONFIG, durable(directory), 1)
        last = durable(directory)
        assert seed(directory, CONFIG, last, 2), "a second start finds it done"
        assert given(directory) == sum(len(user.deposits) for user in CONFIG.users)
        assert names(directory) == [user.name for user in CONFIG.users]


def test_seed_leaves_another_log_alone(tmp_path):
    directory = tmp_path / "venue"
    with NodeProcess(directory):
        with ControlClient(directory) as control:
            control.submit([ListAsset(symbol="DOGE", name="", asset_kind=1, decimals=8)])
        assert not seed(directory, CONFIG, durable(directory), 1)
        assert not (directory / "identity.sqlite").exists()


def test_seed_does_not_apply_what_was_added_to_the_configuration_later(tmp_path):
    directory = tmp_path / "venue"
    first = template_config()
    later = msgspec.structs.replace(first, users=[UserConfig(name="late", deposits={"USDC": "1"})])
    with NodeProcess(directory):
        assert seed(directory, first, durable(directory), 1)
        assert not seed(directory, later, durable(directory), 2)
        assert given(directory) == 0 and names(directory) == []
