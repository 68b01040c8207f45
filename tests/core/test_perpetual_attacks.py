"""What a hostile trader may try on a perpetual: to lose more than he has to a friend, and to stop the venue."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SOURCES, SPOT, USDC, WHOLE_SOL, PerpetualVenue

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import AccountFlag, LoanFlag, MarketState, TimeInForce
from ringfence.schema.rejects import Reject

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
    ticks = 0
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
    ticks = 0
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
            if is_refused(venue.give(venue.order(account, ASK, 200, 1, reduce_only=1))):
                break
        venue.place(account, ASK, 101, orders)
    venue.give(venue.order(taker, BID, 101, makers * orders, time_in_force=IOC))
    assert list(broken_invariants(venue.exchange.rows())) == []


def test_perpetual_in_cash_that_has_no_price_yet_needs_margin_that_nobody_has() -> None:
    venue = PerpetualVenue(2)
    market = venue.quote_in("EURC", 6, 10**4, priced=True)
    for account in venue.accounts:
        venue.fund(account, 5)
    for account, side in zip(venue.accounts, (BID, ASK), strict=True):
        venue.give(venue.order(account, side, 100, 1_000_000, market=market))
    # A million dollars' worth of a position, with five millionths of one.
    assert venue.exchange.positions(venue.accounts[0]) == []


def test_position_that_is_worth_more_than_can_be_counted_makes_no_profit_out_of_nothing() -> None:
    venue = PerpetualVenue(2)
    long, short = venue.accounts
    market = venue.quote_in("BIG", 8, 10**6)
    for account in venue.accounts:
        venue.fund(account, 10**9 * DOLLAR)
    for _ in range(2):
        venue.give(venue.order(long, BID, 100, 4 * 10**10, market=market))
        venue.give(venue.order(short, ASK, 100, 4 * 10**10, market=market, time_in_force=IOC))
    # Traded at the mark, eighty billion dollars long and short; 2^62 atoms are no more than 46 billion.
    assert venue.equity(long) + venue.equity(short) <= 2 * 10**9 * DOLLAR
    assert min(venue.free(long), venue.free(short)) >= 0


def test_fees_of_many_small_fills_are_within_what_was_reserved_for_them() -> None:
    venue = PerpetualVenue(2)
    taker, maker = venue.accounts
    venue.must(c.SetFeeTier(fee_schedule=2, fee_tier=0, maker_ppm=0, taker_ppm=10))
    market = venue.quote_in("USD", 2, 100, schedule=2)
    cash = venue.exchange.assets_listed
    venue.fund(taker, 2_000, cash)
    venue.fund(maker, 100_000, cash)
    for _ in range(900):
        venue.place(maker, ASK, 1, 1, market=market)
    venue.let(100)
    venue.give(venue.order(taker, BID, 1, 900, market=market, time_in_force=IOC))
    assert venue.free(taker) >= 0


def test_book_in_which_nobody_can_trade_does_not_move_the_mark() -> None:
    venue = PerpetualVenue(2)
    long, short = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.place(long, BID, 99.9, 1)
    venue.place(short, ASK, 100.1, 1)
    venue.must(c.SetMarketState(market=PERP, state=MarketState.CANCEL_ONLY))
    for second in range(120):
        venue.let(100 - second / 10)
    perpetual = venue.exchange.perpetual(PERP)
    assert perpetual is not None and perpetual.mark_ticks == perpetual.index_ticks


def test_first_second_after_a_stale_price_moves_the_mark_no_further_than_any_other() -> None:
    venue = PerpetualVenue(2)
    long, short = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.place(long, BID, 104.9, 1)
    venue.place(short, ASK, 105.1, 1)
    venue.time_us += 3_600 * 10**6
    venue.must(c.Clock())
    venue.let(100)
    perpetual = venue.exchange.perpetual(PERP)
    # The book is five percent away, and was so for no second in which there was a price.
    assert perpetual is not None and perpetual.mark_ticks - perpetual.index_ticks <= 500 / 60 + 1


def test_settlement_borrows_nothing_for_an_account_that_has_lost_more_than_it_has() -> None:
    venue = PerpetualVenue(3)
    poor, friend, lender = venue.accounts
    venue.fund(poor, 2_100_000)
    venue.fund(friend, 3 * DOLLAR)
    venue.fund(lender, 1_000 * DOLLAR)
    venue.must(c.Lend(account=lender, asset=USDC, amount_atoms=1_000 * DOLLAR))
    venue.must(c.SetAccount(account=poor, account_flags=int(AccountFlag.AUTO_BORROW_SETTLEMENTS)))
    venue.trade(poor, friend, 100, 100)
    venue.settle(80)
    assert venue.equity(poor) < 0
    assert dict(venue.exchange.loans(poor)).get(USDC, 0) == 0, "lenders paid for what he lost"


def test_hour_in_the_middle_of_a_settlement_leaves_nothing_of_the_funding_with_the_house() -> None:
    venue = PerpetualVenue(1)
    # The short position is met in the first page, the long one in the second.
    for _ in range(32_800):
        venue.must(c.OpenUser())
    short, long = venue.accounts[0], 64 + 2 * 32_800
    for account in (short, long):
        venue.fund(account, 1_000 * DOLLAR)
    hour_us = 3_600 * 10**6
    venue.time_us = (venue.time_us // hour_us + 1) * hour_us - 100 * 10**6
    venue.settle(100)
    venue.trade(long, short, 100, 10_000)
    venue.let(100, 90 - 10)
    assert venue.exchange.settling
    venue.let(100, 10)
    for _ in range(3):
        venue.settle(100)
    (position,) = venue.exchange.positions(short)
    assert position.funding_atoms > 0
    # Settled means: what it cost is what it is worth.
    assert position.reference_atoms == position.net_lots * 10_000 * 100


def test_order_that_only_reduces_is_eased_by_no_more_margin_than_it_sets_free() -> None:
    venue = PerpetualVenue(3)
    trader, friend, other = venue.accounts
    venue.fund(trader, 4 * DOLLAR + 100_000)
    venue.fund(friend, 1_000 * DOLLAR)
    venue.fund(other, 1_000 * DOLLAR)
    venue.trade(trader, other, 100, 200)
    # When half of the long position is gone, as much may become short as is long now.
    venue.place(trader, ASK, 105, 300)
    venue.let(99.5)
    before = venue.free(trader)
    assert before < 0
    venue.place(friend, BID, 97.6, 100)
    venue.give(venue.at_market(trader, ASK, 100, reduce_only=1))
    assert venue.free(trader) >= before - 10


def test_order_that_only_reduces_loses_no_more_than_its_account_has() -> None:
    venue = PerpetualVenue(3)
    poor, friend, other = venue.accounts
    venue.fund(poor, 2_100_000)
    venue.fund(friend, 1_000 * DOLLAR)
    venue.fund(other, 1_000 * DOLLAR)
    venue.trade(poor, other, 100, 100)
    venue.let(99)
    # Above the maintenance margin, so that nobody would have been liquidated.
    assert venue.equity(poor) > venue.exchange.measure(poor).maintenance
    venue.place(friend, BID, 97.05, 100)
    venue.give(venue.at_market(poor, ASK, 100, reduce_only=1))
    assert venue.equity(poor) >= 0


def test_position_can_be_ended_by_who_lost_the_right_to_its_asset() -> None:
    venue = PerpetualVenue(2)
    long, short = venue.accounts
    for account in venue.accounts:
        venue.fund(account, 1_000 * DOLLAR)
    venue.must(c.ListAsset(symbol="ACME", name="ACME", asset_kind=3, decimals=9, eligibility_class=1))
    venue.must(c.SetPricing(asset=3))
    for source in SOURCES:
        venue.must(c.SetPriceWeight(asset=3, price_source=source, weight=1))
    market = {"tick_atoms": 10**4, "lot_atoms": 10**7, "market_kind": 1, "fee_schedule": 1}
    venue.must(c.ListMarket(base_asset=3, quote_asset=USDC, **market))
    number = venue.exchange.markets_listed
    venue.rule(number)
    for source in SOURCES:
        venue.must(c.Quote(asset=3, price_source=source, last_units=100 * 10**8, observed_us=venue.time_us))
    venue.let(100)
    for user in (1, 2):
        venue.must(c.SetEligibility(user=user, buy_classes=2, sell_classes=2, hold_classes=2, withdraw_classes=2))
    venue.place(short, ASK, 100, 100, market=number)
    venue.place(long, BID, 100, 100, market=number)
    venue.must(c.SetEligibility(user=1, buy_classes=0, sell_classes=0, hold_classes=0, withdraw_classes=0))
    venue.place(short, BID, 100, 100, market=number)
    refused = venue.give(venue.order(long, ASK, 100, 100, market=number))[0]
    assert refused.reject == Reject.NOT_ELIGIBLE_TO_SELL
    venue.must(venue.order(long, ASK, 100, 100, market=number, reduce_only=1))
    assert venue.exchange.positions(long) == []
