"""The checks that several commands share; each raises ``Refused``."""

from ringfence.schema.enums import (
    BALANCE_HEADROOM,
    AccountKind,
    BrakePhase,
    Delisting,
    HouseAccount,
    MarketState,
    Parameter,
    UserFlag,
)
from ringfence.schema.fields import MAX_ATOMS
from ringfence.schema.rejects import Reject

from . import money
from .state import BID, Asset, Market, Refused, State, User

HOUSE_ACCOUNTS = frozenset(range(HouseAccount.CUSTODY, HouseAccount.NETWORK_FEES + 1))
"""Those that funds may be moved between; what POOL holds follows from its claims and debts alone."""
SINCE_LIQUIDATION = HOUSE_ACCOUNTS | {int(HouseAccount.FUND), int(HouseAccount.SKIN), int(HouseAccount.COMPENSATION)}
"""The same under the second rules."""


def open_account(state: State, account: int) -> User:
    """Return the user of an open user account."""
    if account not in state.accounts:
        raise Refused(Reject.UNKNOWN_ACCOUNT, value=account)
    return state.users[state.accounts[account].user]


def known_user(state: State, user: int) -> User:
    if user not in state.users:
        raise Refused(Reject.UNKNOWN_USER, value=user)
    return state.users[user]


def known_asset(state: State, asset: int) -> Asset:
    if asset not in state.assets:
        raise Refused(Reject.UNKNOWN_ASSET, value=asset)
    return state.assets[asset]


def known_market(state: State, market: int) -> Market:
    if market not in state.markets:
        raise Refused(Reject.UNKNOWN_MARKET, value=market)
    return state.markets[market]


def not_frozen(user: User, flag: UserFlag, reject: Reject) -> None:
    if user.user_flags & flag:
        raise Refused(reject, value=user.user)


def eligible(user: User, mask: int, asset: Asset, reject: Reject) -> None:
    """Class 0 is for everybody; class c needs bit c of the mask."""
    wanted = asset.eligibility_class
    if wanted and not mask >> wanted & 1:
        raise Refused(reject, value=user.user, limit=wanted, asset=asset.asset)


def eligible_to_trade(state: State, user: User, market: Market, side: int) -> None:
    """What it buys first, then what it sells."""
    base, quote = state.assets[market.base_asset], state.assets[market.quote_asset]
    bought, sold = (base, quote) if side == BID else (quote, base)
    eligible(user, user.buy_classes, bought, Reject.NOT_ELIGIBLE_TO_BUY)
    eligible(user, user.sell_classes, sold, Reject.NOT_ELIGIBLE_TO_SELL)


def may_trade(account_kind: int, account: int) -> None:
    if account_kind == AccountKind.FENCED:
        raise Refused(Reject.ACCOUNT_CANNOT_TRADE, value=account)


def market_takes_orders(market: Market) -> None:
    if market.state == MarketState.CLOSED:
        raise Refused(Reject.MARKET_CLOSED)
    if market.state == MarketState.CANCEL_ONLY:
        raise Refused(Reject.MARKET_CANCEL_ONLY)
    if market.brakes and market.brakes.phase == BrakePhase.UNCROSSING:
        raise Refused(Reject.MARKET_UNCROSSING)


def room(rows: int, limit: int) -> None:
    if rows >= limit:
        raise Refused(Reject.VENUE_FULL, value=rows, limit=limit)


def balance_rows(state: State) -> None:
    rows = len(state.balances) + len(state.withdrawals) + len(state.positions) + len(state.vault_redemptions)
    rows += len(state.entitlements)
    limit = state.parameters[Parameter.BALANCES]
    if rows + BALANCE_HEADROOM > limit:
        raise Refused(Reject.VENUE_FULL, value=rows, limit=limit)


def funds(asset: int, needed: int, limit: int) -> None:
    """Refuse when more is needed than there is.

    A need may exceed what an atoms field can say; no balance reaches there, so that its top value stands for it.
    """
    if needed > limit:
        raise Refused(Reject.INSUFFICIENT_FUNDS, value=min(needed, MAX_ATOMS), limit=limit, asset=asset)


def available_funds(state: State, account: int, asset: int, needed: int) -> None:
    funds(asset, needed, money.available(state, account, asset))


def not_delisted(state: State, market: Market) -> None:
    perpetual = state.perpetuals.get(market.market)
    if perpetual and perpetual.delisting != Delisting.LISTED:
        raise Refused(Reject.MARKET_DELISTED, value=market.market)


def not_deleveraged(state: State, market: Market) -> None:
    if any(wave.market == market.market for wave in state.waves.values()):
        raise Refused(Reject.MARKET_DELEVERAGING)


def range_not_reversed(minimum: int, maximum: int) -> None:
    if minimum > maximum:
        raise Refused(Reject.RANGE_REVERSED, value=minimum, limit=maximum)
