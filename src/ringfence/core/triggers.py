"""Triggers: in a tree by price while they wait, then in the queue of those whose turn it is to fire.

A market has a tree for each kind of price and direction; the nearest price is the best level of its ``Half``, as in a
book.  docs/rules.md, "Triggers".
"""

from ..schema.enums import AssetKind, MarketKind, MarketState, TriggerBy, TriggerDirection
from .emit import emit
from .index import find, insert, remove
from .jit import cold, hot
from .levels import NEVER, close_level, find_level, open_level, price_key
from .records import TRIGGER_CLOSED, TRIGGER_PLACED, EventKind, cast
from .state import FIRST_WAITING_HALF, TRIGGERS
from .valuation import index_ticks, is_live


@hot
def find_trigger(s, number):
    """Return the slot of a trigger, 0 if there is none with this number."""
    return find(s.pools[TRIGGERS], s.trigger_heads, s.triggers, number)


@hot
def waiting_half(market, by, direction):
    """Return the row of ``halves`` for the triggers of a market that wait for one kind of price to rise or to fall."""
    return FIRST_WAITING_HALF + 6 * market + 2 * by + direction


@cold
def is_reached(direction, trigger_ticks, price_ticks):
    """Whether a price is where a trigger waits for it."""
    return price_ticks >= trigger_ticks if direction == TriggerDirection.RISES else price_ticks <= trigger_ticks


@cold
def reference_price(s, market_number, by):
    """Return the price of a market that a trigger looks at, in ticks; 0 if there is none that is good."""
    market = s.markets[market_number]
    if by == TriggerBy.LAST:
        return market.last_price_ticks
    if market.market_kind != MarketKind.SPOT:
        rules = s.perpetuals[market_number]
        if not is_live(rules.price_state):
            return 0
        return rules.mark_ticks if by == TriggerBy.MARK else rules.index_ticks
    price = s.prices[market.base_asset]
    if s.assets[market.quote_asset].asset_kind != AssetKind.CASH or not is_live(price.price_state):
        return 0
    units = price.mark_units if by == TriggerBy.MARK else price.index_units
    return index_ticks(s, market, units) if units != 0 and price.minimum_sources != 0 else 0


@cold
def note_nearest(s, market_number, by):
    """Let the market say at which last prices somebody waits, so that a fill has two numbers to look at."""
    if by != TriggerBy.LAST:
        return
    market = s.markets[market_number]
    rises = s.halves[waiting_half(market_number, by, TriggerDirection.RISES)].best
    falls = s.halves[waiting_half(market_number, by, TriggerDirection.FALLS)].best
    market.rising_key = NEVER - s.levels[rises].price_ticks if rises != 0 else 0
    market.falling_key = s.levels[falls].price_ticks if falls != 0 else 0


@cold
def wait(s, slot):
    """Put a trigger at the end of those that wait for its price."""
    row = s.triggers[slot]
    h = waiting_half(row.market, row.trigger_by, row.direction)
    key = price_key(1 - row.direction, row.trigger_ticks)
    level_slot = find_level(s, h, key)
    if level_slot == 0:
        level_slot = open_level(s, h, key, row.trigger_ticks)
    level = s.levels[level_slot]
    row.level, row.next, row.previous = level_slot, 0, level.tail
    if level.tail != 0:
        s.triggers[level.tail].next = slot
    else:
        level.head = slot
    level.tail = slot
    note_nearest(s, row.market, row.trigger_by)


@cold
def stop_waiting(s, slot):
    """Take a trigger from those that wait for its price."""
    row = s.triggers[slot]
    level = s.levels[row.level]
    if row.previous != 0:
        s.triggers[row.previous].next = row.next
    else:
        level.head = row.next
    if row.next != 0:
        s.triggers[row.next].previous = row.previous
    else:
        level.tail = row.previous
    if level.head == 0:
        close_level(s, waiting_half(row.market, row.trigger_by, row.direction), row.level)
    row.level = 0
    note_nearest(s, row.market, row.trigger_by)


@cold
def join_due(s, slot):
    """Put a trigger at the end of those that are to fire."""
    venue, row = s.venue[0], s.triggers[slot]
    row.next, row.previous = 0, venue.last_due
    if venue.last_due != 0:
        s.triggers[venue.last_due].next = slot
    else:
        venue.first_due = slot
    venue.last_due = slot
    venue.triggers_due += 1


@cold
def leave_due(s, slot):
    """Take a trigger from those that are to fire."""
    venue, row = s.venue[0], s.triggers[slot]
    if row.previous != 0:
        s.triggers[row.previous].next = row.next
    else:
        venue.first_due = row.next
    if row.next != 0:
        s.triggers[row.next].previous = row.previous
    else:
        venue.last_due = row.previous
    venue.triggers_due -= 1


@cold
def wait_again(s, slot):
    """Let a trigger that was to fire watch its price again, as if it were armed now."""
    leave_due(s, slot)
    row = s.triggers[slot]
    s.venue[0].triggers_counted += 1
    row.armed, row.due = s.venue[0].triggers_counted, 0
    wait(s, slot)


@cold
def become_due(s, slot):
    """Let a trigger fire when it is its turn."""
    stop_waiting(s, slot)
    s.venue[0].triggers_counted += 1
    s.triggers[slot].due = s.venue[0].triggers_counted
    join_due(s, slot)


@cold
def arm(s, slot):
    """Let a trigger watch its price from now on."""
    row = s.triggers[slot]
    s.venue[0].triggers_counted += 1
    row.armed = s.venue[0].triggers_counted
    wait(s, slot)
    price = reference_price(s, row.market, row.trigger_by)
    if price != 0 and is_reached(row.direction, row.trigger_ticks, price):
        become_due(s, slot)


@cold
def look_one_way(s, market, by, direction, price_ticks):
    """Let everything become due that waits for a price which rose, or fell, so far."""
    h = waiting_half(market, by, direction)
    while s.halves[h].best != 0:
        level = s.levels[s.halves[h].best]
        if not is_reached(direction, level.price_ticks, price_ticks):
            return
        become_due(s, level.head)


@cold
def look(s, market, by, price_ticks):
    """Let everything become due that a price of a market has reached."""
    look_one_way(s, market, by, TriggerDirection.RISES, price_ticks)
    look_one_way(s, market, by, TriggerDirection.FALLS, price_ticks)


@cold
def look_at_marks(s):
    """Look at every market by mark and by index, where orders are accepted."""
    for market in range(1, s.venue[0].markets + 1):
        state = s.markets[market].state
        shut = state == MarketState.CLOSED or state == MarketState.CANCEL_ONLY
        if shut or state == MarketState.AUCTION:
            continue
        for by in range(TriggerBy.MARK, TriggerBy.INDEX + 1):
            first = waiting_half(market, by, TriggerDirection.RISES)
            if s.halves[first].best | s.halves[first + 1].best == 0:
                continue
            price = reference_price(s, market, by)
            if price != 0:
                look(s, market, by, price)


@cold
def link_trigger(s, slot):
    """Put a trigger whose number and account are set into the index, and last into its account's list."""
    row = s.triggers[slot]
    account = s.account_triggers[row.account]
    row.account_next, row.account_previous = 0, account.last
    if account.last != 0:
        s.triggers[account.last].account_next = slot
    else:
        account.first = slot
    account.last = slot
    account.count += 1
    insert(s.pools[TRIGGERS], s.trigger_heads, s.triggers, slot)


@cold
def open_trigger(s):
    """Take a free row for a trigger and return its slot."""
    pool = s.pools[TRIGGERS]
    slot = pool.free
    if slot != 0:
        pool.free = s.triggers[slot].next
    else:
        pool.used += 1
        slot = pool.used
    row = s.triggers[slot]
    row.level, row.armed, row.due, row.next, row.previous = 0, 0, 0, 0, 0
    return slot


@cold
def give_back(s, slot):
    """Let a row be free that is in no list."""
    row, pool = s.triggers[slot], s.pools[TRIGGERS]
    row.id = 0
    row.next = pool.free
    pool.free = slot


@cold
def take_away(s, slot):
    """Take a trigger out of the venue."""
    row, pool = s.triggers[slot], s.pools[TRIGGERS]
    if row.due != 0:
        leave_due(s, slot)
    elif row.armed != 0:
        stop_waiting(s, slot)
    account = s.account_triggers[row.account]
    if row.account_previous != 0:
        s.triggers[row.account_previous].account_next = row.account_next
    else:
        account.first = row.account_next
    if row.account_next != 0:
        s.triggers[row.account_next].account_previous = row.account_previous
    else:
        account.last = row.account_previous
    account.count -= 1
    remove(pool, s.trigger_heads, s.triggers, slot)
    give_back(s, slot)


@cold
def emit_trigger_placed(s, slot):
    """Append that a trigger waits."""
    row = s.triggers[slot]
    event = cast(s.events, emit(s, EventKind.TRIGGER_PLACED, row.account, row.market), TRIGGER_PLACED)
    event.trigger, event.parent, event.client_id = row.id, row.parent, row.client_id
    event.price_ticks, event.quantity_lots, event.slippage = row.price_ticks, row.quantity_lots, row.slippage
    event.trigger_ticks, event.user = row.trigger_ticks, s.accounts[row.account].user
    event.side, event.order_type, event.time_in_force = row.side, row.order_type, row.time_in_force
    event.post_only, event.self_trade_prevention = row.post_only, row.self_trade_prevention
    event.slippage_kind, event.loan_flags, event.reduce_only = row.slippage_kind, row.loan_flags, row.reduce_only
    event.trigger_by, event.direction, event.quantity_percent = row.trigger_by, row.direction, row.quantity_percent


@cold
def emit_trigger_closed(s, account, market, number, parent, reason):
    """Append the end of a trigger without an order, and return its place."""
    place = emit(s, EventKind.TRIGGER_CLOSED, account, market)
    event = cast(s.events, place, TRIGGER_CLOSED)
    event.trigger, event.parent, event.reason = number, parent, reason
    return place


@cold
def end_trigger(s, slot, reason):
    """End a trigger that does not fire."""
    row = s.triggers[slot]
    emit_trigger_closed(s, row.account, row.market, row.id, row.parent, reason)
    take_away(s, slot)
