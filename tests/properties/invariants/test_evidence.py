"""I-22 to I-25: the log gives the same state anywhere, commands count once, cases end, the feed tells everything."""

import os
import subprocess
import sys
from collections import Counter

import numpy as np
from tests.auditor.auditor import BOOKS_DIFFER
from tests.auditor.ledger import name_of
from tests.auditor.runs import SEEDS, RandomVenue, finished
from tests.core.perpetual_venue import ASK, BID, DOLLAR, USDC, PerpetualVenue
from tests.core.test_liquidation import Failing, of
from tests.properties.invariants.walking import audited, events_of

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import CaseEnd, CaseStep
from ringfence.schema.layout import RECORD
from ringfence.schema.rejects import Reject


def test_i22_log_gives_the_same_state_and_events_in_any_batches(runs: list[RandomVenue]) -> None:
    for venue in runs[:6]:
        commands, exchange = np.frombuffer(bytes(venue.commands), RECORD), Exchange()
        middle = len(commands) // 2
        told = exchange.apply(commands[:middle]).tobytes()
        exchange = Exchange.restore(exchange.rows())
        told += b"".join(exchange.apply(commands[at : at + 1]).tobytes() for at in range(middle, len(commands)))
        assert told == bytes(venue.told)
        assert exchange.state_hash() == venue.exchange.state_hash()


UNCOMPILED = f"""
from tests.auditor.runs import finished
print(finished({SEEDS[0]}).exchange.state_hash().hex())
"""


def test_i22_log_gives_the_same_state_without_the_compiler_and_with_another_hash_seed() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONHASHSEED": "4711"}
    command = [sys.executable, "-c", UNCOMPILED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-6_000:]
    assert done.stdout.strip() == finished(SEEDS[0]).exchange.state_hash().hex()


def test_i23_deposit_that_comes_again_changes_nothing() -> None:
    venue = Failing()
    venue.let(97.9)
    venue.must(c.OpenCases())
    venue.fund(venue.bob, 500 * DOLLAR)
    before = venue.exchange.rows()
    again = c.Deposit(account=venue.bob, asset=USDC, source=1, number=venue.number, amount_atoms=500 * DOLLAR)
    (refused,) = venue.give(again)
    assert refused.reject == Reject.NUMBER_ALREADY_APPLIED
    for name, rows in venue.exchange.rows().items():
        assert name == "venue" or np.array_equal(rows, before[name]), name


def test_i24_everybody_who_fails_is_done_with_after_few_commands() -> None:
    people = 60
    venue = PerpetualVenue(people)
    winner, *losers = venue.accounts
    venue.fund(winner, 10**7 * DOLLAR)
    for account in losers:
        venue.fund(account, 300 * DOLLAR)
        venue.trade(account, winner, 100, 10_000)
    venue.let(90)
    commands = 0
    for _ in range(3):
        venue.give(c.OpenCases())
        while venue.exchange.cases_due or venue.exchange.deleveraging:
            venue.give(c.StepCase() if venue.exchange.cases_due else c.Deleverage())
            commands += 1
            assert commands <= 4 * people
        venue.let(90)
    assert len(venue.exchange.rows()["cases"]) == 0
    assert all(venue.exchange.positions(account) == [] for account in losers)


def test_i24_case_that_waits_lets_others_have_their_turn(runs: list[RandomVenue]) -> None:
    """Nobody starves: between two turns of one case every other case that was open has had one."""
    steps = events_of("CaseMoved", runs)
    assert {event.step for event in steps} >= {CaseStep.REST}
    for venue in runs:
        turns = venue.exchange.rows()["cases"]["turn"].tolist()
        assert len(set(turns)) == len(turns)


def test_i24_owner_may_top_up_and_reduce_while_he_is_liquidated() -> None:
    venue = Failing()
    venue.place(venue.carol, BID, 97, 10)
    venue.let(97.9)
    venue.must(c.OpenCases())
    reduced = venue.must(venue.order(venue.bob, ASK, 97, 10, reduce_only=1, time_in_force=1))
    assert of(v.Trade, reduced)
    (refused,) = venue.give(venue.order(venue.bob, BID, 97, 10))
    assert refused.reject == Reject.ACCOUNT_LIQUIDATING
    venue.fund(venue.bob, 500 * DOLLAR)
    told = venue.must(c.TopUp(account=venue.bob, asset=USDC, amount_atoms=500 * DOLLAR))
    assert of(v.CaseClosed, told)[0].reason == CaseEnd.TOPPED_UP


def test_i25_feed_comes_to_what_the_venue_has(runs: list[RandomVenue]) -> None:
    for auditor in audited(runs):
        assert auditor.figures[BOOKS_DIFFER] == 0, auditor.findings


def test_i25_every_case_is_told_from_its_opening_to_its_end(runs: list[RandomVenue]) -> None:
    for venue in runs:
        opened = [event.case for event in events_of("CaseOpened", [venue])]
        closed = [event.case for event in events_of("CaseClosed", [venue])]
        assert opened == list(range(1, len(opened) + 1))
        still = venue.exchange.rows()["cases"]["case"].tolist()
        assert sorted([*closed, *still]) == opened and len(set(closed)) == len(closed)
        waves = Counter(name_of(event) for entry in venue.log for event in entry.events)
        assert waves["WaveBegan"] - waves["WaveEnded"] in (0, 1)


def test_i25_events_of_a_command_are_dense(runs: list[RandomVenue]) -> None:
    for venue in runs:
        for entry in venue.log:
            assert [event.index for event in entry.events] == list(range(len(entry.events)))
