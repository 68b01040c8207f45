"""What an estate comes to, what of a loss it cannot pay, and its end when that is less than nothing.

docs/rules.md, "Gaps" and "Writing off".
"""

from ..schema.enums import HouseAccount, LoanCause, LoanSource, MoveCause
from .bits import divide_down, divide_up
from .emit import emit, emit_moved
from .entitlements import action_after, find_entitlement, hand_over, note_collected
from .fence import doubt_about_balances, doubt_about_positions
from .fund import pay_from_fund, pay_from_skin
from .jit import cold
from .ledger import add_loan_shares, asset_after, available, loan_shares_of, move
from .lending import claim, emit_loan, owed, redeem_shares, repay_atoms, repay_shares
from .positions import add_reference, drop_if_empty, find_position, open_position
from .records import CLAIM_TAKEN, UNCOVERED_OWES, WRITTEN_OFF, EventKind, cast
from .redemptions import leave_queue
from .valuation import capped_sum, debt_value

ROUNDING_VALUE = 16
"""What the roundings of a measure may come to."""


@cold
def deficit_value(s, account, more_owed_value):
    """Return by how much an account that was measured surely owes more than it has, 0 if it may not."""
    measure = s.measure[0]
    doubt = capped_sum(doubt_about_balances(s, account), doubt_about_positions(s, account))
    return max(measure.liabilities + more_owed_value - measure.assets - doubt, 0)


@cold
def gap_of(s, rules, loss_atoms, available_atoms, deficit):
    """Return what of a loss an account that was measured cannot pay: its part of the deficit, as of all liabilities.

    ``available_atoms`` is what it has of the asset, by whose ``rules`` atoms have a value.
    """
    liabilities = s.measure[0].liabilities
    if loss_atoms <= 0 or deficit == 0 or liabilities == 0:
        return 0
    gap = min(divide_up(loss_atoms, min(deficit, liabilities), liabilities), loss_atoms)
    missing = max(loss_atoms - available_atoms, 0)
    # Values are rounded, atoms are not: where all else is nothing, what is missing is exactly that.
    return missing if debt_value(rules, abs(gap - missing)) <= ROUNDING_VALUE else gap


@cold
def pay_to_market(s, slot, atoms):
    """Let the account of a position pay of its loss what it has available; returns how much."""
    row = s.positions[slot]
    book, asset = s.perpetuals[row.market], s.markets[row.market].quote_asset
    paid = min(atoms, available(s, row.account, asset))
    if paid > 0:
        move(s, row.account, HouseAccount.CLEARING, asset, paid)
        cause = MoveCause.LOSS_PAID
        emit_moved(s, row.account, HouseAccount.CLEARING, asset, paid, cause, row.market, 0)
        add_reference(s, slot, -paid)
        book.clearing_atoms += paid
    return paid


@cold
def pay_losses(s, account):
    """Let an estate pay the losses of positions that it no longer has."""
    slot = s.accounts[account].first_position
    while slot != 0:
        following, row = s.positions[slot].account_next, s.positions[slot]
        if row.net_lots == 0 and row.reference_atoms > 0:
            pay_to_market(s, slot, row.reference_atoms)
            drop_if_empty(s, slot)
        slot = following


@cold
def emit_written_off(s, case, market, asset, deficit, fund, skin):
    """Append what an estate did not pay, and who did."""
    row = s.cases[case]
    event = cast(s.events, emit(s, EventKind.WRITTEN_OFF, row.account, market), WRITTEN_OFF)
    event.case, event.asset, event.deficit_atoms = row.id, asset, deficit
    event.fund_atoms, event.skin_atoms, event.uncovered_atoms = fund, skin, deficit - fund - skin


@cold
def give_claim(s, account, to_account, asset):
    """Give all that an account has lent of an asset to another, which has no debt in it."""
    shares, atoms = loan_shares_of(s, account, asset), claim(s, account, asset)
    add_loan_shares(s, to_account, asset, shares)
    add_loan_shares(s, account, asset, -shares)
    leave_queue(s, account, asset)
    emit_loan(s, account, asset, LoanCause.WRITE_OFF, LoanSource.LIQUIDATION, atoms, 0, 0)
    emit_loan(s, to_account, asset, LoanCause.TAKE_OVER, LoanSource.LIQUIDATION, atoms, 0, 0)
    return atoms


@cold
def tell_owed(s, asset, market, atoms):
    """Append what UNCOVERED owes from now on."""
    event = cast(s.events, emit(s, EventKind.UNCOVERED_OWES, HouseAccount.UNCOVERED, market), UNCOVERED_OWES)
    event.asset, event.owed_atoms = asset, atoms


@cold
def tell_owed_to_market(s, market):
    """Tell what UNCOVERED owes to a market, which takes no new risk until that is nothing."""
    slot = find_position(s, HouseAccount.UNCOVERED, market)
    atoms = max(s.positions[slot].reference_atoms, 0) if slot != 0 else 0
    s.perpetuals[market].uncovered_atoms = atoms
    tell_owed(s, s.markets[market].quote_asset, market, atoms)


@cold
def tell_owed_to_lenders(s, asset):
    """Tell what UNCOVERED owes to a pool, which takes no new claims and debts until that is nothing."""
    atoms = owed(s, HouseAccount.UNCOVERED, asset)
    s.lending_pools[asset].uncovered = 1 if atoms > 0 else 0
    tell_owed(s, asset, 0, atoms)


@cold
def write_off_debt(s, case, asset):
    """End a debt: FUND repays what it can in the same asset, and UNCOVERED owes the rest; lenders keep their claim."""
    account, number = s.cases[case].account, s.cases[case].id
    debt = owed(s, account, asset)
    fund = pay_from_fund(s, account, asset, debt, number)
    skin = pay_from_skin(s, account, asset, debt - fund, number)
    pool, paid = s.lending_pools[asset], fund + skin
    if paid > 0 and (paid == debt or repay_shares(pool, paid) > 0):
        repay_atoms(s, account, asset, paid, LoanSource.LIQUIDATION, 0)
    left = owed(s, account, asset)
    repaid = max(debt - left, 0)
    emit_written_off(s, case, 0, asset, debt, min(fund, repaid), repaid - min(fund, repaid))
    if left > 0:
        shares = loan_shares_of(s, account, asset)
        add_loan_shares(s, HouseAccount.UNCOVERED, asset, shares)
        add_loan_shares(s, account, asset, -shares)
        emit_loan(s, account, asset, LoanCause.WRITE_OFF, LoanSource.LIQUIDATION, left, 0, 0)
        emit_loan(s, HouseAccount.UNCOVERED, asset, LoanCause.TAKE_OVER, LoanSource.LIQUIDATION, left, 0, 0)
        tell_owed_to_lenders(s, asset)


@cold
def write_off_position(s, case, slot):
    """End what a position still owes to its market, or has to come from it: FUND gets that, and pays that."""
    row, number = s.positions[slot], s.cases[case].id
    account, market, loss = row.account, row.market, row.reference_atoms
    asset, book = s.markets[market].quote_asset, s.perpetuals[market]
    if loss > 0:
        fund = pay_from_fund(s, HouseAccount.CLEARING, asset, loss, number)
        skin = pay_from_skin(s, HouseAccount.CLEARING, asset, loss - fund, number)
        book.clearing_atoms += fund + skin
        add_reference(s, slot, -fund - skin)
        emit_written_off(s, case, market, asset, loss, fund, skin)
    rest = s.positions[slot].reference_atoms
    if rest != 0:
        to_account = HouseAccount.UNCOVERED if rest > 0 else HouseAccount.FUND
        other = open_position(s, to_account, market)
        add_reference(s, other, rest)
        add_reference(s, slot, -rest)
        drop_if_empty(s, other)
        if rest > 0:
            tell_owed_to_market(s, market)
    drop_if_empty(s, slot)
    return account


@cold
def take_estate(s, case):
    """Let FUND have whatever is left of an estate that does not reach."""
    account = s.cases[case].account
    asset = asset_after(s, account, 0)
    while asset != 0:
        atoms = available(s, account, asset)
        if atoms > 0:
            move(s, account, HouseAccount.FUND, asset, atoms)
            emit_moved(s, account, HouseAccount.FUND, asset, atoms, MoveCause.ESTATE_TAKEN, s.cases[case].id, 0)
        if loan_shares_of(s, account, asset) > 0:
            emit_claim_taken(s, case, asset, give_claim(s, account, HouseAccount.FUND, asset), 0)
        asset = asset_after(s, account, asset)


@cold
def emit_claim_taken(s, case, asset, claim_atoms, paid_atoms):
    """Append that FUND took over a claim."""
    row = s.cases[case]
    event = cast(s.events, emit(s, EventKind.CLAIM_TAKEN, row.account, 0), CLAIM_TAKEN)
    event.case, event.asset, event.claim_atoms, event.paid_atoms = row.id, asset, claim_atoms, paid_atoms


@cold
def pay_back(s, case):
    """Let a sound estate give FUND of what it has available what others paid for it."""
    row = s.cases[case]
    account = row.account
    asset = asset_after(s, account, 0)
    while asset != 0 and row.written_off_value > 0:
        atoms, rules = available(s, account, asset), s.collaterals[asset]
        value = debt_value(rules, atoms)
        if value > row.written_off_value:
            atoms = divide_down(atoms, row.written_off_value, value)
        if atoms > 0 and value > 0:
            row.written_off_value -= min(debt_value(rules, atoms), row.written_off_value)
            move(s, account, HouseAccount.FUND, asset, atoms)
            emit_moved(s, account, HouseAccount.FUND, asset, atoms, MoveCause.ESTATE_TAKEN, row.id, 0)
        asset = asset_after(s, account, asset)


@cold
def sell_claims(s, case):
    """Let FUND buy what an estate has lent and cannot redeem, as far as its losses need the money."""
    account, slot = s.cases[case].account, s.accounts[s.cases[case].account].first_position
    while slot != 0:
        row, following = s.positions[slot], s.positions[slot].account_next
        asset = s.markets[row.market].quote_asset
        atoms = min(row.reference_atoms, claim(s, account, asset)) if row.reference_atoms > 0 else 0
        paid = min(atoms, available(s, HouseAccount.FUND, asset))
        if paid > 0:
            give_part_of_claim(s, account, asset, paid)
            move(s, HouseAccount.FUND, HouseAccount.CLEARING, asset, paid)
            add_reference(s, slot, -paid)
            s.perpetuals[row.market].clearing_atoms += paid
            emit_claim_taken(s, case, asset, paid, paid)
            drop_if_empty(s, slot)
        slot = following


@cold
def give_part_of_claim(s, account, asset, atoms):
    """Give FUND so much of what an account has lent."""
    shares = redeem_shares(s.lending_pools[asset], loan_shares_of(s, account, asset), atoms)
    add_loan_shares(s, HouseAccount.FUND, asset, shares)
    add_loan_shares(s, account, asset, -shares)
    if loan_shares_of(s, account, asset) == 0:
        leave_queue(s, account, asset)
    emit_loan(s, account, asset, LoanCause.WRITE_OFF, LoanSource.LIQUIDATION, atoms, 0, 0)
    emit_loan(s, HouseAccount.FUND, asset, LoanCause.TAKE_OVER, LoanSource.LIQUIDATION, atoms, 0, 0)


@cold
def write_off_entitlement(s, case, place):
    """End what an estate expects of an action, which FUND gets, or owes for it, which FUND and SKIN pay as they can."""
    account, number = s.cases[case].account, s.cases[case].id
    slot = find_entitlement(s, account, place)
    due = s.entitlements[slot].due_atoms if slot != 0 else 0
    if due > 0:
        hand_over(s, slot, HouseAccount.FUND.value)
    if due >= 0:
        return
    asset = s.actions[place].pay_asset
    fund = pay_from_fund(s, HouseAccount.DIVIDEND, asset, -due, number)
    skin = pay_from_skin(s, HouseAccount.DIVIDEND, asset, -due - fund, number)
    note_collected(s, slot, fund + skin)
    emit_written_off(s, case, 0, asset, -due, fund, skin)
    if due + fund + skin < 0:
        hand_over(s, slot, HouseAccount.UNCOVERED.value)


@cold
def write_off_entitlements(s, case):
    """End what an estate has to do with corporate actions."""
    number = 0
    while action_after(s, number) != 0:
        place = action_after(s, number)
        number = s.actions[place].action
        write_off_entitlement(s, case, place)


@cold
def write_off(s, case):
    """Let an estate end that has no position and does not reach: FUND takes what there is, and owes the rest."""
    account = s.cases[case].account
    take_estate(s, case)
    slot = s.accounts[account].first_position
    while slot != 0:
        following = s.positions[slot].account_next
        write_off_position(s, case, slot)
        slot = following
    asset = asset_after(s, account, 0)
    while asset != 0:
        if loan_shares_of(s, account, asset) < 0:
            write_off_debt(s, case, asset)
        asset = asset_after(s, account, asset)
    write_off_entitlements(s, case)
