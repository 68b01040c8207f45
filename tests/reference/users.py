"""Users and their accounts."""

from typing import Any

from ringfence.schema.enums import AccountKind, CloseReason, Origin, Parameter
from ringfence.schema.rejects import Reject

from . import book, checks
from .state import Account, Refused, State, User

MOST_CANCELLED = 8_192


def give_account(state: State, user: int, sub_account: int, kind: AccountKind) -> int:
    number = state.next_account
    state.accounts[number] = Account(number, user, sub_account, int(kind))
    state.next_account += 1
    return number


def room_for_accounts(state: State, wanted: int) -> None:
    limit = state.parameters[Parameter.ACCOUNTS]
    if state.next_account + wanted > limit:
        raise Refused(Reject.VENUE_FULL, value=state.next_account, limit=limit)


def open_user(state: State, command: Any, emit: Any) -> None:
    checks.room(len(state.users), state.parameters[Parameter.USERS])
    room_for_accounts(state, 2)
    number = len(state.users) + 1
    main = give_account(state, number, 0, AccountKind.MAIN)
    fenced = give_account(state, number, 0, AccountKind.FENCED)
    state.users[number] = User(number, main, fenced, command.fee_tier)
    emit("UserOpened", account=main, user=number, fenced_account=fenced, fee_tier=command.fee_tier)


def open_account(state: State, command: Any, emit: Any) -> None:
    by_user = command.origin == Origin.USER
    if by_user:
        checks.open_account(state, command.account)
    user = checks.known_user(state, command.user)
    if by_user and state.accounts[command.account].user != command.user:
        raise Refused(Reject.NOT_ONE_USERS_ACCOUNTS, value=command.account, limit=user.main_account)
    room_for_accounts(state, 1)
    if command.sub_account != user.accounts - 1:
        raise Refused(Reject.SUB_ACCOUNT_NOT_NEXT, value=command.sub_account, limit=user.accounts - 1)
    limit = state.parameters[Parameter.ACCOUNTS_PER_USER]
    if user.accounts >= limit:
        raise Refused(Reject.ACCOUNTS_PER_USER_LIMIT, value=user.accounts, limit=limit)
    number = give_account(state, command.user, command.sub_account, AccountKind.SUB)
    user.accounts += 1
    emit("AccountOpened", account=number, user=command.user, sub_account=command.sub_account)


def set_user(state: State, command: Any, emit: Any) -> None:
    user = checks.known_user(state, command.user)
    user.user_flags, user.fee_tier = command.user_flags, command.fee_tier
    emit(
        "UserSet",
        account=user.main_account,
        user=user.user,
        user_flags=command.user_flags,
        fee_tier=command.fee_tier,
    )


def set_eligibility(state: State, command: Any, emit: Any) -> None:
    user = checks.known_user(state, command.user)
    names: tuple[str, ...] = ("buy_classes", "sell_classes", "hold_classes", "withdraw_classes")
    if state.rules >= 2:
        names += ("lend_classes", "receive_classes", "tax_relief_ppm")
        few_enough_orders(state, user, command)
    body = {name: getattr(command, name) for name in names}
    for name, value in body.items():
        setattr(user, name, value)
    emit("EligibilitySet", account=user.main_account, user=user.user, **body)
    if state.rules >= 2:
        cancel_not_eligible(state, user, emit)


def few_enough_orders(state: State, user: User, command: Any) -> None:
    lost = (user.buy_classes & ~command.buy_classes) | (user.sell_classes & ~command.sell_classes)
    count = sum(len(account.orders) for account in accounts_of(state, user))
    if lost and count > MOST_CANCELLED:
        raise Refused(Reject.ORDERS_IN_THE_WAY, value=count, limit=MOST_CANCELLED)


def accounts_of(state: State, user: User) -> list[Account]:
    return [account for _, account in sorted(state.accounts.items()) if account.user == user.user]


def cancel_not_eligible(state: State, user: User, emit: Any) -> None:
    for account in accounts_of(state, user):
        for order in list(account.orders.values()):
            market = state.markets[order.market]
            try:
                checks.eligible_to_trade(state, user, market, order.side)
            except Refused:
                book.close(state, market, order, CloseReason.NOT_ELIGIBLE, emit)
