"""A transfer agent with one class of shares, whose time passes; the invariants are checked around everything."""

from pathlib import Path
from typing import Any

from ringfence.approvals import State
from ringfence.database import sqlite_url
from ringfence.registry import holders, securities
from ringfence.registry.instructions import Asked, Instruction, Status
from ringfence.registry.kinds import RULES, Kind
from ringfence.registry.register import Register

SECOND_US = 1_000_000
BEGINS_US = 1_763_395_200 * SECOND_US
"""Monday, 17 November 2025, 11:00 in New York."""
SHARE = securities.UNITS_PER_SHARE
PERSON, INSTITUTION, VENUE = holders.HolderKind.PERSON, holders.HolderKind.INSTITUTION, holders.HolderKind.VENUE


class Agent:
    """Anna does everything, bert approves what needs a second person."""

    def __init__(self, folder: Path) -> None:
        self.register = Register(sqlite_url(folder / "registry.sqlite"))
        self.now_us, self.asked = BEGINS_US, 0
        with self.register.writing() as connection:
            issuer = securities.add_issuer(connection, "Galaxy Digital Inc.", "US", self.now_us)
            model = securities.Model.ISSUER_INTEGRATED
            self.number = securities.add_class(connection, issuer.issuer, "Class A", model, 1, self.now_us).number

    def holder(self, name: str, kind: holders.HolderKind = PERSON) -> int:
        with self.register.writing() as connection:
            return holders.add_holder(connection, kind, name, "1 Main Street", "DE", self.now_us).holder

    def account(self, holder: int, form: str = holders.BOOK, address: str = "") -> int:
        with self.register.writing() as connection:
            return holders.open_account(connection, self.number, holder, form, address, self.now_us).account

    def ask(self, kind: Kind, units: int = 0, **more: Any) -> Instruction:
        """Let somebody ask for something."""
        self.asked += 1
        fields = {"number": self.number, "reference": f"item {self.asked}"}
        if RULES[kind].four_eyes:
            fields["document"] = "board resolution"
        return self.register.receive(
            Asked(**{"kind": kind.value, "units": units, **fields, **more}), "clerk", self.now_us
        )

    def do(self, kind: Kind, units: int = 0, **more: Any) -> Instruction:
        """Let somebody ask for something, and both people agree to it."""
        item = self.ask(kind, units, **more)
        if item.state != Status.RECEIVED:
            return item
        item = self.register.accept(item.instruction, "anna", self.now_us)
        if item.state == Status.IN_REVIEW:
            (waiting,) = self.register.proposals(State.PROPOSED)
            item = self.register.approve(waiting.proposal, waiting.digest, "bert", self.now_us)
        assert self.register.check() == []
        return item

    def issued(self, shares: int, account: int) -> None:
        """Let shares be authorised and issued to an account."""
        assert self.do(Kind.AUTHORISE, shares * SHARE).state == Status.POSTED
        assert self.do(Kind.ISSUE, shares * SHARE, to_account=account).state == Status.POSTED

    def units(self, account: int) -> int:
        with self.register.reading() as connection:
            return holders.units_of(connection, account)

    def waits(self, days: float) -> None:
        self.now_us += round(days * 86_400 * SECOND_US)
