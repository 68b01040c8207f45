"""Random liquidations on a venue whose log is kept: prices jump, fall silent, and people do what people do."""

import random
import struct
from functools import cache
from typing import Any

import numpy as np
from tests.auditor.ledger import Entry
from tests.core.perpetual_venue import (
    ASK,
    BID,
    DOLLAR,
    PERP,
    SECOND_US,
    SOL,
    SOURCES,
    SPOT,
    USDC,
    WHOLE_SOL,
    PerpetualVenue,
)

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount, Parameter
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.rejects import Reject

ETH, OTHER_PERP = 3, 3
AWAY_TICKS = (-300, -100, -20, -1, 0, 1, 20, 100, 300)
MOVES = (1, 1, 0.999, 1.001, 0.99, 1.01, 0.97, 1.03, 0.9, 1.1)
LIQUIDATION_SETTINGS = {
    Parameter.LIQUIDATION_BUFFER_PPM: (0, 100_000, 500_000),
    Parameter.LIQUIDATION_FEE_PPM: (0, 5_000, 50_000),
    Parameter.LIQUIDATION_BAND_PPM: (0, 50_000, 500_000),
    Parameter.LIQUIDATION_CLOSE_OUT_PPM: (0, 500_000, 1_000_000),
    Parameter.LIQUIDATION_BOOK_MS: (0, 3_000, 30_000),
    Parameter.SKIN_CAP: (0, 10 * DOLLAR, 10_000 * DOLLAR),
    Parameter.DELEVERAGING_POLICY: (0, 1, 2),
}


class JournalledVenue(PerpetualVenue):
    """A venue that keeps its log: every command as it was stamped, and what it told."""

    def __init__(self, people: int, **perpetual: int) -> None:
        self.log: list[Entry] = []
        self.commands, self.told = bytearray(), bytearray()
        super().__init__(people, **perpetual)

    def give(self, command: c.Command) -> list[Any]:
        origin = int(type(command).origins[0])
        record = bytearray(encode(command, origin))
        struct.pack_into("<qqq", record, 0, self.exchange.sequence + 1, self.time_us, 0)
        told = self.exchange.apply(np.frombuffer(bytes(record), RECORD)).tobytes()
        events = [decode_event(told[at : at + 128]) for at in range(0, len(told), 128)]
        self.log.append(Entry(stamped(command, self.exchange.sequence, self.time_us), origin, events))
        self.commands += record
        self.told += told
        return events

    def balances(self) -> dict[tuple[int, int], int]:
        """Return what the venue says that accounts have, locked or not."""
        rows = self.exchange.rows()["balances"]
        return {
            (int(row["account"]), int(row["asset"])): int(row["available_atoms"]) + int(row["locked_atoms"])
            for row in rows
        }


def stamped(command: c.Command, sequence: int, time_us: int) -> c.Command:
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    return type(command)(**fields | {"sequence": sequence, "time_us": time_us})


class RandomVenue(JournalledVenue):
    """People with all sorts of means, lenders, sub-accounts, a spot market and two contracts, drawn from a seed."""

    def __init__(self, seed: int, people: int = 6) -> None:
        self.random = random.Random(seed)
        super().__init__(people, maintenance_factor_e8=self.random.choice((0, 7_500)), initial_factor_e8=7_500)
        self.ticks, self.other_ticks = 10_000, 10_000
        self.list_other()
        self.sell_collateral()
        self.subs = [self.must(c.OpenAccount(user=n + 1, sub_account=1))[0].account for n in range(3)]
        self.trading = self.accounts + self.subs
        self.give_means()

    def list_other(self) -> None:
        """List another coin with a contract of its own, so that one account may win here and lose there."""
        self.must(c.ListAsset(symbol="ETH", name="ETH", asset_kind=1, decimals=9))
        self.must(c.SetPricing(asset=ETH, update_cap_ppm=1_000_000))
        for source in SOURCES:
            self.must(c.SetPriceWeight(asset=ETH, price_source=source, weight=1))
        self.must(c.SetCollateral(asset=ETH, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6))
        market = {"tick_atoms": 10**4, "lot_atoms": 10**7, "market_kind": 1, "fee_schedule": 1}
        self.must(c.ListMarket(base_asset=ETH, quote_asset=USDC, **market))
        self.let(100)
        self.rule(OTHER_PERP)

    def sell_collateral(self) -> None:
        rules = {"weight_e8": 9 * 10**7, "initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
        sale = {"conversion_market": SPOT, "conversion_discount_ppm": 30_000}
        self.must(c.SetCollateral(asset=SOL, **rules, **sale))
        maker_ppm = self.random.choice((-100, 0, 200))
        self.must(c.SetFeeTier(fee_schedule=1, fee_tier=0, maker_ppm=maker_ppm, taker_ppm=500))

    def give_means(self) -> None:
        for account in self.accounts:
            self.fund(account, self.random.choice((300, 300, 1_000, 5_000)) * DOLLAR)
            if self.random.random() < 0.5:
                self.fund(account, self.random.choice((1, 5, 20)) * WHOLE_SOL, SOL)
        for account in self.subs:
            self.fund(account, 500 * DOLLAR)
        lender = self.accounts[0]
        self.fund(lender, 50_000 * DOLLAR)
        self.fund(lender, 300 * WHOLE_SOL, SOL)
        self.must(c.Lend(account=lender, asset=USDC, amount_atoms=20_000 * DOLLAR))
        self.must(c.Lend(account=lender, asset=SOL, amount_atoms=200 * WHOLE_SOL))

    def let(self, dollars: float, seconds: float = 1) -> list[Any]:
        """Let the price of SOL be so much after so long, and the clock strike; ETH goes its own way."""
        if self.exchange.assets_listed >= ETH:
            for source in SOURCES:
                observed_us = self.time_us + round(seconds * SECOND_US)
                units = getattr(self, "other_ticks", 10_000) * 10**6
                quote = {"last_units": units, "observed_us": observed_us}
                self.time_us = observed_us
                self.must(c.Quote(asset=ETH, price_source=source, **quote))
                seconds = 0
        return super().let(dollars, seconds)

    # What happens.

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def step(self) -> list[Any]:
        """Let one thing happen, drawn from all that may."""
        kinds = (
            (35, self.trade_something),
            (7, self.trade_at_market),
            (8, self.deposit),
            (8, self.transfer),
            (4, self.borrow),
            (4, self.withdraw),
            (2, self.end_withdrawal),
            (2, self.give_from_house),
            (2, self.set_something),
            (3, self.top_up),
            (2, self.stand_by),
            (2, lambda: self.give(c.CoverDebts())),
            (2, self.lend),
            (2, self.redeem),
            (2, self.set_account),
            (9, self.move_price),
            (2, self.jump),
            (4, self.drive),
            (1, self.fall_silent),
            (5, lambda: self.give(c.OpenCases())),
            (10, lambda: self.give(c.StepCase())),
            (3, lambda: self.give(c.Deleverage())),
            (2, lambda: self.give(c.ConvertCollateral())),
            (2, lambda: self.give(c.ContinueSettlement())),
        )
        (what,) = self.random.choices([do for _, do in kinds], [weight for weight, _ in kinds])
        return what() or []

    def anybody(self) -> int:
        return self.random.choice(self.trading)

    def asset(self) -> int:
        return self.random.choice((USDC, SOL))

    def trade_something(self) -> list[Any]:
        market = self.random.choice((PERP, PERP, OTHER_PERP, SPOT))
        ticks = self.other_ticks if market == OTHER_PERP else self.ticks
        dollars = max(1, ticks + self.random.choice(AWAY_TICKS)) / 100
        more = {"market": market, "time_in_force": self.random.choice((0, 0, 1))}
        lots = self.random.choice((10, 100, 1_000, 5_000, 10_000))
        return self.give(self.order(self.anybody(), self.random.choice((BID, ASK)), dollars, lots, **more))

    def trade_at_market(self) -> list[Any]:
        more = {"market": self.random.choice((PERP, OTHER_PERP)), "reduce_only": self.random.choice((0, 1))}
        lots = self.random.choice((100, 1_000))
        return self.give(self.at_market(self.anybody(), self.random.choice((BID, ASK)), lots, **more))

    def deposit(self) -> list[Any]:
        atoms = self.random.choice((1, 10 * DOLLAR, 100 * DOLLAR, 10**9))
        return self.give_deposit(self.anybody(), self.asset(), atoms)

    def give_deposit(self, account: int, asset: int, atoms: int) -> list[Any]:
        self.number += 1
        deposit = {"source": 1, "number": self.number, "amount_atoms": atoms}
        return self.give(c.Deposit(account=account, asset=asset, **deposit))

    def transfer(self) -> list[Any]:
        account = self.random.choice([*self.trading, *(main + 1 for main in self.accounts)])
        user = self.exchange.account(account).user
        others = [one for one in self.trading if self.exchange.account(one).user == user and one != account]
        others = [one for one in others if self.exchange.case(one)] or others or [account]
        atoms = self.random.choice((1, DOLLAR, 50 * DOLLAR))
        to_account = self.random.choice(others)
        return self.give(c.Transfer(account=account, to_account=to_account, asset=USDC, amount_atoms=atoms))

    def borrow(self) -> list[Any]:
        atoms = self.random.choice((DOLLAR, 100 * DOLLAR, 10**9, 5 * 10**9))
        return self.give(c.Borrow(account=self.anybody(), asset=self.asset(), amount_atoms=atoms))

    def withdraw(self) -> list[Any]:
        account = self.random.choice([*self.trading, *(main + 1 for main in self.accounts)])
        if self.random.random() < 0.2:
            account = self.random.choice(self.exchange.rows()["cases"]["account"].tolist() or [account])
        atoms = self.random.choice((1, DOLLAR, 100 * DOLLAR, 10**9))
        return self.give(c.RequestWithdrawal(account=account, asset=self.asset(), amount_atoms=atoms))

    def end_withdrawal(self) -> list[Any]:
        pending = self.exchange.rows()["withdrawals"]["withdrawal"].tolist()
        if not pending:
            return []
        end = self.random.choice((c.SettleWithdrawal, c.ReturnWithdrawal))
        return self.give(end(withdrawal=int(self.random.choice(pending))))

    def give_from_house(self) -> list[Any]:
        """Let FUND, SKIN, COMPENSATION or somebody have money that came for the house, or a compensation."""
        self.give_deposit(HouseAccount.SUSPENSE, USDC, 20 * DOLLAR)
        to_account = self.random.choice((11, 12, 13, self.anybody()))
        source = self.random.choice((3, 3, 13)) if to_account >= FIRST_USER_ACCOUNT else 3
        atoms = self.random.choice((DOLLAR, 20 * DOLLAR))
        return self.give(c.MoveHouseFunds(account=source, to_account=to_account, asset=USDC, amount_atoms=atoms))

    def set_something(self) -> list[Any]:
        parameter = self.random.choice(list(LIQUIDATION_SETTINGS))
        value = self.random.choice(LIQUIDATION_SETTINGS[parameter])
        return self.give(c.SetParameter(parameter=parameter, value=value))

    def top_up(self) -> list[Any]:
        """Top up by some amount; often by what the refusal says would be enough."""
        failing = self.exchange.rows()["cases"]["account"].tolist()
        account = self.random.choice(failing) if failing else self.anybody()
        atoms, asset = self.random.choice((1, DOLLAR, 200 * DOLLAR, 10**10)), self.asset()
        told = self.give(c.TopUp(account=account, asset=asset, amount_atoms=atoms))
        if not isinstance(told[0], v.Rejected) or told[0].reject != Reject.TOP_UP_TOO_SMALL:
            return told
        if self.random.random() < 0.5:
            self.give_deposit(account, asset, told[0].limit)
        return self.give(c.TopUp(account=account, asset=asset, amount_atoms=told[0].limit))

    def stand_by(self) -> list[Any]:
        """Let fenced money go into an estate by itself; somebody who fails already may say so too."""
        failing = self.exchange.rows()["cases"]["account"].tolist()
        account = self.random.choice(failing or [self.anybody()])
        atoms = self.random.choice((0, DOLLAR, 200 * DOLLAR, 10**10, 10**12))
        return self.give(c.SetStandingTopUp(account=account, asset=self.asset(), amount_atoms=atoms))

    def drive(self) -> list[Any]:
        """Let the node do all that there is to do before the next second."""
        self.give(c.OpenCases())
        while self.exchange.settling:
            self.give(c.ConvertCollateral() if self.exchange.converting else c.ContinueSettlement())
        for _ in range(100):
            if self.exchange.cases_due:
                self.give(c.StepCase())
            elif self.exchange.deleveraging:
                self.give(c.Deleverage())
            else:
                break
        return []

    def lend(self) -> list[Any]:
        atoms = self.random.choice((DOLLAR, 100 * DOLLAR))
        return self.give(c.Lend(account=self.anybody(), asset=self.asset(), amount_atoms=atoms))

    def redeem(self) -> list[Any]:
        atoms = self.random.choice((DOLLAR, 100 * DOLLAR, 10**12))
        return self.give(c.Redeem(account=self.anybody(), asset=self.asset(), amount_atoms=atoms))

    def set_account(self) -> list[Any]:
        return self.give(c.SetAccount(account=self.anybody(), account_flags=self.random.randrange(8)))

    def move_price(self) -> list[Any]:
        self.ticks = max(100, round(self.ticks * self.random.choice(MOVES)))
        self.other_ticks = max(100, round(self.other_ticks * self.random.choice(MOVES)))
        return self.let(self.ticks / 100, self.random.choice((1, 1, 1, 3, 10, 600)))

    def jump(self) -> list[Any]:
        """Let a price jump so far that whoever is leveraged fails, and let what the node drives be driven."""
        self.ticks = max(100, round(self.ticks * self.random.choice((0.8, 0.9, 0.95, 1.05, 1.1, 1.25))))
        self.let(self.ticks / 100)
        return self.give(c.OpenCases())

    def fall_silent(self) -> list[Any]:
        self.time_us += 20 * SECOND_US
        return self.give(c.Clock())


STEPS = 700
SEEDS = (0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 14, 16, 17, 19, 20)
"""Runs that every test of this kind may share."""


@cache
def finished(seed: int) -> RandomVenue:
    """Return a venue after its run, as it is for everybody who asks: nobody may give it commands."""
    venue = RandomVenue(seed)
    venue.run(STEPS)
    return venue
