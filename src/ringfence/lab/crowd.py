"""What people do each step: makers quote while they have money, some close in panic, and the liquidated deposit."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema.enums import OrderType, Side, TimeInForce
from ringfence.schema.events import CaseOpened
from ringfence.schema.layout import DTYPES, EVENT_HEADER, tag_of

from .building import SPOT_PART, Builder, depth_atoms
from .drawing import ALL, draws
from .plan import CASH_ATOMS, CASH_NUMBER, PPM, US, Listed
from .population import Role
from .records import Integers, Records, joined, many
from .stage import Stage

LEVELS_PPM = (300, 1_000, 2_500, 6_000, 12_000, 22_000, 35_000, 48_000)
"""How far from the middle makers quote; the last is within the five percent in which depth is counted."""
LEVEL_PARTS = (4, 8, 12, 16, 16, 16, 14, 14)
"""What part of his depth stands at each, in percent."""
THIN_PPM = 10_000
"""What is added to every distance when there is no depth left."""
FIRST_STREAM = 10_000


class Room(NamedTuple):
    """How many lots somebody may still buy and sell."""

    bids: int
    asks: int


class Crowd:
    """Everybody who acts while the scenario runs."""

    def __init__(self, builder: Builder, stage: Stage) -> None:
        self.plan, self.people, self.cast = builder.plan, builder.population, builder.cast
        self._builder, self._stage = builder, stage
        self._waiting: list[tuple[int, int]] = []
        self._deposited: set[int] = set()

    def listen(self, events: Records) -> None:
        """Hear who is liquidated: some of them bring money soon."""
        opened = events[events.view(EVENT_HEADER)["kind"] == tag_of(CaseOpened)].view(DTYPES[CaseOpened])
        for account, time_us in zip(opened["account"].tolist(), opened["time_us"].tolist(), strict=True):
            person = (account - int(self.people.accounts[0])) // 2
            brings = 0 <= person < self.people.count and bool(self.people.deposits[person])
            if brings and person not in self._deposited:
                self._deposited.add(person)
                heapq.heappush(self._waiting, (time_us + int(self.people.deposit_delay_us[person]), person))

    def deposits(self, now_us: int) -> Records:
        """Return the deposits that are due."""
        due: list[int] = []
        while self._waiting and self._waiting[0][0] <= now_us:
            due.append(heapq.heappop(self._waiting)[1])
        people = np.array(sorted(due), np.int64)
        atoms = np.maximum(self.people.deposit_atoms[people], CASH_ATOMS)
        return self._builder.deposit(self.people.accounts[people], CASH_NUMBER, atoms)

    def quotes(self, step: int) -> Records:
        """Return what makers do: all they quoted is withdrawn, and they quote anew around what things are worth."""
        makers = self.cast.makers.tolist()
        middle, left_ppm = self.plan.middle_units(step), int(self.plan.depth_ppm[step])
        inventory = int(self.plan.scenario.depth.maker_inventory.value * 100)
        parts = [many(c.CancelAllOrders, len(makers), account=self.cast.makers)]
        for maker in makers:
            nets = {row.market: row.net_lots for row in self._stage.exchange.positions(maker)}
            for one in self.plan.markets:
                ticks = one.ticks(middle[one.asset])
                each = depth_atoms(self.plan, one) // PPM * left_ppm // len(makers)
                most = one.lots_of(inventory * depth_atoms(self.plan, one) // 100 // len(makers), ticks)
                net = nets.get(one.market, 0)
                room = Room(max(0, most - net), max(0, most + net))
                parts.append(_ladder(maker, one.market, ticks, one.lots_of(each, ticks), room, left_ppm))
            for one in self.plan.spots:
                parts.append(self._spot_ladder(maker, one, one.ticks(middle[one.asset]), left_ppm))
        return joined(*parts)

    def _spot_ladder(self, maker: int, one: Listed, ticks: int, left_ppm: int) -> Records:
        """Return what a maker quotes for coins: no more than he has of them and of dollars."""
        exchange, spots = self._stage.exchange, len(self.plan.spots)
        cash, coins = (sum(exchange.balance(maker, asset)) for asset in (CASH_NUMBER, one.asset))
        room = Room(one.lots_of(cash // (2 * spots), ticks), coins // one.lot_atoms)
        each = depth_atoms(self.plan, one) // SPOT_PART // PPM * left_ppm // len(self.cast.makers)
        return _ladder(maker, one.spot, ticks, one.lots_of(each, ticks), room, left_ppm)

    def panic(self, step: int) -> Records:
        """Return market orders of those who close what they have."""
        times = self.plan.times_us
        passed_us = int(times[step] - times[step - 1])
        share = self.plan.scenario.people.panic_share.value
        count = int(share * self.people.count * passed_us / (60 * US))
        drawn = draws(self.plan.seed, FIRST_STREAM + step, count) * self.people.count // ALL
        drawn = drawn[np.isin(self.people.role[drawn], (Role.LONG, Role.SHORT))]
        side = np.where(self.people.role[drawn] == Role.LONG, int(Side.ASK), int(Side.BID))
        return many(
            c.PlaceOrder, len(drawn), account=self.people.accounts[drawn], market=self.people.market[drawn], side=side,
            order_type=int(OrderType.MARKET), time_in_force=int(TimeInForce.IOC), reduce_only=1,
            quantity_lots=self._half(drawn),
        )  # fmt: skip

    def _half(self, people: Integers) -> Integers:
        """Return half of what some people came with, in lots."""
        lots = np.ones(len(people), np.int64)
        for one in self.plan.markets:
            here = self.people.market[people] == one.market
            value = self.people.means_atoms[people] // 200 * self.people.leverage_percent[people]
            lots[here] = np.maximum(1, value // (one.ticks(one.price_units) * one.factor))[here]
        return lots


def _ladder(maker: int, market: int, middle: int, lots: int, room: Room, left_ppm: int) -> Records:
    """Return orders on both sides of a middle that come to so many lots a side, or as many as there is room for."""
    wide = THIN_PPM * (PPM - left_ppm) // PPM
    away = np.array([max(1, middle * (ppm + wide * ppm // LEVELS_PPM[-1]) // PPM) for ppm in LEVELS_PPM])
    parts = np.array(LEVEL_PARTS)
    prices = np.concatenate([np.maximum(middle - away, 1), middle + away])
    sizes = np.concatenate([min(lots, room.bids) * parts // 100, min(lots, room.asks) * parts // 100])
    quoted = np.flatnonzero(sizes > 0)
    sides = np.repeat([int(Side.BID), int(Side.ASK)], len(LEVELS_PPM))
    return many(
        c.PlaceOrder, len(quoted), account=maker, market=market, side=sides[quoted], price_ticks=prices[quoted],
        quantity_lots=sizes[quoted],
    )  # fmt: skip
