from ringfence.schema.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from ringfence.schema.enums import CloseReason, OrderType, SelfTradePrevention, Side, TimeInForce
from ringfence.schema.rejects import Reject
from ringfence.views.orders import EXPIRY_REASON_NAMES, OrderStatus, amended, cancelled, closing_result, placed

from .venue import ALICE, BOB, SOL_USDC, limit, listed_venue

BID, ASK = Side.BID, Side.ASK


def test_placed_order_that_rests_is_new() -> None:
    venue, _ = listed_venue()
    result = placed(venue.do(limit(ALICE, BID, 1_000, 50)))
    assert (result.order, result.status, result.executed_lots) == (venue.sequence, OrderStatus.NEW, 0)
    assert (result.rested_lots, result.fills, result.reject, result.expiry_reason) == (50, (), None, None)


def test_placed_order_that_takes_and_rests_is_partially_filled() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50), limit(ALICE, BID, 999, 50))
    result = placed(venue.do(limit(BOB, ASK, 999, 120)))
    assert (result.status, result.executed_lots, result.rested_lots) == (OrderStatus.PARTIALLY_FILLED, 100, 20)
    assert [(fill.price_ticks, fill.quantity_lots, fill.is_maker) for fill in result.fills] == [
        (1_000, 50, False),
        (999, 50, False),
    ]
    assert result.executed_quote_atoms == sum(fill.quote_atoms for fill in result.fills) == 99_950 * 10


def test_placed_order_that_takes_all_it_wants_is_filled() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50))
    assert placed(venue.do(limit(BOB, ASK, 900, 50))).status is OrderStatus.FILLED


def test_placed_market_order_by_quote_that_spent_what_it_could_is_filled() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, ASK, 1_000, 50))
    order = PlaceOrder(account=BOB, market=SOL_USDC, side=BID, order_type=OrderType.MARKET, quote_atoms=25_001)
    result = placed(venue.do(order))
    assert (result.status, result.executed_lots, result.executed_quote_atoms) == (OrderStatus.FILLED, 2, 20_000)


def test_placed_order_that_is_stopped_expires_with_its_reason() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50))
    at_once = placed(venue.do(limit(BOB, ASK, 1_000, 80, time_in_force=TimeInForce.IOC)))
    assert (at_once.status, at_once.executed_lots, at_once.expiry_reason) == (
        OrderStatus.EXPIRED,
        50,
        "ImmediateOrCancel",
    )
    in_full = placed(venue.do(limit(BOB, ASK, 1_000, 80, time_in_force=TimeInForce.FOK)))
    assert (in_full.status, in_full.executed_lots, in_full.expiry_reason) == (OrderStatus.EXPIRED, 0, "FillOrKill")


def test_placed_order_that_meets_its_owner_says_who_gave_way() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50))
    maker = venue.sequence
    events = venue.do(limit(ALICE, ASK, 1_000, 50, self_trade_prevention=SelfTradePrevention.REJECT_MAKER))
    assert placed(events).status is OrderStatus.NEW
    gone = closing_result(events[1])
    assert (gone.order, gone.status, gone.expiry_reason) == (maker, OrderStatus.EXPIRED, "SelfTradePrevention")


def test_placed_order_that_is_refused_has_no_status() -> None:
    venue, _ = listed_venue()
    result = placed(venue.do(limit(ALICE, BID, 1_000, 0)))
    assert result.status is None and result.reject is not None
    assert result.reject.reject == Reject.QUANTITY_BELOW_MINIMUM


def test_cancelled_orders_carry_what_they_executed() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50), limit(ALICE, BID, 900, 50))
    first = venue.sequence - 1
    venue.do(limit(BOB, ASK, 1_000, 20))
    (result,) = cancelled(venue.do(CancelOrder(account=ALICE, market=SOL_USDC, order=first)))
    assert (result.status, result.executed_lots, result.expiry_reason) == (OrderStatus.CANCELLED, 20, None)
    assert [result.order for result in cancelled(venue.do(CancelAllOrders(account=ALICE)))] == [first + 1]
    assert cancelled(venue.do(CancelAllOrders(account=ALICE))) == []
    (refused,) = cancelled(venue.do(CancelOrder(account=ALICE, market=SOL_USDC, order=first)))
    assert refused.reject is not None and refused.reject.reject == Reject.UNKNOWN_ORDER


def test_amended_order_counts_what_it_executed_before() -> None:
    venue, _ = listed_venue()
    venue.do(limit(ALICE, BID, 1_000, 50))
    order = venue.sequence
    venue.do(limit(BOB, ASK, 1_000, 20), limit(BOB, ASK, 1_005, 10))
    before = venue.exchange.order(order)
    assert before is not None
    change = AmendOrder(account=ALICE, market=SOL_USDC, order=order, price_ticks=1_005, quantity_lots=60)
    result = amended(venue.do(change), before)
    assert (result.status, result.executed_lots, result.rested_lots) == (OrderStatus.PARTIALLY_FILLED, 30, 30)
    after = venue.exchange.order(order)
    assert after is not None and result.executed_quote_atoms == after.executed_quote_atoms


def test_every_close_reason_has_a_name_on_the_wire() -> None:
    assert set(EXPIRY_REASON_NAMES) == set(CloseReason)
