"""Placing orders: every check first, then the fills, then what is left."""

from ..schema.commands import Lend
from ..schema.enums import (
    MAX_SLIPPAGE_PPM,
    CloseReason,
    HouseAccount,
    LoanSource,
    MarketState,
    OrderType,
    Origin,
    Parameter,
    Side,
    SlippageKind,
    TimeInForce,
)
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import (
    TRADING_FROZEN,
    accepts_orders,
    eligible_to_trade,
    is_deleveraging,
    is_spot,
    known_market,
    not_frozen,
    not_liquidating,
    not_vaults,
    price_in_range,
    quantity_in_range,
    rows_left,
    takes_kind,
    trading_account,
    user_account,
)
from .attached import attach, attachable, attaches, end_attached
from .bits import checked_multiply, divide_up
from .book import ATTACHED, REDUCES, bought_asset, find_order, join_position, lock_of, open_order, queue, sold_asset
from .bounds import BEYOND_BAND, best_price, set_bound, tighten_to_band, within_band
from .brakes import halt
from .contracts import (
    bears_contract,
    has_rules,
    lots_to_reduce,
    reducing_orders_left,
    reserved_for_contract,
    settle_contract_taker,
    within_limits,
)
from .emit import emit, refuse, refuse_asset
from .jit import cold, hot
from .ledger import available
from .levels import NEVER, price_key
from .matching import FILLED, NO_CROSS, TOO_SMALL, match, settle_taker, sweep
from .paying import bears_order, carry_out, credit, flags_of, flags_of_rest, plan
from .positions import notional
from .records import ORDER_ACCEPTED, ORDER_CLOSED, EventKind, cast
from .reserves import reserve_again, set_reserved
from .state import ORDERS

LOANS_SINCE = Lend.since
RESTS = -4
"""What becomes of a taker that goes to the book."""


@cold
def may_trade_in_case(s, c):
    """Check that an order for an account that is being liquidated is the venue's own, or only reduces at once."""
    reduces = c.reduce_only != 0 and not is_spot(s.markets[c.market])
    at_once = c.order_type == OrderType.MARKET or c.time_in_force != TimeInForce.GTC
    return c.origin == Origin.NODE or (reduces and at_once) or not_liquidating(s, c.account)


@cold
def may_trade_for_debts(s, c):
    """Whether a market takes an order of FUND, which nobody but the venue gives."""
    market = s.markets[c.market]
    open_to_all = market.state == MarketState.OPEN
    return accepts_orders(s, market) and (open_to_all or takes_kind(s, market, c.order_type, c.time_in_force))


@hot
def may_trade(s, c):
    """Check who orders and whether the market takes it: steps 1 to 3 of PlaceOrder."""
    if c.account == HouseAccount.FUND and c.origin == Origin.NODE:
        return may_trade_for_debts(s, c)
    if not (user_account(s, c.account) and known_market(s, c.market) and trading_account(s, c.account)):
        return False
    if not (is_spot(s.markets[c.market]) or has_rules(s, c.market)):
        return False
    if s.accounts[c.account].vault != 0 and c.origin != Origin.NODE and not not_vaults(s, c.account):
        return False
    if s.accounts[c.account].case_slot != 0 and not may_trade_in_case(s, c):
        return False
    user = s.accounts[c.account].user
    market = s.markets[c.market]
    # What the venue itself sells or buys for somebody ends what he has, whatever he may do.
    forced = c.origin == Origin.NODE and s.accounts[c.account].case_slot != 0
    if not (forced or not_frozen(s, user, TRADING_FROZEN, Reject.TRADING_FROZEN)):
        return False
    # Whoever lost the right to an asset may still end what he has of a contract on it.
    only_reduces = forced or (c.reduce_only != 0 and not is_spot(market))
    if not ((only_reduces or eligible_to_trade(s, user, market, c.side)) and accepts_orders(s, market)):
        return False
    return market.state == MarketState.OPEN or takes_kind(s, market, c.order_type, c.time_in_force)


@hot
def combination_fits(c):
    """Whether the fields of an order go together: step 4."""
    if c.order_type == OrderType.LIMIT:
        plain = c.quote_atoms == 0 and c.slippage_kind == SlippageKind.NONE and c.slippage == 0
        return plain and (c.post_only == 0 or c.time_in_force == TimeInForce.GTC)
    if c.price_ticks != 0 or c.post_only != 0 or (c.quantity_lots == 0) == (c.quote_atoms == 0):
        return False
    if c.quote_atoms != 0 and c.time_in_force == TimeInForce.FOK:
        return False
    if c.slippage_kind == SlippageKind.NONE:
        return c.slippage == 0
    return c.slippage_kind == SlippageKind.TICKS or c.slippage <= MAX_SLIPPAGE_PPM


@hot
def kind_fits(s, market, c):
    """Whether what only spot orders have, or only orders on perpetuals, is where it belongs: step 4."""
    if is_spot(market):
        return c.reduce_only == 0 or s.venue[0].rules < LOANS_SINCE
    return c.loan_flags == 0 and c.quote_atoms == 0


@hot
def value_fits(s, market, price_ticks, quantity_lots):
    """Check that base and quote of an order stay within MAX_ATOMS; a price of 0 stands for none."""
    notional, too_large = checked_multiply(price_ticks, quantity_lots)
    value, too_large_too = checked_multiply(notional, market.quote_factor)
    base, too_large_base = checked_multiply(quantity_lots, market.lot_atoms)
    if too_large or too_large_too or too_large_base or value > MAX_ATOMS or base > MAX_ATOMS:
        return refuse(s, Reject.VALUE_TOO_LARGE, 0, MAX_ATOMS)
    return True


@hot
def well_formed(s, c):
    """Check form, price, quantity and value of a new order: steps 4 to 7."""
    market = s.markets[c.market]
    if not (combination_fits(c) and kind_fits(s, market, c)):
        return refuse(s, Reject.INVALID_COMBINATION, 0, 0)
    limit = c.order_type == OrderType.LIMIT
    if limit and not price_in_range(s, market, c.price_ticks):
        return False
    reduces = c.reduce_only != 0 and not is_spot(market)
    if c.quote_atoms == 0 and not quantity_in_range(s, market, c.quantity_lots, reduces):
        return False
    if limit and c.origin != Origin.NODE and not within_band(s, c.market, c.price_ticks):
        return False
    return value_fits(s, market, c.price_ticks, c.quantity_lots)


@hot
def has_room(s, c):
    """Check that there is room for the order: step 8."""
    if c.order_type == OrderType.LIMIT and c.time_in_force == TimeInForce.GTC:
        open_orders = s.accounts[c.account].open_orders
        most = s.parameters[Parameter.OPEN_ORDERS_PER_ACCOUNT]
        if open_orders >= most:
            return refuse(s, Reject.OPEN_ORDERS_LIMIT, open_orders, most)
        rows, capacity = s.pools[ORDERS].rows, s.parameters[Parameter.ORDERS]
        if rows >= capacity:
            return refuse(s, Reject.VENUE_FULL, rows, capacity)
    return rows_left(s)


@hot
def crosses(s, market_number, side, price_ticks):
    """Return the best opposite price if an order at this price crosses it, else 0."""
    best = best_price(s, market_number, 1 - side)
    if best != 0 and price_key(1 - side, best) <= price_key(1 - side, price_ticks):
        return best
    return 0


@hot
def would_not_take(s, c):
    """Check that a post-only order does not cross: step 9."""
    if c.post_only == 0:
        return True
    best = crosses(s, c.market, c.side, c.price_ticks)
    return best == 0 or refuse(s, Reject.WOULD_TAKE, c.price_ticks, best)


@hot
def funded(s, account, asset, needed, more):
    """Check that available plus ``more`` atoms of an asset cover what is needed."""
    held = available(s, account, asset) + more
    return needed <= held or refuse_asset(s, Reject.INSUFFICIENT_FUNDS, min(needed, MAX_ATOMS), held, asset)


@cold
def needed_by_market_order(s, c):
    """Return what a market order needs of the asset it sells, from a sweep where its size alone does not tell."""
    taker, market = s.taker[0], s.markets[c.market]
    if c.side == Side.BID:
        return sweep(s)[1] if taker.by_quote == 0 else c.quote_atoms
    needed, overflow = checked_multiply(c.quantity_lots if taker.by_quote == 0 else sweep(s)[0], market.lot_atoms)
    return MAX_ATOMS + 1 if overflow else needed


@hot
def prepare_taker(s, c):
    """Fill the taker from a new order that passed the checks on its form."""
    taker = s.taker[0]
    market = s.markets[c.market]
    user = s.accounts[c.account].user
    # An order that a trigger places has the trigger's number, any other that of its command.
    taker.order, taker.client_id, taker.created_us = c.sequence, c.client_id, s.venue[0].time_us
    taker.price_ticks, taker.quantity_lots = c.price_ticks, c.quantity_lots
    taker.account, taker.user, taker.market = c.account, user, c.market
    taker.side, taker.order_type, taker.time_in_force = c.side, c.order_type, c.time_in_force
    taker.post_only, taker.self_trade_prevention = c.post_only, c.self_trade_prevention
    loan_flags = c.loan_flags if s.venue[0].rules >= LOANS_SINCE else 0
    # An order of the venue has only the flags that it was given.
    account_flags = s.accounts[c.account].account_flags if c.origin != Origin.NODE else 0
    taker.loan_flags = flags_of(account_flags, loan_flags) if is_spot(market) else 0
    taker.reduce_only, taker.attached = 0, 0
    taker.by_quote = 1 if c.quote_atoms != 0 else 0
    taker.earlier_lots, taker.earlier_quote_atoms = 0, 0
    start_taker(s, taker, market, c.quantity_lots, c.quote_atoms)
    banded = market.band_high_ticks | market.impact_maximum_ppm | market.impact_minimum_ppm != 0
    if banded or c.slippage_kind != SlippageKind.NONE:
        set_bound(s, taker, c.slippage_kind, c.slippage)
    if c.origin == Origin.NODE:
        take_own_terms(s, taker)


@cold
def take_own_terms(s, taker):
    """Let a case's order pay the fee of liquidations instead of the taker fee, and reach as far as the case says.

    FUND pays no fee, and reaches as far as its limit.
    """
    if s.own[0].case_slot != 0 or taker.account == HouseAccount.FUND:
        taker.fee_ppm, taker.bound_key = 0, NEVER
        tighten_to_band(s.markets[taker.market], taker)


@hot
def start_taker(s, taker, market, left_lots, left_quote_atoms):
    """Set what the taker has left and may do, with nothing filled and no bound."""
    taker.left_lots, taker.left_quote_atoms = left_lots, left_quote_atoms
    taker.filled_lots, taker.filled_quote_atoms = 0, 0
    taker.fee_atoms, taker.maker_fees_atoms, taker.handled = 0, 0, 0
    taker.fee_ppm = s.fee_tiers[market.fee_schedule * 16 + s.users[taker.user].fee_tier].taker_ppm
    taker.bound_key, taker.auction_ticks = NEVER, 0
    taker.limit_key = price_key(1 - taker.side, taker.price_ticks) if taker.order_type == OrderType.LIMIT else NEVER


@hot
def check_funds(s, c):
    """Check that the account can pay: step 10."""
    market = s.markets[c.market]
    if c.order_type == OrderType.LIMIT:
        needed = lock_of(market, c.side, c.price_ticks, c.quantity_lots)
    else:
        needed = needed_by_market_order(s, c)
    if s.taker[0].loan_flags == 0 and s.accounts[c.account].liabilities == 0:
        return funded(s, c.account, sold_asset(market, c.side), needed, 0)
    return affordable(s, c, market, needed)


@cold
def affordable(s, c, market, needed):
    """As ``check_funds``, for an order that may redeem or borrow, or an account that owes."""
    taker = s.taker[0]
    sold, bought = needed, lock_of(market, 1 - c.side, c.price_ticks, c.quantity_lots)
    if c.order_type == OrderType.MARKET or c.time_in_force != TimeInForce.GTC:
        sold, bought = sold_and_bought(s, taker, market)
        # What does not rest borrows no more than it will pay.
        if taker.loan_flags != 0 and c.order_type == OrderType.LIMIT:
            needed = sold
    if not plan(s, c.account, sold_asset(market, c.side), needed, 0, taker.loan_flags):
        return False
    if s.payment[0].borrow_atoms == 0 and s.accounts[c.account].liabilities == 0:
        return True
    # What is sold for a loss is sold most of all where there is no margin left.
    if c.origin == Origin.NODE:
        return True
    return bears_order(s, c.account, market, c.side, sold, bought, taker.loan_flags, 0)


@cold
def sold_and_bought(s, taker, market):
    """Return what an order that does not rest will sell and buy, in atoms."""
    if taker.order_type == OrderType.LIMIT and closes_at_once(s, taker) != FILLED:
        return 0, 0
    lots, quote, _ = sweep(s)
    base = lots * market.lot_atoms
    return (quote, base) if taker.side == Side.BID else (base, quote)


@cold
def credit_taker(s, taker, earlier_lock_atoms, rests):
    """Credit what a taker with loan flags received, and what it did not spend of what it was paid with."""
    market, flags, account = s.markets[taker.market], taker.loan_flags, taker.account
    base, quote = taker.filled_lots * market.lot_atoms, taker.filled_quote_atoms
    paid, received = (quote, base) if taker.side == Side.BID else (base, quote)
    credit(s, account, bought_asset(market, taker.side), received - taker.fee_atoms, flags, taker.order)
    locked = lock_of(market, taker.side, taker.price_ticks, rests)
    unspent = max(s.payment[0].needed_atoms, earlier_lock_atoms) - paid - locked
    credit(s, account, sold_asset(market, taker.side), unspent, flags_of_rest(flags), taker.order)


@hot
def emit_accepted(s, c):
    """Append the acceptance of a new order and return its place, because ``rested_lots`` comes later."""
    taker = s.taker[0]
    place = emit(s, EventKind.ORDER_ACCEPTED, c.account, c.market)
    event = cast(s.events, place, ORDER_ACCEPTED)
    event.order = taker.order
    event.client_id = c.client_id
    event.price_ticks = c.price_ticks
    event.quantity_lots = taker.quantity_lots
    event.quote_atoms = c.quote_atoms
    event.user = taker.user
    event.side = c.side
    event.order_type = c.order_type
    event.time_in_force = c.time_in_force
    event.post_only = c.post_only
    event.self_trade_prevention = c.self_trade_prevention
    event.loan_flags, event.reduce_only = taker.loan_flags, taker.reduce_only
    return place


@cold
def closes_at_once(s, taker):
    """Return why an order ends before any fill, FILLED if it does not."""
    market = s.markets[taker.market]
    if market.state == MarketState.POST_ONLY and crosses(s, taker.market, taker.side, taker.price_ticks) != 0:
        return CloseReason.POST_ONLY_MODE.value
    if taker.time_in_force == TimeInForce.FOK and sweep(s)[2] != FILLED:
        return CloseReason.FILL_OR_KILL.value
    return FILLED


@hot
def outcome_of(taker, stop):
    """Return what becomes of the taker after it stopped: FILLED, RESTS, or the reason it expires for."""
    if stop >= FILLED:
        return stop
    if stop == TOO_SMALL:
        return FILLED if taker.filled_lots > 0 else CloseReason.IMMEDIATE_OR_CANCEL.value
    if stop == BEYOND_BAND:
        rests = taker.order_type == OrderType.LIMIT and taker.time_in_force == TimeInForce.GTC
        return RESTS if rests else CloseReason.PRICE_IMPACT.value
    if taker.order_type == OrderType.MARKET:
        return CloseReason.INSUFFICIENT_LIQUIDITY.value
    return RESTS if taker.time_in_force == TimeInForce.GTC else CloseReason.IMMEDIATE_OR_CANCEL.value


@cold
def execute(s):
    """Match the taker, post what it did, and put it into the book or close it; returns the lots that rest."""
    taker = s.taker[0]
    market = s.markets[taker.market]
    stop = FILLED
    if market.state == MarketState.AUCTION:
        stop = match_in_auction(s, taker)
    else:
        if market.state == MarketState.POST_ONLY or taker.time_in_force == TimeInForce.FOK:
            stop = closes_at_once(s, taker)
        if stop == FILLED:
            stop = match(s)
    outcome = outcome_of(taker, stop)
    rests = taker.left_lots if outcome == RESTS else 0
    if is_spot(market):
        settle_taker(s, market, taker, lock_of(market, taker.side, taker.price_ticks, rests))
    else:
        settle_contract_taker(s, taker)
    if outcome == RESTS:
        rest(s, taker)
    elif outcome != FILLED:
        emit_taker_closed(s, taker, outcome)
        if taker.attached != 0 and taker.earlier_lots + taker.filled_lots == 0:
            end_attached(s, taker.order)
    if stop == BEYOND_BAND:
        halt(s, taker)
    return rests


@cold
def match_in_auction(s, taker):
    """Let an order wait for the auction, or trade in it: then what it cannot do in one command it goes on with."""
    stop = match(s) if taker.auction_ticks != 0 else NO_CROSS
    return NO_CROSS if stop == CloseReason.WORK_LIMIT else stop


@hot
def rest(s, taker):
    """Put what is left of the taker into the book."""
    slot = open_order(s)
    row = s.orders[slot]
    row.id, row.client_id, row.price_ticks = taker.order, taker.client_id, taker.price_ticks
    row.quantity_lots, row.remaining_lots = taker.quantity_lots, taker.left_lots
    row.executed_quote_atoms = taker.earlier_quote_atoms + taker.filled_quote_atoms
    row.priority, row.created_us = s.venue[0].sequence, taker.created_us
    row.account, row.user, row.market = taker.account, taker.user, taker.market
    row.side, row.time_in_force = taker.side, taker.time_in_force
    row.post_only, row.self_trade_prevention = taker.post_only, taker.self_trade_prevention
    row.special, row.reserved_value = taker.loan_flags | (REDUCES if taker.reduce_only != 0 else 0), 0
    if taker.attached != 0:
        row.special |= ATTACHED
    queue(s, slot)
    if not is_spot(s.markets[taker.market]):
        join_position(s, slot)
    if s.payment[0].reserved_value != 0:
        left_before = taker.quantity_lots - taker.earlier_lots
        set_reserved(s, slot, divide_up(s.payment[0].reserved_value, taker.left_lots, left_before))
    s.markets[taker.market].book_sequence = s.venue[0].sequence


@cold
def emit_taker_closed(s, taker, reason):
    """Append the end of an order that does not go to the book."""
    event = cast(s.events, emit(s, EventKind.ORDER_CLOSED, taker.account, taker.market), ORDER_CLOSED)
    event.order = taker.order
    event.price_ticks = taker.price_ticks
    event.remaining_lots = taker.left_lots if taker.by_quote == 0 else 0
    event.executed_lots = taker.earlier_lots + taker.filled_lots
    event.executed_quote_atoms = taker.earlier_quote_atoms + taker.filled_quote_atoms
    event.side = taker.side
    event.reason = reason


@cold
def worst_fills(s, taker, market):
    """Return (lots, quote atoms) that a market order may come to at worst.

    Whoever only reduces may be gone when it is reached; what is left then meets the last of them, if it is not.
    """
    lots, quote, _ = sweep(s)
    more = min(taker.left_lots - lots, taker.reducing_lots)
    return lots + more, min(quote + notional(more, taker.reducing_ticks, market.quote_factor), MAX_ATOMS + 1)


@cold
def affordable_contract(s, c, taker):
    """Check limits and margin of an order on a perpetual."""
    if taker.reduce_only != 0:
        taker.left_lots = taker.quantity_lots = lots_to_reduce(s, c.account, c.market, c.side, c.quantity_lots)
        if taker.left_lots == 0:
            return False
        rests = c.order_type == OrderType.LIMIT and c.time_in_force == TimeInForce.GTC
        if rests and not reducing_orders_left(s, c.account, c.market):
            return False
    bids = taker.left_lots if c.side == Side.BID else 0
    asks = taker.left_lots if c.side == Side.ASK else 0
    if c.origin == Origin.NODE:
        assert not is_deleveraging(s, c.market), "a case orders in a market that is being deleveraged"
        s.payment[0].reserved_value, s.payment[0].begins = 0, 0
        return True
    if not within_limits(s, c.account, c.market, bids, asks, taker.reduce_only != 0):
        return False
    lots, quote = taker.left_lots, c.price_ticks * taker.left_lots * s.markets[c.market].quote_factor
    if c.order_type == OrderType.MARKET:
        lots, quote = worst_fills(s, taker, s.markets[c.market])
    reserved, eased = reserved_for_contract(s, c.account, c.market, c.side, lots, quote, taker.reduce_only != 0, 0)
    return bears_contract(s, c.account, c.market, bids, asks, reserved, eased, 0)


@cold
def place_on_perpetual(s, c):
    """Place an order on a perpetual; returns whether it was accepted."""
    prepare_taker(s, c)
    taker = s.taker[0]
    taker.reduce_only = c.reduce_only
    if not affordable_contract(s, c, taker):
        return False
    place = emit_accepted(s, c)
    if s.payment[0].begins != 0:
        reserve_again(s, c.account, s.payment[0].begins - 1, True)
    rested = execute(s)
    cast(s.events, place, ORDER_ACCEPTED).rested_lots = rested
    return True


@hot
def place_on_spot(s, c):
    """Place an order on a spot market; returns whether it was accepted."""
    prepare_taker(s, c)
    s.payment[0].reserved_value = 0
    if not check_funds(s, c):
        return False
    place, taker = emit_accepted(s, c), s.taker[0]
    if taker.loan_flags != 0:
        carry_out(s, c.account, sold_asset(s.markets[c.market], c.side), LoanSource.SPOT_MARGIN, taker.order)
    rested = execute(s)
    cast(s.events, place, ORDER_ACCEPTED).rested_lots = rested
    if taker.loan_flags != 0:
        credit_taker(s, taker, 0, rested)
    return True


@hot
def place_order(s, c):
    """Place an order; returns whether it was accepted."""
    if not (may_trade(s, c) and well_formed(s, c)):
        return False
    attached = attaches(c) and s.venue[0].rules >= LOANS_SINCE
    if attached and not attachable(s, c):
        return False
    if not (has_room(s, c) and would_not_take(s, c)):
        return False
    accepted = place_on_spot(s, c) if is_spot(s.markets[c.market]) else place_on_perpetual(s, c)
    if attached and accepted:
        attach(s, c, s.taker[0])
    return accepted


@hot
def own_order(s, account, market, order):
    """Return the slot of an account's open order in a market, after refusing what is not one; 0 if refused."""
    if not (user_account(s, account) and known_market(s, market)):
        return 0
    slot = find_order(s, order)
    if slot != 0 and s.orders[slot].account == account and s.orders[slot].market == market:
        return slot
    refuse(s, Reject.UNKNOWN_ORDER, order, 0)
    return 0
