"""What atoms are worth as collateral and as debt.  docs/rules.md, "Margin".

A price is turned into a factor and a shift once, when it changes, so that a holding costs one multiplication.
"""

from ..schema.enums import ONE_E8 as E8
from ..schema.enums import UNITS_PER_CASH, VALUES_PER_CASH, AssetKind, HaircutKind, PriceState
from ..schema.fields import MAX_ATOMS, MAX_PRICE_TICKS, MAX_RATE_E8, MAX_VALUE
from .bits import checked_multiply, divide_down, highest_bit, shift_down, shift_up
from .bounds import PPM, scale_down, scale_up
from .jit import cold, hot

MILLI = 1_000
"""A root of millionths is a thousand times the root of the cash unit."""
UNITS_PER_VALUE = UNITS_PER_CASH // VALUES_PER_CASH
LINE_BITS = 16
LINE_EVEN, OFFSET_EVEN, LINE_ODD, OFFSET_ODD = 27_555, 38_968, 19_484, 55_109
"""Lines above the root between powers of four and twice those, and from there to the next, in 2^-16."""
SURE_BITS = 50
"""Two steps of Newton's method are enough for numbers of so many bits, three for all others."""
STEEPEST = 10**10
"""Beyond this penalty, in hundred-millionths, another piece of an asset is worth nothing."""


@hot
def root_up(x):
    """Return the ceil of the square root of a value, by Newton's method from above."""
    if x <= 1:
        return x
    root = root_bound(x)
    root = (root + x // root) >> 1
    root = (root + x // root) >> 1
    if x >> SURE_BITS != 0:
        root = (root + x // root) >> 1
    while root * root > x:
        root -= 1
    return root + 1 if root * root < x else root


@hot
def root_bound(x):
    """Return a number above the root of x, by at most 1.6 % and three.

    From one power of two to the next, a root lies under the line that touches it in between.
    """
    bit = highest_bit(x)
    half = bit >> 1
    if bit & 1 == 0:
        return ((x >> half) * LINE_EVEN + (OFFSET_EVEN << half) >> LINE_BITS) + 3
    return ((x >> half) * LINE_ODD + (OFFSET_ODD << half) >> LINE_BITS) + 3


@hot
def part_down(value, rate_e8):
    """Return floor(value * rate / 10^8), at most MAX_VALUE, of a value and a rate of at most a hundred."""
    product, overflow = checked_multiply(value, rate_e8)
    if not overflow:
        return min(product // E8, MAX_VALUE)
    whole, overflow = checked_multiply(value // E8, rate_e8)
    if overflow or whole > MAX_VALUE:
        return MAX_VALUE
    return min(whole + value % E8 * rate_e8 // E8, MAX_VALUE)


@hot
def part_up(value, rate_e8):
    """Return ceil(value * rate / 10^8), at most MAX_VALUE, of a value and a rate of at most a hundred."""
    product, overflow = checked_multiply(value, rate_e8)
    if not overflow and product <= MAX_ATOMS:
        return min((product + E8 - 1) // E8, MAX_VALUE)
    whole, overflow = checked_multiply(value // E8, rate_e8)
    if overflow or whole > MAX_VALUE:
        return MAX_VALUE
    return min(whole + (value % E8 * rate_e8 + E8 - 1) // E8, MAX_VALUE)


@hot
def capped_sum(a, b):
    """Return a sum of two values, at most MAX_VALUE."""
    return min(a + b, MAX_VALUE)


@hot
def asset_value(rules, atoms):
    """Return what atoms that are held are worth, rounded down."""
    return min(shift_down(atoms, rules.asset_factor, rules.asset_shift), MAX_VALUE)


@hot
def debt_value(rules, atoms):
    """Return what atoms that are owed are worth, rounded up."""
    if rules.debt_factor == 0:
        return 0
    return min(shift_up(atoms, rules.debt_factor + 1, rules.debt_shift), MAX_VALUE)


@cold
def paid_value(rules, atoms):
    """Return what atoms that are paid are worth, rounded up."""
    if rules.asset_factor == 0:
        return 0
    return min(shift_up(atoms, rules.asset_factor + 1, rules.asset_shift), MAX_VALUE)


@cold
def repaid_value(rules, atoms):
    """Return by how much a debt is worth less when atoms of it are repaid, rounded down."""
    return min(shift_down(atoms, rules.debt_factor, rules.debt_shift), MAX_VALUE)


@hot
def rate_at(base_e8, factor_e8, value):
    """Return the margin rate at a notional, in hundred-millionths."""
    if is_small(base_e8, factor_e8, value):
        return min(base_e8, MAX_RATE_E8)
    return min(max(base_e8, (factor_e8 * root_up(value) + MILLI - 1) // MILLI), MAX_RATE_E8)


@hot
def is_small(base_e8, factor_e8, value):
    """Whether a notional is so small that its root need not be taken: a bound of it asks for no more than the base."""
    return factor_e8 == 0 or value == 0 or factor_e8 << (highest_bit(value) // 2 + 1) <= base_e8 * MILLI


@hot
def penalty_at(rules, value):
    """Return by how much a holding of this value divides its weight, in hundred-millionths above one."""
    return (rules.haircut_penalty_e8 * root_up(value) + MILLI - 1) // MILLI


@hot
def weight_at(rules, value):
    """Return the weight of a holding of this value, in hundred-millionths."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    return rules.weight_e8 * rules.haircut_base_e8 // (E8 + penalty_at(rules, value))


@hot
def top_weight(rules):
    """Return the weight of the first piece of an asset, which is the largest."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    return rules.weight_e8 * rules.haircut_base_e8 // E8


@hot
def slope_at(rules, value):
    """Return the weight of the next piece, where a holding has this value: the derivative of value times weight."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    penalty = penalty_at(rules, value)
    if penalty > STEEPEST:
        return 0
    weight = rules.weight_e8 * rules.haircut_base_e8 // (E8 + penalty)
    return weight * (E8 + penalty // 2) // (E8 + penalty)


@hot
def is_live(price_state):
    """Whether new risk may be taken at a price in this state."""
    return price_state == PriceState.FRESH or price_state == PriceState.CLOSED


@cold
def factor_of(price_units, decimals):
    """Return (factor, shift) of a price: atoms * factor / 2^shift is their value; (0, 0) for no price."""
    if price_units == 0:
        return 0, 0
    unit = UNITS_PER_VALUE
    for _ in range(decimals):
        unit *= 10
    factor, rest, shift = price_units // unit, price_units % unit, 0
    while factor < MAX_ATOMS // 2:
        rest *= 2
        factor *= 2
        if rest >= unit:
            rest -= unit
            factor += 1
        shift += 1
    return factor, shift


@cold
def margin_price(s, asset):
    """Return (price, state) that an asset has for margin; cash that nobody prices is worth itself."""
    price = s.prices[asset]
    if price.minimum_sources != 0:
        return price.mark_units, price.price_state
    if s.assets[asset].asset_kind == AssetKind.CASH:
        return UNITS_PER_CASH, PriceState.FRESH.value
    return 0, PriceState.NONE.value


@cold
def set_worth(s, asset):
    """Bring what an asset's atoms are worth to its mark, its state and its haircut."""
    rules, decimals = s.collaterals[asset], s.assets[asset].decimals
    price_units, state = margin_price(s, asset)
    haircut = s.prices[asset].closed_haircut_ppm if state == PriceState.CLOSED else 0
    rules.price_state = state
    rules.asset_factor, rules.asset_shift = factor_of(scale_down(price_units, PPM - haircut), decimals)
    rules.debt_factor, rules.debt_shift = factor_of(scale_up(price_units, PPM + haircut), decimals)


@cold
def index_ticks(s, market, price_units):
    """Return the price of the base asset in ticks of a market."""
    money = 1
    for _ in range(s.assets[market.quote_asset].decimals):
        money *= 10
    return min(max(divide_down(price_units, money, UNITS_PER_CASH) // market.tick_atoms, 1), MAX_PRICE_TICKS)
