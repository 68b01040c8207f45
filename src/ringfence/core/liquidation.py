"""A case takes its turn: it repays what it can, orders one slice in the book, or goes over to its next step.

docs/rules.md, "A case's turn".  Each turn is bounded work.
"""

from ..schema.enums import (
    CaseEnd,
    CaseStep,
    HouseAccount,
    LoanSource,
    MoveCause,
    OrderType,
    Origin,
    Parameter,
    SelfTradePrevention,
    Settling,
    TimeInForce,
)
from .bits import divide_down
from .bounds import PPM
from .cases import close_case, let_others
from .emit import emit, emit_moved
from .estates import deficit_value, pay_back, pay_losses, sell_claims, write_off
from .inventory import show_market
from .jit import cold, hot
from .ledger import asset_after, available, loan_shares_of, move
from .legs import FOUND, POSITION, fee_of_slice, health_of
from .lending import claim, owed, redeem_atoms, redeemable, repay_atoms, repay_shares
from .margin import take_measure
from .positions import add_reference, drop_if_empty, open_position, owe_house, touch
from .records import CASE_MOVED, PLACE_ORDER, SLICE_ENDED, SLICE_ORDERED, WORDS, EventKind, cast
from .takeovers import may_be_taken, take_over_part
from .valuation import capped_sum

NO_CLIENT_ID = -1
US_PER_MS = 1_000


@cold
def repay_what_it_has(s, account):
    """Take back what was lent and can be, and repay every debt with what there is of the same asset."""
    asset = asset_after(s, account, 0)
    while asset != 0:
        pool, shares = s.lending_pools[asset], loan_shares_of(s, account, asset)
        if shares > 0:
            atoms = min(claim(s, account, asset), redeemable(pool))
            if atoms > 0:
                redeem_atoms(s, account, asset, atoms, LoanSource.LIQUIDATION, 0)
        elif shares < 0:
            debt = owed(s, account, asset)
            paid = min(available(s, account, asset), debt)
            if paid > 0 and (paid == debt or repay_shares(pool, paid) > 0):
                repay_atoms(s, account, asset, paid, LoanSource.LIQUIDATION, 0)
        asset = asset_after(s, account, asset)


@cold
def touch_positions(s, account):
    """Settle the funding of all positions of an account."""
    slot = s.accounts[account].first_position
    while slot != 0:
        touch(s, slot)
        slot = s.positions[slot].account_next


@cold
def measure_estate(s, account):
    """Bring an estate together as far as it can be without a trade, and measure it."""
    touch_positions(s, account)
    # Not in the middle of a settlement, which has counted already who is due what.
    if s.venue[0].settling == Settling.NOTHING:
        pay_losses(s, account)
    repay_what_it_has(s, account)
    take_measure(s, account, 0, 0, 0, False)


@cold
def write_slice(s, account, leg):
    """Write the order of a case."""
    words = cast(s.fired, 0, WORDS)
    for k in range(16):
        words.word[k] = 0
    order, venue = cast(s.fired, 0, PLACE_ORDER), s.venue[0]
    order.sequence, order.time_us, order.account, order.origin = venue.sequence, venue.time_us, account, Origin.NODE
    order.market, order.side, order.client_id = leg.market, leg.side, NO_CLIENT_ID
    order.order_type, order.time_in_force = OrderType.LIMIT, TimeInForce.IOC
    order.self_trade_prevention = SelfTradePrevention.REJECT_MAKER
    order.price_ticks, order.quantity_lots = leg.limit_ticks, leg.lots
    order.reduce_only = 1 if leg.kind == POSITION else 0


@cold
def emit_ordered(s, case, leg):
    """Append that a case orders."""
    measure, row = s.measure[0], s.cases[case]
    show_market(s, leg.market)
    event = cast(s.events, emit(s, EventKind.SLICE_ORDERED, row.account, leg.market), SLICE_ORDERED)
    event.case, event.order, event.asset, event.side = row.id, s.venue[0].sequence, leg.asset, leg.side
    event.price_ticks, event.quantity_lots, event.mark_ticks = leg.limit_ticks, leg.lots, leg.mark_ticks
    event.fee_e8, event.maintenance_value = leg.fee_e8, measure.maintenance
    event.equity_value = measure.collateral - measure.liabilities


@cold
def end_case(s, case):
    """Close a case whose estate is sound; first it pays back what others paid for it, as far as it has that."""
    if s.cases[case].written_off_value == 0:
        close_case(s, case, CaseEnd.RESTORED.value)
        return
    account = s.cases[case].account
    pay_back(s, case)
    take_measure(s, account, 0, 0, 0, False)
    if s.cases[case].written_off_value > 0 and s.holds[account] != 0:
        hold(s, case)
    else:
        close_case(s, case, CaseEnd.WRITTEN_OFF.value)


@cold
def hold(s, case):
    """Let a case wait for withdrawals of before, which may still come back."""
    if s.cases[case].step != CaseStep.HOLD:
        move_to(s, case, CaseStep.HOLD.value)
    s.cases[case].tried_us = s.venue[0].clock_us
    let_others(s, case)


@cold
def move_to(s, case, step):
    """Let a case, whose account was measured, go over to a step."""
    row, measure = s.cases[case], s.measure[0]
    row.step = step
    event = cast(s.events, emit(s, EventKind.CASE_MOVED, row.account, 0), CASE_MOVED)
    event.case, event.step, event.maintenance_value = row.id, row.step, measure.maintenance
    event.equity_value = measure.collateral - measure.liabilities


@cold
def has_position(s, account):
    """Whether an account has lots of any contract."""
    slot = s.accounts[account].first_position
    while slot != 0:
        if s.positions[slot].net_lots != 0:
            return True
        slot = s.positions[slot].account_next
    return False


@cold
def write_off_or_wait(s, case):
    """End an estate that has nothing left to sell and does not reach; else let it wait for the next Clock."""
    account = s.cases[case].account
    if has_position(s, account) or s.venue[0].settling != Settling.NOTHING:
        wait_for_clock(s, case)
        return
    row = s.cases[case]
    if deficit_value(s, account, row.written_off_value) == 0:
        sell_claims(s, case)
        take_measure(s, account, 0, 0, 0, False)
        wait_for_clock(s, case)
        return
    row.written_off_value = capped_sum(row.written_off_value, deficit_value(s, account, 0))
    write_off(s, case)
    end_case(s, case)


@cold
def go_on_without_book(s, case):
    """Let a vault take over what it can of an estate from which the book takes nothing; else see to its end."""
    row = s.cases[case]
    if row.step != CaseStep.VAULT:
        write_off_or_wait(s, case)
        return
    took = take_over_part(s, case)
    measure_estate(s, row.account)
    if took and health_of(s, s.measure[0]) >= 0:
        end_case(s, case)
    elif took:
        let_others(s, case)
    else:
        if not (is_worth_something(s) and may_be_taken(s, row.account, True)):
            move_to(s, case, CaseStep.REST.value)
            s.venue[0].deleverages = 1
        write_off_or_wait(s, case)


@hot
def is_worth_something(s):
    """Whether the account that was measured has any equity left."""
    return s.measure[0].collateral > s.measure[0].liabilities


@cold
def is_beyond_book(s, row):
    """Whether the book is not enough for a case: too little equity is left, or it has been tried for long enough."""
    measure = s.measure[0]
    close_out = divide_down(measure.maintenance, s.parameters[Parameter.LIQUIDATION_CLOSE_OUT_PPM], PPM)
    ends_us = row.opened_us + s.parameters[Parameter.LIQUIDATION_BOOK_MS] * US_PER_MS
    return measure.collateral - measure.liabilities < close_out or s.venue[0].clock_us >= ends_us


@cold
def wait_for_clock(s, case):
    """Let a case that can do nothing more at these prices wait for the next Clock, and go over to its next step."""
    row = s.cases[case]
    row.tried_us = s.venue[0].clock_us
    if row.step == CaseStep.BOOK and is_beyond_book(s, row):
        if is_worth_something(s) and may_be_taken(s, row.account, False):
            move_to(s, case, CaseStep.VAULT.value)
        else:
            move_to(s, case, CaseStep.REST.value)
            s.venue[0].deleverages = 1
    let_others(s, case)


@cold
def charge_fee(s, account, leg, quote_atoms):
    """Let FUND have the fee of what was filled; returns how much it is."""
    fee = fee_of_slice(leg, quote_atoms)
    if fee == 0:
        return 0
    if leg.kind == POSITION:
        slot = open_position(s, account, leg.market)
        add_reference(s, slot, fee)
        s.positions[slot].fees_atoms += fee
        owe_house(s, HouseAccount.FUND, leg.market, fee)
        drop_if_empty(s, slot)
        return fee
    asset = s.markets[leg.market].quote_asset
    fee = min(fee, available(s, account, asset))
    if fee > 0:
        move(s, account, HouseAccount.FUND, asset, fee)
        emit_moved(s, account, HouseAccount.FUND, asset, fee, MoveCause.LIQUIDATION_FEE, s.venue[0].sequence, 0)
    return fee


@cold
def end_step(s, accepted):
    """Charge the fee of what the order of a case filled, repay with what it brought, and see whether that is enough."""
    own, taker, leg = s.own[0], s.taker[0], s.leg[FOUND]
    case, own.case_slot = own.case_slot, 0
    row = s.cases[case]
    lots = taker.filled_lots if accepted else 0
    quote = taker.filled_quote_atoms if accepted else 0
    reject = 0 if accepted else s.venue[0].reject
    fee = charge_fee(s, row.account, leg, quote)
    measure_estate(s, row.account)
    measure = s.measure[0]
    event = cast(s.events, emit(s, EventKind.SLICE_ENDED, row.account, leg.market), SLICE_ENDED)
    event.case, event.order, event.reject = row.id, s.venue[0].sequence, reject
    event.filled_lots, event.filled_quote_atoms, event.fee_atoms = lots, quote, fee
    event.equity_value, event.maintenance_value = measure.collateral - measure.liabilities, measure.maintenance
    if health_of(s, measure) >= 0:
        end_case(s, case)
    elif accepted and taker.handled > 0:
        let_others(s, case)
    else:
        wait_for_clock(s, case)
