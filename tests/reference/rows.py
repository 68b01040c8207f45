"""The canonical rows of the state, by the schema's tables, and their hash."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ringfence.schema.hashing import state_hash
from ringfence.schema.layout import ROW_DTYPES

from .state import State


def rows(state: State) -> dict[str, np.ndarray]:
    """Return every table in schema order, its rows by key."""
    return {name: np.array(list(table(state, name)), dtype) for name, dtype in ROW_DTYPES.items()}


def table(state: State, name: str) -> Iterator[tuple[Any, ...]]:
    if name == "venue":
        yield (state.sequence, state.time_us, state.rules_version, tuple(state.schema_hash), tuple(state.seed))
    elif name == "parameters":
        yield from sorted(state.parameters.items())
    elif name == "fee_tiers":
        yield from (key + state.fee_tiers[key] for key in sorted(state.fee_tiers))
    elif name == "sources":
        yield from sorted(state.sources.items())
    elif name == "balances":
        yield from (key + tuple(state.balances[key]) for key in sorted(state.balances))
    else:
        objects: dict[int, Any] = getattr(state, name)
        yield from by_columns(name, (objects[key] for key in sorted(objects)))


def by_columns(name: str, objects: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    columns = ROW_DTYPES[name].names
    assert columns
    for found in objects:
        values = (getattr(found, column) for column in columns)
        yield tuple(tuple(value) if isinstance(value, bytes) else value for value in values)


def hash_of(state: State) -> bytes:
    return state_hash(rows(state).items())
