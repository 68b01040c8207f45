"""Orders on a perpetual (rules 2): they lock nothing, change positions, and may only reduce one."""

from typing import Any

from ringfence.schema.enums import CloseReason, MarketState, Parameter, SelfTradePrevention, TimeInForce
from ringfence.schema.rejects import Reject

from . import book, brakes, checks, covering, margin, positions
from .state import ASK, BID, Market, Order, Position, Refused, State

MOST_POSITIONS = 256
MOST_REDUCING = 10
MOST_ROWS = 2**23
MOST_NOTIONAL = 2**58


class Later:
    """Keeps what is told, so that the first event may say what came of all of it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, **fields: Any) -> None:
        self.told.append((kind, fields))

    def tell(self, emit: Any) -> None:
        for kind, fields in self.told:
            emit(kind, **fields)


def place(state: State, command: Any, market: Market, taker: book.Taker, emit: Any) -> None:
    checks.not_deleveraged(state, market)
    position = positions.seen(state, taker.account, market)
    assert taker.left
    if taker.reduce_only:
        taker.left = reduced(state, position, taker)
    what_if = adding(market, taker.side, taker.left)
    if not taker.of_venue:
        within_limits(state, market, position, what_if, command.reduce_only)
    quantity = taker.left
    walked = book.plan(state, market, taker)
    lots, atoms = (
        (quantity, taker.price_ticks * quantity * market.quote_factor)
        if taker.is_limit
        else worst_fills(market, walked, taker)
    )
    trading = margin.Trading(taker.order, taker.account, market, taker.side, lots, atoms, taker.reduce_only)
    passed = margin.Passed() if taker.of_venue else margin.check(state, taker.account, what_if, trading)
    margin.store(state, passed)
    later = Later()
    rests = match(state, market, taker, later)
    book.accepted(state, command, taker, quantity, rests, emit)
    later.tell(emit)
    if rests:
        assert taker.left
        order = book.resting(state, command, taker, quantity - taker.left + rests, rests)
        order.reserved_value = book.scaled(passed.reserved, rests, quantity)
        book.rest(state, market, order)
    if taker.halts:
        brakes.halt(state, market, taker, emit)


def amend(state: State, command: Any, market: Market, order: Order, taker: book.Taker, emit: Any) -> None:
    """Take the order off the book and match it like a new one that keeps its number."""
    checks.not_deleveraged(state, market)
    remaining = taker.left
    assert remaining
    what_if = adding(market, order.side, remaining - order.remaining_lots)
    within_limits(state, market, positions.seen(state, order.account, market), what_if, order.reduce_only)
    atoms = command.price_ticks * remaining * market.quote_factor
    trading = margin.Trading(order.order, order.account, market, order.side, remaining, atoms, order.reduce_only)
    passed = margin.check(state, order.account, what_if, trading)
    margin.store(state, passed)
    book.take_off(state, market, order)
    later = Later()
    rests = match(state, market, taker, later)
    book.amended(order, emit, command.price_ticks, command.quantity_lots, rests, order.remaining_lots, kept_place=0)
    later.tell(emit)
    if rests:
        assert taker.left
        order.reserved_value = book.scaled(passed.reserved, rests, remaining)
        book.queue_anew(state, market, order, taker, command.quantity_lots - taker.left + rests, rests)
    if taker.halts:
        brakes.halt(state, market, taker, emit)


def worst_fills(market: Market, walked: book.Plan, taker: book.Taker) -> tuple[int, int]:
    """Return the lots and the atoms of a market order that meets the last of those who only reduce."""
    if not walked.passed_over:
        return walked.lots, walked.quote(market)
    there = sum(maker.remaining_lots for maker in walked.passed_over)
    more = min(taker.left - walked.lots, there)
    price = walked.passed_over[-1].price_ticks
    return walked.lots + more, walked.quote(market) + more * price * market.quote_factor


def reduced(state: State, position: Position, taker: book.Taker) -> int:
    """Return how much of its quantity an order that only reduces may keep."""
    most = positions.to_reduce(position, taker.side)
    if most <= position.reduce_lots:
        raise Refused(Reject.REDUCE_ONLY_NOT_REDUCED, value=most, limit=position.reduce_lots)
    if taker.is_limit and taker.time_in_force == TimeInForce.GTC:
        stand = [order for order in state.accounts[taker.account].orders.values() if order.market == position.market]
        reducing = sum(order.reduce_only for order in stand)
        if reducing >= MOST_REDUCING:
            raise Refused(Reject.REDUCE_ORDERS_LIMIT, value=reducing, limit=MOST_REDUCING)
    assert taker.left
    return min(taker.left, most - position.reduce_lots)


def adding(market: Market, side: int, lots: int) -> margin.WhatIf:
    bid, ask = (lots, 0) if side == BID else (0, lots)
    return margin.WhatIf(market=market.market, bid_lots=bid, ask_lots=ask)


def within_limits(state: State, market: Market, position: Position, what_if: margin.WhatIf, reduces: int) -> None:
    may_grow(state, market, position, what_if)
    if not reduces:
        may_open(state, market, position, what_if)


def may_open(state: State, market: Market, position: Position, what_if: margin.WhatIf) -> None:
    """Check the open interest if everything on the side of the order filled."""
    perpetual, net = state.perpetuals[market.market], position.net_lots
    bids = what_if.bid_lots + position.bid_lots + (position.reduce_lots if net < 0 else 0)
    asks = what_if.ask_lots + position.ask_lots + (position.reduce_lots if net > 0 else 0)
    opens = 0
    if what_if.bid_lots > 0:
        opens = max(0, net + bids) - max(0, net)
    elif what_if.ask_lots > 0:
        opens = max(0, asks - net) - max(0, -net)
    grown = perpetual.open_interest_lots + opens
    if opens and grown > perpetual.open_interest_limit_lots:
        raise Refused(Reject.OPEN_INTEREST_LIMIT, value=grown, limit=perpetual.open_interest_limit_lots)


def may_grow(state: State, market: Market, position: Position, what_if: margin.WhatIf) -> None:
    perpetual = state.perpetuals[market.market]
    before = positions.largest(position)
    after = positions.largest(position, what_if.bid_lots, what_if.ask_lots)
    if after <= before:
        return
    covering.not_in_resolution(state, market)
    if after > perpetual.position_limit_lots:
        raise Refused(Reject.POSITION_LIMIT, value=after, limit=perpetual.position_limit_lots)
    if after * perpetual.mark_ticks * market.quote_factor > MOST_NOTIONAL:
        raise Refused(Reject.VALUE_TOO_LARGE, limit=MOST_NOTIONAL)
    has = positions.of_account(state, position.account)
    if market not in has and len(has) >= MOST_POSITIONS:
        raise Refused(Reject.POSITION_LIMIT, value=len(has) + 1, limit=MOST_POSITIONS)
    if len(state.positions) + 8 > MOST_ROWS:
        raise Refused(Reject.VENUE_FULL, value=len(state.positions), limit=MOST_ROWS)


# Matching.


class Fills:
    """What a taker traded in one command."""

    def __init__(self) -> None:
        self.lots = self.quote = self.fee = 0


def match(state: State, market: Market, taker: book.Taker, emit: Any) -> int:
    """Match a taker and change its position; return how many of its lots are to rest."""
    fills = Fills()
    end = ended_at_once(state, market, taker) or book.end_of(taker, walk(state, market, taker, fills, emit))
    if fills.lots:
        sign = 1 if taker.side == BID else -1
        positions.change(state, taker.account, market, sign * fills.lots, sign * fills.quote, fills.fee)
        trim(state, market, taker.account, emit)
    if isinstance(end, CloseReason):
        book.tell_end(state, market, taker, end, emit)
    return to_rest(state, market, taker, emit) if end == book.RESTS else 0


def to_rest(state: State, market: Market, taker: book.Taker, emit: Any) -> int:
    """Return how many lots rest: of an order that only reduces, what is still to reduce."""
    assert taker.left
    if not taker.reduce_only:
        return taker.left
    position = positions.seen(state, taker.account, market)
    rests = min(taker.left, positions.to_reduce(position, taker.side) - position.reduce_lots)
    if rests <= 0:
        book.tell_end(state, market, taker, CloseReason.REDUCE_ONLY, emit)
    return max(0, rests)


def ended_at_once(state: State, market: Market, taker: book.Taker) -> str | CloseReason | None:
    """Return why an order closes, or rests, before its first fill."""
    if market.state == MarketState.AUCTION and not taker.auction_ticks:
        return book.RESTS
    best = market.best(1 - taker.side)
    if market.state == MarketState.POST_ONLY and book.crosses(taker.side, taker.price_ticks, best):
        return CloseReason.POST_ONLY_MODE
    if taker.time_in_force == TimeInForce.FOK and book.plan(state, market, taker).end != book.FILLED:
        return CloseReason.FILL_OR_KILL
    return None


def walk(state: State, market: Market, taker: book.Taker, fills: Fills, emit: Any) -> str | CloseReason:
    """Meet the best opposite order again and again, and return how it ended.

    There is no plan to go by: a fill may close or shorten other orders of its maker, also such as come next.
    """
    bound, beyond = book.bound_of(market, taker)
    most, handled = state.parameters[Parameter.FILLS_PER_COMMAND], 0
    while taker.left:
        maker = next(book.oldest_first(market, 1 - taker.side), None)
        end = book.stop(taker, maker, bound, beyond, handled >= most)
        if end != book.FILLED:
            return end
        assert maker
        handled += 1
        if maker.user != taker.user:
            fill(state, market, taker, maker, fills, emit)
            continue
        if taker.self_trade_prevention != SelfTradePrevention.REJECT_TAKER:
            book.close(state, market, maker, CloseReason.SELF_TRADE_PREVENTION, emit)
        if taker.self_trade_prevention != SelfTradePrevention.REJECT_MAKER:
            return CloseReason.SELF_TRADE_PREVENTION
    return book.FILLED


def fill(state: State, market: Market, taker: book.Taker, maker: Order, fills: Fills, emit: Any) -> None:
    assert taker.left
    lots = min(taker.left, maker.remaining_lots)
    quote = lots * book.price_of(taker, maker) * market.quote_factor
    own_ppm, taker_ppm = fee_rates(state, market, taker.user)
    if taker.auction_ticks:
        taker_ppm = max(0, own_ppm)
    if taker.of_case:
        taker_ppm = 0
    maker_ppm, _ = fee_rates(state, market, maker.user)
    taker_fee = on_top(taker.executed_quote_atoms, quote, taker_ppm)
    rebate = min(book.floor_ppm(quote, -maker_ppm), taker_fee)
    maker_fee = -rebate if maker_ppm < 0 else on_top(maker.executed_quote_atoms, quote, maker_ppm)
    fills.lots, fills.quote, fills.fee = fills.lots + lots, fills.quote + quote, fills.fee + taker_fee
    sign = 1 if maker.side == BID else -1
    positions.change(state, maker.account, market, sign * lots, sign * quote, maker_fee)
    book.trade(state, market, taker, maker, lots, (taker_fee, maker_fee), emit)
    trim(state, market, maker.account, emit)


def on_top(executed: int, quote: int, ppm: int) -> int:
    """Return the fee of a fill: what the order has to pay in all, less what it has to pay without it."""
    return book.ceil_ppm(executed + quote, ppm) - book.ceil_ppm(executed, ppm)


def fee_rates(state: State, market: Market, user: int) -> tuple[int, int]:
    return state.fee_tiers[market.fee_schedule, state.users[user].fee_tier]


def trim(state: State, market: Market, account: int, emit: Any) -> None:
    """Close or shorten orders that only reduce and no longer can, oldest first."""
    position = positions.seen(state, account, market)
    if not position.reduce_lots:
        return
    room, side = abs(position.net_lots), ASK if position.net_lots > 0 else BID
    for order in list(state.accounts[account].orders.values()):
        if order.market != market.market or not order.reduce_only:
            continue
        if position.net_lots == 0 or order.side != side or room == 0:
            book.close(state, market, order, CloseReason.REDUCE_ONLY, emit)
            continue
        kept = min(order.remaining_lots, room)
        room -= kept
        if kept < order.remaining_lots:
            previous = order.remaining_lots
            book.shorten(state, market, order, kept)
            book.amended(order, emit, order.price_ticks, order.quantity_lots, kept, previous, kept_place=1)
