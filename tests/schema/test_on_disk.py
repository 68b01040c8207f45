"""Nothing that stands on disk changes by accident."""

import enum
import os
import subprocess
import sys

import pytest
from tests.schema import on_disk

from ringfence.schema import enums
from ringfence.schema.commands import COMMANDS
from ringfence.schema.enums import FIRST_RULES, LATEST_RULES
from ringfence.schema.events import EVENTS
from ringfence.schema.fields import fields_of
from ringfence.schema.layout import (
    COMMAND_HEADER,
    DTYPES,
    EVENT_HEADER,
    RECORD_BYTES,
    body_fields,
    field_of,
    schema_hash,
    tag_of,
)
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import TABLES


def on_disk_of(kind: type) -> str:
    fields = (f"{field.name}:{field.code}@{field_of(DTYPES[kind], field.name)[1]}" for field in body_fields(kind))
    return f"{tag_of(kind)}: {' '.join(fields)}"


def offsets(dtype: object) -> dict[str, tuple[str, int]]:
    return {name: (part[0].str, part[1]) for name, part in dtype.fields.items()}  # type: ignore[attr-defined]


def test_commands_and_events_have_the_tags_fields_and_offsets_that_are_on_disk() -> None:
    assert {kind.__name__: on_disk_of(kind) for kind in COMMANDS} == on_disk.COMMANDS_ON_DISK
    assert {kind.__name__: on_disk_of(kind) for kind in EVENTS} == on_disk.EVENTS_ON_DISK


def test_headers_have_the_offsets_that_are_on_disk() -> None:
    stamp = {"sequence": ("<i8", 0), "time_us": ("<i8", 8)}
    assert offsets(COMMAND_HEADER) == stamp | {
        "request": ("<i8", 16),
        "account": ("<i4", 24),
        "kind": ("<u2", 28),
        "origin": ("|u1", 30),
    }
    assert offsets(EVENT_HEADER) == stamp | {
        "index": ("<i4", 16),
        "account": ("<i4", 20),
        "market": ("<i4", 24),
        "kind": ("<u2", 28),
    }
    assert COMMAND_HEADER.itemsize == EVENT_HEADER.itemsize == RECORD_BYTES == 128


def test_tables_have_the_columns_that_are_in_snapshots_in_this_order() -> None:
    found = {name: " ".join(f"{field.name}:{field.code}" for field in fields_of(row)) for name, row in TABLES.items()}
    assert found == on_disk.ROWS_ON_DISK
    assert list(found) == list(on_disk.ROWS_ON_DISK)


def test_members_have_the_numbers_that_are_on_disk() -> None:
    declared = {name: value for name, value in vars(enums).items() if isinstance(value, enum.EnumType)}
    kinds = {name: kind for name, kind in declared.items() if kind.__module__ == enums.__name__} | {"Reject": Reject}
    found = {name: " ".join(f"{member.name}={int(member)}" for member in kind) for name, kind in kinds.items()}
    assert found == on_disk.NUMBERS_ON_DISK


def test_schema_hash_is_the_one_that_logs_name() -> None:
    versions = range(FIRST_RULES, LATEST_RULES + 1)
    assert {rules: schema_hash(rules).hex() for rules in versions} == on_disk.SCHEMA_HASHES


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_schema_hash_is_the_same_in_every_process(seed: str) -> None:
    script = "from ringfence.schema.layout import schema_hash; print(schema_hash().hex())"
    environment = os.environ | {"PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == schema_hash().hex()


def test_schema_hash_given_another_column_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema_hash()
    monkeypatch.setitem(TABLES, "venue", TABLES["sources"])
    assert schema_hash.__wrapped__() != before
