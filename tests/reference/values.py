"""Values and rates (rules 2): prices for margin, what atoms are worth, and what margin a value needs."""

from math import isqrt

from ringfence.schema.enums import ONE_E8, AssetKind, HaircutKind, PriceState
from ringfence.schema.fields import MAX_RATE_E8, MAX_VALUE
from ringfence.schema.rejects import Reject

from .state import Collateral, Refused, State

MILLION = 10**6
FRESH_OR_CLOSED = (PriceState.FRESH, PriceState.CLOSED)


def capped(value: int) -> int:
    return min(value, MAX_VALUE)


def ceil_div(amount: int, by: int) -> int:
    return -(-amount // by)


def root(value: int) -> int:
    """Return the ceil of the square root."""
    found = isqrt(value)
    return found + (found * found < value)


def scaled_price(price: int, decimals: int) -> tuple[int, int]:
    """Return (f, s): the price of an atom times 2^s, as large as fits below 2^62."""
    unit = 10 ** (decimals + 2)
    shift = ((2**62 * unit - 1) // price).bit_length() - 1
    return (price << shift) // unit, shift


def value_down(atoms: int, price: int, decimals: int) -> int:
    if price == 0:
        return 0
    factor, shift = scaled_price(price, decimals)
    return capped(atoms * factor >> shift)


def value_up(atoms: int, price: int, decimals: int) -> int:
    if price == 0:
        return 0
    factor, shift = scaled_price(price, decimals)
    return capped(ceil_div(atoms * (factor + 1), 1 << shift))


def price_state(state: State, asset: int) -> int:
    """Return the state of an asset's price for margin."""
    if asset in state.prices:
        return state.prices[asset].price_state
    return int(PriceState.FRESH if state.assets[asset].asset_kind == AssetKind.CASH else PriceState.NONE)


def price_units(state: State, asset: int) -> tuple[int, int]:
    """Return (price, haircut in ppm that counts now) of an asset."""
    if asset in state.prices:
        price = state.prices[asset]
        return price.mark_units, price.closed_haircut_ppm if price.price_state == PriceState.CLOSED else 0
    return (10**8 if state.assets[asset].asset_kind == AssetKind.CASH else 0), 0


def asset_price(state: State, asset: int) -> int:
    price, haircut = price_units(state, asset)
    return price * (MILLION - haircut) // MILLION


def debt_price(state: State, asset: int) -> int:
    price, haircut = price_units(state, asset)
    return ceil_div(price * (MILLION + haircut), MILLION)


def has_fresh_price(state: State, asset: int) -> None:
    if price_state(state, asset) not in FRESH_OR_CLOSED:
        raise Refused(Reject.PRICE_NOT_FRESH, asset=asset)


def rules_of(state: State, asset: int) -> Collateral:
    return state.collaterals.get(asset) or Collateral(asset)


def floor_rate(limit_percent: int) -> int:
    """Return the lowest initial rate that a limit of leverage leaves."""
    return ceil_div(10**10, limit_percent) if limit_percent else 0


def rate(base: int, factor: int, value: int, floor: int = 0) -> int:
    return min(MAX_RATE_E8, max(base, floor, ceil_div(factor * root(value), 1_000)))


def requirement(value: int, rate_e8: int) -> int:
    return capped(ceil_div(value * rate_e8, ONE_E8))


def weight(rules: Collateral, value: int) -> int:
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    fallen = ONE_E8 + ceil_div(rules.haircut_penalty_e8 * root(value), 1_000)
    return rules.weight_e8 * rules.haircut_base_e8 // fallen
