"""Cases (rules 2): who is unsafe, the queue of liquidations, what an estate is shown to be, and the fence."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import (
    PRICE_SOURCES,
    AccountKind,
    CaseCause,
    CaseStep,
    CloseReason,
    Parameter,
    TriggerEnd,
)
from ringfence.schema.rejects import Reject

from . import book, margin, positions, triggers, vaults
from .state import Case, Entitlement, Market, Refused, State
from .values import (
    FRESH_OR_CLOSED,
    asset_price,
    capped,
    debt_price,
    price_state,
    price_units,
    rate,
    requirement,
    rules_of,
    value_down,
    value_up,
    weight,
)

MOST_CLOCK_AGE_US = 5_000_000
OPENED_A_COMMAND, EVENTS_A_COMMAND, ASSETS_SHOWN = 256, 8_192, 256
FIRST_FACTOR, SECOND_FACTOR = -7_046_029_254_386_353_131, -4_658_895_280_553_007_687
WORD = 2**64


def clock_is_fresh(state: State) -> bool:
    return state.time_us - state.clock_us <= MOST_CLOCK_AGE_US


def case_of(state: State, account: int) -> Case | None:
    return next((case for case in state.cases.values() if case.account == account), None)


def in_turn(state: State) -> list[Case]:
    return sorted(state.cases.values(), key=lambda case: case.turn)


def let_others(state: State, case: Case) -> None:
    state.case_turns += 1
    case.turn = state.case_turns


def not_liquidating(state: State, account: int) -> None:
    if case := case_of(state, account):
        raise Refused(Reject.ACCOUNT_LIQUIDATING, value=account, limit=case.case)


# Who is unsafe.


def is_unsafe(state: State, account: int) -> bool:
    found = margin.measure(state, account)
    return found.owes and found.equity <= found.maintenance and found.liabilities + found.maintenance != 0


def doubt(state: State, account: int) -> int:
    """Return what equity may be more at most, by prices that are not fresh."""
    total = 0
    for asset, held, owed in margin.holdings(state, account, margin.NOTHING):
        if price_state(state, asset) in FRESH_OR_CLOSED:
            continue
        rules, decimals = rules_of(state, asset), state.assets[asset].decimals
        value = value_up(owed, debt_price(state, asset), decimals) if owed else 0
        needs = requirement(value, rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, value))
        total = capped(total + value_down(held, asset_price(state, asset), decimals) + value + needs)
    for market in positions.of_account(state, account):
        net = positions.seen(state, account, market).net_lots
        states = state.perpetuals[market.market].price_state, price_state(state, market.quote_asset)
        if net and any(one not in FRESH_OR_CLOSED for one in states):
            value = notional_value(state, market, net)
            total = capped(total + value + maintenance_of(state, market, value))
    return total


def notional_value(state: State, market: Market, net: int) -> int:
    mark = state.perpetuals[market.market].mark_ticks
    return margin.owed_value(state, market, abs(net) * mark * market.quote_factor)


def maintenance_of(state: State, market: Market, value: int) -> int:
    rules = state.perpetuals[market.market]
    return requirement(value, rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, value))


def is_surely_unsafe(state: State, account: int) -> bool:
    found = margin.measure(state, account)
    sure = found.equity + doubt(state, account) <= found.maintenance
    return is_unsafe(state, account) and clock_is_fresh(state) and sure


# Opening and closing.


def rank(state: State, number: int) -> int:
    word = int.from_bytes(state.seed[:7], "big")
    return stir(stir(word + 1) + number)


def stir(x: int) -> int:
    low_31 = 2**31 - 1
    y = signed((x ^ (x >> 31 & low_31)) * FIRST_FACTOR)
    y = signed((y ^ (y >> 29 & low_31)) * SECOND_FACTOR)
    return (y ^ (y >> 32 & low_31)) & (2**62 - 1)


def signed(x: int) -> int:
    x %= WORD
    return x - WORD if x >= WORD // 2 else x


def open_cases(state: State, command: Any, emit: Any) -> None:
    if not clock_is_fresh(state):
        return
    unsafe = [account for account in state.accounts if case_of(state, account) is None and is_unsafe(state, account)]
    opened = 0
    for account in sorted(unsafe, key=lambda number: rank(state, number)):
        if opened == OPENED_A_COMMAND or emit.told() >= EVENTS_A_COMMAND:
            return
        if len(state.cases) >= state.parameters[Parameter.CASES]:
            return
        if is_surely_unsafe(state, account):
            open_case(state, account, CaseCause.MARK, emit)
            opened += 1


def open_case(state: State, account: int, cause: CaseCause, emit: Any) -> Case:
    found = margin.measure(state, account)
    state.cases_opened += 1
    case = Case(state.cases_opened, account, state.sequence, state.time_us, cause=int(cause))
    state.cases[case.case] = case
    let_others(state, case)
    assets = [asset for asset in sorted(state.assets) if (account, asset) in state.balances]
    shown, markets = assets[:ASSETS_SHOWN], positions.of_account(state, account)
    dues = [row for key, row in sorted(state.entitlements.items()) if key[1] == account and row.due_atoms]
    emit(
        "CaseOpened",
        account=account,
        market=0,
        case=case.case,
        equity_value=found.equity,
        maintenance_value=found.maintenance,
        worth_value=found.assets - found.liabilities,
        assets=len(shown),
        positions=len(markets),
        expected=len(dues),
        left_out=len(assets) - len(shown),
        cause=int(cause),
    )
    for asset in shown:
        show_asset(state, case, asset, emit)
    for market in markets:
        show_position(state, case, market, emit)
    for row in dues:
        show_due(state, case, row, emit)
    for trigger in triggers.of_account(state, account, 0):
        triggers.end(state, trigger, TriggerEnd.LIQUIDATION, emit)
    for order in list(state.accounts[account].orders.values()):
        book.close(state, state.markets[order.market], order, CloseReason.LIQUIDATION, emit)
    vaults.cancel_all(state, account, case.case, emit)
    return case


def close_case(state: State, case: Case, reason: int, emit: Any) -> None:
    found = margin.measure(state, case.account)
    body = {"equity_value": found.equity, "maintenance_value": found.maintenance}
    emit("CaseClosed", account=case.account, market=0, case=case.case, reason=int(reason), **body)
    del state.cases[case.case]


def move_to(state: State, case: Case, step: CaseStep, emit: Any) -> None:
    found = margin.measure(state, case.account)
    case.step = int(step)
    body = {"equity_value": found.equity, "maintenance_value": found.maintenance}
    emit("CaseMoved", account=case.account, market=0, case=case.case, step=case.step, **body)


# What is shown.


def show_due(state: State, case: Case, row: Entitlement, emit: Any) -> None:
    asset = state.actions[row.action].pay_asset
    show_price(state, asset, emit)
    decimals = state.assets[asset].decimals
    gain = value_down(max(row.due_atoms, 0), asset_price(state, asset), decimals)
    loss = value_up(max(-row.due_atoms, 0), debt_price(state, asset), decimals)
    said = {"case": case.case, "action": row.action, "asset": asset, "due_atoms": row.due_atoms}
    emit("EstateExpected", account=case.account, market=0, **said, due_value=gain - loss)


def show_price(state: State, asset: int, emit: Any) -> None:
    if (state.sequence, "asset", asset) in state.shown:
        return
    state.shown.add((state.sequence, "asset", asset))
    price, units = state.prices.get(asset), price_units(state, asset)[0]
    names = (
        "used_sources", "clamped_sources", "session", "minimum_sources", "clamp_ppm", "closed_haircut_ppm",
        "index_units", "updated_us", "quoted_us", "maximum_age_ms",
    )  # fmt: skip
    emit(
        "PriceShown",
        account=0,
        market=0,
        asset=asset,
        price_state=price_state(state, asset),
        decimals=state.assets[asset].decimals,
        mark_units=units,
        clock_us=state.clock_us,
        symbol=state.assets[asset].symbol,
        **{name: getattr(price, name) if price else 0 for name in names},
    )
    for source in range(1, PRICE_SOURCES + 1):
        quote = state.quotes.get((asset, source))
        if quote is None:
            continue
        said = ("weight", "price_units", "bid_units", "ask_units", "last_units", "observed_us")
        emit(
            "QuoteShown",
            account=0,
            market=0,
            asset=asset,
            price_source=source,
            name=state.price_sources[source].name,
            enabled=state.price_sources[source].enabled,
            **{name: getattr(quote, name) for name in said},
        )


def show_market(state: State, market: Market, emit: Any) -> None:
    rules = state.perpetuals.get(market.market)
    names = ("index_ticks", "mark_ticks", "premium", "updated_us", "mark_bound_ppm", "price_state")
    emit(
        "MarkShown",
        account=0,
        market=market.market,
        base_asset=market.base_asset,
        quote_asset=market.quote_asset,
        tick_atoms=market.tick_atoms,
        lot_atoms=market.lot_atoms,
        quote_factor=market.quote_factor,
        market_kind=market.market_kind,
        base_decimals=state.assets[market.base_asset].decimals,
        quote_decimals=state.assets[market.quote_asset].decimals,
        **{name: getattr(rules, name) if rules else 0 for name in names},
    )


def show_mark(state: State, market: Market, emit: Any) -> None:
    if (state.sequence, "market", market.market) in state.shown:
        return
    state.shown.add((state.sequence, "market", market.market))
    show_price(state, market.base_asset, emit)
    show_price(state, market.quote_asset, emit)
    show_market(state, market, emit)


def show_asset(state: State, case: Case, asset: int, emit: Any) -> None:
    show_price(state, asset, emit)
    _, held, owed = next(one for one in margin.holdings(state, case.account, margin.NOTHING) if one[0] == asset)
    rules, decimals = rules_of(state, asset), state.assets[asset].decimals
    value = value_down(held, asset_price(state, asset), decimals)
    liabilities = value_up(owed, debt_price(state, asset), decimals)
    rate_e8 = rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, liabilities)
    emit(
        "EstateAsset",
        account=case.account,
        market=0,
        case=case.case,
        asset=asset,
        decimals=decimals,
        price_state=price_state(state, asset),
        held_atoms=held,
        owed_atoms=owed,
        asset_price_units=asset_price(state, asset),
        debt_price_units=debt_price(state, asset),
        weight_e8=weight(rules, value),
        rate_e8=rate_e8,
        collateral_value=capped(value * weight(rules, value) // 10**8),
        liabilities_value=liabilities,
        maintenance_value=requirement(liabilities, rate_e8),
    )


def show_position(state: State, case: Case, market: Market, emit: Any) -> None:
    show_mark(state, market, emit)
    position, rules = state.positions[case.account, market.market], state.perpetuals[market.market]
    value = notional_value(state, market, position.net_lots)
    profit = positions.unsettled(state, position, market) if rules.mark_ticks else 0
    quote = state.assets[market.quote_asset]
    gain = value_down(max(profit, 0), asset_price(state, quote.asset), quote.decimals)
    loss = margin.owed_value(state, market, max(-profit, 0))
    emit(
        "EstatePosition",
        account=case.account,
        market=market.market,
        case=case.case,
        net_lots=position.net_lots,
        reference_atoms=position.reference_atoms,
        pending_atoms=positions.pending(state, position, market),
        mark_ticks=rules.mark_ticks,
        quote_factor=market.quote_factor,
        quote_asset=market.quote_asset,
        profit_value=gain - loss,
        notional_value=value,
        rate_e8=rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, value),
        maintenance_value=maintenance_of(state, market, value),
    )


# The fence.


def credited(state: State, account: int, emit: Any) -> int:
    """Return which account gets money from outside that is meant for another, opening its case if it must."""
    found = state.accounts.get(account)
    if state.rules < 2 or found is None or found.account_kind == AccountKind.FENCED:
        return account
    if vaults.vault_of(state, account):
        return state.users[found.user].fenced_account
    if case_of(state, account) is None:
        if not is_unsafe(state, account):
            return account
        if is_surely_unsafe(state, account) and len(state.cases) < state.parameters[Parameter.CASES]:
            open_case(state, account, CaseCause.CREDIT, emit)
    return state.users[found.user].fenced_account


def tell_fenced(state: State, account: int, to_account: int, asset: int, atoms: int, emit: Any) -> None:
    if account != to_account:
        case = case_of(state, account)
        emit(
            "CreditFenced",
            account=account,
            market=0,
            case=case.case if case else 0,
            amount_atoms=atoms,
            fenced_account=to_account,
            asset=asset,
        )
