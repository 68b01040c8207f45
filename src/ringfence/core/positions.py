"""Positions in perpetuals: what an account has, what it cost, what of it is not settled.  docs/rules.md, "Perpetuals".

Profit, loss, fees and funding move between the references of positions, which sum to zero with what CLEARING keeps;
money moves when a settlement collects it.
"""

from ..schema.enums import FUNDING_BITS, HouseAccount, Side
from ..schema.fields import MAX_ATOMS
from .bits import checked_add, checked_multiply, divide_down, shift_down, shift_up
from .changes import note_change
from .index import find, insert, remove
from .jit import cold, hot
from .ledger import balance_id
from .state import POSITIONS


@hot
def find_position(s, account, market):
    """Return the slot of an account's position in a market, 0 if it has none."""
    return find(s.pools[POSITIONS], s.position_heads, s.positions, balance_id(account, market))


@cold
def link_position(s, account, slot):
    """Put a position into its account's list, which is in the order of markets."""
    row, before, at = s.positions[slot], 0, s.accounts[account].first_position
    while at != 0 and s.positions[at].market < row.market:
        before, at = at, s.positions[at].account_next
    row.account_next = at
    if before == 0:
        s.accounts[account].first_position = slot
    else:
        s.positions[before].account_next = slot
    s.accounts[account].positions += 1
    s.accounts[account].liabilities += 1


@cold
def open_position(s, account, market):
    """Return the slot of an account's position in a market; a new one if it has none."""
    slot = find_position(s, account, market)
    if slot != 0:
        return slot
    pool = s.pools[POSITIONS]
    slot = pool.free
    if slot != 0:
        pool.free = s.positions[slot].hash_next
    else:
        pool.used += 1
        slot = pool.used
    row = s.positions[slot]
    row.id, row.account, row.market = balance_id(account, market), account, market
    row.opened, row.funding_index = s.venue[0].sequence, s.perpetuals[market].funding_index
    row.net_lots, row.bid_lots, row.ask_lots, row.reduce_lots = 0, 0, 0, 0
    row.reference_atoms, row.entry_atoms, row.realized_atoms = 0, 0, 0
    row.funding_atoms, row.fees_atoms, row.due_atoms = 0, 0, 0
    row.first_reducing, row.last_reducing = 0, 0
    insert(pool, s.position_heads, s.positions, slot)
    link_position(s, account, slot)
    return slot


@cold
def close_position(s, slot):
    """Take a position away."""
    row, pool = s.positions[slot], s.pools[POSITIONS]
    account = s.accounts[row.account]
    if account.first_position == slot:
        account.first_position = row.account_next
    else:
        at = account.first_position
        while s.positions[at].account_next != slot:
            at = s.positions[at].account_next
            assert at != 0, "the position is not in its account's list"
        s.positions[at].account_next = row.account_next
    account.positions -= 1
    account.liabilities -= 1
    remove(pool, s.position_heads, s.positions, slot)
    row.id = 0
    row.hash_next = pool.free
    pool.free = slot


@hot
def is_empty(row):
    """Whether nothing is left of a position, and nothing waits to be settled."""
    orders = row.bid_lots | row.ask_lots | row.reduce_lots
    return row.net_lots == 0 and orders == 0 and row.reference_atoms == 0 and row.due_atoms == 0


@cold
def drop_if_empty(s, slot):
    """Take a position away of which nothing is left."""
    if is_empty(s.positions[slot]):
        close_position(s, slot)


@hot
def notional(lots, ticks, quote_factor):
    """Return what lots are worth at a price, in quote atoms; MAX_ATOMS if it is more."""
    value, too_large = checked_multiply(lots, ticks)
    value, too_large_too = checked_multiply(value, quote_factor)
    return MAX_ATOMS if too_large or too_large_too or value > MAX_ATOMS else value


@hot
def signed_notional(lots, ticks, quote_factor):
    """Return the same of lots that are below zero for a short position."""
    return notional(lots, ticks, quote_factor) if lots >= 0 else -notional(-lots, ticks, quote_factor)


@hot
def pending_funding(s, row):
    """Return what funding a position has to pay since it was touched, rounded up; below zero if it is paid."""
    rise = s.perpetuals[row.market].funding_index - row.funding_index
    if rise == 0 or row.net_lots == 0:
        return 0
    if (row.net_lots > 0) == (rise > 0):
        return shift_up(abs(row.net_lots), abs(rise), FUNDING_BITS)
    return -shift_down(abs(row.net_lots), abs(rise), FUNDING_BITS)


@hot
def unsettled(s, row, ticks):
    """Return profit, above zero, or loss of a position at a price, as far as it is not settled."""
    value = signed_notional(row.net_lots, ticks, s.markets[row.market].quote_factor)
    return value - row.reference_atoms - pending_funding(s, row)


@cold
def add_reference(s, slot, atoms):
    """Let a position have cost more."""
    total, overflow = checked_add(s.positions[slot].reference_atoms, atoms)
    assert not overflow, "what a position cost overflows"
    s.positions[slot].reference_atoms = total
    note_change(s, s.positions[slot].account)


@cold
def owe_house(s, account, market, atoms):
    """Let a house account have so much to come from a market."""
    if atoms == 0:
        return
    slot = open_position(s, account, market)
    add_reference(s, slot, -atoms)
    drop_if_empty(s, slot)


@cold
def touch(s, slot):
    """Settle the funding of a position into what it cost."""
    row = s.positions[slot]
    atoms = pending_funding(s, row)
    row.funding_index = s.perpetuals[row.market].funding_index
    if atoms != 0:
        add_reference(s, slot, atoms)
        row.funding_atoms -= atoms
        owe_house(s, HouseAccount.ROUNDING, row.market, atoms)


@hot
def part_of(amount, lots, whole_lots):
    """Return amount * lots / whole lots, towards zero."""
    return divide_down(amount, lots, whole_lots) if amount >= 0 else -divide_down(-amount, lots, whole_lots)


@cold
def begin_anew_if_over(s, slot):
    """Let what is about to change be another position if the last one is over and only orders kept its row."""
    row = s.positions[slot]
    if row.net_lots == 0 and row.reference_atoms == 0 and row.due_atoms == 0:
        row.opened, row.realized_atoms, row.funding_atoms, row.fees_atoms = s.venue[0].sequence, 0, 0, 0


@cold
def change_position(s, account, market, lots, cost_atoms, fee_atoms):
    """Change a position by a trade: lots and cost below zero for a sale; returns its slot."""
    slot = open_position(s, account, market)
    begin_anew_if_over(s, slot)
    touch(s, slot)
    row, book = s.positions[slot], s.perpetuals[market]
    before = row.net_lots
    if before == 0 or (before > 0) == (lots > 0):
        row.entry_atoms += cost_atoms
    else:
        closed = min(abs(lots), abs(before))
        entry, cost = part_of(row.entry_atoms, closed, abs(before)), part_of(cost_atoms, closed, abs(lots))
        row.realized_atoms -= entry + cost
        row.entry_atoms += cost_atoms - cost - entry
    row.net_lots = before + lots
    if row.net_lots == 0:
        row.entry_atoms = 0
    book.open_interest_lots += max(row.net_lots, 0) - max(before, 0)
    add_reference(s, slot, cost_atoms + fee_atoms)
    row.fees_atoms += fee_atoms
    return slot


@hot
def exposure_of(net, bid, ask, reduce):
    """Return the most lots that a position may come to, on either side.

    Orders that only reduce it may fill before the others of their side, which then make it grow the other way.
    """
    return max(abs(net + bid + (reduce if net < 0 else 0)), abs(net - ask - (reduce if net > 0 else 0)))


@hot
def reducible(row, side):
    """Return how many lots of a position an order of this side can reduce."""
    return max(-row.net_lots, 0) if side == Side.BID else max(row.net_lots, 0)
