"""Converting collateral: who could not pay a loss sells what he has, by an order in the book, as far as it takes.

docs/rules.md, "Converting collateral".  No order goes below a bound under the mark, and each is checked as any other.
"""

from ..schema.enums import (
    UNITS_PER_CASH,
    CloseReason,
    OrderType,
    Origin,
    PriceState,
    SelfTradePrevention,
    Settling,
    Side,
    TimeInForce,
)
from ..schema.fields import MAX_ATOMS
from .admission import is_spot
from .bits import divide_up
from .book import sold_asset
from .bounds import PPM, best_price, scale_up
from .cancels import cancel
from .emit import emit
from .jit import cold
from .paying import REDEEMS, spendable
from .positions import drop_if_empty, notional, touch
from .records import COLLATERAL_CONVERTED, PLACE_ORDER, WORDS, EventKind, cast
from .settlement import begin_paying, loss_at, pay_loss
from .valuation import asset_value, margin_price, part_down, weight_at

NO_CLIENT_ID = -1
MOST_RATIO = 4 * 10**10
"""Of two prices: more could not be counted in hundred-millionths."""


@cold
def next_short(s):
    """Return the position whose account sells next, taken off the list; 0 if there is none."""
    venue = s.venue[0]
    if venue.settling != Settling.CONVERTING:
        return 0
    venue.next_short += 1
    return s.short_positions[venue.next_short]


@cold
def ticks_below_mark(s, asset, discount_ppm):
    """Return so much less than an asset's price in ticks of its conversion market, rounded up; 0 if it is not fresh.

    What the market's cash is worth counts, and a coarse tick lowers no price.
    """
    market = s.markets[s.collaterals[asset].conversion_market]
    price_units, state = margin_price(s, asset)
    cash_units, cash_state = margin_price(s, market.quote_asset)
    if (
        min(price_units, cash_units) == 0
        or price_units // cash_units > MOST_RATIO
        or state != PriceState.FRESH
        or cash_state != PriceState.FRESH
    ):
        return 0
    units, money = scale_up(divide_up(price_units, UNITS_PER_CASH, cash_units), PPM - discount_ppm), 1
    for _ in range(s.assets[market.quote_asset].decimals):
        money *= 10
    return max(divide_up(divide_up(units, money, UNITS_PER_CASH), 1, market.tick_atoms), 1)


@cold
def floor_ticks(s, asset):
    """Return the lowest price at which an asset is sold in its conversion market, 0 if its price is not fresh."""
    return ticks_below_mark(s, asset, int(s.collaterals[asset].conversion_discount_ppm))


@cold
def lots_to_sell(s, account, asset, ticks, missing_atoms):
    """Return how many lots of an asset an account sells, at best no more than pays what is missing; 0 for none.

    A bid above the mark may be for one lot, and by whoever does not want much to be sold.
    """
    number = s.collaterals[asset].conversion_market
    market = s.markets[number]
    bid = best_price(s, number, Side.BID)
    if bid == 0 or bid < ticks or ticks < market.minimum_price_ticks or ticks > market.maximum_price_ticks:
        return 0
    lots = spendable(s, account, asset, REDEEMS) // market.lot_atoms
    if lots < market.minimum_quantity_lots:
        return 0
    tier = s.fee_tiers[market.fee_schedule * 16 + s.users[s.accounts[account].user].fee_tier]
    gross = min(divide_up(missing_atoms, PPM, PPM - max(int(tier.taker_ppm), 0)), MAX_ATOMS)
    wanted = divide_up(gross, 1, notional(1, min(bid, ticks_below_mark(s, asset, 0)), market.quote_factor))
    return min(max(min(wanted, market.maximum_quantity_lots), market.minimum_quantity_lots), lots)


@cold
def collateral_of(s, account, asset):
    """Return what an asset of an account counts as collateral."""
    value = asset_value(s.collaterals[asset], spendable(s, account, asset, REDEEMS))
    return part_down(value, weight_at(s.collaterals[asset], value))


@cold
def choose(s, account, quote_asset, missing_atoms):
    """Return which asset an account sells: of those that can be sold, the largest collateral; 0 for none."""
    chosen, largest, slot = 0, -1, s.accounts[account].first_balance
    while slot != 0:
        asset = s.balances[slot].id & 0xFFFF
        slot = s.balances[slot].account_next
        number = s.collaterals[asset].conversion_market
        if number == 0 or s.markets[number].quote_asset != quote_asset:
            continue
        ticks = floor_ticks(s, asset)
        if ticks == 0 or lots_to_sell(s, account, asset, ticks, missing_atoms) == 0:
            continue
        counts = collateral_of(s, account, asset)
        if counts > largest or (counts == largest and asset < chosen):
            chosen, largest = asset, counts
    return chosen


@cold
def is_kept_from(s, asset, quote_asset):
    """Whether an asset, locked in an order, is kept from a loss in ``quote_asset``: it is that, or is sold for it."""
    market = s.collaterals[asset].conversion_market
    return asset == quote_asset or (market != 0 and s.markets[market].quote_asset == quote_asset)


@cold
def cancel_locking(s, account, quote_asset):
    """Cancel the orders of an account that lock what could pay its loss; returns whether there was one."""
    found, slot = False, s.accounts[account].first_order
    while slot != 0:
        row = s.orders[slot]
        market, slot_now = s.markets[row.market], slot
        slot = row.account_next
        if is_spot(market) and is_kept_from(s, sold_asset(market, row.side), quote_asset):
            cancel(s, slot_now, CloseReason.SETTLEMENT.value)
            found = True
    return found


@cold
def write_sale(s, account, market, ticks, lots):
    """Write the order that sells."""
    words = cast(s.fired, 0, WORDS)
    for k in range(16):
        words.word[k] = 0
    order = cast(s.fired, 0, PLACE_ORDER)
    order.sequence, order.time_us, order.account = s.venue[0].sequence, s.venue[0].time_us, account
    order.origin, order.market, order.side = Origin.NODE, market, Side.ASK
    order.order_type, order.time_in_force = OrderType.LIMIT, TimeInForce.IOC
    order.self_trade_prevention, order.loan_flags = SelfTradePrevention.REJECT_MAKER, REDEEMS
    order.client_id, order.price_ticks, order.quantity_lots = NO_CLIENT_ID, ticks, lots


@cold
def emit_converted(s, account, contract, asset, missing_atoms):
    """Append that the order which was written is placed for a loss, and return its place."""
    order = cast(s.fired, 0, PLACE_ORDER)
    place = emit(s, EventKind.COLLATERAL_CONVERTED, account, order.market)
    event = cast(s.events, place, COLLATERAL_CONVERTED)
    event.order, event.contract, event.asset = order.sequence, contract, asset
    event.price_ticks, event.quantity_lots, event.missing_atoms = order.price_ticks, order.quantity_lots, missing_atoms
    return place


@cold
def pay_missing(s, slot, missing_atoms):
    """Let a position pay of what is missing what its account has by now; returns how much that is."""
    paid, book = pay_loss(s, slot, missing_atoms), s.perpetuals[s.positions[slot].market]
    book.short_atoms -= min(book.short_atoms, paid)
    return paid


@cold
def begin_conversion(s):
    """Write the order by which the next account sells for its loss; returns whether there is one to place."""
    slot, own = next_short(s), s.own[0]
    if slot == 0:
        return False
    row = s.positions[slot]
    account, market, row.due_atoms = row.account, row.market, 0
    touch(s, slot)
    missing = max(loss_at(s, slot), 0)
    missing -= pay_missing(s, slot, missing)
    quote_asset = s.markets[market].quote_asset
    asset = choose(s, account, quote_asset, missing) if missing > 0 else 0
    if asset == 0:
        again = missing > 0 and cancel_locking(s, account, quote_asset)
        leave(s, slot, missing if again else 0)
        return False
    ticks = floor_ticks(s, asset)
    lots = lots_to_sell(s, account, asset, ticks, missing)
    write_sale(s, account, s.collaterals[asset].conversion_market, ticks, lots)
    own.position, own.missing_atoms, own.event = slot, missing, emit_converted(s, account, market, asset, missing)
    return True


@cold
def end_conversion(s, accepted):
    """Let what was sold pay the loss, or say why nothing was."""
    own, left = s.own[0], 0
    event = cast(s.events, own.event, COLLATERAL_CONVERTED)
    if accepted:
        event.paid_atoms = pay_missing(s, own.position, own.missing_atoms)
        # What met nobody would meet nobody again.
        left = own.missing_atoms - event.paid_atoms if s.taker[0].handled > 0 else 0
    else:
        event.reject = s.venue[0].reject
    leave(s, own.position, left)


@cold
def leave(s, slot, left_atoms):
    """Be done with a position, or let it be the next again for what is left; after the last winners are paid."""
    venue = s.venue[0]
    if left_atoms > 0:
        s.positions[slot].due_atoms = -left_atoms
        venue.next_short -= 1
        return
    drop_if_empty(s, slot)
    if venue.next_short == venue.shorts:
        begin_paying(s)
