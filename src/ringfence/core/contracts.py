"""Orders on perpetuals: limits, margin, what a fill does to positions, and orders that only reduce.

docs/rules.md, "Orders on a perpetual".
"""

from ..schema.enums import CloseReason, HouseAccount, Side
from ..schema.fields import MAX_ATOMS, MAX_VALUE
from ..schema.rejects import Reject
from .admission import not_deleveraging
from .book import REDUCES, leave_position, take_out
from .bounds import scale_down, scale_up
from .emit import emit, emit_order_closed, refuse
from .jit import cold, hot
from .margin import judge, take_measure
from .positions import (
    change_position,
    drop_if_empty,
    exposure_of,
    find_position,
    notional,
    owe_house,
    reducible,
)
from .records import ORDER_AMENDED, EventKind, cast
from .reserves import ROUNDING_VALUE, scale_reserved
from .state import MOST_POSITIONS, POSITIONS
from .valuation import debt_value, part_down, repaid_value

POSITIONS_PER_ACCOUNT = 256
MOST_NOTIONAL = 1 << 58
"""Quote atoms that a position may come to at the mark, which may rise sixteenfold before they cannot be counted."""
REDUCE_ORDERS = 10
"""Orders that only reduce one position: so few that each fill may look at them all."""
POSITION_HEADROOM = 8
"""Rows that one order may open: its own and those of the house."""


@cold
def fee_on_top(earlier_quote_atoms, quote_atoms, ppm):
    """Return the fee of a fill, so that all fills of an order pay what one would: none is rounded up for itself."""
    return scale_up(earlier_quote_atoms + quote_atoms, ppm) - scale_up(earlier_quote_atoms, ppm)


@cold
def settle_contract_maker(s, market, maker, lots, quote, taker_fee):
    """Change the maker's position by a fill and return its fee, below 0 for a rebate, which the taker's fee pays."""
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[maker.user].fee_tier]
    if tier.maker_ppm >= 0:
        fee = fee_on_top(maker.executed_quote_atoms, quote, tier.maker_ppm)
    else:
        fee = -min(scale_down(quote, int(-tier.maker_ppm)), taker_fee)
    sign = 1 if maker.side == Side.BID else -1
    change_position(s, maker.account, maker.market, sign * lots, sign * quote, fee)
    owe_house(s, HouseAccount.FEES, maker.market, fee)
    return fee


@cold
def settle_contract_taker(s, taker):
    """Change the taker's position by all of its fills at once."""
    if taker.filled_lots == 0:
        return
    sign = 1 if taker.side == Side.BID else -1
    change_position(
        s, taker.account, taker.market, sign * taker.filled_lots, sign * taker.filled_quote_atoms, taker.fee_atoms
    )
    owe_house(s, HouseAccount.FEES, taker.market, taker.fee_atoms)
    trim(s, taker.account, taker.market)


@cold
def shrink_reducing(s, slot, lots):
    """Leave an order that only reduces with so many lots, in its place."""
    row = s.orders[slot]
    less = row.remaining_lots - lots
    event = cast(s.events, emit(s, EventKind.ORDER_AMENDED, row.account, row.market), ORDER_AMENDED)
    event.order, event.price_ticks, event.previous_price_ticks = row.id, row.price_ticks, row.price_ticks
    event.quantity_lots, event.rested_lots = row.quantity_lots - less, lots
    event.previous_remaining_lots, event.side, event.kept_place = row.remaining_lots, row.side, 1
    scale_reserved(s, slot, lots, row.remaining_lots)
    leave_position(s, row, less)
    row.quantity_lots -= less
    row.remaining_lots = lots
    s.levels[row.level].lots -= less
    s.markets[row.market].book_sequence = s.venue[0].sequence


@cold
def trim(s, account, market):
    """Shrink or close the orders that only reduce a position, oldest first, to what there is to reduce."""
    slot = find_position(s, account, market)
    if slot == 0:
        return
    position = s.positions[slot]
    if position.reduce_lots != 0:
        trim_orders(s, position.first_reducing, position.net_lots)
    slot = find_position(s, account, market)
    if slot != 0:
        drop_if_empty(s, slot)


@cold
def trim_orders(s, slot, net):
    """Let the orders that only reduce a position find room in it, oldest first."""
    room = abs(net)
    while slot != 0:
        row = s.orders[slot]
        following = row.reduce_next
        helps = net < 0 if row.side == Side.BID else net > 0
        kept = min(row.remaining_lots, room) if helps else 0
        room -= kept
        if kept == 0:
            emit_order_closed(s, row, CloseReason.REDUCE_ONLY)
            take_out(s, slot)
        elif kept < row.remaining_lots:
            shrink_reducing(s, slot, kept)
        slot = following


@cold
def lots_to_reduce(s, account, market, side, lots):
    """Return how many lots an order that only reduces may have, after refusing one that cannot; 0 if refused."""
    if not not_deleveraging(s, market):
        return 0
    slot, room, used = find_position(s, account, market), 0, 0
    if slot != 0:
        room, used = reducible(s.positions[slot], side), s.positions[slot].reduce_lots
    if room <= used:
        refuse(s, Reject.REDUCE_ONLY_NOT_REDUCED, room, used)
        return 0
    return min(lots, room - used)


@cold
def reducing_orders_left(s, account, market):
    """Check that one order more that only reduces may stand: a fill may have to close all of them."""
    slot, count = find_position(s, account, market), 0
    order = s.positions[slot].first_reducing if slot != 0 else 0
    while order != 0:
        count += 1
        order = s.orders[order].reduce_next
    return count < REDUCE_ORDERS or refuse(s, Reject.REDUCE_ORDERS_LIMIT, count, REDUCE_ORDERS)


@cold
def not_in_resolution(s, market):
    """Check that no loss of a market waits for somebody to pay it; the note is a hint, its row says how much."""
    slot = find_position(s, HouseAccount.UNCOVERED, market) if s.perpetuals[market].uncovered_atoms != 0 else 0
    owed = s.positions[slot].reference_atoms if slot != 0 else 0
    return owed <= 0 or refuse(s, Reject.MARKET_IN_RESOLUTION, owed, 0)


@cold
def within_limits(s, account, market, bid_change, ask_change, reduces):
    """Check how far a position and the open interest could grow when so much more is ordered."""
    if not not_deleveraging(s, market):
        return False
    slot, before, after = find_position(s, account, market), 0, 0
    if slot != 0:
        row = s.positions[slot]
        before = exposure_of(row.net_lots, row.bid_lots, row.ask_lots, row.reduce_lots)
        after = exposure_of(row.net_lots, row.bid_lots + bid_change, row.ask_lots + ask_change, row.reduce_lots)
    else:
        after = max(bid_change, ask_change)
    if after > before and not (not_in_resolution(s, market) and may_grow(s, account, market, slot, after)):
        return False
    return reduces or may_open(s, market, slot, bid_change, ask_change)


@cold
def may_grow(s, account, market, slot, after):
    """Check how far a position could grow."""
    rules = s.perpetuals[market]
    if after > rules.position_limit_lots:
        return refuse(s, Reject.POSITION_LIMIT, after, rules.position_limit_lots)
    if notional(after, rules.mark_ticks, s.markets[market].quote_factor) > MOST_NOTIONAL:
        return refuse(s, Reject.VALUE_TOO_LARGE, 0, MOST_NOTIONAL)
    if slot == 0 and s.accounts[account].positions >= POSITIONS_PER_ACCOUNT:
        return refuse(s, Reject.POSITION_LIMIT, s.accounts[account].positions + 1, POSITIONS_PER_ACCOUNT)
    rows = s.pools[POSITIONS].rows
    return rows + POSITION_HEADROOM <= MOST_POSITIONS or refuse(s, Reject.VENUE_FULL, rows, MOST_POSITIONS)


@cold
def may_open(s, market, slot, bid_change, ask_change):
    """Check the open interest if all filled that is ordered on the side of an order.

    What rests is counted with each order again: what was open when it came to rest says nothing of today.
    """
    net, bids, asks = 0, bid_change, ask_change
    if slot != 0:
        row = s.positions[slot]
        net = row.net_lots
        bids += row.bid_lots + (row.reduce_lots if net < 0 else 0)
        asks += row.ask_lots + (row.reduce_lots if net > 0 else 0)
    opens = 0
    if bid_change > 0:
        opens = max(net + bids, 0) - max(net, 0)
    elif ask_change > 0:
        opens = max(asks - net, 0) - max(-net, 0)
    grown, most = s.perpetuals[market].open_interest_lots + opens, s.perpetuals[market].open_interest_limit_lots
    return opens == 0 or grown <= most or refuse(s, Reject.OPEN_INTEREST_LIMIT, grown, most)


@hot
def fee_of(s, account, market, quote_atoms):
    """Return the highest fee that an account may pay on a trade."""
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[s.accounts[account].user].fee_tier]
    return scale_up(quote_atoms, int(max(tier.maker_ppm, tier.taker_ppm, 0)))


@cold
def freed_lots(s, account, market, lots, standing_lots):
    """Return how much less an account could come to hold after an order that only reduces filled; lots are signed."""
    slot = find_position(s, account, market)
    if slot == 0:
        return 0
    row = s.positions[slot]
    others = row.reduce_lots - standing_lots
    before = exposure_of(row.net_lots, row.bid_lots, row.ask_lots, others)
    return max(before - exposure_of(row.net_lots + lots, row.bid_lots, row.ask_lots, others), 0)


@cold
def reserved_for_contract(s, account, market_number, side, lots, quote_atoms, reduces, standing_lots):
    """Return (what an order that trades so many lots for so much loses against the mark, how much less if it reduces).

    ``standing_lots`` of it stand in the book. Only the first is stored: the position may be smaller before it fills.
    """
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    money, worth = s.collaterals[market.quote_asset], notional(lots, rules.mark_ticks, market.quote_factor)
    loss = quote_atoms - worth if side == Side.BID else worth - quote_atoms
    cost_atoms = max(loss, 0) + fee_of(s, account, market, quote_atoms)
    cost = min(debt_value(money, min(cost_atoms, MAX_ATOMS)) + ROUNDING_VALUE, MAX_VALUE)
    if not reduces:
        return cost, 0
    freed = freed_lots(s, account, market_number, lots if side == Side.BID else -lots, standing_lots)
    worth = notional(freed, rules.mark_ticks, market.quote_factor)
    return cost, min(part_down(repaid_value(money, worth), rules.initial_base_e8), cost)


@cold
def bears_contract(s, account, market, bid_change, ask_change, reserved_value, eased_value, amended_slot):
    """Check the margin of an account if so much more were ordered; ``amended_slot`` is the order it replaces, or 0."""
    payment, measure = s.payment[0], s.measure[0]
    payment.needed_atoms, payment.redeem_atoms, payment.borrow_atoms, payment.begins = 0, 0, 0, 0
    payment.reserved_value = reserved_value
    payment.market, payment.bid_lots, payment.ask_lots = market, bid_change, ask_change
    take_measure(s, account, 0, 0, 0, True)
    if s.accounts[account].liabilities == 0:
        payment.begins = 1 + measure.assets
    released_value, eased_before, lost = 0, 0, reserved_value
    if amended_slot != 0:
        row = s.orders[amended_slot]
        released_value = row.reserved_value
        lost = reserved_value if reserved_value > released_value else 0
        quote = row.price_ticks * row.remaining_lots * s.markets[market].quote_factor
        lots, reduces = row.remaining_lots, row.special & REDUCES != 0
        _, eased = reserved_for_contract(s, account, market, row.side, lots, quote, reduces, lots)
        eased_before = min(eased, released_value)
    measure.reserved = min(max(measure.reserved - released_value, 0) + reserved_value, MAX_VALUE)
    # Else amendments would ease an order again and again.
    eased_value = min(eased_value, measure.reserved) - eased_before
    accepted = judge(s, account, 0, 0, 0, s.accounts[account].least_initial_e8, eased_value, lost)
    payment.market, payment.bid_lots, payment.ask_lots = 0, 0, 0
    return accepted


@hot
def has_rules(s, market):
    """Check that somebody said what margin a perpetual needs."""
    return s.perpetuals[market].market != 0 or refuse(s, Reject.NO_PERPETUAL_RULES, 0, 0)
