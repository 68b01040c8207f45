"""Each thing that must hold of loans, positions, settlements and triggers is told in a sentence when it does not."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest

from ringfence.node.invariants import broken_invariants
from ringfence.node.local import LocalNode
from ringfence.schema.enums import Settling

from . import full_scene, scene

Rows = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The tables of a venue in the middle of everything."""
    ticks = count(1_700_000_000_000_000, 100_000)
    with LocalNode(tmp_path_factory.mktemp("whole") / "venue", clock=lambda: next(ticks)) as node:
        node.submit(scene.records_of(*scene.opening()))
        full_scene.until_due(node.engine)
        found = node.exchange.rows()
    assert list(broken_invariants(found)) == []
    assert found["redemptions"].size and found["triggers"].size and found["venue"]["settling"][0] == Settling.PAYING
    return found


@pytest.fixture
def rows(whole: Rows) -> Rows:
    """A copy to damage."""
    return {name: table.copy() for name, table in whole.items()}


def first(table: np.ndarray, **wanted: int) -> int:
    """Return the place of the first row with these values."""
    return int(np.flatnonzero(np.logical_and.reduce([table[name] == value for name, value in wanted.items()]))[0])


def plant(table: str, column: str, change: int, **wanted: int) -> Callable[[Rows], Any]:
    """Return what adds to one column of one row."""

    def planted(rows: Rows) -> None:
        place = first(rows[table], **wanted) if wanted else 0
        rows[table][column][place] = int(rows[table][column][place]) + change

    return planted


USDC, LONG, LENDER = {"asset": scene.USDC}, {"account": full_scene.LONG}, {"account": full_scene.LENDER}
DAMAGE: list[tuple[Callable[[Rows], Any], str]] = [
    (plant("lending_pools", "lent_shares", 1, **USDC), "counts 7000000000002 and "),
    (plant("lending_pools", "debt_shares", 1, **USDC), "shares, accounts have others"),
    (plant("lending_pools", "reserve_atoms", 1, **USDC), "POOL has"),
    (plant("lending_pools", "rounding_atoms", -100, **USDC), "of roundings"),
    (plant("lending_pools", "reserve_atoms", -(10**15), **USDC), "in reserve"),
    (plant("lending_pools", "pending_atoms", -(10**15), **USDC), "pending"),
    (plant("lending_pools", "lent_index", -(2**52), **USDC), "below one or above the highest"),
    (plant("lending_pools", "debt_index", 2**58, **USDC), "below one or above the highest"),
    (plant("collaterals", "asset", 5, **USDC), "asset 2 has a pool and no rules of collateral"),
    (plant("lending_pools", "asset", 5, **USDC), "asset 2 is lent or owed and has no pool"),
    (plant("redemptions", "queued_atoms", -(10**15)), "waits for -"),
    (plant("redemptions", "account", 2), "that it has not lent, or twice"),
    (plant("redemptions", "redemption", 10**9), "waits for asset 2 since command 10000"),
    (
        plant("balances", "account", 1, **LENDER, loan_shares=7 * 10**12 + 1),
        "account 65 is fenced and has 7",
    ),
    (plant("orders", "reserved_value", -(10**15), market=1), "reserves a value of -"),
    (plant("orders", "reserved_value", 2**61, market=1), "reserves a value of 2305"),
    (plant("orders", "reserved_value", -(2**61), market=2), "in perpetual 2 reserves a value of -"),
    (plant("orders", "loan_flags", 2, market=2), "in perpetual 2 has the loan flags 2"),
    (plant("orders", "side", -1, reduce_only=1), "only reduces by 5 lots a position of 1000"),
    (plant("orders", "account", 9_000), "one does not exist"),
    (plant("orders", "market", 9), "one does not exist"),
    (plant("accounts", "user", 9), "who does not exist"),
    (plant("positions", "account", 900, **LONG), "account 968 has a position in market 2 and does not exist"),
    (plant("positions", "entry_atoms", -(10**12), **LONG), "account 68 entered 1000 lots in market 2 at -"),
    (plant("positions", "entry_atoms", 1, **LENDER), "account 64 entered 0 lots in market 2 at 1 atoms"),
    (plant("positions", "bid_lots", -400, **LENDER), "account 64 has an empty position in market 2"),
    (plant("positions", "reduce_lots", 1_000, **LONG), "account 68 reduces 1005 of 1000 lots"),
    (plant("positions", "net_lots", 1, **LONG), "the positions in market 2 sum to 1 lots"),
    (plant("positions", "due_atoms", 1, account=full_scene.SHORT), "atoms as due, its positions still"),
    (plant("venue", "settling", -3), "and settling is 0"),
    (plant("perpetuals", "clearing_atoms", -(10**15)), "keeps -"),
    (plant("perpetuals", "collected_atoms", -(10**15)), "collected -"),
    (plant("perpetuals", "short_atoms", -1), "is short of -1"),
    (plant("perpetuals", "paid_atoms", 10**15), "that were due"),
    (plant("perpetuals", "open_interest_lots", 1), "the open interest of market 2 is 1001 lots"),
    (plant("triggers", "loan_flags", 1), "in a perpetual has loan flags 1"),
    (plant("triggers", "account", 1), "belongs to account 69, which is fenced"),
    (plant("triggers", "due", 1_000), "which is not its own"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGE, ids=[sentence for _, sentence in DAMAGE])
def test_broken_invariants_name_the_damage(rows: Rows, damage: Callable[[Rows], Any], sentence: str) -> None:
    damage(rows)
    assert any(sentence in found for found in broken_invariants(rows)), list(broken_invariants(rows))


def test_broken_invariants_name_what_is_due_and_not_counted_while_losers_pay(rows: Rows) -> None:
    rows["venue"]["settling"] = 1
    assert list(broken_invariants(rows)) == []
    rows["perpetuals"]["due_atoms"] += 5
    assert any("its positions" in found for found in broken_invariants(rows))


def test_broken_invariants_name_what_could_not_be_paid_and_nobody_collects(rows: Rows) -> None:
    rows["venue"]["settling"] = Settling.PAYING
    rows["positions"]["due_atoms"] = -1
    assert any("account 68 could not pay 1 atoms in market 2" in found for found in broken_invariants(rows))


def test_broken_invariants_name_a_trigger_that_only_reduces_on_a_spot_market(rows: Rows) -> None:
    rows["triggers"]["market"] = scene.MARKET
    assert any("in a spot market has loan flags 0, only reduces 1" in found for found in broken_invariants(rows))
