"""Auctions (rules 2): the price at which most meets, and the trades at it."""

from itertools import accumulate
from typing import Any

from ringfence.schema.enums import BrakePhase, TriggerBy
from ringfence.schema.fields import MAX_ATOMS

from . import book, brakes, checks, contracts, orders, triggers
from .state import ASK, BID, Brakes, Market, Order, State

SCANNED = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "lots", "low_ticks", "high_ticks")


def forget(found: Brakes) -> None:
    found.scan_sequence = 0
    for name in SCANNED:
        setattr(found, f"scan_{name}", 0)
    found.indicative_ticks = found.indicative_lots = found.imbalance_lots = 0


def lots_at(market: Market, side: int, price: int) -> int:
    return sum(order.remaining_lots for order in market.levels[side][price].values())


def volumes(market: Market, price: int) -> tuple[int, int]:
    """Return how many lots are bid at a price or more, and asked at it or less."""
    bids = sum(lots_at(market, BID, other) for other in market.levels[BID] if other >= price)
    return bids, sum(lots_at(market, ASK, other) for other in market.levels[ASK] if other <= price)


def find(market: Market) -> None:
    """Say how much meets, from which price to which, and what the two sides have left then."""
    row = market.brakes
    assert row
    row.scan_sequence = market.book_sequence
    bid_prices, ask_prices = list(reversed(market.levels[BID])), list(market.levels[ASK])
    prices = {*bid_prices, *ask_prices}
    most = max((min(volumes(market, price)) for price in prices), default=0)
    row.scan_lots = min(most, MAX_ATOMS // 2)
    row.scan_high_ticks, row.scan_bid_ticks, row.scan_bid_lots = reach(market, BID, bid_prices, most)
    row.scan_low_ticks, row.scan_ask_ticks, row.scan_ask_lots = reach(market, ASK, ask_prices, most)


def reach(market: Market, side: int, prices: list[int], lots: int) -> tuple[int, int, int]:
    """Return the last price that so many lots of a side take, the next one with something left, and how much."""
    last = left_ticks = left_lots = 0
    for price, total in zip(prices, accumulate(lots_at(market, side, price) for price in prices), strict=True):
        if total - lots_at(market, side, price) < lots:
            last = price
        if total > lots:
            left_ticks, left_lots = price, min(total - lots, lots_at(market, side, price))
            break
    return last, left_ticks, left_lots


def price_of(state: State, market: Market) -> tuple[int, int]:
    """Return (price, imbalance) of a book that was looked at, by trying every price where anything changes."""
    row = market.brakes
    assert row
    if not row.scan_lots:
        return 0, 0
    low, high = row.scan_low_ticks, row.scan_high_ticks
    reference = row.reference_ticks or brakes.price_of_now(state, market)
    levels = {*market.levels[BID], *market.levels[ASK]}
    tried = {low, high, reference, *(price + step for price in levels for step in (-1, 0, 1))}

    def rank(price: int) -> tuple[int, int, int]:
        bids, asks = volumes(market, price)
        return abs(bids - asks), abs(price - reference) if reference else 0, price

    price = min((price for price in tried if low <= price <= high), key=rank)
    bids, asks = volumes(market, price)
    return price, bids - asks


def indicate(state: State, market: Market, emit: Any) -> None:
    row = market.brakes
    assert row
    if row.phase != BrakePhase.AUCTION or row.scan_sequence == market.book_sequence:
        return
    find(market)
    price, imbalance = price_of(state, market)
    if (price, row.scan_lots, imbalance) == (row.indicative_ticks, row.indicative_lots, row.imbalance_lots):
        return
    row.indicative_ticks, row.indicative_lots, row.imbalance_lots = price, row.scan_lots, imbalance
    body = {"price_ticks": price, "quantity_lots": row.scan_lots, "imbalance_lots": imbalance}
    emit("AuctionIndicated", account=0, market=market.market, **body)


def uncross_market(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    row = market.brakes
    if row is None or row.phase != BrakePhase.UNCROSSING or brakes.stands_still(state, market):
        return
    if not row.auction_ticks:
        if row.scan_sequence != market.book_sequence:
            find(market)
        settle_on_price(state, market, row, emit)
        return
    own, other = (first_at(market, side, row.auction_ticks) for side in (row.auction_side, 1 - row.auction_side))
    if own and other:
        trades, lots = market.trades, match_at(state, market, own, row.auction_ticks, emit)
        row.auction_lots, row.auction_trades = row.auction_lots + lots, row.auction_trades + market.trades - trades
        return
    bid, ask = market.best(BID), market.best(ASK)
    if bid is not None and ask is not None and bid >= ask:
        row.auction_ticks = 0
    else:
        reopen(state, market, row, emit)


def settle_on_price(state: State, market: Market, row: Brakes, emit: Any) -> None:
    price, imbalance = price_of(state, market)
    if not price:
        reopen(state, market, row, emit)
        return
    low, high = market.band
    if high and not low <= price <= high and not row.extended and not row.auction_trades:
        brakes.begin_auction(state, market, 0, 1, price, emit)
        return
    row.auction_ticks = row.indicative_ticks = price
    row.indicative_lots, row.imbalance_lots = row.scan_lots, imbalance
    row.auction_side = ASK if imbalance >= 0 else BID
    body = {"price_ticks": price, "quantity_lots": row.scan_lots, "imbalance_lots": imbalance}
    body |= {"reference_ticks": row.reference_ticks, "side": row.auction_side}
    emit("AuctionPriced", account=0, market=market.market, **body)


def first_at(market: Market, side: int, price: int) -> Order | None:
    order = next(book.oldest_first(market, side), None)
    return order if order and (order.price_ticks >= price if side == BID else order.price_ticks <= price) else None


def match_at(state: State, market: Market, order: Order, price: int, emit: Any) -> int:
    """Match an order anew, at one price; return the lots that it traded."""
    executed, previous = order.quantity_lots - order.remaining_lots, order.remaining_lots
    taker = orders.taker_of(order, order, executed)
    taker.auction_ticks, quantity, reserved = price, order.quantity_lots, order.reserved_value
    _, present = book.take_off(state, market, order)
    later = contracts.Later()
    if market.is_perpetual:
        rests = contracts.match(state, market, taker, later)
    else:
        made = book.final_plan(state, market, taker)
        rests = previous - made.lots if made.end == book.RESTS else 0
        book.execute(state, market, taker, made, later)
    book.amended(order, emit, order.price_ticks, quantity, rests, previous, kept_place=0)
    later.tell(emit)
    if rests:
        assert taker.left
        order.reserved_value = book.scaled(reserved, rests, previous)
        book.queue_anew(state, market, order, taker, quantity - taker.left + rests, rests)
    if not market.is_perpetual:
        orders.settle(state, market, taker, present, rests, emit)
    lots = taker.executed_lots - executed
    if lots:
        triggers.grow(state, order.order, lots)
    return lots


def reopen(state: State, market: Market, row: Brakes, emit: Any) -> None:
    price, opens = market.last_price_ticks if row.auction_trades else 0, row.reopen_state
    row.phase = int(BrakePhase.NONE)
    body = {"price_ticks": price, "quantity_lots": row.auction_lots, "trades": row.auction_trades}
    emit("MarketReopened", account=0, market=market.market, **body)
    row.auction_ticks = row.auction_lots = row.auction_trades = row.auction_side = 0
    row.until_us = row.extended = row.reopen_state = 0
    forget(row)
    brakes.enter(market, opens, 0, emit)
    if row.band_ppm:
        brakes.move_band(state, market, price or brakes.price_of_now(state, market), emit)
    if market.last_price_ticks:
        triggers.look(state, market, TriggerBy.LAST, market.last_price_ticks)
