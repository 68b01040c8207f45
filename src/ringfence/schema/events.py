"""Every event of the venue, in one place.

An event is 128 bytes: a header of 32 that all kinds share, then the fields of its kind.  Its key is
(``sequence`` of the command, ``index`` within it).  Everything outside the core is a function of these.
"""

from typing import Annotated, ClassVar

from . import enums as e
from .brakes_events import AuctionBegan as AuctionBegan
from .brakes_events import AuctionIndicated as AuctionIndicated
from .brakes_events import AuctionPriced as AuctionPriced
from .brakes_events import BandMoved as BandMoved
from .brakes_events import BrakesSet as BrakesSet
from .brakes_events import InitialMarginRaised as InitialMarginRaised
from .brakes_events import MarketHalted as MarketHalted
from .brakes_events import MarketReopened as MarketReopened
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
    Decimals,
    Flag,
    FundingIndex,
    FundingRate,
    LaterClassMask,
    LeverageLimit,
    LoanFlags,
    LoanIndex,
    LoanShares,
    MarketNumber,
    MarketType,
    OrderNumber,
    Ppm,
    PriceSource,
    PriceTicks,
    PriceUnits,
    QuantityLots,
    QuantityPercent,
    Rate,
    ReduceOnly,
    Share,
    SignedAtoms,
    SignedPpm,
    SourceMask,
    TaxRelief,
    TimeUs,
    UserNumber,
    member,
    raw,
    text,
    unit,
)
from .headers import Event
from .liquidation_events import *  # noqa: F403
from .share_events import *  # noqa: F403
from .vault_events import *  # noqa: F403


class Rejected(Event, tag=1, frozen=True, kw_only=True):
    """The command was refused and changed nothing; ``account`` and ``market`` are what it named, 0 for none."""

    command_kind: Annotated[int, unit("u2", "tag of the command", 0, 65_535)]
    reject: Annotated[int, unit("u2", "Reject", 0, 65_535)]
    field_number: Annotated[
        int, unit("u2", "place of the field in the command's declaration, from 1; 0 for none", 0, 65_535)
    ] = 0
    asset: AssetNumber = 0
    value: SignedAtoms = 0
    limit: SignedAtoms = 0


class OrderAccepted(Event, tag=2, frozen=True, kw_only=True):
    """An order passed all checks; fills, if any, follow in the same command.

    ``rested_lots`` is what goes to the book after the fills of this command, 0 if nothing does.
    """

    order: OrderNumber
    client_id: ClientId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    quote_atoms: Atoms
    rested_lots: QuantityLots
    user: UserNumber
    side: Annotated[int, member(e.Side)]
    order_type: Annotated[int, member(e.OrderType)]
    time_in_force: Annotated[int, member(e.TimeInForce)]
    post_only: Flag
    self_trade_prevention: Annotated[int, member(e.SelfTradePrevention)]
    loan_flags: LoanFlags
    reduce_only: ReduceOnly


class OrderAmended(Event, tag=3, frozen=True, kw_only=True):
    """An open order has a new price and whole quantity; fills, if any, follow in the same command.

    ``quantity_lots`` counts what was filled before; ``rested_lots`` is what stands in the book after this command.
    """

    order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    rested_lots: QuantityLots
    previous_price_ticks: PriceTicks
    previous_remaining_lots: QuantityLots
    side: Annotated[int, member(e.Side)]
    kept_place: Flag


class Trade(Event, tag=4, frozen=True, kw_only=True):
    """A fill; ``account`` is the taker's.

    Fees are in the asset that each side received (base for the buyer, quote for the seller); the maker's is
    negative when it is a rebate.  ``trade`` is dense per market.  In an auction the price is that of the auction, and
    the maker stood at ``maker_price_ticks``, which is 0 in all other trades.
    """

    trade: Count
    taker_order: OrderNumber
    maker_order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    quote_atoms: Atoms
    taker_fee_atoms: SignedAtoms
    maker_fee_atoms: SignedAtoms
    maker_remaining_lots: QuantityLots
    maker_account: AccountNumber
    side: Annotated[int, member(e.Side)]
    maker_price_ticks: AttachedTicks = 0


class OrderClosed(Event, tag=5, frozen=True, kw_only=True):
    """An order left the venue with ``remaining_lots`` unfilled: cancelled when REQUESTED, expired otherwise."""

    order: OrderNumber
    price_ticks: PriceTicks
    remaining_lots: QuantityLots
    executed_lots: QuantityLots
    executed_quote_atoms: Atoms
    side: Annotated[int, member(e.Side)]
    reason: Annotated[int, member(e.CloseReason)]
    rested: Annotated[int, unit("u1", "1 if remaining_lots stood in the book", 0, 1)]


class FundsMoved(Event, tag=6, frozen=True, kw_only=True):
    """Funds left ``account`` for ``to_account`` without a trade.

    ``reference`` is the deposit's number, the withdrawal's id, or 0.
    """

    to_account: AccountNumber
    asset: AssetNumber
    amount_atoms: Atoms
    reference: Count
    source: Annotated[int, unit("i4", "source of a deposit, else 0", 0, 63)]
    cause: Annotated[int, member(e.MoveCause)]


class UserOpened(Event, tag=10, frozen=True, kw_only=True):
    """A user exists, with these two accounts; ``account`` is his main account."""

    user: UserNumber
    fenced_account: AccountNumber
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]


class AccountOpened(Event, tag=11, frozen=True, kw_only=True):
    """A sub-account exists."""

    user: UserNumber
    sub_account: Annotated[int, unit("i4", "number of the sub-account", 1, 65_535)]


class UserSet(Event, tag=12, frozen=True, kw_only=True):
    """What is frozen for a user, and his fee tier."""

    user: UserNumber
    user_flags: Annotated[int, unit("u4", "UserFlag bits", 0, e.ALL_USER_FLAGS)]
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]


class EligibilitySet(Event, tag=13, frozen=True, kw_only=True):
    """Which classes of assets a user may buy, sell, hold, withdraw, lend and receive dividends of."""

    user: UserNumber
    buy_classes: ClassMask
    sell_classes: ClassMask
    hold_classes: ClassMask
    withdraw_classes: ClassMask
    lend_classes: LaterClassMask
    receive_classes: LaterClassMask
    tax_relief_ppm: TaxRelief


class AssetListed(Event, tag=20, frozen=True, kw_only=True):
    """An asset exists under this number."""

    asset: AssetNumber
    symbol: Annotated[str, text(16, "ASCII symbol")]
    name: Annotated[str, text(32, "ASCII name")]
    cusip: Annotated[str, text(16, "CUSIP of a registered share")]
    asset_kind: Annotated[int, member(e.AssetKind)]
    decimals: Decimals
    eligibility_class: Annotated[int, unit("u1", "class, 0 for everybody", 0, 61)]


class MarketListed(Event, tag=21, frozen=True, kw_only=True):
    """A market exists under this number.

    ``quote_factor`` is the quote atoms of one tick times one lot.
    """

    base_asset: AssetNumber
    quote_asset: AssetNumber
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]
    quote_factor: Atoms
    minimum_price_ticks: PriceTicks
    maximum_price_ticks: PriceTicks
    minimum_quantity_lots: QuantityLots
    maximum_quantity_lots: QuantityLots
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    state: Annotated[int, member(e.MarketState)]
    market_kind: MarketType


class MarketStateSet(Event, tag=22, frozen=True, kw_only=True):
    """The market is in this state."""

    state: Annotated[int, member(e.MarketState)]


class MarketLimitsSet(Event, tag=23, frozen=True, kw_only=True):
    """The market has this price and quantity range and this fee schedule."""

    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    minimum_price_ticks: PriceTicks
    maximum_price_ticks: PriceTicks
    minimum_quantity_lots: QuantityLots
    maximum_quantity_lots: QuantityLots


class PriceBandsSet(Event, tag=24, frozen=True, kw_only=True):
    """The market has these bands, as multipliers in ppm; 0 is none."""

    limit_maximum_ppm: Ppm
    limit_minimum_ppm: Ppm
    impact_maximum_ppm: Ppm
    impact_minimum_ppm: Ppm


class FeeTierSet(Event, tag=25, frozen=True, kw_only=True):
    """The fees of a tier in a schedule."""

    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]
    maker_ppm: SignedPpm
    taker_ppm: Annotated[int, unit("i4", "parts per million", 0, 100_000)]


class ParameterSet(Event, tag=26, frozen=True, kw_only=True):
    """A setting of the venue has this value."""

    parameter: Annotated[int, member(e.Parameter)]
    value: Count


class ClockTicked(Event, tag=30, frozen=True, kw_only=True):
    """A second passed."""

    seed: Annotated[bytes, raw(32, "hash")]


class RulesSet(Event, tag=31, frozen=True, kw_only=True):
    """An epoch began."""

    rules_version: Annotated[int, unit("i4", "version", 1, 2**31 - 1)]
    schema_hash: Annotated[bytes, raw(32, "hash")]


class PriceSourceSet(Event, tag=40, frozen=True, kw_only=True):
    """A source of quotes has this name, and counts or not."""

    since: ClassVar = 2
    price_source: PriceSource
    name: Annotated[str, text(16, "ASCII name")]
    enabled: Flag


class PricingSet(Event, tag=41, frozen=True, kw_only=True):
    """The prices of an asset are made like this."""

    since: ClassVar = 2
    asset: AssetNumber
    minimum_sources: Annotated[int, unit("u1", "sources that must be fresh", 0, e.PRICE_SOURCES)]
    maximum_age_ms: Annotated[int, unit("i8", "milliseconds")]
    clamp_ppm: Ppm
    update_cap_ppm: Ppm
    closed_haircut_ppm: Ppm


class PriceWeightSet(Event, tag=42, frozen=True, kw_only=True):
    """A source counts this much for an asset."""

    since: ClassVar = 2
    asset: AssetNumber
    price_source: PriceSource
    weight: Annotated[int, unit("i4", "weight", 0, 255)]


class SessionSet(Event, tag=43, frozen=True, kw_only=True):
    """An asset is, or is not, traded where its prices come from."""

    since: ClassVar = 2
    asset: AssetNumber
    session: Annotated[int, member(e.Session)]


class Quoted(Event, tag=44, frozen=True, kw_only=True):
    """A source's quote counts from the next second on, with this price."""

    since: ClassVar = 2
    asset: AssetNumber
    price_source: PriceSource
    price_units: PriceUnits
    observed_us: TimeUs


class PriceUpdated(Event, tag=45, frozen=True, kw_only=True):
    """The index, the mark or the state of an asset's price changed, or the sources that made them."""

    since: ClassVar = 2
    asset: AssetNumber
    used_sources: SourceMask
    clamped_sources: SourceMask
    price_state: Annotated[int, member(e.PriceState)]
    index_units: PriceUnits
    mark_units: PriceUnits


class CollateralSet(Event, tag=46, frozen=True, kw_only=True):
    """An asset counts as collateral like this, and a debt in it needs this margin."""

    since: ClassVar = 2
    asset: AssetNumber
    weight_e8: Share
    haircut_base_e8: Share
    haircut_penalty_e8: Share
    initial_base_e8: Rate
    initial_factor_e8: Share
    maintenance_base_e8: Rate
    maintenance_factor_e8: Share
    haircut_kind: Annotated[int, member(e.HaircutKind)]
    conversion_market: MarketNumber
    conversion_discount_ppm: ConversionDiscount


class LendingPoolSet(Event, tag=47, frozen=True, kw_only=True):
    """An asset is lent and borrowed like this."""

    since: ClassVar = 2
    asset: AssetNumber
    pool_state: Annotated[int, member(e.PoolState)]
    rate_idle_e8: Rate
    rate_optimal_e8: Rate
    rate_full_e8: Rate
    optimal_utilisation_ppm: Annotated[int, unit("i8", "parts per million", 1, 999_999)]
    maximum_utilisation_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)]
    throttle_threshold_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)]
    throttle_bound_ppm: Annotated[int, unit("i8", "parts per million", 0, 1_000_000)]
    throttle_update_ppm: Annotated[int, unit("i8", "parts per million of what is left", 0, 1_000_000)]
    fee_ppm: Annotated[int, unit("i8", "parts per million of the interest", 0, 1_000_000)]
    lend_limit_atoms: Annotated[int, unit("i8", "atoms of the asset", 0, MAX_POOL_ATOMS)]


class AccountSet(Event, tag=48, frozen=True, kw_only=True):
    """What an account does by itself, and how far it may be leveraged."""

    since: ClassVar = 2
    account_flags: AccountFlags
    leverage_limit_percent: LeverageLimit


class LoanMoved(Event, tag=49, frozen=True, kw_only=True):
    """A claim or a debt of ``account`` changed by ``amount_atoms``, which went to or came from its available atoms.

    ``fee_atoms`` is interest for the rest of the hour, on top of the debt. ``loan_shares`` and the indices are what
    holds afterwards, ``queued_atoms`` what of a redemption still waits, ``order`` the order that it was for.
    """

    since: ClassVar = 2
    asset: AssetNumber
    cause: Annotated[int, member(e.LoanCause)]
    source: Annotated[int, member(e.LoanSource)]
    amount_atoms: Atoms
    fee_atoms: Atoms
    loan_shares: LoanShares
    queued_atoms: Atoms
    order: OrderNumber
    lent_index: LoanIndex
    debt_index: LoanIndex


class RedemptionQueued(Event, tag=50, frozen=True, kw_only=True):
    """So much of what ``account`` lent waits to be redeemed; 0 when it no longer does."""

    since: ClassVar = 2
    asset: AssetNumber
    queued_atoms: Atoms


class InterestAccrued(Event, tag=51, frozen=True, kw_only=True):
    """Borrowers of an asset owe ``interest_atoms`` more, for so many hours; account and market are 0.

    ``reserve_atoms`` of it are the pool's, ``rounding_atoms`` went to ROUNDING, the rest is the lenders'. Indices,
    totals of shares and both yearly rates are what holds afterwards.
    """

    since: ClassVar = 2
    asset: AssetNumber
    hours: Annotated[int, unit("i4", "hours", 1, 8_760)]
    interest_atoms: Atoms
    reserve_atoms: Atoms
    rounding_atoms: Atoms
    lent_shares: Atoms
    debt_shares: Atoms
    lent_index: LoanIndex
    debt_index: LoanIndex
    borrow_rate_e8: Rate
    lend_rate_e8: Rate


class PerpetualSet(Event, tag=52, frozen=True, kw_only=True):
    """A contract needs this margin, and its mark and funding are made like this."""

    since: ClassVar = 2
    initial_base_e8: Rate
    initial_factor_e8: Share
    maintenance_base_e8: Rate
    maintenance_factor_e8: Share
    position_limit_lots: QuantityLots
    open_interest_limit_lots: QuantityLots
    interest_rate_e10: FundingRate
    lowest_funding_e10: FundingRate
    highest_funding_e10: FundingRate
    mark_bound_ppm: Annotated[int, unit("i8", "parts per million of the index", 0, 500_000)]


class MarkUpdated(Event, tag=53, frozen=True, kw_only=True):
    """The mark, the index or the state of a contract's price changed."""

    since: ClassVar = 2
    price_state: Annotated[int, member(e.PriceState)]
    index_ticks: PriceTicks
    mark_ticks: PriceTicks


class FundingCharged(Event, tag=54, frozen=True, kw_only=True):
    """Every lot that is long pays so much to every lot that is short, below 0 the other way."""

    since: ClassVar = 2
    funding_rate_e10: FundingRate
    mark_ticks: PriceTicks
    funding_index: FundingIndex


class Settled(Event, tag=55, frozen=True, kw_only=True):
    """A settlement of a market ended: what losers paid, what winners were due, what they got and what still waits.

    ``left_atoms`` is what CLEARING keeps for the next.
    """

    since: ClassVar = 2
    mark_ticks: PriceTicks
    collected_atoms: Atoms
    short_atoms: Atoms
    due_atoms: Atoms
    paid_atoms: Atoms
    left_atoms: Atoms


class TriggerPlaced(Event, tag=56, frozen=True, kw_only=True):
    """A trigger waits, by its own command or attached to the order ``parent``."""

    since: ClassVar = 2
    trigger: OrderNumber
    parent: OrderNumber
    client_id: ClientId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    slippage: Annotated[int, unit("i8", "ticks or parts per million", 0, 2**48)]
    trigger_ticks: PriceTicks
    user: UserNumber
    side: Annotated[int, member(e.Side)]
    order_type: Annotated[int, member(e.OrderType)]
    time_in_force: Annotated[int, member(e.TimeInForce)]
    post_only: Flag
    self_trade_prevention: Annotated[int, member(e.SelfTradePrevention)]
    slippage_kind: Annotated[int, member(e.SlippageKind)]
    loan_flags: LoanFlags
    reduce_only: ReduceOnly
    trigger_by: Annotated[int, member(e.TriggerBy)]
    direction: Annotated[int, member(e.TriggerDirection)]
    quantity_percent: QuantityPercent


class TriggerFired(Event, tag=57, frozen=True, kw_only=True):
    """A trigger places its order, which has its number; OrderAccepted follows, or TriggerClosed with the refusal.

    ``price_ticks`` is the price by which it triggers as it is now, 0 if there is none.
    """

    since: ClassVar = 2
    trigger: OrderNumber
    quantity_lots: QuantityLots
    price_ticks: PriceTicks


class TriggerClosed(Event, tag=58, frozen=True, kw_only=True):
    """A trigger ended without an order; if its order was refused, with what a refusal tells."""

    since: ClassVar = 2
    trigger: OrderNumber
    parent: OrderNumber
    value: SignedAtoms = 0
    limit: SignedAtoms = 0
    asset: AssetNumber = 0
    reject: Annotated[int, unit("u2", "Reject, 0 for none", 0, 65_535)] = 0
    field_number: Annotated[int, unit("u2", "place of the field in PlaceOrder, from 1; 0 for none", 0, 65_535)] = 0
    reason: Annotated[int, member(e.TriggerEnd)]


class CollateralConverted(Event, tag=59, frozen=True, kw_only=True):
    """What ``account`` has of ``asset`` is sold for a loss in market ``contract`` that it could not pay.

    OrderAccepted follows unless ``reject`` is there. ``missing_atoms`` was missing before, and of that ``paid_atoms``
    was then paid.
    """

    since: ClassVar = 2
    order: OrderNumber
    contract: MarketNumber
    asset: AssetNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    missing_atoms: Atoms
    paid_atoms: Atoms = 0
    reject: Annotated[int, unit("u2", "Reject, 0 for none", 0, 65_535)] = 0


class PerpetualDelisted(Event, tag=60, frozen=True, kw_only=True):
    """A contract is not traded any more; the next settlement ends every position at this mark."""

    since: ClassVar = 2
    price_state: Annotated[int, member(e.PriceState)]
    index_ticks: PriceTicks
    mark_ticks: PriceTicks


EVENTS: tuple[type[Event], ...] = tuple(
    sorted(Event.__subclasses__(), key=lambda kind: kind.__struct_config__.tag)  # type: ignore
)
