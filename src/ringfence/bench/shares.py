"""``ringfence bench shares``: a dividend on a share that a million people hold, and a vote of all of them.

Each page of a record or a payment is timed: nobody trades while one lasts.  One in ten lends his shares, and one in
a hundred is short of some.
"""

import json
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..core import Exchange
from ..desk.votes import Ballot, Choice, Held, Item, Meeting, allocate, tabulate
from ..schema import commands as c
from ..schema.enums import FIRST_USER_ACCOUNT, ActionKind, ActionPhase, AssetKind, HouseAccount
from ..schema.events import DividendPaid, HolderRecorded, Rejected
from ..schema.layout import COMMAND_HEADER, DTYPES, EVENT_HEADER, RECORD, decode_event, encode, tag_of
from .core import say

HOLDERS = 1_000_000
USDC, GLXY = 1, 2
SHARE, LENT_EVERY, SHORT_EVERY = 10**6, 10, 100
BEGIN_US, SECOND_US = 1_760_000_000_000_000, 1_000_000
PAGE_GOAL_MS, DIVIDEND_GOAL_S, TABULATION_GOAL_S = 20, 60, 30


class Paged(NamedTuple):
    """What a record or a payment took in all, and its longest page."""

    seconds: float
    longest_page_ms: float
    pages: int


class Measured(NamedTuple):
    """What was measured."""

    holders: int
    entitlement: Paged
    record: Paged
    payment: Paged
    dividend_s: float
    paid: int
    allocation_s: float
    ballots_s: float
    tabulation_s: float


class _Run:
    """A venue with one share and many who hold it."""

    def __init__(self, holders: int) -> None:
        self.exchange, self.time_us, self.holders = Exchange(), BEGIN_US, holders
        self.told: dict[int, list[bytes]] = {}
        self._list()
        self._fill()

    def give(self, *commands: c.Command) -> None:
        """Give commands that must be accepted."""
        self.apply(np.frombuffer(b"".join(map(encode, commands)), RECORD).copy())

    def apply(self, records: np.ndarray) -> np.ndarray:
        """Stamp and apply records, none of which may be refused; return their events."""
        rows = records.view(COMMAND_HEADER)
        rows["sequence"] = np.arange(len(records)) + self.exchange.sequence + 1
        rows["time_us"] = self.time_us
        events = self.exchange.apply(records)
        refused = events.view(EVENT_HEADER)["kind"] == tag_of(Rejected)
        assert not refused.any(), decode_event(events[int(np.argmax(refused))].tobytes())
        return events

    def many(self, command: c.Command, **columns: np.ndarray) -> None:
        """Give one command many times, with columns that differ."""
        count = len(next(iter(columns.values())))
        records = np.repeat(np.frombuffer(encode(command), RECORD), count)
        rows = records.view(DTYPES[type(command)])
        for name, values in columns.items():
            rows[name] = values
        for begin in range(0, count, 65_536):
            self.apply(np.ascontiguousarray(records[begin : begin + 65_536]))

    def paged(self, is_over: Callable[[], bool]) -> Paged:
        """Let actions go on until something is over, and time each page."""
        pages: list[float] = []
        record = np.frombuffer(encode(c.ContinueActions()), RECORD)
        while not is_over():
            began_s = time.perf_counter()
            events = self.apply(record.copy())
            pages.append(time.perf_counter() - began_s)
            for kind in (HolderRecorded, DividendPaid):
                found = events[events.view(EVENT_HEADER)["kind"] == tag_of(kind)]
                self.told.setdefault(tag_of(kind), []).extend(one.tobytes() for one in found)
        return Paged(round(sum(pages), 3), round(max(pages) * 1e3, 2), len(pages))

    def _list(self) -> None:
        self.give(
            c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6),
            c.ListAsset(symbol="GLXY", name="Galaxy", asset_kind=AssetKind.SHARE, decimals=6),
            c.SetPricing(asset=GLXY),
        )
        for source in (1, 2, 3):
            self.give(c.SetPriceSource(price_source=source, name=f"s{source}"))
            self.give(c.SetPriceWeight(asset=GLXY, price_source=source, weight=1))
            self.give(c.Quote(asset=GLXY, price_source=source, last_units=30 * 10**8, observed_us=self.time_us))
        self.give(c.Clock())
        for asset in (USDC, GLXY):
            rules = {"weight_e8": 10**8, "initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
            self.give(c.SetCollateral(asset=asset, **rules))
            self.give(c.SetLendingPool(asset=asset, rate_optimal_e8=1, rate_full_e8=1))

    def _fill(self) -> None:
        everybody = np.arange(self.holders)
        accounts = FIRST_USER_ACCOUNT + 2 * everybody
        self.many(c.OpenUser(), request=everybody)
        atoms = (everybody % 997 + 1) * (SHARE // 3)
        short = everybody % SHORT_EVERY == 1
        shares = c.Deposit(asset=GLXY, source=1, number=1, amount_atoms=1)
        numbers = np.arange(1, np.count_nonzero(~short) + 1)
        self.many(shares, account=accounts[~short], number=numbers, amount_atoms=atoms[~short])
        lenders = everybody % LENT_EVERY == 0
        lend = c.Lend(asset=GLXY, amount_atoms=1)
        self.many(lend, account=accounts[lenders], amount_atoms=atoms[lenders])
        self._go_short(accounts[short])

    def _go_short(self, accounts: np.ndarray) -> None:
        """Let accounts borrow a share each and take it out of the venue: they are short of it."""
        cash = c.Deposit(asset=USDC, source=2, number=1, amount_atoms=10**9)
        self.many(cash, account=accounts, number=np.arange(1, len(accounts) + 1))
        self.many(c.Borrow(asset=GLXY, amount_atoms=SHARE), account=accounts)
        first = self.exchange.sequence + 1
        self.many(c.RequestWithdrawal(asset=GLXY, amount_atoms=SHARE), account=accounts)
        self.many(c.SettleWithdrawal(withdrawal=1), withdrawal=first + np.arange(len(accounts)))


def _dividend(run: _Run) -> tuple[Paged, Paged, Paged]:
    """Take both records of a dividend and pay it."""
    soon = run.time_us + SECOND_US
    dates = {"ex_us": soon, "record_us": soon + SECOND_US, "payable_us": soon + SECOND_US}
    what = {"asset": GLXY, "pay_asset": USDC, "rate_units": 37_000_000}
    run.give(c.SetAction(action=1, version=1, action_kind=ActionKind.DIVIDEND, **what, **dates))
    cash = 10**15
    run.give(c.Deposit(account=HouseAccount.SUSPENSE, asset=USDC, source=3, number=1, amount_atoms=cash))
    run.give(c.FundAction(action=1, amount_atoms=cash))
    run.time_us = soon
    run.give(c.Clock())
    entitlement = run.paged(lambda: not run.exchange.actions_move)
    run.time_us += SECOND_US
    run.give(c.Clock())
    record = run.paged(lambda: not run.exchange.actions_move)
    run.give(c.PayAction(action=1, version=1))
    return entitlement, record, run.paged(lambda: run.exchange.actions[0].phase == ActionPhase.PAID)


def _vote(run: _Run) -> tuple[float, float, float]:
    """Allocate votes from a record, take a ballot of everybody, and count them."""
    del run.told[tag_of(HolderRecorded)]
    run.give(c.SetAction(action=2, version=1, action_kind=ActionKind.MEETING, asset=GLXY, record_us=run.time_us + 1))
    run.time_us += 1
    run.give(c.Clock())
    run.paged(lambda: not run.exchange.actions_move)
    events = [decode_event(one) for one in run.told[tag_of(HolderRecorded)]]
    total = -run.exchange.balance(HouseAccount.CUSTODY, GLXY)[0]
    began_s = time.perf_counter()
    votable = allocate(2, total, [Held.of(event) for event in events if isinstance(event, HolderRecorded)])
    allocated_s = time.perf_counter()
    meeting = Meeting(2, (Item(1, "Elect the directors"), Item(2, "Approve the plan")), votable, 10)
    for account, atoms in votable.items():
        meeting.cast(Ballot(account=account, votes={1: {Choice.FOR: atoms}, 2: {Choice.AGAINST: atoms}}), 1)
    cast_s = time.perf_counter()
    found = tabulate(meeting)
    ended_s = time.perf_counter()
    assert found.votable_atoms == total == sum(found.items[0].votes.values()), "votes are not the shares there are"
    return allocated_s - began_s, cast_s - allocated_s, ended_s - cast_s


def measure(holders: int = HOLDERS) -> Measured:
    """Measure a dividend and a vote."""
    run = _Run(holders)
    entitlement, record, payment = _dividend(run)
    paid = len(run.told[tag_of(DividendPaid)])
    total_s = round(entitlement.seconds + record.seconds + payment.seconds, 3)
    allocation_s, ballots_s, tabulation_s = (round(one, 2) for one in _vote(run))
    return Measured(holders, entitlement, record, payment, total_s, paid, allocation_s, ballots_s, tabulation_s)


def main(as_json: bool) -> None:
    """Measure and say what came of it."""
    say(f"{HOLDERS:,} holders; this takes about a minute")
    found = measure()
    if as_json:
        rows = {name: one._asdict() if isinstance(one, Paged) else one for name, one in found._asdict().items()}
        print(json.dumps(rows))
        return
    for name in ("entitlement", "record", "payment"):
        one: Paged = getattr(found, name)
        print(f"{name:12} {one.seconds:8.2f} s in {one.pages} pages, the longest {one.longest_page_ms} ms")
    print(f"dividend     {found.dividend_s:8.2f} s from record to paid, {found.paid:,} statements")
    print(f"allocation   {found.allocation_s:8.2f} s")
    print(f"ballots      {found.ballots_s:8.2f} s to take them")
    print(f"tabulation   {found.tabulation_s:8.2f} s")
    print(f"goals: dividend {DIVIDEND_GOAL_S} s, a page {PAGE_GOAL_MS} ms, tabulation {TABULATION_GOAL_S} s")
