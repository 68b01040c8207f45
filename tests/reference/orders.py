"""The commands of orders: place, cancel, amend."""

from typing import Any

from ringfence.schema.enums import (
    MAX_SLIPPAGE_PPM,
    Cancels,
    CloseReason,
    HouseAccount,
    LoanSource,
    MarketState,
    OrderType,
    Parameter,
    SlippageKind,
    TimeInForce,
    TriggerEnd,
    UserFlag,
)
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import book, brakes, cases, checks, contracts, margin, paying, triggers, vaults
from .state import ASK, BID, Market, Order, Refused, State, User


def place_order(state: State, command: Any, emit: Any) -> None:
    taker = place(state, command, state.sequence, emit)
    triggers.attach(state, command, taker.order, taker.executed_lots, emit)


def place(
    state: State, command: Any, number: int, emit: Any, *, loan_flags: int | None = None, of_case: bool = False
) -> book.Taker:
    """Place an order that has this number: the command's sequence, or the trigger's that fired.

    With ``loan_flags`` it is an order of the venue itself: they count instead of those of the command and its account,
    and neither band nor margin are looked at.
    """
    of_venue = loan_flags is not None
    market, taker = checked_order(state, command, number, of_venue=of_venue)
    taker.loan_flags = taker.loan_flags if loan_flags is None else loan_flags
    taker.of_case, taker.of_venue = of_case, of_venue
    if market.is_perpetual:
        contracts.place(state, command, market, taker, emit)
    else:
        place_on_spot(state, command, market, taker, emit, of_venue=of_venue)
    return taker


def place_on_spot(state: State, command: Any, market: Market, taker: book.Taker, emit: Any, *, of_venue: bool) -> None:
    made = book.final_plan(state, market, taker)
    # A market order is sized by the walk of the book alone, whether or not fill-or-kill then lets it fill.
    walked = made if taker.is_limit else book.plan(state, market, taker)
    asset, needed = needed_funds(market, command, taker, walked)
    means = paying.means(state, taker.account, asset, needed, 0, taker.loan_flags)
    passed = margin.Passed()
    if not of_venue:
        passed = margin.check(state, taker.account, means.what_if(), pays_and_brings(market, command, taker, walked))
    margin.store(state, passed)
    rested = (command.quantity_lots - made.lots) if made.end == book.RESTS else 0
    book.accepted(state, command, taker, command.quantity_lots, rested, emit)
    means.take(state, emit, LoanSource.SPOT_MARGIN, taker.order)
    book.execute(state, market, taker, made, emit)
    if made.end == book.RESTS:
        assert taker.left == rested > 0
        order = book.resting(state, command, taker, command.quantity_lots, rested)
        order.reserved_value = book.scaled(passed.reserved, rested, command.quantity_lots)
        book.rest(state, market, order)
    if taker.halts:
        brakes.halt(state, market, taker, emit)
    settle(state, market, taker, needed, rested, emit)


def settle(state: State, market: Market, taker: book.Taker, had: int, rested: int, emit: Any) -> None:
    """Credit what the order brought, then what of its own asset it had and neither paid nor locks now."""
    brought, _ = market.brings(taker.side, 1, 1)
    paying.credit(state, emit, taker.account, brought, taker.brought_atoms, taker.loan_flags, taker.order)
    sold, locked = market.lock(taker.side, taker.price_ticks, rested)
    left = max(0, had - taker.paid_atoms - locked)
    paying.credit(state, emit, taker.account, sold, left, paying.flags_of_rest(taker.loan_flags), taker.order)


def may_place(state: State, command: Any, *, of_venue: bool = False) -> tuple[User, Market]:
    """Check the rights of the account and the state of the market; what the venue sells of an estate needs none."""
    if of_venue and command.account == HouseAccount.FUND:
        market = state.markets[command.market]
        takes(market, command)
        return User(0, 0, 0, 0), market
    user = checks.open_account(state, command.account)
    market = checks.known_market(state, command.market)
    checks.may_trade(state.accounts[command.account].account_kind, command.account)
    if market.is_perpetual and market.market not in state.perpetuals:
        raise Refused(Reject.NO_PERPETUAL_RULES)
    if not of_venue:
        vaults.not_vaults(state, command.account)
    reduces = market.is_perpetual and command.reduce_only
    if not of_venue and not (reduces and at_once(command)):
        cases.not_liquidating(state, command.account)
    forced = of_venue and cases.case_of(state, command.account) is not None
    if not forced:
        checks.not_frozen(user, UserFlag.TRADING_FROZEN, Reject.TRADING_FROZEN)
    if not forced and not reduces:
        checks.eligible_to_trade(state, user, market, command.side)
    takes(market, command)
    return user, market


def takes(market: Market, command: Any) -> None:
    """Check that a market takes an order of this kind now."""
    checks.market_takes_orders(market)
    if command.order_type == OrderType.MARKET and market.state == MarketState.LIMIT_ONLY:
        raise Refused(Reject.MARKET_LIMIT_ONLY)
    if command.order_type == OrderType.MARKET and market.state == MarketState.POST_ONLY:
        raise Refused(Reject.MARKET_POST_ONLY)
    waits = command.order_type == OrderType.LIMIT and command.time_in_force == TimeInForce.GTC
    if market.state == MarketState.AUCTION and not waits:
        raise Refused(Reject.MARKET_IN_AUCTION)


def at_once(command: Any) -> bool:
    return command.order_type == OrderType.MARKET or command.time_in_force != TimeInForce.GTC


def checked_order(state: State, command: Any, number: int, *, of_venue: bool = False) -> tuple[Market, book.Taker]:
    """Make every check but that of funds."""
    user, market = may_place(state, command, of_venue=of_venue)
    is_limit = command.order_type == OrderType.LIMIT
    combines(market, command)
    if is_limit:
        price_in_range(market, command.price_ticks)
    if not command.quote_atoms:
        reduces = market.is_perpetual and command.reduce_only
        quantity_in_range(market, command.quantity_lots, 0, reduces=reduces)
    if is_limit and not of_venue:
        price_in_band(market, command.price_ticks)
    value_in_range(market, command.price_ticks if is_limit else 0, command.quantity_lots)
    attached_in_range(state, market, command)
    if is_limit and command.time_in_force == TimeInForce.GTC:
        room_for_order(state, command.account)
    checks.balance_rows(state)
    if command.post_only:
        does_not_take(market, command.side, command.price_ticks)
    sized_by_quote, loan_flags = bool(command.quote_atoms), 0
    if not (market.is_perpetual or of_venue):
        loan_flags = paying.flags_of(state, command.account, getattr(command, "loan_flags", 0))
    return market, book.Taker(
        order=number,
        account=command.account,
        user=user.user,
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        self_trade_prevention=command.self_trade_prevention,
        price_ticks=command.price_ticks,
        left=None if sized_by_quote else command.quantity_lots,
        quote_left=command.quote_atoms if sized_by_quote else None,
        slippage_kind=command.slippage_kind,
        slippage=command.slippage,
        loan_flags=loan_flags,
        reduce_only=getattr(command, "reduce_only", 0),
    )


def combines(market: Market, command: Any) -> None:
    is_limit = command.order_type == OrderType.LIMIT
    combined = limit_combination(command) if is_limit else market_combination(command)
    if not combined or not combines_with_kind(market, command):
        raise Refused(Reject.INVALID_COMBINATION)


def limit_combination(command: Any) -> bool:
    no_slippage = command.slippage_kind == SlippageKind.NONE and command.slippage == 0
    stays = command.time_in_force == TimeInForce.GTC
    return command.quote_atoms == 0 and no_slippage and (stays or not command.post_only)


def market_combination(command: Any) -> bool:
    most = {SlippageKind.NONE: 0, SlippageKind.PPM: MAX_SLIPPAGE_PPM}.get(command.slippage_kind)
    return (
        command.price_ticks == 0
        and command.post_only == 0
        and (command.quantity_lots == 0) != (command.quote_atoms == 0)
        and not (command.quote_atoms and command.time_in_force == TimeInForce.FOK)
        and (most is None or command.slippage <= most)
    )


def combines_with_kind(market: Market, command: Any) -> bool:
    """Only perpetuals are reduced, and only spot orders borrow or are sized by quote."""
    if market.is_perpetual:
        return not command.loan_flags and not command.quote_atoms
    return not getattr(command, "reduce_only", 0)


def price_in_range(market: Market, price: int) -> None:
    if price < market.minimum_price_ticks:
        raise Refused(Reject.PRICE_BELOW_MINIMUM, value=price, limit=market.minimum_price_ticks)
    if price > market.maximum_price_ticks:
        raise Refused(Reject.PRICE_ABOVE_MAXIMUM, value=price, limit=market.maximum_price_ticks)


def quantity_in_range(market: Market, quantity: int, executed: int, *, reduces: int = 0) -> None:
    least = 1 if reduces else market.minimum_quantity_lots
    if quantity < least:
        raise Refused(Reject.QUANTITY_BELOW_MINIMUM, value=quantity, limit=least)
    if executed and quantity <= executed:
        raise Refused(Reject.QUANTITY_BELOW_MINIMUM, value=quantity, limit=executed + 1)
    if quantity > market.maximum_quantity_lots:
        raise Refused(Reject.QUANTITY_ABOVE_MAXIMUM, value=quantity, limit=market.maximum_quantity_lots)


def active_price(market: Market) -> int | None:
    """Return the price the band is laid around: the median of bid, ask and last, or what there is of them."""
    bid, ask, last = market.best(BID), market.best(ASK), market.last_price_ticks
    if bid is not None and ask is not None and last:
        return sorted((bid, ask, last))[1]
    if last:
        return last
    if bid is not None and ask is not None:
        return (bid + ask) // 2
    return None


def price_in_band(market: Market, price: int) -> None:
    active = active_price(market)
    if active is None:
        return
    upper = book.floor_ppm(active, market.limit_maximum_ppm)
    if market.limit_maximum_ppm and price > upper:
        raise Refused(Reject.PRICE_OUT_OF_BAND, value=price, limit=upper)
    lower = book.ceil_ppm(active, market.limit_minimum_ppm)
    if price < lower:
        raise Refused(Reject.PRICE_OUT_OF_BAND, value=price, limit=lower)


def value_in_range(market: Market, price: int, quantity: int) -> None:
    if price * quantity * market.quote_factor > MAX_ATOMS or quantity * market.lot_atoms > MAX_ATOMS:
        raise Refused(Reject.VALUE_TOO_LARGE, limit=MAX_ATOMS)


def attached_in_range(state: State, market: Market, command: Any) -> None:
    """Check the take-profit and the stop-loss that come with an order."""
    if not triggers.has_attached(command):
        return
    attached = triggers.attached_to(command)
    without_trigger = any(price and not ticks for _, ticks, price, _ in triggers.both_attached(command))
    if without_trigger or command.reduce_only:
        raise Refused(Reject.INVALID_COMBINATION)
    for _, ticks, price, _ in attached:
        price_in_range(market, ticks)
        if price:
            price_in_range(market, price)
    triggers.on_right_sides(command)
    triggers.room_for(state, command.account, len(attached))


def room_for_order(state: State, account: int) -> None:
    orders, limit = len(state.accounts[account].orders), state.parameters[Parameter.OPEN_ORDERS_PER_ACCOUNT]
    if orders >= limit:
        raise Refused(Reject.OPEN_ORDERS_LIMIT, value=orders, limit=limit)
    checks.room(len(state.orders), state.parameters[Parameter.ORDERS])


def does_not_take(market: Market, side: int, price: int) -> None:
    best = market.best(1 - side)
    if best is not None and book.crosses(side, price, best):
        raise Refused(Reject.WOULD_TAKE, value=price, limit=best)


def needed_funds(market: Market, command: Any, taker: book.Taker, walked: book.Plan) -> tuple[int, int]:
    """Return (asset, atoms) that the order must be able to pay."""
    asset, needed = market.lock(taker.side, taker.price_ticks, command.quantity_lots)
    if taker.is_limit and taker.loan_flags and taker.time_in_force != TimeInForce.GTC:
        return asset, walked.quote(market) if taker.side == BID else walked.lots * market.lot_atoms
    if taker.side == BID and not taker.is_limit:
        needed = command.quote_atoms or walked.quote(market)
    elif taker.side == ASK and command.quote_atoms:
        needed = walked.lots * market.lot_atoms
    return asset, needed


def pays_and_brings(market: Market, command: Any, taker: book.Taker, walked: book.Plan) -> margin.Paying:
    """Return what counts for the value that the order reserves: its limit, or the fills that a market order makes."""
    base, quote = walked.lots * market.lot_atoms, walked.quote(market)
    pays, brings = (quote, base) if taker.side == BID else (base, quote)
    if taker.is_limit and taker.time_in_force == TimeInForce.GTC:
        _, pays = market.lock(taker.side, taker.price_ticks, command.quantity_lots)
        _, brings = market.brings(taker.side, taker.price_ticks, command.quantity_lots)
    return margin.Paying(taker.order, taker.account, market, taker.side, pays, brings, taker.loan_flags)


def own_order(state: State, command: Any) -> tuple[Market, Order]:
    """Return the open order of this account in this market that the command names."""
    checks.open_account(state, command.account)
    market = checks.known_market(state, command.market)
    order = state.orders.get(command.order)
    if order is None or order.account != command.account or order.market != command.market:
        raise Refused(Reject.UNKNOWN_ORDER, value=command.order)
    return market, order


def cancel_order(state: State, command: Any, emit: Any) -> None:
    checks.open_account(state, command.account)
    checks.known_market(state, command.market)
    trigger = state.triggers.get(command.order)
    if trigger and (trigger.account, trigger.market) == (command.account, command.market):
        triggers.end(state, trigger, TriggerEnd.REQUESTED, emit)
        return
    market, order = own_order(state, command)
    book.close(state, market, order, CloseReason.REQUESTED, emit)


def cancel_all_orders(state: State, command: Any, emit: Any) -> None:
    checks.open_account(state, command.account)
    if command.market:
        checks.known_market(state, command.market)
    cancels = getattr(command, "cancels", Cancels.ALL)
    if cancels != Cancels.TRIGGERS:
        for order in list(state.accounts[command.account].orders.values()):
            if command.market in (0, order.market):
                book.close(state, state.markets[order.market], order, CloseReason.REQUESTED, emit)
    if cancels != Cancels.ORDERS:
        for trigger in triggers.of_account(state, command.account, command.market):
            triggers.end(state, trigger, TriggerEnd.REQUESTED, emit)


def amend_order(state: State, command: Any, emit: Any) -> None:
    market, order = own_order(state, command)
    executed = order.quantity_lots - order.remaining_lots
    amendment_allowed(state, command, market, order, executed)
    if command.price_ticks == order.price_ticks and command.quantity_lots <= order.quantity_lots:
        shrink(state, market, order, command.quantity_lots - executed, emit)
    else:
        match_anew(state, command, market, order, executed, emit)


def amendment_allowed(state: State, command: Any, market: Market, order: Order, executed: int) -> None:
    user = state.users[order.user]
    checks.not_frozen(user, UserFlag.TRADING_FROZEN, Reject.TRADING_FROZEN)
    if not order.reduce_only:
        checks.eligible_to_trade(state, user, market, order.side)
    checks.market_takes_orders(market)
    price_in_range(market, command.price_ticks)
    quantity_in_range(market, command.quantity_lots, executed, reduces=order.reduce_only)
    if command.price_ticks != order.price_ticks:
        price_in_band(market, command.price_ticks)
    value_in_range(market, command.price_ticks, command.quantity_lots)
    still = command.price_ticks * (command.quantity_lots - executed) * market.quote_factor
    if order.executed_quote_atoms + still > MAX_ATOMS:
        raise Refused(Reject.VALUE_TOO_LARGE, limit=MAX_ATOMS)
    if order.reduce_only and command.quantity_lots > order.quantity_lots:
        raise Refused(Reject.INVALID_COMBINATION)


def shrink(state: State, market: Market, order: Order, remaining: int, emit: Any) -> None:
    """Keep the place in the queue and give back the difference."""
    previous = order.remaining_lots
    asset, amount = market.lock(order.side, order.price_ticks, previous - remaining)
    if remaining != previous:
        book.shorten(state, market, order, remaining)
    book.amended(order, emit, order.price_ticks, order.quantity_lots, remaining, previous, kept_place=1)
    paying.credit(state, emit, order.account, asset, amount, paying.flags_of_rest(order.loan_flags), order.order)


def match_anew(state: State, command: Any, market: Market, order: Order, executed: int, emit: Any) -> None:
    """Take the order off the book and match it like a new one that keeps its number."""
    taker = taker_of(command, order, executed)
    checks.balance_rows(state)
    if order.post_only:
        does_not_take(market, order.side, command.price_ticks)
    if market.is_perpetual:
        contracts.amend(state, command, market, order, taker, emit)
    else:
        amend_on_spot(state, command, market, order, taker, emit)
    if taker.executed_lots > executed:
        triggers.grow(state, order.order, taker.executed_lots - executed)


def amend_on_spot(state: State, command: Any, market: Market, order: Order, taker: book.Taker, emit: Any) -> None:
    remaining = taker.left
    assert remaining
    asset, needed = market.lock(order.side, command.price_ticks, remaining)
    _, present = market.lock(order.side, order.price_ticks, order.remaining_lots)
    means = paying.means(state, order.account, asset, needed, present, order.loan_flags)
    _, brings = market.brings(order.side, command.price_ticks, remaining)
    amends = margin.Paying(order.order, order.account, market, order.side, needed, brings, order.loan_flags)
    passed = margin.check(state, order.account, means.what_if(), amends)
    margin.store(state, passed)
    book.take_off(state, market, order)
    made = book.final_plan(state, market, taker)
    rested = remaining - made.lots if made.end == book.RESTS else 0
    book.amended(order, emit, command.price_ticks, command.quantity_lots, rested, order.remaining_lots, kept_place=0)
    means.take(state, emit, LoanSource.SPOT_MARGIN, order.order)
    book.execute(state, market, taker, made, emit)
    if made.end == book.RESTS:
        assert taker.left == rested > 0
        order.reserved_value = book.scaled(passed.reserved, rested, remaining)
        book.queue_anew(state, market, order, taker, command.quantity_lots, rested)
    if taker.halts:
        brakes.halt(state, market, taker, emit)
    settle(state, market, taker, max(needed, present), rested, emit)


def taker_of(command: Any, order: Order, executed: int) -> book.Taker:
    return book.Taker(
        order=order.order,
        account=order.account,
        user=order.user,
        side=order.side,
        order_type=int(OrderType.LIMIT),
        time_in_force=order.time_in_force,
        self_trade_prevention=order.self_trade_prevention,
        price_ticks=command.price_ticks,
        left=command.quantity_lots - executed,
        quote_left=None,
        executed_lots=executed,
        executed_quote_atoms=order.executed_quote_atoms,
        loan_flags=order.loan_flags,
        reduce_only=order.reduce_only,
    )
