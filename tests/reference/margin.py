"""Margin (rules 2): what an account is worth, what its debts and orders need, and the check before a command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from ringfence.schema.enums import ONE_E8, AssetKind, HaircutKind, LoanFlag, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_RATE_E8, MAX_VALUE
from ringfence.schema.rejects import Reject

from . import checks, pools
from .money import loan_shares
from .state import Collateral, Market, Order, Refused, State

MILLION = 10**6
FRESH_OR_CLOSED = (PriceState.FRESH, PriceState.CLOSED)
COLLATERAL = (
    "weight_e8",
    "haircut_base_e8",
    "haircut_penalty_e8",
    "initial_base_e8",
    "initial_factor_e8",
    "maintenance_base_e8",
    "maintenance_factor_e8",
    "haircut_kind",
)
LEAST_RESERVED = 4


def set_collateral(state: State, command: Any, emit: Any) -> None:
    checks.known_asset(state, command.asset)
    body = {name: getattr(command, name) for name in COLLATERAL}
    state.collaterals[command.asset] = Collateral(command.asset, **body)
    emit("CollateralSet", asset=command.asset, **body)


# Numbers.


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


# The measure of an account.


@dataclass(slots=True)
class Measure:
    """Values of an account; ``not_fresh`` is an asset that it owes and whose price is not good, or 0."""

    assets: int = 0
    collateral: int = 0
    liabilities: int = 0
    initial: int = 0
    maintenance: int = 0
    reserved: int = 0
    not_fresh: int = 0
    owes: bool = False

    @property
    def equity(self) -> int:
        return self.collateral - self.liabilities

    @property
    def free(self) -> int:
        return self.equity - self.initial - self.reserved


@dataclass(slots=True, frozen=True)
class WhatIf:
    """A change of what an account holds and owes of one asset, and its limit of leverage if that changes."""

    asset: int = 0
    held: int = 0
    owed: int = 0
    limit_percent: int | None = None


NOTHING = WhatIf()


def owes(state: State, account: int) -> bool:
    return any(loan_shares(state, account, asset) < 0 for asset in state.assets)


def limit_of(state: State, account: int, what_if: WhatIf = NOTHING) -> int:
    if what_if.limit_percent is not None:
        return what_if.limit_percent
    return state.accounts[account].leverage_limit_percent if account in state.accounts else 0


def orders_of(state: State, account: int) -> list[Order]:
    return list(state.accounts[account].orders.values()) if account in state.accounts else []


def holdings(state: State, account: int, what_if: WhatIf) -> Iterator[tuple[int, int, int]]:
    """Yield (asset, held, owed) by asset."""
    for asset in sorted(state.assets):
        available, locked, _ = state.balances.get((account, asset), (0, 0, 0))
        held = min(MAX_ATOMS, available + locked + pools.claim(state, account, asset))
        owed = pools.debt(state, account, asset)
        if asset == what_if.asset:
            held, owed = min(MAX_ATOMS, held + what_if.held), min(MAX_ATOMS, owed + what_if.owed)
        yield asset, held, owed


def measure(state: State, account: int, what_if: WhatIf = NOTHING, *, strict: bool = False) -> Measure:
    """Return what an account is worth and what its debts need, with what its orders have stored."""
    found = Measure()
    for asset, held, owed in holdings(state, account, what_if):
        if held > 0:
            add_asset(state, found, asset, held, strict=strict)
        if owed > 0:
            add_debt(state, found, asset, owed, floor_rate(limit_of(state, account, what_if)))
    if found.owes:
        found.reserved = capped(sum(order.reserved_value for order in orders_of(state, account)))
    return found


def reserved_anew(state: State, account: int, assets: int) -> dict[int, int]:
    """Return what each open order reserves of an account that begins to owe, with assets of that value."""
    return {order.order: reserved_value(state, paying_of(state, order), assets) for order in orders_of(state, account)}


def add_asset(state: State, found: Measure, asset: int, held: int, *, strict: bool) -> None:
    value = value_down(held, asset_price(state, asset), state.assets[asset].decimals)
    found.assets = capped(found.assets + value)
    if strict and price_state(state, asset) == PriceState.STALE:
        return
    found.collateral = capped(found.collateral + value * weight(rules_of(state, asset), value) // ONE_E8)


def add_debt(state: State, found: Measure, asset: int, owed: int, floor: int) -> None:
    rules = rules_of(state, asset)
    value = value_up(owed, debt_price(state, asset), state.assets[asset].decimals)
    initial = rate(rules.initial_base_e8, rules.initial_factor_e8, value, floor)
    maintenance = rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, value)
    found.liabilities = capped(found.liabilities + value)
    found.initial = capped(found.initial + requirement(value, initial))
    found.maintenance = capped(found.maintenance + requirement(value, maintenance))
    found.owes = True
    if price_state(state, asset) not in FRESH_OR_CLOSED:
        found.not_fresh = asset


# What an order reserves.


@dataclass(slots=True, frozen=True)
class Paying:
    """What an order pays and brings when it fills; ``order`` is its number."""

    order: int
    account: int
    market: Market
    side: int
    pays_atoms: int
    brings_atoms: int
    loan_flags: int


def paying_of(state: State, order: Order) -> Paying:
    """Return what is left of an open order to pay and to bring."""
    market = state.markets[order.market]
    _, pays = market.lock(order.side, order.price_ticks, order.remaining_lots)
    _, brings = market.brings(order.side, order.price_ticks, order.remaining_lots)
    return Paying(order.order, order.account, market, order.side, pays, brings, order.loan_flags)


def after_fees(state: State, order: Paying) -> int:
    user = state.users[state.accounts[order.account].user]
    ppm = max(0, *state.fee_tiers[order.market.fee_schedule, user.fee_tier])
    return order.brings_atoms - ceil_div(order.brings_atoms * ppm, MILLION)


def reserved_value(state: State, order: Paying, assets: int, *, repays: bool = False) -> int:
    """Return what the collateral may lose when an order fills, of an account with assets of that value.

    With ``repays`` it is the eased value, which is not stored.
    """
    paid_asset, _ = order.market.lock(order.side, 1, 1)
    brought_asset, _ = order.market.brings(order.side, 1, 1)
    brings = after_fees(state, order)
    repaid = repayable(state, order, brought_asset, brings) if repays else 0
    gain = gain_of(state, brought_asset, brings - repaid, assets)
    if repaid:
        rules = rules_of(state, brought_asset)
        value = value_down(repaid, debt_price(state, brought_asset), state.assets[brought_asset].decimals)
        gain += value + value * rules.initial_base_e8 // ONE_E8
    return capped(max(0, loss_of(state, paid_asset, order.pays_atoms) - gain + LEAST_RESERVED))


def loss_of(state: State, asset: int, atoms: int) -> int:
    rules = rules_of(state, asset)
    value = value_up(atoms, asset_price(state, asset), state.assets[asset].decimals)
    top = rules.weight_e8
    if rules.haircut_kind == HaircutKind.INVERSE_SQRT:
        top = top * rules.haircut_base_e8 // ONE_E8
    return ceil_div(value * top, ONE_E8)


def gain_of(state: State, asset: int, atoms: int, assets: int) -> int:
    if price_state(state, asset) == PriceState.STALE:
        return 0
    value = value_down(atoms, asset_price(state, asset), state.assets[asset].decimals)
    return value * slope_of(rules_of(state, asset), assets) // ONE_E8


def slope_of(rules: Collateral, assets: int) -> int:
    """Return how much collateral one more unit of value adds at least, whatever is held of it."""
    if rules.haircut_kind == HaircutKind.IDENTITY:
        return rules.weight_e8
    fall = ceil_div(rules.haircut_penalty_e8 * root(assets), 1_000)
    if fall > 10**10:
        return 0
    fallen = rules.weight_e8 * rules.haircut_base_e8 // (ONE_E8 + fall)
    return fallen * (ONE_E8 + fall // 2) // (ONE_E8 + fall)


def repayable(state: State, order: Paying, asset: int, brings: int) -> int:
    """Return how much of a debt an order would repay that other orders would not."""
    if not order.loan_flags & LoanFlag.AUTO_BORROW_REPAY:
        return 0
    others = 0
    for other in orders_of(state, order.account):
        found = paying_of(state, other)
        brings_it = found.market.brings(found.side, 1, 1)[0] == asset
        if brings_it and found.loan_flags & LoanFlag.AUTO_BORROW_REPAY and found.order != order.order:
            others += after_fees(state, found)
    return max(0, min(brings, pools.debt(state, order.account, asset) - others))


# The check.


@dataclass(slots=True)
class Passed:
    """What a margin check found: the value its order reserves, and those of open orders that are computed anew."""

    reserved: int = 0
    anew: dict[int, int] = field(default_factory=dict)


def check(state: State, account: int, what_if: WhatIf = NOTHING, order: Paying | None = None) -> Passed:
    """Refuse a command that the account's margin does not bear; ``order`` is one that is placed or amended."""
    owed_before, after = owes(state, account), measure(state, account, what_if, strict=True)
    passed, eased = Passed(), 0
    if not owed_before and not after.owes:
        return passed
    if order:
        passed.reserved = reserved_value(state, order, after.assets)
        eased = passed.reserved - reserved_value(state, order, after.assets, repays=True)
    if not owed_before:
        passed.anew = reserved_anew(state, account, after.assets)
    if after.owes:
        stored = {other.order: other.reserved_value for other in orders_of(state, account)}
        if order and owed_before:
            stored[order.order] = 0  # one that is amended counts as it will be
        after.reserved = capped(sum((passed.anew or stored).values()) + passed.reserved)
    if after.free < 0 or after.not_fresh:
        takes_no_new_risk(state, account, what_if, after, eased)
    return passed


def takes_no_new_risk(state: State, account: int, what_if: WhatIf, after: Measure, eased: int) -> None:
    plain = measure(state, account, what_if)
    plain.reserved = after.reserved - min(eased, after.reserved)
    if plain.liabilities < MAX_VALUE and plain.free >= measure(state, account).free:
        return
    if after.not_fresh:
        raise Refused(Reject.PRICE_NOT_FRESH, asset=after.not_fresh)
    needed, equity = capped(after.initial + after.reserved), max(-MAX_VALUE, after.equity)
    raise Refused(Reject.INSUFFICIENT_MARGIN, value=needed, limit=equity)


def store(state: State, passed: Passed) -> None:
    """Store what open orders reserve anew, once the command is accepted."""
    for order, value in passed.anew.items():
        state.orders[order].reserved_value = value
