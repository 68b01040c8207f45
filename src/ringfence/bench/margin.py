"""``ringfence bench margin``: orders of accounts that owe, each of which is measured before it is accepted.

Every account holds six assets and owes one. Half of the commands place a limit order, half cancel the one before, at
accounts drawn at random; beside it the same commands at as many accounts that owe nothing.
"""

import json
import time
from typing import Any

import numpy as np

from ..core import Exchange
from ..schema.commands import CancelOrder, PlaceOrder
from ..schema.enums import FIRST_USER_ACCOUNT, INDEX_BITS, ONE_E8, Origin, PoolState, PriceState, Session
from ..schema.events import Rejected
from ..schema.layout import DTYPES, EVENT_HEADER, RECORD, ROW_DTYPES, tag_of
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


def orders(accounts: int, begin: int, seed: int) -> np.ndarray:
    """Return commands from sequence ``begin`` on: an order of an account drawn at random, then its cancellation."""
    draw = np.random.default_rng(seed)
    chosen = FIRST_USER_ACCOUNT + draw.integers(0, accounts - 1, COMMANDS // 2)
    sequences = begin + np.arange(COMMANDS)
    found = np.zeros(COMMANDS, RECORD)
    placed, cancelled = np.zeros(COMMANDS // 2, DTYPES[PlaceOrder]), np.zeros(COMMANDS // 2, DTYPES[CancelOrder])
    for kind, records, own in ((PlaceOrder, placed, sequences[::2]), (CancelOrder, cancelled, sequences[1::2])):
        records["sequence"], records["account"], records["market"] = own, chosen, 1
        records["kind"], records["origin"] = tag_of(kind), int(Origin.USER)
    placed["price_ticks"] = BID_TICKS - draw.integers(0, BID_SPREAD_TICKS, COMMANDS // 2)
    placed["quantity_lots"], placed["client_id"], cancelled["order"] = 1, -1, sequences[::2]
    found[::2], found[1::2] = placed.view(RECORD), cancelled.view(RECORD)
    return found


def commands_per_s(accounts: int, *, owing: bool) -> float:
    """Return the best speed of a few passes."""
    exchange, speeds = venue(accounts, owing=owing), []
    assert bool(exchange.measure(FIRST_USER_ACCOUNT).liabilities) == owing, "the accounts are not what they should be"
    for n in range(ROUNDS):
        first = exchange.apply(orders(accounts, exchange.sequence + 1, n)[:BATCH])
        assert np.all(first.view(EVENT_HEADER)["kind"] != tag_of(Rejected)), "orders are refused"
        commands = orders(accounts, exchange.sequence + 1, n)
        begin = time.perf_counter()
        for at in range(0, COMMANDS, BATCH):
            for _ in exchange.apply_in_parts(commands[at : at + BATCH]):
                pass
        speeds.append(COMMANDS / (time.perf_counter() - begin))
    return max(speeds)


def measure() -> dict[str, Any]:
    """Return commands a second by the number of accounts, with debts and without."""
    found = {}
    for accounts in ACCOUNTS:
        say(f"margin: {accounts:,} accounts")
        found[f"{accounts}"] = {
            "owing_commands_per_s": round(commands_per_s(accounts, owing=True)),
            "free_commands_per_s": round(commands_per_s(accounts, owing=False)),
        }
    return found


def main(as_json: bool) -> None:
    """Print what was measured, as one JSON line or as lines for people."""
    found = measure()
    if as_json:
        print(json.dumps(found))
        return
    for accounts, row in found.items():
        owing, free = row["owing_commands_per_s"] / 1e6, row["free_commands_per_s"] / 1e6
        print(f"{int(accounts):>9,} accounts  {owing:.2f} M commands/s where all owe, {free:.2f} M where nobody does")
