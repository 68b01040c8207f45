"""Users, their accounts, what they may do.  docs/rules.md, "Users and accounts"."""

from ..schema.commands import SetAction
from ..schema.enums import AccountKind, CloseReason, Origin, Parameter
from ..schema.rejects import Reject
from .admission import known_user, user_account
from .book import bought_asset, sold_asset
from .cancels import cancel
from .emit import emit, refuse
from .jit import cold, hot
from .records import ACCOUNT_OPENED, ELIGIBILITY_SET, USER_OPENED, USER_SET, EventKind, cast

RIGHTS_SINCE = SetAction.since
MOST_CANCELLED = 8_192
"""So many orders may be in the way when a right is taken away: one command cancels them all."""


@cold
def room_for_accounts(s, more):
    """Check that account numbers are left."""
    number, capacity = s.venue[0].next_account, s.parameters[Parameter.ACCOUNTS]
    return number + more <= capacity or refuse(s, Reject.VENUE_FULL, number, capacity)


@cold
def join_siblings(s, account):
    """Let the accounts of a user be found from his main account, in the order in which they were opened."""
    at = s.users[s.accounts[account].user].main_account
    if at == 0 or at == account:
        return
    while s.siblings[at] != 0:
        at = s.siblings[at]
    s.siblings[at] = account


@cold
def add_account(s, user, kind, sub_account):
    """Open the next account for a user and return its number."""
    number = s.venue[0].next_account
    s.venue[0].next_account += 1
    row = s.accounts[number]
    row.user, row.sub_account, row.account_kind = user, sub_account, kind
    join_siblings(s, number)
    s.users[user].accounts += 1
    return number


@cold
def open_user(s, c):
    """Open a user with a main and a fenced account."""
    users, capacity = s.venue[0].users, s.parameters[Parameter.USERS]
    if users >= capacity:
        return refuse(s, Reject.VENUE_FULL, users, capacity)
    if not room_for_accounts(s, 2):
        return False
    s.venue[0].users += 1
    user = s.venue[0].users
    row = s.users[user]
    row.user, row.fee_tier = user, c.fee_tier
    row.main_account = add_account(s, user, AccountKind.MAIN, 0)
    row.fenced_account = add_account(s, user, AccountKind.FENCED, 0)
    event = cast(s.events, emit(s, EventKind.USER_OPENED, row.main_account, 0), USER_OPENED)
    event.user = user
    event.fenced_account = row.fenced_account
    event.fee_tier = c.fee_tier
    return True


@cold
def open_account(s, c):
    """Open the next sub-account of a user."""
    by_user = c.origin == Origin.USER
    if by_user and not user_account(s, c.account):
        return False
    if not known_user(s, c.user):
        return False
    row = s.users[c.user]
    if by_user and s.accounts[c.account].user != c.user:
        return refuse(s, Reject.NOT_ONE_USERS_ACCOUNTS, c.account, row.main_account)
    if not room_for_accounts(s, 1):
        return False
    if c.sub_account != row.accounts - 1:
        return refuse(s, Reject.SUB_ACCOUNT_NOT_NEXT, c.sub_account, row.accounts - 1)
    if row.accounts >= s.parameters[Parameter.ACCOUNTS_PER_USER]:
        return refuse(s, Reject.ACCOUNTS_PER_USER_LIMIT, row.accounts, s.parameters[Parameter.ACCOUNTS_PER_USER])
    number = add_account(s, c.user, AccountKind.SUB, c.sub_account)
    event = cast(s.events, emit(s, EventKind.ACCOUNT_OPENED, number, 0), ACCOUNT_OPENED)
    event.user = c.user
    event.sub_account = c.sub_account
    return True


@cold
def set_user(s, c):
    """Set what is frozen for a user and his fee tier."""
    if not known_user(s, c.user):
        return False
    row = s.users[c.user]
    row.user_flags, row.fee_tier = c.user_flags, c.fee_tier
    event = cast(s.events, emit(s, EventKind.USER_SET, row.main_account, 0), USER_SET)
    event.user = c.user
    event.user_flags = c.user_flags
    event.fee_tier = c.fee_tier
    return True


@cold
def orders_of(s, user_row):
    """Return how many orders are open on all accounts of a user."""
    count, account = 0, user_row.main_account
    while account != 0:
        count += s.accounts[account].open_orders
        account = s.siblings[account]
    return count


@cold
def can_cancel(s, user_row, c):
    """Check that a user whose rights are taken away has no more orders than one command can cancel."""
    if s.venue[0].rules < RIGHTS_SINCE:
        return True
    lost = user_row.buy_classes & ~c.buy_classes | user_row.sell_classes & ~c.sell_classes
    count = orders_of(s, user_row) if lost != 0 else 0
    return count <= MOST_CANCELLED or refuse(s, Reject.ORDERS_IN_THE_WAY, count, MOST_CANCELLED)


@hot
def has_class(s, asset, classes):
    """Whether a mask has the class of an asset; class 0 is for everybody."""
    number = s.assets[asset].eligibility_class
    return number == 0 or classes >> number & 1 == 1


@cold
def cancel_not_eligible(s, user_row):
    """Cancel the orders that a user could not place any more."""
    account = user_row.main_account
    while account != 0:
        slot = s.accounts[account].first_order
        while slot != 0:
            following, order = s.orders[slot].account_next, s.orders[slot]
            market = s.markets[order.market]
            buys = has_class(s, bought_asset(market, order.side), user_row.buy_classes)
            sells = has_class(s, sold_asset(market, order.side), user_row.sell_classes)
            if not (buys and sells):
                cancel(s, slot, CloseReason.NOT_ELIGIBLE.value)
            slot = following
        account = s.siblings[account]


@cold
def set_eligibility(s, c):
    """Set which classes of assets a user may buy, sell, hold and withdraw."""
    if not known_user(s, c.user):
        return False
    row, rights = s.users[c.user], s.user_rights[c.user]
    if not can_cancel(s, row, c):
        return False
    row.buy_classes, row.sell_classes = c.buy_classes, c.sell_classes
    row.hold_classes, row.withdraw_classes = c.hold_classes, c.withdraw_classes
    event = cast(s.events, emit(s, EventKind.ELIGIBILITY_SET, row.main_account, 0), ELIGIBILITY_SET)
    event.user = c.user
    event.buy_classes = c.buy_classes
    event.sell_classes = c.sell_classes
    event.hold_classes = c.hold_classes
    event.withdraw_classes = c.withdraw_classes
    if s.venue[0].rules >= RIGHTS_SINCE:
        rights.lend_classes, rights.receive_classes = c.lend_classes, c.receive_classes
        rights.tax_relief_ppm = c.tax_relief_ppm
        event.lend_classes, event.receive_classes = c.lend_classes, c.receive_classes
        event.tax_relief_ppm = c.tax_relief_ppm
        cancel_not_eligible(s, row)
    return True
