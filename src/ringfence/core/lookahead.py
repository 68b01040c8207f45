"""Fetching early what the next commands of a batch will touch.

Hints only: nothing is read here that a result depends on, and a batch of one gives the same events.  On books larger
than the processor's caches it is worth half as much again (docs/performance.md).
"""

from ..schema.enums import Side
from .bits import prefetch
from .book import sold_asset
from .index import bucket_of
from .jit import hot
from .ledger import balance_id
from .levels import BITS, find_level, half_of, price_key
from .records import CANCEL_ORDER, PLACE_ORDER, Kind, cast
from .state import BALANCES, ORDERS

FAR, NEAR, NEXT, SOON = 12, 8, 4, 2
LINE = 64
KIDS = 8
STREAM = 32


@hot
def exists(s, account, market):
    """Whether a hint about this account and market would stay inside the tables."""
    return 0 < account < s.venue[0].next_account and 0 < market <= s.venue[0].markets


@hot
def order_slot_hint(s, number):
    """Return the head of the chain that an order would be in."""
    return s.order_heads[bucket_of(s.pools[ORDERS], number)]


@hot
def balance_bucket_hint(s, account, market, side):
    """Return the bucket of the balance that an order would lock."""
    return bucket_of(s.pools[BALANCES], balance_id(account, sold_asset(s.markets[market], side)))


@hot
def look_far(s, commands, i):
    """Fetch the account, the market's sides and the heads of the chains."""
    account = commands[i].account
    if commands[i].kind == Kind.CANCEL_ORDER:
        c = cast(commands, i, CANCEL_ORDER)
        prefetch(s.order_heads, bucket_of(s.pools[ORDERS], c.order))
        if exists(s, account, c.market):
            prefetch(s.accounts, account)
            prefetch(s.halves, half_of(c.market, 0))
    elif commands[i].kind == Kind.PLACE_ORDER:
        c = cast(commands, i, PLACE_ORDER)
        prefetch(s.order_heads, bucket_of(s.pools[ORDERS], c.sequence))
        if exists(s, account, c.market) and c.side <= Side.ASK:
            prefetch(s.accounts, account)
            prefetch(s.markets, c.market)
            prefetch(s.halves, half_of(c.market, 0))


@hot
def look_near(s, commands, i):
    """Fetch the order itself, the user, and the bucket of the balance."""
    account = commands[i].account
    if commands[i].kind == Kind.CANCEL_ORDER:
        c = cast(commands, i, CANCEL_ORDER)
        slot = order_slot_hint(s, c.order)
        prefetch(s.orders, slot)
        prefetch(s.orders, slot, LINE)
    elif commands[i].kind == Kind.PLACE_ORDER:
        c = cast(commands, i, PLACE_ORDER)
        if exists(s, account, c.market) and c.side <= Side.ASK:
            prefetch(s.users, s.accounts[account].user)
            prefetch(s.balance_heads, balance_bucket_hint(s, account, c.market, c.side))
            prefetch(s.orders, s.accounts[account].last_order, LINE)
            half = s.halves[half_of(c.market, c.side)]
            key = price_key(c.side, c.price_ticks)
            prefetch(s.nodes, half.root, KIDS + 4 * ((key >> half.shift) & BITS))


@hot
def look_next(s, commands, i):
    """Fetch the order's neighbours and level, the balance, and the level a new order goes to."""
    account = commands[i].account
    if commands[i].kind == Kind.CANCEL_ORDER:
        c = cast(commands, i, CANCEL_ORDER)
        slot = order_slot_hint(s, c.order)
        row = s.orders[slot]
        prefetch(s.orders, row.next)
        prefetch(s.orders, row.previous)
        prefetch(s.orders, row.account_next, LINE)
        prefetch(s.orders, row.account_previous)
        prefetch(s.levels, row.level)
        if slot != 0 and exists(s, account, row.market):
            prefetch(s.balance_heads, balance_bucket_hint(s, account, row.market, row.side))
    elif commands[i].kind == Kind.PLACE_ORDER:
        c = cast(commands, i, PLACE_ORDER)
        if exists(s, account, c.market) and c.side <= Side.ASK:
            prefetch(s.balances, s.balance_heads[balance_bucket_hint(s, account, c.market, c.side)])
            prefetch(s.levels, find_level(s, half_of(c.market, c.side), price_key(c.side, c.price_ticks)))


@hot
def look_soon(s, commands, i):
    """Fetch the last order of the level a new order goes to, and the balance a cancelled order unlocks."""
    account = commands[i].account
    if commands[i].kind == Kind.CANCEL_ORDER:
        c = cast(commands, i, CANCEL_ORDER)
        slot = order_slot_hint(s, c.order)
        row = s.orders[slot]
        if slot != 0 and exists(s, account, row.market):
            prefetch(s.balances, s.balance_heads[balance_bucket_hint(s, account, row.market, row.side)])
    elif commands[i].kind == Kind.PLACE_ORDER:
        c = cast(commands, i, PLACE_ORDER)
        if exists(s, account, c.market) and c.side <= Side.ASK:
            level = find_level(s, half_of(c.market, c.side), price_key(c.side, c.price_ticks))
            prefetch(s.orders, s.levels[level].tail)


@hot
def look_ahead(s, commands, i, end):
    """Fetch for the commands a few places ahead, each a step further than before."""
    if i + STREAM < end:
        prefetch(commands, i + STREAM)
        prefetch(commands, i + STREAM, LINE)
    if i + FAR < end:
        look_far(s, commands, i + FAR)
    if i + NEAR < end:
        look_near(s, commands, i + NEAR)
    if i + NEXT < end:
        look_next(s, commands, i + NEXT)
    if i + SOON < end:
        look_soon(s, commands, i + SOON)
