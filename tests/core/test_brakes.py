"""What brakes do: bands, halts, auctions, margin that rises with open interest, orders that are retired."""

from tests.core.braked_venue import Braked, of
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SPOT, USDC

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import BrakePhase, CloseReason, MarketState
from ringfence.schema.rejects import Reject


def test_trade_outside_the_band_does_not_happen_and_the_market_halts() -> None:
    venue = Braked()
    told = venue.halt()
    assert not of(v.Trade, told)
    (halted,), (state,) = of(v.MarketHalted, told), of(v.MarketStateSet, told)
    assert (halted.price_ticks, halted.reference_ticks, halted.low_ticks, halted.high_ticks) == (
        11100,
        10000,
        9000,
        11000,
    )
    assert state.state == MarketState.CANCEL_ONLY == venue.state
    assert told[0].rested_lots == 50


def test_auction_trades_at_one_price_where_least_is_left_over() -> None:
    venue = Braked()
    venue.halt()
    venue.let(100, 2)
    assert venue.state == MarketState.AUCTION
    venue.rest(venue.carol, ASK, 109, 30)
    told = venue.let(100, 1)
    (indicated,) = of(v.AuctionIndicated, told)
    assert (indicated.price_ticks, indicated.quantity_lots, indicated.imbalance_lots) == (11100, 50, -80)
    venue.let(100, 9)
    told = venue.uncross()
    (again,) = of(v.AuctionBegan, told)
    assert (again.extended, again.price_ticks) == (1, 11100)
    assert not of(v.Trade, told) and venue.state == MarketState.AUCTION
    venue.let(100, 10)
    told = venue.uncross()
    (priced,) = of(v.AuctionPriced, told)
    assert (priced.price_ticks, priced.quantity_lots, priced.side) == (11100, 50, BID)
    trades = of(v.Trade, told)
    assert [(t.price_ticks, t.quantity_lots, t.maker_price_ticks) for t in trades] == [
        (11100, 30, 10900),
        (11100, 20, 11100),
    ]
    (reopened,) = of(v.MarketReopened, told)
    assert (reopened.price_ticks, reopened.quantity_lots, reopened.trades) == (11100, 50, 2)
    assert venue.state == MarketState.OPEN
    assert venue.exchange.band(SPOT) == (9990, 12210)
    assert venue.sound()


def test_buyer_of_an_auction_gets_back_what_he_had_locked_beyond_its_price() -> None:
    venue = Braked()
    venue.halt()
    venue.let(100, 2)
    venue.rest(venue.carol, ASK, 100, 200)
    venue.let(100, 10)
    told = venue.uncross()
    # All of bob's fifty are filled at the nearest price to the reference at which nobody else would be.
    (trade,) = of(v.Trade, told)
    assert (trade.price_ticks, trade.quantity_lots, trade.taker_order == told[1].order) == (10000, 50, True)
    assert venue.exchange.balance(venue.bob, USDC) == ((100_000 - 50) * DOLLAR, 0)
    assert venue.exchange.balance(venue.carol, USDC) == ((100_000 + 50) * DOLLAR, 0)


def test_maker_that_bids_gets_back_what_he_had_locked_beyond_the_price() -> None:
    venue = Braked()
    venue.halt()
    venue.let(100, 2)
    venue.rest(venue.carol, BID, 105, 100)
    venue.rest(venue.dora, ASK, 100, 80)
    venue.let(100, 10)
    told = venue.uncross()
    (priced,) = of(v.AuctionPriced, told)
    # Fifty at 112 and a hundred at 105 are bid, eighty asked: seventy are left at any price up to 105.
    assert (priced.price_ticks, priced.quantity_lots, priced.imbalance_lots, priced.side) == (10000, 80, 70, ASK)
    assert venue.exchange.balance(venue.bob, USDC) == ((100_000 - 50) * DOLLAR, 0)
    assert venue.exchange.balance(venue.carol, USDC) == (
        100_000 * DOLLAR - 30 * DOLLAR - 70 * 105 * DOLLAR // 100,
        70 * 105 * DOLLAR // 100,
    )
    assert venue.sound()


def test_orders_that_do_not_wait_are_refused_in_an_auction() -> None:
    venue = Braked()
    venue.halt()
    assert venue.try_order(venue.carol, ASK, 100, 5)[0].reject == Reject.MARKET_CANCEL_ONLY
    venue.let(100, 2)
    for more in ({"time_in_force": 1}, {"time_in_force": 2}):
        assert venue.try_order(venue.carol, ASK, 100, 5, **more)[0].reject == Reject.MARKET_IN_AUCTION
    assert venue.try_order(venue.carol, ASK, 0, 5, order_type=1)[0].reject == Reject.MARKET_IN_AUCTION
    assert venue.try_order(venue.carol, ASK, 100, 5, post_only=1)[0].reject == Reject.WOULD_TAKE
    order = venue.rest(venue.carol, ASK, 100, 5)
    venue.must(c.CancelOrder(account=venue.carol, market=SPOT, order=order))
    venue.let(100, 10)
    assert venue.try_order(venue.carol, ASK, 100, 5)[0].reject == Reject.MARKET_UNCROSSING
    assert venue.row.phase == BrakePhase.UNCROSSING


def test_what_does_not_rest_is_closed_where_the_band_ends() -> None:
    venue = Braked()
    venue.rest(venue.alice, ASK, 109, 10)
    venue.rest(venue.alice, ASK, 111, 10)
    told = venue.must(venue.order(venue.bob, BID, 112, 20, market=SPOT, time_in_force=1))
    (closed,) = of(v.OrderClosed, told)
    assert (closed.reason, closed.executed_lots, closed.remaining_lots) == (CloseReason.PRICE_IMPACT, 10, 10)
    assert len(of(v.MarketHalted, told)) == 1


def test_order_that_fills_whole_or_not_at_all_halts_nothing() -> None:
    venue = Braked()
    venue.rest(venue.alice, ASK, 111, 10)
    told = venue.must(venue.order(venue.bob, BID, 112, 10, market=SPOT, time_in_force=2))
    assert of(v.OrderClosed, told)[0].reason == CloseReason.FILL_OR_KILL
    assert venue.state == MarketState.OPEN


def test_band_hangs_on_the_mark_and_moves_when_its_window_is_over() -> None:
    venue = Braked()
    assert venue.exchange.band(SPOT) == (9000, 11000)
    assert not of(v.BandMoved, venue.let(120, 299))
    (moved,) = of(v.BandMoved, venue.let(120, 1))
    assert (moved.reference_ticks, moved.low_ticks, moved.high_ticks) == (12000, 10800, 13200)


def test_auction_in_which_nobody_meets_reopens_without_a_trade() -> None:
    venue = Braked()
    venue.halt()
    venue.must(c.CancelAllOrders(account=venue.bob))
    venue.let(100, 2)
    venue.let(100, 10)
    told = venue.uncross()
    (reopened,) = of(v.MarketReopened, told)
    assert (reopened.price_ticks, reopened.trades) == (0, 0) and venue.state == MarketState.OPEN
    assert venue.exchange.band(SPOT) == (9000, 11000)


def test_operator_may_shut_a_halted_market_and_only_an_auction_opens_it() -> None:
    venue = Braked()
    venue.halt()
    venue.must(c.SetMarketState(market=SPOT, state=MarketState.CLOSED))
    venue.let(100, 100)
    assert venue.state == MarketState.CLOSED
    refused = venue.give(c.SetMarketState(market=SPOT, state=MarketState.OPEN))
    assert refused[0].reject == Reject.REOPENS_BY_AUCTION
    venue.must(c.SetMarketState(market=SPOT, state=MarketState.AUCTION))
    venue.let(100, 10)
    venue.uncross()
    venue.let(100, 10)
    venue.uncross()
    assert venue.state == MarketState.OPEN


def test_market_without_brakes_has_no_auction() -> None:
    venue = Braked(market=PERP)
    refused = venue.give(c.SetMarketState(market=SPOT, state=MarketState.AUCTION))
    assert refused[0].reject == Reject.NO_BRAKES


def test_trigger_that_was_reached_fires_after_the_auction() -> None:
    venue = Braked()
    venue.rest(venue.carol, BID, 92, 10)
    venue.rest(venue.carol, BID, 80, 100)
    venue.trade_spot(venue.bob, venue.alice, 100)
    venue.must(c.PlaceTrigger(account=venue.dora, market=SPOT, side=ASK, quantity_lots=5, trigger_ticks=9500))
    told = venue.must(venue.order(venue.alice, ASK, 70, 20, market=SPOT))
    assert len(of(v.Trade, told)) == 1 and of(v.MarketHalted, told)
    assert venue.exchange.triggers_due == 1
    assert venue.give(c.FireTrigger()) == [] and venue.exchange.triggers_due == 0
    assert venue.sound()
    venue.let(100, 2)
    venue.let(100, 10)
    venue.uncross()
    venue.let(100, 10)
    venue.uncross()
    assert venue.state == MarketState.OPEN and venue.exchange.triggers_due == 1
    told = venue.give(c.FireTrigger())
    assert isinstance(told[0], v.TriggerFired) and of(v.Trade, told)


def test_positions_change_at_the_price_of_the_auction() -> None:
    venue = Braked(market=PERP)
    venue.halt()
    venue.let(100, 2)
    venue.rest(venue.carol, ASK, 101, 20)
    venue.rest(venue.carol, ASK, 104, 100)
    venue.let(100, 10)
    told = venue.uncross()
    assert {trade.price_ticks for trade in of(v.Trade, told)} == {10400}
    row = venue.exchange.position(venue.bob, PERP)
    assert row is not None and (row.net_lots, row.entry_atoms) == (50, 52 * DOLLAR)
    other = venue.exchange.position(venue.carol, PERP)
    assert other is not None and other.net_lots == -50
    assert venue.state == MarketState.OPEN
    assert venue.sound()


def test_slice_of_a_case_halts_the_market_and_waits_for_the_auction() -> None:
    venue = Braked(market=PERP, band_ppm=10_000)
    poor = venue.poor(300)
    venue.trade(poor, venue.alice, 100, 10_000)
    venue.let(97.9)
    venue.rest(venue.carol, BID, 97.9, 50_000)
    told = venue.must(c.OpenCases())
    told = venue.give(c.StepCase())
    assert of(v.MarketHalted, told)[0].account == poor
    assert of(v.SliceEnded, told)[0].filled_lots == 0
    venue.let(97.9, 2)
    assert not of(v.SliceOrdered, venue.give(c.StepCase()))
    venue.let(97.9, 10)
    venue.uncross()
    venue.let(97.9, 1)
    told = venue.give(c.StepCase())
    assert of(v.SliceEnded, told)[0].filled_lots > 0


def test_initial_margin_rises_with_open_interest_at_the_clock_and_maintenance_does_not() -> None:
    venue = Braked(market=PERP, band_ppm=0, interest_low_lots=100, interest_high_lots=1_100)
    venue.trade(venue.bob, venue.alice, 100, 600)
    before = venue.exchange.measure(venue.bob)
    (raised,) = of(v.InitialMarginRaised, venue.let(100))
    # Half way from two percent to all of it.
    assert (raised.raised_base_e8, raised.open_interest_lots) == (51_000_000, 600)
    after = venue.exchange.measure(venue.bob)
    assert (before.initial, after.initial) == (12 * DOLLAR + 1, 306 * DOLLAR + 1)
    assert before.maintenance == after.maintenance
    venue.trade(venue.alice, venue.bob, 100, 600)
    assert of(v.InitialMarginRaised, venue.let(100))[0].raised_base_e8 == 0


def test_open_interest_has_no_range_on_a_spot_market_or_reversed() -> None:
    venue = Braked(market=PERP)
    spot = venue.give(c.SetBrakes(market=SPOT, interest_high_lots=5))
    assert spot[0].reject == Reject.INVALID_COMBINATION
    same = venue.give(c.SetBrakes(market=PERP, interest_low_lots=5, interest_high_lots=5))
    assert (same[0].reject, same[0].value, same[0].limit) == (Reject.RANGE_REVERSED, 5, 5)


def test_old_orders_far_from_the_mark_are_retired_and_young_ones_stay() -> None:
    venue = Braked(band_ppm=0, stale_ppm=50_000, far_ppm=500_000, stale_age_ms=60_000)
    picked = venue.rest(venue.alice, BID, 100, 10)
    far = venue.rest(venue.alice, BID, 49, 10)
    near = venue.rest(venue.alice, BID, 90, 10)
    assert not of(v.OrderClosed, venue.let(100, 59))
    told = of(v.OrderClosed, venue.let(96, 1))
    assert told == []
    young = venue.rest(venue.alice, BID, 99.9, 10)
    told = of(v.OrderClosed, venue.let(94, 10))
    assert [(event.order, event.reason) for event in told] == [(picked, CloseReason.STALE)]
    told = of(v.OrderClosed, venue.let(99, 1))
    assert [(event.order, event.reason) for event in told] == [(far, CloseReason.STALE)]
    assert {row.order for row in venue.exchange.open_orders(venue.alice)} == {near, young}
    assert venue.sound()


def test_state_comes_back_from_its_rows_in_the_middle_of_an_auction() -> None:
    venue = Braked()
    venue.halt()
    venue.let(100, 2)
    for dollars in (101, 102, 103):
        venue.rest(venue.carol, ASK, dollars, 20)
    venue.let(100, 10)
    for _ in range(2):
        venue.give(c.UncrossMarket(market=SPOT))
    other = Exchange.restore(venue.exchange.rows())
    assert other.state_hash() == venue.exchange.state_hash() and other.uncrossing == [SPOT]
    venue.exchange = other
    assert of(v.MarketReopened, venue.uncross())
    assert venue.sound()
