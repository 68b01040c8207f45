"""The state and its log as one thing: stamp, write, sync, apply.

    engine = Engine.open(directory)        takes the lock, recovers
    committed = engine.submit(records)     durable and applied when it returns
    engine.continue_settlement()           one page more of what a Clock command began to settle, or some conversions
    engine.liquidate()                     cases that open, some of their steps, or a page of a deleveraging
    engine.cover_debts()                   what FUND can pay or buy of what nobody has paid yet
    engine.uncross()                       some pieces of auctions whose time is over
    engine.tend_vaults()                   vaults valued, redemptions paid, a slice of what a vault took over
    engine.fire_triggers()                 the orders of some triggers whose price was reached
    engine.tick()                          a Clock command, the events chain rolled, a signed checkpoint
    engine.close()

A Clock command is the only record of its frame, so that the hashes of the log and of the events are both defined right
after it: there checkpoints are signed and snapshots stand. One thread uses an engine; signing happens on a thread
beside it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import numpy as np

from ringfence.core import CoreStopped, Exchange
from ringfence.journal import SEGMENT_BYTES, Checkpoint, DirectoryLock
from ringfence.journal.checkpoints import UNSYNCED_MAXIMUM
from ringfence.journal.keys import open_node_key
from ringfence.node.recovery import Recovered, recover
from ringfence.node.replay import BATCH_RECORDS
from ringfence.node.replica import Records, Replica, as_records
from ringfence.schema.commands import (
    Clock,
    Command,
    ContinueActions,
    ContinueSettlement,
    ConvertCollateral,
    CoverDebts,
    Deleverage,
    FireTrigger,
    OpenCases,
    PayVaultRedemptions,
    SetRules,
    StepCase,
    UncrossMarket,
    UnwindVault,
)
from ringfence.schema.enums import LATEST_RULES, Origin
from ringfence.schema.layout import COMMAND_HEADER, RECORD, encode, schema_hash


def wall_clock_us() -> int:
    """Return microseconds UTC since 1970."""
    return time.time_ns() // 1000


TRIGGERS_AT_ONCE = 16
"""How many triggers fire in a batch; everybody else's commands come between two."""
CONVERSIONS_AT_ONCE = 64
"""How many who could not pay a loss sell what they have in a batch; most have nothing that can be sold."""

PIECES_AT_ONCE = 64
"""How many pieces of auctions are carried out in a batch: each looks at a page of prices, or trades one order."""
STEPS_AT_ONCE = 256
"""How many cases take a step in a batch."""


class Log(Protocol):
    """Where commands become durable: a `Journal`, or what stands in for it."""

    last_sequence: int
    chain: bytes

    def append(self, records: Records) -> object:
        """Return when the records are durable."""
        ...

    def begin_epoch(self, schema_hash: bytes, rules_version: int) -> None:
        """Let what follows stand under these rules."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Signatures(Protocol):
    """Where checkpoints go: a `CheckpointLog`, or what stands in for it."""

    def append(self, sequence: int, time_us: int, chain: bytes, events_chain: bytes) -> Checkpoint:
        """Sign a checkpoint."""
        ...

    def sync(self) -> None:
        """Return when all of them are durable."""
        ...


class Committed(NamedTuple):
    """Commands that are durable and applied."""

    first_sequence: int
    records: Records
    """As stamped; the submitter's own array."""
    events: Records


class Engine:
    """The owner of a data directory. Made by `open`."""

    recovered: Recovered
    """What `open` found."""

    def __init__(
        self,
        replica: Replica,
        journal: Log,
        checkpoints: Signatures,
        resources: ExitStack,
        clock: Callable[[], int],
    ) -> None:
        self._replica = replica
        self._journal = journal
        self._checkpoints = checkpoints
        self._resources = resources
        self._clock = clock
        self._seed = bytes(32)
        self._stopped = False
        self._looks_for_cases = False
        self._tends_vaults = False
        self._covers = False
        self._signer = ThreadPoolExecutor(1, "checkpoint-signer")
        self._signing: deque[Future[Checkpoint]] = deque()

    @classmethod
    def open(
        cls, directory: Path, *, clock: Callable[[], int] = wall_clock_us, segment_bytes: int = SEGMENT_BYTES
    ) -> Engine:
        """Take DIR/lock, recover, and return the engine; a new DIR becomes an empty venue.

        Raises `DirectoryInUse`, the errors of a damaged log, `StateMismatch` when snapshot, log and checkpoints
        contradict each other, and `CoreStopped`.
        """
        with ExitStack() as resources:
            resources.enter_context(DirectoryLock(directory))
            key = open_node_key(directory / "keys")
            found = recover(directory, key, resources, segment_bytes)
            engine = cls(found.replica, found.journal, found.checkpoints, resources.pop_all(), clock)
        engine.recovered, engine._seed = found.recovered, found.seed
        engine._open_epoch()
        return engine

    @classmethod
    def assemble(
        cls, replica: Replica, journal: Log, checkpoints: Signatures, resources: ExitStack, clock: Callable[[], int]
    ) -> Engine:
        """Return an engine of parts that somebody else opened, at the beginning of its log."""
        engine = cls(replica, journal, checkpoints, resources, clock)
        engine._open_epoch()
        return engine

    def _open_epoch(self) -> None:
        """Let the latest rules hold from here on; what is in the log stays under those it was written with."""
        if self.exchange.rules_version < LATEST_RULES:
            self._journal.begin_epoch(schema_hash(), LATEST_RULES)
            self._commit(_records([SetRules(rules_version=LATEST_RULES, schema_hash=schema_hash())]))

    @property
    def exchange(self) -> Exchange:
        """The state; reading it is for the thread that submits."""
        return self._replica.exchange

    @property
    def sequence(self) -> int:
        """The last command, durable and applied."""
        return self._journal.last_sequence

    def submit(self, records: Records) -> Committed:
        """Stamp up to `BATCH_RECORDS` records in place, make them durable, apply them, and return their events.

        All of them get the present time, or the previous command's when the clock has gone back. Raises `CoreStopped`:
        then the engine takes nothing more, and nothing of this batch may be answered.
        """
        assert not np.any(records.view(COMMAND_HEADER)["origin"] == Origin.NODE), "only the node itself is Origin.NODE"
        return self._commit(records)

    def tick(self) -> Committed:
        """Let a second pass: a Clock command with the last checkpoint's hash as seed, and a checkpoint after it."""
        committed = self._commit(_records([Clock(seed=self._seed)]))
        self._looks_for_cases = self._tends_vaults = self._covers = True
        mark = self._replica.marks[-1]
        assert mark.sequence == self._journal.last_sequence, "a Clock command ends its frame"
        self._seed = self._journal.chain
        self._collect_signed(UNSYNCED_MAXIMUM)
        self._signing.append(self._signer.submit(self._sign, *mark[:2], self._journal.chain, mark.events_chain))
        return committed

    def continue_settlement(self) -> Committed | None:
        """Let the settlement that a Clock began go on by a page; ``None`` if there is none to go on with."""
        if not self.exchange.settling:
            return None
        conversions = min(self.exchange.converting, CONVERSIONS_AT_ONCE)
        return self._commit(_repeated(ConvertCollateral() if conversions else ContinueSettlement(), conversions or 1))

    def continue_actions(self) -> Committed | None:
        """Let records of shares and payments on them go on by a page; ``None`` if there are none to go on with."""
        return self._commit(_records([ContinueActions()])) if self.exchange.actions_move else None

    def fire_triggers(self) -> Committed | None:
        """Let triggers whose price was reached place their orders, a few at a time; ``None`` if there are none."""
        due = min(self.exchange.triggers_due, TRIGGERS_AT_ONCE)
        return self._commit(_repeated(FireTrigger(), due)) if due else None

    @property
    def has_work(self) -> bool:
        """Whether something is under way that nobody asks for, and that is done a little at a time."""
        exchange = self.exchange
        waits = exchange.settling or exchange.triggers_due or exchange.unsafe_left or exchange.actions_move
        looks = self._looks_for_cases or self._tends_vaults or self._covers
        return bool(waits or looks or exchange.deleveraging or exchange.cases_due or exchange.uncrossing)

    def liquidate(self) -> Committed | None:
        """Open cases, deleverage, or let cases take their turns, a few at a time; ``None`` if nothing is to be done."""
        exchange = self.exchange
        if self._looks_for_cases or exchange.unsafe_left:
            self._looks_for_cases = False
            return self._commit(_records([OpenCases()]))
        # A wave is for all who need one: none begins before every case has had its turn.
        due = 0 if exchange.wave_under_way else min(exchange.cases_due, STEPS_AT_ONCE)
        if due:
            return self._commit(_repeated(StepCase(), due))
        return self._commit(_records([Deleverage()])) if exchange.deleveraging and not exchange.settling else None

    def go_on(self) -> Iterator[Committed]:
        """Do a little of everything that is due and that nobody asks for; nothing if nothing is."""
        for do in (
            self.liquidate,
            self.cover_debts,
            self.tend_vaults,
            self.uncross,
            self.fire_triggers,
            self.continue_settlement,
            self.continue_actions,
        ):
            done = do()
            if done is not None:
                yield done

    def cover_debts(self) -> Committed | None:
        """Let FUND pay and trade for what nobody paid, once a Clock; ``None`` if nothing is owed."""
        due, self._covers = self._covers and self.exchange.uncovered, False
        return self._commit(_records([CoverDebts()])) if due else None

    def uncross(self) -> Committed | None:
        """Carry out auctions whose time is over, a few pieces at a time; ``None`` if there are none."""
        markets = self.exchange.uncrossing[:PIECES_AT_ONCE]
        if not markets:
            return None
        pieces = PIECES_AT_ONCE // len(markets)
        return self._commit(_records([UncrossMarket(market=market) for market in markets for _ in range(pieces)]))

    def tend_vaults(self) -> Committed | None:
        """Let vaults be valued, redemptions paid and positions reduced, once a Clock; ``None`` if all was done."""
        due: list[Command] = []
        if self._tends_vaults and self.exchange.vaults_due:
            due.append(PayVaultRedemptions())
        if self._tends_vaults and self.exchange.vaults_unwinding:
            due.append(UnwindVault())
        self._tends_vaults = bool(due)
        return self._commit(_records(due)) if due else None

    def sync_checkpoints(self) -> None:
        """Return when every checkpoint is signed and durable."""
        self._collect_signed(0)

    def close(self) -> None:
        """Wait for signatures, close the files and give the directory free."""
        self._stopped = True
        try:
            self.sync_checkpoints()
        finally:
            self._signer.shutdown()
            self._resources.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _commit(self, records: Records) -> Committed:
        assert not self._stopped, "the engine is closed, or the core has stopped"
        assert records.dtype == RECORD and 0 < records.size <= BATCH_RECORDS, f"{records.size} of {records.dtype}"
        self._stopped = True
        first_sequence = self._stamp(records)
        self._journal.append(records)
        try:
            events = self._replica.apply(records)
        except CoreStopped:
            self._journal.close()
            raise
        self._stopped = False
        return Committed(first_sequence, records, events)

    def _stamp(self, records: Records) -> int:
        header = records.view(COMMAND_HEADER)
        first = self._journal.last_sequence + 1
        header["sequence"] = np.arange(first, first + records.size)
        header["time_us"] = max(self._replica.exchange.time_us, self._clock())
        return first

    def _sign(self, sequence: int, time_us: int, chain: bytes, events_chain: bytes) -> Checkpoint:
        checkpoint = self._checkpoints.append(sequence, time_us, chain, events_chain)
        self._checkpoints.sync()
        return checkpoint

    def _collect_signed(self, waiting_maximum: int) -> None:
        """Raise what went wrong while signing; wait only when more than so many checkpoints are not durable yet."""
        while self._signing and (self._signing[0].done() or len(self._signing) > waiting_maximum):
            self._signing.popleft().result()


def _records(commands: list[Command]) -> Records:
    return as_records(bytearray(b"".join(encode(command, Origin.NODE) for command in commands)))


def _repeated(command: Command, count: int) -> Records:
    return as_records(bytearray(encode(command, Origin.NODE) * count))
