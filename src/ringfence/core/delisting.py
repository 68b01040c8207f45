"""Ending a perpetual: it stands still at once, and the next settlement ends what anybody has in it.

docs/rules.md, "Perpetuals" and "Delisting".
"""

from ..schema.enums import CloseReason, Delisting, HouseAccount, MarketState, TriggerEnd
from ..schema.rejects import Reject
from .admission import is_spot, known_market, not_deleveraging
from .cancels import cancel_orders
from .contracts import has_rules
from .emit import emit, refuse, refuse_asset
from .jit import cold
from .positions import change_position, drop_if_empty, signed_notional
from .records import MARKET_STATE_SET, PERPETUAL_DELISTED, EventKind, cast
from .triggers import end_trigger


@cold
def delist_perpetual(s, c):
    """Stop a perpetual for good at its mark as it stands; returns whether it was accepted."""
    if not known_market(s, c.market):
        return False
    market, rules = s.markets[c.market], s.perpetuals[c.market]
    if is_spot(market):
        return refuse(s, Reject.NOT_PERPETUAL, 0, 0)
    if not has_rules(s, c.market):
        return False
    if rules.delisting != Delisting.LISTED:
        return refuse(s, Reject.MARKET_DELISTED, c.market, 0)
    if not not_deleveraging(s, c.market):
        return False
    if rules.mark_ticks == 0:
        return refuse_asset(s, Reject.PRICE_NOT_FRESH, 0, 0, market.base_asset)
    market.state, rules.delisting = MarketState.CLOSED, Delisting.ANNOUNCED
    event = cast(s.events, emit(s, EventKind.MARKET_STATE_SET, c.account, c.market), MARKET_STATE_SET)
    event.state = market.state
    told = cast(s.events, emit(s, EventKind.PERPETUAL_DELISTED, c.account, c.market), PERPETUAL_DELISTED)
    told.price_state, told.index_ticks, told.mark_ticks = rules.price_state, rules.index_ticks, rules.mark_ticks
    return True


@cold
def begin_closing(s):
    """Let a settlement that begins end what people have in perpetuals that were delisted."""
    for market in range(1, s.venue[0].markets + 1):
        if s.perpetuals[market].delisting == Delisting.ANNOUNCED:
            s.perpetuals[market].delisting = Delisting.CLOSING
            s.venue[0].closing += 1


@cold
def end_closing(s):
    """Note that nobody has anything any more in perpetuals that were delisted."""
    for market in range(1, s.venue[0].markets + 1):
        if s.perpetuals[market].delisting == Delisting.CLOSING:
            s.perpetuals[market].delisting = Delisting.ENDED
    s.venue[0].closing = 0


@cold
def end_triggers_of_delisted(s, account):
    """End the triggers of an account in markets that are delisted."""
    slot = s.account_triggers[account].first
    while slot != 0:
        following = s.triggers[slot].account_next
        if s.perpetuals[s.triggers[slot].market].delisting == Delisting.CLOSING:
            end_trigger(s, slot, TriggerEnd.DELISTED.value)
        slot = following


@cold
def end_orders_of_delisted(s, account, market):
    """Close the orders of an account in a market that is delisted."""
    cancel_orders(s, account, market, CloseReason.MARKET_DELISTED.value)


@cold
def hand_over(s, slot):
    """Let CLEARING have a position at the final price: profit and loss stay as they are."""
    row = s.positions[slot]
    account, market, lots = row.account, row.market, row.net_lots
    if lots == 0 or account == HouseAccount.CLEARING:
        return
    worth = signed_notional(lots, s.perpetuals[market].settle_ticks, s.markets[market].quote_factor)
    drop_if_empty(s, change_position(s, account, market, -lots, -worth, 0))
    drop_if_empty(s, change_position(s, HouseAccount.CLEARING, market, lots, worth, 0))
