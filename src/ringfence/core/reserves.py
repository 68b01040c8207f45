"""What is reserved for open spot orders: what collateral may lose when they fill.  docs/rules.md, "Margin"."""

from ..schema.enums import LoanFlag, PriceState
from ..schema.fields import MAX_ATOMS, MAX_VALUE
from .bits import divide_up
from .book import bought_asset, lock_of, sold_asset
from .bounds import scale_up
from .jit import cold, hot
from .lending import owed
from .valuation import asset_value, capped_sum, paid_value, part_down, part_up, repaid_value, slope_at, top_weight

REPAYS = int(LoanFlag.AUTO_BORROW_REPAY)
LOAN_BITS = 15
ALL_BUT_RESERVED = 127
HAS_RESERVED = 128
"""The bit of an order's ``special`` beside its loan flags: something is reserved for it."""
ROUNDING_VALUE = 4
"""What the roundings of one fill may cost."""


@cold
def set_reserved(s, slot, value):
    """Store what is reserved for an open order, and keep the sum of its account."""
    row = s.orders[slot]
    s.accounts[row.account].reserved_value += value - row.reserved_value
    row.reserved_value = value
    row.special = (row.special & ALL_BUT_RESERVED) | (HAS_RESERVED if value != 0 else 0)


@cold
def scale_reserved(s, slot, lots, lots_before):
    """Keep the part of what is reserved that belongs to what an order has left."""
    set_reserved(s, slot, divide_up(s.orders[slot].reserved_value, lots, lots_before))


@cold
def loss_of(rules, atoms):
    """Return what paying atoms takes from collateral at most."""
    return part_up(paid_value(rules, atoms), top_weight(rules))


@cold
def gain_of(rules, atoms, assets_value):
    """Return what bought atoms add to the collateral of an account whose assets have this value, at least."""
    if rules.price_state == PriceState.STALE:
        return 0
    return part_down(asset_value(rules, atoms), slope_at(rules, assets_value))


@cold
def repaid_gain(rules, atoms):
    """Return what repaying atoms adds: the debt that is gone, and the margin that it needs at any leverage limit."""
    value = repaid_value(rules, atoms)
    return capped_sum(value, part_down(value, rules.initial_base_e8))


@cold
def received_of(s, account, market, atoms):
    """Return what is left of bought atoms after the highest fee that the account may pay."""
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[s.accounts[account].user].fee_tier]
    return atoms - scale_up(atoms, int(max(tier.maker_ppm, tier.taker_ppm, 0)))


@hot
def brought_by(s, row):
    """Return what an open order receives when it fills at its price, after fees."""
    market = s.markets[row.market]
    return received_of(s, row.account, market, lock_of(market, 1 - row.side, row.price_ticks, row.remaining_lots))


@cold
def repayable(s, account, asset, but_slot):
    """Return what of a debt no open order of the account repays yet, ``but_slot`` not looked at."""
    left, slot = owed(s, account, asset), s.accounts[account].first_order
    while slot != 0 and left > 0:
        row = s.orders[slot]
        if slot != but_slot and row.special & REPAYS != 0 and bought_asset(s.markets[row.market], row.side) == asset:
            left -= min(brought_by(s, row), left)
        slot = row.account_next
    return left


@cold
def reserved_for(s, market, side, sold_atoms, received_atoms, repaid_atoms, assets_value):
    """Return what to reserve for an order that pays and receives so much, part of which repays a debt."""
    sold, bought = s.collaterals[sold_asset(market, side)], s.collaterals[bought_asset(market, side)]
    gain = gain_of(bought, received_atoms - repaid_atoms, assets_value) + repaid_gain(bought, repaid_atoms)
    return min(max(loss_of(sold, sold_atoms) - gain + ROUNDING_VALUE, 0), MAX_VALUE)


@cold
def reserve_again(s, account, assets_value, store):
    """Return what the open orders of an account need that begins to owe, and store it if that is accepted."""
    total, slot = 0, s.accounts[account].first_order
    while slot != 0:
        row = s.orders[slot]
        market = s.markets[row.market]
        pays = lock_of(market, row.side, row.price_ticks, row.remaining_lots)
        value = reserved_for(s, market, row.side, pays, brought_by(s, row), 0, assets_value)
        if store:
            set_reserved(s, slot, value)
        total = capped_sum(total, value)
        slot = row.account_next
    return total


@cold
def reserved_for_order(s, account, market, side, sold_atoms, bought_atoms, flags, but_slot, assets_value):
    """Return (what to reserve for a new or amended order, how much less that is if it repays what it may).

    Only the first is stored: the debt may be gone before the order fills.
    """
    received = received_of(s, account, market, min(bought_atoms, MAX_ATOMS))
    sold = min(sold_atoms, MAX_ATOMS)
    reserved = reserved_for(s, market, side, sold, received, 0, assets_value)
    if flags & REPAYS == 0:
        return reserved, 0
    repaid = min(received, repayable(s, account, bought_asset(market, side), but_slot))
    return reserved, reserved - reserved_for(s, market, side, sold, received, repaid, assets_value)
