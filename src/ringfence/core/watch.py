"""The watch list: who is at or below maintenance margin now, without measuring everybody.  docs/architecture.md.

For every account that owes something, or has positions, a bound is kept of how far all marks may move, each in the
direction that hurts, before the account can be unsafe.  Accounts stand in buckets by that bound.  While no mark
has moved further than some x from where it stood when the list was made, only the accounts in the buckets up to x can
be unsafe; those are measured, and nobody else.  All of this follows from the state: it is not hashed, and a list that
is made anew gives the same answer.

Why nobody is missed.  Let every price and every index of debts change by at most x <= 10 % of what it was, up or down:

- what a holding counts for falls by at most x of it (the weight only grows when the value falls);
- a debt grows by at most x, and what it requires by (1 + x)^1.5 - 1 <= 1.6 x of that: its rate grows with the root;
- profit of a position changes by at most x of its notional, funding included; where the quote asset moves too, by
  (x + x^2) of the notional and x of the profit, and the requirement grows by (1 + x)^3 - 1 <= 3.5 x.

The sum of those over an account is its ``gross``, and its bound is (equity - maintenance) / gross.  Roundings are
covered by ``ROUNDING_VALUE`` a row, by ``slop_e9`` for rates, and by ``atom_gross`` for debts and funding, which
are whole atoms.  An account that is bounded when marks have moved by X already may see (x + X) / (1 - X) later.
"""

from ..schema.enums import FUNDING_BITS
from ..schema.fields import MAX_ATOMS, MAX_VALUE
from .bits import divide_up, highest_bit, prefetch
from .contracts import POSITIONS_PER_ACCOUNT
from .jit import cold, hot
from .margin import held_and_owed
from .positions import notional, pending_funding
from .state import BUCKETS
from .valuation import asset_value, capped_sum, debt_value, part_down, part_up, rate_at, weight_at

E8, E9 = 10**8, 10**9
LIMIT_E9 = 10**8
"""The largest move for which the bounds hold: 10 %."""
RENEW_E9 = 2 * 10**7
"""When marks have moved by 2 % the list is made anew, because too many accounts would be measured."""
LEAST_RENEWED = 1_000
"""So is it when more accounts than that have changed, and half of all."""
BEYOND_E9 = 4 * E9
"""A move about which nothing can be said but that the list must be made anew."""
WIDTH_E9 = 50_000
ALWAYS, FIRST, NEVER = 1, 2, BUCKETS - 1
"""Buckets: of accounts that are always measured, of the least bound, of bounds beyond the limit; 0 is of no account."""
LEAST_SLOP_E9, SLOPS = 20_000, 16
PER_LEAST_SLOP = E9 // LEAST_SLOP_E9
ROUNDING_VALUE = 8
LARGE_VALUE = MAX_VALUE // 4
"""Sums that come near to the largest value are bounded by nothing."""
AHEAD, FAR_AHEAD, LINE = 6, 12, 64
EXACT_BITS = 32
"""So many bits of a gross are enough to divide by it."""


@cold
def apart_e9(factor, shift, factor_before, shift_before):
    """Return by how much a price, as factor and shift, is above or below what it was, rounded up."""
    if factor == factor_before and shift == shift_before:
        return 0
    turns = 1 + shift_before - shift
    if factor == 0 or factor_before == 0 or turns < 0 or turns > 2:
        return BEYOND_E9
    twice = divide_up(factor, E9 << turns, factor_before)
    return (abs(twice - 2 * E9) + 1) // 2 + 1


@cold
def grown_e9(index, index_before):
    """Return by how much the index of a pool has grown, rounded up; one that falls cannot be bounded."""
    if index == index_before:
        return 0
    if index < index_before or index_before == 0:
        return BEYOND_E9
    return divide_up(index, E9, index_before) - E9


@cold
def same_rules(rules, reference):
    """Whether an asset counts by the same rules as when the list was made."""
    return (
        rules.weight_e8 == reference.weight_e8
        and rules.haircut_kind == reference.haircut_kind
        and rules.haircut_base_e8 == reference.haircut_base_e8
        and rules.haircut_penalty_e8 == reference.haircut_penalty_e8
        and rules.maintenance_base_e8 == reference.maintenance_base_e8
        and rules.maintenance_factor_e8 == reference.maintenance_factor_e8
    )


@cold
def moved_asset_e9(s, asset):
    """Return how far an asset has moved since the list was made, as a holding and as a debt."""
    rules, reference, pool = s.collaterals[asset], s.watch_assets[asset], s.lending_pools[asset]
    held = apart_e9(rules.asset_factor, rules.asset_shift, reference.asset_factor, reference.asset_shift)
    owed = apart_e9(rules.debt_factor, rules.debt_shift, reference.debt_factor, reference.debt_shift)
    fixed = reference.is_fixed != 0 and held + owed != 0
    if fixed or not same_rules(rules, reference) or pool.lent_index < reference.lent_index:
        return BEYOND_E9
    grown = grown_e9(pool.debt_index, reference.debt_index)
    if max(held, owed, grown) > LIMIT_E9:
        return BEYOND_E9
    return max(held, owed + grown + divide_up(owed, grown, E9))


@cold
def moved_market_e9(s, market):
    """Return how far a perpetual has moved since the list was made: its mark, and what funding it has charged."""
    rules, reference = s.perpetuals[market], s.watch_markets[market]
    same = rules.maintenance_base_e8 == reference.maintenance_base_e8
    if not same or rules.maintenance_factor_e8 != reference.maintenance_factor_e8:
        return BEYOND_E9
    charged = abs(rules.funding_index - reference.funding_index)
    if rules.mark_ticks == reference.mark_ticks and charged == 0:
        return 0
    if rules.mark_ticks == 0 or reference.mark_ticks == 0:
        return BEYOND_E9
    worth = notional(1, reference.mark_ticks, s.markets[market].quote_factor)
    if charged >> FUNDING_BITS > worth // 8:
        return BEYOND_E9
    away = divide_up(abs(rules.mark_ticks - reference.mark_ticks), E9, reference.mark_ticks)
    return away + divide_up((charged >> FUNDING_BITS) + 1, E9, worth) if charged != 0 else away


@cold
def moved_e9(s):
    """Return how far whatever has moved furthest has moved since the list was made."""
    venue, watch = s.venue[0], s.watch[0]
    if watch.made == 0 or watch.assets != venue.assets or watch.markets != venue.markets:
        return BEYOND_E9
    most = 0
    for asset in range(1, venue.assets + 1):
        most = max(most, moved_asset_e9(s, asset))
    for market in range(1, venue.markets + 1):
        most = max(most, moved_market_e9(s, market))
    return most


@cold
def refer_asset(s, asset):
    """Remember where an asset stands and by what rules it counts; returns the steepest of its factors."""
    rules, reference, pool = s.collaterals[asset], s.watch_assets[asset], s.lending_pools[asset]
    reference.asset_factor, reference.asset_shift = rules.asset_factor, rules.asset_shift
    reference.debt_factor, reference.debt_shift = rules.debt_factor, rules.debt_shift
    reference.debt_index, reference.lent_index = pool.debt_index, pool.lent_index
    reference.weight_e8, reference.haircut_kind = rules.weight_e8, rules.haircut_kind
    reference.haircut_base_e8, reference.haircut_penalty_e8 = rules.haircut_base_e8, rules.haircut_penalty_e8
    reference.maintenance_base_e8 = rules.maintenance_base_e8
    reference.maintenance_factor_e8 = rules.maintenance_factor_e8
    reference.is_fixed = 1 if s.prices[asset].minimum_sources == 0 else 0
    atom = debt_value(rules, 1)
    reference.atom_gross = (atom + 1) * 2 * PER_LEAST_SLOP if atom < LARGE_VALUE // PER_LEAST_SLOP // 2 else MAX_VALUE
    return max(rules.maintenance_factor_e8, rules.haircut_penalty_e8)


@cold
def refer(s):
    """Remember where all marks and indices stand: what moves are counted from."""
    venue, watch, steepest = s.venue[0], s.watch[0], 0
    for asset in range(1, venue.assets + 1):
        steepest = max(steepest, refer_asset(s, asset))
    for market in range(1, venue.markets + 1):
        rules, reference = s.perpetuals[market], s.watch_markets[market]
        reference.mark_ticks, reference.funding_index = rules.mark_ticks, rules.funding_index
        reference.maintenance_base_e8 = rules.maintenance_base_e8
        reference.maintenance_factor_e8 = rules.maintenance_factor_e8
        steepest = max(steepest, rules.maintenance_factor_e8)
    watch.assets, watch.markets = venue.assets, venue.markets
    watch.slop_e9 = max(LEAST_SLOP_E9, SLOPS * (steepest // 1000 + 4) * (E9 // E8))
    watch.rounding_value = ROUNDING_VALUE * (POSITIONS_PER_ACCOUNT + venue.assets)


@hot
def count_held(s, sums, atoms, asset):
    """Count a holding in the sums of an account."""
    rules = s.collaterals[asset]
    value = asset_value(rules, min(atoms, MAX_ATOMS))
    collateral = part_down(value, weight_at(rules, value))
    if collateral == 0:
        return
    sums.collateral = capped_sum(sums.collateral, collateral)
    moves = collateral >> 4 if s.watch_assets[asset].is_fixed != 0 else collateral
    sums.gross = capped_sum(sums.gross, moves + (value >> 4))


@cold
def count_owed(s, sums, atoms, asset):
    """Count a debt in the sums of an account."""
    rules = s.collaterals[asset]
    value = debt_value(rules, min(atoms, MAX_ATOMS))
    rate = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
    required = part_up(value, rate)
    sums.liabilities = capped_sum(sums.liabilities, value)
    sums.maintenance = capped_sum(sums.maintenance, required)
    sums.gross = capped_sum(sums.gross, value + (required + required // 2 + required // 8))
    # An atom more may be owed than the index says, and it needs its margin too.
    for _ in range(2 + rate // E8):
        sums.gross = capped_sum(sums.gross, s.watch_assets[asset].atom_gross)


@hot
def count_balance(s, sums, row):
    """Count a balance in the sums of its account."""
    asset = row.id & 0xFFFF
    held, owed = held_and_owed(s, row, asset)
    if held > 0:
        count_held(s, sums, held, asset)
    if owed > 0:
        count_owed(s, sums, owed, asset)


@hot
def count_position(s, sums, row):
    """Count a position in the sums of its account."""
    market, rules = s.markets[row.market], s.perpetuals[row.market]
    if rules.mark_ticks == 0:
        return
    money, reference = s.collaterals[market.quote_asset], s.watch_assets[market.quote_asset]
    atoms = notional(abs(row.net_lots), rules.mark_ticks, market.quote_factor)
    value = debt_value(money, atoms)
    required = part_up(value, rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value))
    sums.maintenance = capped_sum(sums.maintenance, required)
    profit = (atoms if row.net_lots >= 0 else -atoms) - row.reference_atoms - pending_funding(s, row)
    worth = 0
    if profit > 0:
        worth = asset_value(money, min(profit, MAX_ATOMS))
        sums.collateral = capped_sum(sums.collateral, worth)
    elif profit < 0:
        worth = debt_value(money, min(-profit, MAX_ATOMS))
        sums.liabilities = capped_sum(sums.liabilities, worth)
    if reference.is_fixed != 0:
        moves = value + required + (required >> 1) + (required >> 3) + (worth >> 4)
    else:
        moves = capped_sum(value + (value >> 3) + worth, 3 * required + (required >> 1))
    sums.gross = capped_sum(sums.gross, capped_sum(moves, reference.atom_gross))


@cold
def count_expected(s, sums, account):
    """Count what an account expects of corporate actions, or owes for them; these are so many atoms whatever comes."""
    slot = s.first_entitlement[account]
    while slot != 0:
        row = s.entitlements[slot]
        asset = s.actions[row.place].pay_asset
        money, worth = s.collaterals[asset], 0
        if row.due_atoms > 0:
            worth = asset_value(money, min(row.due_atoms, MAX_ATOMS))
            sums.collateral = capped_sum(sums.collateral, worth)
        elif row.due_atoms < 0:
            worth = debt_value(money, min(-row.due_atoms, MAX_ATOMS))
            sums.liabilities = capped_sum(sums.liabilities, worth)
        if worth != 0:
            moves = worth >> 4 if s.watch_assets[asset].is_fixed != 0 else worth
            sums.gross = capped_sum(sums.gross, capped_sum(moves, ROUNDING_VALUE * PER_LEAST_SLOP))
        slot = row.next


@hot
def clear_sums(sums):
    """Begin to count."""
    sums.collateral, sums.liabilities, sums.maintenance, sums.gross = 0, 0, 0, 0


@cold
def count_account(s, sums, account):
    """Count all that an account holds, owes and stands in."""
    clear_sums(sums)
    slot = s.accounts[account].first_balance
    while slot != 0:
        count_balance(s, sums, s.balances[slot])
        slot = s.balances[slot].account_next
    slot = s.accounts[account].first_position
    while slot != 0:
        count_position(s, sums, s.positions[slot])
        slot = s.positions[slot].account_next
    count_expected(s, sums, account)


@hot
def is_unsafe(sums):
    """Whether an account is at or below its maintenance margin, and has something that needs one."""
    return (
        sums.collateral - sums.liabilities <= sums.maintenance and capped_sum(sums.liabilities, sums.maintenance) != 0
    )


@hot
def bound_e9(s, sums):
    """Return how far everything may move from where it is before an account can be unsafe; below zero for no bound."""
    spare = sums.collateral - sums.liabilities - sums.maintenance - s.watch[0].rounding_value
    largest = max(max(sums.collateral, sums.liabilities), max(sums.maintenance, sums.gross))
    if spare <= 0 or largest >= LARGE_VALUE:
        return -1
    if spare >= sums.gross // 10:
        return LIMIT_E9
    bits = max(highest_bit(sums.gross) - EXACT_BITS, 0)
    return (spare >> bits) * E9 // ((sums.gross >> bits) + 1)


@hot
def unlink(s, account):
    """Take an account out of its bucket."""
    row = s.watched[account]
    if row.previous != 0:
        s.watched[row.previous].next = row.next
    else:
        s.watch_heads[row.bucket] = row.next
    if row.next != 0:
        s.watched[row.next].previous = row.previous
    row.bucket = 0


@hot
def link(s, account, bucket):
    """Put an account into a bucket."""
    row, head = s.watched[account], s.watch_heads[bucket]
    row.bucket, row.next, row.previous = bucket, head, 0
    if head != 0:
        s.watched[head].previous = account
    s.watch_heads[bucket] = account


@hot
def bucket_for(bound):
    """Return the bucket of a bound."""
    if bound < 0:
        return ALWAYS
    return NEVER if bound >= LIMIT_E9 else FIRST + bound // WIDTH_E9


@hot
def place(s, account, bucket):
    """Let an account stand in a bucket; 0 takes it off the list."""
    before = s.watched[account].bucket
    if before == bucket:
        return
    if before != 0:
        unlink(s, account)
    if bucket != 0:
        link(s, account, bucket)


@hot
def fetch_account(s, account):
    """Fetch an account and its place in the list."""
    prefetch(s.accounts, account)
    prefetch(s.watched, account)


@hot
def fetch_owned(s, account):
    """Fetch what an account has, as far as it stands where rows most likely stand."""
    row = s.accounts[account]
    for line in range(4):
        prefetch(s.balances, row.first_balance, -LINE * line)
    prefetch(s.positions, row.first_position)


@cold
def look_at(s, account, moved):
    """Measure an account and let it stand where it belongs; returns whether it is unsafe and has no case yet.

    ``moved`` is how far marks have moved since the list was made.
    """
    if s.accounts[account].liabilities == 0 or s.accounts[account].case_slot != 0:
        place(s, account, 0)
        return False
    sums = s.watch_sums[0]
    count_account(s, sums, account)
    bound = bound_e9(s, sums)
    if bound >= 0 and moved != 0:
        bound -= divide_up(bound, moved, E9) + moved
    place(s, account, bucket_for(bound))
    return is_unsafe(sums)


@cold
def look_at_changed(s, moved, most):
    """Look at accounts that have changed, at most so many; returns how many are left."""
    watch = s.watch[0]
    end = max(watch.changed - most, 0)
    while watch.changed > end:
        fetch_account(s, s.changed[max(watch.changed - FAR_AHEAD, 0)])
        fetch_owned(s, s.changed[max(watch.changed - AHEAD, 0)])
        account = s.changed[watch.changed]
        s.accounts[account].changed = 0
        look_at(s, account, moved)
        watch.changed -= 1
    return watch.changed


@cold
def list_near(s, moved):
    """List the accounts that may be unsafe when marks have moved so far; returns how many there are."""
    count, last = 0, FIRST + (moved + s.watch[0].slop_e9) // WIDTH_E9
    for bucket in range(ALWAYS, min(last, NEVER - 1) + 1):
        account = s.watch_heads[bucket]
        while account != 0:
            count += 1
            s.near[count] = account
            account = s.watched[account].next
    return count


@cold
def find_unsafe(s, most):
    """List the unsafe accounts in ``s.unsafe``; returns how many there are, -1 if the list must be made anew.

    Afterwards ``s.watch`` says how far marks have moved and how many accounts were measured.  Looking at the ones that
    have changed can be spread over several calls: with ``most`` above zero only that is done, for so many of them.
    """
    moved, watch = moved_e9(s), s.watch[0]
    if moved > RENEW_E9:
        return -1
    if most > 0:
        return look_at_changed(s, moved, most)
    if watch.changed > LEAST_RENEWED + watch.listed // 2:
        return -1
    look_at_changed(s, moved, watch.changed)
    near, count = list_near(s, moved), 0
    for at in range(1, near + 1):
        fetch_account(s, s.near[min(at + FAR_AHEAD, near)])
        fetch_owned(s, s.near[min(at + AHEAD, near)])
        if look_at(s, s.near[at], moved):
            count += 1
            s.unsafe[count] = s.near[at]
    watch.moved_e9, watch.near, watch.unsafe = moved, near, count
    return count
