"""The auditor: reads the log of a venue and says, from nothing else, who paid for the failures of others.

It keeps books of its own (ledger.py) and measures accounts by itself (measure.py).  Each figure counts atoms, and is
zero on a venue that keeps its rules; what made it grow is in ``findings``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.auditor.ledger import CLEARING, FUND, SKIN, UNCOVERED, Entry, Ledger, name_of
from tests.auditor.measure import profit_to_lose, worth_of

from ringfence.schema.enums import FIRST_USER_ACCOUNT, CaseEnd, LoanCause, LoanSource, MoveCause
from ringfence.schema.layout import decode_command, decode_event

LATER_MONEY_USED = "later money used"
EARLIER_MONEY_ESCAPED = "earlier money escaped"
FLAT_USERS_PAID = "flat users paid"
SETTLED_MONEY_TAKEN = "settled money taken"
ACCOUNTS_BELOW_ZERO = "accounts below zero"
DEFICITS_UNEXPLAINED = "deficits unexplained"
FENCED_WITHOUT_REASON = "fenced without reason"
BOOKS_DIFFER = "books differ"
FIGURES = (
    LATER_MONEY_USED,
    EARLIER_MONEY_ESCAPED,
    FLAT_USERS_PAID,
    SETTLED_MONEY_TAKEN,
    ACCOUNTS_BELOW_ZERO,
    DEFICITS_UNEXPLAINED,
    FENCED_WITHOUT_REASON,
    BOOKS_DIFFER,
)

FROM_OUTSIDE = {MoveCause.DEPOSIT, MoveCause.TRANSFER, MoveCause.HOUSE}
BY_THE_OWNER = {MoveCause.WITHDRAWAL_REQUESTED, MoveCause.TRANSFER, MoveCause.TOP_UP}
OF_A_CASE = {MoveCause.LOSS_PAID, MoveCause.LIQUIDATION_FEE, MoveCause.ESTATE_TAKEN}
MOST_ROUNDING = 64
"""What a share of a lending pool may come to, in atoms: no debt is repaid more exactly."""


@dataclass
class Wave:
    """What the parts of a deleveraging come to, to be held against what it says itself."""

    began: Any
    estates: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    paid: Counter[int] = field(default_factory=Counter)


class Auditor:
    """Reads a log entry by entry; ``figures`` are what it found so far."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.figures: Counter[str] = Counter({name: 0 for name in FIGURES})
        self.findings: list[str] = []
        self.waves: dict[int, Wave] = {}
        self.told: set[tuple[Any, ...]] = set()
        self.paid: Counter[int] = Counter()
        self.entry: Any = None

    def read(self, entries: Iterable[Entry]) -> None:
        """Read on in a log."""
        for entry in entries:
            self.entry, self.paid = entry, Counter()
            self.ledger.apply(entry, self._look)
            self._look_at_end()

    def find(self, figure: str, atoms: int, why: str) -> None:
        if atoms:
            self.figures[figure] += abs(int(atoms)) or 1
            self.findings.append(f"command {self.entry.command.sequence} ({name_of(self.entry.command)}): {why}")

    def compare(self, balances: Mapping[tuple[int, int], int]) -> None:
        """Hold the books against what the venue says that accounts have: nothing moves without an event."""
        for key in sorted({*balances, *self.ledger.money}):
            said, kept = balances.get(key, 0), self.ledger.money[key]
            if said != kept:
                figure = BOOKS_DIFFER
                self.find(
                    figure, said - kept, f"account {key[0]} has {said} of asset {key[1]}, the log makes it {kept}"
                )

    # What each event may do.

    def _look(self, event: Any) -> None:
        looking = getattr(self, f"_look_at_{name_of(event)}", None)
        if looking is not None:
            looking(event)

    def _look_at_FundsMoved(self, event: Any) -> None:
        if event.to_account >= FIRST_USER_ACCOUNT:
            self._look_at_credit(event)
        if event.account >= FIRST_USER_ACCOUNT:
            self._look_at_debit(event)
        if event.account in (FUND, SKIN):
            self.paid[event.account] += event.amount_atoms
            if event.cause != MoveCause.GAP_PAID:
                self.find(DEFICITS_UNEXPLAINED, event.amount_atoms, f"{event.account} paid for {event.cause}")
        if event.account == SKIN:
            self._look_at_fund(event.amount_atoms, event.asset, "SKIN paid")

    def _look_at_fund(self, atoms: int, asset: int, what: str) -> None:
        """Nobody pays after FUND that has not paid all it has."""
        if atoms and self.ledger.money[FUND, asset] > 0:
            self.find(DEFICITS_UNEXPLAINED, atoms, f"{what}, and FUND has {self.ledger.money[FUND, asset]}")

    def _look_at_credit(self, event: Any) -> None:
        account, atoms = event.to_account, event.amount_atoms
        if event.cause in FROM_OUTSIDE:
            self._look_at_money_from_outside(event)
        elif event.cause == MoveCause.TOP_UP:
            restores = any(
                name_of(told) == "CaseClosed" and told.account == account and told.reason == CaseEnd.TOPPED_UP
                for told in self.entry.events
            )
            if not (self._asked_for(event) and restores):
                self.find(LATER_MONEY_USED, atoms, f"account {account} was topped up, and nobody asked for that")
        elif event.cause == MoveCause.WITHDRAWAL_RETURNED:
            owner = self.ledger.withdrawals.get(event.reference)
            if owner != account:
                self.find(EARLIER_MONEY_ESCAPED, atoms, f"what came back to account {owner} went to {account}")

    def _asked_for(self, event: Any) -> bool:
        """Whether somebody has signed that this goes into his estate: just now, or for whenever it helps."""
        command, (asset, most) = self.entry.command, self.ledger.standing.get(event.to_account, (0, 0))
        if name_of(command) == "TopUp":
            return command.account == event.to_account and command.amount_atoms == event.amount_atoms
        return name_of(command) == "StepCase" and asset == event.asset and event.amount_atoms <= most

    def _look_at_money_from_outside(self, event: Any) -> None:
        account, atoms, ledger = event.to_account, event.amount_atoms, self.ledger
        if account == ledger.fenced[ledger.users[account]]:
            return
        if account in ledger.cases:
            self.find(LATER_MONEY_USED, atoms, f"account {account} was credited while it is liquidated")
        elif (worth := worth_of(ledger, account)).is_unsafe:
            why = f"account {account} was credited at equity {int(worth.equity)} of {int(worth.maintenance)}"
            self.find(LATER_MONEY_USED, atoms, why)

    def _look_at_debit(self, event: Any) -> None:
        account, atoms, ledger = event.account, event.amount_atoms, self.ledger
        if event.cause in BY_THE_OWNER:
            self._look_at_own_debit(event)
        elif account == ledger.fenced[ledger.users[account]]:
            self.find(LATER_MONEY_USED, atoms, f"fenced account {account} paid for {event.cause}")
        elif event.cause not in OF_A_CASE or account not in ledger.cases:
            figure = FLAT_USERS_PAID if ledger.is_flat(account) else SETTLED_MONEY_TAKEN
            self.find(figure, atoms, f"account {account} is not liquidated and paid for {event.cause}")
        elif event.to_account not in (CLEARING, FUND):
            self.find(EARLIER_MONEY_ESCAPED, atoms, f"the estate of account {account} went to {event.to_account}")

    def _look_at_own_debit(self, event: Any) -> None:
        command, account, atoms = self.entry.command, event.account, event.amount_atoms
        owner = self.ledger.users[account]
        if event.cause == MoveCause.TOP_UP and self._asked_for(event):
            return
        if self.ledger.users.get(command.account) != owner:
            self.find(SETTLED_MONEY_TAKEN, atoms, f"account {account} paid, and its owner did not ask for it")
        elif account in self.ledger.cases:
            self.find(EARLIER_MONEY_ESCAPED, atoms, f"account {account} is liquidated and its money left")

    def _look_at_CreditFenced(self, event: Any) -> None:
        account, atoms = event.account, event.amount_atoms
        owners = self.ledger.fenced[self.ledger.users[account]]
        if event.fenced_account != owners:
            self.find(EARLIER_MONEY_ESCAPED, atoms, f"money for account {account} is fenced in another's account")
        if account not in self.ledger.cases and worth_of(self.ledger, account).is_safe:
            self.find(FENCED_WITHOUT_REASON, atoms, f"account {account} is sound and its money was fenced")

    def _look_at_LoanMoved(self, event: Any) -> None:
        ledger, key = self.ledger, (event.account, event.asset)
        self._look_at_indices(event)
        if event.source != LoanSource.LIQUIDATION or event.account < FIRST_USER_ACCOUNT:
            return
        if event.account not in ledger.cases:
            figure = FLAT_USERS_PAID if ledger.is_flat(event.account) else SETTLED_MONEY_TAKEN
            self.find(figure, event.amount_atoms, f"loans of account {event.account} were liquidated without a case")
        elif event.cause == LoanCause.WRITE_OFF and ledger.shares.get(key, 0) > 0 and not self._is_of_its_end():
            self.find(SETTLED_MONEY_TAKEN, event.amount_atoms, f"what account {event.account} has lent was written off")

    def _is_of_its_end(self) -> bool:
        """Whether FUND took the claims of an estate over, which it says."""
        return any(name_of(event) == "ClaimTaken" for event in self.entry.events)

    def _look_at_InterestAccrued(self, event: Any) -> None:
        self._look_at_indices(event)

    def _look_at_indices(self, event: Any) -> None:
        """Whoever lends pays for no failure: what a share is worth never falls."""
        before = self.ledger.lent_index.get(event.asset, event.lent_index)
        if event.lent_index < before:
            lent = sum(max(shares, 0) for key, shares in self.ledger.shares.items() if key[1] == event.asset)
            lost = max(1, lent * (before - event.lent_index) >> 52)
            self.find(FLAT_USERS_PAID, lost, f"lenders of asset {event.asset} have {lost} less")

    # Deficits and who paid them.

    def _look_at_WaveBegan(self, event: Any) -> None:
        wave = self.waves[event.wave] = Wave(event)
        wave.began = event
        sums = event.own_atoms + event.fund_atoms + event.skin_atoms + event.left_atoms
        self.find(DEFICITS_UNEXPLAINED, event.gap_atoms - sums, f"wave {event.wave}: {sums} pay {event.gap_atoms}")

    def _look_at_EstateClosed(self, event: Any) -> None:
        ledger, key = self.ledger, (event.account, event.market)
        self._once("estate", event.wave, event.case, event.market)
        self.waves[event.wave].estates.update(gap=event.gap_atoms, cases=1)
        # What it paid of its loss is told before, and books count it as it is told.
        loss = max(0, event.paid_atoms - ledger.unsettled(key, event.mark_ticks)) if key in ledger.positions else 0
        if event.gap_atoms:
            self._look_at_need(event)
        self.find(DEFICITS_UNEXPLAINED, loss - event.loss_atoms, f"case {event.case} lost {loss}")
        over = max(0, event.gap_atoms + event.paid_atoms - event.loss_atoms)
        self.find(DEFICITS_UNEXPLAINED, over, f"case {event.case}: more was paid than was lost")
        if ledger.cases.get(event.account) != event.case:
            self.find(FLAT_USERS_PAID, event.loss_atoms or 1, f"account {event.account} has no case and was closed")

    def _look_at_need(self, event: Any) -> None:
        """Nobody pays for an estate that can."""
        worth = worth_of(self.ledger, event.account)
        if worth.net > worth.slack:
            self.find(DEFICITS_UNEXPLAINED, event.gap_atoms, f"case {event.case} has {int(worth.net)} and did not pay")

    def _look_at_Deleveraged(self, event: Any) -> None:
        ledger, key, wave = self.ledger, (event.account, event.market), self.waves[event.wave]
        if event.cost_atoms:
            self._once("deleveraged", event.wave, event.account, event.own_case)
        wave.closed.update(own=event.cost_atoms if event.own_case else 0)
        if not event.own_case:
            wave.closed.update(cost=event.cost_atoms, lots=abs(event.lots), people=1)
        else:
            self._look_at_own_case(event)
        row = ledger.positions.get(key)
        if row is None or row.net_lots * event.lots >= 0 or abs(row.net_lots) < abs(event.lots):
            self.find(FLAT_USERS_PAID, event.cost_atoms or 1, f"account {event.account} had no such lots to give up")
            return
        profit = profit_to_lose(ledger, key)
        taken = event.cost_atoms - int(profit)
        if taken > 1:
            self.find(SETTLED_MONEY_TAKEN, taken, f"account {event.account} had {int(profit)} of profit to lose")
        if abs(event.profit_atoms - profit) > MOST_ROUNDING:
            self.find(DEFICITS_UNEXPLAINED, int(event.profit_atoms - profit), f"the profit of {event.account}")

    def _look_at_own_case(self, event: Any) -> None:
        owners = {self.ledger.users[account] for account, case in self.ledger.cases.items() if case == event.own_case}
        if owners != {self.ledger.users[event.account]}:
            self.find(SETTLED_MONEY_TAKEN, event.cost_atoms or 1, f"account {event.account} paid for another person")

    def _look_at_WaveEnded(self, event: Any) -> None:
        wave = self.waves[event.wave]
        self._once("wave", event.wave)
        self._same(wave.closed["cost"], event.cost_atoms, f"wave {event.wave}: cost")
        self._same(wave.closed["lots"], event.lots, f"wave {event.wave}: lots")
        self._same(wave.closed["people"], event.people, f"wave {event.wave}: people")
        self._same(event.cost_atoms + event.uncovered_atoms, wave.began.left_atoms, f"wave {event.wave}: left")
        self._same(abs(wave.began.left_lots), event.lots, f"wave {event.wave}: lots closed")

    def _look_at_WrittenOff(self, event: Any) -> None:
        self._once("written off", event.case, event.market, event.asset)
        sums = event.fund_atoms + event.skin_atoms + event.uncovered_atoms
        self._same(sums, event.deficit_atoms, f"case {event.case}: payers of asset {event.asset}")
        self._look_at_fund(event.uncovered_atoms, event.asset, "UNCOVERED owes")
        paid, self.paid = self.paid[FUND] + self.paid[SKIN], Counter()
        what = f"case {event.case}: what was paid of asset {event.asset}"
        if event.market:
            self._same(paid, event.fund_atoms + event.skin_atoms, what)
            row = self.ledger.positions.get((event.account, event.market))
            owed = row.reference_atoms if row is not None else 0
            self._same(event.deficit_atoms, owed, f"case {event.case}: loss in market {event.market}")
        else:
            over = paid - event.fund_atoms - event.skin_atoms
            self.find(DEFICITS_UNEXPLAINED, over if not 0 <= over <= MOST_ROUNDING else 0, what)

    def _look_at_what_is_owed(self) -> None:
        """What UNCOVERED is said to owe is what the books make it."""
        said = {(event.market, event.asset): event.owed_atoms for event in self.entry.events if _is_owed(event)}
        for (market, asset), atoms in said.items():
            row = self.ledger.positions.get((UNCOVERED, market))
            owed = self.ledger.debt(UNCOVERED, asset) if market == 0 else max(0, row.reference_atoms if row else 0)
            self._same(atoms, owed, f"what UNCOVERED owes of asset {asset} to market {market}")

    def _same(self, one: int, other: int, what: str) -> None:
        self.find(DEFICITS_UNEXPLAINED, one - other, f"{what} comes to {one}, told is {other}")

    def _once(self, *key: Any) -> None:
        """No deficit is booked twice."""
        if key in self.told:
            self.find(DEFICITS_UNEXPLAINED, 1, f"{key} was told twice")
        self.told.add(key)

    def _look_at_CaseClosed(self, event: Any) -> None:
        """Whoever has no case any more is worth nothing or more."""
        worth = worth_of(self.ledger, event.account)
        if worth.net < -worth.slack:
            self.find(ACCOUNTS_BELOW_ZERO, int(worth.net), f"account {event.account} ends at {int(worth.net)}")

    # After a command.

    def _look_at_end(self) -> None:
        for event in self.entry.events:
            if name_of(event) == "WaveBegan":
                self._look_at_beginning(self.waves[event.wave])
        self._look_at_what_is_owed()
        for (account, asset), atoms in self.ledger.money.items():
            if atoms < 0 and account >= FIRST_USER_ACCOUNT:
                self.find(ACCOUNTS_BELOW_ZERO, atoms, f"account {account} has {atoms} of asset {asset}")

    def _look_at_beginning(self, wave: Wave) -> None:
        began = wave.began
        self._same(wave.estates["gap"], began.gap_atoms, f"wave {began.wave}: gap")
        self._same(wave.estates["cases"], began.cases, f"wave {began.wave}: cases")
        self._same(wave.closed["own"], began.own_atoms, f"wave {began.wave}: own profit")
        self._same(self.paid[FUND], began.fund_atoms, f"wave {began.wave}: FUND")
        self._same(self.paid[SKIN], began.skin_atoms, f"wave {began.wave}: SKIN")
        asset = self.ledger.markets[began.market].quote_asset
        self._look_at_fund(began.left_atoms, asset, "profit is to pay")


def _is_owed(event: Any) -> bool:
    return name_of(event) == "UncoveredOwes"


def entries_of(commands: bytes, events: bytes) -> list[Entry]:
    """Return the entries of a log: records of commands as they were stamped, and of what they told."""
    size, by_sequence = 128, {}
    for at in range(0, len(events), size):
        event = decode_event(events[at : at + size])
        by_sequence.setdefault(event.sequence, []).append(event)
    found = []
    for at in range(0, len(commands), size):
        command = decode_command(commands[at : at + size])
        origin = commands[at + 30]
        found.append(Entry(command, origin, by_sequence.get(command.sequence, [])))
    return found
