"""The fence: where money from outside goes that is meant for an account which has failed, or may have.

docs/rules.md, "The fence".  An account is looked at before a credit counts, so no later money pays for an earlier loss.
"""

from ..schema.enums import AccountKind, CaseCause
from .admission import has_case
from .cases import is_room_for_case, open_case
from .emit import emit
from .jit import cold, hot
from .margin import held_and_owed
from .positions import notional
from .records import CREDIT_FENCED, EventKind, cast
from .valuation import asset_value, capped_sum, debt_value, is_live, part_up, rate_at
from .watch import count_account, is_unsafe

MOST_CLOCK_AGE_US = 5_000_000
"""Marks are as old as the last Clock; after an outage nothing is decided before the next one."""
SAFE, IN_DOUBT, UNSAFE = range(3)


@hot
def is_clock_fresh(s):
    """Whether marks are of these seconds."""
    return s.venue[0].time_us - s.venue[0].clock_us <= MOST_CLOCK_AGE_US


@cold
def doubt_about_balances(s, account):
    """Return what the equity of an account may be more at most, by assets whose price is not fresh."""
    doubt, slot = 0, s.accounts[account].first_balance
    while slot != 0:
        asset = s.balances[slot].id & 0xFFFF
        rules, slot_now = s.collaterals[asset], slot
        slot = s.balances[slot].account_next
        if is_live(rules.price_state):
            continue
        held, owed = held_and_owed(s, s.balances[slot_now], asset)
        value = debt_value(rules, owed) if owed > 0 else 0
        rate = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
        doubt = capped_sum(doubt, capped_sum(asset_value(rules, max(held, 0)), value + part_up(value, rate)))
    return doubt


@cold
def doubt_about_positions(s, account):
    """The same by positions whose mark is not fresh: a price may double, or go to nothing, and no further."""
    doubt, slot = 0, s.accounts[account].first_position
    while slot != 0:
        row = s.positions[slot]
        slot = row.account_next
        market, rules = s.markets[row.market], s.perpetuals[row.market]
        money = s.collaterals[market.quote_asset]
        if row.net_lots == 0 or (is_live(rules.price_state) and is_live(money.price_state)):
            continue
        value = debt_value(money, notional(abs(row.net_lots), rules.mark_ticks, market.quote_factor))
        rate = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
        doubt = capped_sum(doubt, capped_sum(value, part_up(value, rate)))
    return doubt


@cold
def judge_safety(s, account):
    """Return whether an account is SAFE, surely UNSAFE, or IN_DOUBT because a price that matters is not fresh."""
    if s.accounts[account].liabilities == 0:
        return SAFE
    sums = s.watch_sums[0]
    count_account(s, sums, account)
    if not is_unsafe(sums):
        return SAFE
    doubt = capped_sum(doubt_about_balances(s, account), doubt_about_positions(s, account))
    surely = is_clock_fresh(s) and sums.collateral - sums.liabilities + doubt <= sums.maintenance
    return UNSAFE if surely else IN_DOUBT


@cold
def is_fenced_off(s, account):
    """Look at an account before a credit counts, opening its case if it must; returns whether the credit is fenced."""
    if has_case(s, account):
        return True
    safety = judge_safety(s, account)
    if safety == UNSAFE and is_room_for_case(s):
        open_case(s, account, CaseCause.CREDIT.value)
    return safety != SAFE


@cold
def account_credited(s, account):
    """Return which account gets money from outside that is meant for ``account``; a vault gets none but for shares."""
    if s.accounts[account].vault != 0:
        return s.users[s.accounts[account].user].fenced_account
    if s.accounts[account].account_kind == AccountKind.FENCED or not is_fenced_off(s, account):
        return account
    return s.users[s.accounts[account].user].fenced_account


@cold
def tell_fenced(s, account, to_account, asset, atoms):
    """Append that a credit went to the fenced account, if it did."""
    if account == to_account:
        return
    event = cast(s.events, emit(s, EventKind.CREDIT_FENCED, account, 0), CREDIT_FENCED)
    event.asset, event.amount_atoms, event.fenced_account = asset, atoms, to_account
    slot = s.accounts[account].case_slot
    event.case = s.cases[slot].id if slot != 0 else 0
