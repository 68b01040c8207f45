"""Every assertion of the core fires on a state that is damaged in just the way it watches for.

Each case damages one thing and gives a batch of four: two commands that are right, one that meets the damage, and one
more. The whole file also runs without the compiler, where the few cases are played that no damage can reach.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.core.stage import ALICE, BOB, CAROL, SOL, USDC, Stage

from ringfence.core import CoreStopped, Exchange, door, entry, ledger
from ringfence.core.state import _record
from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, Origin, Parameter
from ringfence.schema.events import Rejected
from ringfence.schema.layout import COMMAND_HEADER, RECORD, body_fields, decode_event
from ringfence.schema.rejects import Reject

INTERPRETED = entry.INTERPRETED
LARGEST = 2**63 - 1
only_compiled = pytest.mark.skipif(INTERPRETED, reason="takes too many commands for plain Python")
only_interpreted = pytest.mark.skipif(not INTERPRETED, reason="no damage of the state reaches it through a command")


class Case(NamedTuple):
    """What is played first, what is damaged, the command that meets the damage, and the assertion's words."""

    lines: str
    damage: Callable[[Stage], None]
    command: Callable[[Stage], c.Command]
    words: str


def set_field(record: Any, name: str, value: int) -> None:
    setattr(record, name, value)


def lose_heads(stage: Stage) -> None:
    stage.tables.order_heads[:2048] = 0


def lose_balance(stage: Stage) -> None:
    stage.tables.accounts[ALICE].first_balance = stage.balance_slot(ALICE, USDC)


def turn_side(stage: Stage) -> None:
    stage.order("a").side = 0


ASK = "alice ask 10000 x 5 as a : accepted, rests 5"
BID_TOO = f"alice bid 9000 x 100 : accepted, rests 100\n{ASK}"
WITHDRAWAL = "alice withdraw 1000 USDC 10 as w : WITHDRAWAL_REQUESTED 1010 alice to IN_TRANSIT"
UNBALANCED = "the postings of a command do not sum to zero"

CASES = {
    "lock below zero": Case(
        ASK,
        lambda stage: set_field(stage.balance(ALICE, SOL), "locked_atoms", 5 * 10**7 - 1),
        lambda stage: stage.cancel(ALICE, "a"),
        "a lock falls below zero",
    ),
    "lock below zero in a fill": Case(
        ASK,
        lambda stage: set_field(stage.balance(ALICE, SOL), "locked_atoms", 10**7 - 1),
        lambda stage: stage.bid(BOB, "10000", "x", "1"),
        "a lock falls below zero",
    ),
    "available below zero": Case(
        WITHDRAWAL,
        lambda stage: set_field(stage.balance(HouseAccount.IN_TRANSIT, USDC), "available_atoms", 999),
        lambda stage: stage.settle(0, "w"),
        "a balance falls below zero",
    ),
    "available overflows": Case(
        "",
        lambda stage: set_field(stage.balance(BOB, USDC), "available_atoms", LARGEST),
        lambda stage: stage.deposit(BOB, "1", "USDC", "1"),
        "a balance overflows",
    ),
    "lock overflows": Case(
        "",
        lambda stage: set_field(stage.balance(ALICE, USDC), "locked_atoms", LARGEST),
        lambda stage: stage.bid(ALICE, "10000", "x", "1"),
        "a balance overflows",
    ),
    "postings of one command overflow": Case(
        "",
        lambda stage: set_field(stage.tables.assets[USDC], "unbalanced_atoms", -LARGEST),
        lambda stage: stage.deposit(BOB, "2", "USDC", "1"),
        "the postings of one command overflow",
    ),
    "postings of an order do not balance": Case(
        BID_TOO, turn_side, lambda stage: stage.bid(BOB, "10000", "x", "5"), UNBALANCED
    ),
    "order not in the index": Case(
        ASK, lose_heads, lambda stage: stage.bid(BOB, "10000", "x", "5"), "the row is not in the index"
    ),
    "balance not in its account's list": Case(
        "",
        lose_balance,
        lambda stage: stage.transfer(ALICE, str(10**10), "SOL", "alice.1"),
        "the balance is not in its account's list",
    ),
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What compiled code said when an assertion fired: it cannot raise through C, so Python prints it."""
    said: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: said.append(str(unraisable.exc_value)))
    return said


def assert_fired(stop: pytest.ExceptionInfo[CoreStopped], told: list[str], words: str) -> None:
    """The assertion with these words fired, and no other."""
    if INTERPRETED:
        assert str(stop.value).endswith(": " + words)
    else:
        assert told == [words]


def innocent(stage: Stage) -> tuple[c.Command, c.Command]:
    return stage.bid(CAROL, "10", "x", "1"), c.Clock(seed=bytes(32))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_apply_given_a_damaged_state_stops_at_the_command_that_meets_it(case: Case, told: list[str]) -> None:
    stage = Stage()
    stage.play(case.lines)
    case.damage(stage)
    before = stage.exchange.sequence
    batch = stage.batch(*innocent(stage), case.command(stage), innocent(stage)[0])
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(batch)
    assert stop.value.sequence == before + 3
    assert f"stopped at command {before + 3}: " in str(stop.value)
    assert_fired(stop, told, case.words)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_case_without_its_damage_does_not_stop(case: Case, told: list[str]) -> None:
    stage = Stage()
    stage.play(case.lines)
    before = stage.exchange.sequence
    stage.exchange.apply(stage.batch(*innocent(stage), case.command(stage), innocent(stage)[0]))
    assert stage.exchange.sequence == before + 4
    assert told == []


@pytest.mark.parametrize("rare", [True, False], ids=["rare kind", "frequent kind"])
def test_apply_given_a_sum_of_postings_left_open_stops_at_the_next_command(rare: bool, told: list[str]) -> None:
    stage = Stage()
    stage.tables.venue[0].unbalanced_assets = 1
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(stage.batch(innocent(stage)[rare]))
    assert stop.value.sequence == stage.sequence + 1
    assert_fired(stop, told, UNBALANCED)


STAMPS = {"gap": ("sequence", 1), "repeat": ("sequence", -1), "time back": ("time_us", -2)}


@pytest.mark.parametrize("rare", [True, False], ids=["rare kind", "frequent kind"])
@pytest.mark.parametrize(("field", "change"), STAMPS.values(), ids=STAMPS.keys())
def test_apply_given_a_wrong_stamp_stops_at_the_command_that_has_it(
    field: str, change: int, rare: bool, told: list[str]
) -> None:
    stage = Stage()
    batch = stage.batch(*innocent(stage), *innocent(stage))
    batch.view(COMMAND_HEADER)[field][2 + rare] += change
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(batch)
    assert stop.value.sequence == batch.view(COMMAND_HEADER)["sequence"][2 + rare]
    assert_fired(stop, told, "a command is out of sequence" if field == "sequence" else "time goes back")


def test_apply_given_equal_times_goes_on(told: list[str]) -> None:
    stage = Stage()
    batch = stage.batch(*innocent(stage))
    batch.view(COMMAND_HEADER)["time_us"] = stage.exchange.time_us
    stage.exchange.apply(batch)
    assert told == []


def stopped(told: list[str]) -> Stage:
    """Return a stage whose core stopped at the third command of a batch."""
    stage = Stage()
    stage.balance(BOB, USDC).available_atoms = LARGEST
    with pytest.raises(CoreStopped):
        stage.exchange.apply(stage.batch(*innocent(stage), stage.deposit(BOB, "1", "USDC", "1")))
    return stage


def test_apply_after_a_stop_refuses_everything_and_names_the_same_command(told: list[str]) -> None:
    stage = stopped(told)
    state = stage.exchange.state_hash()
    for commands in ((), (innocent(stage)[0],), (innocent(stage)[1],)):
        for apply in (stage.exchange.apply, lambda batch: list(stage.exchange.apply_in_parts(batch))):
            with pytest.raises(CoreStopped) as again:
                apply(stage.batch(*commands))
            assert again.value.sequence == stage.sequence + 3
    assert stage.exchange.state_hash() == state


def test_apply_that_stops_returns_no_event_but_keeps_what_earlier_commands_did(told: list[str]) -> None:
    """The commands before were applied in full and their events are lost with the batch: who wants them replays."""
    stage = stopped(told)
    assert stage.exchange.order(stage.sequence + 1) is not None
    # The state is that of a command applied in part: it stands at the broken one and CUSTODY has paid already.
    assert stage.exchange.sequence == stage.sequence + 3
    assert sum(available + locked for _, available, locked in all_of(stage.exchange, USDC)) != 0


def all_of(exchange: Exchange, asset: int) -> Iterator[tuple[int, int, int]]:
    rows = exchange.rows()["balances"]
    return ((0, int(row["available_atoms"]), int(row["locked_atoms"])) for row in rows[rows["asset"] == asset])


@only_compiled
def test_apply_in_parts_that_stops_has_yielded_the_parts_before(told: list[str]) -> None:
    stage = Stage()
    stage.balance(BOB, USDC).available_atoms = LARGEST
    clocks = (c.Clock(seed=bytes(32)) for _ in range(60_000))
    events: list[int] = []

    def follow() -> None:
        for part in stage.exchange.apply_in_parts(stage.batch(*clocks, stage.deposit(BOB, "1", "USDC", "1"))):
            events.extend(decode_event(bytes(event)).sequence for event in part[[0, -1]])

    before = stage.exchange.sequence
    with pytest.raises(CoreStopped) as stop:
        follow()
    assert stop.value.sequence == before + 60_001
    assert len(events) == 2
    assert events[0] == before + 1 and before + 30_000 < events[1] < before + 60_000


@only_compiled
def test_apply_given_a_command_that_makes_more_events_than_the_buffer_holds_stops(told: list[str]) -> None:
    stage = Stage()
    stage.tables.parameters[Parameter.OPEN_ORDERS_PER_ACCOUNT] = 10**6
    stage.balance(ALICE, SOL).available_atoms = 10**13
    order = np.repeat(stage.batch(stage.ask(ALICE, "10000", "x", "1")), 140_000)
    order.view(COMMAND_HEADER)["sequence"] += np.arange(140_000)
    order.view(COMMAND_HEADER)["time_us"] += np.arange(140_000)
    stage.exchange.apply(order)
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(stage.batch(stage.cancel_all(ALICE, "0")))
    assert stop.value.sequence == stage.sequence + 140_001
    assert told == [""]  # the one assertion without words: a record beyond its buffer


@only_interpreted
def test_apply_given_a_kind_that_is_declared_and_has_no_handler_stops(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    batch = stage.batch(innocent(stage)[1])
    batch.view(COMMAND_HEADER)["kind"] = 94
    origins = door.ORIGINS.copy()
    origins[:, 94] = 1 << Origin.NODE
    monkeypatch.setattr(door, "ORIGINS", origins)
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(batch)
    assert_fired(stop, told, "a kind of command has no handler")


@only_interpreted
def test_post_given_two_changes_whose_sum_overflows_stops() -> None:
    stage = Stage()
    with pytest.raises(AssertionError, match="a posting overflows"):
        ledger.post(stage.tables, HouseAccount.CUSTODY, USDC, LARGEST, 1)


THAT_HAVE_NOTHING_TO_DO = (
    c.ContinueSettlement, c.ConvertCollateral, c.FireTrigger, c.OpenCases, c.StepCase, c.Deleverage, c.CoverDebts,
    c.PayVaultRedemptions, c.UnwindVault, c.ContinueActions,
)  # fmt: skip


@pytest.mark.parametrize("kind", c.COMMANDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_command_has_a_handler(kind: type[c.Command], told: list[str]) -> None:
    """The lowest value of every field passes the door, so the command reaches its handler, which answers."""
    stage = Stage()
    lowest: dict[str, Any] = {
        field.name: {"S": "A", "B": bytes(32)}.get(field.code[0], field.low) for field in body_fields(kind)
    }
    events = stage.exchange.apply(stage.batch(kind(**lowest)))
    if kind in THAT_HAVE_NOTHING_TO_DO:
        assert len(events) == 0, "no settlement is under way, no trigger is due, nobody is liquidated"
        return
    assert len(events) == 1
    answer = decode_event(bytes(events[0]))
    refused = Reject(answer.reject) if isinstance(answer, Rejected) else None
    refused_at_the_door = refused == Reject.FIELD_OUT_OF_RANGE and kind is not c.SetParameter
    assert refused not in (Reject.UNKNOWN_KIND, Reject.WRONG_ORIGIN) and not refused_at_the_door


def test_record_given_fields_that_do_not_fit_is_refused() -> None:
    with pytest.raises(AssertionError, match="16"):
        _record(8, ("one", "i8"), ("other", "i8"))


def test_restore_given_tables_in_another_order_is_refused() -> None:
    rows = Exchange().rows()
    with pytest.raises(AssertionError, match="tables are"):
        Exchange.restore(dict(reversed(rows.items())))


@pytest.mark.parametrize("records", [np.zeros(4, "V64"), np.zeros(8, RECORD)[::2]], ids=["half size", "with gaps"])
def test_apply_given_an_array_that_is_not_of_records_is_refused_and_goes_on(records: np.ndarray) -> None:
    stage = Stage()
    with pytest.raises(AssertionError):
        stage.exchange.apply(records)
    assert len(stage.exchange.apply(stage.batch(innocent(stage)[1]))) == 1


@only_compiled
def test_assertions_without_the_compiler_fire_the_same() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        command, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout[-4_000:]
