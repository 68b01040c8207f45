"""The part of the flow in which losers sell what they have, and contracts are delisted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.schema import commands as c
from ringfence.schema.enums import Delisting, OrderType, Settling, TimeInForce

from . import perpetuals
from .state import ASK, BID, Market
from .values import MILLION, ceil_div, price_units

if TYPE_CHECKING:
    from .flow import Flow

CONVERSION_MARKETS = {2: 1, 3: 2, 4: 3}
"""Where the flow's assets are sold for cash."""
DISCOUNTS_PPM = (0, 1_000, 30_000, 30_000, 200_000, 500_000)


def converts(flow: Flow) -> bool:
    """Say whether the next command lets somebody sell who could not pay; a few do while nobody has to."""
    return flow.chance(0.5 if flow.state.settling == Settling.CONVERTING else 0.0005)


def market_to_sell_in(flow: Flow) -> Market:
    return flow.state.markets[flow.random.choice((1, 1, 2, 3))]


def bid(flow: Flow) -> c.Command:
    """Return a bid for what losers sell: about what they ask for at least, or better."""
    market = market_to_sell_in(flow)
    units, _ = price_units(flow.state, market.base_asset)
    worth = perpetuals.ticks_of(flow.state, market, units) if units else 1_000
    ppm = flow.random.choice((MILLION, 999_000, 990_000, 970_000, 970_001, 969_999, 800_000, 1_001_000))
    lots = flow.random.choice((1, 3, 20, 200, 5_000))
    ticks = max(1, min(2**48 - 1, ceil_div(worth * ppm, MILLION)))
    return c.PlaceOrder(account=flow.trader(), market=market.market, side=BID, price_ticks=ticks, quantity_lots=lots)


def sell_cash(flow: Flow) -> c.Command:
    """Let somebody with a position spend the cash that its losses would need."""
    held = [row for row in flow.state.positions.values() if row.net_lots and row.account in flow.state.accounts]
    market = market_to_sell_in(flow)
    best = market.best(ASK)
    if not held or best is None:
        return bid(flow)
    account = flow.random.choice(held).account
    lots = max(1, flow.available(account, 1) // (best * market.quote_factor))
    taken = {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.IOC}
    return c.PlaceOrder(account=account, market=market.market, side=BID, price_ticks=best, quantity_lots=lots, **taken)


def delist(flow: Flow) -> c.Command:
    """Delist a contract, mostly the last; now and then one that is none, or is gone."""
    contracts = [number for number, found in flow.state.perpetuals.items() if found.delisting == Delisting.LISTED]
    if not contracts or flow.chance(0.3):
        return c.DelistPerpetual(market=flow.random.randint(1, len(flow.state.markets)))
    return c.DelistPerpetual(market=contracts[-1] if flow.chance(0.95) else contracts[0])
