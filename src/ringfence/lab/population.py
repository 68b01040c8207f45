"""Who is there: a role, means, a side, a market and a leverage for everybody, drawn from the tables of a scenario."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from ringfence.schema.enums import FIRST_USER_ACCOUNT

from .drawing import ALL, by_quantiles, by_shares, draws
from .load import CASH
from .plan import CASH_ATOMS, CASH_NUMBER, Plan
from .records import Integers
from .scenario import ROLE_NAMES, Mix, Role, Table

CENTS = 100


ROLES_OF_MARGIN = (Role.LONG, Role.SHORT, Role.HEDGER)


class Population:
    """Arrays with an entry for everybody but desks and makers; accounts are those of their main accounts."""

    def __init__(self, plan: Plan) -> None:
        people, count = plan.scenario.people, plan.accounts
        self.plan, self.count = plan, count
        self.accounts = FIRST_USER_ACCOUNT + 2 * np.arange(count)
        self.role = _mixed(plan, people.roles, 1, ROLE_NAMES)
        self.market = 1 + _mixed(plan, people.markets, 2, [one.name for one in plan.markets])
        self.means_atoms = _table(plan, people.means_usd, 3, CENTS) * (CASH_ATOMS // CENTS)
        self.leverage_percent = self._leverage()
        self.collateral = self._collateral()
        self.deposits = draws(plan.seed, 6, count) < int(people.deposit_share.value * ALL)
        self.deposit_delay_us = _table(plan, people.deposit_delay_s, 7, 1_000_000)
        self.deposit_atoms = self.means_atoms // 1_000 * _table(plan, people.deposit_part, 8, 1_000)

    @property
    def hedgers(self) -> Integers:
        """Return who holds both sides of a market, each in an account of its own."""
        return np.flatnonzero(self.role == Role.HEDGER)

    @property
    def next_account(self) -> int:
        """The account after them, which is the first desk's."""
        return FIRST_USER_ACCOUNT + 2 * self.count

    def _leverage(self) -> Integers:
        """Return how much of his means everybody puts at risk, in percent."""
        people, plan = self.plan.scenario.people, self.plan
        short = self.role == Role.SHORT
        return np.where(short, _table(plan, people.leverage_short, 4, 100), _table(plan, people.leverage_long, 4, 100))

    def _collateral(self) -> Integers:
        """Return the asset that everybody's means are in."""
        mix = self.plan.scenario.people.collateral
        names = [CASH, *self.plan.by_name]
        drawn = CASH_NUMBER + _mixed(self.plan, mix, 5, names)
        own = np.array([0, *(one.asset for one in self.plan.markets)])[self.market]
        keeps = np.isin(self.role, ROLES_OF_MARGIN)
        carries = np.isin(self.role, (Role.CARRY, Role.HOLDER))
        return np.where(carries, own, np.where(keeps, drawn, CASH_NUMBER))


def _table(plan: Plan, table: Table, stream: int, scale: int) -> Integers:
    points = [(int(part * ALL), int(value * scale)) for part, value in table.points]
    return by_quantiles(draws(plan.seed, stream, plan.accounts), points)


def _mixed(plan: Plan, mix: Mix, stream: int, names: list[str]) -> Integers:
    """Return for everybody the place of a name, drawn by the parts of a mix."""
    shares = [int(mix.parts.get(name, Decimal(0)) * 1_000_000) for name in names]
    return by_shares(draws(plan.seed, stream, plan.accounts), shares)
