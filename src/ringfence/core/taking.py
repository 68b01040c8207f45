"""Taking records: what everybody has of a share at an instant, while trading goes on.  docs/rules.md, "Shares".

At the instant only totals are fixed.  Who is about to change is taken first, and a page at a time all others are; so
nobody waits, and what is taken is what there was before the first command stamped at or after the instant.
"""

from ..schema.enums import (
    FUNDING_BITS,
    INDEX_BITS,
    ActionKind,
    ActionPhase,
    HouseAccount,
    MarketKind,
)
from ..schema.fields import MAX_SEQUENCE
from .bits import divide_down, shift_down, shift_up
from .emit import emit
from .entitlements import (
    ENTITLED,
    RECORDED,
    action_after,
    find_entitlement,
    open_entitlement,
    rate_of,
    refresh_due,
    unit_of,
)
from .index import find
from .jit import cold, hot
from .records import (
    CONTRACT_ADJUSTED,
    ENTITLEMENT_CARRIED,
    HOLDER_RECORDED,
    RECORD_BEGAN,
    RECORD_TAKEN,
    EventKind,
    cast,
)
from .state import BALANCES

NOT_BEGUN, UNDER_WAY, COMPLETE = 0, 1, 2
BEFORE_FIRST = HouseAccount.IN_TRANSIT.value
"""CUSTODY and IN_TRANSIT hold for others: what is on its way out is still its owner's."""
ACCOUNTS_PER_PAGE, EVENTS_PER_PAGE = 65_536, 8_192
FUNDING_END = 1 << 61


@cold
def slot_of_balance(s, account, asset):
    """Return the slot of a balance; the ledger, which asks for records to be taken, cannot be asked here."""
    return find(s.pools[BALANCES], s.balance_heads, s.balances, account << 16 | asset)


@cold
def leaving(s, account, asset):
    """Return how much of an asset is on its way out for an account and not final."""
    atoms, slot = 0, s.first_withdrawal[account]
    while slot != 0:
        row = s.withdrawals[slot]
        if row.asset == asset:
            atoms += row.amount_atoms + row.fee_atoms
        slot = row.account_next
    return atoms


@cold
def net_and_lent(s, account, asset, lent_index, debt_index):
    """Return what an account has of a share, less what it owes, and how much of it is lent, at these indices."""
    atoms, slot = leaving(s, account, asset), slot_of_balance(s, account, asset)
    if slot == 0:
        return atoms, 0
    row = s.balances[slot]
    atoms += row.available_atoms + row.locked_atoms
    if row.loan_shares >= 0:
        lent = shift_down(row.loan_shares, lent_index, INDEX_BITS)
        return atoms + lent, lent
    return atoms - shift_up(-row.loan_shares, debt_index, INDEX_BITS), 0


@cold
def take_entitlement(s, account, place):
    """Count what an account is entitled to; returns the slot of its row."""
    action, slot = s.actions[place], open_entitlement(s, account, place)
    net, lent = net_and_lent(s, account, action.asset, action.entitled_lent_index, action.entitled_debt_index)
    row = s.entitlements[slot]
    row.taken |= ENTITLED
    row.entitled_atoms += net
    row.lent_atoms += lent
    action.entitled_atoms += net
    action.entitled_holders += 1 if net != 0 else 0
    action.lent_atoms += lent
    action.short_atoms += max(-net, 0)
    refresh_due(s, slot)
    return slot


@cold
def take_record(s, account, place):
    """Record what an account has; returns the slot of its row.  Of a meeting what is lent counts too."""
    action, slot = s.actions[place], open_entitlement(s, account, place)
    net, lent = net_and_lent(s, account, action.asset, action.recorded_lent_index, action.recorded_debt_index)
    row = s.entitlements[slot]
    row.taken |= RECORDED
    row.recorded_atoms = net
    action.recorded_atoms += net
    action.recorded_holders += 1 if net != 0 else 0
    if action.action_kind == ActionKind.MEETING:
        row.lent_atoms += lent
        action.lent_atoms += lent
        action.short_atoms += max(-net, 0)
    return slot


@hot
def is_taken(s, account, place, bit):
    """Whether an account was taken already, before its turn came."""
    slot = find_entitlement(s, account, place)
    return slot != 0 and s.entitlements[slot].taken & bit != 0


@hot
def is_counted(account):
    """Whether an account has shares of its own: what POOL has is its lenders', and roundings are FEES'."""
    return account > BEFORE_FIRST and account != HouseAccount.POOL


@cold
def take_before(s, account, asset):
    """Take an account, whose position in a share is about to change, for every record of it that is under way."""
    if not is_counted(account):
        return
    for place in range(1, len(s.actions)):
        action = s.actions[place]
        if action.action == 0 or action.asset != asset:
            continue
        begun = action.entitled == UNDER_WAY and account > action.entitled_account
        if begun and not is_taken(s, account, place, ENTITLED):
            take_entitlement(s, account, place)
        begun = action.recorded == UNDER_WAY and account > action.recorded_account
        if begun and not is_taken(s, account, place, RECORDED):
            take_record(s, account, place)


@cold
def carry(s, account, asset, atoms):
    """Let a right follow shares that came from outside, or went there (below 0), between ex and record.

    The record is what the issuer pays by, so what came before it brought its right; where the record is first, what
    comes after it brought none.
    """
    if atoms == 0 or s.venue[0].actions == 0:
        return
    number = 0
    while action_after(s, number) != 0:
        place = action_after(s, number)
        action = s.actions[place]
        number = action.action
        armed = (
            action.asset == asset and action.phase == ActionPhase.ARMED and action.action_kind == ActionKind.DIVIDEND
        )
        if not armed or (action.entitled == NOT_BEGUN) == (action.recorded == NOT_BEGUN):
            continue
        slot, carried = open_entitlement(s, account, place), atoms if action.recorded == NOT_BEGUN else -atoms
        s.entitlements[slot].entitled_atoms += carried
        action.entitled_atoms += carried
        action.entitled_total_atoms += carried
        refresh_due(s, slot)
        event = cast(s.events, emit(s, EventKind.ENTITLEMENT_CARRIED, account, 0), ENTITLEMENT_CARRIED)
        event.action, event.version, event.carried_atoms = action.action, action.version, carried
        event.entitled_atoms = s.entitlements[slot].entitled_atoms


@cold
def find_next_take(s):
    """Find when the next record is to be taken, so that a command costs one comparison."""
    earliest = MAX_SEQUENCE
    for place in range(1, len(s.actions)):
        action = s.actions[place]
        if action.action == 0 or action.phase != ActionPhase.ARMED:
            continue
        if action.entitled == NOT_BEGUN and action.action_kind == ActionKind.DIVIDEND:
            earliest = min(earliest, action.ex_us)
        if action.recorded == NOT_BEGUN:
            earliest = min(earliest, action.record_us)
    s.venue[0].next_take_us = earliest


@cold
def total_of(s, asset):
    """Return how much of a share there is on the venue."""
    slot = slot_of_balance(s, HouseAccount.CUSTODY, asset)
    return -s.balances[slot].available_atoms if slot != 0 else 0


@cold
def emit_began(s, place, kind, total, lent_index, debt_index):
    """Append that a record is being taken."""
    action = s.actions[place]
    event = cast(s.events, emit(s, EventKind.RECORD_BEGAN, 0, 0), RECORD_BEGAN)
    event.action, event.version, event.record_kind, event.asset = action.action, action.version, kind, action.asset
    event.total_atoms, event.lent_index, event.debt_index = total, lent_index, debt_index


@cold
def adjust_contracts(s, place, sign):
    """Let shorts of the contract on a share pay its longs what the share pays, when its price goes ex."""
    action = s.actions[place]
    for market_number in range(1, s.venue[0].markets + 1):
        market, rules = s.markets[market_number], s.perpetuals[market_number]
        same = market.base_asset == action.asset and market.quote_asset == action.pay_asset
        if not same or market.market_kind != MarketKind.PERPETUAL or rules.market == 0:
            continue
        atoms = divide_down(market.lot_atoms, rate_of(s, place), 1)
        change = min(divide_down(atoms, 1 << FUNDING_BITS, unit_of(s, place)), FUNDING_END) * -sign
        rules.funding_index = min(max(rules.funding_index + change, -FUNDING_END), FUNDING_END)
        event = cast(s.events, emit(s, EventKind.CONTRACT_ADJUSTED, 0, market_number), CONTRACT_ADJUSTED)
        event.action, event.version, event.change = action.action, action.version, change
        event.funding_index = rules.funding_index


@cold
def begin_entitlement(s, place):
    """Fix the totals of who is entitled; the share goes ex."""
    action = s.actions[place]
    pool, total = s.lending_pools[action.asset], total_of(s, action.asset)
    action.entitled, action.entitled_account = UNDER_WAY, BEFORE_FIRST
    action.share_new, action.share_old = s.assets[action.asset].share_new, s.assets[action.asset].share_old
    action.entitled_lent_index, action.entitled_debt_index = pool.lent_index, pool.debt_index
    action.entitled_total_atoms += total
    s.assets[action.asset].takes += 1
    emit_began(s, place, ENTITLED, total, pool.lent_index, pool.debt_index)
    adjust_contracts(s, place, 1)


@cold
def begin_record(s, place):
    """Fix the totals of a record."""
    action = s.actions[place]
    pool, total = s.lending_pools[action.asset], total_of(s, action.asset)
    action.recorded, action.recorded_account = UNDER_WAY, BEFORE_FIRST
    action.recorded_lent_index, action.recorded_debt_index = pool.lent_index, pool.debt_index
    action.recorded_total_atoms += total
    s.assets[action.asset].takes += 1
    emit_began(s, place, RECORDED, total, pool.lent_index, pool.debt_index)


@cold
def begin_takes(s):
    """Begin every record whose instant has come."""
    time_us, number = s.venue[0].time_us, 0
    while action_after(s, number) != 0:
        place = action_after(s, number)
        action = s.actions[place]
        number = action.action
        if action.phase != ActionPhase.ARMED:
            continue
        if action.entitled == NOT_BEGUN and action.action_kind == ActionKind.DIVIDEND and action.ex_us <= time_us:
            begin_entitlement(s, place)
        if action.recorded == NOT_BEGUN and action.record_us <= time_us:
            begin_record(s, place)
    find_next_take(s)


@cold
def emit_recorded(s, slot, kind):
    """Append what was taken of an account, unless it is nothing."""
    row = s.entitlements[slot]
    action = s.actions[row.place]
    net = row.entitled_atoms if kind == ENTITLED else row.recorded_atoms
    lent = row.lent_atoms if kind == ENTITLED or action.action_kind == ActionKind.MEETING else 0
    if net == 0 and lent == 0:
        return
    event = cast(s.events, emit(s, EventKind.HOLDER_RECORDED, row.account, 0), HOLDER_RECORDED)
    event.action, event.version, event.record_kind, event.asset = action.action, action.version, kind, action.asset
    event.net_atoms, event.lent_atoms = net, lent


@hot
def has_any(s, account, asset):
    """Whether there is anything of a share to be taken of an account."""
    return s.holds[account] != 0 or slot_of_balance(s, account, asset) != 0


@cold
def look_at_account(s, account, place, kind):
    """Take an account in its turn, and say what it had."""
    slot = find_entitlement(s, account, place)
    if slot == 0 or s.entitlements[slot].taken & kind == 0:
        if slot == 0 and not has_any(s, account, s.actions[place].asset):
            return
        slot = take_entitlement(s, account, place) if kind == ENTITLED else take_record(s, account, place)
    emit_recorded(s, slot, kind)


@cold
def give_residue(s, place, kind):
    """Let FEES have what roundings of loans left, so that rights are what there is; returns how much."""
    action, slot = s.actions[place], open_entitlement(s, HouseAccount.FEES, place)
    row = s.entitlements[slot]
    row.taken |= kind
    if kind == ENTITLED:
        residue = action.entitled_total_atoms - action.entitled_atoms
        row.entitled_atoms += residue
        action.entitled_atoms += residue
        refresh_due(s, slot)
        return residue
    residue = action.recorded_total_atoms - action.recorded_atoms
    row.recorded_atoms += residue
    action.recorded_atoms += residue
    return residue


@cold
def complete_take(s, place, kind):
    """Let a record be complete: rights and records add up to the same shares."""
    action, residue = s.actions[place], give_residue(s, place, kind)
    s.assets[action.asset].takes -= 1
    event = cast(s.events, emit(s, EventKind.RECORD_TAKEN, 0, 0), RECORD_TAKEN)
    if kind == ENTITLED:
        action.entitled = COMPLETE
        event.holders, event.total_atoms = action.entitled_holders, action.entitled_atoms
    else:
        action.recorded = COMPLETE
        event.holders, event.total_atoms = action.recorded_holders, action.recorded_atoms
    event.action, event.version, event.record_kind, event.asset = action.action, action.version, kind, action.asset
    event.residue_atoms, event.lent_atoms, event.short_atoms = residue, action.lent_atoms, action.short_atoms
    if action.entitled == COMPLETE and action.recorded == COMPLETE:
        assert action.entitled_atoms == action.recorded_atoms, "rights are not what there are shares"


@cold
def take_page(s, place, kind):
    """Take so many accounts that nobody waits long."""
    action, venue = s.actions[place], s.venue[0]
    account = action.entitled_account if kind == ENTITLED else action.recorded_account
    end = min(account + ACCOUNTS_PER_PAGE, venue.next_account - 1)
    while account < end and venue.events - venue.first_event < EVENTS_PER_PAGE:
        account += 1
        if is_counted(account):
            look_at_account(s, account, place, kind)
    if kind == ENTITLED:
        action.entitled_account = account
    else:
        action.recorded_account = account
    if account == venue.next_account - 1:
        complete_take(s, place, kind)


@cold
def page_of_takes(s):
    """Take a page of the first record that is under way; returns whether there is one."""
    number = 0
    while action_after(s, number) != 0:
        place = action_after(s, number)
        action = s.actions[place]
        number = action.action
        if action.entitled == UNDER_WAY:
            take_page(s, place, ENTITLED)
            return True
        if action.recorded == UNDER_WAY:
            take_page(s, place, RECORDED)
            return True
    return False
