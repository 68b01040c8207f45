"""Loans followed account by account: what every position is worth, and the exact interest that made it so.

The core keeps shares and two indices a pool; it has no row of what an account earned or paid in an hour. Here it is
computed as the change of a claim or a debt, in whole atoms, that no movement explains. So the movements and the
interest of a position always add up to what it is worth, roundings included.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ringfence.schema.enums import ONE_E8, LoanCause
from ringfence.schema.events import InterestAccrued, LoanMoved

from ..lending import HOURS_PER_YEAR, MS_PER_HOUR, ONE_INDEX, rest_of_hour_ms, worth_down, worth_up

Row = dict[str, Any]

BORROWS = (LoanCause.BORROW, LoanCause.REPAY)
TAKEN = (LoanCause.WRITE_OFF, LoanCause.TAKE_OVER)
"""The causes by which what a failed account lent goes to FUND, and what it owes to UNCOVERED."""
GIVES = (LoanCause.LEND, LoanCause.BORROW, LoanCause.TAKE_OVER)
"""The causes that make a position larger."""
LENT, OWED = 1, 2
"""The sides of a position."""
ENTRY_FEE, INTEREST = 1, 2
"""The kinds of a payment: for the rest of the hour in which a debt begins or grows, and for whole hours."""


class Loan(msgspec.Struct):
    """A position: what an account lent of an asset, or owes, from its beginning to its end; columns of its table.

    ``quantity_atoms`` is what it was worth when it was last looked at, ``unpaid_atoms`` what of its interest no payment
    has told yet. ``rate_hours`` is the sum of the yearly rate of every hour.
    """

    position: int
    account: int
    asset: int
    side: int
    source: int
    opened_us: int
    closed_us: int | None = None
    shares: int = 0
    quantity_atoms: int = 0
    interest_atoms: int = 0
    unpaid_atoms: int = 0
    rate_hours: int = 0
    hours: int = 0

    def grow(self, atoms: int) -> None:
        """Count interest that no payment tells yet."""
        self.interest_atoms += atoms
        self.unpaid_atoms += atoms

    def worth(self, lent_index: int, debt_index: int) -> int:
        """Return what the shares are worth at the indices of their pool, in atoms."""
        return worth_down(self.shares, lent_index) if self.side == LENT else worth_up(self.shares, debt_index)


class Indices(msgspec.Struct, frozen=True):
    """The indices of a pool after the last hour that brought interest."""

    lent_index: int = ONE_INDEX
    debt_index: int = ONE_INDEX


class Loans:
    """All open positions, kept from batch to batch; what a batch changed lies in its four lists until the next."""

    def __init__(
        self, last_position: int = 0, open_loans: Iterable[Loan] = (), indices: dict[int, Indices] | None = None
    ) -> None:
        self._last_position = last_position
        self._open: dict[int, dict[int, Loan]] = {}
        for loan in open_loans:
            self._open.setdefault(loan.asset, {})[loan.account] = loan
        self._indices = {} if indices is None else indices
        self.begin_batch()

    def begin_batch(self) -> None:
        """Forget what the last batch changed."""
        self.changed: dict[int, Loan] = {}
        self.movements: list[Row] = []
        self.payments: list[Row] = []
        self.hours: list[Row] = []

    def moved(self, event: LoanMoved) -> None:
        """Follow a movement of one position."""
        side = self._side_taken(event) if event.cause in TAKEN else OWED if event.cause in BORROWS else LENT
        loan = self._position(event, side)
        loan.shares = abs(event.loan_shares)
        worth = loan.worth(event.lent_index, event.debt_index)
        grown = worth - loan.quantity_atoms - (event.amount_atoms if event.cause in GIVES else -event.amount_atoms)
        loan.quantity_atoms = worth
        if event.cause == LoanCause.BORROW:
            loan.interest_atoms += grown
            self._pay(event, loan, ENTRY_FEE, grown, _entry_rate(event), rest_of_hour_ms(event.time_us))
        else:
            loan.grow(grown)
        self._note_movement(event, loan)
        if not loan.shares:
            self._end(event, loan)

    def _side_taken(self, event: LoanMoved) -> int:
        """Return the side of a position that changes hands: that which it has, and takes on there."""
        standing = self._open.get(event.asset, {}).get(event.account)
        if standing is not None:
            return standing.side
        return LENT if event.loan_shares > 0 else OWED

    def accrued(self, event: InterestAccrued) -> None:
        """Let every position of a pool take its interest."""
        before = self._indices.get(event.asset, Indices())
        self._indices[event.asset] = Indices(event.lent_index, event.debt_index)
        rates = {
            LENT: _yearly_rate(before.lent_index, event.lent_index, event.hours),
            OWED: _yearly_rate(before.debt_index, event.debt_index, event.hours),
        }
        for loan in self._open.get(event.asset, {}).values():
            worth = loan.worth(event.lent_index, event.debt_index)
            loan.grow(worth - loan.quantity_atoms)
            loan.quantity_atoms = worth
            loan.rate_hours += rates[loan.side] * event.hours
            loan.hours += event.hours
            self._pay_what_is_due(event, loan, rates[loan.side], event.hours * MS_PER_HOUR)
            self.changed[loan.position] = loan
        self.hours.append(
            {
                "asset": event.asset, "time_us": event.time_us,
                "lent_atoms": worth_up(event.lent_shares, event.lent_index),
                "debt_atoms": worth_down(event.debt_shares, event.debt_index),
                "lent_index": event.lent_index, "debt_index": event.debt_index,
                "borrow_rate_e8": event.borrow_rate_e8, "lend_rate_e8": event.lend_rate_e8,
            }
        )  # fmt: skip

    def _position(self, event: LoanMoved, side: int) -> Loan:
        accounts = self._open.setdefault(event.asset, {})
        loan = accounts.get(event.account)
        if loan is None:
            self._last_position += 1
            loan = Loan(self._last_position, event.account, event.asset, side, event.source, event.time_us)
            accounts[event.account] = loan
        assert loan.side == side, f"account {event.account} both lends and owes asset {event.asset}"
        self.changed[loan.position] = loan
        return loan

    def _note_movement(self, event: LoanMoved, loan: Loan) -> None:
        self.movements.append(
            {
                "account": event.account, "sequence": event.sequence, "event_index": event.index,
                "time_us": event.time_us, "asset": event.asset, "position": loan.position, "cause": event.cause,
                "source": event.source, "amount_atoms": event.amount_atoms, "quantity_atoms": loan.quantity_atoms,
                "order_id": event.order,
            }
        )  # fmt: skip

    def _end(self, event: LoanMoved, loan: Loan) -> None:
        loan.closed_us = event.time_us
        self._pay_what_is_due(event, loan, 0, 0)
        del self._open[event.asset][event.account]

    def _pay_what_is_due(self, event: LoanMoved | InterestAccrued, loan: Loan, rate_e8: int, interval_ms: int) -> None:
        due, loan.unpaid_atoms = loan.unpaid_atoms, 0
        self._pay(event, loan, INTEREST, due, rate_e8, interval_ms)

    def _pay(
        self, event: LoanMoved | InterestAccrued, loan: Loan, kind: int, atoms: int, rate_e8: int, interval_ms: int
    ) -> None:
        if atoms:
            self.payments.append(
                {
                    "account": loan.account, "sequence": event.sequence, "event_index": event.index,
                    "time_us": event.time_us, "asset": loan.asset, "position": loan.position, "side": loan.side,
                    "kind": kind, "amount_atoms": atoms, "rate_e8": rate_e8, "interval_ms": interval_ms,
                }
            )  # fmt: skip


def _yearly_rate(before: int, after: int, hours: int) -> int:
    """Return the yearly rate by which an index grew, in hundred-millionths."""
    return (after - before) * ONE_E8 * HOURS_PER_YEAR // (before * hours)


def _entry_rate(event: LoanMoved) -> int:
    """Return the yearly rate of interest for the rest of an hour, in hundred-millionths."""
    left_ms = rest_of_hour_ms(event.time_us)
    return event.fee_atoms * ONE_E8 * HOURS_PER_YEAR * MS_PER_HOUR // (event.amount_atoms * left_ms)
