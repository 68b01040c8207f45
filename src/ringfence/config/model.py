"""The tables of venue.toml. Prices, quantities, rates and factors are decimal texts, because a float is not exact."""

import msgspec

from ringfence.schema.enums import AssetKind, MarketKind, MarketState

ASSET_KINDS = {
    "crypto": AssetKind.CRYPTO,
    "cash": AssetKind.CASH,
    "share": AssetKind.SHARE,
    "tracker": AssetKind.TRACKER,
}
MARKET_STATES = {
    "open": MarketState.OPEN,
    "closed": MarketState.CLOSED,
    "cancel-only": MarketState.CANCEL_ONLY,
    "limit-only": MarketState.LIMIT_ONLY,
    "post-only": MarketState.POST_ONLY,
    "auction": MarketState.AUCTION,
}
MARKET_KINDS = {"spot": MarketKind.SPOT, "perpetual": MarketKind.PERPETUAL}
PRICE_SOURCE_KINDS = ("simulated", "recorded", "ccxt", "ringfence")


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of venue.toml; a name that it does not know is an error, not a silence."""


class SnapshotConfig(Table, frozen=True, kw_only=True):
    """When a snapshot is written: as soon as either has passed since the last one."""

    every_commands: int = 1_000_000
    every_minutes: int = 10
    keep: int = 3


class LimitsConfig(Table, frozen=True, kw_only=True):
    """What one caller of the API may do."""

    signed_requests_per_minute: int = 2_000
    public_requests_per_minute: int = 2_000


class FeeTierConfig(Table, frozen=True, kw_only=True):
    """The fees of a tier in a schedule, in basis points; a negative maker fee is a rebate."""

    schedule: int = 0
    tier: int = 0
    maker_bps: str
    taker_bps: str


class AssetConfig(Table, frozen=True, kw_only=True):
    """An asset to list."""

    symbol: str
    name: str
    kind: str
    decimals: int
    eligibility_class: int = 0
    cusip: str = ""


class PerpetualConfig(Table, frozen=True, kw_only=True):
    """What margin a position needs, how far positions may grow, and how mark and funding are made.

    A margin is the larger of its base and its factor times the root of the position's value in the cash unit. Limits
    are in units of the base asset, none without one. ``interest_rate`` is for eight hours, the bounds of the funding
    are for one; ``mark_bound`` is how far the mark may stand from the index, half of ``maintenance_base`` if it is not
    said, and at most 0.05. All rates are fractions.
    """

    initial_base: str
    initial_factor: str = "0"
    maintenance_base: str
    maintenance_factor: str = "0"
    position_limit: str | None = None
    open_interest_limit: str | None = None
    interest_rate: str = "0.0001"
    lowest_funding: str = "-0.01"
    highest_funding: str = "0.01"
    mark_bound: str | None = None


class BrakesConfig(Table, frozen=True, kw_only=True):
    """How far a market may trade from its reference, and what happens then; "0" switches a brake off.

    Fractions: ``band`` of a reference that stands for ``window_s``, beyond which the market halts for ``halt_s`` and
    reopens by an auction of ``auction_s``; ``stale`` and ``far`` of the mark, beyond which orders older than
    ``stale_age_s`` are retired. From ``interest_low`` to ``interest_high`` of open interest, in units of the base
    asset, the initial margin of a perpetual rises to all of the position.
    """

    band: str = "0"
    window_s: str = "300"
    halt_s: str = "0"
    auction_s: str = "60"
    stale: str = "0"
    far: str = "0"
    stale_age_s: str = "60"
    interest_low: str = "0"
    interest_high: str = "0"


class MarketConfig(Table, frozen=True, kw_only=True):
    """A market to list; bands are [lowest, highest] as factors of the reference price."""

    base: str
    quote: str
    tick: str
    step: str
    minimum_price: str | None = None
    maximum_price: str | None = None
    minimum_quantity: str | None = None
    maximum_quantity: str | None = None
    limit_band: list[str] | None = None
    impact_band: list[str] | None = None
    fee_schedule: int = 0
    state: str = "open"
    kind: str = "spot"
    perpetual: PerpetualConfig | None = None
    brakes: BrakesConfig | None = None

    @property
    def symbol(self) -> str:
        """Return the market's name on the wire."""
        suffix = "_PERP" if self.kind == "perpetual" else ""
        return f"{self.base}_{self.quote}{suffix}"


class UserConfig(Table, frozen=True, kw_only=True):
    """A user to open; ``deposits`` maps asset symbols to amounts, ``api_keys`` are public keys (base64)."""

    name: str
    fee_tier: int = 0
    eligible_classes: list[int] = []
    deposits: dict[str, str] = {}
    api_keys: list[str] = []


class CollateralConfig(Table, frozen=True, kw_only=True):
    """What of an asset's value counts as collateral, and what margin a debt in it needs; fractions of the value.

    A margin is the larger of its base and its factor times the root of the debt's value in the cash unit. With the
    haircut "inverse-sqrt" the weight of a holding is multiplied by base / (1 + penalty * root of its value). Of who
    cannot pay a loss it is sold in ``conversion_market``, not at all without one, and no further below the mark than
    ``conversion_discount``, a fraction of it.
    """

    asset: str
    weight: str
    initial_base: str
    initial_factor: str = "0"
    maintenance_base: str
    maintenance_factor: str = "0"
    haircut: str = "identity"
    haircut_base: str = "1"
    haircut_penalty: str = "0"
    conversion_market: str | None = None
    conversion_discount: str = "0.03"


class LendingPoolConfig(Table, frozen=True, kw_only=True):
    """How an asset is lent and borrowed: a year's rates at no, at optimal and at full use, and how far use may go.

    Without ``lend_limit`` a pool takes as much as it can count.
    """

    asset: str
    state: str = "open"
    rate_idle: str = "0"
    rate_optimal: str
    rate_full: str
    optimal_utilisation: str = "0.8"
    maximum_utilisation: str = "1"
    throttle_threshold: str = "1"
    throttle_bound: str = "1"
    throttle_update: str = "1"
    fee: str = "0"
    lend_limit: str | None = None


class SimulatedConfig(Table, frozen=True, kw_only=True):
    """The prices that all simulated sources look at: they wander from the first ones, but for the pegged."""

    seed: int = 7
    first_prices: dict[str, str] = {}
    pegged: list[str] = []


class PriceSourceConfig(Table, frozen=True, kw_only=True):
    """A source of quotes; its number is what the log knows it by, for good. What else it needs follows from its kind.

    ``symbols`` maps assets to the names that the source has for their markets.
    """

    number: int
    name: str
    kind: str
    exchange: str = ""
    url: str = ""
    quote: str = "USDC"
    symbols: dict[str, str] = {}
    path: str = ""
    speed: str = "1"


class PriceAssetConfig(Table, frozen=True, kw_only=True):
    """How the price of an asset is made; ``weights`` maps names of sources to how much each counts."""

    symbol: str
    weights: dict[str, int]
    minimum_sources: int = 3
    maximum_age_ms: int = 10_000
    clamp_bps: str = "100"
    update_cap_bps: str = "25"
    closed_haircut_bps: str = "0"


class PricesConfig(Table, frozen=True, kw_only=True):
    """Where prices come from and how they are made of it."""

    interval_ms: int = 1_000
    timeout_ms: int = 3_000
    simulated: SimulatedConfig = SimulatedConfig()
    sources: list[PriceSourceConfig] = []
    assets: list[PriceAssetConfig] = []


class VenueConfig(Table, frozen=True, kw_only=True):
    """The whole of venue.toml."""

    host: str = "127.0.0.1"
    port: int = 8000
    snapshots: SnapshotConfig = SnapshotConfig()
    limits: LimitsConfig = LimitsConfig()
    prices: PricesConfig = PricesConfig()
    parameters: dict[str, int] = {}
    fee_tiers: list[FeeTierConfig] = []
    assets: list[AssetConfig] = []
    markets: list[MarketConfig] = []
    collaterals: list[CollateralConfig] = []
    lending_pools: list[LendingPoolConfig] = []
    users: list[UserConfig] = []
