"""A vault reduces what it took over, by its own orders, a slice at a time.  docs/rules.md, "Unwinding"."""

from ..schema.enums import OrderType, Origin, Parameter, PriceState, SelfTradePrevention, Side, TimeInForce
from .admission import has_case, is_deleveraging
from .bits import divide_down
from .emit import emit
from .fence import is_clock_fresh
from .jit import cold
from .legs import FOUND, POSITION, PPM_E8, SUMS, limit_of, meets
from .positions import notional
from .records import PLACE_ORDER, VAULT_ORDERED, WORDS, EventKind, cast
from .valuation import debt_value, is_live

NO_CLIENT = -1


@cold
def look_at_unwinding(s, slot):
    """Look at a position of a vault as the one to reduce: the largest that somebody in the book would take."""
    position, leg, found = s.positions[slot], s.leg[SUMS], s.leg[FOUND]
    market, rules = s.markets[position.market], s.perpetuals[position.market]
    money = s.collaterals[market.quote_asset]
    fresh = rules.price_state == PriceState.FRESH and is_live(money.price_state)
    if position.net_lots == 0 or not fresh or is_deleveraging(s, position.market):
        return
    side = Side.ASK if position.net_lots > 0 else Side.BID
    limit = limit_of(side, rules.mark_ticks, s.parameters[Parameter.LIQUIDATION_BAND_PPM] * PPM_E8)
    value = debt_value(money, notional(abs(position.net_lots), rules.mark_ticks, market.quote_factor))
    if not meets(s, position.market, side, limit) or (found.kind != 0 and found.score >= value):
        return
    leg.score = value
    found.kind, found.score, found.market, found.side = POSITION, value, position.market, side
    found.limit_ticks, found.mark_ticks, found.net_lots = limit, rules.mark_ticks, position.net_lots
    found.lots = min(slice_lots(s, abs(position.net_lots), value), market.maximum_quantity_lots)


@cold
def slice_lots(s, lots, value):
    """Return how many of so many lots, which come to a value, a vault orders at once."""
    most = s.parameters[Parameter.VAULT_SLICE_VALUE]
    return lots if value <= most else max(divide_down(lots, most, value), 1)


@cold
def write_unwinding(s, account, leg):
    """Write the order of a vault."""
    words = cast(s.fired, 0, WORDS)
    for k in range(16):
        words.word[k] = 0
    order, venue = cast(s.fired, 0, PLACE_ORDER), s.venue[0]
    order.sequence, order.time_us, order.account, order.origin = venue.sequence, venue.time_us, account, Origin.NODE
    order.market, order.side, order.client_id = leg.market, leg.side, NO_CLIENT
    order.order_type, order.time_in_force = OrderType.LIMIT, TimeInForce.IOC
    order.self_trade_prevention = SelfTradePrevention.REJECT_MAKER
    order.price_ticks, order.quantity_lots, order.reduce_only = leg.limit_ticks, leg.lots, 1


@cold
def find_unwinding(s, account):
    """Find what a vault reduces next; returns whether there is anything."""
    s.leg[FOUND].kind = 0
    slot = s.accounts[account].first_position
    while slot != 0:
        look_at_unwinding(s, slot)
        slot = s.positions[slot].account_next
    return s.leg[FOUND].kind != 0


@cold
def emit_unwinding(s, row, leg):
    """Append that a vault orders; returns where, because a refusal comes later."""
    place = emit(s, EventKind.VAULT_ORDERED, row.account, leg.market)
    event = cast(s.events, place, VAULT_ORDERED)
    event.vault, event.order, event.side = row.vault, s.venue[0].sequence, leg.side
    event.price_ticks, event.quantity_lots, event.mark_ticks = leg.limit_ticks, leg.lots, leg.mark_ticks
    return place


@cold
def begin_unwinding(s):
    """Write the order of the first vault that has not been tried since the Clock; returns whether there is one."""
    venue = s.venue[0]
    if not is_clock_fresh(s):
        return False
    for vault in range(1, venue.vaults + 1):
        row = s.vaults[vault]
        if row.unwound_us == venue.clock_us:
            continue
        row.unwound_us = venue.clock_us
        if not has_case(s, row.account) and find_unwinding(s, row.account):
            s.own[0].event = emit_unwinding(s, row, s.leg[FOUND])
            write_unwinding(s, row.account, s.leg[FOUND])
            return True
    return False


@cold
def end_unwinding(s, accepted):
    """Say why the order of a vault was refused, if it was."""
    if not accepted:
        cast(s.events, s.own[0].event, VAULT_ORDERED).reject = s.venue[0].reject
