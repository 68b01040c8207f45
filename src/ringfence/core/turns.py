"""The turn of a case begins: it may be sound again, or be topped up, or have something to order.

docs/rules.md, "A case's turn".
"""

from .fence import is_clock_fresh
from .jit import cold
from .legs import FOUND, find_leg, health_of
from .liquidation import emit_ordered, end_case, go_on_without_book, measure_estate, write_slice
from .topups import tops_up_by_itself


@cold
def begin_step(s):
    """Let the case whose turn it is begin its step; returns whether there is an order to place."""
    venue = s.venue[0]
    case = venue.first_case
    if case == 0 or not is_clock_fresh(s) or s.cases[case].tried_us == venue.clock_us:
        return False
    account, leg = s.cases[case].account, s.leg[FOUND]
    s.own[0].written_off_value = s.cases[case].written_off_value
    measure_estate(s, account)
    if health_of(s, s.measure[0]) >= 0:
        end_case(s, case)
        return False
    if tops_up_by_itself(s, case):
        return False
    if not find_leg(s, account):
        go_on_without_book(s, case)
        return False
    emit_ordered(s, case, leg)
    write_slice(s, account, leg)
    s.own[0].case_slot = case
    return True
