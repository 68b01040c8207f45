"""Corporate actions on the compiled core and on the reference: records, dividends, splits and names."""

from collections import Counter
from typing import Any, ClassVar

import pytest
from tests.core.perpetual_venue import DOLLAR, PERP, SECOND_US, SOL, SPOT, USDC, WHOLE_SOL
from tests.core.test_liquidation_differential import TwoVenues

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import ActionPhase, HouseAccount, MarketState
from ringfence.schema.layout import tag_of
from ringfence.schema.rejects import Reject

SEEDS, STEPS = range(12), 420
SHARE, CLASS, BIT = SOL, 1, 2
EVERYTHING = {
    "buy_classes": BIT, "sell_classes": BIT, "hold_classes": BIT, "withdraw_classes": BIT, "lend_classes": BIT,
    "receive_classes": BIT,
}  # fmt: skip
OF_SHARES = [
    Reject.NOT_ELIGIBLE_TO_LEND, Reject.NOT_ELIGIBLE_TO_RECEIVE,
    *(reject for reject in Reject if reject >= Reject.NOT_A_SHARE and reject != Reject.ORDERS_IN_THE_WAY),
]  # fmt: skip
EVENTS_OF_SHARES = [kind.__name__ for kind in v.EVENTS if tag_of(kind) >= tag_of(v.ActionSet)]


class ShareVenues(TwoVenues):
    """The same people, but what they trade is a share: actions of all kinds while they trade, borrow and fail."""

    traded: ClassVar = {"symbol": "GLXY", "name": "Galaxy", "asset_kind": 3, "decimals": 9, "eligibility_class": CLASS}

    def __init__(self, seed: int) -> None:
        self.rejects = Counter[str]()
        self.new, self.old = 1, 1
        super().__init__(seed)
        self.give_deposit(HouseAccount.SUSPENSE, USDC, 10**11)

    def admit(self, user: int) -> None:
        relief = self.random.choice((0, 150_000, 300_000))
        self.must(c.SetEligibility(user=user, tax_relief_ppm=relief, **EVERYTHING))

    def give(self, command: c.Command) -> list[Any]:
        events = super().give(command)
        self.rejects.update(Reject(event.reject).name for event in events if isinstance(event, v.Rejected))
        return events

    def let(self, dollars: float, seconds: float = 1) -> list[Any]:
        """Let sources quote whole shares of now, sometimes still those of before a split."""
        if self.random.random() < 0.95 or self.new > 50 * self.old:
            dollars = dollars * self.old / self.new
        return super().let(dollars, seconds)

    def step(self) -> list[Any]:
        kinds = (
            (30, super().step),
            (8, self.arm),
            (5, lambda: self.give(c.ContinueActions())),
            (3, self.go_on),
            (3, self.fund_or_cancel),
            (4, self.pay),
            (3, self.close_or_release),
            (2, self.set_rights),
            (2, self.split),
            (1, self.rename),
            (1, self.fraction),
            (1, self.reopen),
            (3, self.lend_or_go_short),
            (1, self.grid),
            (3, self.fail_while_owing),
        )
        (what,) = self.random.choices([do for _, do in kinds], [weight for weight, _ in kinds])
        return what() or []

    # Actions.

    def some_action(self) -> Any:
        rows = self.exchange.actions
        return self.random.choice(rows) if rows else None

    def arm(self) -> list[Any]:
        """Arm a new action, or replace one, with dates that come soon; sometimes it is none that can be."""
        pick, row = self.random.choice, self.some_action()
        now = self.time_us
        soon = sorted(now + pick((-1, 0, 1, SECOND_US, 2 * SECOND_US, 5 * SECOND_US, 40 * SECOND_US)) for _ in range(3))
        ex, record, payable = soon if pick((True, True, False)) else (soon[2], soon[0], soon[1])
        payable += pick((0, 0, 0, 900 * SECOND_US))
        if pick((True,) + (False,) * 9):
            ex, record, payable = (pick(soon) for _ in range(3))
        new = row is None or self.random.random() < 0.7
        number = self.exchange.actions_armed + 1 if new else row.action
        what = {
            "action": pick((number,) * 12 + (number + 1, max(1, number - 2))),
            "version": pick((1 if new else row.version + 1,) * 9 + (3,)),
            "asset": pick((SHARE,) * 12 + (USDC, 99)),
        }
        if pick((True, False, False)):
            more = {"rate_units": 5} if self.random.random() < 0.1 else {}
            return self.give(c.SetAction(**what, **more, action_kind=2, record_us=max(1, record)))
        pay_asset, rate = pick((USDC,) * 12 + (SHARE, 77)), pick((37_000_000, 37_000_000, 123_456_789, 1, 10**10, 0))
        dates = {"ex_us": ex, "record_us": record, "payable_us": payable}
        return self.give(c.SetAction(**what, action_kind=1, pay_asset=pay_asset, rate_units=rate, **dates))

    def go_on(self) -> list[Any]:
        """Let all records and payments go on until they wait."""
        for _ in range(30):
            if not self.exchange.actions_move:
                break
            self.give(c.ContinueActions())
        return []

    def fund_or_cancel(self) -> list[Any]:
        row = self.some_action()
        if row is None:
            return self.give(c.FundAction(action=9_999, amount_atoms=1))
        if self.random.random() < 0.3:
            version = row.version if self.random.random() < 0.8 else row.version + 1
            return self.give(c.CancelAction(action=row.action, version=version))
        amount = self.random.choice((1, DOLLAR, 10**8, 10**9, 10**12))
        return self.give(c.FundAction(action=row.action, amount_atoms=amount))

    def pay(self) -> list[Any]:
        """Pay an action as soon as it can be, or before that."""
        row = self.some_action()
        if row is None:
            return []
        if self.random.random() < 0.7:
            self.let(self.ticks / 100, self.random.choice((1, 5, 50)))
            self.go_on()
            row = self.exchange.action(row.action) or row
        told = self.give(c.PayAction(action=row.action, version=row.version + self.random.choice((0,) * 9 + (1,))))
        if getattr(told[-1], "reject", 0) == Reject.NOT_FUNDED:
            missing = told[-1].value - told[-1].limit
            self.give_deposit(HouseAccount.SUSPENSE, USDC, missing)
            self.give(c.FundAction(action=row.action, amount_atoms=missing + self.random.choice((0, 5))))
            told = self.give(c.PayAction(action=row.action, version=row.version))
        if self.random.random() < 0.5:
            self.go_on()
        return told

    def close_or_release(self) -> list[Any]:
        row = self.some_action()
        if row is None:
            return self.give(c.CloseAction(action=9_999))
        held = [one for one in self.exchange.rows()["entitlements"] if one["unclaimed_atoms"]]
        if held and self.random.random() < 0.6:
            one = self.random.choice(held)
            if self.random.random() < 0.6:
                user = self.exchange.account(int(one["account"])).user
                self.give(c.SetEligibility(user=user, **EVERYTHING))
            return self.give(c.ReleaseUnclaimed(account=int(one["account"]), action=int(one["action"])))
        if self.random.random() < 0.2:
            return self.give(c.ReleaseUnclaimed(account=self.anybody(), action=row.action))
        done = [one for one in self.exchange.actions if one.phase == ActionPhase.PAID] or [row]
        return self.give(c.CloseAction(action=self.random.choice(done).action))

    # People and the share.

    def set_rights(self) -> list[Any]:
        user = self.random.randint(1, len(self.accounts))
        rights = {name: mask for name, mask in EVERYTHING.items() if self.random.random() < 0.75}
        relief = self.random.choice((0, 150_000, 300_000, 10**6))
        return self.give(c.SetEligibility(user=user, tax_relief_ppm=relief, **rights))

    def lend_or_go_short(self) -> list[Any]:
        """Let somebody lend shares, and somebody else borrow and sell them."""
        lender, short = self.anybody(), self.anybody()
        self.give_deposit(lender, SHARE, 5 * WHOLE_SOL)
        self.give(c.Lend(account=lender, asset=SHARE, amount_atoms=5 * WHOLE_SOL))
        self.give(c.Borrow(account=short, asset=SHARE, amount_atoms=WHOLE_SOL))
        return self.give(self.order(short, 1, self.ticks / 100, 100, market=SPOT))

    def fail_while_owing(self) -> list[Any]:
        """Let somebody be short, or long on credit, over an ex that is large, and then lose more than he has."""
        self.reopen()
        account, other, short = self.anybody(), self.accounts[0], self.random.random() < 0.7
        self.give_deposit(other, SHARE, 20 * WHOLE_SOL)
        self.give_deposit(other, USDC, 20_000 * DOLLAR)
        self.give(c.SetAccount(account=other, account_flags=0))
        self.give(c.Lend(account=other, asset=SHARE, amount_atoms=10 * WHOLE_SOL))
        self.give_deposit(account, USDC, 300 * DOLLAR)
        side, lots = (1, 300) if short else (0, 600)
        self.give(self.order(other, 1 - side, self.ticks / 100, lots, market=SPOT))
        self.give(self.order(account, side, self.ticks / 100, lots, market=SPOT, loan_flags=4))
        self.give(c.CancelAllOrders(account=other, market=SPOT))
        number, soon = self.exchange.actions_armed + 1, self.time_us + SECOND_US
        what = {"version": 1, "action_kind": 1, "asset": SHARE, "pay_asset": USDC, "rate_units": 10**9}
        self.give(c.SetAction(action=number, **what, ex_us=soon, record_us=soon, payable_us=soon))
        self.let(self.ticks / 100)
        self.go_on()
        self.ticks = min(max(500, round(self.ticks * (2.5 if short else 0.4))), 50_000)
        for _ in range(3):
            super().let(self.ticks / 100 * self.old / self.new)
            self.drive()
        return self.pay()

    def split(self) -> list[Any]:
        pick = self.random.choice
        if pick((True, True, True, False)):
            for market in (SPOT, PERP):
                self.give(c.SetMarketState(market=market, state=pick((MarketState.CLOSED, MarketState.CANCEL_ONLY))))
        if pick((True,) + (False,) * 4):
            number, self.time_us = self.exchange.actions_armed + 1, self.time_us + 1
            self.give(c.SetAction(action=number, version=1, action_kind=2, asset=SHARE, record_us=self.time_us + 1))
            self.time_us += 1
        new, old = pick(((2, 1), (1, 10), (3, 2), (10, 1), (1, 1), (4_096, 1), (3, 1)))
        told = self.give(c.SplitShare(asset=pick((SHARE,) * 9 + (USDC,)), new_shares=new, old_shares=old))
        if isinstance(told[-1], v.ShareSplit):
            self.new, self.old = told[-1].share_new, told[-1].share_old
            if pick((True, False)):
                self.give(c.SetMarketState(market=SPOT, state=MarketState.OPEN))
        return told

    def reopen(self) -> list[Any]:
        self.let(self.ticks / 100)
        self.give(c.SetMarketState(market=PERP, state=MarketState.OPEN))
        return self.give(c.SetMarketState(market=SPOT, state=MarketState.OPEN))

    def rename(self) -> list[Any]:
        symbol = self.random.choice(("GLXY", "GLX", "FORD", "FWDI", "ETH", "no", "SPARE"))
        asset = self.random.choice((SHARE, SHARE, USDC))
        alias_us = self.time_us + self.random.choice((0, 10 * SECOND_US, 10**10))
        if self.random.random() < 0.2:
            return self.give(c.ListAsset(symbol=symbol, name="another", asset_kind=1, decimals=6))
        return self.give(
            c.RenameAsset(asset=asset, symbol=symbol, name="New name", cusip="123456789", alias_us=alias_us)
        )

    def fraction(self) -> list[Any]:
        shares, cash = self.random.choice((1, 10**8, 10**12)), self.random.choice((1, DOLLAR, 10**14))
        command = c.SettleFraction(
            account=self.anybody(), asset=SHARE, pay_asset=USDC, shares_atoms=shares, amount_atoms=cash
        )
        return self.give(command)

    def grid(self) -> list[Any]:
        """Try to change a grid; only an empty book that is shut lets it be, and then it is put back."""
        market = self.random.choice((SPOT, SPOT, PERP))
        if self.random.random() < 0.6:
            self.give(c.SetMarketState(market=market, state=MarketState.CLOSED))
            for account in self.trading:
                self.give(c.CancelAllOrders(account=account, market=market))
        lot = self.random.choice((10**7, 2 * 10**7, 12_345))
        told = self.give(c.SetMarketGrid(market=market, tick_atoms=20_000, lot_atoms=lot))
        self.give(c.SetMarketGrid(market=market, tick_atoms=10_000, lot_atoms=10**7))
        return told


@pytest.fixture(scope="module")
def seen() -> dict[str, Counter[str]]:
    """Count what all runs told and refused."""
    return {"kinds": Counter[str](), "rejects": Counter[str]()}


@pytest.mark.parametrize("seed", SEEDS)
def test_actions_on_shares_are_those_of_the_reference(seed: int, seen: dict[str, Counter[str]]) -> None:
    venue = ShareVenues(seed)
    for step in range(STEPS):
        venue.step()
        if step % 10 == 0:
            venue.compare_rows()
            assert not list(broken_invariants(venue.exchange.rows()))
        if step % 60 == 0 or (step % 5 == 0 and venue.exchange.actions_move):
            venue.restore()
    venue.compare_rows()
    seen["kinds"].update(venue.kinds)
    seen["rejects"].update(venue.rejects)


def test_runs_reached_every_event_and_every_refusal(seen: dict[str, Counter[str]]) -> None:
    assert [kind for kind in EVENTS_OF_SHARES if not seen["kinds"][kind]] == []
    assert [reject.name for reject in OF_SHARES if not seen["rejects"][reject.name]] == []
