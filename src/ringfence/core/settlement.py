"""Profit becomes money: every ten seconds the losers of each market pay, and the winners get what was collected.

docs/rules.md, "Perpetuals".  A settlement goes by pages, so that nobody waits for it; winners never wait for one loser.
"""

from ..schema.enums import (
    FIRST_USER_ACCOUNT,
    AccountFlag,
    Delisting,
    HouseAccount,
    LoanSource,
    MoveCause,
    Settling,
    WavePhase,
)
from .admission import eligible_to_hold
from .bits import divide_down
from .delisting import begin_closing, end_closing, end_orders_of_delisted, end_triggers_of_delisted, hand_over
from .emit import emit, emit_moved
from .jit import cold, hot
from .ledger import available, loan_shares_of, move
from .lending import borrow_atoms, borrowable, claim, is_open, lent_total, redeem_atoms, redeemable
from .margin import take_measure
from .paying import credit_account
from .positions import add_reference, drop_if_empty, find_position, signed_notional, touch
from .records import SETTLED, EventKind, cast
from .valuation import is_live

US_PER_TICK = 10_000_000
POSITIONS_PER_PAGE, ACCOUNTS_PER_PAGE, EVENTS_PER_PAGE = 8_192, 65_536, 8_192
BORROWS = int(AccountFlag.AUTO_BORROW_SETTLEMENTS)
BEFORE_USERS = FIRST_USER_ACCOUNT - 1


@cold
def begin_settlement(s):
    """Fix the prices of a settlement; without a price there is nothing to settle."""
    venue = s.venue[0]
    begin_closing(s)
    for market in range(1, venue.markets + 1):
        row = s.perpetuals[market]
        if row.mark_ticks != 0:
            venue.settling, venue.settled_account = Settling.COLLECTING, BEFORE_USERS
        row.settle_ticks = row.mark_ticks
        row.collected_atoms, row.short_atoms, row.due_atoms, row.paid_atoms = 0, 0, 0, 0


@cold
def raise_money(s, account, asset, atoms, borrows):
    """Let a user who must pay have so many atoms available, from what he lent and, if he does that, may borrow."""
    missing, pool = atoms - available(s, account, asset), s.lending_pools[asset]
    redeemed = min(missing, claim(s, account, asset), redeemable(pool))
    if redeemed > 0:
        redeem_atoms(s, account, asset, redeemed, LoanSource.SETTLEMENT, 0)
        missing -= redeemed
    if missing <= 0 or not borrows or not is_open(pool):
        return
    if loan_shares_of(s, account, asset) > 0 or not is_live(s.collaterals[asset].price_state):
        return
    # Lenders do not pay for whoever has lost what he had.
    take_measure(s, account, 0, 0, 0, True)
    if s.measure[0].collateral - s.measure[0].liabilities < s.measure[0].maintenance:
        return
    borrowed = min(missing, borrowable(pool, lent_total(pool)))
    if borrowed > 0 and eligible_to_hold(s, account, asset):
        borrow_atoms(s, account, asset, borrowed, LoanSource.SETTLEMENT, 0)


@cold
def loss_at(s, slot):
    """Return what a position has lost at the price of the settlement, below 0 what it has won."""
    row = s.positions[slot]
    book, quote_factor = s.perpetuals[row.market], s.markets[row.market].quote_factor
    return row.reference_atoms - signed_notional(row.net_lots, book.settle_ticks, quote_factor)


@cold
def pay_loss(s, slot, loss_atoms):
    """Let a position pay of a loss what its account has available; returns how much that is."""
    row = s.positions[slot]
    asset, book = s.markets[row.market].quote_asset, s.perpetuals[row.market]
    paid = min(max(loss_atoms, 0), available(s, row.account, asset))
    move(s, row.account, HouseAccount.CLEARING, asset, paid)
    add_reference(s, slot, -paid)
    book.collected_atoms += paid
    book.clearing_atoms += paid
    return paid


@cold
def note_short(s, slot, missing_atoms):
    """Note that a position could not pay so much, and that its account, if it is a user's, is to sell what it has."""
    row, venue = s.positions[slot], s.venue[0]
    if missing_atoms == 0:
        return
    s.perpetuals[row.market].short_atoms += missing_atoms
    if row.account >= FIRST_USER_ACCOUNT:
        row.due_atoms = -missing_atoms
        venue.shorts += 1
        s.short_positions[venue.shorts] = slot


@cold
def collect(s, slot):
    """Let a position that lost pay, and note what one that won is due."""
    row = s.positions[slot]
    touch(s, slot)
    loss = loss_at(s, slot)
    if loss < 0:
        row.due_atoms = -loss
        s.perpetuals[row.market].due_atoms -= loss
    elif loss > 0:
        if row.account >= FIRST_USER_ACCOUNT:
            borrows = s.accounts[row.account].account_flags & BORROWS != 0
            raise_money(s, row.account, s.markets[row.market].quote_asset, loss, borrows)
        note_short(s, slot, loss - pay_loss(s, slot, loss))
    drop_if_empty(s, slot)


@cold
def collect_or_end(s, slot):
    """Collect from a position; if its market is delisted, after its orders ended, and then end it as well."""
    row = s.positions[slot]
    account, market = row.account, row.market
    if s.perpetuals[market].delisting != Delisting.CLOSING:
        collect(s, slot)
        return
    end_orders_of_delisted(s, account, market)
    slot = find_position(s, account, market)
    if slot != 0:
        collect(s, slot)
        slot = find_position(s, account, market)
    if slot != 0:
        hand_over(s, slot)


@cold
def pay(s, slot):
    """Pay a position that won its part of what was collected."""
    row = s.positions[slot]
    market, book = s.markets[row.market], s.perpetuals[row.market]
    pot = min(book.clearing_atoms + book.paid_atoms, book.due_atoms)
    paid = divide_down(row.due_atoms, pot, book.due_atoms) if row.due_atoms != 0 else 0
    account = row.account
    row.due_atoms = 0
    if paid != 0:
        add_reference(s, slot, paid)
        book.paid_atoms += paid
        book.clearing_atoms -= paid
        move(s, HouseAccount.CLEARING, account, market.quote_asset, paid)
        if account == HouseAccount.FUND:
            emit_moved(s, HouseAccount.CLEARING, account, market.quote_asset, paid, MoveCause.SETTLED, row.market, 0)
    asset = market.quote_asset
    drop_if_empty(s, slot)
    if paid != 0 and account >= FIRST_USER_ACCOUNT:
        credit_account(s, account, asset, paid)


@cold
def settle_account(s, account):
    """Settle the positions of an account as far as the settlement is; returns how many there were."""
    count, slot, collecting = 0, s.accounts[account].first_position, s.venue[0].settling == Settling.COLLECTING
    if collecting and s.venue[0].closing != 0:
        end_triggers_of_delisted(s, account)
    while slot != 0:
        following, market = s.positions[slot].account_next, s.positions[slot].market
        if s.perpetuals[market].settle_ticks != 0:
            if collecting:
                collect_or_end(s, slot)
            else:
                pay(s, slot)
            count += 1
        slot = following
    return count


@hot
def account_after(s, account):
    """Return which account is met after one: users first, then the house; 0 after the last."""
    if account >= BEFORE_USERS:
        return account + 1 if account + 1 < s.venue[0].next_account else 1
    return account + 1 if account + 1 < BEFORE_USERS else 0


@cold
def begin_paying(s):
    """Go over to paying who won."""
    venue = s.venue[0]
    venue.shorts, venue.next_short = 0, 0
    venue.settling, venue.settled_account = Settling.PAYING, BEFORE_USERS


@cold
def end_phase(s):
    """Go over from collecting to converting or paying, or tell what a settlement came to."""
    venue = s.venue[0]
    if venue.settling == Settling.COLLECTING:
        end_closing(s)
        if venue.shorts != 0:
            venue.settling = Settling.CONVERTING
        else:
            begin_paying(s)
        return
    venue.settling = Settling.NOTHING
    for market in range(1, venue.markets + 1):
        row = s.perpetuals[market]
        if row.settle_ticks != 0 and row.collected_atoms + row.short_atoms + row.due_atoms != 0:
            event = cast(s.events, emit(s, EventKind.SETTLED, 0, market), SETTLED)
            event.mark_ticks, event.collected_atoms, event.short_atoms = (
                row.settle_ticks,
                row.collected_atoms,
                row.short_atoms,
            )
            event.due_atoms, event.paid_atoms, event.left_atoms = row.due_atoms, row.paid_atoms, row.clearing_atoms


@cold
def settle_page(s):
    """Settle so many accounts that nobody waits long."""
    venue, positions, accounts, is_done = s.venue[0], 0, 0, False
    while not is_done:
        account = account_after(s, venue.settled_account)
        assert account != 0, "a settlement goes on after its last account"
        positions += settle_account(s, account)
        accounts += 1
        venue.settled_account = account
        if account_after(s, account) == 0:
            end_phase(s)
            return
        is_done = positions >= POSITIONS_PER_PAGE or accounts >= ACCOUNTS_PER_PAGE
        is_done = is_done or venue.events - venue.first_event >= EVENTS_PER_PAGE


@cold
def update_settlement(s):
    """Begin a settlement every ten seconds, and go on with the one that is under way."""
    venue = s.venue[0]
    tick = venue.time_us // US_PER_TICK
    idle = venue.settling == Settling.NOTHING and s.waves[0].phase == WavePhase.NOTHING
    if idle and tick > venue.settled_tick:
        venue.settled_tick = tick
        begin_settlement(s)
    continue_settlement(s)


@cold
def continue_settlement(s):
    """Settle a page of the settlement that is under way, if one is."""
    settling = s.venue[0].settling
    if settling == Settling.COLLECTING or settling == Settling.PAYING:
        settle_page(s)
    return True
