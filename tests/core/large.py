"""Venues of a realistic size: funded accounts, and orders that rest on both sides of many books."""

import numpy as np

from ringfence.bench.flow import MIDDLE_TICKS, Shape, opening
from ringfence.core import Exchange
from ringfence.schema.commands import Deposit, PlaceOrder
from ringfence.schema.enums import FIRST_USER_ACCOUNT, Origin, Side
from ringfence.schema.layout import DTYPES, RECORD, ROW_DTYPES, tag_of

SPREAD_TICKS = 500


def venue(markets: int, accounts: int, assets: int) -> Exchange:
    return opening(Shape(0, 0, markets, accounts, assets, SPREAD_TICKS))


def resting_orders(count: int, markets: int, accounts: int, first_sequence: int = 1) -> np.ndarray:
    """Return orders that cross nobody: asks from the middle up, bids below it, denser near it."""
    random = np.random.default_rng(7)
    orders = np.zeros(count, DTYPES[PlaceOrder])
    orders["sequence"] = first_sequence + np.arange(count)
    orders["kind"], orders["origin"], orders["client_id"] = tag_of(PlaceOrder), Origin.USER, -1
    orders["account"] = FIRST_USER_ACCOUNT + random.integers(0, accounts, count)
    orders["market"] = random.integers(1, markets + 1, count)
    orders["side"] = random.integers(0, 2, count)
    away = np.minimum(random.integers(0, SPREAD_TICKS, count), random.integers(0, SPREAD_TICKS, count))
    orders["price_ticks"] = np.where(orders["side"] == Side.BID, MIDDLE_TICKS - 1 - away, MIDDLE_TICKS + away)
    orders["quantity_lots"] = random.integers(1, 100, count)
    return orders.view(RECORD)


def deposits(accounts: np.ndarray, assets: np.ndarray, first_sequence: int = 1, first_number: int = 1) -> np.ndarray:
    """Return a deposit of one million atoms for each pair of account and asset."""
    made = np.zeros(len(accounts), DTYPES[Deposit])
    made["sequence"] = first_sequence + np.arange(len(made))
    made["kind"], made["origin"], made["source"] = tag_of(Deposit), Origin.CUSTODY, 1
    made["number"] = first_number + np.arange(len(made))
    made["account"], made["asset"], made["amount_atoms"] = accounts, assets, 10**6
    return made.view(RECORD)


def without_balances(exchange: Exchange) -> Exchange:
    """Return the same venue with all accounts empty."""
    rows = exchange.rows()
    rows["balances"] = np.zeros(0, ROW_DTYPES["balances"])
    return Exchange.restore(rows)
