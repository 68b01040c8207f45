"""A venue where people trade, lend, borrow, fail and are liquidated, at random; history is fed command by command."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.core.perpetual_venue import DOLLAR, PERP, SECOND_US, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue

from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, Parameter
from ringfence.schema.events import Event
from ringfence.views.history import Fed, HistoryFeed

PEOPLE, SUB_ACCOUNTS = 6, 3
RARE = (
    Parameter.LIQUIDATION_BUFFER_PPM,
    Parameter.LIQUIDATION_FEE_PPM,
    Parameter.LIQUIDATION_BAND_PPM,
    Parameter.LIQUIDATION_CLOSE_OUT_PPM,
    Parameter.LIQUIDATION_BOOK_MS,
    Parameter.SKIN_CAP,
    Parameter.DELEVERAGING_POLICY,
)


class FollowedVenue(PerpetualVenue):
    """Keeps what history is fed of each command; a feed that begins anew sees the exchange as it stands."""

    def __init__(self, people: int) -> None:
        self.fed: list[tuple[int, list[Fed]]] = []
        self.feed: HistoryFeed | None = None
        super().__init__(people)

    def give(self, command: c.Command) -> list[Any]:
        """Apply a command, and feed history what came of it."""
        if self.feed is None:
            self.feed = HistoryFeed(self.exchange)
        events = super().give(command)
        self.fed.append((self.exchange.sequence, self.feed.follow(events)))
        return events

    def begin_again(self) -> None:
        """Let another feed go on, as after a restart."""
        self.feed = None


class FailingVenue(FollowedVenue):
    """Every step is a command at random; prices jump, so accounts fail by little and by much."""

    def __init__(self, seed: int) -> None:
        self.random, self.ticks = Random(seed), 10_000
        super().__init__(PEOPLE)
        sold = {"conversion_market": SPOT, "conversion_discount_ppm": 30_000}
        rates = {"weight_e8": 9 * 10**7, "initial_base_e8": 10**7, "maintenance_base_e8": 5 * 10**6}
        self.must(c.SetCollateral(asset=SOL, **rates, **sold))
        for account in self.accounts:
            self.fund(account, self.random.choice((300, 1_000, 5_000)) * DOLLAR)
            self.fund(account, self.random.choice((1, 5, 20)) * WHOLE_SOL, SOL)
        opened = [self.must(c.OpenAccount(user=n + 1, sub_account=1)) for n in range(SUB_ACCOUNTS)]
        self.subs = [events[0].account for events in opened]
        for account in self.subs:
            self.fund(account, 500 * DOLLAR)
        self._lend(self.accounts[0])
        self.must(c.SetFeeTier(fee_schedule=1, fee_tier=0, maker_ppm=self.random.choice((-100, 0, 200)), taker_ppm=500))

    def _lend(self, lender: int) -> None:
        self.fund(lender, 50_000 * DOLLAR)
        self.fund(lender, 300 * WHOLE_SOL, SOL)
        self.must(c.Lend(account=lender, asset=USDC, amount_atoms=20_000 * DOLLAR))
        self.must(c.Lend(account=lender, asset=SOL, amount_atoms=200 * WHOLE_SOL))

    def step(self) -> list[Event]:
        """Do something at random."""
        kinds = (self._trade, self._move_money, self._borrow, self._set_rare, self._go_on, self._liquidate)
        return self.random.choices(kinds, (42, 20, 12, 1, 9, 26))[0]()

    def _trade(self) -> list[Event]:
        pick, account = self.random.choice, self.random.choice((*self.accounts, *self.subs))
        if self.random.random() < 0.15:
            return self.give(self.at_market(account, pick((0, 1)), pick((100, 1_000)), reduce_only=pick((0, 1))))
        dollars = max(1, self.ticks + pick((-300, -100, -20, -1, 0, 1, 20, 100, 300))) / 100
        where: dict[str, Any] = {"market": pick((PERP, PERP, SPOT)), "time_in_force": pick((0, 0, 1))}
        return self.give(self.order(account, pick((0, 1)), dollars, pick((10, 100, 1_000, 5_000)), **where))

    def _move_money(self) -> list[Event]:
        pick, account = self.random.choice, self.random.choice((*self.accounts, *self.subs))
        kind = pick((self._deposit, self._deposit, self._transfer, self._withdraw, self._save, self._top_up))
        return kind(account, pick((USDC, USDC, SOL)))

    def _deposit(self, account: int, asset: int) -> list[Event]:
        self.number += 1
        amount = self.random.choice((1, 10 * DOLLAR, 100 * DOLLAR, 10**9))
        return self.give(c.Deposit(account=account, asset=asset, source=1, number=self.number, amount_atoms=amount))

    def _transfer(self, account: int, asset: int) -> list[Event]:
        givers = [*self.accounts, *self.subs, *(main + 1 for main in self.accounts)]
        amount = self.random.choice((1, DOLLAR, 50 * DOLLAR))
        giver = self.random.choice(givers)
        return self.give(c.Transfer(account=giver, to_account=account, asset=asset, amount_atoms=amount))

    def _withdraw(self, account: int, asset: int) -> list[Event]:
        waiting = self.exchange.rows()["withdrawals"]["withdrawal"].tolist()
        if waiting and self.random.random() < 0.5:
            kind = self.random.choice((c.SettleWithdrawal, c.ReturnWithdrawal))
            return self.give(kind(withdrawal=self.random.choice(waiting)))
        amount = self.random.choice((DOLLAR, 100 * DOLLAR, 10**9))
        return self.give(c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount))

    def _save(self, account: int, asset: int) -> list[Event]:
        self._deposit(HouseAccount.SUSPENSE, USDC)
        houses = (HouseAccount.FUND, HouseAccount.SKIN, HouseAccount.COMPENSATION, account)
        move = {"account": HouseAccount.SUSPENSE, "to_account": self.random.choice(houses), "asset": USDC}
        return self.give(c.MoveHouseFunds(**move, amount_atoms=self.random.choice((DOLLAR, 20 * DOLLAR))))

    def _top_up(self, account: int, asset: int) -> list[Event]:
        amount = self.random.choice((DOLLAR, 50 * DOLLAR, 200 * DOLLAR, 10**10))
        return self.give(c.TopUp(account=account, asset=asset, amount_atoms=amount))

    def _borrow(self) -> list[Event]:
        account = self.random.choice((*self.accounts, *self.subs))
        kind = self.random.choice((c.Borrow, c.Borrow, c.Lend, c.Redeem))
        amount = self.random.choice((DOLLAR, 100 * DOLLAR, 10**9, 5 * 10**9))
        return self.give(kind(account=account, asset=self.random.choice((USDC, SOL)), amount_atoms=amount))

    def _set_rare(self) -> list[Event]:
        value = self.random.choice((0, 1, 2, 100, 10_000, 500_000, 10**9))
        return self.give(c.SetParameter(parameter=self.random.choice(RARE), value=value))

    def _go_on(self) -> list[Event]:
        if self.random.random() < 0.1:
            self.time_us += self.random.choice((20, 4_000)) * SECOND_US
            return self.give(c.Clock())
        jumps = (1, 1, 0.999, 1.001, 0.99, 1.01, 0.97, 1.03, 0.9, 1.1)
        self.ticks = max(100, round(self.ticks * self.random.choice(jumps)))
        return self.let(self.ticks / 100, self.random.choice((1, 1, 1, 3, 10, 1_800)))

    def _liquidate(self) -> list[Event]:
        kinds = (c.OpenCases, c.StepCase, c.Deleverage, c.ConvertCollateral, c.ContinueSettlement)
        return self.give(self.random.choices(kinds, (4, 12, 3, 2, 5))[0]())
