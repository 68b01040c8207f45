"""I-5 to I-8: sums, no clawback, settlements that are final, interest."""

from collections import Counter
from typing import Any

import pytest
from tests.auditor.auditor import FLAT_USERS_PAID, SETTLED_MONEY_TAKEN
from tests.auditor.ledger import Entry, Ledger, name_of
from tests.auditor.runs import RandomVenue
from tests.core.perpetual_venue import DOLLAR, USDC, WHOLE_SOL, PerpetualVenue
from tests.core.test_deleveraging import Gapping
from tests.properties.invariants.walking import LIQUIDATION, audited, looked_at, told, walked

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema.enums import FIRST_USER_ACCOUNT


def test_i05_everything_sums_to_nothing_after_every_command(runs: list[RandomVenue]) -> None:
    for ledger, entry in walked(runs):
        totals: Counter[int] = Counter()
        for (_, asset), atoms in ledger.money.items():
            totals[asset] += atoms
        assert not any(totals.values()), entry
        nets, references = Counter[int](), Counter[int]()
        for (_, market), row in ledger.positions.items():
            nets[market] += row.net_lots
            references[market] += row.reference_atoms
        assert not any(nets.values()), entry
        for market, book in ledger.contracts.items():
            assert references[market] == -book.clearing_atoms, entry


def test_i05_invariants_that_stay_on_hold_at_the_end(runs: list[RandomVenue]) -> None:
    for venue in runs:
        assert list(broken_invariants(venue.exchange.rows())) == []


def test_i06_nobody_without_a_case_pays_for_one(runs: list[RandomVenue]) -> None:
    """Money falls only by what its owner does, by his trades, and by what his own positions lost."""
    for auditor in audited(runs):
        assert auditor.figures[SETTLED_MONEY_TAKEN] == auditor.figures[FLAT_USERS_PAID] == 0, auditor.findings


def test_i06_steps_of_liquidations_leave_the_money_of_others_alone(runs: list[RandomVenue]) -> None:
    for venue in runs:
        ledger = Ledger()
        for entry in venue.log:
            before, failing = dict(ledger.money), set(ledger.cases)
            ledger.apply(entry)
            if name_of(entry.command) not in LIQUIDATION:
                continue
            traded = {account for event in told(entry, "Trade") for account in (event.account, event.maker_account)}
            traded |= {event.account for event in told(entry, "LoanMoved")}
            # What its owner has said before goes in by itself.
            traded |= {event.fenced_account for event in told(entry, "ToppedUp") if event.account in ledger.standing}
            for (account, asset), atoms in ledger.money.items():
                if account >= FIRST_USER_ACCOUNT and account not in failing | traded:
                    assert atoms == before.get((account, asset), 0), (entry, account)


def winners_of(is_direct: bool) -> list[int]:
    """Let two people win 250 dollars each of somebody who has 300; returns what each was paid at the settlement."""
    venue = PerpetualVenue(3)
    alice, bob, carol = venue.accounts
    for account, dollars in ((alice, 10_000), (bob, 300), (carol, 10_000)):
        venue.fund(account, dollars * DOLLAR)
    venue.trade(bob, alice, 100, 5_000 if is_direct else 10_000)
    venue.trade(bob if is_direct else alice, carol, 100, 5_000)
    venue.settle(95)
    return [venue.exchange.balance(account, USDC)[0] - 10_000 * DOLLAR for account in (alice, carol)]


@pytest.mark.parametrize("is_direct", [False, True], ids=["through another", "direct"])
def test_i07_winners_are_paid_alike_whoever_lost_to_them(is_direct: bool) -> None:
    assert winners_of(is_direct) == [150 * DOLLAR, 150 * DOLLAR]


def test_i07_what_was_settled_stays_when_the_loser_is_written_off() -> None:
    venue = Gapping()
    venue.settle(95)
    paid = venue.cash(venue.alice)
    told = venue.gap(95)
    assert any(name_of(event) == "WaveEnded" for event in told)
    assert venue.cash(venue.alice) >= paid


def test_i08_shares_of_pools_are_never_worth_less(runs: list[RandomVenue]) -> None:
    met = 0

    def look(ledger: Ledger, entry: Entry, event: Any) -> None:
        nonlocal met
        if name_of(event) in ("LoanMoved", "InterestAccrued"):
            met += 1
            assert event.lent_index >= ledger.lent_index.get(event.asset, 0), event
            assert event.debt_index >= ledger.debt_index.get(event.asset, 0), event
        if name_of(event) == "InterestAccrued":
            assert event.interest_atoms >= event.reserve_atoms >= 0

    looked_at(runs, look)
    assert met > 100


def interest_of(pauses: list[float]) -> tuple[int, int]:
    """Return (debt, claim) after two hours in such pauses."""
    venue = PerpetualVenue(2)
    lender, borrower = venue.accounts
    venue.time_us -= venue.time_us % 3_600_000_000
    venue.time_us += 3_600_000_000
    venue.let(100)
    venue.fund(lender, 100_000 * DOLLAR)
    venue.must(c.Lend(account=lender, asset=USDC, amount_atoms=50_000 * DOLLAR))
    venue.fund(borrower, 1_000 * WHOLE_SOL, 2)
    venue.must(c.Borrow(account=borrower, asset=USDC, amount_atoms=40_000 * DOLLAR))
    for seconds in pauses:
        venue.let(100, seconds)
    assert list(broken_invariants(venue.exchange.rows())) == []
    rows = venue.exchange.rows()
    pool = rows["lending_pools"][rows["lending_pools"]["asset"] == USDC][0]
    shares = {int(row["account"]): int(row["loan_shares"]) for row in rows["balances"] if row["asset"] == USDC}
    return -shares[borrower] * int(pool["debt_index"]) >> 52, shares[lender] * int(pool["lent_index"]) >> 52


def test_i08_interest_does_not_depend_on_how_often_somebody_looks() -> None:
    often, seldom = interest_of([60] * 120), interest_of([3_600, 3_600])
    assert often[0] == seldom[0] > 40_000 * DOLLAR
    assert abs(often[1] - seldom[1]) <= 120
