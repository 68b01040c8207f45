"""What streams carry.  The wire's names are single letters; ``e`` is the event, ``E`` and ``T`` are microseconds."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, field

PriceQuantity = list[str]


class TradeData(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade."""

    event: str = field(name="e", default="trade")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    price: str = field(name="p")
    quantity: str = field(name="q")
    buyer_order: str = field(name="b")
    seller_order: str = field(name="a")
    trade: int = field(name="t")
    engine_us: int = field(name="T")
    buyer_is_maker: bool = field(name="m")


class LiquidationData(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of a liquidation; ``S`` is the side on which the position, or what was sold, was traded."""

    event: str = field(name="e", default="liquidation")
    event_us: int = field(name="E")
    quantity: str = field(name="q")
    price: str = field(name="p")
    side: str = field(name="S")
    symbol: str = field(name="s")
    engine_us: int = field(name="T")


class DepthData(msgspec.Struct, frozen=True, kw_only=True):
    """Changed prices with their absolute quantities; "0" removes a price."""

    event: str = field(name="e", default="depth")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    asks: list[PriceQuantity] = field(name="a")
    bids: list[PriceQuantity] = field(name="b")
    first_update: int = field(name="U")
    last_update: int = field(name="u")
    engine_us: int = field(name="T")


class BookTickerData(msgspec.Struct, frozen=True, kw_only=True):
    """The best prices; null where a side is empty."""

    event: str = field(name="e", default="bookTicker")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    ask_price: str | None = field(name="a")
    ask_quantity: str | None = field(name="A")
    bid_price: str | None = field(name="b")
    bid_quantity: str | None = field(name="B")
    last_update: int = field(name="u")
    engine_us: int = field(name="T")


class TickerData(msgspec.Struct, frozen=True, kw_only=True):
    """A market over the last 24 hours."""

    event: str = field(name="e", default="ticker")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    first_price: str = field(name="o")
    last_price: str = field(name="c")
    high: str = field(name="h")
    low: str = field(name="l")
    volume: str = field(name="v")
    quote_volume: str = field(name="V")
    trades: int = field(name="n")


class KlineData(msgspec.Struct, frozen=True, kw_only=True):
    """A candle; ``t`` and ``T`` are its begin and end as ISO texts."""

    event: str = field(name="e", default="kline")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    start: str = field(name="t")
    end: str = field(name="T")
    open: str = field(name="o")
    close: str = field(name="c")
    high: str = field(name="h")
    low: str = field(name="l")
    volume: str = field(name="v")
    trades: int = field(name="n")
    is_closed: bool = field(name="X")


class OrderData(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an order of the account."""

    event: str = field(name="e")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    client_id: int | UnsetType = field(name="c", default=UNSET)
    side: str = field(name="S")
    order_type: str = field(name="o")
    time_in_force: str = field(name="f")
    quantity: str = field(name="q")
    quote_quantity: str | UnsetType = field(name="Q", default=UNSET)
    price: str | UnsetType = field(name="p", default=UNSET)
    trigger_price: str | UnsetType = field(name="P", default=UNSET)
    trigger_by: str | UnsetType = field(name="B", default=UNSET)
    trigger_quantity: str | UnsetType = field(name="Y", default=UNSET)
    take_profit_trigger: str | UnsetType = field(name="a", default=UNSET)
    stop_loss_trigger: str | UnsetType = field(name="b", default=UNSET)
    take_profit_limit: str | UnsetType = field(name="j", default=UNSET)
    stop_loss_limit: str | UnsetType = field(name="k", default=UNSET)
    take_profit_by: str | UnsetType = field(name="d", default=UNSET)
    stop_loss_by: str | UnsetType = field(name="g", default=UNSET)
    related_order: str | UnsetType = field(name="I", default=UNSET)
    status: str = field(name="X")
    expiry_reason: str | UnsetType = field(name="R", default=UNSET)
    order: str = field(name="i")
    trade: int | None = field(name="t", default=None)
    fill_quantity: str | UnsetType = field(name="l", default=UNSET)
    fill_price: str | UnsetType = field(name="L", default=UNSET)
    is_maker: bool | UnsetType = field(name="m", default=UNSET)
    fee: str | UnsetType = field(name="n", default=UNSET)
    fee_symbol: str | UnsetType = field(name="N", default=UNSET)
    executed_quantity: str = field(name="z")
    executed_quote_quantity: str = field(name="Z")
    self_trade_prevention: str = field(name="V")
    engine_us: int = field(name="T")
    origin: str = field(name="O", default="USER")
    post_only: bool | UnsetType = field(name="y", default=UNSET)
    reduce_only: bool = field(name="r", default=False)


class MarkPriceData(msgspec.Struct, frozen=True, kw_only=True):
    """Mark, index and coming funding of a perpetual; ``n`` is in milliseconds."""

    event: str = field(name="e", default="markPrice")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    mark: str = field(name="p")
    funding_rate: str = field(name="f")
    index: str = field(name="i")
    next_funding_ms: int = field(name="n")
    engine_us: int = field(name="T")


class AuctionData(msgspec.Struct, frozen=True, kw_only=True):
    """Where the brakes of a market stand; of an auction what would trade if it ended now. ``u`` is in milliseconds."""

    event: str = field(name="e", default="auction")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    phase: str = field(name="X")
    until_ms: int | None = field(name="u")
    price: str | None = field(name="p")
    quantity: str = field(name="q")
    imbalance: str = field(name="i")
    reference: str | None = field(name="r")
    low: str | None = field(name="l")
    high: str | None = field(name="h")
    is_extended: bool = field(name="x")
    engine_us: int = field(name="T")


class OpenInterestData(msgspec.Struct, frozen=True, kw_only=True):
    """How much is open of a perpetual, in units of the base asset."""

    event: str = field(name="e", default="openInterest")
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    open_interest: str = field(name="o")


class PositionData(msgspec.Struct, frozen=True, kw_only=True):
    """A position after it changed; the one that stands when a listener comes has no ``e``."""

    event: str | UnsetType = field(name="e", default=UNSET)
    event_us: int = field(name="E")
    symbol: str = field(name="s")
    break_even_price: str = field(name="b")
    entry_price: str = field(name="B")
    imf: str = field(name="f")
    mark: str = field(name="M")
    mmf: str = field(name="m")
    net_quantity: str = field(name="q")
    exposure_quantity: str = field(name="Q")
    exposure_notional: str = field(name="n")
    position: int = field(name="i")
    pnl_realized: str = field(name="p")
    pnl_unrealized: str = field(name="P")
    engine_us: int = field(name="T")
    liquidation_price: str = field(name="l", default="0")


class BalanceData(msgspec.Struct, frozen=True, kw_only=True):
    """What the account holds of an asset now."""

    event: str = field(name="e", default="balanceUpdate")
    event_us: int = field(name="E")
    asset: str = field(name="a")
    available: str = field(name="A")
    locked: str = field(name="L")
    staked: str = field(name="S", default="0")
    engine_us: int = field(name="T")


class ClientFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends."""

    method: str
    params: list[str]
    signature: list[str] | None = None
    id: Any = None


class FrameError(msgspec.Struct, frozen=True, kw_only=True):
    """An error's code and sentence."""

    code: int
    message: str


class ErrorFrame(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a frame that was refused; nothing answers one that was accepted."""

    id: None = None
    error: FrameError
