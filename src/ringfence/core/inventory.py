"""What an estate is when its case opens, and the prices at which it was measured: a receipt is checked by it.

docs/rules.md, "Cases".  A price is shown once in a command, before the first that counts with it.
"""

from ..schema.enums import PRICE_SOURCES, PriceState
from ..schema.fields import MAX_ATOMS
from .bounds import PPM, scale_down, scale_up
from .emit import emit
from .entitlements import action_after, find_entitlement
from .jit import cold
from .ledger import asset_after, balance_slot
from .margin import held_and_owed
from .positions import notional, pending_funding, unsettled
from .quotes import quote_slot
from .records import (
    ESTATE_ASSET,
    ESTATE_EXPECTED,
    ESTATE_POSITION,
    MARK_SHOWN,
    PRICE_SHOWN,
    QUOTE_SHOWN,
    EventKind,
    cast,
)
from .valuation import asset_value, debt_value, margin_price, part_down, part_up, rate_at, weight_at

ASSETS_SHOWN = 256
NAME_BYTES = 16


@cold
def show_quotes(s, asset):
    """Append what each source that counts for an asset last said of it."""
    for source in range(1, PRICE_SOURCES + 1):
        row = s.quotes[quote_slot(asset, source)]
        if row.weight == 0:
            continue
        event = cast(s.events, emit(s, EventKind.QUOTE_SHOWN, 0, 0), QUOTE_SHOWN)
        event.asset, event.price_source, event.weight = asset, source, row.weight
        event.price_units, event.bid_units = row.price_units, row.bid_units
        event.ask_units, event.last_units = row.ask_units, row.last_units
        event.observed_us, event.enabled = row.observed_us, s.price_sources[source].enabled
        for i in range(NAME_BYTES):
            event.name[i] = s.price_sources[source].name[i]


@cold
def show_price(s, asset):
    """Append how the price of an asset was made, unless this command has told it."""
    price, venue = s.prices[asset], s.venue[0]
    if s.assets[asset].shown == venue.sequence:
        return
    s.assets[asset].shown = venue.sequence
    event = cast(s.events, emit(s, EventKind.PRICE_SHOWN, 0, 0), PRICE_SHOWN)
    event.asset, event.decimals = asset, s.assets[asset].decimals
    event.used_sources, event.clamped_sources = price.used_sources, price.clamped_sources
    event.price_state, event.session = price.price_state, price.session
    event.minimum_sources, event.clamp_ppm = price.minimum_sources, price.clamp_ppm
    event.closed_haircut_ppm = price.closed_haircut_ppm
    event.index_units, event.mark_units = price.index_units, price.mark_units
    event.updated_us, event.quoted_us, event.clock_us = price.updated_us, price.quoted_us, venue.clock_us
    event.maximum_age_ms = price.maximum_age_ms
    for i in range(NAME_BYTES):
        event.symbol[i] = s.assets[asset].symbol[i]
    if price.minimum_sources == 0:
        event.mark_units, event.price_state = margin_price(s, asset)
    show_quotes(s, asset)


@cold
def show_market(s, market_number):
    """Append what a market counts in, and its mark if it is a perpetual."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    event = cast(s.events, emit(s, EventKind.MARK_SHOWN, 0, market_number), MARK_SHOWN)
    event.base_asset, event.quote_asset = market.base_asset, market.quote_asset
    event.tick_atoms, event.lot_atoms, event.quote_factor = market.tick_atoms, market.lot_atoms, market.quote_factor
    event.base_decimals = s.assets[market.base_asset].decimals
    event.quote_decimals = s.assets[market.quote_asset].decimals
    event.market_kind = market.market_kind
    event.index_ticks, event.mark_ticks, event.premium = rules.index_ticks, rules.mark_ticks, rules.premium
    event.updated_us, event.mark_bound_ppm = rules.updated_us, rules.mark_bound_ppm
    event.price_state = rules.price_state


@cold
def show_mark(s, market_number):
    """Append how the mark of a perpetual was made, and the prices behind it, unless this command has told it."""
    if s.perpetuals[market_number].shown == s.venue[0].sequence:
        return
    s.perpetuals[market_number].shown = s.venue[0].sequence
    show_price(s, s.markets[market_number].base_asset)
    show_price(s, s.markets[market_number].quote_asset)
    show_market(s, market_number)


@cold
def show_asset(s, case, account, asset):
    """Append what an account has and owes of an asset, and what that counts for."""
    show_price(s, asset)
    rules = s.collaterals[asset]
    held, owed = held_and_owed(s, s.balances[balance_slot(s, account, asset)], asset)
    held, owed = min(held, MAX_ATOMS), min(owed, MAX_ATOMS)
    value, liabilities = asset_value(rules, held), debt_value(rules, owed)
    price_units, state = margin_price(s, asset)
    haircut = s.prices[asset].closed_haircut_ppm if state == PriceState.CLOSED else 0
    event = cast(s.events, emit(s, EventKind.ESTATE_ASSET, account, 0), ESTATE_ASSET)
    event.case, event.asset, event.decimals, event.price_state = case, asset, s.assets[asset].decimals, state
    event.held_atoms, event.owed_atoms = held, owed
    event.asset_price_units = scale_down(price_units, PPM - haircut)
    event.debt_price_units = scale_up(price_units, PPM + haircut)
    event.weight_e8 = weight_at(rules, value)
    event.rate_e8 = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, liabilities)
    event.collateral_value = part_down(value, event.weight_e8)
    event.liabilities_value, event.maintenance_value = liabilities, part_up(liabilities, event.rate_e8)


@cold
def show_position(s, case, slot):
    """Append a position of an account, and what it counts for."""
    row = s.positions[slot]
    market, rules = s.markets[row.market], s.perpetuals[row.market]
    show_mark(s, row.market)
    money = s.collaterals[market.quote_asset]
    profit = unsettled(s, row, rules.mark_ticks) if rules.mark_ticks != 0 else 0
    value = debt_value(money, notional(abs(row.net_lots), rules.mark_ticks, market.quote_factor))
    event = cast(s.events, emit(s, EventKind.ESTATE_POSITION, row.account, row.market), ESTATE_POSITION)
    event.case, event.net_lots, event.reference_atoms = case, row.net_lots, row.reference_atoms
    event.pending_atoms, event.mark_ticks = pending_funding(s, row), rules.mark_ticks
    event.quote_factor, event.quote_asset = market.quote_factor, market.quote_asset
    if profit >= 0:
        event.profit_value = asset_value(money, min(profit, MAX_ATOMS))
    else:
        event.profit_value = -debt_value(money, min(-profit, MAX_ATOMS))
    event.notional_value = value
    event.rate_e8 = rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
    event.maintenance_value = part_up(value, event.rate_e8)


@cold
def show_expected(s, case, account):
    """Append what an account expects of corporate actions and owes for them; returns how many there are."""
    count, place = 0, action_after(s, 0)
    while place != 0:
        slot, action = find_entitlement(s, account, place), s.actions[place]
        due = s.entitlements[slot].due_atoms if slot != 0 else 0
        if due != 0:
            show_price(s, action.pay_asset)
            event = cast(s.events, emit(s, EventKind.ESTATE_EXPECTED, account, 0), ESTATE_EXPECTED)
            event.case, event.action, event.asset, event.due_atoms = case, action.action, action.pay_asset, due
            money = s.collaterals[action.pay_asset]
            if due > 0:
                event.due_value = asset_value(money, due)
            else:
                event.due_value = -debt_value(money, -due)
            count += 1
        place = action_after(s, action.action)
    return count


@cold
def show_estate(s, case, account):
    """Append what an account has, owes and expects, asset by asset and so on; returns what was shown."""
    assets, left_out, asset = 0, 0, asset_after(s, account, 0)
    while asset != 0:
        if assets < ASSETS_SHOWN:
            show_asset(s, case, account, asset)
            assets += 1
        else:
            left_out += 1
        asset = asset_after(s, account, asset)
    positions, slot = 0, s.accounts[account].first_position
    while slot != 0:
        show_position(s, case, slot)
        positions, slot = positions + 1, s.positions[slot].account_next
    return assets, positions, show_expected(s, case, account), left_out
