"""The commands of liquidation (rules 2): opening cases, a case's turn, and topping up."""

from __future__ import annotations

from typing import Any

from ringfence.schema.commands import PlaceOrder
from ringfence.schema.enums import (
    AccountKind,
    CaseEnd,
    CaseStep,
    HouseAccount,
    MoveCause,
    OrderType,
    Parameter,
    SelfTradePrevention,
    TimeInForce,
)
from ringfence.schema.rejects import Reject

from . import cases, checks, estates, funds, legs, margin, orders, positions, takeovers, vaults
from .money import available
from .state import Case, Refused, StandingTopUp, State
from .values import MILLION

FUND = int(HouseAccount.FUND)
MOST_TOP_UP = 2**61
open_cases = cases.open_cases


def step_case(state: State, command: Any, emit: Any) -> None:
    queue = cases.in_turn(state)
    if not queue or not cases.clock_is_fresh(state) or queue[0].tried_us == state.clock_us:
        return
    case = queue[0]
    estates.gather(state, case.account, emit)
    if is_sound(state, case):
        estates.end(state, case, emit)
    elif tops_up_by_itself(state, case, emit):
        return
    elif found := legs.find(state, case):
        order(state, case, *found, emit)
    else:
        go_on_without_book(state, case, emit)


def go_on_without_book(state: State, case: Case, emit: Any) -> None:
    """Let a vault take over what it can; else see to the end of the estate."""
    if case.step == CaseStep.VAULT:
        if takeovers.take_over(state, case, emit):
            estates.gather(state, case.account, emit)
            if is_sound(state, case):
                estates.end(state, case, emit)
            else:
                cases.let_others(state, case)
            return
        found = margin.measure(state, case.account)
        if found.equity <= 0 or not takeovers.may_be_taken(state, case.account, waits=True):
            cases.move_to(state, case, CaseStep.REST, emit)
    write_off_or_wait(state, case, emit)


def is_sound(state: State, case: Case) -> bool:
    return legs.health_of(state, case, margin.measure(state, case.account)) >= 0


def write_off_or_wait(state: State, case: Case, emit: Any) -> None:
    has_lots = any(row.account == case.account and row.net_lots for row in state.positions.values())
    if has_lots or state.settling:
        wait(state, case, emit)
        return
    found = margin.measure(state, case.account)
    if estates.deficit(state, case.account, found, case.written_off_value) > 0:
        estates.add_written_off(case, estates.deficit(state, case.account, found))
        estates.write_off(state, case, emit)
        estates.end(state, case, emit)
    else:
        estates.buy_claims(state, case, emit)
        wait(state, case, emit)


def wait(state: State, case: Case, emit: Any) -> None:
    case.tried_us = state.clock_us
    found = margin.measure(state, case.account)
    least = found.maintenance * state.parameters[Parameter.LIQUIDATION_CLOSE_OUT_PPM] // MILLION
    ends_us = case.opened_us + state.parameters[Parameter.LIQUIDATION_BOOK_MS] * 1_000
    if case.step == CaseStep.BOOK and (found.equity < least or state.clock_us >= ends_us):
        helps = found.equity > 0 and takeovers.may_be_taken(state, case.account, waits=False)
        cases.move_to(state, case, CaseStep.VAULT if helps else CaseStep.REST, emit)
    cases.let_others(state, case)


def order(state: State, case: Case, leg: legs.Leg, lots: int, emit: Any) -> None:
    account, number, market = case.account, state.sequence, leg.market
    before = margin.measure(state, account)
    cases.show_market(state, market, emit)
    place = {"account": account, "market": market.market}
    emit(
        "SliceOrdered",
        **place,
        case=case.case,
        order=number,
        asset=leg.asset,
        side=leg.side,
        price_ticks=leg.limit_ticks,
        quantity_lots=lots,
        mark_ticks=leg.mark_ticks,
        fee_e8=leg.fee_e8,
        equity_value=before.equity,
        maintenance_value=before.maintenance,
    )
    slice_ = slice_of(place, leg, lots)
    met, reject, filled, quote = False, 0, 0, 0

    def emit_own(kind: str, account: int = account, market: int = market.market, **body: Any) -> None:
        nonlocal met
        met = met or kind == "Trade" or (kind == "OrderClosed" and body["order"] != number)
        emit(kind, account=account, market=market, **body)

    try:
        taker = orders.place(state, slice_, number, emit_own, loan_flags=0, of_case=True)
        filled, quote = taker.executed_lots, taker.executed_quote_atoms
    except Refused as refused:
        reject = int(refused.body["reject"])
    fee = charge(state, case, leg, quote, emit)
    estates.gather(state, account, emit)
    after = margin.measure(state, account)
    emit(
        "SliceEnded",
        **place,
        case=case.case,
        order=number,
        filled_lots=filled,
        filled_quote_atoms=quote,
        fee_atoms=fee,
        equity_value=after.equity,
        maintenance_value=after.maintenance,
        reject=reject,
    )
    if is_sound(state, case):
        estates.end(state, case, emit)
    elif met:
        cases.let_others(state, case)
    else:
        wait(state, case, emit)


def slice_of(place: dict[str, int], leg: legs.Leg, lots: int) -> PlaceOrder:
    return PlaceOrder(
        **place,
        side=leg.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        self_trade_prevention=SelfTradePrevention.REJECT_MAKER,
        price_ticks=leg.limit_ticks,
        quantity_lots=lots,
        reduce_only=int(leg.is_position),
    )


def charge(state: State, case: Case, leg: legs.Leg, quote: int, emit: Any) -> int:
    """Let FUND have the fee of a slice."""
    fee, asset = legs.fee_of(quote, leg.fee_e8), leg.market.quote_asset
    if fee and leg.is_position:
        position = positions.opened(state, case.account, leg.market)
        position.reference_atoms += fee
        position.fees_atoms += fee
        positions.gone_if_empty(state, position)
        positions.refer(state, FUND, leg.market, -fee)
    elif fee:
        fee = min(fee, available(state, case.account, asset))
        if fee:
            tell = estates.told_of(emit)
            funds.moved(state, tell, case.account, FUND, asset, fee, MoveCause.LIQUIDATION_FEE, state.sequence)
    return fee


def top_up(state: State, command: Any, emit: Any) -> None:
    account, asset, amount = command.account, command.asset, command.amount_atoms
    user = checks.open_account(state, account)
    checks.known_asset(state, asset)
    vaults.not_vaults(state, account)
    case = cases.case_of(state, account)
    if case is None:
        raise Refused(Reject.NO_CASE, value=account)
    assert state.accounts[user.fenced_account].account_kind == AccountKind.FENCED
    needed = 0 if case.written_off_value else enough(state, case, asset)
    if not needed:
        raise Refused(Reject.TOP_UP_CANNOT_HELP, asset=asset)
    if amount < needed:
        raise Refused(Reject.TOP_UP_TOO_SMALL, value=amount, limit=needed, asset=asset)
    checks.available_funds(state, user.fenced_account, asset, amount)
    put_in(state, case, asset, amount, needed, emit)


def put_in(state: State, case: Case, asset: int, amount: int, needed: int, emit: Any) -> None:
    """Move fenced money into an estate, and close its case."""
    account, fenced = case.account, fenced_of(state, case.account)
    body = {"amount_atoms": amount, "needed_atoms": needed, "fenced_account": fenced, "asset": asset}
    emit("ToppedUp", account=account, market=0, case=case.case, **body)
    funds.moved(state, estates.told_of(emit), fenced, account, asset, amount, MoveCause.TOP_UP, case.case)
    estates.take_back(state, account, emit)
    estates.gather(state, account, emit)
    cases.close_case(state, case, CaseEnd.TOPPED_UP, emit)


def fenced_of(state: State, account: int) -> int:
    return state.users[state.accounts[account].user].fenced_account


def set_standing_top_up(state: State, command: Any, emit: Any) -> None:
    account = command.account
    checks.open_account(state, account)
    checks.may_trade(state.accounts[account].account_kind, account)
    checks.known_asset(state, command.asset)
    vaults.not_vaults(state, account)
    state.standing_top_ups.pop(account, None)
    if command.amount_atoms:
        state.standing_top_ups[account] = StandingTopUp(account, command.asset, command.amount_atoms)
    tell_standing(state, account, emit)


def tell_standing(state: State, account: int, emit: Any) -> None:
    row = state.standing_top_ups.get(account) or StandingTopUp(account, 0, 0)
    emit("StandingTopUpSet", account=account, market=0, amount_atoms=row.amount_atoms, asset=row.asset)


def tops_up_by_itself(state: State, case: Case, emit: Any) -> bool:
    """Put fenced money into an estate if its owner has said so and that ends the case; returns whether it did."""
    row = state.standing_top_ups.get(case.account)
    if row is None or case.written_off_value:
        return False
    needed = enough(state, case, row.asset)
    if not 0 < needed <= min(row.amount_atoms, available(state, fenced_of(state, case.account), row.asset)):
        return False
    row.amount_atoms -= needed
    if not row.amount_atoms:
        del state.standing_top_ups[case.account]
    put_in(state, case, row.asset, needed, needed, emit)
    tell_standing(state, case.account, emit)
    return True


def enough(state: State, case: Case, asset: int) -> int:
    """Return the smallest amount that ends a case, 0 if none does."""
    low, high = 1, MOST_TOP_UP
    if health_with(state, case, asset, high) < 0:
        return 0
    while low < high:
        middle = (low + high) // 2
        if health_with(state, case, asset, middle) >= 0:
            high = middle
        else:
            low = middle + 1
    return high


def health_with(state: State, case: Case, asset: int, atoms: int) -> int:
    _, _, owed = legs.holding(state, case.account, asset)
    repaid = min(atoms, owed)
    what_if = margin.WhatIf(asset, atoms - repaid, -repaid)
    return legs.health_of(state, case, margin.measure(state, case.account, what_if))
