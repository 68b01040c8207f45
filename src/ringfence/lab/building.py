"""Everybody comes with money and takes the position that he has when the scenario begins, through the order path."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema.enums import AccountFlag, Side
from ringfence.schema.vault_commands import MintVaultShares

from .opening import DEPOSITS, funds_of_house, opening_commands, rules_of_markets, vault_commands
from .plan import CASH_NUMBER, PPM, Listed, Plan
from .population import Population, Role
from .records import Integers, Records, joined, many, records_of
from .stage import Stage

USED_PPM = 900_000
"""Nobody uses more than this of the margin that he has."""
SPOT_PART = 4
"""The spot market of an asset is a quarter as deep as its perpetual, and so much makers hold in coins."""
BORROWS = AccountFlag.AUTO_BORROW_SETTLEMENTS


class Cast(NamedTuple):
    """Who there is beside the population: first accounts, each of a user of his own."""

    desks: Integers
    makers: Integers
    lender: int
    backer: int
    """Whoever pays into the vault."""
    users: int
    subs: Integers
    """The other account of each of those who hold both sides."""
    vault: int


def cast_of(plan: Plan, population: Population) -> Cast:
    """Return the accounts of desks, makers, lender and backer, of second accounts and of the vault."""
    desks, makers = plan.scenario.people.desks, plan.scenario.depth.makers
    first = population.next_account
    numbers = first + 2 * np.arange(desks + makers + 2)
    lender, backer = (int(number) for number in numbers[-2:])
    subs = backer + 2 + np.arange(len(population.hedgers))
    users = plan.accounts + desks + makers + 2
    return Cast(
        numbers[:desks],
        numbers[desks : desks + makers],
        lender,
        backer,
        users,
        subs,
        backer + 2 + len(population.hedgers),
    )


class Positions(NamedTuple):
    """Orders that open positions: who, where, on which side, how many lots."""

    account: Integers
    market: Integers
    side: Integers
    lots: Integers

    def of(self, market: int, side: Side) -> Positions:
        """Return those of a side in a market, the largest first."""
        mine = np.flatnonzero((self.market == market) & (self.side == side) & (self.lots > 0))
        mine = mine[np.argsort(-self.lots[mine], kind="stable")]
        return Positions(*(field[mine] for field in self))


class Builder:
    """Builds the venue of a plan on a stage; ``deposits`` counts those given so far."""

    def __init__(self, plan: Plan, population: Population, stage: Stage) -> None:
        self.plan, self.population, self.stage = plan, population, stage
        self.cast = cast_of(plan, population)
        self.deposits = 0

    def build(self) -> None:
        """Do all of it."""
        self.stage.must(records_of(*opening_commands(self.plan)))
        self.stage.must(quotes_at(self.plan, 0))
        self.stage.tick()
        self.stage.must(records_of(*rules_of_markets(self.plan), *funds_of_house(self.plan)))
        self.stage.must(many(c.OpenUser, self.cast.users))
        self.stage.must(many(c.OpenAccount, len(self.cast.subs), user=self.population.hedgers + 1, sub_account=1))
        positions = self._positions()
        desk_positions = self._desks(positions)
        self._bring_money(desk_positions)
        self._set_accounts()
        self._lend()
        self._open(Positions(*map(np.concatenate, zip(desk_positions, positions, strict=True))))
        self._open_vault()

    def deposit(self, accounts: Integers, assets: Integers | int, atoms: Integers) -> Records:
        """Return deposits with the numbers that come next."""
        numbers = self.deposits + 1 + np.arange(len(accounts))
        self.deposits += len(accounts)
        return many(
            c.Deposit, len(accounts), account=accounts, asset=assets, amount_atoms=atoms, number=numbers,
            source=DEPOSITS,
        )  # fmt: skip

    def _positions(self) -> Positions:
        """Return what the population wants to hold."""
        people, config = self.population, self.plan.scenario.people
        lots = np.zeros(people.count, np.int64)
        second = np.zeros(people.count, np.int64)
        hedge_ppm = int(config.hedge.value * PPM)
        for one in self.plan.markets:
            here = people.market == one.market
            value = people.means_atoms // 100 * self._percent(one)
            carried = people.means_atoms // PPM * hedge_ppm
            lots[here] = np.where(people.role == Role.CARRY, carried, value)[here] // self._price(one)
            both = here & (people.role == Role.HEDGER)
            lots[both] //= 2
            second[both] = lots[both] * hedge_ppm // PPM
        trades = np.isin(people.role, (Role.LONG, Role.SHORT, Role.HEDGER, Role.CARRY))
        sells = np.isin(people.role, (Role.SHORT, Role.CARRY))
        side = np.where(sells, int(Side.ASK), int(Side.BID))
        hedgers = people.hedgers
        return Positions(
            np.concatenate([people.accounts, self.cast.subs]),
            np.concatenate([people.market, people.market[hedgers]]),
            np.concatenate([side, np.full(len(hedgers), int(Side.ASK))]),
            np.concatenate([np.where(trades, lots, 0), second[hedgers]]),
        )

    def _percent(self, market: Listed) -> Integers:
        """Return everybody's leverage in a market, in percent, as far as margin allows."""
        people = self.population
        weights = np.ones(len(self.plan.listed) + 2, np.int64) * 100
        for one in self.plan.listed:
            weights[one.asset] = int(one.config.collateral_weight * 100)
        most = int(100 * USED_PPM // (market.config.initial_margin * PPM)) * weights[people.collateral] // 100
        return np.minimum(people.leverage_percent, most)

    def _price(self, one: Listed) -> int:
        return one.ticks(one.price_units) * one.factor

    def _desks(self, positions: Positions) -> Positions:
        """Return what desks take: what the others leave open, in equal parts."""
        accounts: list[Integers] = []
        markets: list[Integers] = []
        sides: list[Integers] = []
        lots: list[Integers] = []
        for one in self.plan.markets:
            bids = int(positions.of(one.market, Side.BID).lots.sum())
            asks = int(positions.of(one.market, Side.ASK).lots.sum())
            each, rest = divmod(abs(bids - asks), max(1, len(self.cast.desks)))
            accounts.append(self.cast.desks)
            markets.append(np.full(len(self.cast.desks), one.market))
            sides.append(np.full(len(self.cast.desks), int(Side.ASK if bids > asks else Side.BID)))
            lots.append(each + (np.arange(len(self.cast.desks)) < rest))
        return Positions(*(np.concatenate(field) for field in (accounts, markets, sides, lots)))

    def _bring_money(self, desks: Positions) -> None:
        people, plan = self.population, self.plan
        atoms = people.means_atoms.copy()
        for one in plan.listed:
            mine = people.collateral == one.asset
            atoms[mine] = coins(people.means_atoms[mine], one.price_units)
        hedgers = people.hedgers
        atoms[hedgers] //= 2
        self.stage.must(self.deposit(people.accounts, people.collateral, np.maximum(atoms, 1)))
        halves = np.maximum(people.means_atoms[hedgers] // 2, 1)
        self.stage.must(self.deposit(self.cast.subs, CASH_NUMBER, halves))
        leverage = int(plan.scenario.people.desk_leverage.value * 100)
        value = np.zeros(len(self.cast.desks), np.int64)
        for one in plan.markets:
            value += desks.lots[desks.market == one.market] * self._price(one)
        self.stage.must(self.deposit(self.cast.desks, CASH_NUMBER, np.maximum(value // leverage * 100, 1)))
        self._fund_makers()
        backed = max(1, plan.part(plan.scenario.rules.vault_usd))
        lent = max(1, plan.part(plan.scenario.rules.lent_usd))
        pair = np.array([self.cast.lender, self.cast.backer])
        self.stage.must(self.deposit(pair, CASH_NUMBER, np.array([lent, backed])))

    def _fund_makers(self) -> None:
        """Give makers dollars for what they quote, and coins for the spot markets."""
        plan, makers = self.plan, self.cast.makers
        depth = sum(depth_atoms(plan, one) for one in plan.markets)
        cash = int(2 * depth / plan.scenario.depth.maker_leverage.value / len(makers))
        self.stage.must(self.deposit(makers, CASH_NUMBER, np.full(len(makers), max(cash, 1))))
        for one in plan.spots:
            held = coins(np.array([depth_atoms(plan, one) // SPOT_PART // len(makers)]), one.price_units)
            self.stage.must(self.deposit(makers, one.asset, np.full(len(makers), max(1, int(held[0])))))

    def _set_accounts(self) -> None:
        """Let whoever keeps coins borrow what he has to pay."""
        mine = self.population.accounts[self.population.collateral != CASH_NUMBER]
        self.stage.must(many(c.SetAccount, len(mine), account=mine, account_flags=int(BORROWS)))

    def _lend(self) -> None:
        people = self.population
        mine = people.role == Role.LENDER
        lends = many(
            c.Lend, int(mine.sum()), account=people.accounts[mine], asset=CASH_NUMBER,
            amount_atoms=people.means_atoms[mine],
        )  # fmt: skip
        lent = max(1, self.plan.part(self.plan.scenario.rules.lent_usd))
        self.stage.must(
            joined(lends, records_of(c.Lend(account=self.cast.lender, asset=CASH_NUMBER, amount_atoms=lent)))
        )

    def _open(self, positions: Positions) -> None:
        """Let asks stand at the opening price, and bids meet them."""
        for one in self.plan.markets:
            for side in (Side.ASK, Side.BID):
                mine = positions.of(one.market, side)
                orders = many(
                    c.PlaceOrder, len(mine.account), account=mine.account, market=one.market, side=int(side),
                    price_ticks=one.ticks(one.price_units), quantity_lots=mine.lots,
                )  # fmt: skip
                self.stage.give(orders)

    def _open_vault(self) -> None:
        """Let the backer open and fill the vault, if there is one."""
        atoms = self.plan.part(self.plan.scenario.rules.vault_usd)
        if atoms == 0:
            return
        self.stage.must(records_of(*vault_commands(self.plan, self.cast.vault, self.cast.users)))
        self.stage.must(records_of(MintVaultShares(account=self.cast.backer, vault=1, amount_atoms=atoms)))


def coins(cash_atoms: Integers, price_units: int) -> Integers:
    """Return what so many atoms of cash buy of an asset, in its atoms, to a millionth of its price."""
    return cash_atoms * 10_000 // max(1, price_units // PPM)


def depth_atoms(plan: Plan, one: Listed) -> int:
    """Return what makers quote on each side of a market when the scenario begins, in atoms of cash."""
    return plan.part(one.config.depth_usd.value) if one.config.depth_usd is not None else 0


def quotes_at(plan: Plan, step: int) -> Records:
    """Return what every source says at a step."""
    at_us = int(plan.times_us[step])
    units = np.array([int(quotes.units[step]) for quotes in plan.quotes])
    return many(
        c.Quote, len(units), asset=np.array([quotes.asset for quotes in plan.quotes]), last_units=units,
        price_source=np.array([quotes.source for quotes in plan.quotes]), observed_us=at_us,
    )  # fmt: skip
