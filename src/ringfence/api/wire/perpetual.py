"""Perpetuals: their prices, their funding, and the positions in them."""

from .common import U16, Decimal, MarketType, NaiveTime, PageLimit, PageOffset, TimeMs, Wire
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
    limit: PageLimit = 100
    offset: PageOffset = 0


class FundingIntervalRate(Wire, frozen=True, kw_only=True):
    """The funding rate of an hour; that of the present one is an estimate."""

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
