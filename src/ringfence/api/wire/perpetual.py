"""Perpetuals: their prices, their funding, and the positions in them."""

from enum import StrEnum

from .common import (
    U16,
    Decimal,
    MarketType,
    NaiveTime,
    PageLimit,
    PageOffset,
    RatesLimit,
    SortDirection,
    SubaccountId,
    TimeMs,
    Wire,
)
from .margin import SqrtFunction


class MarkPricesQuery(Wire, frozen=True, kw_only=True):
    """One perpetual, or all."""

    symbol: str | None = None
    market_type: MarketType | None = None


class MarkPrice(Wire, frozen=True, kw_only=True):
    """Mark and index of a perpetual, and the funding rate as the present hour would give it if it ended now."""

    funding_rate: Decimal
    index_price: Decimal
    mark_price: Decimal
    next_funding_timestamp: TimeMs
    symbol: str


class OpenInterestQuery(Wire, frozen=True, kw_only=True):
    """One perpetual, or all."""

    symbol: str | None = None


class OpenInterest(Wire, frozen=True, kw_only=True):
    """How much all longs have of a perpetual, which is what all shorts owe."""

    symbol: str
    open_interest: Decimal
    timestamp: TimeMs


class FundingRatesQuery(Wire, frozen=True, kw_only=True):
    """A page of a perpetual's funding rates, newest first."""

    symbol: str
    limit: RatesLimit = 100
    offset: PageOffset = 0


class FundingIntervalRate(Wire, frozen=True, kw_only=True):
    """The funding rate of an hour; that of the present one, which comes first, is an estimate."""

    symbol: str
    interval_end_timestamp: NaiveTime
    funding_rate: Decimal


class PositionQuery(Wire, frozen=True, kw_only=True):
    """The position in one perpetual, or all."""

    symbol: str | None = None
    market_type: MarketType | None = None


class FuturePositionWithMargin(Wire, frozen=True, kw_only=True):
    """A position; ``pnlRealized`` is what settlements have moved, ``pnlUnrealized`` what the next one will."""

    break_even_price: Decimal
    entry_price: Decimal
    est_liquidation_price: Decimal
    imf: Decimal
    imf_function: SqrtFunction
    mark_price: Decimal
    mmf: Decimal
    mmf_function: SqrtFunction
    net_cost: Decimal
    net_quantity: Decimal
    net_exposure_quantity: Decimal
    net_exposure_notional: Decimal
    pnl_realized: Decimal
    pnl_unrealized: Decimal
    cumulative_funding_payment: Decimal
    cumulative_interest: Decimal = "0"
    subaccount_id: U16 | None
    symbol: str
    user_id: int
    position_id: str


class FundingHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of funding payments, newest first unless told."""

    subaccount_id: SubaccountId | None = None
    symbol: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    sort_direction: SortDirection = SortDirection.DESC


class FundingPayment(Wire, frozen=True, kw_only=True):
    """What a position received for an hour, below zero what it paid."""

    user_id: int
    subaccount_id: U16 | None
    symbol: str
    quantity: Decimal
    interval_end_timestamp: NaiveTime
    funding_rate: Decimal


class SettlementSourceFilter(StrEnum):
    """What settlements a filter may name; only RealizePnl exists here, and has fees and funding in it."""

    BACKSTOP_LIQUIDATION = "BackstopLiquidation"
    CULLED_BORROW_INTEREST = "CulledBorrowInterest"
    CULLED_REALIZE_PNL = "CulledRealizePnl"
    CULLED_REALIZE_PNL_BOOK_UTILIZATION = "CulledRealizePnlBookUtilization"
    FUNDING_PAYMENT = "FundingPayment"
    REALIZE_PNL = "RealizePnl"
    TRADING_FEES = "TradingFees"
    TRADING_FEES_SYSTEM = "TradingFeesSystem"


class SettlementSource(StrEnum):
    """What a settlement moved."""

    REALIZE_PNL = "RealizePnl"


class SettlementHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of settlements, newest first unless told."""

    limit: PageLimit = 100
    offset: PageOffset = 0
    source: SettlementSourceFilter | None = None
    sort_direction: SortDirection = SortDirection.DESC


class Settlement(Wire, frozen=True, kw_only=True):
    """What a settlement gave the account for a position, below zero what it took; ``engineSequence`` is its command."""

    quantity: Decimal
    source: SettlementSource
    subaccount_id: U16 | None
    timestamp: NaiveTime
    user_id: int
    position_id: str
    engine_sequence: int


class PositionHistoryState(StrEnum):
    """Whether there is something of a position."""

    OPEN = "Open"
    CLOSED = "Closed"


class PositionHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of positions, newest first unless told."""

    symbol: str | None = None
    state: PositionHistoryState | None = None
    market_type: list[MarketType] | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    sort_direction: SortDirection = SortDirection.DESC


class PositionHistoryRow(Wire, frozen=True, kw_only=True):
    """A position from its first trade to its last; its exposure is without orders, its prices are averages."""

    id: str
    symbol: str
    net_quantity: Decimal
    net_exposure_quantity: Decimal
    net_exposure_notional: Decimal
    net_cost: Decimal
    mark_price: Decimal
    entry_price: Decimal
    cumulative_pnl_realized: Decimal
    unrealized_pnl: Decimal
    funding_quantity: Decimal
    interest: Decimal = "0"
    liquidated: Decimal = "0"
    imf: Decimal
    fees: Decimal
    state: PositionHistoryState
    closed_volume: Decimal
    liquidation_fees: Decimal = "0"
    closing_price: Decimal | None
    account_leverage: Decimal | None = None
    opened_at: NaiveTime
    closed_at: NaiveTime | None
