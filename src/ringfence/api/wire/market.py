"""Public market data: queries and replies."""

from enum import StrEnum
from typing import Annotated

import msgspec

from .common import (
    I64,
    Decimal,
    MarketType,
    NaiveTime,
    OrderBookState,
    PageLimit,
    PageOffset,
    TimeMs,
    TimeSeconds,
    Wire,
)
from .margin import SqrtFunction


class Status(StrEnum):
    """Whether the venue takes orders."""

    OK = "Ok"
    MAINTENANCE = "Maintenance"


class DepthLimit(StrEnum):
    """Numbers of price levels that may be asked for."""

    FIVE = "5"
    TEN = "10"
    TWENTY = "20"
    FIFTY = "50"
    HUNDRED = "100"
    FIVE_HUNDRED = "500"
    THOUSAND = "1000"


class KlineInterval(StrEnum):
    """Widths of candles."""

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"
    MONTH = "1month"


class KlinePriceType(StrEnum):
    """Which price a candle shows; spot markets have the last price only."""

    LAST = "Last"
    INDEX = "Index"
    MARK = "Mark"


class TickerInterval(StrEnum):
    """Widths of the rolling window of a ticker."""

    DAY = "1d"
    WEEK = "1w"


class NoQuery(Wire, frozen=True, kw_only=True):
    """A path that takes no parameters."""


class SymbolQuery(Wire, frozen=True, kw_only=True):
    """One market."""

    symbol: str


class MarketsQuery(Wire, frozen=True, kw_only=True):
    """Which kinds of markets; the parameter may be repeated."""

    market_type: list[MarketType] | None = None


class DepthQuery(Wire, frozen=True, kw_only=True):
    """One market and how many levels a side, 1000 unless told."""

    symbol: str
    limit: DepthLimit = DepthLimit.THOUSAND


class TickerQuery(Wire, frozen=True, kw_only=True):
    """One market and the window."""

    symbol: str
    interval: TickerInterval = TickerInterval.DAY


class TickersQuery(Wire, frozen=True, kw_only=True):
    """The window."""

    interval: TickerInterval = TickerInterval.DAY


class KlinesQuery(Wire, frozen=True, kw_only=True):
    """Candles whose start lies in [startTime, endTime], in seconds."""

    symbol: str
    interval: KlineInterval
    start_time: TimeSeconds
    end_time: TimeSeconds | None = None
    price_type: KlinePriceType = KlinePriceType.LAST


class TradesQuery(Wire, frozen=True, kw_only=True):
    """The newest trades of a market."""

    symbol: str
    limit: PageLimit = 100


class TradesHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of a market's trades, newest first."""

    symbol: str
    limit: PageLimit = 100
    offset: PageOffset = 0


class StatusAndMessage(Wire, frozen=True, kw_only=True):
    """The venue's status."""

    status: Status
    message: str | None = None


class PriceBand(Wire, frozen=True, kw_only=True):
    """Multipliers of a reference price."""

    max_multiplier: Decimal
    min_multiplier: Decimal


class PriceFilter(Wire, frozen=True, kw_only=True):
    """What prices a market takes."""

    min_price: Decimal
    max_price: Decimal | None
    tick_size: Decimal
    max_multiplier: Decimal | None
    min_multiplier: Decimal | None
    max_impact_multiplier: Decimal | None
    min_impact_multiplier: Decimal | None
    mean_mark_price_band: PriceBand | None = None
    mean_premium_band: PriceBand | None = None
    borrow_entry_fee_max_multiplier: Decimal | None = None
    borrow_entry_fee_min_multiplier: Decimal | None = None
    discovery_bound_band: PriceBand | None = None
    max_price_update_multiplier: Decimal | None = None
    min_price_update_multiplier: Decimal | None = None


class QuantityFilter(Wire, frozen=True, kw_only=True):
    """What quantities a market takes."""

    min_quantity: Decimal
    max_quantity: Decimal | None
    step_size: Decimal


class OrderBookFilters(Wire, frozen=True, kw_only=True):
    """What orders a market takes."""

    price: PriceFilter
    quantity: QuantityFilter


class Market(Wire, frozen=True, kw_only=True):
    """A market; of a spot market what belongs to futures is null."""

    symbol: str
    base_symbol: str
    quote_symbol: str
    market_type: MarketType
    filters: OrderBookFilters
    order_book_state: OrderBookState
    created_at: NaiveTime
    visible: bool = True
    rwa_market_type: str | None = None
    imf_function: SqrtFunction | None = None
    mmf_function: SqrtFunction | None = None
    funding_interval: int | None = None
    funding_rate_upper_bound: Decimal | None = None
    funding_rate_lower_bound: Decimal | None = None
    open_interest_limit: Decimal | None = "0"
    position_limit_weight: Decimal | None = None


class Token(Wire, frozen=True, kw_only=True):
    """Where an asset moves in and out."""

    display_name: str
    blockchain: str
    contract_address: str | None
    deposit_enabled: bool
    minimum_deposit: Decimal
    withdraw_enabled: bool
    minimum_withdrawal: Decimal
    maximum_withdrawal: Decimal | None
    withdrawal_fee: Decimal
    native_decimals: int | None


class MarketAsset(Wire, frozen=True, kw_only=True):
    """An asset."""

    symbol: str
    display_name: str
    coingecko_id: str | None
    tokens: list[Token]


class SecuritySession(Wire, frozen=True, kw_only=True):
    """A trading session of a security and the quantities it takes."""

    name: str
    min_quantity: Decimal
    max_quantity: Decimal | None
    step_size: Decimal


class Security(Wire, frozen=True, kw_only=True):
    """A registered share."""

    asset: str
    name: str
    cusip: str | None
    sessions: list[SecuritySession]


class Ticker(Wire, frozen=True, kw_only=True):
    """A market over a rolling window; priceChangePercent is a fraction."""

    symbol: str
    first_price: Decimal
    last_price: Decimal
    price_change: Decimal
    price_change_percent: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: str


Level = Annotated[list[Decimal], msgspec.Meta(min_length=2, max_length=2, description="price, quantity")]


class Depth(Wire, frozen=True, kw_only=True):
    """A book; both sides ascend, so the best bid is the last element. ``timestamp`` is in microseconds."""

    asks: list[Level]
    bids: list[Level]
    last_update_id: str
    timestamp: I64


class Kline(Wire, frozen=True, kw_only=True):
    """A candle; one without trades has null prices."""

    start: NaiveTime
    end: NaiveTime
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    volume: Decimal
    quote_volume: Decimal
    trades: str


class Trade(Wire, frozen=True, kw_only=True):
    """A public trade."""

    id: I64
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    timestamp: TimeMs
    is_buyer_maker: bool
