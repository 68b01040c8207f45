"""What an order and a balance cost in memory, and that a table that grows makes nobody wait."""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.core.large import deposits, resting_orders, venue, without_balances

from ringfence.core import Exchange
from ringfence.schema.enums import FIRST_USER_ACCOUNT

ROOT = Path(__file__).resolve().parents[2]
ORDER_BYTES, BALANCE_BYTES = 200, 64
PAUSE_S = 0.020
BATCH = 256
ROUNDS = 3

RESIDENT = """
import numpy as np, resource
from tests.core.large import deposits, resting_orders, venue, without_balances

def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()

def apply(exchange, commands):
    '''Apply by small batches, nothing kept; return how much memory it took.'''
    before = resident_bytes()
    for at in range(0, len(commands), 4_096):
        for _ in exchange.apply_in_parts(commands[at : at + 4_096]):
            pass
    return resident_bytes() - before
"""
ORDERS = """
exchange = venue({markets}, {accounts}, 11)
orders = resting_orders({orders}, {markets}, {accounts})
list(exchange.apply_in_parts(orders[:0]))
taken = apply(exchange, orders)
assert exchange.orders_open == {orders}, exchange.orders_open
print(taken / {orders})
"""
BALANCES = """
exchange = without_balances(venue(1, 20_000, 51))
accounts, assets = np.divmod(np.random.default_rng(7).permutation(20_000 * 50), 50)
commands = deposits(64 + accounts, 1 + assets)
taken = apply(exchange, commands)
assert len(exchange.rows()["balances"]) == 20_000 * 50 + 50
print(taken / (20_000 * 50))
"""

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc/self/statm")


def bytes_taken(script: str) -> float:
    """Return what a script prints that runs in a process of its own, so that nothing freed before is used again."""
    command = [sys.executable, "-c", RESIDENT + script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return float(done.stdout)


@linux
@pytest.mark.parametrize(
    ("orders", "markets", "accounts"), [(1_000_000, 1_000, 20_000), (500_000, 1, 5_000)], ids=["many books", "one book"]
)
def test_resting_order_takes_less_than_200_bytes_all_told(orders: int, markets: int, accounts: int) -> None:
    taken = bytes_taken(ORDERS.format(orders=orders, markets=markets, accounts=accounts))
    assert 128 < taken < ORDER_BYTES, f"{taken:.0f} bytes per resting order"


@linux
def test_balance_takes_less_than_64_bytes_all_told() -> None:
    taken = bytes_taken(BALANCES)
    assert 32 < taken < BALANCE_BYTES, f"{taken:.0f} bytes per balance"


def slowest_s(exchange: Exchange, commands: np.ndarray) -> float:
    """Return how long the slowest batch kept its thread busy, kernel included, and other processes not."""
    stamps = [time.thread_time()]
    for at in range(0, len(commands), BATCH):
        exchange.apply(commands[at : at + BATCH])
        stamps.append(time.thread_time())
    return max(after - before for before, after in pairwise(stamps))


def test_no_batch_waits_while_orders_and_balances_grow() -> None:
    """What a growing table costs is in every round; a kernel that is short of large pages is not."""
    accounts, assets = np.divmod(np.random.default_rng(1).permutation(300_000), 50)
    balances = deposits(FIRST_USER_ACCOUNT + accounts, 1 + assets)
    orders = resting_orders(300_000, 300, 6_000, first_sequence=len(balances) + 1)
    orders_take, balances_take = [], []
    for _ in range(ROUNDS):
        exchange = venue(300, 6_000, 51)
        balances_take.append(slowest_s(without_balances(exchange), balances))
        exchange._s.venue[0].sequence = len(balances)
        orders_take.append(slowest_s(exchange, orders))
        assert exchange.orders_open == len(orders)
    assert min(balances_take) < PAUSE_S, f"{balances_take}"
    assert min(orders_take) < PAUSE_S, f"{orders_take}"
