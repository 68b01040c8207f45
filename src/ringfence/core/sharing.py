"""Sharing lots out: capped pro rata in whole lots, by the largest remainder, ties by the seed of the last Clock.

docs/rules.md, "Sharing out".  The rule is the only one that nobody can gain by splitting an account (Chitra 2025,
arXiv 2512.01112); the largest remainder is Hamilton's method, and Heapsort Williams'.
"""

from ..schema.enums import DeleveragingPolicy, Parameter
from .bits import checked_add, checked_multiply, divide_down
from .jit import cold, hot
from .margin import take_measure
from .opening import rank_of
from .valuation import debt_value

ROUNDS = 64
"""So often what nobody may take is shared out again; after that, in order, as far as it goes."""
OPEN = -1
"""Of lots that are not fixed yet."""


@cold
def comes_before(s, i, j):
    """Whether one comes before another: the larger key, then the lower rank."""
    if s.wave_keys[i] != s.wave_keys[j]:
        return s.wave_keys[i] > s.wave_keys[j]
    first, second = s.positions[s.wave_slots[i]].account, s.positions[s.wave_slots[j]].account
    return rank_of(s, int(first)) < rank_of(s, int(second))


@cold
def sift(s, at, count):
    """Let the entry at one place of the heap fall to where it belongs; whoever comes last is on top."""
    moved = s.wave_order[at]
    while 2 * at <= count:
        below = 2 * at
        if below < count and comes_before(s, s.wave_order[below], s.wave_order[below + 1]):
            below += 1
        if not comes_before(s, moved, s.wave_order[below]):
            break
        s.wave_order[at] = s.wave_order[below]
        at = below
    s.wave_order[at] = moved


@cold
def order_by_key(s, count):
    """Put 1 .. count into ``wave_order`` in the order of their keys."""
    for i in range(1, count + 1):
        s.wave_order[i] = i
    for k in range(count // 2):
        sift(s, count // 2 - k, count)
    for k in range(count - 1):
        last = count - k
        top = s.wave_order[1]
        s.wave_order[1] = s.wave_order[last]
        sift(s, 1, last - 1)
        s.wave_order[last] = top


@hot
def weight_of(s, i):
    """Return the weight of somebody that lots are shared out to."""
    return s.positions[s.wave_slots[i]].due_atoms


@cold
def set_caps(s, count, lots, gap_atoms):
    """Say how many lots each may take: those he has, and no more than his profit pays for; returns their sum."""
    total = 0
    for i in range(1, count + 1):
        cap = abs(s.positions[s.wave_slots[i]].net_lots)
        if gap_atoms > 0:
            cap = min(cap, divide_down(weight_of(s, i), lots, gap_atoms))
        s.wave_caps[i], s.wave_lots[i] = cap, OPEN
        total += cap
    return total


@cold
def open_weight(s, count):
    """Return the sum of the weights of those whose lots are not fixed."""
    total = 0
    for i in range(1, count + 1):
        if s.wave_lots[i] == OPEN:
            total, overflow = checked_add(total, weight_of(s, i))
            assert not overflow, "the weights of a wave overflow"
    return total


@cold
def fix_capped(s, count, lots):
    """Fix the lots of everybody whose part is more than he may take; returns the lots that are left for the others."""
    total, left = open_weight(s, count), lots
    for i in range(1, count + 1):
        if s.wave_lots[i] == OPEN and divide_down(lots, weight_of(s, i), total) >= s.wave_caps[i]:
            s.wave_lots[i] = s.wave_caps[i]
            left -= s.wave_caps[i]
    return left


@cold
def share_open(s, count, lots):
    """Give everybody whose lots are not fixed his part, rounded down, and keep what is lost by it as his key."""
    total, left = open_weight(s, count), lots
    for i in range(1, count + 1):
        s.wave_keys[i] = OPEN
        if s.wave_lots[i] != OPEN:
            continue
        weight = weight_of(s, i)
        part = min(divide_down(lots, weight, total), s.wave_caps[i])
        # The remainder fits although the products do not: both wrap alike.
        product, taken = checked_multiply(lots, weight)[0], checked_multiply(part, total)[0]
        s.wave_keys[i] = checked_add(product, checked_multiply(taken, -1)[0])[0]
        s.wave_lots[i] = part
        left -= part
    return left


@cold
def give_rest(s, count, left):
    """Give the lots that roundings left, one each, to the largest remainders; what then is left, in the same order."""
    order_by_key(s, count)
    for at in range(1, count + 1):
        i = s.wave_order[at]
        if left > 0 and s.wave_lots[i] < s.wave_caps[i]:
            s.wave_lots[i] += 1
            left -= 1
    for at in range(1, count + 1):
        i = s.wave_order[at]
        more = min(left, s.wave_caps[i] - s.wave_lots[i])
        s.wave_lots[i] += more
        left -= more


@cold
def share_pro_rata(s, count, lots, policy):
    """Share lots out by weight, as far as everybody may take them."""
    left = lots
    for _ in range(ROUNDS):
        # Whoever may take nothing is fixed without a lot less being left: only the weights tell.
        before, left = open_weight(s, count), fix_capped(s, count, left)
        if open_weight(s, count) == before:
            break
    left = share_open(s, count, left)
    if policy != DeleveragingPolicy.FLOOR_PRO_RATA:
        give_rest(s, count, left)


@cold
def score_of(s, slot, ticks):
    """Return the place of a position in a queue by profit and leverage, as elsewhere: the product of both."""
    row = s.positions[slot]
    market = s.markets[row.market]
    take_measure(s, row.account, 0, 0, 0, False)
    measure = s.measure[0]
    profit = divide_down(row.due_atoms, 10**6, max(abs(row.entry_atoms), 1))
    value = debt_value(s.collaterals[market.quote_asset], abs(row.net_lots) * ticks * market.quote_factor)
    leverage = divide_down(value, 1_000, max(measure.collateral - measure.liabilities, 1))
    return min(min(profit, 1 << 30) * min(leverage, 1 << 30), 1 << 61)


@cold
def share_by_queue(s, count, lots, ticks):
    """Let the highest scores give up all they have, one after the other."""
    left = lots
    for i in range(1, count + 1):
        s.wave_keys[i] = score_of(s, s.wave_slots[i], ticks)
    order_by_key(s, count)
    for at in range(1, count + 1):
        i = s.wave_order[at]
        s.wave_lots[i] = min(left, s.wave_caps[i])
        left -= s.wave_lots[i]


@cold
def share_out(s, wave):
    """Say how many lots each of those counted gives up, into their ``due_atoms``."""
    count, lots = wave.listed, abs(wave.left_lots)
    gap = wave.gap_atoms if wave.by_lots == 0 else 0
    # What is closed at the mark costs nobody anything, and all of it is closed.
    policy = DeleveragingPolicy.PRO_RATA.value
    if wave.by_lots == 0:
        policy = s.parameters[Parameter.DELEVERAGING_POLICY]
    if set_caps(s, count, abs(wave.lots), gap) <= lots:
        for i in range(1, count + 1):
            s.wave_lots[i] = s.wave_caps[i]
    elif policy == DeleveragingPolicy.QUEUE:
        share_by_queue(s, count, lots, wave.mark_ticks)
    else:
        share_pro_rata(s, count, lots, policy)
    wave.listed = 0
    for i in range(1, count + 1):
        s.positions[s.wave_slots[i]].due_atoms = s.wave_lots[i]
        if s.wave_lots[i] > 0:
            wave.listed += 1
            s.wave_slots[wave.listed] = s.wave_slots[i]
