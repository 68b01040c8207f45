"""Collateral and margin: queries and replies."""

from .common import Decimal, SubaccountId, Wire


class SqrtFunction(Wire, frozen=True, kw_only=True, tag_field="type", tag="sqrt"):
    """A margin fraction: the larger of ``base`` and ``factor`` times the square root of the notional."""

    base: Decimal
    factor: Decimal


class IdentityFunction(Wire, frozen=True, kw_only=True, tag_field="type", tag="identity"):
    """The weight does not depend on the size."""


class InverseSqrtFunction(Wire, frozen=True, kw_only=True, tag_field="type", tag="inverseSqrt"):
    """The weight is multiplied by ``base`` / (1 + ``positiveCurvePenalty`` times the square root of the notional)."""

    base: Decimal
    positive_curve_penalty: Decimal


CollateralFunctionKind = IdentityFunction | InverseSqrtFunction


class CollateralFunction(Wire, frozen=True, kw_only=True):
    """How much of a holding counts."""

    weight: Decimal
    kind: CollateralFunctionKind


class CollateralSummary(Wire, frozen=True, kw_only=True):
    """What an asset is worth as collateral, and what margin a debt in it needs."""

    symbol: str
    imf_function: SqrtFunction
    mmf_function: SqrtFunction
    haircut_function: CollateralFunction


class CapitalCollateralQuery(Wire, frozen=True, kw_only=True):
    """The account is that of the key; a sub-account that is named must be the same."""

    subaccount_id: SubaccountId | None = None


class Collateral(Wire, frozen=True, kw_only=True):
    """What an account holds of an asset and what it is worth; ``collateralValue`` is what of that counts."""

    symbol: str
    asset_mark_price: Decimal
    total_quantity: Decimal
    balance_notional: Decimal
    collateral_weight: Decimal
    collateral_value: Decimal
    open_order_quantity: Decimal
    lend_quantity: Decimal
    available_quantity: Decimal


class MarginAccountSummary(Wire, frozen=True, kw_only=True):
    """The sums of an account in the cash unit; ``marginFraction`` is null while nothing is at risk."""

    assets_value: Decimal
    borrow_liability: Decimal
    collateral: list[Collateral]
    imf: Decimal
    unsettled_equity: Decimal
    liabilities_value: Decimal
    margin_fraction: Decimal | None
    mmf: Decimal
    net_equity: Decimal
    net_equity_available: Decimal
    net_equity_locked: Decimal
    net_exposure_futures: Decimal
    pnl_unrealized: Decimal


class MaxBorrowQuery(Wire, frozen=True, kw_only=True):
    """Which asset."""

    symbol: str


class MaxBorrowQuantity(Wire, frozen=True, kw_only=True):
    """The most that can be borrowed by hand."""

    max_borrow_quantity: Decimal
    symbol: str


class MaxWithdrawalQuery(Wire, frozen=True, kw_only=True):
    """Which asset, and what may be done to pay for its withdrawal."""

    symbol: str
    auto_borrow: bool | None = None
    auto_lend_redeem: bool | None = None


class MaxWithdrawalQuantity(Wire, frozen=True, kw_only=True):
    """The most that can leave the account; the request's flags are echoed."""

    auto_borrow: bool | None
    auto_lend_redeem: bool | None
    max_withdrawal_quantity: Decimal
    symbol: str
