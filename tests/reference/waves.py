"""Waves (rules 2): what the book did not take is closed against the other side at one price."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    CaseStep,
    DeleveragingPolicy,
    HouseAccount,
    Parameter,
    PriceState,
    WavePhase,
)

from . import brakes, cases, contracts, covering, estates, margin, positions
from .state import Case, Market, Position, State, Wave
from .values import FRESH_OR_CLOSED, asset_price, capped, price_state, value_down

CLEARING, UNCOVERED = int(HouseAccount.CLEARING), int(HouseAccount.UNCOVERED)
A_PAGE, LOOKED_A_PAGE, EVENTS_A_COMMAND, ESTATES_A_WAVE, ROUNDS = 8_192, 65_536, 8_192, 1_024, 64
BEFORE_USERS = FIRST_USER_ACCOUNT - 1


def deleverage(state: State, command: Any, emit: Any) -> None:
    if not state.waves:
        found = first_to_close(state) if state.settling == 0 and cases.clock_is_fresh(state) else None
        if found is None:
            return
        begin(state, found, emit)
    room = A_PAGE
    while state.waves and room > 0 and emit.told() < EVENTS_A_COMMAND:
        (wave,) = state.waves.values()
        handled = (
            count_page(state, wave, room) if wave.phase == WavePhase.COUNTING else close_page(state, wave, room, emit)
        )
        room -= handled + 1


def first_to_close(state: State) -> Position | None:
    for case in cases.in_turn(state):
        for market in positions.of_account(state, case.account) if case.step == CaseStep.REST else ():
            position = state.positions[case.account, market.market]
            fresh = state.perpetuals[market.market].price_state == PriceState.FRESH
            live = fresh and price_state(state, market.quote_asset) in FRESH_OR_CLOSED
            if position.net_lots and live and not brakes.reopens(state, market.market):
                return position
    return None


def at_mark(state: State, wave: Wave, position: Position) -> int:
    market = state.markets[position.market]
    worth = position.net_lots * wave.mark_ticks * market.quote_factor
    return worth - position.reference_atoms - positions.pending(state, position, market)


def profit_of(state: State, wave: Wave, position: Position) -> int:
    """Return what of a profit its account may lose: no more than is left after its losses elsewhere."""
    profit, account = at_mark(state, wave, position), position.account
    markets = positions.of_account(state, account)
    if profit <= 0 or len(markets) == 1:
        return max(0, profit)
    gains = losses = 0
    for market in markets:
        if state.perpetuals[market.market].mark_ticks:
            more = positions.unsettled(state, state.positions[account, market.market], market)
            quote = state.assets[market.quote_asset]
            gains = capped(gains + value_down(max(0, more), asset_price(state, quote.asset), quote.decimals))
            losses = capped(losses + margin.owed_value(state, market, max(0, -more)))
    return profit * max(0, gains - losses) // gains if gains else 0


def take_over(state: State, wave: Wave, account: int, lots: int, extra: int) -> None:
    """Let CLEARING have lots of an account at the mark, and ``extra`` of what the account owes for them."""
    market = state.markets[wave.market]
    cost = lots * wave.mark_ticks * market.quote_factor + extra
    positions.change(state, account, market, -lots, -cost, 0)
    positions.change(state, CLEARING, market, lots, cost, 0)


# Beginning.


def begin(state: State, first: Position, emit: Any) -> None:
    market = state.markets[first.market]
    state.waves_begun += 1
    wave = Wave(state.waves_begun, first.market, int(WavePhase.COUNTING))
    wave.mark_ticks = state.perpetuals[first.market].mark_ticks
    state.waves[wave.wave] = wave
    cases.show_mark(state, market, emit)
    place = emit.told()
    emit("WaveBegan", **told_begun(state, wave, 0, 0, 0, 0, 0))
    gap, own, count = close_estates(state, wave, first.net_lots > 0, emit)
    fund = estates.pay_from_fund(state, CLEARING, market.quote_asset, gap - own, wave.wave, emit)
    skin = estates.pay_from_skin(state, CLEARING, market.quote_asset, gap - own - fund, wave.wave, emit)
    state.perpetuals[market.market].clearing_atoms += fund + skin
    positions.refer(state, CLEARING, market, -fund - skin)
    wave.gap_atoms = wave.left_atoms = gap - own - fund - skin
    wave.left_lots = wave.lots
    emit.again(place, "WaveBegan", **told_begun(state, wave, gap, own, fund, skin, count))


def told_begun(state: State, wave: Wave, gap: int, own: int, fund: int, skin: int, count: int) -> dict[str, int]:
    return {
        "account": 0, "market": wave.market, "wave": wave.wave, "mark_ticks": wave.mark_ticks, "lots": wave.lots,
        "left_lots": wave.left_lots, "gap_atoms": gap, "own_atoms": own, "fund_atoms": fund, "skin_atoms": skin,
        "left_atoms": wave.left_atoms, "cases": count, "policy": state.parameters[Parameter.DELEVERAGING_POLICY],
    }  # fmt: skip


def close_estates(state: State, wave: Wave, is_long: bool, emit: Any) -> tuple[int, int, int]:
    gap = own = count = 0
    for case in cases.in_turn(state):
        position = state.positions.get((case.account, wave.market))
        if case.step != CaseStep.REST or not position or not position.net_lots or count == ESTATES_A_WAVE:
            continue
        if (position.net_lots > 0) == is_long:
            more, paid = close_estate(state, wave, case, emit)
            gap, own, count = gap + more, own + paid, count + 1
    return gap, own, count


def close_estate(state: State, wave: Wave, case: Case, emit: Any) -> tuple[int, int]:
    market, account = state.markets[wave.market], case.account
    estates.gather(state, account, emit)
    found, position = margin.measure(state, account), state.positions[account, wave.market]
    lots, loss = position.net_lots, max(0, -at_mark(state, wave, position))
    gap = estates.gap_of(state, account, market, loss, found)
    estates.add_written_off(case, margin.owed_value(state, market, gap))
    take_over(state, wave, account, lots, gap)
    paid = 0
    if (account, wave.market) in state.positions and loss > gap:
        paid = estates.pay_to_market(state, account, market, loss - gap, emit)
    emit(
        "EstateClosed",
        account=account,
        market=wave.market,
        wave=wave.wave,
        case=case.case,
        lots=-lots,
        mark_ticks=wave.mark_ticks,
        loss_atoms=loss,
        paid_atoms=paid,
        gap_atoms=gap,
        worth_value=found.assets - found.liabilities,
        liabilities_value=found.liabilities,
    )
    own, closed = take_own_profit(state, wave, case, lots, gap, emit)
    wave.lots += lots + closed
    return gap, own


def take_own_profit(state: State, wave: Wave, case: Case, lots: int, gap: int, emit: Any) -> tuple[int, int]:
    """Let the profit pay that the same person has on his other accounts."""
    user, paid, closed = state.accounts[case.account].user, 0, 0
    for other in sorted(account for account, row in state.accounts.items() if row.user == user):
        position = state.positions.get((other, wave.market))
        if other == case.account or not position or not position.net_lots or (position.net_lots > 0) == (lots > 0):
            continue
        profit = profit_of(state, wave, position)
        part, cost = min(abs(lots) - abs(closed), abs(position.net_lots)), min(profit, gap - paid)
        if part > 0 and profit > 0:
            part = part if position.net_lots > 0 else -part
            close(state, wave, other, part, cost, profit, case.case, emit)
            paid, closed = paid + cost, closed + part
    return paid, closed


def close(state: State, wave: Wave, account: int, lots: int, cost: int, profit: int, case: int, emit: Any) -> None:
    take_over(state, wave, account, lots, -cost)
    emit(
        "Deleveraged",
        account=account,
        market=wave.market,
        wave=wave.wave,
        lots=-lots,
        mark_ticks=wave.mark_ticks,
        cost_atoms=cost,
        profit_atoms=profit,
        own_case=case,
    )
    contracts.trim(state, state.markets[wave.market], account, emit)


# Counting and closing.


def count_page(state: State, wave: Wave, most: int) -> int:
    last, counted, looked = state.next_account - 1, 0, 0
    while wave.counted_account < last and counted < most and looked < LOOKED_A_PAGE:
        wave.counted_account += 1
        looked += 1
        position = state.positions.get((wave.counted_account, wave.market))
        if position and position.net_lots and (position.net_lots > 0) != (wave.left_lots > 0):
            count(state, wave, position)
            counted += 1
    if wave.counted_account == last:
        share_out(state, wave)
        wave.phase = int(WavePhase.CLOSING)
    return counted + looked // 8


def count(state: State, wave: Wave, position: Position) -> None:
    if wave.by_lots:
        position.due_atoms = abs(position.net_lots)
        return
    weight = 0 if cases.case_of(state, position.account) else profit_of(state, wave, position)
    wave.profit_atoms += weight
    position.due_atoms = weight


def listed(state: State, wave: Wave) -> list[Position]:
    rows = [row for row in state.positions.values() if row.market == wave.market and row.due_atoms > 0]
    return sorted(rows, key=lambda row: row.account)


def close_page(state: State, wave: Wave, most: int, emit: Any) -> int:
    handled = 0
    for position in listed(state, wave):
        if handled == most or emit.told() >= EVENTS_A_COMMAND:
            return handled
        handled += 1
        close_one(state, wave, position, emit)
    end_round(state, wave, emit)
    return handled


def close_one(state: State, wave: Wave, position: Position, emit: Any) -> None:
    lots, position.due_atoms = position.due_atoms, 0
    profit, cost = profit_of(state, wave, position), 0
    if not wave.by_lots:
        before, whole = abs(wave.lots) - abs(wave.left_lots), abs(wave.lots)
        cost = wave.gap_atoms * (before + lots) // whole - wave.gap_atoms * before // whole
    part = lots if position.net_lots > 0 else -lots
    wave.left_lots += part
    wave.left_atoms -= cost
    wave.shared_lots += lots
    wave.people += 1
    close(state, wave, position.account, part, cost, profit, 0, emit)


def end_round(state: State, wave: Wave, emit: Any) -> None:
    if wave.left_lots and not wave.by_lots:
        wave.by_lots, wave.phase, wave.counted_account = 1, int(WavePhase.COUNTING), BEFORE_USERS
        return
    assert wave.left_lots == 0, "a wave has nobody on the other side"
    market = state.markets[wave.market]
    positions.refer(state, CLEARING, market, -wave.left_atoms)
    positions.refer(state, UNCOVERED, market, wave.left_atoms)
    emit(
        "WaveEnded",
        account=0,
        market=wave.market,
        wave=wave.wave,
        people=wave.people,
        lots=wave.shared_lots,
        cost_atoms=wave.gap_atoms - wave.left_atoms,
        profit_atoms=wave.profit_atoms,
        uncovered_atoms=wave.left_atoms,
    )
    if wave.left_atoms:
        covering.tell_market(state, market, emit)
    del state.waves[wave.wave]


# Sharing out.


def share_out(state: State, wave: Wave) -> None:
    """Say how many lots each of those counted gives up."""
    rows, lots, gap = listed(state, wave), abs(wave.left_lots), 0 if wave.by_lots else wave.gap_atoms
    caps = [cap_of(row, abs(wave.lots), gap) for row in rows]
    policy = 0 if wave.by_lots else state.parameters[Parameter.DELEVERAGING_POLICY]
    if sum(caps) <= lots:
        shares = caps
    elif policy == DeleveragingPolicy.QUEUE:
        shares = by_queue(state, wave, rows, caps, lots)
    else:
        shares = pro_rata(state, rows, caps, lots, floors=policy == DeleveragingPolicy.FLOOR_PRO_RATA)
    for row, share in zip(rows, shares, strict=True):
        row.due_atoms = share


def cap_of(row: Position, lots: int, gap: int) -> int:
    return min(abs(row.net_lots), row.due_atoms * lots // gap) if gap > 0 else abs(row.net_lots)


def pro_rata(state: State, rows: list[Position], caps: list[int], lots: int, *, floors: bool) -> list[int]:
    shares: list[int | None] = [None] * len(rows)
    left = lots
    for _ in range(ROUNDS):
        whole, before = sum(row.due_atoms for row, share in zip(rows, shares, strict=True) if share is None), left
        fixed = [
            place
            for place, row in enumerate(rows)
            if shares[place] is None and before * row.due_atoms // whole >= caps[place]
        ]
        for place in fixed:
            shares[place] = caps[place]
            left -= caps[place]
        if not fixed:
            break
    whole, before = sum(row.due_atoms for row, share in zip(rows, shares, strict=True) if share is None), left
    remainders, given = [-1] * len(rows), [0 if share is None else share for share in shares]
    for place, row in enumerate(rows):
        if shares[place] is None:
            part = min(caps[place], before * row.due_atoms // whole)
            remainders[place], given[place] = before * row.due_atoms - part * whole, part
            left -= part
    if not floors:
        give_rest(state, rows, caps, given, remainders, left)
    return given


def give_rest(
    state: State, rows: list[Position], caps: list[int], given: list[int], remainders: list[int], left: int
) -> None:
    order = sorted(range(len(rows)), key=lambda place: (-remainders[place], cases.rank(state, rows[place].account)))
    for place in order:
        if left > 0 and given[place] < caps[place]:
            given[place] += 1
            left -= 1
    for place in order:
        more = min(left, caps[place] - given[place])
        given[place] += more
        left -= more


def by_queue(state: State, wave: Wave, rows: list[Position], caps: list[int], lots: int) -> list[int]:
    scores = [score(state, wave, row) for row in rows]
    given, left = [0] * len(rows), lots
    order = sorted(range(len(rows)), key=lambda place: (-scores[place], cases.rank(state, rows[place].account)))
    for place in order:
        given[place] = min(left, caps[place])
        left -= given[place]
    return given


def score(state: State, wave: Wave, row: Position) -> int:
    market: Market = state.markets[row.market]
    profit = row.due_atoms * 10**6 // max(1, abs(row.entry_atoms))
    value = margin.owed_value(state, market, abs(row.net_lots) * wave.mark_ticks * market.quote_factor)
    equity = margin.measure(state, row.account).equity
    return min(2**61, min(2**30, profit) * min(2**30, value * 1_000 // max(1, equity)))
