"""Deleveraging: what the book did not take of failed accounts is closed against the other side, at one price.

docs/rules.md, "Waves".  Nobody's money is touched: whoever is deleveraged gives up profit that is not settled, and what
even that does not pay is owed by UNCOVERED, which everybody may see.
"""

from ..schema.enums import CaseStep, HouseAccount, Parameter, PriceState, Settling, WavePhase
from .bits import divide_down
from .brakes import will_reopen
from .contracts import trim
from .emit import emit
from .estates import deficit_value, gap_of, pay_to_market, tell_owed_to_market
from .fence import is_clock_fresh
from .fund import pay_from_fund, pay_from_skin
from .inventory import show_mark
from .jit import cold
from .ledger import available
from .liquidation import measure_estate
from .positions import (
    add_reference,
    change_position,
    drop_if_empty,
    find_position,
    open_position,
    signed_notional,
    unsettled,
)
from .records import DELEVERAGED, ESTATE_CLOSED, WAVE_BEGAN, WAVE_ENDED, EventKind, cast
from .settlement import BEFORE_USERS
from .sharing import share_out
from .valuation import asset_value, capped_sum, debt_value, is_live

ESTATES_PER_WAVE = 1_024
POSITIONS_PER_PAGE, ACCOUNTS_PER_PAGE, EVENTS_PER_PAGE = 8_192, 65_536, 8_192


@cold
def can_close(s, row):
    """Whether the position of a failed account can be closed at its mark; a book that reopens is waited for."""
    rules, money = s.perpetuals[row.market], s.collaterals[s.markets[row.market].quote_asset]
    is_fresh = rules.price_state == PriceState.FRESH and is_live(money.price_state)
    return row.net_lots != 0 and is_fresh and not will_reopen(s, row.market)


@cold
def first_to_close(s):
    """Return the first position that a case cannot reduce in the book, 0 if there is none."""
    case = s.venue[0].first_case
    while case != 0:
        if s.cases[case].step == CaseStep.REST:
            slot = s.accounts[s.cases[case].account].first_position
            while slot != 0:
                if can_close(s, s.positions[slot]):
                    return slot
                slot = s.positions[slot].account_next
        case = s.cases[case].next
    return 0


@cold
def profit_of(s, slot, ticks):
    """Return what of an unsettled profit its account may lose: no more than is left after its losses elsewhere."""
    row = s.positions[slot]
    profit, gains, losses = unsettled(s, row, ticks), 0, 0
    if profit <= 0 or s.accounts[row.account].positions == 1:
        return max(profit, 0)
    at = s.accounts[row.account].first_position
    while at != 0:
        other = s.positions[at]
        money = s.collaterals[s.markets[other.market].quote_asset]
        mark = s.perpetuals[other.market].mark_ticks
        more = unsettled(s, other, mark) if mark != 0 else 0
        gains = capped_sum(gains, asset_value(money, max(more, 0)))
        losses = capped_sum(losses, debt_value(money, max(-more, 0)))
        at = other.account_next
    return divide_down(profit, max(gains - losses, 0), gains) if gains > 0 else 0


@cold
def take_over(s, wave, account, lots, gap_atoms):
    """Let CLEARING have lots of an account at the mark, and with them what the account cannot pay, or paid more."""
    cost = signed_notional(lots, wave.mark_ticks, s.markets[wave.market].quote_factor) + gap_atoms
    change_position(s, account, wave.market, -lots, -cost, 0)
    drop_if_empty(s, change_position(s, HouseAccount.CLEARING, wave.market, lots, cost, 0))


@cold
def emit_deleveraged(s, wave, account, lots, cost, profit, case):
    """Append what a wave took of an account."""
    event = cast(s.events, emit(s, EventKind.DELEVERAGED, account, wave.market), DELEVERAGED)
    event.wave, event.lots, event.mark_ticks = wave.wave, lots, wave.mark_ticks
    event.cost_atoms, event.profit_atoms, event.own_case = cost, profit, case


@cold
def take_own_profit(s, wave, case, lots, gap_atoms):
    """Let the opposite profit of the same person pay first; returns (what it paid, the lots that it closed, signed)."""
    account, paid, closed = s.cases[case].account, 0, 0
    other = s.users[s.accounts[account].user].main_account
    while other != 0:
        slot = find_position(s, other, wave.market) if other != account else 0
        if slot != 0 and (s.positions[slot].net_lots > 0) != (lots > 0) and s.positions[slot].net_lots != 0:
            net, profit = s.positions[slot].net_lots, profit_of(s, slot, wave.mark_ticks)
            part = min(abs(lots) - abs(closed), abs(net))
            cost = min(profit, gap_atoms - paid)
            if part > 0 and profit > 0:
                part = part if net > 0 else -part
                take_over(s, wave, other, part, -cost)
                emit_deleveraged(s, wave, other, -part, cost, profit, s.cases[case].id)
                trim(s, other, wave.market)
                paid, closed = paid + cost, closed + part
        other = s.siblings[other]
    return paid, closed


@cold
def emit_estate_closed(s, wave, case, lots, loss, paid, gap, worth, liabilities):
    """Append that the position of a failed account ended."""
    row = s.cases[case]
    event = cast(s.events, emit(s, EventKind.ESTATE_CLOSED, row.account, wave.market), ESTATE_CLOSED)
    event.wave, event.case, event.lots, event.mark_ticks = wave.wave, row.id, lots, wave.mark_ticks
    event.loss_atoms, event.paid_atoms, event.gap_atoms = loss, paid, gap
    event.worth_value, event.liabilities_value = worth, liabilities


@cold
def close_estate(s, wave, case):
    """Take a failed account's position out of it at the mark; returns (gap, what its owner's own profit paid)."""
    account = s.cases[case].account
    measure_estate(s, account)
    measure, slot = s.measure[0], find_position(s, account, wave.market)
    if slot == 0:
        return 0, 0
    net, loss = s.positions[slot].net_lots, max(-unsettled(s, s.positions[slot], wave.mark_ticks), 0)
    asset = s.markets[wave.market].quote_asset
    gap = gap_of(s, s.collaterals[asset], loss, available(s, account, asset), deficit_value(s, account, 0))
    worth, liabilities = measure.assets - measure.liabilities, measure.liabilities
    s.cases[case].written_off_value = capped_sum(s.cases[case].written_off_value, debt_value(s.collaterals[asset], gap))
    take_over(s, wave, account, net, gap)
    slot = find_position(s, account, wave.market)
    paid = pay_to_market(s, slot, loss - gap) if slot != 0 and loss > gap else 0
    if slot != 0:
        drop_if_empty(s, slot)
    emit_estate_closed(s, wave, case, -net, loss, paid, gap, worth, liabilities)
    own, closed = take_own_profit(s, wave, case, net, gap)
    wave.lots += net + closed
    return gap, own


@cold
def close_estates(s, wave, is_long):
    """Take the positions of failed accounts on one side of a market; returns (cases, gap, own profit that paid)."""
    count, gap, own, case = 0, 0, 0, s.venue[0].first_case
    while case != 0 and count < ESTATES_PER_WAVE:
        following, account = s.cases[case].next, s.cases[case].account
        slot = find_position(s, account, wave.market) if s.cases[case].step == CaseStep.REST else 0
        if slot != 0 and s.positions[slot].net_lots != 0 and (s.positions[slot].net_lots > 0) == is_long:
            more, paid = close_estate(s, wave, case)
            count, gap, own = count + 1, gap + more, own + paid
        case = following
    return count, gap, own


@cold
def begin_wave(s, slot):
    """Begin a wave in the market of a position and on its side."""
    wave, venue, position = s.waves[0], s.venue[0], s.positions[slot]
    market, is_long = position.market, position.net_lots > 0
    venue.waves_begun += 1
    wave.wave, wave.market, wave.phase, wave.by_lots = venue.waves_begun, market, WavePhase.COUNTING, 0
    wave.mark_ticks, wave.lots, wave.profit_atoms, wave.people = s.perpetuals[market].mark_ticks, 0, 0, 0
    wave.shared_lots, wave.counted_account, wave.listed, wave.at = 0, BEFORE_USERS, 0, 1
    show_mark(s, market)
    place = emit(s, EventKind.WAVE_BEGAN, 0, market)
    cases, gap, own = close_estates(s, wave, is_long)
    asset, book = s.markets[market].quote_asset, s.perpetuals[market]
    fund = pay_from_fund(s, HouseAccount.CLEARING, asset, gap - own, wave.wave)
    skin = pay_from_skin(s, HouseAccount.CLEARING, asset, gap - own - fund, wave.wave)
    book.clearing_atoms += fund + skin
    own_row = open_position(s, HouseAccount.CLEARING, market)
    add_reference(s, own_row, -fund - skin)
    drop_if_empty(s, own_row)
    wave.gap_atoms = wave.left_atoms = gap - own - fund - skin
    wave.left_lots = wave.lots
    event = cast(s.events, place, WAVE_BEGAN)
    event.wave, event.mark_ticks, event.cases, event.gap_atoms = wave.wave, wave.mark_ticks, cases, gap
    event.lots, event.left_lots, event.own_atoms = wave.lots, wave.left_lots, own
    event.fund_atoms, event.skin_atoms, event.left_atoms = fund, skin, wave.left_atoms
    event.policy = s.parameters[Parameter.DELEVERAGING_POLICY]


@cold
def count_other_side(s, wave, account):
    """Note what somebody on the other side may give up; returns whether he has a position there."""
    slot = find_position(s, account, wave.market)
    if slot == 0 or s.positions[slot].net_lots == 0 or (s.positions[slot].net_lots > 0) == (wave.left_lots > 0):
        return False
    if wave.by_lots != 0:
        weight = abs(s.positions[slot].net_lots)
    else:
        weight = profit_of(s, slot, wave.mark_ticks) if s.accounts[account].case_slot == 0 else 0
        wave.profit_atoms += weight
    if weight > 0:
        s.positions[slot].due_atoms = weight
        wave.listed += 1
        s.wave_slots[wave.listed] = slot
    return True


@cold
def count_page(s, wave, most):
    """Look at so many on the other side; returns how many there were."""
    last, counted, looked = s.venue[0].next_account - 1, 0, 0
    while wave.counted_account < last and counted < most and looked < ACCOUNTS_PER_PAGE:
        wave.counted_account += 1
        looked += 1
        if s.accounts[wave.counted_account].first_position != 0 and count_other_side(s, wave, wave.counted_account):
            counted += 1
    if wave.counted_account == last:
        share_out(s, wave)
        wave.phase, wave.at = WavePhase.CLOSING, 1
    return counted + looked // (ACCOUNTS_PER_PAGE // POSITIONS_PER_PAGE)


@cold
def close_one(s, wave, slot):
    """Close what somebody gives up, at the price of the wave."""
    row = s.positions[slot]
    account, lots, row.due_atoms = row.account, row.due_atoms, 0
    profit, cost = profit_of(s, slot, wave.mark_ticks), 0
    if wave.by_lots == 0:
        whole, before = abs(wave.lots), abs(wave.lots) - abs(wave.left_lots)
        cost = divide_down(wave.gap_atoms, before + lots, whole) - divide_down(wave.gap_atoms, before, whole)
    part = lots if row.net_lots > 0 else -lots
    take_over(s, wave, account, part, -cost)
    wave.left_lots += part
    wave.left_atoms -= cost
    wave.shared_lots += lots
    wave.people += 1
    emit_deleveraged(s, wave, account, -part, cost, profit, 0)
    trim(s, account, wave.market)


@cold
def close_page(s, wave, most):
    """Close what so many give up; returns how many there were."""
    count, venue = 0, s.venue[0]
    while wave.at <= wave.listed and count < most and venue.events - venue.first_event < EVENTS_PER_PAGE:
        close_one(s, wave, int(s.wave_slots[wave.at]))
        wave.at += 1
        count += 1
    if wave.at > wave.listed:
        end_round(s, wave)
    return count


@cold
def end_round(s, wave):
    """End a wave, or close against whoever else is on the other side, at the mark, what profit did not reach."""
    if wave.left_lots != 0 and wave.by_lots == 0:
        wave.by_lots, wave.phase, wave.counted_account, wave.listed = 1, WavePhase.COUNTING, BEFORE_USERS, 0
        return
    assert wave.left_lots == 0, "a wave has nobody on the other side"
    clearing = open_position(s, HouseAccount.CLEARING, wave.market)
    if wave.left_atoms > 0:
        add_reference(s, clearing, -wave.left_atoms)
        add_reference(s, open_position(s, HouseAccount.UNCOVERED, wave.market), wave.left_atoms)
    drop_if_empty(s, clearing)
    event = cast(s.events, emit(s, EventKind.WAVE_ENDED, 0, wave.market), WAVE_ENDED)
    event.wave, event.people, event.lots, event.profit_atoms = (
        wave.wave,
        wave.people,
        wave.shared_lots,
        wave.profit_atoms,
    )
    event.cost_atoms, event.uncovered_atoms = wave.gap_atoms - wave.left_atoms, wave.left_atoms
    if wave.left_atoms > 0:
        tell_owed_to_market(s, wave.market)
    wave.wave, wave.market, wave.phase = 0, 0, WavePhase.NOTHING
    wave.lots, wave.gap_atoms, wave.left_atoms, wave.mark_ticks = 0, 0, 0, 0


@cold
def deleverage(s):
    """Begin a wave if one is needed and can be, and go on with it for a page."""
    wave, venue, room = s.waves[0], s.venue[0], POSITIONS_PER_PAGE
    if wave.phase == WavePhase.NOTHING:
        slot = first_to_close(s) if venue.settling == Settling.NOTHING and is_clock_fresh(s) else 0
        if slot == 0:
            venue.deleverages = 0
            return True
        begin_wave(s, slot)
    while wave.phase != WavePhase.NOTHING and room > 0 and venue.events - venue.first_event < EVENTS_PER_PAGE:
        counting = wave.phase == WavePhase.COUNTING
        room -= (count_page(s, wave, room) if counting else close_page(s, wave, room)) + 1
    return True
