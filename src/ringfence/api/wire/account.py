"""Accounts, balances and history: queries and replies."""

import msgspec

from ringfence.views.orders import OrderStatus, SystemOrderType

from .common import (
    I64,
    U32,
    AccountNumber,
    Decimal,
    FillType,
    MarketType,
    NaiveTime,
    OrderExpiryReason,
    OrderTypeEnum,
    PageLimit,
    PageOffset,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    SortDirection,
    TimeInForce,
    TimeMs,
    Wire,
)


class AccountSummary(Wire, frozen=True, kw_only=True):
    """An account; fees are in basis points, of futures those of the first perpetual."""

    auto_borrow_settlements: bool
    auto_lend: bool
    auto_realize_pnl: bool
    auto_repay_borrows: bool
    borrow_limit: Decimal
    futures_maker_fee: Decimal
    futures_taker_fee: Decimal
    leverage_limit: Decimal
    limit_orders: int
    liquidating: bool
    position_limit: Decimal
    spot_maker_fee: Decimal
    spot_taker_fee: Decimal
    trigger_orders: int


class UpdateAccountSettingsRequest(Wire, frozen=True, kw_only=True):
    """New settings; what is left out stays as it is."""

    auto_borrow_settlements: bool | None = None
    auto_lend: bool | None = None
    auto_repay_borrows: bool | None = None
    leverage_limit: Decimal | None = None


class MaxOrderQuery(Wire, frozen=True, kw_only=True):
    """How large an order of a side may be, at a price or, without one, against the present book."""

    symbol: str
    side: Side
    price: Decimal | None = None
    reduce_only: bool | None = None
    auto_borrow: bool | None = None
    auto_borrow_repay: bool | None = None
    auto_lend_redeem: bool | None = None


class MaxOrderQuantity(Wire, frozen=True, kw_only=True):
    """The largest order that the balance pays for; the request's flags are echoed."""

    max_order_quantity: Decimal
    symbol: str
    side: Side
    price: Decimal | None
    reduce_only: bool | None
    auto_borrow: bool | None
    auto_borrow_repay: bool | None
    auto_lend_redeem: bool | None


class Balance(Wire, frozen=True, kw_only=True):
    """What an account holds of an asset."""

    available: Decimal
    locked: Decimal
    staked: Decimal = "0"


class MovementsQuery(Wire, frozen=True, kw_only=True):
    """A page of deposits, newest first; ``from`` is inclusive, ``to`` exclusive, in milliseconds."""

    from_: TimeMs | None = msgspec.field(default=None, name="from")
    to: TimeMs | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    exclude_platform: bool | None = None


class WithdrawalsQuery(Wire, frozen=True, kw_only=True):
    """A page of withdrawals, newest first."""

    id: I64 | None = None
    client_id: str | None = None
    from_: TimeMs | None = msgspec.field(default=None, name="from")
    to: TimeMs | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0


class Deposit(Wire, frozen=True, kw_only=True):
    """A deposit that was credited."""

    id: int
    quantity: Decimal
    source: str
    status: str
    symbol: str
    created_at: NaiveTime
    to_address: str | None = None
    from_address: str | None = None
    transaction_hash: str | None = None
    fiat_amount: Decimal | None = None
    fiat_currency: str | None = None
    institution_bic: str | None = None
    platform_memo: str | None = None


class Withdrawal(Wire, frozen=True, kw_only=True):
    """A withdrawal."""

    id: int
    quantity: Decimal
    fee: Decimal
    symbol: str
    status: str
    created_at: NaiveTime
    blockchain: str
    to_address: str
    is_internal: bool = False
    client_id: str | None = None
    identifier: str | None = None
    fiat_fee: Decimal | None = None
    fiat_state: str | None = None
    fiat_symbol: str | None = None
    provider_id: str | None = None
    subaccount_id: int | None = None
    transaction_hash: str | None = None
    bank_name: str | None = None
    bank_identifier: str | None = None
    account_identifier: str | None = None
    trigger_at: NaiveTime | None = None


class OrderHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of orders, newest first unless told."""

    order_id: str | None = None
    strategy_id: str | None = None
    symbol: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    market_type: list[MarketType] | None = None
    sort_direction: SortDirection = SortDirection.DESC


class FillHistoryQuery(Wire, frozen=True, kw_only=True):
    """A page of fills, newest first unless told; ``from`` is inclusive, ``to`` exclusive, in milliseconds."""

    order_id: str | None = None
    strategy_id: str | None = None
    from_: TimeMs | None = msgspec.field(default=None, name="from")
    to: TimeMs | None = None
    symbol: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    fill_type: FillType | None = None
    market_type: list[MarketType] | None = None
    sort_direction: SortDirection = SortDirection.DESC


class Order(Wire, frozen=True, kw_only=True):
    """An order in history, open ones included."""

    id: str
    created_at: NaiveTime
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    expiry_reason: OrderExpiryReason | None
    order_type: OrderTypeEnum
    post_only: bool | None
    price: Decimal | None
    quantity: Decimal | None
    quote_quantity: Decimal | None
    self_trade_prevention: SelfTradePrevention
    status: OrderStatus
    side: Side
    symbol: str
    time_in_force: TimeInForce
    client_id: U32 | None
    stop_loss_limit_price: Decimal | None = None
    stop_loss_trigger_by: str | None = None
    stop_loss_trigger_price: Decimal | None = None
    take_profit_limit_price: Decimal | None = None
    take_profit_trigger_by: str | None = None
    take_profit_trigger_price: Decimal | None = None
    trigger_by: str | None = None
    trigger_price: Decimal | None = None
    trigger_quantity: str | None = None
    system_order_type: SystemOrderType | None = None
    strategy_id: str | None = None
    slippage_tolerance: Decimal | None = None
    slippage_tolerance_type: SlippageToleranceType | None = None


class OrderFill(Wire, frozen=True, kw_only=True):
    """A fill of one of the account's orders; the fee is in the asset received."""

    client_id: str | None
    fee: Decimal
    fee_symbol: str
    is_maker: bool
    order_id: str
    price: Decimal
    quantity: Decimal
    side: Side
    symbol: str
    system_order_type: SystemOrderType | None
    timestamp: NaiveTime
    trade_id: I64 | None


class TransferPayload(Wire, frozen=True, kw_only=True):
    """Funds to another account of the same user, by its number, from the key's account.

    A key of the main account may say the user's fenced account in ``fromAccount``.
    """

    symbol: str
    quantity: Decimal
    to_account: AccountNumber
    from_account: AccountNumber | None = None


class TransferResult(Wire, frozen=True, kw_only=True):
    """A transfer that was made."""

    id: str
    symbol: str
    quantity: Decimal
    account: int
    to_account: int
    timestamp: TimeMs
