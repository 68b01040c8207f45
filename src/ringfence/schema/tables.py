"""The tables of the state as everybody may see them: canonical rows, ordered by key, without slots or links.

The state hash is computed over these rows in this order, a snapshot stores them, and a reference with dicts
can produce them.  How the core keeps them in memory is its own affair (``core.state``).
"""

from typing import Annotated, ClassVar

from . import enums as e
from .brakes_tables import BrakesRow
from .fields import (
    MAX_POOL_ATOMS,
    MAX_SEQUENCE,
    AccountFlags,
    AccountNumber,
    AssetNumber,
    Atoms,
    CaseNumber,
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
    RedeemDelay,
    ReduceOnly,
    Sequence,
    Share,
    ShareFactor,
    SignedAtoms,
    SignedLots,
    SignedPpm,
    SourceMask,
    TaxRelief,
    TimeUs,
    UserNumber,
    Value,
    VaultDiscount,
    VaultNumber,
    member,
    raw,
    text,
    unit,
)
from .rows import Row
from .share_tables import ActionRow, EntitlementRow


class VenueRow(Row, frozen=True, kw_only=True):
    """One row: where the log stands."""

    key = ("sequence",)
    sequence: Sequence
    time_us: TimeUs
    rules_version: Annotated[int, unit("i4", "version", 0, 2**31 - 1)]
    schema_hash: Annotated[bytes, raw(32, "hash")]
    seed: Annotated[bytes, raw(32, "hash")]
    settled_tick: Annotated[int, unit("i8", "ten seconds since 1970", 0, MAX_SEQUENCE, since=2)]
    settling: Annotated[int, member(e.Settling, since=2)]
    settled_account: Annotated[int, unit("i4", "the last account met", 0, 2**31 - 1, since=2)]
    triggers_counted: Annotated[int, unit("i8", "triggers armed and triggers reached", 0, MAX_SEQUENCE, since=2)]
    clock_us: Annotated[int, unit("i8", "microseconds UTC since 1970, of the last Clock", 0, MAX_SEQUENCE, since=2)]
    cases_opened: Annotated[int, unit("i8", "cases", 0, MAX_SEQUENCE, since=2)]
    case_turns: Annotated[int, unit("i8", "turns of cases", 0, MAX_SEQUENCE, since=2)]
    waves_begun: Annotated[int, unit("i8", "deleveraging waves", 0, MAX_SEQUENCE, since=2)]
    skin_day: Annotated[int, unit("i8", "days since 1970", 0, MAX_SEQUENCE, since=2)]
    skin_value: Value
    brakes_market: Annotated[int, unit("i4", "the last market whose brakes a Clock looked at", 0, 2**31 - 1, since=2)]
    actions_armed: Annotated[int, unit("i4", "corporate actions", 0, 2**31 - 1, since=2)]


class ParameterRow(Row, frozen=True, kw_only=True):
    """A setting of the venue; every parameter has a row."""

    key = ("parameter",)
    parameter: Annotated[int, member(e.Parameter, "i4")]
    value: Count


class AssetRow(Row, frozen=True, kw_only=True):
    """A listed asset; ``share_new`` whole shares of now are what ``share_old`` were when it was listed."""

    key = ("asset",)
    asset: AssetNumber
    symbol: Annotated[str, text(16, "ASCII symbol")]
    name: Annotated[str, text(32, "ASCII name")]
    cusip: Annotated[str, text(16, "CUSIP of a registered share")]
    asset_kind: Annotated[int, member(e.AssetKind)]
    decimals: Decimals
    eligibility_class: Annotated[int, unit("u1", "class, 0 for everybody", 0, 61)]
    share_new: ShareFactor
    share_old: ShareFactor
    former_symbol: Annotated[str, text(16, "ASCII symbol, until alias_us", since=2)]
    alias_us: Annotated[int, unit("i8", "microseconds UTC since 1970", 0, MAX_SEQUENCE, since=2)]


class MarketRow(Row, frozen=True, kw_only=True):
    """A listed market; ``book_sequence`` is the last command that touched its book."""

    key = ("market",)
    market: MarketNumber
    base_asset: AssetNumber
    quote_asset: AssetNumber
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]
    quote_factor: Atoms
    minimum_price_ticks: PriceTicks
    maximum_price_ticks: PriceTicks
    minimum_quantity_lots: QuantityLots
    maximum_quantity_lots: QuantityLots
    limit_maximum_ppm: Ppm
    limit_minimum_ppm: Ppm
    impact_maximum_ppm: Ppm
    impact_minimum_ppm: Ppm
    last_price_ticks: PriceTicks
    trades: Count
    book_sequence: Sequence
    listed_us: TimeUs
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    state: Annotated[int, member(e.MarketState)]
    market_kind: MarketType


class FeeTierRow(Row, frozen=True, kw_only=True):
    """The fees of a tier in a schedule; all 256 have a row."""

    key = ("fee_schedule", "fee_tier")
    fee_schedule: Annotated[int, unit("u1", "schedule", 0, 15)]
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]
    maker_ppm: SignedPpm
    taker_ppm: Annotated[int, unit("i4", "parts per million", 0, 100_000)]


class SourceRow(Row, frozen=True, kw_only=True):
    """The last number applied from a source of deposits; all 63 have a row."""

    key = ("source",)
    source: Annotated[int, unit("i4", "source of deposits", 1, 63)]
    last_number: Count


class UserRow(Row, frozen=True, kw_only=True):
    """A user."""

    key = ("user",)
    user: UserNumber
    main_account: AccountNumber
    fenced_account: AccountNumber
    accounts: Annotated[int, unit("i4", "accounts open, main and fenced included", 0, 65_535)]
    buy_classes: ClassMask
    sell_classes: ClassMask
    hold_classes: ClassMask
    withdraw_classes: ClassMask
    lend_classes: LaterClassMask
    receive_classes: LaterClassMask
    tax_relief_ppm: TaxRelief
    user_flags: Annotated[int, unit("u4", "UserFlag bits", 0, e.ALL_USER_FLAGS)]
    fee_tier: Annotated[int, unit("u1", "tier", 0, 15)]


class AccountRow(Row, frozen=True, kw_only=True):
    """A user's account; house accounts exist always and have no row."""

    key = ("account",)
    account: AccountNumber
    user: UserNumber
    sub_account: Annotated[int, unit("i4", "number of the sub-account, 0 for main and fenced", 0, 65_535)]
    account_kind: Annotated[int, member(e.AccountKind)]
    account_flags: AccountFlags
    leverage_limit_percent: LeverageLimit


class BalanceRow(Row, frozen=True, kw_only=True):
    """What an account holds of an asset, lent or owes; a row that is all zero does not exist."""

    key = ("account", "asset")
    account: AccountNumber
    asset: AssetNumber
    available_atoms: SignedAtoms
    locked_atoms: Atoms
    loan_shares: LoanShares


class OrderRow(Row, frozen=True, kw_only=True):
    """An open order; those of one price stand in the order of ``priority``, the command that queued them."""

    key = ("order",)
    order: OrderNumber
    priority: Sequence
    account: AccountNumber
    market: MarketNumber
    client_id: ClientId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    remaining_lots: QuantityLots
    executed_quote_atoms: Atoms
    created_us: TimeUs
    side: Annotated[int, member(e.Side)]
    time_in_force: Annotated[int, member(e.TimeInForce)]
    post_only: Flag
    self_trade_prevention: Annotated[int, member(e.SelfTradePrevention)]
    loan_flags: LoanFlags
    reserved_value: Value
    reduce_only: ReduceOnly


class WithdrawalRow(Row, frozen=True, kw_only=True):
    """A withdrawal that is reserved and not final; its money is in IN_TRANSIT."""

    key = ("withdrawal",)
    withdrawal: OrderNumber
    account: AccountNumber
    asset: AssetNumber
    amount_atoms: Atoms
    fee_atoms: Atoms


class PriceSourceRow(Row, frozen=True, kw_only=True):
    """A source of quotes; all 15 have a row."""

    since: ClassVar = 2
    key = ("price_source",)
    price_source: PriceSource
    name: Annotated[str, text(16, "ASCII name")]
    enabled: Flag


class PriceRow(Row, frozen=True, kw_only=True):
    """How the price of an asset is made, and what it is.

    ``updated_us`` is when enough sources last agreed on it, ``quoted_us`` when a quote or a rule for it last came;
    ``frozen_units`` is the mark at a split until the index is there again.
    """

    since: ClassVar = 2
    key = ("asset",)
    asset: AssetNumber
    minimum_sources: Annotated[int, unit("u1", "sources that must be fresh", 0, e.PRICE_SOURCES)]
    session: Annotated[int, member(e.Session)]
    price_state: Annotated[int, member(e.PriceState)]
    maximum_age_ms: Annotated[int, unit("i8", "milliseconds")]
    clamp_ppm: Ppm
    update_cap_ppm: Ppm
    closed_haircut_ppm: Ppm
    index_units: PriceUnits
    mark_units: PriceUnits
    updated_us: TimeUs
    quoted_us: TimeUs
    used_sources: SourceMask
    clamped_sources: SourceMask
    frozen_units: PriceUnits
    tolerance_ppm: Ppm


class QuoteRow(Row, frozen=True, kw_only=True):
    """What a source that counts for an asset last said of it, 0 before it said anything."""

    since: ClassVar = 2
    key = ("asset", "price_source")
    asset: AssetNumber
    price_source: PriceSource
    weight: Annotated[int, unit("i4", "weight", 0, 255)]
    price_units: PriceUnits
    bid_units: PriceUnits
    ask_units: PriceUnits
    last_units: PriceUnits
    observed_us: TimeUs


class CollateralRow(Row, frozen=True, kw_only=True):
    """What an asset is worth as collateral, and what margin a debt in it needs."""

    since: ClassVar = 2
    key = ("asset",)
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


class LendingPoolRow(Row, frozen=True, kw_only=True):
    """How an asset is lent and borrowed, and where its pool stands."""

    since: ClassVar = 2
    key = ("asset",)
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
    lent_shares: Atoms
    debt_shares: Atoms
    lent_index: LoanIndex
    debt_index: LoanIndex
    reserve_atoms: Atoms
    rounding_atoms: Atoms
    pending_atoms: Atoms
    released_us: TimeUs
    ceiling_ppm: Ppm
    interest_hour: Count
    ceiling_minute: Count


class RedemptionRow(Row, frozen=True, kw_only=True):
    """What waits to be redeemed; ``redemption`` is the command that queued it."""

    since: ClassVar = 2
    key = ("asset", "redemption")
    asset: AssetNumber
    redemption: OrderNumber
    account: AccountNumber
    queued_atoms: Atoms


class PerpetualRow(Row, frozen=True, kw_only=True):
    """The rules of a contract, its prices, and where its funding and settlement stand."""

    since: ClassVar = 2
    key = ("market",)
    market: MarketNumber
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
    price_state: Annotated[int, member(e.PriceState)]
    index_ticks: PriceTicks
    mark_ticks: PriceTicks
    premium: Annotated[int, unit("i8", "2^-8 ticks, signed", -(2**62), 2**62)]
    updated_us: TimeUs
    premium_sum_e10: Annotated[int, unit("i8", "10^-10, signed", -(2**62), 2**62)]
    premium_count: Count
    funding_rate_e10: FundingRate
    funding_index: FundingIndex
    funding_hour: Count
    open_interest_lots: QuantityLots
    clearing_atoms: Atoms
    settle_ticks: PriceTicks
    collected_atoms: Atoms
    short_atoms: Atoms
    due_atoms: Atoms
    paid_atoms: Atoms
    delisting: Annotated[int, member(e.Delisting)]


class PositionRow(Row, frozen=True, kw_only=True):
    """What an account has of a contract; a house account has what is due to it. An empty row does not exist.

    ``due_atoms`` is what a settlement has to pay to it, below 0 what it could not pay.
    """

    since: ClassVar = 2
    key = ("account", "market")
    account: AccountNumber
    market: MarketNumber
    opened: Sequence
    net_lots: SignedLots
    bid_lots: QuantityLots
    ask_lots: QuantityLots
    reduce_lots: QuantityLots
    reference_atoms: SignedAtoms
    entry_atoms: SignedAtoms
    realized_atoms: SignedAtoms
    funding_atoms: SignedAtoms
    fees_atoms: SignedAtoms
    funding_index: FundingIndex
    due_atoms: SignedAtoms


class TriggerRow(Row, frozen=True, kw_only=True):
    """A trigger that waits: for the first fill of its parent, for its price, or (``due``) for its turn to fire."""

    since: ClassVar = 2
    key = ("trigger",)
    trigger: OrderNumber
    parent: OrderNumber
    account: AccountNumber
    market: MarketNumber
    client_id: ClientId
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    slippage: Annotated[int, unit("i8", "ticks or parts per million", 0, 2**48)]
    trigger_ticks: PriceTicks
    armed: Count
    due: Count
    created_us: TimeUs
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


class CaseRow(Row, frozen=True, kw_only=True):
    """A liquidation that is under way; ``turn`` is its place in the queue, ``tried_us`` the Clock it waits after."""

    since: ClassVar = 2
    key = ("case",)
    case: CaseNumber
    account: AccountNumber
    opened: Sequence
    opened_us: TimeUs
    turn: Count
    tried_us: TimeUs
    cause: Annotated[int, member(e.CaseCause)]
    step: Annotated[int, member(e.CaseStep)]
    written_off_value: Value


class WaveRow(Row, frozen=True, kw_only=True):
    """The deleveraging that is under way: positions of failed accounts, which CLEARING holds until others have them.

    ``lots`` and ``gap_atoms`` are what there was to share out, ``left_lots`` and ``left_atoms`` what of them is left;
    ``counted_account`` is the last that was looked at.
    """

    since: ClassVar = 2
    key = ("wave",)
    wave: Count
    market: MarketNumber
    phase: Annotated[int, member(e.WavePhase)]
    by_lots: Flag
    mark_ticks: PriceTicks
    lots: SignedLots
    left_lots: SignedLots
    gap_atoms: Atoms
    left_atoms: Atoms
    profit_atoms: Atoms
    shared_lots: QuantityLots
    people: Count
    counted_account: AccountNumber


class VaultRow(Row, frozen=True, kw_only=True):
    """A vault: whose account it is, how it works, and at which Clock it was last seen to."""

    since: ClassVar = 2
    key = ("vault",)
    vault: VaultNumber
    account: AccountNumber
    share_asset: AssetNumber
    quote_asset: AssetNumber
    discount_ppm: VaultDiscount
    redeem_delay_ms: RedeemDelay
    minimum_mint_atoms: Atoms
    minimum_redeem_atoms: Atoms
    maximum_value_atoms: Atoms
    concentration_ppm: Annotated[int, unit("i8", "parts per million of its value, 0 for no limit", 0, 10**9)]
    opened: Sequence
    paid_us: TimeUs
    unwound_us: TimeUs
    valued_hour: Count
    mints_enabled: Flag
    redeems_enabled: Flag
    takes_over: Flag
    vault_state: Annotated[int, member(e.VaultState)]


class VaultRedemptionRow(Row, frozen=True, kw_only=True):
    """Shares that wait to be paid out, in the order of ``redemption``, the command that queued them."""

    since: ClassVar = 2
    key = ("vault", "redemption")
    vault: VaultNumber
    redemption: OrderNumber
    account: AccountNumber
    shares_atoms: Atoms
    due_us: TimeUs


class StandingTopUpRow(Row, frozen=True, kw_only=True):
    """How much fenced money may still go into the estate of an account by itself, should it have one."""

    since: ClassVar = 2
    key = ("account",)
    account: AccountNumber
    asset: AssetNumber
    amount_atoms: Atoms


TABLES: dict[str, type[Row]] = {
    "venue": VenueRow,
    "parameters": ParameterRow,
    "assets": AssetRow,
    "markets": MarketRow,
    "fee_tiers": FeeTierRow,
    "sources": SourceRow,
    "users": UserRow,
    "accounts": AccountRow,
    "balances": BalanceRow,
    "orders": OrderRow,
    "withdrawals": WithdrawalRow,
    "price_sources": PriceSourceRow,
    "prices": PriceRow,
    "quotes": QuoteRow,
    "collaterals": CollateralRow,
    "lending_pools": LendingPoolRow,
    "redemptions": RedemptionRow,
    "perpetuals": PerpetualRow,
    "positions": PositionRow,
    "triggers": TriggerRow,
    "cases": CaseRow,
    "waves": WaveRow,
    "brakes": BrakesRow,
    "vaults": VaultRow,
    "vault_redemptions": VaultRedemptionRow,
    "standing_top_ups": StandingTopUpRow,
    "actions": ActionRow,
    "entitlements": EntitlementRow,
}
"""The tables in schema order, which is the order of the state hash."""
