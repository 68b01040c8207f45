"""Opening the cases of whoever is below maintenance margin, in an order that nobody can steer.

docs/rules.md, "Cases".
"""

from ..schema.enums import CaseCause
from .bits import checked_multiply
from .cases import is_room_for_case, open_case
from .fence import UNSAFE, is_clock_fresh, judge_safety
from .jit import cold, hot
from .revaluation import begin, count_balances, count_positions, end
from .settlement import EVENTS_PER_PAGE
from .watch import find_unsafe

CASES_PER_COMMAND = 256
MULTIPLIER, SECOND_MULTIPLIER = -7_046_029_254_386_353_131, -4_658_895_280_553_007_687
"""Of a hash in the manner of splitmix64 (Steele, Lea and Flood 2014)."""
LOW_31, LOW_62 = (1 << 31) - 1, (1 << 62) - 1


@hot
def stirred(x):
    """Return a number from 0 to 2^62 that tells nothing of x to whoever has not computed it."""
    y = checked_multiply(x ^ (x >> 31 & LOW_31), MULTIPLIER)[0]
    y = checked_multiply(y ^ (y >> 29 & LOW_31), SECOND_MULTIPLIER)[0]
    return (y ^ (y >> 32 & LOW_31)) & LOW_62


@cold
def rank_of(s, number):
    """Return where a number stands in the order that the seed of the last Clock gives, which nobody knew before."""
    seed, word = s.venue[0].seed, 0
    for i in range(7):
        word = word << 8 | int(seed[i])
    return stirred(stirred(word + 1) + number)


@cold
def sift_down(s, at, count):
    """Let the entry at one place of the heap fall to where it belongs; the highest rank is on top."""
    account, rank = s.unsafe[at], s.ranks[at]
    while 2 * at <= count:
        below = 2 * at
        if below < count and s.ranks[below + 1] > s.ranks[below]:
            below += 1
        if s.ranks[below] <= rank:
            break
        s.unsafe[at], s.ranks[at] = s.unsafe[below], s.ranks[below]
        at = below
    s.unsafe[at], s.ranks[at] = account, rank


@cold
def sort_by_rank(s, count):
    """Sort the list of unsafe accounts by rank, the lowest first (heapsort: no memory, and never slow)."""
    for at in range(1, count + 1):
        s.ranks[at] = rank_of(s, int(s.unsafe[at]))
    for k in range(count // 2):
        sift_down(s, count // 2 - k, count)
    for k in range(count - 1):
        last = count - k
        account, rank = s.unsafe[last], s.ranks[last]
        s.unsafe[last], s.ranks[last] = s.unsafe[1], s.ranks[1]
        s.unsafe[1], s.ranks[1] = account, rank
        sift_down(s, 1, last - 1)


@cold
def list_unsafe(s):
    """List the unsafe accounts that have no case; returns how many there are."""
    count = find_unsafe(s, 0)
    if count >= 0:
        return count
    begin(s)
    count_balances(s)
    count_positions(s)
    return end(s)


@cold
def open_cases(s):
    """Open the cases of accounts that are surely unsafe; ``venue.unsafe_left`` says how many were not looked at."""
    venue, opened = s.venue[0], 0
    venue.unsafe_left = 0
    if not is_clock_fresh(s):
        return True
    count = list_unsafe(s)
    sort_by_rank(s, count)
    for at in range(1, count + 1):
        if opened == CASES_PER_COMMAND or venue.events - venue.first_event >= EVENTS_PER_PAGE:
            venue.unsafe_left = count - at + 1
            break
        if not is_room_for_case(s):
            break
        if judge_safety(s, s.unsafe[at]) == UNSAFE:
            open_case(s, s.unsafe[at], CaseCause.MARK.value)
            opened += 1
    return True
