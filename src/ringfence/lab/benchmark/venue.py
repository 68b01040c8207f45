"""A wave in a real venue: positions through the order path, accounts that fail, and what Deleverage then does.

Each coin is a perpetual of which a lot costs so many atoms of a dollar, and nobody bids or asks but for what follows.
Somebody buys, at a mark above the one to come, what is to be closed; the money that he has is what he then loses less
the need of the coin. The mark falls, the winners sell to somebody rich at prices that leave each of them his profit,
cases open, find no bid, and the venue deleverages. FUND and SKIN are empty, and there is no fee.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from ringfence.core import Exchange
from ringfence.lab.records import Integers, Records, joined, many, records_of
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    ONE_E8,
    AssetKind,
    DeleveragingPolicy,
    MarketKind,
    Parameter,
    Side,
    TimeInForce,
)
from ringfence.schema.layout import DTYPES, EVENT_HEADER, decode_event, tag_of

from .reconstruction import Book, Scene

CASH, RICH, RICH_ATOMS = 1, FIRST_USER_ACCOUNT, 10**17
UNITS_PER_TICK = 100
"""A tick is an atom of a dollar for a lot, and a lot one whole unit of its asset."""
INITIAL_PERCENT, MAINTENANCE_PERCENT, FALL_PERCENT = 2, 1, 4
SOURCES = 3
US_PER_S = 1_000_000
BEGINS_US = 1_760_130_960 * US_PER_S
"""A multiple of ten seconds: the settlement that begins there has nothing to settle, and no other comes."""
CLOCKS, STEP_US = 8, US_PER_S
DEPOSITS = 1


class Outcome(NamedTuple):
    """What a wave did, with a place for each coin of each person whom it took of; times are of the engine."""

    coin: Integers
    person: Integers
    lots: Integers
    cost_atoms: Integers
    uncovered_atoms: int
    wave_ms: float


def play(scene: Scene, policy: DeleveragingPolicy) -> Outcome:
    """Play a wave under a rule."""
    return Play(scene, policy).liquidate()


class Play:
    """A venue in which a wave is about to begin; ``winners`` are the accounts of the people of the scene."""

    def __init__(self, scene: Scene, policy: DeleveragingPolicy) -> None:
        self.scene, self.exchange, self.time_us = scene, Exchange(), BEGINS_US
        self.books, people = scene.books, len(scene.profit_atoms)
        accounts = FIRST_USER_ACCOUNT + 2 * np.arange(1 + people + len(self.books))
        self.winners, self.failing = accounts[1 : people + 1], accounts[people + 1 :]
        self._list(policy)
        self._quote([_before(book) for book in self.books])
        self._rule()
        self._bring_money()
        self._fail()
        self._quote([book.mark_ticks for book in self.books])
        self._win()

    def give(self, records: Records) -> Records:
        """Apply what nobody may refuse."""
        stamped = records.copy()
        head = stamped.view(EVENT_HEADER)
        head["sequence"] = self.exchange.sequence + 1 + np.arange(len(stamped))
        head["time_us"] = self.time_us
        told = self.exchange.apply(stamped)
        refused = told[told.view(EVENT_HEADER)["kind"] == tag_of(v.Rejected)]
        assert not len(refused), f"{len(refused)} were refused, first {decode_event(refused[0].tobytes())}"
        return told

    def _list(self, policy: DeleveragingPolicy) -> None:
        count = len(self.books)
        assets = CASH + 1 + np.arange(count)
        self.give(
            records_of(
                c.SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0),
                c.SetParameter(parameter=Parameter.LIQUIDATION_FEE_PPM, value=0),
                c.SetParameter(parameter=Parameter.DELEVERAGING_POLICY, value=int(policy)),
                c.ListAsset(symbol="USDC", name="dollars", asset_kind=AssetKind.CASH, decimals=6),
                *(
                    c.ListAsset(symbol=f"COIN{place}", name=book.name, asset_kind=AssetKind.CRYPTO, decimals=0)
                    for place, book in enumerate(self.books)
                ),
                *(c.SetPriceSource(price_source=source, name=f"source {source}") for source in range(1, SOURCES + 1)),
            )
        )
        markets = many(
            c.ListMarket, count, base_asset=assets, quote_asset=CASH, tick_atoms=1, lot_atoms=1,
            market_kind=int(MarketKind.PERPETUAL), fee_schedule=1,
        )  # fmt: skip
        pricing = many(
            c.SetPricing, count, asset=assets, minimum_sources=SOURCES, maximum_age_ms=10_000, update_cap_ppm=1_000_000
        )
        weights = [
            many(c.SetPriceWeight, count, asset=assets, price_source=one, weight=1) for one in range(1, SOURCES + 1)
        ]
        margins = many(
            c.SetCollateral, count + 1, asset=CASH + np.arange(count + 1), weight_e8=ONE_E8,
            initial_base_e8=ONE_E8 // 10, maintenance_base_e8=ONE_E8 // 20,
        )  # fmt: skip
        self.give(joined(markets, pricing, *weights, margins))

    def _rule(self) -> None:
        self.give(
            many(
                c.SetPerpetual, len(self.books), market=1 + np.arange(len(self.books)),
                initial_base_e8=ONE_E8 // 100 * INITIAL_PERCENT,
                maintenance_base_e8=ONE_E8 // 100 * MAINTENANCE_PERCENT, mark_bound_ppm=0,
                position_limit_lots=2**40, open_interest_limit_lots=2**40,
            )
        )  # fmt: skip

    def _quote(self, ticks: list[int]) -> None:
        """Let every source say a price for each coin, and a Clock strike."""
        self.time_us += STEP_US
        units = np.array(ticks) * UNITS_PER_TICK
        for source in range(1, SOURCES + 1):
            self.give(
                many(
                    c.Quote, len(ticks), asset=CASH + 1 + np.arange(len(ticks)), price_source=source, last_units=units,
                    observed_us=self.time_us,
                )
            )  # fmt: skip
        self.give(records_of(c.Clock()))
        while self.exchange.settling:
            self.give(records_of(c.ConvertCollateral() if self.exchange.converting else c.ContinueSettlement()))

    def _bring_money(self) -> None:
        self.give(many(c.OpenUser, 1 + len(self.winners) + len(self.failing)))
        here = np.zeros(len(self.winners), np.int64)
        for book in self.books:
            np.add.at(here, book.person, book.profit_atoms)
        fails = [book.lots * (_before(book) - book.mark_ticks) - book.need_atoms for book in self.books]
        accounts = np.concatenate([[RICH], self.winners, self.failing])
        atoms = np.concatenate([[RICH_ATOMS], self.scene.equity_atoms - here, fails])
        self.give(
            many(
                c.Deposit, len(accounts), account=accounts, asset=CASH, amount_atoms=atoms, source=DEPOSITS,
                number=1 + np.arange(len(accounts)),
            )
        )  # fmt: skip

    def _fail(self) -> None:
        """Let those who will fail buy what is to be closed."""
        ticks = np.array([_before(book) for book in self.books])
        lots = np.array([book.lots for book in self.books])
        rich = np.full(len(ticks), RICH)
        self._trade(self.failing, rich, 1 + np.arange(len(ticks)), ticks, lots)

    def _win(self) -> None:
        """Let the winners sell at prices that leave each of them his profit: two, a tick apart, where one does not."""
        for market, book in enumerate(self.books, 1):
            above, rest = np.divmod(book.profit_atoms, book.held_lots)
            account = self.winners[book.person]
            for ticks, lots in ((book.mark_ticks + above, book.held_lots - rest), (book.mark_ticks + above + 1, rest)):
                any_lots = lots > 0
                count = int(any_lots.sum())
                self._trade(
                    np.full(count, RICH), account[any_lots], np.full(count, market), ticks[any_lots], lots[any_lots]
                )

    def _trade(self, buyer: Integers, seller: Integers, market: Integers, ticks: Integers, lots: Integers) -> None:
        count = len(buyer)
        fields = {"market": market, "price_ticks": ticks, "quantity_lots": lots}
        bids = many(c.PlaceOrder, count, account=buyer, side=int(Side.BID), **fields)
        asks = many(
            c.PlaceOrder, count, account=seller, side=int(Side.ASK), time_in_force=int(TimeInForce.IOC), **fields
        )
        self.give(np.stack([bids, asks], axis=1).reshape(-1))

    def liquidate(self) -> Outcome:
        """Let cases open, look for bids that nobody gives, and be closed against the winners."""
        told: list[Records] = []
        seconds = 0.0
        for _ in range(CLOCKS):
            told.append(self.give(records_of(c.OpenCases())))
            while self.exchange.unsafe_left:
                told.append(self.give(records_of(c.OpenCases())))
            while due := self.exchange.cases_due:
                told.append(self.give(many(c.StepCase, due)))
            begin = time.perf_counter()
            while self.exchange.deleveraging:
                told.append(self.give(records_of(c.Deleverage())))
            seconds += time.perf_counter() - begin
            if len(_of(v.WaveEnded, told)) == len(self.books):
                break
            self._quote([book.mark_ticks for book in self.books])
        return self._outcome(told, seconds * 1e3)

    def _outcome(self, told: list[Records], wave_ms: float) -> Outcome:
        taken, ended = _of(v.Deleveraged, told), _of(v.WaveEnded, told)
        assert len(ended) == len(self.books), f"{len(ended)} waves for {len(self.books)} coins"
        taken = taken[np.isin(taken["account"], self.winners)]
        return Outcome(
            taken["market"].astype(np.int64) - 1,
            np.searchsorted(self.winners, taken["account"]),
            np.abs(taken["lots"].astype(np.int64)),
            taken["cost_atoms"].astype(np.int64),
            int(ended["uncovered_atoms"].sum()),
            wave_ms,
        )


def _of(kind: type[v.Event], told: list[Records]) -> Records:
    """Return the events of a kind."""
    mine = [records[records.view(EVENT_HEADER)["kind"] == tag_of(kind)] for records in told]
    return joined(*mine).view(DTYPES[kind])


def _before(book: Book) -> int:
    """Return the mark at which those who fail buy: their loss is the need and a margin above what they must have."""
    margin = -(-book.mark_ticks * FALL_PERCENT // 100)
    return book.mark_ticks + margin + -(-book.need_atoms // book.lots)
