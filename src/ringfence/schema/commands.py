"""Every command of the venue, in one place.

A command is 128 bytes: a header of 32 that all kinds share, then the fields of its kind.  The node stamps
``sequence`` and ``time_us``; ``request`` is the submitter's own number and decides nothing.
"""

from typing import Annotated, ClassVar

from . import enums as e
from .brakes_commands import SetBrakes as SetBrakes
from .brakes_commands import UncrossMarket as UncrossMarket
from .fields import (
    MAX_POOL_ATOMS,
    AccountFlags,
    AccountNumber,
    AssetNumber,
    Atoms,
    AttachedTicks,
    ClassMask,
    ClientId,
    ConversionDiscount,
    Count,
    Flag,
    FundingRate,
    LaterClassMask,
    LeverageLimit,
    LoanFlags,
    MarketNumber,
    MarketType,
    OrderNumber,
    PositiveAtoms,
    PositiveLots,
    PositiveTicks,
    Ppm,
    PriceSource,
    PriceTicks,
    PriceUnits,
    QuantityLots,
    QuantityPercent,
    Rate,
    ReduceOnly,
    Share,
    SignedPpm,
    TaxRelief,
    TimeUs,
    UserNumber,
    member,
    raw,
    text,
    unit,
)
from .headers import Command
from .share_commands import *  # noqa: F403
from .vault_commands import *  # noqa: F403

USER, OPERATOR, NODE, CUSTODY = e.Origin.USER, e.Origin.OPERATOR, e.Origin.NODE, e.Origin.CUSTODY


class Clock(Command, tag=1, frozen=True, kw_only=True):
    """Let a second pass; ``seed`` is the chain hash of the last checkpoint and breaks ties. Origin: node."""

    origins: ClassVar = (NODE,)
    seed: Annotated[bytes, raw(32, "hash")] = bytes(32)


class SetRules(Command, tag=2, frozen=True, kw_only=True):
    """Open an epoch: from here on the log is written under these rules and this schema. Origin: node."""

    origins: ClassVar = (NODE,)
    rules_version: Annotated[int, unit("i4", "version", 1, 2**31 - 1)]
    schema_hash: Annotated[bytes, raw(32, "hash")] = bytes(32)


class SetParameter(Command, tag=3, frozen=True, kw_only=True):
    """Change a setting of the venue, within the bounds of ``PARAMETER_LIMITS``. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    parameter: Annotated[int, member(e.Parameter)]
    value: Count


class ListAsset(Command, tag=4, frozen=True, kw_only=True):
    """List an asset; it gets the next asset number. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    symbol: Annotated[str, text(16, "ASCII symbol")]
    name: Annotated[str, text(32, "ASCII name")]
    cusip: Annotated[str, text(16, "CUSIP of a registered share")] = ""
    asset_kind: Annotated[int, member(e.AssetKind)]
    decimals: Annotated[int, unit("u1", "decimal places of one whole unit", 0, 12)]
    eligibility_class: Annotated[int, unit("u1", "class, 0 for everybody", 0, 61)] = 0


class ListMarket(Command, tag=5, frozen=True, kw_only=True):
    """List a market, one of a kind for a pair; it gets the next market number. Origin: operator.

    One tick times one lot must be a whole number of quote atoms:
    ``tick_atoms * lot_atoms`` divisible by ``10 ** base decimals``.
    """

    origins: ClassVar = (OPERATOR,)
    base_asset: AssetNumber
    quote_asset: AssetNumber
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]
    minimum_price_ticks: PositiveTicks = 1
    maximum_price_ticks: PositiveTicks = 2**40
    minimum_quantity_lots: PositiveLots = 1
    maximum_quantity_lots: PositiveLots = 2**40
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)] = 0
    state: Annotated[int, member(e.MarketState)] = e.MarketState.OPEN
    market_kind: MarketType = e.MarketKind.SPOT


class SetMarketState(Command, tag=6, frozen=True, kw_only=True):
    """Open, close or restrict a market; resting orders stay. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    market: MarketNumber
    state: Annotated[int, member(e.MarketState)]


class SetMarketLimits(Command, tag=7, frozen=True, kw_only=True):
    """Change the price and quantity range and the fee schedule of a market. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    market: MarketNumber
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)] = 0
    minimum_price_ticks: PositiveTicks
    maximum_price_ticks: PositiveTicks
    minimum_quantity_lots: PositiveLots
    maximum_quantity_lots: PositiveLots


class SetPriceBands(Command, tag=8, frozen=True, kw_only=True):
    """Set the bands of a market as multipliers in ppm; 0 switches a bound off. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    market: MarketNumber
    limit_maximum_ppm: Ppm = 0
    limit_minimum_ppm: Ppm = 0
    impact_maximum_ppm: Ppm = 0
    impact_minimum_ppm: Ppm = 0


class SetFeeTier(Command, tag=9, frozen=True, kw_only=True):
    """Set the fees of a tier in a schedule; a negative maker fee is a rebate. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]
    maker_ppm: SignedPpm
    taker_ppm: Annotated[int, unit("i4", "parts per million", 0, 100_000)]


class OpenUser(Command, tag=10, frozen=True, kw_only=True):
    """Open a user, with a main account and a fenced account. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)] = 0


class OpenAccount(Command, tag=11, frozen=True, kw_only=True):
    """Open the next sub-account of a user, counted from 1. Origin: operator or the user himself."""

    origins: ClassVar = (OPERATOR, USER)
    user: UserNumber
    sub_account: Annotated[int, unit("i4", "number of the sub-account", 1, 65_535)]


class SetUser(Command, tag=12, frozen=True, kw_only=True):
    """Set what is frozen for a user, and his fee tier. Origin: operator."""

    origins: ClassVar = (OPERATOR,)
    user: UserNumber
    user_flags: Annotated[int, unit("u4", "UserFlag bits", 0, e.ALL_USER_FLAGS)] = 0
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)] = 0


class SetEligibility(Command, tag=13, frozen=True, kw_only=True):
    """Set which classes of assets a user may buy, sell, hold, withdraw, lend and receive dividends of.

    ``tax_relief_ppm`` is what a treaty takes off the tax on dividends. Origin: operator or registrar.
    """

    origins: ClassVar = (OPERATOR, e.Origin.REGISTRAR)
    user: UserNumber
    buy_classes: ClassMask = 0
    sell_classes: ClassMask = 0
    hold_classes: ClassMask = 0
    withdraw_classes: ClassMask = 0
    lend_classes: LaterClassMask = 0
    receive_classes: LaterClassMask = 0
    tax_relief_ppm: TaxRelief = 0


class SetPriceSource(Command, tag=14, frozen=True, kw_only=True):
    """Name a source of quotes, and switch it on or off. Origin: operator."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    price_source: PriceSource
    name: Annotated[str, text(16, "ASCII name")]
    enabled: Flag = 1


class SetPricing(Command, tag=15, frozen=True, kw_only=True):
    """Say how the index and the mark of an asset are made from quotes. Origin: operator."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    asset: AssetNumber
    minimum_sources: Annotated[int, unit("u1", "sources that must be fresh", 3, e.PRICE_SOURCES)] = 3
    maximum_age_ms: Annotated[int, unit("i8", "milliseconds", 100, 86_400_000)] = 10_000
    clamp_ppm: Annotated[int, unit("i8", "parts per million from the median", 0, 500_000)] = 10_000
    update_cap_ppm: Annotated[int, unit("i8", "parts per million of the mark a second", 1, 1_000_000)] = 2_500
    closed_haircut_ppm: Annotated[int, unit("i8", "parts per million of the mark", 0, 999_999)] = 0


class SetPriceWeight(Command, tag=16, frozen=True, kw_only=True):
    """Say how much a source counts for an asset; 0 forgets the source and its quote. Origin: operator."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    asset: AssetNumber
    price_source: PriceSource
    weight: Annotated[int, unit("i4", "weight", 0, 255)]


class SetSession(Command, tag=17, frozen=True, kw_only=True):
    """Say whether an asset is traded where its prices come from. Origin: operator or registrar."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR, e.Origin.REGISTRAR)
    asset: AssetNumber
    session: Annotated[int, member(e.Session)]


class SetCollateral(Command, tag=18, frozen=True, kw_only=True):
    """Say what an asset is worth as collateral, and what margin a debt in it needs. Origin: operator.

    Weight at a size, and requirement at a notional, are in docs/rules.md, "Margin". Of who cannot pay a loss it is sold
    in ``conversion_market`` (0: not at all), no further below the mark than the discount.
    """

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    asset: AssetNumber
    weight_e8: Share
    haircut_base_e8: Share = e.ONE_E8
    haircut_penalty_e8: Share = 0
    initial_base_e8: Rate
    initial_factor_e8: Share = 0
    maintenance_base_e8: Rate
    maintenance_factor_e8: Share = 0
    haircut_kind: Annotated[int, member(e.HaircutKind)] = e.HaircutKind.IDENTITY
    conversion_market: MarketNumber = 0
    conversion_discount_ppm: ConversionDiscount = 30_000


class SetLendingPool(Command, tag=19, frozen=True, kw_only=True):
    """Say how an asset is lent and borrowed; yearly rates at no, optimal and full use. Origin: operator."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    asset: AssetNumber
    pool_state: Annotated[int, member(e.PoolState)] = e.PoolState.OPEN
    rate_idle_e8: Rate = 0
    rate_optimal_e8: Rate
    rate_full_e8: Rate
    optimal_utilisation_ppm: Annotated[int, unit("i8", "parts per million", 1, 999_999)] = 800_000
    maximum_utilisation_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)] = 1_000_000
    throttle_threshold_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)] = 1_000_000
    throttle_bound_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)] = 1_000_000
    throttle_update_ppm: Annotated[int, unit("i8", "parts per million of what is left", 0, 1_000_000)] = 1_000_000
    fee_ppm: Annotated[int, unit("i8", "parts per million of the interest", 0, 1_000_000)] = 0
    lend_limit_atoms: Annotated[int, unit("i8", "atoms of the asset", 0, MAX_POOL_ATOMS)] = MAX_POOL_ATOMS


class Deposit(Command, tag=20, frozen=True, kw_only=True):
    """Credit ``account`` with money from outside; SUSPENSE takes what nobody could be found for. Origin: custody.

    ``number`` is dense per source, so that a deposit is credited once.
    """

    origins: ClassVar = (CUSTODY,)
    asset: AssetNumber
    source: Annotated[int, unit("i4", "source of deposits", 1, 63)]
    number: Annotated[int, unit("i8", "number of the deposit", 1, 2**62)]
    amount_atoms: PositiveAtoms


class RequestWithdrawal(Command, tag=21, frozen=True, kw_only=True):
    """Reserve ``amount_atoms`` plus ``fee_atoms`` for a withdrawal; its id is the sequence. Origin: user."""

    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: PositiveAtoms
    fee_atoms: Atoms = 0
    loan_flags: LoanFlags = 0


class SettleWithdrawal(Command, tag=22, frozen=True, kw_only=True):
    """A withdrawal is final outside: the money leaves IN_TRANSIT and the venue. Origin: custody."""

    origins: ClassVar = (CUSTODY,)
    withdrawal: OrderNumber


class ReturnWithdrawal(Command, tag=23, frozen=True, kw_only=True):
    """A withdrawal did not happen: amount and fee go back to the account. Origin: custody."""

    origins: ClassVar = (CUSTODY,)
    withdrawal: OrderNumber


class Transfer(Command, tag=24, frozen=True, kw_only=True):
    """Move funds from ``account`` to another account of the same user. Origin: user."""

    origins: ClassVar = (USER,)
    to_account: AccountNumber
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class MoveHouseFunds(Command, tag=25, frozen=True, kw_only=True):
    """Move funds between house accounts (not CUSTODY, not IN_TRANSIT), or from SUSPENSE to their owner.

    Origin: operator.  ``account`` is the source.
    """

    origins: ClassVar = (OPERATOR,)
    to_account: AccountNumber
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class SetAccount(Command, tag=26, frozen=True, kw_only=True):
    """Set what an account does by itself, and how far it may be leveraged. Origin: user or operator."""

    since: ClassVar = 2
    origins: ClassVar = (USER, OPERATOR)
    account_flags: AccountFlags = 0
    leverage_limit_percent: LeverageLimit = 0


class Lend(Command, tag=27, frozen=True, kw_only=True):
    """Give available atoms to the lending pool of an asset. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class Redeem(Command, tag=28, frozen=True, kw_only=True):
    """Take back at most so much of what was lent; what is out on loan waits. 0 ends the waiting. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: Atoms


class Borrow(Command, tag=29, frozen=True, kw_only=True):
    """Borrow atoms of an asset against the account's margin. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class PlaceOrder(Command, tag=30, frozen=True, kw_only=True):
    """Place an order for ``account``; its id is the sequence. Origin: user.

    LIMIT needs price and quantity.  MARKET needs either quantity or ``quote_atoms`` (to spend, or to receive).
    A take-profit and a stop-loss that are attached close what it fills; without a price they are market orders.
    """

    origins: ClassVar = (USER,)
    market: MarketNumber
    side: Annotated[int, member(e.Side)]
    order_type: Annotated[int, member(e.OrderType)] = e.OrderType.LIMIT
    time_in_force: Annotated[int, member(e.TimeInForce)] = e.TimeInForce.GTC
    post_only: Flag = 0
    self_trade_prevention: Annotated[int, member(e.SelfTradePrevention)] = e.SelfTradePrevention.REJECT_TAKER
    slippage_kind: Annotated[int, member(e.SlippageKind)] = e.SlippageKind.NONE
    client_id: ClientId = -1
    price_ticks: PriceTicks = 0
    quantity_lots: QuantityLots = 0
    quote_atoms: Atoms = 0
    slippage: Annotated[int, unit("i8", "ticks or parts per million", 0, 2**48)] = 0
    loan_flags: LoanFlags = 0
    reduce_only: ReduceOnly = 0
    take_profit_by: Annotated[int, member(e.TriggerBy, since=2)] = e.TriggerBy.LAST
    stop_loss_by: Annotated[int, member(e.TriggerBy, since=2)] = e.TriggerBy.LAST
    take_profit_ticks: AttachedTicks = 0
    take_profit_price_ticks: AttachedTicks = 0
    stop_loss_ticks: AttachedTicks = 0
    stop_loss_price_ticks: AttachedTicks = 0


class CancelOrder(Command, tag=31, frozen=True, kw_only=True):
    """Cancel one open order of ``account``. Origin: user."""

    origins: ClassVar = (USER,)
    market: MarketNumber
    order: OrderNumber


class CancelAllOrders(Command, tag=32, frozen=True, kw_only=True):
    """Cancel the open orders of ``account`` in a market, or in all (0), oldest first. Origin: user or operator."""

    origins: ClassVar = (USER, OPERATOR)
    market: MarketNumber = 0
    cancels: Annotated[int, member(e.Cancels, since=2)] = e.Cancels.ALL


class AmendOrder(Command, tag=33, frozen=True, kw_only=True):
    """Change price and whole quantity of an open order. Origin: user.

    It keeps its place in the queue when only the quantity shrinks; else it is matched again and queues anew.
    """

    origins: ClassVar = (USER,)
    market: MarketNumber
    order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots


class Repay(Command, tag=34, frozen=True, kw_only=True):
    """Pay a debt back, at most ``amount_atoms`` of it. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class PlaceTrigger(Command, tag=35, frozen=True, kw_only=True):
    """Have an order placed when a price is reached; its id is the sequence. Origin: user.

    The size is ``quantity_lots``, or percent of the position, or of the available base asset, when it fires.
    """

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    market: MarketNumber
    side: Annotated[int, member(e.Side)]
    order_type: Annotated[int, member(e.OrderType)] = e.OrderType.MARKET
    time_in_force: Annotated[int, member(e.TimeInForce)] = e.TimeInForce.GTC
    post_only: Flag = 0
    self_trade_prevention: Annotated[int, member(e.SelfTradePrevention)] = e.SelfTradePrevention.REJECT_TAKER
    slippage_kind: Annotated[int, member(e.SlippageKind)] = e.SlippageKind.NONE
    client_id: ClientId = -1
    price_ticks: PriceTicks = 0
    quantity_lots: QuantityLots = 0
    slippage: Annotated[int, unit("i8", "ticks or parts per million", 0, 2**48)] = 0
    loan_flags: LoanFlags = 0
    reduce_only: ReduceOnly = 0
    trigger_ticks: PositiveTicks
    trigger_by: Annotated[int, member(e.TriggerBy)] = e.TriggerBy.LAST
    quantity_percent: QuantityPercent = 0


class FireTrigger(Command, tag=36, frozen=True, kw_only=True):
    """Place the order of the trigger whose price was reached first; nothing if there is none. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class ConvertCollateral(Command, tag=37, frozen=True, kw_only=True):
    """Sell what the next account has that could not pay its loss; nothing if there is none. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class StepCase(Command, tag=39, frozen=True, kw_only=True):
    """Let the case whose turn it is take its next step; nothing if none can before the next Clock. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class Quote(Command, tag=40, frozen=True, kw_only=True):
    """What a source sees of an asset: best bid, best ask and last price, 0 for what it does not. Origin: price_source.

    Bid and ask together, or a last price, are needed; with all three their median counts.
    """

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.PRICE_SOURCE,)
    asset: AssetNumber
    price_source: PriceSource
    bid_units: PriceUnits = 0
    ask_units: PriceUnits = 0
    last_units: PriceUnits = 0
    observed_us: TimeUs


class SetPerpetual(Command, tag=41, frozen=True, kw_only=True):
    """Say what margin a contract needs, how far it may grow, how mark and funding are made. Origin: operator.

    ``interest_rate_e10`` is for eight hours, the bounds of the funding rate are for one.
    """

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    market: MarketNumber
    initial_base_e8: Rate
    initial_factor_e8: Share = 0
    maintenance_base_e8: Rate
    maintenance_factor_e8: Share = 0
    position_limit_lots: QuantityLots = 2**40
    open_interest_limit_lots: QuantityLots = 2**40
    interest_rate_e10: FundingRate = 10**6
    lowest_funding_e10: FundingRate = -(10**8)
    highest_funding_e10: FundingRate = 10**8
    mark_bound_ppm: Annotated[int, unit("i8", "parts per million of the index", 0, 500_000)] = 50_000


class ContinueSettlement(Command, tag=42, frozen=True, kw_only=True):
    """Go on with the settlement that a Clock began; nothing if it has ended. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class DelistPerpetual(Command, tag=43, frozen=True, kw_only=True):
    """Stop a contract for good at its mark as it stands; the next settlement ends what is open. Origin: operator."""

    since: ClassVar = 2
    origins: ClassVar = (OPERATOR,)
    market: MarketNumber


class OpenCases(Command, tag=44, frozen=True, kw_only=True):
    """Open the cases of the accounts that are below their maintenance margin now, so many at once. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class Deleverage(Command, tag=45, frozen=True, kw_only=True):
    """Close what the book did not take of failed accounts, or go on with that; nothing if there is none. Origin: node.

    A page at a time; nobody trades in the market before the last.
    """

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class TopUp(Command, tag=46, frozen=True, kw_only=True):
    """Put fenced money of the owner into the estate of ``account``, if that ends its liquidation. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: PositiveAtoms


class CoverDebts(Command, tag=53, frozen=True, kw_only=True):
    """Let FUND and SKIN pay what UNCOVERED owes as far as they can, and FUND trade for it once. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (NODE,)


class SetStandingTopUp(Command, tag=54, frozen=True, kw_only=True):
    """Let fenced money go into the estate of ``account`` by itself when it ends a liquidation. Origin: user.

    At most ``amount_atoms`` in all; 0 for nothing any more.
    """

    since: ClassVar = 2
    origins: ClassVar = (USER,)
    asset: AssetNumber
    amount_atoms: Atoms


COMMANDS: tuple[type[Command], ...] = tuple(
    sorted(Command.__subclasses__(), key=lambda kind: kind.__struct_config__.tag)  # type: ignore
)
