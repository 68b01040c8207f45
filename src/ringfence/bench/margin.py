"""``ringfence bench margin``: orders that are measured before they are accepted, and settlements.

Every account holds six assets. It owes a seventh, or has positions in two perpetuals, or neither. Half of the commands
place a limit order, half cancel the one before, at accounts drawn at random. A settlement is measured command by
command.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import Exchange
from ..schema.commands import CancelOrder, PlaceOrder
from ..schema.enums import FIRST_USER_ACCOUNT, INDEX_BITS, ONE_E8, Origin, PoolState, PriceState, Session
from ..schema.events import Rejected
from ..schema.layout import COMMAND_HEADER, DTYPES, EVENT_HEADER, RECORD, ROW_DTYPES, tag_of
from . import positions
from .core import BATCH, ROUNDS, say
from .flow import Shape, opening

ACCOUNTS = (10_000, 100_000, 1_000_000)
COMMANDS = 400_000
ASSETS = 7
BORROWED = ASSETS
FUNDS_ATOMS = 10**12
DEBT_ATOMS = FUNDS_ATOMS // 10
PRICE_UNITS = 100 * 10**8
BID_TICKS, BID_SPREAD_TICKS = 900_000, 10_000
PERPETUAL_BID_TICKS, PERPETUAL_BID_SPREAD_TICKS = 9_900, 1_000
POSITIONS, MOST_POSITIONS = 2, 6
"""How many positions an account has where orders are measured, and where a long settlement is."""
TICK_PPM = 250


def margin_rows(rows: dict[str, np.ndarray], accounts: int, owing: bool) -> None:
    """Price the assets, give them margin rules, and let all but the last account owe what it lent if ``owing``."""
    assets = np.arange(1, ASSETS + 1)
    prices, rules = np.zeros(ASSETS, ROW_DTYPES["prices"]), np.zeros(ASSETS, ROW_DTYPES["collaterals"])
    prices["asset"], prices["minimum_sources"], prices["session"] = assets, 3, int(Session.OPEN)
    prices["price_state"], prices["mark_units"] = int(PriceState.FRESH), PRICE_UNITS
    rules["asset"], rules["weight_e8"], rules["haircut_base_e8"] = assets, ONE_E8 * 9 // 10, ONE_E8
    rules["initial_base_e8"], rules["maintenance_base_e8"] = ONE_E8 // 10, ONE_E8 // 20
    rows["prices"], rows["collaterals"] = prices, rules
    if not owing:
        return
    debt = DEBT_ATOMS * (accounts - 1)
    pool = np.zeros(1, ROW_DTYPES["lending_pools"])
    pool["asset"], pool["pool_state"] = BORROWED, int(PoolState.OPEN)
    pool["optimal_utilisation_ppm"], pool["lent_index"], pool["debt_index"] = 800_000, 1 << INDEX_BITS, 1 << INDEX_BITS
    pool["lent_shares"] = pool["debt_shares"] = debt
    rows["lending_pools"] = pool
    balances = rows["balances"]
    borrowed = balances["asset"] == BORROWED
    balances["available_atoms"][borrowed] = 0
    balances["loan_shares"][borrowed & (balances["account"] >= FIRST_USER_ACCOUNT)] = -DEBT_ATOMS
    balances["loan_shares"][borrowed & (balances["account"] == FIRST_USER_ACCOUNT + accounts - 1)] = debt
    rows["balances"] = balances[(balances["available_atoms"] != 0) | (balances["loan_shares"] != 0)]


def venue(accounts: int, *, owing: bool) -> Exchange:
    """Return a venue whose accounts hold six assets each, and owe a seventh if ``owing``."""
    rows = opening(Shape(0, 0, 1, accounts, ASSETS, 0), funds_atoms=FUNDS_ATOMS).rows()
    margin_rows(rows, accounts, owing)
    return Exchange.restore(rows)


def orders(
    accounts: int, begin: int, seed: int, *, on_perpetuals: bool = False, commands: int = COMMANDS
) -> np.ndarray:
    """Return commands from sequence ``begin`` on: an order of an account drawn at random, then its cancellation.

    It is an order on the spot market, or on a perpetual in which the account has a position.
    """
    draw = np.random.default_rng(seed)
    chosen = FIRST_USER_ACCOUNT + draw.integers(0, accounts - 1, commands // 2)
    sequences = begin + np.arange(commands)
    found = np.zeros(commands, RECORD)
    placed, cancelled = np.zeros(commands // 2, DTYPES[PlaceOrder]), np.zeros(commands // 2, DTYPES[CancelOrder])
    market = positions.markets_of(chosen, 1)[:, 0] if on_perpetuals else 1
    for kind, records, own in ((PlaceOrder, placed, sequences[::2]), (CancelOrder, cancelled, sequences[1::2])):
        records["sequence"], records["account"], records["market"] = own, chosen, market
        records["kind"], records["origin"] = tag_of(kind), int(Origin.USER)
    best, spread = (PERPETUAL_BID_TICKS, PERPETUAL_BID_SPREAD_TICKS) if on_perpetuals else (BID_TICKS, BID_SPREAD_TICKS)
    placed["price_ticks"] = best - draw.integers(0, spread, commands // 2)
    placed["quantity_lots"], placed["client_id"], cancelled["order"] = 1, -1, sequences[::2]
    found[::2], found[1::2] = placed.view(RECORD), cancelled.view(RECORD)
    return found


def commands_per_s(exchange: Exchange, accounts: int, *, on_perpetuals: bool = False) -> float:
    """Return the best speed of a few passes."""
    speeds = []
    for n in range(ROUNDS):
        first = exchange.apply(orders(accounts, exchange.sequence + 1, n, on_perpetuals=on_perpetuals)[:BATCH])
        assert np.all(first.view(EVENT_HEADER)["kind"] != tag_of(Rejected)), "orders are refused"
        commands = orders(accounts, exchange.sequence + 1, n, on_perpetuals=on_perpetuals)
        begin = time.perf_counter()
        for at in range(0, COMMANDS, BATCH):
            for _ in exchange.apply_in_parts(commands[at : at + BATCH]):
                pass
        speeds.append(COMMANDS / (time.perf_counter() - begin))
    return max(speeds)


def speeds(accounts: int) -> dict[str, int]:
    """Return commands a second where all have positions, where all owe, and where nobody does."""
    with_positions = positions.venue(accounts, POSITIONS)
    found = {"positions_commands_per_s": round(commands_per_s(with_positions, accounts, on_perpetuals=True))}
    del with_positions
    for name, owing in (("owing_commands_per_s", True), ("free_commands_per_s", False)):
        exchange = venue(accounts, owing=owing)
        assert bool(exchange.measure(FIRST_USER_ACCOUNT).liabilities) == owing, (
            "the accounts are not what they should be"
        )
        found[name] = round(commands_per_s(exchange, accounts))
    return found


def settlement(accounts: int, held: int) -> dict[str, float | int]:
    """Return how long the commands of a settlement take, in milliseconds."""
    settled = positions.settle(accounts, held)
    return {
        "longest_ms": round(settled.longest_ms, 2),
        "total_ms": round(settled.total_ms, 1),
        "longest_look_ms": round(settled.longest_look_ms, 2),
        "commands": settled.pages,
    }


def best_ms(act: Callable[[], object]) -> float:
    """Return the shortest of a few times that something takes."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1e3)
    return round(min(times), 2)


def tick(exchange: Exchange, accounts: int, near: int) -> dict[str, float | int]:
    """Let one mark fall bit by bit until so many accounts are near the edge; return what finding the unsafe takes then.

    Orders between the ticks see to it that nothing of those accounts is in a cache.
    """
    while not exchange.settling:
        positions.move_marks(exchange, -TICK_PPM, [positions.PRICED[0]])
        commands = orders(accounts, exchange.sequence + 1, 0, on_perpetuals=True)[:BATCH]
        commands.view(COMMAND_HEADER)["time_us"] = exchange.time_us
        exchange.apply(commands)
        begin = time.perf_counter()
        unsafe = exchange.unsafe_accounts()
        taken_ms, watched = (time.perf_counter() - begin) * 1e3, exchange.watched()
        if watched.measured >= near:
            return {"tick_ms": round(taken_ms, 3), "measured": watched.measured, "unsafe": len(unsafe)}
    raise AssertionError("too few accounts stand near the edge")


def watch(accounts: int) -> dict[str, Any]:
    """Return how long it takes to measure everybody after all marks have moved, and only those near the edge."""
    exchange = positions.venue(accounts, POSITIONS, positions.EDGE_RATIO)
    exchange.revalue()
    positions.move_marks(exchange, -TICK_PPM, positions.PRICED.tolist())
    found: dict[str, Any] = {
        f"revaluation_{threads}_threads_ms": best_ms(lambda threads=threads: exchange.revalue(threads=threads))
        for threads in (1, 2)
    }
    return found | tick(exchange, accounts, max(accounts // 1_000, 1))


def measure() -> dict[str, Any]:
    """Return what was measured, by the number of accounts."""
    found: dict[str, Any] = {}
    for accounts in ACCOUNTS:
        say(f"margin: {accounts:,} accounts, orders")
        row: dict[str, Any] = dict(speeds(accounts))
        for held in (POSITIONS, MOST_POSITIONS):
            say(f"margin: {accounts:,} accounts, a settlement of {accounts * held:,} positions")
            row[f"settlement_{held}_positions"] = settlement(accounts, held)
        say(f"margin: {accounts:,} accounts, the watch list")
        row["watch"] = watch(accounts)
        found[f"{accounts}"] = row
    return found


def told(accounts: int, row: dict[str, Any]) -> list[str]:
    """Return what was measured at so many accounts as lines for people."""
    with_positions, owing, free = (row[f"{name}_commands_per_s"] / 1e6 for name in ("positions", "owing", "free"))
    lines = [
        f"{accounts:>9,} accounts  {with_positions:.2f} M commands/s where all have positions, "
        f"{owing:.2f} M where all owe, {free:.2f} M where nobody does"
    ]
    for held in (POSITIONS, MOST_POSITIONS):
        settled = row[f"settlement_{held}_positions"]
        lines.append(
            f"{'':9} settling {accounts * held:,} positions: {settled['total_ms']:.0f} ms in {settled['commands']} "
            f"commands, the longest {settled['longest_ms']:.1f} ms; placing the accounts of one anew "
            f"{settled['longest_look_ms']:.1f} ms"
        )
    watched = row["watch"]
    lines.append(
        f"{'':9} measuring everybody: {watched['revaluation_1_threads_ms']:.1f} ms, on two threads "
        f"{watched['revaluation_2_threads_ms']:.1f} ms; a tick that {watched['measured']:,} are near: "
        f"{watched['tick_ms']:.3f} ms"
    )
    return lines


def main(as_json: bool) -> None:
    """Print what was measured, as one JSON line or as lines for people."""
    found = measure()
    if as_json:
        print(json.dumps(found))
        return
    for accounts, row in found.items():
        print("\n".join(told(int(accounts), row)))
