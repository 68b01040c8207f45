"""Splits of a share, its name, and the grid of its markets.  docs/rules.md, "Splits and names".

Nobody's atoms change in a split.  What an atom is of a whole share does, and so does what a quote, which is for a whole
share, says of an atom: books, positions, debts and marks stay as they are, and nothing has to be rounded.
"""

from ..schema.enums import MOST_SPLIT, AssetKind, HouseAccount, MarketKind, MarketState, MoveCause
from ..schema.fields import MAX_PRICE_TICKS
from ..schema.rejects import Reject
from .admission import known_asset, known_market, user_account
from .bits import divide_down
from .brakes import forget_scan, move_reference
from .emit import emit, emit_moved, refuse, refuse_asset, refuse_field
from .entitlements import new_shares_of, old_shares_of
from .jit import cold
from .ledger import available, move
from .levels import half_of
from .listings import CUSIP_BYTES, NAME_BYTES, SYMBOL_BYTES, is_text, quote_factor_of_grid, same_symbol, symbol_taken
from .margin import bears
from .paying import credit_account
from .quotes import quote_slot
from .records import ASSET_RENAMED, MARKET_GRID_SET, SHARE_SPLIT, EventKind, cast
from .state import QUOTES_PER_ASSET
from .taking import carry
from .triggers import waiting_half

NEW_FIELD, GRID_FIELD = 2, 2
WAITING_HALVES = 6


@cold
def share_asset(s, asset):
    """Check that an asset is a registered share."""
    if not known_asset(s, asset):
        return False
    return s.assets[asset].asset_kind == AssetKind.SHARE or refuse_asset(s, Reject.NOT_A_SHARE, 0, 0, asset)


@cold
def divisor_of(a, b):
    """Return the greatest common divisor."""
    while b != 0:
        a, b = b, a % b
    return a


@cold
def is_shut(market):
    """Whether nobody can trade in a market."""
    return market.state == MarketState.CLOSED or market.state == MarketState.CANCEL_ONLY


@cold
def markets_shut(s, asset):
    """Check that nobody trades a share, or a contract on it."""
    for market in range(1, s.venue[0].markets + 1):
        row = s.markets[market]
        if row.base_asset == asset and not is_shut(row):
            return refuse(s, Reject.MARKET_STILL_OPEN, market, 0)
    return True


@cold
def forget_quotes(s, asset):
    """Let no quote count that was seen before now: nobody knows what kind of share it was for."""
    for source in range(1, QUOTES_PER_ASSET):
        quote = s.quotes[quote_slot(asset, source)]
        if quote.weight != 0:
            quote.price_units, quote.bid_units, quote.ask_units, quote.last_units = 0, 0, 0, 0
            quote.observed_us = s.venue[0].time_us


@cold
def split_share(s, c):
    """Let more or fewer whole shares be what a share was."""
    if not share_asset(s, c.asset):
        return False
    if c.new_shares == c.old_shares:
        return refuse_field(s, Reject.INVALID_COMBINATION, 0, 0, NEW_FIELD)
    row, price = s.assets[c.asset], s.prices[c.asset]
    new, old = new_shares_of(row) * c.new_shares, old_shares_of(row) * c.old_shares
    divisor = divisor_of(new, old)
    new, old = new // divisor, old // divisor
    if max(new, old) > MOST_SPLIT:
        return refuse(s, Reject.SPLIT_TOO_LARGE, max(new, old), MOST_SPLIT)
    if not markets_shut(s, c.asset):
        return False
    if row.takes != 0:
        return refuse_asset(s, Reject.RECORD_UNDER_WAY, 0, 0, c.asset)
    row.share_new, row.share_old = new, old
    event = cast(s.events, emit(s, EventKind.SHARE_SPLIT, 0, 0), SHARE_SPLIT)
    event.asset, event.new_shares, event.old_shares = c.asset, c.new_shares, c.old_shares
    event.share_new, event.share_old, event.tolerance_ppm = new, old, c.tolerance_ppm
    event.mark_units = price.mark_units
    if price.minimum_sources != 0:
        forget_quotes(s, c.asset)
        price.quoted_us = s.venue[0].time_us
        price.frozen_units, price.tolerance_ppm = price.mark_units, c.tolerance_ppm
    return True


@cold
def rename_asset(s, c):
    """Give an asset another name; its number, books and orders stay."""
    if not known_asset(s, c.asset):
        return False
    if not is_text(c.symbol, SYMBOL_BYTES, True):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 2)
    if not is_text(c.name, NAME_BYTES, False):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 3)
    if not is_text(c.cusip, CUSIP_BYTES, False):
        return refuse_field(s, Reject.INVALID_SYMBOL, 0, 0, 4)
    taken = symbol_taken(s, c, c.asset)
    if taken != 0:
        return refuse(s, Reject.SYMBOL_IN_USE, taken, 0)
    row = s.assets[c.asset]
    event = cast(s.events, emit(s, EventKind.ASSET_RENAMED, 0, 0), ASSET_RENAMED)
    if not same_symbol(row, c):
        for i in range(SYMBOL_BYTES):
            row.former_symbol[i] = row.symbol[i]
        row.alias_us = c.alias_us
    for i in range(SYMBOL_BYTES):
        row.symbol[i], row.cusip[i] = c.symbol[i], c.cusip[i]
        event.symbol[i], event.cusip[i], event.former_symbol[i] = c.symbol[i], c.cusip[i], row.former_symbol[i]
    for i in range(NAME_BYTES):
        row.name[i] = c.name[i]
        event.name[i] = c.name[i]
    event.asset, event.alias_us = c.asset, row.alias_us
    return True


@cold
def is_book_empty(s, market):
    """Whether no order and no trigger stands in a market."""
    count = s.halves[half_of(market, 0)].levels + s.halves[half_of(market, 1)].levels
    first = waiting_half(market, 0, 0)
    for half in range(first, first + WAITING_HALVES):
        count += s.halves[half].levels
    return count == 0 and s.venue[0].triggers_due == 0


@cold
def set_market_grid(s, c):
    """Change tick and lot of a market in which nothing stands that was written in them."""
    if not known_market(s, c.market):
        return False
    row = s.markets[c.market]
    if row.market_kind != MarketKind.SPOT:
        return refuse(s, Reject.NOT_SPOT, 0, 0)
    if not is_shut(row):
        return refuse(s, Reject.MARKET_STILL_OPEN, c.market, 0)
    if not is_book_empty(s, c.market):
        return refuse(s, Reject.BOOK_NOT_EMPTY, 0, 0)
    factor = quote_factor_of_grid(s, row.base_asset, c.tick_atoms, c.lot_atoms)
    if factor == 0:
        return refuse(s, Reject.FACTOR_NOT_INTEGER, 0, 0)
    if row.last_price_ticks != 0:
        ticks = divide_down(row.last_price_ticks, row.tick_atoms, c.tick_atoms)
        row.last_price_ticks = min(max(ticks, 1), MAX_PRICE_TICKS)
    row.tick_atoms, row.lot_atoms, row.quote_factor = c.tick_atoms, c.lot_atoms, factor
    event = cast(s.events, emit(s, EventKind.MARKET_GRID_SET, 0, c.market), MARKET_GRID_SET)
    event.tick_atoms, event.lot_atoms, event.quote_factor = c.tick_atoms, c.lot_atoms, factor
    event.last_price_ticks = row.last_price_ticks
    if s.brakes[c.market].market != 0:
        forget_scan(s.brakes[c.market])
        s.brakes[c.market].auction_ticks = 0
        move_reference(s, c.market, 0)
    return True


@cold
def settle_fraction(s, c):
    """Let shares of an account leave the venue for cash that the issuer paid in."""
    if not (user_account(s, c.account) and share_asset(s, c.asset) and known_asset(s, c.pay_asset)):
        return False
    held, cash = available(s, c.account, c.asset), available(s, HouseAccount.SUSPENSE, c.pay_asset)
    if c.shares_atoms > held:
        return refuse_asset(s, Reject.INSUFFICIENT_FUNDS, c.shares_atoms, held, c.asset)
    if c.amount_atoms > cash:
        return refuse_asset(s, Reject.INSUFFICIENT_FUNDS, c.amount_atoms, cash, c.pay_asset)
    if not bears(s, c.account, c.asset, -c.shares_atoms, 0):
        return False
    move(s, c.account, HouseAccount.CUSTODY, c.asset, c.shares_atoms)
    cause = MoveCause.FRACTION_RETIRED
    emit_moved(s, c.account, HouseAccount.CUSTODY, c.asset, c.shares_atoms, cause, 0, 0)
    carry(s, c.account, c.asset, -c.shares_atoms)
    move(s, HouseAccount.SUSPENSE, c.account, c.pay_asset, c.amount_atoms)
    cause = MoveCause.FRACTION_PAID
    emit_moved(s, HouseAccount.SUSPENSE, c.account, c.pay_asset, c.amount_atoms, cause, 0, 0)
    credit_account(s, c.account, c.pay_asset, c.amount_atoms)
    return True
