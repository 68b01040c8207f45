"""What a hostile trader may try on a perpetual: to lose more than he has to a friend, and to stop the venue."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, WHOLE_SOL, PerpetualVenue

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import LoanFlag, TimeInForce

IOC = int(TimeInForce.IOC)
REPAY = int(LoanFlag.AUTO_BORROW_REPAY)


def is_refused(events: list[v.Event]) -> bool:
    return isinstance(events[0], v.Rejected)


def test_market_order_against_an_order_that_only_reduces_cannot_lose_more_than_its_account_has() -> None:
    venue = PerpetualVenue(3)
    poor, friend, other = venue.accounts
    venue.fund(poor, 10 * DOLLAR)
    venue.fund(friend, 1_000 * DOLLAR)
    venue.fund(other, 1_000 * DOLLAR)
    venue.trade(friend, other, 100, 100)
    venue.place(friend, ASK, 10_000, 100, reduce_only=1)
    venue.give(venue.at_market(poor, BID, 100))
    assert venue.free(poor) >= 0


def test_amendments_of_an_order_that_only_reduces_do_not_add_up_to_a_loss_that_its_account_cannot_bear() -> None:
    venue = PerpetualVenue(3)
    poor, friend, other = venue.accounts
    venue.fund(poor, 3 * DOLLAR)
    venue.fund(friend, 1_000 * DOLLAR)
    venue.fund(other, 1_000 * DOLLAR)
    venue.trade(poor, other, 100, 100)
    venue.let(98.5)
    assert venue.free(poor) < 0 < venue.equity(poor)
    order = venue.place(poor, ASK, 98.5, 100, reduce_only=1)
    for ticks in range(9_849, 200, -100):
        amended = c.AmendOrder(account=poor, market=PERP, order=order, price_ticks=ticks, quantity_lots=100)
        if is_refused(venue.give(amended)):
            break
    venue.give(venue.order(friend, BID, ticks / 100, 100, time_in_force=IOC))
    # One order may be as far from the mark as the initial margin that it sets free, which is 2 percent.
    assert venue.equity(poor) >= -DOLLAR


def test_amendments_of_an_order_that_repays_do_not_add_up_to_a_loss_that_its_account_cannot_bear() -> None:
    venue = PerpetualVenue(3)
    poor, friend, lender = venue.accounts
    venue.fund(poor, 300 * DOLLAR)
    venue.fund(friend, 10_000 * DOLLAR)
    for account in (friend, lender):
        venue.fund(account, 1_000 * WHOLE_SOL, SOL)
    venue.must(c.Lend(account=lender, asset=SOL, amount_atoms=1_000 * WHOLE_SOL))
    venue.must(c.Borrow(account=poor, asset=SOL, amount_atoms=20 * WHOLE_SOL))
    venue.place(friend, BID, 100, 2_000, market=SPOT)
    venue.place(poor, ASK, 100, 2_000, market=SPOT, time_in_force=IOC)
    venue.let(108)
    assert venue.free(poor) < 0 < venue.equity(poor)
    order = venue.place(poor, BID, 108, 1_000, market=SPOT, loan_flags=REPAY)
    for ticks in range(10_900, 22_000, 1_000):
        amended = c.AmendOrder(account=poor, market=SPOT, order=order, price_ticks=ticks, quantity_lots=1_000)
        if is_refused(venue.give(amended)):
            break
    venue.give(venue.order(friend, ASK, ticks / 100, 1_000, market=SPOT, time_in_force=IOC))
    assert venue.equity(poor) >= 0


def test_order_that_only_reduces_before_others_of_its_side_leaves_the_margin_that_they_need() -> None:
    venue = PerpetualVenue(3)
    trader, friend, other = venue.accounts
    venue.fund(trader, 2 * DOLLAR + 50_000)
    venue.fund(friend, 1_000 * DOLLAR)
    venue.fund(other, 1_000 * DOLLAR)
    venue.trade(trader, other, 100, 100)
    # Behind a long position of 100 lots, 200 lots to sell come to no more than 100 lots short.
    venue.place(trader, ASK, 100.01, 200)
    assert venue.free(trader) >= 0
    venue.place(friend, BID, 100, 100)
    venue.give(venue.at_market(trader, ASK, 100, reduce_only=1))
    assert venue.free(trader) >= 0


def test_trade_that_closes_a_great_many_orders_that_only_reduce_does_not_stop_the_core() -> None:
    """One trade against many makers, each with as many orders as an account may have, of which nothing is left."""
    makers, orders = 72, 920
    venue = PerpetualVenue(makers + 2)
    taker, other, *accounts = venue.accounts
    venue.fund(taker, 10**6 * DOLLAR)
    venue.fund(other, 10**6 * DOLLAR)
    for account in accounts:
        venue.fund(account, 10_000 * DOLLAR)
        venue.trade(account, other, 100, orders)
        for _ in range(orders):
            venue.place(account, ASK, 200, 1, reduce_only=1)
        venue.place(account, ASK, 101, orders)
    venue.give(venue.order(taker, BID, 101, makers * orders, time_in_force=IOC))
    assert list(broken_invariants(venue.exchange.rows())) == []
