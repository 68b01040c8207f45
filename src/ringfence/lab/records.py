"""Many commands of one kind at once, as arrays of records."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ringfence.node.replica import Records, as_records
from ringfence.schema.commands import Command
from ringfence.schema.layout import DTYPES, RECORD, encode

Integers = npt.NDArray[np.int64]


def many(kind: type[Command], count: int, **fields: Any) -> Records:
    """Return so many commands of a kind; each field is a number or an array, the others have their defaults."""
    needed = {field.name: 0 for field in msgspec.structs.fields(kind) if field.required}
    # Copied as bytes: what no field names is zero too, and in the log.
    records = np.tile(np.frombuffer(encode(kind(**needed)), RECORD), count).view(DTYPES[kind])
    for name, value in fields.items():
        records[name] = value
    return records.view(RECORD)


def records_of(*commands: Command) -> Records:
    """Return commands, each as the first who may give it."""
    return as_records(bytearray(b"".join(encode(command) for command in commands)))


def joined(*parts: Records) -> Records:
    """Return arrays of records one after the other."""
    return np.concatenate(parts) if parts else np.zeros(0, RECORD)
