"""What others recorded of the wire's venue, computed again by the formulas of the core.

Sources: the wire's published futures specification for the formulas; for the rows, market parameters and positions that
ccxt recorded in 2025 and 2026, and a margin account that a connector of hummingbot noted.
"""

from typing import NamedTuple

import pytest

from ringfence.core.exchange import Measure
from ringfence.core.jit import called_from_python
from ringfence.core.valuation import rate_at
from ringfence.schema.enums import ONE_E8, VALUES_PER_CASH


@called_from_python
def rate(base_e8: int, factor_e8: int, value: int) -> int:
    return rate_at(base_e8, factor_e8, value)


class Rate(NamedTuple):
    """A margin rate at a notional: ``max(base, factor * sqrt(notional))``."""

    source: str
    base: str
    factor: str
    notional: str
    expected: str


RATES = [
    Rate("ETH perpetual, position of 0.002 at 4420.24, recorded imf", "0.02", "0.0000935", "8.84047", "0.02"),
    Rate("ETH perpetual, the same position, mmf", "0.0125", "0.0000561", "8.84047", "0.0125"),
    Rate("BTC perpetual 2026-10: the base reaches so far", "0.01333333", "0.00002494", "285813", "0.01333333"),
    Rate("BTC perpetual 2026-10: 0.00002494 * 1000 beyond it", "0.01333333", "0.00002494", "1000000", "0.02494"),
    Rate("BTC perpetual 2026-10, maintenance: 0.00001496 * 1000", "0.00666667", "0.00001496", "1000000", "0.01496"),
    Rate("SOL perpetual 2026-10: 0.000075 * 1000", "0.02", "0.000075", "1000000", "0.075"),
    Rate("ADA perpetual 2025-09: 0.00044 * 316.228, the root rounded up", "0.1", "0.00044", "100000", "0.13914032"),
]  # fmt: skip


def scaled(text: str, unit: int) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * unit + int(part.ljust(len(str(unit)) - 1, "0")[: len(str(unit)) - 1])


@pytest.mark.parametrize("row", RATES, ids=lambda row: row.source)
def test_margin_rate_is_the_recorded_one(row: Rate) -> None:
    found = rate(scaled(row.base, ONE_E8), scaled(row.factor, ONE_E8), scaled(row.notional, VALUES_PER_CASH))
    assert found == scaled(row.expected, ONE_E8)


def test_free_margin_is_equity_less_what_positions_and_orders_hold() -> None:
    # Noted by hummingbot's connector: 79.14 in all, 25.78 for positions, 14.92 for open orders: 38.44 are available.
    account = Measure(
        assets=79_140_000, collateral=79_140_000, liabilities=0, initial=25_780_000, maintenance=0, reserved=14_920_000,
        not_fresh=0, exposure=0,
    )  # fmt: skip
    assert account.free == 38_440_000


def test_debt_of_a_tenth_initial_rate_is_ten_times_what_carries_it() -> None:
    # The wire's guide: about 10 times the available equity of USDC may be borrowed, 5 times of SOL, BTC and ETH.
    assert rate(scaled("0.1", ONE_E8), 0, 10 * VALUES_PER_CASH) * 10 == ONE_E8
    assert rate(scaled("0.2", ONE_E8), 0, 10 * VALUES_PER_CASH) * 5 == ONE_E8
