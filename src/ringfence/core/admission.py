"""Checks that several commands share: each answers True or remembers the refusal.  docs/rules.md orders them."""

from ..schema.enums import (
    BALANCE_HEADROOM,
    FIRST_USER_ACCOUNT,
    AccountKind,
    BrakePhase,
    HouseAccount,
    MarketKind,
    MarketState,
    OrderType,
    Parameter,
    TimeInForce,
    UserFlag,
    WavePhase,
)
from ..schema.rejects import Reject
from .book import bought_asset, sold_asset
from .emit import refuse, refuse_asset
from .jit import cold, hot
from .state import BALANCES, ENTITLEMENTS, POSITIONS, VAULT_REDEMPTIONS, WITHDRAWALS

TRADING_FROZEN = int(UserFlag.TRADING_FROZEN)
WITHDRAWALS_FROZEN = int(UserFlag.WITHDRAWALS_FROZEN)
TRANSFERS_FROZEN = int(UserFlag.TRANSFERS_FROZEN)


@hot
def is_user_account(s, account):
    """Whether a number belongs to an open account of a user."""
    return FIRST_USER_ACCOUNT <= account < s.venue[0].next_account


@hot
def is_house_account(account):
    """Whether a number belongs to a house account."""
    return 1 <= account <= HouseAccount.NETWORK_FEES or HouseAccount.FUND <= account <= HouseAccount.COMPENSATION


@hot
def user_account(s, account):
    """Check that the account is an open account of a user."""
    return is_user_account(s, account) or refuse(s, Reject.UNKNOWN_ACCOUNT, account, 0)


@hot
def has_case(s, account):
    """Whether an account is being liquidated."""
    return s.accounts[account].case_slot != 0


@hot
def not_liquidating(s, account):
    """Check that an account is not being liquidated."""
    slot = s.accounts[account].case_slot
    return slot == 0 or refuse(s, Reject.ACCOUNT_LIQUIDATING, account, s.cases[slot].id)


@hot
def not_vaults(s, account):
    """Check that an account is not that of a vault, which nobody trades from."""
    vault = s.accounts[account].vault
    return vault == 0 or refuse(s, Reject.VAULT_ACCOUNT, account, vault)


@hot
def not_a_share(s, asset):
    """Check that an asset is not the share of a vault, which is issued here and nowhere else."""
    return s.assets[asset].vault == 0 or refuse_asset(s, Reject.SHARES_STAY, 0, 0, asset)


@hot
def is_deleveraging(s, market):
    """Whether a market is being deleveraged, so that nobody may trade in it."""
    return s.waves[0].phase != WavePhase.NOTHING and s.waves[0].market == market


@hot
def not_deleveraging(s, market):
    """Check that a market is not being deleveraged."""
    return not is_deleveraging(s, market) or refuse(s, Reject.MARKET_DELEVERAGING, 0, 0)


@hot
def known_market(s, market):
    """Check that the market is listed."""
    return 1 <= market <= s.venue[0].markets or refuse(s, Reject.UNKNOWN_MARKET, market, 0)


@hot
def known_asset(s, asset):
    """Check that the asset is listed."""
    return 1 <= asset <= s.venue[0].assets or refuse(s, Reject.UNKNOWN_ASSET, asset, 0)


@hot
def known_user(s, user):
    """Check that the user is open."""
    return 1 <= user <= s.venue[0].users or refuse(s, Reject.UNKNOWN_USER, user, 0)


@hot
def trading_account(s, account):
    """Check that the account may trade at all."""
    if s.accounts[account].account_kind == AccountKind.FENCED:
        return refuse(s, Reject.ACCOUNT_CANNOT_TRADE, account, 0)
    return True


@hot
def not_frozen(s, user, flag, reject):
    """Check a freeze flag of a user."""
    return s.users[user].user_flags & flag == 0 or refuse(s, reject, user, 0)


@hot
def in_class(s, user, asset, mask, reject):
    """Check an asset's class against one of the user's masks."""
    asset_class = s.assets[asset].eligibility_class
    if asset_class == 0 or (mask >> asset_class) & 1 == 1:
        return True
    return refuse_asset(s, reject, user, asset_class, asset)


@hot
def eligible_to_trade(s, user, market, side):
    """Check that the user may buy what the order buys and sell what it sells."""
    row = s.users[user]
    return in_class(s, user, bought_asset(market, side), row.buy_classes, Reject.NOT_ELIGIBLE_TO_BUY) and in_class(
        s, user, sold_asset(market, side), row.sell_classes, Reject.NOT_ELIGIBLE_TO_SELL
    )


@cold
def eligible_to_lend(s, account, asset):
    """Check that the owner of an account may lend an asset."""
    user = s.accounts[account].user
    return in_class(s, user, asset, s.user_rights[user].lend_classes, Reject.NOT_ELIGIBLE_TO_LEND)


@cold
def eligible_to_hold(s, account, asset):
    """Check that an account may be given an asset; house accounts may."""
    if not is_user_account(s, account):
        return True
    user = s.accounts[account].user
    return in_class(s, user, asset, s.users[user].hold_classes, Reject.NOT_ELIGIBLE_TO_HOLD)


@hot
def rows_left(s):
    """Check that a command which may add balance rows finds enough."""
    # A withdrawal that comes back may need a row and cannot be refused, so each that is pending counts as one; so does
    # each position, whose profit is paid without a question, and each redemption that waits for a vault.
    rows = s.pools[BALANCES].rows + s.pools[WITHDRAWALS].rows + s.pools[POSITIONS].rows
    rows += s.pools[VAULT_REDEMPTIONS].rows + s.pools[ENTITLEMENTS].rows
    capacity = s.parameters[Parameter.BALANCES]
    return rows + BALANCE_HEADROOM <= capacity or refuse(s, Reject.VENUE_FULL, rows, capacity)


@hot
def accepts_orders(s, market):
    """Check that the market is in a state that accepts orders at all."""
    return market.state == MarketState.OPEN or accepts_some(s, market)


@cold
def accepts_some(s, market):
    """As ``accepts_orders``, for a market that is not simply open."""
    if market.state == MarketState.CLOSED:
        return refuse(s, Reject.MARKET_CLOSED, 0, 0)
    if market.state == MarketState.CANCEL_ONLY:
        return refuse(s, Reject.MARKET_CANCEL_ONLY, 0, 0)
    if s.brakes[market.market].phase == BrakePhase.UNCROSSING:
        return refuse(s, Reject.MARKET_UNCROSSING, 0, 0)
    return True


@cold
def takes_kind(s, market, order_type, time_in_force):
    """Check that a market which is not simply open takes orders of a type."""
    if order_type == OrderType.MARKET and market.state == MarketState.LIMIT_ONLY:
        return refuse(s, Reject.MARKET_LIMIT_ONLY, 0, 0)
    if order_type == OrderType.MARKET and market.state == MarketState.POST_ONLY:
        return refuse(s, Reject.MARKET_POST_ONLY, 0, 0)
    waits = order_type == OrderType.LIMIT and time_in_force == TimeInForce.GTC
    if market.state == MarketState.AUCTION and not waits:
        return refuse(s, Reject.MARKET_IN_AUCTION, 0, 0)
    return True


@hot
def is_spot(market):
    """Whether the asset itself is traded, and not a contract on it."""
    return market.market_kind == MarketKind.SPOT


@hot
def price_in_range(s, market, price_ticks):
    """Check a limit price against the market's range."""
    if price_ticks < market.minimum_price_ticks:
        return refuse(s, Reject.PRICE_BELOW_MINIMUM, price_ticks, market.minimum_price_ticks)
    if price_ticks > market.maximum_price_ticks:
        return refuse(s, Reject.PRICE_ABOVE_MAXIMUM, price_ticks, market.maximum_price_ticks)
    return True


@hot
def least_lots(market, reduces):
    """Return the least quantity of an order; what only reduces a position may be what is left of it."""
    return 1 if reduces else market.minimum_quantity_lots


@hot
def quantity_in_range(s, market, quantity_lots, reduces):
    """Check a quantity against the market's range."""
    least = least_lots(market, reduces)
    if quantity_lots < least:
        return refuse(s, Reject.QUANTITY_BELOW_MINIMUM, quantity_lots, least)
    if quantity_lots > market.maximum_quantity_lots:
        return refuse(s, Reject.QUANTITY_ABOVE_MAXIMUM, quantity_lots, market.maximum_quantity_lots)
    return True
