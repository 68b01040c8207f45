"""What UNCOVERED owes is paid once FUND or SKIN can: with what they have, and with what FUND buys or sells for it.

docs/rules.md, "Covering".  Until then nobody takes new risk where something is owed, so that whoever comes later does
not pay for what was lost before.
"""

from ..schema.enums import (
    HouseAccount,
    LoanSource,
    OrderType,
    Origin,
    Parameter,
    SelfTradePrevention,
    Settling,
    Side,
    TimeInForce,
)
from .bits import checked_multiply, divide_up
from .conversion import ticks_below_mark
from .emit import emit
from .estates import tell_owed_to_lenders, tell_owed_to_market
from .fence import is_clock_fresh
from .fund import pay_from_fund, pay_from_skin
from .inventory import show_market
from .jit import cold
from .ledger import asset_after, available, loan_shares_of
from .legs import PPM_E8, limit_of, meets
from .lending import claim, owed, redeem_atoms, redeemable, repay_atoms, repay_shares
from .positions import add_reference, drop_if_empty
from .records import FUND_ORDERED, PLACE_ORDER, WORDS, EventKind, cast

FUND, SKIN, UNCOVERED = HouseAccount.FUND, HouseAccount.SKIN, HouseAccount.UNCOVERED
NO_CLIENT = -1


@cold
def redeem_claims(s):
    """Let FUND have back what failed accounts had lent, as far as the pools can pay."""
    asset = asset_after(s, FUND, 0)
    while asset != 0:
        if loan_shares_of(s, FUND, asset) > 0:
            atoms = min(claim(s, FUND, asset), redeemable(s.lending_pools[asset]))
            if atoms > 0:
                redeem_atoms(s, FUND, asset, atoms, LoanSource.LIQUIDATION, 0)
        asset = asset_after(s, FUND, asset)


@cold
def cover_losses(s):
    """Pay to markets what is owed to them; not in the middle of a settlement, which has counted already."""
    if s.venue[0].settling != Settling.NOTHING:
        return
    slot = s.accounts[UNCOVERED].first_position
    while slot != 0:
        row = s.positions[slot]
        market, loss, following = row.market, row.reference_atoms, row.account_next
        if loss > 0:
            asset = s.markets[market].quote_asset
            paid = pay_from_fund(s, HouseAccount.CLEARING, asset, loss, 0)
            paid += pay_from_skin(s, HouseAccount.CLEARING, asset, loss - paid, 0)
            if paid > 0:
                s.perpetuals[market].clearing_atoms += paid
                add_reference(s, slot, -paid)
                drop_if_empty(s, slot)
                tell_owed_to_market(s, market)
        slot = following


@cold
def cover_debts(s):
    """Repay to pools what is owed to them."""
    asset = asset_after(s, UNCOVERED, 0)
    while asset != 0:
        debt = owed(s, UNCOVERED, asset)
        if debt > 0:
            missing = max(debt - available(s, UNCOVERED, asset), 0)
            paid = pay_from_fund(s, UNCOVERED, asset, missing, 0)
            pay_from_skin(s, UNCOVERED, asset, missing - paid, 0)
            atoms = min(available(s, UNCOVERED, asset), debt)
            if atoms > 0 and (atoms == debt or repay_shares(s.lending_pools[asset], atoms) > 0):
                repay_atoms(s, UNCOVERED, asset, atoms, LoanSource.LIQUIDATION, 0)
                tell_owed_to_lenders(s, asset)
        asset = asset_after(s, UNCOVERED, asset)


@cold
def write_order(s, market, side, limit_ticks, lots):
    """Write the order of FUND."""
    words = cast(s.fired, 0, WORDS)
    for k in range(16):
        words.word[k] = 0
    order, venue = cast(s.fired, 0, PLACE_ORDER), s.venue[0]
    order.sequence, order.time_us, order.account, order.origin = venue.sequence, venue.time_us, FUND, Origin.NODE
    order.market, order.side, order.client_id = market, side, NO_CLIENT
    order.order_type, order.time_in_force = OrderType.LIMIT, TimeInForce.IOC
    order.self_trade_prevention = SelfTradePrevention.REJECT_MAKER
    order.price_ticks, order.quantity_lots = limit_ticks, lots


@cold
def begin_order(s, asset, owed_atoms, market, side, mark_ticks, limit_ticks, lots):
    """Tell what FUND orders, and write it."""
    show_market(s, market)
    place = emit(s, EventKind.FUND_ORDERED, FUND, market)
    event = cast(s.events, place, FUND_ORDERED)
    event.order, event.asset, event.owed_atoms, event.side = s.venue[0].sequence, asset, owed_atoms, side
    event.price_ticks, event.quantity_lots, event.mark_ticks = limit_ticks, lots, mark_ticks
    s.own[0].event = place
    write_order(s, market, side, limit_ticks, lots)
    return True


@cold
def buys(s, asset, owed_atoms):
    """Let FUND buy what is owed, if it has money and somebody sells; returns whether it does."""
    number = s.collaterals[asset].conversion_market
    market, mark = s.markets[number], ticks_below_mark(s, asset, 0)
    if mark == 0:
        return False
    limit = limit_of(Side.BID, mark, s.parameters[Parameter.LIQUIDATION_BAND_PPM] * PPM_E8)
    cost, too_large = checked_multiply(limit, market.quote_factor)
    most = 0 if too_large else available(s, FUND, market.quote_asset) // cost
    wanted = max(divide_up(owed_atoms, 1, market.lot_atoms), market.minimum_quantity_lots)
    lots = min(wanted, most, market.maximum_quantity_lots)
    if lots < market.minimum_quantity_lots or not meets(s, number, Side.BID, limit):
        return False
    return begin_order(s, asset, owed_atoms, number, Side.BID.value, mark, limit, lots)


@cold
def sells(s, asset, money_asset, owed_atoms, wanted_atoms):
    """Let FUND sell the first of what it has for ``wanted_atoms`` of money, 0 for as much as it can."""
    sold = asset_after(s, FUND, 0)
    while sold != 0:
        number = s.collaterals[sold].conversion_market
        if number != 0 and sold != asset and s.markets[number].quote_asset == money_asset:
            market, mark = s.markets[number], ticks_below_mark(s, sold, 0)
            limit = limit_of(Side.ASK, mark, int(s.collaterals[sold].conversion_discount_ppm) * PPM_E8)
            lots = min(available(s, FUND, sold) // market.lot_atoms, market.maximum_quantity_lots)
            value, too_large = checked_multiply(limit, market.quote_factor)
            if wanted_atoms > 0 and not too_large:
                lots = min(lots, max(divide_up(wanted_atoms, 1, value), market.minimum_quantity_lots))
            if mark != 0 and lots >= market.minimum_quantity_lots and meets(s, number, Side.ASK, limit):
                return begin_order(s, asset, owed_atoms, number, Side.ASK.value, mark, limit, lots)
        sold = asset_after(s, FUND, sold)
    return False


@cold
def trades_for(s, asset, owed_atoms):
    """Let FUND trade for an asset that is owed; returns whether it does."""
    number = s.collaterals[asset].conversion_market
    if number == 0:
        return sells(s, asset, asset, owed_atoms, owed_atoms)
    return buys(s, asset, owed_atoms) or sells(s, asset, s.markets[number].quote_asset, owed_atoms, 0)


@cold
def begin_covering(s):
    """Pay what can be paid, and find what FUND trades for the rest; returns whether there is an order to place."""
    if not is_clock_fresh(s):
        return False
    redeem_claims(s)
    cover_losses(s)
    cover_debts(s)
    slot = s.accounts[UNCOVERED].first_position
    while slot != 0:
        row = s.positions[slot]
        if row.reference_atoms > 0 and trades_for(s, s.markets[row.market].quote_asset, row.reference_atoms):
            return True
        slot = row.account_next
    asset = asset_after(s, UNCOVERED, 0)
    while asset != 0:
        debt = owed(s, UNCOVERED, asset)
        if debt > 0 and trades_for(s, asset, debt):
            return True
        asset = asset_after(s, UNCOVERED, asset)
    return False


@cold
def end_covering(s, accepted):
    """Pay with what the order of FUND brought, or say why it was refused."""
    if not accepted:
        cast(s.events, s.own[0].event, FUND_ORDERED).reject = s.venue[0].reject
        return
    cover_losses(s)
    cover_debts(s)
