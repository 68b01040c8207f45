"""Random items in random order: the register follows a plain model, and its invariants hold after each."""

import shutil
import tempfile
from fractions import Fraction
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ringfence.registry import securities
from ringfence.registry.instructions import Status
from ringfence.registry.kinds import Kind

from .agent import Agent

PLACES, UNITS = st.integers(0, 4), st.integers(0, 50)
KINDS = st.sampled_from([Kind.TRANSFER, Kind.CONVERT, Kind.COURT_TRANSFER, Kind.LOST_KEY, Kind.ESCHEAT])


class Registered(RuleBasedStateMachine):
    """Two people, the first with book entry and two wallets, the second with book entry and one wallet."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.agent = Agent(self.folder)
        first, second = self.agent.holder("First"), self.agent.holder("Second")
        self.places = [
            (self.agent.account(holder, form, form[6:]), holder, form)
            for holder, form in (
                (first, "book"), (first, "token:solana"), (first, "token:ethereum"), (second, "book"),
                (second, "token:solana"),
            )
        ]  # fmt: skip
        self.has = [0] * len(self.places)
        self.authorised = self.retired = self.transit = 0
        self.factor = Fraction(1)
        self.waiting: list[tuple[int, int, int, int, bool]] = []

    def teardown(self) -> None:
        self.agent.register.close()
        shutil.rmtree(self.folder)

    @property
    def unissued(self) -> int:
        return self.authorised - self.retired - self.transit - sum(self.has)

    def done(self, kind: Kind, units: int = 0, **more: int) -> bool:
        return self.agent.do(kind, units, **more).state != Status.REJECTED

    @rule(units=UNITS, more=st.booleans())
    def authorise(self, units: int, more: bool) -> None:
        possible = units > 0 and (more or units <= self.unissued)
        if more:
            assert self.done(Kind.AUTHORISE, units) == possible
            self.authorised += units
        elif self.agent.do(Kind.REDUCE, units).state == Status.POSTED:
            assert possible
            self.authorised -= units
        else:
            assert not possible

    @rule(place=PLACES, units=UNITS)
    def issue(self, place: int, units: int) -> None:
        possible = 0 < units <= self.unissued
        assert self.done(Kind.ISSUE, units, to_account=self.places[place][0]) == possible
        self.has[place] += units if possible else 0

    @rule(place=PLACES, units=UNITS)
    def cancel(self, place: int, units: int) -> None:
        possible = 0 < units <= self.has[place]
        assert self.done(Kind.CANCEL, units, from_account=self.places[place][0]) == possible
        self.has[place] -= units if possible else 0
        self.retired += units if possible else 0

    @rule(kind=KINDS, source=PLACES, goal=PLACES, units=UNITS)
    def move(self, kind: Kind, source: int, goal: int, units: int) -> None:
        (give, giver, form), (get, getter, into) = self.places[source], self.places[goal]
        same = kind in (Kind.CONVERT, Kind.LOST_KEY)
        all_of_it = kind == Kind.LOST_KEY and units == 0
        wanted = self.has[source] if all_of_it else units
        possible = give != get and (giver == getter) == same and 0 < wanted <= self.has[source]
        item = self.agent.do(kind, units, from_account=give, to_account=get)
        assert (item.state != Status.REJECTED) == possible, item
        if not possible:
            return
        self.has[source] -= wanted
        if kind == Kind.CONVERT and "token" in form + into:
            self.transit += wanted
            self.waiting.append((item.instruction, source, goal, wanted, "token" in form))
        else:
            self.has[goal] += wanted

    @rule(done=st.booleans())
    def confirm(self, done: bool) -> None:
        if not self.waiting:
            return
        number, source, target, units, burns = self.waiting.pop(0)
        self.agent.register.confirm(number, done=done, now_us=self.agent.now_us)
        if burns and done and "token" in self.places[target][2]:
            self.waiting.append((number, source, target, units, False))
            return
        self.transit -= units
        book = 0 if target < 3 else 3
        self.has[target if done else source if burns else book] += units

    @rule(new=st.integers(1, 12), old=st.integers(1, 12))
    def split(self, new: int, old: int) -> None:
        assert self.done(Kind.SPLIT, ratio_new=new, ratio_old=old)
        self.factor *= Fraction(new, old)

    @invariant()
    def follows_the_model(self) -> None:
        assert [self.agent.units(account) for account, _, _ in self.places] == self.has
        book = self.agent.register.control_book(1)
        assert book == (
            self.authorised,
            self.authorised - self.unissued - self.retired,
            self.unissued,
            self.retired,
            self.transit,
        )
        assert self.agent.register.check() == []
        with self.agent.register.reading() as connection:
            assert securities.find_class(connection, 1).factor == self.factor


TestRegistered = Registered.TestCase
TestRegistered.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
