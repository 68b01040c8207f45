"""Borrowing and lending: what clients send and what they read."""

from enum import StrEnum

from .common import Decimal, NaiveTime, PageLimit, PageOffset, SortDirection, SubaccountId, Wire, ZuluTime
from .margin import SqrtFunction


class BorrowLendSide(StrEnum):
    """Lend gives to the pool, against a debt it repays; Borrow takes from it, against a claim it redeems."""

    BORROW = "Borrow"
    LEND = "Lend"


class BorrowLendBookState(StrEnum):
    """What a pool accepts now."""

    OPEN = "Open"
    CLOSED = "Closed"
    REPAY_ONLY = "RepayOnly"


class BorrowLendEventType(StrEnum):
    """What happened to a position."""

    BORROW = "Borrow"
    BORROW_REPAY = "BorrowRepay"
    LEND = "Lend"
    LEND_REDEEM = "LendRedeem"


class BorrowLendSource(StrEnum):
    """What asked for it: the first five, Reconciliation for what a settlement of perpetuals took, and Liquidation."""

    MANUAL = "Manual"
    SPOT_MARGIN = "SpotMargin"
    AUTO_LEND = "AutoLend"
    AUTO_BORROW_REPAY = "AutoBorrowRepay"
    WITHDRAWAL = "Withdrawal"
    ADL_PROVIDER = "AdlProvider"
    BACKSTOP_PROVIDER = "BackstopProvider"
    DUST_CONVERSION = "DustConversion"
    INTEREST = "Interest"
    LIQUIDATION = "Liquidation"
    LIQUIDATION_ADL = "LiquidationAdl"
    LIQUIDATION_BACKSTOP = "LiquidationBackstop"
    RECONCILIATION = "Reconciliation"
    RFQ = "Rfq"


class BorrowLendPositionState(StrEnum):
    """Whether a position has not come to an end."""

    OPEN = "Open"
    CLOSED = "Closed"


class BorrowLendMarketHistoryInterval(StrEnum):
    """How far back the history of the pools goes."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1month"
    YEAR = "1year"


class InterestPaymentSource(StrEnum):
    """What interest is paid on; only BorrowLend exists here yet."""

    UNREALIZED_PNL = "UnrealizedPnl"
    BORROW_LEND = "BorrowLend"


class PaymentType(StrEnum):
    """What an interest payment is: for the rest of an hour, of a borrower, or to a lender."""

    ENTRY_FEE = "EntryFee"
    BORROW = "Borrow"
    LEND = "Lend"


class BorrowLendExecutePayload(Wire, frozen=True, kw_only=True):
    """An amount to lend, to borrow, and by that to repay or to redeem."""

    quantity: Decimal
    side: BorrowLendSide
    symbol: str


class BorrowLendMarket(Wire, frozen=True, kw_only=True):
    """The lending pool of an asset; rates are a year's, rates and utilisations fractions."""

    state: BorrowLendBookState
    asset_mark_price: Decimal
    borrow_interest_rate: Decimal
    borrowed_quantity: Decimal
    fee: Decimal
    lend_interest_rate: Decimal
    lent_quantity: Decimal
    max_utilization: Decimal
    open_borrow_lend_limit: Decimal
    optimal_utilization: Decimal
    symbol: str
    timestamp: ZuluTime
    throttle_utilization_threshold: Decimal
    throttle_utilization_bound: Decimal
    throttle_update_fraction: Decimal
    utilization: Decimal
    step_size: Decimal


class MarketsHistoryQuery(Wire, frozen=True, kw_only=True):
    """How far back, and the pool of which asset; all pools, one after the other, without one."""

    interval: BorrowLendMarketHistoryInterval
    symbol: str | None = None


class BorrowLendHistory(Wire, frozen=True, kw_only=True):
    """A pool as it stood once interest was due."""

    borrow_interest_rate: Decimal
    borrowed_quantity: Decimal
    lend_interest_rate: Decimal
    lent_quantity: Decimal
    timestamp: ZuluTime
    utilization: Decimal


class ApyQuery(Wire, frozen=True, kw_only=True):
    """A tier is accepted; all have the same rates here."""

    tier_id: int | None = None


class BorrowLendApyRate(Wire, frozen=True, kw_only=True):
    """The yearly rates of a pool."""

    symbol: str
    borrow_rate: Decimal
    lend_rate: Decimal


class StakingApyRate(Wire, frozen=True, kw_only=True):
    """A staking yield; nothing is staked here."""

    symbol: str
    dilution_factor: Decimal
    staking_rate: Decimal


class ApyRates(Wire, frozen=True, kw_only=True):
    """The yearly rates of all pools."""

    borrow_lend: list[BorrowLendApyRate]
    staking: list[StakingApyRate]


class BorrowLendPositionWithMargin(Wire, frozen=True, kw_only=True):
    """What is lent (above zero) or owed (below zero) of an asset; only what is owed has an exposure."""

    cumulative_interest: Decimal
    id: str
    imf: Decimal
    imf_function: SqrtFunction
    net_quantity: Decimal
    mark_price: Decimal
    mmf: Decimal
    mmf_function: SqrtFunction
    net_exposure_quantity: Decimal
    net_exposure_notional: Decimal
    symbol: str
    est_liquidation_price: Decimal


class LiquidationPriceQuery(Wire, frozen=True, kw_only=True):
    """``borrow`` is the base64 of the JSON of a ``BorrowLendExecutePayload`` that is thought of."""

    borrow: str
    subaccount_id: SubaccountId | None = None


class PositionEstimatedLiquidationPrice(Wire, frozen=True, kw_only=True):
    """At which price of the asset the margin would no longer do; "0" if no rise of it can do that."""

    liquidation_price: Decimal
    mark_price: Decimal


class BorrowLendHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of movements, newest first unless told; ``sources`` are names with commas between them."""

    type: BorrowLendEventType | None = None
    sources: str | None = None
    position_id: str | None = None
    symbol: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    sort_direction: SortDirection = SortDirection.DESC


class BorrowLendMovement(Wire, frozen=True, kw_only=True):
    """A movement of a position; ``positionQuantity`` is what it came to."""

    event_type: BorrowLendEventType
    position_id: str
    position_quantity: Decimal
    quantity: Decimal
    source: BorrowLendSource
    symbol: str
    timestamp: NaiveTime
    spot_margin_order_id: str | None


class InterestHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of interest payments, newest first unless told, of an asset or of the asset that a market is of."""

    asset: str | None = None
    symbol: str | None = None
    position_id: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    source: InterestPaymentSource | None = None
    sort_direction: SortDirection = SortDirection.DESC


class InterestPayment(Wire, frozen=True, kw_only=True):
    """Interest by which a position grew; ``interval`` is for how many milliseconds."""

    payment_type: PaymentType
    interest_rate: Decimal
    interval: int
    market_symbol: str
    position_id: str
    quantity: Decimal
    symbol: str
    timestamp: NaiveTime


class BorrowLendPositionsQuery(Wire, frozen=True, kw_only=True):
    """A page of positions, newest first unless told."""

    symbol: str | None = None
    side: BorrowLendSide | None = None
    state: BorrowLendPositionState | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    sort_direction: SortDirection = SortDirection.DESC


class BorrowLendPositionRow(Wire, frozen=True, kw_only=True):
    """A position that is or was; its quantity is 0 once it has come to an end."""

    position_id: str
    quantity: Decimal
    symbol: str
    source: BorrowLendSource
    cumulative_interest: Decimal
    avg_interest_rate: Decimal
    side: BorrowLendSide
    created_at: NaiveTime


class Redemption(Wire, frozen=True, kw_only=True):
    """What of a redemption waits, and how much others wait for before it."""

    symbol: str
    quantity: Decimal
    ahead: Decimal


class RedemptionCancelPayload(Wire, frozen=True, kw_only=True):
    """The asset whose redemption is to wait no longer."""

    symbol: str
