"""Enumerations and scalars that several families share."""

from enum import StrEnum
from typing import Annotated

import msgspec

Decimal = Annotated[str, msgspec.Meta(title="decimal", description="a decimal number as text")]
NaiveTime = Annotated[str, msgspec.Meta(title="naive time", description="ISO 8601 in UTC, without a zone")]
ZuluTime = Annotated[str, msgspec.Meta(title="date-time", description="RFC 3339 in UTC, with a Z")]
U16 = Annotated[int, msgspec.Meta(title="integer(uint16)", ge=0, le=2**16 - 1)]
U32 = Annotated[int, msgspec.Meta(title="integer(uint32)", ge=0, le=2**32 - 1)]
SubaccountId = U16
AccountNumber = Annotated[int, msgspec.Meta(title="integer(int32)", ge=0, le=2**31 - 1)]
I64 = Annotated[int, msgspec.Meta(title="integer(int64)", ge=-(2**63), le=2**63 - 1)]
TimeMs = Annotated[int, msgspec.Meta(title="integer(int64)", description="milliseconds since 1970", ge=0, le=2**53)]
TimeSeconds = Annotated[int, msgspec.Meta(title="integer(int64)", description="seconds since 1970", ge=0, le=2**43)]
PageLimit = Annotated[int, msgspec.Meta(title="integer(uint64)", ge=1, le=1_000)]
RatesLimit = Annotated[int, msgspec.Meta(title="integer(uint64)", ge=1, le=10_000)]
PageOffset = Annotated[int, msgspec.Meta(title="integer(uint64)", ge=0, le=2**53)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of the wire; optional fields are present with ``null``."""


class Side(StrEnum):
    """Bid buys the base asset, Ask sells it."""

    BID = "Bid"
    ASK = "Ask"


class OrderTypeEnum(StrEnum):
    """How an order is priced."""

    MARKET = "Market"
    LIMIT = "Limit"


class TimeInForce(StrEnum):
    """How long an order lives."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SelfTradePrevention(StrEnum):
    """Who gives way when two orders of one user meet; ``Allow`` is accepted and treated as RejectTaker."""

    REJECT_TAKER = "RejectTaker"
    REJECT_MAKER = "RejectMaker"
    REJECT_BOTH = "RejectBoth"
    ALLOW = "Allow"


class SlippageToleranceType(StrEnum):
    """What ``slippageTolerance`` counts."""

    TICK_SIZE = "TickSize"
    PERCENT = "Percent"


class CancelOrderTypeEnum(StrEnum):
    """Which orders a cancel-all means."""

    RESTING_LIMIT_ORDER = "RestingLimitOrder"
    CONDITIONAL_ORDER = "ConditionalOrder"


class MarketType(StrEnum):
    """Kinds of markets that a filter may name; SPOT and PERP exist here."""

    SPOT = "SPOT"
    PERP = "PERP"
    IPERP = "IPERP"
    DATED = "DATED"
    PREDICTION = "PREDICTION"
    RFQ = "RFQ"


class SortDirection(StrEnum):
    """Oldest first or newest first."""

    ASC = "Asc"
    DESC = "Desc"


class FillType(StrEnum):
    """Kinds of fills that a filter may name; there is no backstop provider, so Backstop finds none."""

    USER = "User"
    BOOK_LIQUIDATION = "BookLiquidation"
    ADL = "Adl"
    BACKSTOP = "Backstop"
    LIQUIDATION = "Liquidation"
    ALL_LIQUIDATION = "AllLiquidation"
    COLLATERAL_CONVERSION = "CollateralConversion"
    COLLATERAL_CONVERSION_AND_SPOT_LIQUIDATION = "CollateralConversionAndSpotLiquidation"


class OrderBookState(StrEnum):
    """What a market accepts now."""

    OPEN = "Open"
    CLOSED = "Closed"
    CANCEL_ONLY = "CancelOnly"
    LIMIT_ONLY = "LimitOnly"
    POST_ONLY = "PostOnly"


class OrderExpiryReason(StrEnum):
    """Why an order ended unfilled without being cancelled."""

    IMMEDIATE_OR_CANCEL = "ImmediateOrCancel"
    FILL_OR_KILL = "FillOrKill"
    SELF_TRADE_PREVENTION = "SelfTradePrevention"
    PRICE_IMPACT = "PriceImpact"
    INSUFFICIENT_LIQUIDITY = "InsufficientLiquidity"
    SLIPPAGE_TOLERANCE_EXCEEDED = "SlippageToleranceExceeded"
    POST_ONLY_MODE = "PostOnlyMode"
    REDUCE_ONLY_NOT_REDUCED = "ReduceOnlyNotReduced"
    ACCOUNT_TRADING_SUSPENDED = "AccountTradingSuspended"
    BORROW_REQUIRES_LEND_REDEEM = "BorrowRequiresLendRedeem"
    INSUFFICIENT_FUNDS = "InsufficientFunds"
    LIQUIDATION = "Liquidation"
    INSUFFICIENT_MARGIN = "InsufficientMargin"
    INSUFFICIENT_BORROWABLE_QUANTITY = "InsufficientBorrowableQuantity"
    INVALID_PRICE = "InvalidPrice"
    INVALID_QUANTITY = "InvalidQuantity"
    POSITION_LIMIT = "PositionLimit"
    POST_ONLY_TAKER = "PostOnlyTaker"
    PRICE_OUT_OF_BOUNDS = "PriceOutOfBounds"
    STOP_WITHOUT_POSITION = "StopWithoutPosition"
    USER_PERMISSIONS = "UserPermissions"
    UNKNOWN = "Unknown"
