"""Orders in the book: at the end of a price's queue, in the list of their account, in the index by id."""

from ..schema.enums import MarketKind, Side
from .index import find, insert, remove
from .jit import cold, hot
from .ledger import post
from .levels import close_level, find_level, half_of, open_level, price_key
from .positions import drop_if_empty, find_position, open_position
from .state import ORDERS

ATTACHED = 32
"""The bit of an order's ``special`` that says that a take-profit or a stop-loss may be attached to it."""
REDUCES = 64
"""The bit of an order's ``special`` that says that it may only reduce a position."""


@hot
def find_order(s, number):
    """Return the slot of an open order, 0 if there is none with this number."""
    return find(s.pools[ORDERS], s.order_heads, s.orders, number)


@hot
def lock_of(market, side, price_ticks, lots):
    """Return what a resting order locks of the asset it sells, in atoms."""
    if market.market_kind != MarketKind.SPOT:
        return 0
    return price_ticks * lots * market.quote_factor if side == Side.BID else lots * market.lot_atoms


@hot
def sold_asset(market, side):
    """Return the asset that an order of this side sells."""
    return market.quote_asset if side == Side.BID else market.base_asset


@hot
def bought_asset(market, side):
    """Return the asset that an order of this side buys."""
    return market.base_asset if side == Side.BID else market.quote_asset


@hot
def unlock(s, row, lots):
    """Give ``lots`` of an order's lock back to its account."""
    market = s.markets[row.market]
    atoms = lock_of(market, row.side, row.price_ticks, lots)
    post(s, row.account, sold_asset(market, row.side), atoms, -atoms)


@hot
def open_order(s):
    """Take a free order row and return its slot."""
    pool = s.pools[ORDERS]
    slot = pool.free
    if slot != 0:
        pool.free = s.orders[slot].next
    else:
        pool.used += 1
        slot = pool.used
    return slot


@hot
def queue(s, slot):
    """Put an order whose fields are set at the end of its price's queue, its account's list, and into the index."""
    row = s.orders[slot]
    h = half_of(row.market, row.side)
    key = price_key(row.side, row.price_ticks)
    level_slot = find_level(s, h, key)
    if level_slot == 0:
        level_slot = open_level(s, h, key, row.price_ticks)
    level = s.levels[level_slot]
    row.level, row.next, row.previous = level_slot, 0, level.tail
    if level.tail != 0:
        s.orders[level.tail].next = slot
    else:
        level.head = slot
    level.tail = slot
    level.lots += row.remaining_lots
    level.orders += 1
    s.halves[h].orders += 1
    s.accounts[row.account].reserved_value += row.reserved_value
    link_to_account(s, slot)
    insert(s.pools[ORDERS], s.order_heads, s.orders, slot)


@hot
def link_to_account(s, slot):
    """Put an order at the end of its account's list."""
    row = s.orders[slot]
    account = s.accounts[row.account]
    row.account_next, row.account_previous = 0, account.last_order
    if account.last_order != 0:
        s.orders[account.last_order].account_next = slot
    else:
        account.first_order = slot
    account.last_order = slot
    account.open_orders += 1


@hot
def unlink_from_account(s, row):
    """Take an order out of its account's list."""
    account = s.accounts[row.account]
    if row.account_previous != 0:
        s.orders[row.account_previous].account_next = row.account_next
    else:
        account.first_order = row.account_next
    if row.account_next != 0:
        s.orders[row.account_next].account_previous = row.account_previous
    else:
        account.last_order = row.account_previous
    account.open_orders -= 1


@cold
def leave_position(s, row, lots):
    """Let an order on a perpetual have so many lots less to fill."""
    slot = find_position(s, row.account, row.market)
    position = s.positions[slot]
    if row.special & REDUCES != 0:
        position.reduce_lots -= lots
        if lots == row.remaining_lots:
            unlink_reducing(s, position, row)
    elif row.side == Side.BID:
        position.bid_lots -= lots
    else:
        position.ask_lots -= lots
    drop_if_empty(s, slot)


@cold
def link_reducing(s, position, slot):
    """Put an order at the end of those that only reduce a position."""
    row = s.orders[slot]
    row.reduce_next, row.reduce_previous = 0, position.last_reducing
    if position.last_reducing != 0:
        s.orders[position.last_reducing].reduce_next = slot
    else:
        position.first_reducing = slot
    position.last_reducing = slot


@cold
def unlink_reducing(s, position, row):
    """Take an order out of those that only reduce a position."""
    if row.reduce_previous != 0:
        s.orders[row.reduce_previous].reduce_next = row.reduce_next
    else:
        position.first_reducing = row.reduce_next
    if row.reduce_next != 0:
        s.orders[row.reduce_next].reduce_previous = row.reduce_previous
    else:
        position.last_reducing = row.reduce_previous


@cold
def join_position(s, slot):
    """Let an order on a perpetual rest with what it has left to fill."""
    row = s.orders[slot]
    position = s.positions[open_position(s, row.account, row.market)]
    if row.special & REDUCES != 0:
        position.reduce_lots += row.remaining_lots
        link_reducing(s, position, slot)
    elif row.side == Side.BID:
        position.bid_lots += row.remaining_lots
    else:
        position.ask_lots += row.remaining_lots


@hot
def take_out(s, slot):
    """Remove an order from the book; what it locks is the caller's affair."""
    row, pool = s.orders[slot], s.pools[ORDERS]
    h = half_of(row.market, row.side)
    level = s.levels[row.level]
    level.lots -= row.remaining_lots
    level.orders -= 1
    if row.previous != 0:
        s.orders[row.previous].next = row.next
    else:
        level.head = row.next
    if row.next != 0:
        s.orders[row.next].previous = row.previous
    else:
        level.tail = row.previous
    if level.head == 0:
        close_level(s, h, row.level)
    s.halves[h].orders -= 1
    if row.reserved_value != 0:
        s.accounts[row.account].reserved_value -= row.reserved_value
        row.reserved_value = 0
    if s.markets[row.market].market_kind != MarketKind.SPOT:
        leave_position(s, row, row.remaining_lots)
    unlink_from_account(s, row)
    remove(pool, s.order_heads, s.orders, slot)
    row.id = 0
    row.next = pool.free
    pool.free = slot
    s.markets[row.market].book_sequence = s.venue[0].sequence
