"""Settlement (rules 2): every ten seconds losers pay into CLEARING, then winners are paid from it, page by page."""

from typing import Any

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    AccountFlag,
    CloseReason,
    Delisting,
    HouseAccount,
    LoanSource,
    MoveCause,
    TriggerEnd,
)

from . import book, margin, paying, pools, positions, triggers
from .money import available, move
from .positions import CLEARING
from .state import Market, Perpetual, Position, State
from .values import FRESH_OR_CLOSED, price_state

TICK_US = 10_000_000
POSITIONS_A_PAGE, ACCOUNTS_A_PAGE, EVENTS_A_COMMAND = 8_192, 65_536, 8_192
COLLECTING, CONVERTING, PAYING = 1, 2, 3
BEFORE_THE_FIRST, LAST_ACCOUNT = FIRST_USER_ACCOUNT - 1, FIRST_USER_ACCOUNT - 2
SUMS = ("collected_atoms", "short_atoms", "due_atoms", "paid_atoms")


def tick(state: State, emit: Any) -> None:
    """Begin a settlement when it is time, and do one page of what is under way."""
    now = state.time_us // TICK_US
    if state.settling == 0 and not state.waves and now > state.settled_tick:
        state.settled_tick = now
        begin(state)
    if state.settling in (COLLECTING, PAYING):
        page(state, emit)


def continue_settlement(state: State, command: Any, emit: Any) -> None:
    if state.settling in (COLLECTING, PAYING):
        page(state, emit)


def begin(state: State) -> None:
    if any(perpetual.mark_ticks for perpetual in state.perpetuals.values()):
        state.settling, state.settled_account = COLLECTING, BEFORE_THE_FIRST
    for perpetual in state.perpetuals.values():
        if perpetual.delisting == Delisting.ANNOUNCED:
            perpetual.delisting = int(Delisting.CLOSING)
        perpetual.settle_ticks = perpetual.mark_ticks
        if perpetual.mark_ticks:
            for name in SUMS:
                setattr(perpetual, name, 0)


def page(state: State, emit: Any) -> None:
    met = accounts = 0
    while met < POSITIONS_A_PAGE and accounts < ACCOUNTS_A_PAGE:
        account = after(state, state.settled_account)
        if state.settling == COLLECTING:
            end_triggers(state, account, emit)
        for market in positions.of_account(state, account):
            if state.perpetuals[market.market].settle_ticks:
                settle(state, account, market, emit)
                met += 1
        accounts += 1
        state.settled_account = account
        if account == LAST_ACCOUNT:
            end_of_round(state, emit)
            return
        if emit.told() >= EVENTS_A_COMMAND:
            return


def after(state: State, account: int) -> int:
    """Return the account that comes next: those of users first, then those of the house."""
    following = account + 1
    return following if following < BEFORE_THE_FIRST or following < state.next_account else 1


def end_of_round(state: State, emit: Any) -> None:
    if state.settling == COLLECTING:
        end_delisting(state)
        state.settling = CONVERTING
        pay_winners_unless_somebody_is_short(state)
        return
    state.settling = 0
    for number in sorted(state.perpetuals):
        perpetual = state.perpetuals[number]
        moved = perpetual.collected_atoms or perpetual.short_atoms or perpetual.due_atoms
        if perpetual.settle_ticks and moved:
            sums = {name: getattr(perpetual, name) for name in SUMS}
            left = {"mark_ticks": perpetual.settle_ticks, "left_atoms": perpetual.clearing_atoms}
            emit("Settled", account=0, market=number, **sums, **left)


def pay_winners_unless_somebody_is_short(state: State) -> None:
    if not any(row.due_atoms < 0 for row in state.positions.values()):
        state.settling, state.settled_account = PAYING, BEFORE_THE_FIRST


def end_delisting(state: State) -> None:
    for perpetual in state.perpetuals.values():
        if perpetual.delisting == Delisting.CLOSING:
            perpetual.delisting = int(Delisting.ENDED)


def settle(state: State, account: int, market: Market, emit: Any) -> None:
    perpetual, position = state.perpetuals[market.market], state.positions[account, market.market]
    if state.settling == PAYING:
        pay(state, position, market, perpetual, emit)
    elif perpetual.delisting == Delisting.CLOSING:
        end_position(state, account, market, emit)
    else:
        take(state, position, market, emit)


def end_triggers(state: State, account: int, emit: Any) -> None:
    """End the triggers of an account in markets that are delisted."""
    for trigger in triggers.of_account(state, account, 0):
        perpetual = state.perpetuals.get(trigger.market)
        if perpetual and perpetual.delisting == Delisting.CLOSING:
            triggers.end(state, trigger, TriggerEnd.DELISTED, emit)


def end_position(state: State, account: int, market: Market, emit: Any) -> None:
    """Close the orders of an account in a market that is delisted, settle what it has, and let CLEARING have it."""
    if account in state.accounts:
        for order in list(state.accounts[account].orders.values()):
            if order.market == market.market:
                book.close(state, market, order, CloseReason.MARKET_DELISTED, emit)
    if position := state.positions.get((account, market.market)):
        take(state, position, market, emit)
    position = state.positions.get((account, market.market))
    if position is None or position.net_lots == 0 or account == CLEARING:
        return
    lots = position.net_lots
    cost = lots * state.perpetuals[market.market].settle_ticks * market.quote_factor
    positions.change(state, account, market, -lots, -cost, 0)
    positions.change(state, CLEARING, market, lots, cost, 0)


def loss_of(state: State, position: Position, market: Market) -> int:
    """Return what a position has lost at the price of the settlement, below zero what it has won."""
    worth = position.net_lots * state.perpetuals[market.market].settle_ticks * market.quote_factor
    return position.reference_atoms - worth


def take(state: State, position: Position, market: Market, emit: Any) -> None:
    perpetual = state.perpetuals[market.market]
    positions.touch(state, position, market)
    lost = loss_of(state, position, market)
    if lost < 0:
        position.due_atoms = -lost
        perpetual.due_atoms -= lost
    elif lost > 0:
        collect(state, position, market, lost, emit)
    positions.gone_if_empty(state, position)


def collect(state: State, position: Position, market: Market, owed: int, emit: Any) -> None:
    """Take what the account has, then what it lent, then what it may borrow."""
    account, asset, perpetual = position.account, market.quote_asset, state.perpetuals[market.market]
    if asset in state.lending_pools and account >= FIRST_USER_ACCOUNT:
        redeem_and_borrow(state, account, asset, owed, emit)
    missing = owed - give(state, position, market, owed)
    perpetual.short_atoms += missing
    if account >= FIRST_USER_ACCOUNT:
        position.due_atoms = -missing


def give(state: State, position: Position, market: Market, owed: int) -> int:
    """Let a position pay of what it owes what its account has; returns how much that is."""
    asset, perpetual = market.quote_asset, state.perpetuals[market.market]
    paid = min(owed, available(state, position.account, asset))
    move(state, position.account, CLEARING, asset, paid)
    position.reference_atoms -= paid
    perpetual.clearing_atoms += paid
    perpetual.collected_atoms += paid
    return paid


def redeem_and_borrow(state: State, account: int, asset: int, owed: int, emit: Any, *, always: bool = False) -> None:
    pool, told = state.lending_pools[asset], pools.Told(state, emit, account, asset, LoanSource.SETTLEMENT)
    missing = owed - available(state, account, asset)
    if (redeemed := min(missing, pools.claim(state, account, asset), pools.redeemable(state, pool))) > 0:
        told.redeem(redeemed)
        missing -= redeemed
    borrowed = min(missing, pools.borrowable(state, pool, pools.lent(pool)))
    if borrowed > 0 and may_borrow(state, account, asset, always=always) and is_sound(state, account):
        told.borrow(borrowed)


def is_sound(state: State, account: int) -> bool:
    """Whether an account has what its debts and positions must keep: lenders do not pay for losses."""
    found = margin.measure(state, account, strict=True)
    return found.equity >= found.maintenance


def may_borrow(state: State, account: int, asset: int, *, always: bool) -> bool:
    found = state.accounts[account]
    holds, wanted = state.users[found.user].hold_classes, state.assets[asset].eligibility_class
    return bool(
        (always or found.account_flags & AccountFlag.AUTO_BORROW_SETTLEMENTS)
        and pools.is_open(state, state.lending_pools[asset])
        and pools.claim(state, account, asset) == 0
        and price_state(state, asset) in FRESH_OR_CLOSED
        and (wanted == 0 or holds >> wanted & 1)
    )


def pay(state: State, position: Position, market: Market, perpetual: Perpetual, emit: Any) -> None:
    """Pay the part of what is due that CLEARING had for all when the payments began."""
    if not position.due_atoms:
        return
    pot = perpetual.clearing_atoms + perpetual.paid_atoms
    paid = position.due_atoms * min(pot, perpetual.due_atoms) // perpetual.due_atoms
    move(state, CLEARING, position.account, market.quote_asset, paid)
    if position.account == HouseAccount.FUND and paid:
        body = {"asset": market.quote_asset, "amount_atoms": paid, "reference": market.market, "source": 0}
        emit(
            "FundsMoved", account=CLEARING, market=0, to_account=position.account, cause=int(MoveCause.SETTLED), **body
        )
    position.due_atoms = 0
    position.reference_atoms += paid
    perpetual.paid_atoms += paid
    perpetual.clearing_atoms -= paid
    positions.gone_if_empty(state, position)
    paying.credit_account(state, emit, position.account, market.quote_asset, paid)
