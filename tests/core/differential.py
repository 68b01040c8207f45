"""The compiled core beside the reference: the same commands to both, and a report when they differ."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.reference.flow import Flow
from tests.reference.records import read_header

from ringfence.core import Exchange
from ringfence.schema.enums import PRICE_SOURCES
from ringfence.schema.layout import COMMAND_BY_TAG, RECORD, decode_command, decode_event


class Pair:
    """An exchange and the reference, fed by one flow in batches of random size."""

    def __init__(self, seed: int, *, debug: bool = False) -> None:
        self.flow = Flow(seed, debug=debug)
        self.sizes = random.Random(seed)  # its own, so that a seed gives the same commands in any batches
        self.exchange = Exchange()

    def run(self, commands: int, largest_batch: int = 400) -> None:
        """Run so many commands more; every event must be the same, byte for byte."""
        while commands > 0:
            size = min(commands, self.sizes.choice((1, 1, 7, largest_batch)))
            self.batch(size)
            commands -= size

    def batch(self, size: int) -> None:
        steps = list(self.flow.steps(size))
        records = np.frombuffer(b"".join(record for record, _ in steps), RECORD)
        try:
            found = self.exchange.apply(records).tobytes()
        except Exception as error:
            around = [step for step in steps if 0 <= read_header(step[0]).sequence - self.exchange.sequence <= 1]
            raise AssertionError(f"{self.place()}: the core stopped: {error!r}\n{told_steps(around)}") from error
        wanted = b"".join(event for _, events in steps for event in events)
        if found != wanted:
            raise AssertionError(f"{self.place()}\n{difference(steps, found)}")

    def place(self) -> str:
        flow = self.flow
        return f"seed {flow.seed} ({flow.style}), sequence up to {flow.state.sequence}"

    def check_state(self) -> None:
        """Rows and hash must be the same."""
        found, wanted = self.exchange.rows(), self.flow.exchange.rows()
        assert list(found) == list(wanted)
        for name, rows in wanted.items():
            assert found[name].dtype == rows.dtype, name
            if found[name].tobytes() != rows.tobytes():
                raise AssertionError(f"{self.place()}: table {name}\n{row_difference(found[name], rows)}")
        assert self.exchange.state_hash() == self.flow.exchange.state_hash()

    def check_reads(self) -> None:
        """What views read must be what the reference knows."""
        reference, state = self.flow.exchange, self.flow.state
        for account in [*range(1, 9), *state.accounts]:
            assert sorted(self.exchange.balances(account)) == reference.balances(account), self.place()
            assert self.exchange.open_orders(account) == reference.open_orders(account), self.place()
            assert self.exchange.open_orders(account, 1) == reference.open_orders(account, 1), self.place()
        for number in state.markets:
            for levels in (1, 3, 10_000):
                assert self.exchange.depth(number, levels) == reference.depth(number, levels), self.place()
            for side, standing in enumerate(reference.depth(number, 3)):
                for price, lots in standing:
                    assert self.exchange.level_lots(number, side, price) == lots, self.place()
            assert self.exchange.level_lots(number, 0, 3) == 0 or 3 in state.markets[number].levels[0]
        for order in state.orders:
            assert self.exchange.order(order) == reference.order(order), self.place()
        assert self.exchange.order(state.sequence + 1) is None
        self.check_prices()

    def check_prices(self) -> None:
        """What is read of prices must be what the reference knows, also of assets and sources that are none."""
        reference = self.flow.exchange
        for asset in range(len(self.flow.state.assets) + 2):
            assert self.exchange.price(asset) == reference.price(asset), self.place()
            assert self.exchange.quotes(asset) == reference.quotes(asset), self.place()
        for number in range(1, PRICE_SOURCES + 1):
            assert self.exchange.price_source(number) == reference.price_source(number), self.place()

    def restart(self) -> None:
        """Go on with an exchange restored from the rows."""
        self.exchange = Exchange.restore(self.exchange.rows())


def commands_of(seed: int, count: int) -> list[bytes]:
    return [record for record, _ in Flow(seed).steps(count)]


def told_steps(steps: list[tuple[bytes, list[bytes]]]) -> str:
    """Tell commands and what the rules say to each."""
    return "\n".join(f"{told(record, decode_any_command)}\n    {listed(events)}" for record, events in steps)


def decode_any_command(record: bytes) -> Any:
    header = read_header(record)
    try:
        return header.origin, decode_command(record)
    except (KeyError, UnicodeDecodeError):
        return header, COMMAND_BY_TAG.get(header.kind), record.hex()


def told(record: bytes, decode: Callable[[bytes], Any]) -> str:
    try:
        return str(decode(record))
    except (KeyError, UnicodeDecodeError):
        return record.hex()


def listed(events: list[bytes]) -> str:
    return "\n    ".join(told(event, decode_event) for event in events) or "nothing"


def by_sequence(events: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for at in range(0, len(events), 128):
        event = events[at : at + 128]
        found.setdefault(int.from_bytes(event[:8], "little", signed=True), []).append(event)
    return found


def difference(steps: list[tuple[bytes, list[bytes]]], found: bytes) -> str:
    """Say which command was the first to differ, and both lists of events."""
    core = by_sequence(found)
    for record, wanted in steps:
        events = core.get(read_header(record).sequence, [])
        if events != wanted:
            lines = [f"command {told(record, decode_any_command)}", "the rules say", f"    {listed(wanted)}"]
            return "\n".join([*lines, "the core said", f"    {listed(events)}", *different_events(wanted, events)])
    return "events of no command of the batch, or in another order"


def different_events(wanted: list[bytes], found: list[bytes]) -> Iterator[str]:
    """Name the fields that differ, or the bytes where the fields say nothing."""
    for index, (right, wrong) in enumerate(zip(wanted, found, strict=False)):
        if right == wrong:
            continue
        at = [place for place in range(128) if right[place] != wrong[place]]
        yield f"event {index} differs in bytes {at}"
        one, other = decode_event(right), decode_event(wrong)
        if type(one) is type(other):
            for name in one.__struct_fields__:
                if getattr(one, name) != getattr(other, name):
                    yield f"  {name}: rules {getattr(one, name)}, core {getattr(other, name)}"


def row_difference(found: np.ndarray, wanted: np.ndarray) -> str:
    one, other = {bytes(row.tobytes()): row for row in found}, {bytes(row.tobytes()): row for row in wanted}
    only_core = [str(row) for key, row in one.items() if key not in other][:5]
    only_rules = [str(row) for key, row in other.items() if key not in one][:5]
    return "\n".join([f"columns {wanted.dtype.names}", "only the core has", *only_core, "the rules say", *only_rules])
