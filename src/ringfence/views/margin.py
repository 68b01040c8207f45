"""What holdings and debts are worth to an account's margin, asset by asset, in exact integers.

The formulas are those of docs/rules.md, "Margin (rules 2)". ``core.Exchange.measure`` gives the sums of an account;
this gives the parts of them that people want to see. Values count millionths of the cash unit, weights and rates
hundred-millionths.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import NamedTuple

from ringfence.schema.enums import ONE_E8, UNITS_PER_CASH, AssetKind, HaircutKind, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_RATE_E8, MAX_VALUE
from ringfence.schema.tables import AssetRow, CollateralRow, PerpetualRow, PriceRow

PPM = 10**6
PERCENT = 100
FACTOR_BITS = 62
UNIT_TO_VALUE_DECIMALS = 2
"""A price counts 10^-8 of the cash unit, a value 10^-6."""
ROOT_OF_CASH = 1_000
"""The root of a value in millionths is a thousand times the root of what it is in the cash unit."""
STEEPEST = 10**10
"""Beyond this penalty another piece of an asset is worth nothing."""


class Worth(NamedTuple):
    """What an asset's atoms are worth: its mark, and the prices that count for a holding and for a debt."""

    mark_units: int
    held_units: int
    owed_units: int
    state: PriceState
    decimals: int

    @property
    def is_live(self) -> bool:
        """Tell whether new risk may be taken at this price."""
        return self.state in (PriceState.FRESH, PriceState.CLOSED)

    def held_down(self, atoms: int) -> int:
        """Return the value of a holding, rounded down."""
        return _value(self.held_units, self.decimals, min(atoms, MAX_ATOMS), up=False)

    def held_up(self, atoms: int) -> int:
        """Return the value of what is given away of a holding, rounded up."""
        return _value(self.held_units, self.decimals, min(atoms, MAX_ATOMS), up=True)

    def owed_up(self, atoms: int) -> int:
        """Return the value of a debt, rounded up."""
        return _value(self.owed_units, self.decimals, min(atoms, MAX_ATOMS), up=True)


NO_COLLATERAL = CollateralRow(
    asset=0,
    weight_e8=0,
    haircut_base_e8=0,
    haircut_penalty_e8=0,
    initial_base_e8=0,
    initial_factor_e8=0,
    maintenance_base_e8=0,
    maintenance_factor_e8=0,
    haircut_kind=HaircutKind.IDENTITY,
    conversion_market=0,
    conversion_discount_ppm=0,
)
"""The rules of an asset that has none: it counts for nothing and cannot be borrowed."""


def worth_of(asset: AssetRow, price: PriceRow | None) -> Worth:
    """Return what an asset is worth to margin; cash that nobody prices is worth itself."""
    if price is not None:
        units, state = price.mark_units, PriceState(price.price_state)
        haircut_ppm = price.closed_haircut_ppm if state is PriceState.CLOSED else 0
    else:
        is_cash = asset.asset_kind == AssetKind.CASH
        units, state = (UNITS_PER_CASH, PriceState.FRESH) if is_cash else (0, PriceState.NONE)
        haircut_ppm = 0
    held_units = units * (PPM - haircut_ppm) // PPM
    owed_units = -(-units * (PPM + haircut_ppm) // PPM)
    return Worth(units, held_units, owed_units, state, asset.decimals)


def least_initial_e8(leverage_limit_percent: int) -> int:
    """Return the margin rate that a leverage limit asks for at least; 0 without a limit."""
    return -(-ONE_E8 * PERCENT // leverage_limit_percent) if leverage_limit_percent else 0


def initial_rate_e8(rules: CollateralRow | PerpetualRow, value: int, least_e8: int = 0) -> int:
    """Return the initial margin rate of a debt, or a position, of this value."""
    return _rate(max(rules.initial_base_e8, least_e8), rules.initial_factor_e8, value)


def maintenance_rate_e8(rules: CollateralRow | PerpetualRow, value: int) -> int:
    """Return the maintenance margin rate of a debt, or a position, of this value."""
    return _rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)


def weight_e8(rules: CollateralRow, value: int) -> int:
    """Return how much of a holding of this value counts."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    return rules.weight_e8 * rules.haircut_base_e8 // (ONE_E8 + _penalty(rules, value))


def top_weight_e8(rules: CollateralRow) -> int:
    """Return the weight of the first piece of an asset, which is the largest."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    return rules.weight_e8 * rules.haircut_base_e8 // ONE_E8


def slope_e8(rules: CollateralRow, value: int) -> int:
    """Return the weight of the next piece where a holding has this value."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    penalty = _penalty(rules, value)
    if penalty > STEEPEST:
        return 0
    return weight_e8(rules, value) * (ONE_E8 + penalty // 2) // (ONE_E8 + penalty)


def collateral_value(rules: CollateralRow, value: int) -> int:
    """Return what of a holding of this value counts."""
    return min(MAX_VALUE, value * weight_e8(rules, value) // ONE_E8)


def requirement(value: int, rate_e8: int) -> int:
    """Return the margin that a debt of this value needs at a rate, rounded up."""
    return min(MAX_VALUE, -(-value * rate_e8 // ONE_E8))


def fraction_e8(part: int, whole: int) -> int:
    """Return a part of a whole in hundred-millionths, rounded down; 0 where there is no whole."""
    return part * ONE_E8 // whole if whole else 0


def _rate(base_e8: int, factor_e8: int, value: int) -> int:
    return min(MAX_RATE_E8, max(base_e8, -(-factor_e8 * _root_up(value) // ROOT_OF_CASH)))


def _penalty(rules: CollateralRow, value: int) -> int:
    return -(-rules.haircut_penalty_e8 * _root_up(value) // ROOT_OF_CASH)


def _root_up(value: int) -> int:
    return isqrt(value - 1) + 1 if value > 0 else 0


def _value(price_units: int, decimals: int, atoms: int, *, up: bool) -> int:
    factor, shift = _factor(price_units, decimals)
    if factor == 0:
        return 0
    value = -(-atoms * (factor + 1) >> shift) if up else atoms * factor >> shift
    return min(MAX_VALUE, value)


@lru_cache(maxsize=1_024)
def _factor(price_units: int, decimals: int) -> tuple[int, int]:
    """Return (factor, shift) of a price: factor is the largest of its form below 2^62."""
    if price_units == 0:
        return 0, 0
    unit = 10 ** (decimals + UNIT_TO_VALUE_DECIMALS)
    shift = max(0, FACTOR_BITS - 1 + unit.bit_length() - price_units.bit_length())
    while (price_units << shift) // unit >= 1 << FACTOR_BITS:
        shift -= 1
    while (price_units << shift + 1) // unit < 1 << FACTOR_BITS:
        shift += 1
    return (price_units << shift) // unit, shift
