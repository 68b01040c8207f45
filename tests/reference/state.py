"""What the venue remembers: plain objects in dicts."""

from dataclasses import dataclass, field

from sortedcontainers import SortedDict

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    INDEX_BITS,
    PARAMETER_LIMITS,
    PRICE_SOURCES,
    CaseStep,
    Delisting,
    MarketKind,
    PriceState,
    Session,
    Side,
    rules_that_hold,
)
from ringfence.schema.rejects import Reject

BID, ASK = int(Side.BID), int(Side.ASK)


class Refused(Exception):
    """Raised by the first check that fails, before anything has changed."""

    def __init__(self, reject: Reject, *, value: int = 0, limit: int = 0, asset: int = 0, field: int = 0) -> None:
        super().__init__(f"{reject.name} value={value} limit={limit} asset={asset} field={field}")
        self.body = {"reject": int(reject), "value": value, "limit": limit, "asset": asset, "field_number": field}


@dataclass(slots=True)
class Asset:
    asset: int
    symbol: bytes
    name: bytes
    cusip: bytes
    asset_kind: int
    decimals: int
    eligibility_class: int
    share_new: int = 0
    share_old: int = 0
    former_symbol: bytes = bytes(16)
    alias_us: int = 0


@dataclass(slots=True)
class Order:
    order: int
    priority: int
    account: int
    user: int
    market: int
    client_id: int
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    executed_quote_atoms: int
    created_us: int
    side: int
    time_in_force: int
    post_only: int
    self_trade_prevention: int
    loan_flags: int = 0
    reserved_value: int = 0
    reduce_only: int = 0


@dataclass(slots=True)
class Brakes:
    market: int
    band_ppm: int = 0
    window_ms: int = 0
    halt_ms: int = 0
    auction_ms: int = 0
    interest_low_lots: int = 0
    interest_high_lots: int = 0
    stale_ppm: int = 0
    far_ppm: int = 0
    stale_age_ms: int = 0
    reference_ticks: int = 0
    reference_us: int = 0
    raised_base_e8: int = 0
    until_us: int = 0
    auction_ticks: int = 0
    auction_lots: int = 0
    auction_trades: int = 0
    indicative_ticks: int = 0
    indicative_lots: int = 0
    imbalance_lots: int = 0
    scan_sequence: int = 0
    scan_bid_ticks: int = 0
    scan_bid_lots: int = 0
    scan_ask_ticks: int = 0
    scan_ask_lots: int = 0
    scan_lots: int = 0
    scan_low_ticks: int = 0
    scan_high_ticks: int = 0
    phase: int = 0
    auction_side: int = 0
    reopen_state: int = 0
    extended: int = 0


@dataclass(slots=True)
class Market:
    market: int
    base_asset: int
    quote_asset: int
    tick_atoms: int
    lot_atoms: int
    quote_factor: int
    minimum_price_ticks: int
    maximum_price_ticks: int
    minimum_quantity_lots: int
    maximum_quantity_lots: int
    book_sequence: int
    listed_us: int
    fee_schedule: int
    state: int
    limit_maximum_ppm: int = 0
    limit_minimum_ppm: int = 0
    impact_maximum_ppm: int = 0
    impact_minimum_ppm: int = 0
    last_price_ticks: int = 0
    trades: int = 0
    market_kind: int = int(MarketKind.SPOT)
    brakes: Brakes | None = None
    band: tuple[int, int] = (0, 0)  # from where to where it may trade, (0, 0) for anywhere
    # Per side, price -> orders of that price by number, oldest first (a dict keeps the order of arrival).
    levels: tuple[SortedDict, SortedDict] = field(default_factory=lambda: (SortedDict(), SortedDict()))

    @property
    def is_perpetual(self) -> bool:
        return self.market_kind == MarketKind.PERPETUAL

    def best(self, side: int) -> int | None:
        """Return the best price of a side: the highest bid, the lowest ask."""
        prices = self.levels[side]
        if not prices:
            return None
        return prices.peekitem(-1 if side == BID else 0)[0]

    def lock(self, side: int, price: int, lots: int) -> tuple[int, int]:
        """Return (asset, atoms) that an order of so many lots locks: what it sells, nothing on a perpetual."""
        if self.is_perpetual:
            return self.quote_asset, 0
        if side == BID:
            return self.quote_asset, price * lots * self.quote_factor
        return self.base_asset, lots * self.lot_atoms

    def brings(self, side: int, price: int, lots: int) -> tuple[int, int]:
        """Return (asset, atoms) that so many lots bring at a price, before fees: what it buys."""
        return self.lock(1 - side, price, lots)


@dataclass(slots=True)
class User:
    user: int
    main_account: int
    fenced_account: int
    fee_tier: int
    accounts: int = 2
    buy_classes: int = 0
    sell_classes: int = 0
    hold_classes: int = 0
    withdraw_classes: int = 0
    lend_classes: int = 0
    receive_classes: int = 0
    tax_relief_ppm: int = 0
    user_flags: int = 0


@dataclass(slots=True)
class Account:
    account: int
    user: int
    sub_account: int
    account_kind: int
    account_flags: int = 0
    leverage_limit_percent: int = 0
    orders: dict[int, Order] = field(default_factory=dict)  # by number, oldest first


@dataclass(slots=True)
class Withdrawal:
    withdrawal: int
    account: int
    asset: int
    amount_atoms: int
    fee_atoms: int


@dataclass(slots=True)
class PriceSource:
    price_source: int
    name: bytes = bytes(16)
    enabled: int = 0


@dataclass(slots=True)
class Price:
    asset: int
    minimum_sources: int = 0
    session: int = int(Session.OPEN)
    price_state: int = int(PriceState.NONE)
    maximum_age_ms: int = 0
    clamp_ppm: int = 0
    update_cap_ppm: int = 0
    closed_haircut_ppm: int = 0
    index_units: int = 0
    mark_units: int = 0
    updated_us: int = 0
    quoted_us: int = 0
    used_sources: int = 0
    clamped_sources: int = 0
    frozen_units: int = 0
    tolerance_ppm: int = 0


@dataclass(slots=True)
class Quote:
    asset: int
    price_source: int
    weight: int = 0
    price_units: int = 0
    bid_units: int = 0
    ask_units: int = 0
    last_units: int = 0
    observed_us: int = 0


@dataclass(slots=True)
class Collateral:
    asset: int
    weight_e8: int = 0
    haircut_base_e8: int = 0
    haircut_penalty_e8: int = 0
    initial_base_e8: int = 0
    initial_factor_e8: int = 0
    maintenance_base_e8: int = 0
    maintenance_factor_e8: int = 0
    haircut_kind: int = 0
    conversion_market: int = 0
    conversion_discount_ppm: int = 0


@dataclass(slots=True)
class LendingPool:
    asset: int
    pool_state: int = 0
    rate_idle_e8: int = 0
    rate_optimal_e8: int = 0
    rate_full_e8: int = 0
    optimal_utilisation_ppm: int = 0
    maximum_utilisation_ppm: int = 0
    throttle_threshold_ppm: int = 0
    throttle_bound_ppm: int = 0
    throttle_update_ppm: int = 0
    fee_ppm: int = 0
    lend_limit_atoms: int = 0
    lent_shares: int = 0
    debt_shares: int = 0
    lent_index: int = 1 << INDEX_BITS
    debt_index: int = 1 << INDEX_BITS
    reserve_atoms: int = 0
    rounding_atoms: int = 0
    pending_atoms: int = 0
    released_us: int = 0
    ceiling_ppm: int = 0
    interest_hour: int = 0
    ceiling_minute: int = 0


@dataclass(slots=True)
class Redemption:
    asset: int
    redemption: int
    account: int
    queued_atoms: int


@dataclass(slots=True)
class Perpetual:
    market: int
    funding_hour: int
    initial_base_e8: int = 0
    initial_factor_e8: int = 0
    maintenance_base_e8: int = 0
    maintenance_factor_e8: int = 0
    position_limit_lots: int = 0
    open_interest_limit_lots: int = 0
    interest_rate_e10: int = 0
    lowest_funding_e10: int = 0
    highest_funding_e10: int = 0
    mark_bound_ppm: int = 0
    price_state: int = int(PriceState.NONE)
    index_ticks: int = 0
    mark_ticks: int = 0
    premium: int = 0
    updated_us: int = 0
    premium_sum_e10: int = 0
    premium_count: int = 0
    funding_rate_e10: int = 0
    funding_index: int = 0
    open_interest_lots: int = 0
    clearing_atoms: int = 0
    settle_ticks: int = 0
    collected_atoms: int = 0
    short_atoms: int = 0
    due_atoms: int = 0
    paid_atoms: int = 0
    delisting: int = int(Delisting.LISTED)


@dataclass(slots=True)
class Position:
    account: int
    market: int
    opened: int
    funding_index: int
    net_lots: int = 0
    bid_lots: int = 0
    ask_lots: int = 0
    reduce_lots: int = 0
    reference_atoms: int = 0
    entry_atoms: int = 0
    realized_atoms: int = 0
    funding_atoms: int = 0
    fees_atoms: int = 0
    due_atoms: int = 0


@dataclass(slots=True)
class Trigger:
    trigger: int
    parent: int
    account: int
    market: int
    client_id: int
    price_ticks: int
    quantity_lots: int
    slippage: int
    trigger_ticks: int
    created_us: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    self_trade_prevention: int
    slippage_kind: int
    loan_flags: int
    reduce_only: int
    trigger_by: int
    direction: int
    quantity_percent: int
    armed: int = 0
    due: int = 0


@dataclass(slots=True)
class Case:
    case: int
    account: int
    opened: int
    opened_us: int
    turn: int = 0
    tried_us: int = 0
    cause: int = 0
    step: int = int(CaseStep.BOOK)
    written_off_value: int = 0


@dataclass(slots=True)
class Wave:
    wave: int
    market: int
    phase: int
    by_lots: int = 0
    mark_ticks: int = 0
    lots: int = 0
    left_lots: int = 0
    gap_atoms: int = 0
    left_atoms: int = 0
    profit_atoms: int = 0
    shared_lots: int = 0
    people: int = 0
    counted_account: int = FIRST_USER_ACCOUNT - 1


@dataclass(slots=True)
class Vault:
    vault: int
    account: int
    share_asset: int = 0
    quote_asset: int = 0
    discount_ppm: int = 0
    redeem_delay_ms: int = 0
    minimum_mint_atoms: int = 0
    minimum_redeem_atoms: int = 0
    maximum_value_atoms: int = 0
    concentration_ppm: int = 0
    opened: int = 0
    paid_us: int = 0
    unwound_us: int = 0
    valued_hour: int = 0
    mints_enabled: int = 0
    redeems_enabled: int = 0
    takes_over: int = 0
    vault_state: int = 1


@dataclass(slots=True)
class VaultRedemption:
    vault: int
    redemption: int
    account: int
    shares_atoms: int
    due_us: int


@dataclass(slots=True)
class StandingTopUp:
    """How much fenced money may go into the estate of an account by itself."""

    account: int
    asset: int
    amount_atoms: int


@dataclass(slots=True)
class Action:
    """A corporate action, and how far it is."""

    action: int
    version: int = 0
    action_kind: int = 0
    phase: int = 1
    entitled: int = 0
    recorded: int = 0
    asset: int = 0
    pay_asset: int = 0
    rate_units: int = 0
    ex_us: int = 0
    record_us: int = 0
    payable_us: int = 0
    share_new: int = 0
    share_old: int = 0
    entitled_account: int = 0
    recorded_account: int = 0
    entitled_holders: int = 0
    recorded_holders: int = 0
    entitled_lent_index: int = 0
    entitled_debt_index: int = 0
    recorded_lent_index: int = 0
    recorded_debt_index: int = 0
    entitled_atoms: int = 0
    recorded_atoms: int = 0
    entitled_total_atoms: int = 0
    recorded_total_atoms: int = 0
    lent_atoms: int = 0
    short_atoms: int = 0
    funded_atoms: int = 0
    owed_atoms: int = 0
    collected_atoms: int = 0
    paid_atoms: int = 0
    tax_atoms: int = 0
    unclaimed_atoms: int = 0
    left_atoms: int = 0
    paying_account: int = 0
    waits_us: int = 0


@dataclass(slots=True)
class Entitlement:
    """What an account has to do with an action."""

    action: int
    account: int
    taken: int = 0
    recorded_atoms: int = 0
    entitled_atoms: int = 0
    lent_atoms: int = 0
    due_atoms: int = 0
    paid_atoms: int = 0
    tax_atoms: int = 0
    unclaimed_atoms: int = 0


@dataclass(slots=True)
class State:
    """The tables of the venue, empty as on its first day."""

    sequence: int = 0
    time_us: int = 0
    rules_version: int = 0
    schema_hash: bytes = bytes(32)
    seed: bytes = bytes(32)
    settled_tick: int = 0
    settling: int = 0
    settled_account: int = 0
    triggers_counted: int = 0
    clock_us: int = 0
    cases_opened: int = 0
    case_turns: int = 0
    waves_begun: int = 0
    skin_day: int = 0
    skin_value: int = 0
    brakes_market: int = 0
    next_account: int = FIRST_USER_ACCOUNT
    parameters: dict[int, int] = field(
        default_factory=lambda: {int(p): new for p, (_, _, new) in PARAMETER_LIMITS.items()}
    )
    assets: dict[int, Asset] = field(default_factory=dict)
    markets: dict[int, Market] = field(default_factory=dict)
    fee_tiers: dict[tuple[int, int], tuple[int, int]] = field(
        default_factory=lambda: {(schedule, tier): (0, 0) for schedule in range(16) for tier in range(16)}
    )
    sources: dict[int, int] = field(default_factory=lambda: {source: 0 for source in range(1, 64)})
    users: dict[int, User] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    # (account, asset) -> [available, locked, shares of the lending pool]
    balances: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    withdrawals: dict[int, Withdrawal] = field(default_factory=dict)
    price_sources: dict[int, PriceSource] = field(
        default_factory=lambda: {number: PriceSource(number) for number in range(1, PRICE_SOURCES + 1)}
    )
    prices: dict[int, Price] = field(default_factory=dict)
    quotes: dict[tuple[int, int], Quote] = field(default_factory=dict)  # (asset, price source) -> what counts
    collaterals: dict[int, Collateral] = field(default_factory=dict)
    lending_pools: dict[int, LendingPool] = field(default_factory=dict)
    redemptions: dict[tuple[int, int], Redemption] = field(default_factory=dict)  # (asset, its number) -> what waits
    perpetuals: dict[int, Perpetual] = field(default_factory=dict)
    positions: dict[tuple[int, int], Position] = field(default_factory=dict)  # (account, market) -> what it has of it
    triggers: dict[int, Trigger] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    waves: dict[int, Wave] = field(default_factory=dict)
    # What a command has shown already, as (its sequence, kind, number): no part of the state.
    shown: set[tuple[int, str, int]] = field(default_factory=set)
    brakes: dict[int, Brakes] = field(default_factory=dict)
    vaults: dict[int, Vault] = field(default_factory=dict)
    vault_redemptions: dict[tuple[int, int], VaultRedemption] = field(default_factory=dict)
    standing_top_ups: dict[int, StandingTopUp] = field(default_factory=dict)
    actions_armed: int = 0
    actions: dict[int, Action] = field(default_factory=dict)
    entitlements: dict[tuple[int, int], Entitlement] = field(default_factory=dict)  # (action, account) -> its row
    # (action, kind of record) -> account -> (net, lent) at the instant: what the rows are made from, no part of them.
    asides: dict[tuple[int, int], dict[int, tuple[int, int]]] = field(default_factory=dict)

    @property
    def rules(self) -> int:
        """The version of the rules that the next command meets."""
        return rules_that_hold(self.rules_version)
