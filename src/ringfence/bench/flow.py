"""Deterministic order flow for measuring: 55 % new orders, 40 % cancellations of any live order, 5 % takers.

``one`` is a single book with 100,000 resting orders, ``many`` a thousand books with a million.  The shape is that of
the published measurements of other engines, so the same commands can be given to them.
"""

from typing import NamedTuple

import numpy as np

from ..core import Exchange
from ..core.book import find_order
from ..core.cache import cache_root
from ..core.dispatch import step
from ..core.jit import called_from_python, cold
from ..core.levels import half_of
from ..core.records import (
    CANCEL_ORDER,
    ORDER_ACCEPTED,
    ORDER_CLOSED,
    PLACE_ORDER,
    TRADE,
    EventKind,
    Kind,
    cast,
)
from ..schema.enums import FIRST_USER_ACCOUNT, AccountKind, HouseAccount, MarketState, Origin, Side, TimeInForce
from ..schema.layout import COMMAND_HEADER, RECORD, RECORD_BYTES, ROW_DTYPES, schema_hash

FUNDS_ATOMS = 10**13
LOT_ATOMS, TICK_ATOMS, DECIMALS = 1000, 10_000, 6
MIDDLE_TICKS = 1_000_000
TAKERS, CANCELS = 0.05, 0.40
MAKER_PPM, TAKER_PPM = 200, 500


class Shape(NamedTuple):
    """How large a flow is; ``spread_ticks`` is how far from the middle orders are placed."""

    preload: int
    commands: int
    markets: int
    accounts: int
    assets: int
    spread_ticks: int


SHAPES = {
    "one": Shape(100_000, 2_000_000, 1, 10_000, 2, 500),
    "many": Shape(1_000_000, 3_000_000, 1_000, 100_000, 51, 500),
    "small": Shape(1_000, 30_000, 3, 50, 4, 50),
}


def _table(name: str, **columns: object) -> np.ndarray:
    lengths = [len(column) for column in columns.values() if isinstance(column, np.ndarray)]
    rows = np.zeros(max(lengths), ROW_DTYPES[name])
    for column, values in columns.items():
        rows[column] = values
    return rows


def _symbols(prefix: str, count: int) -> np.ndarray:
    text = np.zeros((count, 16), "u1")
    for i in range(count):
        letters = f"{prefix}{i}".encode()
        text[i, : len(letters)] = list(letters)
    return text


def _markets(shape: Shape) -> np.ndarray:
    numbers = np.arange(1, shape.markets + 1)
    return _table(
        "markets", market=numbers, base_asset=2 + (numbers - 1) % (shape.assets - 1), quote_asset=1,
        tick_atoms=TICK_ATOMS, lot_atoms=LOT_ATOMS, quote_factor=TICK_ATOMS * LOT_ATOMS // 10**DECIMALS,
        minimum_price_ticks=1, maximum_price_ticks=2**40, minimum_quantity_lots=1, maximum_quantity_lots=2**40,
        state=int(MarketState.OPEN),
    )  # fmt: skip


def opening(shape: Shape, *, look_ahead: bool = True, funds_atoms: int = FUNDS_ATOMS) -> Exchange:
    """Return a venue with the shape's assets, markets and funded main accounts, one user each."""
    rows = Exchange().rows()
    assets, users = np.arange(1, shape.assets + 1), np.arange(1, shape.accounts + 1)
    accounts = np.arange(FIRST_USER_ACCOUNT, FIRST_USER_ACCOUNT + shape.accounts)
    rows["assets"] = _table("assets", asset=assets, symbol=_symbols("A", shape.assets), asset_kind=1, decimals=DECIMALS)
    rows["markets"] = _markets(shape)
    rows["users"] = _table("users", user=users, main_account=accounts, accounts=1)
    rows["accounts"] = _table("accounts", account=accounts, user=users, account_kind=int(AccountKind.MAIN))
    rows["fee_tiers"]["maker_ppm"], rows["fee_tiers"]["taker_ppm"] = MAKER_PPM, TAKER_PPM
    everybody = np.repeat(accounts, shape.assets)
    rows["balances"] = np.concatenate([
        _table("balances", account=np.full(shape.assets, int(HouseAccount.CUSTODY)), asset=assets,
               available_atoms=-funds_atoms * shape.accounts),
        _table("balances", account=everybody, asset=np.tile(assets, shape.accounts), available_atoms=funds_atoms),
    ])  # fmt: skip
    return Exchange.restore(rows, look_ahead=look_ahead)


@cold
def _apply_one(s, commands, i):
    """Apply one command as a function of its own: the generator is compiled beside the core, not into it."""
    s.venue[0].events = 0
    step(s, commands, i)
    return s.venue[0].events


@cold
def _forget(live, place, count, order):
    """Take an order off the list of live ones, if it is there; returns how many are left."""
    at = place[order]
    if at < 0:
        return count
    count -= 1
    live[at] = live[count]
    place[live[at]] = at
    place[order] = -1
    return count


@cold
def _terms(s, c, middle, spread, taker, half):
    """Set price, quantity and life of an order whose account, market and side are set."""
    sign = 1 - 2 * np.int64(c.side)
    opposite = s.levels[half.best].price_ticks if half.best != 0 else 0
    if taker and opposite != 0:
        c.price_ticks, c.quantity_lots = opposite + sign * spread // 2, 1 + np.random.randint(0, 300)
        c.time_in_force = TimeInForce.IOC
        return
    away = np.int64(spread * np.random.random() ** 2)
    price = middle - sign * (1 + away)
    if opposite != 0:
        price = min(price, opposite - 1) if c.side == Side.BID else max(price, opposite + 1)
    c.price_ticks, c.quantity_lots, c.time_in_force = price, 1 + np.random.randint(0, 100), TimeInForce.GTC


@cold
def _follow(s, made, i, live, place, count):
    """Keep the list of live orders after a command; returns how many there are."""
    for n in range(made):
        if s.events[n].kind == EventKind.TRADE:
            trade = cast(s.events, n, TRADE)
            if trade.maker_remaining_lots == 0:
                count = _forget(live, place, count, trade.maker_order)
        elif s.events[n].kind == EventKind.ORDER_CLOSED:
            count = _forget(live, place, count, cast(s.events, n, ORDER_CLOSED).order)
        elif s.events[n].kind == EventKind.ORDER_ACCEPTED and cast(s.events, n, ORDER_ACCEPTED).rested_lots > 0:
            live[count], place[i + 1] = i + 1, count
            count += 1
    return count


@called_from_python
def _generate(s, commands, live, place, middle, preload, markets, accounts, spread, seed):
    """Draw every command of a flow, applying each, because the next depends on which orders live."""
    np.random.seed(seed)
    count = 0
    for i in range(len(commands)):
        header, u = commands[i], np.random.random()
        header.sequence, header.origin = i + 1, Origin.USER
        if i >= preload and u < CANCELS and count > 0:
            c = cast(commands, i, CANCEL_ORDER)
            c.kind, c.order = Kind.CANCEL_ORDER, live[np.random.randint(0, count)]
            row = s.orders[find_order(s, c.order)]
            c.account, c.market = row.account, row.market
        else:
            p = cast(commands, i, PLACE_ORDER)
            p.kind, p.market, p.side = Kind.PLACE_ORDER, 1 + np.random.randint(0, markets), np.random.randint(0, 2)
            p.account, p.client_id = FIRST_USER_ACCOUNT + np.random.randint(0, accounts), -1
            if np.random.random() < 0.01:
                middle[p.market] += 1 - 2 * np.random.randint(0, 2)
            half = s.halves[half_of(p.market, 1 - p.side)]
            _terms(s, p, middle[p.market], spread, i >= preload and u > 1 - TAKERS, half)
        count = _follow(s, _apply_one(s, commands, i), i, live, place, count)
    return count


def _made(shape: Shape, seed: int) -> np.ndarray:
    exchange = opening(shape)
    commands = np.zeros(shape.preload + shape.commands, COMMAND_HEADER).view(np.recarray)
    live, place = np.zeros(len(commands) + 2, np.int64), np.full(len(commands) + 2, -1, np.int64)
    middle = np.full(shape.markets + 1, MIDDLE_TICKS, np.int64)
    _generate(
        exchange._s, commands, live, place, middle,
        shape.preload, shape.markets, shape.accounts, shape.spread_ticks, seed,
    )  # fmt: skip
    return np.asarray(commands).view(RECORD)


def flow(name: str, seed: int = 7) -> np.ndarray:
    """Return the commands of a flow, preload first; made once and kept in the user's cache."""
    folder = cache_root().parent / "flows"
    path = folder / f"{name}-{seed}-{schema_hash().hex()[:12]}.npy"
    if path.exists():
        return np.load(path).view(RECORD)
    folder.mkdir(parents=True, exist_ok=True)
    commands = _made(SHAPES[name], seed)
    np.save(path, commands.view(f"V{RECORD_BYTES}"))
    return commands
