"""The flow that other order books are given, played to the plainest book there is."""

import numpy as np

from ringfence.bench.flow import SHAPES
from ringfence.bench.peers import ADD, COLUMNS, REMOVE, export


def play(rows: np.ndarray) -> tuple[int, int]:
    """Return what a book of plain lists trades and what rests in it; fails at a cancellation of nothing."""
    orders: dict[int, list[int]] = {}
    traded = 0
    for operation, order, is_ask, price, lots, market in rows.tolist():
        if operation == REMOVE:
            del orders[order]
            continue
        sign = -1 if is_ask else 1
        meets = [
            o for o, row in orders.items() if row[0] != is_ask and row[3] == market and sign * (price - row[1]) >= 0
        ]
        for maker in sorted(meets, key=lambda o: (sign * orders[o][1], o)):
            fill = min(lots, orders[maker][2])
            lots, traded = lots - fill, traded + fill
            orders[maker][2] -= fill
            if not orders[maker][2]:
                del orders[maker]
            if not lots:
                break
        if lots and operation == ADD:
            orders[order] = [is_ask, price, lots, market]
    return traded, sum(row[2] for row in orders.values())


def test_exported_flow_trades_and_rests_in_a_plain_book_as_in_the_core(tmp_path):
    found = export("small", tmp_path / "small.bin", count=2_000)
    rows = np.fromfile(tmp_path / "small.bin", np.int64).reshape(-1, len(COLUMNS))
    assert len(rows) == SHAPES["small"].preload + 2_000 - found.refused.sum()
    assert found.traded_lots > 1_000
    assert play(rows) == (found.traded_lots, found.resting_lots)
