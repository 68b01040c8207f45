"""Assets and markets: listing them, and changing what a market accepts.  docs/rules.md, "The venue's settings"."""

from ..schema.commands import SetPerpetual
from ..schema.enums import AssetKind, Delisting, MarketKind, MarketState, Parameter
from ..schema.fields import MAX_ATOMS
from ..schema.rejects import Reject
from .admission import known_asset, known_market
from .bits import checked_multiply
from .brakes import is_braked, set_state_of_auction
from .emit import emit, refuse, refuse_asset, refuse_field
from .jit import cold, hot
from .records import (
    ASSET_LISTED,
    FEE_TIER_SET,
    MARKET_LIMITS_SET,
    MARKET_LISTED,
    MARKET_STATE_SET,
    PRICE_BANDS_SET,
    EventKind,
    cast,
)
from .valuation import set_worth

PERPETUALS_SINCE = SetPerpetual.since
MOST_DECIMALS = 8
STATE_FIELD = 10
"""The place of ``state`` in ListMarket."""
SYMBOL_BYTES, NAME_BYTES, CUSIP_BYTES = 16, 32, 16
UPPER_A, UPPER_Z, DIGIT_0, DIGIT_9, POINT = ord("A"), ord("Z"), ord("0"), ord("9"), ord(".")


@cold
def is_text(letters, length, symbol):
    """Whether ``length`` bytes are allowed letters, then zeros; a symbol has at least one and fewer to choose from."""
    ended = False
    for i in range(length):
        letter = letters[i]
        if letter == 0:
            ended = True
        elif ended or letter < 32 or letter > 126:
            return False
        elif symbol and not (UPPER_A <= letter <= UPPER_Z or DIGIT_0 <= letter <= DIGIT_9 or letter == POINT):
            return False
    return not symbol or letters[0] != 0


@cold
def same_symbol(a, b):
    """Whether two symbols are equal."""
    for i in range(SYMBOL_BYTES):
        if a.symbol[i] != b.symbol[i]:
            return False
    return True


@cold
def is_alias(s, row, c):
    """Whether a symbol is one that an asset had, and that is still kept for it."""
    if row.alias_us <= s.venue[0].time_us:
        return False
    for i in range(SYMBOL_BYTES):
        if row.former_symbol[i] != c.symbol[i]:
            return False
    return True


@cold
def symbol_taken(s, c, own_asset):
    """Return which other asset has a symbol, or had it not long ago; 0 for none."""
    for asset in range(1, s.venue[0].assets + 1):
        row = s.assets[asset]
        if asset != own_asset and (same_symbol(row, c) or is_alias(s, row, c)):
            return asset
    return 0


@cold
def asset_listable(s, c):
    """Check room, texts and that the symbol is new."""
    assets, capacity = s.venue[0].assets, s.parameters[Parameter.ASSETS]
    if assets >= capacity:
        return refuse(s, Reject.VENUE_FULL, assets, capacity)
    if not is_text(c.symbol, SYMBOL_BYTES, True):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 1)
    if not is_text(c.name, NAME_BYTES, False):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 2)
    if not is_text(c.cusip, CUSIP_BYTES, False):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 3)
    taken = symbol_taken(s, c, 0)
    return taken == 0 or refuse(s, Reject.SYMBOL_IN_USE, taken, 0)


@cold
def copy_asset(source, target):
    """Copy what describes an asset."""
    for i in range(SYMBOL_BYTES):
        target.symbol[i] = source.symbol[i]
        target.cusip[i] = source.cusip[i]
    for i in range(NAME_BYTES):
        target.name[i] = source.name[i]
    target.asset_kind = source.asset_kind
    target.decimals = source.decimals
    target.eligibility_class = source.eligibility_class


@cold
def list_asset(s, c):
    """List an asset under the next number."""
    if not asset_listable(s, c):
        return False
    s.venue[0].assets += 1
    asset = s.venue[0].assets
    row = s.assets[asset]
    row.asset = asset
    copy_asset(c, row)
    set_worth(s, asset)
    event = cast(s.events, emit(s, EventKind.ASSET_LISTED, c.account, 0), ASSET_LISTED)
    event.asset = asset
    copy_asset(c, event)
    return True


@cold
def ranges_in_order(s, c):
    """Check that each minimum is at most its maximum, price first."""
    if c.minimum_price_ticks > c.maximum_price_ticks:
        return refuse(s, Reject.RANGE_REVERSED, c.minimum_price_ticks, c.maximum_price_ticks)
    if c.minimum_quantity_lots > c.maximum_quantity_lots:
        return refuse(s, Reject.RANGE_REVERSED, c.minimum_quantity_lots, c.maximum_quantity_lots)
    return True


@cold
def quote_factor_of(s, c):
    """Return the quote atoms of one tick times one lot, 0 if they are not a whole number."""
    return quote_factor_of_grid(s, c.base_asset, c.tick_atoms, c.lot_atoms)


@cold
def quote_factor_of_grid(s, base_asset, tick_atoms, lot_atoms):
    """Return the same for a market that is there."""
    product, overflow = checked_multiply(tick_atoms, lot_atoms)
    unit = 1
    for _ in range(s.assets[base_asset].decimals):
        unit *= 10
    if overflow or product > MAX_ATOMS or product % unit != 0:
        return 0
    return product // unit


@hot
def kind_of(s, c):
    """Return what kind of market is to be listed; under the first rules there is one."""
    return c.market_kind if s.venue[0].rules >= PERPETUALS_SINCE else MarketKind.SPOT.value


@cold
def market_listable(s, c):
    """Check the assets, room, that the pair is new, the factor and the ranges."""
    if not (known_asset(s, c.base_asset) and known_asset(s, c.quote_asset)):
        return False
    if c.base_asset == c.quote_asset:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, 2)
    kind = kind_of(s, c)
    if kind != MarketKind.SPOT and not can_pay_contracts(s.assets[c.quote_asset]):
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, 2)
    if c.state == MarketState.AUCTION:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, STATE_FIELD)
    markets, capacity = s.venue[0].markets, s.parameters[Parameter.MARKETS]
    if markets >= capacity:
        return refuse(s, Reject.VENUE_FULL, markets, capacity)
    for market in range(1, markets + 1):
        row = s.markets[market]
        if row.base_asset == c.base_asset and row.quote_asset == c.quote_asset and row.market_kind == kind:
            return refuse(s, Reject.SYMBOL_IN_USE, market, 0)
    if quote_factor_of(s, c) == 0:
        return refuse(s, Reject.FACTOR_NOT_INTEGER, 0, 0)
    return ranges_in_order(s, c)


@cold
def copy_limits(source, target):
    """Copy price range, quantity range and fee schedule."""
    target.minimum_price_ticks = source.minimum_price_ticks
    target.maximum_price_ticks = source.maximum_price_ticks
    target.minimum_quantity_lots = source.minimum_quantity_lots
    target.maximum_quantity_lots = source.maximum_quantity_lots
    target.fee_schedule = source.fee_schedule


@cold
def list_market(s, c):
    """List a market under the next number."""
    if not market_listable(s, c):
        return False
    s.venue[0].markets += 1
    market = s.venue[0].markets
    row = s.markets[market]
    row.market, row.base_asset, row.quote_asset = market, c.base_asset, c.quote_asset
    row.tick_atoms, row.lot_atoms, row.quote_factor = c.tick_atoms, c.lot_atoms, quote_factor_of(s, c)
    row.book_sequence, row.listed_us, row.state = s.venue[0].sequence, s.venue[0].time_us, c.state
    row.market_kind = kind_of(s, c)
    copy_limits(c, row)
    event = cast(s.events, emit(s, EventKind.MARKET_LISTED, c.account, market), MARKET_LISTED)
    event.base_asset, event.quote_asset = c.base_asset, c.quote_asset
    event.tick_atoms, event.lot_atoms, event.quote_factor = c.tick_atoms, c.lot_atoms, row.quote_factor
    event.state, event.market_kind = c.state, row.market_kind
    copy_limits(c, event)
    return True


@cold
def set_market_state(s, c):
    """Open, close or restrict a market."""
    if not known_market(s, c.market):
        return False
    if s.perpetuals[c.market].delisting != Delisting.LISTED:
        return refuse(s, Reject.MARKET_DELISTED, c.market, 0)
    asset = s.markets[c.market].base_asset
    if s.prices[asset].frozen_units != 0 and c.state != MarketState.CLOSED and c.state != MarketState.CANCEL_ONLY:
        return refuse_asset(s, Reject.NOT_CONTINUOUS, s.prices[asset].index_units, s.prices[asset].frozen_units, asset)
    if c.state == MarketState.AUCTION or is_braked(s, c.market):
        return set_state_of_auction(s, c)
    s.markets[c.market].state = c.state
    event = cast(s.events, emit(s, EventKind.MARKET_STATE_SET, c.account, c.market), MARKET_STATE_SET)
    event.state = c.state
    return True


@cold
def set_market_limits(s, c):
    """Change the ranges and the fee schedule of a market."""
    if not (known_market(s, c.market) and ranges_in_order(s, c)):
        return False
    copy_limits(c, s.markets[c.market])
    event = cast(s.events, emit(s, EventKind.MARKET_LIMITS_SET, c.account, c.market), MARKET_LIMITS_SET)
    copy_limits(c, event)
    return True


@hot
def can_pay_contracts(asset):
    """Whether contracts may be paid in an asset: cash whose sums over a whole market can be counted."""
    return asset.asset_kind == AssetKind.CASH and asset.decimals <= MOST_DECIMALS


@cold
def band_in_order(s, minimum_ppm, maximum_ppm):
    """Check a pair of multipliers where both are set."""
    if minimum_ppm != 0 and maximum_ppm != 0 and minimum_ppm > maximum_ppm:
        return refuse(s, Reject.RANGE_REVERSED, minimum_ppm, maximum_ppm)
    return True


@cold
def copy_bands(source, target):
    """Copy the four multipliers."""
    target.limit_maximum_ppm = source.limit_maximum_ppm
    target.limit_minimum_ppm = source.limit_minimum_ppm
    target.impact_maximum_ppm = source.impact_maximum_ppm
    target.impact_minimum_ppm = source.impact_minimum_ppm


@cold
def set_price_bands(s, c):
    """Set the bands of a market."""
    if not (
        known_market(s, c.market)
        and band_in_order(s, c.limit_minimum_ppm, c.limit_maximum_ppm)
        and band_in_order(s, c.impact_minimum_ppm, c.impact_maximum_ppm)
    ):
        return False
    copy_bands(c, s.markets[c.market])
    event = cast(s.events, emit(s, EventKind.PRICE_BANDS_SET, c.account, c.market), PRICE_BANDS_SET)
    copy_bands(c, event)
    return True


@cold
def set_fee_tier(s, c):
    """Set the fees of a tier in a schedule."""
    row = s.fee_tiers[c.fee_schedule * 16 + c.fee_tier]
    row.maker_ppm, row.taker_ppm = c.maker_ppm, c.taker_ppm
    event = cast(s.events, emit(s, EventKind.FEE_TIER_SET, c.account, 0), FEE_TIER_SET)
    event.fee_schedule, event.fee_tier = c.fee_schedule, c.fee_tier
    event.maker_ppm, event.taker_ppm = c.maker_ppm, c.taker_ppm
    return True
