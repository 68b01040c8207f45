"""The wire's names of the core's enumerations, both ways."""

from ringfence.schema import enums as core
from ringfence.views.catalog import MarketInfo

from .wire import common as wire

SIDES: dict[int, wire.Side] = {core.Side.BID: wire.Side.BID, core.Side.ASK: wire.Side.ASK}
CORE_SIDES = {name: side for side, name in SIDES.items()}

TIMES_IN_FORCE: dict[int, wire.TimeInForce] = {
    core.TimeInForce.GTC: wire.TimeInForce.GTC,
    core.TimeInForce.IOC: wire.TimeInForce.IOC,
    core.TimeInForce.FOK: wire.TimeInForce.FOK,
}
CORE_TIMES_IN_FORCE = {name: kind for kind, name in TIMES_IN_FORCE.items()}

SELF_TRADE_PREVENTIONS: dict[int, wire.SelfTradePrevention] = {
    core.SelfTradePrevention.REJECT_TAKER: wire.SelfTradePrevention.REJECT_TAKER,
    core.SelfTradePrevention.REJECT_MAKER: wire.SelfTradePrevention.REJECT_MAKER,
    core.SelfTradePrevention.REJECT_BOTH: wire.SelfTradePrevention.REJECT_BOTH,
}
CORE_SELF_TRADE_PREVENTIONS = {name: kind for kind, name in SELF_TRADE_PREVENTIONS.items()} | {
    wire.SelfTradePrevention.ALLOW: core.SelfTradePrevention.REJECT_TAKER
}

BOOK_STATES: dict[int, wire.OrderBookState] = {
    core.MarketState.OPEN: wire.OrderBookState.OPEN,
    core.MarketState.CLOSED: wire.OrderBookState.CLOSED,
    core.MarketState.CANCEL_ONLY: wire.OrderBookState.CANCEL_ONLY,
    core.MarketState.LIMIT_ONLY: wire.OrderBookState.LIMIT_ONLY,
    core.MarketState.POST_ONLY: wire.OrderBookState.POST_ONLY,
    # In an auction orders come to rest and nobody trades: to a client that is what post-only means.
    core.MarketState.AUCTION: wire.OrderBookState.POST_ONLY,
}
AUCTION_PHASES: dict[core.BrakePhase, str] = {
    core.BrakePhase.NONE: "Trading",
    core.BrakePhase.HALT: "Halted",
    core.BrakePhase.AUCTION: "Auction",
    core.BrakePhase.UNCROSSING: "Uncrossing",
}
ORDER_TYPES: dict[int, wire.OrderTypeEnum] = {
    core.OrderType.LIMIT: wire.OrderTypeEnum.LIMIT,
    core.OrderType.MARKET: wire.OrderTypeEnum.MARKET,
}


def market_type(market: MarketInfo) -> wire.MarketType:
    """Return the kind of a market."""
    return wire.MarketType.PERP if market.is_perpetual else wire.MarketType.SPOT
