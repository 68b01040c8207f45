"""Whether an account can bear what it asks for.  docs/rules.md, "Margin".

An account without debts is never measured: its free margin cannot fall below zero.
"""

from ..schema.enums import PriceState
from ..schema.fields import MAX_ATOMS, MAX_VALUE
from ..schema.rejects import Reject
from .emit import refuse, refuse_asset
from .jit import cold, hot
from .lending import claim_of, owed_of
from .positions import exposure_of, notional, unsettled
from .reserves import reserve_again
from .valuation import asset_value, capped_sum, debt_value, is_live, part_down, part_up, rate_at, weight_at


@hot
def clear(measure):
    """Begin a measure."""
    measure.assets, measure.collateral, measure.liabilities = 0, 0, 0
    measure.initial, measure.maintenance, measure.reserved, measure.not_fresh = 0, 0, 0, 0
    measure.exposure = 0


@hot
def add_held(rules, measure, atoms, strict):
    """Add what is held of an asset to a measure; new risk does not rest on a stale price."""
    value = asset_value(rules, atoms)
    measure.assets = capped_sum(measure.assets, value)
    if not (strict and rules.price_state == PriceState.STALE):
        measure.collateral = capped_sum(measure.collateral, part_down(value, weight_at(rules, value)))


@hot
def add_owed(rules, measure, atoms, asset, least_initial_e8):
    """Add what is owed of an asset to a measure."""
    value = debt_value(rules, atoms)
    initial = rate_at(max(rules.initial_base_e8, least_initial_e8), rules.initial_factor_e8, value)
    maintenance = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
    measure.liabilities = capped_sum(measure.liabilities, value)
    measure.initial = capped_sum(measure.initial, part_up(value, initial))
    measure.maintenance = capped_sum(measure.maintenance, part_up(value, maintenance))
    if not is_live(rules.price_state):
        measure.not_fresh = max(measure.not_fresh, asset)


@hot
def add_leg(s, measure, asset, held, owed, least_initial_e8, strict):
    """Add one asset to a measure; returns 1 if the account owes some of it."""
    if held > 0:
        add_held(s.collaterals[asset], measure, min(held, MAX_ATOMS), strict)
    if owed <= 0:
        return 0
    add_owed(s.collaterals[asset], measure, min(owed, MAX_ATOMS), asset, least_initial_e8)
    return 1


@hot
def held_and_owed(s, row, asset):
    """Return what a balance row holds, claims included, and what it owes."""
    held = min(row.available_atoms + row.locked_atoms, MAX_ATOMS)
    if row.loan_shares == 0:
        return held, 0
    if row.loan_shares >= 0:
        return held + min(claim_of(s.lending_pools[asset], row.loan_shares), MAX_ATOMS - held), 0
    return held, owed_of(s.lending_pools[asset], -row.loan_shares)


@hot
def add_unsettled(money, measure, atoms):
    """Add profit or loss that is not settled to a measure."""
    if atoms > 0:
        value = asset_value(money, min(atoms, MAX_ATOMS))
        measure.assets = capped_sum(measure.assets, value)
        measure.collateral = capped_sum(measure.collateral, value)
    elif atoms < 0:
        measure.liabilities = capped_sum(measure.liabilities, debt_value(money, min(-atoms, MAX_ATOMS)))


@cold
def add_exposure(s, measure, market_number, net, lots, least_initial_e8):
    """Add what a position needs that may come to so many lots by its orders."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    money = s.collaterals[market.quote_asset]
    if lots != 0 and not is_live(rules.price_state):
        measure.not_fresh = max(measure.not_fresh, market.base_asset)
    if lots != 0 and not is_live(money.price_state):
        measure.not_fresh = max(measure.not_fresh, market.quote_asset)
    value = debt_value(money, notional(lots, rules.mark_ticks, market.quote_factor))
    base = max(rules.initial_base_e8, rules.raised_base_e8, least_initial_e8)
    initial = rate_at(base, rules.initial_factor_e8, value)
    measure.exposure = capped_sum(measure.exposure, value)
    measure.initial = capped_sum(measure.initial, part_up(value, initial))
    value = debt_value(money, notional(abs(net), rules.mark_ticks, market.quote_factor))
    maintenance = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
    measure.maintenance = capped_sum(measure.maintenance, part_up(value, maintenance))


@cold
def add_positions(s, account, measure, least_initial_e8):
    """Add an account's positions to a measure, and what ``s.payment`` says is ordered more; returns how many."""
    more, count, slot = s.payment[0], 0, s.accounts[account].first_position
    met = more.market == 0
    while slot != 0:
        row = s.positions[slot]
        bid, ask = row.bid_lots, row.ask_lots
        if row.market == more.market:
            bid, ask, met = bid + more.bid_lots, ask + more.ask_lots, True
        lots = exposure_of(row.net_lots, bid, ask, row.reduce_lots)
        add_exposure(s, measure, row.market, row.net_lots, lots, least_initial_e8)
        market, ticks = s.markets[row.market], s.perpetuals[row.market].mark_ticks
        if ticks != 0:
            add_unsettled(s.collaterals[market.quote_asset], measure, unsettled(s, row, ticks))
        count += 1
        slot = row.account_next
    if not met:
        add_exposure(s, measure, more.market, 0, max(more.bid_lots, more.ask_lots), least_initial_e8)
        count += 1
    return count


@cold
def add_expected(s, account, measure):
    """Add what an account expects of corporate actions to a measure, or owes for them; returns how many it owes for."""
    count, slot = 0, s.first_entitlement[account]
    while slot != 0:
        row = s.entitlements[slot]
        if row.due_atoms != 0:
            add_unsettled(s.collaterals[s.actions[row.place].pay_asset], measure, row.due_atoms)
            count += 1 if row.due_atoms < 0 else 0
        slot = row.next
    return count


@cold
def take_measure(s, account, asset, held_change, owed_change, strict):
    """Measure an account into ``s.measure``, as if it held and owed more of one asset; returns debts and positions."""
    measure, least = s.measure[0], s.accounts[account].least_initial_e8
    clear(measure)
    debts, met, slot = 0, asset == 0, s.accounts[account].first_balance
    while slot != 0:
        row = s.balances[slot]
        number = row.id & 0xFFFF
        held, owed = held_and_owed(s, row, number)
        if number == asset:
            held, owed, met = held + held_change, owed + owed_change, True
        debts += add_leg(s, measure, number, held, owed, least, strict)
        slot = row.account_next
    if not met:
        debts += add_leg(s, measure, asset, held_change, owed_change, least, strict)
    if s.accounts[account].first_position != 0 or s.payment[0].market != 0:
        debts += add_positions(s, account, measure, least)
    if s.first_entitlement[account] != 0:
        debts += add_expected(s, account, measure)
    if debts != 0:
        measure.reserved = min(s.accounts[account].reserved_value, MAX_VALUE)
        if s.accounts[account].liabilities == 0:
            measure.reserved = reserve_again(s, account, measure.assets, False)
    return debts


@hot
def free_value(measure):
    """Return what an account may still put at risk; below zero if it has too much at risk."""
    return measure.collateral - measure.liabilities - measure.initial - measure.reserved


@cold
def is_no_worse(s, account, asset, held_change, owed_change, least_before_e8, eased_value, lost_value):
    """Whether what was measured leaves an account as much free margin as it has, stale holdings at their last mark.

    It may not lose more by it than it has.
    """
    measure, row = s.measure[0], s.accounts[account]
    reserved, least_after_e8 = measure.reserved, row.least_initial_e8
    take_measure(s, account, asset, held_change, owed_change, False)
    if measure.liabilities >= MAX_VALUE or (lost_value > 0 and lost_value > measure.collateral - measure.liabilities):
        return False
    measure.reserved = reserved - eased_value
    free, market = free_value(measure), s.payment[0].market
    row.least_initial_e8, s.payment[0].market = least_before_e8, 0
    take_measure(s, account, 0, 0, 0, False)
    row.least_initial_e8, s.payment[0].market = least_after_e8, market
    return free >= free_value(measure)


@cold
def judge(s, account, asset, held_change, owed_change, least_before_e8, eased_value, lost_value):
    """Accept what was measured, strictly, if it leaves margin free, or no less than there is now; else refuse it.

    ``eased_value`` of what is reserved does not count where it is compared with what there is now; ``lost_value`` is
    what an order may lose that could not lose it before.
    """
    measure = s.measure[0]
    stale = measure.not_fresh
    if stale == 0 and free_value(measure) >= 0:
        return True
    needed = capped_sum(measure.initial, measure.reserved)
    equity = measure.collateral - measure.liabilities
    if is_no_worse(s, account, asset, held_change, owed_change, least_before_e8, eased_value, lost_value):
        return True
    if stale != 0:
        return refuse_asset(s, Reject.PRICE_NOT_FRESH, 0, 0, stale)
    return refuse(s, Reject.INSUFFICIENT_MARGIN, needed, equity)


@cold
def bears(s, account, asset, held_change, owed_change):
    """Check the margin of an account that owes something, or would, as if it held and owed more of one asset."""
    if s.accounts[account].liabilities == 0 and owed_change <= 0:
        return True
    if take_measure(s, account, asset, held_change, owed_change, True) == 0:
        return True
    return judge(s, account, asset, held_change, owed_change, s.accounts[account].least_initial_e8, 0, 0)
