"""I-1 to I-4: later money, the floor at zero, the order of the log, and what belongs to which account."""

from typing import Any

from tests.auditor.auditor import ACCOUNTS_BELOW_ZERO, EARLIER_MONEY_ESCAPED, FENCED_WITHOUT_REASON, LATER_MONEY_USED
from tests.auditor.ledger import FUND, Entry, Ledger, name_of
from tests.auditor.runs import RandomVenue
from tests.properties.invariants.walking import LIQUIDATION, audited, events_of, looked_at, told, walked

from ringfence.schema.enums import FIRST_USER_ACCOUNT, MoveCause


def test_i01_no_later_credit_lowers_an_earlier_deficit(runs: list[RandomVenue]) -> None:
    assert len(events_of("CreditFenced", runs)) > 20
    for auditor in audited(runs):
        for figure in (LATER_MONEY_USED, EARLIER_MONEY_ESCAPED, FENCED_WITHOUT_REASON):
            assert auditor.figures[figure] == 0, auditor.findings


def test_i02_account_whose_debts_are_written_off_has_exactly_nothing(runs: list[RandomVenue]) -> None:
    met = 0
    for ledger, entry in walked(runs):
        for event in told(entry, "WrittenOff") if told(entry, "CaseClosed") else []:
            met += 1
            account = event.account
            assert all(ledger.positions[key].reference_atoms == 0 for key in ledger.of_account(account)), event
            assert all(shares == 0 for key, shares in ledger.shares.items() if key[0] == account), event
            assert all(ledger.available(account, asset) == 0 for asset in ledger.assets), event
    assert met > 5


def test_i02_nobody_is_left_below_zero(runs: list[RandomVenue]) -> None:
    for auditor in audited(runs):
        assert auditor.figures[ACCOUNTS_BELOW_ZERO] == 0, auditor.findings


def test_i03_credit_counts_whole_at_the_place_of_its_command(runs: list[RandomVenue]) -> None:
    credits = fenced = 0
    for venue in runs:
        for entry in venue.log:
            if name_of(entry.command) != "Deposit" or told(entry, "Rejected"):
                continue
            (moved,) = [event for event in told(entry, "FundsMoved") if event.cause == MoveCause.DEPOSIT]
            meant, credited = entry.command.account, moved.to_account
            assert moved.amount_atoms == entry.command.amount_atoms
            assert [event.account for event in told(entry, "CreditFenced")] == ([] if credited == meant else [meant])
            credits, fenced = credits + 1, fenced + (credited != meant)
    assert credits > fenced > 0


def test_i04_failure_touches_no_other_account_but_its_owners_opposite_profit(runs: list[RandomVenue]) -> None:
    own = 0

    def look(ledger: Ledger, entry: Entry, event: Any) -> None:
        nonlocal own
        if name_of(event) == "Deleveraged" and event.own_case:
            own += 1
            failed = next(account for account, case in ledger.cases.items() if case == event.own_case)
            assert ledger.users[failed] == ledger.users[event.account] and failed != event.account
            assert event.cost_atoms <= event.profit_atoms
        elif name_of(event) == "FundsMoved" and name_of(entry.command) in LIQUIDATION:
            asked = event.cause == MoveCause.TOP_UP and ledger.standing[event.to_account][1] >= event.amount_atoms
            assert asked or event.account in ledger.cases or event.account < FIRST_USER_ACCOUNT, event
        elif name_of(event) == "WrittenOff":
            # What a person has elsewhere, in his fenced account or in a sub-account, stays his.
            user = ledger.users[event.account]
            others = {account for account, owner in ledger.users.items() if owner == user} - {event.account}
            assert not any(moved.account in others for moved in told(entry, "FundsMoved")), entry

    looked_at(runs, look)
    assert own > 0


def test_i04_fund_takes_an_estate_only_of_who_failed(runs: list[RandomVenue]) -> None:
    def look(ledger: Ledger, entry: Entry, event: Any) -> None:
        if name_of(event) == "FundsMoved" and event.cause == MoveCause.ESTATE_TAKEN:
            assert ledger.cases[event.account] == event.reference and event.to_account == FUND

    looked_at(runs, look)
