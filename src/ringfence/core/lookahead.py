"""Fetching early what the next commands of a batch will touch.

Hints only: nothing is read here that a result depends on, and a batch of one gives the same events.  What one step
finds for a command the later steps read in its ``Hint``, so that nothing is looked up twice (docs/performance.md).
"""

from ..schema.enums import MarketKind
from .bits import prefetch
from .book import sold_asset
from .index import bucket_of
from .jit import hot
from .ledger import balance_id
from .levels import BITS, STEP, find_level, half_of, price_key
from .records import CANCEL_ORDER, PLACE_ORDER, Kind, cast
from .state import BALANCES, HINTS, ORDERS, POSITIONS

COMMAND, HEADS, ORDER, NEIGHBOURS, LEVEL, QUEUE = 32, 20, 15, 10, 6, 3
"""How many commands ahead each step looks; all but the first are less than ``HINTS``."""
LINE = 64
KIDS = 8


@hot
def exists(s, account, market):
    """Whether a hint about this account and market would stay inside the tables."""
    return 0 < account < s.venue[0].next_account and 0 < market <= s.venue[0].markets


@hot
def fetch_heads(s, commands, i):
    """Fetch the account, the market with both sides, and the head of the chain of a cancelled order.

    A command that names what does not exist, or is of another kind, gets hints about row 0, which is always there.
    """
    hint = s.ahead[i % HINTS]
    account, market, side, order = commands[i].account, 0, 0, 0
    if commands[i].kind == Kind.CANCEL_ORDER:
        cancel = cast(commands, i, CANCEL_ORDER)
        market, order = cancel.market, cancel.order
    elif commands[i].kind == Kind.PLACE_ORDER:
        place = cast(commands, i, PLACE_ORDER)
        market, side = place.market, place.side & 1
    known = exists(s, account, market)
    hint.order, hint.balance, hint.position = order, 0, 0
    hint.chain = bucket_of(s.pools[ORDERS], order)
    hint.account = account if known else 0
    hint.market = market if known else 0
    hint.half = half_of(hint.market, side)
    prefetch(s.order_heads, hint.chain)
    prefetch(s.accounts, hint.account)
    prefetch(s.halves, hint.half)
    prefetch(s.halves, hint.half ^ 1)
    prefetch(s.markets, hint.market)


@hot
def kid_of(hint, place, shift):
    """Return where in a node of the price tree the way to a new order's level goes on."""
    return (price_key(hint.half & 1, place.price_ticks) >> shift) & BITS


@hot
def fetch_order(s, commands, i):
    """Fetch the order itself; for a new one the user, the account's last order and the way to the level."""
    hint = s.ahead[i % HINTS]
    if hint.order != 0:
        hint.slot = s.order_heads[hint.chain]
        prefetch(s.orders, hint.slot)
        prefetch(s.orders, hint.slot, LINE)
    else:
        account, half = s.accounts[hint.account], s.halves[hint.half]
        place = cast(commands, i, PLACE_ORDER)
        prefetch(s.users, account.user)
        prefetch(s.orders, account.last_order, LINE)
        prefetch(s.nodes, half.root, KIDS + 4 * kid_of(hint, place, half.shift))
        prefetch(s.levels, s.halves[hint.half ^ 1].best)
        if account.liabilities != 0:
            fetch_owned(s, hint, account.first_balance, account.first_position)


@hot
def fetch_owned(s, hint, balance, position):
    """Fetch a balance and a position of an account that will be measured, each with what most likely stands beside."""
    hint.balance, hint.position = balance, position
    prefetch(s.balances, balance)
    prefetch(s.balances, balance, -LINE)
    prefetch(s.positions, position)


@hot
def fetch_next_owned(s, hint):
    """Go on to the next balance and the next position of an account that will be measured."""
    if hint.balance != 0:
        fetch_owned(s, hint, s.balances[hint.balance].account_next, s.positions[hint.position].account_next)


@hot
def fetch_neighbours(s, commands, i):
    """Fetch the order's neighbours or the leaf above a new one's level, and the head of the chain of the balance."""
    hint = s.ahead[i % HINTS]
    side = hint.half & 1
    if hint.order != 0:
        row = s.orders[hint.slot]
        prefetch(s.orders, row.next)
        prefetch(s.orders, row.previous)
        prefetch(s.orders, row.account_next, LINE)
        prefetch(s.orders, row.account_previous, LINE)
        prefetch(s.levels, row.level)
        hint.level = row.level
        side = row.side
    else:
        half = s.halves[hint.half]
        place = cast(commands, i, PLACE_ORDER)
        if half.shift > 0:
            leaf = s.nodes[half.root].kids[kid_of(hint, place, half.shift)]
            prefetch(s.nodes, leaf)
            prefetch(s.nodes, leaf, KIDS + 4 * kid_of(hint, place, half.shift - STEP))
        fetch_next_owned(s, hint)
    fetch_head(s, hint, s.markets[hint.market], side)


@hot
def fetch_head(s, hint, market, side):
    """Fetch the head of the chain of the balance that is locked or unlocked, or of the position that grows."""
    if market.market_kind == MarketKind.SPOT:
        hint.bucket = bucket_of(s.pools[BALANCES], balance_id(hint.account, sold_asset(market, side)))
        prefetch(s.balance_heads, hint.bucket)
    else:
        hint.bucket = bucket_of(s.pools[POSITIONS], balance_id(hint.account, hint.market))
        prefetch(s.position_heads, hint.bucket)


@hot
def fetch_level(s, commands, i):
    """Fetch the balance or position whose chain was looked up, and the level that a new order goes to."""
    hint = s.ahead[i % HINTS]
    if s.markets[hint.market].market_kind == MarketKind.SPOT:
        prefetch(s.balances, s.balance_heads[hint.bucket])
    else:
        prefetch(s.positions, s.position_heads[hint.bucket])
    if hint.order == 0:
        fetch_next_owned(s, hint)
        place = cast(commands, i, PLACE_ORDER)
        hint.level = find_level(s, hint.half, price_key(hint.half & 1, place.price_ticks))
        prefetch(s.levels, hint.level)


@hot
def fetch_queue(s, i):
    """Fetch the last order of the level, and the leaf in case that the level ends."""
    hint = s.ahead[i % HINTS]
    level = s.levels[hint.level]
    prefetch(s.orders, level.tail)
    prefetch(s.nodes, level.leaf)
    fetch_next_owned(s, hint)


@hot
def look_ahead(s, commands, i, end):
    """Fetch for the commands a few places ahead, each a step further than before."""
    if i + COMMAND < end:
        prefetch(commands, i + COMMAND)
        prefetch(commands, i + COMMAND, LINE)
    if i + HEADS < end:
        fetch_heads(s, commands, i + HEADS)
    if i + ORDER < end:
        fetch_order(s, commands, i + ORDER)
    if i + NEIGHBOURS < end:
        fetch_neighbours(s, commands, i + NEIGHBOURS)
    if i + LEVEL < end:
        fetch_level(s, commands, i + LEVEL)
    if i + QUEUE < end:
        fetch_queue(s, i + QUEUE)
