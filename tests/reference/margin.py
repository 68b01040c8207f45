"""Margin (rules 2): what an account is worth, what its debts and orders need, and the check before a command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ringfence.schema.enums import ONE_E8, AssetKind, HaircutKind, LoanFlag, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_VALUE
from ringfence.schema.rejects import Reject

from . import checks, pools, positions
from .money import loan_shares
from .state import BID, Collateral, Market, Order, Refused, State
from .values import (
    FRESH_OR_CLOSED,
    MILLION,
    asset_price,
    capped,
    ceil_div,
    debt_price,
    floor_rate,
    price_state,
    rate,
    requirement,
    root,
    rules_of,
    value_down,
    value_up,
    weight,
)

COLLATERAL = (
    "weight_e8",
    "haircut_base_e8",
    "haircut_penalty_e8",
    "initial_base_e8",
    "initial_factor_e8",
    "maintenance_base_e8",
    "maintenance_factor_e8",
    "haircut_kind",
    "conversion_market",
    "conversion_discount_ppm",
)
CONVERSION_FIELD = 10
LEAST_RESERVED = 4


def set_collateral(state: State, command: Any, emit: Any) -> None:
    checks.known_asset(state, command.asset)
    if command.conversion_market:
        market = checks.known_market(state, command.conversion_market)
        is_cash = state.assets[market.quote_asset].asset_kind == AssetKind.CASH
        if market.is_perpetual or market.base_asset != command.asset or not is_cash:
            raise Refused(Reject.INVALID_COMBINATION, field=CONVERSION_FIELD)
    body = {name: getattr(command, name) for name in COLLATERAL}
    state.collaterals[command.asset] = Collateral(command.asset, **body)
    emit("CollateralSet", asset=command.asset, **body)


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
    exposure: int = 0
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
    """A change of what an account holds and owes of one asset, and its limit of leverage if that changes.

    Or of the lots that it bids and asks for in a perpetual.
    """

    asset: int = 0
    held: int = 0
    owed: int = 0
    limit_percent: int | None = None
    market: int = 0
    bid_lots: int = 0
    ask_lots: int = 0


NOTHING = WhatIf()


def owes(state: State, account: int) -> bool:
    loans = any(loan_shares(state, account, asset) < 0 for asset in state.assets)
    due = any(row.account == account and row.due_atoms < 0 for row in state.entitlements.values())
    return loans or due or bool(positions.of_account(state, account))


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
    for market in positions.of_account(state, account, what_if.market):
        add_position(state, found, account, market, what_if)
    for row in (row for row in state.entitlements.values() if row.account == account):
        add_money(state, found, state.actions[row.action].pay_asset, row.due_atoms)
        found.owes |= row.due_atoms < 0
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


def add_position(state: State, found: Measure, account: int, market: Market, what_if: WhatIf) -> None:
    """Count what a position is unsettled, and the most that it and its orders could become."""
    position, mark = positions.seen(state, account, market), state.perpetuals[market.market].mark_ticks
    more = (what_if.bid_lots, what_if.ask_lots) if market.market == what_if.market else (0, 0)
    lots = positions.largest(position, *more)
    rules, floor = state.perpetuals[market.market], floor_rate(limit_of(state, account, what_if))
    most = owed_value(state, market, lots * mark * market.quote_factor)
    now = owed_value(state, market, abs(position.net_lots) * mark * market.quote_factor)
    raised = market.brakes.raised_base_e8 if market.brakes else 0
    initial = rate(max(rules.initial_base_e8, raised), rules.initial_factor_e8, most, floor)
    maintenance = rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, now)
    found.initial = capped(found.initial + requirement(most, initial))
    found.maintenance = capped(found.maintenance + requirement(now, maintenance))
    found.exposure = capped(found.exposure + most)
    found.owes = True
    add_unsettled(state, found, market, positions.unsettled(state, position, market))
    if rules.price_state not in FRESH_OR_CLOSED and lots > 0:
        found.not_fresh = max(found.not_fresh, market.base_asset)
    if price_state(state, market.quote_asset) not in FRESH_OR_CLOSED and lots > 0:
        found.not_fresh = max(found.not_fresh, market.quote_asset)


def add_unsettled(state: State, found: Measure, market: Market, atoms: int) -> None:
    add_money(state, found, market.quote_asset, atoms)


def add_money(state: State, found: Measure, asset: int, atoms: int) -> None:
    """Count what is expected in an asset, below zero what is owed in it."""
    decimals = state.assets[asset].decimals if atoms else 0
    if atoms > 0:
        value = value_down(atoms, asset_price(state, asset), decimals)
        found.assets, found.collateral = capped(found.assets + value), capped(found.collateral + value)
    elif atoms < 0:
        found.liabilities = capped(found.liabilities + value_up(-atoms, debt_price(state, asset), decimals))


def owed_value(state: State, market: Market, atoms: int) -> int:
    """Return the value of atoms of the quote asset that would have to be paid."""
    return value_up(atoms, debt_price(state, market.quote_asset), state.assets[market.quote_asset].decimals)


# What an order reserves.


@dataclass(slots=True, frozen=True)
class Trading:
    """What an order on a perpetual trades: so many lots for so many atoms; ``order`` is its number."""

    order: int
    account: int
    market: Market
    side: int
    lots: int
    atoms: int
    reduce_only: int


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
    return order.brings_atoms - ceil_div(order.brings_atoms * highest_fee(state, order), MILLION)


def reserved_of(state: State, order: Paying | Trading, assets: int) -> tuple[int, int]:
    """Return what an order reserves, and how much of it does not count in the measure that is not strict."""
    if isinstance(order, Trading):
        return reserved_of_contract(state, order)
    reserved = reserved_value(state, order, assets)
    return reserved, reserved - reserved_value(state, order, assets, repays=True)


def reserved_of_contract(state: State, order: Trading) -> tuple[int, int]:
    """Return the loss against the mark and the fee, and what an order that only reduces frees of the margin."""
    market, rules = order.market, state.perpetuals[order.market.market]
    at_mark = order.lots * rules.mark_ticks * market.quote_factor
    loss = max(0, order.atoms - at_mark if order.side == BID else at_mark - order.atoms)
    fee = ceil_div(order.atoms * highest_fee(state, order), MILLION)
    reserved = capped(LEAST_RESERVED + owed_value(state, market, loss + fee))
    if not order.reduce_only:
        return reserved, 0
    quote = state.assets[market.quote_asset]
    freed = freed_lots(state, order) * rules.mark_ticks * market.quote_factor
    frees = value_down(freed, debt_price(state, quote.asset), quote.decimals) * rules.initial_base_e8 // ONE_E8
    return reserved, min(reserved, frees)


def freed_lots(state: State, order: Trading) -> int:
    """Return by how much the most that a position may come to falls when an order that only reduces it fills."""
    position = positions.seen(state, order.account, order.market)
    standing = state.orders[order.order].remaining_lots if order.order in state.orders else 0
    others = replace(position, reduce_lots=position.reduce_lots - standing)
    filled = replace(others, net_lots=others.net_lots + (order.lots if order.side == BID else -order.lots))
    return max(0, positions.largest(others) - positions.largest(filled))


def highest_fee(state: State, order: Paying | Trading) -> int:
    user = state.users[state.accounts[order.account].user]
    return max(0, *state.fee_tiers[order.market.fee_schedule, user.fee_tier])


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


def check(state: State, account: int, what_if: WhatIf = NOTHING, order: Paying | Trading | None = None) -> Passed:
    """Refuse a command that the account's margin does not bear; ``order`` is one that is placed or amended."""
    owed_before, after = owes(state, account), measure(state, account, what_if, strict=True)
    passed, eased = Passed(), 0
    if not owed_before and not after.owes:
        return passed
    if order:
        passed.reserved, eased = reserved_of(state, order, after.assets)
    if not owed_before:
        passed.anew = reserved_anew(state, account, after.assets)
    if after.owes:
        stored = {other.order: other.reserved_value for other in orders_of(state, account)}
        if order and owed_before:
            stored[order.order] = 0  # one that is amended counts as it will be
        after.reserved = capped(sum((passed.anew or stored).values()) + passed.reserved)
    if after.free < 0 or after.not_fresh:
        eased = min(eased, after.reserved) - eased_as_it_stands(state, order, after.assets, owed_before=owed_before)
        stored = state.orders[order.order].reserved_value if order and order.order in state.orders else 0
        lost = passed.reserved if passed.reserved > stored else 0
        takes_no_new_risk(state, account, what_if, after, eased, lost)
    return passed


def eased_as_it_stands(state: State, order: Paying | Trading | None, assets: int, *, owed_before: bool) -> int:
    """Return what eases an order that is amended before it is: one amendment after another eases it once."""
    if not order or not owed_before or order.order not in state.orders:
        return 0
    old = state.orders[order.order]
    now: Paying | Trading = paying_of(state, old)
    if isinstance(order, Trading):
        atoms = old.price_ticks * old.remaining_lots * order.market.quote_factor
        now = Trading(old.order, old.account, order.market, old.side, old.remaining_lots, atoms, old.reduce_only)
    _, eased = reserved_of(state, now, assets)
    return min(eased, old.reserved_value)


def takes_no_new_risk(state: State, account: int, what_if: WhatIf, after: Measure, eased: int, lost: int) -> None:
    plain = measure(state, account, what_if)
    plain.reserved = after.reserved - eased
    bearable = not lost or lost <= plain.equity
    if bearable and plain.liabilities < MAX_VALUE and plain.free >= measure(state, account).free:
        return
    if after.not_fresh:
        raise Refused(Reject.PRICE_NOT_FRESH, asset=after.not_fresh)
    needed, equity = capped(after.initial + after.reserved), max(-MAX_VALUE, after.equity)
    raise Refused(Reject.INSUFFICIENT_MARGIN, value=needed, limit=equity)


def store(state: State, passed: Passed) -> None:
    """Store what open orders reserve anew, once the command is accepted."""
    for order, value in passed.anew.items():
        state.orders[order].reserved_value = value
