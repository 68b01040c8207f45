"""The questions: was later money used, did somebody pay who had nothing to do with it, is everybody's money there?

    auditor = Auditor()
    auditor.read(commands, events)      batch after batch, from the first
    auditor.close(rows)                 holds the books against the venue's own tables
    auditor.findings                    what it found, a sentence each

It reads the log; no counter of the venue, of the core or of whoever played the scenario enters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ringfence.schema import events as e
from ringfence.schema.commands import TopUp
from ringfence.schema.enums import FIRST_USER_ACCOUNT, FUNDING_BITS, CaseEnd, HouseAccount, MoveCause
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, tag_of

from .batch import Batch
from .books import CASH, Books, Records, decoded
from .worth import Rules, worth_of

FROM_OUTSIDE = tuple(int(cause) for cause in (MoveCause.DEPOSIT, MoveCause.TRANSFER, MoveCause.HOUSE))
BY_THE_OWNER = tuple(int(cause) for cause in (MoveCause.WITHDRAWAL_REQUESTED, MoveCause.TRANSFER, MoveCause.TOP_UP))
OF_A_CASE = tuple(int(cause) for cause in (MoveCause.LOSS_PAID, MoveCause.LIQUIDATION_FEE, MoveCause.ESTATE_TAKEN))
FUND, SKIN, CLEARING = int(HouseAccount.FUND), int(HouseAccount.SKIN), int(HouseAccount.CLEARING)
ROUNDING_ATOMS = 1_000
"""What roundings of everything that an account ever did may come to."""
PAUSE_US = 60_000_000
"""So often everybody is measured."""
MOST_FINDINGS = 100


@dataclass
class Figures:
    """Atoms of cash, and counts. The first six are 0 at a venue that keeps its rules."""

    later_deposits_used: int = 0
    flat_users_who_paid: set[int] = field(default_factory=set)
    clawback: int = 0
    accounts_below_zero: set[int] = field(default_factory=set)
    unexplained: int = 0
    books_differ: int = 0
    later_deposits: int = 0
    fenced: int = 0
    deleveragings: int = 0
    deficit: int = 0
    fund: int = 0
    skin: int = 0
    deleveraged: int = 0
    same_person: int = 0
    uncovered: int = 0


class Auditor:
    """Reads a log from its beginning."""

    def __init__(self) -> None:
        self.books, self.figures = Books(), Figures()
        self.rules = Rules({}, {})
        self.findings: list[str] = []
        self.liquidated: set[int] = set()
        self._top_ups: set[tuple[int, int]] = set()
        self._standing: dict[int, list[Any]] = {}
        self._waves: dict[int, Any] = {}
        self._parts: Counter[tuple[int, str]] = Counter()
        self._written_off: set[tuple[int, int, int]] = set()
        self._looked_us = 0

    def read(self, commands: Records, events: Records) -> None:
        """Read on in a log."""
        asked = commands[commands.view(COMMAND_HEADER)["kind"] == tag_of(TopUp)].view(COMMAND_HEADER)
        self._top_ups.update(zip(asked["sequence"].tolist(), asked["account"].tolist(), strict=True))
        batch = Batch(events, self.books.case)
        self.books.open_accounts(batch.events[batch.of(e.UserOpened)[0]], batch.events[batch.of(e.AccountOpened)[0]])
        self._learn_rules(batch)
        self._look_at_batch(batch)
        begin = 0
        for at, look in sorted(self._places_to_look(batch), key=lambda place: place[0]):
            self.books.take(events[begin:at])
            begin = at
            look()
        self.books.take(events[begin:])
        self._look_now_and_then(batch)

    def find(self, figure: str, atoms: int, why: str) -> None:
        """Note that a figure grew."""
        setattr(self.figures, figure, getattr(self.figures, figure) + abs(atoms))
        self._say(why)

    def _say(self, why: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(why)

    # Where to look.

    def _places_to_look(self, batch: Batch) -> Iterator[tuple[int, Callable[[], None]]]:
        """Yield the events before which the books must be as they then were, and what is to be looked at."""
        at, moved = batch.of(e.FundsMoved)
        to = moved["to_account"]
        outside = np.isin(moved["cause"], FROM_OUTSIDE) & (to >= FIRST_USER_ACCOUNT) & (batch.case_at(to, at) == 0)
        risky = outside & self._may_be_in_danger(to, batch)
        for place, event in zip(at[risky].tolist(), decoded(batch.events[at[risky]]), strict=True):
            yield place, partial(self._look_at_credit, event)
        # Funding is paid on the lots of that moment.
        for place in batch.of(e.FundingCharged)[0].tolist():
            yield place, _nothing
        at, closed = batch.of(e.CaseClosed)
        # Who paid others back what they had paid for him keeps the rest; a deficit is told of who has nothing.
        _, deficits = batch.of(e.WrittenOff)
        over = (closed["reason"] == int(CaseEnd.WRITTEN_OFF)) & np.isin(closed["sequence"], deficits["sequence"])
        for place, event in zip(at[over].tolist(), decoded(batch.events[at[over]]), strict=True):
            yield place, partial(self._look_at_written_off, event)
        at, deleveraged = batch.of(e.Deleveraged)
        for sequence in np.unique(deleveraged["sequence"]).tolist():
            mine = deleveraged["sequence"] == sequence
            yield int(at[mine][0]), partial(self._look_at_deleveraged, deleveraged[mine])

    def _may_be_in_danger(self, accounts: Any, batch: Batch) -> Any:
        """Return which accounts have something at risk, or had it in this batch."""
        known = np.minimum(accounts, len(self.books.purse) - 1)
        busy = np.zeros(len(accounts), bool)
        for column in (*self.books.lots.values(), *self.books.loans.values()):
            busy |= column[known] != 0
        _, trades = batch.of(e.Trade)
        return busy | np.isin(accounts, np.concatenate([trades["account"], trades["maker_account"]]))

    def _look_at_batch(self, batch: Batch) -> None:
        """Look at what needs no more than who was liquidated at that moment."""
        self._look_at_moves(batch)
        self._add_parts(batch)
        for kind, look in (
            (e.CreditFenced, self._look_at_fenced),
            (e.WaveBegan, self._look_at_wave),
            (e.WaveEnded, self._look_at_end_of_wave),
            (e.WrittenOff, self._look_at_deficit),
        ):
            at, _ = batch.of(kind)
            for event in decoded(batch.events[at]):
                look(event)
        self.liquidated.update(batch.of(e.CaseOpened)[1]["account"].tolist())

    def _learn_rules(self, batch: Batch) -> None:
        """Learn the rules that a batch sets."""
        for kind, rules, key in (
            (e.CollateralSet, self.rules.collateral, "asset"),
            (e.PerpetualSet, self.rules.perpetual, "market"),
        ):
            for event in decoded(batch.events[batch.of(kind)[0]]):
                rules[getattr(event, key)] = event
        for event in decoded(batch.events[batch.of(e.StandingTopUpSet)[0]]):
            self._standing.setdefault(event.account, []).append(event)

    def _look_now_and_then(self, batch: Batch) -> None:
        """Look at everybody, once a minute."""
        time_us = int(batch.events.view(EVENT_HEADER)["time_us"][-1]) if len(batch.events) else 0
        if time_us >= self._looked_us + PAUSE_US:
            self._looked_us = time_us
            self._look_at_everybody()

    # Credits and debits.

    def _look_at_moves(self, batch: Batch) -> None:
        at, moved = batch.of(e.FundsMoved)
        user, to, cause = moved["account"], moved["to_account"], moved["cause"]
        fenced_from, fenced_to = self._is_fenced(user), self._is_fenced(to)
        case_from, case_to = batch.case_at(user, at) != 0, batch.case_at(to, at) != 0
        is_user, own = user >= FIRST_USER_ACCOUNT, np.isin(cause, BY_THE_OWNER)
        of_case = np.isin(cause, OF_A_CASE)
        for figure, wrong, why in (
            ("later_deposits_used", np.isin(cause, FROM_OUTSIDE) & case_to & ~fenced_to, "went into an estate"),
            ("later_deposits_used", is_user & ~own & fenced_from, "was paid out of a fenced account"),
            ("clawback", is_user & ~own & ~fenced_from & ~(of_case & case_from), "was taken from who has no case"),
            ("unexplained", is_user & own & case_from & ~fenced_from, "left an account that is liquidated"),
            ("unexplained", is_user & of_case & ~np.isin(to, (CLEARING, FUND)), "went out of an estate to others"),
            ("unexplained", np.isin(user, (FUND, SKIN)) & (cause != int(MoveCause.GAP_PAID)), "was paid by a fund"),
        ):
            for event in decoded(moved[wrong]):
                self._wrong_move(figure, event, why)
        for event in decoded(moved[cause == int(MoveCause.TOP_UP)]):
            if not self._asked_for(event):
                self._wrong_move("later_deposits_used", event, "topped an estate up, unasked")

    def _is_fenced(self, accounts: Any) -> Any:
        return self.books.is_fenced[np.minimum(accounts, len(self.books.is_fenced) - 1)]

    def _wrong_move(self, figure: str, event: Any, why: str) -> None:
        account, atoms = event.account, event.amount_atoms
        if figure == "clawback" and self.books.is_flat(account):
            self.figures.flat_users_who_paid.add(account)
        self.find(figure, atoms, f"command {event.sequence}: {atoms} of account {account} {why}")

    def _look_at_credit(self, event: Any) -> None:
        if not self.books.is_fenced[event.to_account]:
            worth = worth_of(self.books, self.rules, event.to_account)
            if worth.is_unsafe:
                self._wrong_move("later_deposits_used", event, f"came to one whose equity is {int(worth.equity)}")

    def _asked_for(self, event: Any) -> bool:
        said = [one for one in self._standing.get(event.to_account, []) if one.sequence < event.sequence]
        stands = bool(said) and said[-1].asset == event.asset and event.amount_atoms <= said[-1].amount_atoms
        return stands or (event.sequence, event.to_account) in self._top_ups

    def _look_at_fenced(self, event: Any) -> None:
        books = self.books
        self.figures.later_deposits += event.amount_atoms if event.asset == CASH else 0
        self.figures.fenced += 1
        if books.user[event.fenced_account] != books.user[event.account] or not books.is_fenced[event.fenced_account]:
            self.find("unexplained", event.amount_atoms, f"what was fenced for {event.account} is another's")

    # Deficits and who paid them.

    def _look_at_wave(self, event: Any) -> None:
        self._waves[event.wave] = event
        figures = self.figures
        figures.deficit += event.gap_atoms
        figures.fund += event.fund_atoms
        figures.skin += event.skin_atoms
        figures.same_person += event.own_atoms
        sums = event.own_atoms + event.fund_atoms + event.skin_atoms + event.left_atoms
        if sums != event.gap_atoms:
            self.find("unexplained", event.gap_atoms - sums, f"wave {event.wave}: {sums} pay {event.gap_atoms}")

    def _add_parts(self, batch: Batch) -> None:
        """Add up what the parts of each wave come to, to be held against what the wave says of itself."""
        _, closed = batch.of(e.EstateClosed)
        _, given = batch.of(e.Deleveraged)
        others = given["own_case"] == 0
        for name, rows, values in (
            ("gap", closed, closed["gap_atoms"]),
            ("own", given[~others], given["cost_atoms"][~others]),
            ("cost", given[others], given["cost_atoms"][others]),
            ("lots", given[others], np.abs(given["lots"][others])),
            ("people", given[others], np.ones(int(others.sum()), np.int64)),
        ):
            for wave in np.unique(rows["wave"]).tolist():
                self._parts[wave, name] += int(values[rows["wave"] == wave].sum())

    def _same(self, wave: int, name: str, said: int) -> None:
        found = self._parts.pop((wave, name), 0)
        if found != said:
            self.find("unexplained", said - found, f"wave {wave} says {said} of {name}, its parts come to {found}")

    def _look_at_end_of_wave(self, event: Any) -> None:
        began = self._waves.pop(event.wave, None)
        self.figures.deleveraged += event.cost_atoms
        self.figures.uncovered += event.uncovered_atoms
        left = began.left_atoms if began is not None else 0
        for name, said in (
            ("gap", began.gap_atoms if began is not None else 0),
            ("own", began.own_atoms if began is not None else 0),
            ("cost", event.cost_atoms),
            ("lots", event.lots),
            ("people", event.people),
        ):
            self._same(event.wave, name, said)
        if event.cost_atoms + event.uncovered_atoms != left:
            self.find("unexplained", left - event.cost_atoms, f"wave {event.wave} leaves {left} and ends otherwise")

    def _look_at_deficit(self, event: Any) -> None:
        figures, booked = self.figures, (event.case, event.market, event.asset)
        if booked in self._written_off:
            self.find("unexplained", event.deficit_atoms, f"case {event.case}: the same deficit is booked twice")
        self._written_off.add(booked)
        sums = event.fund_atoms + event.skin_atoms + event.uncovered_atoms
        if sums != event.deficit_atoms:
            self.find("unexplained", event.deficit_atoms - sums, f"case {event.case}: {sums} pay {event.deficit_atoms}")
        price = self.books.value(event.asset, np.array([event.deficit_atoms, event.fund_atoms, event.skin_atoms]))
        figures.deficit += int(price[0])
        figures.fund += int(price[1])
        figures.skin += int(price[2])
        figures.uncovered += int(price[0] - price[1] - price[2])

    def _look_at_deleveraged(self, rows: Any) -> None:
        """Whoever is deleveraged has lots on that side, and loses no more than the profit that he has."""
        for row in rows:
            account, market, given = int(row["account"]), int(row["market"]), int(row["lots"])
            lots = int(self.books.lots[market][account]) if market in self.books.lots else 0
            if given * lots >= 0 or abs(given) > abs(lots):
                self.figures.flat_users_who_paid.add(account)
                self._say(f"wave {row['wave']}: account {account} had {lots} lots and gave up {given}")
        over = rows["cost_atoms"] - rows["profit_atoms"]
        for row in rows[over > 1]:
            self.find(
                "clawback", int(row["cost_atoms"]), f"wave {row['wave']} took more of {row['account']} than it won"
            )
        self.figures.deleveragings += len(rows)

    def _look_at_written_off(self, event: Any) -> None:
        """Who is written off has exactly nothing: a claim on a market that he still has goes to FUND, untold."""
        left = int(self.books.purse[event.account])
        if left < -ROUNDING_ATOMS:
            self.find("unexplained", left, f"case {event.case} was written off, and {left} are not explained")
        self.books.purse[event.account] = 0

    # Everybody.

    def _look_at_everybody(self) -> None:
        """Nobody who has no position and no case owes anything."""
        books = self.books
        below = (books.worth_of_all() < -ROUNDING_ATOMS) & (books.case == 0)
        below[:FIRST_USER_ACCOUNT] = False
        for lots in books.lots.values():
            below &= lots == 0
        self._note_below(np.flatnonzero(below).tolist())

    def _note_below(self, accounts: list[int]) -> None:
        for account in accounts:
            self._say(f"account {account} has no position and is below zero")
        self.figures.accounts_below_zero.update(accounts)

    def close(self, rows: Mapping[str, Any]) -> None:
        """Hold the books against the venue's tables: nothing moves without an event that says so."""
        self._look_at_everybody()
        books, count = self.books, self.books.accounts
        said = {asset: np.zeros(count, np.int64) for asset in books.assets}
        balances = rows["balances"]
        self._note_below(np.unique(balances["account"][self._is_owed(balances)]).tolist())
        for asset, column in said.items():
            mine = balances[(balances["asset"] == asset) & (balances["account"] < count)]
            np.add.at(column, mine["account"], mine["available_atoms"] + mine["locked_atoms"])
        positions = rows["positions"]
        np.add.at(said[CASH], positions["account"], -positions["reference_atoms"])
        # Funding that is charged is taken from a position when something else happens to it.
        charged = np.zeros(int(rows["markets"]["market"].max(initial=0)) + 1, np.int64)
        charged[rows["perpetuals"]["market"]] = rows["perpetuals"]["funding_index"]
        owed = positions["net_lots"] * (charged[positions["market"]] - positions["funding_index"])
        np.add.at(said[CASH], positions["account"], -owed >> FUNDING_BITS)
        self._compare("cash and profit", said[CASH], books.purse[:count])
        for asset in books.assets:
            if asset != CASH:
                kept = books.held.get(asset, np.zeros(count, np.int64))
                self._compare(f"asset {asset}", said[asset], kept[:count])
        for market in books.lots:
            told = np.zeros(count, np.int64)
            mine = positions[positions["market"] == market]
            told[mine["account"]] = mine["net_lots"]
            self._compare(f"lots of market {market}", told, books.lots[market][:count])

    def _is_owed(self, balances: Any) -> Any:
        users = balances["account"] >= FIRST_USER_ACCOUNT
        return users & ((balances["available_atoms"] < 0) | (balances["locked_atoms"] < 0))

    def _compare(self, what: str, said: Any, kept: Any) -> None:
        away = np.abs(said - kept)
        away[:FIRST_USER_ACCOUNT] = 0
        for account in np.flatnonzero(away > ROUNDING_ATOMS).tolist():
            why = f"{what}: account {account} has {said[account]}, the log makes it {kept[account]}"
            self.find("books_differ", int(away[account]), why)


def _nothing() -> None:
    """Look at nothing."""
