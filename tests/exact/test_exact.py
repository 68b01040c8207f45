"""The core beside a model of fractions: they differ by the roundings that happened, to the side that the rules say."""

import struct
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue
from tests.exact.model import Model
from tests.exact.settlements import settled
from tests.reference.flow import STYLES, Flow

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema.enums import PriceState, Session
from ringfence.schema.layout import RECORD, decode_event, encode, tag_of

UNCROSSING = tag_of(c.UncrossMarket)
SETTLING = {tag_of(c.Clock), tag_of(c.ContinueSettlement), tag_of(c.ConvertCollateral)}


class Followed:
    """A core and the model that follows it."""

    def __init__(self) -> None:
        self.exchange, self.model = Exchange(), Model()

    def apply(self, record: bytes) -> list[Any]:
        """Apply a command; time is what settles, so that it is looked at before and after."""
        moves_time = int.from_bytes(record[28:30], "little") in SETTLING and self.exchange.rules_version != 1
        before = self.exchange.rows() if moves_time else None
        packed = self.exchange.apply(np.frombuffer(record, RECORD))
        events = [decode_event(event.tobytes()) for event in packed]
        self.model.uncrossing = int.from_bytes(record[28:30], "little") == UNCROSSING
        self.model.follow(events)
        if before is not None:
            settled(self.model, before, self.exchange.rows())
        return events

    def check(self) -> None:
        self.model.check(self.exchange)
        count_cases(self.exchange, self.model.reached)


def count_cases(exchange: Exchange, reached: Counter[str]) -> None:
    rows = exchange.rows()
    if "lending_pools" not in rows:
        return
    closed = set(rows["prices"]["asset"][rows["prices"]["price_state"] == PriceState.CLOSED].tolist())
    owing = set(rows["balances"]["account"][rows["balances"]["loan_shares"] < 0].tolist())
    for row in rows["balances"]:
        pledged = row["asset"] in closed and row["account"] in owing and row["available_atoms"] > 0
        reached["closed collateral"] += bool(pledged)
    for row in rows["lending_pools"]:
        lent = -(-int(row["lent_shares"]) * int(row["lent_index"]) >> 52)
        owed = int(row["debt_shares"]) * int(row["debt_index"]) >> 52
        waits = (rows["redemptions"]["asset"] == row["asset"]).any()
        reached["used in full"] += bool(lent and owed >= lent and waits)


@pytest.mark.parametrize("seed", [2, 4, 5, 7, 9, 10, 15, 21])
def test_core_given_random_commands_differs_from_the_exact_model_by_its_roundings(seed: int) -> None:
    flow, followed = Flow(seed), Followed()
    for place in range(1_500):
        record, _ = flow.step()
        followed.apply(record)
        if place % 25 == 0:
            try:
                followed.check()
            except AssertionError as error:
                raise AssertionError(f"seed {seed} ({STYLES[seed % len(STYLES)]}), command {place}: {error}") from error
        if place % 250 == 0:
            assert list(broken_invariants(followed.exchange.rows())) == []
    followed.check()


class HardTimes(PerpetualVenue):
    """A venue that the model follows: a lender, one who owes all of it, and two who bet more than they have."""

    def __init__(self) -> None:
        self.followed = Followed()
        super().__init__(4)
        self.lender, self.debtor, self.long, self.short = self.accounts
        rates = {"rate_idle_e8": 10**7, "rate_optimal_e8": 10**7, "rate_full_e8": 10**7, "fee_ppm": 133_333}
        self.must(c.SetLendingPool(asset=USDC, **rates))
        for schedule in (0, 1):
            self.must(c.SetFeeTier(fee_schedule=schedule, fee_tier=0, maker_ppm=-13, taker_ppm=487))
        self.fund(self.lender, 1_000 * DOLLAR)
        self.fund(self.debtor, 30 * WHOLE_SOL, SOL)
        self.fund(self.long, 30 * DOLLAR + 7)
        self.fund(self.short, 30 * DOLLAR + 11)

    def give(self, command: c.Command) -> list[Any]:
        record = bytearray(encode(command, type(command).origins[0]))
        struct.pack_into("<qqq", record, 0, self.followed.exchange.sequence + 1, self.time_us, 0)
        self.exchange = self.followed.exchange
        events = self.followed.apply(bytes(record))
        self.followed.check()
        return events


def lend_all_of_it(venue: HardTimes) -> None:
    """Let everything that is lent be owed while the lender wants it back, and the collateral's session be closed."""
    venue.must(c.Lend(account=venue.lender, asset=USDC, amount_atoms=777_777_777))
    venue.must(c.Borrow(account=venue.debtor, asset=USDC, amount_atoms=777_777_777))
    venue.must(c.Redeem(account=venue.lender, asset=USDC, amount_atoms=777_777_777))
    venue.must(c.SetSession(asset=SOL, session=Session.CLOSED))
    for _ in range(5):
        venue.time_us += 1_234_567_891
        venue.must(c.Clock())
    venue.must(c.SetSession(asset=SOL, session=Session.OPEN))
    venue.let(100)
    venue.must(c.Repay(account=venue.debtor, asset=USDC, amount_atoms=333_333_333))
    venue.let(100)


def bet(venue: HardTimes) -> None:
    """Let both sides win and lose, more than the loser has, with funding that each of them pays once."""
    venue.trade(venue.long, venue.short, 100, 777)
    for interest, dollars in ((10**7, 101), (-(10**7), 99), (10**7, 93), (10**7, 107), (-(10**7), 100.01)):
        venue.rule(PERP, interest_rate_e10=interest)
        venue.let(dollars, 3_600)
        venue.settle(dollars)
    venue.fund(venue.long, 500 * DOLLAR)
    venue.fund(venue.short, 500 * DOLLAR)
    venue.settle(100)
    venue.trade(venue.short, venue.long, 100.03, 333)


def trade_on_spot(venue: HardTimes) -> None:
    """Trade odd amounts, with takers of both sides and rebates that are not there."""
    for first, second, side in ((venue.debtor, venue.long, ASK), (venue.long, venue.debtor, BID)) * 3:
        venue.place(first, side, 100.07, 13, market=SPOT)
        venue.place(second, BID + ASK - side, 100.07, 13, market=SPOT, time_in_force=1)


CASES = (
    "used in full",
    "closed collateral",
    "loser has nothing",
    "winner waits",
    "funding positive",
    "funding negative",
    "long wins",
    "long loses",
    "short wins",
    "short loses",
    "rebates empty",
    "interest",
)


def test_core_in_hard_times_differs_from_the_exact_model_by_few_atoms() -> None:
    venue = HardTimes()
    lend_all_of_it(venue)
    bet(venue)
    trade_on_spot(venue)
    model = venue.followed.model
    assert {case: model.reached[case] for case in CASES if not model.reached[case]} == {}
    assert list(broken_invariants(venue.exchange.rows())) == []
    # The bounds are worth something: a debt is never too small, and nothing is off by more than what was counted.
    pool = model.pools[USDC]
    assert all(share.under < 1 and share.over < 20 for share in pool.owed.accounts.values())
    lent = {n: (float(s.under), float(s.over)) for n, s in pool.lent.accounts.items()}
    assert all(max(slack) < 80 for slack in lent.values()), lent
    assert all(model.under[account, USDC] < 60 for account in venue.accounts)
