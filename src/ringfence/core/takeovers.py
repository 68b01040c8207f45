"""What the book did not take of a failing account, a vault may: at the mark less a discount, as its margin allows.

docs/rules.md, "Taking over".  The discount is never more than the equity that is left for the position.
"""

from ..schema.enums import Delisting, PriceState, VaultState
from .bits import divide_down
from .bounds import PPM
from .contracts import MOST_NOTIONAL, POSITION_HEADROOM, POSITIONS_PER_ACCOUNT
from .emit import emit
from .jit import cold, hot
from .legs import FOUND, PPM_E8, SUMS, fee_of_slice, keep_better, smallest_lots, take_parts, weigh_position
from .margin import free_value, take_measure
from .positions import change_position, drop_if_empty, find_position, notional, signed_notional, unsettled
from .records import VAULT_TOOK_OVER, EventKind, cast
from .state import MOST_POSITIONS, POSITIONS
from .valuation import asset_value, debt_value, is_live, part_up, rate_at
from .vaults import is_safe, vault_value


@cold
def vault_for(s, account, quote_asset):
    """Return the first vault that takes over what is paid in an asset, from this account, 0 if there is none."""
    for vault in range(1, s.venue[0].vaults + 1):
        row = s.vaults[vault]
        willing = row.vault_state == VaultState.OPEN and row.takes_over != 0 and row.account != account
        if willing and row.quote_asset == quote_asset and is_safe(s, row.account):
            return vault
    return 0


@hot
def may_have_mark(s, market):
    """Whether a vault would take over lots of a market if only its mark were fresh."""
    return s.perpetuals[market].delisting == Delisting.LISTED


@hot
def has_mark(s, market):
    """Whether the mark of a market, and the asset that it is paid in, have prices to take over at."""
    live = is_live(s.collaterals[s.markets[market].quote_asset].price_state)
    return s.perpetuals[market].price_state == PriceState.FRESH and live


@cold
def may_be_taken(s, account, waits):
    """Whether a vault may take over something of an account; ``waits``: once a mark is fresh that is not now."""
    slot = s.accounts[account].first_position
    while slot != 0:
        market = s.positions[slot].market
        fits = s.positions[slot].net_lots != 0 and may_have_mark(s, market) and not (waits and has_mark(s, market))
        if fits and vault_for(s, account, s.markets[market].quote_asset) != 0:
            return True
        slot = s.positions[slot].account_next
    return False


@cold
def margin_parts(s, market_number, net, profit_atoms, least_initial_e8):
    """Return (equity, initial margin) of a position with an unsettled profit."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    money = s.collaterals[market.quote_asset]
    value = debt_value(money, notional(abs(net), rules.mark_ticks, market.quote_factor))
    base = max(rules.initial_base_e8, rules.raised_base_e8, least_initial_e8)
    rate = rate_at(base, rules.initial_factor_e8, value)
    equity = asset_value(money, profit_atoms) if profit_atoms >= 0 else -debt_value(money, -profit_atoms)
    return equity, part_up(value, rate)


@cold
def most_notional_of(s, row):
    """Return what one position of a vault may come to, in atoms of its quote asset."""
    if row.concentration_ppm == 0:
        return MOST_NOTIONAL
    return min(divide_down(max(vault_value(s, row), 0), row.concentration_ppm, PPM), MOST_NOTIONAL)


@cold
def may_hold(s, slot, market_number, net, most_atoms):
    """Whether the limits of a market, of positions, and of the vault allow a position to become that large."""
    rules, before = s.perpetuals[market_number], abs(s.positions[slot].net_lots) if slot != 0 else 0
    if abs(net) <= before:
        return True
    worth = notional(abs(net), rules.mark_ticks, s.markets[market_number].quote_factor)
    return abs(net) <= rules.position_limit_lots and worth <= most_atoms


@cold
def vault_bears(s, row, leg, lots, most_atoms):
    """Whether a vault, measured strictly, keeps its initial margin, and within limits, with so many lots more."""
    account, measure = s.accounts[row.account], s.measure[0]
    slot, net, profit = find_position(s, row.account, leg.market), 0, 0
    if slot != 0:
        net, profit = s.positions[slot].net_lots, unsettled(s, s.positions[slot], leg.mark_ticks)
    after = net + (lots if leg.net_lots > 0 else -lots)
    if measure.not_fresh != 0 or not may_hold(s, slot, leg.market, after, most_atoms):
        return False
    # It gets at the mark what costs it less.
    discount = fee_of_slice(leg, notional(lots, leg.mark_ticks, s.markets[leg.market].quote_factor))
    equity, initial = margin_parts(s, leg.market, net, profit, account.least_initial_e8)
    more_equity, more_initial = margin_parts(s, leg.market, after, profit + discount, account.least_initial_e8)
    return free_value(measure) - equity + initial + more_equity - more_initial >= 0


@cold
def is_room_for_position(s, row, market):
    """Whether a vault has a position in a market, or there is room for one."""
    if find_position(s, row.account, market) != 0:
        return True
    few = s.accounts[row.account].positions < POSITIONS_PER_ACCOUNT
    return few and s.pools[POSITIONS].rows + POSITION_HEADROOM <= MOST_POSITIONS


@cold
def look_at_takeover(s, slot, equity, maintenance):
    """Look at a position as one that a vault could take over at least one lot of."""
    leg, cost = s.leg[SUMS], weigh_position(s, slot, equity, maintenance)
    if cost < 0 or not may_have_mark(s, leg.market):
        return
    vault = vault_for(s, s.positions[slot].account, leg.quote_asset)
    if vault == 0:
        return
    row = s.vaults[vault]
    leg.vault, leg.fee_e8, leg.limit_ticks = vault, min(cost, int(row.discount_ppm) * PPM_E8), leg.mark_ticks
    take_measure(s, row.account, 0, 0, 0, True)
    if is_room_for_position(s, row, leg.market) and vault_bears(s, row, leg, 1, most_notional_of(s, row)):
        keep_better(s)


@cold
def lots_to_take(s, leg, wanted):
    """Return how many of the lots that would restore an account its vault can take, at least one."""
    row = s.vaults[leg.vault]
    most_atoms = most_notional_of(s, row)
    take_measure(s, row.account, 0, 0, 0, True)
    if vault_bears(s, row, leg, wanted, most_atoms):
        return wanted
    low, high = 1, wanted
    while high - low > 1:
        middle = (low + high) // 2
        if vault_bears(s, row, leg, middle, most_atoms):
            low = middle
        else:
            high = middle
    return low


@cold
def find_takeover(s, account):
    """Find what a vault takes over of an account next, and how much; returns whether there is anything.

    ``s.measure`` is of the account as it is, and the funding of its positions is settled.
    """
    measure, found = s.measure[0], s.leg[FOUND]
    equity, maintenance = measure.collateral - measure.liabilities, measure.maintenance
    found.kind = 0
    if equity <= 0:
        return False
    slot = s.accounts[account].first_position
    while slot != 0:
        look_at_takeover(s, slot, equity, maintenance)
        slot = s.positions[slot].account_next
    if found.kind == 0:
        return False
    take_measure(s, account, 0, 0, 0, False)
    take_parts(s, account, found)
    found.price_ticks = found.mark_ticks
    found.lots = lots_to_take(s, found, smallest_lots(s, found, 1))
    return True


@cold
def emit_took_over(s, case, leg, lots, discount, equity, maintenance):
    """Append that a vault takes over lots of a failing account."""
    row, vault = s.cases[case], s.vaults[leg.vault]
    event = cast(s.events, emit(s, EventKind.VAULT_TOOK_OVER, row.account, leg.market), VAULT_TOOK_OVER)
    event.vault, event.vault_account, event.case = vault.vault, vault.account, row.id
    event.lots, event.mark_ticks, event.discount_e8, event.discount_atoms = lots, leg.mark_ticks, leg.fee_e8, discount
    event.equity_value, event.maintenance_value = equity, maintenance


@cold
def take_over_part(s, case):
    """Let a vault take over what it can of what a case, whose account was measured, needs; returns whether it did."""
    account, measure, leg = s.cases[case].account, s.measure[0], s.leg[FOUND]
    equity, maintenance = measure.collateral - measure.liabilities, measure.maintenance
    if not find_takeover(s, account):
        return False
    lots = leg.lots if leg.net_lots > 0 else -leg.lots
    worth = signed_notional(lots, leg.mark_ticks, s.markets[leg.market].quote_factor)
    discount = fee_of_slice(leg, abs(worth))
    emit_took_over(s, case, leg, lots, discount, equity, maintenance)
    market, to_account = leg.market, s.vaults[leg.vault].account
    drop_if_empty(s, change_position(s, account, market, -lots, discount - worth, 0))
    drop_if_empty(s, change_position(s, to_account, market, lots, worth - discount, 0))
    return True
