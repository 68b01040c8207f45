"""Estates (rules 2): what they gather and pay, what they cannot pay, who does instead, and how they end."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import CaseEnd, CaseStep, HouseAccount, LoanCause, LoanSource, MoveCause, Parameter

from . import cases, covering, funds, margin, pools, positions, shares
from .money import available, loan_shares, post
from .state import Case, Market, State
from .values import asset_price, capped, ceil_div, debt_price, value_down, value_up

FUND, SKIN, UNCOVERED = int(HouseAccount.FUND), int(HouseAccount.SKIN), int(HouseAccount.UNCOVERED)
CLEARING = int(HouseAccount.CLEARING)
DAY_US = 86_400 * 10**6
ROUNDING = 16


def own_assets(state: State, account: int) -> list[int]:
    return [asset for asset in sorted(state.assets) if (account, asset) in state.balances]


def gather(state: State, account: int, emit: Any) -> None:
    for market in positions.of_account(state, account):
        positions.touch(state, state.positions[account, market.market], market)
        positions.gone_if_empty(state, state.positions[account, market.market])
    for market in positions.of_account(state, account) if state.settling == 0 else ():
        position = state.positions[account, market.market]
        if position.net_lots == 0 and position.reference_atoms > 0:
            pay_to_market(state, account, market, position.reference_atoms, emit)
    take_back(state, account, emit)


def take_back(state: State, account: int, emit: Any) -> None:
    """Redeem what was lent and can be, and repay every debt with what there is of it."""
    for asset in own_assets(state, account):
        if asset not in state.lending_pools:
            continue
        told = pools.Told(state, emit, account, asset, LoanSource.LIQUIDATION)
        claimed = min(pools.claim(state, account, asset), pools.redeemable(state, state.lending_pools[asset]))
        if claimed > 0:
            told.redeem(claimed)
        repay(state, account, asset, available(state, account, asset), told)


def repay(state: State, account: int, asset: int, most: int, told: pools.Told) -> None:
    debt = pools.debt(state, account, asset)
    paid = min(most, debt)
    if paid > 0 and (paid == debt or pools.repay_shares(state, account, asset, paid)):
        told.repay(paid)


def pay_to_market(state: State, account: int, market: Market, most: int, emit: Any) -> int:
    """Let an estate pay of a loss what it has; returns how much."""
    paid = min(most, available(state, account, market.quote_asset))
    if paid > 0:
        cause, place = MoveCause.LOSS_PAID, market.market
        funds.moved(state, told_of(emit), account, CLEARING, market.quote_asset, paid, cause, place)
        state.perpetuals[market.market].clearing_atoms += paid
        positions.refer(state, account, market, -paid)
    return paid


def told_of(emit: Any) -> Any:
    """Return an emitter of movements, which are in no market."""

    def emit_moved(kind: str, **body: Any) -> None:
        emit(kind, market=0, **body)

    return emit_moved


# Gaps.


def deficit(state: State, account: int, found: margin.Measure, more_owed: int = 0) -> int:
    return max(0, found.liabilities + more_owed - found.assets - cases.doubt(state, account))


def gap_of(state: State, account: int, market: Market, loss: int, found: margin.Measure) -> int:
    short = deficit(state, account, found)
    if loss <= 0 or short == 0 or found.liabilities == 0:
        return 0
    gap = min(loss, ceil_div(loss * min(short, found.liabilities), found.liabilities))
    missing = max(0, loss - available(state, account, market.quote_asset))
    return missing if margin.owed_value(state, market, abs(gap - missing)) <= ROUNDING else gap


def pay_from_fund(state: State, to: int, asset: int, atoms: int, reference: int, emit: Any) -> int:
    paid = min(atoms, available(state, FUND, asset))
    if paid > 0:
        funds.moved(state, told_of(emit), FUND, to, asset, paid, MoveCause.GAP_PAID, reference)
    return max(0, paid)


def pay_from_skin(state: State, to: int, asset: int, atoms: int, reference: int, emit: Any) -> int:
    day, decimals = state.time_us // DAY_US, state.assets[asset].decimals
    if day != state.skin_day:
        state.skin_day, state.skin_value = day, 0
    paid, left = min(atoms, available(state, SKIN, asset)), max(0, cap_of_skin(state) - state.skin_value)
    value = value_down(max(0, paid), asset_price(state, asset), decimals)
    if value > left:
        paid = paid * left // value
    if paid > 0:
        state.skin_value += value_down(paid, asset_price(state, asset), decimals)
        funds.moved(state, told_of(emit), SKIN, to, asset, paid, MoveCause.GAP_PAID, reference)
    return max(0, paid)


def cap_of_skin(state: State) -> int:
    return state.parameters[Parameter.SKIN_CAP]


# Ending.


def end(state: State, case: Case, emit: Any) -> None:
    if case.written_off_value == 0:
        cases.close_case(state, case, CaseEnd.RESTORED, emit)
        return
    pay_back(state, case, emit)
    waiting = any(row.account == case.account for row in state.withdrawals.values())
    if case.written_off_value > 0 and waiting:
        if case.step != CaseStep.HOLD:
            cases.move_to(state, case, CaseStep.HOLD, emit)
        case.tried_us = state.clock_us
        cases.let_others(state, case)
    else:
        cases.close_case(state, case, CaseEnd.WRITTEN_OFF, emit)


def pay_back(state: State, case: Case, emit: Any) -> None:
    for asset in own_assets(state, case.account):
        atoms, owed = available(state, case.account, asset), case.written_off_value
        value = worth_up(state, asset, atoms)
        if owed <= 0 or atoms <= 0:
            continue
        if value > owed:
            atoms = atoms * owed // value
        if atoms > 0 and value > 0:
            case.written_off_value -= min(owed, worth_up(state, asset, atoms))
            funds.moved(state, told_of(emit), case.account, FUND, asset, atoms, MoveCause.ESTATE_TAKEN, case.case)


def worth_up(state: State, asset: int, atoms: int) -> int:
    return value_up(atoms, debt_price(state, asset), state.assets[asset].decimals)


def write_off(state: State, case: Case, emit: Any) -> None:
    take_estate(state, case, emit)
    for market in positions.of_account(state, case.account):
        write_off_position(state, case, market, emit)
    for asset in own_assets(state, case.account):
        if loan_shares(state, case.account, asset) < 0:
            write_off_debt(state, case, asset, emit)
    shares.write_off(state, case, emit)


def take_estate(state: State, case: Case, emit: Any) -> None:
    for asset in own_assets(state, case.account):
        atoms = available(state, case.account, asset)
        if atoms > 0:
            funds.moved(state, told_of(emit), case.account, FUND, asset, atoms, MoveCause.ESTATE_TAKEN, case.case)
        if (shares := loan_shares(state, case.account, asset)) > 0:
            claimed = pools.claim(state, case.account, asset)
            give_claim(state, case.account, asset, shares, claimed, emit)
            emit_claim_taken(case, asset, claimed, 0, emit)


def give_claim(state: State, account: int, asset: int, shares: int, atoms: int, emit: Any) -> None:
    hand_over(state, account, FUND, asset, shares)
    if loan_shares(state, account, asset) == 0 and (row := pools.queued_row(state, account, asset)):
        del state.redemptions[asset, row.redemption]
        emit("RedemptionQueued", account=account, market=0, asset=asset, queued_atoms=0)
    tell_loans(state, account, FUND, asset, atoms, emit)


def hand_over(state: State, account: int, to: int, asset: int, shares: int) -> None:
    post(state, to, asset, 0, 0, shares)
    post(state, account, asset, 0, 0, -shares)


def tell_loans(state: State, account: int, to: int, asset: int, atoms: int, emit: Any) -> None:
    pools.Told(state, emit, account, asset, LoanSource.LIQUIDATION).tell(LoanCause.WRITE_OFF, atoms)
    pools.Told(state, emit, to, asset, LoanSource.LIQUIDATION).tell(LoanCause.TAKE_OVER, atoms)


def emit_claim_taken(case: Case, asset: int, claimed: int, paid: int, emit: Any) -> None:
    body = {"claim_atoms": claimed, "paid_atoms": paid, "asset": asset}
    emit("ClaimTaken", account=case.account, market=0, case=case.case, **body)


def written_off(case: Case, market: int, asset: int, owed: int, fund: int, skin: int, emit: Any) -> None:
    emit(
        "WrittenOff",
        account=case.account,
        market=market,
        case=case.case,
        asset=asset,
        deficit_atoms=owed,
        fund_atoms=fund,
        skin_atoms=skin,
        uncovered_atoms=owed - fund - skin,
    )


def write_off_position(state: State, case: Case, market: Market, emit: Any) -> None:
    loss = state.positions[case.account, market.market].reference_atoms
    if loss > 0:
        fund = pay_from_fund(state, CLEARING, market.quote_asset, loss, case.case, emit)
        skin = pay_from_skin(state, CLEARING, market.quote_asset, loss - fund, case.case, emit)
        state.perpetuals[market.market].clearing_atoms += fund + skin
        written_off(case, market.market, market.quote_asset, loss, fund, skin, emit)
        state.positions[case.account, market.market].reference_atoms -= fund + skin
    rest = state.positions[case.account, market.market].reference_atoms
    if rest:
        positions.refer(state, UNCOVERED if rest > 0 else FUND, market, rest)
        state.positions[case.account, market.market].reference_atoms = 0
        if rest > 0:
            covering.tell_market(state, market, emit)
    positions.gone_if_empty(state, state.positions[case.account, market.market])


def write_off_debt(state: State, case: Case, asset: int, emit: Any) -> None:
    account, debt = case.account, pools.debt(state, case.account, asset)
    fund = pay_from_fund(state, account, asset, debt, case.case, emit)
    skin = pay_from_skin(state, account, asset, debt - fund, case.case, emit)
    repay(state, account, asset, fund + skin, pools.Told(state, emit, account, asset, LoanSource.LIQUIDATION))
    left = pools.debt(state, account, asset)
    repaid = max(0, debt - left)
    written_off(case, 0, asset, debt, min(fund, repaid), repaid - min(fund, repaid), emit)
    if left:
        hand_over(state, account, UNCOVERED, asset, loan_shares(state, account, asset))
        tell_loans(state, account, UNCOVERED, asset, left, emit)
        covering.tell_lenders(state, asset, emit)


def buy_claims(state: State, case: Case, emit: Any) -> None:
    """Let FUND buy what an estate has lent and cannot redeem, as far as its losses need the money."""
    for market in positions.of_account(state, case.account):
        position, asset = state.positions[case.account, market.market], market.quote_asset
        if position.reference_atoms <= 0 or asset not in state.lending_pools:
            continue
        claimed = pools.claim(state, case.account, asset)
        atoms = min(position.reference_atoms, claimed, available(state, FUND, asset))
        if atoms <= 0:
            continue
        shares = pools.redeem_shares(state, case.account, asset, atoms)
        give_claim(state, case.account, asset, shares, atoms, emit)
        post(state, FUND, asset, -atoms)
        post(state, CLEARING, asset, atoms)
        state.perpetuals[market.market].clearing_atoms += atoms
        positions.refer(state, case.account, market, -atoms)
        emit_claim_taken(case, asset, atoms, atoms, emit)


def add_written_off(case: Case, value: int) -> None:
    case.written_off_value = capped(case.written_off_value + value)
