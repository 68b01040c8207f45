"""Rules of the core broken on purpose, one at a time, to see that the auditor notices.

Each fault replaces functions of the core, which must be interpreted for that: ``NUMBA_DISABLE_JIT=1``.  Run as a
program it plays random venues under every fault and prints, by fault, the figures of the first that the auditor found.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.auditor.auditor import (
    ACCOUNTS_BELOW_ZERO,
    BOOKS_DIFFER,
    DEFICITS_UNEXPLAINED,
    EARLIER_MONEY_ESCAPED,
    FENCED_WITHOUT_REASON,
    FLAT_USERS_PAID,
    LATER_MONEY_USED,
    SETTLED_MONEY_TAKEN,
    Auditor,
)
from tests.auditor.runs import RandomVenue

from ringfence.core import (
    CoreStopped,
    admission,
    cases,
    emit,
    estates,
    fence,
    fund,
    ledger,
    liquidation,
    margin,
    topups,
    waves,
)
from ringfence.schema.enums import FIRST_USER_ACCOUNT, MoveCause

FAULT_SEEDS = (*range(100, 109), 110, 114, 116)
FAULT_STEPS, STEPS_BETWEEN_AUDITS = 700, 70
Fault = Callable[[], dict[str, Any]]
FAULTS: dict[str, Fault] = {}
EXPECTED: dict[str, str] = {}
"""The figure that must grow, by fault; others may grow with it."""


def fault(figure: str) -> Callable[[Fault], Fault]:
    def register(function: Fault) -> Fault:
        FAULTS[function.__name__], EXPECTED[function.__name__] = function, figure
        return function

    return register


@contextmanager
def broken(replaced: dict[str, Any]) -> Iterator[None]:
    """Replace functions of the core by their names, wherever a module has them."""
    undo = []
    for module in [module for name, module in sys.modules.items() if name.startswith("ringfence.core.")]:
        for path, new in replaced.items():
            name = path.split(".")[-1]
            only = path.split(".")[0] if "." in path else module.__name__.split(".")[-1]
            if hasattr(module, name) and module.__name__.split(".")[-1] == only:
                undo.append((module, name, getattr(module, name)))
                setattr(module, name, new)
    assert undo, f"the core has none of {sorted(replaced)}"
    try:
        yield
    finally:
        for module, name, old in undo:
            setattr(module, name, old)


def play(seed: int, figure: str) -> dict[str, int]:
    """Return the figures of a random venue that are not zero, as soon as a certain one is among them."""
    venue, auditor = RandomVenue(seed), Auditor()
    at = 0
    for _ in range(FAULT_STEPS // STEPS_BETWEEN_AUDITS):
        try:
            venue.run(STEPS_BETWEEN_AUDITS)
        except CoreStopped:
            break  # an assertion of the core was quicker; the auditor is asked for what was told before
        auditor.read(venue.log[at:])
        at = len(venue.log)
        auditor.compare(venue.balances())
        if auditor.figures[figure]:
            break
    return {name: atoms for name, atoms in auditor.figures.items() if atoms}


# Later money.


@fault(LATER_MONEY_USED)
def deposits_reach_the_estate() -> dict[str, Any]:
    return {"account_credited": lambda s, account: account}


@fault(LATER_MONEY_USED)
def nobody_looks_before_a_credit() -> dict[str, Any]:
    return {"is_fenced_off": admission.has_case}


def only_fenced_unless(cause: MoveCause) -> dict[str, Any]:
    from ringfence.core import money

    given = money.credit_from_outside

    def credit(s: Any, source: int, meant: int, asset: int, atoms: int, why: int, reference: int, number: int) -> None:
        if why != cause or meant < FIRST_USER_ACCOUNT:
            given(s, source, meant, asset, atoms, why, reference, number)
            return
        ledger.move(s, source, meant, asset, atoms)
        emit.emit_moved(s, source, meant, asset, atoms, why, reference, number)

    return {"credit_from_outside": credit}


@fault(LATER_MONEY_USED)
def transfers_reach_the_estate() -> dict[str, Any]:
    return only_fenced_unless(MoveCause.TRANSFER)


@fault(LATER_MONEY_USED)
def house_money_reaches_the_estate() -> dict[str, Any]:
    return only_fenced_unless(MoveCause.HOUSE)


def helping(tells: bool) -> dict[str, Any]:
    """A case takes what its owner's fenced account has."""
    given = liquidation.measure_estate

    def measure_estate(s: Any, account: int) -> None:
        fenced, asset = int(s.users[s.accounts[account].user].fenced_account), 1
        atoms = int(ledger.available(s, fenced, asset))
        if atoms > 0:
            ledger.move(s, fenced, account, asset, atoms)
            if tells:
                emit.emit_moved(s, fenced, account, asset, atoms, MoveCause.TOP_UP, 0, 0)
        given(s, account)

    return {"measure_estate": measure_estate}


@fault(LATER_MONEY_USED)
def cases_take_fenced_money() -> dict[str, Any]:
    return helping(tells=True)


@fault(BOOKS_DIFFER)
def cases_take_fenced_money_silently() -> dict[str, Any]:
    return helping(tells=False)


@fault(FENCED_WITHOUT_REASON)
def everybody_who_owes_is_fenced() -> dict[str, Any]:
    given = fence.is_fenced_off
    return {"is_fenced_off": lambda s, account: given(s, account) or s.accounts[account].liabilities != 0}


# Earlier money.


@fault(EARLIER_MONEY_ESCAPED)
def returned_withdrawals_are_fenced() -> dict[str, Any]:
    from ringfence.core import money

    given = money.leave_transit

    def leave_transit(s: Any, to_account: int, asset: int, atoms: int, cause: int, number: int) -> None:
        if cause == MoveCause.WITHDRAWAL_RETURNED:
            to_account = int(s.users[s.accounts[to_account].user].fenced_account)
        given(s, to_account, asset, atoms, cause, number)

    return {"leave_transit": leave_transit}


@fault(EARLIER_MONEY_ESCAPED)
def estates_are_withdrawn() -> dict[str, Any]:
    return {"not_liquidating": lambda s, account: True, "bears_withdrawal": lambda s, account, asset, total: True}


# Who pays.


def from_the_flat(tells: bool) -> dict[str, Any]:
    """Whoever has money and nothing else pays gaps, and not FUND."""

    given = fund.pay_from_fund

    def pay_from_fund(s: Any, to_account: int, asset: int, atoms: int, reference: int) -> int:
        for account in range(FIRST_USER_ACCOUNT, int(s.venue[0].next_account)):
            paid = min(int(ledger.available(s, account, asset)), atoms)
            if paid > 0 and s.accounts[account].liabilities == 0:
                ledger.move(s, account, to_account, asset, paid)
                if tells:
                    emit.emit_moved(s, account, to_account, asset, paid, MoveCause.GAP_PAID, reference, 0)
                return paid
        return given(s, to_account, asset, atoms, reference)

    return {"pay_from_fund": pay_from_fund}


@fault(FLAT_USERS_PAID)
def flat_users_pay_gaps() -> dict[str, Any]:
    return from_the_flat(tells=True)


@fault(BOOKS_DIFFER)
def flat_users_pay_gaps_silently() -> dict[str, Any]:
    return from_the_flat(tells=False)


@fault(FLAT_USERS_PAID)
def lenders_pay_debts() -> dict[str, Any]:
    given = estates.write_off_debt

    def write_off_debt(s: Any, case: int, asset: int) -> None:
        s.lending_pools[asset].lent_index -= s.lending_pools[asset].lent_index // 100
        given(s, case, asset)

    return {"write_off_debt": write_off_debt}


def cash_of_others(s: Any, slot: int) -> int:
    row = s.positions[slot]
    return int(ledger.available(s, row.account, s.markets[row.market].quote_asset))


@fault(SETTLED_MONEY_TAKEN)
def settled_profit_is_taken_back() -> dict[str, Any]:
    given = waves.profit_of
    return {"profit_of": lambda s, slot, ticks: given(s, slot, ticks) + cash_of_others(s, slot)}


@fault(SETTLED_MONEY_TAKEN)
def losses_elsewhere_do_not_count() -> dict[str, Any]:
    from ringfence.core import positions

    return {"profit_of": lambda s, slot, ticks: max(0, positions.unsettled(s, s.positions[slot], ticks))}


@fault(SETTLED_MONEY_TAKEN)
def one_person_pays_for_another() -> dict[str, Any]:
    """The profit of whoever stands next to the failed person is taken for his own."""
    given = waves.take_own_profit

    def take_own_profit(s: Any, wave: Any, case: int, lots: int, gap: int) -> Any:
        row = s.cases[case]
        own, users = int(row.account), int(s.venue[0].users)
        row.account = s.users[int(s.accounts[own].user) % users + 1].fenced_account
        found = given(s, wave, case, lots, gap)
        row.account = own
        return found

    return {"take_own_profit": take_own_profit}


# Accounts below zero.


@fault(ACCOUNTS_BELOW_ZERO)
def debts_are_not_written_off() -> dict[str, Any]:
    return {"write_off_debt": lambda s, case, asset: None}


@fault(ACCOUNTS_BELOW_ZERO)
def losses_are_not_written_off() -> dict[str, Any]:
    return {"write_off_position": lambda s, case, slot: int(s.positions[slot].account)}


@fault(ACCOUNTS_BELOW_ZERO)
def losses_are_paid_with_what_is_not_there() -> dict[str, Any]:
    """An estate pays all that it lost, and no assertion sees that its balance falls below zero."""

    def post(s: Any, account: int, asset: int, available_change: int, locked_change: int) -> None:
        if available_change == 0 and locked_change == 0:
            return
        slot = ledger.balance_slot(s, account, asset) or ledger.open_balance(s, account, asset)
        s.balances[slot].available_atoms += available_change
        s.balances[slot].locked_atoms += locked_change
        if available_change + locked_change:
            ledger.weigh(s, asset, available_change + locked_change)

    return {"post": post, "estates.available": lambda s, account, asset: 10**15}


# Deficits.


@fault(DEFICITS_UNEXPLAINED)
def deficits_are_told_twice() -> dict[str, Any]:
    given = estates.emit_written_off

    def twice(*what: Any) -> None:
        given(*what)
        given(*what)

    return {"emit_written_off": twice}


@fault(DEFICITS_UNEXPLAINED)
def estates_pay_nothing_of_their_losses() -> dict[str, Any]:
    """A gap is the whole loss, whatever the estate has."""
    return {"gap_of": lambda s, rules, loss, available, deficit: max(loss, 0)}


@fault(DEFICITS_UNEXPLAINED)
def skin_pays_before_fund() -> dict[str, Any]:
    return {"pay_from_fund": fund.pay_from_skin, "pay_from_skin": fund.pay_from_fund}


@fault(DEFICITS_UNEXPLAINED)
def fund_says_that_it_paid() -> dict[str, Any]:
    return {"waves.pay_from_fund": lambda s, to_account, asset, atoms, reference: atoms // 2}


@fault(DEFICITS_UNEXPLAINED)
def fees_come_out_of_fund() -> dict[str, Any]:
    """What a wave costs nobody is paid out of FUND to the owner of the estate."""
    given = cases.close_case

    def close_case(s: Any, slot: int, reason: int) -> None:
        account = int(s.cases[slot].account)
        atoms = int(ledger.available(s, 11, 1)) // 2
        if atoms:
            ledger.move(s, 11, account, 1, atoms)
            emit.emit_moved(s, 11, account, 1, atoms, MoveCause.ESTATE_TAKEN, int(s.cases[slot].id), 0)
        given(s, slot, reason)

    return {"close_case": close_case}


@fault(LATER_MONEY_USED)
def fenced_money_goes_in_unasked() -> dict[str, Any]:
    def tops_up_by_itself(s: Any, case: int) -> bool:
        account = int(s.cases[case].account)
        fenced = int(s.users[s.accounts[account].user].fenced_account)
        needed, most = int(topups.needed_to_end(s, case, account, 1)), int(ledger.available(s, fenced, 1))
        if 0 < needed <= most:
            topups.put_in(s, case, 1, needed, needed)
            return True
        margin.take_measure(s, account, 0, 0, 0, False)
        return False

    return {"tops_up_by_itself": tops_up_by_itself}


@fault(DEFICITS_UNEXPLAINED)
def old_losses_are_paid_by_nobody() -> dict[str, Any]:
    return {"covering.pay_from_fund": lambda s, to_account, asset, atoms, reference: atoms}


def main() -> None:
    found: dict[str, dict[str, int]] = {}
    for name in sys.argv[1:] or FAULTS:
        figure = EXPECTED[name]
        with broken(FAULTS[name]()):
            for seed in FAULT_SEEDS:
                found[name] = play(seed, figure)
                if figure in found[name]:
                    break
    print(json.dumps(found))


if __name__ == "__main__":
    main()
