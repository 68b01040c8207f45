"""The first commands of a venue: given once, finished after a crash in their midst, and never given to an older log."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ringfence.config import UserConfig, VenueConfig, seed_commands
from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.journal import JournalReader
from ringfence.node.connect import ControlClient
from ringfence.schema.commands import Command
from ringfence.schema.enums import FIRST_USER_ACCOUNT, Origin
from ringfence.schema.events import Rejected
from ringfence.schema.layout import COMMAND_HEADER, RECORD, RECORD_BYTES, encode, known_schemas
from ringfence.schema.rejects import Reject

from .errors import WrongUse

YOUNG_LOG_COMMANDS = 10_000
"""Seeding is the first thing that happens to a log, so one that is longer than this is not read to find it out."""

STAMPED_BYTES = 24
"""Sequence, time and request stand first in a record and are not the operator's words."""


def seed(directory: Path, config: VenueConfig, last_sequence: int, now_us: int) -> bool:
    """Bring a new log of a running node to what the configuration says, and register its users.

    Returns whether the log begins with these commands; one that begins otherwise, or is no longer young, is left alone.
    Raises ``WrongUse`` when the core refuses one.
    """
    if last_sequence > YOUNG_LOG_COMMANDS:
        return False
    commands = seed_commands(config)
    wanted = [encode(command)[STAMPED_BYTES:] for command in commands]
    present = _given_from_outside(directory, last_sequence)
    common = min(len(present), len(wanted))
    if present[:common] != wanted[:common]:
        return False
    if len(present) < len(wanted):
        _submit(directory, commands[len(present) :])
    with IdentityStore(sqlite_url(directory / "identity.sqlite")) as identities:
        register(identities, config.users, now_us)
    return True


def register(identities: IdentityStore, users: Sequence[UserConfig], now_us: int) -> None:
    """Give the users of a configuration, numbered in its order, their names and keys; what is there already stays."""
    registered = identities.keys()
    known = {key.public for key in registered}
    for number, user in enumerate(users, 1):
        if identities.find_user(user.name) is None:
            identities.add_user(user.name, number, now_us)
        for public in user.api_keys:
            if public not in known:
                identities.add_key(public, number, main_account(number), "", now_us)


def main_account(user: int) -> int:
    """Return the main account of the user who was opened as the ``user``-th, before anybody had a sub-account."""
    return FIRST_USER_ACCOUNT + 2 * (user - 1)


def _given_from_outside(directory: Path, last_sequence: int) -> list[bytes]:
    """Return the commands in the log that are not the node's own, without their stamps, up to ``last_sequence``."""
    found: list[bytes] = []
    with JournalReader(directory / "journal", known_schemas(), verify=False) as reader:
        for frame in reader.read(1, last_sequence):
            records = np.frombuffer(frame.payload, RECORD)
            origins = records.view(COMMAND_HEADER)["origin"]
            found += [bytes(record)[STAMPED_BYTES:] for record in records[origins != Origin.NODE]]
    assert all(len(command) == RECORD_BYTES - STAMPED_BYTES for command in found)
    return found


def _submit(directory: Path, commands: Sequence[Command]) -> None:
    with ControlClient(directory) as control:
        answers = control.submit(commands)
    for command, events in zip(commands, answers, strict=True):
        for event in events:
            if isinstance(event, Rejected):
                reason = Reject(event.reject).name
                raise WrongUse(
                    f"the core refused {command!r} of venue.toml: {reason}, value {event.value}, limit {event.limit}"
                )
