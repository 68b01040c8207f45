"""Matching: one taker against the best opposite orders, oldest first, until something stops it.

``match`` trades; ``sweep`` walks the same steps and changes nothing, for orders that must be judged before the first
posting.  Both follow docs/rules.md, "Matching".
"""

from ..schema.enums import (
    CloseReason,
    HouseAccount,
    MarketKind,
    Parameter,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerBy,
)
from ..schema.fields import MAX_ATOMS
from .attached import end_attached, grow_attached
from .bits import checked_add
from .book import ATTACHED, REDUCES, bought_asset, leave_position, take_out
from .bounds import scale_down, scale_up
from .contracts import fee_on_top, settle_contract_maker, trim
from .emit import emit, emit_order_closed
from .jit import cold, hot
from .ledger import available, move, post
from .levels import NEVER, half_of
from .paying import credit, flags_of_rest, release
from .records import TRADE, EventKind, cast
from .reserves import HAS_RESERVED, LOAN_BITS, scale_reserved
from .triggers import look

# What stopped a taker, beside the reasons of CloseReason.
FILLED = 0
NO_CROSS = -1
EMPTY = -2
TOO_SMALL = -3


@hot
def stop_before(s, taker, key, handled):
    """Return why the taker may not meet a level with this key, FILLED if it may."""
    if key > taker.limit_key:
        return NO_CROSS
    if key > taker.bound_key:
        return taker.bound_reason
    if handled >= s.parameters[Parameter.FILLS_PER_COMMAND]:
        return CloseReason.WORK_LIMIT.value
    return FILLED


@hot
def lots_against(market, taker, maker, left_lots, left_quote_atoms):
    """Return how many lots the taker trades with a maker; 0 when what is left of its quote buys no lot."""
    if taker.by_quote == 0:
        return min(left_lots, maker.remaining_lots)
    return min(maker.remaining_lots, left_quote_atoms // (maker.price_ticks * market.quote_factor))


@cold
def sweep(s):
    """Return (lots, quote atoms, outcome) that the taker would reach; the quote stops counting at MAX_ATOMS + 1."""
    taker = s.taker[0]
    market = s.markets[taker.market]
    level_slot = s.halves[half_of(taker.market, 1 - taker.side)].best
    left_lots, left_quote, lots, quote, handled = taker.left_lots, taker.left_quote_atoms, 0, 0, 0
    taker.reducing_lots, taker.reducing_ticks = 0, 0
    while True:
        if left_lots <= 0 and left_quote <= 0:
            return lots, quote, FILLED
        if level_slot == 0:
            return lots, quote, EMPTY
        slot = s.levels[level_slot].head
        while slot != 0 and (left_lots > 0 or left_quote > 0):
            maker = s.orders[slot]
            stop = stop_before(s, taker, s.levels[level_slot].key, handled)
            if stop != FILLED:
                return lots, quote, stop
            handled += 1
            if maker.user == taker.user:
                if taker.self_trade_prevention != SelfTradePrevention.REJECT_MAKER:
                    return lots, quote, CloseReason.SELF_TRADE_PREVENTION.value
            elif maker.special & REDUCES != 0:  # it may shrink before it is reached
                handled -= 0 if taker.time_in_force == TimeInForce.FOK else 1
                taker.reducing_lots = min(taker.reducing_lots + maker.remaining_lots, taker.left_lots)
                taker.reducing_ticks = maker.price_ticks
            else:
                part = lots_against(market, taker, maker, left_lots, left_quote)
                if part == 0:
                    return lots, quote, TOO_SMALL
                cost = part * maker.price_ticks * market.quote_factor
                total, overflow = checked_add(quote, cost)
                quote = MAX_ATOMS + 1 if overflow or total > MAX_ATOMS else total
                lots += part
                if taker.by_quote == 0:
                    left_lots -= part
                else:
                    left_quote -= cost
                    if part < maker.remaining_lots:
                        return lots, quote, TOO_SMALL
            slot = maker.next
        level_slot = s.levels[level_slot].worse


@hot
def maker_fee(s, market, maker, received, asset):
    """Return what the maker pays on what it received, below 0 for a rebate, which REBATES pays as far as it can."""
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[maker.user].fee_tier]
    if tier.maker_ppm >= 0:
        return scale_up(received, tier.maker_ppm)
    return -min(scale_down(received, -tier.maker_ppm), available(s, HouseAccount.REBATES, asset))


@hot
def settle_maker(s, market, maker, base, quote):
    """Post one fill to the maker and return its fee."""
    if maker.side == Side.BID:
        paid_asset, paid, asset, received = market.quote_asset, quote, market.base_asset, base
    else:
        paid_asset, paid, asset, received = market.base_asset, base, market.quote_asset, quote
    fee = maker_fee(s, market, maker, received, asset)
    post(s, maker.account, paid_asset, 0, -paid)
    if fee < 0:
        move(s, HouseAccount.REBATES, maker.account, asset, -fee)
        post(s, maker.account, asset, received, 0)
    else:
        post(s, maker.account, asset, received - fee, 0)
    return fee


@hot
def fill(s, market, taker, slot, lots):
    """Trade ``lots`` of the taker with the maker in ``slot`` at the maker's price."""
    maker = s.orders[slot]
    base = lots * market.lot_atoms
    price_ticks = maker.price_ticks if taker.auction_ticks == 0 else taker.auction_ticks
    quote = lots * price_ticks * market.quote_factor
    if market.market_kind == MarketKind.SPOT:
        fee = scale_up(base if taker.side == Side.BID else quote, taker.fee_ppm)
        paid_by_maker = settle_maker(s, market, maker, base, quote)
        taker.maker_fees_atoms += max(paid_by_maker, 0)
    else:
        fee = fee_on_top(taker.earlier_quote_atoms + taker.filled_quote_atoms, quote, taker.fee_ppm)
        paid_by_maker = settle_contract_maker(s, market, maker, lots, quote, fee)
    taker.fee_atoms += fee
    taker.filled_lots += lots
    taker.filled_quote_atoms += quote
    taker.left_lots -= lots
    taker.left_quote_atoms -= quote
    market.trades += 1
    market.last_price_ticks = price_ticks
    event = cast(s.events, emit(s, EventKind.TRADE, taker.account, taker.market), TRADE)
    event.trade = market.trades
    event.taker_order = taker.order
    event.maker_order = maker.id
    event.price_ticks = price_ticks
    event.quantity_lots = lots
    event.quote_atoms = quote
    event.taker_fee_atoms = fee
    event.maker_fee_atoms = paid_by_maker
    event.maker_remaining_lots = maker.remaining_lots - lots
    event.maker_account = maker.account
    event.side = taker.side
    if taker.auction_ticks != 0:
        event.maker_price_ticks = maker.price_ticks
        return_surplus(s, market, slot, lots, price_ticks)
    if maker.special != 0:
        settle_special(s, market, slot, lots, base, quote, paid_by_maker)
    account = maker.account
    reduce_maker(s, market, slot, lots, quote)
    if market.market_kind != MarketKind.SPOT:
        trim(s, account, taker.market)
    if price_ticks <= market.falling_key or NEVER - price_ticks <= market.rising_key:
        look(s, taker.market, TriggerBy.LAST, price_ticks)


@cold
def return_surplus(s, market, slot, lots, price_ticks):
    """Give back what a bid had locked beyond the price of the auction in which it is filled."""
    maker = s.orders[slot]
    if maker.side == Side.ASK or market.market_kind != MarketKind.SPOT:
        return
    surplus = (maker.price_ticks - price_ticks) * lots * market.quote_factor
    post(s, maker.account, market.quote_asset, surplus, -surplus)
    flags = maker.special & LOAN_BITS
    if flags != 0 and surplus != 0:
        credit(s, maker.account, market.quote_asset, surplus, flags_of_rest(flags), maker.id)


@cold
def settle_special(s, market, slot, lots, base, quote, fee):
    """Credit what a maker with loan flags received, and scale what is reserved for what it has left."""
    maker = s.orders[slot]
    if maker.special & HAS_RESERVED != 0:
        scale_reserved(s, slot, maker.remaining_lots - lots, maker.remaining_lots)
    flags, received = maker.special & LOAN_BITS, base if maker.side == Side.BID else quote
    if flags != 0:
        credit(s, maker.account, bought_asset(market, maker.side), received - fee, flags, maker.id)
    if maker.special & ATTACHED != 0:
        grow_attached(s, maker.id, lots)


@hot
def reduce_maker(s, market, slot, lots, quote):
    """Take what was filled off the maker, and the maker out of the book when nothing is left."""
    maker = s.orders[slot]
    if lots == maker.remaining_lots:
        take_out(s, slot)
    else:
        if market.market_kind != MarketKind.SPOT:
            leave_position(s, maker, lots)
        maker.remaining_lots -= lots
        maker.executed_quote_atoms += quote
        s.levels[maker.level].lots -= lots
        market.book_sequence = s.venue[0].sequence


@hot
def close_order(s, row, reason):
    """Tell the end of an order that stands in the book, and end what is attached if nothing of it was filled."""
    emit_order_closed(s, row, reason)
    if row.special & ATTACHED != 0 and row.remaining_lots == row.quantity_lots:
        end_attached(s, row.id)


@cold
def expire_maker(s, slot):
    """Close a maker that belongs to the taker's user."""
    row = s.orders[slot]
    close_order(s, row, CloseReason.SELF_TRADE_PREVENTION)
    release(s, row, row.remaining_lots)
    take_out(s, slot)


@hot
def match(s):
    """Trade the taker until something stops it and return what did: FILLED, NO_CROSS, EMPTY, TOO_SMALL or a reason."""
    taker = s.taker[0]
    market = s.markets[taker.market]
    half = s.halves[half_of(taker.market, 1 - taker.side)]
    while taker.left_lots > 0 or taker.left_quote_atoms > 0:
        if half.best == 0:
            return EMPTY
        level = s.levels[half.best]
        stop = stop_before(s, taker, level.key, taker.handled)
        if stop != FILLED:
            return stop
        taker.handled += 1
        slot = level.head
        if s.orders[slot].user == taker.user:
            if taker.self_trade_prevention != SelfTradePrevention.REJECT_TAKER:
                expire_maker(s, slot)
            if taker.self_trade_prevention != SelfTradePrevention.REJECT_MAKER:
                return CloseReason.SELF_TRADE_PREVENTION.value
        else:
            lots = lots_against(market, taker, s.orders[slot], taker.left_lots, taker.left_quote_atoms)
            if lots == 0:
                return TOO_SMALL
            fill(s, market, taker, slot, lots)
    return FILLED


@hot
def settle_taker(s, market, taker, lock_atoms):
    """Post all fills of the taker at once, with the lock of what goes to the book, and the fees of both sides."""
    base = taker.filled_lots * market.lot_atoms
    if taker.side == Side.BID:
        paid_asset, paid, asset, received = market.quote_asset, taker.filled_quote_atoms, market.base_asset, base
    else:
        paid_asset, paid, asset, received = market.base_asset, base, market.quote_asset, taker.filled_quote_atoms
    post(s, taker.account, paid_asset, -paid - lock_atoms, lock_atoms)
    if taker.filled_lots > 0:
        post(s, taker.account, asset, received - taker.fee_atoms, 0)
        post(s, HouseAccount.FEES, asset, taker.fee_atoms, 0)
        post(s, HouseAccount.FEES, paid_asset, taker.maker_fees_atoms, 0)
