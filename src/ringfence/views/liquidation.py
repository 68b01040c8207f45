"""At which price of what it owes an account's margin would no longer do."""

from __future__ import annotations

from typing import NamedTuple

from ringfence.schema.fields import MAX_PRICE_UNITS

from . import lending, margin
from .maximums import MarginState, loan_shares, worth_at


class WhatIf(NamedTuple):
    """A change of what an account holds and owes of an asset, in atoms."""

    held_change: int = 0
    owed_change: int = 0


NOTHING = WhatIf()


def liquidation_price_units(exchange: MarginState, account: int, asset: int, what_if: WhatIf = NOTHING) -> int:
    """Return the estimate, 0 where no rise of the price can do it.

    With D the value of the debt, H that of what is held of the same asset times its weight, E the equity, M the
    maintenance margin of all debts and m the rate of this one, weights and rates as they are now: at r times the price
    equity is E - (H - D) + r * (H - D) and maintenance M - m * D + r * m * D, so they meet where

        r = 1 + (E - M) / (D * (1 + m) - H).

    It is an estimate: another price may move too, and weights and rates change with the values.
    """
    pool = exchange.lending_pool(asset)
    if pool is None:
        return 0
    worth, rules = worth_at(exchange, asset), exchange.collateral(asset) or margin.NO_COLLATERAL
    shares = loan_shares(exchange, account, asset)
    held = sum(exchange.balance(account, asset)) + lending.claim_atoms(pool, shares) + what_if.held_change
    debt = worth.owed_up(max(0, lending.debt_of(pool, shares) + what_if.owed_change))
    counted = margin.collateral_value(rules, worth.held_down(max(0, held)))
    maintenance = margin.requirement(debt, margin.maintenance_rate_e8(rules, debt))
    measure = exchange.measure(account, asset=asset, held_change=what_if.held_change, owed_change=what_if.owed_change)
    slope = debt + maintenance - counted
    if debt == 0 or slope <= 0:
        return 0
    units = worth.mark_units + worth.mark_units * (measure.equity - measure.maintenance) // slope
    return min(MAX_PRICE_UNITS, max(0, units))
