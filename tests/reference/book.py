"""Matching: first a plan that changes nothing, then its execution.

The plan walks the opposite side by the steps of the rules and lists what would happen to each maker. It is the one
source for fill-or-kill, for what a market order needs, and for the fills themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ringfence.schema.enums import (
    CloseReason,
    HouseAccount,
    MarketState,
    OrderType,
    Parameter,
    SelfTradePrevention,
    SlippageKind,
    TimeInForce,
    TriggerBy,
)

from . import paying, positions, triggers
from .money import available, lock, move, post
from .state import ASK, BID, Market, Order, State

MILLION = 10**6
FILLED, RESTS, BEYOND = "filled", "rests", "beyond the band"
FEES, REBATES = int(HouseAccount.FEES), int(HouseAccount.REBATES)


@dataclass(slots=True)
class Taker:
    """An order on its way to the book; ``left`` is None when it is sized by quote, ``quote_left`` when it is not."""

    order: int
    account: int
    user: int
    side: int
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    price_ticks: int
    left: int | None
    quote_left: int | None
    slippage_kind: int = 0
    slippage: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    loan_flags: int = 0
    paid_atoms: int = 0
    brought_atoms: int = 0  # less fees
    reduce_only: int = 0
    of_case: bool = False
    of_venue: bool = False
    """An order of a liquidation: it pays no taker fee, and the impact band does not hold it."""
    auction_ticks: int = 0  # the price of all of its fills, 0 outside an auction
    halts: bool = False

    @property
    def is_limit(self) -> bool:
        return self.order_type == OrderType.LIMIT

    @property
    def stop_reason(self) -> CloseReason:
        return CloseReason.IMMEDIATE_OR_CANCEL if self.is_limit else CloseReason.INSUFFICIENT_LIQUIDITY


@dataclass(slots=True)
class Plan:
    """What would happen: (maker, lots) in order, lots 0 for a maker that is closed; then how it ends."""

    steps: list[tuple[Order, int]] = field(default_factory=list)
    passed_over: list[Order] = field(default_factory=list)
    """Makers that only reduce: what they will be when the taker comes to them is not known yet."""
    end: str | CloseReason = FILLED

    @property
    def lots(self) -> int:
        return sum(lots for _, lots in self.steps)

    def quote(self, market: Market) -> int:
        return sum(lots * maker.price_ticks * market.quote_factor for maker, lots in self.steps)


def floor_ppm(amount: int, ppm: int) -> int:
    return amount * ppm // MILLION


def ceil_ppm(amount: int, ppm: int) -> int:
    return -(-amount * ppm // MILLION)


def crosses(side: int, price: int, opposite: int | None) -> bool:
    if opposite is None:
        return False
    return opposite <= price if side == BID else opposite >= price


def oldest_first(market: Market, side: int) -> Iterator[Order]:
    """Yield the orders of a side, best price first, oldest first within a price."""
    levels = market.levels[side]
    for price in reversed(levels) if side == BID else levels:
        yield from levels[price].values()


def bound_of(market: Market, taker: Taker) -> tuple[int | None, str | CloseReason]:
    """Return the worst price at which the taker may fill, None for no bound, and the reason beyond it."""
    best = market.best(1 - taker.side)
    if best is None or taker.of_case or taker.auction_ticks:
        return None, CloseReason.PRICE_IMPACT
    found: list[tuple[int, str | CloseReason]] = []
    if taker.side == BID and market.impact_maximum_ppm:
        found.append((floor_ppm(best, market.impact_maximum_ppm), CloseReason.PRICE_IMPACT))
    if taker.side == ASK and market.impact_minimum_ppm:
        found.append((ceil_ppm(best, market.impact_minimum_ppm), CloseReason.PRICE_IMPACT))
    if (slipped := slippage_bound(best, taker)) is not None:
        found.append((slipped, CloseReason.SLIPPAGE_TOLERANCE_EXCEEDED))
    if market.band != (0, 0):
        found.append((market.band[1] if taker.side == BID else market.band[0], BEYOND))
    if not found:
        return None, CloseReason.PRICE_IMPACT
    # The impact stands first, so that it is the one kept at a tie.
    tighter = min if taker.side == BID else max
    return tighter(found, key=lambda bound: bound[0])


def slippage_bound(best: int, taker: Taker) -> int | None:
    amount = taker.slippage
    if taker.slippage_kind == SlippageKind.TICKS:
        return best + amount if taker.side == BID else max(1, best - amount)
    if taker.slippage_kind == SlippageKind.PPM:
        if taker.side == BID:
            return floor_ppm(best, MILLION + amount)
        return max(1, ceil_ppm(best, max(0, MILLION - amount)))
    return None


def plan(state: State, market: Market, taker: Taker) -> Plan:
    """Walk the opposite side by the rules, changing nothing."""
    made = Plan()
    bound, beyond = bound_of(market, taker)
    most = state.parameters[Parameter.FILLS_PER_COMMAND]
    makers = oldest_first(market, 1 - taker.side)
    maker = next(makers, None)
    maker_left = maker.remaining_lots if maker else 0
    left, quote_left, filled = taker.left, taker.quote_left, False
    while True:
        if left == 0 or quote_left == 0:
            return made
        handled = len(made.steps) + (len(made.passed_over) if taker.time_in_force == TimeInForce.FOK else 0)
        made.end = stop(taker, maker, bound, beyond, handled >= most)
        if made.end != FILLED:
            return made
        assert maker
        lots = 0
        if maker.reduce_only and maker.user != taker.user:
            made.passed_over.append(maker)
            maker_left = 0
        elif maker.user == taker.user:
            if taker.self_trade_prevention != SelfTradePrevention.REJECT_TAKER:
                made.steps.append((maker, 0))
            if taker.self_trade_prevention != SelfTradePrevention.REJECT_MAKER:
                made.end = CloseReason.SELF_TRADE_PREVENTION
                return made
            maker_left = 0
        else:
            quote_of_lot = maker.price_ticks * market.quote_factor
            lots = min(maker_left, left if quote_left is None else quote_left // quote_of_lot)
            if lots == 0:
                made.end = FILLED if filled else CloseReason.IMMEDIATE_OR_CANCEL
                return made
            made.steps.append((maker, lots))
            filled, maker_left = True, maker_left - lots
            if quote_left is None:
                left -= lots
            else:
                quote_left -= lots * quote_of_lot
        if maker_left == 0:
            maker = next(makers, None)
            maker_left = maker.remaining_lots if maker else 0


def stop(
    taker: Taker, maker: Order | None, bound: int | None, beyond: str | CloseReason, spent: bool
) -> str | CloseReason:
    """Return why the taker does not meet this maker, FILLED when it does."""
    limit = taker.auction_ticks or taker.price_ticks
    if maker is None or (taker.is_limit and not crosses(taker.side, limit, maker.price_ticks)):
        if taker.is_limit and taker.time_in_force == TimeInForce.GTC:
            return RESTS
        return taker.stop_reason
    if bound is not None and (maker.price_ticks > bound if taker.side == BID else maker.price_ticks < bound):
        return beyond
    if spent and taker.auction_ticks:
        return RESTS
    return CloseReason.WORK_LIMIT if spent else FILLED


def final_plan(state: State, market: Market, taker: Taker) -> Plan:
    """Return what will happen, with the two cases in which an order closes before its first fill."""
    if market.state == MarketState.POST_ONLY and crosses(taker.side, taker.price_ticks, market.best(1 - taker.side)):
        return Plan(end=CloseReason.POST_ONLY_MODE)
    if market.state == MarketState.AUCTION and not taker.auction_ticks:
        return Plan(end=RESTS)
    made = plan(state, market, taker)
    if taker.time_in_force == TimeInForce.FOK and made.end != FILLED:
        return Plan(end=CloseReason.FILL_OR_KILL)
    made.end = end_of(taker, made.end)
    return made


def end_of(taker: Taker, end: str | CloseReason) -> str | CloseReason:
    """Return what becomes of an order at the end of the band: it waits for the auction, or it ends."""
    if end != BEYOND:
        return end
    taker.halts = True
    return RESTS if taker.is_limit and taker.time_in_force == TimeInForce.GTC else CloseReason.PRICE_IMPACT


def price_of(taker: Taker, maker: Order) -> int:
    return taker.auction_ticks or maker.price_ticks


def execute(state: State, market: Market, taker: Taker, made: Plan, emit: Any) -> None:
    """Fill and close the makers of a plan, and emit how the taker ended unless it was filled or rests."""
    for maker, lots in made.steps:
        if lots:
            fill(state, market, taker, maker, lots, emit)
        else:
            close(state, market, maker, CloseReason.SELF_TRADE_PREVENTION, emit)
    if isinstance(made.end, CloseReason):
        tell_end(state, market, taker, made.end, emit)


def tell_end(state: State, market: Market, taker: Taker, reason: CloseReason, emit: Any) -> None:
    emit(
        "OrderClosed",
        account=taker.account,
        market=market.market,
        order=taker.order,
        price_ticks=taker.price_ticks,
        remaining_lots=taker.left or 0,
        executed_lots=taker.executed_lots,
        executed_quote_atoms=taker.executed_quote_atoms,
        side=taker.side,
        reason=int(reason),
        rested=0,
    )
    if not taker.executed_lots:
        triggers.end_with_parent(state, taker.order, emit)


def fill(state: State, market: Market, taker: Taker, maker: Order, lots: int, emit: Any) -> None:
    base, quote = lots * market.lot_atoms, lots * price_of(taker, maker) * market.quote_factor
    if taker.side == BID:
        taker_asset, taker_gets, maker_asset, maker_gets = market.base_asset, base, market.quote_asset, quote
    else:
        taker_asset, taker_gets, maker_asset, maker_gets = market.quote_asset, quote, market.base_asset, base
    surplus = 0
    if maker.side == BID:
        surplus = lots * (maker.price_ticks - price_of(taker, maker)) * market.quote_factor
    lock(state, maker.account, taker_asset, -taker_gets - surplus)
    move(state, maker.account, taker.account, taker_asset, taker_gets)
    move(state, taker.account, maker.account, maker_asset, maker_gets)
    taker_fee = 0
    if not taker.of_case:
        taker_fee = pay_fee(
            state,
            market,
            taker.account,
            taker.user,
            taker_asset,
            taker_gets,
            is_maker=False,
            in_auction=bool(taker.auction_ticks),
        )
    maker_fee = pay_fee(state, market, maker.account, maker.user, maker_asset, maker_gets, is_maker=True)
    taker.paid_atoms += maker_gets
    taker.brought_atoms += taker_gets - taker_fee
    trade(state, market, taker, maker, lots, (taker_fee, maker_fee), emit)
    rest_flags = paying.flags_of_rest(maker.loan_flags)
    paying.credit(state, emit, maker.account, taker_asset, surplus, rest_flags, maker.order)
    brought = maker_gets - maker_fee
    paying.credit(state, emit, maker.account, maker_asset, brought, maker.loan_flags, maker.order)


def trade(
    state: State, market: Market, taker: Taker, maker: Order, lots: int, fees: tuple[int, int], emit: Any
) -> None:
    """Count a fill in the market and in both orders, tell it, and look who waited for its price.

    ``fees`` are the taker's and the maker's.
    """
    price = price_of(taker, maker)
    quote = lots * price * market.quote_factor
    later = {"maker_price_ticks": maker.price_ticks if taker.auction_ticks else 0} if state.rules >= 2 else {}
    market.trades += 1
    market.last_price_ticks, market.book_sequence = price, state.sequence
    taker.executed_lots += lots
    taker.executed_quote_atoms += quote
    if taker.left is not None:
        taker.left -= lots
    maker.reserved_value = scaled(maker.reserved_value, maker.remaining_lots - lots, maker.remaining_lots)
    maker.remaining_lots -= lots
    maker.executed_quote_atoms += quote
    positions.stand(state, market, maker, -lots)
    if maker.remaining_lots == 0:
        remove(state, market, maker)
    emit(
        "Trade",
        account=taker.account,
        market=market.market,
        trade=market.trades,
        taker_order=taker.order,
        maker_order=maker.order,
        price_ticks=price,
        quantity_lots=lots,
        quote_atoms=quote,
        taker_fee_atoms=fees[0],
        maker_fee_atoms=fees[1],
        maker_remaining_lots=maker.remaining_lots,
        maker_account=maker.account,
        side=taker.side,
        **later,
    )
    triggers.grow(state, maker.order, lots)
    triggers.look(state, market, TriggerBy.LAST, price)


def scaled(value: int, part: int, whole: int) -> int:
    """Return what a part of an order reserves of what the whole of it did."""
    return -(-value * part // whole)


def pay_fee(
    state: State,
    market: Market,
    account: int,
    user: int,
    asset: int,
    amount: int,
    *,
    is_maker: bool,
    in_auction: bool = False,
) -> int:
    """Take the fee from what was received, or pay the rebate as far as REBATES reaches; return the fee."""
    maker_ppm, taker_ppm = state.fee_tiers[market.fee_schedule, state.users[user].fee_tier]
    ppm = maker_ppm if is_maker else taker_ppm
    if in_auction:
        ppm = max(0, maker_ppm)
    if ppm < 0:
        rebate = min(floor_ppm(amount, -ppm), available(state, REBATES, asset))
        move(state, REBATES, account, asset, rebate)
        return -rebate
    fee = ceil_ppm(amount, ppm)
    move(state, account, FEES, asset, fee)
    return fee


def close(state: State, market: Market, order: Order, reason: CloseReason, emit: Any) -> None:
    """Take an order off the book, give back its lock, and say so."""
    asset, amount = take_off(state, market, order)
    emit(
        "OrderClosed",
        account=order.account,
        market=order.market,
        order=order.order,
        price_ticks=order.price_ticks,
        remaining_lots=order.remaining_lots,
        executed_lots=order.quantity_lots - order.remaining_lots,
        executed_quote_atoms=order.executed_quote_atoms,
        side=order.side,
        reason=int(reason),
        rested=1,
    )
    if order.remaining_lots == order.quantity_lots:
        triggers.end_with_parent(state, order.order, emit)
    rest_flags = paying.flags_of_rest(order.loan_flags)
    paying.credit(state, emit, order.account, asset, amount, rest_flags, order.order)


def take_off(state: State, market: Market, order: Order) -> tuple[int, int]:
    """Take an order off the book and give back its lock: so many atoms of that asset."""
    asset, amount = market.lock(order.side, order.price_ticks, order.remaining_lots)
    lock(state, order.account, asset, -amount)
    positions.stand(state, market, order, -order.remaining_lots)
    remove(state, market, order)
    market.book_sequence = state.sequence
    return asset, amount


def remove(state: State, market: Market, order: Order) -> None:
    level = market.levels[order.side][order.price_ticks]
    del level[order.order]
    if not level:
        del market.levels[order.side][order.price_ticks]
    del state.orders[order.order]
    del state.accounts[order.account].orders[order.order]


def rest(state: State, market: Market, order: Order) -> None:
    """Lock what the order sells and queue it at the end of its price and of its account."""
    asset, amount = market.lock(order.side, order.price_ticks, order.remaining_lots)
    post(state, order.account, asset, -amount, amount)
    positions.stand(state, market, order, order.remaining_lots)
    market.levels[order.side].setdefault(order.price_ticks, {})[order.order] = order
    state.orders[order.order] = order
    state.accounts[order.account].orders[order.order] = order
    market.book_sequence = state.sequence


def shorten(state: State, market: Market, order: Order, remaining: int) -> None:
    """Let an order keep so many lots, in its place; its lock for the others is given back."""
    previous = order.remaining_lots
    asset, amount = market.lock(order.side, order.price_ticks, previous - remaining)
    lock(state, order.account, asset, -amount)
    positions.stand(state, market, order, remaining - previous)
    order.reserved_value = scaled(order.reserved_value, remaining, previous)
    order.quantity_lots -= previous - remaining
    order.remaining_lots = remaining
    market.book_sequence = state.sequence


def amended(
    order: Order, emit: Any, price: int, quantity: int, rested: int, previous_remaining: int, *, kept_place: int
) -> None:
    emit(
        "OrderAmended",
        account=order.account,
        market=order.market,
        order=order.order,
        price_ticks=price,
        quantity_lots=quantity,
        rested_lots=rested,
        previous_price_ticks=order.price_ticks,
        previous_remaining_lots=previous_remaining,
        side=order.side,
        kept_place=kept_place,
    )


def accepted(state: State, command: Any, taker: Taker, quantity: int, rested: int, emit: Any) -> None:
    later = {"loan_flags": taker.loan_flags, "reduce_only": taker.reduce_only} if state.rules >= 2 else {}
    emit(
        "OrderAccepted",
        order=taker.order,
        quantity_lots=quantity,
        rested_lots=rested,
        user=taker.user,
        **{name: getattr(command, name) for name in ACCEPTED},
        **later,
    )


ACCEPTED = ["client_id", "price_ticks", "quote_atoms", "side", "order_type", "time_in_force"]
ACCEPTED += ["post_only", "self_trade_prevention"]


def resting(state: State, command: Any, taker: Taker, quantity: int, rests: int) -> Order:
    return Order(
        order=taker.order,
        priority=state.sequence,
        account=command.account,
        user=taker.user,
        market=command.market,
        client_id=command.client_id,
        price_ticks=command.price_ticks,
        quantity_lots=quantity,
        remaining_lots=rests,
        executed_quote_atoms=taker.executed_quote_atoms,
        created_us=state.time_us,
        side=command.side,
        time_in_force=command.time_in_force,
        post_only=command.post_only,
        self_trade_prevention=command.self_trade_prevention,
        loan_flags=taker.loan_flags,
        reduce_only=taker.reduce_only,
    )


def queue_anew(state: State, market: Market, order: Order, taker: Taker, quantity: int, rests: int) -> None:
    """Let what is left of an amended order rest, under its old number, behind all others of its price."""
    order.price_ticks, order.quantity_lots, order.remaining_lots = taker.price_ticks, quantity, rests
    order.executed_quote_atoms, order.priority = taker.executed_quote_atoms, state.sequence
    rest(state, market, order)
