"""The canonical rows of the state, by the schema's tables, and their hash."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from ringfence.schema.hashing import state_hash
from ringfence.schema.layout import row_dtypes

from .state import State


def rows(state: State) -> dict[str, np.ndarray]:
    """Return every table that there is under the present rules, in schema order, its rows by key."""
    dtypes = dtypes_under(state.rules)
    return {name: np.array(list(table(state, name, dtype)), dtype) for name, dtype in dtypes.items()}


@cache
def dtypes_under(rules: int) -> dict[str, np.dtype]:
    return row_dtypes(rules)


def table(state: State, name: str, dtype: np.dtype) -> Iterator[tuple[Any, ...]]:
    if name == "venue":
        yield from by_columns(dtype, [state])
    elif name == "parameters":
        yield from sorted(state.parameters.items())
    elif name == "fee_tiers":
        yield from (key + state.fee_tiers[key] for key in sorted(state.fee_tiers))
    elif name == "sources":
        yield from sorted(state.sources.items())
    elif name == "balances":
        # Under the first rules a row has no shares.
        amounts = len(dtype) - 2
        yield from (key + tuple(state.balances[key][:amounts]) for key in sorted(state.balances))
    else:
        objects: dict[Any, Any] = getattr(state, name, {})
        yield from by_columns(dtype, (objects[key] for key in sorted(objects)))


def by_columns(dtype: np.dtype, objects: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    columns = dtype.names
    assert columns
    for found in objects:
        values = (getattr(found, column) for column in columns)
        yield tuple(tuple(value) if isinstance(value, bytes) else value for value in values)


def hash_of(state: State) -> bytes:
    return state_hash(rows(state).items())
