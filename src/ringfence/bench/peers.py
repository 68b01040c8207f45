"""The flows in a form that other order books can be given, and ourselves under the same conditions.

A peer knows no accounts, so nobody may meet himself: in this variant of a flow, bids and asks come from accounts of
different people.  Cancellations that find nothing under our rules are left out, so that every peer does the same work.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core import Exchange
from ..schema.enums import FIRST_USER_ACCOUNT, Side, TimeInForce
from ..schema.events import Rejected, Trade
from ..schema.layout import COMMAND_HEADER, DTYPES, EVENT_HEADER, RECORD_BYTES, tag_of
from .flow import SHAPES, flow, opening
from .venue import CANCEL, CANCEL_TAG, PLACE

COLUMNS = ("operation", "order", "is_ask", "price_ticks", "quantity_lots", "market")
ADD, REMOVE, TAKE = 0, 1, 2
TRADE, REJECTED = DTYPES[Trade], tag_of(Rejected)
BATCH = 4_096


def two_sided(name: str) -> npt.NDArray[np.void]:
    """Return the commands of a flow with even accounts bidding and odd ones asking."""
    commands = flow(name)
    headers, cancels, places = commands.view(COMMAND_HEADER), commands.view(CANCEL), commands.view(PLACE)
    is_cancel = headers["kind"] == CANCEL_TAG
    placed_at = np.where(is_cancel, cancels["order"] - 1, np.arange(len(commands)))
    is_ask = places["side"][placed_at] == Side.ASK
    accounts = headers["account"] - FIRST_USER_ACCOUNT
    headers["account"] = FIRST_USER_ACCOUNT + accounts - accounts % 2 + is_ask
    return commands


class Outcome(NamedTuple):
    """What a whole flow comes to under our rules."""

    traded_lots: int
    resting_lots: int
    refused: npt.NDArray[np.bool_]
    """Of each command."""


def outcome(name: str, commands: npt.NDArray[np.void]) -> Outcome:
    """Apply a whole flow."""
    exchange, lots, refused = opening(SHAPES[name]), 0, np.zeros(len(commands) + 1, np.bool_)
    for events in parts(exchange, commands, BATCH):
        headers = events.view(EVENT_HEADER)
        lots += int(events.view(TRADE)["quantity_lots"][headers["kind"] == tag_of(Trade)].sum())
        refused[headers["sequence"][headers["kind"] == REJECTED]] = True
    orders = exchange.rows()["orders"]
    return Outcome(lots, int(orders["remaining_lots"].sum()), refused[1:])


def parts(exchange: Exchange, commands: npt.NDArray[np.void], batch: int) -> Iterator[npt.NDArray[np.void]]:
    """Apply commands in calls of so many and yield their events."""
    for begin in range(0, len(commands), batch):
        yield from exchange.apply_in_parts(commands[begin : begin + batch])


def export(name: str, path: Path, count: int | None = None) -> Outcome:
    """Write a flow as rows of `COLUMNS`, 64-bit integers, and return what it comes to.

    ``count`` ends it after so many commands behind those that fill the books.
    """
    commands = two_sided(name)[: None if count is None else SHAPES[name].preload + count]
    found = outcome(name, commands)
    places, is_cancel = commands.view(PLACE), commands.view(COMMAND_HEADER)["kind"] == CANCEL_TAG
    is_taker = places["time_in_force"] == TimeInForce.IOC
    rows = np.zeros((len(commands), len(COLUMNS)), np.int64)
    rows[:, 0] = np.where(is_cancel, REMOVE, np.where(is_taker, TAKE, ADD))
    rows[:, 1] = np.where(is_cancel, commands.view(CANCEL)["order"], np.arange(1, len(commands) + 1))
    rows[:, 2], rows[:, 3] = places["side"] == Side.ASK, places["price_ticks"]
    rows[:, 4], rows[:, 5] = places["quantity_lots"], places["market"]
    rows[is_cancel, 2:5] = 0
    rows[is_cancel, 5] = commands.view(CANCEL)["market"][is_cancel]
    rows[~found.refused].tofile(path)
    return found


def commands_per_s(name: str, batch: int, count: int | None = None) -> float:
    """Return our own speed, by processor time, on the flow that peers are given, in calls of so many commands."""
    shape, commands = SHAPES[name], two_sided(name)
    exchange = opening(shape)
    for _ in parts(exchange, commands[: shape.preload], BATCH):
        pass
    measured = np.ascontiguousarray(commands[shape.preload :][:count])
    began = time.thread_time()
    for _ in parts(exchange, measured, batch):
        pass
    return len(measured) / (time.thread_time() - began)


assert all(dtype.itemsize == RECORD_BYTES for dtype in (CANCEL, PLACE, TRADE))
