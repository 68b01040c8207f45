"""What of a failing account could be reduced next, at what price at worst, and how little of it is enough.

docs/rules.md, "Legs".  A leg is a position, or a debt in an asset with what pays for it.  The lowest price that a case
takes on a leg costs no more than the leg's share of the equity that is left, so no fill lowers equity to maintenance.
"""

from ..schema.enums import ONE_E8 as E8
from ..schema.enums import MarketState, Parameter, PriceState, Side
from ..schema.fields import MAX_ATOMS
from .admission import is_deleveraging
from .bits import divide_down, divide_up
from .bounds import best_price
from .conversion import ticks_below_mark
from .jit import cold, hot
from .ledger import available, balance_slot
from .margin import held_and_owed
from .positions import notional, signed_notional
from .valuation import asset_value, debt_value, is_live, part_down, part_up, rate_at, weight_at

PPM_E8 = 100
"""Hundred-millionths in a part per million."""
POSITION, REPAYS_WITH_SALE, BUYS, SELLS_TO_BUY = range(1, 5)
"""Kinds of legs: a position; a debt in cash; a debt in another asset for which there is cash, or there is none."""
NO_PARTS = (0, 0, 0)
FOUND, SUMS = 0, 1
"""Rows of ``s.leg``: what was chosen, and what is being looked at."""


@hot
def health(s, collateral, liabilities, maintenance):
    """Return by how much the equity is above the margin at which a liquidation stops; below zero if it is not.

    What others have paid for the estate counts as owed: it pays that back before anything is its owner's again.
    """
    buffer = part_up(maintenance, s.parameters[Parameter.LIQUIDATION_BUFFER_PPM] * PPM_E8)
    return collateral - liabilities - s.own[0].written_off_value - maintenance - buffer


@hot
def health_of(s, measure):
    """The same of an account that was measured."""
    return health(s, measure.collateral, measure.liabilities, measure.maintenance)


@cold
def balance_parts(s, asset, held, owed):
    """Return (collateral, liabilities, maintenance) of what is held and owed of an asset."""
    rules = s.collaterals[asset]
    collateral, liabilities, maintenance = 0, 0, 0
    if held > 0:
        value = asset_value(rules, min(held, MAX_ATOMS))
        collateral = part_down(value, weight_at(rules, value))
    if owed > 0:
        liabilities = debt_value(rules, min(owed, MAX_ATOMS))
        maintenance = part_up(liabilities, rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, liabilities))
    return collateral, liabilities, maintenance


@cold
def position_parts(s, market_number, net, profit):
    """Return (collateral, liabilities, maintenance) of a position with an unsettled profit."""
    market, rules = s.markets[market_number], s.perpetuals[market_number]
    money = s.collaterals[market.quote_asset]
    value = debt_value(money, notional(abs(net), rules.mark_ticks, market.quote_factor))
    maintenance = part_up(value, rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value))
    if profit >= 0:
        return asset_value(money, min(profit, MAX_ATOMS)), 0, maintenance
    return 0, debt_value(money, min(-profit, MAX_ATOMS)), maintenance


@hot
def health_with(s, leg, parts, more_parts):
    """Return health when all else of an account is as a leg says, and these parts come to it."""
    return health(
        s,
        leg.collateral + parts[0] + more_parts[0],
        leg.liabilities + parts[1] + more_parts[1],
        leg.maintenance + parts[2] + more_parts[2],
    )


@hot
def fee_of_slice(leg, quote_atoms):
    """Return what a case pays to FUND for a fill."""
    return divide_up(quote_atoms, leg.fee_e8, E8)


@cold
def position_after(s, leg, lots):
    """Return health when a position has been reduced by so many lots at the best price."""
    f, mark = s.markets[leg.market].quote_factor, leg.mark_ticks
    cost = notional(lots, leg.price_ticks, f)
    sign = 1 if leg.net_lots > 0 else -1
    reference = leg.reference_atoms - sign * cost + fee_of_slice(leg, cost)
    net = leg.net_lots - sign * lots
    return health_with(s, leg, position_parts(s, leg.market, net, signed_notional(net, mark, f) - reference), NO_PARTS)


@cold
def bought_for(s, leg, quote_atoms):
    """Return atoms of the debt that so much money buys at the price that a case would pay at most."""
    market = s.markets[leg.buy_market]
    return quote_atoms // (leg.buy_ticks * market.quote_factor) * market.lot_atoms


@cold
def sale_after(s, leg, lots):
    """Return health when so many lots of an asset have been sold at the best price, and what they bring has repaid."""
    market = s.markets[leg.market]
    quote = notional(lots, leg.price_ticks, market.quote_factor)
    received = quote - fee_of_slice(leg, quote)
    parts = balance_parts(s, leg.asset, leg.held_atoms - lots * market.lot_atoms, 0)
    repaid = received if leg.kind == REPAYS_WITH_SALE else bought_for(s, leg, received)
    owed, more = max(leg.quote_owed_atoms - repaid, 0), max(repaid - leg.quote_owed_atoms, 0)
    return health_with(s, leg, parts, balance_parts(s, leg.quote_asset, leg.quote_held_atoms + more, owed))


@cold
def purchase_after(s, leg, lots):
    """Return health when so many lots of what is owed have been bought at the best price, and repaid."""
    market = s.markets[leg.market]
    quote = notional(lots, leg.price_ticks, market.quote_factor)
    bought, paid = lots * market.lot_atoms, quote + fee_of_slice(leg, quote)
    parts = balance_parts(s, leg.asset, max(bought - leg.owed_atoms, 0), max(leg.owed_atoms - bought, 0))
    return health_with(s, leg, parts, balance_parts(s, leg.quote_asset, leg.quote_held_atoms - paid, 0))


@cold
def health_after(s, leg, lots):
    """Return health when so many lots of a leg have traded at the best price that stands in the book."""
    if leg.kind == POSITION:
        return position_after(s, leg, lots)
    return purchase_after(s, leg, lots) if leg.kind == BUYS else sale_after(s, leg, lots)


@cold
def smallest_lots(s, leg, least):
    """Return the smallest quantity that restores the account, all that may be traded if none does."""
    low, high = max(least, 1), leg.most_lots
    if low >= high or health_after(s, leg, high) < 0:
        return high
    while low < high:
        middle = (low + high) // 2
        if health_after(s, leg, middle) >= 0:
            high = middle
        else:
            low = middle + 1
    return high


@cold
def split_cost(s, leg, cost, band_e8):
    """Give of what may be lost on a leg up to half to the fee, and the rest to the price, within the band."""
    leg.fee_e8 = min(s.parameters[Parameter.LIQUIDATION_FEE_PPM] * PPM_E8, cost // 2)
    return min(cost - leg.fee_e8, min(s.parameters[Parameter.LIQUIDATION_BAND_PPM] * PPM_E8, band_e8))


@hot
def limit_of(side, mark_ticks, away_e8):
    """Return the last price that an order may trade at which may go so far from the mark."""
    if side == Side.ASK:
        return max(divide_up(mark_ticks, E8 - away_e8, E8), 1)
    return divide_down(mark_ticks, E8 + away_e8, E8)


@hot
def takes_orders(market):
    """Whether a market matches what comes now."""
    return market.state == MarketState.OPEN or market.state == MarketState.LIMIT_ONLY


@cold
def meets(s, market_number, side, limit_ticks):
    """Whether somebody stands in the book at the limit or better, and the market takes orders at that price."""
    market, best = s.markets[market_number], best_price(s, market_number, 1 - side)
    if best == 0 or not takes_orders(market):
        return False
    if limit_ticks < market.minimum_price_ticks or limit_ticks > market.maximum_price_ticks:
        return False
    return best >= limit_ticks if side == Side.ASK else best <= limit_ticks


@cold
def base_lots(s, account, asset, lot_atoms):
    """Return what an account has of an asset, in lots: held less owed, and all positions on it."""
    lots, slot = 0, balance_slot(s, account, asset)
    if slot != 0:
        held, owed = held_and_owed(s, s.balances[slot], asset)
        lots = (held - owed) // lot_atoms if held >= owed else -((owed - held) // lot_atoms)
    slot = s.accounts[account].first_position
    while slot != 0:
        row = s.positions[slot]
        market = s.markets[row.market]
        if market.base_asset == asset:
            part = notional(abs(row.net_lots), market.lot_atoms, 1) // lot_atoms
            lots += part if row.net_lots >= 0 else -part
        slot = row.account_next
    return lots


@cold
def unhedged_lots(s, row):
    """Return how much of a position nothing else of its account stands against."""
    market = s.markets[row.market]
    lots = base_lots(s, row.account, market.base_asset, market.lot_atoms)
    return min(max(lots if row.net_lots > 0 else -lots, 0), abs(row.net_lots))


@cold
def keep_better(s):
    """Keep what is being looked at if it comes before what was found."""
    found, leg = s.leg[FOUND], s.leg[SUMS]
    same = found.score == leg.score and found.owed_asset > leg.owed_asset > 0
    if found.kind != 0 and found.score >= leg.score and not same:
        return
    found.score, found.kind, found.market, found.side = leg.score, leg.kind, leg.market, leg.side
    found.limit_ticks, found.mark_ticks, found.most_lots = leg.limit_ticks, leg.mark_ticks, leg.most_lots
    found.fee_e8, found.asset, found.quote_asset = leg.fee_e8, leg.asset, leg.quote_asset
    found.owed_asset, found.vault = leg.owed_asset, leg.vault
    found.held_atoms, found.owed_atoms = leg.held_atoms, leg.owed_atoms
    found.quote_held_atoms, found.quote_owed_atoms = leg.quote_held_atoms, leg.quote_owed_atoms
    found.net_lots, found.reference_atoms = leg.net_lots, leg.reference_atoms
    found.buy_ticks, found.buy_market = leg.buy_ticks, leg.buy_market


@cold
def weigh_position(s, slot, equity, maintenance):
    """Fill a leg with a position, whose funding is settled; returns what part of its value it may cost, times 10^8.

    That is its part of the equity of the account; -1 if the position is none that can be reduced now.
    """
    row, leg = s.positions[slot], s.leg[SUMS]
    market, rules = s.markets[row.market], s.perpetuals[row.market]
    money = s.collaterals[market.quote_asset]
    if is_deleveraging(s, row.market):
        return -1
    if row.net_lots == 0 or rules.price_state != PriceState.FRESH or not is_live(money.price_state):
        return -1
    value = debt_value(money, notional(abs(row.net_lots), rules.mark_ticks, market.quote_factor))
    required = part_up(value, rate_at(rules.maintenance_base_e8, rules.maintenance_factor_e8, value))
    allowed = divide_down(max(equity, 0), required, maintenance) if maintenance > 0 else 0
    leg.kind, leg.market, leg.mark_ticks, leg.asset = POSITION, row.market, rules.mark_ticks, 0
    leg.owed_asset, leg.vault = 0, 0
    leg.quote_asset, leg.side = market.quote_asset, Side.ASK if row.net_lots > 0 else Side.BID
    leg.net_lots, leg.reference_atoms = row.net_lots, row.reference_atoms
    open_lots, whole = unhedged_lots(s, row), abs(row.net_lots)
    # What is not hedged comes first; of what is, the larger requirement, below all of the former.
    leg.score = 1 + divide_down(required, open_lots, whole) if open_lots > 0 else required - (1 << 61)
    leg.most_lots = min(open_lots if open_lots > 0 else whole, market.maximum_quantity_lots)
    return min(divide_down(allowed, E8, max(value, 1)), E8)


@cold
def look_at_position(s, slot):
    """Look at a position as a leg: what of it somebody in the book takes."""
    leg, measure = s.leg[SUMS], s.measure[0]
    cost = weigh_position(s, slot, measure.collateral - measure.liabilities, measure.maintenance)
    if cost < 0:
        return
    away = split_cost(s, leg, cost, E8)
    leg.limit_ticks = limit_of(leg.side, leg.mark_ticks, away)
    if meets(s, leg.market, leg.side, leg.limit_ticks):
        keep_better(s)


@cold
def spot_away_e8(s):
    """Return how far from the mark an account may sell and buy all that is no contract, and be left with zero."""
    measure = s.measure[0]
    worth = measure.assets - measure.liabilities
    return min(divide_down(max(worth, 0), E8, max(measure.assets + measure.liabilities, 1)), E8)


@cold
def sale_of(s, account, quote_asset, owed_asset):
    """Look for the largest collateral that can be sold for an asset; returns whether there is one."""
    leg, largest, slot = s.leg[SUMS], -1, s.accounts[account].first_balance
    while slot != 0:
        asset = s.balances[slot].id & 0xFFFF
        slot = s.balances[slot].account_next
        number = s.collaterals[asset].conversion_market
        if asset == owed_asset or number == 0 or s.markets[number].quote_asset != quote_asset:
            continue
        held = available(s, account, asset)
        value = asset_value(s.collaterals[asset], held)
        counts = part_down(value, weight_at(s.collaterals[asset], value))
        mark = ticks_below_mark(s, asset, 0)
        away = split_cost(s, leg, spot_away_e8(s), int(s.collaterals[asset].conversion_discount_ppm) * PPM_E8)
        limit, market = limit_of(Side.ASK, mark, away), s.markets[number]
        lots = min(held // market.lot_atoms, market.maximum_quantity_lots)
        if mark == 0 or lots < market.minimum_quantity_lots or not meets(s, number, Side.ASK, limit):
            continue
        if counts > largest or (counts == largest and asset < leg.asset):
            largest = counts
            leg.asset, leg.market, leg.mark_ticks, leg.limit_ticks, leg.most_lots = asset, number, mark, limit, lots
    return largest >= 0


@cold
def look_at_sale(s, account, owed_asset, money_asset, kind):
    """Look at selling collateral for money that repays a debt, or buys what is owed."""
    leg = s.leg[SUMS]
    if not sale_of(s, account, money_asset, owed_asset):
        return
    leg.kind, leg.side, leg.quote_asset, leg.owed_atoms = kind, Side.ASK, owed_asset, 0
    slot = balance_slot(s, account, leg.asset)
    leg.held_atoms, _ = held_and_owed(s, s.balances[slot], leg.asset)
    keep_better(s)


@cold
def look_at_debt(s, account, slot):
    """Look at a debt as a leg: what is to be bought for it, or sold."""
    leg, asset = s.leg[SUMS], s.balances[slot].id & 0xFFFF
    held, owed = held_and_owed(s, s.balances[slot], asset)
    rules = s.collaterals[asset]
    if owed == 0 or rules.price_state != PriceState.FRESH:
        return
    _, _, required = balance_parts(s, asset, 0, owed)
    leg.score, leg.quote_held_atoms, leg.quote_owed_atoms, leg.owed_asset = 1 + required, held, owed, asset
    if rules.conversion_market == 0:
        look_at_sale(s, account, asset, asset, REPAYS_WITH_SALE)
        return
    number = rules.conversion_market
    market, mark = s.markets[number], ticks_below_mark(s, asset, 0)
    away = split_cost(s, leg, spot_away_e8(s), E8)
    limit = limit_of(Side.BID, mark, away)
    if mark == 0:
        return
    cash = available(s, account, market.quote_asset)
    cost = limit * market.quote_factor
    lots = divide_down(cash, E8, E8 + leg.fee_e8) // cost
    if lots < market.minimum_quantity_lots:
        leg.buy_market, leg.buy_ticks = number, limit
        look_at_sale(s, account, asset, market.quote_asset, SELLS_TO_BUY)
        return
    if not meets(s, number, Side.BID, limit):
        return
    leg.kind, leg.market, leg.side, leg.asset, leg.quote_asset = BUYS, number, Side.BID, asset, market.quote_asset
    leg.mark_ticks, leg.limit_ticks, leg.held_atoms, leg.owed_atoms = mark, limit, held, owed
    slot = balance_slot(s, account, market.quote_asset)
    leg.quote_held_atoms, leg.quote_owed_atoms = held_and_owed(s, s.balances[slot], market.quote_asset)
    leg.most_lots = min(lots, max(divide_up(owed, 1, market.lot_atoms), market.minimum_quantity_lots))
    leg.most_lots = min(leg.most_lots, market.maximum_quantity_lots)
    keep_better(s)


@cold
def take_parts(s, account, leg):
    """Let the sums of a leg be what all else of the account comes to."""
    measure = s.measure[0]
    if leg.kind == POSITION:
        f = s.markets[leg.market].quote_factor
        profit = signed_notional(leg.net_lots, leg.mark_ticks, f) - leg.reference_atoms
        parts, more_parts = position_parts(s, leg.market, leg.net_lots, profit), NO_PARTS
    else:
        parts = balance_parts(s, leg.asset, leg.held_atoms, leg.owed_atoms)
        more_parts = balance_parts(s, leg.quote_asset, leg.quote_held_atoms, leg.quote_owed_atoms)
    leg.collateral = measure.collateral - parts[0] - more_parts[0]
    leg.liabilities = measure.liabilities - parts[1] - more_parts[1]
    leg.maintenance = measure.maintenance - parts[2] - more_parts[2]


@cold
def find_leg(s, account):
    """Find what of an account is to be reduced next, and how much; returns whether there is anything.

    ``s.measure`` is of the account as it is, and the funding of its positions is settled.
    """
    found = s.leg[FOUND]
    found.kind = 0
    slot = s.accounts[account].first_position
    while slot != 0:
        look_at_position(s, slot)
        slot = s.positions[slot].account_next
    slot = s.accounts[account].first_balance
    while slot != 0:
        look_at_debt(s, account, slot)
        slot = s.balances[slot].account_next
    if found.kind == 0:
        return False
    take_parts(s, account, found)
    found.price_ticks = best_price(s, found.market, 1 - found.side)
    least = 1 if found.kind == POSITION else s.markets[found.market].minimum_quantity_lots
    found.lots = smallest_lots(s, found, least)
    return True
